//! What the steps need of the outside world: one capability, one method, one
//! IAM action.
//!
//! Each port has three bodies: the real one in the `adapters` crate, one in
//! memory that holds state ([`crate::memory::Memory`]) and, laid over that,
//! one that fails on purpose ([`crate::memory::Memory::fail`]).

use crate::snapshot::{Carried, Endpoint, Instance, Interface, Metric, RouteTable, Subnet};
use crate::{
    EpochMillis, EpochSeconds, FlowLogId, GatewayId, InterfaceId, PortError, RecordCounts,
};
use egress::ListQuery;
use flowlog::{FlowTable, Layout};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::ops::Range;

/// A NAT gateway as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatGateway {
    /// Its id.
    pub id: GatewayId,
    /// `available`, `pending`, `failed`, `deleting` or `deleted`.
    pub state: String,
    /// Whether it is regional (no interface of its own).
    pub regional: bool,
    /// The interface of a zonal gateway.
    pub interface_id: Option<InterfaceId>,
    /// Private addresses, the primary one first.
    pub private_addresses: Vec<IpAddr>,
    /// Public addresses, the primary one first.
    pub public_addresses: Vec<IpAddr>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnet; a regional gateway has none.
    pub subnet: Option<String>,
    /// The availability zones that a regional gateway is in.
    pub zones: Vec<String>,
}

/// What a flow log captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// A zonal gateway's interface.
    Interface(InterfaceId),
    /// A regional gateway.
    RegionalGateway(GatewayId),
}

/// A flow log to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFlowLog {
    /// What it captures.
    pub watched: Watched,
    /// Where its records go.
    pub log_group: String,
    /// The role that delivers them.
    pub role_arn: String,
    /// The fields of a record.
    pub log_format: &'static str,
    /// Seconds over which flows are added up: 60 or 600.
    pub aggregation_seconds: u16,
    /// The same token creates the same flow log once.
    pub client_token: String,
    /// Key and value.
    pub tags: Vec<(&'static str, String)>,
}

/// A flow log that is there, as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFlowLog {
    /// Its id.
    pub id: FlowLogId,
    /// The fields of its records.
    pub log_format: String,
    /// Key and value.
    pub tags: BTreeMap<String, String>,
}

/// What tells our flow logs from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The stack's name.
    pub stack: String,
    /// The execution's name.
    pub execution: String,
}

/// NAT gateways, read.
pub trait Gateways {
    /// ec2:DescribeNatGateways. `None` where there is no such gateway.
    fn gateway(
        &self,
        id: &GatewayId,
    ) -> impl Future<Output = Result<Option<NatGateway>, PortError>> + Send;
}

/// Metrics of CloudWatch.
pub trait Metrics {
    /// cloudwatch:GetMetricData: all that CloudWatch has on the gateway, by the
    /// minute; of a regional gateway for each of its zones.
    fn of_gateway(
        &self,
        gateway: &GatewayId,
        zones: &[String],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> impl Future<Output = Result<Vec<Metric>, PortError>> + Send;

    /// cloudwatch:GetMetricData: the bytes that the gateway bills, by the hour.
    fn history(
        &self,
        gateway: &GatewayId,
        zones: &[String],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> impl Future<Output = Result<Vec<Metric>, PortError>> + Send;

    /// cloudwatch:GetMetricData: the bytes that the VPC's interface endpoints carry,
    /// by the day.
    fn carried(
        &self,
        vpc: &str,
        endpoints: &[Endpoint],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> impl Future<Output = Result<Vec<Carried>, PortError>> + Send;

    /// cloudwatch:GetMetricData: bytes that were delivered to the log group.
    fn delivered(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> impl Future<Output = Result<u64, PortError>> + Send;
}

/// What there is in a VPC.
pub trait Surroundings {
    /// ec2:DescribeNetworkInterfaces.
    fn interfaces(
        &self,
        vpc: &str,
    ) -> impl Future<Output = Result<Vec<Interface>, PortError>> + Send;

    /// ec2:DescribeInstances: with their tags.
    fn instances(&self, vpc: &str)
    -> impl Future<Output = Result<Vec<Instance>, PortError>> + Send;

    /// ec2:DescribeSubnets.
    fn subnets(&self, vpc: &str) -> impl Future<Output = Result<Vec<Subnet>, PortError>> + Send;

    /// ec2:DescribeVpcs: the VPC's Name tag.
    fn vpc_name(&self, vpc: &str)
    -> impl Future<Output = Result<Option<String>, PortError>> + Send;

    /// ec2:DescribeRouteTables.
    fn route_tables(
        &self,
        vpc: &str,
    ) -> impl Future<Output = Result<Vec<RouteTable>, PortError>> + Send;

    /// ec2:DescribeVpcEndpoints.
    fn endpoints(&self, vpc: &str)
    -> impl Future<Output = Result<Vec<Endpoint>, PortError>> + Send;
}

/// What is kept with recordings.
pub trait Shelf {
    /// s3:PutObject. Gives the bucket.
    fn put(
        &self,
        key: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<String, PortError>> + Send;

    /// s3:GetObject.
    fn get(&self, key: &str) -> impl Future<Output = Result<Vec<u8>, PortError>> + Send;
}

/// Flow logs.
pub trait FlowLogs {
    /// ec2:CreateFlowLogs (with ec2:CreateTags and iam:PassRole). Conflict
    /// where the same flow log exists.
    fn create(&self, new: &NewFlowLog)
    -> impl Future<Output = Result<FlowLogId, PortError>> + Send;

    /// ec2:DescribeFlowLogs: those that carry the owner's tags.
    fn owned(
        &self,
        owner: &Owner,
    ) -> impl Future<Output = Result<Vec<FlowLogId>, PortError>> + Send;

    /// ec2:DescribeFlowLogs: those that capture that and deliver there,
    /// whoever made them.
    fn on(
        &self,
        watched: &Watched,
        log_group: &str,
    ) -> impl Future<Output = Result<Vec<FoundFlowLog>, PortError>> + Send;

    /// ec2:DescribeFlowLogs: those that capture all traffic of one of these
    /// (interface, subnet, VPC) and deliver there without trouble, whoever made
    /// them.
    fn covering(
        &self,
        resources: &[String],
        log_group: &str,
    ) -> impl Future<Output = Result<Vec<FoundFlowLog>, PortError>> + Send;

    /// ec2:DescribeFlowLogs: those that carry the stack's tag.
    fn of_stack(
        &self,
        stack: &str,
    ) -> impl Future<Output = Result<Vec<FoundFlowLog>, PortError>> + Send;

    /// ec2:DeleteFlowLogs. One that is gone already is no failure.
    fn delete(&self, ids: &[FlowLogId]) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// An attempt to claim a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bid {
    /// The gateway.
    pub gateway: GatewayId,
    /// For which execution.
    pub execution: String,
    /// When its alarm went off; `None` where somebody begins it by hand, so that no
    /// alarm ends it.
    pub alarmed: Option<EpochMillis>,
    /// When the claim lapses by itself, should the execution die.
    pub lease_expires: EpochSeconds,
    /// How many recordings the gateway may have, 0 = any number.
    pub limit: u64,
    /// Now, to tell a lapsed claim.
    pub now: EpochSeconds,
}

/// A claim that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The gateway.
    pub gateway: GatewayId,
    /// Who has it.
    pub execution: String,
    /// When it lapses.
    pub lease_expires: EpochSeconds,
    /// The flow log of its recording, once there was one of ours.
    pub flow_log: Option<FlowLogId>,
    /// What wakes the execution, once it waits for its alarm to clear.
    pub token: Option<String>,
    /// Whether a sweep has mailed what became of the recording.
    pub told: bool,
}

/// What is known of the alarm of a gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlarmState {
    /// When it last went off.
    pub alarmed: EpochMillis,
    /// When it last cleared, if it ever did.
    pub cleared: Option<EpochMillis>,
}

impl AlarmState {
    /// Whether it has not cleared since it last went off.
    pub fn is_on(self) -> bool {
        self.cleared.is_none_or(|cleared| cleared <= self.alarmed)
    }
}

/// A claim that was given up, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    /// When its recording ended.
    pub stopped: EpochSeconds,
    /// What is known of the alarm.
    pub alarm: AlarmState,
    /// Whether somebody stopped it.
    pub was_stopped: bool,
}

/// What came of a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bidding {
    /// The gateway is the execution's, also if it was so before.
    Won {
        /// Counts the claims of the gateway.
        generation: u64,
        /// The how-manieth recording of the gateway it will be.
        recording: u64,
        /// When the recording before it ended, if there was one.
        previous_stop: Option<EpochSeconds>,
    },
    /// Another execution has it.
    Held,
    /// It has had all the recordings that it may have.
    Spent,
}

/// Why an execution has nothing to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Its alarm cleared at that time, after it went off.
    Cleared(EpochMillis),
    /// Somebody stopped the recording at that time.
    Stopped(EpochSeconds),
}

/// What came of the wish that a recording stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopping {
    /// It is noted, and this token wakes the execution.
    Waits(String),
    /// It is noted: the execution finds it before it waits.
    Noted,
    /// The recording is over already.
    Over,
    /// The execution does not have the gateway, or not yet.
    NotHeld,
}

/// Who records which gateway: one item for a gateway, every change atomic.
pub trait Claims {
    /// dynamodb:UpdateItem on a condition, dynamodb:GetItem to tell why not.
    /// An alarm that goes off while another execution has the gateway is
    /// remembered for that one.
    fn bid(&self, bid: &Bid) -> impl Future<Output = Result<Bidding, PortError>> + Send;

    /// dynamodb:UpdateItem: counts the recording, which exists from now on, once
    /// however often it is called, with its flow log if that is ours; Conflict
    /// where the claim is no longer of that generation.
    fn confirm(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        flow_log: Option<&FlowLogId>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// dynamodb:UpdateItem: remembers whether the stack is being deleted.
    fn retire(&self, is_retired: bool) -> impl Future<Output = Result<(), PortError>> + Send;

    /// dynamodb:GetItem: whether the stack is being deleted.
    fn is_retired(&self) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// dynamodb:UpdateItem: stores the token that wakes the execution, if the
    /// claim is of that generation (Conflict if not); tells where there is nothing
    /// to wait for.
    fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> impl Future<Output = Result<Option<Over>, PortError>> + Send;

    /// dynamodb:UpdateItem: remembers that somebody stops the execution's recording,
    /// if it has the gateway; dynamodb:GetItem to tell why not.
    fn store_stop(
        &self,
        gateway: &GatewayId,
        execution: &str,
        at: EpochSeconds,
    ) -> impl Future<Output = Result<Stopping, PortError>> + Send;

    /// dynamodb:UpdateItem: remembers that the alarm cleared; gives the token
    /// of the execution that waits for that, if its alarm went off before. One that
    /// began by hand waits for no alarm.
    fn store_clearance(
        &self,
        gateway: &GatewayId,
        cleared: EpochMillis,
    ) -> impl Future<Output = Result<Option<String>, PortError>> + Send;

    /// dynamodb:GetItem: our flow log of the execution's recording, once that
    /// was counted.
    fn flow_log_of(
        &self,
        gateway: &GatewayId,
        execution: &str,
    ) -> impl Future<Output = Result<Option<FlowLogId>, PortError>> + Send;

    /// dynamodb:GetItem: what is known of the gateway's alarm.
    fn alarm_state(
        &self,
        gateway: &GatewayId,
    ) -> impl Future<Output = Result<AlarmState, PortError>> + Send;

    /// dynamodb:UpdateItem: gives the claim up, if it is the execution's, whose
    /// recording ended at that time; dynamodb:GetItem for what is remembered
    /// where it was given up before. `None` where nothing is: two other recordings
    /// have ended since.
    fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        stopped: EpochSeconds,
    ) -> impl Future<Output = Result<Option<Released>, PortError>> + Send;

    /// dynamodb:Scan: every claim that is held.
    fn held(&self) -> impl Future<Output = Result<Vec<Held>, PortError>> + Send;

    /// dynamodb:UpdateItem: makes it this sweep's task to close the execution's
    /// claim, for so many seconds; no if it is another sweep's.
    fn seize(
        &self,
        gateway: &GatewayId,
        execution: &str,
        now: EpochSeconds,
        seconds: u64,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// dynamodb:UpdateItem: remembers that it was mailed what became of the
    /// execution's recording.
    fn mark_told(
        &self,
        gateway: &GatewayId,
        execution: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// It is under way.
    Running,
    /// It came to its end, well or with a mail that says why not.
    Ended,
    /// Somebody stopped it.
    Aborted,
    /// It took longer than an execution may.
    TimedOut,
    /// There is none of that name.
    Unknown,
}

/// Executions of the workflow.
pub trait Executions {
    /// states:StartExecution. One of that name that is there already, running
    /// or ended, is no failure.
    fn start(&self, name: &str, input: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// states:DescribeExecution.
    fn state_of(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<ExecutionState, PortError>> + Send;

    /// states:ListExecutions: the names of those that are under way.
    fn running(&self) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;

    /// states:StopExecution. One that has ended is no failure.
    fn stop(&self, name: &str, cause: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// states:SendTaskSuccess. An execution that no longer waits is no failure.
    fn wake(&self, token: &str, output: &str)
    -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Recorded flow-log records.
pub trait Records {
    /// logs:FilterLogEvents: pushes every record whose time lies in the window,
    /// its end not included, and that has the word, if one is given, into the
    /// table; gives their bytes. A log group without records is no failure.
    fn read(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
        word: Option<&str>,
        table: &mut FlowTable,
    ) -> impl Future<Output = Result<u64, PortError>> + Send;
}

/// Records that were added up where they are.
pub struct Summed {
    /// Their flows.
    pub table: FlowTable,
    /// How many records there were; the table counts flows.
    pub records: RecordCounts,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that belong to more flows than a query gives; they are in the
    /// table without their addresses.
    pub beyond: u128,
}

/// Recorded flow-log records that cannot be had one by one.
pub trait Queries {
    /// logs:StartQuery and logs:GetQueryResults: the records whose time lies in
    /// the window, its end not included, and that have the word, if one is given.
    /// `own` are the gateway's addresses.
    fn sum(
        &self,
        log_group: &str,
        window: Range<EpochSeconds>,
        word: Option<&str>,
        layout: &Layout,
        own: &[IpAddr],
    ) -> impl Future<Output = Result<Summed, PortError>> + Send;
}

/// What AWS charges.
pub trait PriceList {
    /// pricing:GetProducts: every product that one of the queries finds, as a JSON
    /// document.
    fn products(
        &self,
        queries: &[ListQuery],
    ) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;
}

/// The mailing list, or what goes to a chat.
pub trait Topic {
    /// sns:Publish. Gives the message's id.
    fn publish(
        &self,
        subject: &str,
        body: &str,
    ) -> impl Future<Output = Result<String, PortError>> + Send;
}

/// Answers to CloudFormation.
pub trait Responses {
    /// Puts the answer where the request says; no IAM action, the URL is signed.
    fn respond(&self, url: &str, body: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}
