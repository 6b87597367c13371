//! The bill if there were other VPC endpoints.
//!
//! A gateway endpoint (S3, DynamoDB) costs nothing and takes the bytes of its
//! service in its own region off the gateway. An interface endpoint costs an hour
//! in every zone and a gigabyte, and takes what cannot be told by address, except
//! for the same two services: flow logs have no code for most services
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>). For
//! those it is said from how many gigabytes a month on the endpoint pays.
//!
//! **Invariants.** What is not known is not counted: bytes of a service whose
//! region no prefix tells are said, and are in no figure. A price is known or it
//! is an error. The gateway's own hours and data transfer stay as they are and are
//! in no figure.

pub mod console;
mod endpoint;
pub mod json;

use crate::price::{COST_PLACES, EndpointPrices, Money, Rate};
use crate::report::Report;
use crate::snapshot::Snapshot;
use crate::spend::HOURS_OF_MONTH;
pub use endpoint::{Endpoint, EndpointKind};
use rust_decimal::Decimal;

const HOUR: u64 = 3_600;

/// What is changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Endpoints that there would be.
    pub add: Vec<Endpoint>,
    /// Endpoints that there would no longer be.
    pub remove: Vec<Endpoint>,
    /// In how many zones an interface endpoint is.
    pub zones: u32,
    /// What interface endpoints cost, where that is known.
    pub prices: Option<EndpointPrices>,
}

/// Why nothing can be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulateError {
    /// A text is no endpoint.
    #[error(
        "{0:?} is no endpoint; write the last part of its service's name, such as s3, dynamodb or \
         ecr.api, and s3:interface for the kind that costs something"
    )]
    NotAnEndpoint(String),
    /// The service has no gateway endpoint.
    #[error("{0} has no gateway endpoint; only s3 and dynamodb have one")]
    NoGatewayEndpoint(String),
    /// A service is there twice.
    #[error("{0} is named twice; name one endpoint of a service, to add or to remove")]
    Twice(String),
    /// Nothing would change.
    #[error("nothing would change; name an endpoint with --add-endpoint or --remove-endpoint")]
    Nothing,
    /// No zone.
    #[error("an interface endpoint is in one zone at least; say in how many with --zones")]
    NoZone,
    /// There is no gateway traffic.
    #[error("no traffic of a NAT gateway was found, so there is no bill to change")]
    NoTraffic,
    /// Traffic of several regions cannot be told apart.
    #[error("{0} are several regions, and an endpoint is for one; name one with --region")]
    Regions(String),
    /// What interface endpoints cost is not known.
    #[error(
        "what an interface endpoint costs in {0} is not known; say it with --rate \
         endpoint-hour=USD (an hour in one zone) and --rate endpoint-gb=USD, as the PrivateLink \
         pricing page has it"
    )]
    NoPrice(String),
    /// Money of different kinds.
    #[error("the rate is in {0} and the endpoint's price in {1}; give both in one currency")]
    Currencies(String, String),
}

impl SimulateError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            SimulateError::NotAnEndpoint(_) => "NotAnEndpoint",
            SimulateError::NoGatewayEndpoint(_) => "NoGatewayEndpoint",
            SimulateError::Twice(_) => "EndpointTwice",
            SimulateError::Nothing => "NothingChanges",
            SimulateError::NoZone => "NoZone",
            SimulateError::NoTraffic => "NoTraffic",
            SimulateError::Regions(_) => "SeveralRegions",
            SimulateError::NoPrice(_) => "NoEndpointPrice",
            SimulateError::Currencies(..) => "Currencies",
        }
    }
}

/// The bytes of a service, by where its far ends are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// In the region of the report: an endpoint takes them.
    pub here: u128,
    /// In another region: it does not.
    pub elsewhere: u128,
    /// In a region that is not known: it may.
    pub unknown: u128,
}

/// What one endpoint does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whether it is added, and not removed.
    pub is_added: bool,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The bytes of its service in the recording; `None` where they cannot be
    /// told by address.
    pub told: Option<Told>,
    /// The id of one that was there at the alarm; `None` where there was none or
    /// it is not known.
    pub there: Option<String>,
    /// Whether it is known that there was none.
    pub is_absent: bool,
    /// Of an interface endpoint the gigabytes a month from which it is cheaper
    /// than the gateway; `None` where it never is.
    pub break_even: Option<Money>,
}

impl Effect {
    /// Whether its hours are paid before or after and not both times.
    pub(crate) fn changes_hours(&self) -> bool {
        let is_paid_already = self.is_added && self.there.is_some();
        let was_never_paid = !self.is_added && self.is_absent;
        self.endpoint.kind == EndpointKind::Interface && !is_paid_already && !was_never_paid
    }
}

/// What a time costs before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Bytes through the gateway before.
    pub bytes: u128,
    /// Those of them that no longer pass.
    pub moved: u128,
    /// Those of these that interface endpoints carry.
    pub carried: u128,
    /// What processing costs before.
    pub nat_before: Money,
    /// And after.
    pub nat_after: Money,
    /// The hours of endpoints that are removed.
    pub hours_before: Money,
    /// The hours of endpoints that are added.
    pub hours_after: Money,
    /// What endpoints that are added cost by the gigabyte.
    pub carriage: Money,
}

impl Span {
    /// All that costs something, before.
    pub fn before(&self) -> Money {
        self.nat_before + self.hours_before
    }

    /// All that costs something, after.
    pub fn after(&self) -> Money {
        self.nat_after + self.hours_after + self.carriage
    }

    /// before - after.
    pub fn saved(&self) -> Money {
        self.before() - self.after()
    }
}

/// The bill before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The region of the traffic.
    pub region: String,
    /// The gateway's rate.
    pub rate: Rate,
    /// What interface endpoints cost, where one is in it.
    pub prices: Option<EndpointPrices>,
    /// In how many zones each of them is.
    pub zones: u32,
    /// What each endpoint does.
    pub effects: Vec<Effect>,
    /// The recording, and its seconds; without times nothing is said of hours.
    pub recording: Option<(u64, Span)>,
    /// An hour of the recorded traffic.
    pub hourly: Option<Span>,
    /// A month of typical days, if their traffic is mixed like the recorded.
    pub month: Option<Span>,
    /// The bytes of a typical day, of which the month is made.
    pub typical_day: Option<u128>,
    /// What the reader should know before trusting a figure.
    pub warnings: Vec<String>,
}

impl Simulation {
    /// Of a report; the snapshot tells which endpoints there are.
    pub fn of(
        report: &Report,
        snapshot: Option<&Snapshot>,
        change: &Change,
    ) -> Result<Simulation, SimulateError> {
        check(report, change)?;
        let all = || change.add.iter().chain(&change.remove);
        let has_interface = all().any(|endpoint| endpoint.kind == EndpointKind::Interface);
        let prices = match (has_interface, &change.prices) {
            (false, _) => None,
            (true, Some(prices)) => Some(prices.clone()),
            (true, None) => return Err(SimulateError::NoPrice(report.region.clone())),
        };
        if let Some(prices) = prices
            .as_ref()
            .filter(|it| it.currency != report.rate.currency)
        {
            let (one, other) = (report.rate.currency.to_owned(), prices.currency.to_owned());
            return Err(SimulateError::Currencies(one, other));
        }
        let zones = change.zones;
        let break_even = prices
            .as_ref()
            .and_then(|prices| prices.break_even(&report.rate, zones));
        let effect = |endpoint: &Endpoint, is_added| Effect {
            is_added,
            endpoint: endpoint.clone(),
            told: endpoint.code().map(|code| told(report, code)),
            there: snapshot.and_then(|snapshot| endpoint.id_in(snapshot)),
            is_absent: snapshot.is_some_and(|snapshot| endpoint.is_not_in(snapshot)),
            break_even: break_even.filter(|_| endpoint.kind == EndpointKind::Interface),
        };
        let added = change.add.iter().map(|endpoint| effect(endpoint, true));
        let removed = change.remove.iter().map(|endpoint| effect(endpoint, false));
        let mut simulation = Simulation {
            region: report.region.clone(),
            rate: report.rate.clone(),
            prices,
            zones,
            effects: added.chain(removed).collect(),
            recording: None,
            hourly: None,
            month: None,
            typical_day: None,
            warnings: warnings(report),
        };
        simulation.count(report);
        Ok(simulation)
    }

    /// The recording, an hour and a month.
    fn count(&mut self, report: &Report) {
        let processed = report.bytes.processed;
        let Some(hourly) = &report.spend.hourly else {
            return;
        };
        let seconds = hourly.seconds;
        let part = |bytes: u128, of: u128| (bytes * of).checked_div(processed).unwrap_or(0);
        let hour = (processed * u128::from(HOUR)).checked_div(u128::from(seconds));
        self.recording = Some((seconds, self.span(processed, part, Decimal::from(seconds))));
        let an_hour = Decimal::from(HOUR);
        self.hourly = hour.map(|bytes| self.span(bytes, part, an_hour));
        // A mix that explains too little is not the mix of a month.
        let is_little = report.coverage.is_some_and(|coverage| coverage.is_little());
        let month = report.spend.month.as_ref().filter(|_| !is_little);
        self.typical_day = month.map(|month| month.typical.0);
        self.month = month.map(|month| {
            let seconds = an_hour * Decimal::from(HOURS_OF_MONTH);
            self.span(month.typical_bytes(), part, seconds)
        });
    }

    /// A time of so many bytes and seconds; `part` gives the part of the bytes that
    /// so many of the recording are.
    fn span(&self, bytes: u128, part: impl Fn(u128, u128) -> u128, seconds: Decimal) -> Span {
        let moved = |kind: Option<EndpointKind>| {
            let effects = self.effects.iter().filter(|effect| effect.is_added);
            let of_kind = effects.filter(|it| kind.is_none_or(|kind| it.endpoint.kind == kind));
            let here = of_kind.filter_map(|effect| Some(effect.told?.here));
            part(here.sum(), bytes)
        };
        let (all, carried) = (moved(None), moved(Some(EndpointKind::Interface)));
        let hours = |is_added: bool| {
            let is_it = |effect: &&Effect| effect.is_added == is_added && effect.changes_hours();
            let count = Decimal::from(self.effects.iter().filter(is_it).count());
            let prices = self.prices.as_ref();
            prices.map_or(Decimal::ZERO, |prices| {
                let whole = prices.hour * Decimal::from(self.zones) * count * seconds;
                (whole / Decimal::from(HOUR)).round_dp(COST_PLACES)
            })
        };
        let carriage = self.prices.as_ref().map(EndpointPrices::carriage);
        Span {
            bytes,
            moved: all,
            carried,
            nat_before: self.rate.cost(bytes),
            nat_after: self.rate.cost(bytes - all),
            hours_before: hours(false),
            hours_after: hours(true),
            carriage: carriage.map_or(Decimal::ZERO, |rate| rate.cost(carried)),
        }
    }
}

fn check(report: &Report, change: &Change) -> Result<(), SimulateError> {
    let mut services: Vec<&String> = Vec::new();
    for endpoint in change.add.iter().chain(&change.remove) {
        if services.contains(&&endpoint.service) {
            return Err(SimulateError::Twice(endpoint.service.clone()));
        }
        services.push(&endpoint.service);
    }
    match () {
        () if services.is_empty() => Err(SimulateError::Nothing),
        () if change.zones == 0 => Err(SimulateError::NoZone),
        () if report.bytes.processed == 0 => Err(SimulateError::NoTraffic),
        () if report.region.contains(',') => Err(SimulateError::Regions(report.region.clone())),
        () => Ok(()),
    }
}

/// The bytes of the service that records and prefixes name so.
fn told(report: &Report, code: &str) -> Told {
    let reach = report.reach(code);
    Told {
        here: reach.here.bytes,
        elsewhere: reach.elsewhere.bytes,
        unknown: reach.unknown.bytes,
    }
}

fn warnings(report: &Report) -> Vec<String> {
    let mut warnings = report.warnings.clone();
    if report.spend.hourly.is_none() {
        warnings.push(
            "The records have no start and end, so nothing can be said by the hour.".to_owned(),
        );
    }
    if report.coverage.is_some_and(|coverage| coverage.is_little()) {
        warnings.push("What is said here is of the recorded traffic alone.".to_owned());
    }
    warnings
}
