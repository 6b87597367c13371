//! Who has which address, as of a moment.
//!
//! **Invariants.** An address that several interfaces have has no owner: it is
//! not known which of them it was. An address that no interface has is unknown,
//! which is said and never guessed.

use crate::membership::{Membership, Place, name};
use crate::owner::Owner;
use crate::report::Report;
use crate::snapshot::{Interface, Subnet, Surroundings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// When owners were looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// As the alarm went off.
    Alarm,
    /// As the report was made, which is after the records.
    Now,
}

/// Why the owner of an address is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// No interface had it.
    Nobody,
    /// Several interfaces had it.
    Several,
    /// It was not looked up.
    NotAsked,
}

impl Unknown {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Unknown::Nobody => "nobody",
            Unknown::Several => "several",
            Unknown::NotAsked => "not-asked",
        }
    }
}

/// Who has which address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    pub(crate) owners: BTreeMap<IpAddr, Option<Owner>>,
    pub(crate) moment: Moment,
    /// The VPC whose interfaces these are, where it is one.
    pub(crate) vpc: Option<String>,
    /// The addresses that were looked up, if not all there are.
    pub(crate) asked: Option<BTreeSet<IpAddr>>,
}

impl Owners {
    /// As the alarm went off.
    pub fn at_alarm(surroundings: Surroundings) -> Owners {
        Owners::of(surroundings, Moment::Alarm)
    }

    /// As the report is made, of the addresses that were looked up.
    pub fn now(surroundings: Surroundings, asked: &[IpAddr]) -> Owners {
        Owners {
            asked: Some(asked.iter().copied().collect()),
            ..Owners::of(surroundings, Moment::Now)
        }
    }

    fn of(mut surroundings: Surroundings, moment: Moment) -> Owners {
        let instances: BTreeMap<_, _> = std::mem::take(&mut surroundings.instances)
            .into_iter()
            .map(|instance| (instance.id, instance.tags))
            .collect();
        let subnets: BTreeMap<&str, &Subnet> = surroundings
            .subnets
            .iter()
            .map(|subnet| (subnet.id.as_str(), subnet))
            .collect();
        let only = match surroundings.vpcs.as_slice() {
            [only] => Some(only.id.clone()),
            _ => None,
        };
        let mut owners: BTreeMap<IpAddr, Option<Owner>> = BTreeMap::new();
        for interface in &surroundings.interfaces {
            let mut owner = Owner::of(interface);
            if let Some(tags) = interface.instance.as_ref().and_then(|id| instances.get(id)) {
                owner.name = name(tags).or(owner.name);
                owner.membership = Membership::of(tags);
            }
            let vpc = interface.vpc.clone().or_else(|| only.clone());
            owner.place = place(interface, &subnets, vpc, &surroundings);
            for address in &interface.addresses {
                owners
                    .entry(*address)
                    .and_modify(|known| *known = None)
                    .or_insert_with(|| Some(owner.clone()));
            }
        }
        Owners {
            owners,
            moment,
            vpc: only,
            asked: None,
        }
    }

    /// Who has the address, or why that is not known.
    pub fn of_address(&self, address: IpAddr) -> Result<&Owner, Unknown> {
        match self.owners.get(&address) {
            Some(Some(owner)) => Ok(owner),
            Some(None) => Err(Unknown::Several),
            None => Err(match &self.asked {
                Some(asked) if !asked.contains(&address) => Unknown::NotAsked,
                _ => Unknown::Nobody,
            }),
        }
    }

    /// The words for what is not known.
    pub(crate) fn unknown(&self, why: Unknown) -> String {
        let vpc = self.vpc.as_ref();
        let whose = vpc.map_or_else(String::new, |vpc| format!(" of {vpc}"));
        let (one, many, when) = match self.moment {
            Moment::Alarm => ("had", "had", "as the recording began"),
            Moment::Now => ("has", "have", "now"),
        };
        match why {
            Unknown::Nobody => format!("unknown (no interface{whose} {one} this address {when})"),
            Unknown::Several => {
                format!("unknown (several interfaces{whose} {many} this address {when})")
            }
            Unknown::NotAsked => "unknown (not looked up)".to_owned(),
        }
    }

    /// What the reader should know about these owners.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        (self.moment == Moment::Now).then_some(
            "Owners are as of now: an address may have been another's as the records were made.",
        )
    }
}

impl Report {
    /// The addresses of the first so many sources (0 = all), which can be
    /// looked up.
    pub fn shown_sources(&self, top: usize) -> Vec<IpAddr> {
        let limit = if top == 0 { usize::MAX } else { top };
        let shown = self.sources.iter().take(limit).map(|row| row.address);
        let can_be = |address: &IpAddr| !address.is_unspecified();
        shown.filter(can_be).collect()
    }
}

fn place(
    interface: &Interface,
    subnets: &BTreeMap<&str, &Subnet>,
    vpc: Option<String>,
    surroundings: &Surroundings,
) -> Place {
    let subnet = interface.subnet.as_deref().and_then(|id| subnets.get(id));
    let named = surroundings
        .vpcs
        .iter()
        .find(|known| Some(&known.id) == vpc.as_ref());
    Place {
        subnet: interface.subnet.clone(),
        subnet_name: subnet.and_then(|subnet| subnet.name.clone()),
        zone: interface
            .zone
            .clone()
            .or_else(|| subnet.and_then(|subnet| subnet.zone.clone())),
        vpc_name: named.and_then(|vpc| vpc.name.clone()),
        vpc,
    }
}

#[cfg(test)]
mod tests {
    use super::{Owners, Unknown};
    use crate::snapshot::{Instance, Interface, Subnet, Surroundings, Vpc};

    fn interface(id: &str, addresses: &[&str]) -> Interface {
        Interface {
            id: id.to_owned(),
            instance: Some(format!("i-{id}")),
            subnet: Some("subnet-0a1".to_owned()),
            addresses: addresses.iter().filter_map(|it| it.parse().ok()).collect(),
            ..Interface::default()
        }
    }

    #[test]
    fn an_address_of_two_interfaces_or_none_has_no_owner() {
        let surroundings = Surroundings {
            interfaces: vec![
                interface("eni-1", &["10.0.1.5", "10.0.1.6"]),
                interface("eni-2", &["10.0.1.6", "2001:db8::1"]),
            ],
            ..Surroundings::default()
        };
        let asked: Vec<_> = ["10.0.1.5", "10.0.1.6", "10.0.1.7", "2001:db8::1"]
            .iter()
            .filter_map(|it| it.parse().ok())
            .collect();
        let owners = Owners::now(surroundings, &asked);
        let check = |address: &str, expected: Result<&str, Unknown>| {
            let owner = owners.of_address(address.parse().expect("an address"));
            let id = owner.map(|owner| owner.id.as_deref().unwrap_or_default());
            assert_eq!(id, expected, "{address}");
        };
        check("10.0.1.5", Ok("i-eni-1"));
        check("10.0.1.6", Err(Unknown::Several));
        check("2001:db8::1", Ok("i-eni-2"));
        check("10.0.1.7", Err(Unknown::Nobody));
        check("10.0.1.8", Err(Unknown::NotAsked));
        assert_eq!(
            owners.unknown(Unknown::Nobody),
            "unknown (no interface has this address now)"
        );
    }

    #[test]
    fn an_instance_is_said_with_its_group_and_place() {
        let tags = [("Name", "web-1"), ("aws:autoscaling:groupName", "web-asg")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut surroundings = Surroundings {
            interfaces: vec![interface("0a1", &["10.0.1.5"])],
            instances: vec![Instance {
                id: "i-0a1".to_owned(),
                tags: tags.into_iter().collect(),
            }],
            subnets: vec![Subnet {
                id: "subnet-0a1".to_owned(),
                name: Some("private-a".to_owned()),
                cidr: Some("10.0.1.0/24".to_owned()),
                zone: Some("us-east-1a".to_owned()),
            }],
            vpcs: vec![Vpc {
                id: "vpc-0a1".to_owned(),
                name: None,
            }],
        };
        let said = |surroundings: &Surroundings| {
            let owners = Owners::at_alarm(surroundings.clone());
            let owner = owners.of_address("10.0.1.5".parse().expect("an address"));
            owner.expect("known").to_string()
        };
        assert_eq!(
            said(&surroundings),
            "instance i-0a1 \"web-1\" of auto-scaling group web-asg, subnet private-a (us-east-1a)"
        );
        surroundings.vpcs[0].name = Some("shop".to_owned());
        surroundings.instances.clear();
        assert_eq!(
            said(&surroundings),
            "instance i-0a1, subnet private-a (us-east-1a) of VPC shop"
        );
        let owners = Owners::at_alarm(surroundings);
        assert_eq!(
            owners.unknown(Unknown::Nobody),
            "unknown (no interface of vpc-0a1 had this address as the recording began)"
        );
    }
}
