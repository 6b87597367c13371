//! An investigation as JSON, schema `natspike.investigation/1`, and read again.
//!
//! **Invariants.** Fields are added and never renamed. What was written is read
//! again as it was.

use super::{Investigation, SCHEMA};
use std::io::{self, Write};

/// Why a text is no investigation that can be shown.
#[derive(Debug, thiserror::Error)]
pub enum InvestigationError {
    /// It is no JSON of that form.
    #[error("this is no investigation of natspike ({0}); make it again with natspike investigate")]
    NotAnInvestigation(#[from] serde_json::Error),
    /// It is of another version.
    #[error("this is of schema {0:?} and not {SCHEMA}; use a natspike that knows it")]
    Schema(String),
}

impl InvestigationError {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            InvestigationError::NotAnInvestigation(_) => "NotAnInvestigation",
            InvestigationError::Schema(_) => "Schema",
        }
    }
}

/// The part that says what the rest is.
#[derive(serde::Deserialize)]
struct Head {
    schema: String,
}

/// Writes it.
pub fn write(found: &Investigation, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, found)?;
    out.write_all(b"\n")
}

/// Reads what was written.
pub fn read(text: &[u8]) -> Result<Investigation, InvestigationError> {
    let head: Head = serde_json::from_slice(text)?;
    if head.schema != SCHEMA {
        return Err(InvestigationError::Schema(head.schema));
    }
    Ok(serde_json::from_slice(text)?)
}
