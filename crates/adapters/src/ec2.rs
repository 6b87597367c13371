//! Amazon EC2: NAT gateways, flow logs and what surrounds them.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html>

mod discovery;
mod owners;
mod surroundings;

use crate::aws::{item_error, port_error};
use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AvailabilityMode, Filter, FlowLogsResourceType, LogDestinationType, NatGatewayAddress,
    ResourceType, Tag, TagSpecification, TrafficType, UnsuccessfulItem,
};
use recorder::port::{FlowLogs, FoundFlowLog, Gateways, NatGateway, NewFlowLog, Owner, Watched};
use recorder::step::{TAG_EXECUTION, TAG_STACK};
use recorder::{FaultKind, FlowLogId, GatewayId, InterfaceId, PortError};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const SERVICE: &str = "ec2";

/// The client.
pub struct Ec2(Client);

impl Ec2 {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> Ec2 {
        Ec2(Client::new(config))
    }

    /// The log formats of the flow logs that deliver to the log group, each
    /// once. Deleted flow logs are not among them.
    pub async fn log_formats(&self, log_group: &str) -> Result<Vec<String>, PortError> {
        let found = self.find(&[filter("log-group-name", log_group)]).await?;
        let formats = found.into_iter().map(|flow_log| flow_log.log_format);
        let mut formats: Vec<String> = formats.filter(|format| !format.is_empty()).collect();
        formats.sort();
        formats.dedup();
        Ok(formats)
    }

    /// The flow logs that pass all filters.
    async fn find(&self, filters: &[Filter]) -> Result<Vec<FoundFlowLog>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_flow_logs()
            .set_filter(Some(filters.to_vec()))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeFlowLogs", error))?;
        let found = found.into_iter().filter_map(|flow_log| {
            Some(FoundFlowLog {
                id: FlowLogId(flow_log.flow_log_id?),
                log_format: flow_log.log_format.unwrap_or_default(),
                tags: tags(flow_log.tags),
            })
        });
        Ok(found.collect())
    }
}

/// Key and value.
fn tags(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let tags = tags.unwrap_or_default().into_iter();
    tags.filter_map(|tag| Some((tag.key?, tag.value?)))
        .collect()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn tag(key: &str, value: &str) -> Filter {
    filter(&format!("tag:{key}"), value)
}

impl Gateways for Ec2 {
    async fn gateway(&self, id: &GatewayId) -> Result<Option<NatGateway>, PortError> {
        let answer = self
            .0
            .describe_nat_gateways()
            .nat_gateway_ids(&id.0)
            .send()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeNatGateways", error));
        // EC2 answers an unknown id with an error, some of its stand-ins with
        // an empty list.
        let gateways = match answer {
            Ok(answer) => answer.nat_gateways.unwrap_or_default(),
            Err(error) if error.kind == FaultKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(gateway) = gateways.into_iter().next() else {
            return Ok(None);
        };
        let mut addresses = gateway.nat_gateway_addresses.unwrap_or_default();
        addresses.sort_by_key(|address| !address.is_primary.unwrap_or(false));
        let parsed = |text: fn(&NatGatewayAddress) -> Option<&str>| -> Vec<IpAddr> {
            addresses
                .iter()
                .filter_map(|address| text(address)?.parse().ok())
                .collect()
        };
        let regional = gateway.availability_mode == Some(AvailabilityMode::Regional);
        Ok(Some(NatGateway {
            id: id.clone(),
            state: gateway
                .state
                .map_or_else(String::new, |state| state.as_str().to_owned()),
            regional,
            interface_id: addresses
                .iter()
                .find_map(|address| address.network_interface_id.as_deref())
                .map(InterfaceId::from),
            private_addresses: parsed(NatGatewayAddress::private_ip),
            public_addresses: parsed(NatGatewayAddress::public_ip),
            zones: if regional {
                zones(&addresses)
            } else {
                Vec::new()
            },
            vpc: gateway.vpc_id,
            subnet: gateway.subnet_id,
        }))
    }
}

/// The zones that a regional gateway has addresses in.
fn zones(addresses: &[NatGatewayAddress]) -> Vec<String> {
    let zones = addresses
        .iter()
        .filter_map(NatGatewayAddress::availability_zone);
    let zones: BTreeSet<&str> = zones.collect();
    zones.into_iter().map(str::to_owned).collect()
}

impl FlowLogs for Ec2 {
    async fn create(&self, new: &NewFlowLog) -> Result<FlowLogId, PortError> {
        const OPERATION: &str = "CreateFlowLogs";
        let (resource_type, resource) = match &new.watched {
            Watched::Interface(id) => (FlowLogsResourceType::NetworkInterface, &id.0),
            Watched::RegionalGateway(id) => (FlowLogsResourceType::RegionalNatGateway, &id.0),
        };
        let tags = new
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(*key).value(value).build());
        let answer = self
            .0
            .create_flow_logs()
            .resource_type(resource_type)
            .resource_ids(resource)
            .traffic_type(TrafficType::All)
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name(&new.log_group)
            .deliver_logs_permission_arn(&new.role_arn)
            .log_format(new.log_format)
            .max_aggregation_interval(i32::from(new.aggregation_seconds))
            .client_token(&new.client_token)
            .tag_specifications(
                TagSpecification::builder()
                    .resource_type(ResourceType::VpcFlowLog)
                    .set_tags(Some(tags.collect()))
                    .build(),
            )
            .send()
            .await
            .map_err(|error| port_error(SERVICE, OPERATION, error))?;
        // The call as a whole succeeds even where nothing was created.
        check_items(OPERATION, answer.unsuccessful())?;
        answer
            .flow_log_ids()
            .first()
            .map(|id| FlowLogId(id.clone()))
            .ok_or_else(|| {
                item_error(
                    SERVICE,
                    OPERATION,
                    "InternalError",
                    "the answer names no flow log",
                )
            })
    }

    async fn owned(&self, owner: &Owner) -> Result<Vec<FlowLogId>, PortError> {
        let tags = [
            tag(TAG_STACK, &owner.stack),
            tag(TAG_EXECUTION, &owner.execution),
        ];
        let found = self.find(&tags).await?;
        Ok(found.into_iter().map(|flow_log| flow_log.id).collect())
    }

    async fn on(&self, watched: &Watched, log_group: &str) -> Result<Vec<FoundFlowLog>, PortError> {
        let resource = match watched {
            Watched::Interface(id) => &id.0,
            Watched::RegionalGateway(id) => &id.0,
        };
        self.find(&[
            filter("resource-id", resource),
            filter("log-group-name", log_group),
        ])
        .await
    }

    async fn covering(
        &self,
        resources: &[String],
        log_group: &str,
    ) -> Result<Vec<FoundFlowLog>, PortError> {
        let resources = Filter::builder()
            .name("resource-id")
            .set_values(Some(resources.to_vec()))
            .build();
        self.find(&[
            resources,
            filter("log-group-name", log_group),
            filter("traffic-type", "ALL"),
            filter("deliver-log-status", "SUCCESS"),
        ])
        .await
    }

    async fn of_stack(&self, stack: &str) -> Result<Vec<FoundFlowLog>, PortError> {
        self.find(&[tag(TAG_STACK, stack)]).await
    }

    async fn delete(&self, ids: &[FlowLogId]) -> Result<(), PortError> {
        const OPERATION: &str = "DeleteFlowLogs";
        let answer = self
            .0
            .delete_flow_logs()
            .set_flow_log_ids(Some(ids.iter().map(|id| id.0.clone()).collect()))
            .send()
            .await
            .map_err(|error| port_error(SERVICE, OPERATION, error))
            .and_then(|answer| check_items(OPERATION, answer.unsuccessful()));
        match answer {
            Err(error) if error.kind == FaultKind::NotFound => Ok(()),
            answer => answer,
        }
    }
}

/// The first item that failed for another reason than being gone.
fn check_items(operation: &'static str, items: &[UnsuccessfulItem]) -> Result<(), PortError> {
    items
        .iter()
        .filter_map(|item| item.error())
        .map(|error| {
            item_error(
                SERVICE,
                operation,
                error.code().unwrap_or_default(),
                error.message().unwrap_or_default(),
            )
        })
        .find(|error| error.kind != FaultKind::NotFound || operation == "CreateFlowLogs")
        .map_or(Ok(()), Err)
}
