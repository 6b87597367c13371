//! `--owners`: who has the addresses now, asked of EC2.

use super::stand_in::{StandIn, World};
use super::{failure, report, run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

const VPC: &str = "vpc-0a1";
const GATEWAY: &str = "eni-0fff";
/// Interfaces of a page, to have pages at all.
const PAGE: usize = 70;

/// An instance's interface.
#[derive(Clone)]
pub(super) struct Owned {
    interface: String,
    address: String,
    instance: String,
    vpc: &'static str,
}

fn owned(number: usize, address: &str, vpc: &'static str) -> Owned {
    Owned {
        interface: format!("eni-{number:04}"),
        address: address.to_owned(),
        instance: format!("i-{number:04}"),
        vpc,
    }
}

/// Filters by name, and how many values they have all in all.
fn filters(body: &str) -> (BTreeMap<String, BTreeSet<String>>, usize) {
    let pairs: BTreeMap<&str, &str> = body
        .split('&')
        .filter_map(|it| it.split_once('='))
        .collect();
    let mut filters: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut count = 0;
    for (key, value) in &pairs {
        let Some((number, _)) = key
            .strip_prefix("Filter.")
            .and_then(|rest| rest.split_once(".Value."))
        else {
            continue;
        };
        count += 1;
        let name = pairs[format!("Filter.{number}.Name").as_str()].to_owned();
        filters.entry(name).or_default().insert((*value).to_owned());
    }
    (filters, count)
}

fn document(action: &str, set: &str, items: &str, next: Option<usize>) -> String {
    let next = next.map_or_else(String::new, |at| format!("<nextToken>{at}</nextToken>"));
    format!(
        "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>r</requestId><{set}>{items}</{set}>{next}</{action}Response>"
    )
}

fn tags(tags: &[(&str, &str)]) -> String {
    let mut text = "<tagSet>".to_owned();
    for (key, value) in tags {
        let _ = write!(text, "<item><key>{key}</key><value>{value}</value></item>");
    }
    text + "</tagSet>"
}

impl World {
    fn owned(owned: impl IntoIterator<Item = Owned>) -> World {
        World {
            owned: owned.into_iter().collect(),
            ..World::default()
        }
    }

    /// What EC2 answers about interfaces, instances, subnets and VPCs.
    pub(super) fn owners(&mut self, body: &str) -> (u16, String) {
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="));
        let action = action.unwrap().to_owned();
        let (filters, values) = filters(body);
        assert!(values <= 200, "{values} values of filters");
        self.calls.push(format!("{action} {values}"));
        if self.denied.contains(&action) {
            let code = "<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
                        <Message>the stand-in says no</Message></Error></Errors></Response>";
            return (403, code.to_owned());
        }
        let is = |name: &str, value: &str| filters.get(name).is_none_or(|it| it.contains(value));
        let mut items = String::new();
        match action.as_str() {
            "DescribeNetworkInterfaces" => {
                let gateway = owned(0, "10.0.0.220", VPC);
                let gateway = Owned {
                    interface: GATEWAY.to_owned(),
                    ..gateway
                };
                let known = self.owned.iter().chain([&gateway]).filter(|it| {
                    is("addresses.private-ip-address", &it.address)
                        && is("network-interface-id", &it.interface)
                        && is("vpc-id", it.vpc)
                        && !filters.contains_key("ipv6-addresses.ipv6-address")
                });
                let first = body
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("NextToken="));
                let first: usize = first.map_or(0, |at| at.parse().unwrap());
                let mut known = known.skip(first);
                for it in known.by_ref().take(PAGE) {
                    let _ = write!(
                        items,
                        "<item><networkInterfaceId>{}</networkInterfaceId><vpcId>{}</vpcId>\
                         <subnetId>subnet-0a1</subnetId><availabilityZone>us-east-1a</availabilityZone>\
                         <privateIpAddress>{}</privateIpAddress>\
                         <attachment><instanceId>{}</instanceId></attachment></item>",
                        it.interface, it.vpc, it.address, it.instance
                    );
                }
                let next = known.next().map(|_| first + PAGE);
                (200, document(&action, "networkInterfaceSet", &items, next))
            }
            "DescribeInstances" => {
                for it in self
                    .owned
                    .iter()
                    .filter(|it| is("instance-id", &it.instance))
                {
                    let tags = tags(&[("aws:autoscaling:groupName", "web-asg"), ("Name", "web")]);
                    let _ = write!(
                        items,
                        "<item><instancesSet><item><instanceId>{}</instanceId>{tags}</item>\
                         </instancesSet></item>",
                        it.instance
                    );
                }
                (200, document(&action, "reservationSet", &items, None))
            }
            "DescribeSubnets" => {
                let tags = tags(&[("Name", "private-a")]);
                let item = format!(
                    "<item><subnetId>subnet-0a1</subnetId><cidrBlock>10.0.1.0/24</cidrBlock>{tags}</item>"
                );
                (200, document(&action, "subnetSet", &item, None))
            }
            "DescribeVpcs" => {
                let tags = tags(&[("Name", "shop")]);
                let item = format!("<item><vpcId>{VPC}</vpcId>{tags}</item>");
                (200, document(&action, "vpcSet", &item, None))
            }
            other => panic!("{other} is not called by a desk"),
        }
    }
}

/// A recording of so many sources, the first with the most bytes.
fn recording(folder: &tempfile::TempDir, sources: usize) -> String {
    let mut text =
        "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end\n".to_owned();
    for source in 0..sources {
        let (address, bytes) = (address(source), 100_000 - source);
        let time = "1800000000 1800000060";
        let _ = writeln!(
            text,
            "{GATEWAY} {address} 10.0.0.220 {address} 203.0.113.5 {bytes} {time}\n\
             {GATEWAY} 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 {bytes} {time}"
        );
    }
    let path: PathBuf = folder.path().join("recording.log");
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn address(source: usize) -> String {
    format!("10.0.{}.{}", 1 + source / 250, 1 + source % 250)
}

fn asked<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        file,
        "--region",
        "us-east-1",
        "--output",
        "json",
        "--owners",
    ];
    arguments.extend(more);
    arguments
}

#[test]
fn owners_are_asked_for_by_address_within_the_gateways_vpc() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, 450);
    // One address in another VPC too, one that nobody has.
    let mut world = World::owned((0..449).map(|n| owned(n, &address(n), VPC)));
    world.owned.push(owned(900, &address(0), "vpc-0b2"));
    let stand_in = StandIn::start(world);
    let found = report(&run(&stand_in, &asked(&file, &["--top", "0"]), &[]));
    let sources = found["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 450);
    for (source, n) in sources[..449].iter().zip(0..) {
        assert_eq!(source["owner"]["id"], format!("i-{n:04}"));
    }
    let first = &sources[0]["owner"];
    for (field, value) in [
        ("label", "web-asg"),
        ("name", "web"),
        ("subnet_name", "private-a"),
        ("zone", "us-east-1a"),
        ("vpc_name", "shop"),
    ] {
        assert_eq!(first[field], value);
    }
    assert_eq!(sources[449]["owner"], Value::Null);
    assert_eq!(sources[449]["owner_unknown"], "nobody");
    assert_eq!(found["groups"][0]["name"], "web-asg");
    assert_eq!(found["groups"][0]["addresses"], 449);
    assert_eq!(
        found["warnings"][0],
        "Owners are as of now: an address may have been another's as the records were made."
    );
    // The gateway; three times addresses with the VPC, two of them on several
    // pages; the instances of these.
    let calls = stand_in.calls();
    let times = |call: &str| calls.iter().filter(|it| *it == call).count();
    assert_eq!(times("DescribeNetworkInterfaces 1"), 1, "{calls:?}");
    assert_eq!(times("DescribeNetworkInterfaces 200"), 6, "{calls:?}");
    assert_eq!(times("DescribeNetworkInterfaces 53"), 1, "{calls:?}");
    assert_eq!(times("DescribeInstances 200"), 2, "{calls:?}");
    assert_eq!(times("DescribeInstances 49"), 1, "{calls:?}");
}

#[test]
fn only_what_is_shown_is_asked_for_and_nothing_without_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, 9);
    let world = World::owned((0..9).map(|n| owned(n, &address(n), VPC)));
    let stand_in = StandIn::start(world);
    let found = report(&run(&stand_in, &asked(&file, &["--top", "2"]), &[]));
    assert_eq!(stand_in.calls()[1], "DescribeNetworkInterfaces 3");
    assert_eq!(found["groups"][1]["name"], "web-asg");
    assert_eq!(found["groups"][1]["addresses"], 2);
    assert_eq!(found["groups"][0]["full"], "no known owner");
    let count = stand_in.calls().len();
    report(&run(&stand_in, &[&file, "--output", "json"], &[]));
    assert_eq!(stand_in.calls().len(), count);
}

#[test]
fn a_bundle_keeps_owners_and_takes_them_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, 9);
    let world = World::owned((0..9).map(|n| owned(n, &address(n), VPC)));
    let stand_in = StandIn::start(world);
    let of_file = run(&stand_in, &asked(&file, &[]), &[]);
    let bundle = |source: &str, name: &str, more: &[&str]| {
        let path = folder.path().join(name).to_string_lossy().into_owned();
        let mut made = super::natspike(&stand_in, &[]);
        let made = made.args(["bundle", source, "-o", &path]).args(more);
        let made = made.output().unwrap();
        assert!(made.status.success(), "{}", super::text(&made.stderr));
        path
    };
    let region = ["--region", "us-east-1"];
    let kept = bundle(&file, "a.natspike", &[&region[..], &["--owners"]].concat());
    let plain = bundle(&file, "b.natspike", &region);
    let redacted = bundle(&kept, "c.natspike", &["--redact"]);
    let count = stand_in.calls().len();
    let again = run(&stand_in, &[&kept, "--output", "json"], &[]);
    assert_eq!(report(&again), report(&of_file));
    let without = report(&run(&stand_in, &[&plain, "--output", "json"], &[]));
    assert_eq!(without["sources"][0]["owner"], Value::Null);
    let other = report(&run(&stand_in, &[&redacted, "--output", "json"], &[]));
    assert_eq!(stand_in.calls().len(), count, "nobody is asked");
    assert_eq!(other["sources"][0]["owner"]["kind"], "instance");
    assert_eq!(other["groups"][0]["addresses"], 9);
    for word in ["web-asg", "private-a", "shop", "i-0000", "10.0.1.1"] {
        let said = other.to_string();
        assert!(!said.contains(&format!("\"{word}\"")), "{word}: {said}");
    }
    let added = run(&stand_in, &[&plain, "--output", "json", "--owners"], &[]);
    assert_eq!(report(&added), report(&of_file));
    let refused = run(&stand_in, &[&redacted, "--owners"], &[]);
    assert!(failure(&refused).contains("use --owners with"));
}

#[test]
fn an_address_of_two_vpcs_is_nobodys_where_the_gateway_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, 1);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(GATEWAY, "eni-0eee")).unwrap();
    let world = World::owned([owned(1, &address(0), VPC), owned(2, &address(0), "vpc-0b2")]);
    let stand_in = StandIn::start(world);
    let found = report(&run(&stand_in, &asked(&file, &[]), &[]));
    assert_eq!(found["sources"][0]["owner_unknown"], "several");
}

#[test]
fn what_ec2_denies_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, 1);
    let mut world = World::owned([owned(1, &address(0), VPC)]);
    world.denied.insert("DescribeInstances".to_owned());
    let stand_in = StandIn::start(world);
    let said = failure(&run(&stand_in, &asked(&file, &[]), &[]));
    assert!(
        said.contains("look owners up: your credentials may not do ec2:DescribeInstances"),
        "{said}"
    );
    let found = report(&run(&stand_in, &asked(&file, &["--keep-going"]), &[]));
    let warning = found["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("Owners are not known: your credentials"),
        "{warning}"
    );
}
