//! What went wrong, as the API says it: RFC 9457, with a stable name.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// What went wrong, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `about:blank`: the name says more than a page could.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name in words.
    title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// One sentence that says what to do next.
    pub(crate) detail: String,
    /// Stable.
    pub(crate) name: &'static str,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        name: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem {
            kind: "about:blank",
            title: words(name),
            status: status.as_u16(),
            detail: detail.into(),
            name,
        }
    }

    /// What was asked cannot be understood, or not be done.
    pub(crate) fn unprocessable(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, name, detail)
    }

    /// There is no such thing.
    pub(crate) fn not_found(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, name, detail)
    }

    /// What a command would print after "failed to".
    pub(crate) fn failed(error: &anyhow::Error) -> Problem {
        Problem::unprocessable("Failed", failed_to(error))
    }

    /// The same in other words.
    pub(crate) fn saying(self, detail: String) -> Problem {
        Problem { detail, ..self }
    }

    /// Something that should not happen, whoever asks.
    pub(crate) fn internal(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", detail)
    }
}

/// An error as a sentence, of which its end may be one.
pub(crate) fn failed_to(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    format!("Failed to {}.", said.strip_suffix('.').unwrap_or(&said))
}

/// A name such as `UnknownReport` in words.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        match letter.is_ascii_uppercase() && !words.is_empty() {
            true => words.extend([' ', letter.to_ascii_lowercase()]),
            false => words.push(letter),
        }
    }
    words
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

/// A body of JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let read = Json::<T>::from_request(request, state).await;
        let refused = |rejection: JsonRejection| {
            let detail = format!("{}.", rejection.body_text());
            Problem::new(rejection.status(), "BadBody", detail)
        };
        read.map(|Json(body)| Body(body)).map_err(refused)
    }
}

/// The parameters of a query.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        let refused = |rejection: QueryRejection| {
            let detail = format!("{}.", rejection.body_text());
            Problem::new(rejection.status(), "BadQuery", detail)
        };
        read.map(|Query(asked)| Asked(asked)).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use anyhow::anyhow;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    #[test]
    fn a_problem_is_of_its_own_type() {
        let problem = Problem::failed(&anyhow!("why").context("read a.log"));
        assert_eq!(problem.detail, "Failed to read a.log: why.");
        assert_eq!(problem.title, "Failed");
        let ended = Problem::failed(&anyhow!("find a record. It is empty."));
        assert_eq!(ended.detail, "Failed to find a record. It is empty.");
        let unknown = Problem::not_found("UnknownReport", "why");
        assert_eq!(unknown.title, "Unknown report");
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}
