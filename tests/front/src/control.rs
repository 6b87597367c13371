//! The front's own HTTP interface under `/_front/`.

use crate::answer::respond;
use crate::rule::{Rule, Rules};
use crate::server::State;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response};
use serde::Serialize;

/// Whether a path belongs to the front itself.
pub(crate) fn is_own(path: &str) -> bool {
    path == "/_front" || path.starts_with("/_front/")
}

pub(crate) fn answer(
    state: &State,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Response<Full<Bytes>> {
    match (method, path) {
        (&Method::GET, "/_front/health") => json(
            200,
            &serde_json::json!({
                "status": "ok",
                "upstream": state.upstream.to_string(),
                "calls": state.journal.len(),
                "journal_error": state.journal.error(),
            }),
        ),
        (&Method::GET, "/_front/calls") => json(200, &state.journal.calls()),
        (&Method::GET, "/_front/rules") => json(200, &state.rules().0),
        (&Method::PUT, "/_front/rules") => match serde_json::from_slice::<Vec<Rule>>(body) {
            Ok(rules) => {
                let mut current = state.rules();
                *current = Rules::new(rules);
                json(200, &current.0)
            }
            Err(error) => json(
                400,
                &serde_json::json!({ "error": format!("not a list of rules: {error}") }),
            ),
        },
        (_, "/_front/health" | "/_front/calls" | "/_front/rules") => json(
            405,
            &serde_json::json!({ "error": format!("{method} is not possible here") }),
        ),
        _ => json(
            404,
            &serde_json::json!({ "error": "there are /_front/health, /_front/calls and /_front/rules" }),
        ),
    }
}

fn json(status: u16, value: &impl Serialize) -> Response<Full<Bytes>> {
    match serde_json::to_vec(value) {
        Ok(body) => respond(status, "application/json", body),
        Err(error) => respond(500, "text/plain", error.to_string().into_bytes()),
    }
}
