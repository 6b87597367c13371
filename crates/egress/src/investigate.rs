//! Who talks to whom, on which ports, and what of it is strange.
//!
//! What is found is plain data ([`Investigation`]), which each form prints.

mod found;
mod ports;
pub mod protocol;
#[expect(dead_code, reason = "the fold fills it")]
mod seen;

pub use found::{Cell, Column, ColumnKind, Investigation, Question, Row, SCHEMA, Sums, Table};
pub use ports::{PortsError, SensitivePort, SensitivePorts};
