//! The reports' part of the API.

use super::{ReportState, Request, Summary};
use crate::serve::jobs::locked;
use crate::serve::problem::{Asked, Body, Problem};
use crate::serve::{App, blocking};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use egress::Report;
use egress::rows::{self, List, RowsError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Rows of each list where nothing else is said.
const TOP: usize = 50;
/// Rows that are given at a time.
const MOST_ROWS: usize = 1_000;
/// Nodes of a column of the diagram, where nothing else is said, and at the most.
const NODES: usize = 12;
const MOST_NODES: usize = 100;

/// Reports that are open.
#[derive(Debug, Serialize, ToSchema)]
struct ReportList {
    /// By title.
    reports: Vec<Summary>,
}

/// Whether it is read again.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Again {
    /// Read it again, even if nothing seems to have changed.
    #[serde(default)]
    refresh: bool,
}

/// The last second of the year 9999.
const LATEST: u64 = 253_402_300_799;

/// A time, if there is one.
pub(crate) fn second<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let second = Option::<u64>::deserialize(from)?;
    match second {
        Some(second) if second > LATEST => Err(D::Error::custom(
            "a time is in Unix seconds, and before the year 10000",
        )),
        second => Ok(second),
    }
}

/// The number that is asked for, from 1 to the most that there may be.
fn within(name: &str, asked: Option<usize>, default: usize, most: usize) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        number if (1..=most).contains(&number) => Ok(number),
        number => Err(Problem::unprocessable(
            "OutOfRange",
            format!("{name} is {number}; ask for 1 to {most}."),
        )),
    }
}

/// Which part of a report.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// Records that begin from then on, in Unix seconds.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    from: Option<u64>,
    /// Records that begin before then.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    until: Option<u64>,
    /// Rows of each list at the most; 0 is all.
    top: Option<usize>,
}

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_reports, open_report))
        .routes(routes!(show_report, close_report))
        .routes(routes!(list_rows))
        .routes(routes!(show_flow))
        .routes(routes!(export_report))
}

/// List the reports that are open
#[utoipa::path(
    get, path = "/reports", tag = "reports",
    responses((status = 200, description = "by title", body = ReportList))
)]
async fn list_reports(State(app): State<Arc<App>>) -> Json<ReportList> {
    let all = locked(&app.reports.all);
    let mut reports: Vec<Summary> = all.values().map(super::Entry::summary).collect();
    reports.sort_by(|one, other| (&one.title, &one.id).cmp(&(&other.title, &other.id)));
    Json(ReportList { reports })
}

/// Open flow logs or a bundle; the same request is the same report
#[utoipa::path(
    post, path = "/reports", tag = "reports", params(Again), request_body = Request,
    responses(
        (status = 200, description = "it is open already", body = Summary),
        (status = 202, description = "its job reads it", body = Summary),
    )
)]
async fn open_report(
    State(app): State<Arc<App>>,
    Asked(again): Asked<Again>,
    Body(request): Body<Request>,
) -> Result<(StatusCode, Json<Summary>), Problem> {
    let summary = blocking(move || app.open(request, again.refresh)).await?;
    let status = match summary.state {
        ReportState::Ready if summary.job.is_none() => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, Json(summary)))
}

/// Show a report, of all records or those of a time (schema natspike.report/1)
#[utoipa::path(
    get, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, description = "the report's id"), Shown),
    responses(
        (status = 200, description = "the report", body = Value),
    )
)]
async fn show_report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Asked(asked): Asked<Shown>,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let report = app.reports.part(&id, asked.from, asked.until)?;
        Ok(Json(shown(&report, asked.top.unwrap_or(TOP))))
    })
    .await
}

/// The report with the number of rows of its lists.
fn shown(report: &Report, top: usize) -> Value {
    let mut value = egress::json::value(report, top);
    let counts = List::ALL.map(|list| (list.name().to_owned(), list.count(report).into()));
    let mut counts: Map<String, Value> = counts.into_iter().collect();
    counts.insert("findings".to_owned(), report.findings.len().into());
    value["totals"] = counts.into();
    value
}

/// A list of a report.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what List::named reads")]
enum ListName {
    /// Workloads.
    Sources,
    /// Workloads by owner.
    Groups,
    /// Remote ends.
    Destinations,
    /// Remote ends by name.
    NamedDestinations,
    /// AWS services.
    Services,
    /// Remote ends' ports.
    Ports,
    /// Workloads by availability zone.
    Zones,
    /// Workloads with the remote ends that they talk to.
    Pairs,
    /// What is charged.
    Charges,
}

/// Which rows of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Records that begin from then on, in Unix seconds.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    from: Option<u64>,
    /// Records that begin before then.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    until: Option<u64>,
    /// The field to sort by; without one it is the report's order.
    sort: Option<String>,
    /// The order.
    #[param(inline)]
    order: Option<Order>,
    /// Rows to leave out.
    #[serde(default)]
    offset: usize,
    /// Rows to give, 1000 at the most; as CSV it is all.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// What has to stand in one of the texts of a row.
    #[serde(default)]
    search: String,
    /// As a file that is saved.
    #[param(inline)]
    form: Option<RowsForm>,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

/// A form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RowsForm {
    /// For a spreadsheet.
    Csv,
}

/// Some rows of a list.
#[derive(Debug, Serialize, ToSchema)]
struct SomeRows {
    /// How many the list has.
    total: usize,
    /// How many of them have what is searched.
    matching: usize,
    /// Rows as in the report.
    rows: Vec<Value>,
}

/// Give rows of a list of a report, sorted and searched
#[utoipa::path(
    get, path = "/reports/{id}/rows/{list}", tag = "reports",
    params(
        ("id" = String, Path, description = "the report's id"),
        ("list" = inline(ListName), Path, description = "the list"),
        Wanted,
    ),
    responses((status = 200, description = "the rows", content(
        (SomeRows = "application/json"),
        (String = "text/csv"),
    )))
)]
async fn list_rows(
    State(app): State<Arc<App>>,
    Path((id, list)): Path<(String, String)>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    blocking(move || {
        let refused = |error: RowsError| {
            let detail = format!("{error}.");
            match error {
                RowsError::UnknownList(_) => Problem::not_found(error.name(), detail),
                RowsError::UnknownField { .. } => Problem::unprocessable(error.name(), detail),
            }
        };
        let list = List::named(&list).map_err(refused)?;
        let report = app.reports.part(&id, wanted.from, wanted.until)?;
        let is_file = wanted.form == Some(RowsForm::Csv);
        let query = rows::Query {
            sort: wanted.sort.as_deref(),
            is_descending: wanted.order != Some(Order::Asc),
            offset: if is_file { 0 } else { wanted.offset },
            limit: match is_file {
                true => 0,
                false => within("limit", wanted.limit, TOP, MOST_ROWS)?,
            },
            search: &wanted.search,
        };
        if is_file {
            let mut text = Vec::new();
            let written = rows::csv(&report, list, query, &mut text).map_err(refused)?;
            written
                .map_err(|error| Problem::internal(format!("It cannot be written: {error}.")))?;
            return Ok(attachment(text, &format!("{}.csv", list.name())));
        }
        let found = rows::rows(&report, list, query).map_err(refused)?;
        let rows = SomeRows {
            total: found.total,
            matching: found.matching,
            rows: found.rows,
        };
        Ok(Json(rows).into_response())
    })
    .await
}

/// Which diagram.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Drawn {
    /// Records that begin from then on, in Unix seconds.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    from: Option<u64>,
    /// Records that begin before then.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    until: Option<u64>,
    /// Nodes of a column; what is smaller is one node together.
    #[param(minimum = 1, maximum = 100)]
    most: Option<usize>,
}

/// Show who moves how much through which service to whom, of the largest pairs
#[utoipa::path(
    get, path = "/reports/{id}/flow", tag = "reports",
    params(("id" = String, Path, description = "the report's id"), Drawn),
    responses((status = 200, description = "three columns of nodes, and the links between them", body = Value))
)]
async fn show_flow(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Asked(drawn): Asked<Drawn>,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let report = app.reports.part(&id, drawn.from, drawn.until)?;
        let most = within("most", drawn.most, NODES, MOST_NODES)?;
        Ok(Json(egress::flow::diagram(&report, most).value()))
    })
    .await
}

/// Close a report; files stay
#[utoipa::path(
    delete, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, description = "the report's id")),
    responses(
        (status = 204, description = "it is closed"),
    )
)]
async fn close_report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let closed = locked(&app.reports.all).remove(&id);
    match closed {
        Some(entry) => {
            if let Some(job) = entry.job {
                job.cancel();
            }
            Ok(StatusCode::NO_CONTENT)
        }
        None => Err(super::unknown()),
    }
}

/// A form of a report.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReportForm {
    /// Schema natspike.report/1.
    Json,
    /// A page in one file.
    Html,
    /// For an issue or a wiki.
    Markdown,
    /// Workloads and remote ends.
    Csv,
}

/// Which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Export {
    /// The form.
    #[param(inline)]
    form: ReportForm,
    /// Records that begin from then on, in Unix seconds.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    from: Option<u64>,
    /// Records that begin before then.
    #[serde(default, deserialize_with = "second")]
    #[param(maximum = 253402300799i64)]
    until: Option<u64>,
}

/// Save a report in one of the forms of natspike analyze
#[utoipa::path(
    get, path = "/reports/{id}/export", tag = "reports",
    params(("id" = String, Path, description = "the report's id"), Export),
    responses(
        (status = 200, description = "the report; a page is saved, never shown", content(
            (Value = "application/json"),
            (String = "text/csv"),
            (String = "text/markdown"),
            (String = "application/octet-stream"),
        )),
    )
)]
async fn export_report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Asked(asked): Asked<Export>,
) -> Result<Response, Problem> {
    blocking(move || {
        let opened = app.reports.get(&id)?;
        let report = match asked.form {
            // What is saved to be computed with is whole.
            ReportForm::Json | ReportForm::Csv => {
                Arc::new(opened.with_all_pairs(asked.from, asked.until)?)
            }
            ReportForm::Html | ReportForm::Markdown => opened.part(asked.from, asked.until)?,
        };
        let report = &*report;
        let mut text = Vec::new();
        let (written, ending) = match asked.form {
            ReportForm::Json => (egress::json::write(report, 0, &mut text), "json"),
            ReportForm::Html => {
                let title = app.uploads.plain(opened.title());
                let written = egress::html::write(report, opened.facts(), &title, TOP, &mut text);
                (written, "html")
            }
            ReportForm::Markdown => (egress::markdown::write(report, TOP, &mut text), "md"),
            ReportForm::Csv => (egress::csv::write(report, 0, &mut text), "csv"),
        };
        written.map_err(|error| Problem::internal(format!("It cannot be written: {error}.")))?;
        Ok(attachment(text, &format!("report.{ending}")))
    })
    .await
}

/// A file that the browser saves.
pub(crate) fn attachment(content: Vec<u8>, name: &str) -> Response {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("md") => "text/markdown; charset=utf-8",
        // A page is saved and never shown here, where it would have our cookie.
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, content).into_response()
}
