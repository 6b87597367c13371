//! How often gateways were recorded: the real binary against the table.

use super::stand_in::{StandIn, World};
use super::{failure, natspike, text};

const ONE: &str = "nat-0a1b2c3d4e5f60718";
const OTHER: &str = "nat-0b2c3d4e5f6071829";

fn table() -> StandIn {
    StandIn::start(World {
        table: vec![
            (OTHER, 7, Some("execution-7")),
            (ONE, 1, None),
            ("nat-0c", 0, None),
            ("stack", 0, None),
        ],
        ..World::default()
    })
}

fn quota(stand_in: &StandIn, arguments: &[&str]) -> std::process::Output {
    natspike(stand_in, &[("NATSPIKE_TABLE", "the-table")])
        .args(["quota", "--region", "us-east-1"])
        .args(arguments)
        .output()
        .unwrap()
}

fn said(stand_in: &StandIn, arguments: &[&str]) -> String {
    let output = quota(stand_in, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn shows_and_resets_how_often_gateways_were_recorded() {
    let stand_in = table();
    let shown = format!(
        "{ONE}  1 recording\n{OTHER}  7 recordings, being recorded by execution-7\nnat-0c  0 recordings\n"
    );
    assert_eq!(said(&stand_in, &["show"]), shown);
    let reset = said(&stand_in, &["reset", OTHER]);
    assert_eq!(reset, format!("{OTHER} may be recorded again from 0\n"));
    assert!(said(&stand_in, &["show"]).contains(&format!("{OTHER}  0 recordings, being")));
    let reset = said(&stand_in, &["reset", "--all"]);
    assert_eq!(reset, format!("{ONE} may be recorded again from 0\n"));
}

#[test]
fn refuses_a_gateway_that_was_never_recorded_and_a_table_without_a_name() {
    let stand_in = table();
    let unknown = failure(&quota(&stand_in, &["reset", "nat-0d"]));
    assert!(
        unknown.contains("was never recorded by this stack"),
        "{unknown}"
    );
    let nothing = quota(&stand_in, &["reset"]);
    assert_eq!(nothing.status.code(), Some(2));
    let nameless = natspike(&stand_in, &[]).args(["quota", "show"]).output();
    assert!(failure(&nameless.unwrap()).contains("--table"));
}
