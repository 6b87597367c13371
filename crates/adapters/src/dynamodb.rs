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
//! | `alarmed`, `cleared` | when the alarm went off and cleared, Unix milliseconds |
//! | `token` | what wakes the execution |

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use recorder::port::{Bid, Bidding, Claims};
use recorder::{EpochMillis, FaultKind, GatewayId, PortError};
use std::collections::HashMap;

const SERVICE: &str = "dynamodb";
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

    fn update(&self, gateway: &GatewayId, expression: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("gateway", text(&gateway.0))
            .update_expression(expression)
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

async fn send(update: UpdateItemFluentBuilder) -> Result<Item, PortError> {
    let answer = update
        .send()
        .await
        .map_err(|error| port_error(SERVICE, UPDATE, error))?;
    Ok(answer.attributes.unwrap_or_default())
}

impl Claims for Table {
    async fn bid(&self, bid: &Bid) -> Result<Bidding, PortError> {
        let free = "(attribute_not_exists(#execution) OR #lease < :now)";
        let unspent =
            "(:limit = :zero OR attribute_not_exists(#recordings) OR #recordings < :limit)";
        let update = self
            .update(
                &bid.gateway,
                "SET #execution = :execution, #lease = :lease, #alarmed = :alarmed \
                 ADD #generation :one, #recordings :one REMOVE #token",
            )
            .condition_expression(format!("{free} AND {unspent}"))
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#lease", "lease_expires")
            .expression_attribute_names("#alarmed", "alarmed")
            .expression_attribute_names("#generation", "generation")
            .expression_attribute_names("#recordings", "recordings")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":execution", text(&bid.execution))
            .expression_attribute_values(":lease", number(bid.lease_expires.0))
            .expression_attribute_values(":alarmed", number(bid.alarmed.0))
            .expression_attribute_values(":now", number(bid.now.0))
            .expression_attribute_values(":limit", number(bid.limit))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1));
        let won = |item: &Item| Bidding::Won {
            generation: read_number(item, "generation").unwrap_or(0),
            recording: read_number(item, "recordings").unwrap_or(0),
        };
        match send(update).await {
            Ok(item) => Ok(won(&item)),
            Err(error) if error.kind == FaultKind::Conflict => {
                let item = self.item(&bid.gateway).await?;
                let lapsed = read_number(&item, "lease_expires").is_none_or(|at| at < bid.now.0);
                Ok(match read_text(&item, "execution") {
                    Some(execution) if execution == bid.execution => won(&item),
                    Some(_) if !lapsed => Bidding::Held,
                    _ => Bidding::Spent,
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn store_token(
        &self,
        gateway: &GatewayId,
        execution: &str,
        generation: u64,
        token: &str,
    ) -> Result<Option<EpochMillis>, PortError> {
        let update = self
            .update(gateway, "SET #token = :token")
            .condition_expression("#execution = :execution AND #generation = :generation")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#generation", "generation")
            .expression_attribute_values(":token", text(token))
            .expression_attribute_values(":execution", text(execution))
            .expression_attribute_values(":generation", number(generation));
        let item = send(update).await?;
        let alarmed = read_number(&item, "alarmed");
        Ok(read_number(&item, "cleared")
            .filter(|cleared| alarmed.is_none_or(|alarmed| *cleared > alarmed))
            .map(EpochMillis))
    }

    async fn store_clearance(
        &self,
        gateway: &GatewayId,
        cleared: EpochMillis,
    ) -> Result<Option<String>, PortError> {
        let update = self
            .update(gateway, "SET #cleared = :cleared")
            .expression_attribute_names("#cleared", "cleared")
            .expression_attribute_values(":cleared", number(cleared.0));
        let item = send(update).await?;
        let alarmed = read_number(&item, "alarmed");
        Ok(read_text(&item, "token")
            .filter(|_| alarmed.is_none_or(|alarmed| cleared.0 > alarmed))
            .map(str::to_owned))
    }

    async fn release(
        &self,
        gateway: &GatewayId,
        execution: &str,
        refund: bool,
    ) -> Result<(), PortError> {
        let mut update = self
            .update(
                gateway,
                if refund {
                    "REMOVE #execution, #lease, #token ADD #recordings :refund"
                } else {
                    "REMOVE #execution, #lease, #token"
                },
            )
            .condition_expression("#execution = :execution")
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#lease", "lease_expires")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":execution", text(execution));
        if refund {
            update = update
                .expression_attribute_names("#recordings", "recordings")
                .expression_attribute_values(":refund", AttributeValue::N("-1".to_owned()));
        }
        match send(update).await {
            // Given up before, or somebody else's since its lease lapsed.
            Err(error) if error.kind == FaultKind::Conflict => Ok(()),
            released => released.map(|_| ()),
        }
    }
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
