//! `natspike cache`: what is kept of objects that were read before.

use adapters::cache::{Cache, MOST};
use adapters::lookup::shelf;
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand, ValueHint};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Show or clear what is kept of objects in S3 and of look-ups
///
/// An object's flows are kept as a small table under its bucket, key and ETag,
/// so that the next analysis reads new objects only.
#[derive(Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
enum Action {
    /// Say where the cache is and how much it holds
    Show,
    /// Remove everything in the cache
    Clear,
}

/// Where the cache is.
#[derive(Args)]
pub(crate) struct Place {
    /// Folder that holds the cache [default: the user's cache folder]
    #[arg(
        long = "cache-dir",
        value_name = "FOLDER",
        env = "NATSPIKE_CACHE_DIR",
        value_hint = ValueHint::DirPath,
        hide_env_values = true,
        global = true
    )]
    folder: Option<PathBuf>,
}

impl Place {
    /// The folder that was named.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The cache; `None` where the user has no folder for it.
    pub(crate) fn open(&self) -> Option<Arc<Cache>> {
        Cache::open(self.folder.as_deref()).map(Arc::new)
    }
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        let cache = self.place.open().ok_or_else(|| {
            anyhow!("find the cache: this user has no cache folder; name one with --cache-dir")
        })?;
        let folder = cache.folder().display();
        let sentence = match self.action {
            Action::Show => {
                let kept = cache.kept().with_context(|| format!("read {folder}"))?;
                format!(
                    "{} objects are kept in {} bytes of at most {MOST}, in {folder}",
                    kept.tables, kept.bytes
                )
            }
            Action::Clear => {
                let removed = cache.clear().with_context(|| format!("clear {folder}"))?;
                format!(
                    "{} objects with {} bytes were removed from {folder}",
                    removed.tables, removed.bytes
                )
            }
        };
        writeln!(io::stdout(), "{sentence}").context("write")?;
        match crate::names::answers(self.place.folder()) {
            Some(folder) => self.answers(&folder),
            None => Ok(()),
        }
    }

    /// The same for answers of look-ups.
    fn answers(&self, folder: &Path) -> Result<()> {
        let name = folder.display();
        let sentence = match self.action {
            Action::Show => {
                let kept = shelf::size(folder).with_context(|| format!("read {name}"))?;
                format!(
                    "{} answers about addresses are kept in {} bytes, in {name}",
                    kept.answers, kept.bytes
                )
            }
            Action::Clear => {
                let removed = shelf::clear(folder).with_context(|| format!("clear {name}"))?;
                format!(
                    "{} answers about addresses with {} bytes were removed from {name}",
                    removed.answers, removed.bytes
                )
            }
        };
        writeln!(io::stdout(), "{sentence}").context("write")
    }
}
