//! The report: everything that is known about a recording, as plain data.
//!
//! **Invariants.** Lists are whole and sorted by bytes descending, then by
//! name; a writer may show fewer rows and never other totals. Nothing here
//! knows how a report is printed.

pub(crate) mod changed;
mod charges;
pub mod chat;
pub mod console;
pub mod csv;
pub mod flow;
pub mod html;
pub mod json;
pub mod mail;
pub mod markdown;
mod naming;
pub mod pairs;
pub mod prices;
mod recorded;
mod region;
pub mod result_json;
pub mod rows;
pub(crate) mod text;

pub use naming::NamedDestinations;
pub(crate) use naming::Outside;
pub use recorded::Recorded;

use crate::charge::{self, Charges};
use crate::coverage::Coverage;
use crate::facts::Facts;
use crate::finding::{self, Finding};
use crate::group::{self, Group};
use crate::increase::{Increase, Part};
use crate::last::Since;
use crate::name::Name;
use crate::owner::Owner;
use crate::owners::{Owners, Unknown};
use crate::part::{self, Asked, Gateways};
use crate::ports::Port;
use crate::price::{Money, Rate};
use crate::ranges::RangesSource;
use crate::snapshot::Snapshot;
use crate::spend::{Hourly, Month, SinceAlarm, Spend};
use crate::sums::{Billed, Pairs};
use crate::timeline::Timeline;
use crate::traffic::Traffic;
use crate::zones::{self, Zone};
use flowlog::{Counts, FlowTable, Window};
use std::cmp::Reverse;
use std::net::IpAddr;
use std::ops::AddAssign;
use std::sync::Arc;

/// How many lines were read and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordCounts {
    /// Lines that should be records: parsed + nodata + skipdata + malformed.
    pub read: u64,
    /// Records with data.
    pub parsed: u64,
    /// Records of intervals without traffic.
    pub nodata: u64,
    /// Records of intervals in which AWS skipped flows.
    pub skipdata: u64,
    /// Lines that could not be read.
    pub malformed: u64,
    /// Records of rejected traffic, a part of `parsed`.
    pub rejected: u64,
}

impl From<&Counts> for RecordCounts {
    fn from(counts: &Counts) -> RecordCounts {
        RecordCounts {
            read: counts.read,
            parsed: counts.parsed,
            nodata: counts.nodata,
            skipdata: counts.skipdata,
            malformed: counts.malformed(),
            rejected: counts.rejected,
        }
    }
}

impl AddAssign for RecordCounts {
    fn add_assign(&mut self, other: RecordCounts) {
        self.read += other.read;
        self.parsed += other.parsed;
        self.nodata += other.nodata;
        self.skipdata += other.skipdata;
        self.malformed += other.malformed;
        self.rejected += other.rejected;
    }
}

/// Bytes on each leg; see [`crate::Leg`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegBytes {
    /// Leg A.
    pub in_from_source: u128,
    /// Leg B.
    pub out_to_destination: u128,
    /// Leg C.
    pub in_from_destination: u128,
    /// Leg D.
    pub out_to_source: u128,
    /// A + D: what is billed.
    pub processed: u128,
    /// Bytes of rejected records; not billed, in no leg.
    pub rejected: u128,
    /// Accepted bytes that did not pass through a gateway; in no leg.
    pub other: u128,
}

/// What came from the internet to a gateway and was no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsolicited {
    /// From how many addresses.
    pub addresses: u64,
    /// In how many records.
    pub records: u64,
    /// Their bytes; not billed.
    pub bytes: u128,
}

/// A workload and what it moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The private address.
    pub address: IpAddr,
    /// Who has it, where that is known.
    pub owner: Option<Owner>,
    /// What it is called, the name that counts most first.
    pub names: Vec<Arc<Name>>,
    /// Why that is not known, where it was looked up.
    pub unknown: Option<Unknown>,
    /// The figures.
    pub share: Share,
}

/// A remote end and what was moved to and from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The address.
    pub address: IpAddr,
    /// The AWS service that the records name for it, or else AWS's prefixes.
    pub aws_service: Option<String>,
    /// Its region by AWS's prefixes, or GLOBAL.
    pub aws_region: Option<String>,
    /// What it is called, the name that counts most first.
    pub names: Vec<Arc<Name>>,
    /// How many records the bytes are from.
    pub records: u64,
    /// The figures.
    pub share: Share,
}

/// An AWS service and what was moved to and from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The service's name in flow logs; `None` for what belongs to none.
    pub aws_service: Option<String>,
    /// The figures.
    pub share: Share,
}

/// A workload, a remote end and what was moved between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The workload's address.
    pub source: IpAddr,
    /// The remote end's address.
    pub destination: IpAddr,
    /// The AWS service that the records name for the remote end.
    pub aws_service: Option<String>,
    /// The figures.
    pub share: Share,
}

/// The figures of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// in_from_source + out_to_source.
    pub bytes: u128,
    /// Bytes from the workload.
    pub in_from_source: u128,
    /// Bytes to the workload.
    pub out_to_source: u128,
    /// bytes / 2^30 x rate.
    pub cost: Money,
    /// Of all processed bytes, 0 to 1.
    pub share: Money,
    /// Of what the gateway moved more than before, where there is an increase.
    pub increase: Option<Part>,
}

/// Whether there is anything to report, and if not, why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Gateway traffic was found.
    Traffic,
    /// There is not a single record.
    NoRecords,
    /// There are lines, and none could be read.
    NothingReadable,
    /// The gateway was watched and moved nothing.
    OnlyNodata,
    /// There are records, and none of a NAT gateway.
    NoGateway,
}

/// A recording's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What became of the lines.
    pub records: RecordCounts,
    /// The bytes on each leg.
    pub bytes: LegBytes,
    /// The region whose rate was used.
    pub region: String,
    /// The rate.
    pub rate: Rate,
    /// processed / 2^30 x rate.
    pub processing_cost: Money,
    /// Every workload.
    pub sources: Vec<Source>,
    /// The workloads added up by who they belong to, where any owner is known.
    pub groups: Vec<Group>,
    /// Who has which address, as far as it was looked up.
    pub owners: Option<Owners>,
    /// Every remote end.
    pub destinations: Vec<Destination>,
    /// Every AWS service, and a row for what belongs to none.
    pub services: Vec<Service>,
    /// Every label of a remote end, and a row for what has no name; none where
    /// nothing has one.
    pub named_destinations: Vec<NamedDestinations>,
    /// Of which day AWS's prefixes are, and where they are from.
    pub aws_ranges: (String, RangesSource),
    /// Every workload with every remote end that it talked to, or the largest
    /// as many as [`Facts::pairs`] asks for.
    pub pairs: Vec<Pair>,
    /// The workloads added up by availability zone, where any zone is known.
    pub zones: Vec<Zone>,
    /// Every protocol and port of remote ends; not known unless the table was folded
    /// by time.
    pub ports: Option<Vec<Port>>,
    /// Which part of a recording this is, if it is one.
    pub part: Option<Asked>,
    /// The time that the records cover, or a part's.
    pub window: Option<Window>,
    /// When what was billed passed.
    pub timeline: Timeline,
    /// What the records explain of what the gateway counted.
    pub coverage: Option<Coverage>,
    /// The recording that it is of, where a recorder made it.
    pub recorded: Option<Recorded>,
    /// What the gateway moved more than before its alarm.
    pub increase: Option<Increase>,
    /// What is new or has grown since the last recording.
    pub since_last: Option<Since>,
    /// What processing costs by the hour, since the alarm and a month.
    pub spend: Spend,
    /// The full price: every charge with its arithmetic.
    pub charges: Charges,
    /// What to do.
    pub findings: Vec<Finding>,
    /// What came from addresses that a gateway sent nothing to.
    pub unsolicited: Unsolicited,
    /// The gateways' interfaces, or their own ids where they are regional.
    pub interfaces: Vec<String>,
    /// The gateways' addresses as the records have them.
    pub nat_addresses: Vec<String>,
    /// What the reader should know before trusting a figure.
    pub warnings: Vec<String>,
    /// Whether there is anything to report.
    pub verdict: Verdict,
}

/// The report on a table of flows.
pub fn report(table: &FlowTable, facts: &Facts) -> Report {
    made(table, &Gateways::of(table, facts), facts, None, 1)
}

/// The report on a table with those gateways, or on a part of a recording, whose
/// time is then given. So many threads go over its rows.
pub(crate) fn made(
    table: &FlowTable,
    gateways: &Gateways,
    facts: &Facts,
    part: Option<(Asked, Option<Window>)>,
    threads: usize,
) -> Report {
    let counts = table.counts();
    let mut warnings = gateways.warnings.clone();
    let gateways = &gateways.found;
    let (mut traffic, pairs) = Traffic::of(table, gateways, facts.pairs, threads);
    traffic.ask(facts.ranges());
    let processed = traffic.processed();
    let unsolicited = traffic.unsolicited();
    warnings.splice(..0, facts.warnings.iter().cloned());
    warnings.extend(quality(counts));
    warnings.extend(layout_limits(&traffic));
    warnings.extend(key_limit(table));
    warnings.extend(mismatch(&traffic, unsolicited));
    let verdict = match part {
        // Its gateways are known from elsewhere.
        Some(_) => verdict(counts, !gateways.is_empty() && counts.parsed > 0),
        None => verdict(counts, !gateways.is_empty()),
    };
    match part {
        Some(_) => warnings.extend(part::warnings(facts, verdict)),
        None => warnings.extend(verdict.sentence().map(str::to_owned)),
    }

    let window = part.map_or_else(|| table.window(), |(_, window)| window);
    let coverage =
        window.and_then(|window| Coverage::of(&facts.metrics, window, processed, facts.floor));
    warnings.extend(coverage.as_ref().and_then(little));
    let of_snapshot = || facts.snapshot.as_ref().and_then(Snapshot::owners);
    let owners = facts.owners.clone().or_else(of_snapshot);
    warnings.extend(owners.as_ref().and_then(Owners::warning).map(str::to_owned));
    let increase = window.and_then(|window| Increase::of(facts, window, processed));

    let share = |billed: &Billed| Share {
        bytes: billed.bytes(),
        in_from_source: billed.in_from_source,
        out_to_source: billed.out_to_source,
        cost: facts.rate.cost(billed.bytes()),
        share: fraction(billed.bytes(), processed),
        increase: increase.map(|increase| increase.part(billed.bytes())),
    };
    let service_of = |remote| traffic.service_of(remote).map(str::to_owned);
    let mut report = Report {
        records: counts.into(),
        bytes: LegBytes {
            in_from_source: traffic.in_from_source,
            out_to_destination: traffic.out_to_destination,
            in_from_destination: traffic.in_from_destination,
            out_to_source: traffic.out_to_source,
            processed,
            rejected: traffic.rejected,
            other: traffic.other,
        },
        region: facts.region.clone(),
        rate: facts.rate.clone(),
        processing_cost: facts.rate.cost(processed),
        sources: traffic
            .sources
            .iter()
            .map(|(address, billed)| {
                let asked = owners.as_ref().filter(|_| !address.is_unspecified());
                let owner = asked.map(|owners| owners.of_address(address));
                Source {
                    address,
                    owner: owner.and_then(Result::ok).cloned(),
                    unknown: owner.and_then(Result::err),
                    names: facts.own_names(address),
                    share: share(billed),
                }
            })
            .collect(),
        destinations: traffic
            .destinations
            .iter()
            .map(|(address, remote)| Destination {
                address,
                aws_service: service_of(remote),
                aws_region: remote.range.map(|range| range.region.clone()),
                names: facts.own_names(address),
                records: remote.billed.records,
                share: share(&remote.billed),
            })
            .collect(),
        services: traffic
            .services()
            .into_iter()
            .map(|(service, billed)| Service {
                aws_service: service.map(str::to_owned),
                share: share(&billed),
            })
            .collect(),
        named_destinations: Vec::new(),
        aws_ranges: (facts.ranges().created().to_owned(), facts.ranges().source()),
        pairs: largest(&pairs, facts.pairs)
            .into_iter()
            .map(|((source, destination), billed)| Pair {
                source,
                destination,
                aws_service: traffic.destinations.get(destination).and_then(service_of),
                share: share(&billed),
            })
            .collect(),
        groups: Vec::new(),
        zones: Vec::new(),
        ports: table.is_by_time().then(|| {
            let ports = traffic.ports(table).into_iter();
            let ports = ports.map(|((protocol, port), billed)| Port {
                protocol,
                port,
                share: share(&billed),
            });
            ports.collect()
        }),
        part: part.map(|(asked, _)| asked),
        owners: None,
        window,
        timeline: traffic.timeline(table),
        coverage,
        recorded: None,
        increase,
        since_last: None,
        spend: spend(facts, window, processed, part.is_some()),
        charges: Charges::default(),
        findings: Vec::new(),
        unsolicited,
        interfaces: gateways
            .iter()
            .filter_map(|gateway| gateway.interface.clone())
            .collect(),
        nat_addresses: gateways
            .iter()
            .flat_map(|gateway| gateway.addresses.iter().map(IpAddr::to_string))
            .collect(),
        warnings,
        verdict,
    };
    report.groups = group::groups(&report.sources, share);
    report.zones = zones::zones(&report.sources, share);
    report.owners = owners;
    report.sort();
    report.charges = charge::of(&report, facts, gateways);
    report.sum_up_names();
    report.since_last = facts
        .last
        .as_ref()
        .filter(|_| report.part.is_none())
        .and_then(|last| Since::of(&report, last));
    if verdict == Verdict::Traffic {
        report.findings = finding::find(&report, facts);
    }
    report
}

/// What the traffic costs by the clock.
fn spend(facts: &Facts, window: Option<Window>, processed: u128, is_part: bool) -> Spend {
    let rate = &facts.rate;
    let seconds = window.map(|window| window.end.saturating_sub(window.start));
    Spend {
        hourly: seconds.and_then(|seconds| Hourly::of(processed, seconds, rate)),
        since_alarm: facts
            .alarmed
            .as_ref()
            .filter(|_| !is_part)
            .and_then(|alarmed| SinceAlarm::of(&facts.metrics, alarmed.start, alarmed.end, rate)),
        month: facts
            .snapshot
            .as_ref()
            .filter(|_| !is_part)
            .and_then(|snapshot| Month::of(&snapshot.history, rate)),
    }
}

/// Where the records explain too little of the traffic.
fn little(coverage: &Coverage) -> Option<String> {
    coverage.is_little().then(|| {
        format!(
            "The recording explains only {} of the {} bytes that the gateway counted in its time, \
             so no saving is said.",
            text::grouped(coverage.recorded),
            text::grouped(coverage.counted)
        )
    })
}

/// A row as every form shows it: a name, what is known of it, the figures.
pub(crate) type NamedShare = (String, Option<String>, Share);

impl Report {
    /// Every workload with its owner and name.
    pub(crate) fn source_rows(&self) -> Vec<NamedShare> {
        let rows = self.sources.iter();
        rows.map(|row| (named(row.address), row.note(self.owner_of(row)), row.share))
            .collect()
    }

    /// Every remote end with its AWS service and name.
    pub(crate) fn destination_rows(&self) -> Vec<NamedShare> {
        let rows = self.destinations.iter();
        rows.map(|row| (named(row.address), row.note(&self.region), row.share))
            .collect()
    }

    /// Every name of remote ends with how many they are; `none` is the name of what has none.
    pub(crate) fn named_rows(&self, none: &str) -> Vec<NamedShare> {
        let name = |row: &NamedDestinations| row.name.clone().unwrap_or_else(|| none.to_owned());
        let rows = self.named_destinations.iter();
        rows.map(|row| {
            let addresses = match row.addresses {
                1 => "1 address".to_owned(),
                more => format!("{} addresses", text::grouped(more as u128)),
            };
            (name(row), Some(addresses), row.share)
        })
        .collect()
    }

    /// Every AWS service; `none` is the name of what belongs to none.
    pub(crate) fn service_rows(&self, none: &str) -> Vec<NamedShare> {
        let name = |row: &Service| row.aws_service.clone().unwrap_or_else(|| none.to_owned());
        let rows = self.services.iter();
        rows.map(|row| (name(row), None, row.share)).collect()
    }

    /// By bytes descending, then by the text of the name.
    fn sort(&mut self) {
        self.sources
            .sort_by_cached_key(|row| (Reverse(row.share.bytes), named(row.address)));
        self.destinations
            .sort_by_cached_key(|row| (Reverse(row.share.bytes), named(row.address)));
        self.services
            .sort_by_cached_key(|row| (Reverse(row.share.bytes), row.aws_service.clone()));
        self.groups
            .sort_by_cached_key(|row| (Reverse(row.share.bytes), row.full.clone()));
        self.zones
            .sort_by_cached_key(|row| (Reverse(row.share.bytes), row.zone.clone()));
        if let Some(ports) = &mut self.ports {
            ports.sort_by_key(|row| (Reverse(row.share.bytes), row.protocol, row.port));
        }
    }
}

impl Verdict {
    /// One sentence that says what to do, where there is nothing to report.
    pub fn sentence(self) -> Option<&'static str> {
        match self {
            Verdict::Traffic => None,
            Verdict::NoRecords => Some(
                "The recording is empty: no flow record was delivered. Delivery takes about \
                 10 minutes after the flow log is switched on; record for longer, and check with \
                 'aws ec2 describe-flow-logs' that delivery reports no error.",
            ),
            Verdict::NothingReadable => Some(
                "Not one line could be read by the layout that was given or recognised: give the \
                 log format that it was recorded with, for example --format '${srcaddr} ${dstaddr} ${bytes}'.",
            ),
            Verdict::OnlyNodata => Some(
                "The recording holds NODATA records only: the interface moved nothing while it \
                 was recorded. The spike was over before recording began; a longer recording time or a lower \
                 threshold catches the next one.",
            ),
            Verdict::NoGateway => Some(
                "No record is of a NAT gateway, so nothing here is billed as NAT processing. \
                 Record the gateway's own interface, or name its private address with --nat-address.",
            ),
        }
    }
}

/// The pairs with the most bytes, `most` of them (0 = all), by bytes
/// descending, then by the text of their names.
fn largest(pairs: &Pairs, most: usize) -> Vec<((IpAddr, IpAddr), Billed)> {
    let least = match most {
        0 => 0,
        most if most >= pairs.len() => 0,
        most => {
            let mut bytes: Vec<u128> = pairs.iter().map(|(_, billed)| billed.bytes()).collect();
            let place = bytes.len() - most;
            *bytes.select_nth_unstable(place).1
        }
    };
    let mut rows: Vec<_> = pairs
        .iter()
        .filter(|(_, billed)| billed.bytes() >= least)
        .collect();
    rows.sort_unstable_by(|((source, destination), billed), (other, other_billed)| {
        other_billed.bytes().cmp(&billed.bytes()).then_with(|| {
            (named(*source), named(*destination)).cmp(&(named(other.0), named(other.1)))
        })
    });
    if most > 0 {
        rows.truncate(most);
    }
    rows
}

fn verdict(counts: &Counts, any_gateway: bool) -> Verdict {
    match counts {
        Counts { read: 0, .. } => Verdict::NoRecords,
        _ if any_gateway => Verdict::Traffic,
        Counts {
            parsed: 0,
            nodata: 0,
            skipdata: 0,
            ..
        } => Verdict::NothingReadable,
        Counts { parsed: 0, .. } => Verdict::OnlyNodata,
        _ => Verdict::NoGateway,
    }
}

/// What lines that could not be read, and SKIPDATA, mean for the figures.
pub(crate) fn quality(counts: &Counts) -> Vec<String> {
    let mut warnings = Vec::new();
    if counts.skipdata > 0 {
        warnings.push(format!(
            "{} SKIPDATA records: AWS left flows out of these intervals, so the real figures are higher.",
            counts.skipdata
        ));
    }
    for (reason, count, examples) in counts.malformed_by_reason() {
        let places: Vec<String> = examples
            .iter()
            .map(|example| match &*example.source {
                "" => example.line.to_string(),
                source => format!("{source}:{}", example.line),
            })
            .collect();
        warnings.push(format!(
            "{count} malformed lines ({}) are in no figure; the first: line {}.",
            reason.name(),
            places.join(", ")
        ));
    }
    warnings
}

fn layout_limits(traffic: &Traffic<'_>) -> Option<String> {
    (traffic.without_remote > 0).then(|| {
        "The records have no pkt-srcaddr and pkt-dstaddr: workloads and remote ends are known, \
         each on its own side of the gateway, but not who talked to whom. Destinations are \
         counted on the outer legs."
            .to_owned()
    })
}

fn key_limit(table: &FlowTable) -> Option<String> {
    table.were_more_keys().then(|| {
        format!(
            "There were more pairs of addresses than are told apart (--max-keys): the rest is the \
             row {OTHER:?} of each list. Totals are exact."
        )
    })
}

/// The name of all addresses beyond the limit of keys.
pub(crate) const OTHER: &str = "other";

/// An address as reports name it.
pub(crate) fn named(address: IpAddr) -> String {
    if address.is_unspecified() {
        OTHER.to_owned()
    } else {
        address.to_string()
    }
}

/// The outer legs are the same bytes; by how much they differ is how far the
/// recording can be trusted.
fn mismatch(traffic: &Traffic<'_>, unsolicited: Unsolicited) -> Vec<String> {
    [
        (
            "in_from_source",
            traffic.in_from_source,
            "out_to_destination",
            traffic.out_to_destination,
        ),
        (
            "out_to_source",
            traffic.out_to_source,
            "in_from_destination",
            // What nobody had asked for goes no further.
            traffic.in_from_destination - unsolicited.bytes,
        ),
    ]
    .into_iter()
    .filter(|(_, billed, _, check)| billed.abs_diff(*check) * 100 > *billed.max(check))
    .map(|(name, billed, check_name, check)| {
        format!(
            "{check_name} has {} bytes where {name} has {}: the two sides of the gateway differ by \
             {} bytes, so records are missing on one of them.",
            text::grouped(check),
            text::grouped(billed),
            text::grouped(billed.abs_diff(check)),
        )
    })
    .collect()
}

/// The part of the whole, to six decimals; nothing of nothing is 0.
pub(crate) fn fraction(part: u128, whole: u128) -> Money {
    if whole == 0 {
        return Money::ZERO;
    }
    // Scaled to 10^-6, half up: shares are shown and never added up.
    let twice = part.saturating_mul(2_000_000).saturating_add(whole);
    let millionths = twice / whole.saturating_mul(2);
    i64::try_from(millionths).map_or(Money::ZERO, |millionths| Money::new(millionths, 6))
}
