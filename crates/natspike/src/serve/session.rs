//! What the page has to know first: what may be opened, asked and chosen.

use super::App;
use super::problem::{Asked, Problem};
use axum::Json;
use axum::extract::State;
use egress::investigate::{Analysis, Thresholds};
use flowlog::filter::Expr;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the page has to know first.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    /// The version of natspike.
    version: &'static str,
    /// Whether flow logs in AWS can be read.
    has_aws: bool,
    /// The stack's name.
    stack: Option<String>,
    /// What may be opened.
    roots: Vec<String>,
    /// Profiles of the AWS configuration files.
    profiles: Vec<String>,
    /// The one that counts where none is named.
    default_profile: Option<String>,
    /// The region that counts where none is named.
    default_region: Option<String>,
    /// AWS's regions.
    regions: Vec<Region>,
    /// The largest file that may be sent.
    max_upload_bytes: u64,
    /// Where queries are kept.
    state_folder: Option<String>,
    /// What can be investigated.
    analyses: Vec<About>,
    /// What rows are ranked by.
    rankings: Vec<String>,
    /// Thresholds of rules.
    thresholds: Vec<Threshold>,
    /// Names of the filter language.
    filter_names: Vec<FilterName>,
}

/// A region.
#[derive(Debug, Serialize, ToSchema)]
struct Region {
    /// Its code.
    code: String,
    /// Whether the price of a gigabyte processed ships with natspike.
    has_price: bool,
}

/// An analysis.
#[derive(Debug, Serialize, ToSchema)]
struct About {
    /// Its name.
    name: &'static str,
    /// What it answers.
    summary: &'static str,
    /// It is about one port.
    needs_port: bool,
    /// It finds what is strange, by a rule with thresholds.
    is_rule: bool,
}

/// A threshold.
#[derive(Debug, Serialize, ToSchema)]
struct Threshold {
    /// Its name.
    name: String,
    /// What it says.
    about: String,
    /// What it usually is.
    default: Option<u64>,
}

/// A name in a filter.
#[derive(Debug, Serialize, ToSchema)]
struct FilterName {
    /// The name.
    name: &'static str,
    /// What kind of value it has.
    kind: &'static str,
    /// What a value looks like.
    about: &'static str,
}

/// A filter.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FilterText {
    /// The filter.
    text: String,
}

/// Whether a text is a filter.
#[derive(Debug, Serialize, ToSchema)]
struct Checked {
    /// It is one.
    ok: bool,
    /// The same, as natspike writes it.
    canonical: Option<String>,
    /// What is wrong.
    message: Option<String>,
    /// Where, in characters from 0 on.
    column: Option<usize>,
    /// The text with a caret under that.
    pointed: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show_session))
        .routes(routes!(check_filter))
}

/// Show what may be opened, asked and chosen
#[utoipa::path(
    get, path = "/session", tag = "session",
    responses((status = 200, description = "what the page has to know", body = Session))
)]
async fn show_session(State(app): State<Arc<App>>) -> Result<Json<Session>, Problem> {
    let profiles = app.profiles().await;
    let analyses = Analysis::ALL.map(|analysis| About {
        name: analysis.name(),
        summary: analysis.summary(),
        needs_port: analysis == Analysis::PortSpecific,
        is_rule: analysis.is_rule(),
    });
    let folder = app.keeping.folder();
    Ok(Json(Session {
        version: env!("CARGO_PKG_VERSION"),
        has_aws: cfg!(feature = "aws"),
        stack: app.stack_name(),
        roots: app.roots.shown(),
        profiles,
        default_profile: app.base.profile.clone().or_else(|| set("AWS_PROFILE")),
        default_region: app
            .base
            .region
            .first()
            .cloned()
            .or_else(|| set("AWS_REGION")),
        regions: regions(),
        max_upload_bytes: app.uploads.limit(),
        state_folder: folder.map(|folder| folder.display().to_string()),
        analyses: analyses.into(),
        rankings: super::options::rankings(),
        thresholds: thresholds(),
        filter_names: flowlog::filter::names()
            .map(|(name, kind)| FilterName {
                name,
                kind: kind.name(),
                about: kind.example(),
            })
            .collect(),
    }))
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn regions() -> Vec<Region> {
    let regions = egress::AwsRanges::shipped().regions().into_iter();
    let regions = regions.map(|code| Region {
        has_price: egress::Rate::of_region(code).is_ok(),
        code: code.to_owned(),
    });
    regions.collect()
}

fn thresholds() -> Vec<Threshold> {
    let defaults = serde_json::to_value(Thresholds::default()).unwrap_or_default();
    let about = crate::thresholds::about();
    let about = about.into_iter();
    about
        .map(|(name, about)| Threshold {
            default: defaults[&name].as_u64(),
            name,
            about,
        })
        .collect()
}

/// Check a filter
#[utoipa::path(
    get, path = "/filters/check", tag = "session", params(FilterText),
    responses(
        (status = 200, description = "whether it is one", body = Checked),
    )
)]
async fn check_filter(Asked(asked): Asked<FilterText>) -> Json<Checked> {
    let text = asked.text;
    Json(match Expr::parse(&text) {
        Ok(expr) => Checked {
            ok: true,
            canonical: Some(expr.to_string()),
            message: None,
            column: None,
            pointed: None,
        },
        Err(error) => Checked {
            ok: false,
            canonical: None,
            message: Some(error.to_string()),
            column: Some(error.column.saturating_sub(1)),
            pointed: Some(error.pointed(&text)),
        },
    })
}
