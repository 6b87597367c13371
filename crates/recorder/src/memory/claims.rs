//! The claims in memory: what DynamoDB's conditional writes do.

use super::{Item, Memory};
use crate::port::{AlarmState, Bid, Bidding, Claims, Held, Over, Released, Stopping};
use crate::{EpochMillis, EpochSeconds, FaultKind, FlowLogId, GatewayId, PortError};

impl Claims for Memory {
    async fn bid(&self, bid: &Bid) -> Result<Bidding, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(bid.gateway.clone()).or_default();
            let won = |item: &Item| Bidding::Won {
                generation: item.generation,
                recording: item.recordings + u64::from(!item.confirmed),
                previous_stop: item.stops.first().map(|(stopped, _)| *stopped),
            };
            if item.is_of(&bid.execution) {
                return Ok(won(item));
            }
            item.alarmed = item.alarmed.max(bid.alarmed.unwrap_or_default());
            if item.execution.is_some() && item.lease_expires >= bid.now {
                return Ok(Bidding::Held);
            }
            if bid.limit != 0 && item.recordings >= bid.limit {
                return Ok(Bidding::Spent);
            }
            item.free();
            item.execution = Some(bid.execution.clone());
            (item.by_hand, item.stopping) = (bid.alarmed.is_none(), None);
            item.lease_expires = bid.lease_expires;
            item.generation += 1;
            Ok(won(item))
        })
        .await
    }

    async fn confirm(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        flow_log: Option<&FlowLogId>,
    ) -> Result<(), PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if !item.is_of(execution) || item.generation != generation {
                return Err(FaultKind::Conflict);
            }
            if !item.confirmed {
                item.confirmed = true;
                item.flow_log = flow_log.cloned();
                item.recordings += 1;
            }
            Ok(())
        })
        .await
    }

    async fn retire(&self, is_retired: bool) -> Result<(), PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            state.is_retired = is_retired;
            Ok(())
        })
        .await
    }

    async fn is_retired(&self) -> Result<bool, PortError> {
        self.call("dynamodb", "GetItem", |state| Ok(state.is_retired))
            .await
    }

    async fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> Result<Option<Over>, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if !item.is_of(execution) || item.generation != generation {
                return Err(FaultKind::Conflict);
            }
            item.token = Some(token.to_owned());
            let stopped = item.stopping.map(Over::Stopped);
            let is_cleared = !item.by_hand && !item.alarm().is_on();
            let cleared = item.cleared.filter(|_| is_cleared);
            Ok(stopped.or(cleared.map(Over::Cleared)))
        })
        .await
    }

    async fn store_stop(
        &self,
        gateway: &GatewayId,
        execution: &str,
        at: EpochSeconds,
    ) -> Result<Stopping, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if !item.is_of(execution) {
                let is_over = item.stops.iter().any(|(_, by)| by == execution);
                return Ok(match is_over {
                    true => Stopping::Over,
                    false => Stopping::NotHeld,
                });
            }
            item.stopping = item.stopping.or(Some(at));
            Ok(item.token.clone().map_or(Stopping::Noted, Stopping::Waits))
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
            item.cleared = item.cleared.max(Some(cleared));
            let is_over = !item.by_hand && !item.alarm().is_on();
            Ok(item.token.clone().filter(|_| is_over))
        })
        .await
    }

    async fn flow_log_of(
        &self,
        gateway: &GatewayId,
        execution: &str,
    ) -> Result<Option<FlowLogId>, PortError> {
        self.call("dynamodb", "GetItem", |state| {
            let item = state
                .items
                .get(gateway)
                .filter(|item| item.is_of(execution));
            Ok(item.and_then(|item| item.flow_log.clone()))
        })
        .await
    }

    async fn alarm_state(&self, gateway: &GatewayId) -> Result<AlarmState, PortError> {
        self.call("dynamodb", "GetItem", |state| {
            Ok(state
                .items
                .get(gateway)
                .map_or_else(AlarmState::default, Item::alarm))
        })
        .await
    }

    async fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        stopped: EpochSeconds,
    ) -> Result<Option<Released>, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            if item.is_of(execution) {
                item.free();
                item.stops.insert(0, (stopped, execution.to_owned()));
                item.stops.truncate(2);
            }
            let own = item.stops.iter().find(|(_, by)| by == execution);
            Ok(own.map(|(stopped, _)| Released {
                stopped: *stopped,
                alarm: item.alarm(),
                was_stopped: item.stopping.is_some(),
            }))
        })
        .await
    }

    async fn held(&self) -> Result<Vec<Held>, PortError> {
        self.call("dynamodb", "Scan", |state| {
            let held = |(gateway, item): (&GatewayId, &Item)| {
                Some(Held {
                    gateway: gateway.clone(),
                    execution: item.execution.clone()?,
                    lease_expires: item.lease_expires,
                    flow_log: item.flow_log.clone(),
                    token: item.token.clone(),
                    told: item.told,
                })
            };
            Ok(state.items.iter().filter_map(held).collect())
        })
        .await
    }

    async fn seize(
        &self,
        gateway: &GatewayId,
        execution: &str,
        now: EpochSeconds,
        seconds: u64,
    ) -> Result<bool, PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            let is_free = item.swept.is_none_or(|swept| swept.plus(seconds) < now);
            let is_ours = item.is_of(execution) && is_free;
            if is_ours {
                item.swept = Some(now);
            }
            Ok(is_ours)
        })
        .await
    }

    async fn mark_told(&self, gateway: &GatewayId, execution: &str) -> Result<(), PortError> {
        self.call("dynamodb", "UpdateItem", |state| {
            let item = state.items.entry(gateway.clone()).or_default();
            item.told |= item.is_of(execution);
            Ok(())
        })
        .await
    }
}
