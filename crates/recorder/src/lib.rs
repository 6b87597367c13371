//! The life of a recording: decisions, ports, payloads, in-memory world.
//!
//! A CloudWatch alarm starts an execution of the state machine; each of its
//! Lambdas is one [`step`] of this crate behind a thin shell. A step gets its
//! payload, the time and the ports that it needs, and gives the next payload
//! or a [`StepError`] whose name the state machine's Retry and Catch match.
//!
//! **Invariants.** No SDK, no clock, no environment. Step Functions owns
//! retry, wait, timeout and catch; a step can be run again after any failure,
//! also one that came after its work was done, and then does nothing twice.
//!
//! ```
//! use recorder::memory::Memory;
//! use recorder::payload::{ClaimGateway, Outcome, Settings};
//! use recorder::{EpochSeconds, alarm, step};
//!
//! # pollster::block_on(async {
//! let world = Memory::new();
//! let payload = ClaimGateway {
//!     event: alarm::example("nat-0a1b2c3d4e5f60718", "ALARM", "2026-11-20T23:44:05.123+0000"),
//!     round: 1,
//!     execution: "execution-1".to_owned(),
//!     settings: Settings::default(),
//! };
//! let now = EpochSeconds(1_795_218_250);
//! let claim = step::claim_gateway(&world, &payload, now).await.expect("claimed");
//! assert_eq!(claim.outcome, Outcome::Claimed);
//! # })
//! ```

pub mod alarm;
mod error;
pub mod hand;
mod ids;
pub mod memory;
pub mod payload;
pub mod port;
pub mod step;

pub use egress::investigate::discovery;
pub use egress::{ListQuery, LogClass, RecordCounts, list_region, snapshot};
pub use error::{FaultKind, PortError, StepError};
pub use ids::{EpochMillis, EpochSeconds, FlowLogId, GatewayId, InterfaceId};
