//! A role to assume, on top of whatever credentials there are.
//!
//! **Invariants.** The role is assumed when the first call needs it, once for each
//! configuration, and again before the credentials expire. That it cannot be assumed
//! is told from there being no credentials to assume it with.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::error::ErrorMetadata;
use std::error::Error;
use std::fmt;

/// A role of this account or another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::123456789012:role/name`.
    pub arn: String,
    /// What the role's owner wants to hear, if anything.
    pub external_id: Option<String>,
    /// What the session is called in the owner's CloudTrail.
    pub session: String,
}

/// The configuration with the role's credentials.
pub(super) async fn assumed(config: SdkConfig, role: Role) -> SdkConfig {
    let region = config.region().cloned();
    let mut builder = AssumeRoleProvider::builder(&role.arn)
        .session_name(role.session)
        .region(region.unwrap_or_else(|| region_of(&role.arn)))
        .configure(&config);
    if let Some(id) = role.external_id {
        builder = builder.external_id(id);
    }
    let provider = Assumed {
        provider: builder.build().await,
        arn: role.arn,
    };
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

/// Where the Security Token Service is asked if no region is known: every partition
/// has one that cannot be switched off.
fn region_of(arn: &str) -> Region {
    Region::from_static(match arn.split(':').nth(1) {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        _ => "us-east-1",
    })
}

#[derive(Debug)]
struct Assumed {
    provider: AssumeRoleProvider,
    arn: String,
}

impl Assumed {
    async fn credentials(&self) -> provider::Result {
        let answer = self.provider.provide_credentials().await;
        answer.map_err(|error| match NotAssumed::of(&self.arn, &error) {
            Some(refused) => CredentialsError::provider_error(refused),
            None => error,
        })
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// The role could not be assumed.
#[derive(Debug)]
pub(super) struct NotAssumed {
    arn: String,
    /// The service's error code; none where it did not answer.
    pub(super) code: String,
    message: String,
}

impl NotAssumed {
    /// `None` where there was nothing to ask with.
    fn of(arn: &str, error: &CredentialsError) -> Option<NotAssumed> {
        let chain = || causes(error.source());
        if chain().any(|cause| cause.is::<CredentialsError>()) {
            return None;
        }
        let said = chain().find_map(|cause| cause.downcast_ref::<ErrorMetadata>());
        let spelled = || chain().last().map(ToString::to_string);
        Some(NotAssumed {
            arn: arn.to_owned(),
            code: said
                .and_then(ErrorMetadata::code)
                .unwrap_or_default()
                .to_owned(),
            message: said
                .and_then(ErrorMetadata::message)
                .map(str::to_owned)
                .or_else(spelled)
                .unwrap_or_default(),
        })
    }

    /// The one that an error comes of.
    pub(super) fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a NotAssumed> {
        causes(Some(error)).find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for NotAssumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.arn, self.message)?;
        match self.code.as_str() {
            "" => Ok(()),
            code => write!(f, " ({code})"),
        }
    }
}

impl Error for NotAssumed {}

/// The error and what it comes of, outermost first.
fn causes<'a>(
    first: Option<&'a (dyn Error + 'static)>,
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(first, |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn asks_in_the_partition_of_the_role() {
        for (arn, region) in [
            ("arn:aws:iam::123456789012:role/reader", "us-east-1"),
            ("arn:aws-cn:iam::123456789012:role/reader", "cn-north-1"),
            (
                "arn:aws-us-gov:iam::123456789012:role/reader",
                "us-gov-west-1",
            ),
        ] {
            assert_eq!(region_of(arn).as_ref(), region);
        }
    }
}
