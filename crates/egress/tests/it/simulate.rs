//! Simulations over one recording whose arithmetic fits into a head: 20 GB in six
//! minutes, of which 10 GB are S3 here, 2 GB S3 elsewhere, 1 GB S3 nobody knows
//! where, 3 GB DynamoDB, 4 GB something else.

use super::golden::{compare, written};
use egress::EndpointPrices;
use egress::simulate::{self, Change, Endpoint, SimulateError, Simulation};
use egress::snapshot::{self, Metric, Snapshot};
use egress::{AwsRanges, Facts, Prices, RangesSource, Rate, Report};
use flowlog::FlowTable;
use rust_decimal::{Decimal, dec};
use std::path::Path;
use std::sync::Arc;

const RECORDING: &str = include_str!("../simulations/recording.log");
const RANGES: &str = "# ip-ranges.json of 2026-11-20-00-00-00, syncToken 1
192.0.2.0/25 us-east-1 AMAZON,S3
192.0.2.128/25 eu-west-1 AMAZON,S3
198.51.100.32/27 us-east-1 AMAZON,DYNAMODB
";
const DAY: u64 = 86_400;

/// A gigabyte in the first hour of each of nine days, and one endpoint.
fn snapshot() -> Snapshot {
    let points = (0..9).map(|day| (1_699_200_000 / DAY * DAY + day * DAY, 30 << 30));
    Snapshot {
        version: snapshot::VERSION,
        taken: 1_700_000_000,
        gateway: "nat-0a1b2c3d4e5f60718".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: Some("vpc-0a1".to_owned()),
        vpc_name: None,
        metrics: Vec::new(),
        history: vec![Metric {
            name: "BytesInFromSource".to_owned(),
            statistic: "Sum".to_owned(),
            zone: None,
            period: 3_600,
            points: points.collect(),
        }],
        interfaces: Vec::new(),
        instances: Vec::new(),
        subnets: Vec::new(),
        route_tables: Vec::new(),
        endpoints: vec![snapshot::Endpoint {
            id: "vpce-0a1".to_owned(),
            endpoint_type: "Interface".to_owned(),
            service: "com.amazonaws.us-east-1.sts".to_owned(),
            state: "available".to_owned(),
            route_tables: Vec::new(),
            subnets: Vec::new(),
        }],
        carried: Vec::new(),
        missing: Vec::new(),
    }
}

fn report(region: &str, text: &str, snapshot: Option<Snapshot>) -> Report {
    let mut table = FlowTable::new();
    let read = table.push(text.as_bytes());
    read.and_then(|()| table.end_source()).unwrap();
    let mut facts = Facts::new(region, Rate::given("0.045").unwrap());
    facts.ranges = Some(Arc::new(
        AwsRanges::read(RANGES, RangesSource::File).unwrap(),
    ));
    facts.snapshot = snapshot;
    egress::report(&table, &facts)
}

fn change(add: &[&str], remove: &[&str], zones: u32) -> Change {
    let read = |texts: &[&str]| -> Vec<Endpoint> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    Change {
        add: read(add),
        remove: read(remove),
        zones,
        prices: EndpointPrices::of(&Prices::shipped("us-east-1")),
    }
}

fn simulated(add: &[&str], remove: &[&str], zones: u32) -> Simulation {
    let taken = snapshot();
    let report = report("us-east-1", RECORDING, Some(taken.clone()));
    Simulation::of(&report, Some(&taken), &change(add, remove, zones)).unwrap()
}

#[test]
fn an_hour_and_a_month_are_those_of_the_bytes_that_are_left() {
    // 20 GB in a tenth of an hour are 200 GB an hour, $9; a day of 30 GB is a
    // month of 912.5 GB, $41.0625.
    let check = |add: &[&str], remove: &[&str], zones, hour: [Decimal; 2], month: [Decimal; 2]| {
        let simulation = simulated(add, remove, zones);
        let of = |span: simulate::Span| [span.before(), span.after()];
        assert_eq!(simulation.hourly.map(of), Some(hour), "{add:?} {remove:?}");
        assert_eq!(simulation.month.map(of), Some(month), "{add:?} {remove:?}");
        let span = simulation.hourly.unwrap();
        assert_eq!(span.saved(), hour[0] - hour[1]);
    };
    let (hour, month) = (dec!(9), dec!(41.0625));
    check(&["s3"], &[], 1, [hour, dec!(4.5)], [month, dec!(20.53125)]);
    check(
        &["dynamodb"],
        &[],
        1,
        [hour, dec!(7.65)],
        [month, dec!(34.903125)],
    );
    check(
        &["s3", "dynamodb"],
        &[],
        1,
        [hour, dec!(3.15)],
        [month, dec!(14.371875)],
    );
    // 100 GB an hour at a cent and two zones at a cent.
    check(
        &["s3:interface"],
        &[],
        2,
        [hour, dec!(5.52)],
        [month, dec!(39.69375)],
    );
    // Nothing is saved that cannot be told.
    check(
        &["logs", "ecr.api"],
        &[],
        3,
        [hour, dec!(9.06)],
        [month, dec!(84.8625)],
    );
    // One that is there costs no more, one that is not saves nothing.
    check(&["sts"], &[], 3, [hour, hour], [month, month]);
    check(&[], &["kms"], 3, [hour, hour], [month, month]);
    check(&[], &["sts"], 3, [dec!(9.03), hour], [dec!(62.9625), month]);
    check(&[], &["s3"], 3, [hour, hour], [month, month]);
    check(
        &["s3"],
        &["sts"],
        1,
        [dec!(9.01), dec!(4.5)],
        [dec!(48.3625), dec!(20.53125)],
    );
}

#[test]
fn what_stays_is_said_and_in_no_figure() {
    let simulation = simulated(&["s3"], &[], 1);
    let told = simulation.effects[0].told.unwrap();
    assert_eq!(
        [told.here, told.elsewhere, told.unknown].map(|bytes| bytes >> 30),
        [10, 2, 1]
    );
    let (seconds, whole) = simulation.recording.unwrap();
    assert_eq!(
        (seconds, whole.bytes >> 30, whole.moved >> 30),
        (360, 20, 10)
    );
    assert_eq!(simulated(&["logs"], &[], 1).effects[0].told, None);
}

#[test]
fn an_endpoint_pays_from_so_many_gigabytes_on() {
    // 208.57, 417.14 and 625.71 GB, rounded up.
    for (zones, expected) in [(1, dec!(209)), (2, dec!(418)), (3, dec!(626))] {
        let simulation = simulated(&["logs"], &[], zones);
        assert_eq!(simulation.effects[0].break_even, Some(expected), "{zones}");
    }
    assert_eq!(simulated(&["s3"], &[], 1).effects[0].break_even, None);
    let report = report("us-east-1", RECORDING, None);
    let mut dear = change(&["logs"], &[], 1);
    let mut book = Prices::shipped("us-east-1");
    let (name, amount) = Prices::given("endpoint-gb=0.045").unwrap();
    book.set(name, amount, "--rate");
    dear.prices = EndpointPrices::of(&book);
    let simulation = Simulation::of(&report, None, &dear).unwrap();
    assert_eq!(simulation.effects[0].break_even, None);
    assert_eq!(simulation.month, None);
    let said = written(|out| simulate::console::write(&simulation, out));
    assert!(said.contains("It never pays"), "{said}");
    assert!(said.contains("A month    not known"), "{said}");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let refused = |region: &str, text: &str, change: &Change| {
        let done = Simulation::of(&report(region, text, None), None, change);
        done.err().map(|error: SimulateError| error.name())
    };
    let with = |prices| Change {
        prices,
        ..change(&["logs"], &[], 1)
    };
    let yuan = EndpointPrices {
        currency: "CNY",
        ..EndpointPrices::of(&Prices::shipped("us-east-1")).unwrap()
    };
    let nodata = "version interface-id srcaddr dstaddr bytes start end action log-status\n\
                  2 eni-0a1 - - - 1700000000 1700000060 - NODATA\n";
    for (region, text, change, expected) in [
        ("us-east-1", RECORDING, change(&["s3"], &[], 1), None),
        (
            "eu-west-1",
            RECORDING,
            Change {
                prices: None,
                ..change(&["s3"], &[], 1)
            },
            None,
        ),
        (
            "us-east-1",
            RECORDING,
            change(&[], &[], 1),
            Some("NothingChanges"),
        ),
        (
            "us-east-1",
            RECORDING,
            change(&["s3"], &["s3:interface"], 1),
            Some("EndpointTwice"),
        ),
        (
            "us-east-1",
            RECORDING,
            change(&["logs"], &[], 0),
            Some("NoZone"),
        ),
        (
            "us-east-1",
            nodata,
            change(&["s3"], &[], 1),
            Some("NoTraffic"),
        ),
        (
            "us-east-1,us-east-2",
            RECORDING,
            change(&["s3"], &[], 1),
            Some("SeveralRegions"),
        ),
        ("eu-west-1", RECORDING, with(None), Some("NoEndpointPrice")),
        ("us-east-1", RECORDING, with(Some(yuan)), Some("Currencies")),
    ] {
        assert_eq!(refused(region, text, &change), expected, "{change:?}");
    }
}

#[test]
fn without_times_nothing_is_said_by_the_hour() {
    let text = RECORDING.replace(" start end ", " srcport dstport ");
    let report = report("us-east-1", &text, None);
    let simulation = Simulation::of(&report, None, &change(&["s3"], &[], 1)).unwrap();
    assert_eq!((simulation.recording, simulation.hourly), (None, None));
    let said = written(|out| simulate::console::write(&simulation, out));
    assert!(said.contains("An hour    not known"), "{said}");
    assert!(said.contains("$0.4500 of the recording"), "{said}");
}

#[test]
fn a_simulation_reads_as_agreed() {
    let simulation = simulated(
        &["s3", "dynamodb:interface", "ecr.api", "sts"],
        &["logs"],
        2,
    );
    let json = format!("{:#}\n", simulate::json::value(&simulation));
    let console = written(|out| simulate::console::write(&simulation, out));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulations");
    let differences: Vec<String> = [("endpoints.txt", console), ("endpoints.json", json)]
        .into_iter()
        .filter_map(|(name, actual)| compare(&folder.join(name), &actual))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
