//! What recordings promise beyond their sums.

use crate::{START, layouts, load, scenarios, small};
use traffic::{Layout, RecordTime, Scenario};

const TWO_FIELDS_PER_VERSION: &str = "${version} ${vpc-id} ${subnet-id} ${instance-id} ${region} ${az-id} \
    ${sublocation-type} ${sublocation-id} ${ecs-cluster-arn} ${ecs-task-id} ${reject-reason} ${resource-id} \
    ${encryption-status} ${instance-tag} ${asg-tag-2} ${interface-type} ${next-hop-interface-type} \
    ${flow-direction} ${traffic-path} ${tcp-flags} ${type}";

#[test]
fn the_truth_is_that_of_the_file() {
    let scenario = small("");
    let truth = scenario
        .recording(&Layout::parse("natspike").unwrap(), START)
        .truth;
    assert_eq!(truth.bytes.in_from_source, 1_000_003);
    assert_eq!(truth.bytes.out_to_source, 42_000_000);
    assert_eq!(
        truth.window.map(|w| (w.start - START, w.end - START)),
        Some((30, 250))
    );
}

#[test]
fn the_layout_limits_what_the_truth_says() {
    let scenario = small("");
    let truth_in = |layout: &str| {
        scenario
            .recording(&Layout::parse(layout).unwrap(), START)
            .truth
    };
    let default = truth_in("default-14");
    assert!(default.pairs.is_empty());
    assert_eq!(default.destinations[0].aws_service, None);
    assert_eq!(
        (
            default.services.len(),
            default.services[0].aws_service.clone()
        ),
        (1, None)
    );
    let recorder = truth_in("recorder-14");
    assert_eq!(recorder.window, None);
    assert_eq!(recorder.pairs.len(), 1);
    assert_eq!(truth_in("egress-18"), truth_in("natspike"));
}

#[test]
fn without_log_status_skipped_data_looks_like_no_data() {
    let scenario = small("[noise]\nnodata = 2\nskipdata = 3");
    for (name, expected) in [("recorder-14", (5, 0)), ("natspike", (2, 3))] {
        let truth = scenario
            .recording(&Layout::parse(name).unwrap(), START)
            .truth;
        assert_eq!(
            (truth.records.nodata, truth.records.skipdata),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_json_has_the_keys_of_the_report() {
    let truth = small("")
        .recording(&Layout::parse("default-14").unwrap(), START)
        .truth;
    let json = serde_json::to_value(&truth).unwrap();
    assert_eq!(
        json["destinations"][0],
        serde_json::json!({
            "address": "203.0.113.5", "aws_service": null, "bytes": 43_000_003,
            "in_from_source": 1_000_003, "out_to_source": 42_000_000
        })
    );
    assert_eq!(json["pairs"], serde_json::json!([]));
    let mut keys: Vec<&String> = json["records"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "malformed",
            "nodata",
            "parsed",
            "read",
            "rejected",
            "skipdata"
        ]
    );
}

#[test]
fn equal_seeds_give_equal_lines_and_other_seeds_the_same_truth() {
    let layout = Layout::parse("natspike").unwrap();
    for path in scenarios() {
        let mut scenario = load(&path);
        let first = scenario.recording(&layout, START);
        assert_eq!(
            first,
            scenario.recording(&layout, START),
            "{}",
            path.display()
        );
        scenario.seed += 1;
        let other = scenario.recording(&layout, START);
        if scenario.conversation.is_empty() {
            continue; // then the seed alone decides when anything is logged
        }
        assert_eq!(first.truth, other.truth, "{}", path.display());
        assert!(first.lines != other.lines, "{}", path.display());
    }
}

#[test]
fn a_recording_never_begins_with_a_broken_line() {
    for path in scenarios() {
        let scenario = load(&path);
        for (name, layout) in layouts() {
            let lines = scenario.recording(&layout, START).lines;
            let first = lines.first().map_or(0, |line| line.split(' ').count());
            assert_eq!(
                first,
                layout.header().split(' ').count(),
                "{} {name}",
                path.display()
            );
        }
    }
}

#[test]
fn packets_are_large_enough_for_their_bytes() {
    let lines = small("")
        .recording(&Layout::parse("${packets} ${bytes}").unwrap(), START)
        .lines;
    for line in lines {
        let (packets, bytes) = line.split_once(' ').unwrap();
        let (packets, bytes): (u64, u64) = (packets.parse().unwrap(), bytes.parse().unwrap());
        assert!(packets * 1_400 >= bytes && packets <= bytes, "{line}");
    }
}

#[test]
fn writes_the_four_legs_as_in_the_example_of_aws() {
    let layout = "${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${flow-direction} ${bytes}";
    let text = "title = 't'\n[gateway]\naddresses = ['10.0.0.220', '10.0.0.221']\n[[conversation]]\nsource = '10.0.1.5'\n\
        destination = '203.0.113.5'\nupload = 10\ndownload = 20\nto = '1m'\n";
    let mut scenario = Scenario::parse(text).unwrap();
    // Whichever address the seed chooses, only packets show a secondary one.
    while !first_lines(&scenario, layout)[1].contains("10.0.0.221") {
        scenario.seed += 1;
    }
    assert_eq!(
        first_lines(&scenario, layout),
        [
            "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 ingress 10",
            "10.0.0.220 203.0.113.5 10.0.0.221 203.0.113.5 egress 10",
            "203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.221 ingress 20",
            "10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 egress 20",
        ]
    );
    scenario.gateway.regional = true;
    scenario.gateway.addresses = vec!["192.0.2.10".parse().unwrap()];
    let layout = "${interface-id} ${subnet-id} ${resource-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr}";
    assert_eq!(
        first_lines(&scenario, layout),
        [
            "- - nat-0a1b2c3d4e5f60718 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5",
            "- - nat-0a1b2c3d4e5f60718 192.0.2.10 203.0.113.5 192.0.2.10 203.0.113.5",
            "- - nat-0a1b2c3d4e5f60718 203.0.113.5 192.0.2.10 203.0.113.5 192.0.2.10",
            "- - nat-0a1b2c3d4e5f60718 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5",
        ]
    );
}

fn first_lines(scenario: &Scenario, layout: &str) -> Vec<String> {
    scenario
        .recording(&Layout::parse(layout).unwrap(), START)
        .lines
}

#[test]
fn writes_fields_of_every_version() {
    let mut scenario = small("");
    scenario.conversation[0].to = traffic::Seconds(60);
    assert_eq!(
        first_lines(&scenario, TWO_FIELDS_PER_VERSION)[1],
        "11 vpc-0a1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718 - us-east-1 use1-az1 - - - - - - 0 - - nat_gateway - egress 8 3 IPv4"
    );
}

#[test]
fn lines_without_data_look_like_those_of_aws() {
    let scenario = Scenario::parse("title = 't'\n[noise]\nnodata = 1").unwrap();
    let line = &first_lines(&scenario, "default-14")[0];
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(
        words[..10],
        [
            "2",
            "123456789012",
            "eni-0a1b2c3d4e5f60718",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-"
        ]
    );
    assert_eq!(words[12..], ["-", "NODATA"]);
    assert_eq!(
        first_lines(&scenario, "recorder-14")[0],
        ["-"; 14].join(" ")
    );
}

#[test]
fn repetitions_move_the_bytes_again() {
    let scenario = Scenario::parse(
        "title = 't'\n[[conversation]]\nsource = '10.0.1.5'\ndestination = '203.0.113.5'\ndownload = 1001\n\
         to = '1m'\nrepeat = 3\nevery = '5m'",
    )
    .unwrap();
    let recording = scenario.recording(&Layout::parse("natspike").unwrap(), START);
    assert_eq!(recording.truth.bytes.processed, 3_003);
    assert_eq!(recording.truth.window.map(|w| w.end - START), Some(660));
    assert_eq!(recording.lines.len(), 6);
}

#[test]
fn writing_gives_the_same_lines_and_truth() {
    for path in scenarios() {
        let scenario = load(&path);
        for (_, layout) in layouts() {
            let recording = scenario.recording(&layout, START);
            let mut text = Vec::new();
            let truth = scenario.write_recording(&layout, START, &mut text).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), recording.text());
            assert_eq!(truth, recording.truth);
        }
    }
}

#[test]
fn events_arrive_after_their_delay_in_order_and_inside_real_time() {
    let scenario = small("[delivery]\ndelay = '5m'");
    let layout = Layout::parse("natspike").unwrap();
    let wall = scenario.delivery(&layout, START, 60.0, RecordTime::Wall);
    assert!(wall.events.is_sorted_by(|a, b| a.due <= b.due));
    assert_eq!(wall.events[0].due, (60.0 + 300.0) / 60.0);
    assert_eq!(wall.events.last().unwrap().due, (250.0 + 300.0) / 60.0);
    assert_eq!(wall.events[0].timestamp, START * 1_000);
    let window = wall.truth.window.unwrap();
    assert_eq!((window.start - START, window.end - START), (0, 5));

    let domain = scenario.delivery(&layout, START, 60.0, RecordTime::Domain);
    assert_eq!(
        domain.events.last().unwrap().due,
        wall.events.last().unwrap().due
    );
    assert_eq!(domain.events[0].timestamp, (START + 30) * 1_000);
    assert_eq!(domain.truth.window.map(|w| w.end - START), Some(250));
    assert_eq!(domain.truth.bytes, wall.truth.bytes);
}
