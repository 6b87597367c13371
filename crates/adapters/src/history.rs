//! Queries that were made: an audit log of them and their results, in the user's
//! state folder.
//!
//! **Invariants.** A query has a line in the log when it begins and one when it ends;
//! one that was killed has no end. What was asked and what came out are the caller's:
//! nothing is read of it here. Files are readable by their owner alone. Several
//! processes may write at once. The log and the results are bounded, the oldest go
//! first.

mod audit;
mod id;
mod private;
mod results;

pub use id::typed;
pub use results::{MOST_BYTES, MOST_RESULTS};

use audit::{Event, Line};
use results::Reserved;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The folder below the user's state folder, and below a given one: so that
/// clearing it never removes what somebody else put there.
const FOLDER: &str = "natspike/history";
/// The bytes of a file of the log, where nothing else is said.
pub const AUDIT_BYTES: u64 = 10_000_000;
/// How many files of the log there are beside the one that is written.
pub const AUDIT_FILES: u32 = 5;

/// What is said of a query, by name.
pub type Words = Map<String, Value>;

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file or folder of it.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process does not let go of the log.
    #[error("{} is locked by another process", .0.display())]
    Locked(PathBuf),
}

impl HistoryError {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            HistoryError::Io { .. } => "Io",
            HistoryError::Locked(_) => "Locked",
        }
    }
}

/// Says which path an error is about.
fn at<T>(path: &Path, done: io::Result<T>) -> Result<T, HistoryError> {
    done.map_err(|source| HistoryError::Io {
        path: path.to_owned(),
        source,
    })
}

/// A folder of queries.
#[derive(Debug, Clone)]
pub struct History {
    folder: PathBuf,
    audit_bytes: u64,
}

/// A query that was begun.
#[derive(Debug)]
pub struct Query {
    history: History,
    reserved: Reserved,
    began: Instant,
}

/// What the log says of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When it began, in Unix seconds; `None` where that line is no longer there.
    pub began: Option<u64>,
    /// What was asked.
    pub asked: Words,
    /// How it ended, if it did.
    pub end: Option<End>,
    /// It is under way in another process.
    pub is_running: bool,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When, in Unix seconds.
    pub at: u64,
    /// What it took, in milliseconds.
    pub milliseconds: u64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// What came out.
    pub outcome: Words,
}

/// The log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Queries, the newest first.
    pub entries: Vec<Entry>,
    /// Lines that are not of natspike, or not whole.
    pub unreadable: u64,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Files of the log.
    pub logs: u64,
    /// Results.
    pub results: u64,
    /// Bytes of both.
    pub bytes: u64,
}

impl History {
    /// The history below `folder`, or else below the user's state folder (where the
    /// platform has none, the folder of local data); `None` where the user has none.
    pub fn open(folder: Option<&Path>) -> Option<History> {
        let above = match folder {
            Some(folder) => folder.to_owned(),
            None => dirs::state_dir().or_else(dirs::data_local_dir)?,
        };
        Some(History {
            folder: above.join(FOLDER),
            audit_bytes: AUDIT_BYTES,
        })
    }

    /// The same with so many bytes in a file of the log.
    pub fn with_audit_bytes(self, audit_bytes: u64) -> History {
        History {
            audit_bytes,
            ..self
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a query and writes so into the log.
    pub fn begin(&self, asked: Words) -> Result<Query, HistoryError> {
        at(&self.folder, private::folder(&self.folder))?;
        let now = now();
        let reserved = results::reserve(&self.folder, now)?;
        let line = Line::new(Event::Started, reserved.id(), now, asked);
        let query = Query {
            history: self.clone(),
            reserved,
            began: Instant::now(),
        };
        match audit::append(&self.folder, self.audit_bytes, &line) {
            Ok(()) => Ok(query),
            Err(error) => {
                query.reserved.free();
                Err(error)
            }
        }
    }

    /// What the log says.
    pub fn read(&self) -> Result<Log, HistoryError> {
        let lines = audit::lines(&self.folder)?;
        let mut log = Log {
            entries: Vec::new(),
            unreadable: lines.unreadable,
        };
        let mut places: HashMap<String, usize> = HashMap::new();
        for line in lines.lines {
            let entries = &mut log.entries;
            let place = *places.entry(line.id.clone()).or_insert_with(|| {
                entries.push(Entry::new(&line.id));
                entries.len() - 1
            });
            log.entries[place].add(line);
        }
        for entry in log.entries.iter_mut().filter(|entry| entry.end.is_none()) {
            entry.is_running = results::is_running(&self.folder, &entry.id);
        }
        log.entries.reverse();
        Ok(log)
    }

    /// The ids that begin so, of the log and of results that it no longer knows.
    pub fn ids(&self, log: &Log, beginning: &str) -> Result<BTreeSet<String>, HistoryError> {
        let kept = results::ids(&self.folder)?;
        let known = log.entries.iter().map(|entry| entry.id.clone());
        let ids = known.chain(kept);
        Ok(ids.filter(|id| id.starts_with(beginning)).collect())
    }

    /// The result of the query; `None` where none was kept or it is gone.
    pub fn result(&self, id: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        results::recall(&self.folder, id)
    }

    /// Removes the log and all results; nothing else that lies in the folder.
    pub fn clear(&self) -> Result<Cleared, HistoryError> {
        let mut cleared = Cleared::default();
        if !at(&self.folder, self.folder.try_exists())? {
            return Ok(cleared);
        }
        let (logs, bytes) = audit::clear(&self.folder)?;
        (cleared.logs, cleared.bytes) = (logs, bytes);
        let (results, bytes) = results::clear(&self.folder)?;
        cleared.results = results;
        cleared.bytes += bytes;
        Ok(cleared)
    }
}

impl Query {
    /// Its id.
    pub fn id(&self) -> &str {
        self.reserved.id()
    }

    /// Keeps the result, and writes into the log that it ended.
    pub fn finish(self, result: &[u8], outcome: Words) -> Result<(), HistoryError> {
        let (id, milliseconds) = (self.id().to_owned(), self.milliseconds());
        let kept = self.reserved.keep(result);
        let mut words = Words::new();
        words.insert("outcome".to_owned(), "done".into());
        words.insert("milliseconds".to_owned(), milliseconds.into());
        words.extend(outcome);
        let line = Line::new(Event::Ended, &id, now(), words);
        let written = audit::append(&self.history.folder, self.history.audit_bytes, &line);
        kept.and(written)
    }

    /// Writes into the log that it failed.
    pub fn fail(self, error: &str) -> Result<(), HistoryError> {
        let mut words = Words::new();
        words.insert("outcome".to_owned(), "failed".into());
        words.insert("milliseconds".to_owned(), self.milliseconds().into());
        words.insert("error".to_owned(), error.into());
        let line = Line::new(Event::Ended, self.id(), now(), words);
        audit::append(&self.history.folder, self.history.audit_bytes, &line)
    }

    fn milliseconds(&self) -> u64 {
        let took: Duration = self.began.elapsed();
        u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Entry {
    fn new(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            began: None,
            asked: Words::new(),
            end: None,
            is_running: false,
        }
    }

    fn add(&mut self, line: Line) {
        match line.event {
            Event::Started => {
                self.began = Some(line.at);
                self.asked = line.words;
            }
            Event::Ended => {
                let mut outcome = line.words;
                let milliseconds = outcome.remove("milliseconds").and_then(|it| it.as_u64());
                let error = outcome.remove("error");
                outcome.remove("outcome");
                self.end = Some(End {
                    at: line.at,
                    milliseconds: milliseconds.unwrap_or_default(),
                    error: error.and_then(|error| error.as_str().map(str::to_owned)),
                    outcome,
                });
            }
        }
    }
}

/// Unix seconds.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{Cleared, History, Log, Query, Words};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::thread;

    fn history(folder: &Path) -> History {
        History::open(Some(folder)).expect("a folder was given")
    }

    fn words(value: &str) -> Words {
        Words::from_iter([("analysis".to_owned(), value.into())])
    }

    #[test]
    fn a_query_is_what_was_asked_and_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        assert_eq!(history.read().unwrap(), Log::default());
        let begin = |name: &str| history.begin(words(name)).unwrap();
        let (done, failed, killed, running) = (begin("a"), begin("b"), begin("c"), begin("d"));
        let ids = [&done, &failed, &killed, &running].map(|query| query.id().to_owned());
        done.finish(b"{}", words("rows")).unwrap();
        failed.fail("read a.log: it is not there").unwrap();
        drop(killed);
        let log = history.read().unwrap();
        let entries: Vec<_> = log.entries.iter().rev().collect();
        let read: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(read, ids);
        assert!(entries.iter().all(|entry| entry.began.is_some()));
        assert_eq!(entries[0].asked, words("a"));
        let end = entries[0].end.as_ref().unwrap();
        assert_eq!((&end.error, &end.outcome), (&None, &words("rows")));
        let end = entries[1].end.as_ref().unwrap();
        assert_eq!(end.error.as_deref(), Some("read a.log: it is not there"));
        assert_eq!(entries[2].end, None);
        let is_running = |place: usize| entries[place].is_running;
        assert_eq!([0, 1, 2, 3].map(is_running), [false, false, false, true]);
        assert_eq!(
            history.result(&ids[0]).unwrap().as_deref(),
            Some(&b"{}"[..])
        );
        for id in &ids[1..] {
            assert_eq!(history.result(id).unwrap(), None);
        }
        running.finish(b"[]", Words::new()).unwrap();
        assert_eq!(history.ids(&log, "").unwrap(), BTreeSet::from(ids.clone()));
        assert_eq!(history.ids(&log, &ids[3]).unwrap().len(), 1);
        assert_eq!(history.ids(&log, "zzzz").unwrap().len(), 0);
    }

    #[test]
    fn clearing_removes_the_history_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        assert_eq!(history.clear().unwrap(), Cleared::default());
        let keep = || {
            history
                .begin(Words::new())
                .unwrap()
                .finish(b"{}", Words::new())
        };
        keep().and_then(|()| keep()).unwrap();
        let others = [
            folder.path().join("mine.json"),
            history.folder().join("readme"),
            history.folder().join("results/mine.json.zst"),
        ];
        others
            .iter()
            .for_each(|other| fs::write(other, "mine").unwrap());
        let cleared = history.clear().unwrap();
        assert_eq!((cleared.logs, cleared.results), (1, 2));
        assert!(cleared.bytes > 0);
        assert_eq!(history.read().unwrap(), Log::default());
        assert!(others.iter().all(|other| other.exists()));
    }

    #[test]
    fn threads_write_at_once_and_no_line_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        // Some twenty lines a file: all rotate while others write.
        let history = history(folder.path()).with_audit_bytes(10_000);
        let write = |_| {
            let history = history.clone();
            thread::spawn(move || {
                for number in 0..20 {
                    let query: Query = history.begin(words("a")).unwrap();
                    match number % 2 {
                        0 => query.finish(b"{}", Words::new()).unwrap(),
                        _ => query.fail("for a reason").unwrap(),
                    }
                }
            })
        };
        let threads: Vec<_> = (0..8).map(write).collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let log = history.read().unwrap();
        assert_eq!((log.entries.len(), log.unreadable), (160, 0));
        assert!(log.entries.iter().all(|entry| entry.end.is_some()));
        assert!(history.folder().join("audit.1.jsonl").exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path()).with_audit_bytes(1);
        fs::create_dir_all(history.folder()).unwrap();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(history.folder(), open).unwrap();
        let query = history.begin(Words::new()).unwrap();
        let running = history.begin(Words::new()).unwrap();
        query.finish(b"{}", Words::new()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(history.folder()), 0o700);
        let mut files = 0;
        for folder in [history.folder(), &history.folder().join("results")] {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let expected = if path.is_dir() { 0o700 } else { 0o600 };
                assert_eq!(mode(&path), expected, "{}", path.display());
                files += 1;
            }
        }
        assert!(files >= 6, "{files}");
        drop(running);
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("natspike"), b"a file").unwrap();
        let history = history(folder.path());
        let error = history.begin(Words::new()).unwrap_err();
        assert_eq!(error.name(), "Io");
        assert!(error.to_string().contains("natspike"), "{error}");
    }
}
