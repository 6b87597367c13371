//! The engine: VPC flow-log bytes in, flow table out.
//!
//! A [`FlowTable`] is fed with chunks of text as they come from a file, an
//! object or a log group, finds out the layout of the lines by itself (header
//! line, given LogFormat, or recognition of the layouts that exist in the
//! wild) and adds up bytes and packets by who sent to whom on which interface.
//!
//! **Invariants.** No clock, no files, no sockets, no AWS: bytes are arguments.
//! A line that cannot be read is counted by reason and never fatal; only a
//! text that is not a flow log at all is an error. Where a chunk ends never
//! changes the table, and tables merge in any order.
//!
//! Fields follow <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.
//!
//! ```
//! let mut table = flowlog::FlowTable::new();
//! table.push(b"2 123456789012 eni-0a1 10.0.1.5 203.0.113.5 49152 443 6 10 8400 1700000000 1700000060 ACCEPT OK")?;
//! table.end_source()?;
//! assert_eq!(table.counts().parsed, 1);
//! assert_eq!(table.flows().next().map(|flow| flow.sum.bytes), Some(8400));
//! # Ok::<(), flowlog::ReadError>(())
//! ```

mod by_time;
mod cells;
mod context;
mod counts;
mod cube;
mod detail;
mod dictionary;
mod field;
pub mod filter;
mod flow;
mod fold;
mod index;
mod known;
mod layout;
mod line;
mod merge;
mod pairs;
mod partial;
mod ports;
mod recent;
mod record;
mod renaming;
mod table;
mod tally;
mod timeline;
mod word;

pub use counts::{Counts, Example, MalformedReason, Window};
pub use cube::{Cube, Slice};
pub use field::Field;
pub use flow::{Action, Conversation, End, Flow, FlowSum};
pub use known::{KnownLayout, NATSPIKE_LOG_FORMAT};
pub use layout::{Column, Layout, LayoutError};
pub use partial::{CUBE_VERSION, PARTIAL_VERSION, PartialError};
pub use ports::PortSum;
pub use record::{AddressCode, Names, Record, TextCode, Watch};
pub use renaming::Renaming;
pub use table::{FlowTable, ReadError};
pub use timeline::Moment;
