//! What the stack saves is what the program writes.

use egress::query::{Saved, saved};
use std::fs;
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
