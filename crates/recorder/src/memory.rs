//! The outside world in memory: every port, with state, and faults on demand.
//!
//! Behaves as AWS does where the steps depend on it: conditional writes are
//! atomic, the same flow log cannot be created twice, a token wakes once.
//!
//! **Invariants.** Holds no rule of ours: what a condition means is written
//! here a second time on purpose, so that a test compares two readings of it.

use crate::port::{
    Bid, Bidding, Claims, Executions, FlowLogs, Gateways, NatGateway, NewFlowLog, Owner, Records,
    Topic,
};
use crate::step::{TAG_EXECUTION, TAG_STACK};
use crate::{EpochMillis, EpochSeconds, FaultKind, FlowLogId, GatewayId, PortError};
use flowlog::FlowTable;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
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
    /// What wakes the execution.
    pub token: Option<String>,
}

#[derive(Default)]
struct State {
    gateways: BTreeMap<GatewayId, NatGateway>,
    flow_logs: BTreeMap<FlowLogId, NewFlowLog>,
    created: u64,
    items: BTreeMap<GatewayId, Item>,
    woken: Vec<(String, String)>,
    events: Vec<(String, EpochSeconds, String)>,
    mails: Vec<(String, String)>,
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

impl Claims for Memory {
    async fn bid(&self, bid: &Bid) -> Result<Bidding, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(bid.gateway.clone()).or_default();
            let won = |item: &Item| Bidding::Won {
                generation: item.generation,
                recording: item.recordings,
            };
            if item.execution.as_ref() == Some(&bid.execution) {
                return Ok(won(item));
            }
            if item.execution.is_some() && item.lease_expires >= bid.now {
                return Ok(Bidding::Held);
            }
            if bid.limit != 0 && item.recordings >= bid.limit {
                return Ok(Bidding::Spent);
            }
            item.execution = Some(bid.execution.clone());
            item.lease_expires = bid.lease_expires;
            item.alarmed = bid.alarmed;
            item.token = None;
            item.generation += 1;
            item.recordings += 1;
            Ok(won(item))
        })
        .await
    }

    async fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> Result<Option<EpochMillis>, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if item.execution.as_deref() != Some(execution) || item.generation != generation {
                return Err(FaultKind::Conflict);
            }
            item.token = Some(token.to_owned());
            Ok(item.cleared.filter(|cleared| *cleared > item.alarmed))
        })
        .await
    }

    async fn store_clearance(
        &self,
        gateway: &GatewayId,
        cleared: EpochMillis,
    ) -> Result<Option<String>, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            item.cleared = Some(cleared);
            Ok(item.token.clone().filter(|_| cleared > item.alarmed))
        })
        .await
    }

    async fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        refund: bool,
    ) -> Result<(), PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if item.execution.as_deref() == Some(execution) {
                item.execution = None;
                item.token = None;
                item.recordings -= u64::from(refund);
            }
            Ok(())
        })
        .await
    }
}

impl Executions for Memory {
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
        table: &mut FlowTable,
    ) -> Result<(), PortError> {
        self.call("logs", "FilterLogEvents", |state| {
            for (group, start, line) in &state.events {
                if group == log_group && (from..=to).contains(start) {
                    table
                        .push(format!("{line}\n").as_bytes())
                        .map_err(|_| FaultKind::Invalid)?;
                }
            }
            Ok(())
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
