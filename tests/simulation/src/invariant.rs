//! What must hold after every run that has gone quiet, whatever happened in it.
//!
//! **Invariants.** Judges only what was seen from outside (flow logs, mails,
//! the claim); never by scenario. What a fault excuses is said here, next to
//! the rule that it excuses.

use crate::asl::Ended;
use crate::lambdas::{Letter, processed};
use crate::scenario::{Foreign, Gateway, Operator, Scenario};
use crate::world::{BEGINNING, Ledger, SeenExecution, SeenMail};
use std::collections::BTreeSet;

/// A rule of the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The workflow itself never breaks.
    Sound,
    /// Every execution ends.
    Ends,
    /// No flow log of ours is left; one that cannot be deleted is told.
    NothingLeft,
    /// The gateway is free.
    Free,
    /// As many recordings are counted as there were, and no more than allowed.
    Quota,
    /// One mail for each recording, at most one for a claim that failed.
    OneMail,
    /// A mail says what is true.
    RightMail,
    /// Every record of a recording is in its report.
    NoneLost,
    /// No record is in two reports.
    NoneTwice,
    /// Somebody else's flow log is left alone.
    ForeignKept,
    /// A recording ends in time.
    InTime,
    /// An alarm is recorded, and so is what somebody begins by hand.
    Recorded,
    /// Nothing but somebody's stop ends early what began by hand.
    Undisturbed,
    /// What was told to stop stops, and nothing follows it.
    Stopped,
}

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What was there instead.
    pub what: String,
}

/// How much longer than its time a flow log may be on when all goes well.
const PROMPT: u64 = 180_000;
/// The same when something was retried.
const RETRIED: u64 = 900_000;

/// The rules that did not hold.
pub fn check(scenario: &Scenario, ledger: &Ledger) -> Vec<Violation> {
    let mut check = Check {
        scenario,
        ledger,
        violations: Vec::new(),
    };
    check.soundness();
    check.flow_logs();
    check.claim();
    check.mails();
    check.figures();
    check.times();
    check.stops();
    check.outcome_without_faults();
    check.violations
}

struct Check<'a> {
    scenario: &'a Scenario,
    ledger: &'a Ledger,
    violations: Vec<Violation>,
}

impl Check<'_> {
    fn violate(&mut self, rule: Rule, what: impl Into<String>) {
        let what = what.into();
        self.violations.push(Violation { rule, what });
    }

    fn soundness(&mut self) {
        for what in &self.ledger.broken {
            self.violate(Rule::Sound, what);
        }
        for seen in &self.ledger.executions {
            if seen.ended.is_none() && !self.is_gone() {
                self.violate(Rule::Ends, format!("{} never ends", seen.name));
            }
        }
        if !self.ledger.foreign_is_there {
            self.violate(Rule::ForeignKept, "somebody else's flow log is gone");
        }
    }

    /// Whether the stack is gone, with its workflow and its table.
    fn is_gone(&self) -> bool {
        let is_done = |body: &String| body.contains("SUCCESS");
        self.ledger.is_stack_deleted && self.ledger.responses.iter().any(is_done)
    }

    fn flow_logs(&mut self) {
        let ledger = self.ledger;
        for seen in ledger
            .flow_logs
            .iter()
            .filter(|seen| seen.deleted.is_none())
        {
            let what = format!("{} of {} is still on", seen.id, seen.execution);
            // CloudFormation was told so, or waits in vain, and keeps the stack.
            let is_told = ledger.is_stack_deleted
                && !ledger.responses.is_empty()
                && ledger.responses.iter().all(|body| body.contains("FAILED"));
            if is_told {
                continue;
            }
            if !ledger.is_lasting("DeleteFlowLogs") {
                self.violate(Rule::NothingLeft, what);
            } else if !ledger.is_lasting("Publish") {
                let letters: BTreeSet<Option<Letter>> = ledger
                    .mails_of(&seen.execution)
                    .map(|mail| mail.letter)
                    .collect();
                if letters != BTreeSet::from([Some(Letter::Leftover)]) {
                    self.violate(
                        Rule::NothingLeft,
                        format!("{what}, and the mails are {letters:?}"),
                    );
                }
            }
        }
    }

    fn claim(&mut self) {
        let ledger = self.ledger;
        if self.is_gone() {
            return;
        }
        let item = ledger.item.clone().unwrap_or_default();
        // Whoever cannot close a claim must let its lease run out.
        let needed = [
            "UpdateItem",
            "Scan",
            "DescribeFlowLogs",
            "DeleteFlowLogs",
            "DescribeExecution",
            "Publish",
        ];
        let is_hindered = needed.iter().any(|operation| ledger.is_lasting(operation));
        if let Some(execution) = &item.execution {
            let has_lapsed = item.lease_expires.0 * 1_000 < ledger.end;
            if !is_hindered || !has_lapsed {
                self.violate(Rule::Free, format!("{execution} still holds the gateway"));
            }
        }
        let limit = self.scenario.stack.num_of_recordings;
        // A flow log that was switched off again before it was noted in the claim
        // recorded for nobody, and counts for nobody.
        let confirmed = ledger
            .executions
            .iter()
            .filter(|seen| seen.confirmed)
            .count() as u64;
        if limit > 0 && item.recordings > limit {
            self.violate(
                Rule::Quota,
                format!("{} recordings counted, {limit} allowed", item.recordings),
            );
        }
        if item.recordings != confirmed {
            self.violate(
                Rule::Quota,
                format!("{confirmed} recordings, {} counted", item.recordings),
            );
        }
        for mail in &ledger.mails {
            let seen = mail
                .execution
                .as_deref()
                .and_then(|name| ledger.execution(name));
            if mail.letter == Some(Letter::Report) && !seen.is_some_and(|seen| seen.confirmed) {
                self.violate(Rule::Quota, "a recording was reported and not counted");
            }
        }
    }

    fn mails(&mut self) {
        let ledger = self.ledger;
        for mail in &ledger.mails {
            let is_known = mail
                .execution
                .as_deref()
                .is_some_and(|name| ledger.execution(name).is_some());
            if mail.letter.is_none() || !is_known {
                self.violate(
                    Rule::RightMail,
                    format!("nobody knows the mail {:?}", mail.subject),
                );
            }
        }
        for seen in &ledger.executions {
            self.mails_of(seen);
        }
    }

    fn mails_of(&mut self, seen: &SeenExecution) {
        let ledger = self.ledger;
        let mails: Vec<&SeenMail> = ledger.mails_of(&seen.name).collect();
        let letters: BTreeSet<Letter> = mails.iter().filter_map(|mail| mail.letter).collect();
        let has_failed = !matches!(seen.ended, Some(Ended::Succeeded(_)));
        let (least, most) = match (seen.held, has_failed) {
            (true, _) => (1, 1),
            (false, true) => (0, 1),
            (false, false) => (0, 0),
        };
        // Whose recording was broken off from outside is told by the sweep, which
        // needs the table; where that never answers, the dead-letter alarm tells.
        let is_mute =
            seen.was_stopped && (ledger.is_lasting("UpdateItem") || ledger.is_lasting("Scan"));
        let is_excepted = ledger.is_lasting("Publish") || ledger.is_stack_deleted || is_mute;
        let least = if is_excepted { 0 } else { least };
        // A mail whose answer was lost is sent again: better twice than never.
        let is_excused = letters.len() == 1
            && ledger.struck.iter().any(|struck| {
                let mails = ["AnalyzeRecording", "SweepRecordings", "sns:publish"];
                let by_mailer = struck
                    .lambda
                    .as_deref()
                    .is_some_and(|name| mails.contains(&name));
                struck.hides_what_was_done() && (by_mailer || struck.operation == "Publish")
            });
        // If every answer is lost, nobody can know that the mail has arrived.
        let is_deaf = ledger.struck.iter().any(|struck| {
            struck.is_lasting && struck.operation == "Publish" && struck.hides_what_was_done()
        });
        if is_deaf {
            return;
        }
        if mails.len() < least || mails.len() > most && !(is_excused && most > 0) {
            self.violate(
                Rule::OneMail,
                format!("{} got {} mails: {letters:?}", seen.name, mails.len()),
            );
        }
        let flow_logs: Vec<_> = ledger.flow_logs_of(&seen.name).collect();
        // Nobody can know: what is left cannot be listed, and none was noted, or
        // not yet when the sweep asked.
        let unknown = ledger.struck.iter().any(|struck| {
            let is_it = struck.operation == "DescribeFlowLogs";
            is_it && (!seen.confirmed || struck.is_lasting && seen.was_stopped)
        });
        let cannot_delete = ledger.is_lasting("DeleteFlowLogs") || unknown;
        if letters.contains(&Letter::Leftover) && !cannot_delete {
            self.violate(
                Rule::RightMail,
                format!("{} cries wolf: nothing is left behind", seen.name),
            );
        }
        if letters.contains(&Letter::NotBegun) && !flow_logs.is_empty() {
            self.violate(
                Rule::RightMail,
                format!("{} has begun, its mail says no", seen.name),
            );
        }
        if letters.contains(&Letter::Report) && has_failed && !seen.was_stopped && !is_excused {
            self.violate(
                Rule::RightMail,
                format!("{} has failed and has a report", seen.name),
            );
        }
    }

    fn figures(&mut self) {
        let ledger = self.ledger;
        let settle = self.scenario.stack.settle_delay * 1_000;
        for mail in &ledger.mails {
            let (Some(Letter::Report), Some(name)) = (mail.letter, &mail.execution) else {
                continue;
            };
            let mask = processed(&mail.body).unwrap_or(0);
            for record in &ledger.records {
                let is_in = mask >> record.bit & 1 == 1;
                let Some(flow_log) = ledger
                    .flow_logs
                    .iter()
                    .find(|seen| seen.id == record.flow_log)
                else {
                    continue;
                };
                let in_time = flow_log
                    .deleted
                    .is_some_and(|at| record.delivered <= at + settle);
                let since = (record.start.saturating_sub(BEGINNING)) / 1_000;
                if flow_log.execution == *name && in_time && !is_in {
                    self.violate(
                        Rule::NoneLost,
                        format!("the report of {name} lacks the record of second {since}"),
                    );
                }
                if flow_log.execution != *name && is_in {
                    self.violate(
                        Rule::NoneTwice,
                        format!(
                            "the report of {name} counts the record of second {since} of {}",
                            flow_log.execution
                        ),
                    );
                }
            }
        }
    }

    fn times(&mut self) {
        let ledger = self.ledger;
        let stack = &self.scenario.stack;
        if stack.recording_time == 0 || ledger.struck.iter().any(|struck| struck.is_lasting) {
            return;
        }
        let is_calm =
            ledger.struck.is_empty() && ledger.executions.iter().all(|seen| !seen.was_stopped);
        let slack = if is_calm { PROMPT } else { RETRIED };
        let most = (stack.recording_time + stack.record_after_clear) * 1_000 + slack;
        for seen in &ledger.flow_logs {
            let on = seen.deleted.unwrap_or(ledger.end) - seen.created;
            if on > most {
                self.violate(
                    Rule::InTime,
                    format!("{} was on for {} s", seen.id, on / 1_000),
                );
            }
        }
    }

    fn is_by_hand(&self, execution: &str) -> bool {
        let seen = self.ledger.execution(execution);
        seen.is_some_and(|seen| seen.is_by_hand)
    }

    /// Whoever was told that a recording stops was told the truth.
    fn stops(&mut self) {
        let ledger = self.ledger;
        if ledger.struck.iter().any(|struck| struck.is_lasting) || self.is_gone() {
            return;
        }
        let slack = if ledger.struck.is_empty() {
            PROMPT
        } else {
            RETRIED
        };
        let most = self.scenario.stack.record_after_clear * 1_000 + slack;
        for (execution, at) in &ledger.stops {
            for seen in ledger.flow_logs_of(execution) {
                let off = seen.deleted.unwrap_or(ledger.end);
                let late = off.saturating_sub(*at.max(&seen.created));
                if late > most {
                    let what = format!("{} was on for {} s after the stop", seen.id, late / 1_000);
                    self.violate(Rule::Stopped, what);
                }
            }
            let next = format!("{execution}-2");
            if ledger.struck.is_empty() && ledger.execution(&next).is_some() {
                self.violate(Rule::Stopped, format!("{next} follows what was stopped"));
            }
        }
    }

    /// What began by hand goes on for its time, whatever alarms do.
    fn undisturbed(&mut self) {
        let ledger = self.ledger;
        let stack = &self.scenario.stack;
        for seen in &ledger.flow_logs {
            let is_stopped = ledger.stops.iter().any(|(name, _)| *name == seen.execution);
            if !self.is_by_hand(&seen.execution) || is_stopped || stack.recording_limit > 0 {
                continue;
            }
            let on = seen.deleted.unwrap_or(ledger.end) - seen.created;
            if on < stack.recording_time * 1_000 {
                let what = format!("{} was on for {} s only", seen.id, on / 1_000);
                self.violate(Rule::Undisturbed, what);
            }
        }
    }

    fn outcome_without_faults(&mut self) {
        let ledger = self.ledger;
        let people = |event: &crate::scenario::Event| {
            matches!(
                event.operator,
                Some(Operator::StopsExecutions | Operator::DeletesStack)
            )
        };
        if !ledger.struck.is_empty()
            || self.scenario.gateway == Gateway::Absent
            || self.scenario.event.iter().any(people)
        {
            return;
        }
        self.undisturbed();
        let was_begun = ledger.executions.iter().any(|seen| seen.is_by_hand);
        if was_begun && ledger.flow_logs.is_empty() {
            self.violate(Rule::Recorded, "what somebody began was not recorded");
        }
        let alarm = |index: usize| self.scenario.event[index].alarm.as_deref();
        let was_raised = ledger
            .delivered
            .iter()
            .any(|(index, _)| alarm(*index) == Some("ALARM"));
        let uses_foreign = self.scenario.foreign == Foreign::InTheWay;
        if was_raised && ledger.flow_logs.is_empty() && !uses_foreign {
            self.violate(Rule::Recorded, "the alarm was not recorded");
        }
        for mail in &ledger.mails {
            if mail.letter != Some(Letter::Report) {
                self.violate(
                    Rule::Recorded,
                    format!("nothing went wrong, and the mail is {:?}", mail.subject),
                );
            }
        }
        // The last word of the alarm is that it is over: then so is recording.
        let events = self.scenario.event.iter().enumerate();
        let last = events
            .filter(|(_, event)| event.alarm.is_some())
            .max_by_key(|(_, event)| event.at.0);
        let Some((last, _)) = last.filter(|(index, _)| alarm(*index) != Some("ALARM")) else {
            return;
        };
        let heard = ledger
            .heard
            .iter()
            .filter(|(index, _)| *index == last)
            .map(|(_, at)| *at)
            .min();
        let Some(heard) = heard else { return };
        let linger = self.scenario.stack.record_after_clear * 1_000;
        for seen in &ledger.flow_logs {
            let off = seen.deleted.unwrap_or(ledger.end);
            if self.is_by_hand(&seen.execution) {
                continue;
            }
            if off > heard.max(seen.created) + linger + PROMPT {
                let late = (off - heard.max(seen.created)) / 1_000;
                self.violate(
                    Rule::InTime,
                    format!("{} was on for {late} s after the alarm cleared", seen.id),
                );
            }
        }
    }
}

/// What came of a run, compared with what the scenario expects.
pub fn expectation(scenario: &Scenario, ledger: &Ledger) -> Vec<String> {
    let expect = &scenario.expect;
    let mut differences = Vec::new();
    let letters: Vec<Letter> = ledger.mails.iter().filter_map(|mail| mail.letter).collect();
    if letters != expect.mails {
        differences.push(format!("mails {letters:?}, expected {:?}", expect.mails));
    }
    let counted = ledger.item.as_ref().map_or(0, |item| item.recordings);
    if counted != expect.recordings {
        differences.push(format!(
            "{counted} recordings, expected {}",
            expect.recordings
        ));
    }
    if let Some(spans) = &expect.on_for {
        let seconds = |millis: u64| millis / 1_000;
        let on: Vec<u64> = ledger
            .flow_logs
            .iter()
            .map(|seen| seconds(seen.deleted.unwrap_or(ledger.end) - seen.created))
            .collect();
        let expected: Vec<u64> = spans.iter().map(|span| seconds(span.0)).collect();
        if on != expected {
            differences.push(format!("on for {on:?} s, expected {expected:?}"));
        }
    }
    let body = ledger.mails.last().map_or("", |mail| mail.body.as_str());
    let plain = body.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in &expect.says {
        if !plain.contains(words.as_str()) {
            differences.push(format!("the mail does not say {words:?}:\n{body}"));
        }
    }
    differences
}
