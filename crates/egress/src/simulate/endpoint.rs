//! VPC endpoints: how they are named, what they cost, which are there.

use super::SimulateError;
use crate::price::{Money, Price, PriceName, Prices, Rate};
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

/// Services with gateway endpoints, and how flow logs name them.
const GATEWAY_SERVICES: [(&str, &str); 2] = [("s3", "S3"), ("dynamodb", "DYNAMODB")];

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
        let has_gateway = GATEWAY_SERVICES.iter().any(|(name, _)| *name == service);
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
        let mut services = GATEWAY_SERVICES.iter();
        let (_, code) = services.find(|(name, _)| *name == self.service)?;
        Some(code)
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

/// What interface endpoints of a region cost.
///
/// AWS's price falls beyond a petabyte a month; this is the first step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPrices {
    /// For an hour in one zone.
    pub hour: Money,
    /// For a gigabyte.
    pub per_gb: Money,
    /// ISO 4217.
    pub currency: &'static str,
    /// Where the figures are from.
    pub source: String,
}

impl EndpointPrices {
    /// Those of a price book; `None` where it has not both in one currency.
    pub fn of(book: &Prices) -> Option<EndpointPrices> {
        let hour = book.of(PriceName::EndpointHour)?;
        let per_gb = book.of(PriceName::EndpointGb)?;
        let source = match (source(hour), source(per_gb)) {
            (hour, per_gb) if hour == per_gb => hour,
            (hour, per_gb) => format!("hour: {hour}; gigabyte: {per_gb}"),
        };
        (hour.currency == per_gb.currency).then(|| EndpointPrices {
            hour: hour.first_paid().0,
            per_gb: per_gb.first_paid().0,
            currency: hour.currency.code(),
            source,
        })
    }

    /// The price of a gigabyte.
    pub(super) fn carriage(&self) -> Rate {
        Rate {
            per_gb: self.per_gb,
            currency: self.currency,
        }
    }
}

fn source(price: &Price) -> String {
    match &price.as_of {
        Some(as_of) => format!("{}, {as_of}", price.source),
        None => price.source.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointPrices};
    use crate::price::Prices;

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

    #[test]
    fn a_price_is_known_given_or_none() {
        let check = |region: &str, given: &[&str], expected: Option<(&str, &str, &str)>| {
            let mut book = Prices::shipped(region);
            for text in given {
                let (name, amount) = Prices::given(text).expect("a price");
                book.set(name, amount, "--rate");
            }
            let prices = EndpointPrices::of(&book);
            let said = prices.map(|it| (it.hour.to_string(), it.per_gb.to_string(), it.source));
            let expected = expected.map(|(hour, per_gb, source)| {
                (hour.to_owned(), per_gb.to_owned(), source.to_owned())
            });
            assert_eq!(said, expected, "{region} {given:?}");
        };
        let list = "Price List API, 2025-10";
        check("us-east-1", &[], Some(("0.01", "0.01", list)));
        check("eu-west-1", &[], None);
        check("eu-west-1", &["endpoint-hour=0.011"], None);
        let both = ["endpoint-hour=0.011", "endpoint-gb=0.02"];
        check("eu-west-1", &both, Some(("0.011", "0.02", "--rate")));
        let mixed = "hour: --rate; gigabyte: Price List API, 2025-10";
        check("us-east-1", &both[..1], Some(("0.011", "0.01", mixed)));
    }
}
