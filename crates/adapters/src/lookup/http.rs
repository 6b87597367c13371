//! Fetching over HTTP with a deadline for all of it.
//!
//! **Invariants.** Asked again are 429, 5xx and broken connections, three times at
//! most, as long as the deadline allows. An answer has a largest size. Where all
//! begins with https, no redirect leads out of it. A token goes to the host that
//! is asked and to no other.

use super::LookupError;
use std::io;
use std::thread;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};

/// How often a question is asked.
const TRIES: u32 = 3;
/// The wait before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// The most that one try may take.
const TRY: Duration = Duration::from_secs(10);
/// What is read of an answer at the most.
const LARGEST: u64 = 64 << 20;

/// What fetches.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    deadline: Instant,
}

/// A try that may be repeated, after the other side's wish.
struct Again {
    error: LookupError,
    after: Option<Duration>,
}

impl Client {
    /// A client whose questions are all answered or given up within that time.
    pub fn new(within: Duration) -> Client {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .user_agent(concat!("natspike/", env!("CARGO_PKG_VERSION")))
            .build();
        Client {
            agent: config.new_agent(),
            deadline: Instant::now() + within,
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The text at that address; `None` where there is nothing (404).
    pub fn get(
        &self,
        url: &str,
        accept: &str,
        token: Option<&str>,
    ) -> Result<Option<String>, LookupError> {
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            let again = match self.once(url, accept, token) {
                Ok(text) => return text,
                Err(again) => again,
            };
            let wait = again.after.unwrap_or(pause);
            if tries == TRIES || wait >= self.left() {
                return Err(again.error);
            }
            thread::sleep(wait);
            tries += 1;
            pause *= 2;
        }
    }

    fn once(
        &self,
        url: &str,
        accept: &str,
        token: Option<&str>,
    ) -> Result<Result<Option<String>, LookupError>, Again> {
        let again = |error| Again { error, after: None };
        let left = self.left();
        if left.is_zero() {
            return Ok(Err(LookupError::TooLate));
        }
        let mut request = self.agent.get(url).header("accept", accept);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let asked = request
            .config()
            .https_only(url.starts_with("https:"))
            .timeout_global(Some(left.min(TRY)))
            .build()
            .call();
        let mut response = match asked {
            Ok(response) => response,
            Err(error) => return failed(url, error).map_err(again).map(Err),
        };
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(Ok(None)),
            status @ (401 | 403) if token.is_some() => {
                return Ok(Err(LookupError::KeyRefused(status)));
            }
            429 => {
                let after = after(&response);
                let error = LookupError::TooMany;
                return Err(Again { error, after });
            }
            status @ 500.. => return Err(again(LookupError::Status(status))),
            status => return Ok(Err(LookupError::Status(status))),
        }
        let read = response
            .body_mut()
            .with_config()
            .limit(LARGEST)
            .read_to_string();
        match read {
            Ok(text) => Ok(Ok(Some(text))),
            Err(error) => failed(url, error).map_err(again).map(Err),
        }
    }
}

/// How long the other side wants to be left alone.
fn after<B>(response: &Response<B>) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// An error that another try may mend, or (Ok) one that it may not.
fn failed(url: &str, error: ureq::Error) -> Result<LookupError, LookupError> {
    let unreachable = |why: String| LookupError::Unreachable {
        host: host(url),
        why,
    };
    match error {
        ureq::Error::Timeout(_) => Ok(LookupError::TooLate),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok(LookupError::NotReadable {
                what: "text",
                why: error.to_string(),
            })
        }
        error @ (ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_)) => {
            Err(unreachable(error.to_string()))
        }
        error => Ok(unreachable(error.to_string())),
    }
}

/// The host of an address, for messages.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.to_owned()
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_message_names_the_host_alone() {
        for (url, expected) in [
            ("https://api.example.com/lite/192.0.2.1", "api.example.com"),
            ("http://key@[2001:db8::1]:80/?token=key", "[2001:db8::1]:80"),
            ("api.example.com", "api.example.com"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
