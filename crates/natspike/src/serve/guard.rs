//! Who may talk to the server.
//!
//! A page of anybody else, open in the same browser, can send requests to a
//! server on loopback, and by rebinding a name it can even read the answers. So
//! three things are checked of every request, assets included: the token, which
//! nobody else knows; the Host header, which then is not ours; and the Origin.
//!
//! **Invariants.** Nothing is answered without the token but the refusal itself.
//! Tokens are compared in constant time. The token leaves the address bar at once:
//! it comes in by `/?token=`, and a cookie that scripts cannot read takes its place.

use super::App;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What the page may do: its own scripts and styles, and nothing of anybody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; font-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Letters of a token at the least that users choose themselves.
pub(crate) const SHORTEST: usize = 16;

/// What is checked of every request.
#[derive(Debug)]
pub(crate) struct Guard {
    token: String,
    cookie: String,
    address: SocketAddr,
    names: Vec<String>,
}

/// How a request said the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Header,
    Cookie,
}

impl Guard {
    /// For a server at that address, which has these names, too.
    pub(crate) fn new(token: String, address: SocketAddr, names: Vec<String>) -> Guard {
        Guard {
            token,
            // Cookies are the same for all ports of a host.
            cookie: format!("natspike-{}", address.port()),
            address,
            names,
        }
    }

    fn is_token(&self, said: &str) -> bool {
        self.token.as_bytes().ct_eq(said.as_bytes()).into()
    }

    /// Whether the Host header is one of ours. A name that somebody else made point
    /// here is none; an address cannot be made to point elsewhere.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port))
                if !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()) =>
            {
                (name, port.parse().ok())
            }
            _ => (host, Some(80)),
        };
        if port != Some(self.address.port()) {
            return false;
        }
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if self.address.ip().is_loopback() => address.is_loopback(),
            Ok(address) => {
                let bound = self.address.ip();
                bound.is_unspecified() || bound == address
            }
            Err(_) => {
                let is_named = |known: &String| known.eq_ignore_ascii_case(name);
                let is_local = name.eq_ignore_ascii_case("localhost");
                (is_local && self.listens_locally()) || self.names.iter().any(is_named)
            }
        }
    }

    fn listens_locally(&self) -> bool {
        self.address.ip().is_loopback() || self.address.ip().is_unspecified()
    }

    fn proof(&self, headers: &HeaderMap) -> Option<Proof> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        if bearer.is_some_and(|said| self.is_token(said.trim())) {
            return Some(Proof::Header);
        }
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|line| line.split(';'));
        let is_it = |pair: &str| {
            let pair = pair.trim().split_once('=');
            pair.is_some_and(|(name, said)| name == self.cookie && self.is_token(said))
        };
        cookies.any(is_it).then_some(Proof::Cookie)
    }

    /// Whether host and origin are ours.
    fn check_place(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let refused = |name, detail: &str| Err(Problem::new(StatusCode::FORBIDDEN, name, detail));
        let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
        let Some(host) = host.filter(|host| self.is_ours(host)) else {
            return refused(
                "ForeignHost",
                "This server does not have that name; use the address that natspike serve \
                 printed, or give it the name with --host-name.",
            );
        };
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let own = origin
            .to_str()
            .ok()
            .and_then(|it| it.strip_prefix("http://"));
        match own.is_some_and(|own| own.eq_ignore_ascii_case(host)) {
            true => Ok(()),
            false => refused(
                "ForeignOrigin",
                "The request comes from a page of somebody else, and is not answered.",
            ),
        }
    }

    /// Whether whoever asks may ask that.
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        self.check_place(headers)?;
        let Some(proof) = self.proof(headers) else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "NoToken",
                "The token is missing or wrong; open the whole address that natspike serve \
                 printed, or send it as Authorization: Bearer TOKEN.",
            ));
        };
        let is_change = !matches!(*method, Method::GET | Method::HEAD);
        let is_said = headers.contains_key(header::ORIGIN);
        if is_change && proof == Proof::Cookie && !is_said {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "NoOrigin",
                "A browser says where a change comes from, and this request does not; send the \
                 token as Authorization: Bearer TOKEN instead of a cookie.",
            ));
        }
        Ok(())
    }

    /// The answer to `/?token=`, which exchanges the token for a cookie.
    fn exchange(&self, request: &Request) -> Option<Response> {
        if request.method() != Method::GET || request.uri().path() != "/" {
            return None;
        }
        let query = request.uri().query()?;
        let said = query.split('&').find_map(|it| it.strip_prefix("token="))?;
        if !self.is_token(said) {
            return None;
        }
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            self.cookie, self.token
        );
        let headers = [
            (header::SET_COOKIE, cookie),
            (header::LOCATION, "/".to_owned()),
        ];
        Some((StatusCode::SEE_OTHER, headers).into_response())
    }
}

/// Lets through what may be answered, and says to the browser what the page may do.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let guard = &app.guard;
    let place = guard.check_place(request.headers());
    let exchanged = place.is_ok().then(|| guard.exchange(&request)).flatten();
    let mut response = match exchanged {
        Some(response) => response,
        None => match guard.check(request.method(), request.headers()) {
            Ok(()) => next.run(request).await,
            Err(problem) => refusal(problem, &request),
        },
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for name in [
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "cross-origin-embedder-policy",
    ] {
        let value = match name {
            "cross-origin-embedder-policy" => "require-corp",
            _ => "same-origin",
        };
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The refusal: a sentence for somebody who looks at it in a browser, and JSON for
/// a program.
fn refusal(problem: Problem, request: &Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return problem.into_response();
    }
    let status = problem.clone().into_response().status();
    (status, format!("{}\n", problem.detail)).into_response()
}

#[cfg(test)]
mod tests {
    use super::Guard;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    const TOKEN: &str = "0123456789abcdef";

    fn guard(address: &str) -> Guard {
        let address = address.parse().expect("an address");
        Guard::new(
            TOKEN.to_owned(),
            address,
            vec!["desk.example.com".to_owned()],
        )
    }

    #[test]
    fn only_our_own_names_are_ours() {
        for (address, host, expected) in [
            ("127.0.0.1:4000", "127.0.0.1:4000", true),
            ("127.0.0.1:4000", "localhost:4000", true),
            ("127.0.0.1:4000", "LOCALHOST:4000", true),
            ("127.0.0.1:4000", "[::1]:4000", true),
            ("127.0.0.1:4000", "127.0.0.1:4001", false),
            ("127.0.0.1:4000", "127.0.0.1", false),
            ("127.0.0.1:80", "127.0.0.1", true),
            ("127.0.0.1:4000", "192.0.2.1:4000", false),
            ("127.0.0.1:4000", "rebound.example.net:4000", false),
            ("127.0.0.1:4000", "localhost.example.net:4000", false),
            ("127.0.0.1:4000", "desk.example.com:4000", true),
            ("127.0.0.1:4000", "", false),
            ("127.0.0.1:4000", ":4000", false),
            ("0.0.0.0:4000", "192.0.2.1:4000", true),
            ("0.0.0.0:4000", "other.example.com:4000", false),
            ("192.0.2.1:4000", "192.0.2.1:4000", true),
            ("192.0.2.1:4000", "192.0.2.2:4000", false),
            ("192.0.2.1:4000", "localhost:4000", false),
        ] {
            assert_eq!(guard(address).is_ours(host), expected, "{address} {host}");
        }
    }

    #[test]
    fn says_why_it_does_not_answer() {
        let bearer = ("authorization", "Bearer 0123456789abcdef");
        let cookie = ("cookie", "a=b; natspike-4000=0123456789abcdef");
        let own = ("origin", "http://127.0.0.1:4000");
        let check = |method: Method, said: &[(&'static str, &'static str)], expected| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:4000"));
            for (name, value) in said {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            let checked = guard("127.0.0.1:4000").check(&method, &headers);
            let name = checked.err().map(|problem| problem.name);
            assert_eq!(name, expected, "{method} {said:?}");
        };
        check(Method::GET, &[], Some("NoToken"));
        check(
            Method::GET,
            &[("authorization", "Bearer 0")],
            Some("NoToken"),
        );
        check(
            Method::GET,
            &[("cookie", "natspike-4001=0123456789abcdef")],
            Some("NoToken"),
        );
        check(Method::GET, &[bearer], None);
        check(Method::GET, &[cookie], None);
        check(Method::POST, &[bearer], None);
        check(Method::POST, &[cookie], Some("NoOrigin"));
        check(Method::POST, &[cookie, own], None);
        for origin in [
            "http://evil.example.com",
            "http://127.0.0.1:4001",
            "https://127.0.0.1:4000",
            "null",
        ] {
            let foreign = ("origin", origin);
            check(Method::GET, &[bearer, foreign], Some("ForeignOrigin"));
            check(Method::POST, &[cookie, foreign], Some("ForeignOrigin"));
        }
        check(
            Method::GET,
            &[bearer, ("host", "rebound.example.net:4000")],
            Some("ForeignHost"),
        );
    }
}
