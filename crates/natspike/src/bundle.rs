//! `natspike bundle`: flow logs in, one file out that has all of a report in it.

use crate::analyze::ROWS;
use crate::sources::{self, How, Sources};
use adapters::bundle as packed;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Keep all that a report needs in one file, to analyze it again without AWS
///
/// natspike analyze FILE.natspike gives the same report years later, in any form.
/// With --redact the file can be shown to others: addresses, account and resource
/// ids, names, tags and descriptions are others, and every figure is the same.
/// Volumes, times, AWS services and regions are not hidden.
#[derive(Args)]
pub(crate) struct Command {
    /// Where to write it; - is standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Rows of each list that look-ups are asked about; 0 is all
    #[arg(long, value_name = "N", default_value_t = ROWS)]
    top: usize,

    /// Replace addresses, ids and names, always by the same within the file
    #[arg(long)]
    redact: bool,

    /// Replace them as with this secret before; without it nobody can, not even you
    #[arg(long, value_name = "SECRET", requires = "redact")]
    redact_key: Option<String>,

    // Last, or what follows would stand under its headings.
    #[command(flatten)]
    sources: Sources,
}

impl Command {
    /// Reads, packs, writes.
    pub(crate) fn run(mut self) -> Result<()> {
        let is_piped = self.output == Path::new("-");
        if is_piped && io::stdout().is_terminal() {
            bail!("write a bundle to a terminal: it is no text; name a file with --output");
        }
        self.sources.resolve()?;
        let mut bundle = self.sources.gather(&How {
            fingerprints: true,
            ..How::of(self.top)
        })?;
        // What there is nothing to say about is not worth a file.
        sources::report(&bundle, 1)?;
        if self.redact {
            let key = match self.redact_key {
                Some(key) if key.is_empty() => bail!("use --redact-key: the secret is empty"),
                Some(key) => key.into_bytes(),
                None => random(),
            };
            bundle = bundle.redacted(&key).context("redact the bundle")?;
        }
        let content = packed::pack(&bundle.members()).context("pack the bundle")?;
        match is_piped {
            true => {
                let mut out = io::stdout().lock();
                out.write_all(&content).and_then(|()| out.flush())
            }
            false => packed::save(&self.output, &content),
        }
        .with_context(|| format!("write {}", self.output.display()))
    }
}

/// Bytes that nobody knows: hashes under keys that the system draws for each
/// process.
fn random() -> Vec<u8> {
    let drawn = RandomState::new();
    (0..4u64)
        .flat_map(|number| drawn.hash_one(number).to_be_bytes())
        .collect()
}
