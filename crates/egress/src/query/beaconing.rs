//! The rule of beaconing as SQL: the first record of each connection, and the times
//! between connections. Logs Insights has no order within a group.

use super::athena::{self, Sql};
use super::condition::Place;
use super::detectors::{self, SYN, SYN_ACK, is_inside, not};
use super::legs;
use super::rule::Rule;
use super::{Legs, Query};
use crate::investigate::detect::beaconing::SAME;
use crate::investigate::{Analysis, Asked};
use flowlog::filter::AddressOf;
use flowlog::{Field, Layout};

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beaconing {
    /// Connections at least.
    pub connections: u64,
    /// Percent of the mean that the standard deviation of intervals is at most.
    pub variation: u64,
    /// Seconds of an interval on average, at least.
    pub interval: u64,
}

/// Intervals need as many connections to be regular.
const LEAST: u64 = 3;

pub(super) fn query(asked: &Asked, legs: &Legs) -> Query {
    let thresholds = &asked.thresholds;
    let rule = Beaconing {
        connections: thresholds.beacon_connections.max(LEAST),
        variation: thresholds.beacon_variation,
        interval: thresholds.beacon_interval,
    };
    let about = format!(
        ": At least {} connections from inside to a port of an external end, at intervals of at \
         least {} seconds on average whose standard deviation is at most {} % of that.",
        rule.connections, rule.interval, rule.variation
    );
    let select = vec![is_inside(AddressOf::Src), not(is_inside(AddressOf::Dst))];
    let analysis = Analysis::Beaconing;
    Query {
        rule: Rule::Beaconing(rule),
        ..detectors::query(analysis, about, select, &[], vec![], 0, asked, legs)
    }
}

pub(super) fn note() -> String {
    format!(
        "A sender's port that comes again within {SAME} seconds is the same connection; those that \
         begin in the same second count once. Deviations are floating point: what is at the \
         threshold to the last digit may be in or out."
    )
}

impl Beaconing {
    pub(super) fn athena(
        &self,
        layout: &Layout,
        words: &athena::Words<'_>,
        sql: &mut Sql,
    ) -> Vec<String> {
        let ends = [Place::source(layout), Place::destination(layout)].map(Place::column);
        let ports = ["dstport".to_owned()];
        let protocol = layout.has(Field::Protocol).then(|| "protocol".to_owned());
        let service: Vec<String> = ends.into_iter().chain(ports).chain(protocol).collect();
        let service = service.join(", ");
        let reject = words.inner(&legs::text(Field::Action, "REJECT", layout), false);
        let step = |sql: &mut Sql, name, lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            sql.step(name, &lines);
        };
        step(
            sql,
            "opened",
            &[
                &format!(
                    "SELECT {service}, start, CASE WHEN {reject} THEN 1 ELSE 0 END AS is_reject,"
                ),
                &format!(
                    "  lag(start) OVER (PARTITION BY {service}, srcport ORDER BY start) AS previous"
                ),
                "FROM counted",
                "WHERE srcport IS NOT NULL AND dstport IS NOT NULL AND start IS NOT NULL",
                &format!("  AND {}", opens(layout)),
            ],
        );
        step(
            sql,
            "connections",
            &[
                &format!("SELECT {service}, start, sum(is_reject) AS rejected"),
                "FROM opened",
                &format!("WHERE previous IS NULL OR start - previous > {SAME}"),
                &format!("GROUP BY {service}, start"),
            ],
        );
        step(
            sql,
            "intervals",
            &[
                "SELECT *,",
                &format!(
                    "  start - lag(start) OVER (PARTITION BY {service} ORDER BY start) AS seconds"
                ),
                "FROM connections",
            ],
        );
        let Beaconing {
            connections,
            variation,
            interval,
        } = self;
        vec![
            format!("SELECT {service}, count(*) AS connections,"),
            "  CAST(round(avg(seconds)) AS bigint) AS mean_seconds,".to_owned(),
            "  min(seconds) AS shortest, max(seconds) AS longest,".to_owned(),
            "  CAST(floor(100 * stddev_pop(seconds) / avg(seconds)) AS bigint) AS variation_percent,"
                .to_owned(),
            "  min(start) AS first_start, max(start) AS last_start, sum(rejected) AS rejected"
                .to_owned(),
            "FROM intervals".to_owned(),
            format!("GROUP BY {service}"),
            format!("HAVING count(*) >= {connections} AND avg(seconds) >= {interval}"),
            format!("  AND 100 * stddev_pop(seconds) <= {variation} * avg(seconds)"),
            "ORDER BY connections DESC".to_owned(),
        ]
    }
}

/// Whether the sender opens the connection: by TCP flags where a record has them,
/// else because its port is the higher one.
fn opens(layout: &Layout) -> String {
    let by_port = "srcport > dstport";
    match layout.has(Field::TcpFlags) {
        true => format!(
            "CASE WHEN tcp_flags IS NULL THEN {by_port} \
             ELSE bitwise_and(tcp_flags, {SYN_ACK}) = {SYN} END"
        ),
        false => by_port.to_owned(),
    }
}
