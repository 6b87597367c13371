//! What the stack saves is what the program writes.

use egress::investigate::{Analysis, Asked};
use egress::query::{Legs, QueryError, Saved, queries, saved};
use flowlog::KnownLayout;
use ipnet::IpNet;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

/// Renews the template instead of comparing with it.
const UPDATE: &str = "UPDATE_QUERIES";
/// Where the saved queries begin in the template, and what follows them.
const FIRST: &str = "\n  DestinationQuery:\n";
const NEXT: &str = "\nOutputs:\n";

fn resource(saved: &Saved) -> String {
    let Saved { id, name, query } = saved;
    let lines = query.lines().map(|line| format!("        {line}\n"));
    let query: String = lines.collect();
    format!(
        "\n  {id}:\n    Type: AWS::Logs::QueryDefinition\n    Properties:\n      \
         Name: !Sub ${{AWS::StackName}}/{name}\n      LogGroupNames:\n        \
         - !Ref RecordingLogGroup\n      QueryString: |-\n{query}"
    )
}

#[test]
fn the_template_saves_the_queries_that_the_program_writes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = fs::read_to_string(&path).expect("the template");
    let begin = template.find(FIRST).expect("the first saved query");
    let end = template.find(NEXT).expect("what follows them");
    let saved = saved().expect("queries that are short enough");
    let resources: String = saved.iter().map(resource).collect();
    let expected = format!("{}{resources}{}", &template[..begin], &template[end..]);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, expected).expect("the template is written");
        return;
    }
    assert_eq!(
        template, expected,
        "run {UPDATE}=1 cargo test -p egress, and read what changed"
    );
}

#[test]
fn what_no_service_takes_is_refused() {
    let address = |number: u32| IpNet::from(IpAddr::from(number.to_be_bytes()));
    let asked = Asked {
        analyses: vec![Analysis::SshInbound],
        subject: (1..600).map(|number| address(number * 1_000_003)).collect(),
        ..Asked::default()
    };
    let layout = KnownLayout::Natspike.layout();
    let query = queries(&asked, &Legs::All).remove(0);
    let error = query.insights(&layout).unwrap_err();
    assert_eq!(error.name(), "QueryTooLong");
    assert!(query.athena(&layout, "flows").is_ok());
}

#[test]
fn every_analysis_is_a_query_or_says_why_not() {
    let layout = KnownLayout::Natspike.layout();
    for analysis in Analysis::ALL {
        let asked = Asked {
            analyses: vec![analysis],
            port: Some(443),
            ..Asked::default()
        };
        let written = queries(&asked, &Legs::Inner);
        assert!(!written.is_empty(), "{}", analysis.name());
        for query in written {
            let insights = query.insights(&layout);
            let athena = query.athena(&layout, "flows");
            let [in_insights, in_athena] = match analysis {
                Analysis::CidrConnections => [false, false],
                Analysis::Beaconing => [false, true],
                _ => [true, true],
            };
            for (text, is_said) in [(insights, in_insights), (athena, in_athena)] {
                let text = match (text, is_said) {
                    (Ok(text), true) => text,
                    (Err(QueryError::Unsayable(why)), false) => why,
                    (other, _) => panic!("{}: {other:?}", analysis.name()),
                };
                let first = text.lines().next().expect("a line");
                assert!(first.contains(analysis.name()), "{first}");
                assert!(!text.contains("1 = 0"), "{text}");
            }
        }
    }
}
