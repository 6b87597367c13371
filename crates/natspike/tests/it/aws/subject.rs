//! `--instance-id` and what stands beside it: what EC2 is asked, and what is made of
//! the answers.

use super::stand_in::{StandIn, World};
use super::{DAY, FLOWS, JSON, check, failure, key, natspike, recording, report, run, text};
use traffic::Layout;

pub(super) const WEB: &str = "i-0123456789abcdef0";
const FORMAT: &str = "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} \
                      ${start} ${end} ${action}";

impl World {
    /// What EC2 says, where a test has said so.
    pub(super) fn discovered(&mut self, body: &str) -> Option<(u16, String)> {
        if self.ec2.is_empty() {
            return None;
        }
        let action = body.split('&').find_map(|it| it.strip_prefix("Action="));
        let action = action.unwrap().to_owned();
        self.calls.push(action.clone());
        if self.denied.contains(&action) {
            let refusal = "<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
                           <Message>the stand-in says no</Message></Error></Errors></Response>";
            return Some((403, refusal.to_owned()));
        }
        let fits = |(parts, _): &&(&[&str], String)| parts.iter().all(|it| body.contains(it));
        let items = self.ec2.iter().find(fits).map(|(_, items)| items.as_str());
        let set = match action.as_str() {
            "DescribeInstances" => "reservationSet",
            "DescribeVpcs" => "vpcSet",
            "DescribeVpcPeeringConnections" => "vpcPeeringConnectionSet",
            "DescribeFlowLogs" => "flowLogSet",
            other => panic!("{other} is not asked"),
        };
        let items = items.unwrap_or_default();
        let answer = format!("<{action}Response><{set}>{items}</{set}></{action}Response>");
        Some((200, answer))
    }
}

fn instance(state: &str, interfaces: &str) -> String {
    format!(
        "<item><ownerId>123456789012</ownerId><instancesSet><item><instanceId>{WEB}</instanceId>\
         <instanceState><name>{state}</name></instanceState>\
         <networkInterfaceSet>{interfaces}</networkInterfaceSet></item></instancesSet></item>"
    )
}

const INTERFACE: &str = "<item><networkInterfaceId>eni-0a1</networkInterfaceId>\
    <subnetId>subnet-0a1</subnetId><vpcId>vpc-0a1</vpcId><privateIpAddressesSet>\
    <item><privateIpAddress>10.0.1.5</privateIpAddress><primary>true</primary></item>\
    <item><privateIpAddress>10.0.1.6</privateIpAddress></item></privateIpAddressesSet>\
    <ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item></ipv6AddressesSet></item>";
const VPC: &str = "<item><vpcId>vpc-0a1</vpcId><cidrBlockAssociationSet>\
    <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>100.64.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    </cidrBlockAssociationSet></item>";
const PEERING: &str = "<item><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>\
    <status><code>active</code></status><requesterVpcInfo><vpcId>vpc-0b2</vpcId>\
    <region>eu-west-1</region><cidrBlock>10.8.0.0/16</cidrBlock></requesterVpcInfo>\
    <accepterVpcInfo><vpcId>vpc-0a1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock></accepterVpcInfo></item>";

pub(super) fn flow_log(id: &str, resource: &str, traffic: &str, destination: &str) -> String {
    format!(
        "<item><flowLogId>{id}</flowLogId><flowLogStatus>ACTIVE</flowLogStatus>\
         <resourceId>{resource}</resourceId><trafficType>{traffic}</trafficType>\
         <deliverLogsStatus>SUCCESS</deliverLogsStatus><logFormat>{FORMAT}</logFormat>\
         <maxAggregationInterval>60</maxAggregationInterval>{destination}</item>"
    )
}

pub(super) const GROUP: &str = "<logDestinationType>cloud-watch-logs</logDestinationType>\
                     <logGroupName>flows</logGroupName>";
pub(super) const BUCKET: &str = "<logDestinationType>s3</logDestinationType>\
                      <logDestination>arn:aws:s3:::logs/team</logDestination>";

pub(super) fn world(flow_logs: &str) -> World {
    World {
        ec2: vec![
            (&["DescribeInstances", WEB], instance("running", INTERFACE)),
            (&["DescribeVpcs", "vpc-0a1"], VPC.to_owned()),
            (&["Peering", "accepter", "vpc-0a1"], PEERING.to_owned()),
            (
                &["FlowLogs", "eni-0a1", "subnet-0a1", "vpc-0a1"],
                flow_logs.to_owned(),
            ),
        ],
        ..World::default()
    }
}

fn discover(stand_in: &StandIn, arguments: &[&str]) -> std::process::Output {
    natspike(stand_in, &[])
        .arg("discover")
        .args(arguments)
        .output()
        .unwrap()
}

fn found(stand_in: &StandIn, arguments: &[&str]) -> Vec<String> {
    let output = discover(stand_in, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

pub(super) const ASKED: [&str; 4] = ["--instance-id", WEB, "--region", "us-east-1"];

#[test]
fn finds_addresses_networks_and_the_flow_log_to_read() {
    let flow_logs = [
        flow_log("fl-v", "vpc-0a1", "REJECT", GROUP),
        flow_log("fl-s", "subnet-0a1", "ALL", BUCKET),
    ];
    let stand_in = StandIn::start(world(&flow_logs.concat()));
    assert_eq!(
        found(&stand_in, &ASKED),
        [
            "subject 10.0.1.5/32",
            "subject 10.0.1.6/32",
            "subject 2001:db8::5/128",
            "inside 10.0.0.0/16",
            "inside 10.8.0.0/16",
            "inside 100.64.0.0/16",
            "source s3://logs/team/AWSLogs/123456789012/vpcflowlogs/us-east-1/",
            "flow log fl-s",
            "layout srcaddr dstaddr srcport dstport protocol packets bytes start end action",
            "i-0123456789abcdef0 is running: eni-0a1 has 10.0.1.5, 10.0.1.6, 2001:db8::5. EC2 says \
             so as of now; addresses may have been another's before.",
            "Not external: vpc-0a1 has 10.0.0.0/16, 100.64.0.0/16; vpc-0b2 in eu-west-1, peered by \
             pcx-1, has 10.8.0.0/16.",
            "Read is the flow log fl-s, which records all traffic of subnet-0a1 every 60 seconds \
             and delivers to s3://logs/team/AWSLogs/123456789012/vpcflowlogs/us-east-1/.",
            "Not read: fl-v, which records rejected traffic of vpc-0a1 every 60 seconds and \
             delivers to logs://flows (accepted traffic is not in it).",
        ]
    );
}

#[test]
fn the_folder_that_a_flow_log_delivers_to_is_read() {
    let (lines, recording) = recording("egress-18");
    let header = Layout::parse("egress-18").unwrap().header();
    let mut world = world(&flow_log("fl-s", "subnet-0a1", "ALL", BUCKET));
    for (part, piece) in lines.chunks(lines.len().div_ceil(3)).enumerate() {
        let key = key(&format!("{FLOWS}/2027/01/15"), "20270115T0800Z", part);
        let content = format!("{header}\n{}\n", piece.join("\n"));
        world
            .objects
            .insert(("logs".to_owned(), key), content.into_bytes());
    }
    let stand_in = StandIn::start(world);
    let lines = found(&stand_in, &ASKED);
    let source = lines.iter().find_map(|it| it.strip_prefix("source "));
    let arguments = [&[source.unwrap(), "--date", DAY], &JSON[..]].concat();
    check(&recording, &report(&run(&stand_in, &arguments, &[])));
}

#[test]
fn what_is_named_is_not_asked_for() {
    let stand_in = StandIn::start(world(""));
    let named = [
        "--instance-ip",
        "10.0.9.9,2001:db8::9",
        "--vpc-cidr",
        "10.120.,2001:db8::/56",
        "--log-group",
        "/my/flows",
    ];
    let expected = [
        "subject 10.0.9.9/32",
        "subject 2001:db8::9/128",
        "inside 10.120.0.0/16",
        "inside 2001:db8::/56",
        "source logs:///my/flows",
    ];
    assert_eq!(found(&stand_in, &named), expected);
    assert_eq!(stand_in.calls(), Vec::<String>::new());
    let both = [&named[..], &ASKED].concat();
    assert_eq!(found(&stand_in, &both), expected);
    assert_eq!(stand_in.calls(), ["DescribeInstances"]);
}

#[test]
fn peers_that_may_not_be_asked_for_are_said_to_be_unknown() {
    let mut world = world(&flow_log("fl-i", "eni-0a1", "ALL", GROUP));
    world
        .denied
        .insert("DescribeVpcPeeringConnections".to_owned());
    let lines = found(&StandIn::start(world), &ASKED);
    assert!(!lines.contains(&"inside 10.8.0.0/16".to_owned()));
    let is_said = |line: &String| line.starts_with("Networks of peered VPCs are not known");
    assert!(lines.iter().any(is_said), "{lines:?}");
}

#[test]
fn says_what_to_do_where_nothing_is_found() {
    let flow_logs = flow_log("fl-i", "eni-0a1", "ALL", GROUP);
    let denied = |action: &str| {
        let mut world = world(&flow_logs);
        world.denied.insert(action.to_owned());
        world
    };
    let mut terminated = world(&flow_logs);
    terminated.ec2[0].1 = instance("terminated", "");
    let other = [
        "--instance-id",
        "i-0fedcba9876543210",
        "--region",
        "us-east-1",
    ];
    for (world, arguments, expected) in [
        (
            world(&flow_logs),
            &other[..],
            "there is no such instance; check the id and",
        ),
        (terminated, &ASKED, "it is terminated and has none any more"),
        (
            denied("DescribeInstances"),
            &ASKED,
            "your credentials may not do ec2:DescribeInstances: the stand-in says no \
             (UnauthorizedOperation); without --instance-id",
        ),
        (denied("DescribeVpcs"), &ASKED, "name them with --vpc-cidr"),
        (
            denied("DescribeFlowLogs"),
            &ASKED,
            "(UnauthorizedOperation); name what to read: --log-group NAME",
        ),
        (
            world(""),
            &ASKED,
            "find a flow log that sees i-0123456789abcdef0: none is on",
        ),
        (world(""), &ASKED[..2], "no region is known"),
        (
            world(""),
            &["--instance-id", WEB, "--region", "us-east-1,eu-west-1"],
            "name one region",
        ),
        (
            world(""),
            &["--instance-id", "web"],
            "8 or 17 hexadecimal digits",
        ),
        (world(""), &["--vpc-cidr", "10.12"], "with a dot at its end"),
    ] {
        let message = failure(&discover(&StandIn::start(world), arguments));
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}
