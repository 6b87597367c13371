//! The queries that the stack saves for recordings of its own.
//!
//! **Invariants.** They are of our own log format and of NAT gateways, whose bytes
//! each count once; `template.yaml` has exactly these (a test compares them).

use super::{Key, Legs, Query, QueryError, Rule, Sum, queries};
use crate::investigate::{Analysis, Asked};
use flowlog::filter::{Expr, Pattern, Test, TextOf};
use flowlog::{Field, KnownLayout};

/// Rows that a saved query shows.
const ROWS: usize = 1_000;

/// A query that is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its logical id in the template.
    pub id: &'static str,
    /// Its name in the console, in the stack's folder.
    pub name: &'static str,
    /// In the language of Logs Insights.
    pub query: String,
}

/// The queries, in the order of the template.
///
/// Errors: one is longer than the service takes.
pub fn saved() -> Result<Vec<Saved>, QueryError> {
    let layout = KnownLayout::Natspike.layout();
    let save = |id, name, query: Query| {
        let query = query.insights(&layout)?;
        Ok(Saved { id, name, query })
    };
    let investigated = |id, name, analysis, view| save(id, name, investigated(analysis, view));
    [
        save(
            "DestinationQuery",
            "by destination",
            billed(
                "Billed bytes by destination: the far end of every conversation, uploads and \
                 downloads together.",
                vec![Key::Remote, Key::RemoteService],
            ),
        ),
        save(
            "SourceQuery",
            "by source",
            billed(
                "Billed bytes by source: the workload behind the gateway, uploads and downloads \
                 together.",
                vec![Key::Workload],
            ),
        ),
        save(
            "ServiceQuery",
            "by AWS service",
            billed(
                "Billed bytes by AWS service; traffic that belongs to none is shown as -.",
                vec![Key::RemoteService],
            ),
        ),
        save(
            "PairQuery",
            "by pair",
            billed(
                "Billed bytes by pair of workload and destination.",
                vec![Key::Workload, Key::Remote, Key::RemoteService],
            ),
        ),
        save("QualityQuery", "data quality", quality()),
        investigated(
            "ExternalQuery",
            "external ends and ports",
            Analysis::TopExternal,
            None,
        ),
        investigated("SshQuery", "SSH outbound", Analysis::SshOutbound, None),
        investigated(
            "SensitivePortsQuery",
            "sensitive ports outbound",
            Analysis::SensitivePorts,
            Some("outbound"),
        ),
        investigated("RejectedQuery", "rejected", Analysis::Rejected, None),
        save(
            "PortScanQuery",
            "port scans",
            detected(Analysis::PortScan, 0),
        ),
        save(
            "HostScanQuery",
            "scans of one port",
            detected(Analysis::PortScan, 1),
        ),
    ]
    .into_iter()
    .collect()
}

fn billed(about: &str, by: Vec<Key>) -> Query {
    let accepted = Test::Text(TextOf::Field(Field::Action), vec![Pattern("ACCEPT".into())]);
    Query {
        about: about.to_owned(),
        select: vec![Expr::Test(accepted)],
        lists: Vec::new(),
        legs: Legs::Inner,
        names_subject: false,
        has_empty: false,
        rule: Rule::Sums,
        by,
        sums: vec![
            Sum::Bytes("processed_bytes"),
            Sum::Gb("processed_gb"),
            Sum::Records("records"),
        ],
        least: Vec::new(),
        rank: 0,
        limit: ROWS,
    }
}

fn quality() -> Query {
    let by = [
        Field::InterfaceId,
        Field::ResourceId,
        Field::LogStatus,
        Field::Action,
    ];
    Query {
        about: "What the recording holds: SKIPDATA and REJECT mean that the sums are not the \
                whole truth."
            .to_owned(),
        select: Vec::new(),
        lists: Vec::new(),
        legs: Legs::All,
        names_subject: false,
        has_empty: true,
        rule: Rule::Sums,
        by: by.into_iter().map(Key::Field).collect(),
        sums: vec![
            Sum::Records("records"),
            Sum::Bytes("logged_bytes"),
            Sum::First("first_start"),
            Sum::Last("last_end"),
        ],
        least: Vec::new(),
        rank: 0,
        limit: 0,
    }
}

/// The detector's query of that place.
fn detected(analysis: Analysis, place: usize) -> Query {
    let asked = Asked {
        analyses: vec![analysis],
        limit: ROWS,
        ..Asked::default()
    };
    let mut found = queries(&asked, &Legs::Inner).into_iter();
    // Every detector that is saved has so many; a test reads them all.
    found.nth(place).unwrap_or_else(quality)
}

/// The query of the analysis with no subject named: private ends are investigated.
fn investigated(analysis: Analysis, view: Option<&str>) -> Query {
    let asked = Asked {
        limit: ROWS,
        ..Asked::default()
    };
    let mut definitions = analysis.definitions();
    let definition = definitions.find(|definition| definition.view == view);
    let query = definition.map(|definition| Query::new(definition, &asked, &Legs::Inner));
    // Every analysis that is saved has that view; a test reads them all.
    query.unwrap_or_else(quality)
}
