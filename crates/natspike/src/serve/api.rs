//! All routes, and the document that describes them.

use super::problem::Problem;
use super::{
    App, BASE, BODY, comparisons, guard, investigations, jobs, page, reports, roots, session,
    uploads,
};
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;

#[derive(OpenApi)]
#[openapi(info(
    title = "natspike serve",
    description = "What the page of natspike serve asks; the forms natspike.report/1, \
                   natspike.investigation/1, natspike.history/1 and natspike.comparison/1 are those \
                   that the commands print."
))]
struct About;

/// The API's routes with their document.
fn api() -> (Router<Arc<App>>, Document) {
    let routes = OpenApiRouter::new()
        .merge(session::routes())
        .merge(roots::routes())
        .merge(jobs::routes())
        .merge(reports::routes())
        .merge(investigations::routes())
        .merge(comparisons::routes());
    #[cfg(feature = "aws")]
    let routes = routes.merge(super::stack::routes());
    let routes = routes
        .layer(DefaultBodyLimit::max(BODY))
        // They have a limit of their own.
        .merge(uploads::routes().layer(DefaultBodyLimit::disable()));
    let (router, mut document) = OpenApiRouter::with_openapi(About::openapi())
        .nest(BASE, routes)
        .split_for_parts();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", scheme);
    add_refusals(&mut document);
    document.security = Some(vec![SecurityRequirement::new(
        "token",
        Vec::<String>::new(),
    )]);
    (router, document)
}

/// What may be answered, by what a request has in it.
const REFUSALS: [(&str, &str, Part); 11] = [
    ("400", "the query or the body is not understood", Part::Said),
    ("401", "the token is missing or wrong", Part::Any),
    ("403", "it may not be asked so, or not be opened", Part::Any),
    ("404", "what it names is not there", Part::Said),
    ("409", "what it names is not ready", Part::Said),
    (
        "410",
        "what it names is gone, or could not be read",
        Part::Said,
    ),
    ("413", "the body is too large", Part::Body),
    ("415", "the body is no JSON", Part::Body),
    ("422", "it cannot be done so", Part::Said),
    ("429", "too many jobs are under way", Part::Body),
    ("500", "natspike failed", Part::Any),
];

/// What a request has in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing but its route.
    Any,
    /// Parameters or a body.
    Said,
    /// A body.
    Body,
}

fn add_refusals(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let has_body = operation.request_body.is_some();
            let says = has_body || operation.parameters.is_some();
            let has = |part| match part {
                Part::Any => true,
                Part::Said => says,
                Part::Body => has_body,
            };
            for (status, description, part) in REFUSALS {
                if has(part) {
                    let refusal = RefOr::T(refusal(description));
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.to_owned()).or_insert(refusal);
                }
            }
        }
    }
}

fn refusal(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content.build())
        .build()
}

/// Everything that is answered.
pub(super) fn router(app: Arc<App>) -> Router {
    let (routes, document) = api();
    let openapi = move || {
        let document = document.clone();
        async move { Json(document) }
    };
    routes
        .route(&format!("{BASE}/openapi.json"), get(openapi))
        .route(&format!("{BASE}/{{*rest}}"), axum::routing::any(nothing))
        .route("/", get(page::index))
        .route("/{name}", get(page::file))
        .fallback(nothing)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), guard::guard))
        .with_state(app)
}

async fn nothing() -> impl IntoResponse {
    Problem::not_found(
        "NoRoute",
        format!("There is nothing here; {BASE}/openapi.json says what there is."),
    )
}

async fn not_allowed() -> impl IntoResponse {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "NoMethod",
        format!("That cannot be done with it; {BASE}/openapi.json says what can."),
    )
}
