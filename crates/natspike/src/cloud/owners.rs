//! Who has the addresses of a report, asked of EC2 at this moment.

use super::{Cloud, plain};
use crate::dotenv::Settings;
use adapters::aws;
use adapters::ec2::Ec2;
use anyhow::{Context, Result, anyhow, bail};
use egress::{Facts, Owners, Report};
use recorder::PortError;
use std::net::IpAddr;

impl Cloud {
    /// Puts the owners of the addresses that are shown into the facts, where
    /// they are asked for.
    pub(crate) fn add_owners(
        &self,
        report: &Report,
        region: Option<&str>,
        top: usize,
        facts: &mut Facts,
    ) -> Result<()> {
        let addresses = report.shown_sources(top);
        if !self.owners || addresses.is_empty() {
            return Ok(());
        }
        if facts.snapshot.is_some() {
            bail!(
                "look owners up: the snapshot has those of the time of the records; leave --owners or --snapshot out"
            );
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start")?;
        let found = runtime.block_on(self.look_up(report, region, &addresses))?;
        match found {
            Ok(owners) => facts.owners = Some(owners),
            Err(error) if self.keep_going => facts
                .warnings
                .push(format!("Owners are not known: {}.", plain(&error))),
            Err(error) => {
                return Err(anyhow!(
                    "look owners up: {}; --keep-going goes without",
                    plain(&error)
                ));
            }
        }
        Ok(())
    }

    async fn look_up(
        &self,
        report: &Report,
        region: Option<&str>,
        addresses: &[IpAddr],
    ) -> Result<Result<Owners, PortError>> {
        let config = aws::config_of(self.choice(&Settings::load()?, region)).await;
        if config.region().is_none() {
            bail!("look owners up: no region is known; name one with --region");
        }
        let ec2 = Ec2::new(&config);
        Ok(found(&ec2, report, addresses).await)
    }
}

async fn found(ec2: &Ec2, report: &Report, addresses: &[IpAddr]) -> Result<Owners, PortError> {
    // Addresses repeat across VPCs: those of one gateway are of one VPC.
    let vpc = match report.interfaces.as_slice() {
        [only] => ec2.vpc_of(only).await?,
        _ => None,
    };
    let surroundings = ec2.surroundings_of(addresses, vpc.as_deref()).await?;
    Ok(Owners::now(surroundings, addresses))
}
