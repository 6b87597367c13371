//! Flow logs in AWS: which are meant, and what reading them gave.

mod logs_source;
mod objects;
mod owners;
mod s3_source;
pub(crate) mod subject;

use crate::dates;
use crate::dotenv::Settings;
use crate::sign_in::SignIn;
use adapters::aws::Choice;
use adapters::files::{Cancelled, Meter};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use egress::RecordCounts;
use flowlog::{Counts, FlowTable, Layout};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const S3: &str = "s3://";
const LOGS: &str = "logs://";

/// Which flow logs in AWS, and of when.
#[derive(Args)]
#[command(next_help_heading = "Flow logs in AWS")]
pub(crate) struct Cloud {
    /// Bucket that flow logs are delivered to [env: S3_BUCKET_NAME]
    ///
    /// Read if no PATH is given. Account, region, prefix and day come from
    /// AWS_ACCOUNT_ID, AWS_REGION, S3_PREFIX and YEAR, MONTH, DAY where no
    /// option says them, in the environment or in a file .env; without a day
    /// it is today.
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,

    /// What stands before AWSLogs/ in the bucket [env: S3_PREFIX]
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,

    /// Only these accounts [env: AWS_ACCOUNT_ID]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,

    /// A UTC day (2026-11-20), or days (2026-11-18..2026-11-20)
    #[arg(long, value_name = "DAY", value_delimiter = ',', conflicts_with_all = ["since", "until"])]
    date: Vec<String>,

    /// From then on: 30m, 2h, 3d, 2w, 1M, 1y ago, ISO 8601 in UTC, epoch seconds
    #[arg(long, value_name = "TIME", visible_alias = "start-time")]
    since: Option<String>,

    /// Up to then, and not including it [default: now]
    #[arg(long, value_name = "TIME", visible_alias = "end-time")]
    until: Option<String>,

    /// Leave out what cannot be read, and name it in the report
    #[arg(long)]
    keep_going: bool,

    /// Ask EC2 who has the private addresses that are shown, as of now
    #[arg(long)]
    owners: bool,

    /// Read every object and ask every question again, and keep nothing of it
    #[arg(long)]
    no_cache: bool,

    #[command(flatten)]
    cache: crate::cache::Place,

    #[command(flatten)]
    sign_in: SignIn,
}

/// The records of one gateway in a log group that others record into, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) log_group: String,
    /// What stands in each of them: the interface or the gateway.
    pub(crate) word: String,
}

/// What is said elsewhere about the analysis.
pub(crate) struct Request<'a> {
    /// `s3://…` and `logs://…`.
    pub(crate) urls: Vec<String>,
    /// No file is read.
    pub(crate) nothing_else: bool,
    /// Regions that were named.
    pub(crate) regions: &'a [String],
    /// Flow logs whose objects alone are read; none: those of all.
    pub(crate) flow_logs: &'a [String],
    /// Layout that was named.
    pub(crate) layout: Option<Layout>,
    /// A log group of which only those records are read that have the word.
    pub(crate) own: Option<&'a Own>,
    /// The times that are read, where they are known already.
    pub(crate) times: Option<Vec<Range<u64>>>,
    /// Records are needed one by one, and not only what flows add up to.
    pub(crate) records_needed: bool,
    /// Gateway addresses that were named.
    pub(crate) nat_addresses: &'a [IpAddr],
    /// What each part of the table starts as, for a layout.
    pub(crate) new_table: &'a (dyn Fn(Option<&Layout>) -> FlowTable + Sync),
    /// Told of what is read.
    pub(crate) meter: Arc<Meter>,
}

impl Request<'_> {
    fn empty(&self) -> FlowTable {
        (self.new_table)(self.layout.as_ref())
    }

    fn word_of(&self, group: &str) -> Option<&str> {
        let own = self.own.filter(|own| own.log_group == group);
        own.map(|own| own.word.as_str())
    }
}

/// What was read.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) table: FlowTable,
    /// Regions that the flow logs are of.
    pub(crate) regions: BTreeSet<String>,
    /// Gateway addresses that the settings name.
    pub(crate) nat_addresses: Vec<IpAddr>,
    pub(crate) warnings: Vec<String>,
    pub(crate) corrections: Corrections,
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        self.table.merge(other.table);
        self.regions.extend(other.regions);
        self.nat_addresses.extend(other.nat_addresses);
        self.warnings.extend(other.warnings);
        self.corrections.0.extend(other.corrections.0);
    }
}

/// Counts of flows that stand for records, and the counts of these.
#[derive(Default)]
pub(crate) struct Corrections(Vec<(Counts, RecordCounts)>);

impl Corrections {
    /// Numbers of records where the table has numbers of flows; `None` where they
    /// are the same.
    pub(crate) fn of(&self, counts: &Counts) -> Option<RecordCounts> {
        let mut corrected = RecordCounts::from(counts);
        for (flows, records) in &self.0 {
            let exchange = |count: &mut u64, flows: u64, records: u64| {
                *count = *count - flows + records;
            };
            exchange(&mut corrected.read, flows.read, records.read);
            exchange(&mut corrected.parsed, flows.parsed, records.parsed);
            exchange(&mut corrected.nodata, flows.nodata, records.nodata);
            exchange(&mut corrected.skipdata, flows.skipdata, records.skipdata);
            exchange(&mut corrected.rejected, flows.rejected, records.rejected);
            let malformed = flows.malformed();
            exchange(&mut corrected.malformed, malformed, records.malformed);
        }
        (!self.0.is_empty()).then_some(corrected)
    }
}

/// Everything in AWS that is asked for; `None` where nothing is.
pub(crate) struct Plan {
    settings: Settings,
    bucket: Option<String>,
    times: Vec<Range<u64>>,
    now: u64,
}

impl Plan {
    /// The bucket that options or settings name.
    pub(crate) fn bucket(&self) -> Option<String> {
        let bucket = self.bucket.as_ref();
        bucket.map(|bucket| format!("{S3}{bucket}"))
    }
}

impl Cloud {
    /// The folder of answers that were given before, if they count.
    pub(crate) fn answers(&self) -> Option<PathBuf> {
        match self.no_cache {
            true => None,
            false => crate::names::answers(self.cache.folder()),
        }
    }

    /// Whether owners are to be asked for.
    pub(crate) fn asks(&self) -> bool {
        self.owners
    }

    /// An option that is for flow logs in AWS alone.
    pub(crate) fn named(&self) -> Option<&'static str> {
        let named = [
            ("--bucket", self.bucket.is_some()),
            ("--prefix", self.prefix.is_some()),
            ("--account", !self.account.is_empty()),
            ("--date", !self.date.is_empty()),
            ("--since", self.since.is_some()),
            ("--until", self.until.is_some()),
            ("--keep-going", self.keep_going && !self.owners),
        ];
        let mut named = named.into_iter();
        named.find_map(|(option, is)| is.then_some(option))
    }

    /// Whether there is anything to read in AWS, and of when.
    pub(crate) fn plan(&self, request: &Request<'_>) -> Result<Option<Plan>> {
        if request.urls.is_empty() && self.bucket.is_none() && !request.nothing_else {
            if request.times.is_some() {
                return Ok(None);
            }
            if !self.date.is_empty() || self.since.is_some() || self.until.is_some() {
                bail!(
                    "use --date, --since or --until: they are for s3://, logs:// and --bucket; \
                     files are read whole"
                );
            }
            return Ok(None);
        }
        let settings = Settings::load()?;
        let by_setting = request.urls.is_empty() && request.nothing_else;
        let bucket = match &self.bucket {
            Some(bucket) => Some(bucket.clone()),
            None if by_setting => settings.get("S3_BUCKET_NAME").map(str::to_owned),
            None => None,
        };
        if request.urls.is_empty() && bucket.is_none() {
            bail!(
                "know what to read: name files, folders, s3://bucket/prefix or logs://GROUP, \
                 or a bucket with --bucket or S3_BUCKET_NAME"
            );
        }
        let now = now()?;
        let times = match &request.times {
            Some(times) => times.clone(),
            None => self.times(now)?,
        };
        Ok(Some(Plan {
            settings,
            bucket,
            times,
            now,
        }))
    }

    /// Whether a bucket is named, or a part of one.
    pub(crate) fn names_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// The times that options name, in order and without overlap.
    pub(crate) fn times(&self, now: u64) -> Result<Vec<Range<u64>>> {
        let mut times = Vec::new();
        for day in &self.date {
            times.push(dates::days(day).context("read --date")?);
        }
        if self.since.is_some() || self.until.is_some() {
            let read = |text: &Option<String>, option: &str, default| match text {
                Some(text) => dates::time(text, now).with_context(|| format!("read {option}")),
                None => Ok(default),
            };
            let from = read(&self.since, "--since", 0)?;
            let to = read(&self.until, "--until", now)?;
            times.push(dates::range(from, to).context("read --since and --until")?);
        }
        times.sort_by_key(|time| time.start);
        let mut joined: Vec<Range<u64>> = Vec::new();
        for time in times {
            match joined.last_mut() {
                Some(last) if time.start <= last.end => last.end = last.end.max(time.end),
                _ => joined.push(time),
            }
        }
        Ok(joined)
    }

    /// Reads it all.
    pub(crate) fn read(&self, plan: &Plan, request: &Request<'_>) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("start reading")?;
        let work = async {
            let mut outcome = Outcome {
                table: request.empty(),
                ..Outcome::default()
            };
            let (buckets, groups): (Vec<&String>, Vec<&String>) =
                request.urls.iter().partition(|url| url.starts_with(S3));
            if !buckets.is_empty() || plan.bucket.is_some() {
                outcome.add(s3_source::read(self, plan, request, &buckets).await?);
            }
            for group in groups {
                let group = group.strip_prefix(LOGS).unwrap_or(group);
                outcome.add(logs_source::read(self, plan, request, group).await?);
            }
            Ok(outcome)
        };
        let done = runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = cancelled(&request.meter) => Err(Cancelled.into()),
            }
        });
        // What is still under way after a failure is of no use.
        runtime.shutdown_background();
        done
    }

    /// Who signs in.
    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Reads these times, if no option names any.
    pub(crate) fn set_times(&mut self, window: &Range<u64>) {
        if self.date.is_empty() {
            self.since.get_or_insert_with(|| window.start.to_string());
            self.until.get_or_insert_with(|| window.end.to_string());
        }
    }

    /// The region, and the credentials that are said by name.
    pub(crate) fn choice(&self, settings: &Settings, region: Option<&str>) -> Choice {
        self.sign_in.choice(settings, region)
    }
}

/// Ends when nobody wants any more what is read.
async fn cancelled(meter: &Meter) {
    while !meter.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The present, in Unix seconds.
pub(crate) fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// An error of AWS in the words of somebody at a desk.
pub(crate) fn plain(error: &(dyn std::error::Error + 'static)) -> String {
    use recorder::FaultKind;
    let Some(error) = error.downcast_ref::<recorder::PortError>() else {
        return error.to_string();
    };
    let call = format!("{}:{}", error.service, error.operation);
    let said = error.source.to_string();
    if error.operation == "AssumeRole" {
        return match error.kind {
            FaultKind::Denied => format!(
                "the role may not be assumed: {said}; check --role-arn and --external-id, that the \
                 role's trust policy names you and that you may do sts:AssumeRole on it"
            ),
            _ => format!("the role cannot be assumed: {said}"),
        };
    }
    if said.contains("credential") {
        return format!(
            "no credentials ({said}); sign in with 'aws sso login' or name a profile with --profile"
        );
    }
    match error.kind {
        FaultKind::Denied => format!("your credentials may not do {call}: {said}"),
        FaultKind::NotFound => format!("it does not exist: {said}"),
        FaultKind::Throttled => format!("{call} is throttled: {said}; try again later"),
        _ => format!("{call}: {said}"),
    }
}

/// What the report says about something that was left out.
fn left_out(names: &[String]) -> Option<String> {
    const SHOWN: usize = 10;
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names[..names.len().min(SHOWN)].join("; ");
    (!names.is_empty()).then(|| {
        format!(
            "{} could not be read and is in no figure: {shown}{more}.",
            names.len()
        )
    })
}

fn refused(name: &str, why: &str) -> anyhow::Error {
    anyhow!("read {name}: {why}; --keep-going leaves out what cannot be read and says so")
}
