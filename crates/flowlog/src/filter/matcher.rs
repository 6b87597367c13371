//! A filter made ready to be asked of every record.
//!
//! What a test says of an address or a text is worked out once for each of them
//! and not for a record: an address is a number with a bit for each of the filter's
//! sets, a text is a code.
//!
//! **Invariants.** Says of a record what [`super::Expr`] says of its line.

use super::{
    AddressOf, AddressSet, Compare, Expr, Named, NumberOf, NumberSet, Pattern, Sets, Test, TextOf,
};
use crate::Field;
use crate::detail::{NO_VALUE, Others};
use crate::dictionary::{NONE, Texts};
use crate::record::{AddressCode, Names, Record};
use crate::timeline::is_private;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Fields beside those of a [`Record`] that a filter may ask for.
pub(crate) const OTHER_FIELDS: usize = 8;
/// Sets of addresses in all roots of a matcher.
const ADDRESS_SETS: usize = 64;
/// Addresses whose sets are found without the map; a power of two.
const RECENT: usize = 1 << 12;

/// A filter that can be asked of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Expr);

/// Why a filter cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// There are too many sets of addresses in it.
    #[error("the filter has more than {ADDRESS_SETS} lists of addresses; join some with in (…)")]
    AddressSets,
    /// It asks for too many fields.
    #[error(
        "the filter asks for more than {OTHER_FIELDS} fields beside addresses, ports, protocol, action, services, bytes, packets and times"
    )]
    Fields,
}

impl TooMuch {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            TooMuch::AddressSets => "TooManyAddressSets",
            TooMuch::Fields => "TooManyFields",
        }
    }
}

impl Filter {
    /// The filter of that expression, in which named sets mean these.
    pub fn new(expr: &Expr, sets: &Sets) -> Result<Filter, TooMuch> {
        let expr = expr.resolve(sets);
        let mut matcher = Matcher::default();
        matcher.add(&expr);
        if matcher.sets.len() > ADDRESS_SETS {
            return Err(TooMuch::AddressSets);
        }
        if matcher.others.len() > OTHER_FIELDS {
            return Err(TooMuch::Fields);
        }
        Ok(Filter(expr))
    }

    /// The expression, without named sets.
    pub fn expr(&self) -> &Expr {
        &self.0
    }
}

/// A field that is not in a [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) field: Field,
    pub(crate) is_number: bool,
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Address(AddressOf, u32),
    Number(Value, Numbers),
    Text(Value, usize),
    Missing(Value),
}

/// Where a number or a text of a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    SrcPort,
    DstPort,
    EitherPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    TcpFlags,
    Action,
    SrcService,
    DstService,
    EitherService,
    PktSrc,
    PktDst,
    Always,
    Other(usize),
}

#[derive(Debug, Clone)]
enum Numbers {
    Compare(Compare, u64),
    Ranges(Vec<RangeInclusive<u64>>),
    /// Ports, a bit each.
    Ports(Box<[u64; 1024]>),
}

/// What a test of texts says of the codes that it was asked of.
#[derive(Debug, Clone, Default)]
struct Patterns {
    patterns: Vec<Pattern>,
    known: Vec<Option<bool>>,
}

/// Filters that are asked together.
#[derive(Clone, Default)]
pub struct Matcher {
    roots: Vec<Node>,
    sets: Vec<AddressSet>,
    texts: Vec<Patterns>,
    others: Vec<Other>,
    addresses: AddressBits,
    /// Of records without other fields.
    no_texts: Texts,
}

/// For each address a bit for every set that it is in.
#[derive(Clone)]
struct AddressBits {
    known: HashMap<AddressCode, u64, RandomState>,
    recent: Box<[(u64, u64); RECENT]>,
}

impl Default for AddressBits {
    fn default() -> AddressBits {
        AddressBits {
            known: HashMap::default(),
            recent: Box::new([(u64::MAX, 0); RECENT]),
        }
    }
}

impl Matcher {
    /// One that asks that filter.
    pub fn new(filter: &Filter) -> Matcher {
        let mut matcher = Matcher::default();
        matcher.add(filter.expr());
        matcher
    }

    /// Adds a filter; gives its place among the bits of [`Matcher::which`].
    pub fn push(&mut self, filter: &Filter) -> Result<usize, TooMuch> {
        self.add(filter.expr());
        if self.sets.len() > ADDRESS_SETS {
            return Err(TooMuch::AddressSets);
        }
        Ok(self.roots.len() - 1)
    }

    /// Forgets what codes of a table stand for.
    pub fn forget(&mut self) {
        self.addresses = AddressBits::default();
        for patterns in &mut self.texts {
            patterns.known.clear();
        }
    }

    pub(crate) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Which of the filters, a bit each, let the record through. They may ask for
    /// what is in a [`Record`] alone.
    #[inline]
    pub fn which(&mut self, record: &Record, names: Names<'_>) -> u64 {
        self.bits(record, &[NO_VALUE; OTHER_FIELDS], names, None)
    }

    #[inline]
    pub(crate) fn admits(
        &mut self,
        record: &Record,
        others: &Others,
        names: Names<'_>,
        texts: &Texts,
    ) -> bool {
        self.bits(record, others, names, Some(texts)) & 1 == 1
    }

    #[inline]
    fn bits(
        &mut self,
        record: &Record,
        others: &Others,
        names: Names<'_>,
        texts: Option<&Texts>,
    ) -> u64 {
        let sets = &self.sets;
        let mut asked = Asked {
            ends: [0; 2],
            seen: [0; 2],
            record,
            others,
            names,
            other_texts: texts.unwrap_or(&self.no_texts),
            texts: &mut self.texts,
        };
        if !sets.is_empty() {
            let addresses = &mut self.addresses;
            asked.ends = record.ends.map(|code| addresses.bits(code, names, sets));
            asked.seen = match record.seen == record.ends {
                true => asked.ends,
                false => record.seen.map(|code| addresses.bits(code, names, sets)),
            };
        }
        let mut bits = 0;
        for (place, root) in self.roots.iter().enumerate() {
            bits |= u64::from(asked.is(root)) << place;
        }
        bits
    }

    fn add(&mut self, expr: &Expr) {
        let root = self.node(expr);
        self.roots.push(root);
    }

    fn node(&mut self, expr: &Expr) -> Node {
        match expr {
            Expr::All(parts) => Node::All(parts.iter().map(|part| self.node(part)).collect()),
            Expr::Any(parts) => Node::Any(parts.iter().map(|part| self.node(part)).collect()),
            Expr::Not(inner) => Node::Not(Box::new(self.node(inner))),
            Expr::Test(test) => self.test(test),
        }
    }

    fn test(&mut self, test: &Test) -> Node {
        match test {
            Test::Address(of, set) => {
                let known = self.sets.iter().position(|known| known == set);
                let place = known.unwrap_or_else(|| {
                    self.sets.push(set.clone());
                    self.sets.len() - 1
                });
                // More than there are bits for is refused before it is asked.
                Node::Address(*of, place as u32)
            }
            Test::Number(of, set) => {
                let value = match of {
                    NumberOf::EitherPort => Value::EitherPort,
                    NumberOf::Field(field) => self.value(*field, true),
                };
                Node::Number(value, Numbers::of(value, set))
            }
            Test::Text(of, patterns) => {
                let value = match of {
                    TextOf::EitherService => Value::EitherService,
                    TextOf::Field(field) => self.value(*field, false),
                };
                self.texts.push(Patterns {
                    patterns: patterns.clone(),
                    known: Vec::new(),
                });
                Node::Text(value, self.texts.len() - 1)
            }
            Test::Missing(field) => Node::Missing(self.value(*field, false)),
        }
    }

    fn value(&mut self, field: Field, is_number: bool) -> Value {
        match field {
            Field::Srcport => Value::SrcPort,
            Field::Dstport => Value::DstPort,
            Field::Protocol => Value::Protocol,
            Field::Packets => Value::Packets,
            Field::Bytes => Value::Bytes,
            Field::Start => Value::Start,
            Field::End => Value::End,
            Field::TcpFlags => Value::TcpFlags,
            Field::Action => Value::Action,
            Field::PktSrcAwsService => Value::SrcService,
            Field::PktDstAwsService => Value::DstService,
            Field::PktSrcaddr => Value::PktSrc,
            Field::PktDstaddr => Value::PktDst,
            // A record without them is malformed.
            Field::Srcaddr | Field::Dstaddr => Value::Always,
            field => {
                let other = Other { field, is_number };
                let same = |known: &Other| known.field == field;
                let place = self.others.iter().position(same).unwrap_or_else(|| {
                    self.others.push(other);
                    self.others.len() - 1
                });
                self.others[place].is_number |= is_number;
                Value::Other(place)
            }
        }
    }
}

impl AddressBits {
    #[inline]
    fn bits(&mut self, code: AddressCode, names: Names<'_>, sets: &[AddressSet]) -> u64 {
        let number = code.number();
        let place = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        let recent = &mut self.recent[place as usize % RECENT];
        if recent.0 == number {
            return recent.1;
        }
        let bits = *self.known.entry(code).or_insert_with(|| {
            let address = names.address(code);
            let of = |(place, set): (usize, &AddressSet)| u64::from(set.has(address)) << place;
            sets.iter().take(ADDRESS_SETS).enumerate().map(of).sum()
        });
        *recent = (number, bits);
        bits
    }
}

/// A record, and what is known of it.
struct Asked<'a> {
    ends: [u64; 2],
    seen: [u64; 2],
    record: &'a Record,
    others: &'a Others,
    names: Names<'a>,
    other_texts: &'a Texts,
    texts: &'a mut [Patterns],
}

impl Asked<'_> {
    fn is(&mut self, node: &Node) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|part| self.is(part)),
            Node::Any(parts) => parts.iter().any(|part| self.is(part)),
            Node::Not(inner) => !self.is(inner),
            Node::Address(of, place) => self.address(*of) >> place & 1 == 1,
            Node::Number(value, set) => self
                .numbers(*value)
                .into_iter()
                .flatten()
                .any(|n| set.has(n)),
            Node::Text(value, place) => self.text(*value, *place),
            Node::Missing(value) => self.is_missing(*value),
        }
    }

    fn address(&self, of: AddressOf) -> u64 {
        let packet = |side: usize| match self.record.has_packet[side] {
            true => self.ends[side],
            false => 0,
        };
        match of {
            AddressOf::Src => self.ends[0],
            AddressOf::Dst => self.ends[1],
            AddressOf::Either => self.ends[0] | self.ends[1],
            AddressOf::Field(Field::Srcaddr) => self.seen[0],
            AddressOf::Field(Field::Dstaddr) => self.seen[1],
            AddressOf::Field(Field::PktSrcaddr) => packet(0),
            AddressOf::Field(Field::PktDstaddr) => packet(1),
            AddressOf::Field(_) => 0,
        }
    }

    #[inline]
    fn numbers(&self, value: Value) -> [Option<u64>; 2] {
        let record = self.record;
        let port = |side: usize| record.ports[side].map(u64::from);
        let one = match value {
            Value::SrcPort => port(0),
            Value::DstPort => port(1),
            Value::EitherPort => return [port(0), port(1)],
            Value::Protocol => record.protocol.map(u64::from),
            Value::Packets => record.packets,
            Value::Bytes => Some(record.bytes).filter(|_| record.has_bytes),
            Value::Start => record.start,
            Value::End => record.end,
            Value::TcpFlags => record.tcp_flags.map(u64::from),
            Value::Other(place) => Some(self.others[place]).filter(|value| *value != NO_VALUE),
            _ => None,
        };
        [one, None]
    }

    fn text(&mut self, value: Value, place: usize) -> bool {
        let record = self.record;
        let names = self.names;
        let [src, dst] = record.services;
        match value {
            Value::Action if !record.has_action => false,
            Value::Action => {
                let text = if record.is_reject { "REJECT" } else { "ACCEPT" };
                self.texts[place].of(u32::from(record.is_reject) + 1, || Some(text))
            }
            Value::SrcService => self.texts[place].of(src, || names.service(src)),
            Value::DstService => self.texts[place].of(dst, || names.service(dst)),
            Value::EitherService => {
                self.texts[place].of(src, || names.service(src))
                    || self.texts[place].of(dst, || names.service(dst))
            }
            Value::Other(other) => {
                let Ok(code) = u32::try_from(self.others[other]) else {
                    return false;
                };
                let texts = self.other_texts;
                self.texts[place].of(code, || texts.text(code))
            }
            _ => false,
        }
    }

    fn is_missing(&self, value: Value) -> bool {
        match value {
            Value::Always => false,
            Value::Action => !self.record.has_action,
            Value::SrcService => self.record.services[0] == NONE,
            Value::DstService => self.record.services[1] == NONE,
            Value::EitherService => self.record.services == [NONE; 2],
            Value::PktSrc => !self.record.has_packet[0],
            Value::PktDst => !self.record.has_packet[1],
            Value::Other(place) => self.others[place] == NO_VALUE,
            value => self.numbers(value) == [None; 2],
        }
    }
}

impl Patterns {
    /// What the test says of a text, found once for each code.
    #[inline]
    fn of<'t>(&mut self, code: u32, text: impl Fn() -> Option<&'t str>) -> bool {
        if code == NONE {
            return false;
        }
        let place = code as usize;
        if place >= self.known.len() {
            self.known.resize(place + 1, None);
        }
        let patterns = &self.patterns;
        *self.known[place].get_or_insert_with(|| {
            let fits = |text: &str| patterns.iter().any(|pattern| pattern.fits(text));
            text().is_some_and(fits)
        })
    }
}

impl Numbers {
    fn of(value: Value, set: &NumberSet) -> Numbers {
        let is_port = matches!(value, Value::SrcPort | Value::DstPort | Value::EitherPort);
        match set {
            NumberSet::Compare(compare, than) => Numbers::Compare(*compare, *than),
            NumberSet::Ranges(ranges) if is_port && ranges.len() > 1 => {
                let mut bits = Box::new([0; 1024]);
                for port in ranges
                    .iter()
                    .cloned()
                    .flat_map(|range| *range.start()..=(*range.end()).min(u64::from(u16::MAX)))
                {
                    bits[port as usize / 64] |= 1 << (port % 64);
                }
                Numbers::Ports(bits)
            }
            NumberSet::Ranges(ranges) => Numbers::Ranges(ranges.clone()),
            // What is not resolved is not known, and so has nothing.
            NumberSet::Named(_) => Numbers::Ranges(Vec::new()),
        }
    }

    #[inline]
    fn has(&self, number: u64) -> bool {
        match self {
            Numbers::Compare(Compare::Less, than) => number < *than,
            Numbers::Compare(Compare::AtMost, than) => number <= *than,
            Numbers::Compare(Compare::More, than) => number > *than,
            Numbers::Compare(Compare::AtLeast, than) => number >= *than,
            Numbers::Ranges(ranges) => ranges.iter().any(|range| range.contains(&number)),
            Numbers::Ports(bits) => {
                let word = bits.get(number as usize / 64);
                word.is_some_and(|word| word >> (number % 64) & 1 == 1)
            }
        }
    }
}

impl AddressSet {
    /// Whether the address is in it; what is known from elsewhere has none.
    pub fn has(&self, address: IpAddr) -> bool {
        match self {
            AddressSet::Networks(networks) => networks.iter().any(|net| net.contains(&address)),
            AddressSet::Private => is_private(address),
            AddressSet::Named(Named::Subject | Named::Inside | Named::Sensitive) => false,
        }
    }
}

impl Pattern {
    /// Whether the text fits: `*` stands for any letters, all others for themselves.
    pub fn fits(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}
