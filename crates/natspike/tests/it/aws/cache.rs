//! What is kept of objects: the real binary, run again on the same day.

use super::stand_in::{StandIn, World};
use super::{FLOWS, JSON, check, delivered, failure, key, natspike, recording, report, run, text};
use traffic::{Layout, Recording};

fn world() -> (World, Recording) {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    (delivered(&lines, &header), recording)
}

fn analyze(stand_in: &StandIn, options: &[&str]) -> serde_json::Value {
    report(&run(
        stand_in,
        &[&["s3://logs/team/"], options, &JSON[..]].concat(),
        &[],
    ))
}

fn cache(stand_in: &StandIn, action: &str) -> String {
    let output = natspike(stand_in, &[])
        .args(["cache", action])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_second_run_reads_new_and_changed_objects_only() {
    let (world, recording) = world();
    let stand_in = StandIn::start(world);
    let first = analyze(&stand_in, &[]);
    check(&recording, &first);
    assert_eq!(stand_in.fetched().len(), 7);
    assert_eq!(analyze(&stand_in, &[]), first);
    assert_eq!(stand_in.fetched(), Vec::<String>::new());

    let changed = key(&format!("{FLOWS}/2027/01/15"), "20270115T0800Z", 0);
    let new = key(&format!("{FLOWS}/2027/01/15"), "20270115T0805Z", 9);
    {
        let mut world = stand_in.world.lock().unwrap();
        let place = ("logs".to_owned(), changed.clone());
        let mut content = world.objects[&place].clone();
        world
            .objects
            .insert(("logs".to_owned(), new.clone()), content.clone());
        content.push(b'\n');
        world.objects.insert(place, content);
    }
    let third = analyze(&stand_in, &[]);
    let mut fetched = stand_in.fetched();
    fetched.sort();
    assert_eq!(fetched.len(), 2, "{fetched:?}");
    assert!(
        fetched[0].contains(&changed) && fetched[1].contains(&new),
        "{fetched:?}"
    );
    assert!(third["records"]["read"].as_u64() > first["records"]["read"].as_u64());
    assert_eq!(analyze(&stand_in, &["--no-cache"]), third);
    assert_eq!(stand_in.fetched().len(), 8);
}

#[test]
fn what_an_option_changes_is_read_again() {
    let (world, _) = world();
    let stand_in = StandIn::start(world);
    let all = analyze(&stand_in, &[]);
    stand_in.fetched();
    // The header of an object counts for more than what was named.
    let format = "${srcaddr} ${dstaddr} ${bytes}";
    assert_eq!(analyze(&stand_in, &["--format", format]), all);
    assert_eq!(stand_in.fetched().len(), 7);
    // The limit of keys is the run's own, and kept tables lack nothing.
    for keys in ["3", "0"] {
        let limited = analyze(&stand_in, &["--max-keys", keys]);
        assert_eq!(limited["bytes"], all["bytes"], "{keys}");
        assert_eq!(limited["records"], all["records"], "{keys}");
    }
    assert_eq!(stand_in.fetched(), Vec::<String>::new());
}

#[test]
fn what_could_not_be_read_whole_is_not_kept() {
    let (mut world, recording) = world();
    let refused = key(&format!("{FLOWS}/2027/01/15"), "20270115T0800Z", 0);
    world.denied.insert(refused.clone());
    let stand_in = StandIn::start(world);
    analyze(&stand_in, &["--keep-going"]);
    stand_in.world.lock().unwrap().denied.clear();
    stand_in.fetched();
    check(&recording, &analyze(&stand_in, &[]));
    let fetched = stand_in.fetched();
    assert!(
        fetched.len() == 1 && fetched[0].contains(&refused),
        "{fetched:?}"
    );
}

#[test]
fn the_cache_can_be_shown_and_cleared() {
    let (world, _) = world();
    let stand_in = StandIn::start(world);
    analyze(&stand_in, &[]);
    assert!(cache(&stand_in, "show").starts_with("7 objects are kept in "));
    assert!(cache(&stand_in, "clear").starts_with("7 objects with "));
    assert!(cache(&stand_in, "show").starts_with("0 objects are kept in 0 bytes"));
    stand_in.fetched();
    analyze(&stand_in, &[]);
    assert_eq!(stand_in.fetched().len(), 7);
}

#[test]
fn a_cache_that_cannot_be_used_is_said_and_changes_nothing() {
    let (world, recording) = world();
    let stand_in = StandIn::start(world);
    let folder = stand_in.cache.path().join("natspike");
    std::fs::write(&folder, b"a file").unwrap();
    let report = analyze(&stand_in, &[]);
    check(&recording, &report);
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(warning.contains("--no-cache"), "{warning}");
    let output = natspike(&stand_in, &[])
        .args(["cache", "show"])
        .output()
        .unwrap();
    assert!(failure(&output).contains("failed to read "));
}
