//! `logs://GROUP`: a log group of CloudWatch Logs.

use super::{Cloud, Corrections, Outcome, Plan, Request, left_out, plain, refused};
use crate::dates;
use adapters::aws;
use adapters::ec2::Ec2;
use adapters::logs::insights::Beyond;
use adapters::logs::{self, Events, Group, Logs, Missing, Seen, messages};
use anyhow::{Context, Result, anyhow, bail};
use egress::{Facts, Rate};
use flowlog::{FlowTable, KnownLayout, Layout};
use std::ops::Range;
use std::sync::Arc;

/// How long before its group was created a record may have begun: the longest
/// aggregation interval.
const BEFORE_CREATION: u64 = 600;

pub(super) async fn read(
    cloud: &Cloud,
    plan: &Plan,
    request: &Request<'_>,
    group: &str,
) -> Result<Outcome> {
    if group.is_empty() {
        bail!("read logs://: no log group is named; write logs://GROUP");
    }
    let mut outcome = Outcome {
        table: request.empty(),
        ..Outcome::default()
    };
    let named: Vec<Option<&str>> = match request.regions {
        [] => vec![None],
        regions => regions.iter().map(|region| Some(region.as_str())).collect(),
    };
    for region in named {
        let config = aws::config_of(cloud.choice(&plan.settings, region)).await;
        let Some(region) = config.region().map(ToString::to_string) else {
            bail!("read logs://{group}: no region is known; name one with --region");
        };
        let source = Source {
            group,
            word: request.word_of(group),
            logs: Logs::new(&config),
            ec2: Ec2::new(&config),
            keep_going: cloud.keep_going,
        };
        outcome.add(source.read(plan, request, &region).await?);
        outcome.regions.insert(region);
    }
    Ok(outcome)
}

struct Source<'a> {
    group: &'a str,
    /// What a record has to have.
    word: Option<&'a str>,
    logs: Logs,
    ec2: Ec2,
    keep_going: bool,
}

impl Source<'_> {
    fn url(&self) -> String {
        format!("logs://{}", self.group)
    }

    fn which(&self) -> Events<'_> {
        Events {
            log_group: self.group,
            word: self.word,
        }
    }

    async fn read(&self, plan: &Plan, request: &Request<'_>, region: &str) -> Result<Outcome> {
        let mut outcome = Outcome {
            table: request.empty(),
            ..Outcome::default()
        };
        let Group {
            has_events,
            created,
        } = self
            .logs
            .group(self.group)
            .await
            .map_err(|error| anyhow!("find {}: {}", self.url(), plain(&error)))?
            .ok_or_else(|| {
                anyhow!(
                    "find {} in {region}: there is no such log group; check its name and --region",
                    self.url()
                )
            })?;
        // Hardly any record is older, but events may come with any time.
        let quiet_until = created.0.saturating_sub(BEFORE_CREATION);
        let mut times = plan.times.clone();
        if times.is_empty() {
            times.push(0..plan.now.max(created.0 + 1));
        }
        let layout = self.layout(request, &mut outcome).await?;
        for time in times {
            let part = match has_events {
                true => {
                    self.events(request, time, quiet_until, layout.as_ref())
                        .await?
                }
                // A query finds nothing that is older than its group.
                false if time.end <= quiet_until => continue,
                false => {
                    let time = time.start.max(quiet_until)..time.end;
                    match request.records_needed {
                        true => self.messages(request, time, layout.as_ref()).await?,
                        false => self.sums(request, time, layout.clone()).await?,
                    }
                }
            };
            outcome.add(part);
        }
        Ok(outcome)
    }

    /// The layout that was named, or that of the flow log that delivers here.
    async fn layout(&self, request: &Request<'_>, outcome: &mut Outcome) -> Result<Option<Layout>> {
        if request.layout.is_some() {
            return Ok(request.layout.clone());
        }
        let formats = match self.ec2.log_formats(self.group).await {
            Ok(formats) => formats,
            Err(error) => {
                outcome.warnings.push(format!(
                    "The log format of {} was found by its content, because the flow log could \
                     not be looked up: {}.",
                    self.url(),
                    plain(&error)
                ));
                return Ok(None);
            }
        };
        match formats.as_slice() {
            // The flow log of a recording is deleted when the recording ends.
            [] => Ok(None),
            [format] => Layout::from_log_format(format)
                .map(Some)
                .with_context(|| format!("use the log format {format:?} of {}", self.url())),
            formats => bail!(
                "read {}: flow logs of different formats deliver to it; name one with --format:\n{}",
                self.url(),
                formats.join("\n")
            ),
        }
    }

    async fn events(
        &self,
        request: &Request<'_>,
        time: Range<u64>,
        quiet_until: u64,
        layout: Option<&Layout>,
    ) -> Result<Outcome> {
        let empty = (request.new_table)(layout);
        let read = logs::gather(
            &self.logs,
            self.which(),
            time,
            quiet_until,
            &empty,
            self.keep_going,
            seen(request),
        );
        self.gathered(read.await)
    }

    /// Has Logs Insights give away one by one what cannot be had otherwise.
    async fn messages(
        &self,
        request: &Request<'_>,
        time: Range<u64>,
        layout: Option<&Layout>,
    ) -> Result<Outcome> {
        let empty = (request.new_table)(layout);
        let (going, seen) = (self.keep_going, seen(request));
        let read = messages::gather(&self.logs, self.which(), time, &empty, going, seen);
        self.gathered(read.await)
    }

    fn gathered(&self, read: Result<(FlowTable, Vec<Missing>), Missing>) -> Result<Outcome> {
        let name = |time: &Range<u64>| {
            let (from, to) = (dates::text(time.start), dates::text(time.end));
            format!("{} from {from} to {to}", self.url())
        };
        let (table, missing) =
            read.map_err(|missing| refused(&name(&missing.time), &plain(&missing.error)))?;
        let missing: Vec<String> = missing
            .iter()
            .map(|missing| format!("{} ({})", name(&missing.time), plain(&missing.error)))
            .collect();
        Ok(Outcome {
            table,
            warnings: left_out(&missing).into_iter().collect(),
            ..Outcome::default()
        })
    }

    /// Has Logs Insights add up what it does not give away.
    async fn sums(
        &self,
        request: &Request<'_>,
        time: Range<u64>,
        layout: Option<Layout>,
    ) -> Result<Outcome> {
        let failed = |error| anyhow!("query {}: {}", self.url(), plain(&error));
        let layout = match layout {
            Some(layout) => layout,
            None => {
                let sample = self.logs.sample(self.group, &time).await.map_err(failed)?;
                if sample.is_empty() {
                    return Ok(Outcome::default());
                }
                let known = sample
                    .iter()
                    .find_map(|line| KnownLayout::recognise(line.as_bytes()));
                known.map(KnownLayout::layout).ok_or_else(|| {
                    anyhow!(
                        "recognise the log format of {}; name it with --format",
                        self.url()
                    )
                })?
            }
        };
        let query = self.logs.sums(self.group, &time, &layout, self.word);
        let mut sums = query.await.map_err(failed)?;
        let mut warnings = Vec::new();
        if sums.is_cut() {
            let own = gateway_addresses(&sums.table, request)?;
            let rest = self
                .logs
                .rest(self.group, &time, &layout, self.word, &own, &mut sums);
            let Beyond { records, bytes } = rest.await.map_err(failed)?;
            if records > 0 {
                warnings.push(format!(
                    "Logs Insights gives {} flows at the most; the smaller ones ({bytes} bytes in \
                     {records} records) are the row \"other\", so lists are not whole. Totals are \
                     exact for a zonal gateway; of a regional one the rest cannot be told to be \
                     billed and is left out, so read shorter times with --since and --until.",
                    adapters::logs::insights::MOST_ROWS
                ));
            }
        }
        request.meter.add_records(sums.records.read);
        Ok(Outcome {
            corrections: Corrections(vec![(sums.table.counts().clone(), sums.records)]),
            table: sums.table,
            warnings,
            ..Outcome::default()
        })
    }
}

/// Tells the meter what was read.
fn seen(request: &Request<'_>) -> Seen {
    let meter = Arc::clone(&request.meter);
    Arc::new(move |bytes, records| {
        meter.add_bytes(bytes);
        meter.add_records(records);
    })
}

/// The gateway's addresses, as the largest flows show them.
fn gateway_addresses(table: &FlowTable, request: &Request<'_>) -> Result<Vec<String>> {
    // Nothing is priced here.
    let mut facts = Facts::new("", Rate::given("1").context("look for the gateway")?);
    facts.nat_addresses = request.nat_addresses.to_vec();
    facts.pairs = 1;
    Ok(egress::report(table, &facts).nat_addresses)
}
