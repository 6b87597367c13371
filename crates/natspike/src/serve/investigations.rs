//! Queries that are made here, and those that were made before.
//!
//! **Invariants.** A query is what natspike investigate asks, kept in the same
//! history; without one its result is kept until the server ends.

use super::App;
use super::jobs::{Job, JobKind, locked};
use super::options::Question;
use super::problem::{Asked, Body, Problem};
use super::reports::attachment;
use super::uploads::UploadKind;
use crate::history::{self, RecallError};
use crate::progress::Shown;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use egress::investigate::{self, Investigation};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Results that are kept without a history.
const MOST_KEPT: usize = 20;
/// Queries that are listed where nothing else is said.
const LISTED: usize = 50;

/// Results of queries that no history has.
#[derive(Debug, Default)]
pub(crate) struct Results(Mutex<VecDeque<(String, Arc<Investigation>)>>);

impl Results {
    fn keep(&self, id: String, found: Investigation) {
        let mut all = locked(&self.0);
        all.push_front((id, Arc::new(found)));
        all.truncate(MOST_KEPT);
    }

    fn get(&self, id: &str) -> Option<Arc<Investigation>> {
        let all = locked(&self.0);
        let found = all.iter().find(|(known, _)| known == id);
        found.map(|(_, found)| Arc::clone(found))
    }
}

/// What is investigated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Investigate {
    /// What is read, as of a report.
    #[serde(default)]
    sources: Vec<String>,
    /// Or what this report was made of.
    report: Option<String>,
    /// What is asked, and how.
    #[serde(default)]
    options: Question,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(start_investigation))
        .routes(routes!(list_queries))
        .routes(routes!(show_query))
}

/// Make a query; its job's result is the path of the answer
#[utoipa::path(
    post, path = "/investigations", tag = "investigations", request_body = Investigate,
    responses(
        (status = 202, description = "its job answers it", body = Job),
    )
)]
async fn start_investigation(
    State(app): State<Arc<App>>,
    Body(asked): Body<Investigate>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let job = super::blocking(move || app.investigate(asked)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

impl App {
    fn investigate(self: &Arc<App>, asked: Investigate) -> Result<Job, Problem> {
        let Investigate {
            mut sources,
            report,
            options: mut question,
        } = asked;
        if let Some(report) = report {
            let request = self.reports.request(&report)?;
            question = request.options.or(question);
            if sources.is_empty() {
                sources = request.sources;
            }
        }
        let paths = self.resolve(&sources)?.paths;
        let lists = question.cidr_lists.iter();
        let lists = lists.map(|id| self.uploads.path(id, UploadKind::CidrList));
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        let (investigate, line) = self.base.investigate(&paths, &lists, &question)?;
        let own = Arc::clone(self);
        let job = self.jobs.start(JobKind::Investigation, move |watched| {
            let found = investigate.found(&line, Shown::To(Arc::clone(watched)));
            let (id, mut found) = found.map_err(|error| own.named(Problem::failed(&error)))?;
            let id = match id {
                Some(id) => id,
                None => {
                    let id = super::drawn()?;
                    for source in &mut found.question.sources {
                        *source = own.uploads.plain(source);
                    }
                    own.results.keep(id.clone(), found);
                    id
                }
            };
            Ok(format!("{}/queries/{id}", super::BASE))
        })?;
        Ok(job.job())
    }
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Limit {
    /// Queries at the most; 0 is all.
    limit: Option<usize>,
}

/// List the queries that were made, the newest first (schema natspike.history/1)
#[utoipa::path(
    get, path = "/queries", tag = "investigations", params(Limit),
    responses(
        (status = 200, description = "the queries", body = Value),
    )
)]
async fn list_queries(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    super::blocking(move || {
        let limit = asked.limit.unwrap_or(LISTED);
        let history = app.keeping.history().ok_or_else(no_history)?;
        let listing = history::list(&history, limit);
        let listing = listing.map_err(|error| Problem::failed(&error))?;
        let mut text = Vec::new();
        let written = listing.json(&mut text);
        written.map_err(|error| Problem::internal(format!("It cannot be written: {error}.")))?;
        let mut value: Value = serde_json::from_slice(&text)
            .map_err(|error| Problem::internal(format!("It cannot be read: {error}.")))?;
        for source in value["queries"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter_map(|query| query["sources"].as_array_mut())
            .flatten()
        {
            if let Some(text) = source.as_str() {
                *source = app.uploads.plain(text).into();
            }
        }
        Ok(Json(value))
    })
    .await
}

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AnswerForm {
    /// Schema natspike.investigation/1.
    Json,
    /// One table of the rows of all.
    Csv,
    /// For an issue or a wiki.
    Markdown,
}

/// Which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AsForm {
    /// The form, as a file that is saved.
    #[param(inline)]
    form: Option<AnswerForm>,
}

/// Show the answer to a query (schema natspike.investigation/1)
#[utoipa::path(
    get, path = "/queries/{id}", tag = "investigations",
    params(("id" = String, Path, description = "the query's id, or its beginning"), AsForm),
    responses(
        (status = 200, description = "the answer", content(
            (Value = "application/json"),
            (String = "text/csv"),
            (String = "text/markdown"),
        )),
    )
)]
async fn show_query(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Asked(asked): Asked<AsForm>,
) -> Result<Response, Problem> {
    super::blocking(move || {
        let mut found = app.answer(&id)?;
        for source in &mut found.question.sources {
            *source = app.uploads.plain(source);
        }
        let mut text = Vec::new();
        let (written, ending) = match asked.form {
            Some(AnswerForm::Csv) => (investigate::csv::write(&found, &mut text), "csv"),
            Some(AnswerForm::Markdown) => (investigate::markdown::write(&found, &mut text), "md"),
            Some(AnswerForm::Json) | None => (investigate::json::write(&found, &mut text), "json"),
        };
        written.map_err(|error| Problem::internal(format!("It cannot be written: {error}.")))?;
        Ok(match asked.form {
            Some(_) => attachment(text, &format!("query-{id}.{ending}")),
            None => ([("content-type", "application/json")], text).into_response(),
        })
    })
    .await
}

impl App {
    fn answer(&self, id: &str) -> Result<Investigation, Problem> {
        if let Some(found) = self.results.get(id) {
            return Ok(Investigation::clone(&found));
        }
        let is_id = !id.is_empty() && id.bytes().all(|it| it.is_ascii_alphanumeric());
        let unknown = || {
            Problem::not_found(
                "UnknownQuery",
                format!(
                    "No query that is kept has an id that begins with {id:?}; look at the list."
                ),
            )
        };
        if !is_id {
            return Err(unknown());
        }
        let history = self.keeping.history().ok_or_else(unknown)?;
        history::recall(&history, id).map_err(|error| {
            let (status, name) = match error {
                RecallError::Unknown(_) => return unknown(),
                RecallError::Several(_) => (StatusCode::CONFLICT, "SeveralQueries"),
                RecallError::NoResult(_) => (StatusCode::CONFLICT, "NoResult"),
                RecallError::Gone(_) => (StatusCode::GONE, "ResultGone"),
                RecallError::Unreadable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Failed"),
            };
            Problem::new(status, name, format!("Failed to {error}."))
        })
    }
}

fn no_history() -> Problem {
    Problem::not_found(
        "NoHistory",
        "No history is kept here; start natspike serve without --no-history, or with --state-dir.",
    )
}
