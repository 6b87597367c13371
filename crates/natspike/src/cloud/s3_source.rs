//! `s3://bucket/prefix`, and the bucket that options or settings name.

use super::objects::Objects;
use super::{Cloud, Outcome, Plan, Request, S3, left_out, plain, refused};
use crate::dates;
use adapters::aws;
use adapters::s3::{self, Options, Place, Selection};
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The time that an object covers.
const SLOT_SECONDS: u64 = 300;
/// An object covers a time in which records end; how long before it they may begin:
/// the longest aggregation interval.
const LONGEST_RECORD: u64 = 600;

pub(super) async fn read(
    cloud: &Cloud,
    plan: &Plan,
    request: &Request<'_>,
    urls: &[&String],
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut places = Vec::new();
    for url in urls {
        places.push(named(cloud, plan, request, url)?);
    }
    if let Some(bucket) = &plan.bucket {
        places.push(delivered(cloud, plan, request, bucket, &mut outcome)?);
    }
    let region = request.regions.first().map(String::as_str);
    let config = aws::config_of(cloud.choice(&plan.settings, region)).await;
    let asked: Vec<String> = places.iter().map(Place::url).collect();
    // Records that are asked for by their own times are cut there.
    let is_cut = request.times.is_some();
    let mut times = places.iter().flat_map(|place| &place.selection.times);
    let unaligned =
        !is_cut && times.any(|time| time.start % SLOT_SECONDS != 0 || time.end % SLOT_SECONDS != 0);
    let options = Options {
        keep_going: cloud.keep_going,
    };
    let client = Arc::new(s3::S3::new(&config));
    // What a filter or an investigation reads along is not kept, nor are minutes.
    let empty = request.empty();
    let cache = match cloud.no_cache || empty.is_watched() || empty.is_by_time() {
        true => None,
        false => cloud.cache.open(),
    };
    let objects = Arc::new(Objects::new(request, cache.clone()));
    let gathered = s3::gather(client, places, objects, options).await;
    let problem = cache.and_then(|cache| Some((cache.close()?, cache)));
    outcome.warnings.extend(problem.map(|(error, cache)| {
        format!(
            "The cache in {} cannot be used: {error}; name another folder with --cache-dir, or \
             use --no-cache.",
            cache.folder().display()
        )
    }));
    let gathered = gathered.map_err(|missing| refused(&missing.name, &plain(&*missing.error)))?;
    if gathered.objects == 0 {
        if let Some(missing) = gathered.missing.first() {
            return Err(refused(&missing.name, &plain(&*missing.error)));
        }
        bail!(
            "find a flow log at {}; check bucket, prefix, account, region and day",
            asked.join(", ")
        );
    }
    let missing: Vec<String> = gathered
        .missing
        .iter()
        .map(|missing| format!("{} ({})", missing.name, plain(&*missing.error)))
        .collect();
    outcome.warnings.extend(left_out(&missing));
    if gathered.repeated > 0 {
        outcome.warnings.push(format!(
            "{} objects were named more than once and read once: {}.",
            gathered.repeated,
            gathered.examples.join(", ")
        ));
    }
    if gathered.timeless > 0 {
        outcome.warnings.push(format!(
            "{} objects were left out, because no time stands in their names: {}.",
            gathered.timeless,
            gathered.examples.join(", ")
        ));
    }
    if unaligned {
        outcome.warnings.push(
            "Objects cover five minutes each and were read whole, so up to five minutes at both \
             ends lie outside of the time that was asked for."
                .to_owned(),
        );
    }
    outcome.table = gathered.table;
    outcome.regions = gathered.regions;
    Ok(outcome)
}

/// The place that a URL names; options narrow it, settings do not.
fn named(cloud: &Cloud, plan: &Plan, request: &Request<'_>, url: &str) -> Result<Place> {
    let rest = url.strip_prefix(S3).unwrap_or(url);
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        bail!("read {url}: no bucket is named; write s3://bucket/prefix");
    }
    Ok(Place {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        above_root: false,
        selection: Selection {
            accounts: accounts(&cloud.account)?,
            regions: request.regions.to_vec(),
            flow_logs: request.flow_logs.to_vec(),
            times: known(objects(plan, request))?,
        },
    })
}

/// The times whose objects are read.
fn objects(plan: &Plan, request: &Request<'_>) -> Vec<Range<u64>> {
    let later = match request.times.is_some() {
        true => LONGEST_RECORD,
        false => 0,
    };
    let times = plan.times.iter();
    times.map(|time| time.start..time.end + later).collect()
}

/// The place that flow logs are delivered to, as vpc-flowlogs-egress-analyzer
/// finds it.
fn delivered(
    cloud: &Cloud,
    plan: &Plan,
    request: &Request<'_>,
    bucket: &str,
    outcome: &mut Outcome,
) -> Result<Place> {
    let settings = &plan.settings;
    let or_setting = |given: &[String], name| match given {
        [] => settings.list(name),
        given => given.to_vec(),
    };
    for address in settings.list("NAT_EIPS_LIST") {
        let parsed = address.parse();
        outcome
            .nat_addresses
            .push(parsed.with_context(|| format!("read NAT_EIPS_LIST: {address:?}"))?);
    }
    let prefix = cloud.prefix.as_deref().or(settings.get("S3_PREFIX"));
    let prefix = match prefix.unwrap_or_default().trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let times = match known(objects(plan, request))? {
        times if times.is_empty() => vec![day(plan, outcome)?],
        times => times,
    };
    Ok(Place {
        bucket: bucket.to_owned(),
        prefix,
        above_root: true,
        selection: Selection {
            accounts: accounts(&or_setting(&cloud.account, "AWS_ACCOUNT_ID"))?,
            regions: or_setting(request.regions, "AWS_REGION"),
            flow_logs: request.flow_logs.to_vec(),
            times,
        },
    })
}

/// The day of YEAR, MONTH and DAY; what is not set is today's.
fn day(plan: &Plan, outcome: &mut Outcome) -> Result<Range<u64>> {
    let today = dates::text(plan.now);
    let part = |name, default: Option<&str>| {
        let part = plan.settings.get(name).or(default).unwrap_or_default();
        format!("{part:0>2}")
    };
    let mut parts = today.split(['-', 'T']);
    let day = format!(
        "{}-{}-{}",
        part("YEAR", parts.next()),
        part("MONTH", parts.next()),
        part("DAY", parts.next())
    );
    let range = dates::days(&day).context("read YEAR, MONTH and DAY")?;
    if range.contains(&plan.now) {
        outcome.warnings.push(format!(
            "{day} is not over, so this is a part of the day; name another one with --date."
        ));
    }
    Ok(range)
}

/// Folders are listed by day, so a time needs a beginning.
fn known(times: Vec<Range<u64>>) -> Result<Vec<Range<u64>>> {
    match times.first() {
        Some(first) if first.start == 0 => Err(anyhow!("use --until: give --since, too")),
        _ => Ok(times),
    }
}

fn accounts(given: &[String]) -> Result<Vec<String>> {
    for account in given {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("read the account {account:?}: an account id has twelve digits");
        }
    }
    let unique: BTreeSet<String> = given.iter().cloned().collect();
    Ok(unique.into_iter().collect())
}
