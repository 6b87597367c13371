//! Asking about many addresses at once, a few at a time.
//!
//! **Invariants.** What is on the shelf is not asked for. An error that the next
//! question would meet too ends all of them.

use super::shelf::Shelf;
use super::{Answer, Found, LookupError};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;

type Outcome = Result<Option<Answer>, LookupError>;

/// Asks `one` about each address, `at_once` at a time.
pub(super) fn all(
    addresses: &[IpAddr],
    at_once: usize,
    shelf: &Shelf,
    one: impl Fn(IpAddr) -> Outcome + Sync,
) -> Found {
    let outcomes = Mutex::new(vec![None; addresses.len()]);
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let work = || {
        while !is_over.load(Relaxed) {
            let at = next.fetch_add(1, Relaxed);
            let Some(address) = addresses.get(at) else {
                return;
            };
            let outcome = known(*address, shelf, &one);
            if outcome.as_ref().is_err_and(LookupError::is_final) {
                is_over.store(true, Relaxed);
            }
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes[at] = Some(outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.min(addresses.len()) {
            scope.spawn(work);
        }
    });
    let outcomes = outcomes.into_inner();
    collect(addresses, outcomes.unwrap_or_else(PoisonError::into_inner))
}

fn known(address: IpAddr, shelf: &Shelf, one: &(impl Fn(IpAddr) -> Outcome + Sync)) -> Outcome {
    let key = address.to_string();
    if let Some(answer) = shelf.recall(&key) {
        return Ok(answer);
    }
    let answer = one(address)?;
    shelf.keep(&key, &answer);
    Ok(answer)
}

fn collect(addresses: &[IpAddr], outcomes: Vec<Option<Outcome>>) -> Found {
    let mut found = Found::default();
    for (address, outcome) in addresses.iter().zip(outcomes) {
        match outcome {
            Some(Ok(Some(answer))) => found.answers.push((*address, answer)),
            Some(Ok(None)) => {}
            Some(Err(error)) => {
                found.failed += 1;
                if found.reason.is_none() || error.is_final() {
                    found.reason = Some(error);
                }
            }
            // Not asked any more.
            None => found.failed += 1,
        }
    }
    found
}
