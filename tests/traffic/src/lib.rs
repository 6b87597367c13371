//! Seeded NAT gateway traffic whose truth is known by intent.
//!
//! A [`Scenario`] says which workload moves how many bytes to and from which
//! remote; this crate writes the flow-log records that AWS would write about
//! it, in any [`Layout`], and tells what an exact analysis must find in them
//! ([`Truth`]). It is the oracle of the tests, so it shares no code with the
//! engine under test.
//!
//! ```
//! use traffic::{Layout, Scenario};
//!
//! let scenario = Scenario::parse(
//!     r#"
//!     title = "One workload downloads"
//!     [[conversation]]
//!     source = "10.0.1.5"
//!     destination = "203.0.113.5"
//!     upload = "3 MB"
//!     download = "420 MB"
//!     "#,
//! )?;
//! let recording = scenario.recording(&Layout::parse("natspike")?, 1_800_000_000);
//! assert_eq!(recording.lines.len(), 5 * 4); // five intervals, four legs
//! assert_eq!(recording.truth.bytes.processed, 423_000_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aside;
mod check;
mod layout;
mod legs;
mod plan;
mod population;
mod quantity;
mod random;
mod record;
mod recording;
mod scenario;
mod truth;

pub use layout::{Layout, LayoutError};
pub use quantity::{Bytes, Protocol, Seconds};
pub use recording::{Delivery, Event, RecordTime, Recording};
pub use scenario::Delivery as DeliverySettings;
pub use scenario::{
    Alarm, Conversation, Direct, Expect, ExpectedMail, Fault, FaultKind, Gateway, Noise,
    Population, Rejected, Scenario, ScenarioError, Stack,
};
pub use truth::{Destination, LegBytes, Moved, Pair, Records, Service, Source, Truth, Window};
