//! What all AWS services share: the client configuration and the kinds of
//! failure.
//!
//! TLS is rustls with ring: it links statically and starts fast in a Lambda.
//! Region, credentials and endpoint come from the SDK's standard chain, so
//! AWS_ENDPOINT_URL is all it takes to talk to a local AWS.

mod role;

pub use role::Role;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::os_shim_internal::{Env, Fs};
use recorder::{FaultKind, PortError};
use role::NotAssumed;
use std::error::Error;
use std::fmt;

/// What is said by name, and so counts for more than the standard chain.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// Access key, secret key and session token.
    pub keys: Option<(String, String, Option<String>)>,
    /// The role that all this assumes.
    pub role: Option<Role>,
}

/// Region, credentials, endpoint and retries from the standard chain.
pub async fn config() -> SdkConfig {
    config_of(Choice::default()).await
}

/// The standard chain, but for what is chosen.
pub async fn config_of(choice: Choice) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(region) = choice.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(profile) = choice.profile {
        loader = loader.profile_name(profile);
    }
    if let Some((access, secret, token)) = choice.keys {
        loader =
            loader.credentials_provider(Credentials::new(access, secret, token, None, "given"));
    }
    let config = loader.load().await;
    match choice.role {
        Some(role) => role::assumed(config, role).await,
        None => config,
    }
}

/// The profiles of the shared configuration files, by name; none where they cannot
/// be read, as then none can be chosen.
pub async fn profiles() -> Vec<String> {
    let files = EnvConfigFiles::default();
    let read = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).await;
    let read = read.map(|read| read.profiles().map(str::to_owned).collect());
    let mut profiles: Vec<String> = read.unwrap_or_default();
    profiles.sort();
    profiles
}

/// A connector for requests that are no calls of a service.
#[cfg(feature = "response")]
pub(crate) fn https() -> aws_smithy_http_client::Connector {
    aws_smithy_http_client::Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

/// The error of a call as the steps see it.
pub(crate) fn port_error<E, R>(
    service: &'static str,
    operation: &'static str,
    error: SdkError<E, R>,
) -> PortError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let message = error.message().unwrap_or_default().to_owned();
    if let Some(refused) = NotAssumed::behind(&error) {
        return PortError {
            service: "sts",
            operation: "AssumeRole",
            kind: kind(&refused.code),
            source: refused.to_string().into(),
        };
    }
    if code.is_empty() {
        return PortError {
            service,
            operation,
            kind: FaultKind::Unavailable,
            source: Box::new(Unanswered(Box::new(error))),
        };
    }
    PortError {
        service,
        operation,
        kind: kind(&code),
        source: Box::new(Refused {
            code,
            message,
            source: Some(Box::new(error)),
        }),
    }
}

/// The error of one item of a call that as a whole succeeded.
#[cfg(feature = "ec2")]
pub(crate) fn item_error(
    service: &'static str,
    operation: &'static str,
    code: &str,
    message: &str,
) -> PortError {
    PortError {
        service,
        operation,
        kind: kind(code),
        source: Box::new(Refused {
            code: code.to_owned(),
            message: message.to_owned(),
            source: None,
        }),
    }
}

/// The kind of a failure by the service's error code.
///
/// Codes differ by service and protocol, so the parts are matched that AWS
/// repeats: see the common errors of each API reference.
fn kind(code: &str) -> FaultKind {
    let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if has(&[
        "Throttl",
        "RequestLimitExceeded",
        "TooManyRequests",
        "ThroughputExceeded",
        "SlowDown",
    ]) {
        FaultKind::Throttled
    } else if has(&[
        "AccessDenied",
        "Unauthorized",
        "AuthFailure",
        "NotAuthorized",
        "AuthorizationError",
    ]) {
        FaultKind::Denied
    } else if has(&["NotFound", "NoSuch"]) {
        FaultKind::NotFound
    } else if has(&[
        "AlreadyExists",
        "ConditionalCheckFailed",
        "Conflict",
        "IdempotentParameterMismatch",
    ]) {
        FaultKind::Conflict
    } else if has(&[
        "Validation",
        "Invalid",
        "Missing",
        "Malformed",
        "LimitExceeded",
    ]) {
        FaultKind::Invalid
    } else {
        FaultKind::Unavailable
    }
}

/// The service said no.
#[derive(Debug)]
struct Refused {
    code: String,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The service said nothing that can be read.
#[derive(Debug)]
struct Unanswered(Box<dyn Error + Send + Sync>);

impl fmt::Display for Unanswered {
    /// The SDK's outer errors say only that something failed; the innermost
    /// ones say what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for Unanswered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::kind;
    use recorder::FaultKind;

    #[test]
    fn tells_failures_by_their_codes() {
        for (code, expected) in [
            ("ThrottlingException", FaultKind::Throttled),
            ("Throttling", FaultKind::Throttled),
            ("RequestLimitExceeded", FaultKind::Throttled),
            (
                "ProvisionedThroughputExceededException",
                FaultKind::Throttled,
            ),
            ("UnauthorizedOperation", FaultKind::Denied),
            ("AccessDeniedException", FaultKind::Denied),
            ("AccessDenied", FaultKind::Denied),
            ("InvalidFlowLogId.NotFound", FaultKind::NotFound),
            ("ResourceNotFoundException", FaultKind::NotFound),
            ("NoSuchKey", FaultKind::NotFound),
            ("NoSuchBucket", FaultKind::NotFound),
            ("FlowLogAlreadyExists", FaultKind::Conflict),
            ("ConditionalCheckFailedException", FaultKind::Conflict),
            ("InvalidParameterValue", FaultKind::Invalid),
            ("ValidationException", FaultKind::Invalid),
            ("FlowLogsLimitExceeded", FaultKind::Invalid),
            ("InternalError", FaultKind::Unavailable),
            ("ServiceUnavailable", FaultKind::Unavailable),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }
}
