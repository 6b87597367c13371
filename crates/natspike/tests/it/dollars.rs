//! Every dollar of `--output json`, made again from the raw records.
//!
//! The other way round: lines are cut at spaces, each record is looked at by
//! itself, money is a whole number of 10^-10 dollars. Nothing of the engine, its
//! prices or its prefixes is used; which region an address is in stands in a
//! list here.

use super::{analyze, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use traffic::{Layout, Scenario};

const START: u64 = 1_800_000_000;
const GB: i128 = 1 << 30;
/// Money is counted in these.
const UNITS: i128 = 10_000_000_000;

/// Where the addresses of AWS that occur here are.
const AWS: [(&str, &str, &str); 6] = [
    ("52.216.10.20", "S3", "us-east-1"),
    ("52.94.0.44", "DYNAMODB", "us-east-1"),
    ("52.218.0.1", "S3", "eu-west-1"),
    ("3.5.140.1", "S3", "ap-northeast-2"),
    ("3.80.0.1", "EC2", "us-east-1"),
    ("13.32.0.1", "CLOUDFRONT", "GLOBAL"),
];

/// The prices of a run, in 10^-10 dollars.
struct Paid {
    nat_gb: i128,
    nat_hour: i128,
    internet_gb: i128,
    cross_zone_gb: i128,
    inter_region_gb: Option<i128>,
}

const SHIPPED: Paid = Paid {
    nat_gb: 450_000_000,
    nat_hour: 450_000_000,
    internet_gb: 900_000_000,
    cross_zone_gb: 100_000_000,
    inter_region_gb: None,
};
const GIVEN: Paid = Paid {
    nat_gb: 371_234_567,
    nat_hour: 299_999_999,
    internet_gb: 512_345_678,
    cross_zone_gb: 0,
    inter_region_gb: Some(170_000_001),
};
const RATES: [&str; 10] = [
    "--rate",
    "nat-gb=0.0371234567",
    "--rate",
    "nat-hour=0.0299999999",
    "--rate",
    "internet-gb=0.0512345678",
    "--rate",
    "cross-zone-gb=0",
    "--rate",
    "inter-region-gb=0.0170000001",
];

/// The zones of a recording's gateway and workloads; nothing without a snapshot.
#[derive(Default)]
struct Zones(BTreeMap<String, &'static str>);

/// What the records say, added up one by one.
#[derive(Default)]
struct Sums {
    up: i128,
    down: i128,
    sources: BTreeMap<String, (i128, i128)>,
    remotes: BTreeMap<String, (i128, i128)>,
    services: BTreeMap<Option<String>, i128>,
    /// Remotes for which the records name a service.
    labelled: BTreeSet<String>,
    start: Option<i128>,
    end: Option<i128>,
}

/// Half to even, for what is not negative.
fn divided(number: i128, by: i128) -> i128 {
    let (whole, rest) = (number / by, number % by);
    match (rest * 2).cmp(&by) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Equal => whole + whole % 2,
        std::cmp::Ordering::Greater => whole + 1,
    }
}

fn cost(bytes: i128, price: i128) -> i128 {
    divided(bytes * price, GB)
}

/// The number that a report prints for it.
fn printed(money: i128) -> f64 {
    format!("{}.{:010}", money / UNITS, money % UNITS)
        .parse()
        .unwrap()
}

fn is_private(address: IpAddr) -> bool {
    let IpAddr::V4(v4) = address else {
        return false;
    };
    let [first, second, ..] = v4.octets();
    v4.is_private() || (first == 100 && (64..128).contains(&second))
}

/// The address that is reached: of 64:ff9b::/96 its last four bytes.
fn reached(address: &str) -> IpAddr {
    match address.parse().unwrap() {
        IpAddr::V6(v6) if v6.segments()[..2] == [0x64, 0xff9b] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::from([a, b, c, d])
        }
        address => address,
    }
}

/// Reads the records of gateways with these addresses.
fn added_up(lines: &[String], header: &str, own: &[String], is_regional: bool) -> Sums {
    let names: Vec<&str> = header.split(' ').collect();
    let mut sums = Sums::default();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let of = |name: &str| {
            let at = names.iter().position(|known| *known == name).unwrap();
            words.get(at).copied().unwrap_or("-")
        };
        let is_whole = words.len() == names.len();
        let times = (of("start").parse::<i128>(), of("end").parse::<i128>());
        let is_status = ["OK", "NODATA", "SKIPDATA"].contains(&of("log-status"));
        let numbers = [of("bytes"), of("start"), of("end")];
        let addresses = ["srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"].map(of);
        let has_data = of("log-status") == "OK";
        let is_readable = is_whole
            && is_status
            && (!has_data
                || (numbers.iter().all(|word| word.parse::<u64>().is_ok())
                    && addresses.iter().all(|word| word.parse::<IpAddr>().is_ok())));
        if !is_readable {
            continue;
        }
        if let (Ok(start), Ok(end)) = times {
            sums.start = Some(sums.start.map_or(start, |known| known.min(start)));
            sums.end = Some(sums.end.map_or(end, |known| known.max(end)));
        }
        if !has_data || of("action") != "ACCEPT" {
            continue;
        }
        let is_own = |address: &str| own.iter().any(|known| known == address);
        let [src, dst, packet_src, packet_dst] = addresses;
        let bytes: i128 = of("bytes").parse().unwrap();
        let is_gateways = match is_regional {
            true => of("resource-id").starts_with("nat-"),
            false => true,
        };
        let (up, down) = match is_regional {
            true => {
                let inside = is_gateways && !is_own(src) && !is_own(dst);
                let from_workload = is_private(reached(src));
                (inside && from_workload, inside && !from_workload)
            }
            false => (
                is_own(dst) && !is_own(packet_dst),
                is_own(src) && !is_own(packet_src),
            ),
        };
        let (word, remote) = match up {
            true => (of("pkt-dst-aws-service"), packet_dst),
            false => (of("pkt-src-aws-service"), packet_src),
        };
        if up || down {
            let service = named(word, remote);
            *sums.services.entry(service).or_default() += bytes;
            if word != "-" {
                sums.labelled.insert(remote.to_owned());
            }
        }
        if up {
            sums.up += bytes;
            sums.sources.entry(packet_src.to_owned()).or_default().0 += bytes;
            sums.remotes.entry(packet_dst.to_owned()).or_default().0 += bytes;
        } else if down {
            sums.down += bytes;
            sums.sources.entry(packet_dst.to_owned()).or_default().1 += bytes;
            sums.remotes.entry(packet_src.to_owned()).or_default().1 += bytes;
        }
    }
    sums
}

fn known(address: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let address = reached(address).to_string();
    AWS.iter().find(|row| row.0 == address)
}

fn named(word: &str, address: &str) -> Option<String> {
    match word {
        "-" => known(address).map(|row| row.1.to_owned()),
        word => Some(word.to_owned()),
    }
}

/// Costs by the name of a row.
type Costs = BTreeMap<String, Value>;

/// A line as it has to be: name, label's end, bytes, amount and an hour of it.
type Line = (
    &'static str,
    String,
    Option<i128>,
    Option<i128>,
    Option<i128>,
);

/// What is charged, line by line.
fn charged(
    sums: &Sums,
    paid: &Paid,
    gateways: Option<i128>,
    zones: &Zones,
    gateway: &str,
) -> Vec<Line> {
    let seconds = sums.end.unwrap() - sums.start.unwrap();
    let by = |name, label: &str, bytes: i128, price: Option<i128>| -> Option<Line> {
        let an_hour = bytes * 3_600 / seconds;
        (bytes > 0).then(|| {
            (
                name,
                label.to_owned(),
                Some(bytes),
                price.map(|price| cost(bytes, price)),
                price.map(|price| cost(an_hour, price)),
            )
        })
    };
    let mut lines: Vec<Option<Line>> = Vec::new();
    lines.push(by(
        "nat-processing",
        "",
        sums.up + sums.down,
        Some(paid.nat_gb),
    ));
    let hours = gateways.map(|count| divided(paid.nat_hour * count * seconds, 3_600));
    let an_hour = gateways.map(|count| paid.nat_hour * count);
    lines.push(Some(("nat-hours", String::new(), None, hours, an_hour)));

    let mut places: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for (address, (up, down)) in &sums.remotes {
        let place = match known(address) {
            _ if is_private(reached(address)) => "private",
            None if sums.labelled.contains(address) => "nowhere",
            None => "internet",
            Some((_, _, "GLOBAL")) => "global",
            Some((_, "S3" | "DYNAMODB", "us-east-1")) => "free",
            Some((_, _, "us-east-1")) => "service",
            Some((_, _, region)) => region,
        };
        let sum = places.entry(place).or_default();
        (sum.0, sum.1) = (sum.0 + up, sum.1 + down);
    }
    let mut take = |place| places.remove(place).unwrap_or_default();
    let (internet, free, service) = (take("internet"), take("free"), take("service"));
    let (global, nowhere, private) = (take("global"), take("nowhere"), take("private"));
    lines.push(by(
        "internet-upload",
        "",
        internet.0,
        Some(paid.internet_gb),
    ));
    lines.push(by("internet-download", "", internet.1, Some(0)));
    for (region, (up, _)) in &places {
        lines.push(by("inter-region-upload", region, *up, paid.inter_region_gb));
    }
    let down = places.values().map(|(_, down)| down).sum();
    lines.push(by("inter-region-download", "", down, None));
    lines.push(by("same-region", "us-east-1", free.0 + free.1, Some(0)));
    lines.push(by("aws-in-region", "", service.0 + service.1, None));
    lines.push(by("aws-global", "", global.0 + global.1, None));
    lines.push(by("aws-unknown", "", nowhere.0 + nowhere.1, None));
    lines.push(by("private", "", private.0 + private.1, None));

    let at = zones.0.get(gateway);
    let (mut crossing, mut unknown) = (0, 0);
    for (address, (up, down)) in &sums.sources {
        match (zones.0.get(address), at) {
            (Some(zone), Some(at)) if zone == at => {}
            (Some(_), Some(_)) => crossing += up + down,
            _ => unknown += up + down,
        }
    }
    // On both sides, at once: twice the price and not twice what is rounded.
    lines.push(by("cross-zone", "", crossing, Some(paid.cross_zone_gb * 2)));
    lines.push(by("cross-zone", "", unknown, None));
    lines.into_iter().flatten().collect()
}

/// Every difference between what is printed and what has to be.
fn differences(
    case: &str,
    report: &Value,
    sums: &Sums,
    paid: &Paid,
    lines: &[Line],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: String, said: &Value, expected: Value| {
        if *said != expected {
            wrong.push(format!("{case}: {what} is {said}, not {expected}"));
        }
    };
    let money = |money: i128| json!(printed(money));
    let optional = |amount: Option<i128>| amount.map_or(Value::Null, money);
    let total = sums.up + sums.down;
    let seconds = sums.end.unwrap() - sums.start.unwrap();
    same(
        "rate".into(),
        &report["cost"]["rate_per_gb"],
        money(paid.nat_gb),
    );
    let processing = cost(total, paid.nat_gb);
    same(
        "processing".into(),
        &report["cost"]["processing"],
        money(processing),
    );
    let hourly = cost(total * 3_600 / seconds, paid.nat_gb);
    same(
        "an hour".into(),
        &report["spend"]["hourly"]["cost"],
        money(hourly),
    );
    let rows = |list: &str, name: &str| -> Costs {
        let rows = report[list].as_array().unwrap().iter();
        rows.map(|row| (row[name].to_string(), row["cost"].clone()))
            .collect()
    };
    let by_address = |rows: &BTreeMap<String, (i128, i128)>| -> Costs {
        let row = |(name, (up, down)): (&String, &(i128, i128))| {
            (json!(name).to_string(), money(cost(up + down, paid.nat_gb)))
        };
        rows.iter().map(row).collect()
    };
    let services = sums
        .services
        .iter()
        .map(|(name, bytes)| (json!(name).to_string(), money(cost(*bytes, paid.nat_gb))));
    let lists = [
        ("sources", "address", by_address(&sums.sources)),
        ("destinations", "address", by_address(&sums.remotes)),
        ("services", "aws_service", services.collect()),
    ];
    for (list, name, expected) in lists {
        let said = rows(list, name);
        same(
            format!("length of {list}"),
            &json!(said.len()),
            json!(expected.len()),
        );
        for (row, amount) in &expected {
            same(
                format!("{list} {row}"),
                said.get(row).unwrap_or(&Value::Null),
                amount.clone(),
            );
        }
    }
    let said = report["charges"].as_array().unwrap();
    same(
        "length of charges".into(),
        &json!(said.len()),
        json!(lines.len()),
    );
    for (said, (name, label, bytes, amount, hourly)) in said.iter().zip(lines) {
        same(format!("name of {name}"), &said["name"], json!(name));
        let ends = said["label"].as_str().unwrap().ends_with(label.as_str());
        same(
            format!("label of {name}: {said}"),
            &json!(ends),
            json!(true),
        );
        same(
            format!("bytes of {name}"),
            &said["bytes"],
            bytes.map_or(Value::Null, |it| json!(it as u64)),
        );
        same(
            format!("amount of {name}"),
            &said["amount"],
            optional(*amount),
        );
        same(
            format!("hour of {name}"),
            &said["hourly"],
            optional(*hourly),
        );
    }
    let sum = |place: fn(&Line) -> Option<i128>| lines.iter().filter_map(place).sum::<i128>();
    same(
        "full".into(),
        &report["cost"]["full"],
        money(sum(|line| line.3)),
    );
    same(
        "full per hour".into(),
        &report["cost"]["full_per_hour"],
        money(sum(|line| line.4)),
    );
    let mut without: Vec<&str> = lines
        .iter()
        .filter(|line| line.3.is_none())
        .map(|line| line.0)
        .collect();
    without.dedup();
    same(
        "without".into(),
        &report["cost"]["full_is_without"],
        json!(without),
    );
    wrong
}

fn report(recording: &Path, arguments: &[&str]) -> Value {
    let fixed = ["--output", "json", "--top", "0", "--region", "us-east-1"];
    let output = analyze(&[&fixed[..], arguments].concat(), &[recording]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

fn addresses(scenario: &Scenario) -> Vec<String> {
    std::iter::once(&scenario.gateway)
        .chain(&scenario.extra_gateway)
        .flat_map(|gateway| gateway.effective_addresses())
        .map(|address| address.to_string())
        .collect()
}

/// Both runs of a recording, by what ships and by what is paid.
fn check(case: &str, scenario: &Scenario, zones: &Zones, snapshot: &[&str]) -> Vec<String> {
    let layout = Layout::parse("natspike").unwrap();
    let recording = scenario.recording(&layout, START);
    let own = addresses(scenario);
    let is_regional = scenario.gateway.regional;
    let sums = added_up(&recording.lines, &layout.header(), &own, is_regional);
    if sums.up + sums.down == 0 {
        return Vec::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.log");
    fs::write(&path, recording.text()).unwrap();
    let gateways = (!is_regional).then_some(1 + scenario.extra_gateway.len() as i128);
    let mut wrong = Vec::new();
    for (paid, rates) in [(&SHIPPED, &[][..]), (&GIVEN, &RATES[..])] {
        let report = report(&path, &[snapshot, rates].concat());
        let lines = charged(&sums, paid, gateways, zones, &own[0]);
        wrong.extend(differences(case, &report, &sums, paid, &lines));
    }
    wrong
}

#[test]
fn every_dollar_of_every_scenario_follows_from_its_records() {
    let mut wrong = Vec::new();
    for (file, scenario) in super::truth::scenarios() {
        let case = file.file_stem().unwrap_or_default().display().to_string();
        wrong.extend(check(&case, &scenario, &Zones::default(), &[]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every kind of remote end, and workloads in two zones and in one unknown.
const EVERYTHING: &str = r#"
    title = "Every kind of charge"
    seed = 77

    [gateway]
    addresses = ["10.0.0.220"]

    [[conversation]]
    source = "10.0.1.5"
    destination = "198.51.100.20"
    upload = "7_123_456_789 B"
    download = "1_234_567_891 B"

    [[conversation]]
    source = "10.0.1.5"
    destination = "52.218.0.1"
    service = "S3"
    upload = "2_222_222_223 B"
    download = "3_333_333_331 B"

    [[conversation]]
    source = "10.0.2.7"
    destination = "3.5.140.1"
    service = "S3"
    upload = "987_654_321 B"
    download = "12_345_679 B"

    [[conversation]]
    source = "10.0.2.7"
    destination = "52.216.10.20"
    service = "S3"
    upload = "55_555_555 B"
    download = "5_555_555_557 B"

    [[conversation]]
    source = "10.0.3.9"
    destination = "52.94.0.44"
    service = "DYNAMODB"
    upload = "7_777_777 B"
    download = "77_777_779 B"

    [[conversation]]
    source = "10.0.3.9"
    destination = "3.80.0.1"
    service = "EC2"
    upload = "1_111_113 B"
    download = "11_111_117 B"

    [[conversation]]
    source = "10.0.2.7"
    destination = "13.32.0.1"
    service = "CLOUDFRONT"
    upload = "99_991 B"
    download = "999_999_937 B"

    [[conversation]]
    source = "10.0.1.5"
    destination = "10.50.0.10"
    upload = "31_337_001 B"
    download = "1_337_003 B"
"#;

#[test]
fn every_kind_of_charge_follows_from_records_and_zones() {
    let scenario = Scenario::parse(EVERYTHING).unwrap();
    let zones = [
        ("10.0.0.220", "us-east-1a"),
        ("10.0.1.5", "us-east-1a"),
        ("10.0.2.7", "us-east-1b"),
    ];
    let interfaces: Vec<Value> = zones
        .iter()
        .enumerate()
        .map(|(at, (address, zone))| {
            json!({"id": format!("eni-{at}"), "interface_type": "interface", "description": "",
                "addresses": [address], "subnet": null, "zone": zone, "instance": null,
                "requester": null, "security_groups": [], "tags": {}})
        })
        .collect();
    let snapshot = json!({"version": 1, "taken": START, "gateway": "nat-0a1", "vpc": "vpc-0a1",
        "region": "us-east-1", "metrics": [], "interfaces": interfaces, "route_tables": [],
        "endpoints": [], "missing": []});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.json");
    fs::write(&file, snapshot.to_string()).unwrap();
    let option = ["--snapshot", file.to_str().unwrap()];
    let zones = Zones(
        zones
            .iter()
            .map(|(address, zone)| ((*address).to_owned(), *zone))
            .collect(),
    );
    let wrong = check("everything", &scenario, &zones, &option);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
