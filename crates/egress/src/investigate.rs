//! Who talks to whom, on which ports, and what of it is strange.
//!
//! An [`Inquiry`] is what is asked. It watches the records of a table as they are
//! read ([`Inquiry::watch`]) and answers at the end ([`Inquiry::answer`]). What is
//! found is plain data ([`Investigation`]), which each form prints.

mod answer;
mod chosen;
mod cidrs;
pub mod console;
mod counted;
pub mod csv;
mod definition;
pub(crate) mod detect;
pub mod discovery;
mod ends;
mod flows;
mod fold;
mod found;
mod inquiry;
pub mod json;
pub mod listing;
pub mod markdown;
mod naming;
mod ports;
pub mod protocol;
mod rank;
mod rules;
mod seen;
pub mod source;
pub mod subject;
mod text;

pub(crate) use chosen::question;
pub use cidrs::{AWS, CidrList, CidrLists, Match};
pub use definition::{Analysis, DEFINITIONS, Definition, Dimension};
pub use detect::{DETECTORS, Thresholds};
pub use found::{Cell, Column, ColumnKind, Investigation, Question, Row, SCHEMA, Sums, Table};
pub use inquiry::{Asked, Inquiry, InquiryError};
pub(crate) use inquiry::{analyses, condition, sets};
pub use json::InvestigationError;
pub use naming::Offline;
pub use ports::{PortsError, SensitivePort, SensitivePorts};
pub use rank::By;
