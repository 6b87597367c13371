//! Amounts as a scenario writes them: sizes (`"420 MB"`), spans of time
//! (`"6m"`, `"1h30m"`) and protocols (`"tcp"`).
//!
//! **Invariants**: every amount is an exact integer; a text that would have to
//! be rounded is an error.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// A number of bytes; in TOML an integer or a text such as `"3 MB"` (decimal
/// units B, kB, MB, GB, TB; binary units KiB, MiB, GiB, TiB).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A span of domain time in whole seconds; in TOML an integer of seconds or a
/// text such as `"90s"`, `"6m"`, `"1h30m"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

/// An IANA protocol number; in TOML `"tcp"`, `"udp"`, `"icmp"`, `"icmpv6"` or
/// the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol(pub u8);

impl Protocol {
    /// TCP, number 6.
    pub const TCP: Protocol = Protocol(6);
    const NAMES: [(&'static str, u8); 4] = [("tcp", 6), ("udp", 17), ("icmp", 1), ("icmpv6", 58)];

    /// Whether records of this protocol carry port numbers.
    pub fn has_ports(self) -> bool {
        matches!(self.0, 6 | 17)
    }
}

impl Bytes {
    /// Reads a size; the error says what was expected.
    pub fn parse(text: &str) -> Result<Bytes, String> {
        const UNITS: [(&str, u64); 9] = [
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
        ];
        let text = text.trim();
        let split = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .unwrap_or(text.len());
        let (number, unit) = (text[..split].replace('_', ""), text[split..].trim());
        let factor = if unit.is_empty() {
            Some(1)
        } else {
            UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, factor)| *factor)
        };
        factor
            .and_then(|factor| exact_product(&number, factor))
            .map(Bytes)
            .ok_or_else(|| {
                format!("`{text}` is not a whole number of bytes; write for example 1200, \"3 MB\" or \"1.5 GiB\"")
            })
    }
}

/// `number` (decimal digits with at most one point) times `factor`, if that is
/// a whole number.
fn exact_product(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || fraction.len() > 18 {
        return None;
    }
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let product = digits.checked_mul(u128::from(factor))?;
    (product % scale == 0)
        .then_some(product / scale)
        .and_then(|n| u64::try_from(n).ok())
}

impl Seconds {
    /// Reads a span of time; the error says what was expected.
    pub fn parse(text: &str) -> Result<Seconds, String> {
        Self::sum_of_parts(text.trim()).map(Seconds).ok_or_else(|| {
            format!(
                "`{text}` is not a span of time; write for example \"90s\", \"6m\" or \"1h30m\""
            )
        })
    }

    fn sum_of_parts(text: &str) -> Option<u64> {
        let (mut rest, mut sum) = (text, 0u64);
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let number: u64 = rest[..digits].parse().ok()?;
            let mut after = rest[digits..].chars();
            let factor = match after.next()? {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return None,
            };
            sum = sum.checked_add(number.checked_mul(factor)?)?;
            rest = after.as_str().trim_start();
        }
        Some(sum)
    }
}

struct Amount<T> {
    expected: &'static str,
    from_integer: fn(u64) -> Result<T, String>,
    from_text: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for Amount<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        let value =
            u64::try_from(value).map_err(|_| E::custom(format!("`{value}` is negative")))?;
        (self.from_integer)(value).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        (self.from_integer)(value).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        (self.from_text)(value).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Amount {
            expected: "a size such as 1200 or \"3 MB\"",
            from_integer: |n| Ok(Bytes(n)),
            from_text: Bytes::parse,
        })
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Amount {
            expected: "a span of time such as 90 or \"6m\"",
            from_integer: |n| Ok(Seconds(n)),
            from_text: Seconds::parse,
        })
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Amount {
            expected: "a protocol such as \"tcp\" or 6",
            from_integer: |n| {
                u8::try_from(n)
                    .map(Protocol)
                    .map_err(|_| format!("`{n}` is not a protocol number (0-255)"))
            },
            from_text: |text| {
                Protocol::NAMES
                    .iter()
                    .find(|(name, _)| *name == text)
                    .map(|(_, number)| Protocol(*number))
                    .ok_or_else(|| {
                        format!(
                            "`{text}` is not a protocol; write tcp, udp, icmp, icmpv6 or a number"
                        )
                    })
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_exactly_or_not_at_all() {
        let cases = [
            ("1200", Some(1_200)),
            ("0 B", Some(0)),
            ("3 MB", Some(3_000_000)),
            ("3MB", Some(3_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("12_000 kB", Some(12_000_000)),
            ("0.5 B", None),
            ("1.2.3 MB", None),
            ("3 mb", None),
            ("MB", None),
            ("", None),
            ("99999999 TB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Bytes::parse(text).ok().map(|b| b.0), expected, "{text}");
        }
    }

    #[test]
    fn reads_spans_of_time() {
        let cases = [
            ("90s", Some(90)),
            ("6m", Some(360)),
            ("1h30m", Some(5_400)),
            ("1d 1s", Some(86_401)),
            ("0m", Some(0)),
            ("6", None),
            ("6 minutes", None),
            ("", None),
            ("m", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Seconds::parse(text).ok().map(|s| s.0), expected, "{text}");
        }
    }
}
