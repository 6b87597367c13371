//! Rules and lists of prefixes in the words of Logs Insights and Athena.
//!
//! What they mean is tested where something runs them:
//! tests/differential/test_written_queries.py.

use egress::investigate::{Analysis, Asked, CidrLists, Thresholds};
use egress::query::{Legs, MOST_BYTES, Query, queries};
use flowlog::Layout;
use std::fmt::Write;
use std::sync::Arc;

const FORMAT: &str = "srcaddr dstaddr srcport dstport protocol bytes start action tcp-flags";

fn layout(format: &str) -> Layout {
    Layout::from_log_format(format).expect("a log format")
}

fn query(analysis: Analysis, asked: Asked) -> Query {
    let asked = Asked {
        analyses: vec![analysis],
        limit: 7,
        ..asked
    };
    queries(&asked, &Legs::All).remove(0)
}

fn lists(given: &[(&str, &str)]) -> Asked {
    let mut lists = CidrLists::default();
    lists.add_aws(None);
    for (name, text) in given {
        lists.add(name, text).expect("a list");
    }
    Asked {
        lists: Some(Arc::new(lists)),
        ..Asked::default()
    }
}

/// The comments, and what follows the line that begins so.
fn check(text: &str, from: &str, expected: &str) {
    let comments = text.lines().take_while(|line| line.starts_with(['#', '-']));
    let rest = text.lines().skip_while(|line| !line.starts_with(from));
    let found: Vec<&str> = comments.chain(rest).collect();
    assert_eq!(found.join("\n"), expected.trim());
}

#[test]
fn exfiltration_is_written() {
    let found = query(Analysis::Exfiltration, Asked::default());
    check(
        &found.athena(&layout(FORMAT), "flows").expect("SQL"),
        "counted AS",
        r"
-- exfiltration: External ends to which inside sent at least 100000000 bytes in all and at least 10 times what came from them.
-- New are ends first seen later than a tenth of the time after the first record, and 600 seconds at least.
-- Every record counts; of NAT gateways' (--records nat-gateway, or --nat-address) each byte would do so up to four times.
counted AS (
  SELECT *
  FROM sides
  WHERE srcaddr <> '-'
),
span AS (
  SELECT min(start) + greatest((max(start) - min(start)) / 10, 600) AS known_until
  FROM counted
),
pairs AS (
  SELECT CASE WHEN srcaddr_inside = 1 THEN dstaddr ELSE srcaddr END AS destination,
    CASE WHEN (srcaddr_inside = 1 AND NOT coalesce(action = 'REJECT', false)) THEN srcaddr END AS source,
    sum(CASE WHEN (srcaddr_inside = 1 AND NOT coalesce(action = 'REJECT', false)) THEN bytes END) AS sent,
    sum(CASE WHEN (dstaddr_inside = 1 AND NOT coalesce(action = 'REJECT', false)) THEN bytes END) AS received,
    min(start) AS earliest, max(start) AS latest
  FROM counted
  WHERE ((srcaddr_inside = 1 AND NOT dstaddr_inside = 1) OR (dstaddr_inside = 1 AND NOT srcaddr_inside = 1))
  GROUP BY 1, 2
)
SELECT destination, max_by(source, sent) AS source, count(source) AS sources,
  coalesce(sum(sent), 0) AS upload, coalesce(sum(received), 0) AS download,
  min(earliest) AS first_start, max(latest) AS last_start
FROM pairs
GROUP BY destination
HAVING coalesce(sum(sent), 0) >= 100000000 AND coalesce(sum(sent), 0) >= 10 * coalesce(sum(received), 0)
  AND min(earliest) > (SELECT known_until FROM span)
ORDER BY upload DESC
LIMIT 7
",
    );
    let timed = Asked {
        from: Some(1_700_000_000),
        until: Some(1_700_086_400),
        ..Asked::default()
    };
    check(
        &query(Analysis::Exfiltration, timed)
            .insights(&layout(FORMAT))
            .expect("a query"),
        "| filter (start",
        r#"
# exfiltration: External ends to which inside sent at least 100000000 bytes in all and at least 10 times what came from them.
# New are ends first seen later than 2023-11-15 00:37:20 UTC; who sent most is not told.
# Every record counts; of NAT gateways' (--records nat-gateway, or --nat-address) each byte would do so up to four times.
| filter (start != "-" and start >= 1700000000) and (start != "-" and start < 1700086400)
| filter (srcaddr_inside = 1 and dstaddr_inside = 0) or (dstaddr_inside = 1 and srcaddr_inside = 0)
| fields if(srcaddr_inside = 1, dstaddr, srcaddr) as destination, if(srcaddr_inside = 1 and not (action = "REJECT"), bytes, 0) as sent, if(dstaddr_inside = 1 and not (action = "REJECT"), bytes, 0) as received
| stats sum(sent) as upload, sum(received) as download, min(start) as first_start, max(start) as last_start by destination
| filter upload >= 100000000 and upload >= 10 * download
| filter first_start > 1700008640
| sort upload desc
| limit 7
"#,
    );
}

#[test]
fn what_is_new_is_asked_where_the_query_can_say_it() {
    let never = "Whether an end is new is not asked";
    let tenth = "(max(start) - min(start)) / 10, 600) AS known_until";
    for (from, until, learning, insights, athena) in [
        (None, None, None, never, tenth),
        (Some(1_000_000), None, None, never, tenth),
        (
            None,
            Some(2_000_000),
            Some(60),
            never,
            "min(start) + 60 AS known_until",
        ),
        (
            Some(1_000_000),
            None,
            Some(60),
            "first_start > 1000060",
            "min(start) + 60 AS",
        ),
        (
            Some(1_000_000),
            Some(2_000_000),
            None,
            "first_start > 1100000",
            tenth,
        ),
        (
            Some(1_000_000),
            Some(1_000_100),
            None,
            "first_start > 1000600",
            tenth,
        ),
        // The time is that of the records, whatever the order.
        (
            Some(1_000_000),
            Some(1_000),
            None,
            "first_start > 1000600",
            tenth,
        ),
    ] {
        let asked = Asked {
            from,
            until,
            thresholds: Thresholds {
                learning,
                ..Thresholds::default()
            },
            ..Asked::default()
        };
        let query = query(Analysis::Exfiltration, asked);
        let found = query.insights(&layout(FORMAT)).expect("a query");
        assert!(found.contains(insights), "{found}");
        assert_eq!(found.contains(never), !found.contains("first_start >"));
        let found = query.athena(&layout(FORMAT), "flows").expect("SQL");
        assert!(found.contains(athena), "{found}");
    }
}

#[test]
fn beaconing_is_written() {
    let found = query(Analysis::Beaconing, Asked::default());
    check(
        &found.athena(&layout(FORMAT), "flows").expect("SQL"),
        "counted AS",
        r"
-- beaconing: At least 10 connections from inside to a port of an external end, at intervals of at least 10 seconds on average whose standard deviation is at most 10 % of that.
-- A sender's port that comes again within 900 seconds is the same connection; those that begin in the same second count once. Deviations are floating point: what is at the threshold to the last digit may be in or out.
-- Every record counts; of NAT gateways' (--records nat-gateway, or --nat-address) each byte would do so up to four times.
counted AS (
  SELECT *
  FROM sides
  WHERE srcaddr <> '-'
    AND srcaddr_inside = 1
    AND NOT dstaddr_inside = 1
),
opened AS (
  SELECT srcaddr, dstaddr, dstport, protocol, start, CASE WHEN action = 'REJECT' THEN 1 ELSE 0 END AS is_reject,
    lag(start) OVER (PARTITION BY srcaddr, dstaddr, dstport, protocol, srcport ORDER BY start) AS previous
  FROM counted
  WHERE srcport IS NOT NULL AND dstport IS NOT NULL AND start IS NOT NULL
    AND CASE WHEN tcp_flags IS NULL THEN srcport > dstport ELSE bitwise_and(tcp_flags, 18) = 2 END
),
connections AS (
  SELECT srcaddr, dstaddr, dstport, protocol, start, sum(is_reject) AS rejected
  FROM opened
  WHERE previous IS NULL OR start - previous > 900
  GROUP BY srcaddr, dstaddr, dstport, protocol, start
),
intervals AS (
  SELECT *,
    start - lag(start) OVER (PARTITION BY srcaddr, dstaddr, dstport, protocol ORDER BY start) AS seconds
  FROM connections
)
SELECT srcaddr, dstaddr, dstport, protocol, count(*) AS connections,
  CAST(round(avg(seconds)) AS bigint) AS mean_seconds,
  min(seconds) AS shortest, max(seconds) AS longest,
  CAST(floor(100 * stddev_pop(seconds) / avg(seconds)) AS bigint) AS variation_percent,
  min(start) AS first_start, max(start) AS last_start, sum(rejected) AS rejected
FROM intervals
GROUP BY srcaddr, dstaddr, dstport, protocol
HAVING count(*) >= 10 AND avg(seconds) >= 10
  AND 100 * stddev_pop(seconds) <= 10 * avg(seconds)
ORDER BY connections DESC
LIMIT 7
",
    );
    let found = found.athena(
        &layout("srcaddr dstaddr srcport dstport bytes start"),
        "flows",
    );
    let found = found.expect("SQL");
    assert!(found.contains("\n    AND srcport > dstport\n"), "{found}");
    assert!(
        found.contains("GROUP BY srcaddr, dstaddr, dstport\n"),
        "{found}"
    );
    assert!(
        found.contains("The table lacks protocol, action:"),
        "{found}"
    );
}

#[test]
fn lists_of_prefixes_are_written() {
    let theirs = "2001:db8::/32 six\n198.51.100.0/24\n192.0.2.0/25";
    let ours = "ip_prefix,alpha2code,region,city,postal_code\n\
                203.0.113.0/24,DE,DE-BE,Berlin,10115\n203.0.113.64/26,DE,,It's,1\n";
    let query = query(
        Analysis::CidrConnections,
        lists(&[("ours", ours), ("theirs", theirs)]),
    );
    check(
        &query.athena(&layout(FORMAT), "flows").expect("SQL"),
        "WITH",
        r"
-- cidr-connections: What was sent to or by addresses of ours (2 prefixes), theirs (3 prefixes).
-- Of several prefixes the longest counts. AWS's own prefixes are not among them, and addresses behind NAT64 are looked up as they stand.
-- Every record counts; of NAT gateways' (--records nat-gateway, or --nat-address) each byte would do so up to four times.
-- The table lacks packets: no test of it is true, and no row or sum is of it.
WITH counted AS (
  SELECT *
  FROM flows
  WHERE srcaddr <> '-'
),
ends AS (
  SELECT srcaddr AS address, coalesce(action, '-') AS action, bytes FROM counted
  UNION ALL
  SELECT dstaddr AS address, coalesce(action, '-') AS action, bytes FROM counted
),
lists (list, prefix, length, city, region, name) AS (
  VALUES
    ('theirs', '192.0.2.0/25', 25, '-', '-', '-'),
    ('theirs', '198.51.100.0/24', 24, '-', '-', '-'),
    ('ours', '203.0.113.0/24', 24, 'Berlin', 'DE-BE', '-'),
    ('ours', '203.0.113.64/26', 26, 'It''s', '-', '-'),
    ('theirs', '2001:db8::/32', 32, '-', '-', 'six')
),
longest AS (
  SELECT address, max_by(prefix, length) AS prefix
  FROM (SELECT DISTINCT address FROM ends) AS addresses
  JOIN lists ON (prefix LIKE '%:%') = (address LIKE '%:%')
    AND contains(prefix, try_cast(address AS ipaddress))
  GROUP BY address
)
SELECT list, address, prefix, city, region, name, action, coalesce(sum(bytes), 0) AS total_bytes, count(*) AS flows
FROM ends JOIN longest USING (address) JOIN lists USING (prefix)
GROUP BY list, address, prefix, city, region, name, action
ORDER BY total_bytes DESC
LIMIT 7
",
    );
    check(
        &query.insights(&layout(FORMAT)).expect("a query"),
        "|",
        r#"
# cidr-connections: What was sent to or by addresses of ours (2 prefixes), theirs (3 prefixes).
# Which prefix it is, and of which list, is not told; where both ends are of lists, the sender is shown. AWS's own prefixes are not among them, and addresses behind NAT64 are looked up as they stand.
# Every record counts; of NAT gateways' (--records nat-gateway, or --nat-address) each byte would do so up to four times.
# The log format lacks packets: no test of it is true, and no row or sum is of it.
| filter srcaddr != "-"
| fields if(isIpv4InSubnet(srcaddr, "192.0.2.0/25") or isIpv4InSubnet(srcaddr, "198.51.100.0/24") or isIpv4InSubnet(srcaddr, "203.0.113.0/24") or isIpv6InSubnet(srcaddr, "2001:db8::/32"), 1, 0) as srcaddr_listed, if(isIpv4InSubnet(dstaddr, "192.0.2.0/25") or isIpv4InSubnet(dstaddr, "198.51.100.0/24") or isIpv4InSubnet(dstaddr, "203.0.113.0/24") or isIpv6InSubnet(dstaddr, "2001:db8::/32"), 1, 0) as dstaddr_listed
| filter srcaddr_listed = 1 or dstaddr_listed = 1
| fields if(srcaddr_listed = 1, srcaddr, dstaddr) as address
| stats sum(bytes) as total_bytes, count(*) as flows by address, action
| sort total_bytes desc
| limit 7
"#,
    );
}

#[test]
fn of_equal_prefixes_the_one_that_counts_is_in_the_query() {
    let asked = lists(&[
        ("a", "192.0.2.0/24 first\n192.0.2.0/24 second"),
        ("b", "192.0.2.0/24 third"),
    ]);
    let found = query(Analysis::CidrConnections, asked).athena(&layout(FORMAT), "flows");
    let found = found.expect("SQL");
    assert_eq!(found.matches("'192.0.2.0/24'").count(), 1);
    let row = "('b', '192.0.2.0/24', 24, '-', '-', 'third')";
    assert!(found.contains(row), "{found}");
}

/// So many prefixes, of which none is next to another.
fn many(count: u32) -> Asked {
    let mut text = String::new();
    for number in 0..count {
        let [_, a, b, c] = (number * 2).to_be_bytes();
        writeln!(text, "52.{a}.{b}.{c}/32 a name").expect("text");
    }
    lists(&[("many", &text)])
}

#[test]
fn lists_that_no_query_takes_are_refused_with_another_way() {
    let write = |count| {
        let query = query(Analysis::CidrConnections, many(count));
        let layout = layout(FORMAT);
        (query.insights(&layout), query.athena(&layout, "flows"))
    };
    let (insights, athena) = write(100);
    assert!(insights.is_ok() && athena.is_ok(), "{insights:?}");
    let (insights, athena) = write(1_000);
    let said = insights.unwrap_err().to_string();
    let begin = "cidr-connections: no query; with 1000 prefixes it has ";
    assert!(said.starts_with(begin), "{said}");
    assert!(
        said.ends_with("use cidrlookup, or use --language athena."),
        "{said}"
    );
    assert!(athena.is_ok_and(|sql| sql.len() <= MOST_BYTES));
    let (_, athena) = write(6_000);
    let error = athena.unwrap_err();
    assert_eq!(error.name(), "ListsTooLarge");
    let said = error.to_string();
    assert!(
        said.contains("CREATE EXTERNAL TABLE lists (list string, prefix"),
        "{said}"
    );
}

#[test]
fn what_athena_does_not_take_is_refused() {
    let networks = (0..6_000_u32).map(|number| {
        let [_, _, a, b] = number.to_be_bytes();
        let text = format!("10.{a}.{b}.64/27");
        text.parse().expect("a network")
    });
    let asked = Asked {
        subject: networks.collect(),
        ..Asked::default()
    };
    let error = query(Analysis::SshInbound, asked).athena(&layout(FORMAT), "flows");
    let error = error.unwrap_err();
    assert_eq!(error.name(), "QueryTooLarge");
}

#[test]
fn what_records_cannot_answer_is_a_sentence() {
    for (analysis, format, expected) in [
        (
            Analysis::Exfiltration,
            "srcaddr dstaddr bytes",
            "exfiltration: no query; the records have no start, so how much is sent to what is new \
             cannot be told.",
        ),
        (
            Analysis::Beaconing,
            "srcaddr dstaddr bytes",
            "beaconing: no query; the records have no srcport, dstport, start, so connections and \
             the times between them cannot be told.",
        ),
        (
            Analysis::CidrConnections,
            FORMAT,
            "cidr-connections: no query; AWS's own list has more prefixes than a query may have; \
             name lists of yours with --cidrs.",
        ),
    ] {
        let error = query(analysis, lists(&[])).athena(&layout(format), "flows");
        let error = error.unwrap_err();
        assert_eq!(error.name(), "Unsayable");
        assert_eq!(error.to_string(), expected);
    }
}
