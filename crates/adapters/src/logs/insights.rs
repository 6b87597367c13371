//! Logs Insights: sums of flows where events cannot be had one by one.
//!
//! A log group of class INFREQUENT_ACCESS has no FilterLogEvents. Fields are
//! not discovered there either, so the query parses the message by the flow
//! log's own layout, and the service adds up: what comes back are flows, the
//! largest first, and never records.
//!
//! **Invariants.** What the service adds up is exact, or it is an error. Where
//! it has more flows than it gives away ([`MOST_ROWS`]), the rest is added up
//! under the unspecified address, as [`FlowTable::limit_keys`] does it: on a
//! gateway's interface every leg stays exact.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html>

use super::Logs;
pub use super::query::MOST_ROWS;
use super::query::inexact;
use flowlog::{Field, FlowTable, Layout};
use recorder::{PortError, RecordCounts};
use std::collections::HashMap;
use std::ops::Range;

/// What tells flows apart; of these a layout has some.
const KEYS: [Field; 10] = [
    Field::InterfaceId,
    Field::ResourceId,
    Field::Srcaddr,
    Field::Dstaddr,
    Field::PktSrcaddr,
    Field::PktDstaddr,
    Field::PktSrcAwsService,
    Field::PktDstAwsService,
    Field::Action,
    Field::LogStatus,
];

/// What lay beyond the rows that the service gives away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Records.
    pub records: u128,
    /// Bytes.
    pub bytes: u128,
}

/// What a query added up.
pub struct Sums {
    /// The flows. Its counts are of flows; [`Sums::records`] are of records.
    pub table: FlowTable,
    /// The records behind the flows of the table.
    pub records: RecordCounts,
    /// The bytes of these records.
    pub bytes: u64,
    /// The rows of the answer, where there are more flows than rows.
    cut: Option<Vec<Row>>,
}

impl Sums {
    /// Whether there are flows beyond these; see [`Logs::rest`].
    pub fn is_cut(&self) -> bool {
        self.cut.is_some()
    }
}

type Row = HashMap<String, String>;

impl Logs {
    /// A few messages of that time, to find the layout by.
    pub async fn sample(
        &self,
        log_group: &str,
        time: &Range<u64>,
    ) -> Result<Vec<String>, PortError> {
        let rows = self
            .query(log_group, time, "fields @message | limit 20", 20)
            .await?;
        let messages = rows
            .into_iter()
            .filter_map(|mut row| row.remove("@message"));
        Ok(messages.collect())
    }

    /// The flows of the records that began in that time and have the word,
    /// added up by the service.
    pub async fn sums(
        &self,
        log_group: &str,
        time: &Range<u64>,
        layout: &Layout,
        word: Option<&str>,
    ) -> Result<Sums, PortError> {
        let query = with(word, &flows_query(layout));
        let rows = self.query(log_group, time, &query, MOST_ROWS).await?;
        let mut sums = add_up(&rows, layout)?;
        sums.cut = (rows.len() >= MOST_ROWS).then_some(rows);
        Ok(sums)
    }

    /// Adds what lies beyond the rows, with addresses of `own` (the gateway's)
    /// kept and all others taken together, so that its legs can be told.
    pub async fn rest(
        &self,
        log_group: &str,
        time: &Range<u64>,
        layout: &Layout,
        word: Option<&str>,
        own: &[String],
        sums: &mut Sums,
    ) -> Result<Beyond, PortError> {
        let Some(shown) = sums.cut.take() else {
            return Ok(Beyond::default());
        };
        let query = with(word, &rest_query(layout, own));
        let whole = self.query(log_group, time, &query, MOST_ROWS).await?;
        let (rows, beyond) = less(&whole, &shown, layout, own)?;
        let rest = add_up(&rows, layout)?;
        sums.table.merge(rest.table);
        sums.records += rest.records;
        sums.bytes += rest.bytes;
        Ok(beyond)
    }

    async fn query(
        &self,
        log_group: &str,
        time: &Range<u64>,
        query: &str,
        limit: usize,
    ) -> Result<Vec<Row>, PortError> {
        let mut query = self.start(log_group, time, query, limit).await?;
        let mut rows = Vec::new();
        while rows.len() < limit {
            let Some(page) = query.page().await? else {
                break;
            };
            rows.extend(page.rows.into_iter().map(|row| {
                row.into_iter()
                    .filter_map(|field| Some((field.field?, field.value?)))
                    .collect::<Row>()
            }));
        }
        Ok(rows)
    }
}

/// The name of a field in a query: hyphens would be minus signs there.
fn name(field: &str) -> String {
    field.replace('-', "_")
}

fn parse(layout: &Layout) -> String {
    let columns = layout.columns();
    let stars = vec!["*"; columns.len()].join(" ");
    let names: Vec<String> = columns.iter().map(|column| name(column.name())).collect();
    format!("parse @message \"{stars}\" as {}", names.join(", "))
}

/// The query over those records only that have the word.
pub(super) fn with(word: Option<&str>, query: &str) -> String {
    match word {
        Some(word) => format!("filter @message like \"{word}\"\n| {query}"),
        None => query.to_owned(),
    }
}

fn sums_of(layout: &Layout) -> String {
    let mut sums = vec![
        "count(*) as records",
        "sum(strlen(@message)) as record_bytes",
        "sum(bytes) as sum_bytes",
    ];
    let optional = [
        (Field::Packets, "sum(packets) as sum_packets"),
        (Field::Start, "min(start) as first_start"),
        (Field::End, "max(end) as last_end"),
    ];
    sums.extend(
        optional
            .iter()
            .filter(|(field, _)| layout.has(*field))
            .map(|(_, sum)| *sum),
    );
    sums.join(", ")
}

fn keys(layout: &Layout) -> Vec<Field> {
    KEYS.into_iter().filter(|key| layout.has(*key)).collect()
}

fn flows_query(layout: &Layout) -> String {
    let keys: Vec<String> = keys(layout).iter().map(|key| name(key.name())).collect();
    format!(
        "{}\n| stats {} by {}\n| sort sum_bytes desc\n| limit {MOST_ROWS}",
        parse(layout),
        sums_of(layout),
        keys.join(", "),
    )
}

/// The ends of a record; addresses that are not the gateway's own become one.
const ENDS: [Field; 4] = [
    Field::Srcaddr,
    Field::Dstaddr,
    Field::PktSrcaddr,
    Field::PktDstaddr,
];
/// What tells apart the rest, as [`ENDS`] do after that.
const REST_KEYS: [Field; 4] = [
    Field::InterfaceId,
    Field::ResourceId,
    Field::Action,
    Field::LogStatus,
];
/// Stands for all addresses together, as in a [`FlowTable`].
const OTHER: &str = "0.0.0.0";

fn rest_query(layout: &Layout, own: &[String]) -> String {
    let ends = ENDS.into_iter().filter(|end| layout.has(*end));
    let ends: Vec<String> = ends.map(|end| name(end.name())).collect();
    let keys = REST_KEYS.into_iter().filter(|key| layout.has(*key));
    let mut by: Vec<String> = keys.map(|key| name(key.name())).collect();
    let mut query = parse(layout);
    for end in &ends {
        let is_own: Vec<String> = own.iter().map(|own| format!("{end} = \"{own}\"")).collect();
        let expression = match is_own.is_empty() {
            true => format!("\"{OTHER}\""),
            false => format!("if({}, {end}, \"{OTHER}\")", is_own.join(" or ")),
        };
        query += &format!("\n| fields {expression} as own_{end}");
        by.push(format!("own_{end}"));
    }
    query + &format!("\n| stats {} by {}", sums_of(layout), by.join(", "))
}

/// What the whole has more than what was shown, as rows.
fn less(
    whole: &[Row],
    shown: &[Row],
    layout: &Layout,
    own: &[String],
) -> Result<(Vec<Row>, Beyond), PortError> {
    let keys: Vec<Field> = REST_KEYS
        .into_iter()
        .chain(ENDS)
        .filter(|key| layout.has(*key))
        .collect();
    let key_of = |row: &Row, is_rest: bool| -> Vec<String> {
        let word = |key: &Field| {
            let plain = name(key.name());
            let is_end = ENDS.contains(key);
            let field = match is_end && is_rest {
                true => format!("own_{plain}"),
                false => plain,
            };
            let word = row.get(&field).filter(|word| !word.is_empty());
            match word {
                Some(word) if !is_end || own.contains(word) => word.clone(),
                _ if is_end => OTHER.to_owned(),
                _ => "-".to_owned(),
            }
        };
        keys.iter().map(word).collect()
    };
    let mut before: HashMap<Vec<String>, [u128; 4]> = HashMap::new();
    for row in shown {
        let sums = before.entry(key_of(row, false)).or_default();
        for (sum, part) in sums.iter_mut().zip(amounts(row)?) {
            *sum += part;
        }
    }
    let mut rows = Vec::new();
    let mut beyond = Beyond::default();
    for row in whole {
        let key = key_of(row, true);
        let shown = before.remove(&key).unwrap_or_default();
        let mut rest = [0; 4];
        for ((rest, all), shown) in rest.iter_mut().zip(amounts(row)?).zip(shown) {
            *rest = all.checked_sub(shown).ok_or_else(arrived_meanwhile)?;
        }
        let [records, bytes, packets, record_bytes] = rest;
        if records == 0 {
            continue;
        }
        beyond.records += records;
        beyond.bytes += bytes;
        let mut rest = row.clone();
        for (field, word) in keys.iter().zip(key) {
            rest.insert(name(field.name()), word);
        }
        for (sum, amount) in [
            ("records", records),
            ("sum_bytes", bytes),
            ("sum_packets", packets),
            ("record_bytes", record_bytes),
        ] {
            if row.contains_key(sum) {
                rest.insert(sum.to_owned(), amount.to_string());
            }
        }
        rows.push(rest);
    }
    match before.is_empty() {
        true => Ok((rows, beyond)),
        false => Err(arrived_meanwhile()),
    }
}

fn arrived_meanwhile() -> PortError {
    inexact("the totals are not those of their parts; records came or went meanwhile, so run again")
}

/// Records, bytes and packets of a row, and how long the records are.
fn amounts(row: &Row) -> Result<[u128; 4], PortError> {
    let amount = |name| row.get(name).map_or(Ok(0), |text: &String| integer(text));
    Ok([
        amount("records")?,
        amount("sum_bytes")?,
        amount("sum_packets")?,
        amount("record_bytes")?,
    ])
}

/// Writes each row as the record that it would be, and reads it as any other:
/// so there is one rule of what a record is.
fn add_up(rows: &[Row], layout: &Layout) -> Result<Sums, PortError> {
    let keys = keys(layout);
    let mut columns: Vec<&str> = keys.iter().map(|key| key.name()).collect();
    let sums = [
        (Field::Bytes, "sum_bytes"),
        (Field::Packets, "sum_packets"),
        (Field::Start, "first_start"),
        (Field::End, "last_end"),
    ];
    let sums: Vec<_> = sums
        .into_iter()
        .filter(|(field, _)| layout.has(*field))
        .collect();
    columns.extend(sums.iter().map(|(field, _)| field.name()));
    let own = Layout::from_log_format(&columns.join(" ")).map_err(|error| {
        inexact(&format!(
            "the layout of the flow log cannot be used: {error}"
        ))
    })?;
    let mut table = FlowTable::with_layout(own);
    table.begin_source("Logs Insights");
    let mut records = RecordCounts::default();
    let mut bytes = 0;
    for row in rows {
        bytes += count(row, "record_bytes")?;
        let mut words: Vec<String> = Vec::with_capacity(columns.len());
        for key in &keys {
            words.push(
                row.get(&name(key.name()))
                    .filter(|word| !word.is_empty())
                    .cloned()
                    .unwrap_or_else(|| "-".to_owned()),
            );
        }
        for (_, sum) in &sums {
            words.push(match row.get(*sum) {
                Some(text) => integer(text)?.to_string(),
                None => "-".to_owned(),
            });
        }
        let line = words.join(" ") + "\n";
        let before = table.counts().clone();
        table
            .push(line.as_bytes())
            .map_err(|error| inexact(&format!("a row of the answer cannot be read: {error}")))?;
        let after = table.counts();
        let behind = count(row, "records")?;
        records.read += behind;
        records.parsed += behind * (after.parsed - before.parsed);
        records.nodata += behind * (after.nodata - before.nodata);
        records.skipdata += behind * (after.skipdata - before.skipdata);
        records.rejected += behind * (after.rejected - before.rejected);
        records.malformed += behind * (after.malformed() - before.malformed());
    }
    table
        .end_source()
        .map_err(|error| inexact(&format!("the answer cannot be read: {error}")))?;
    Ok(Sums {
        table,
        records,
        bytes,
        cut: None,
    })
}

fn count(row: &Row, name: &str) -> Result<u64, PortError> {
    let text = row.get(name).map_or("0", String::as_str);
    u64::try_from(integer(text)?).map_err(|_| inexact("a row of the answer has too many records"))
}

/// The integer that the text stands for: `12`, `12.0`, `1.2E1`. The service
/// counts in floating point, so above 2^53 a sum would be rounded.
fn integer(text: &str) -> Result<u128, PortError> {
    exact(text)
        .filter(|number| *number <= 1 << 53)
        .ok_or_else(|| {
            inexact(&format!(
                "the sum {text:?} is not exact; shorten the time with --since and --until"
            ))
        })
}

fn exact(text: &str) -> Option<u128> {
    let (number, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let exponent: usize = exponent.trim_start_matches('+').parse().ok()?;
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || fraction.len() > exponent || exponent > 30 {
        return None;
    }
    let digits = format!("{whole}{fraction}{}", "0".repeat(exponent - fraction.len()));
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{Beyond, RecordCounts, Row, add_up, exact, flows_query, less, rest_query};
    use flowlog::{Layout, NATSPIKE_LOG_FORMAT};

    fn layout() -> Layout {
        Layout::from_log_format(
            "${version} ${srcaddr} ${dstaddr} ${bytes} ${action} ${log-status} ${pkt-dstaddr}",
        )
        .unwrap()
    }

    fn row(fields: &[(&str, &str)]) -> Row {
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn asks_for_sums_by_what_tells_flows_apart() {
        assert_eq!(
            flows_query(&layout()),
            "parse @message \"* * * * * * *\" as version, srcaddr, dstaddr, bytes, action, \
             log_status, pkt_dstaddr\n\
             | stats count(*) as records, sum(strlen(@message)) as record_bytes, sum(bytes) as sum_bytes by srcaddr, dstaddr, \
             pkt_dstaddr, action, log_status\n\
             | sort sum_bytes desc\n\
             | limit 100000"
        );
        let own = ["10.0.0.220".to_owned(), "10.0.0.221".to_owned()];
        assert!(rest_query(&layout(), &own).ends_with(
            "\n| fields if(pkt_dstaddr = \"10.0.0.220\" or pkt_dstaddr = \"10.0.0.221\", \
             pkt_dstaddr, \"0.0.0.0\") as own_pkt_dstaddr\n\
             | stats count(*) as records, sum(strlen(@message)) as record_bytes, sum(bytes) as sum_bytes by action, log_status, \
             own_srcaddr, own_dstaddr, own_pkt_dstaddr"
        ));
    }

    #[test]
    fn the_query_of_our_own_format_is_short_enough() {
        let layout = Layout::from_log_format(NATSPIKE_LOG_FORMAT).unwrap();
        let query = flows_query(&layout);
        assert!(query.len() < 10_000);
        assert!(query.contains("max(end) as last_end by interface_id, resource_id, srcaddr"));
    }

    #[test]
    fn counts_records_and_not_rows() {
        let ends = [("srcaddr", "10.0.1.5"), ("dstaddr", "10.0.0.220")];
        let with = |more: &[(&str, &str)]| row(&[&ends[..], more].concat());
        let rows = [
            with(&[
                ("action", "ACCEPT"),
                ("log_status", "OK"),
                ("records", "7"),
                ("sum_bytes", "1.2E3"),
            ]),
            with(&[
                ("action", "REJECT"),
                ("log_status", "OK"),
                ("records", "2"),
                ("sum_bytes", "80"),
            ]),
            row(&[
                ("srcaddr", "-"),
                ("dstaddr", "-"),
                ("log_status", "NODATA"),
                ("records", "5"),
            ]),
            row(&[
                ("srcaddr", "-"),
                ("dstaddr", "-"),
                ("log_status", "SKIPDATA"),
                ("records", "1"),
            ]),
            with(&[
                ("action", "MAYBE"),
                ("log_status", "OK"),
                ("records", "3"),
                ("sum_bytes", "9"),
            ]),
        ];
        let sums = add_up(&rows, &layout()).unwrap();
        assert_eq!(
            sums.records,
            RecordCounts {
                read: 18,
                parsed: 9,
                nodata: 5,
                skipdata: 1,
                malformed: 3,
                rejected: 2
            }
        );
        let bytes: u128 = sums.table.flows().map(|flow| flow.sum.bytes).sum();
        assert_eq!(bytes, 1_280);
    }

    #[test]
    fn what_lies_beyond_is_the_whole_less_the_rows() {
        let own = ["10.0.0.220".to_owned()];
        let status = [("action", "ACCEPT"), ("log_status", "OK")];
        let with = |more: &[(&str, &str)]| row(&[&status[..], more].concat());
        let whole = [
            with(&[
                ("own_srcaddr", "0.0.0.0"),
                ("own_dstaddr", "10.0.0.220"),
                ("own_pkt_dstaddr", "0.0.0.0"),
                ("records", "10"),
                ("sum_bytes", "1000"),
            ]),
            with(&[
                ("own_srcaddr", "10.0.0.220"),
                ("own_dstaddr", "0.0.0.0"),
                ("own_pkt_dstaddr", "0.0.0.0"),
                ("records", "4"),
                ("sum_bytes", "40"),
            ]),
        ];
        let shown = [
            with(&[
                ("srcaddr", "10.0.1.5"),
                ("dstaddr", "10.0.0.220"),
                ("pkt_dstaddr", "203.0.113.5"),
                ("records", "3"),
                ("sum_bytes", "900"),
            ]),
            with(&[
                ("srcaddr", "10.0.0.220"),
                ("dstaddr", "203.0.113.5"),
                ("pkt_dstaddr", "203.0.113.5"),
                ("records", "4"),
                ("sum_bytes", "40"),
            ]),
        ];
        let (rows, beyond) = less(&whole, &shown, &layout(), &own).unwrap();
        assert_eq!(
            beyond,
            Beyond {
                records: 7,
                bytes: 100
            }
        );
        let sums = add_up(&rows, &layout()).unwrap();
        let flows: Vec<String> = sums
            .table
            .flows()
            .map(|flow| format!("{} {} {}", flow.src, flow.dst, flow.sum.bytes))
            .collect();
        assert_eq!(flows, ["0.0.0.0 10.0.0.220 100"]);
        assert_eq!(sums.records.parsed, 7);
        assert!(less(&whole[..1], &shown, &layout(), &own).is_err());
    }

    #[test]
    fn reads_integers_however_they_are_written() {
        for (text, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("1.25E3", Some(1_250)),
            ("1E+3", Some(1_000)),
            ("12.5", None),
            ("1.2345E3", None),
            ("-1", None),
            ("", None),
            ("many", None),
        ] {
            assert_eq!(exact(text), expected, "{text}");
        }
    }
}
