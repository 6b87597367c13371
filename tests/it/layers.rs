//! The layer rule: imports point down, input and output live in one layer.

use super::repository;
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each crate may use of ours, and what it must never use.
const RULES: [(&str, &[&str], &[&str]); 5] = [
    (
        "flowlog",
        &[],
        &["tokio", "serde", "chrono", "aws-", "clap"],
    ),
    ("egress", &["flowlog"], &["tokio", "aws-", "clap", "anyhow"]),
    (
        "recorder",
        &["flowlog", "egress"],
        &["tokio", "aws-", "clap", "anyhow"],
    ),
    (
        "adapters",
        &["flowlog", "recorder"],
        &["clap", "anyhow", "egress"],
    ),
    (
        "natspike",
        &["flowlog", "egress", "recorder", "adapters"],
        &["aws-"],
    ),
];

fn workspace() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata answers");
    metadata.packages
}

/// The packages that it is built with, tests aside.
fn uses(package: &Package) -> Vec<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[test]
fn imports_point_down() {
    let packages = workspace();
    let ours: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    for (name, allowed, forbidden) in RULES {
        let package = packages
            .iter()
            .find(|package| package.name.as_str() == name);
        let package = package.unwrap_or_else(|| panic!("{name} is a crate"));
        for used in uses(package) {
            assert!(
                !ours.contains(&used) || allowed.contains(&used),
                "{name} must not use our crate {used}"
            );
            let is_forbidden = |word: &&str| match word.strip_suffix('-') {
                Some(_) => used.starts_with(*word),
                None => used == *word,
            };
            assert!(
                !forbidden.iter().any(is_forbidden),
                "{name} must not use {used}"
            );
        }
    }
}

#[test]
fn functions_are_shells_over_adapters_and_recorder() {
    for package in workspace() {
        let path = package.manifest_path.as_str();
        if path.contains("/functions/") {
            for used in uses(&package) {
                assert!(
                    ["adapters", "recorder", "tokio"].contains(&used),
                    "{} must not use {used}",
                    package.name
                );
            }
        }
        if path.contains("/cf-assistive-macros/") {
            for used in uses(&package) {
                assert!(
                    !["flowlog", "egress", "recorder", "adapters"].contains(&used),
                    "{} imports nothing of ours, but {used}",
                    package.name
                );
            }
        }
    }
}

#[test]
fn nothing_imports_the_tests() {
    for package in workspace() {
        if !package.manifest_path.as_str().contains("/tests/") {
            for used in uses(&package) {
                assert!(
                    !["tests", "front", "traffic", "simulation"].contains(&used),
                    "{} must not use {used}",
                    package.name
                );
            }
        }
    }
}

#[test]
fn folder_package_and_binary_have_one_name() {
    for package in workspace() {
        let folder = package
            .manifest_path
            .parent()
            .and_then(|path| path.file_name());
        assert_eq!(folder, Some(package.name.as_str()));
        for target in package.targets.iter().filter(|target| target.is_bin()) {
            assert_eq!(target.name, package.name.as_str());
        }
    }
}
