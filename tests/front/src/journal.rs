//! The journal: one entry per call, in memory and as JSON lines in a file.
//!
//! **Invariants**: no header, query string or body ever gets in, of bodies
//! only the ids that tell whose call it was; an entry is written when its call
//! ends, however it ends.

use crate::call::Recognised;
use crate::config::FrontError;
use crate::rule::{Fault, Pattern};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A call that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// When it came, in Unix seconds with a fraction.
    pub time: f64,
    /// Calling function, from the SDK's app id; `unknown` without one.
    pub function: String,
    /// Signing name of the service; `unknown` without a signature.
    pub service: String,
    /// Operation, or method and path.
    pub operation: String,
    /// What the service answered, or the fault in its place; `None` when
    /// there was no answer, or nobody was left to hear it.
    pub status: Option<u16>,
    /// The fault that was injected.
    pub fault: Option<Fault>,
    /// How long it took.
    pub duration_ms: u64,
    /// Gateways, interfaces and flow logs that the call names.
    pub request_ids: Vec<String>,
    /// Gateways, interfaces and flow logs that the answer names, also where
    /// nobody heard it.
    pub answer_ids: Vec<String>,
}

#[derive(Debug, Default)]
struct Contents {
    calls: Vec<Call>,
    file: Option<File>,
    error: Option<String>,
}

/// All entries so far.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Contents>);

impl Journal {
    /// A journal that adds to the file, if there is one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Journal, FrontError> {
        let open = |path: &Path| {
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| FrontError::Journal {
                    path: path.into(),
                    error,
                })
        };
        let file = path.map(open).transpose()?;
        Ok(Journal(Mutex::new(Contents {
            file,
            ..Contents::default()
        })))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.contents().calls.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.contents().calls.len()
    }

    /// Whether such a call has ended and not failed by a fault.
    pub(crate) fn has(&self, wanted: &Pattern) -> bool {
        self.contents().calls.iter().any(|call| {
            call.fault.is_none_or(Fault::is_done)
                && wanted.fits(&call.function, &call.service, &call.operation)
        })
    }

    /// Why the file is not complete, if so.
    pub(crate) fn error(&self) -> Option<String> {
        self.contents().error.clone()
    }

    fn add(&self, call: Call) {
        let mut contents = self.contents();
        let written = match (&mut contents.file, serde_json::to_string(&call)) {
            (Some(file), Ok(line)) => file.write_all(format!("{line}\n").as_bytes()),
            _ => Ok(()),
        };
        if let Err(error) = written {
            contents.error = Some(error.to_string());
        }
        contents.calls.push(call);
    }
}

/// A call that is under way; its entry is written when this is dropped, so
/// also when the caller hangs up and the call's task is cancelled.
pub(crate) struct Entry {
    journal: Arc<Journal>,
    call: Call,
    begun: Instant,
}

impl Entry {
    pub(crate) fn begin(
        journal: Arc<Journal>,
        call: &Recognised,
        fault: Option<Fault>,
        request_ids: Vec<String>,
    ) -> Entry {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Entry {
            journal,
            call: Call {
                time: now.as_secs_f64(),
                function: call.function.clone(),
                service: call.service.clone(),
                operation: call.operation.clone(),
                status: None,
                fault,
                duration_ms: 0,
                request_ids,
                answer_ids: Vec::new(),
            },
            begun: Instant::now(),
        }
    }

    pub(crate) fn answered(&mut self, status: u16, answer_ids: Vec<String>) {
        self.call.status = Some(status);
        self.call.answer_ids = answer_ids;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.call.duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.journal.add(self.call.clone());
    }
}
