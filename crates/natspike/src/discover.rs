//! `natspike discover`: what an investigation of these instances would be about.

use crate::cloud::Cloud;
use crate::cloud::subject::Subject;
use crate::dotenv::Settings;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{self, Write};

/// Show what an investigation would look at, and read nothing
#[derive(Args)]
pub(crate) struct Command {
    /// Region of the instances
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,

    #[command(flatten)]
    subject: Subject,

    #[command(flatten)]
    cloud: Cloud,
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        let settings = Settings::load()?;
        let found = self
            .subject
            .discover(&self.cloud, &settings, &self.region, false)?;
        if found.subject.is_empty() && found.inside.is_empty() && found.sources.is_empty() {
            bail!("know what to look for: name an instance with --instance-id i-…");
        }
        let subject = found.subject.iter().map(|it| format!("subject {it}"));
        let inside = found.inside.iter().map(|it| format!("inside {it}"));
        let sources = found.sources.iter().map(|it| format!("source {it}"));
        let flow_logs = found.flow_logs.iter().map(|it| format!("flow log {it}"));
        let layout = found.layout.iter().map(|layout| {
            let names: Vec<&str> = layout.columns().iter().map(|it| it.name()).collect();
            format!("layout {}", names.join(" "))
        });
        let lines = subject
            .chain(inside)
            .chain(sources)
            .chain(flow_logs)
            .chain(layout)
            .chain(found.sentences.iter().cloned());
        let mut out = io::stdout().lock();
        for line in lines {
            writeln!(out, "{line}").context("write")?;
        }
        Ok(())
    }
}
