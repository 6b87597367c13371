//! What is investigated: instances, which AWS is asked about, or addresses and
//! networks that are named.
//!
//! **Invariants.** Without `--instance-id` nothing is asked. What is named is not
//! asked for: `--instance-ip` counts instead of the instance's addresses,
//! `--vpc-cidr` instead of its VPC's networks, a source instead of its flow logs.

use super::{Cloud, LOGS, plain};
use crate::dotenv::Settings;
use crate::whom::Whom;
use adapters::aws;
use adapters::ec2::Ec2;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use egress::investigate::discovery::{Instance, IpNet};
use egress::investigate::{source, subject};
use flowlog::Layout;

/// What is investigated.
#[derive(Args)]
#[command(next_help_heading = "What is investigated")]
pub(crate) struct Subject {
    /// Instance (i-…), several of one region: EC2 is asked for its addresses, the
    /// networks of its VPC and of peers, and the flow logs that see it
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = instance_id)]
    instance_id: Vec<String>,

    #[command(flatten)]
    pub(crate) whom: Whom,

    /// Log group to read, instead of the one that the instance's flow log delivers to
    #[arg(long, value_name = "NAME")]
    log_group: Option<String>,
}

/// What is investigated, and by which records.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// Addresses and prefixes that are investigated; none: nothing was named.
    pub(crate) subject: Vec<IpNet>,
    /// Networks that are not external; none: they are not known.
    pub(crate) inside: Vec<IpNet>,
    /// What is to be read beside what else is named: `logs://…`, `s3://…`.
    pub(crate) sources: Vec<String>,
    /// The flow logs whose objects alone are read; none: those of all.
    pub(crate) flow_logs: Vec<String>,
    /// The layout of the flow logs that were found, if they have one in common. A
    /// log group may have others, too, so reading it asks again.
    pub(crate) layout: Option<Layout>,
    /// What the reader should know of it.
    pub(crate) sentences: Vec<String>,
}

impl Subject {
    /// Finds out what is investigated; `is_source_named`: no flow log is looked for.
    pub(crate) fn discover(
        &self,
        cloud: &Cloud,
        settings: &Settings,
        regions: &[String],
        is_source_named: bool,
    ) -> Result<Discovered> {
        let group = self.log_group.as_ref();
        let group = group.map(|name| format!("{LOGS}{}", name.trim_start_matches(LOGS)));
        let mut found = Discovered {
            subject: self.whom.subject(),
            inside: self.whom.inside(),
            sources: group.into_iter().collect(),
            ..Discovered::default()
        };
        if self.instance_id.is_empty() {
            return Ok(found);
        }
        let ids = self.instance_id.join(", ");
        let region = match regions {
            [] => None,
            [region] => Some(region.as_str()),
            _ => bail!("look {ids} up: name one region with --region, and run once for each"),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start")?;
        runtime.block_on(async {
            let config = aws::config_of(cloud.choice(settings, region)).await;
            let Some(region) = config.region().map(ToString::to_string) else {
                bail!(
                    "look {ids} up: no region is known, and an id does not tell it; name it with \
                     --region"
                );
            };
            let ec2 = Ec2::new(&config);
            let instances = self.instances(&ec2, &region, &mut found).await?;
            self.networks(&ec2, &instances, &mut found).await?;
            if found.sources.is_empty() && !is_source_named {
                flow_logs(&ec2, &instances, &region, &mut found).await?;
            }
            Ok(found)
        })
    }

    async fn instances(
        &self,
        ec2: &Ec2,
        region: &str,
        found: &mut Discovered,
    ) -> Result<Vec<Instance>> {
        let ids = &self.instance_id;
        let instances = ec2.instances_of(ids).await.map_err(|error| {
            anyhow!(
                "look {} up in {region}: {}; without --instance-id, name addresses with \
                 --instance-ip, networks with --vpc-cidr, and what to read",
                ids.join(", "),
                plain(&error)
            )
        })?;
        subject::known(ids, &instances, region)?;
        if found.subject.is_empty() {
            found.subject = subject::addresses(&instances)?;
            let sentences = subject::instance_sentences(&instances);
            found.sentences.extend(sentences);
        }
        Ok(instances)
    }

    async fn networks(
        &self,
        ec2: &Ec2,
        instances: &[Instance],
        found: &mut Discovered,
    ) -> Result<()> {
        let ids = subject::vpcs_of(instances);
        if !found.inside.is_empty() || ids.is_empty() {
            return Ok(());
        }
        let vpcs = ec2.vpcs_of(&ids).await.map_err(|error| {
            anyhow!(
                "find the networks of {}: {}; name them with --vpc-cidr",
                ids.join(", "),
                plain(&error)
            )
        })?;
        // Without its peers a VPC is known all the same.
        let (peerings, unknown) = match ec2.peerings_of(&ids).await {
            Ok(peerings) => (peerings, None),
            Err(error) => (
                Vec::new(),
                Some(format!(
                    "Networks of peered VPCs are not known and count as external: {}. Name all \
                     that are not external with --vpc-cidr.",
                    plain(&error)
                )),
            ),
        };
        found.inside = subject::inside(&vpcs, &peerings);
        let sentence = subject::inside_sentence(&vpcs, &peerings);
        found.sentences.push(sentence);
        found.sentences.extend(unknown);
        Ok(())
    }
}

/// The flow logs that see the instances.
async fn flow_logs(
    ec2: &Ec2,
    instances: &[Instance],
    region: &str,
    found: &mut Discovered,
) -> Result<()> {
    let resources = source::resources(instances);
    let flow_logs = ec2.flow_logs_of(&resources).await.map_err(|error| {
        anyhow!(
            "find the flow logs of {}: {}; name what to read: --log-group NAME, \
             s3://bucket/prefix or a file",
            resources.join(", "),
            plain(&error)
        )
    })?;
    let choice = source::choose(instances, &flow_logs, region)?;
    found.sources = choice.sources;
    found.flow_logs = choice.flow_logs;
    found.layout = choice.layout;
    found.sentences.extend(choice.sentences);
    Ok(())
}

fn instance_id(text: &str) -> Result<String, String> {
    let is_id = text.strip_prefix("i-").is_some_and(|rest| {
        matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| "an instance id is i- and 8 or 17 hexadecimal digits".to_owned())
}
