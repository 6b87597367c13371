//! `natspike compare`: what a change saved.

use crate::analyze::Outcome;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum, ValueHint};
use egress::compare::{self, Comparison, Side};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Compare two reports: what went, what came, what that saves
///
/// Reports are those of natspike analyze --output json --top 0, or report.json in
/// the recorder's bucket. Recordings differ in length, so money is by the hour; a
/// month is compared where both reports know one from the gateway's metrics.
#[derive(Args)]
pub(crate) struct Compare {
    /// Report of before the change
    #[arg(value_name = "BEFORE", value_hint = ValueHint::FilePath)]
    before: PathBuf,

    /// Report of after the change
    #[arg(value_name = "AFTER", value_hint = ValueHint::FilePath)]
    after: PathBuf,

    /// Exit with 1 if an hour became dearer by more than that many per cent
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    fail_above: Option<String>,

    /// Rows of each list; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Form of the comparison
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Aligned tables for a terminal
    Console,
    /// JSON, schema natspike.comparison/1
    Json,
}

impl Compare {
    pub(crate) fn run(self) -> Result<Outcome> {
        let comparison = Comparison::of(&side(&self.before)?, &side(&self.after)?);
        let comparison = comparison.with_context(|| {
            format!(
                "compare {} with {}",
                self.before.display(),
                self.after.display()
            )
        })?;
        let mut out = BufWriter::new(io::stdout().lock());
        match self.output {
            Output::Console => compare::console::write(&comparison, self.top, &mut out),
            Output::Json => writeln!(out, "{:#}", compare::json(&comparison, 0)),
        }
        .and_then(|()| out.flush())
        .context("write the comparison")?;
        let Some(limit) = &self.fail_above else {
            return Ok(Outcome::Done);
        };
        match comparison.exceeds(limit).context("read --fail-above")? {
            Some(sentence) => Ok(Outcome::Met(sentence)),
            None => Ok(Outcome::Done),
        }
    }
}

fn side(path: &Path) -> Result<Side> {
    let name = path.display();
    let text = std::fs::read(path).with_context(|| format!("read {name}"))?;
    match Side::read(&text) {
        Ok(side) => Ok(side),
        Err(error) => bail!("read {name}: {error}"),
    }
}
