//! Which flow logs are taken.

use super::super::discovery::{FlowLog, Instance, Interface};
use super::{Choice, SourceError, choose, resources};

const DEFAULT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} \
                       ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} \
                       ${log-status}";

fn instance(number: u32, interfaces: &[(&str, &str)]) -> Instance {
    let interfaces = interfaces.iter().map(|(id, subnet)| Interface {
        id: (*id).to_owned(),
        vpc: Some("vpc-1".to_owned()),
        subnet: Some((*subnet).to_owned()),
        ..Interface::default()
    });
    Instance {
        id: format!("i-{number}"),
        name: None,
        account: Some("123456789012".to_owned()),
        state: "running".to_owned(),
        interfaces: interfaces.collect(),
    }
}

fn one() -> Instance {
    instance(1, &[("eni-1", "subnet-1")])
}

/// `id resource traffic group`; a group that begins with `arn:` is a bucket.
fn flow_log(text: &str) -> FlowLog {
    let words: Vec<&str> = text.split(' ').collect();
    let [id, resource, traffic, place] = words[..] else {
        panic!("four words: {text}");
    };
    let is_bucket = place.starts_with("arn:");
    FlowLog {
        id: id.to_owned(),
        resource: resource.to_owned(),
        traffic: traffic.to_owned(),
        status: "ACTIVE".to_owned(),
        delivery: Some("SUCCESS".to_owned()),
        destination_type: if is_bucket { "s3" } else { "cloud-watch-logs" }.to_owned(),
        log_group: (!is_bucket).then(|| place.to_owned()),
        destination: is_bucket.then(|| place.to_owned()),
        log_format: DEFAULT.to_owned(),
        aggregation_seconds: Some(600),
        ..FlowLog::default()
    }
}

fn chosen(instances: &[Instance], flow_logs: &[FlowLog]) -> Choice {
    choose(instances, flow_logs, "us-east-1").unwrap()
}

#[test]
fn takes_what_says_most_and_then_the_narrowest() {
    let failing = |mut it: FlowLog| {
        it.delivery = Some("FAILED".to_owned());
        it.error = Some("Access error".to_owned());
        it
    };
    let without_ports = |mut it: FlowLog| {
        it.log_format = "${srcaddr} ${dstaddr} ${bytes} ${start} ${end}".to_owned();
        it
    };
    let every_minute = |mut it: FlowLog| {
        it.aggregation_seconds = Some(60);
        it
    };
    let interface = || flow_log("fl-i eni-1 ALL one");
    let subnet = || flow_log("fl-s subnet-1 ALL two");
    let vpc = || flow_log("fl-v vpc-1 ALL three");
    let rejects = || flow_log("fl-r eni-1 REJECT four");
    let accepts = || flow_log("fl-a eni-1 ACCEPT five");
    let objects = || flow_log("fl-o eni-1 ALL arn:aws:s3:::flows");
    for (flow_logs, expected, why) in [
        (vec![interface()], "logs://one", ""),
        (
            vec![vpc(), subnet(), interface()],
            "logs://one",
            "fl-v, which records all traffic of vpc-1 every 600 seconds and delivers to \
             logs://three (it sees more than is asked for)",
        ),
        (vec![vpc(), subnet()], "logs://two", "it sees more"),
        (
            vec![rejects(), vpc()],
            "logs://three",
            "(accepted traffic is not in it)",
        ),
        (
            vec![rejects(), accepts()],
            "logs://five",
            "fl-a, which records accepted traffic of eni-1 every 600 seconds and delivers to \
             logs://five; rejected traffic is not in it.",
        ),
        (
            vec![failing(interface()), rejects()],
            "logs://four",
            "(its delivery fails (Access error))",
        ),
        (
            vec![without_ports(interface()), vpc()],
            "logs://three",
            "(its records have no srcport, dstport, protocol, packets, action)",
        ),
        (vec![objects(), interface()], "logs://one", "no better"),
        (
            vec![interface(), every_minute(objects())],
            "s3://flows/AWSLogs/123456789012/vpcflowlogs/us-east-1/",
            "(it adds up over 600 seconds)",
        ),
    ] {
        let choice = chosen(&[one()], &flow_logs);
        assert_eq!(choice.sources, [expected]);
        let said = choice.sentences.join("\n");
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains("more than once"), "{said}");
        assert!(choice.layout.is_some());
    }
}

#[test]
fn says_what_was_taken_and_what_is_missing_in_it() {
    let choice = chosen(&[one()], &[flow_log("fl-r eni-1 REJECT four")]);
    assert_eq!(
        choice.sentences,
        [
            "Read is the flow log fl-r, which records rejected traffic of eni-1 every 600 \
             seconds and delivers to logs://four; accepted traffic is not in it."
        ]
    );
    assert_eq!(choice.flow_logs, ["fl-r"]);
}

#[test]
fn no_interface_is_read_twice() {
    let two = || {
        vec![
            instance(1, &[("eni-1", "subnet-1")]),
            instance(2, &[("eni-2", "subnet-2")]),
        ]
    };
    // The VPC's flow log is needed for the one, so it serves the other, too.
    let choice = chosen(
        &two(),
        &[
            flow_log("fl-i eni-1 ALL one"),
            flow_log("fl-v vpc-1 ALL two"),
        ],
    );
    assert_eq!(choice.sources, ["logs://two"]);
    let said = choice.sentences.join("\n");
    assert!(said.contains("(fl-v sees its interface, too)"), "{said}");
    // A worse one is not taken, though an interface then has none.
    let choice = chosen(
        &two(),
        &[
            flow_log("fl-i eni-1 ALL one"),
            flow_log("fl-v vpc-1 REJECT two"),
        ],
    );
    assert_eq!(choice.sources, ["logs://one"]);
    let said = choice.sentences.join("\n");
    assert!(said.contains("what eni-2 of i-2 sends"), "{said}");
    // Two that see different interfaces are both read, one group once.
    for (group, expected) in [
        ("two", &["logs://one", "logs://two"][..]),
        ("one", &["logs://one"]),
    ] {
        let other = flow_log(&format!("fl-j eni-2 ALL {group}"));
        let choice = chosen(&two(), &[flow_log("fl-i eni-1 ALL one"), other]);
        assert_eq!(choice.sources, expected);
        assert_eq!(choice.flow_logs, ["fl-i", "fl-j"]);
        assert_eq!(choice.sentences.len(), 2, "{:?}", choice.sentences);
    }
}

#[test]
fn a_group_with_the_same_records_twice_is_told() {
    for (other, is_told) in [
        ("fl-v vpc-1 ALL one", true),
        ("fl-v vpc-1 REJECT one", true),
        ("fl-v vpc-1 ALL two", false),
        ("fl-v vpc-2 ALL one", false),
    ] {
        let choice = chosen(&[one()], &[flow_log("fl-i eni-1 ALL one"), flow_log(other)]);
        let said = choice.sentences.join("\n");
        assert_eq!(said.contains("more than once"), is_told, "{other}: {said}");
    }
    // Accepted and rejected traffic are no copies of each other.
    let choice = chosen(
        &[one()],
        &[
            flow_log("fl-a eni-1 ACCEPT one"),
            flow_log("fl-r eni-1 REJECT one"),
        ],
    );
    assert!(!choice.sentences.join("\n").contains("more than once"));
}

#[test]
fn knows_where_records_lie() {
    for (destination, is_hive, expected) in [
        (
            "arn:aws:s3:::flows",
            false,
            Ok("s3://flows/AWSLogs/123456789012/vpcflowlogs/us-east-1/"),
        ),
        (
            "arn:aws:s3:::flows/team/",
            false,
            Ok("s3://flows/team/AWSLogs/123456789012/vpcflowlogs/us-east-1/"),
        ),
        (
            "arn:aws-cn:s3:::flows/team/a",
            true,
            Ok(
                "s3://flows/team/a/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/\
                 aws-region=us-east-1/",
            ),
        ),
        ("flows", false, Err("is no bucket")),
    ] {
        let mut it = flow_log("fl-o eni-1 ALL arn:");
        (it.destination, it.is_hive) = (Some(destination.to_owned()), is_hive);
        match (choose(&[one()], &[it], "us-east-1"), expected) {
            (Ok(choice), Ok(url)) => assert_eq!(choice.sources, [url]),
            (Err(error), Err(why)) => {
                assert!(error.to_string().contains(why), "{error}");
            }
            (found, _) => panic!("{destination}: {found:?}"),
        }
    }
    let group = |arn: &str| {
        let mut it = flow_log("fl-i eni-1 ALL one");
        (it.log_group, it.destination) = (None, Some(arn.to_owned()));
        choose(&[one()], &[it], "us-east-1")
    };
    let own = group("arn:aws:logs:us-east-1:123456789012:log-group:/my/flows:*").unwrap();
    assert_eq!(own.sources, ["logs:///my/flows"]);
    let other = group("arn:aws:logs:us-east-1:210987654321:log-group:flows").unwrap_err();
    assert!(other.to_string().contains("of account 210987654321"));
}

#[test]
fn says_why_there_is_nothing_to_read() {
    let error = choose(&[one()], &[], "us-east-1").unwrap_err();
    assert_eq!(error.name(), "NoFlowLog");
    let message = error.to_string();
    for part in ["sees i-1", "--resource-ids eni-1", "--log-group NAME"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let mut stream = flow_log("fl-f eni-1 ALL one");
    stream.destination_type = "kinesis-data-firehose".to_owned();
    let mut short = flow_log("fl-n eni-1 ALL one");
    short.log_format = "${srcaddr} ${dstaddr}".to_owned();
    let error = choose(&[one()], &[stream, short], "us-east-1").unwrap_err();
    assert!(matches!(error, SourceError::Unreadable { .. }));
    let message = error.to_string();
    for part in [
        "fl-f delivers to kinesis-data-firehose",
        "fl-n cannot be used (the layout lacks the field bytes",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn asks_for_interfaces_subnets_and_vpcs() {
    let two = [one(), instance(2, &[("eni-2", "subnet-1")])];
    assert_eq!(resources(&two), ["eni-1", "eni-2", "subnet-1", "vpc-1"]);
}
