//! VPC endpoints: how they are named, what they cost, which are there.

use super::SimulateError;
use crate::service::GATEWAY_ENDPOINTS;
use crate::snapshot::Snapshot;
use std::fmt;
use std::str::FromStr;

/// Which of the two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// A route, for nothing:
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.
    Gateway,
    /// A network interface in each zone, by the hour and the gigabyte.
    Interface,
}

impl EndpointKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            EndpointKind::Gateway => "gateway",
            EndpointKind::Interface => "interface",
        }
    }
}

/// A VPC endpoint that there is or could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The last part of its service's name: s3, ecr.api.
    pub service: String,
    /// The kind.
    pub kind: EndpointKind,
}

impl FromStr for Endpoint {
    type Err = SimulateError;

    /// Reads `s3`, `s3:interface`, `ecr.api`, `com.amazonaws.us-east-1.logs`.
    fn from_str(text: &str) -> Result<Endpoint, SimulateError> {
        let refused = || SimulateError::NotAnEndpoint(text.to_owned());
        let (name, kind) = match text.split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (text, None),
        };
        let service = match name.strip_prefix("com.amazonaws.") {
            Some(rest) => rest.split_once('.').ok_or_else(refused)?.1,
            None => name,
        };
        let is_legal = |letter: u8| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, b'.' | b'-')
        };
        let begins = service
            .bytes()
            .next()
            .is_some_and(|it| it.is_ascii_lowercase());
        if !begins || !service.bytes().all(is_legal) {
            return Err(refused());
        }
        let service = service.to_owned();
        let has_gateway = GATEWAY_ENDPOINTS.iter().any(|it| it.endpoint == service);
        let kind = match kind {
            Some("interface") => EndpointKind::Interface,
            Some("gateway") if !has_gateway => {
                return Err(SimulateError::NoGatewayEndpoint(service));
            }
            None if !has_gateway => EndpointKind::Interface,
            Some("gateway") | None => EndpointKind::Gateway,
            Some(_) => return Err(refused()),
        };
        Ok(Endpoint { service, kind })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} endpoint {}", self.kind.name(), self.service)
    }
}

impl Endpoint {
    /// How flow logs and AWS's prefixes name its service, if they do.
    pub fn code(&self) -> Option<&'static str> {
        let mut services = GATEWAY_ENDPOINTS.iter();
        let service = services.find(|it| it.endpoint == self.service)?;
        Some(service.code)
    }

    /// The id of one that was there.
    pub(super) fn id_in(&self, snapshot: &Snapshot) -> Option<String> {
        let last = format!("{}.{}", snapshot.region, self.service);
        let found = snapshot.endpoints.iter().find(|endpoint| {
            endpoint
                .endpoint_type
                .eq_ignore_ascii_case(self.kind.name())
                && endpoint.service.ends_with(&last)
        });
        found.map(|endpoint| endpoint.id.clone())
    }

    /// Whether all endpoints are known and it is none of them.
    pub(super) fn is_not_in(&self, snapshot: &Snapshot) -> bool {
        let mut missing = snapshot.missing.iter();
        self.id_in(snapshot).is_none() && !missing.any(|missing| missing.part == "endpoints")
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn reads_the_names_of_endpoints() {
        for (text, expected) in [
            ("s3", Ok("gateway endpoint s3")),
            ("dynamodb:gateway", Ok("gateway endpoint dynamodb")),
            ("s3:interface", Ok("interface endpoint s3")),
            ("ecr.api", Ok("interface endpoint ecr.api")),
            (
                "com.amazonaws.us-east-1.logs",
                Ok("interface endpoint logs"),
            ),
            ("com.amazonaws.us-east-1.s3", Ok("gateway endpoint s3")),
            ("ecr.api:gateway", Err("NoGatewayEndpoint")),
            ("s3:", Err("NotAnEndpoint")),
            ("", Err("NotAnEndpoint")),
            ("S3", Err("NotAnEndpoint")),
            ("com.amazonaws.s3", Err("NotAnEndpoint")),
            ("../s3", Err("NotAnEndpoint")),
        ] {
            let read = text.parse::<Endpoint>();
            let read = read.map(|it| it.to_string()).map_err(|error| error.name());
            assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text}");
        }
    }
}
