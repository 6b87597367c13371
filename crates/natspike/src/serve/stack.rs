//! The recorder's stack: its gateways, its recordings, and a hand on them.
//!
//! **Invariants.** The stack is looked up when somebody asks for it, and then kept.
//! What is started or stopped is what natspike record would start or stop.

use super::App;
use super::problem::{Asked, Body, Problem, failed_to};
use crate::sign_in::SignIn;
use crate::stack::{Gateway, Stack};
use anyhow::Error;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use recorder::hand::Stopped;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::OnceCell;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Recordings that are listed where nothing else is said.
const LISTED: usize = 50;
/// And at the most.
const MOST: usize = 1_000;

/// Which stack, and who asks.
pub(crate) struct Place {
    /// Its name.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: Option<String>,
    /// Who asks AWS.
    pub(crate) sign_in: SignIn,
    /// The stack, once it was found.
    pub(crate) found: OnceCell<Arc<Stack>>,
}

impl App {
    async fn stack(&self) -> Result<&Arc<Stack>, Problem> {
        let Some(place) = &self.stack else {
            return Err(Problem::not_found(
                "NoStack",
                "No stack is known; start natspike serve with --stack NAME.",
            ));
        };
        let found = place.found.get_or_try_init(|| async {
            let region = place.region.as_deref();
            let stack = Stack::open(&place.sign_in, region, &place.name).await?;
            Ok(Arc::new(stack))
        });
        found.await.map_err(|error| refused(&error))
    }

    /// The report of a recording as the stack kept it.
    pub(super) async fn recorded_report(&self, execution: &str) -> Result<Vec<u8>, Problem> {
        let stack = self.stack().await?;
        let report = stack.report(execution).await;
        report.map_err(|error| refused(&error))
    }
}

/// What AWS, or the recorder, does not do.
fn refused(error: &Error) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "StackFailed", failed_to(error))
}

/// A stack.
#[derive(Debug, Serialize, ToSchema)]
struct Shown {
    /// Its name.
    name: String,
    /// Its region.
    region: String,
    /// The gateways that it watches.
    #[schema(value_type = Vec<Value>)]
    gateways: Vec<Gateway>,
    /// The log group that its recordings are delivered to.
    log_group: String,
    /// The bucket that keeps their reports.
    bucket: String,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Limit {
    /// Recordings at the most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// What is recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    /// The NAT gateway's id.
    gateway: String,
}

/// A recording that was begun.
#[derive(Debug, Serialize, ToSchema)]
struct Started {
    /// Its execution.
    execution: String,
}

/// What became of a recording that was to end.
#[derive(Debug, Serialize, ToSchema)]
struct Ended {
    /// Its execution.
    execution: String,
    /// It was under way, and ends now.
    was_running: bool,
}

/// What a recording is expected to be.
#[derive(Debug, Serialize, ToSchema)]
struct Expected {
    /// How long it takes and what it costs.
    sentences: Vec<String>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show_stack))
        .routes(routes!(list_recordings, start_recording))
        .routes(routes!(stop_recording))
        .routes(routes!(expect_recording))
}

/// Show the stack and its gateways
#[utoipa::path(
    get, path = "/stack", tag = "stack",
    responses(
        (status = 200, description = "the stack", body = Shown),
        (status = 404, description = "none is known", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "AWS does not say", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show_stack(State(app): State<Arc<App>>) -> Result<Json<Shown>, Problem> {
    let stack = app.stack().await?;
    let gateways = stack.gateways().await.map_err(|error| refused(&error))?;
    Ok(Json(Shown {
        name: stack.name.clone(),
        region: stack.region.clone(),
        gateways,
        log_group: stack.log_group.clone(),
        bucket: stack.bucket.clone(),
    }))
}

/// List the recordings, the newest first (schema natspike.recordings/1)
#[utoipa::path(
    get, path = "/stack/recordings", tag = "stack", params(Limit),
    responses(
        (status = 200, description = "the recordings", body = Value),
        (status = 502, description = "AWS does not say", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_recordings(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    let stack = app.stack().await?;
    let limit = asked.limit.unwrap_or(LISTED);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::unprocessable(
            "OutOfRange",
            format!("limit is {limit}; ask for 1 to {MOST}."),
        ));
    }
    let recordings = stack.recordings(limit).await;
    Ok(Json(recordings.map_err(|error| refused(&error))?.value()))
}

/// Record a gateway now, whatever its alarm says
#[utoipa::path(
    post, path = "/stack/recordings", tag = "stack", request_body = Start,
    responses(
        (status = 202, description = "it begins", body = Started),
        (status = 502, description = "it cannot begin", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn start_recording(
    State(app): State<Arc<App>>,
    Body(asked): Body<Start>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let stack = app.stack().await?;
    let execution = stack.start(&asked.gateway).await;
    let execution = execution.map_err(|error| refused(&error))?;
    Ok((StatusCode::ACCEPTED, Json(Started { execution })))
}

/// Stop a recording; it is analyzed and mailed
#[utoipa::path(
    delete, path = "/stack/recordings/{execution}", tag = "stack",
    params(("execution" = String, Path, description = "the execution, or its gateway")),
    responses(
        (status = 202, description = "it ends", body = Ended),
        (status = 502, description = "it cannot end", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn stop_recording(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
) -> Result<(StatusCode, Json<Ended>), Problem> {
    let stack = app.stack().await?;
    let stopped = stack.stop(&named).await;
    let (execution, stopped) = stopped.map_err(|error| refused(&error))?;
    let ended = Ended {
        execution,
        was_running: matches!(stopped, Stopped::UnderWay),
    };
    Ok((StatusCode::ACCEPTED, Json(ended)))
}

/// Say how long a recording of a gateway would take, and what it would cost
#[utoipa::path(
    get, path = "/stack/gateways/{gateway}/expected", tag = "stack",
    params(("gateway" = String, Path, description = "the NAT gateway's id")),
    responses(
        (status = 200, description = "what is expected", body = Expected),
        (status = 502, description = "it cannot be recorded", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn expect_recording(
    State(app): State<Arc<App>>,
    Path(gateway): Path<String>,
) -> Result<Json<Expected>, Problem> {
    let stack = app.stack().await?;
    let startable = stack.startable(&gateway).await;
    startable.map_err(|error| refused(&error))?;
    let sentences = stack.expected(&gateway).await;
    let sentences = sentences.map_err(|error| refused(&error))?;
    Ok(Json(Expected { sentences }))
}
