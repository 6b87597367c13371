//! Habits of files: each says what it is, none grows past reading.

use super::repository;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that is longer wants to be two.
const LONGEST: usize = 700;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn all() -> Vec<PathBuf> {
    let mut files = Vec::new();
    sources(&repository(), &mut files);
    assert!(
        files.len() > 40,
        "only {} source files were found",
        files.len()
    );
    files
}

#[test]
fn every_file_says_what_it_is() {
    for file in all() {
        let text = fs::read_to_string(&file).expect("text");
        assert!(
            text.starts_with("//!"),
            "{} must begin with //!",
            file.display()
        );
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for file in all() {
        let lines = fs::read_to_string(&file).expect("text").lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", file.display());
    }
}

#[test]
fn no_module_is_called_by_what_it_is_not() {
    for file in all() {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for word in [
            "utils", "util", "helpers", "helper", "common", "manager", "misc", "mod",
        ] {
            assert_ne!(stem, word, "{}", file.display());
        }
    }
}
