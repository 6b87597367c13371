//! What NAT gateway traffic is, what it costs, and how to say it.
//!
//! A [`flowlog::FlowTable`] holds sums as an interface saw them; on a NAT
//! gateway's interface that is every byte twice. This crate finds the gateways
//! in a table, tells the four legs of their traffic apart, prices what is
//! billed and turns it into a [`Report`], which is plain data; each way to
//! print it is a file of its own under `report`.
//!
//! **Invariants.** No clock, no files, no network: region, rate and addresses
//! are arguments. Bytes are integers and money is decimal, so every figure can
//! be recomputed by hand from the arithmetic that the report shows.
//!
//! ```
//! use egress::{Facts, Rate, report};
//!
//! let mut table = flowlog::FlowTable::new();
//! table.push(b"srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n\
//!              10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 1000\n\
//!              10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 1000\n")?;
//! table.end_source()?;
//! let report = report(&table, &Facts::new("eu-west-1", Rate::of_region("eu-west-1")?));
//! assert_eq!(report.bytes.processed, 1000);
//! assert_eq!(report.nat_addresses, ["10.0.0.220"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
pub mod bundle;
mod charge;
mod columns;
pub mod compare;
mod condition;
mod coverage;
mod delivery;
mod evidence;
mod facts;
mod finding;
mod gateway;
mod group;
mod increase;
pub mod investigate;
mod last;
mod leg;
mod membership;
mod name;
mod networks;
mod owner;
mod owners;
mod part;
mod ports;
mod price;
pub mod query;
mod ranges;
pub mod recordings;
mod redact;
mod report;
mod service;
pub mod simulate;
pub mod snapshot;
mod spend;
mod sums;
mod timeline;
mod traffic;
mod well_known;
mod zones;

pub use address::is_private;
pub use charge::{Charge, Charges, NAMES as CHARGES, Quantity, UnitPrice};
pub use columns::{Align, Columns, Line};
pub use condition::{Condition, ConditionError};
pub use coverage::{Coverage, FLOOR, percentage};
pub use delivery::{BYTES_PER_RECORD, Bill, Estimate, LogClass};
pub use facts::Facts;
pub use finding::{Action, Confidence, Finding, NAMES as FINDINGS, Saving};
pub use gateway::{Gateway, GatewayKind};
pub use group::Group;
pub use increase::{Baseline, Increase, Part};
pub use last::{Grown, LAST_VERSION, Last, New, RowKind, Since, Summary};
pub use leg::{Leg, leg};
pub use membership::{Membership, Place};
pub use name::{Name, NameSource, Names, printable};
pub use networks::{Networks, NetworksError};
pub use owner::{Owner, OwnerKind};
pub use owners::{Moment, Owners, Unknown};
pub use part::{Asked, Gateways, report_of};
pub use ports::Port;
pub use price::{
    BYTES_PER_GB, Currency, EndpointPrices, LeftOut, ListQuery, Money, PRICE_NAMES, PRICES_VERSION,
    Price, PriceError, PriceName, Prices, Rate, RateError, Tier, Unit, human_gb, list_queries,
    list_region,
};
pub use ranges::{AwsRange, AwsRanges, RangesError, RangesSource};
pub use report::{
    Destination, LegBytes, NamedDestinations, Pair, RecordCounts, Recorded, Report, Service,
    Source, Unsolicited, Verdict, chat, console, csv, flow, html, json, mail, markdown, pairs,
    prices, report, result_json, rows,
};
pub use spend::{Hourly, Month, SinceAlarm, Spend};
pub use timeline::Timeline;
pub use zones::Zone;
