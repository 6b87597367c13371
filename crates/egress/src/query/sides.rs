//! Long lists of networks that an end is asked to be in: worked out once for each
//! record, under a name.

use super::condition::{Condition, Place};
use flowlog::filter::PRIVATE;
use ipnet::IpNet;

/// Networks from which on a list gets a name.
const LONG: usize = 3;

/// An end, the list, and the name of whether it is in it.
pub(super) struct Side {
    pub(super) place: Place,
    pub(super) networks: Vec<IpNet>,
    pub(super) name: String,
}

/// All of a query, in the order in which they are asked.
pub(super) struct Sides(Vec<Side>);

impl Sides {
    /// Those of the conditions; some lists have a name of their own.
    pub(super) fn new<'a>(
        conditions: impl IntoIterator<Item = &'a Condition>,
        named: &[(&str, Vec<IpNet>)],
    ) -> Sides {
        let mut asked = Vec::new();
        for condition in conditions {
            condition.add_networks(&mut asked);
        }
        let mut lists: Vec<&[IpNet]> = Vec::new();
        let mut sides: Vec<Side> = Vec::new();
        let private = IpNet::aggregate(&PRIVATE.to_vec());
        for (place, networks) in asked {
            let is_known = |side: &Side| side.place == place && side.networks == *networks;
            if networks.len() < LONG || sides.iter().any(is_known) {
                continue;
            }
            let known = named.iter().find(|(_, list)| list == networks);
            let name = match known {
                _ if *networks == private => "private".to_owned(),
                Some((name, _)) => (*name).to_owned(),
                None => {
                    let known = lists.iter().position(|list| list == networks);
                    let number = known.unwrap_or_else(|| {
                        lists.push(networks);
                        lists.len() - 1
                    });
                    format!("in_list_{}", number + 1)
                }
            };
            sides.push(Side {
                place,
                networks: networks.clone(),
                name: format!("{}_{name}", place.column()),
            });
        }
        Sides(sides)
    }

    /// The name of whether the end is in the list, where that has one.
    pub(super) fn name(&self, place: Place, networks: &[IpNet]) -> Option<&str> {
        let is_it = |side: &&Side| side.place == place && side.networks == networks;
        self.0.iter().find(is_it).map(|side| side.name.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Side> {
        self.0.iter()
    }
}
