//! Single values: numbers, bytes, ports, protocols, times, networks.
//!
//! **Invariants.** Exact: a number that is none of the field is an error and never
//! rounded.

use super::{Kind, words};
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Units of bytes.
const UNITS: [(&str, u128); 9] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Whether the word is a unit of bytes.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS
        .iter()
        .any(|(unit, _)| unit.eq_ignore_ascii_case(word))
}

/// A network or one address; or what to write instead, after a semicolon.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let Ok(network) = text.parse::<IpNet>() else {
        let hint = match text.contains('*') {
            true => "; write a network with its prefix, such as 10.0.0.0/16",
            false => "",
        };
        return Err(hint.to_owned());
    };
    match network.trunc() == network {
        true => Ok(network),
        false => Err(format!(
            ", which has bits beyond its prefix; write {} or {}",
            network.trunc(),
            network.addr()
        )),
    }
}

/// A number or a range of them.
pub(super) fn range(text: &str, kind: Kind) -> Result<RangeInclusive<u64>, String> {
    let whole = number(text, kind);
    if let Ok(number) = whole {
        return Ok(number..=number);
    }
    let parts = text.split_once("..").or_else(|| text.split_once('-'));
    let both = parts.map(|(from, to)| (number(from, kind), number(to, kind)));
    match both {
        Some((Ok(from), Ok(to))) if from <= to => Ok(from..=to),
        Some((Ok(_), Ok(_))) => Err("; the first of a range is the smaller one".to_owned()),
        _ => whole.map(|number| number..=number),
    }
}

/// A number of that kind; or what is wrong with it, where more can be said.
pub(super) fn number(text: &str, kind: Kind) -> Result<u64, String> {
    let special = match kind {
        Kind::Port => words::port(text),
        Kind::Protocol => words::protocol(text),
        Kind::Bytes => bytes(text)?,
        Kind::Time => time(text),
        _ => None,
    };
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match (special, is_digits) {
        (Some(number), _) => number,
        (None, true) => text.parse().map_err(|_| "; it is too large".to_owned())?,
        (None, false) => return Err(String::new()),
    };
    match number <= kind.most() {
        true => Ok(number),
        false => Err(format!("; the largest is {}", kind.most())),
    }
}

/// `1.5GB`; `None` where there is no unit.
fn bytes(text: &str) -> Result<Option<u64>, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let Some((digits, unit)) = end.map(|end| text.split_at(end)) else {
        return Ok(None);
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let Some((_, unit)) = UNITS.iter().find(|(one, _)| one.eq_ignore_ascii_case(unit)) else {
        return Ok(None);
    };
    if whole.is_empty() || fraction.contains('.') || digits.ends_with('.') {
        return Err(String::new());
    }
    let too_large = || "; it is too large".to_owned();
    if whole.len() + fraction.len() > 25 {
        return Err(too_large());
    }
    let digits = format!("{whole}{fraction}");
    let scaled = digits.parse::<u128>().map_err(|_| String::new())?;
    let parts = 10u128.pow(u32::try_from(fraction.len()).map_err(|_| too_large())?);
    let product = scaled.checked_mul(*unit).ok_or_else(too_large)?;
    match product % parts {
        0 => u64::try_from(product / parts)
            .map(Some)
            .map_err(|_| too_large()),
        _ => Err("; it is not a whole number of bytes".to_owned()),
    }
}

/// The Unix seconds of `2026-11-20`, `2026-11-20T10:00`, `2026-11-20T10:00:00Z`,
/// in UTC; a space may stand for the T.
fn time(text: &str) -> Option<u64> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (date, clock) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00"));
    let [year, month, day] = parts(date, '-', &[4, 2, 2])?[..] else {
        return None;
    };
    let clock = match clock.len() {
        5 => format!("{clock}:00"),
        _ => clock.to_owned(),
    };
    let [hour, minute, second] = parts(&clock, ':', &[2, 2, 2])?[..] else {
        return None;
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Numbers of exactly so many digits.
fn parts(text: &str, between: char, digits: &[usize]) -> Option<Vec<u64>> {
    let words: Vec<&str> = text.split(between).collect();
    let fits = |(word, digits): (&&str, &usize)| {
        word.len() == *digits && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    (words.len() == digits.len() && words.iter().zip(digits).all(fits))
        .then(|| words.iter().map(|word| word.parse().ok()).collect())?
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    if year < 1970 || day == 0 || day > *months.get(before)? {
        return None;
    }
    let of_years: u64 = (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum();
    Some(of_years + months[..before].iter().sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::{Kind, network, number, range};

    #[test]
    fn reads_numbers_of_every_kind() {
        for (text, kind, expected) in [
            ("443", Kind::Port, Some(443)),
            ("SSH", Kind::Port, Some(22)),
            ("65536", Kind::Port, None),
            ("tcp", Kind::Protocol, Some(6)),
            ("ipv6-icmp", Kind::Protocol, Some(58)),
            ("256", Kind::Protocol, None),
            ("1500", Kind::Bytes, Some(1_500)),
            ("1.5GB", Kind::Bytes, Some(1_500_000_000)),
            ("1.50kib", Kind::Bytes, Some(1_536)),
            ("0.5KiB", Kind::Bytes, Some(512)),
            ("0.3KiB", Kind::Bytes, None),
            ("1.5", Kind::Bytes, None),
            ("1.5B", Kind::Bytes, None),
            ("1.GB", Kind::Bytes, None),
            (".5GB", Kind::Bytes, None),
            ("1.2.3GB", Kind::Bytes, None),
            ("GB", Kind::Bytes, None),
            ("20000000TB", Kind::Bytes, None),
            ("18446744073709551615", Kind::Bytes, Some(u64::MAX)),
            ("18446744073709551616", Kind::Bytes, None),
            (
                "99999999999999999999999999999999999999999TB",
                Kind::Bytes,
                None,
            ),
            ("+1", Kind::Number, None),
            ("-1", Kind::Number, None),
            ("", Kind::Number, None),
            ("1700000000", Kind::Time, Some(1_700_000_000)),
            ("2023-11-14T22:13:20Z", Kind::Time, Some(1_700_000_000)),
            ("2023-11-14 22:13:20", Kind::Time, Some(1_700_000_000)),
            ("1970-01-01", Kind::Time, Some(0)),
            ("2024-02-29T00:00", Kind::Time, Some(1_709_164_800)),
            ("2000-03-01", Kind::Time, Some(951_868_800)),
            ("2023-02-29", Kind::Time, None),
            ("2023-13-01", Kind::Time, None),
            ("2023-00-01", Kind::Time, None),
            ("2023-01-01T24:00", Kind::Time, None),
            ("2023-01-01T10:00:00+01:00", Kind::Time, None),
            ("1969-12-31", Kind::Time, None),
        ] {
            assert_eq!(number(text, kind).ok(), expected, "{text}");
        }
    }

    #[test]
    fn reads_ranges() {
        for (text, kind, expected) in [
            ("5000-5100", Kind::Port, Some(5_000..=5_100)),
            ("ssh-telnet", Kind::Port, Some(22..=23)),
            ("22", Kind::Port, Some(22..=22)),
            ("23-22", Kind::Port, None),
            ("1kB-2kB", Kind::Bytes, Some(1_000..=2_000)),
            (
                "2023-11-14..2023-11-15",
                Kind::Time,
                Some(1_699_920_000..=1_700_006_400),
            ),
            ("1-2-3", Kind::Number, None),
        ] {
            assert_eq!(range(text, kind).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_network_has_no_bits_beyond_its_prefix() {
        for (text, expected) in [
            ("10.0.0.0/8", Ok("10.0.0.0/8")),
            ("10.0.0.1", Ok("10.0.0.1/32")),
            ("2001:DB8::/32", Ok("2001:db8::/32")),
            ("10.0.0.0/33", Err("")),
            (
                "203.0.113.5/24",
                Err(", which has bits beyond its prefix; write 203.0.113.0/24 or 203.0.113.5"),
            ),
            (
                "10.0.*",
                Err("; write a network with its prefix, such as 10.0.0.0/16"),
            ),
        ] {
            let found = network(text).map(|network| network.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{text}");
        }
    }
}
