//! What takes time: reading, with its progress, its end, and a way to cancel it.
//!
//! **Invariants.** Work goes on in a thread of its own, so that it may block. A job
//! ends once; work that was cancelled ends as cancelled, whatever it says. Few run
//! at once, and few that have ended are remembered.

use super::App;
use super::problem::Problem;
use crate::progress::Watched;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Jobs at once.
const MOST_RUNNING: usize = 4;
/// Jobs that are remembered.
const MOST: usize = 100;
/// How often progress is told.
const TICK: Duration = Duration::from_millis(200);

/// What a job makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobKind {
    /// A report.
    Report,
    /// The answer to a query.
    Investigation,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobState {
    /// It is under way.
    Running,
    /// Its result is there.
    Done,
    /// It ended with an error.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

/// How much was read; totals are 0 where they are not known.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// Files or objects.
    files: u64,
    /// Of so many.
    total_files: u64,
    /// Bytes as they are stored.
    bytes: u64,
    /// Of so many.
    total_bytes: u64,
    /// Records.
    records: u64,
    /// Since it began.
    milliseconds: u64,
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    pub(crate) id: String,
    /// What it makes.
    kind: JobKind,
    /// How far it is.
    pub(crate) state: JobState,
    /// How much was read.
    progress: Progress,
    /// Why it failed.
    error: Option<Problem>,
    /// The path of what it made.
    result: Option<String>,
}

/// All jobs.
#[derive(Debug, Serialize, ToSchema)]
struct JobList {
    /// The newest first.
    jobs: Vec<Job>,
}

#[derive(Debug)]
enum End {
    Done(String),
    Failed(Problem),
    Cancelled,
}

/// A job under way or at its end.
#[derive(Debug)]
pub(crate) struct Running {
    id: String,
    kind: JobKind,
    watched: Arc<Watched>,
    began: Instant,
    end: Mutex<Option<(End, Duration)>>,
}

impl Running {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What is known of it.
    pub(crate) fn job(&self) -> Job {
        let reading = self.watched.reading();
        let total = self.watched.total();
        let end = locked(&self.end);
        let took = match end.as_ref() {
            Some((_, took)) => *took,
            None => self.began.elapsed(),
        };
        let (state, error, result) = match end.as_ref().map(|(end, _)| end) {
            None => (JobState::Running, None, None),
            Some(End::Done(result)) => (JobState::Done, None, Some(result.clone())),
            Some(End::Failed(problem)) => (JobState::Failed, Some(problem.clone()), None),
            Some(End::Cancelled) => (JobState::Cancelled, None, None),
        };
        Job {
            id: self.id.clone(),
            kind: self.kind,
            state,
            progress: Progress {
                files: reading.files,
                total_files: total.files,
                bytes: reading.bytes,
                total_bytes: total.bytes,
                records: reading.records,
                milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
            error,
            result,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        locked(&self.end).is_none()
    }

    /// Ends it as soon as it can end.
    pub(crate) fn cancel(&self) {
        self.watched.cancel();
    }

    fn end(&self, done: Result<String, Problem>) {
        let end = match done {
            _ if self.watched.is_cancelled() => End::Cancelled,
            Ok(result) => End::Done(result),
            Err(problem) => End::Failed(problem),
        };
        *locked(&self.end) = Some((end, self.began.elapsed()));
    }
}

/// The jobs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    all: Mutex<VecDeque<Arc<Running>>>,
}

impl Jobs {
    /// Begins work, which gives the path of what it makes.
    ///
    /// Errors: too many jobs are under way.
    pub(crate) fn start(
        &self,
        kind: JobKind,
        work: impl FnOnce(&Arc<Watched>) -> Result<String, Problem> + Send + 'static,
    ) -> Result<Arc<Running>, Problem> {
        let mut all = locked(&self.all);
        if all.iter().filter(|job| job.is_running()).count() >= MOST_RUNNING {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyJobs",
                format!("{MOST_RUNNING} jobs are under way; wait for one, or cancel one."),
            ));
        }
        let job = Arc::new(Running {
            id: super::drawn()?,
            kind,
            watched: Arc::default(),
            began: Instant::now(),
            end: Mutex::default(),
        });
        let own = Arc::clone(&job);
        thread::spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(|| work(&own.watched)));
            own.end(done.unwrap_or_else(|_| {
                Err(Problem::internal(
                    "The work broke off; what natspike serve printed says where.",
                ))
            }));
        });
        all.push_front(Arc::clone(&job));
        while all.len() > MOST && all.back().is_some_and(|job| !job.is_running()) {
            all.pop_back();
        }
        Ok(job)
    }

    /// The job of that id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Running>, Problem> {
        let all = locked(&self.all);
        let job = all.iter().find(|job| job.id == id).cloned();
        job.ok_or_else(|| {
            Problem::not_found(
                "UnknownJob",
                "There is no such job any more; what it made is in the lists.",
            )
        })
    }
}

/// The value; one that a thread left in panic is still whole.
pub(crate) fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(show_job, cancel_job))
        .routes(routes!(follow_job))
}

/// List the jobs
#[utoipa::path(
    get, path = "/jobs", tag = "jobs",
    responses((status = 200, description = "the newest first", body = JobList))
)]
async fn list_jobs(State(app): State<Arc<App>>) -> Json<JobList> {
    let all = locked(&app.jobs.all);
    Json(JobList {
        jobs: all.iter().map(|job| job.job()).collect(),
    })
}

/// Show a job
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses(
        (status = 200, description = "the job", body = Job),
    )
)]
async fn show_job(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(app.jobs.get(&id)?.job()))
}

/// Cancel a job
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses(
        (status = 202, description = "it ends as soon as it can, unless it has ended", body = Job),
    )
)]
async fn cancel_job(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let job = app.jobs.get(&id)?;
    job.cancel();
    Ok((StatusCode::ACCEPTED, Json(job.job())))
}

/// Follow a job: events "progress" and at last "end", each with the job
#[utoipa::path(
    get, path = "/jobs/{id}/events", tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses(
        (status = 200, description = "events until the job has ended", body = String, content_type = "text/event-stream"),
    )
)]
async fn follow_job(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let job = app.jobs.get(&id)?;
    let (events, received) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let now = job.job();
            let has_ended = now.state != JobState::Running;
            let name = if has_ended { "end" } else { "progress" };
            let text = serde_json::to_string(&now).unwrap_or_default();
            let event = Event::default().event(name).data(text);
            // Nobody listens any more.
            if events.send(Ok(event)).await.is_err() || has_ended {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
    });
    Ok(Sse::new(ReceiverStream::new(received)).keep_alive(KeepAlive::default()))
}

#[cfg(test)]
mod tests {
    use super::{JobKind, JobState, Jobs, MOST_RUNNING};
    use crate::serve::problem::Problem;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    fn ended(jobs: &Jobs, id: &str) -> super::Job {
        for _ in 0..500 {
            let job = jobs.get(id).expect("the job").job();
            if job.state != JobState::Running {
                return job;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }

    #[test]
    fn a_job_ends_as_its_work_does() {
        let jobs = Jobs::default();
        let done = jobs
            .start(JobKind::Report, |_| Ok("/made".to_owned()))
            .unwrap();
        let failed = jobs
            .start(JobKind::Report, |_| Err(Problem::internal("why")))
            .unwrap();
        let broken = jobs
            .start(JobKind::Report, |_| std::panic::resume_unwind(Box::new(())))
            .unwrap();
        let done = ended(&jobs, done.id());
        assert_eq!(done.state, JobState::Done);
        assert_eq!(done.result.as_deref(), Some("/made"));
        let failed = ended(&jobs, failed.id());
        assert_eq!(failed.state, JobState::Failed);
        assert_eq!(failed.error.map(|it| it.detail).as_deref(), Some("why"));
        assert_eq!(ended(&jobs, broken.id()).state, JobState::Failed);
        assert_eq!(jobs.get("none").err().map(|it| it.name), Some("UnknownJob"));
    }

    #[test]
    fn what_is_cancelled_ends_as_cancelled_and_few_run_at_once() {
        let jobs = Jobs::default();
        let (go, wait) = channel::<()>();
        let job = jobs
            .start(JobKind::Investigation, move |_| {
                let _ = wait.recv();
                Ok("/made".to_owned())
            })
            .unwrap();
        let mut others = Vec::new();
        for _ in 1..MOST_RUNNING {
            let (go, wait) = channel::<()>();
            others.push(go);
            jobs.start(JobKind::Report, move |_| {
                let _ = wait.recv();
                Ok(String::new())
            })
            .unwrap();
        }
        let more = jobs.start(JobKind::Report, |_| Ok(String::new()));
        assert_eq!(more.err().map(|it| it.name), Some("TooManyJobs"));
        job.cancel();
        drop(go);
        assert_eq!(ended(&jobs, job.id()).state, JobState::Cancelled);
    }
}
