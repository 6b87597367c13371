//! The desk command: `natspike analyze FILE` and what stands beside it.
//!
//! Exit codes: 0 done, 1 a condition of --fail-on or --fail-above is met, 2 wrong usage or failure. A reader that closes the pipe
//! early ends the program quietly.
#![allow(clippy::disallowed_methods)] // a shell may touch the world

mod analyze;
mod bundle;
#[cfg(feature = "aws")]
mod cache;
#[cfg(feature = "aws")]
mod cloud;
mod compare;
#[cfg(feature = "aws")]
mod dates;
#[cfg(feature = "aws")]
mod discover;
mod dotenv;
mod history;
mod inputs;
mod investigate;
mod names;
mod prices;
mod progress;
mod queries;
#[cfg(feature = "aws")]
mod quota;
#[cfg(feature = "aws")]
mod record;
mod serve;
#[cfg(feature = "aws")]
mod sign_in;
mod simulate;
mod sources;
#[cfg(feature = "aws")]
mod stack;
mod thresholds;
mod update;
mod whom;

use analyze::Outcome;
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// A condition of `--fail-on` or `--fail-above` is met.
const MET: u8 = 1;
/// Usage errors, as clap has it, and every failure.
const FAILED: u8 = 2;

/// Finds out who moved how many bytes through a NAT gateway, to whom, and what it costs
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Analyze(Box<analyze::Analyze>),
    Bundle(Box<bundle::Command>),
    Compare(compare::Compare),
    Investigate(Box<investigate::Investigate>),
    History(history::Command),
    Show(history::Show),
    Prices(prices::Command),
    Queries(Box<queries::Queries>),
    Update(update::Update),
    Serve(Box<serve::Serve>),
    Simulate(Box<simulate::Simulate>),
    #[cfg(feature = "aws")]
    Cache(cache::Command),
    #[cfg(feature = "aws")]
    Discover(Box<discover::Command>),
    #[cfg(feature = "aws")]
    Quota(quota::Command),
    #[cfg(feature = "aws")]
    Record(record::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Analyze(analyze) => analyze.run(),
        Command::Bundle(bundle) => bundle.run().map(|()| Outcome::Done),
        Command::Compare(compare) => compare.run(),
        Command::Investigate(investigate) => investigate.run().map(|()| Outcome::Done),
        Command::History(history) => history.run().map(|()| Outcome::Done),
        Command::Show(show) => show.run().map(|()| Outcome::Done),
        Command::Prices(prices) => prices.run().map(|()| Outcome::Done),
        Command::Queries(queries) => queries.run().map(|()| Outcome::Done),
        Command::Update(update) => update.run().map(|()| Outcome::Done),
        Command::Serve(serve) => serve.run().map(|()| Outcome::Done),
        Command::Simulate(simulate) => simulate.run().map(|()| Outcome::Done),
        #[cfg(feature = "aws")]
        Command::Cache(cache) => cache.run().map(|()| Outcome::Done),
        #[cfg(feature = "aws")]
        Command::Discover(discover) => discover.run().map(|()| Outcome::Done),
        #[cfg(feature = "aws")]
        Command::Quota(quota) => quota.run().map(|()| Outcome::Done),
        #[cfg(feature = "aws")]
        Command::Record(record) => record.run().map(|()| Outcome::Done),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Met(condition)) => {
            let _ = writeln!(io::stderr(), "natspike: {condition}");
            ExitCode::from(MET)
        }
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to where standard error is closed too.
            let _ = writeln!(io::stderr(), "natspike: failed to {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn no_option_stands_twice_in_a_command() {
        Cli::command().debug_assert();
    }

    /// Words as a shell makes them, up to what is the shell's own.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                _ => words.last_mut().expect("a word").push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        let is_shell = |word: &String| ["#", ">", "|"].contains(&word.as_str());
        let end = words.iter().position(is_shell).unwrap_or(words.len());
        words.truncate(end);
        words
    }

    #[cfg(feature = "aws")]
    #[test]
    fn what_the_pages_tell_to_type_is_understood() {
        let pages = [
            include_str!("../../../README.md"),
            include_str!("../../../docs/filter.md"),
        ];
        let lines = pages.iter().flat_map(|page| page.lines());
        let lines = lines.map(|line| line.strip_prefix("$ ").unwrap_or(line));
        let commands: Vec<&str> = lines.filter(|line| line.starts_with("natspike ")).collect();
        assert!(commands.len() > 30, "{commands:?}");
        for command in commands {
            let parsed = Cli::command().try_get_matches_from(words(command));
            assert!(parsed.is_ok(), "{command}: {parsed:?}");
        }
    }
}
