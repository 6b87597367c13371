//! From where on rules find something strange.

use serde::{Deserialize, Serialize};

/// The thresholds of all rules, with their usual values as defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// A port scan tries at least so many ports of one receiver.
    pub scan_ports: u64,
    /// A port scan tries one port of at least so many receivers.
    pub scan_receivers: u64,
    /// Ports or receivers of a scan are first tried within so many seconds.
    pub scan_window: u64,
    /// Connections of a scan that were accepted have at most so many bytes a record
    /// from the sender: whoever has something to say sends more.
    pub scan_bytes: u64,
    /// A brute force makes at least so many tries in a minute.
    pub tries: u64,
    /// A beacon has at least so many connections.
    pub beacon_connections: u64,
    /// The standard deviation of a beacon's intervals is at most so many percent
    /// of their mean.
    pub beacon_variation: u64,
    /// The intervals of a beacon are at least so many seconds on average.
    pub beacon_interval: u64,
    /// Connections that are kept to look for beacons; beyond it a sample is.
    pub beacon_memory: usize,
    /// Exfiltration sends at least so many times what it receives.
    pub exfiltration_ratio: u64,
    /// Exfiltration sends at least so many bytes in all.
    pub exfiltration_bytes: u64,
    /// A storm is at least so many rejected records in a minute.
    pub rejects: u64,
    /// Seconds from the first record on after which what appears is new; by
    /// default a tenth of the time, but at least ten minutes.
    pub learning: Option<u64>,
    /// So many ends are top talkers.
    pub talkers: u64,
    /// Periods of top talkers at the most.
    pub periods: u64,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            scan_ports: 20,
            scan_receivers: 50,
            scan_window: 60,
            scan_bytes: 500,
            tries: 30,
            beacon_connections: 10,
            beacon_variation: 10,
            beacon_interval: 10,
            beacon_memory: 8_000_000,
            exfiltration_ratio: 10,
            exfiltration_bytes: 100_000_000,
            rejects: 100,
            learning: None,
            talkers: 10,
            periods: 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Thresholds;

    #[test]
    fn what_is_not_said_is_as_usual() {
        let some: Thresholds = serde_json::from_str(r#"{"tries": 5}"#).expect("thresholds");
        let expected = Thresholds {
            tries: 5,
            ..Thresholds::default()
        };
        assert_eq!(some, expected);
        let text = serde_json::to_string(&expected).expect("text");
        let again: Thresholds = serde_json::from_str(&text).expect("thresholds");
        assert_eq!(again, expected);
        assert!(serde_json::from_str::<Thresholds>(r#"{"trys": 5}"#).is_err());
    }
}
