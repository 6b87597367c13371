//! How flow logs lie in a bucket: the names of folders and objects.
//!
//! `[prefix/]AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD/[HH/]`, or with
//! `key=value` folders for Hive, and object names that carry account, region
//! and the five minutes in which the records ended:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html>
//!
//! **Invariants.** A name is only ever read, never trusted for content: what an
//! object holds is told by its bytes.

use chrono::{DateTime, Datelike, Days, NaiveDateTime};
use std::ops::Range;

/// The folder that AWS puts all logs into.
pub(super) const ROOT: &str = "AWSLogs/";
/// How much time one object covers.
const SLOT_SECONDS: u64 = 300;
const SERVICE: &str = "vpcflowlogs";
const DAY_SECONDS: u64 = 86_400;

/// Which objects are wanted; what is empty or `None` restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Accounts, as twelve digits.
    pub accounts: Vec<String>,
    /// Region codes.
    pub regions: Vec<String>,
    /// Flow logs, as `fl-…`.
    pub flow_logs: Vec<String>,
    /// Unix seconds, the end excluded. Objects cover five minutes and are
    /// taken whole where they overlap the time.
    pub times: Vec<Range<u64>>,
}

/// What the selection says about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is wanted.
    Wanted,
    /// It is of another time, account, region, flow log or service, or a folder.
    Other,
    /// A time is asked for and the name has none.
    Timeless,
}

/// What the name of an object says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Named<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    flow_log: Option<&'a str>,
    slot: Option<u64>,
    /// Under AWSLogs, but of another service.
    foreign: bool,
}

impl Selection {
    /// Whether everything is wanted.
    pub fn is_all(&self) -> bool {
        *self == Selection::default()
    }

    pub(super) fn choice(&self, key: &str) -> Choice {
        let named = Named::of(key);
        let among = |wanted: &[String], name: Option<&str>| {
            wanted.is_empty() || name.is_none_or(|name| wanted.iter().any(|one| one == name))
        };
        if key.ends_with('/')
            || named.foreign
            || !among(&self.accounts, named.account)
            || !among(&self.regions, named.region)
            || !among(&self.flow_logs, named.flow_log)
        {
            return Choice::Other;
        }
        match named.slot {
            _ if self.times.is_empty() => Choice::Wanted,
            None => Choice::Timeless,
            Some(slot) => {
                let overlaps =
                    |time: &Range<u64>| slot < time.end && slot + SLOT_SECONDS > time.start;
                if self.times.iter().any(overlaps) {
                    Choice::Wanted
                } else {
                    Choice::Other
                }
            }
        }
    }

    /// The folders of the days that the times touch, below a region's folder.
    pub(super) fn day_folders(&self, hive: bool) -> Vec<String> {
        let mut folders = Vec::new();
        for time in &self.times {
            let first = DateTime::from_timestamp(signed(time.start - time.start % DAY_SECONDS), 0);
            let last = DateTime::from_timestamp(signed(time.end.saturating_sub(1)), 0);
            let (Some(first), Some(last)) = (first, last) else {
                continue;
            };
            let mut day = first.date_naive();
            while day <= last.date_naive() {
                let (y, m, d) = (day.year(), day.month(), day.day());
                folders.push(if hive {
                    format!("year={y:04}/month={m:02}/day={d:02}/")
                } else {
                    format!("{y:04}/{m:02}/{d:02}/")
                });
                match day.checked_add_days(Days::new(1)) {
                    Some(next) => day = next,
                    None => break,
                }
            }
        }
        folders.sort();
        folders.dedup();
        folders
    }
}

fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

impl Named<'_> {
    fn of(key: &str) -> Named<'_> {
        let mut named = Named::default();
        let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
        // account_vpcflowlogs_region_fl-id_slot_hash.log.gz
        let words: Vec<&str> = file.split('_').collect();
        if let [account, SERVICE, region, ..] = words[..] {
            named.account = is_account(account).then_some(account);
            named.region = Some(region);
            named.flow_log = words.get(3).filter(|id| id.starts_with("fl-")).copied();
        }
        named.slot = words.iter().find_map(|word| slot(word));
        let below = match folders.split_once(ROOT) {
            Some((before, below)) if before.is_empty() || before.ends_with('/') => below,
            _ => return named,
        };
        let mut steps = below.split('/').map(value);
        named.account = steps.next().filter(|step| is_account(step));
        named.foreign = steps.next().is_some_and(|service| service != SERVICE);
        named.region = steps.next().or(named.region);
        named
    }
}

/// The region that the records of an object are of, if its name says it.
pub(super) fn region(key: &str) -> Option<&str> {
    Named::of(key).region
}

/// The value of a Hive folder, and any other folder as it is.
fn value(folder: &str) -> &str {
    folder.split_once('=').map_or(folder, |(_, value)| value)
}

pub(super) fn is_account(word: &str) -> bool {
    word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn slot(word: &str) -> Option<u64> {
    let time = NaiveDateTime::parse_from_str(word, "%Y%m%dT%H%MZ").ok()?;
    u64::try_from(time.and_utc().timestamp()).ok()
}

/// One of the two ways to name the folders of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Hive,
}

impl Style {
    pub(super) const BOTH: [Style; 2] = [Style::Plain, Style::Hive];

    /// The folder of an account's flow logs, below [`ROOT`].
    pub(super) fn account(self, account: &str) -> String {
        match self {
            Style::Plain => format!("{account}/{SERVICE}/"),
            Style::Hive => format!("aws-account-id={account}/aws-service={SERVICE}/"),
        }
    }

    /// The folder of a region, below that of the account.
    pub(super) fn region(self, region: &str) -> String {
        match self {
            Style::Plain => format!("{region}/"),
            Style::Hive => format!("aws-region={region}/"),
        }
    }

    /// The style and the account of a folder below [`ROOT`].
    pub(super) fn of_account(folder: &str) -> Option<(Style, &str)> {
        let name = folder.strip_suffix('/')?;
        let (style, account) = match name.strip_prefix("aws-account-id=") {
            Some(account) => (Style::Hive, account),
            None => (Style::Plain, name),
        };
        is_account(account).then_some((style, account))
    }
}

/// What is both below the one and below the other prefix, if anything can be.
pub(super) fn common(one: &str, other: &str) -> Option<String> {
    if one.starts_with(other) {
        Some(one.to_owned())
    } else if other.starts_with(one) {
        Some(other.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // a selection of one span
mod tests {
    use super::{Choice, Named, Selection, Style, common};

    const SLOT: u64 = 1_732_092_000; // 2024-11-20T08:40Z
    const PLAIN: &str = "team/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2024/11/20/\
        123456789012_vpcflowlogs_eu-west-1_fl-0ab_20241120T0840Z_1f2e.log.gz";
    const HOURLY: &str = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2024/11/20/08/\
        123456789012_vpcflowlogs_eu-west-1_fl-0ab_20241120T0840Z_1f2e.log.gz";
    const HIVE: &str = "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/\
        aws-region=eu-west-1/year=2024/month=11/day=20/hour=08/\
        123456789012_vpcflowlogs_eu-west-1_fl-0ab_20241120T0840Z_1f2e.log.parquet";

    #[test]
    fn reads_account_region_and_slot_from_every_layout() {
        for key in [PLAIN, HOURLY, HIVE, PLAIN.rsplit('/').next().unwrap()] {
            let expected = Named {
                account: Some("123456789012"),
                region: Some("eu-west-1"),
                flow_log: Some("fl-0ab"),
                slot: Some(SLOT),
                foreign: false,
            };
            assert_eq!(Named::of(key), expected, "{key}");
        }
    }

    #[test]
    fn takes_objects_that_overlap_the_time() {
        for (times, expected) in [
            (vec![], Choice::Wanted),
            (vec![SLOT..SLOT + 1], Choice::Wanted),
            (vec![SLOT + 299..SLOT + 900], Choice::Wanted),
            (vec![SLOT + 300..SLOT + 900], Choice::Other),
            (vec![SLOT - 300..SLOT], Choice::Other),
            (vec![0..1, SLOT..SLOT + 1], Choice::Wanted),
        ] {
            let selection = Selection {
                times: times.clone(),
                ..Selection::default()
            };
            assert_eq!(selection.choice(PLAIN), expected, "{times:?}");
        }
    }

    #[test]
    fn leaves_out_what_is_not_asked_for() {
        let all = Selection::default();
        let timed = Selection {
            times: vec![SLOT..SLOT + 1],
            ..Selection::default()
        };
        let elsewhere = Selection {
            accounts: vec!["210987654321".to_owned()],
            ..Selection::default()
        };
        let by_another = Selection {
            flow_logs: vec!["fl-0cd".to_owned()],
            ..Selection::default()
        };
        for (selection, key, expected) in [
            (&all, "logs/", Choice::Other),
            (
                &all,
                "AWSLogs/123456789012/CloudTrail/eu-west-1/x.json.gz",
                Choice::Other,
            ),
            (&all, "mine/flows.log", Choice::Wanted),
            (&timed, "mine/flows.log", Choice::Timeless),
            (&elsewhere, PLAIN, Choice::Other),
            (&elsewhere, HIVE, Choice::Other),
            (&by_another, PLAIN, Choice::Other),
            (&by_another, "mine/flows.log", Choice::Wanted),
        ] {
            assert_eq!(selection.choice(key), expected, "{key}");
        }
    }

    #[test]
    fn names_the_folders_of_days() {
        let selection = Selection {
            times: vec![SLOT..SLOT + 86_400, SLOT..SLOT + 1],
            ..Selection::default()
        };
        assert_eq!(selection.day_folders(false), ["2024/11/20/", "2024/11/21/"]);
        assert_eq!(selection.day_folders(true)[1], "year=2024/month=11/day=21/");
        let one_day = Selection {
            times: vec![1_732_060_800..1_732_147_200],
            ..Selection::default()
        };
        assert_eq!(one_day.day_folders(false), ["2024/11/20/"]);
    }

    #[test]
    fn tells_the_two_styles_of_account_folders() {
        for (folder, expected) in [
            ("123456789012/", Some((Style::Plain, "123456789012"))),
            (
                "aws-account-id=123456789012/",
                Some((Style::Hive, "123456789012")),
            ),
            ("o-abc/", None),
        ] {
            assert_eq!(Style::of_account(folder), expected, "{folder}");
        }
    }

    #[test]
    fn narrows_one_prefix_by_the_other() {
        for (one, other, expected) in [
            ("a/b/", "a/", Some("a/b/")),
            ("a/", "a/b/", Some("a/b/")),
            ("a/", "b/", None),
        ] {
            assert_eq!(common(one, other).as_deref(), expected);
        }
    }
}
