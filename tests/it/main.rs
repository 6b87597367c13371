//! Contracts between the rooms: layers, payloads, error names, file habits.
#![allow(clippy::disallowed_methods)] // tests read the repository

mod files;
mod layers;
mod workflow;

use std::path::{Path, PathBuf};

/// The top of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lies in the repository")
        .to_owned()
}
