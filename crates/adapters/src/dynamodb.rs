//! Amazon DynamoDB: who records which gateway.
//!
//! One item for a gateway, keyed by its id; every change is one conditional
//! UpdateItem, so two executions can never both win.
//!
//! | attribute | meaning |
//! |---|---|
//! | `gateway` | key |
//! | `execution` | who has the gateway; absent when it is free |
//! | `lease_expires` | Unix seconds after which the claim is void |
//! | `generation`, `recordings` | count claims and recordings |
//! | `alarmed`, `cleared` | when the alarm last went off and cleared, Unix milliseconds |
//! | `by_hand` | the execution was begun by hand: no alarm ends it |
//! | `stopping` | when somebody stopped its recording, Unix seconds |
//! | `token` | what wakes the execution |
//! | `confirmed` | the execution's recording was counted |
//! | `flow_log` | its flow log, if that is ours |
//! | `swept` | when a sweep began to close the claim, Unix seconds |
//! | `told` | a sweep has mailed what became of the recording |
//! | `retired` | of the item `stack`: the stack is being deleted |
//! | `stopped`, `stopped_by` | when the last recording ended, Unix seconds, and whose it was |
//! | `stopped_before`, `stopped_before_by` | the same of the one before it |

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use recorder::port::{AlarmState, Bid, Bidding, Claims, Held, Over, Released, Stopping};
use recorder::{EpochMillis, EpochSeconds, FaultKind, FlowLogId, GatewayId, PortError};
use std::collections::HashMap;

const SERVICE: &str = "dynamodb";
/// The key of what is remembered of the stack itself; no gateway's id.
const STACK: &str = "stack";
const UPDATE: &str = "UpdateItem";

/// The table of claims.
pub struct Table {
    client: Client,
    name: String,
}

type Item = HashMap<String, AttributeValue>;

impl Table {
    /// The table of that name.
    pub fn new(config: &SdkConfig, name: String) -> Table {
        Table {
            client: Client::new(config),
            name,
        }
    }

    /// An update on a condition, if there is one. Names of attributes stand in
    /// both as `#name`, because many are words of DynamoDB's own.
    fn update(
        &self,
        gateway: &GatewayId,
        expression: &str,
        condition: Option<String>,
    ) -> UpdateItemFluentBuilder {
        let both = format!("{expression} {}", condition.as_deref().unwrap_or_default());
        let names = both.split('#').skip(1).map(|rest| {
            let is_outside = |letter: char| !letter.is_ascii_lowercase() && letter != '_';
            let name = rest.split(is_outside).next().unwrap_or_default();
            (format!("#{name}"), name.to_owned())
        });
        self.client
            .update_item()
            .table_name(&self.name)
            .key("gateway", text(&gateway.0))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(Some(names.collect()))
            .return_values(ReturnValue::AllNew)
    }

    async fn item(&self, gateway: &GatewayId) -> Result<Item, PortError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("gateway", text(&gateway.0))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error(SERVICE, "GetItem", error))?;
        Ok(answer.item.unwrap_or_default())
    }
}

/// How often a gateway has been recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The gateway.
    pub gateway: GatewayId,
    /// Its recordings since the last reset.
    pub recordings: u64,
    /// The execution that records it now.
    pub execution: Option<String>,
}

impl Table {
    /// Every gateway that was ever claimed, by its id.
    pub async fn quotas(&self) -> Result<Vec<Quota>, PortError> {
        let items = self.scan().await?;
        let mut quotas: Vec<Quota> = items
            .iter()
            .filter_map(|item| {
                let gateway = read_text(item, "gateway").filter(|id| id.starts_with("nat-"))?;
                Some(Quota {
                    gateway: GatewayId::from(gateway),
                    recordings: read_number(item, "recordings").unwrap_or(0),
                    execution: read_text(item, "execution").map(str::to_owned),
                })
            })
            .collect();
        quotas.sort_by(|one, other| one.gateway.cmp(&other.gateway));
        Ok(quotas)
    }

    /// Counts the gateway's recordings from 0 again; Conflict where it was never
    /// recorded. A recording under way is not counted twice and not disturbed.
    pub async fn reset_quota(&self, gateway: &GatewayId) -> Result<(), PortError> {
        let update = self
            .update(
                gateway,
                "SET #recordings = :zero",
                Some("attribute_exists(#recordings)".to_owned()),
            )
            .expression_attribute_values(":zero", number(0));
        send(update).await.map(|_| ())
    }

    async fn scan(&self) -> Result<Vec<Item>, PortError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let answer = self
                .client
                .scan()
                .table_name(&self.name)
                .consistent_read(true)
                .set_exclusive_start_key(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "Scan", error))?;
            all.extend(answer.items.unwrap_or_default());
            next = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

async fn send(update: UpdateItemFluentBuilder) -> Result<Item, PortError> {
    let answer = update
        .send()
        .await
        .map_err(|error| port_error(SERVICE, UPDATE, error))?;
    Ok(answer.attributes.unwrap_or_default())
}

/// The condition under which a gateway can be claimed.
const FREE: &str = "(attribute_not_exists(#execution) OR #lease_expires < :now) AND \
     (:limit = :zero OR attribute_not_exists(#recordings) OR #recordings < :limit)";
/// What is known of a claim and goes with it.
const OF_CLAIM: &str = "#token, #flow_log, #confirmed, #swept, #told";
/// How often a claim is tried again that others changed in the meantime.
const TRIES: u32 = 5;

impl Table {
    /// Claims the gateway on the condition that it is free; with `alarmed`, also
    /// on the condition that the alarm did not go off later.
    async fn claim(&self, bid: &Bid, with_alarmed: bool) -> Result<Item, PortError> {
        let alarmed = bid.alarmed.filter(|_| with_alarmed);
        let (set, condition) = match alarmed {
            Some(_) => (
                ", #alarmed = :alarmed",
                " AND (attribute_not_exists(#alarmed) OR #alarmed <= :alarmed)",
            ),
            None => ("", ""),
        };
        let (by_hand, remove) = match bid.alarmed {
            Some(_) => ("", ", #by_hand"),
            None => (", #by_hand = :yes", ""),
        };
        let expression = format!(
            "SET #execution = :execution, #lease_expires = :lease{set}{by_hand} \
             ADD #generation :one REMOVE {OF_CLAIM}, #stopping{remove}"
        );
        let mut update = self
            .update(
                &bid.gateway,
                &expression,
                Some(format!("{FREE}{condition}")),
            )
            .expression_attribute_values(":execution", text(&bid.execution))
            .expression_attribute_values(":lease", number(bid.lease_expires.0))
            .expression_attribute_values(":now", number(bid.now.0))
            .expression_attribute_values(":limit", number(bid.limit))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1));
        if let Some(alarmed) = alarmed {
            update = update.expression_attribute_values(":alarmed", number(alarmed.0));
        }
        if bid.alarmed.is_none() {
            update = update.expression_attribute_values(":yes", AttributeValue::Bool(true));
        }
        send(update).await
    }

    /// Remembers the moment under that name, if no later one is known. Gives
    /// the item where it changed.
    async fn remember(
        &self,
        gateway: &GatewayId,
        name: &str,
        moment: EpochMillis,
    ) -> Result<Option<Item>, PortError> {
        let condition = format!("attribute_not_exists(#{name}) OR #{name} <= :moment");
        let update = self
            .update(gateway, &format!("SET #{name} = :moment"), Some(condition))
            .expression_attribute_values(":moment", number(moment.0));
        unless_conflict(send(update).await)
    }

    /// An update on the condition that the claim is the execution's.
    fn update_own(
        &self,
        gateway: &GatewayId,
        execution: &str,
        expression: &str,
        more: &str,
    ) -> UpdateItemFluentBuilder {
        let condition = format!("#execution = :execution{more}");
        self.update(gateway, expression, Some(condition))
            .expression_attribute_values(":execution", text(execution))
    }
}

impl Claims for Table {
    async fn bid(&self, bid: &Bid) -> Result<Bidding, PortError> {
        let won = |item: &Item| Bidding::Won {
            generation: read_number(item, "generation").unwrap_or(0),
            recording: read_number(item, "recordings").unwrap_or(0)
                + u64::from(!item.contains_key("confirmed")),
            previous_stop: read_number(item, "stopped").map(EpochSeconds),
        };
        let mut with_alarmed = true;
        let mut tries = TRIES;
        loop {
            let error = match self.claim(bid, with_alarmed).await {
                Ok(item) => return Ok(won(&item)),
                Err(error) if error.kind != FaultKind::Conflict => return Err(error),
                Err(error) => error,
            };
            let item = self.item(&bid.gateway).await?;
            let lapsed = read_number(&item, "lease_expires").is_none_or(|at| at < bid.now.0);
            match read_text(&item, "execution") {
                Some(execution) if execution == bid.execution => return Ok(won(&item)),
                Some(_) if !lapsed => {
                    if let Some(alarmed) = bid.alarmed {
                        self.remember(&bid.gateway, "alarmed", alarmed).await?;
                    }
                    return Ok(Bidding::Held);
                }
                _ => {}
            }
            let recordings = read_number(&item, "recordings").unwrap_or(0);
            if bid.limit != 0 && recordings >= bid.limit {
                return Ok(Bidding::Spent);
            }
            // It is free: the alarm went off later, too, or it has just become so.
            let known = read_number(&item, "alarmed");
            with_alarmed = known.is_none_or(|at| bid.alarmed.is_some_and(|own| at <= own.0));
            tries -= 1;
            if tries == 0 {
                return Err(PortError {
                    kind: FaultKind::Unavailable,
                    ..error
                });
            }
        }
    }

    async fn confirm(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        flow_log: Option<&FlowLogId>,
    ) -> Result<(), PortError> {
        let set = match flow_log {
            Some(_) => "SET #confirmed = :yes, #flow_log = :flow_log ADD #recordings :one",
            None => "SET #confirmed = :yes ADD #recordings :one",
        };
        let mut update = self
            .update_own(
                gateway,
                execution,
                set,
                " AND #generation = :generation AND attribute_not_exists(#confirmed)",
            )
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":generation", number(generation))
            .expression_attribute_values(":one", number(1));
        if let Some(flow_log) = flow_log {
            update = update.expression_attribute_values(":flow_log", text(&flow_log.0));
        }
        let error = match send(update).await {
            Err(error) if error.kind == FaultKind::Conflict => error,
            confirmed => return confirmed.map(|_| ()),
        };
        // An earlier attempt may have counted it and never got the answer.
        let item = self.item(gateway).await?;
        let is_ours = read_text(&item, "execution") == Some(execution)
            && read_number(&item, "generation") == Some(generation)
            && item.contains_key("confirmed");
        if is_ours { Ok(()) } else { Err(error) }
    }

    async fn retire(&self, is_retired: bool) -> Result<(), PortError> {
        let update = self
            .update(&GatewayId::from(STACK), "SET #retired = :retired", None)
            .expression_attribute_values(":retired", AttributeValue::Bool(is_retired));
        send(update).await.map(|_| ())
    }

    async fn is_retired(&self) -> Result<bool, PortError> {
        let item = self.item(&GatewayId::from(STACK)).await?;
        let retired = item.get("retired").and_then(|value| value.as_bool().ok());
        Ok(retired.copied().unwrap_or(false))
    }

    async fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> Result<Option<Over>, PortError> {
        let update = self
            .update_own(
                gateway,
                execution,
                "SET #token = :token",
                " AND #generation = :generation",
            )
            .expression_attribute_values(":token", text(token))
            .expression_attribute_values(":generation", number(generation));
        let item = send(update).await?;
        let stopped = read_number(&item, "stopping").map(EpochSeconds);
        let is_cleared = is_cleared(&item);
        let cleared = alarm(&item).cleared.filter(|_| is_cleared);
        Ok(stopped.map(Over::Stopped).or(cleared.map(Over::Cleared)))
    }

    async fn store_stop(
        &self,
        gateway: &GatewayId,
        execution: &str,
        at: EpochSeconds,
    ) -> Result<Stopping, PortError> {
        let update = self
            .update_own(
                gateway,
                execution,
                "SET #stopping = if_not_exists(#stopping, :at)",
                "",
            )
            .expression_attribute_values(":at", number(at.0));
        if let Some(item) = unless_conflict(send(update).await)? {
            let token = read_text(&item, "token").map(str::to_owned);
            return Ok(token.map_or(Stopping::Noted, Stopping::Waits));
        }
        let item = self.item(gateway).await?;
        let is_over = ["stopped_by", "stopped_before_by"]
            .into_iter()
            .any(|by| read_text(&item, by) == Some(execution));
        Ok(match is_over {
            true => Stopping::Over,
            false => Stopping::NotHeld,
        })
    }

    async fn store_clearance(
        &self,
        gateway: &GatewayId,
        cleared: EpochMillis,
    ) -> Result<Option<String>, PortError> {
        // One that comes late says nothing about the alarm as it is now.
        let Some(item) = self.remember(gateway, "cleared", cleared).await? else {
            return Ok(None);
        };
        Ok(read_text(&item, "token")
            .filter(|_| is_cleared(&item))
            .map(str::to_owned))
    }

    async fn flow_log_of(
        &self,
        gateway: &GatewayId,
        execution: &str,
    ) -> Result<Option<FlowLogId>, PortError> {
        let item = self.item(gateway).await?;
        let is_its = read_text(&item, "execution") == Some(execution);
        let flow_log = read_text(&item, "flow_log").filter(|_| is_its);
        Ok(flow_log.map(FlowLogId::from))
    }

    async fn alarm_state(&self, gateway: &GatewayId) -> Result<AlarmState, PortError> {
        Ok(alarm(&self.item(gateway).await?))
    }

    async fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        stopped: EpochSeconds,
    ) -> Result<Option<Released>, PortError> {
        let expression = format!(
            "SET #stopped = :stopped, #stopped_by = :execution, \
             #stopped_before = if_not_exists(#stopped, :stopped), \
             #stopped_before_by = if_not_exists(#stopped_by, :nobody) \
             REMOVE #execution, #lease_expires, #by_hand, {OF_CLAIM}"
        );
        let update = self
            .update_own(gateway, execution, &expression, "")
            .expression_attribute_values(":nobody", text("-"))
            .expression_attribute_values(":stopped", number(stopped.0));
        let item = match unless_conflict(send(update).await)? {
            Some(item) => item,
            // Given up before, or somebody else's since its lease lapsed.
            None => self.item(gateway).await?,
        };
        let own = [
            ("stopped", "stopped_by"),
            ("stopped_before", "stopped_before_by"),
        ]
        .into_iter()
        .find(|(_, by)| read_text(&item, by) == Some(execution));
        let stopped = own.and_then(|(stopped, _)| read_number(&item, stopped));
        Ok(stopped.map(|stopped| Released {
            stopped: EpochSeconds(stopped),
            alarm: alarm(&item),
            was_stopped: item.contains_key("stopping"),
        }))
    }

    async fn held(&self) -> Result<Vec<Held>, PortError> {
        let items = self.scan().await?;
        let held = items.iter().filter_map(|item| {
            Some(Held {
                gateway: GatewayId::from(read_text(item, "gateway")?),
                execution: read_text(item, "execution")?.to_owned(),
                lease_expires: EpochSeconds(read_number(item, "lease_expires").unwrap_or(0)),
                flow_log: read_text(item, "flow_log").map(FlowLogId::from),
                token: read_text(item, "token").map(str::to_owned),
                told: item.contains_key("told"),
            })
        });
        Ok(held.collect())
    }

    async fn seize(
        &self,
        gateway: &GatewayId,
        execution: &str,
        now: EpochSeconds,
        seconds: u64,
    ) -> Result<bool, PortError> {
        let update = self
            .update_own(
                gateway,
                execution,
                "SET #swept = :now",
                " AND (attribute_not_exists(#swept) OR #swept < :before)",
            )
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":before", number(now.minus(seconds).0));
        Ok(unless_conflict(send(update).await)?.is_some())
    }

    async fn mark_told(&self, gateway: &GatewayId, execution: &str) -> Result<(), PortError> {
        let update = self
            .update_own(gateway, execution, "SET #told = :yes", "")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        unless_conflict(send(update).await).map(|_| ())
    }
}

/// `None` where the condition did not hold.
fn unless_conflict(done: Result<Item, PortError>) -> Result<Option<Item>, PortError> {
    match done {
        Err(error) if error.kind == FaultKind::Conflict => Ok(None),
        done => done.map(Some),
    }
}

fn alarm(item: &Item) -> AlarmState {
    AlarmState {
        alarmed: EpochMillis(read_number(item, "alarmed").unwrap_or(0)),
        cleared: read_number(item, "cleared").map(EpochMillis),
    }
}

/// Whether there is no alarm any more that the execution waits for; one that was
/// begun by hand waits for none.
fn is_cleared(item: &Item) -> bool {
    !item.contains_key("by_hand") && !alarm(item).is_on()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn read_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn read_number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
