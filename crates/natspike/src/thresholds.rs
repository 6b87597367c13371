//! From where on the rules of an investigation find something strange, as options.

use clap::Args;
use egress::investigate::Thresholds;

/// The thresholds; docs/detectors.md says what each rule does with them.
#[derive(Args)]
#[command(next_help_heading = "Thresholds of rules")]
pub(crate) struct Options {
    /// port-scan: ports of one receiver
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().scan_ports)]
    scan_ports: u64,

    /// port-scan: receivers of one port
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().scan_receivers)]
    scan_receivers: u64,

    /// port-scan: seconds within which they are first tried
    #[arg(long, value_name = "SECONDS", default_value_t = Thresholds::default().scan_window)]
    scan_window: u64,

    /// port-scan: bytes a record of accepted connections has at the most
    #[arg(long, value_name = "BYTES", default_value_t = Thresholds::default().scan_bytes)]
    scan_bytes: u64,

    /// brute-force: tries a minute
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().tries)]
    tries: u64,

    /// beaconing: connections
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().beacon_connections)]
    beacon_connections: u64,

    /// beaconing: standard deviation of intervals in percent of their mean, at the most
    #[arg(long, value_name = "PERCENT", default_value_t = Thresholds::default().beacon_variation)]
    beacon_variation: u64,

    /// beaconing: seconds of an interval
    #[arg(long, value_name = "SECONDS", default_value_t = Thresholds::default().beacon_interval)]
    beacon_interval: u64,

    /// beaconing: connections that are kept to look at; beyond it a sample is
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().beacon_memory)]
    beacon_memory: usize,

    /// exfiltration: how many times the download the upload is
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().exfiltration_ratio)]
    exfiltration_ratio: u64,

    /// exfiltration: bytes of the upload
    #[arg(long, value_name = "BYTES", default_value_t = Thresholds::default().exfiltration_bytes)]
    exfiltration_bytes: u64,

    /// reject-storms: rejected records a minute
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().rejects)]
    rejects: u64,

    /// first-seen, exfiltration: seconds from the first record on after which what
    /// appears is new [default: a tenth of the time, at least 600]
    #[arg(long, value_name = "SECONDS")]
    learning: Option<u64>,

    /// top-talkers: ends
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().talkers)]
    talkers: u64,

    /// top-talkers: periods at the most
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().periods)]
    periods: u64,
}

/// Every threshold by the name of its option with underscores, and what it says.
pub(crate) fn about() -> Vec<(String, String)> {
    let command = Options::augment_args(clap::Command::new("thresholds"));
    let about = command.get_arguments().map(|argument| {
        let help = argument.get_help().map(ToString::to_string);
        (argument.get_id().to_string(), help.unwrap_or_default())
    });
    about.collect()
}

/// Their names alone.
pub(crate) fn names() -> Vec<String> {
    about().into_iter().map(|(name, _)| name).collect()
}

impl Options {
    /// All of them.
    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds {
            scan_ports: self.scan_ports,
            scan_receivers: self.scan_receivers,
            scan_window: self.scan_window,
            scan_bytes: self.scan_bytes,
            tries: self.tries,
            beacon_connections: self.beacon_connections,
            beacon_variation: self.beacon_variation,
            beacon_interval: self.beacon_interval,
            beacon_memory: self.beacon_memory,
            exfiltration_ratio: self.exfiltration_ratio,
            exfiltration_bytes: self.exfiltration_bytes,
            rejects: self.rejects,
            learning: self.learning,
            talkers: self.talkers,
            periods: self.periods,
        }
    }
}
