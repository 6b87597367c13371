//! Names and ids in place of names and ids, each drawn once.
//!
//! **Invariants.** The same is always the same, and no two become one. An id stays
//! an id of the same kind of resource.

use super::Secret;
use std::collections::{HashMap, HashSet};

/// How ids of AWS's resources begin, before a hyphen; the longest of equals first.
const RESOURCES: [&str; 26] = [
    "vpce-svc",
    "eipalloc",
    "eipassoc",
    "subnet",
    "eigw",
    "fsmt",
    "cagw",
    "tgw-attach",
    "vpce",
    "eni",
    "vpc",
    "rtb",
    "nat",
    "igw",
    "vgw",
    "tgw",
    "pcx",
    "acl",
    "ami",
    "lgw",
    "sg",
    "fl",
    "fs",
    "pl",
    "i",
    "d",
];
/// Digits of an id.
const DIGITS: usize = 17;
/// What no name tells: values that AWS's own words are.
const PLAIN: [&str; 2] = ["local", "amazon-aws"];

/// Names that were drawn, each once.
pub(super) struct Drawn<'a> {
    pub(super) secret: &'a Secret,
    pub(super) new: &'a mut HashMap<String, String>,
    pub(super) taken: &'a mut HashSet<String>,
}

impl Drawn<'_> {
    /// An id of the same kind of resource; anything else is a name.
    pub(super) fn id(&mut self, id: &str) -> String {
        let kind = RESOURCES.iter().find(|kind| {
            let rest = id.strip_prefix(**kind);
            rest.is_some_and(|rest| rest.starts_with('-'))
        });
        match kind {
            Some(kind) => self.draw(id, kind, DIGITS),
            None => self.name(id),
        }
    }

    pub(super) fn name(&mut self, name: &str) -> String {
        match name.is_empty() || PLAIN.contains(&name) {
            true => name.to_owned(),
            false => self.draw(name, "name", DIGITS / 2),
        }
    }

    fn draw(&mut self, old: &str, kind: &str, digits: usize) -> String {
        if let Some(known) = self.new.get(old) {
            return known.clone();
        }
        let mut content = old.as_bytes().to_vec();
        let new = loop {
            let number = self.secret.number(kind, &content);
            let hex = format!("{number:032x}");
            let new = format!("{kind}-{}", &hex[..digits]);
            if self.taken.insert(new.clone()) {
                break new;
            }
            content.push(0);
        };
        self.new.insert(old.to_owned(), new.clone());
        new
    }
}
