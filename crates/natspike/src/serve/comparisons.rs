//! Two reports side by side.

use super::App;
use super::problem::{Body, Problem};
use super::reports::second;
use super::uploads::UploadKind;
use axum::Json;
use axum::extract::State;
use egress::compare::{self, Comparison, Side};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What is compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Compare {
    /// Before the change.
    before: Of,
    /// After the change.
    after: Of,
    /// Rows of each kind at the most; 0 is all.
    top: Option<usize>,
}

/// A side: one of a report that is open, and a report that was sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Of {
    /// A report that is open.
    report: Option<String>,
    /// Records that begin from then on.
    #[serde(default, deserialize_with = "second")]
    #[schema(maximum = 253402300799i64)]
    from: Option<u64>,
    /// Records that begin before then.
    #[serde(default, deserialize_with = "second")]
    #[schema(maximum = 253402300799i64)]
    until: Option<u64>,
    /// Or a report that was sent.
    upload: Option<String>,
    /// Or a recording of the stack.
    recording: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(compare_reports))
}

/// Compare two reports (schema natspike.comparison/1)
#[utoipa::path(
    post, path = "/comparisons", tag = "comparisons", request_body = Compare,
    responses(
        (status = 200, description = "what went, what came, what that saves", body = Value),
    )
)]
async fn compare_reports(
    State(app): State<Arc<App>>,
    Body(asked): Body<Compare>,
) -> Result<Json<Value>, Problem> {
    let recordings = [&asked.before, &asked.after].map(|of| of.recording.clone());
    let mut recorded = Vec::new();
    for recording in recordings {
        recorded.push(match recording {
            Some(execution) => Some(app.recorded_report(&execution).await?),
            None => None,
        });
    }
    super::blocking(move || {
        let mut recorded = recorded.into_iter();
        let mut side = |of: &Of| app.side(of, recorded.next().flatten());
        let (before, after) = (side(&asked.before)?, side(&asked.after)?);
        let comparison = Comparison::of(&before, &after);
        let comparison = comparison.map_err(|error| {
            Problem::unprocessable(error.name(), format!("They cannot be compared: {error}."))
        })?;
        Ok(Json(compare::json(&comparison, asked.top.unwrap_or(0))))
    })
    .await
}

impl App {
    fn side(&self, of: &Of, recorded: Option<Vec<u8>>) -> Result<Side, Problem> {
        let text = match (&of.report, &of.upload, recorded) {
            (Some(id), None, None) => {
                let report = self.reports.part(id, of.from, of.until)?;
                let mut text = Vec::new();
                egress::json::write(&report, 0, &mut text).map_err(|error| {
                    Problem::internal(format!("It cannot be written: {error}."))
                })?;
                text
            }
            (None, Some(id), None) => {
                let path = self.uploads.path(id, UploadKind::Report)?;
                std::fs::read(path)
                    .map_err(|error| Problem::internal(format!("It cannot be read: {error}.")))?
            }
            (None, None, Some(text)) => text,
            _ => {
                return Err(Problem::unprocessable(
                    "NoSide",
                    "A side is one of report, upload and recording; name one for each.",
                ));
            }
        };
        let read = Side::read(&text);
        read.map_err(|error| Problem::unprocessable(error.name(), format!("{error}.")))
    }
}
