//! The outside world in memory: every port, with state, and faults on demand.
//!
//! Behaves as AWS does where the steps depend on it: conditional writes are
//! atomic, the same flow log cannot be created twice, a token wakes once.
//!
//! **Invariants.** Holds no rule of ours: what a condition means is written
//! here a second time on purpose, so that a test compares two readings of it.

mod chat;
mod claims;
mod surroundings;

pub use chat::Chat;

use crate::port::{
    AlarmState, ExecutionState, Executions, FlowLogs, FoundFlowLog, Gateways, Metrics, NatGateway,
    NewFlowLog, Owner, PriceList, Queries, Records, Responses, Shelf, Summed, Topic, Watched,
};
use crate::snapshot::{Carried, Endpoint, Metric, Surroundings};
use crate::step::{TAG_EXECUTION, TAG_STACK};
use crate::{EpochMillis, EpochSeconds, FaultKind, FlowLogId, GatewayId, PortError};
use egress::ListQuery;
use flowlog::{FlowTable, Layout};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::net::IpAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and nothing was done.
    Fails(FaultKind),
    /// It was done, and the answer never came.
    AnswerLost,
}

/// What is known of a gateway's claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Who has it.
    pub execution: Option<String>,
    /// When that lapses.
    pub lease_expires: EpochSeconds,
    /// Counts claims.
    pub generation: u64,
    /// Counts recordings.
    pub recordings: u64,
    /// When the alarm went off.
    pub alarmed: EpochMillis,
    /// When it last cleared.
    pub cleared: Option<EpochMillis>,
    /// Whether it was begun by hand.
    pub by_hand: bool,
    /// When somebody stopped the recording.
    pub stopping: Option<EpochSeconds>,
    /// What wakes the execution.
    pub token: Option<String>,
    /// The flow log of the recording, once it was counted.
    pub flow_log: Option<FlowLogId>,
    /// Whether the recording was counted.
    pub confirmed: bool,
    /// When a sweep began to close the claim.
    pub swept: Option<EpochSeconds>,
    /// Whether a sweep has mailed what became of the recording.
    pub told: bool,
    /// When the last recordings ended and whose they were, the latest first; two
    /// at the most.
    pub stops: Vec<(EpochSeconds, String)>,
}

impl Item {
    fn alarm(&self) -> AlarmState {
        AlarmState {
            alarmed: self.alarmed,
            cleared: self.cleared,
        }
    }

    fn free(&mut self) {
        self.execution = None;
        (self.token, self.flow_log, self.swept) = (None, None, None);
        (self.confirmed, self.told) = (false, false);
        self.by_hand = false;
    }

    fn is_of(&self, execution: &str) -> bool {
        self.execution.as_deref() == Some(execution)
    }
}

#[derive(Default)]
struct State {
    gateways: BTreeMap<GatewayId, NatGateway>,
    flow_logs: BTreeMap<FlowLogId, NewFlowLog>,
    created: u64,
    items: BTreeMap<GatewayId, Item>,
    is_retired: bool,
    executions: BTreeMap<String, ExecutionState>,
    started: Vec<(String, String)>,
    responses: Vec<(String, String)>,
    woken: Vec<(String, String)>,
    events: Vec<(String, EpochSeconds, String)>,
    metrics: Vec<Metric>,
    history: Vec<Metric>,
    delivered: u64,
    carried: Vec<Carried>,
    endpoints: Vec<Endpoint>,
    products: Vec<String>,
    surroundings: Surroundings,
    objects: BTreeMap<String, Vec<u8>>,
    mails: Vec<(String, String)>,
    chats: Vec<String>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    fault_at: Option<(usize, Fault)>,
    calls: Vec<&'static str>,
}

/// A world in memory.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
    pauses: AtomicBool,
}

/// Is pending once, so that others get their turn before a call.
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Memory {
    /// An empty world.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// From now on every call is pending once before it is done, so that whoever
    /// polls several steps decides whose call is next.
    pub fn pause_before_calls(&self) {
        self.pauses.store(true, Relaxed);
    }

    /// Every operation that was called, in order, those that went wrong too.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    /// Puts a gateway there.
    pub fn add_gateway(&self, gateway: NatGateway) {
        self.state().gateways.insert(gateway.id.clone(), gateway);
    }

    /// Puts a flow log there that somebody else made.
    pub fn add_flow_log(&self, id: &str, new: NewFlowLog) {
        self.state().flow_logs.insert(FlowLogId::from(id), new);
    }

    /// Puts a metric of the gateways there.
    pub fn add_metric(&self, metric: Metric) {
        self.state().metrics.push(metric);
    }

    /// Puts a metric by the hour there.
    pub fn add_history(&self, metric: Metric) {
        self.state().history.push(metric);
    }

    /// Has an interface endpoint carry that.
    pub fn add_carried(&self, carried: Carried) {
        self.state().carried.push(carried);
    }

    /// Has the price list know the product.
    pub fn add_product(&self, document: &str) {
        self.state().products.push(document.to_owned());
    }

    /// So many bytes more were delivered than there are records.
    pub fn add_delivered(&self, bytes: u64) {
        self.state().delivered += bytes;
    }

    /// Keeps something under that key.
    pub fn set_object(&self, key: &str, body: &[u8]) {
        self.state().objects.insert(key.to_owned(), body.to_owned());
    }

    /// What is kept under that key.
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(key).cloned()
    }

    /// Delivers a record.
    pub fn deliver(&self, log_group: &str, start: EpochSeconds, line: &str) {
        self.state()
            .events
            .push((log_group.to_owned(), start, line.to_owned()));
    }

    /// Makes the next call of the operation (`CreateFlowLogs`) go wrong; said
    /// twice, the next two.
    pub fn fail(&self, operation: &'static str, fault: Fault) {
        self.state()
            .faults
            .entry(operation)
            .or_default()
            .push_back(fault);
    }

    /// Forgets the faults that have not come yet.
    pub fn fail_no_more(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.fault_at = None;
    }

    /// Makes the call of that number, from 0, go wrong, whatever it is.
    pub fn fail_call(&self, number: usize, fault: Fault) {
        self.state().fault_at = Some((number, fault));
    }

    /// The flow logs that are on.
    pub fn flow_logs(&self) -> Vec<(FlowLogId, NewFlowLog)> {
        let state = self.state();
        state
            .flow_logs
            .iter()
            .map(|(id, new)| (id.clone(), new.clone()))
            .collect()
    }

    /// The claim of a gateway.
    pub fn item(&self, gateway: &GatewayId) -> Option<Item> {
        self.state().items.get(gateway).cloned()
    }

    /// Puts an execution there, or ends it.
    pub fn set_execution(&self, name: &str, state: ExecutionState) {
        self.state().executions.insert(name.to_owned(), state);
    }

    /// What became of an execution.
    pub fn execution(&self, name: &str) -> Option<ExecutionState> {
        self.state().executions.get(name).copied()
    }

    /// Names and inputs of executions that were started.
    pub fn started(&self) -> Vec<(String, String)> {
        self.state().started.clone()
    }

    /// URLs and bodies of answers to CloudFormation.
    pub fn responses(&self) -> Vec<(String, String)> {
        self.state().responses.clone()
    }

    /// Tokens that were woken, with what.
    pub fn woken(&self) -> Vec<(String, String)> {
        self.state().woken.clone()
    }

    /// Subjects and bodies of the mails.
    pub fn mails(&self) -> Vec<(String, String)> {
        self.state().mails.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the call, unless it is to go wrong.
    async fn call<T>(
        &self,
        service: &'static str,
        operation: &'static str,
        work: impl FnOnce(&mut State) -> Result<T, FaultKind> + Send,
    ) -> Result<T, PortError> {
        if self.pauses.load(Relaxed) {
            Pause(false).await;
        }
        let mut state = self.state();
        state.calls.push(operation);
        let number = state.calls.len() - 1;
        let fault = match state.fault_at {
            Some((at, fault)) if at == number => Some(fault),
            _ => state
                .faults
                .get_mut(operation)
                .and_then(VecDeque::pop_front),
        };
        let answer = match fault {
            Some(Fault::Fails(kind)) => Err(kind),
            Some(Fault::AnswerLost) => work(&mut state).and(Err(FaultKind::Unavailable)),
            None => work(&mut state),
        };
        answer.map_err(|kind| PortError {
            service,
            operation,
            kind,
            source: format!("{} in memory", kind.name()).into(),
        })
    }
}

impl Gateways for Memory {
    async fn gateway(&self, id: &GatewayId) -> Result<Option<NatGateway>, PortError> {
        self.call("ec2", "DescribeNatGateways", |state| {
            Ok(state.gateways.get(id).cloned())
        })
        .await
    }
}

impl Metrics for Memory {
    async fn of_gateway(
        &self,
        _gateway: &GatewayId,
        _zones: &[String],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<Vec<Metric>, PortError> {
        self.call("cloudwatch", "GetMetricData", |state| {
            let mut metrics = state.metrics.clone();
            for metric in &mut metrics {
                let is_in = |start: u64| (from.0..to.0).contains(&start);
                metric.points.retain(|(start, _)| is_in(*start));
            }
            Ok(metrics)
        })
        .await
    }

    async fn history(
        &self,
        _gateway: &GatewayId,
        _zones: &[String],
        _from: EpochSeconds,
        _to: EpochSeconds,
    ) -> Result<Vec<Metric>, PortError> {
        self.call("cloudwatch", "GetMetricData", |state| {
            Ok(state.history.clone())
        })
        .await
    }

    async fn carried(
        &self,
        _vpc: &str,
        _endpoints: &[Endpoint],
        _from: EpochSeconds,
        _to: EpochSeconds,
    ) -> Result<Vec<Carried>, PortError> {
        self.call("cloudwatch", "GetMetricData", |state| {
            Ok(state.carried.clone())
        })
        .await
    }

    async fn delivered(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<u64, PortError> {
        self.call("cloudwatch", "GetMetricData", |state| {
            let is_in = |(group, start, _): &&(String, EpochSeconds, String)| {
                group == log_group && (from..to).contains(start)
            };
            let events = state.events.iter().filter(is_in);
            let bytes: u64 = events.map(|(_, _, line)| line.len() as u64).sum();
            Ok(bytes + state.delivered)
        })
        .await
    }
}

impl PriceList for Memory {
    async fn products(&self, _queries: &[ListQuery]) -> Result<Vec<String>, PortError> {
        self.call("pricing", "GetProducts", |state| Ok(state.products.clone()))
            .await
    }
}

impl Shelf for Memory {
    async fn put(
        &self,
        key: &str,
        _content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<String, PortError> {
        self.call("s3", "PutObject", |state| {
            state.objects.insert(key.to_owned(), body);
            Ok("natspike-recordings".to_owned())
        })
        .await
    }

    async fn get(&self, key: &str) -> Result<Vec<u8>, PortError> {
        self.call("s3", "GetObject", |state| {
            state.objects.get(key).cloned().ok_or(FaultKind::NotFound)
        })
        .await
    }
}

impl FlowLogs for Memory {
    async fn create(&self, new: &NewFlowLog) -> Result<FlowLogId, PortError> {
        self.call("ec2", "CreateFlowLogs", |state| {
            let same = |other: &NewFlowLog| {
                other.watched == new.watched && other.log_group == new.log_group
            };
            if let Some((id, _)) = state
                .flow_logs
                .iter()
                .find(|(_, other)| other.client_token == new.client_token)
            {
                return Ok(id.clone());
            }
            if state.flow_logs.values().any(same) {
                return Err(FaultKind::Conflict);
            }
            state.created += 1;
            let id = FlowLogId(format!("fl-{:017x}", state.created));
            state.flow_logs.insert(id.clone(), new.clone());
            Ok(id)
        })
        .await
    }

    async fn owned(&self, owner: &Owner) -> Result<Vec<FlowLogId>, PortError> {
        self.call("ec2", "DescribeFlowLogs", |state| {
            let has = |new: &NewFlowLog, key, value: &String| {
                new.tags.iter().any(|(k, v)| *k == key && v == value)
            };
            Ok(state
                .flow_logs
                .iter()
                .filter(|(_, new)| has(new, TAG_STACK, &owner.stack))
                .filter(|(_, new)| has(new, TAG_EXECUTION, &owner.execution))
                .map(|(id, _)| id.clone())
                .collect())
        })
        .await
    }

    async fn on(&self, watched: &Watched, log_group: &str) -> Result<Vec<FoundFlowLog>, PortError> {
        self.call("ec2", "DescribeFlowLogs", |state| {
            let is_it = |new: &NewFlowLog| new.watched == *watched && new.log_group == log_group;
            Ok(state.found(is_it))
        })
        .await
    }

    async fn covering(
        &self,
        resources: &[String],
        log_group: &str,
    ) -> Result<Vec<FoundFlowLog>, PortError> {
        self.call("ec2", "DescribeFlowLogs", |state| {
            let is_it = |new: &NewFlowLog| {
                let watched = match &new.watched {
                    Watched::Interface(id) => &id.0,
                    Watched::RegionalGateway(id) => &id.0,
                };
                resources.contains(watched) && new.log_group == log_group
            };
            Ok(state.found(is_it))
        })
        .await
    }

    async fn of_stack(&self, stack: &str) -> Result<Vec<FoundFlowLog>, PortError> {
        self.call("ec2", "DescribeFlowLogs", |state| {
            let tag = (TAG_STACK, stack.to_owned());
            Ok(state.found(|new| new.tags.contains(&tag)))
        })
        .await
    }

    async fn delete(&self, ids: &[FlowLogId]) -> Result<(), PortError> {
        self.call("ec2", "DeleteFlowLogs", |state| {
            ids.iter().for_each(|id| {
                state.flow_logs.remove(id);
            });
            Ok(())
        })
        .await
    }
}

impl State {
    /// Pushes the records and gives their bytes.
    fn push(
        &self,
        log_group: &str,
        window: Range<EpochSeconds>,
        word: Option<&str>,
        table: &mut FlowTable,
    ) -> Result<u64, FaultKind> {
        let mut bytes = 0;
        for (group, start, line) in &self.events {
            let has_word = word.is_none_or(|word| line.split(' ').any(|text| text == word));
            if group == log_group && window.contains(start) && has_word {
                table
                    .push(format!("{line}\n").as_bytes())
                    .map_err(|_| FaultKind::Invalid)?;
                bytes += line.len() as u64;
            }
        }
        Ok(bytes)
    }

    fn found(&self, is_it: impl Fn(&NewFlowLog) -> bool) -> Vec<FoundFlowLog> {
        let found = self.flow_logs.iter().filter(|(_, new)| is_it(new));
        found
            .map(|(id, new)| FoundFlowLog {
                id: id.clone(),
                log_format: new.log_format.to_owned(),
                tags: new
                    .tags
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect(),
            })
            .collect()
    }
}

impl Executions for Memory {
    async fn start(&self, name: &str, input: &str) -> Result<(), PortError> {
        self.call("states", "StartExecution", |state| {
            if !state.executions.contains_key(name) {
                state
                    .executions
                    .insert(name.to_owned(), ExecutionState::Running);
                state.started.push((name.to_owned(), input.to_owned()));
            }
            Ok(())
        })
        .await
    }

    async fn state_of(&self, name: &str) -> Result<ExecutionState, PortError> {
        self.call("states", "DescribeExecution", |state| {
            let known = state.executions.get(name);
            Ok(known.copied().unwrap_or(ExecutionState::Unknown))
        })
        .await
    }

    async fn running(&self) -> Result<Vec<String>, PortError> {
        self.call("states", "ListExecutions", |state| {
            let running =
                |(_, state): &(&String, &ExecutionState)| **state == ExecutionState::Running;
            let names = state.executions.iter().filter(running);
            Ok(names.map(|(name, _)| name.clone()).collect())
        })
        .await
    }

    async fn stop(&self, name: &str, _cause: &str) -> Result<(), PortError> {
        self.call("states", "StopExecution", |state| {
            if let Some(known) = state.executions.get_mut(name)
                && *known == ExecutionState::Running
            {
                *known = ExecutionState::Aborted;
            }
            Ok(())
        })
        .await
    }

    async fn wake(&self, token: &str, output: &str) -> Result<(), PortError> {
        self.call("states", "SendTaskSuccess", |state| {
            if !state.woken.iter().any(|(woken, _)| woken == token) {
                state.woken.push((token.to_owned(), output.to_owned()));
            }
            Ok(())
        })
        .await
    }
}

impl Records for Memory {
    async fn read(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
        word: Option<&str>,
        table: &mut FlowTable,
    ) -> Result<u64, PortError> {
        self.call("logs", "FilterLogEvents", |state| {
            state.push(log_group, from..to, word, table)
        })
        .await
    }
}

impl Queries for Memory {
    async fn sum(
        &self,
        log_group: &str,
        window: Range<EpochSeconds>,
        word: Option<&str>,
        layout: &Layout,
        _own: &[IpAddr],
    ) -> Result<Summed, PortError> {
        self.call("logs", "StartQuery", |state| {
            let mut table = FlowTable::with_layout(layout.clone());
            let bytes = state.push(log_group, window, word, &mut table)?;
            table.end_source().map_err(|_| FaultKind::Invalid)?;
            Ok(Summed {
                records: table.counts().into(),
                table,
                bytes,
                beyond: 0,
            })
        })
        .await
    }
}

impl Topic for Memory {
    async fn publish(&self, subject: &str, body: &str) -> Result<String, PortError> {
        self.call("sns", "Publish", |state| {
            state.mails.push((subject.to_owned(), body.to_owned()));
            Ok(format!("message-{}", state.mails.len()))
        })
        .await
    }
}

impl Responses for Memory {
    async fn respond(&self, url: &str, body: &str) -> Result<(), PortError> {
        self.call("cloudformation", "Respond", |state| {
            state.responses.push((url.to_owned(), body.to_owned()));
            Ok(())
        })
        .await
    }
}
