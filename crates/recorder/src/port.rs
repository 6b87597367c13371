//! What the steps need of the outside world: one capability, one method, one
//! IAM action.
//!
//! Each port has three bodies: the real one in the `adapters` crate, one in
//! memory that holds state ([`crate::memory::Memory`]) and, laid over that,
//! one that fails on purpose ([`crate::memory::Memory::fail`]).

use crate::{EpochMillis, EpochSeconds, FlowLogId, GatewayId, InterfaceId, PortError};
use flowlog::FlowTable;
use std::future::Future;
use std::net::IpAddr;

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
    /// When its alarm went off.
    pub alarmed: EpochMillis,
    /// When the claim lapses by itself, should the execution die.
    pub lease_expires: EpochSeconds,
    /// How many recordings the gateway may have, 0 = any number.
    pub limit: u64,
    /// Now, to tell a lapsed claim.
    pub now: EpochSeconds,
}

/// What came of a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bidding {
    /// The gateway is the execution's, also if it was so before.
    Won {
        /// Counts the claims of the gateway.
        generation: u64,
        /// Counts its recordings.
        recording: u64,
    },
    /// Another execution has it.
    Held,
    /// It has had all the recordings that it may have.
    Spent,
}

/// Who records which gateway: one item for a gateway, every change atomic.
pub trait Claims {
    /// dynamodb:UpdateItem on a condition, dynamodb:GetItem to tell why not.
    fn bid(&self, bid: &Bid) -> impl Future<Output = Result<Bidding, PortError>> + Send;

    /// dynamodb:UpdateItem: stores the token that wakes the execution, if the
    /// claim is of that generation (Conflict if not); gives the last moment
    /// that the alarm is known to have cleared after it went off.
    fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> impl Future<Output = Result<Option<EpochMillis>, PortError>> + Send;

    /// dynamodb:UpdateItem: remembers that the alarm cleared; gives the token
    /// of the execution that waits for that, if its alarm went off before.
    fn store_clearance(
        &self,
        gateway: &GatewayId,
        cleared: EpochMillis,
    ) -> impl Future<Output = Result<Option<String>, PortError>> + Send;

    /// dynamodb:UpdateItem: gives the claim up, if it is the execution's;
    /// `refund` takes the recording off the count.
    fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        refund: bool,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Executions that wait.
pub trait Executions {
    /// states:SendTaskSuccess. An execution that no longer waits is no failure.
    fn wake(&self, token: &str, output: &str)
    -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Recorded flow-log records.
pub trait Records {
    /// logs:FilterLogEvents: pushes every record whose time lies in the window
    /// into the table. A log group without records is no failure.
    fn read(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
        table: &mut FlowTable,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The mailing list.
pub trait Topic {
    /// sns:Publish. Gives the message's id.
    fn publish(
        &self,
        subject: &str,
        body: &str,
    ) -> impl Future<Output = Result<String, PortError>> + Send;
}
