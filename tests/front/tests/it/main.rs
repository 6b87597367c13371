//! The front between a plain client and a plain upstream, both of a few
//! lines over sockets: nothing here shares code with the front.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // tests use the world, and stop at what fails

mod binary;
mod faults;
mod passing;
mod wire;

use front::{Config, Front, Rule};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use wire::Upstream;

/// A front before an upstream, with a runtime to run in.
struct Stage {
    runtime: Runtime,
    front: Option<Front>,
    upstream: Upstream,
}

impl Stage {
    fn new(rules: Vec<Rule>) -> Stage {
        Stage::with(rules, |_| {})
    }

    fn with(rules: Vec<Rule>, change: impl FnOnce(&mut Config)) -> Stage {
        let upstream = Upstream::echo();
        let runtime = Runtime::new().unwrap();
        let mut config = Config::new(upstream.url().parse().unwrap());
        config.rules = rules;
        change(&mut config);
        let front = runtime.block_on(Front::start(config)).unwrap();
        Stage {
            runtime,
            front: Some(front),
            upstream,
        }
    }

    fn front(&self) -> &Front {
        self.front.as_ref().unwrap()
    }
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "never happened: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
