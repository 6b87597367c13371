//! `natspike analyze`: flow-log files in, a report out.

use adapters::files;
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum, ValueHint};
use egress::{Facts, Rate, Verdict};
use flowlog::{FlowTable, Layout};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;

/// The region that is priced where none is given.
const DEFAULT_REGION: &str = "us-east-1";

/// Analyze flow logs: bytes and cost by source, destination and AWS service
///
/// The layout of each file is found by its header or its content, the NAT
/// gateway's addresses by the records. Billed are the bytes that come from and
/// go to the workloads; the other side of the gateway serves as a check.
#[derive(Args)]
pub(crate) struct Analyze {
    /// Flow-log files, plain or gzip; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Log format of files without a header, as CreateFlowLogs takes it
    #[arg(long, value_name = "LOG_FORMAT")]
    format: Option<String>,

    /// Private address of the NAT gateway; found in the records if not given
    #[arg(long, value_name = "ADDRESS")]
    nat_address: Vec<IpAddr>,

    /// Only this interface (eni-…) or regional gateway (nat-…)
    #[arg(long, value_name = "ID")]
    interface: Option<String>,

    /// Region whose data-processing rate applies [default: us-east-1, and said]
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,

    /// USD for a gigabyte processed, instead of the region's list rate
    #[arg(long, value_name = "USD", env = "NATSPIKE_NAT_RATE")]
    nat_rate: Option<String>,

    /// Rows of each list; 0 shows all. Totals are always of everything
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Aligned tables for a terminal
    Console,
    /// JSON, schema natspike.report/1
    Json,
}

impl Analyze {
    /// Reads, analyzes, writes to standard output.
    pub(crate) fn run(self) -> Result<()> {
        let facts = self.facts()?;
        let mut table = match &self.format {
            Some(format) => {
                FlowTable::with_layout(Layout::from_log_format(format).context("read --format")?)
            }
            None => FlowTable::new(),
        };
        for file in &self.files {
            files::read(file, &mut table)?;
        }
        let report = egress::report(&table, &facts);
        if let Verdict::NoRecords | Verdict::NothingReadable = report.verdict {
            let sentence = report.verdict.sentence().unwrap_or_default();
            return Err(anyhow!("find a flow record. {sentence}"));
        }
        let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        match self.output {
            Output::Console => egress::console::write(&report, self.top, &mut out),
            Output::Json => egress::json::write(&report, self.top, &mut out),
        }
        .and_then(|()| out.flush())
        .context("write the report")
    }

    fn facts(&self) -> Result<Facts> {
        let region = self.region.as_deref().filter(|region| !region.is_empty());
        let given = self.nat_rate.as_deref().map(Rate::given).transpose();
        let rate = match given.context("read --nat-rate")? {
            Some(rate) => rate,
            None => Rate::of_region(region.unwrap_or(DEFAULT_REGION)).context("price the bytes")?,
        };
        let mut facts = Facts::new(region.unwrap_or(DEFAULT_REGION), rate);
        facts.nat_addresses.clone_from(&self.nat_address);
        facts.interface.clone_from(&self.interface);
        if region.is_none() && self.nat_rate.is_none() {
            facts.warnings.push(format!(
                "No region was given, so the rate of {DEFAULT_REGION} is used; name yours with --region."
            ));
        }
        Ok(facts)
    }
}
