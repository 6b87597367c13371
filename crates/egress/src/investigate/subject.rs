//! Which addresses are investigated and which networks are not external, by what EC2
//! says of instances and their VPCs.
//!
//! **Invariants.** Public addresses are no part of a subject: the records of an
//! instance's interface have private ones in their place. A VPC on the other side of
//! a peering connection is inside only while the connection is active.

use super::discovery::{Instance, Peering, Vpc};
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// The state of a CIDR block that is in use.
const ASSOCIATED: &str = "associated";
/// The status of a peering connection that carries traffic.
const ACTIVE: &str = "active";

/// Why it is not known what is investigated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// A text is no network.
    #[error(
        "{0:?} is not a network; write 10.120.0.0/16 or 2001:db8::/56, or the beginning of \
         IPv4 addresses with a dot at its end, such as 10.120."
    )]
    NotANetwork(String),
    /// EC2 knows no such instance.
    #[error(
        "find {id} in {region}: there is no such instance; check the id and name its region with \
         --region, which cannot be guessed. EC2 forgets a terminated instance after an hour; name \
         its addresses with --instance-ip instead"
    )]
    NoInstance {
        /// The instance.
        id: String,
        /// Where it was looked for.
        region: String,
    },
    /// An instance has no interface any more.
    #[error(
        "find the addresses of {0}: it is {1} and has none any more; name those that it had \
         with --instance-ip"
    )]
    NoAddress(String, String),
}

impl SubjectError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            SubjectError::NotANetwork(_) => "NotANetwork",
            SubjectError::NoInstance { .. } => "NoInstance",
            SubjectError::NoAddress(..) => "NoAddress",
        }
    }
}

/// The network that a text stands for: a CIDR block, or the beginning of IPv4
/// addresses with a dot at its end (`10.` is 10.0.0.0/8).
pub fn network(text: &str) -> Result<IpNet, SubjectError> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(network.trunc());
    }
    beginning(text)
        .map(IpNet::V4)
        .ok_or_else(|| SubjectError::NotANetwork(text.to_owned()))
}

fn beginning(text: &str) -> Option<Ipv4Net> {
    let words: Vec<&str> = text.strip_suffix('.')?.split('.').collect();
    let mut octets = [0; 4];
    if words.len() >= octets.len() {
        return None;
    }
    for (octet, word) in octets.iter_mut().zip(&words) {
        // As in an address: no sign, no leading zero.
        *octet = word.parse().ok()?;
        if octet.to_string() != *word {
            return None;
        }
    }
    let bits = u8::try_from(8 * words.len()).ok()?;
    Ipv4Net::new(Ipv4Addr::from(octets), bits).ok()
}

/// The instances that were asked for, if EC2 knows them all.
pub fn known(asked: &[String], found: &[Instance], region: &str) -> Result<(), SubjectError> {
    let is_found = |id: &&String| found.iter().any(|instance| instance.id == **id);
    match asked.iter().find(|id| !is_found(id)) {
        Some(id) => Err(SubjectError::NoInstance {
            id: id.clone(),
            region: region.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The addresses of the instances and the prefixes that are delegated to them.
pub fn addresses(instances: &[Instance]) -> Result<Vec<IpNet>, SubjectError> {
    let mut all = BTreeSet::new();
    for instance in instances {
        let before = all.len();
        for interface in &instance.interfaces {
            all.extend(interface.addresses.iter().copied().map(IpNet::from));
            all.extend(interface.prefixes.iter().copied());
        }
        if all.len() == before {
            let (id, state) = (instance.id.clone(), instance.state.clone());
            return Err(SubjectError::NoAddress(id, state));
        }
    }
    Ok(all.into_iter().collect())
}

/// The VPCs that the instances are in.
pub fn vpcs_of(instances: &[Instance]) -> Vec<String> {
    let interfaces = instances.iter().flat_map(|it| &it.interfaces);
    let vpcs: BTreeSet<&String> = interfaces.filter_map(|it| it.vpc.as_ref()).collect();
    vpcs.into_iter().cloned().collect()
}

/// What is not external to the VPCs: their own networks and those of their peers.
pub fn inside(vpcs: &[Vpc], peerings: &[Peering]) -> Vec<IpNet> {
    let own = vpcs.iter().flat_map(blocks);
    let peers = peers(vpcs, peerings).into_iter();
    let all: BTreeSet<IpNet> = own.chain(peers.flat_map(|peer| peer.networks)).collect();
    all.into_iter().collect()
}

fn blocks(vpc: &Vpc) -> impl Iterator<Item = IpNet> {
    let used = vpc.blocks.iter().filter(|block| block.state == ASSOCIATED);
    used.map(|block| block.network)
}

struct Peer<'a> {
    vpc: &'a str,
    region: Option<&'a str>,
    connection: &'a str,
    networks: Vec<IpNet>,
}

/// The other sides of active connections.
fn peers<'a>(vpcs: &[Vpc], peerings: &'a [Peering]) -> Vec<Peer<'a>> {
    let is_own = |id: &str| vpcs.iter().any(|vpc| vpc.id == id);
    let mut peers: Vec<Peer<'a>> = Vec::new();
    for peering in peerings.iter().filter(|peering| peering.status == ACTIVE) {
        for side in peering.sides.iter().filter(|side| !is_own(&side.id)) {
            peers.push(Peer {
                vpc: &side.id,
                region: side.region.as_deref(),
                connection: &peering.id,
                networks: side.networks.clone(),
            });
        }
    }
    peers.sort_by_key(|peer| (peer.vpc, peer.connection));
    peers.dedup_by_key(|peer| (peer.vpc, peer.connection));
    peers
}

/// What the reader should know of the instances: one sentence for each.
pub fn instance_sentences(instances: &[Instance]) -> Vec<String> {
    instances.iter().map(instance_sentence).collect()
}

fn instance_sentence(instance: &Instance) -> String {
    let mut text = instance.id.clone();
    if let Some(name) = instance.name.as_deref().and_then(crate::printable) {
        let _ = write!(text, " ({name})");
    }
    let interfaces = instance.interfaces.iter().map(|interface| {
        let mut text = interface.id.clone();
        let has = interface.addresses.iter().map(IpAddr::to_string);
        let _ = write!(text, " has {}", list(has));
        if !interface.prefixes.is_empty() {
            let prefixes = interface.prefixes.iter().map(IpNet::to_string);
            let _ = write!(text, " and the prefixes {}", list(prefixes));
        }
        if !interface.public_addresses.is_empty() {
            let public = interface.public_addresses.iter().map(IpAddr::to_string);
            let _ = write!(
                text,
                " (in public {}, which does not stand in its records)",
                list(public)
            );
        }
        text
    });
    let interfaces: Vec<String> = interfaces.collect();
    let _ = write!(
        text,
        " is {}: {}. EC2 says so as of now; addresses may have been another's before.",
        instance.state,
        interfaces.join("; ")
    );
    text
}

/// What is inside and why.
pub fn inside_sentence(vpcs: &[Vpc], peerings: &[Peering]) -> String {
    let own = vpcs.iter().map(|vpc| {
        let networks = list(blocks(vpc).map(|network| network.to_string()));
        format!("{} has {networks}", vpc.id)
    });
    let peers = peers(vpcs, peerings);
    let peers = peers.iter().map(|peer| {
        let region = peer
            .region
            .map_or_else(String::new, |it| format!(" in {it}"));
        let networks = list(peer.networks.iter().map(IpNet::to_string));
        format!(
            "{}{region}, peered by {}, has {networks}",
            peer.vpc, peer.connection
        )
    });
    let all: Vec<String> = own.chain(peers).collect();
    format!("Not external: {}.", all.join("; "))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        items => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::discovery::{Block, Instance, Interface, PeeredVpc, Peering, Vpc};
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn instance(interfaces: Vec<Interface>) -> Instance {
        Instance {
            id: "i-0a1".to_owned(),
            name: Some("web".to_owned()),
            account: None,
            state: "running".to_owned(),
            interfaces,
        }
    }

    fn interface() -> Interface {
        Interface {
            id: "eni-0a1".to_owned(),
            vpc: Some("vpc-0a1".to_owned()),
            subnet: Some("subnet-0a1".to_owned()),
            addresses: vec!["10.0.1.5".parse().unwrap(), "2001:db8::5".parse().unwrap()],
            prefixes: vec![net("10.0.2.16/28")],
            public_addresses: vec!["198.51.100.7".parse().unwrap()],
        }
    }

    fn block(network: &str, state: &str) -> Block {
        Block {
            network: net(network),
            state: state.to_owned(),
        }
    }

    fn vpc() -> Vpc {
        Vpc {
            id: "vpc-0a1".to_owned(),
            blocks: vec![
                block("10.0.0.0/16", "associated"),
                block("10.1.0.0/16", "associated"),
                block("10.2.0.0/16", "disassociated"),
                block("2001:db8::/56", "associated"),
            ],
        }
    }

    fn side(id: &str, region: &str, networks: &[&str]) -> PeeredVpc {
        PeeredVpc {
            id: id.to_owned(),
            account: None,
            region: Some(region.to_owned()),
            networks: networks.iter().map(|it| net(it)).collect(),
        }
    }

    fn peering(id: &str, status: &str, other: PeeredVpc, is_asked: bool) -> Peering {
        let own = side("vpc-0a1", "us-east-1", &["10.0.0.0/16"]);
        Peering {
            id: id.to_owned(),
            status: status.to_owned(),
            sides: match is_asked {
                true => vec![other, own],
                false => vec![own, other],
            },
        }
    }

    #[test]
    fn reads_networks_and_beginnings_of_addresses() {
        for (text, expected) in [
            ("10.120.0.0/16", Some("10.120.0.0/16")),
            ("10.120.3.4/16", Some("10.120.0.0/16")),
            ("2001:db8::/56", Some("2001:db8::/56")),
            ("10.", Some("10.0.0.0/8")),
            ("10.120.", Some("10.120.0.0/16")),
            ("10.120.0.", Some("10.120.0.0/24")),
            ("10.12", None),
            ("10.120.0.0", None),
            ("10.120.0.0.", None),
            ("10..", None),
            ("10.012.", None),
            ("10.+1.", None),
            ("10.256.", None),
            (".", None),
            ("", None),
            ("2001:db8:", None),
            ("10.0.0.0/33", None),
        ] {
            assert_eq!(network(text).ok(), expected.map(net), "{text:?}");
        }
        let message = network("10.12").unwrap_err().to_string();
        assert!(message.contains("with a dot at its end"), "{message}");
    }

    #[test]
    fn takes_private_addresses_and_delegated_prefixes() {
        let found = addresses(&[instance(vec![interface()])]).unwrap();
        let expected = ["10.0.1.5/32", "10.0.2.16/28", "2001:db8::5/128"];
        assert_eq!(found, expected.map(net));
        let mut gone = instance(Vec::new());
        gone.state = "terminated".to_owned();
        let message = addresses(&[gone]).unwrap_err().to_string();
        assert!(message.contains("i-0a1: it is terminated"), "{message}");
    }

    #[test]
    fn names_the_instance_that_is_not_there() {
        let asked = ["i-0a1".to_owned(), "i-0b2".to_owned()];
        let found = [instance(Vec::new())];
        assert_eq!(known(&asked[..1], &found, "us-east-1"), Ok(()));
        let message = known(&asked, &found, "us-east-1").unwrap_err().to_string();
        assert!(message.starts_with("find i-0b2 in us-east-1"), "{message}");
    }

    #[test]
    fn inside_are_the_vpc_and_active_peers_of_either_side() {
        let peerings = [
            peering(
                "pcx-1",
                "active",
                side("vpc-0b2", "eu-west-1", &["10.8.0.0/16", "10.9.0.0/16"]),
                false,
            ),
            peering(
                "pcx-2",
                "active",
                side("vpc-0c3", "us-east-1", &["2001:db8:1::/56"]),
                true,
            ),
            peering(
                "pcx-3",
                "deleted",
                side("vpc-0d4", "us-east-1", &["10.99.0.0/16"]),
                false,
            ),
        ];
        let expected = [
            "10.0.0.0/16",
            "10.1.0.0/16",
            "10.8.0.0/16",
            "10.9.0.0/16",
            "2001:db8::/56",
            "2001:db8:1::/56",
        ];
        assert_eq!(inside(&[vpc()], &peerings), expected.map(net));
        assert_eq!(
            inside_sentence(&[vpc()], &peerings),
            "Not external: vpc-0a1 has 10.0.0.0/16, 10.1.0.0/16, 2001:db8::/56; vpc-0b2 in \
             eu-west-1, peered by pcx-1, has 10.8.0.0/16, 10.9.0.0/16; vpc-0c3 in us-east-1, \
             peered by pcx-2, has 2001:db8:1::/56."
        );
    }

    #[test]
    fn says_what_the_instance_has() {
        assert_eq!(
            instance_sentences(&[instance(vec![interface()])]),
            [
                "i-0a1 (web) is running: eni-0a1 has 10.0.1.5, 2001:db8::5 and the prefixes \
                 10.0.2.16/28 (in public 198.51.100.7, which does not stand in its records). EC2 \
                 says so as of now; addresses may have been another's before."
            ]
        );
        assert_eq!(vpcs_of(&[instance(vec![interface()])]), ["vpc-0a1"]);
    }
}
