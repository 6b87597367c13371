//! How far reading has come, for whoever shows progress, and whether it is still
//! wanted.
//!
//! **Invariants.** What is cancelled stays so. Reading that was cancelled is an error
//! and never a shorter table.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Counts that grow while files are read; any thread may look at them.
#[derive(Debug, Default)]
pub struct Meter {
    files: AtomicU64,
    bytes: AtomicU64,
    records: AtomicU64,
    is_cancelled: AtomicBool,
}

/// Nobody wants any more what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

/// What a [`Meter`] showed at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Files read to their end.
    pub files: u64,
    /// Bytes read from files, as they are stored.
    pub bytes: u64,
    /// Records found in them.
    pub records: u64,
}

impl Meter {
    /// The counts of this moment.
    pub fn reading(&self) -> Reading {
        Reading {
            files: self.files.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            records: self.records.load(Relaxed),
        }
    }

    /// Ends reading as soon as it can end.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Relaxed);
    }

    /// Whether reading is to end.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Relaxed)
    }

    /// An error once reading is to end.
    pub(super) fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// Counts a file that was read to its end.
    pub fn add_file(&self) {
        self.files.fetch_add(1, Relaxed);
    }

    /// Counts bytes as they are stored.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Counts records.
    pub fn add_records(&self, records: u64) {
        self.records.fetch_add(records, Relaxed);
    }
}
