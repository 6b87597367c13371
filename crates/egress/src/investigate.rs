//! Who talks to whom, on which ports, and what of it is strange.
//!
//! What is found is plain data ([`Investigation`]), which each form prints.

mod found;

pub use found::{Cell, Column, ColumnKind, Investigation, Question, Row, SCHEMA, Sums, Table};
