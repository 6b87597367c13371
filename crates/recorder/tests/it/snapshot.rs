//! What is there as the alarm goes off: taken once, used by the report.

use super::{NOW, World};
use recorder::memory::Fault;
use recorder::snapshot::{Carried, Endpoint, Instance, Interface, Metric, Snapshot, Subnet};
use recorder::{EpochSeconds, FaultKind};

fn metric(name: &str, points: &[(u64, u64)]) -> Metric {
    Metric {
        name: name.to_owned(),
        statistic: "Sum".to_owned(),
        zone: None,
        period: 60,
        points: points.to_vec(),
    }
}

/// A world with traffic before the alarm and a named workload.
fn busy() -> World {
    let world = World::new();
    let minute = |back: u64| NOW.minus(back).0;
    let points = [
        (minute(20_000), 1),
        (minute(3_600), 2 << 30),
        (minute(120), 40),
    ];
    world
        .memory
        .add_metric(metric("BytesInFromSource", &points));
    let connections = [(minute(3_600), 9_000), (minute(120), 50)];
    world
        .memory
        .add_metric(metric("ActiveConnectionCount", &connections));
    world.memory.add_interface(Interface {
        id: "eni-0b1".to_owned(),
        addresses: vec!["10.0.1.5".parse().expect("an address")],
        instance: Some("i-0c1d2e3f405162738".to_owned()),
        subnet: Some("subnet-0a1".to_owned()),
        ..Interface::default()
    });
    let tags = [("Name", "web-1"), ("aws:autoscaling:groupName", "web-asg")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    world.memory.add_instance(Instance {
        id: "i-0c1d2e3f405162738".to_owned(),
        tags: tags.into_iter().collect(),
    });
    world.memory.add_subnet(Subnet {
        id: "subnet-0a1".to_owned(),
        name: Some("private-a".to_owned()),
        cidr: Some("10.0.1.0/24".to_owned()),
        zone: Some("us-east-1a".to_owned()),
    });
    world.memory.name_vpcs("shop");
    world
}

#[test]
fn what_was_there_stands_in_the_report() {
    let world = busy();
    let claim = world.claim("execution-1", NOW).unwrap();
    let taken = world.snapshot(&claim).unwrap();
    // Of the last quarter of an hour, not of the busier time before.
    let estimate = taken.estimate.unwrap();
    assert_eq!((estimate.records_per_minute, estimate.minutes), (200, 15));
    assert_eq!(
        taken.expected.as_deref(),
        Some("about 200 records a minute x 15 min x 150 bytes = 450,000 bytes, $0.0002")
    );
    assert_eq!(taken.missing, [""; 0]);
    let key = taken.key.clone().unwrap();
    assert_eq!(key, "recordings/execution-1/snapshot.json");
    let kept = world.memory.object(&key).unwrap();
    let kept: Snapshot = serde_json::from_slice(&kept).unwrap();
    assert_eq!((kept.version, kept.vpc.as_deref()), (1, Some("vpc-0a1")));
    // Three hours, so the oldest point is not there.
    assert_eq!(kept.metrics[0].points.len(), 2);

    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    world
        .analyze_with(&claim, &recording, &stop, taken)
        .unwrap();
    let (subject, body) = world.memory.mails().remove(0);
    assert!(subject.ends_with(" from web-asg"), "{subject}");
    let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "instance i-0c1d2e3f405162738 \"web-1\" of auto-scaling group web-asg, subnet private-a \
         (us-east-1a) of VPC shop",
        "in 2 minutes since 2026-11-20 22:44:10 UTC, it processed 2,147,483,688 bytes, $0.0900",
        "Expected were about 200 records a minute",
        "The recording has 4 records, 494 bytes, whose delivery cost $0.0000 (494 / 1,073,741,824 x $0.5).",
    ] {
        assert!(words.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("Not everything"), "{body}");
}

#[test]
fn what_cannot_be_had_is_left_out_and_told() {
    for (operation, part) in [
        ("DescribeNatGateways", "gateway"),
        ("GetMetricData", "metrics"),
        ("DescribeNetworkInterfaces", "interfaces"),
        ("DescribeInstances", "instances"),
        ("DescribeSubnets", "subnets"),
        ("DescribeVpcs", "VPC"),
        ("DescribeRouteTables", "route tables"),
        ("DescribeVpcEndpoints", "endpoints"),
    ] {
        let world = busy();
        let claim = world.claim("execution-1", NOW).unwrap();
        world
            .memory
            .fail(operation, Fault::Fails(FaultKind::Denied));
        let taken = world.snapshot(&claim).unwrap();
        assert_eq!(taken.missing.len(), 1, "{operation}");
        assert!(
            taken.missing[0].starts_with(&format!("{part}: ")),
            "{taken:?}"
        );
        let recording = world.start(&claim).unwrap();
        let stop = world.stop(&claim, Some(&recording)).unwrap();
        world
            .analyze_with(&claim, &recording, &stop, taken)
            .unwrap();
        let (_, body) = world.memory.mails().remove(0);
        assert!(body.contains("Note: Not everything"), "{body}");
        assert!(body.contains(operation), "{body}");
    }
}

#[test]
fn what_is_usual_is_of_the_minutes_before_the_alarm() {
    let world = World::new();
    let minute = |back: u64| NOW.0 / 60 * 60 - 60 * back;
    let mut points: Vec<_> = (3..20).map(|back| (minute(back), 600)).collect();
    points.extend([(minute(1), 90_000), (minute(2), 80_000)]);
    world
        .memory
        .add_metric(metric("BytesInFromSource", &points));
    let claim = world.claim("execution-1", NOW).unwrap();
    let taken = world.snapshot(&claim).unwrap();
    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    world
        .analyze_with(&claim, &recording, &stop, taken)
        .unwrap();
    let (_, body) = world.memory.mails().remove(0);
    let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "Usual were 600 bytes a minute: the median of 17 minutes",
        "the 2 minutes after them are the rise itself and left out",
        "Recorded were 3,000 bytes in 60 s, usual would have been 600 x 60 / 60 = 600: 2,400 bytes more.",
        "10.0.1.5 3,000 100 %",
    ] {
        assert!(words.contains(said), "{said}: {body}");
    }
}

#[test]
fn a_snapshot_that_is_lost_costs_no_report() {
    let world = busy();
    let claim = world.claim("execution-1", NOW).unwrap();
    world
        .memory
        .fail("PutObject", Fault::Fails(FaultKind::Throttled));
    assert_eq!(world.snapshot(&claim).unwrap_err().name(), "Throttled");
    let taken = world.snapshot(&claim).unwrap();
    let recording = world.start(&claim).unwrap();
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    for _ in 0..3 {
        world
            .memory
            .fail("GetObject", Fault::Fails(FaultKind::Denied));
    }
    world
        .analyze_with(&claim, &recording, &stop, taken.clone())
        .unwrap();
    let (_, body) = world.memory.mails().remove(0);
    assert!(body.contains("s3:GetObject"), "{body}");
    // And one that passes is tried again at once.
    world.memory.fail("GetObject", Fault::AnswerLost);
    world
        .analyze_with(&claim, &recording, &stop, taken)
        .unwrap();
    let (_, body) = world.memory.mails().remove(1);
    assert!(!body.contains("Not everything"), "{body}");
}

#[test]
fn a_recording_without_an_end_is_expected_for_an_hour() {
    let mut world = busy();
    world.settings.recording_time = "0".to_owned();
    let claim = world.claim("execution-1", EpochSeconds(NOW.0)).unwrap();
    let taken = world.snapshot(&claim).unwrap();
    assert_eq!(taken.estimate.map(|estimate| estimate.minutes), Some(60));
}

#[test]
fn the_report_says_what_the_gateway_counted_meanwhile() {
    let world = World::new();
    let minute = |after: u64| NOW.0 / 60 * 60 + after;
    let points = [(minute(0), 900), (minute(60), 3_000), (minute(120), 3_000)];
    world
        .memory
        .add_metric(metric("BytesInFromSource", &points));
    let hour = |day: u64| (NOW.0 / 86_400 - day) * 86_400;
    let days: Vec<_> = (0..9).map(|day| (hour(day), (day + 1) << 30)).collect();
    world.memory.add_history(metric("BytesInFromSource", &days));
    let claim = world.claim("execution-1", NOW).unwrap();
    let taken = world.snapshot(&claim).unwrap();
    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    world
        .analyze_with(&claim, &recording, &stop, taken.clone())
        .unwrap();
    let words = |place: usize| {
        let (_, body) = world.memory.mails().remove(place);
        body.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let said = words(0);
    for part in [
        "the recording explains 100.0 % of what the gateway counted (3,000 of 3,000 bytes)",
        "$0.0000 since the alarm; a month like the 7 days before: $6.84, from $2.74 to $10.95",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for _ in 0..3 {
        world
            .memory
            .fail("GetMetricData", Fault::Fails(FaultKind::Throttled));
    }
    world
        .analyze_with(&claim, &recording, &stop, taken)
        .unwrap();
    let said = words(1);
    assert!(
        said.contains("It is not known what the gateway counted"),
        "{said}"
    );
    assert!(
        said.contains("there are no metrics of the gateway to compare with"),
        "{said}"
    );
}

#[test]
fn the_report_is_kept_as_a_page_and_as_json() {
    let world = busy();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    world.analyze(&claim, &recording, &stop).unwrap();
    let object = |name: &str| {
        let key = format!("recordings/execution-1/{name}");
        world
            .memory
            .object(&key)
            .map(|body| String::from_utf8(body).unwrap())
    };
    let (subject, body) = world.memory.mails().remove(0);
    let page = object("report.html").unwrap();
    assert!(
        page.contains(&format!("<title>{subject}</title>")),
        "{page}"
    );
    let json: serde_json::Value = serde_json::from_str(&object("report.json").unwrap()).unwrap();
    assert_eq!(json["bytes"]["processed"], 3_000);
    let command = "aws s3 cp --region us-east-1 s3://natspike-recordings/recordings/execution-1/report.html .";
    assert!(body.contains(command), "{body}");

    // The mail is there all the same.
    for _ in 0..3 {
        world
            .memory
            .fail("PutObject", Fault::Fails(FaultKind::Denied));
    }
    world.analyze(&claim, &recording, &stop).unwrap();
    let (_, body) = world.memory.mails().remove(1);
    assert!(
        body.contains("The report could not be kept as a page"),
        "{body}"
    );
    assert!(!body.contains("aws s3 cp"), "{body}");
}

#[test]
fn what_interface_endpoints_carry_is_kept() {
    let world = busy();
    let claim = world.claim("execution-1", NOW).unwrap();
    let snapshot = |world: &World| -> Snapshot {
        world.snapshot(&claim).unwrap();
        let body = world.memory.object("recordings/execution-1/snapshot.json");
        serde_json::from_slice(&body.unwrap()).unwrap()
    };
    let carried = Carried {
        endpoint: "vpce-0a1".to_owned(),
        days: vec![(1_795_132_800, 7)],
    };
    world.memory.add_carried(carried.clone());
    // Without an interface endpoint nobody is asked.
    assert_eq!(snapshot(&world).carried, []);
    world.memory.add_endpoint(Endpoint {
        id: "vpce-0a1".to_owned(),
        endpoint_type: "Interface".to_owned(),
        service: "com.amazonaws.us-east-1.logs".to_owned(),
        state: "available".to_owned(),
        route_tables: Vec::new(),
        subnets: Vec::new(),
    });
    assert_eq!(snapshot(&world).carried, [carried]);
}

#[test]
fn how_much_a_recording_has_to_explain_is_the_stack_s_parameter() {
    for (floor, is_little) in [("0", false), ("40", false), ("80", true), ("100", true)] {
        let world = World::new();
        let mut claim = world.claim("execution-1", NOW).unwrap();
        claim.coverage_floor = floor.to_owned();
        let recording = world.start(&claim).unwrap();
        world.deliver("eni-0a1", 1_000, 2_000);
        // Half of what the gateway counted in the minute of the records.
        let minute = NOW.0 / 60 * 60;
        for start in [minute, minute + 60, minute + 120] {
            let points = [(start, 6_000)];
            world
                .memory
                .add_metric(metric("BytesInFromSource", &points));
        }
        let stop = world.stop(&claim, Some(&recording)).unwrap();
        world.analyze(&claim, &recording, &stop).unwrap();
        let (_, body) = world.memory.mails().remove(0);
        let said = body.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("the recording explains 50.0 %"), "{said}");
        assert_eq!(
            said.contains("no saving is said"),
            is_little,
            "{floor}: {said}"
        );
    }
}
