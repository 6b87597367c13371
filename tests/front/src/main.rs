//! `front`: runs the front until SIGTERM or Ctrl-C.

#![allow(clippy::disallowed_methods)] // a shell may touch the world

use clap::Parser;
use front::{Config, Front, FrontError, Rule, Upstream};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Records AWS calls on their way to a local AWS and lets them fail by rule.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Loopback address to listen on, for example 127.0.0.1:4600.
    #[arg(long)]
    listen: SocketAddr,
    /// The local AWS, for example http://127.0.0.1:4607.
    #[arg(long)]
    upstream: String,
    /// File that gets one JSON line per call.
    #[arg(long)]
    journal: Option<PathBuf>,
    /// File with a JSON list of rules {function?, service?, operation?, kind, times, after,
    /// until?, per_mille?, seed, burst}.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Longest time in seconds that a timed-out call is held.
    #[arg(long, default_value = "120")]
    hold: u64,
}

/// Why the program ends with 2.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Front(#[from] FrontError),
    #[error("read the rules {path}: {error}")]
    Rules { path: PathBuf, error: io::Error },
    #[error("wait for signals: {0}")]
    Signals(io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(io::stderr(), "front: failed to {failure}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut config = Config::new(arguments.upstream.parse::<Upstream>()?);
    config.listen = arguments.listen;
    config.journal = arguments.journal;
    config.rules = arguments.rules.map(rules).transpose()?.unwrap_or_default();
    config.hold = Duration::from_secs(arguments.hold);
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let front = Front::start(config).await?;
    // Whoever chose port 0 reads the port here; nobody has to.
    let _ = writeln!(io::stdout(), "front: listening on {}", front.url());
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Failure::Signals)?,
    }
    front.stop().await;
    Ok(())
}

fn rules(path: PathBuf) -> Result<Vec<Rule>, Failure> {
    let read = std::fs::read(&path).and_then(|text| Ok(serde_json::from_slice(&text)?));
    read.map_err(|error| Failure::Rules { path, error })
}
