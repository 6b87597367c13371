//! A filter as plain data.

use crate::Field;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Addresses that are not routed over the internet: private (RFC 1918), shared
/// (RFC 6598), link-local, unique local (RFC 4193).
pub const PRIVATE: [IpNet; 7] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v4([169, 254, 0, 0], 16),
    v6(0xfc00, 7),
    v6(0xfe80, 10),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(first: u16, length: u8) -> IpNet {
    let address = Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0);
    IpNet::V6(Ipv6Net::new_assert(address, length))
}

/// Which records count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Those of which all of these are true; without any, every record.
    All(Vec<Expr>),
    /// Those of which one of these is true; without any, none.
    Any(Vec<Expr>),
    /// Those of which it is not true.
    Not(Box<Expr>),
    /// Those that pass the test.
    Test(Test),
}

/// A test of one value; false where the record does not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// An address is in a set.
    Address(AddressOf, AddressSet),
    /// A number is in a set.
    Number(NumberOf, NumberSet),
    /// A text fits one of the patterns.
    Text(TextOf, Vec<Pattern>),
    /// The record does not have the value.
    Missing(Field),
}

/// Which address is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressOf {
    /// `src`: the sender in the packet, or what the interface saw where the record
    /// does not have that.
    Src,
    /// `dst`: the receiver, likewise.
    Dst,
    /// `ip`: one of these two.
    Either,
    /// `srcaddr`, `dstaddr`, `pkt-srcaddr` or `pkt-dstaddr`, as it stands there.
    Field(Field),
}

/// Addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressSet {
    /// Those in one of the networks.
    Networks(Vec<IpNet>),
    /// Those in one of [`PRIVATE`].
    Private,
    /// Those of a set that is known from elsewhere.
    Named(Named),
}

/// Which number is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberOf {
    /// A field whose values are numbers.
    Field(Field),
    /// `port`: srcport or dstport.
    EitherPort,
}

/// Numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberSet {
    /// Those for which the comparison is true.
    Compare(Compare, u64),
    /// Those in one of the ranges.
    Ranges(Vec<RangeInclusive<u64>>),
    /// Those of a set that is known from elsewhere.
    Named(Named),
}

/// How a number is compared with another; `=` is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// Which text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOf {
    /// A field whose values are texts.
    Field(Field),
    /// `service`: pkt-src-aws-service or pkt-dst-aws-service.
    EitherService,
}

/// A text in which `*` stands for any letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(pub Box<str>);

/// A set that is known from elsewhere; written with `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// `@subject`: the addresses that are investigated.
    Subject,
    /// `@inside`: the addresses that are not external.
    Inside,
    /// `@sensitive`: the ports that are.
    Sensitive,
}

/// What named sets mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sets {
    /// The addresses that are investigated.
    pub subject: AddressSet,
    /// The addresses that are not external.
    pub inside: AddressSet,
    /// The ports that are sensitive.
    pub sensitive: NumberSet,
}

impl Default for Sets {
    /// Every private address is investigated and inside; no port is sensitive.
    fn default() -> Sets {
        Sets {
            subject: AddressSet::Private,
            inside: AddressSet::Private,
            sensitive: NumberSet::Ranges(Vec::new()),
        }
    }
}

impl Expr {
    /// The same with what named sets mean in their place.
    pub fn resolve(&self, sets: &Sets) -> Expr {
        let all = |parts: &[Expr]| parts.iter().map(|part| part.resolve(sets)).collect();
        match self {
            Expr::All(parts) => Expr::All(all(parts)),
            Expr::Any(parts) => Expr::Any(all(parts)),
            Expr::Not(inner) => Expr::Not(Box::new(inner.resolve(sets))),
            Expr::Test(Test::Address(of, AddressSet::Named(named))) => {
                let set = match named {
                    Named::Subject => sets.subject.clone(),
                    Named::Inside => sets.inside.clone(),
                    // Ports are no addresses.
                    Named::Sensitive => AddressSet::Networks(Vec::new()),
                };
                Expr::Test(Test::Address(*of, set))
            }
            Expr::Test(Test::Number(of, NumberSet::Named(named))) => {
                let set = match named {
                    Named::Sensitive => sets.sensitive.clone(),
                    Named::Subject | Named::Inside => NumberSet::Ranges(Vec::new()),
                };
                Expr::Test(Test::Number(*of, set))
            }
            Expr::Test(test) => Expr::Test(test.clone()),
        }
    }
}

impl Expr {
    /// The fields of a record that it asks for.
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = BTreeSet::new();
        self.add_fields(&mut fields);
        fields
    }

    fn add_fields(&self, to: &mut BTreeSet<Field>) {
        match self {
            Expr::All(parts) | Expr::Any(parts) => {
                for part in parts {
                    part.add_fields(to);
                }
            }
            Expr::Not(part) => part.add_fields(to),
            Expr::Test(test) => to.extend(test.fields()),
        }
    }

    /// Whether it asks for the set.
    pub fn names(&self, set: Named) -> bool {
        match self {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| part.names(set)),
            Expr::Not(part) => part.names(set),
            Expr::Test(Test::Address(_, AddressSet::Named(named)))
            | Expr::Test(Test::Number(_, NumberSet::Named(named))) => *named == set,
            Expr::Test(_) => false,
        }
    }
}

impl Test {
    /// The fields of a record that it asks for.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Test::Address(of, _) => of.fields(),
            Test::Number(of, _) => of.fields(),
            Test::Text(of, _) => of.fields(),
            Test::Missing(field) => vec![*field],
        }
    }
}

impl AddressOf {
    /// The fields that it may be in.
    pub fn fields(self) -> Vec<Field> {
        match self {
            AddressOf::Src => vec![Field::PktSrcaddr, Field::Srcaddr],
            AddressOf::Dst => vec![Field::PktDstaddr, Field::Dstaddr],
            AddressOf::Either => [AddressOf::Src.fields(), AddressOf::Dst.fields()].concat(),
            AddressOf::Field(field) => vec![field],
        }
    }
}

impl NumberOf {
    /// The fields that it may be in.
    pub fn fields(self) -> Vec<Field> {
        match self {
            NumberOf::EitherPort => vec![Field::Srcport, Field::Dstport],
            NumberOf::Field(field) => vec![field],
        }
    }
}

impl TextOf {
    /// The fields that it may be in.
    pub fn fields(self) -> Vec<Field> {
        match self {
            TextOf::EitherService => vec![Field::PktSrcAwsService, Field::PktDstAwsService],
            TextOf::Field(field) => vec![field],
        }
    }
}
