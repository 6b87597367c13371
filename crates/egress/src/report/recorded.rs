//! Whose recording a report is of, and what began and ended it.
//!
//! **Invariants.** A recorder alone knows this; a report that is made at the desk
//! has none of it.

use serde_json::{Value, json};

/// What a recorder knows of the recording behind a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The gateway's id.
    pub gateway: String,
    /// The execution's name.
    pub execution: String,
    /// When it began, in Unix seconds.
    pub started: u64,
    /// When it ended, in Unix seconds.
    pub stopped: u64,
    /// What it began by: `alarm` or `hand`.
    pub started_by: &'static str,
    /// Why it ended: `cleared`, `time`, `limit` or `stopped`.
    pub end_reason: &'static str,
}

impl Recorded {
    /// The word for what somebody began.
    pub const BY_HAND: &str = "hand";

    /// Whether somebody began it, and not an alarm.
    pub fn is_by_hand(&self) -> bool {
        self.started_by == Recorded::BY_HAND
    }

    pub(crate) fn value(&self) -> Value {
        json!({
            "gateway": self.gateway,
            "execution": self.execution,
            "started": self.started,
            "stopped": self.stopped,
            "started_by": self.started_by,
            "end_reason": self.end_reason,
        })
    }
}
