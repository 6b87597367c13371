//! What is read: flow logs in files and in AWS, each record of them into one table.
//!
//! **Invariants.** Every command that reads flow logs has these options and reads
//! them here.

use crate::progress::{Shown, Total};
use crate::sources::{named, source};
#[cfg(feature = "aws")]
use crate::stack::{Recorded, Stack};
use adapters::files::{self, Input};
use anyhow::{Context, Result};
use clap::{Args, ValueHint};
use egress::RecordCounts;
use egress::bundle::SourceFile;
use flowlog::filter::{Expr, Filter, Sets};
use flowlog::{FlowTable, Layout};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

/// What stands before the execution whose recording is read.
#[cfg(feature = "aws")]
pub(crate) const RECORDING: &str = "recording:";

/// Why there is no record of a recording that goes on.
pub(crate) const NONE_YET: &str = "find a flow record: none has arrived yet, and they come minutes \
                                   after the traffic; try again in a minute";

/// What to read.
#[derive(Args)]
#[command(next_help_heading = "What is read")]
pub(crate) struct Inputs {
    /// Files, folders or patterns, s3://bucket/prefix, logs://GROUP,
    /// recording:EXECUTION; - is standard input
    ///
    /// Text, gzip, zstd, Parquet, exports of a log group, JSON of aws logs
    /// filter-log-events and subscription envelopes are told by their content,
    /// and so is a bundle of natspike, which is read alone.
    /// Folders are read with all below them.
    #[arg(
        required = cfg!(not(feature = "aws")),
        value_name = "PATH",
        help_heading = None::<&str>,
        value_hint = ValueHint::AnyPath
    )]
    pub(crate) files: Vec<PathBuf>,

    /// Log format of files without a header, as CreateFlowLogs takes it
    #[arg(long, value_name = "LOG_FORMAT")]
    pub(crate) format: Option<String>,

    /// Private address of the NAT gateway; found in the records if not given
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) nat_address: Vec<IpAddr>,

    /// Region; of flow logs in AWS, only these
    /// [env: AWS_REGION] [default: that of the flow logs, else us-east-1, and said]
    #[arg(long, value_delimiter = ',')]
    pub(crate) region: Vec<String>,

    /// Only these records: 'dst in 52.0.0.0/8 and port = 443 and bytes > 1MB'
    ///
    /// Names are those of the fields, and src, dst, ip, port, service for either end
    /// in the packet; and, or, not, in, like, is private, is missing. docs/filter.md
    #[arg(long = "where", value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Option<Where>,

    /// Flows or pairs of addresses that are told apart, 0 for all: bounds the memory.
    /// What is beyond is the row "other" of each list; totals are always exact
    #[arg(long, value_name = "N", default_value_t = 4_000_000)]
    pub(crate) max_keys: usize,

    /// The stack whose recordings are read: recording:EXECUTION for a PATH, as
    /// natspike record list names them
    #[cfg(feature = "aws")]
    #[arg(
        long,
        value_name = "NAME",
        env = "NATSPIKE_STACK",
        hide_env_values = true
    )]
    pub(crate) stack: Option<String>,

    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// More records may come.
    #[arg(skip)]
    pub(crate) is_live: bool,

    #[cfg(feature = "aws")]
    #[arg(skip)]
    own: Option<crate::cloud::Own>,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    pub(crate) cloud: crate::cloud::Cloud,
}

/// A filter, and the words of it.
#[derive(Debug, Clone)]
pub(crate) struct Where {
    pub(crate) expr: Expr,
    pub(crate) text: String,
}

pub(crate) fn filter(text: &str) -> Result<Where, String> {
    match Expr::parse(text) {
        Ok(expr) => Ok(Where {
            expr,
            text: text.trim().to_owned(),
        }),
        Err(error) => Err(format!("{error}\n{}", error.pointed(text))),
    }
}

impl Where {
    /// The filter where nobody is investigated.
    pub(crate) fn alone(&self) -> Result<Filter> {
        Filter::new(&self.expr, &Sets::default()).context("use --where")
    }
}

/// What was read.
pub(crate) struct Gathered {
    pub(crate) table: FlowTable,
    /// Counts of records, where the table's are of flows.
    pub(crate) records: Option<RecordCounts>,
    /// Regions of flow logs in AWS.
    pub(crate) regions: BTreeSet<String>,
    /// Gateway addresses that settings name.
    pub(crate) nat_addresses: Vec<IpAddr>,
    pub(crate) warnings: Vec<String>,
    pub(crate) sources: Vec<SourceFile>,
}

/// What is read beside what is named, and how.
#[derive(Debug, Default)]
#[cfg_attr(
    not(feature = "aws"),
    expect(dead_code, reason = "for flow logs in AWS")
)]
pub(crate) struct More {
    /// `logs://…`, `s3://…`.
    pub(crate) urls: Vec<String>,
    /// The flow logs whose objects alone are read; none: those of all.
    pub(crate) flow_logs: Vec<String>,
    /// Records are needed one by one, and not only what flows add up to.
    pub(crate) records_needed: bool,
    /// The times that are read in AWS, where they are known already.
    pub(crate) times: Option<Vec<std::ops::Range<u64>>>,
    /// Files are hashed, too.
    pub(crate) fingerprints: bool,
    /// Who is told how far reading has come.
    pub(crate) shown: Shown,
}

/// What a table must be before records come into it.
pub(crate) type Prepare<'a> = &'a (dyn Fn(&mut FlowTable) + Sync);

impl Inputs {
    /// Reads it all into one table.
    pub(crate) fn gather(&self, more: &More, prepare: Prepare<'_>) -> Result<Gathered> {
        let layout = match &self.format {
            Some(format) => Some(Layout::from_log_format(format).context("read --format")?),
            None => None,
        };
        let new_table = |layout: Option<&Layout>| {
            let mut table = match layout {
                Some(layout) => FlowTable::with_layout(layout.clone()),
                None => FlowTable::new(),
            };
            if self.max_keys > 0 {
                table.limit_keys(self.max_keys);
            }
            prepare(&mut table);
            table
        };
        let (mut urls, files) = self.split();
        urls.extend(more.urls.iter().cloned());
        let mut gathered = Gathered {
            table: new_table(layout.as_ref()),
            records: None,
            regions: BTreeSet::new(),
            nat_addresses: Vec::new(),
            warnings: Vec::new(),
            sources: urls.iter().map(|url| named(url)).collect(),
        };
        #[cfg(feature = "aws")]
        let outcome = {
            let known = layout.as_ref();
            self.read_aws((urls, more), &files, known, &new_table, &mut gathered)?
        };
        #[cfg(not(feature = "aws"))]
        if let Some(url) = urls.first() {
            return Err(anyhow::anyhow!(
                "read {url}: this natspike was built without the feature aws; \
                 fetch the files with the AWS CLI and name them"
            ));
        }
        if !files.is_empty() {
            let of_files = || new_table(layout.as_ref());
            let (table, inputs) =
                self.read_files(&files, &of_files, &more.shown, &mut gathered.warnings)?;
            gathered.table = table;
            for input in &inputs {
                gathered.sources.push(source(input, more.fingerprints)?);
            }
        }
        #[cfg(feature = "aws")]
        if let Some((table, bucket, corrections)) = outcome {
            gathered.table.merge(table);
            gathered
                .sources
                .extend(bucket.iter().map(|bucket| named(bucket)));
            gathered.records = corrections.of(gathered.table.counts());
        }
        Ok(gathered)
    }

    /// The execution whose recording is to be read; it is read alone.
    #[cfg(feature = "aws")]
    pub(crate) fn execution(&self) -> Result<Option<String>> {
        let named = |path: &PathBuf| path.to_str()?.strip_prefix(RECORDING).map(str::to_owned);
        match (self.files.iter().find_map(named), self.files.len()) {
            (Some(execution), 2..) => Err(anyhow::anyhow!(
                "read {RECORDING}{execution}: a recording is read alone; name nothing else"
            )),
            (execution, _) => Ok(execution),
        }
    }

    /// The recording that is to be read, if one is.
    #[cfg(feature = "aws")]
    pub(crate) fn recorded(&self) -> Result<Option<Recorded>> {
        let Some(execution) = self.execution()? else {
            return Ok(None);
        };
        let Some(stack) = &self.stack else {
            return Err(anyhow::anyhow!(
                "read {RECORDING}{execution}: name its stack with --stack, or with NATSPIKE_STACK"
            ));
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start")?;
        let found = runtime.block_on(async {
            let region = self.region.first().map(String::as_str);
            let stack = Stack::open(self.cloud.sign_in(), region, stack).await?;
            stack.source(&execution).await
        });
        found.map(Some)
    }

    /// Reads that recording instead of what was named. Layout, addresses and times
    /// that options say count for more.
    #[cfg(feature = "aws")]
    pub(crate) fn read_recording(&mut self, recorded: &Recorded) {
        self.files = vec![PathBuf::from(format!("logs://{}", recorded.log_group))];
        self.format
            .get_or_insert_with(|| recorded.log_format.clone());
        if self.nat_address.is_empty() {
            self.nat_address.clone_from(&recorded.nat_addresses);
        }
        self.region = vec![recorded.region.clone()];
        self.own = recorded.own();
        self.is_live = recorded.is_live;
        self.cloud.set_times(&recorded.window);
    }

    /// What is in AWS, and what is not.
    fn split(&self) -> (Vec<String>, Vec<PathBuf>) {
        let is_url = |path: &str| path.starts_with("s3://") || path.starts_with("logs://");
        let (urls, files): (Vec<&PathBuf>, Vec<&PathBuf>) = self
            .files
            .iter()
            .partition(|path| path.to_str().is_some_and(is_url));
        let text = |url: &PathBuf| url.to_string_lossy().into_owned();
        (
            urls.into_iter().map(text).collect(),
            files.into_iter().cloned().collect(),
        )
    }

    #[cfg(feature = "aws")]
    fn read_aws(
        &self,
        (urls, more): (Vec<String>, &More),
        files: &[PathBuf],
        layout: Option<&Layout>,
        new_table: &(dyn Fn(Option<&Layout>) -> FlowTable + Sync),
        gathered: &mut Gathered,
    ) -> Result<Option<(FlowTable, Option<String>, crate::cloud::Corrections)>> {
        let meter = more.shown.meter();
        let request = crate::cloud::Request {
            urls,
            nothing_else: files.is_empty(),
            regions: &self.region,
            layout: layout.cloned(),
            nat_addresses: &self.nat_address,
            flow_logs: &more.flow_logs,
            own: self.own.as_ref(),
            times: more.times.clone(),
            records_needed: more.records_needed,
            new_table,
            meter: std::sync::Arc::clone(&meter),
        };
        let Some(plan) = self.cloud.plan(&request)? else {
            return Ok(None);
        };
        let read = || self.cloud.read(&plan, &request);
        let shown = &more.shown;
        let outcome = shown.during(&meter, Total::default(), self.quiet, read)?;
        gathered.regions = outcome.regions;
        gathered.nat_addresses = outcome.nat_addresses;
        gathered.warnings.extend(outcome.warnings);
        Ok(Some((outcome.table, plan.bucket(), outcome.corrections)))
    }

    fn read_files(
        &self,
        files: &[PathBuf],
        new_table: &(dyn Fn() -> FlowTable + Sync),
        shown: &Shown,
        warnings: &mut Vec<String>,
    ) -> Result<(FlowTable, Vec<Input>)> {
        let found = files::find(files)?;
        for repeated in &found.repeated {
            warnings.push(format!(
                "{} was read once: it was given again as {}.",
                repeated.same_as, repeated.name
            ));
        }
        let total = Total {
            files: found.inputs.len() as u64,
            bytes: match found.inputs.iter().map(Input::size).min() {
                // The size of what comes from a pipe is not known.
                Some(0) | None => 0,
                Some(_) => found.inputs.iter().map(Input::size).sum(),
            },
        };
        let meter = shown.meter();
        let read = || files::read(&found.inputs, new_table, &meter);
        let table = shown.during(&meter, total, self.quiet, read)?;
        Ok((table, found.inputs))
    }
}
