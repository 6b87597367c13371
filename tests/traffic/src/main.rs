//! `traffic`: plays a scenario as log events, or writes it as a recording.

#![allow(clippy::disallowed_methods)] // a shell may touch the world

use clap::{Parser, Subcommand, ValueEnum};
use flate2::{Compression, GzBuilder};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use traffic::{Layout, RecordTime, Scenario, Truth};

/// Seeded NAT gateway traffic with known truth.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the log events as JSON lines in the order of their arrival, and the truth as the last line.
    Play {
        /// Scenario file (TOML).
        #[arg(long)]
        scenario: PathBuf,
        /// Interface of the gateway; the scenario's if absent.
        #[arg(long)]
        interface: Option<String>,
        /// Address of the gateway, primary first; the scenario's if absent.
        #[arg(long)]
        nat_address: Vec<IpAddr>,
        /// Gateway id, which regional gateways log as resource-id; the scenario's if absent.
        #[arg(long)]
        gateway: Option<String>,
        /// Account id in the records; the scenario's if absent.
        #[arg(long)]
        account: Option<String>,
        /// Region in the records; the scenario's if absent.
        #[arg(long)]
        region: Option<String>,
        /// Log format of the flow log, or the name of a layout.
        #[arg(long)]
        log_format: String,
        /// Unix second at which the scenario begins.
        #[arg(long)]
        start: u64,
        /// Scenario seconds in a real second.
        #[arg(long, default_value = "1", value_parser = speed)]
        speed: f64,
        /// Which time the records tell.
        #[arg(long, value_enum, default_value = "wall")]
        record_time: RecordTimeArgument,
    },
    /// Writes a recording and its truth.
    Write {
        /// Scenario file (TOML).
        #[arg(long)]
        scenario: PathBuf,
        /// default-14, recorder-14, egress-18, natspike, or a log format.
        #[arg(long)]
        layout: String,
        /// Begin with a header line.
        #[arg(long)]
        header: bool,
        /// Unix second at which the scenario begins.
        #[arg(long)]
        start: u64,
        /// Where the recording goes; gzip if the name ends in .gz.
        #[arg(long)]
        records: PathBuf,
        /// Where the truth goes (JSON).
        #[arg(long)]
        truth: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RecordTimeArgument {
    /// Real time: inside the window in which the flow log really exists.
    Wall,
    /// The scenario's time: ahead of the real one when speed is above 1.
    Domain,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("must be a number above 0".into()),
    }
}

/// Why the program ends with 2.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Scenario(#[from] traffic::ScenarioError),
    #[error("{0}")]
    Layout(#[from] traffic::LayoutError),
    #[error("read {path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("write {path}: {error}")]
    Write { path: PathBuf, error: io::Error },
    #[error("write the events: {0}")]
    Output(#[from] io::Error),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(io::stderr(), "traffic: failed to {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Play {
            scenario,
            interface,
            nat_address,
            gateway,
            account,
            region,
            log_format,
            start,
            speed,
            record_time,
        } => {
            let mut scenario = read(&scenario)?;
            if !nat_address.is_empty() {
                scenario.gateway.addresses = nat_address;
            }
            let set = |place: &mut String, value: Option<String>| {
                if let Some(value) = value {
                    *place = value;
                }
            };
            set(&mut scenario.gateway.interface, interface);
            set(&mut scenario.gateway.id, gateway);
            set(&mut scenario.account, account);
            set(&mut scenario.region, region);
            scenario.check()?;
            let time = match record_time {
                RecordTimeArgument::Wall => RecordTime::Wall,
                RecordTimeArgument::Domain => RecordTime::Domain,
            };
            play(&scenario, &Layout::parse(&log_format)?, start, speed, time)
        }
        Command::Write {
            scenario,
            layout,
            header,
            start,
            records,
            truth,
        } => {
            let layout = Layout::parse(&layout)?;
            let found =
                write(&read(&scenario)?, &layout, header, start, &records).map_err(|error| {
                    Failure::Write {
                        path: records,
                        error,
                    }
                })?;
            write_truth(&truth, &found).map_err(|error| Failure::Write { path: truth, error })
        }
    }
}

fn read(path: &Path) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Read {
        path: path.into(),
        error,
    })?;
    Ok(Scenario::parse(&text)?)
}

fn play(
    scenario: &Scenario,
    layout: &Layout,
    start: u64,
    speed: f64,
    time: RecordTime,
) -> Result<(), Failure> {
    let delivery = scenario.delivery(layout, start, speed, time);
    let mut out = BufWriter::new(io::stdout().lock());
    for event in &delivery.events {
        json_line(&mut out, event)?;
    }
    json_line(&mut out, &serde_json::json!({ "truth": delivery.truth }))?;
    Ok(out.flush()?)
}

fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn write(
    scenario: &Scenario,
    layout: &Layout,
    header: bool,
    start: u64,
    path: &Path,
) -> io::Result<Truth> {
    let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    let write = |out: &mut dyn Write| {
        if header {
            writeln!(out, "{}", layout.header())?;
        }
        scenario.write_recording(layout, start, out)
    };
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut out = GzBuilder::new().write(file, Compression::fast());
        let truth = write(&mut out)?;
        out.finish()?.flush()?;
        Ok(truth)
    } else {
        let mut file = file;
        write(&mut file)
    }
}

fn write_truth(path: &Path, truth: &Truth) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    json_line(&mut out, truth)?;
    out.flush()
}
