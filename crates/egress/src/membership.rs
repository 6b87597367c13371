//! What a workload belongs to: auto-scaling group, node group, cluster, subnet.
//!
//! EC2 says it in tags of the instance that AWS itself sets
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>,
//! <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>) or
//! that Kubernetes needs (`kubernetes.io/cluster/NAME`).
//!
//! **Invariants.** A node is as far as it goes: pods share its address, so none
//! of them is ever named.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

const NAME: &str = "Name";
const AUTO_SCALING_GROUP: &str = "aws:autoscaling:groupName";
const EKS_CLUSTER: &str = "eks:cluster-name";
const EKS_NODE_GROUP: &str = "eks:nodegroup-name";
pub(crate) const CLUSTER: &str = "kubernetes.io/cluster/";

/// What the tags of an instance say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Membership {
    /// Its auto-scaling group.
    pub auto_scaling_group: Option<String>,
    /// Its node group of EKS.
    pub node_group: Option<String>,
    /// The Kubernetes cluster that it is a node of.
    pub cluster: Option<String>,
    /// Whether that is one of EKS, as far as the tags say.
    pub is_eks: bool,
}

/// Where an interface is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The subnet's id.
    pub subnet: Option<String>,
    /// The subnet's Name tag.
    pub subnet_name: Option<String>,
    /// The availability zone.
    pub zone: Option<String>,
    /// The VPC's id.
    pub vpc: Option<String>,
    /// The VPC's Name tag.
    pub vpc_name: Option<String>,
}

/// The Name tag, unless it is empty.
pub(crate) fn name(tags: &BTreeMap<String, String>) -> Option<String> {
    tags.get(NAME).filter(|name| !name.is_empty()).cloned()
}

impl Membership {
    /// What an instance's tags say.
    pub(crate) fn of(tags: &BTreeMap<String, String>) -> Membership {
        let tag = |key: &str| tags.get(key).filter(|value| !value.is_empty()).cloned();
        let eks = tag(EKS_CLUSTER);
        let other = || {
            let name = tags.keys().find_map(|key| key.strip_prefix(CLUSTER));
            name.filter(|name| !name.is_empty()).map(str::to_owned)
        };
        Membership {
            auto_scaling_group: tag(AUTO_SCALING_GROUP),
            node_group: tag(EKS_NODE_GROUP),
            is_eks: eks.is_some(),
            cluster: eks.or_else(other),
        }
    }

    /// The cluster with what it is.
    fn cluster(&self) -> Option<String> {
        let kind = if self.is_eks { "EKS" } else { "Kubernetes" };
        let name = self.cluster.as_ref()?;
        Some(format!("{kind} cluster {name}"))
    }

    /// What people call it: the node group, or else the auto-scaling group, or
    /// else the cluster; in short and in full.
    pub(crate) fn group(&self) -> Option<(String, String)> {
        let of =
            |cluster: Option<String>| cluster.map_or_else(String::new, |it| format!(" of {it}"));
        if let Some(name) = &self.node_group {
            let full = format!("node group {name}{}", of(self.cluster()));
            return Some((name.clone(), full));
        }
        if let Some(name) = &self.auto_scaling_group {
            let full = format!("auto-scaling group {name}{}", of(self.cluster()));
            return Some((name.clone(), full));
        }
        Some((self.cluster.clone()?, self.cluster()?))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(subnet) = self.subnet_name.as_ref().or(self.subnet.as_ref()) else {
            return Ok(());
        };
        write!(f, "subnet {subnet}")?;
        if let Some(zone) = &self.zone {
            write!(f, " ({zone})")?;
        }
        match &self.vpc_name {
            Some(name) => write!(f, " of VPC {name}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Membership, Place};
    use std::collections::BTreeMap;

    #[test]
    fn the_group_is_what_people_call_it() {
        let check = |tags: &[(&str, &str)], expected: Option<(&str, &str)>| {
            let tags: BTreeMap<_, _> = tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            let group = Membership::of(&tags).group();
            let group = group.as_ref().map(|(name, full)| (&**name, &**full));
            assert_eq!(group, expected, "{tags:?}");
        };
        let asg = ("aws:autoscaling:groupName", "web-asg");
        let owned = ("kubernetes.io/cluster/shop", "owned");
        let eks = ("eks:cluster-name", "shop");
        let nodes = ("eks:nodegroup-name", "workers");
        check(&[("Name", "web-1")], None);
        check(&[asg], Some(("web-asg", "auto-scaling group web-asg")));
        check(
            &[asg, owned],
            Some((
                "web-asg",
                "auto-scaling group web-asg of Kubernetes cluster shop",
            )),
        );
        check(
            &[asg, owned, eks, nodes],
            Some(("workers", "node group workers of EKS cluster shop")),
        );
        check(&[owned], Some(("shop", "Kubernetes cluster shop")));
        check(&[eks, owned], Some(("shop", "EKS cluster shop")));
        check(&[("aws:autoscaling:groupName", "")], None);
        check(&[("kubernetes.io/cluster/", "owned")], None);
    }

    #[test]
    fn a_place_is_said_as_far_as_it_is_known() {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        for (subnet, name, zone, vpc, said) in [
            (
                "subnet-0a1",
                "private-a",
                "us-east-1a",
                "shop",
                "subnet private-a (us-east-1a) of VPC shop",
            ),
            (
                "subnet-0a1",
                "",
                "us-east-1a",
                "",
                "subnet subnet-0a1 (us-east-1a)",
            ),
            ("subnet-0a1", "", "", "", "subnet subnet-0a1"),
            ("", "", "us-east-1a", "shop", ""),
        ] {
            let place = Place {
                subnet: text(subnet),
                subnet_name: text(name),
                zone: text(zone),
                vpc: text("vpc-0a1"),
                vpc_name: text(vpc),
            };
            assert_eq!(place.to_string(), said);
        }
    }
}
