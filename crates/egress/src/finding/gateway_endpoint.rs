//! S3 or DynamoDB through the gateway: a gateway endpoint carries it for nothing.
//!
//! A gateway endpoint is free, acts through route tables, and reaches the service
//! in its own region only:
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.

use super::{Action, Case, Confidence, Finding};
use crate::report::Share;
use crate::report::text::{grouped, percent};
use crate::service::{self, Service};
use crate::snapshot::{Endpoint, Snapshot};
use rust_decimal::dec;

/// What is not worth a word.
const LEAST: rust_decimal::Decimal = dec!(0.01);

/// A service whose bytes pass the gateway.
pub(super) struct Through {
    pub(super) name: &'static str,
    service: &'static Service,
}

pub(super) const S3: Through = Through {
    name: "s3-through-nat",
    service: &service::S3,
};
pub(super) const DYNAMODB: Through = Through {
    name: "dynamodb-through-nat",
    service: &service::DYNAMODB,
};

pub(super) fn s3(case: &Case<'_>) -> Option<Finding> {
    S3.find(case)
}

pub(super) fn dynamodb(case: &Case<'_>) -> Option<Finding> {
    DYNAMODB.find(case)
}

/// What the VPC has of the service's endpoints.
enum There<'a> {
    /// It is not known which VPC it is.
    Unknown,
    /// None: it is to be made, for these route tables.
    Nothing { vpc: &'a str, tables: Vec<&'a str> },
    /// One, which these route tables do not lead to.
    NotInTables {
        endpoint: &'a str,
        tables: Vec<&'a str>,
    },
    /// One that all route tables lead to.
    InAllTables { endpoint: &'a str },
}

impl Through {
    fn find(&self, case: &Case<'_>) -> Option<Finding> {
        let reach = case.report.reach(self.service.code);
        let (own, unknown) = (reach.here, reach.unknown);
        let near = case.report.together([own, unknown]);
        if near.share < LEAST {
            return None;
        }
        let said = self.service.said;
        let share = percent(near.share);
        let there = self.there(case);
        let is_known = unknown.bytes == 0;
        let sentence = match &there {
            There::Unknown => format!(
                "{share} of the bytes are {said}, which a gateway endpoint in the VPC's route \
                 tables carries for nothing."
            ),
            There::Nothing { vpc, .. } => format!(
                "{share} of the bytes are {said}, and {vpc} has no gateway endpoint for it; one \
                 carries them for nothing."
            ),
            There::NotInTables { endpoint, tables } => format!(
                "{share} of the bytes are {said}: gateway endpoint {endpoint} is there, but {} \
                 does not lead to it.",
                tables.join(", ")
            ),
            There::InAllTables { endpoint } if is_known => format!(
                "{share} of the bytes are {said} of this region although every route table leads to \
                 gateway endpoint {endpoint}: a more specific route leads elsewhere, or the \
                 connections are older than the endpoint."
            ),
            There::InAllTables { endpoint } => format!(
                "{share} of the bytes are {said} although every route table leads to gateway \
                 endpoint {endpoint}: they belong to another region, which an endpoint does not \
                 reach, or a more specific route leads elsewhere."
            ),
        };
        Some(Finding {
            name: self.name,
            sentence,
            evidence: self.evidence(case, own, unknown, &there),
            confidence: match is_known {
                true => Confidence::High,
                // Which region the far end is in is not known.
                false => Confidence::Medium,
            },
            saving: match there {
                There::InAllTables { .. } => None,
                _ => case.saving(near),
            },
            actions: self.actions(&there, case.region()),
        })
    }

    fn evidence(
        &self,
        case: &Case<'_>,
        own: Share,
        unknown: Share,
        there: &There<'_>,
    ) -> Vec<String> {
        let said = self.service.said;
        let mut evidence = Vec::new();
        if own.bytes > 0 {
            evidence.push(format!(
                "{} bytes of {said} in {} (AWS's prefixes of {}).",
                grouped(own.bytes),
                case.region(),
                case.facts.ranges().created()
            ));
        }
        if unknown.bytes > 0 {
            let bytes = grouped(unknown.bytes);
            evidence.push(format!("{bytes} bytes of {said} in the recording."));
            if !matches!(there, There::InAllTables { .. }) {
                evidence.push(format!(
                    "A gateway endpoint reaches {said} in {} only; which region these are of is not \
                     known.",
                    case.region()
                ));
            }
        }
        evidence
    }

    fn there<'a>(&self, case: &Case<'a>) -> There<'a> {
        let known = case.facts.snapshot.as_ref();
        let Some((snapshot, vpc)) =
            known.and_then(|snapshot| Some((snapshot, snapshot.vpc.as_deref()?)))
        else {
            return There::Unknown;
        };
        let is_missing = |part: &str| snapshot.missing.iter().any(|missing| missing.part == part);
        if is_missing("endpoints") || is_missing("route tables") {
            return There::Unknown;
        }
        let through = tables_through(snapshot);
        let last = format!(".{}", self.service.endpoint);
        let is_it = |endpoint: &&Endpoint| {
            endpoint.endpoint_type.eq_ignore_ascii_case("Gateway")
                && endpoint.service.ends_with(&last)
        };
        let Some(endpoint) = snapshot.endpoints.iter().find(is_it) else {
            return There::Nothing {
                vpc,
                tables: through,
            };
        };
        let lacking: Vec<&str> = through
            .into_iter()
            .filter(|table| !endpoint.route_tables.iter().any(|led| led == table))
            .collect();
        match lacking.is_empty() {
            true => There::InAllTables {
                endpoint: &endpoint.id,
            },
            false => There::NotInTables {
                endpoint: &endpoint.id,
                tables: lacking,
            },
        }
    }

    fn actions(&self, there: &There<'_>, region: &str) -> Vec<Action> {
        let service = format!("com.amazonaws.{region}.{}", self.service.endpoint);
        let (vpc, tables) = match there {
            There::InAllTables { .. } => return Vec::new(),
            There::NotInTables { endpoint, tables } => {
                let text = format!(
                    "aws ec2 modify-vpc-endpoint --region {region} --vpc-endpoint-id {endpoint} \
                     --add-route-table-ids {}",
                    tables.join(" ")
                );
                let language = "aws";
                return vec![Action { language, text }];
            }
            There::Unknown => ("VPC_ID", vec!["ROUTE_TABLE_ID"]),
            There::Nothing { vpc, tables } if tables.is_empty() => (*vpc, vec!["ROUTE_TABLE_ID"]),
            There::Nothing { vpc, tables } => (*vpc, tables.clone()),
        };
        let quoted: Vec<String> = tables.iter().map(|table| format!("\"{table}\"")).collect();
        let label = self.service.endpoint;
        vec![
            Action {
                language: "aws",
                text: format!(
                    "aws ec2 create-vpc-endpoint --region {region} --vpc-id {vpc} \
                     --service-name {service} --route-table-ids {}",
                    tables.join(" ")
                ),
            },
            Action {
                language: "cloudformation",
                text: format!(
                    "{}Endpoint:\n  Type: AWS::EC2::VPCEndpoint\n  Properties:\n    \
                     VpcId: {vpc}\n    ServiceName: {service}\n    RouteTableIds: [{}]",
                    self.service.said,
                    tables.join(", ")
                ),
            },
            Action {
                language: "terraform",
                text: format!(
                    "resource \"aws_vpc_endpoint\" \"{label}\" {{\n  vpc_id          = \"{vpc}\"\n  \
                     service_name    = \"{service}\"\n  route_table_ids = [{}]\n}}",
                    quoted.join(", ")
                ),
            },
        ]
    }
}

/// The route tables that lead to the gateway.
fn tables_through(snapshot: &Snapshot) -> Vec<&str> {
    snapshot
        .route_tables
        .iter()
        .filter(|table| {
            let mut routes = table.routes.iter();
            routes.any(|route| route.target == snapshot.gateway)
        })
        .map(|table| table.id.as_str())
        .collect()
}
