//! The report on a part of a recording's time.
//!
//! A part is told with the gateways of the whole, because a minute may show too
//! little to find them, and over the time that was asked for: what begins in it
//! moved its bytes in as many seconds, and its last record ends later.
//!
//! What does not hold for a part is left out and said in the warnings: what is new
//! since the last recording (a part compares with a part only), what was billed
//! since the alarm and what a month costs (which no part can say), and findings that
//! rest on no record of it.
//!
//! **Invariants.** Every figure is of the records that begin in the part. Without
//! bounds it is the whole report.

use crate::facts::Facts;
use crate::gateway::{self, Gateway};
use crate::report::{Report, Verdict, made};
use flowlog::{Cube, FlowTable, Window};

/// The gateways of a whole recording, found once for all its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gateways {
    pub(crate) found: Vec<Gateway>,
    pub(crate) warnings: Vec<String>,
}

/// Which part of a recording a report is on, in Unix seconds; whole periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// From when on its records begin; `None` from the first.
    pub from: Option<u64>,
    /// Before when they begin; `None` to the last.
    pub until: Option<u64>,
}

impl Gateways {
    /// The gateways that the table shows, those of [`Facts::interface`] only where
    /// that is known.
    pub fn of(table: &FlowTable, facts: &Facts) -> Gateways {
        let (mut found, warnings) = gateway::find(table, &facts.nat_addresses);
        if let Some(interface) = &facts.interface {
            let is_it = |id: &Option<String>| id.as_deref().is_none_or(|id| id == interface);
            found.retain(|gateway| is_it(&gateway.interface));
        }
        Gateways { found, warnings }
    }
}

impl Asked {
    /// The time that is meant, within that of the whole recording.
    pub(crate) fn within(self, whole: Window) -> Window {
        let start = self.from.map_or(whole.start, |from| from.max(whole.start));
        let end = self.until.map_or(whole.end, |until| until.min(whole.end));
        Window {
            start: start.min(whole.end),
            end: end.max(start.min(whole.end)),
        }
    }
}

/// The report on what begins in `from <= t < until` (Unix seconds, rounded to the
/// cube's periods; either may be open).
pub fn report_of(
    cube: &Cube,
    gateways: &Gateways,
    facts: &Facts,
    from: Option<u64>,
    until: Option<u64>,
) -> Report {
    let threads = cube.threads();
    if from.is_none() && until.is_none() {
        return made(cube.whole(), gateways, facts, None, threads);
    }
    let slice = cube.between(from, until);
    let asked = Asked {
        from: slice.from,
        until: slice.until,
    };
    let window = cube.whole().window().map(|whole| asked.within(whole));
    made(
        &slice.table,
        gateways,
        facts,
        Some((asked, window)),
        threads,
    )
}

/// What the facts would have said of the whole, and do not say of a part.
pub(crate) fn warnings(facts: &Facts, verdict: Verdict) -> Vec<String> {
    let mut left_out = Vec::new();
    if facts.last.is_some() {
        left_out.push("what is new since the last recording");
    }
    if facts.alarmed.is_some() {
        left_out.push("what was billed since the alarm");
    }
    if facts.snapshot.is_some() {
        left_out.push("what a month costs and findings that rest on metrics alone");
    }
    let nothing = match verdict {
        Verdict::NoRecords => Some("No record begins in this part of the recording."),
        Verdict::OnlyNodata => Some("The gateway moved nothing in this part of the recording."),
        _ => None,
    };
    let said = (!left_out.is_empty()).then(|| {
        format!(
            "This is a part of the recording, which does not say {}.",
            left_out.join(", ")
        )
    });
    said.into_iter().chain(nothing.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Asked, Gateways, made, report_of};
    use crate::last::Summary;
    use crate::price::Rate;
    use crate::snapshot::Metric;
    use crate::{Facts, Report, json};
    use flowlog::{Cube, FlowTable};
    use serde_json::Value;

    const BEGIN: u64 = 1_700_000_040;
    const HEADER: &str = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr \
        pkt-src-aws-service pkt-dst-aws-service srcport dstport protocol bytes start end action\n";

    /// Something that a workload fetches: who, from whom, port, bytes up and down, when.
    type Fetch = (u8, u8, u16, u64, u64, u64);

    /// Numbers without a pattern, the same in every run.
    struct Drawn(u64);

    impl Drawn {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) % bound
        }

        fn fetches(&mut self) -> Vec<Fetch> {
            let count = 1 + self.below(40);
            (0..count)
                .map(|_| {
                    let port = [443, 443, 53, 1024 + self.below(900) as u16];
                    let port = port[self.below(4) as usize];
                    let (who, whom) = (self.below(4) as u8, self.below(9) as u8);
                    let (up, down) = (1 + self.below(90_000), 1 + self.below(900_000));
                    (who, whom, port, up, down, self.below(600))
                })
                .collect()
        }
    }

    /// The four records of each, with when they begin.
    fn lines(fetches: &[Fetch]) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        for (who, whom, port, up, down, at) in fetches {
            let (near, far) = (format!("10.0.1.{who}"), format!("203.0.113.{whom}"));
            let service = if *whom == 0 { "S3" } else { "-" };
            let nat = "10.0.0.220";
            let start = BEGIN + at;
            let time = format!("{start} {} ACCEPT", start + 59);
            let protocol = if *port == 53 { 17 } else { 6 };
            for line in [
                format!("{near} {nat} {near} {far} - {service} 40000 {port} {protocol} {up}"),
                format!("{nat} {far} {nat} {far} - {service} 1025 {port} {protocol} {up}"),
                format!("{far} {nat} {far} {nat} {service} - {port} 1025 {protocol} {down}"),
                format!("{nat} {near} {far} {near} {service} - {port} 40000 {protocol} {down}"),
            ] {
                lines.push((start, format!("eni-a {line} {time}\n")));
            }
        }
        lines
    }

    fn table<'a>(lines: impl Iterator<Item = &'a (u64, String)>) -> FlowTable {
        let text = HEADER.to_owned() + &lines.map(|(_, line)| line.as_str()).collect::<String>();
        let mut table = FlowTable::new();
        table.by_time();
        table.push(text.as_bytes()).expect("a flow log");
        table.end_source().expect("a flow log");
        table
    }

    fn facts() -> Facts {
        let rate = Rate::of_region("us-east-1").expect("a rate");
        Facts {
            metrics: vec![Metric {
                name: "BytesInFromSource".to_owned(),
                statistic: "Sum".to_owned(),
                zone: None,
                period: 60,
                points: (0..12)
                    .map(|minute| (BEGIN + minute * 60, 700_000))
                    .collect(),
            }],
            alarmed: Some(BEGIN..BEGIN + 600),
            last: Some(Summary {
                execution: "a".to_owned(),
                from: 100,
                to: 200,
                bytes: 1,
                rows: Vec::new(),
            }),
            pairs: 20,
            ..Facts::new("us-east-1", rate)
        }
    }

    fn said(report: &Report) -> Value {
        json::value(report, 0)
    }

    #[test]
    fn a_part_says_what_only_its_lines_say() {
        let mut drawn = Drawn(1);
        for _ in 0..25 {
            let (lines, facts) = (lines(&drawn.fetches()), facts());
            let whole = table(lines.iter());
            let gateways = Gateways::of(&whole, &facts);
            let mut cube = whole.clone().into_cube();
            cube.set_threads(1 + drawn.below(3) as usize);
            let all = report_of(&cube, &gateways, &facts, None, None);
            assert_eq!(said(&all), said(&crate::report(&whole, &facts)));

            let from = BEGIN + drawn.below(600);
            let until = Some(from + drawn.below(600));
            let part = report_of(&cube, &gateways, &facts, Some(from), until);
            let asked = part.part.expect("a part");
            let Asked {
                from: Some(from),
                until: Some(until),
            } = asked
            else {
                panic!("both were asked for")
            };
            let is_in = |(start, _): &&(u64, String)| (from..until).contains(start);
            let window = cube.whole().window().map(|window| asked.within(window));
            let own = table(lines.iter().filter(is_in));
            let expected = made(&own, &gateways, &facts, Some((asked, window)), 1);
            assert_eq!(said(&part), said(&expected));
            for report in [&all, &part] {
                let ports: u128 = report
                    .ports
                    .iter()
                    .flatten()
                    .map(|row| row.share.bytes)
                    .sum();
                assert_eq!(ports, report.bytes.processed);
            }
        }
    }

    fn cube(fetches: &[Fetch]) -> (Cube, Gateways, Facts) {
        let (whole, facts) = (table(lines(fetches).iter()), facts());
        let gateways = Gateways::of(&whole, &facts);
        (whole.into_cube(), gateways, facts)
    }

    #[test]
    fn a_part_costs_by_the_time_that_was_asked_for() {
        let fetches: Vec<Fetch> = (0..10).map(|at| (1, 1, 443, 600, 6_000, at * 60)).collect();
        let (cube, gateways, facts) = cube(&fetches);
        let of = |from, until| {
            report_of(
                &cube,
                &gateways,
                &facts,
                Some(BEGIN + from),
                Some(BEGIN + until),
            )
        };
        let minute = of(120, 180);
        let hourly = minute.spend.hourly.expect("a time");
        assert_eq!((hourly.bytes, hourly.seconds), (6_600, 60));
        let coverage = minute.coverage.expect("metrics");
        assert_eq!((coverage.recorded, coverage.counted), (6_600, 700_000));
        assert_eq!((minute.since_last, minute.spend.since_alarm), (None, None));
        let said = "This is a part of the recording, which does not say what is new since the last \
                    recording, what was billed since the alarm.";
        assert!(
            minute.warnings.iter().any(|it| it == said),
            "{:?}",
            minute.warnings
        );
        let nothing = of(60_000, 60_060);
        assert_eq!(nothing.bytes.processed, 0);
        let said = "No record begins in this part of the recording.";
        assert!(
            nothing.warnings.iter().any(|it| it == said),
            "{:?}",
            nothing.warnings
        );
    }

    #[test]
    fn a_port_is_the_remote_end_s() {
        let (cube, gateways, facts) = cube(&[(1, 1, 443, 10, 100, 0), (2, 2, 53, 1, 2, 60)]);
        let report = report_of(&cube, &gateways, &facts, None, None);
        let ports = report.ports.iter().flatten().map(|row| {
            let share = (row.share.in_from_source, row.share.out_to_source);
            (row.port, row.protocol_name(), row.service(), share)
        });
        let expected = [
            (Some(443), Some("TCP"), Some("https"), (10, 100)),
            (Some(53), Some("UDP"), Some("domain"), (1, 2)),
        ];
        assert_eq!(ports.collect::<Vec<_>>(), expected);
    }
}
