//! What a front is told before it starts, and why it may refuse.

use crate::rule::Rule;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Why a front does not start.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// Somebody else could reach the front.
    #[error(
        "listen on {0}: the front listens on loopback addresses only, for example 127.0.0.1:4600"
    )]
    NotLoopback(SocketAddr),
    /// The upstream is not a local AWS.
    #[error(
        "use {0:?} as upstream: it must be a local AWS over plain HTTP without a path, for example http://127.0.0.1:4607"
    )]
    BadUpstream(String),
    /// The front would call itself.
    #[error("use {0} as upstream: that is the front's own address")]
    Loop(SocketAddr),
    /// The address is taken, or the system refuses it.
    #[error("listen on {address}: {error}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The journal cannot be written.
    #[error("write the journal {path}: {error}")]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl FrontError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            FrontError::NotLoopback(_) => "NotLoopback",
            FrontError::BadUpstream(_) => "BadUpstream",
            FrontError::Loop(_) => "Loop",
            FrontError::Listen { .. } => "Listen",
            FrontError::Journal { .. } => "Journal",
        }
    }
}

/// The local AWS: a loopback address, written `http://127.0.0.1:4607`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upstream(SocketAddr);

impl Upstream {
    /// Its address.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}", self.0)
    }
}

impl FromStr for Upstream {
    type Err = FrontError;

    fn from_str(text: &str) -> Result<Upstream, FrontError> {
        let bad = || FrontError::BadUpstream(text.into());
        let authority = text.strip_prefix("http://").ok_or_else(bad)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let address = match authority.strip_prefix("localhost:") {
            Some(port) => SocketAddr::new(
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                port.parse().map_err(|_| bad())?,
            ),
            None => authority.parse().map_err(|_| bad())?,
        };
        if address.ip().is_loopback() && address.port() != 0 {
            Ok(Upstream(address))
        } else {
            Err(bad())
        }
    }
}

/// What a front is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 = any free port.
    pub listen: SocketAddr,
    /// Where calls go.
    pub upstream: Upstream,
    /// File that gets one JSON line per call.
    pub journal: Option<PathBuf>,
    /// Faults.
    pub rules: Vec<Rule>,
    /// How long a timed-out call is held if the caller does not give up.
    pub hold: Duration,
}

impl Config {
    /// A front on any free port, without journal file and without faults.
    pub fn new(upstream: Upstream) -> Config {
        Config {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            upstream,
            journal: None,
            rules: Vec::new(),
            hold: Duration::from_secs(120),
        }
    }

    pub(crate) fn check(&self) -> Result<(), FrontError> {
        if !self.listen.ip().is_loopback() {
            Err(FrontError::NotLoopback(self.listen))
        } else if self.listen == self.upstream.0 {
            Err(FrontError::Loop(self.listen))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_a_local_aws_as_upstream() {
        let cases = [
            ("http://127.0.0.1:4607", Some("http://127.0.0.1:4607")),
            ("http://localhost:4607/", Some("http://127.0.0.1:4607")),
            ("http://[::1]:4607", Some("http://[::1]:4607")),
            ("http://192.0.2.1:80", None),
            ("http://ec2.us-east-1.amazonaws.com:80", None),
            ("http://0.0.0.0:4607", None),
            ("https://127.0.0.1:4607", None),
            ("http://127.0.0.1", None),
            ("http://127.0.0.1:0", None),
            ("http://127.0.0.1:4607/path", None),
            ("http://user@127.0.0.1:4607", None),
            ("127.0.0.1:4607", None),
        ];
        for (text, expected) in cases {
            let upstream = text
                .parse::<Upstream>()
                .ok()
                .map(|upstream| upstream.to_string());
            assert_eq!(upstream.as_deref(), expected, "{text}");
        }
    }
}
