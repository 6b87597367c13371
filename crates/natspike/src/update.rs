//! `natspike update`: AWS's prefixes as they are now.

use crate::names::Data;
use adapters::lookup::{Client, ranges};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use egress::{AwsRanges, RangesSource};
use std::io::{self, Write};
use std::time::Duration;

/// What fetching may take.
const WITHIN: Duration = Duration::from_secs(60);

/// Fetch AWS's prefixes, which tell services and regions of addresses
///
/// natspike analyze uses them where they are newer than those that ship with it.
#[derive(Args)]
pub(crate) struct Update {
    /// Where the prefixes are published
    #[arg(long, value_name = "URL", default_value = ranges::URL)]
    url: String,

    #[command(flatten)]
    data: Data,
}

impl Update {
    pub(crate) fn run(self) -> Result<()> {
        let path = self.data.ranges().ok_or_else(|| {
            anyhow!("find the data folder: this user has none; name one with --data-dir")
        })?;
        let shipped = AwsRanges::shipped();
        // What cannot be read is replaced.
        let fetched = self.data.fetched().unwrap_or_default();
        let newer = fetched.filter(|fetched| fetched.is_newer_than(shipped));
        let before = newer.as_ref().unwrap_or(shipped);
        let text = ranges::fetch(&Client::new(WITHIN), &self.url)
            .with_context(|| format!("fetch {}", self.url))?;
        let now = AwsRanges::read(&text, RangesSource::Updated)
            .with_context(|| format!("use what {} answered", self.url))?;
        let sentence = match now.is_newer_than(before) {
            true => {
                ranges::keep(&path, &text).with_context(|| format!("write {}", path.display()))?;
                format!(
                    "AWS's prefixes are of {} now, they were of {}: {}",
                    now.created(),
                    before.created(),
                    path.display()
                )
            }
            false => format!(
                "AWS's prefixes of {} are kept: those of {} are not newer",
                before.created(),
                now.created()
            ),
        };
        writeln!(io::stdout(), "{sentence}").context("write")
    }
}
