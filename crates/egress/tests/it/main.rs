//! Golden reports: a folder a case, a recording and its facts in, every form
//! of the report out.
//!
//! `UPDATE_GOLDEN=1 cargo test -p egress` writes the forms anew; read the diff
//! before committing it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // tests read their cases from files

mod analyses;
mod bundle;
mod golden;
mod investigation;
mod limits;
mod queries;
mod rule_queries;
mod simulate;
