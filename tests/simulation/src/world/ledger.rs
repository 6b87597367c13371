//! What was seen in a run, for the invariants to judge.

use super::traffic::{Record, Traffic};
use super::{FOREIGN, GATEWAY};
use crate::asl::Ended;
use crate::lambdas::Letter;
use recorder::GatewayId;
use recorder::memory::{Fault, Item, Memory};

/// As often as anything is ever called.
pub(super) const FOR_EVER: usize = 300;

/// How a call went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed, or its answer was lost.
    Answer(Fault),
    /// It was done, but the Lambda hung until its time was over.
    Hang,
    /// Step Functions lost the Lambda, which went on all the same.
    Stray,
}

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    /// The operation.
    pub operation: &'static str,
    /// How.
    pub kind: Kind,
    /// Whether every later call of the operation goes wrong too.
    pub is_lasting: bool,
    /// Whose call it was; none for a fault of the scenario's own.
    pub lambda: Option<String>,
}

impl Struck {
    /// Whether something was done whose answer nobody heard.
    pub fn hides_what_was_done(&self) -> bool {
        !matches!(self.kind, Kind::Answer(Fault::Fails(_)))
    }
}

/// A flow log of ours that existed.
#[derive(Debug, Clone)]
pub struct SeenFlowLog {
    /// Its id.
    pub id: String,
    /// The execution that it is tagged with.
    pub execution: String,
    /// When it was created.
    pub created: u64,
    /// When it was deleted.
    pub deleted: Option<u64>,
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct SeenMail {
    /// When.
    pub at: u64,
    /// What it is; none if nobody knows such a mail.
    pub letter: Option<Letter>,
    /// The execution that it is about.
    pub execution: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
}

/// An execution.
#[derive(Debug, Clone, Default)]
pub struct SeenExecution {
    /// Its name.
    pub name: String,
    /// Whether somebody began it, and no alarm.
    pub is_by_hand: bool,
    /// Whether it ever held the gateway.
    pub held: bool,
    /// Whether its recording was ever noted in its claim.
    pub confirmed: bool,
    /// Whether somebody stopped it.
    pub was_stopped: bool,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Executions, in the order in which they began.
    pub executions: Vec<SeenExecution>,
    /// Flow logs of ours, in the order in which they were created.
    pub flow_logs: Vec<SeenFlowLog>,
    /// Mails.
    pub mails: Vec<SeenMail>,
    /// Faults.
    pub struck: Vec<Struck>,
    /// Events that were delivered: their number, from 0, and when.
    pub delivered: Vec<(usize, u64)>,
    /// When the Lambda that heard of an event had done its work.
    pub heard: Vec<(usize, u64)>,
    /// When somebody was told that the recording of an execution stops.
    pub stops: Vec<(String, u64)>,
    /// What must never happen in any workflow.
    pub broken: Vec<String>,
    /// Whether somebody deleted the stack.
    pub is_stack_deleted: bool,
    /// What CloudFormation was told.
    pub responses: Vec<String>,
    /// Every record that was made.
    pub records: Vec<Record>,
    /// The claim of the gateway in the end.
    pub item: Option<Item>,
    /// Whether somebody else's flow log is still there.
    pub foreign_is_there: bool,
    /// When it was over.
    pub end: u64,
}

impl Ledger {
    pub(super) fn finish(&mut self, memory: &Memory, now: u64, traffic: &Traffic) {
        self.item = memory.item(&GatewayId::from(GATEWAY));
        let flow_logs = memory.flow_logs();
        self.foreign_is_there = flow_logs.iter().any(|(id, _)| id.0 == FOREIGN);
        self.records.clone_from(&traffic.records);
        self.responses = memory
            .responses()
            .into_iter()
            .map(|(_, body)| body)
            .collect();
        self.end = now;
    }

    /// The execution of that name.
    pub fn execution(&self, name: &str) -> Option<&SeenExecution> {
        self.executions.iter().find(|seen| seen.name == name)
    }

    /// The mails about an execution.
    pub fn mails_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SeenMail> {
        self.mails
            .iter()
            .filter(move |mail| mail.execution.as_deref() == Some(name))
    }

    /// The flow logs that an execution made.
    pub fn flow_logs_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SeenFlowLog> {
        self.flow_logs
            .iter()
            .filter(move |seen| seen.execution == name)
    }

    /// Whether every later call of the operation goes wrong.
    pub fn is_lasting(&self, operation: &str) -> bool {
        self.struck
            .iter()
            .any(|struck| struck.is_lasting && struck.operation == operation)
    }
}
