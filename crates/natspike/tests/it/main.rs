//! The desk command as a user runs it: the real binary, real files.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // tests write files and run programs

#[cfg(feature = "aws")]
mod aws;
mod bundles;
mod dollars;
mod forms;
mod history;
mod hostile;
mod investigate;
mod investigations;
mod names;
mod outputs;
mod parquet;
#[cfg(feature = "aws")]
mod record;
mod refusals;
mod serve;
mod simulations;
mod truth;
mod update;

use std::path::Path;
use std::process::{Command, Output};

/// Runs `natspike analyze` with an environment that says nothing.
fn analyze(arguments: &[&str], files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .arg("analyze")
        .args(arguments)
        .args(files)
        .env_clear()
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
