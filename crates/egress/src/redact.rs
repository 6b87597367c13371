//! A bundle whose names and addresses are others, and whose figures are the same.
//!
//! Replaced are addresses (see `addresses`), ids of AWS's resources, accounts,
//! names (of owners, groups, subnets, VPCs and own networks), tags and descriptions,
//! each always by the same within the bundle. What was read is named by numbers, and
//! warnings about it are left out, because they name it in sentences of any form.
//! What look-ups call addresses is left out, because it tells which they are; a
//! finding that rests on names falls away with them. Not hidden are volumes, times, AWS services
//! and regions, zones, what kind of thing has an address, and which private
//! addresses lie in one subnet.
//!
//! **Invariants.** A keyed hash decides (SHA-256 over a secret of 32 bytes), and
//! what was given out is never given again, so nothing becomes one that was two.
//! The result is only given if its report has every figure of the original's.
//! Structures are taken apart field by field: a field that is added does not
//! compile until somebody decided what becomes of it.

mod addresses;
mod drawn;
mod figures;

use crate::bundle::{Bundle, SourceFile};
use crate::facts::Facts;
use crate::last::{Row, RowKind, Summary};
use crate::membership::{CLUSTER, Membership, Place};
use crate::name::Name;
use crate::networks::Networks;
use crate::owner::{DESCRIPTIONS, Owner, OwnerKind, function};
use crate::owners::Owners;
use crate::snapshot::{
    Carried, Endpoint, Instance, Interface, Missing, Route, RouteTable, Snapshot, Subnet,
};
use addresses::Addresses;
use drawn::Drawn;
use figures::has_figures_of;
use flowlog::Renaming;
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Why a bundle cannot be redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedactError {
    /// More addresses than there are reserved ones.
    #[error("there are more addresses than reserved ones to put in their place")]
    NoRoom,
    /// The report would say something else.
    #[error(
        "a figure would change with the addresses: the gateway cannot be told without them; \
         name its address with --nat-address and make the bundle again"
    )]
    Figures,
}

impl RedactError {
    /// The stable name of the error.
    pub fn name(self) -> &'static str {
        match self {
            RedactError::NoRoom => "NoRoom",
            RedactError::Figures => "FiguresChange",
        }
    }
}

/// What new names are drawn with.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    fn of(key: &[u8]) -> Secret {
        Secret(Sha256::digest(key).into())
    }

    /// A number that is always the same for this content, and tells nothing of it.
    fn number(&self, what: &str, content: &[u8]) -> u128 {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update((what.len() as u64).to_be_bytes());
        hash.update(what);
        hash.update(content);
        let digest: [u8; 32] = hash.finalize().into();
        digest
            .iter()
            .take(16)
            .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
    }
}

/// The bundle with other names.
pub(crate) fn redacted(bundle: &Bundle, key: &[u8]) -> Result<Bundle, RedactError> {
    let secret = Secret::of(key);
    let all = bundle.addresses();
    let addresses = Addresses::of(&secret, bundle.facts.ranges(), &all);
    let mut names = Names {
        secret: &secret,
        addresses: addresses.ok_or(RedactError::NoRoom)?,
        new: HashMap::new(),
        taken: HashSet::new(),
    };
    let before = Bundle {
        names: None,
        ..bundle.clone()
    };
    let before = before.report(0);
    let mut redacted = names.bundle(bundle);
    if has_figures_of(&before, &redacted.report(0)) {
        return Ok(redacted);
    }
    // Between two addresses that are alike in all else, their order decides which
    // is the gateway's: what was found is then said.
    let found = before
        .nat_addresses
        .iter()
        .filter_map(|address| address.parse().ok());
    redacted.facts.nat_addresses = found.map(|address| names.address(address)).collect();
    match has_figures_of(&before, &redacted.report(0)) {
        true => Ok(redacted),
        false => Err(RedactError::Figures),
    }
}

/// What becomes of names.
struct Names<'a> {
    secret: &'a Secret,
    addresses: Addresses<'a>,
    new: HashMap<String, String>,
    taken: HashSet<String>,
}

impl Names<'_> {
    fn bundle(&mut self, bundle: &Bundle) -> Bundle {
        let sources: Vec<SourceFile> = (1..)
            .zip(&bundle.sources)
            .map(|(number, source)| SourceFile {
                name: format!("source-{number}"),
                bytes: source.bytes,
                // It tells who has the file that it is this one.
                sha256: None,
            })
            .collect();
        let read: HashMap<&str, String> = bundle
            .sources
            .iter()
            .zip(&sources)
            .map(|(old, new)| (old.name.as_str(), new.name.clone()))
            .collect();
        let table = {
            let Names { addresses, .. } = self;
            let address = |address: IpAddr| addresses.get(address).unwrap_or(nowhere(address));
            let mut v4 = |v4: Ipv4Addr| match address(v4.into()) {
                IpAddr::V4(v4) => v4,
                IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
            };
            let mut v6 = |v6: Ipv6Addr| match address(v6.into()) {
                IpAddr::V6(v6) => v6,
                IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
            };
            let mut interfaces = HashMap::new();
            let mut names = Drawn {
                secret: self.secret,
                new: &mut self.new,
                taken: &mut self.taken,
            };
            bundle.table.renamed(&mut Renaming {
                v4: &mut v4,
                v6: &mut v6,
                interface: &mut |name| {
                    let new = interfaces.entry(name.to_owned());
                    new.or_insert_with(|| names.id(name)).clone()
                },
                source: &mut |name| read.get(name).cloned().unwrap_or("source".to_owned()),
            })
        };
        Bundle {
            table,
            facts: self.facts(bundle),
            names: None,
            records: bundle.records,
            title: "NAT traffic in a redacted bundle".to_owned(),
            sources,
            is_redacted: true,
        }
    }

    fn facts(&mut self, bundle: &Bundle) -> Facts {
        let Facts {
            region,
            rate,
            prices,
            nat_addresses,
            interface,
            snapshot,
            owners,
            last,
            ranges,
            networks: _,
            metrics,
            alarmed,
            floor,
            pairs,
            warnings,
        } = &bundle.facts;
        let own: Vec<(IpAddr, Name)> = bundle
            .own_names()
            .map(|(address, name)| (self.address(address), self.own(&name)))
            .collect();
        let left_out = (!warnings.is_empty()).then(|| {
            format!(
                "{} warnings about what was read are left out of this redacted bundle, because \
                 they name it; who made it can tell them.",
                warnings.len()
            )
        });
        let unnamed = bundle.names.as_ref().map(|_| {
            "What look-ups call addresses is left out of this redacted bundle.".to_owned()
        });
        Facts {
            region: region.clone(),
            rate: rate.clone(),
            prices: prices.clone(),
            nat_addresses: self.all(nat_addresses),
            interface: interface.as_deref().map(|id| self.id(id)),
            snapshot: snapshot.as_ref().map(|snapshot| self.snapshot(snapshot)),
            owners: owners.as_ref().map(|owners| self.owners(owners)),
            last: last.as_ref().map(|last| self.last(last)),
            ranges: ranges.clone(),
            networks: (!own.is_empty()).then(|| Arc::new(Networks::of(own))),
            metrics: metrics.clone(),
            alarmed: alarmed.clone(),
            floor: *floor,
            pairs: *pairs,
            warnings: left_out.into_iter().chain(unnamed).collect(),
        }
    }

    /// A name of a list of own networks.
    fn own(&mut self, name: &Name) -> Name {
        let Name {
            source,
            name,
            list,
            place,
            asn: _,
            domain: _,
            country_code: _,
            country: _,
            continent_code: _,
            continent: _,
        } = name;
        Name {
            source: *source,
            name: self.name(name),
            list: self.named(list),
            place: self.named(place),
            asn: None,
            domain: None,
            country_code: None,
            country: None,
            continent_code: None,
            continent: None,
        }
    }

    fn owners(&mut self, owners: &Owners) -> Owners {
        let Owners {
            owners,
            moment,
            vpc,
            asked,
        } = owners;
        Owners {
            owners: owners
                .iter()
                .map(|(address, owner)| {
                    let owner = owner.as_ref().map(|owner| self.owner(owner));
                    (self.address(*address), owner)
                })
                .collect(),
            moment: *moment,
            vpc: self.identified(vpc),
            asked: asked
                .as_ref()
                .map(|asked| asked.iter().map(|it| self.address(*it)).collect()),
        }
    }

    fn owner(&mut self, owner: &Owner) -> Owner {
        let Owner {
            kind,
            id,
            interface,
            name,
            membership:
                Membership {
                    auto_scaling_group,
                    node_group,
                    cluster,
                    is_eks,
                },
            place:
                Place {
                    subnet,
                    subnet_name,
                    zone,
                    vpc,
                    vpc_name,
                },
        } = owner;
        Owner {
            kind: *kind,
            id: self.identified(id),
            interface: self.id(interface),
            name: self.named(name),
            membership: Membership {
                auto_scaling_group: self.named(auto_scaling_group),
                node_group: self.named(node_group),
                cluster: self.named(cluster),
                is_eks: *is_eks,
            },
            place: Place {
                subnet: self.identified(subnet),
                subnet_name: self.named(subnet_name),
                zone: zone.clone(),
                vpc: self.identified(vpc),
                vpc_name: self.named(vpc_name),
            },
        }
    }

    fn last(&mut self, last: &Summary) -> Summary {
        let Summary {
            execution,
            from,
            to,
            bytes,
            rows,
        } = last;
        Summary {
            execution: self.name(execution),
            from: *from,
            to: *to,
            bytes: *bytes,
            rows: rows.iter().map(|row| self.row(row)).collect(),
        }
    }

    fn row(&mut self, row: &Row) -> Row {
        let Row {
            kind,
            name,
            of,
            bytes,
        } = row;
        Row {
            kind: *kind,
            name: match (kind, name.parse()) {
                (RowKind::Service, _) => name.clone(),
                (_, Ok(address)) => self.address(address).to_string(),
                (_, Err(_)) => self.name(name),
            },
            of: match kind {
                RowKind::Source => self.identified(of),
                // An AWS service.
                RowKind::Destination | RowKind::Service => of.clone(),
            },
            bytes: *bytes,
        }
    }

    fn snapshot(&mut self, snapshot: &Snapshot) -> Snapshot {
        let Snapshot {
            version,
            taken,
            gateway,
            region,
            vpc,
            vpc_name,
            metrics,
            history,
            interfaces,
            instances,
            subnets,
            route_tables,
            endpoints,
            carried,
            missing,
        } = snapshot;
        Snapshot {
            version: *version,
            taken: *taken,
            gateway: self.id(gateway),
            region: region.clone(),
            vpc: self.identified(vpc),
            vpc_name: self.named(vpc_name),
            metrics: metrics.clone(),
            history: history.clone(),
            interfaces: interfaces.iter().map(|one| self.interface(one)).collect(),
            instances: instances
                .iter()
                .map(|Instance { id, tags }| Instance {
                    id: self.id(id),
                    tags: self.tags(tags),
                })
                .collect(),
            subnets: subnets.iter().map(|one| self.subnet(one)).collect(),
            route_tables: route_tables
                .iter()
                .map(|one| self.route_table(one))
                .collect(),
            endpoints: endpoints.iter().map(|one| self.endpoint(one)).collect(),
            carried: carried
                .iter()
                .map(|Carried { endpoint, days }| Carried {
                    endpoint: self.id(endpoint),
                    days: days.clone(),
                })
                .collect(),
            missing: missing
                .iter()
                .map(|Missing { part, why: _ }| Missing {
                    part: part.clone(),
                    why: "left out of this redacted bundle".to_owned(),
                })
                .collect(),
        }
    }

    fn interface(&mut self, interface: &Interface) -> Interface {
        let Interface {
            id,
            interface_type,
            description,
            addresses,
            public_addresses,
            vpc,
            subnet,
            zone,
            instance,
            requester,
            security_groups,
            tags,
        } = interface;
        Interface {
            id: self.id(id),
            interface_type: interface_type.clone(),
            description: self.description(description),
            addresses: self.all(addresses),
            public_addresses: self.all(public_addresses),
            vpc: self.identified(vpc),
            subnet: self.identified(subnet),
            zone: zone.clone(),
            instance: self.identified(instance),
            requester: self.named(requester),
            security_groups: self.ids(security_groups),
            tags: self.tags(tags),
        }
    }

    fn subnet(&mut self, subnet: &Subnet) -> Subnet {
        let Subnet {
            id,
            name,
            cidr,
            zone,
        } = subnet;
        Subnet {
            id: self.id(id),
            name: self.named(name),
            cidr: cidr.as_deref().map(|cidr| self.destination(cidr)),
            zone: zone.clone(),
        }
    }

    /// A CIDR block, or an id that stands for several.
    fn destination(&mut self, destination: &str) -> String {
        match destination.parse::<IpNet>() {
            Ok(network) => {
                let new = self.addresses.network(network);
                new.map_or_else(String::new, |new| new.to_string())
            }
            Err(_) => self.id(destination),
        }
    }

    fn route_table(&mut self, table: &RouteTable) -> RouteTable {
        let RouteTable {
            id,
            is_main,
            subnets,
            routes,
        } = table;
        RouteTable {
            id: self.id(id),
            is_main: *is_main,
            subnets: self.ids(subnets),
            routes: routes
                .iter()
                .map(
                    |Route {
                         destination,
                         target,
                         state,
                     }| Route {
                        destination: self.destination(destination),
                        target: self.id(target),
                        state: state.clone(),
                    },
                )
                .collect(),
        }
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> Endpoint {
        let Endpoint {
            id,
            endpoint_type,
            service,
            state,
            route_tables,
            subnets,
        } = endpoint;
        // AWS's own services are com.amazonaws.REGION.NAME; those of others have
        // the id of their service, or a name of their owner's.
        let is_aws = ["com.amazonaws.", "cn.com.amazonaws.", "aws."]
            .iter()
            .any(|start| service.starts_with(start));
        Endpoint {
            id: self.id(id),
            endpoint_type: endpoint_type.clone(),
            service: match is_aws && !service.contains("vpce") {
                true => service.clone(),
                false => self.name(service),
            },
            state: state.clone(),
            route_tables: self.ids(route_tables),
            subnets: self.ids(subnets),
        }
    }

    /// One from which the same kind of owner is told.
    fn description(&mut self, description: &str) -> String {
        let found = DESCRIPTIONS
            .iter()
            .find_map(|(start, kind)| Some((*start, *kind, description.strip_prefix(start)?)));
        let Some((start, kind, rest)) = found else {
            return match description {
                "" => String::new(),
                other => self.name(other),
            };
        };
        let rest = match kind {
            OwnerKind::Lambda => match function(rest) {
                whole if whole == rest => self.name(rest),
                function => format!("{}-0-0-0-0-0", self.name(function)),
            },
            OwnerKind::LoadBalancer => match rest.split('/').collect::<Vec<_>>()[..] {
                [form, name, id] => format!("{form}/{}/{}", self.name(name), self.name(id)),
                _ => self.name(rest),
            },
            OwnerKind::EcsTask => match rest.rsplit('/').next() {
                Some(id) => format!("attachment/{}", self.name(id)),
                None => String::new(),
            },
            _ => {
                let first = rest.split_whitespace().next();
                first.map_or_else(String::new, |first| self.id(first))
            }
        };
        format!("{start}{rest}")
    }

    /// Keys that AWS made say what a tag is; the values are the user's.
    fn tags(&mut self, tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let is_plain =
            |key: &str| key == "Name" || key.starts_with("aws:") || key.starts_with("eks:");
        let mut new = BTreeMap::new();
        for (key, value) in tags {
            let key = match key.strip_prefix(CLUSTER) {
                Some(cluster) => format!("{CLUSTER}{}", self.name(cluster)),
                None if is_plain(key) => key.clone(),
                None => self.name(key),
            };
            new.insert(key, self.name(value));
        }
        new
    }

    fn all(&mut self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        addresses
            .iter()
            .map(|address| self.address(*address))
            .collect()
    }

    fn address(&self, address: IpAddr) -> IpAddr {
        self.addresses.get(address).unwrap_or(nowhere(address))
    }

    fn ids(&mut self, ids: &[String]) -> Vec<String> {
        ids.iter().map(|id| self.id(id)).collect()
    }

    fn id(&mut self, id: &str) -> String {
        self.drawn().id(id)
    }

    fn name(&mut self, name: &str) -> String {
        self.drawn().name(name)
    }

    fn identified(&mut self, id: &Option<String>) -> Option<String> {
        id.as_deref().map(|id| self.id(id))
    }

    fn named(&mut self, name: &Option<String>) -> Option<String> {
        name.as_deref().map(|name| self.name(name))
    }

    fn drawn(&mut self) -> Drawn<'_> {
        Drawn {
            secret: self.secret,
            new: &mut self.new,
            taken: &mut self.taken,
        }
    }
}

/// What is said of an address that nothing was decided on, which cannot be.
fn nowhere(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
