//! AWS's prefixes as AWS publishes them, fetched and kept in the user's data folder.
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html>
//!
//! **Invariants.** What is fetched is handed on unread; whoever has checked it
//! keeps it. The file is there whole or not at all.

use super::shelf::replace;
use super::{Client, LookupError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where AWS publishes them.
pub const URL: &str = "https://ip-ranges.amazonaws.com/ip-ranges.json";
/// The file below the user's data folder, and below a given one.
const FILE: &str = "natspike/ip-ranges.json";

/// Fetches the document.
pub fn fetch(client: &Client, url: &str) -> Result<String, LookupError> {
    let text = client.get(url, "application/json", None)?;
    text.ok_or(LookupError::Status(404))
}

/// Where the document is kept, below a given folder or the user's data folder;
/// `None` where the user has none.
pub fn path(above: Option<&Path>) -> Option<PathBuf> {
    let above = match above {
        Some(folder) => folder.to_owned(),
        None => dirs::data_dir()?,
    };
    Some(above.join(FILE))
}

/// The document that was kept, if there is one.
pub fn kept(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps the document instead of what was there.
pub fn keep(path: &Path, text: &str) -> io::Result<()> {
    replace(path, text.as_bytes())
}
