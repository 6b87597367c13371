//! Short codes for texts that repeat: addresses, interfaces, service names.
//!
//! A recording has millions of records over a few dozen interfaces and service
//! names. A record looks its texts up and is from then on a handful of
//! integers. IPv4 addresses need no code: they are numbers already.
//!
//! **Invariants.** Code 0 of a text is always "no value". Codes mean something
//! only within their own dictionary, so a merge translates them.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::borrow::Cow;
use std::net::IpAddr;

/// The code of "no value", for whatever stands as `-` or is not in the layout.
pub(crate) const NONE: u32 = 0;

/// Codes for plain texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    codes: HashMap<Box<[u8]>, u32, RandomState>,
    texts: Vec<Box<str>>,
}

impl Texts {
    /// The code of the text; new texts get the next one. `-` is [`NONE`].
    pub(crate) fn code(&mut self, text: &[u8]) -> u32 {
        if text == b"-" || text.is_empty() {
            return NONE;
        }
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = match String::from_utf8_lossy(text) {
            Cow::Borrowed(name) => {
                self.texts.push(name.into());
                next_code(self.texts.len())
            }
            // Names that look alike are one name.
            Cow::Owned(name) => self.code(name.as_bytes()),
        };
        self.codes.insert(text.into(), code);
        code
    }

    /// The text of a code, `None` for [`NONE`].
    pub(crate) fn text(&self, code: u32) -> Option<&str> {
        Some(&**self.texts.get((code as usize).checked_sub(1)?)?)
    }

    /// Every text, in the order of codes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// For each code of `other` the code of the same text here.
    pub(crate) fn absorb(&mut self, other: &Texts) -> Vec<u32> {
        std::iter::once(NONE)
            .chain(other.texts.iter().map(|text| self.code(text.as_bytes())))
            .collect()
    }
}

/// Codes for addresses that are not IPv4, or stand beside one that is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    codes: HashMap<IpAddr, u32, RandomState>,
    addresses: Vec<IpAddr>,
}

impl Addresses {
    /// The code of the address; a new one gets the next, from 0.
    pub(crate) fn code(&mut self, address: IpAddr) -> u32 {
        *self.codes.entry(address).or_insert_with(|| {
            self.addresses.push(address);
            next_code(self.addresses.len()) - 1
        })
    }

    /// Every address, in the order of codes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// The address of a code.
    pub(crate) fn address(&self, code: u32) -> IpAddr {
        self.addresses[code as usize]
    }
}

/// Four billion distinct texts do not fit into memory long before the codes end.
fn next_code(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Addresses, NONE, Texts};

    #[test]
    fn one_address_has_one_code() {
        let mut addresses = Addresses::default();
        let one = addresses.code("2001:db8::1".parse().expect("address"));
        assert_eq!(
            addresses.code("2001:0db8:0:0::0001".parse().expect("address")),
            one
        );
        assert_ne!(addresses.code("10.0.0.1".parse().expect("address")), one);
        assert_eq!(addresses.address(one).to_string(), "2001:db8::1");
    }

    #[test]
    fn absorbing_translates_codes() {
        let (mut one, mut other) = (Texts::default(), Texts::default());
        one.code(b"S3");
        other.code(b"DYNAMODB");
        other.code(b"S3");
        assert_eq!(one.absorb(&other), [NONE, 2, 1]);
        assert_eq!(one.text(2), Some("DYNAMODB"));
        assert_eq!(one.text(NONE), None);
        assert_eq!(one.code(b"S\xff"), one.code(b"S\xfe"));
    }
}
