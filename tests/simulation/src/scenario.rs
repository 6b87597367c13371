//! A scenario file: what happens to a gateway, in the words of the domain.
//!
//! **Invariants.** An unknown word is refused; a scenario says what happens and
//! what comes of it, never how it is checked.

use crate::lambdas::{Letter, OPERATIONS};
use recorder::FaultKind;
use recorder::memory::Fault;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// What happens, and what comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence.
    pub title: String,
    /// Which defect of the old recorder it is about.
    #[serde(default)]
    pub defect: Option<u8>,
    /// The stack's parameters.
    #[serde(default)]
    pub stack: Stack,
    /// What the gateway is.
    #[serde(default)]
    pub gateway: Gateway,
    /// Somebody else's flow log on the same gateway.
    #[serde(default)]
    pub foreign: Foreign,
    /// How long a record takes to the log group.
    #[serde(default = "five_minutes")]
    pub records_take: Span,
    /// What happens.
    pub event: Vec<Event>,
    /// What goes wrong, whatever else happens.
    #[serde(default)]
    pub fault: Vec<Trouble>,
    /// What is varied.
    #[serde(default)]
    pub explore: Explore,
    /// What comes of it when nothing is varied.
    pub expect: Expect,
}

fn five_minutes() -> Span {
    Span(300_000)
}

/// The stack's parameters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "PascalCase")]
pub struct Stack {
    /// Seconds, 0 = until the alarm clears.
    pub recording_time: u64,
    /// How many recordings a gateway may have, 0 = any number.
    pub num_of_recordings: u64,
    /// Seconds to wait for late delivery.
    pub settle_delay: u64,
    /// Seconds to record on after the alarm cleared.
    pub record_after_clear: u64,
    /// How many recordings may follow each other.
    pub recordings_in_a_row: u64,
    /// USD for a gigabyte.
    pub nat_rate: String,
    /// Gigabytes of records that a recording may have, 0 = any number.
    pub recording_limit: u64,
    /// The class of the log group with the recordings.
    pub recording_log_class: String,
}

impl Default for Stack {
    fn default() -> Stack {
        Stack {
            recording_time: 900,
            num_of_recordings: 0,
            settle_delay: 600,
            record_after_clear: 0,
            recordings_in_a_row: 1,
            nat_rate: String::new(),
            recording_limit: 0,
            recording_log_class: "STANDARD".to_owned(),
        }
    }
}

/// What the gateway is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gateway {
    /// One interface, one address.
    #[default]
    Zonal,
    /// One interface, three addresses.
    SecondaryAddresses,
    /// Without public addresses: it leads to other private networks.
    Private,
    /// No interface.
    Regional,
    /// Not there at all.
    Absent,
}

/// Somebody else's flow log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// On the same gateway, into another log group.
    #[default]
    Elsewhere,
    /// On the same gateway, into our log group.
    InTheWay,
}

/// One thing that happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When.
    pub at: Span,
    /// The alarm enters that state.
    #[serde(default)]
    pub alarm: Option<String>,
    /// The metrics of its event stand in the other order.
    #[serde(default)]
    pub reversed: bool,
    /// How long EventBridge takes at the least.
    #[serde(default)]
    pub delayed: Span,
    /// EventBridge delivers it a second time after so long.
    #[serde(default)]
    pub again_after: Option<Span>,
    /// So many bytes of records are delivered beside those of the scenario.
    #[serde(default)]
    pub delivered: u64,
    /// Somebody does something.
    #[serde(default)]
    pub operator: Option<Operator>,
}

/// What people and schedules do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// Stops every execution.
    StopsExecutions,
    /// Deletes the stack.
    DeletesStack,
    /// The schedule of the sweep strikes.
    Sweeps,
    /// Begins a recording by hand.
    StartsRecording,
    /// Stops the recording that has the gateway, or that was begun last.
    StopsRecording,
}

/// An operation that goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// The operation.
    pub operation: Operation,
    /// How: throttled, denied, unavailable, answer lost.
    #[serde(deserialize_with = "fault")]
    pub kind: Fault,
    /// How often; always if it does not say.
    #[serde(default)]
    pub times: Option<usize>,
}

/// What is varied.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Explore {
    /// How late EventBridge may deliver, and whoever begins or stops a recording may
    /// be, in any order.
    pub late: Span,
    /// Whether one event may be delivered twice.
    pub twice: bool,
    /// How often one may be interrupted that could go on.
    pub interruptions: usize,
    /// How often another goes next than the one whose time has come first; every
    /// order if it does not say.
    pub turns: Option<usize>,
    /// Whether one call goes wrong, any of them, in any way.
    pub fault: bool,
    /// Lambdas whose calls interleave one by one, in every order.
    pub calls_of: Vec<String>,
    /// How many runs there are at the least.
    pub at_least: usize,
}

/// What comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The mails, in order.
    #[serde(deserialize_with = "letters")]
    pub mails: Vec<Letter>,
    /// How many recordings are counted in the end.
    pub recordings: u64,
    /// How long the flow logs were on, one by one, to the second.
    #[serde(default)]
    pub on_for: Option<Vec<Span>>,
    /// Words that the last mail contains.
    #[serde(default)]
    pub says: Vec<String>,
}

/// A span of time in milliseconds, written `1h 6m 30s`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span(pub u64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = String::deserialize(deserializer)?;
        span(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no span of time")))
    }
}

fn span(text: &str) -> Option<Span> {
    let units = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let mut total = 0;
    for word in text.split_whitespace() {
        let digits = word.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = word.split_at(digits);
        let (_, millis) = units.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<u64>().ok()? * millis;
    }
    Some(Span(total))
}

/// An operation that the recorder calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation(pub &'static str);

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Operation, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = OPERATIONS.into_iter().find(|name| *name == text);
        known
            .map(Operation)
            .ok_or_else(|| serde::de::Error::custom(format!("the recorder never calls {text}")))
    }
}

/// The ways a call goes wrong, in the words of the scenarios.
pub const FAULTS: [(&str, Fault); 4] = [
    ("throttled", Fault::Fails(FaultKind::Throttled)),
    ("denied", Fault::Fails(FaultKind::Denied)),
    ("unavailable", Fault::Fails(FaultKind::Unavailable)),
    ("answer lost", Fault::AnswerLost),
];

fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
    let text = String::deserialize(deserializer)?;
    let known = FAULTS.into_iter().find(|(name, _)| *name == text);
    known
        .map(|(_, fault)| fault)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no fault")))
}

fn letters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Letter>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let by_name: BTreeMap<&str, Letter> = Letter::ALL.into_iter().collect();
    let letter = |word: &String| {
        let known = by_name.get(word.as_str()).copied();
        known.ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no mail")))
    };
    words.iter().map(letter).collect()
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// Errors: no TOML, or a word that it does not know.
    pub fn parse(text: &str) -> Result<Scenario, toml::de::Error> {
        toml::from_str(text)
    }
}
