//! Names of addresses from outside: a database in a file, IPinfo, the registries
//! by RDAP, reverse DNS; and AWS's prefixes, fetched and kept.
//!
//! **Invariants.** Nobody is asked unless a function of this module is called,
//! and then about the given addresses only. A look-up that fails is counted with
//! one reason and fails nothing. Everything ends by a given deadline. A key never
//! stands in an address, an error or the cache.

mod ask;
pub mod asn_db;
mod http;
pub mod ipinfo;
pub mod ptr;
pub mod ranges;
pub mod rdap;
pub mod shelf;

pub use http::Client;

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What is said of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The organisation, network or host.
    pub name: String,
    /// The autonomous system, such as AS64500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<String>,
    /// The organisation's domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The country's code of two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The continent's code of two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continent_code: Option<String>,
    /// The continent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continent: Option<String>,
}

/// What asking about several addresses gave.
#[derive(Debug, Default)]
pub struct Found {
    /// The answers, in the order of the addresses. An address that nobody knows
    /// has none, which is no failure.
    pub answers: Vec<(IpAddr, Answer)>,
    /// Look-ups that failed.
    pub failed: usize,
    /// Why the first of them did, or the one that ended all.
    pub reason: Option<LookupError>,
}

/// Why a look-up failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The key is wrong or missing.
    #[error("the key was refused (status {0}); check it")]
    KeyRefused(u16),
    /// Too many questions, also after waiting.
    #[error("there were too many questions (status 429); try again later")]
    TooMany,
    /// The other side answered with an error.
    #[error("the answer was status {0}")]
    Status(u16),
    /// The answer is not what was asked for.
    #[error("the answer is no {what} ({why})")]
    NotReadable {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        why: String,
    },
    /// There is no way to the other side.
    #[error("{host} cannot be reached ({why})")]
    Unreachable {
        /// The host.
        host: String,
        /// What the system says.
        why: String,
    },
    /// It took too long.
    #[error("there was no answer in time; --lookup-timeout gives more")]
    TooLate,
    /// There is no registry that has the address.
    #[error("no registry is known for {0}")]
    NoRegistry(IpAddr),
    /// Name resolution does not work.
    #[error("reverse DNS failed ({0})")]
    Dns(String),
    /// The file is no database of that kind.
    #[error("{0}")]
    Database(String),
}

impl LookupError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            LookupError::KeyRefused(_) => "KeyRefused",
            LookupError::TooMany => "TooManyLookups",
            LookupError::Status(_) => "LookupStatus",
            LookupError::NotReadable { .. } => "UnreadableAnswer",
            LookupError::Unreachable { .. } => "Unreachable",
            LookupError::TooLate => "LookupTooLate",
            LookupError::NoRegistry(_) => "NoRegistry",
            LookupError::Dns(_) => "DnsFailed",
            LookupError::Database(_) => "UnreadableDatabase",
        }
    }

    /// Whether the next question would end the same way.
    fn is_final(&self) -> bool {
        matches!(self, LookupError::KeyRefused(_))
    }
}
