//! `natspike quota`: how often a stack has recorded its gateways.

use crate::cloud::plain;
use crate::dotenv::Settings;
use crate::sign_in::SignIn;
use adapters::aws;
use adapters::dynamodb::{Quota, Table};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use recorder::{FaultKind, GatewayId};
use std::io::{self, Write};

/// Show or reset how often a stack has recorded its NAT gateways
///
/// The stack parameter NumOfRecordings limits the recordings of each gateway.
/// Its table is the stack's output TableName.
#[derive(Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
    /// Table of the stack: its output TableName
    #[arg(long, value_name = "NAME", env = "NATSPIKE_TABLE", global = true)]
    table: Option<String>,
    /// Region of the stack
    #[arg(long, value_name = "REGION", global = true)]
    region: Option<String>,
    #[command(flatten)]
    sign_in: SignIn,
}

#[derive(Subcommand)]
enum Action {
    /// Say how often each gateway was recorded since the last reset
    Show,
    /// Count the recordings of these gateways from 0 again
    Reset {
        /// NAT gateway ids
        #[arg(value_name = "GATEWAY", required_unless_present = "all")]
        gateways: Vec<String>,
        /// Every gateway that was ever recorded
        #[arg(long, conflicts_with = "gateways")]
        all: bool,
    },
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        let Some(table) = self.table else {
            bail!("find the table: name it with --table; it is the stack's output TableName");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start")?;
        runtime.block_on(async {
            let region = self.region.as_deref();
            let choice = self.sign_in.choice(&Settings::default(), region);
            let config = aws::config_of(choice).await;
            if config.region().is_none() {
                bail!("find table {table}: no region is known; name one with --region");
            }
            let quotas = Quotas {
                table: Table::new(&config, table.clone()),
                name: table,
            };
            match self.action {
                Action::Show => quotas.show().await,
                Action::Reset { gateways, all } => quotas.reset(gateways, all).await,
            }
        })
    }
}

struct Quotas {
    table: Table,
    name: String,
}

impl Quotas {
    async fn all(&self) -> Result<Vec<Quota>> {
        let quotas = self.table.quotas().await;
        quotas.map_err(|error| anyhow!("read table {}: {}", self.name, plain(&error)))
    }

    async fn show(&self) -> Result<()> {
        let mut out = io::stdout().lock();
        let quotas = self.all().await?;
        if quotas.is_empty() {
            writeln!(out, "No gateway was recorded yet.").context("write")?;
        }
        for quota in quotas {
            let now = quota.execution.map_or_else(String::new, |execution| {
                format!(", being recorded by {execution}")
            });
            let (gateway, count) = (quota.gateway, quota.recordings);
            let noun = if count == 1 {
                "recording"
            } else {
                "recordings"
            };
            writeln!(out, "{gateway}  {count} {noun}{now}").context("write")?;
        }
        Ok(())
    }

    async fn reset(&self, named: Vec<String>, all: bool) -> Result<()> {
        let gateways = match all {
            true => self
                .all()
                .await?
                .into_iter()
                .map(|quota| quota.gateway)
                .collect(),
            false => named
                .iter()
                .map(|id| GatewayId::from(id.as_str()))
                .collect::<Vec<_>>(),
        };
        for gateway in gateways {
            match self.table.reset_quota(&gateway).await {
                Ok(()) => {
                    writeln!(io::stdout(), "{gateway} may be recorded again from 0")
                        .context("write")?;
                }
                // What was never recorded has nothing to reset.
                Err(error) if error.kind == FaultKind::Conflict && all => {}
                Err(error) if error.kind == FaultKind::Conflict => bail!(
                    "reset {gateway}: it was never recorded by this stack; `natspike quota show` \
                     lists those that were"
                ),
                Err(error) => bail!("reset {gateway}: {}", plain(&error)),
            }
        }
        Ok(())
    }
}
