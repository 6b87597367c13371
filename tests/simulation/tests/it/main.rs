//! The recorder's workflow in every order and with every fault that the bounds
//! allow, and whether the simulation would notice if it were wrong.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used)]

mod asl;
mod broken;
mod scenarios;
mod telling;

use simulation::scenario::Scenario;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The scenario of that file name.
fn scenario(name: &str) -> Rc<Scenario> {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let scenario = Scenario::parse(&text);
    Rc::new(scenario.unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}
