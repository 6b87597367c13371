//! `natspike simulate`: flow logs or a bundle in, the bill with other endpoints out.

use crate::sources::{self, How, Sources};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use egress::EndpointPrices;
use egress::simulate::{self, Change, Endpoint, SimulateError, Simulation};
use std::io::{self, BufWriter, Write};

/// What the same traffic would cost with other VPC endpoints
///
/// A gateway endpoint (s3, dynamodb) takes the bytes of its service in its own
/// region off the gateway for nothing. An interface endpoint costs something by
/// the hour, zone and gigabyte; which bytes are of its service can only be told
/// for s3 and dynamodb, so for others it is said from how many gigabytes a month
/// on it pays. Its price is of the price book, or what --rate endpoint-hour=USD and
/// --rate endpoint-gb=USD say. A month is known where a snapshot has the metrics of the days before.
#[derive(Args)]
pub(crate) struct Simulate {
    /// An endpoint that there would be: s3, dynamodb, s3:interface, ecr.api, logs, …
    #[arg(long, value_name = "SERVICE", value_parser = endpoint)]
    add_endpoint: Vec<Endpoint>,

    /// An endpoint that there would no longer be
    #[arg(long, value_name = "SERVICE", value_parser = endpoint)]
    remove_endpoint: Vec<Endpoint>,

    /// Zones that each interface endpoint is in
    #[arg(long, value_name = "N", default_value_t = 1)]
    zones: u32,

    /// Form of the simulation
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,

    // Last, or what follows would stand under its headings.
    #[command(flatten)]
    sources: Sources,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Sentences and arithmetic for a terminal
    Console,
    /// JSON, schema natspike.simulation/1
    Json,
}

impl Simulate {
    /// Reads, simulates, writes to standard output.
    pub(crate) fn run(mut self) -> Result<()> {
        if self.add_endpoint.is_empty() && self.remove_endpoint.is_empty() {
            bail!("simulate: {}", SimulateError::Nothing);
        }
        if let Some(option) = self.sources.asked_by() {
            bail!("use {option}: a simulation names nobody; leave the option out");
        }
        self.sources.resolve()?;
        let bundle = self.sources.gather(&How::of(1))?;
        let report = sources::report(&bundle, 1)?;
        let change = Change {
            prices: EndpointPrices::of(&bundle.facts.prices),
            add: self.add_endpoint,
            remove: self.remove_endpoint,
            zones: self.zones,
        };
        let simulation = Simulation::of(&report, bundle.facts.snapshot.as_ref(), &change);
        let simulation = simulation.context("simulate")?;
        let mut out = BufWriter::new(io::stdout().lock());
        match self.output {
            Output::Console => simulate::console::write(&simulation, &mut out),
            Output::Json => writeln!(out, "{:#}", simulate::json::value(&simulation)),
        }
        .and_then(|()| out.flush())
        .context("write the simulation")
    }
}

fn endpoint(text: &str) -> Result<Endpoint, SimulateError> {
    text.parse()
}
