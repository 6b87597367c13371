//! Bundles of every golden case: the same report in every form, and with other
//! names the same figures.

use super::golden::{facts, names, written};
use egress::bundle::{self, Bundle, BundleError, SourceFile};
use egress::snapshot::{Instance, Interface, Subnet, Surroundings, Vpc};
use egress::{Name, NameSource, Names, Owners, Report};
use flowlog::FlowTable;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let cases = fs::read_dir(folder).unwrap();
    cases.map(|entry| entry.unwrap().path()).collect()
}

fn bundle(case: &Path) -> Bundle {
    let mut table = FlowTable::new();
    table.begin_source("secret-place.log");
    table
        .push(&fs::read(case.join("recording.log")).unwrap())
        .and_then(|()| table.end_source())
        .unwrap();
    let mut facts = facts(case);
    facts
        .warnings
        .push("secret-place.log was read once.".to_owned());
    Bundle {
        table,
        facts,
        records: None,
        names: names(case),
        title: "NAT traffic in secret-place.log".to_owned(),
        sources: vec![SourceFile {
            name: "secret-place.log".to_owned(),
            bytes: Some(7),
            sha256: Some("ab".repeat(32)),
        }],
        is_redacted: false,
    }
}

/// Every form of the report.
fn forms(bundle: &Bundle, report: &Report) -> Vec<String> {
    vec![
        written(|out| egress::console::write(report, 0, out)),
        written(|out| egress::json::write(report, 0, out)),
        written(|out| egress::result_json::write(report, 0, out)),
        written(|out| egress::csv::write(report, 0, out)),
        written(|out| egress::markdown::write(report, 0, out)),
        written(|out| egress::html::write(report, &bundle.facts, &bundle.title, 0, out)),
    ]
}

#[test]
fn what_was_kept_gives_the_same_report_in_every_form() {
    for case in cases() {
        let kept = bundle(&case);
        let members = kept.members();
        let again = Bundle::of_members(&members).unwrap();
        let name = case.display();
        assert_eq!(again.title, kept.title, "{name}");
        assert_eq!(again.sources, kept.sources, "{name}");
        assert_eq!(
            forms(&again, &again.report(0)),
            forms(&kept, &kept.report(0)),
            "{name}"
        );
        assert!(members == again.members(), "{name}: other bytes");
    }
}

/// Who has the addresses as of now, with two interfaces that share one, one that
/// nobody has, and one that nobody was asked about.
#[test]
fn owners_that_were_looked_up_are_kept_and_have_other_names() {
    let case = cases().into_iter().find(|case| case.ends_with("spike-s3"));
    let mut kept = bundle(&case.unwrap());
    kept.facts.snapshot = None;
    let sources = kept.report(0).sources;
    let addresses: Vec<IpAddr> = sources.iter().map(|row| row.address).collect();
    let interface = |id: &str, address| Interface {
        id: id.to_owned(),
        addresses: vec![address],
        instance: Some("i-0123456789abcdef0".to_owned()),
        subnet: Some("subnet-0a1b2c3d".to_owned()),
        ..Interface::default()
    };
    let tags = [
        ("Name", "secret-worker"),
        ("aws:autoscaling:groupName", "secret-workers"),
        ("kubernetes.io/cluster/secret-cluster", "owned"),
    ];
    let surroundings = Surroundings {
        interfaces: vec![
            interface("eni-0b1", addresses[0]),
            interface("eni-0b2", "10.9.9.9".parse().unwrap()),
            interface("eni-0b3", "10.9.9.9".parse().unwrap()),
        ],
        instances: vec![Instance {
            id: "i-0123456789abcdef0".to_owned(),
            tags: tags
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }],
        subnets: vec![Subnet {
            id: "subnet-0a1b2c3d".to_owned(),
            name: Some("secret-subnet".to_owned()),
            cidr: None,
            zone: Some("us-east-1a".to_owned()),
        }],
        vpcs: vec![Vpc {
            id: "vpc-0a1b2c3d".to_owned(),
            name: Some("secret-vpc".to_owned()),
        }],
    };
    kept.facts.owners = Some(Owners::now(surroundings, &addresses[..1]));
    let again = Bundle::of_members(&kept.members()).unwrap();
    assert_eq!(again.facts.owners, kept.facts.owners);
    let report = kept.report(0);
    assert_eq!(forms(&again, &again.report(0)), forms(&kept, &report));
    let redacted = kept.redacted(b"a key").unwrap();
    let after = redacted.report(0);
    for text in forms(&redacted, &after) {
        assert!(!text.contains("secret-"), "{text}");
        assert!(!text.contains("eni-0b1"), "{text}");
    }
    let unknown = |report: &Report| {
        let rows = report.sources.iter();
        rows.map(|row| (row.share.bytes, row.unknown))
            .collect::<Vec<_>>()
    };
    assert_eq!(unknown(&after), unknown(&report));
    assert_eq!(after.groups.len(), report.groups.len());
    let owner = after.sources[0].owner.as_ref().unwrap();
    assert!(owner.membership.auto_scaling_group.is_some());
    assert!(owner.membership.cluster.is_some());
}

/// A bundle is a text of somebody else's, names in it, too.
#[test]
fn names_in_a_bundle_are_one_printable_line() {
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("telemetry-vendor"));
    let mut kept = bundle(&case.unwrap());
    let mut names = Names::default();
    let address = kept.report(0).destinations[0].address;
    let name = Name::new(NameSource::Rdap, "Example").unwrap();
    let name = Name {
        name: "red \u{1b}[31m\nname".to_owned(),
        ..name
    };
    names.add(address, name);
    kept.names = Some(names);
    let again = Bundle::of_members(&kept.members()).unwrap();
    let said = again.report(0).destinations[0].names[0].name.clone();
    assert_eq!(said, "red [31m name");
}

#[test]
fn counts_of_records_stand_in_for_counts_of_flows() {
    let mut kept = bundle(&cases()[0]);
    let mut records = kept.report(0).records;
    records.read += 1_000;
    kept.records = Some(records);
    let again = Bundle::of_members(&kept.members()).unwrap();
    assert_eq!(again.report(0).records, records);
}

/// Words of the texts that tell who it was, in the recording and around it.
fn telling(case: &Path) -> BTreeSet<String> {
    let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
    let mut words = BTreeSet::from(["123456789012".to_owned()]);
    let is_id = |word: &&str| {
        [
            "eni-", "nat-", "vpc-", "subnet-", "rtb-", "vpce-", "sg-", "i-0",
        ]
        .iter()
        .any(|start| word.starts_with(start))
    };
    let text = read("recording.log") + &read("snapshot.json");
    for word in text.split([' ', '\n', '"', '\t', '/', ',']) {
        let address = word.parse::<IpAddr>();
        let is_told = address.is_ok_and(|address| !address.is_unspecified());
        if is_told || is_id(&word) {
            words.insert(word.to_owned());
        }
    }
    let mut add = |value: &Value| words.extend(value.as_str().map(str::to_owned));
    if let Ok(snapshot) = serde_json::from_str::<Value>(&read("snapshot.json")) {
        add(&snapshot["vpc_name"]);
        for list in ["interfaces", "instances"] {
            for thing in snapshot[list].as_array().into_iter().flatten() {
                for (key, value) in thing["tags"].as_object().into_iter().flatten() {
                    add(value);
                    add(&key.trim_start_matches("kubernetes.io/cluster/").into());
                }
            }
        }
        for subnet in snapshot["subnets"].as_array().into_iter().flatten() {
            add(&subnet["name"]);
            add(&subnet["cidr"]);
        }
    }
    if let Ok(last) = serde_json::from_str::<Value>(&read("last.json")) {
        for recording in last["recordings"].as_array().unwrap() {
            add(&recording["execution"]);
        }
    }
    if let Ok(names) = serde_json::from_str::<Value>(&read("names.json")) {
        for name in names.as_array().unwrap() {
            add(&name["name"]);
            add(&name["domain"]);
        }
    }
    for line in read("office.csv").lines().skip(1) {
        words.extend(line.split(',').skip(1).map(str::to_owned));
    }
    let plain = |word: &String| {
        let is_key = word.starts_with("aws:") || word.starts_with("eks:");
        is_key || ["", "Name", "name", "owned", "shared"].contains(&word.as_str())
    };
    words.retain(|word| !plain(word));
    words
}

/// Whether the word stands in the text as a word of its own.
fn has(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".:-".contains(letter);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[test]
fn other_names_and_the_same_figures_in_every_case() {
    for case in cases() {
        let kept = bundle(&case);
        let (before, name) = (kept.report(0), case.display());
        let redacted = kept.redacted(b"a key").unwrap();
        let after = redacted.report(0);
        assert_eq!(after.bytes, before.bytes, "{name}");
        assert_eq!(after.services, before.services, "{name}");
        assert_eq!(after.spend, before.spend, "{name}");
        assert_eq!(after.timeline, before.timeline, "{name}");
        assert_eq!(after.unsolicited, before.unsolicited, "{name}");
        assert_eq!(after.charges, before.charges, "{name}");
        assert_eq!(after.increase, before.increase, "{name}");
        assert_eq!(after.groups.len(), before.groups.len(), "{name}");
        let figures = |report: &Report| {
            let mut rows: Vec<_> = report.pairs.iter().map(|row| row.share.bytes).collect();
            rows.sort_unstable();
            // Vendors and registries are known by their names alone.
            let findings = report.findings.iter();
            let findings = findings.filter(|finding| {
                !["telemetry-vendor", "package-registry"].contains(&finding.name)
            });
            (findings.count(), report.sources.len(), rows)
        };
        assert_eq!(figures(&after), figures(&before), "{name}");
        let members = redacted.members();
        let mut texts = forms(&redacted, &after);
        texts.push(
            redacted
                .table
                .flows()
                .map(|flow| format!("{flow:?}\n"))
                .collect(),
        );
        for (member, content) in &members {
            if member.ends_with(".json") {
                texts.push(String::from_utf8(content.clone()).unwrap());
            }
        }
        for text in &texts {
            assert!(!text.contains("secret-place"), "{name}: {text}");
        }
        for word in telling(&case) {
            for text in &texts {
                assert!(!has(text, &word), "{name}: {word} stands in\n{text}");
            }
        }
        let owners = |report: &Report| {
            let mut kinds: Vec<_> = report
                .sources
                .iter()
                .filter_map(|row| Some(row.owner.as_ref()?.kind))
                .collect();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(owners(&after), owners(&before), "{name}");
        assert!(
            members == kept.redacted(b"a key").unwrap().members(),
            "{name}"
        );
        let other = kept.redacted(b"another key").unwrap().members();
        assert!(members != other || before.records.parsed == 0, "{name}");
    }
}

#[test]
fn what_is_no_bundle_is_refused_by_its_reason() {
    let members = bundle(&cases()[0]).members();
    let refused = |change: &dyn Fn(&mut bundle::Members)| {
        let mut members = members.clone();
        change(&mut members);
        Bundle::of_members(&members).err().map(|error| error.name())
    };
    let manifest = |members: &mut bundle::Members, from: &str, to: &str| {
        let text = String::from_utf8(members[0].1.clone()).unwrap();
        assert!(text.contains(from));
        members[0].1 = text.replacen(from, to, 1).into_bytes();
    };
    assert_eq!(refused(&|_| {}), None);
    for (change, expected) in [
        (
            &(|members: &mut bundle::Members| members.clear()) as &dyn Fn(&mut bundle::Members),
            "NoBundle",
        ),
        (&|members| members.swap(0, 1), "NoBundle"),
        (&|members| members[0].1.clear(), "NoBundle"),
        (
            &|members| manifest(members, "natspike.bundle", "other.bundle"),
            "NoBundle",
        ),
        (
            &|members| manifest(members, "\"version\": 1", "\"version\": 2"),
            "NewerBundle",
        ),
        (
            &|members| manifest(members, "\"is_redacted\"", "\"redacted\""),
            "BrokenMember",
        ),
        (&|members| drop(members.pop()), "MissingMember"),
        (&|members| members[1].1[10] ^= 1, "ChangedMember"),
        (&|members| members[2].1.push(0), "ChangedMember"),
        (&|members| members.push(members[1].clone()), "UnnamedMember"),
        (
            &|members| members.push(("../evil".to_owned(), Vec::new())),
            "UnnamedMember",
        ),
    ] {
        assert_eq!(refused(change), Some(expected));
    }
}

/// A member that is changed together with its place in the manifest.
#[test]
fn what_agrees_with_its_manifest_and_is_wrong_is_refused_too() {
    use sha2::{Digest, Sha256};
    let members = bundle(&cases()[0]).members();
    let with = |place: usize, content: Vec<u8>| {
        let mut members = members.clone();
        let mut manifest: Value = serde_json::from_slice(&members[0].1).unwrap();
        let listed = &mut manifest["members"][place - 1];
        listed["bytes"] = content.len().into();
        let digest = Sha256::digest(&content);
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        listed["sha256"] = digits.into();
        members[0].1 = manifest.to_string().into_bytes();
        members[place].1 = content;
        Bundle::of_members(&members).err().unwrap()
    };
    let facts = String::from_utf8(members[1].1.clone()).unwrap();
    let swapped = |from: &str, to: &str| facts.replacen(from, to, 1).into_bytes();
    for (place, content, name, said) in [
        (1, b"{}".to_vec(), "BrokenMember", "title"),
        (1, swapped("\"USD\"", "\"XXX\""), "BrokenMember", "currency"),
        (1, swapped("\"0.0", "\"free"), "BrokenMember", "is no rate"),
        (2, b"NSPT".to_vec(), "DamagedPartial", "table"),
        (3, b"x".to_vec(), "BrokenMember", "aws-ranges.txt"),
        (3, vec![0xff], "BrokenMember", "aws-ranges.txt"),
    ] {
        let error = with(place, content);
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let newer = BundleError::Newer(7).to_string();
    assert!(newer.contains("of version 7"), "{newer}");
}
