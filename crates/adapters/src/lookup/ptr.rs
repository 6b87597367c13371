//! Host names of addresses by reverse DNS, as the system resolves them.
//!
//! **Invariants.** The system's resolver knows no deadline, so each question has a
//! thread that is left behind when the time is over. An address without a name is
//! no failure.

use super::{Answer, Found, LookupError};
use dns_lookup::{LookupErrorKind, lookup_addr};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Questions at a time.
const AT_ONCE: usize = 16;

type Outcome = Result<Option<String>, LookupError>;

/// Asks for the host names of the addresses, within that time.
pub fn ask(addresses: &[IpAddr], within: Duration) -> Found {
    ask_by(addresses, within, by_system)
}

fn by_system(address: IpAddr) -> Outcome {
    match lookup_addr(&address) {
        Ok(host) => Ok(Some(host)),
        Err(error) => match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => Ok(None),
            _ => Err(LookupError::Dns(std::io::Error::from(error).to_string())),
        },
    }
}

fn ask_by(
    addresses: &[IpAddr],
    within: Duration,
    resolve: impl Fn(IpAddr) -> Outcome + Copy + Send + 'static,
) -> Found {
    let deadline = Instant::now() + within;
    let mut waiting = addresses.to_vec();
    waiting.reverse();
    let waiting = Arc::new(Mutex::new(waiting));
    let (send, receive) = mpsc::channel();
    for _ in 0..AT_ONCE.min(addresses.len()) {
        let (waiting, send) = (Arc::clone(&waiting), send.clone());
        thread::spawn(move || {
            loop {
                let next = lock(&waiting).pop();
                let Some(address) = next else { return };
                if send.send((address, resolve(address))).is_err() {
                    return;
                }
            }
        });
    }
    drop(send);
    let mut outcomes: HashMap<IpAddr, Outcome> = HashMap::new();
    while outcomes.len() < addresses.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        match receive.recv_timeout(left) {
            Ok((address, outcome)) => {
                outcomes.insert(address, outcome);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    lock(&waiting).clear();
    collect(addresses, outcomes)
}

fn lock(waiting: &Mutex<Vec<IpAddr>>) -> std::sync::MutexGuard<'_, Vec<IpAddr>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn collect(addresses: &[IpAddr], mut outcomes: HashMap<IpAddr, Outcome>) -> Found {
    let mut found = Found::default();
    for address in addresses {
        match outcomes
            .remove(address)
            .unwrap_or(Err(LookupError::TooLate))
        {
            // Some resolvers give the address for want of a name.
            Ok(Some(host)) if host.parse::<IpAddr>().is_err() => {
                let name = host.trim_end_matches('.').to_owned();
                let answer = Answer {
                    name,
                    ..Answer::default()
                };
                found.answers.push((*address, answer));
            }
            Ok(_) => {}
            Err(error) => {
                found.failed += 1;
                found.reason.get_or_insert(error);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{LookupError, Outcome, ask_by};
    use std::net::IpAddr;
    use std::thread;
    use std::time::{Duration, Instant};

    fn resolve(address: IpAddr) -> Outcome {
        match address.to_string().as_str() {
            "192.0.2.1" => Ok(Some("one.example.com.".to_owned())),
            "192.0.2.2" => Ok(None),
            "192.0.2.3" => Ok(Some("192.0.2.3".to_owned())),
            "192.0.2.4" => Err(LookupError::Dns("no server".to_owned())),
            _ => {
                thread::sleep(Duration::from_secs(60));
                Ok(None)
            }
        }
    }

    fn addresses(last: &[u8]) -> Vec<IpAddr> {
        last.iter()
            .map(|last| IpAddr::from([192, 0, 2, *last]))
            .collect()
    }

    #[test]
    fn an_address_without_a_name_is_no_failure() {
        let found = ask_by(&addresses(&[3, 2, 1]), Duration::from_secs(60), resolve);
        let names: Vec<&str> = found
            .answers
            .iter()
            .map(|(_, answer)| answer.name.as_str())
            .collect();
        assert_eq!(names, ["one.example.com"]);
        assert_eq!((found.failed, found.reason), (0, None));
        let failed = ask_by(&addresses(&[4]), Duration::from_secs(60), resolve);
        assert_eq!(failed.reason.map(|reason| reason.name()), Some("DnsFailed"));
        assert!(
            ask_by(&[], Duration::from_secs(60), resolve)
                .answers
                .is_empty()
        );
    }

    #[test]
    fn slow_answers_are_not_waited_for() {
        let began = Instant::now();
        let found = ask_by(&addresses(&[9, 1, 10]), Duration::from_millis(300), resolve);
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(found.answers.len(), 1);
        assert_eq!(
            (found.failed, found.reason),
            (2, Some(LookupError::TooLate))
        );
    }
}
