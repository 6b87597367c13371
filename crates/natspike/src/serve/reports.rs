//! Reports that are open: what was read once, looked at again and again.
//!
//! **Invariants.** The same request is the same report, and is read once, unless a
//! file of it has changed or somebody asks for it to be read again. A report that
//! is read again shows what it was until the new one is whole. Few are open at a
//! time; the one that was not looked at for longest goes first.

mod opened;
mod routes;

pub(super) use routes::{attachment, routes, second};

use super::App;
use super::jobs::{JobKind, Running, locked};
use super::options::Options;
use super::problem::Problem;
use super::uploads::{self, UploadKind};
use adapters::files;
use axum::http::StatusCode;
use egress::Report;
use opened::Opened;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};
use utoipa::ToSchema;

/// Reports that are open at a time.
const MOST: usize = 8;

/// What stands before an execution where a source is named.
const RECORDING: &str = "recording";

/// What is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Paths below the roots, s3://bucket/prefix, logs://GROUP, upload:ID or
    /// recording:EXECUTION of the stack.
    #[schema(min_items = 1)]
    pub(crate) sources: Vec<String>,
    /// How.
    #[serde(default)]
    pub(crate) options: Options,
}

/// Of which files it was made: what would be read again now is the same.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// A report, being read or ready.
#[derive(Debug)]
struct Entry {
    id: String,
    request: Request,
    title: String,
    stamp: Stamp,
    ready: Option<Arc<Opened>>,
    job: Option<Arc<Running>>,
    failed: Option<Problem>,
    used: Instant,
}

/// The reports.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    all: Mutex<HashMap<String, Entry>>,
}

/// What a request means.
pub(super) struct Resolved {
    pub(super) paths: Vec<PathBuf>,
    pub(super) stamp: Stamp,
}

impl App {
    /// What the sources are as arguments of a command.
    pub(super) fn resolve(&self, sources: &[String]) -> Result<Resolved, Problem> {
        if sources.is_empty() {
            return Err(Problem::unprocessable(
                "NoSource",
                "Nothing is named to read; name a file, a folder, s3://bucket/prefix or logs://GROUP.",
            ));
        }
        let mut paths = Vec::new();
        for source in sources {
            paths.push(match source.split_once(':') {
                Some(("s3" | "logs", rest)) if rest.starts_with("//") => self.url(source)?,
                Some((RECORDING, _)) if cfg!(feature = "aws") => PathBuf::from(source),
                Some((uploads::WORD, id)) => self.uploads.path(id, UploadKind::FlowLog)?,
                _ => self.roots.resolve(source)?,
            });
        }
        let stamp = self.stamp(&paths)?;
        Ok(Resolved { paths, stamp })
    }

    fn url(&self, source: &str) -> Result<PathBuf, Problem> {
        match cfg!(feature = "aws") {
            true => Ok(PathBuf::from(source)),
            false => Err(Problem::unprocessable(
                "NoAws",
                format!("{source} cannot be read: this natspike was built without AWS."),
            )),
        }
    }

    /// The files that the paths mean, none of which a link leads outside to.
    fn stamp(&self, paths: &[PathBuf]) -> Result<Stamp, Problem> {
        let is_file = |path: &&PathBuf| path.is_absolute();
        let local: Vec<PathBuf> = paths.iter().filter(is_file).cloned().collect();
        if local.is_empty() {
            return Ok(Stamp::new());
        }
        let found = files::find(&local).map_err(|error| Problem::failed(&error.into()))?;
        let mut stamp = Stamp::new();
        for path in found.inputs.iter().filter_map(|input| input.path()) {
            if !self.uploads.has(path) {
                self.roots.resolve(&path.to_string_lossy())?;
            }
            let about = std::fs::metadata(path).ok();
            let size = about.as_ref().map_or(0, std::fs::Metadata::len);
            let modified = about.and_then(|about| about.modified().ok());
            stamp.push((path.to_owned(), size, modified));
        }
        Ok(stamp)
    }

    /// Opens what is asked for, or says what is open already.
    fn open(self: &Arc<App>, request: Request, again: bool) -> Result<Summary, Problem> {
        let resolved = self.resolve(&request.sources)?;
        let sources = self.base.sources(&resolved.paths, &request.options)?;
        let id = id_of(&request);
        let mut all = locked(&self.reports.all);
        if let Some(entry) = all.get_mut(&id) {
            entry.used = Instant::now();
            let is_reading = entry.job.as_ref().is_some_and(|job| job.is_running());
            let is_current = entry.ready.is_some() && entry.stamp == resolved.stamp && !again;
            if is_reading || is_current {
                return Ok(entry.summary());
            }
        }
        let own = Arc::clone(self);
        let (key, stamp) = (id.clone(), resolved.stamp.clone());
        let job = self.jobs.start(JobKind::Report, move |watched| {
            let read = Opened::read(sources, watched);
            let read = read.map_err(|error| own.named(Problem::failed(&error)));
            own.reports.end(&key, stamp, read)
        })?;
        let title = self.title(&request.sources);
        let entry = all.entry(id.clone()).or_insert_with(|| Entry {
            id,
            request,
            title,
            stamp: Stamp::new(),
            ready: None,
            job: None,
            failed: None,
            used: Instant::now(),
        });
        entry.job = Some(job);
        entry.failed = None;
        let summary = entry.summary();
        drop_oldest(&mut all);
        Ok(summary)
    }

    /// What is read, in a few words.
    fn title(&self, sources: &[String]) -> String {
        let name = |source: &String| match source.split_once(':') {
            Some((uploads::WORD, id)) => {
                let path = self.uploads.path(id, UploadKind::FlowLog).ok();
                let name = path.as_deref().and_then(Path::file_name);
                name.map_or_else(|| source.clone(), |it| it.to_string_lossy().into_owned())
            }
            _ => source.clone(),
        };
        sources.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// The problem, with the names of uploads as they were sent.
    pub(super) fn named(&self, problem: Problem) -> Problem {
        let detail = self.uploads.plain(&problem.detail);
        problem.saying(detail)
    }
}

impl Reports {
    /// Keeps what was read; gives its path.
    fn end(
        &self,
        id: &str,
        stamp: Stamp,
        read: Result<Opened, Problem>,
    ) -> Result<String, Problem> {
        let mut all = locked(&self.all);
        // It may have been closed meanwhile.
        let Some(entry) = all.get_mut(id) else {
            return Err(unknown());
        };
        match read {
            Ok(opened) => {
                entry.ready = Some(Arc::new(opened));
                entry.stamp = stamp;
                entry.failed = None;
                Ok(format!("{}/reports/{id}", super::BASE))
            }
            Err(problem) => {
                entry.failed = Some(problem.clone());
                Err(problem)
            }
        }
    }

    /// What is open under that id.
    fn get(&self, id: &str) -> Result<Arc<Opened>, Problem> {
        let mut all = locked(&self.all);
        let entry = all.get_mut(id).ok_or_else(unknown)?;
        entry.used = Instant::now();
        if let Some(opened) = &entry.ready {
            return Ok(Arc::clone(opened));
        }
        Err(match &entry.failed {
            Some(problem) => Problem::new(
                StatusCode::GONE,
                "ReadingFailed",
                format!("{} Open it again.", problem.detail),
            ),
            None => Problem::new(
                StatusCode::CONFLICT,
                "StillReading",
                "It is still being read; follow its job.",
            ),
        })
    }

    /// What was asked for under that id.
    pub(super) fn request(&self, id: &str) -> Result<Request, Problem> {
        let all = locked(&self.all);
        let entry = all.get(id).ok_or_else(unknown)?;
        Ok(entry.request.clone())
    }

    /// The report of that id and time, as compare reads it.
    pub(super) fn part(
        &self,
        id: &str,
        from: Option<u64>,
        until: Option<u64>,
    ) -> Result<Arc<Report>, Problem> {
        self.get(id)?.part(from, until)
    }
}

/// Closes the report that was not used for longest, where there are too many.
fn drop_oldest(all: &mut HashMap<String, Entry>) {
    while all.len() > MOST {
        let idle = all.values().filter(|entry| !entry.is_reading());
        let Some(oldest) = idle.min_by_key(|entry| entry.used) else {
            return;
        };
        let id = oldest.id.clone();
        all.remove(&id);
    }
}

impl Entry {
    fn is_reading(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.is_running())
    }

    fn summary(&self) -> Summary {
        let opened = self.ready.as_ref();
        Summary {
            id: self.id.clone(),
            title: self.title.clone(),
            sources: self.request.sources.clone(),
            options: self.request.options.clone(),
            state: match (self.is_reading(), &self.ready, &self.failed) {
                (_, Some(_), _) => ReportState::Ready,
                (true, None, _) => ReportState::Reading,
                (false, None, _) => ReportState::Failed,
            },
            job: self
                .job
                .as_ref()
                .filter(|job| job.is_running())
                .map(|job| job.id().to_owned()),
            error: self.failed.clone(),
            records: opened.map(|opened| opened.records()),
            window: opened.and_then(|opened| opened.window()),
            period_seconds: opened.map(|opened| opened.period()),
            has_times: opened.is_some_and(|opened| opened.has_times()),
            is_live: opened.is_some_and(|opened| opened.is_live()),
        }
    }
}

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportState {
    /// It is being read for the first time.
    Reading,
    /// It can be looked at.
    Ready,
    /// It could not be read.
    Failed,
}

/// A time.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Times {
    /// Its beginning, in Unix seconds.
    pub(crate) start: u64,
    /// Its end.
    pub(crate) end: u64,
}

/// A report that is open.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Its id, the same for the same request.
    id: String,
    /// What is read.
    title: String,
    /// What is read.
    sources: Vec<String>,
    /// How.
    options: Options,
    /// How far it is.
    pub(crate) state: ReportState,
    /// The job that reads it, or reads it again.
    job: Option<String>,
    /// Why it could not be read.
    error: Option<Problem>,
    /// Records with data.
    records: Option<u64>,
    /// The time that the records cover.
    window: Option<Times>,
    /// The shortest time that can be looked at.
    period_seconds: Option<u64>,
    /// Whether a part of the time can be looked at.
    has_times: bool,
    /// More records may come.
    is_live: bool,
}

fn unknown() -> Problem {
    Problem::not_found(
        "UnknownReport",
        "There is no such report any more; open it again.",
    )
}

/// The same request has the same id.
fn id_of(request: &Request) -> String {
    let mut hasher = DefaultHasher::new();
    request.sources.hash(&mut hasher);
    let options = serde_json::to_string(&request.options).unwrap_or_default();
    options.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::{Request, id_of};

    #[test]
    fn the_same_request_is_the_same_report() {
        let request = |text: &str| serde_json::from_str::<Request>(text).expect("a request");
        let one = request(r#"{"sources": ["a"]}"#);
        let same = request(r#"{"sources": ["a"], "options": {}}"#);
        let other = request(r#"{"sources": ["a"], "options": {"where": "port = 443"}}"#);
        assert_eq!(id_of(&one), id_of(&same));
        assert_ne!(id_of(&one), id_of(&other));
        assert_ne!(id_of(&one), id_of(&request(r#"{"sources": ["b"]}"#)));
        assert!(serde_json::from_str::<Request>(r#"{"sources": ["a"], "x": 1}"#).is_err());
    }
}
