//! A scenario file: what happens, in the words of the domain.
//!
//! The file says who talks to whom through which NAT gateway and how many
//! bytes move; everything else (records, packets, ports) follows from its
//! seed. The sections `stack`, `alarm`, `fault` and `expect` are read and
//! checked here too, so that a misspelt key is found at the desk, but only
//! the rehearsal acts on them.
//!
//! **Invariants**: unknown keys are errors; a scenario that was returned is
//! consistent (see [`Scenario::check`]).

use crate::quantity::{Bytes, Protocol, Seconds};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The text is not TOML, or has a key or value that scenarios do not have.
    #[error("read the scenario: {0}")]
    Syntax(#[from] Box<toml::de::Error>),
    /// The parts of the scenario contradict each other.
    #[error("use the scenario: {0}")]
    Contradiction(String),
}

impl ScenarioError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            ScenarioError::Syntax(_) => "Syntax",
            ScenarioError::Contradiction(_) => "Contradiction",
        }
    }
}

/// A whole scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence that says what happens.
    pub title: String,
    /// Everything that is not written in the file is drawn from this number.
    #[serde(default)]
    pub seed: u64,
    /// Account id in the records.
    #[serde(default = "default_account")]
    pub account: String,
    /// Region in the records.
    #[serde(default = "default_region")]
    pub region: String,
    /// The gateway that is recorded.
    #[serde(default)]
    pub gateway: Gateway,
    /// More gateways of the same VPC, for VPC-wide logs.
    #[serde(default)]
    pub extra_gateway: Vec<Gateway>,
    /// Template parameters of the rehearsal.
    #[serde(default)]
    pub stack: Stack,
    /// The alarm of the rehearsal.
    #[serde(default)]
    pub alarm: Alarm,
    /// How records are cut and delivered.
    #[serde(default)]
    pub delivery: Delivery,
    /// Traffic through a gateway.
    #[serde(default)]
    pub conversation: Vec<Conversation>,
    /// Refused packets towards the gateway.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
    /// Traffic that crosses no gateway; only other interfaces log it.
    #[serde(default)]
    pub direct: Vec<Direct>,
    /// Lines that carry no traffic, and interfaces that are not the gateway's.
    #[serde(default)]
    pub noise: Noise,
    /// Generated traffic in bulk.
    pub population: Option<Population>,
    /// Faults of the rehearsal's front.
    #[serde(default)]
    pub fault: Vec<Fault>,
    /// What the rehearsal expects at the end.
    #[serde(default)]
    pub expect: Expect,
}

/// A NAT gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// How conversations refer to it.
    pub name: String,
    /// Gateway id.
    pub id: String,
    /// Interface id; without meaning for a regional gateway.
    pub interface: String,
    /// Zonal: private addresses of the interface, primary first (the first
    /// IPv6 address, if any, is the primary one of NAT64). Regional: its
    /// public addresses. Empty = one invented address.
    pub addresses: Vec<IpAddr>,
    /// Elastic addresses of a zonal gateway; only hairpin targets see them.
    pub public_addresses: Vec<IpAddr>,
    /// Whether it is a regional gateway.
    pub regional: bool,
}

impl Default for Gateway {
    fn default() -> Self {
        Gateway {
            name: "main".into(),
            id: "nat-0a1b2c3d4e5f60718".into(),
            interface: "eni-0a1b2c3d4e5f60718".into(),
            addresses: Vec::new(),
            public_addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))],
            regional: false,
        }
    }
}

impl Gateway {
    /// The addresses, or the invented one when the scenario names none.
    pub fn effective_addresses(&self) -> Vec<IpAddr> {
        match (self.addresses.is_empty(), self.regional) {
            (false, _) => self.addresses.clone(),
            (true, false) => vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 220))],
            (true, true) => vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))],
        }
    }
}

/// Template parameters, by the template's own names; seconds are domain time.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub struct Stack {
    /// Longest recording; 0 = until the alarm clears.
    pub recording_time: Option<u64>,
    /// Wait for late delivery.
    pub settle_delay: Option<u64>,
    /// How often a gateway is recorded; 0 = no limit.
    pub num_of_recordings: Option<u64>,
    /// Alarm threshold in bytes.
    pub threshold: Option<u64>,
    /// Alarm period.
    pub sampling_period: Option<u64>,
    /// Alarm periods that are looked at.
    pub evaluation_periods: Option<u64>,
    /// Alarm periods that must breach.
    pub datapoints_to_alarm: Option<u64>,
    /// Retention of the recording in days.
    #[serde(rename = "VPCFlowLogRetentionTimeDays")]
    pub recording_retention_days: Option<u64>,
    /// Retention of the Lambda logs in days.
    #[serde(rename = "LambdaLogGroupRetentionTimeDays")]
    pub lambda_retention_days: Option<u64>,
}

/// The alarm.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alarm {
    /// Domain time after ALARM when it goes OK; absent = never.
    pub clears: Option<Seconds>,
}

/// Aggregation and delivery.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// From a record's end to its arrival.
    pub delay: Seconds,
    /// Aggregation interval.
    pub interval: Seconds,
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery {
            delay: Seconds(300),
            interval: Seconds(60),
        }
    }
}

/// Bytes that move between a workload and a remote through a gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// The workload.
    pub source: IpAddr,
    /// The remote. With an IPv6 workload this is NAT64: the IPv4 remote, or
    /// its 64:ff9b::/96 form.
    pub destination: IpAddr,
    /// AWS service code of the remote's address; absent = none.
    pub service: Option<String>,
    /// Workload to remote, over the whole conversation.
    #[serde(default)]
    pub upload: Bytes,
    /// Remote to workload, over the whole conversation.
    #[serde(default)]
    pub download: Bytes,
    /// Port of the remote.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Protocol.
    #[serde(default = "default_protocol")]
    pub protocol: Protocol,
    /// Begin, after the recording's start.
    #[serde(default)]
    pub from: Seconds,
    /// End, after the recording's start.
    #[serde(default = "default_to")]
    pub to: Seconds,
    /// Connections (source ports) that share the bytes.
    #[serde(default = "one")]
    pub connections: u32,
    /// How often the whole conversation happens.
    #[serde(default = "one")]
    pub repeat: u32,
    /// From one repetition's begin to the next; absent = one right after the
    /// other.
    pub every: Option<Seconds>,
    /// Name of the gateway it crosses; absent = `[gateway]`.
    pub gateway: Option<String>,
    /// The destination is an elastic address of this address in the own VPC:
    /// with `noise.other_interfaces` that interface logs the bytes too.
    pub hairpin_to: Option<IpAddr>,
}

/// Refused packets towards the gateway's interface; never billed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// Who sent them.
    pub source: IpAddr,
    /// Port they were sent to.
    #[serde(default)]
    pub port: u16,
    /// Bytes of each record.
    pub bytes: Bytes,
    /// Protocol.
    #[serde(default = "default_protocol")]
    pub protocol: Protocol,
    /// Records.
    #[serde(default = "one")]
    pub count: u32,
    /// Name of the gateway; absent = `[gateway]`.
    pub gateway: Option<String>,
}

/// Traffic between two addresses without a gateway: logged by the source's
/// interface, and by the destination's if that is a private address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direct {
    /// One end.
    pub source: IpAddr,
    /// The other end.
    pub destination: IpAddr,
    /// Source to destination.
    #[serde(default)]
    pub upload: Bytes,
    /// Destination to source.
    #[serde(default)]
    pub download: Bytes,
    /// Port of the destination.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Protocol.
    #[serde(default = "default_protocol")]
    pub protocol: Protocol,
    /// Begin.
    #[serde(default)]
    pub from: Seconds,
    /// End.
    #[serde(default = "default_to")]
    pub to: Seconds,
}

/// What else is in the log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// Lines that say that there was no traffic.
    pub nodata: u64,
    /// Lines that say that records were skipped.
    pub skipdata: u64,
    /// Lines that are no record at all.
    pub malformed: u64,
    /// VPC-wide log: the workloads' own interfaces log the same bytes.
    pub other_interfaces: bool,
}

/// Bulk traffic for measurements: `records` records through the main gateway
/// over `pairs` different pairs of `sources` workloads (10.128.0.0/9) and
/// `destinations` remotes (198.18.0.0/15, the benchmarking range of RFC 2544).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Workloads.
    pub sources: u32,
    /// Remotes.
    pub destinations: u32,
    /// Different pairs; each occurs at least once.
    pub pairs: u64,
    /// Records of the gateway's interface, a multiple of four.
    pub records: u64,
    /// Begin.
    #[serde(default)]
    pub from: Seconds,
    /// End.
    #[serde(default = "default_population_to")]
    pub to: Seconds,
}

/// A rule of the front, as the rehearsal passes it on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Calling function; absent = any.
    pub function: Option<String>,
    /// Called service; absent = any.
    pub service: Option<String>,
    /// Called operation; absent = any.
    pub operation: Option<String>,
    /// What happens to the call.
    pub kind: FaultKind,
    /// Calls it hits.
    #[serde(default = "one")]
    pub times: u32,
    /// Matching calls that pass first.
    #[serde(default)]
    pub after: u32,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The service says that there are too many calls.
    Throttled,
    /// The service says that the caller may not do this.
    Denied,
    /// The call is never answered and never done.
    TimedOut,
    /// The call is done, the answer does not arrive.
    AnswerLost,
}

/// What the rehearsal expects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Which mail arrives.
    pub mail: ExpectedMail,
    /// Recordings that were made.
    pub recordings: u32,
}

impl Default for Expect {
    fn default() -> Self {
        Expect {
            mail: ExpectedMail::Report,
            recordings: 1,
        }
    }
}

/// Which mail the rehearsal expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedMail {
    /// The report.
    Report,
    /// What went wrong.
    Failure,
}

fn default_account() -> String {
    "123456789012".into()
}
fn default_region() -> String {
    "us-east-1".into()
}
fn default_port() -> u16 {
    443
}
fn default_protocol() -> Protocol {
    Protocol::TCP
}
fn default_to() -> Seconds {
    Seconds(300)
}
fn default_population_to() -> Seconds {
    Seconds(3_600)
}
fn one() -> u32 {
    1
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// Bad TOML, unknown keys, and parts that contradict each other.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let scenario: Scenario = toml::from_str(text).map_err(Box::new)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// All gateways, the recorded one first.
    pub fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        std::iter::once(&self.gateway).chain(&self.extra_gateway)
    }

    /// The addresses of every gateway: private ones of zonal, public ones of
    /// regional gateways.
    pub fn nat_addresses(&self) -> Vec<IpAddr> {
        self.gateways()
            .flat_map(Gateway::effective_addresses)
            .collect()
    }
}

/// The well-known NAT64 prefix 64:ff9b::/96 (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// The IPv4 address inside a 64:ff9b::/96 address.
pub(crate) fn nat64_embedded(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V6(v6) if v6.segments()[..6] == NAT64 => {
            let [.., a, b, c, d] = v6.octets();
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// The 64:ff9b::/96 form of an IPv4 address.
pub(crate) fn nat64_form(address: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d] = address.octets();
    let [p, q, r, s, t, u] = NAT64;
    Ipv6Addr::new(
        p,
        q,
        r,
        s,
        t,
        u,
        u16::from_be_bytes([a, b]),
        u16::from_be_bytes([c, d]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &str =
        "[[conversation]]\nsource = '10.0.1.5'\ndestination = '203.0.113.5'\nupload = '1 kB'\n";

    #[test]
    fn reads_every_section_of_the_contract() {
        let scenario = Scenario::parse(&format!(
            "title = 't'\nseed = 7\n[gateway]\naddresses = ['10.0.0.220']\nregional = false\n\
             [stack]\nRecordingTime = 900\nSettleDelay = 600\nNumOfRecordings = 0\n\
             [alarm]\nclears = '6m'\n[delivery]\ndelay = '5m'\ninterval = '60s'\n{TALK}\
             [[rejected]]\nsource = '198.51.100.77'\nport = 22\nbytes = 240\n\
             [[fault]]\nfunction = 'stop-recording'\nservice = 'ec2'\noperation = 'DeleteFlowLogs'\nkind = 'answer-lost'\n\
             [expect]\nmail = 'failure'\nrecordings = 1"
        ))
        .expect("a good scenario");
        assert_eq!(scenario.alarm.clears, Some(Seconds(360)));
        assert_eq!(scenario.fault[0].kind, FaultKind::AnswerLost);
        assert_eq!((scenario.fault[0].times, scenario.fault[0].after), (1, 0));
        assert_eq!(scenario.expect.mail, ExpectedMail::Failure);
    }

    #[test]
    fn nat64_form_and_embedded_address_belong_together() {
        let remote = Ipv4Addr::new(203, 0, 113, 5);
        assert_eq!(nat64_form(remote).to_string(), "64:ff9b::cb00:7105");
        assert_eq!(nat64_embedded(IpAddr::V6(nat64_form(remote))), Some(remote));
        assert_eq!(nat64_embedded(IpAddr::V4(remote)), None);
    }
}
