//! The HTTP front between the Lambdas and the local AWS.
//!
//! It hands every call on unchanged, writes down which function called what,
//! and lets calls fail by [`Rule`]: throttled, denied, unavailable, timed out,
//! or done but with the answer lost; or holds a call until another has ended.
//! The rehearsal runs it as a program; tests start it
//! in their own process.
//!
//! **Invariants**: loopback only, on both sides; the journal never holds a
//! header, a query string or a body (of bodies only ids of gateways,
//! interfaces and flow logs); a call without a fault passes byte for byte.
//!
//! ```no_run
//! # async fn run() -> Result<(), front::FrontError> {
//! use front::{Config, Fault, Front, Pattern, Rule};
//!
//! let mut config = Config::new("http://127.0.0.1:4607".parse()?);
//! config.rules = vec![Rule {
//!     calls: Pattern {
//!         operation: Some("DeleteFlowLogs".into()),
//!         ..Pattern::default()
//!     },
//!     times: 2,
//!     ..Rule::new(Fault::Throttled)
//! }];
//! let front = Front::start(config).await?;
//! // … AWS_ENDPOINT_URL = front.url() …
//! assert_eq!(front.rules()[0].hits, 2);
//! front.stop().await;
//! # Ok(())
//! # }
//! ```

#![allow(clippy::disallowed_methods)] // a shell may touch the world

mod answer;
mod call;
mod config;
mod control;
mod ids;
mod journal;
mod rule;
mod server;

pub use config::{Config, FrontError, Upstream};
pub use journal::Call;
pub use rule::{Draw, Fault, Pattern, Rule, RuleState};
pub use server::Front;
