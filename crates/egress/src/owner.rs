//! Whose network interface it is.
//!
//! EC2 says it in three places: the attachment names an instance, the type some
//! services, and the description the rest. Descriptions are not documented as an
//! interface; what is here was seen in public templates and answers, and what
//! is not recognised is told as the interface with its description.
//!
//! **Invariants.** Nothing is promised that the interface does not say: an
//! interface of Lambda is shared by every function with the same subnet and
//! security groups
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>), and
//! pods of EKS appear as their node.

use crate::membership::{Membership, Place, name};
use crate::snapshot::Interface;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of thing has an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    /// An EC2 instance, also a node of a cluster.
    Instance,
    /// A NAT gateway.
    NatGateway,
    /// Lambda functions.
    Lambda,
    /// A task of ECS.
    EcsTask,
    /// A load balancer.
    LoadBalancer,
    /// A database of RDS, Aurora or Neptune.
    Database,
    /// A cache of ElastiCache.
    Cache,
    /// A warehouse of Redshift.
    Warehouse,
    /// A mount target of EFS.
    FileSystem,
    /// A VPC endpoint.
    #[serde(rename = "vpc-endpoint")]
    Endpoint,
    /// Something that is not recognised.
    Interface,
}

impl OwnerKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            OwnerKind::Instance => "instance",
            OwnerKind::NatGateway => "nat-gateway",
            OwnerKind::Lambda => "lambda",
            OwnerKind::EcsTask => "ecs-task",
            OwnerKind::LoadBalancer => "load-balancer",
            OwnerKind::Database => "database",
            OwnerKind::Cache => "cache",
            OwnerKind::Warehouse => "warehouse",
            OwnerKind::FileSystem => "file-system",
            OwnerKind::Endpoint => "vpc-endpoint",
            OwnerKind::Interface => "interface",
        }
    }
}

/// Who has an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// What it is.
    pub kind: OwnerKind,
    /// Its id or name, as far as the interface says one.
    pub id: Option<String>,
    /// The interface's id.
    pub interface: String,
    /// The Name tag of the instance, or else of the interface.
    pub name: Option<String>,
    /// What the instance belongs to.
    pub membership: Membership,
    /// Where it is.
    pub place: Place,
}

/// How a description begins, and what it is then; the word after it is the id.
pub(crate) const DESCRIPTIONS: [(&str, OwnerKind); 11] = [
    ("Interface for NAT Gateway ", OwnerKind::NatGateway),
    ("AWS Lambda VPC ENI: ", OwnerKind::Lambda),
    ("AWS Lambda VPC ENI-", OwnerKind::Lambda),
    ("arn:aws:ecs:", OwnerKind::EcsTask),
    ("ELB ", OwnerKind::LoadBalancer),
    ("RDSNetworkInterface", OwnerKind::Database),
    ("ElastiCache ", OwnerKind::Cache),
    ("RedshiftNetworkInterface", OwnerKind::Warehouse),
    ("EFS mount target for ", OwnerKind::FileSystem),
    ("VPC Endpoint Interface ", OwnerKind::Endpoint),
    ("arn:aws-cn:ecs:", OwnerKind::EcsTask),
];

impl Owner {
    /// Who has the interface.
    pub fn of(interface: &Interface) -> Owner {
        let owner = |kind, id: Option<&str>| Owner {
            kind,
            id: id.filter(|id| !id.is_empty()).map(str::to_owned),
            interface: interface.id.clone(),
            name: name(&interface.tags),
            membership: Membership::default(),
            place: Place::default(),
        };
        if let Some(instance) = interface.instance.as_deref() {
            return owner(OwnerKind::Instance, Some(instance));
        }
        let description = interface.description.as_str();
        let found = DESCRIPTIONS
            .iter()
            .find_map(|(start, kind)| Some((*kind, description.strip_prefix(start)?)));
        match found {
            Some((OwnerKind::LoadBalancer, rest)) => {
                // app/NAME/ID, net/NAME/ID, or the name of a classic one.
                let name = rest.split('/').nth(1).unwrap_or(rest);
                owner(OwnerKind::LoadBalancer, Some(name))
            }
            Some((OwnerKind::EcsTask, rest)) => owner(OwnerKind::EcsTask, rest.rsplit('/').next()),
            Some((OwnerKind::Lambda, rest)) => owner(OwnerKind::Lambda, Some(function(rest))),
            Some((kind, rest)) => owner(kind, rest.split_whitespace().next()),
            None => match interface.interface_type.as_str() {
                "lambda" => owner(OwnerKind::Lambda, None),
                // EC2's enumeration and its answers spell it differently.
                "nat_gateway" | "natGateway" => owner(OwnerKind::NatGateway, None),
                "vpc_endpoint" => owner(OwnerKind::Endpoint, None),
                "network_load_balancer" | "gateway_load_balancer" => {
                    owner(OwnerKind::LoadBalancer, None)
                }
                _ => owner(OwnerKind::Interface, Some(description)),
            },
        }
    }
}

/// The function's name before a UUID of five groups.
pub(crate) fn function(rest: &str) -> &str {
    let mut end = rest.len();
    for _ in 0..5 {
        match rest[..end].rfind('-') {
            Some(at) => end = at,
            None => return rest,
        }
    }
    &rest[..end]
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identity())?;
        match self.place.to_string() {
            place if place.is_empty() => Ok(()),
            place => write!(f, ", {place}"),
        }
    }
}

impl Owner {
    /// What it is without where it is.
    pub fn identity(&self) -> String {
        let mut text = self.thing();
        if let Some(name) = &self.name {
            text += &format!(" \"{name}\"");
        }
        if let Some((_, group)) = self.membership.group() {
            text += &format!(" of {group}");
        }
        text
    }

    /// What people call it: its group, or else its name, or else its id.
    pub fn label(&self) -> String {
        let group = self.membership.group().map(|(name, _)| name);
        group
            .or_else(|| self.name.clone())
            .or_else(|| self.id.clone())
            .unwrap_or_else(|| self.interface.clone())
    }

    /// What it is, with its id.
    fn thing(&self) -> String {
        let what = match self.kind {
            OwnerKind::Instance => "instance",
            OwnerKind::NatGateway => "NAT gateway",
            OwnerKind::Lambda => "Lambda",
            OwnerKind::EcsTask => "ECS task, attachment",
            OwnerKind::LoadBalancer => "load balancer",
            OwnerKind::Database => "RDS database",
            OwnerKind::Cache => "ElastiCache",
            OwnerKind::Warehouse => "Redshift",
            OwnerKind::FileSystem => "EFS",
            OwnerKind::Endpoint => "VPC endpoint",
            OwnerKind::Interface => "interface",
        };
        match (self.kind, &self.id) {
            (OwnerKind::Lambda, Some(first)) => format!(
                "one of the Lambda functions of {} ({first}, …)",
                self.interface
            ),
            (OwnerKind::Lambda, None) => {
                format!("one of the Lambda functions of {}", self.interface)
            }
            (OwnerKind::Interface, Some(description)) => {
                format!("{} ({description})", self.interface)
            }
            (OwnerKind::Interface, None) => self.interface.clone(),
            (_, Some(id)) => format!("{what} {id}"),
            (_, None) => format!("{what} ({})", self.interface),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Owner;
    use crate::snapshot::Interface;

    #[test]
    fn tells_whose_an_interface_is() {
        let check = |kind: &str, description: &str, said: &str, name: &str| {
            let owner = Owner::of(&Interface {
                id: "eni-0a1".to_owned(),
                interface_type: kind.to_owned(),
                description: description.to_owned(),
                ..Interface::default()
            });
            assert_eq!(owner.to_string(), said, "{description}");
            assert_eq!(owner.kind.name(), name, "{description}");
        };
        for (kind, description, said, name) in [
            (
                "nat_gateway",
                "Interface for NAT Gateway nat-0a1",
                "NAT gateway nat-0a1",
                "nat-gateway",
            ),
            ("natGateway", "", "NAT gateway (eni-0a1)", "nat-gateway"),
            (
                "lambda",
                "AWS Lambda VPC ENI-fetch-images-3a5b9c1e-1111-2222-3333-444455556666",
                "one of the Lambda functions of eni-0a1 (fetch-images, …)",
                "lambda",
            ),
            (
                "lambda",
                "something new",
                "one of the Lambda functions of eni-0a1",
                "lambda",
            ),
            (
                "interface",
                "arn:aws:ecs:us-east-1:123456789012:attachment/3a5b9c1e",
                "ECS task, attachment 3a5b9c1e",
                "ecs-task",
            ),
            (
                "interface",
                "ELB app/shop/50dc6c495c0c9188",
                "load balancer shop",
                "load-balancer",
            ),
            ("interface", "ELB old", "load balancer old", "load-balancer"),
            (
                "interface",
                "RDSNetworkInterface",
                "RDS database (eni-0a1)",
                "database",
            ),
            (
                "efs",
                "EFS mount target for fs-0a1 (fsmt-0b2)",
                "EFS fs-0a1",
                "file-system",
            ),
            (
                "vpc_endpoint",
                "VPC Endpoint Interface vpce-0a1",
                "VPC endpoint vpce-0a1",
                "vpc-endpoint",
            ),
            ("interface", "bastion", "eni-0a1 (bastion)", "interface"),
            ("interface", "", "eni-0a1", "interface"),
        ] {
            check(kind, description, said, name);
        }
    }

    #[test]
    fn an_instance_counts_for_more_than_a_description() {
        let mut interface = Interface {
            id: "eni-0a1".to_owned(),
            description: "aws-K8S-i-0a1".to_owned(),
            instance: Some("i-0a1".to_owned()),
            ..Interface::default()
        };
        assert_eq!(Owner::of(&interface).to_string(), "instance i-0a1");
        interface.tags.insert("Name".to_owned(), "web".to_owned());
        assert_eq!(Owner::of(&interface).to_string(), "instance i-0a1 \"web\"");
    }
}
