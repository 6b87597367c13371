//! The payloads that travel between the state machine and its Lambdas.
//!
//! The state machine's document grows: `claim`, `recording`, `ending`, `stop`,
//! `report`. Each Lambda gets the parts that it needs and gives the next one.
//!
//! **Invariants.** Field names are an interface: statemachine/recorder.asl.json
//! selects them one by one, and a test compares both.

use crate::{EpochSeconds, FlowLogId, GatewayId, InterfaceId};
use egress::{Estimate, LogClass};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The longest that a recording may wait for its alarm to clear: a standard
/// execution ends after a year, and there must be time left to clean up.
pub const UNTIL_CLEARED_SECONDS: u64 = 364 * 24 * 60 * 60;

/// The stack's parameters, as text because CloudFormation puts them into the
/// state machine's definition as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// RecordingTime: seconds, 0 = until the alarm clears.
    pub recording_time: String,
    /// NumOfRecordings: how many recordings a gateway may have, 0 = any number.
    pub recordings_limit: String,
    /// SettleDelay: seconds to wait for late delivery.
    pub settle_delay: String,
    /// NatRate: USD for a gigabyte, empty = the region's list rate.
    #[serde(default)]
    pub nat_rate: String,
    /// RecordAfterClear: seconds to record on after the alarm cleared.
    pub record_after_clear: String,
    /// RecordingsInARow: how many recordings may follow each other while the
    /// alarm stays on.
    pub recordings_in_a_row: String,
    /// RecordingLogClass: STANDARD or INFREQUENT_ACCESS.
    pub log_class: LogClass,
    /// LogRate: USD for a gigabyte of delivered records, empty = the region's
    /// list rate, if it is known.
    #[serde(default)]
    pub log_rate: String,
    /// CoverageFloor: the percentage of the gateway's metrics that a recording has
    /// to explain before a saving is said.
    #[serde(default = "eighty")]
    pub coverage_floor: String,
}

fn eighty() -> String {
    "80".to_owned()
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            recording_time: "900".to_owned(),
            recordings_limit: "0".to_owned(),
            settle_delay: "600".to_owned(),
            nat_rate: String::new(),
            record_after_clear: "0".to_owned(),
            recordings_in_a_row: "1".to_owned(),
            log_class: LogClass::Standard,
            log_rate: String::new(),
            coverage_floor: eighty(),
        }
    }
}

/// Input of an execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The alarm's event.
    pub event: crate::alarm::AlarmEvent,
    /// Which recording in a row this is while the alarm stays on, from 1.
    pub round: u64,
}

/// Output of raise-alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The execution's name.
    pub execution: String,
}

/// Input of claim-gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClaimGateway {
    /// The alarm's event.
    pub event: crate::alarm::AlarmEvent,
    /// Which recording in a row this is while the alarm stays on, from 1.
    pub round: u64,
    /// The execution's name.
    pub execution: String,
    /// The stack's parameters.
    pub settings: Settings,
}

/// What came of the attempt to claim a gateway for a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The gateway is this execution's: record.
    Claimed,
    /// Another execution is recording it.
    Held,
    /// It has had all the recordings that it may have.
    Spent,
}

/// What a recording begins by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// An alarm went off.
    #[default]
    Alarm,
    /// Somebody began it; no alarm ends it.
    Hand,
}

impl Origin {
    /// The word in payloads and reports.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Alarm => "alarm",
            Origin::Hand => "hand",
        }
    }
}

/// Output of claim-gateway: whose recording this is, and how long it may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Whether to record.
    pub outcome: Outcome,
    /// The gateway.
    pub gateway: GatewayId,
    /// What it began by.
    #[serde(default)]
    pub origin: Origin,
    /// The alarm's name, if it was one.
    pub alarm: String,
    /// The gateway's region.
    pub region: String,
    /// The execution's name.
    pub execution: String,
    /// Counts the claims of this gateway; tokens of older ones are void.
    pub generation: u64,
    /// When the alarm went off; by hand, when it was claimed.
    pub alarmed: EpochSeconds,
    /// When it was claimed: no record of the recording is older.
    pub claimed: EpochSeconds,
    /// When the recording before this one ended, if there was one: its records
    /// are older.
    pub previous_stop: Option<EpochSeconds>,
    /// The how-manieth recording of this gateway it is.
    pub recording: u64,
    /// How many it may have, 0 = any number.
    pub limit: u64,
    /// Which recording in a row this is while the alarm stays on, from 1.
    pub round: u64,
    /// The number of the one after it.
    pub next_round: u64,
    /// How many may follow each other.
    pub rounds: u64,
    /// The name of the execution after this one, should there be one.
    pub next_execution: String,
    /// The alarm's threshold in bytes a period, where the event has it.
    pub threshold: Option<f64>,
    /// After how long whatever the recording made is an orphan.
    pub lease_seconds: u64,
    /// How long to wait for the alarm to clear.
    pub await_seconds: u64,
    /// How long to record on after it cleared.
    pub linger_seconds: u64,
    /// How long to wait for late delivery.
    pub settle_seconds: u64,
    /// USD for a gigabyte, empty = the region's list rate.
    #[serde(default)]
    pub nat_rate: String,
    /// The class of the log group with the recordings.
    pub log_class: LogClass,
    /// USD for a gigabyte of delivered records, empty = the region's list rate,
    /// if it is known.
    #[serde(default)]
    pub log_rate: String,
    /// The percentage of the gateway's metrics below which no saving is said.
    #[serde(default = "eighty")]
    pub coverage_floor: String,
}

/// Input of take-snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeSnapshot {
    /// Whose recording.
    pub claim: Claim,
}

/// Output of take-snapshot: what was there as the alarm went off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotTaken {
    /// Where it is kept; nowhere if it could not be taken.
    pub key: Option<String>,
    /// What could not be had, a sentence each.
    pub missing: Vec<String>,
    /// How much the recording is expected to be.
    pub estimate: Option<Estimate>,
    /// The same as a sentence with its price.
    pub expected: Option<String>,
}

/// Input of start-recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartRecording {
    /// Whose recording.
    pub claim: Claim,
}

/// Output of start-recording: the flow log that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The flow log.
    pub flow_log_id: FlowLogId,
    /// Whether we made it; somebody else's is used as it is.
    pub is_ours: bool,
    /// The fields of its records.
    pub log_format: String,
    /// Where its records go.
    pub log_group: String,
    /// The class of that log group.
    pub log_class: LogClass,
    /// The gateway's interface; regional gateways have none.
    pub interface_id: Option<InterfaceId>,
    /// Private addresses of a zonal gateway, public ones of a regional one.
    pub nat_addresses: Vec<IpAddr>,
    /// Whether it is a regional gateway.
    pub regional: bool,
    /// The zones that a regional gateway has metrics of.
    pub zones: Vec<String>,
    /// When the recording began.
    pub started: EpochSeconds,
    /// No record of it is older; a flow log that was there before has older ones,
    /// of the minutes before the alarm.
    pub since: EpochSeconds,
}

/// Input of await-clearance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AwaitClearance {
    /// Whose recording.
    pub claim: Claim,
    /// What wakes the execution.
    pub task_token: String,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndReason {
    /// The alarm cleared.
    Cleared,
    /// The recording time was over.
    Time,
    /// As many records were delivered as RecordingLimit allows.
    Limit,
    /// Somebody stopped it.
    Stopped,
}

impl EndReason {
    /// The word in payloads and reports.
    pub fn name(self) -> &'static str {
        match self {
            EndReason::Cleared => "cleared",
            EndReason::Time => "time",
            EndReason::Limit => "limit",
            EndReason::Stopped => "stopped",
        }
    }
}

/// Output of the wait: what the task token is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Why it ended.
    pub reason: EndReason,
    /// When that was, where it was not the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<EpochSeconds>,
}

/// Input of stop-recording; as a clean-up it has the claim only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopRecording {
    /// Whose recording.
    pub claim: Claim,
    /// The flow log, where it is known that there is one.
    #[serde(default)]
    pub recording: Option<Recording>,
    /// Why the recording ended.
    #[serde(default)]
    pub ending: Option<Ending>,
}

/// Output of stop-recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When the flow log was switched off.
    pub stopped: EpochSeconds,
    /// Every flow log that was deleted.
    pub flow_log_ids: Vec<FlowLogId>,
    /// Whether the alarm was still on, and nobody stopped the recording.
    pub alarm_is_on: bool,
    /// Whether the gateway is free; if not, a sweep frees it.
    pub released: bool,
}

/// Input of resume-recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumeRecording {
    /// Whose recording.
    pub claim: Claim,
    /// The flow log that is on.
    pub recording: Recording,
}

/// Output of resume-recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Whether to wait for the alarm to clear again.
    pub again: bool,
    /// For how long.
    pub seconds: u64,
}

/// Input of analyze-recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalyzeRecording {
    /// Whose recording.
    pub claim: Claim,
    /// The flow log that was on.
    pub recording: Recording,
    /// Why it ended.
    pub ending: Ending,
    /// When it was switched off.
    pub stop: Stop,
    /// What was there as the alarm went off.
    pub snapshot: SnapshotTaken,
}

/// Output of analyze-recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The mail's id at SNS.
    pub message_id: String,
    /// Bytes that were billed.
    pub processed_bytes: u64,
    /// Records that were read.
    pub records_read: u64,
}

/// Output of clear-alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Whether an execution was waiting and has been woken.
    pub woken: bool,
}

/// Input of sweep-recordings: from CloudFormation, from the schedule, or from a
/// change of an execution's status, which says nothing that the sweep needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SweepRequest {
    /// The custom resource is created, updated or deleted with its stack.
    Stack(StackRequest),
    /// The schedule has struck.
    Schedule(ScheduleRequest),
    /// Anything else.
    Other(serde_json::Value),
}

/// What the schedule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRequest {
    /// RecordingLimit: gigabytes of records that a recording may have, 0 = any
    /// number.
    pub recording_limit: String,
}

/// What CloudFormation sends to a custom resource, as far as it is read; see
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackRequest {
    /// Create, Update or Delete.
    pub request_type: String,
    /// Where the answer is put.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// The stack.
    pub stack_id: String,
    /// The request.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
}

/// Output of sweep-recordings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Flow logs that were deleted.
    pub deleted: Vec<FlowLogId>,
    /// Gateways whose claims were closed.
    pub closed: Vec<GatewayId>,
}
