//! The recorder's workflow and steps in a simulated AWS: every order, every
//! fault.
//!
//! [`asl`] interprets the real `statemachine/recorder.asl.json`, [`lambdas`]
//! runs the real steps over `recorder::memory::Memory`, [`world`] is what AWS
//! does around them: EventBridge delivers late, twice and in any order, Lambda
//! tries an asynchronous call three times, Step Functions retries and times
//! out, flow logs record and deliver. [`explore`] runs a [`scenario`] in every
//! order that its bounds allow and with a fault at every call; [`invariant`]
//! says what must hold after each of these runs.
//!
//! What is bounded, in the words of a scenario's `[explore]`:
//!
//! | word | what it allows |
//! |---|---|
//! | `late` | how late EventBridge may deliver, or somebody begin or stop a recording; until then it may come at any moment |
//! | `twice` | one event is delivered a second time |
//! | `turns` | how often another goes next than the one whose time came first; all orders if it does not say |
//! | `interruptions` | how often somebody is interrupted between two Lambdas who could go on at once; everywhere else changing over is free |
//! | `calls_of` | these Lambdas are interrupted before every single call, freely |
//! | `fault` | one call, whichever, is throttled, denied, unavailable or loses its answer, once or from then on; or the Lambda hangs for a minute after it; or Step Functions loses the Lambda, which goes on |
//!
//! What lies beyond the bounds is sampled by chance, the same at every run;
//! `SIMULATION_SAMPLES=100000 cargo test -p simulation` samples more,
//! `SIMULATION_ONLY=alarm` only scenarios with that in their name. A rule that
//! does not hold prints the story of the run and its choices, which
//! [`explore::replay`] takes.
//!
//! Of the defects of the recorder that this one replaces, each has a scenario
//! (`defect-…`) but for what is not in the workflow: the fields of the format
//! (6) show here only by what a report says of them, and whole in the golden
//! reports of `egress`; foreign alarms and lists with spaces (8) are kept out by
//! the rule's prefix and the macro, SamplingPeriod (9) by the template, roles
//! and names (10) are the template's alone: `tests/contracts`.
//!
//! **Invariants.** No network, no clock, no chance but seeded: a sequence of
//! choices is a run. Nothing in [`world`] knows what the recorder should do.
#![allow(clippy::disallowed_methods)]

pub mod asl;
pub mod choice;
pub mod explore;
pub mod invariant;
pub mod lambdas;
pub mod scenario;
pub mod stack;
pub mod world;
