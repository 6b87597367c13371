//! The generator against a second, obvious reading of its own lines.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // tests read files, and stop at what fails

mod binary;
mod recordings;
mod recount;

use std::path::PathBuf;
use traffic::{Layout, Scenario};

const START: u64 = 1_800_000_000;

fn scenarios() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files: Vec<PathBuf> = [root.clone(), root.join("desk")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    files
}

fn load(path: &PathBuf) -> Scenario {
    let text = std::fs::read_to_string(path).unwrap();
    Scenario::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn layouts() -> Vec<(&'static str, Layout)> {
    Layout::NAMED
        .into_iter()
        .map(|(name, _)| (name, Layout::parse(name).unwrap()))
        .collect()
}

fn small(extra: &str) -> Scenario {
    Scenario::parse(&format!(
        "title = 't'\nseed = 3\n[[conversation]]\nsource = '10.0.1.5'\ndestination = '203.0.113.5'\n\
         service = 'S3'\nupload = 1_000_003\ndownload = '42 MB'\nfrom = '30s'\nto = '4m10s'\n{extra}"
    ))
    .unwrap()
}
