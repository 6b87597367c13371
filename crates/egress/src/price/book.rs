//! The price book of a region: what AWS charges for traffic through a NAT gateway
//! and beside it.
//!
//! A book is shipped, read from the Price List API, or a file of the user's; what
//! the user says of a single price replaces it ([`Prices::set`]).
//!
//! **Invariants.** A price is known, with where it is from, or it is not there. The
//! document is versioned ([`VERSION`]); fields are added and never renamed. Amounts
//! are decimals in text, so none is rounded on the way.

use super::{Money, Rate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the document.
pub const VERSION: u32 = 1;

/// What a price is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceName {
    /// A NAT gateway processes a gigabyte.
    NatGb,
    /// A NAT gateway is there for an hour.
    NatHour,
    /// A regional NAT gateway is there for an hour, in each active zone.
    NatRegionalHour,
    /// A gigabyte goes out to the internet.
    InternetGb,
    /// A gigabyte goes to another availability zone, for each of the two sides.
    CrossZoneGb,
    /// A gigabyte goes to another region.
    InterRegionGb,
    /// An interface endpoint is there for an hour, in each zone.
    EndpointHour,
    /// An interface endpoint processes a gigabyte.
    EndpointGb,
    /// A gateway endpoint carries a gigabyte.
    GatewayEndpointGb,
    /// A gigabyte of flow records is delivered to a log group of the class STANDARD.
    LogsGb,
}

/// Every name with what it means, in the order in which they are shown.
pub const NAMES: [(PriceName, &str, &str); 10] = [
    (PriceName::NatGb, "nat-gb", "NAT gateway: GB processed"),
    (PriceName::NatHour, "nat-hour", "NAT gateway: hour"),
    (
        PriceName::NatRegionalHour,
        "nat-regional-hour",
        "regional NAT gateway: hour in a zone",
    ),
    (
        PriceName::InternetGb,
        "internet-gb",
        "GB out to the internet",
    ),
    (
        PriceName::CrossZoneGb,
        "cross-zone-gb",
        "GB to another zone, each side",
    ),
    (
        PriceName::InterRegionGb,
        "inter-region-gb",
        "GB to another region",
    ),
    (
        PriceName::EndpointHour,
        "endpoint-hour",
        "interface endpoint: hour in a zone",
    ),
    (
        PriceName::EndpointGb,
        "endpoint-gb",
        "interface endpoint: GB processed",
    ),
    (
        PriceName::GatewayEndpointGb,
        "gateway-endpoint-gb",
        "gateway endpoint: GB carried",
    ),
    (
        PriceName::LogsGb,
        "logs-gb",
        "GB of flow records to CloudWatch Logs",
    ),
];

impl PriceName {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it is a price of, in words.
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    /// What one of it is.
    pub fn unit(self) -> Unit {
        match self {
            PriceName::NatHour | PriceName::NatRegionalHour | PriceName::EndpointHour => Unit::Hour,
            _ => Unit::Gb,
        }
    }

    fn row(self) -> (PriceName, &'static str, &'static str) {
        let mut rows = NAMES.into_iter();
        rows.find(|row| row.0 == self).unwrap_or(NAMES[0])
    }

    fn of(text: &str) -> Option<PriceName> {
        let mut rows = NAMES.iter();
        rows.find(|row| row.1 == text).map(|row| row.0)
    }
}

impl fmt::Display for PriceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a price is for one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// [`BYTES_PER_GB`](crate::BYTES_PER_GB) bytes.
    #[serde(rename = "GB")]
    Gb,
    /// 3,600 seconds.
    #[serde(rename = "hour")]
    Hour,
}

impl Unit {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Gb => "GB",
            Unit::Hour => "hour",
        }
    }
}

/// The currencies of AWS's price lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollars.
    Usd,
    /// Yuan, in China.
    Cny,
    /// Euro, in the European Sovereign Cloud.
    Eur,
}

impl Currency {
    /// ISO 4217.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Usd => "USD",
            Currency::Cny => "CNY",
            Currency::Eur => "EUR",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Currency> {
        let all = [Currency::Usd, Currency::Cny, Currency::Eur];
        all.into_iter().find(|currency| currency.code() == code)
    }
}

/// What one costs from a quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// From so many units in a month on.
    pub from: u64,
    /// Money for a unit.
    pub amount: Money,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What it is of.
    pub name: PriceName,
    /// To which region, where it depends on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What one is.
    pub unit: Unit,
    /// In which money.
    pub currency: Currency,
    /// By quantity in a month; the first begins at 0.
    pub tiers: Vec<Tier>,
    /// When the source was seen, or as of when it speaks (YYYY-MM or YYYY-MM-DD).
    #[serde(default)]
    pub as_of: Option<String>,
    /// Where it is from.
    pub source: String,
}

impl Price {
    /// The first tier that costs anything, and whether there are others.
    pub fn first_paid(&self) -> (Money, bool) {
        let paid = self.tiers.iter().find(|tier| !tier.amount.is_zero());
        let amount = paid.map_or(Money::ZERO, |tier| tier.amount);
        (amount, self.tiers.len() > 1)
    }

    fn is_sound(&self) -> bool {
        let [first, ..] = self.tiers.as_slice() else {
            return false;
        };
        let ascends = self.tiers.windows(2).all(|two| two[0].from < two[1].from);
        self.unit == self.name.unit()
            && first.from == 0
            && ascends
            && self.tiers.iter().all(|tier| is_amount(tier.amount))
    }
}

/// Whether money can be an amount for one of anything: products stay exact up to it.
pub(super) fn is_amount(amount: Money) -> bool {
    const MOST: Money = rust_decimal::dec!(1_000_000);
    amount >= Money::ZERO && amount <= MOST
}

/// A price that is there and cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What it would be of.
    pub name: PriceName,
    /// Why it was left out.
    pub why: String,
}

/// The prices of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The region's code.
    pub region: String,
    /// Those that are known, in the order of [`NAMES`].
    pub prices: Vec<Price>,
    /// Those that a source has and that are not unambiguous there.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// Why a text is no price, or no book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is no NAME=USD.
    #[error("{0:?} is no price; write NAME=USD, such as nat-gb=0.04, with one of {names}", names = names())]
    Given(String),
    /// It is no book of ours.
    #[error("it is no price book of natspike ({0}); make one with natspike prices --save FILE")]
    NoBook(String),
    /// It is a book of another version.
    #[error("it is a price book of version {0}; this natspike knows {VERSION} and older ones")]
    Newer(u32),
    /// It is a book of another region.
    #[error("its prices are of {0}, and {1} is analyzed; make one for that region")]
    OtherRegion(String, String),
    /// What the Price List API gave is no product.
    #[error("a product of the Price List API cannot be read ({0}); use --prices FILE or --rate")]
    NoProduct(String),
}

impl PriceError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            PriceError::Given(_) => "NotAPrice",
            PriceError::NoBook(_) => "NoPriceBook",
            PriceError::Newer(_) => "NewerPriceBook",
            PriceError::OtherRegion(..) => "OtherRegion",
            PriceError::NoProduct(_) => "NoProduct",
        }
    }
}

/// The names as a sentence lists them.
fn names() -> String {
    let names: Vec<&str> = NAMES.iter().map(|row| row.1).collect();
    let (last, others) = names.split_last().unwrap_or((&"", &[]));
    format!("{} or {last}", others.join(", "))
}

impl Prices {
    /// A book in which nothing is known.
    pub fn none(region: &str) -> Prices {
        Prices {
            version: VERSION,
            region: region.to_owned(),
            prices: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Reads a book as [`Prices::write`] writes it.
    pub fn read(text: &[u8]) -> Result<Prices, PriceError> {
        let refused = |error: serde_json::Error| PriceError::NoBook(error.to_string());
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(text).map_err(refused)?;
        if version > VERSION {
            return Err(PriceError::Newer(version));
        }
        let mut book: Prices = serde_json::from_slice(text).map_err(refused)?;
        if let Some(price) = book.prices.iter().find(|price| !price.is_sound()) {
            return Err(PriceError::NoBook(format!(
                "{} has no amounts by quantity from 0 on",
                price.name
            )));
        }
        book.sort();
        Ok(book)
    }

    /// The book as a JSON document.
    pub fn write(&self) -> String {
        // A book has string keys and no number that JSON does not know.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Whether it is a book of that region.
    pub fn check(self, region: &str) -> Result<Prices, PriceError> {
        match self.region == region {
            true => Ok(self),
            false => Err(PriceError::OtherRegion(self.region, region.to_owned())),
        }
    }

    /// A price, where it is known and does not depend on where to.
    pub fn of(&self, name: PriceName) -> Option<&Price> {
        let mut prices = self.prices.iter();
        prices.find(|price| price.name == name && price.to.is_none())
    }

    /// The price of a gigabyte to that region, or else to any.
    pub fn to_region(&self, region: &str) -> Option<&Price> {
        let name = PriceName::InterRegionGb;
        let is_it = |price: &&Price| price.name == name && price.to.as_deref() == Some(region);
        self.prices.iter().find(is_it).or_else(|| self.of(name))
    }

    /// What every byte is priced by, where it is known.
    pub fn rate(&self) -> Option<Rate> {
        let price = self.of(PriceName::NatGb)?;
        let (per_gb, _) = price.first_paid();
        (per_gb > Decimal::ZERO).then_some(Rate {
            per_gb,
            currency: price.currency.code(),
        })
    }

    /// Reads `NAME=USD`.
    pub fn given(text: &str) -> Result<(PriceName, Money), PriceError> {
        let read = || {
            let (name, amount) = text.split_once('=')?;
            let name = PriceName::of(name.trim())?;
            let amount = Decimal::from_str_exact(amount.trim()).ok()?;
            // Nobody gets the gateway's work for nothing; other things one may.
            let is_price = is_amount(amount) && !(amount.is_zero() && name == PriceName::NatGb);
            is_price.then_some((name, amount))
        };
        read().ok_or_else(|| PriceError::Given(text.to_owned()))
    }

    /// Puts what the user pays in the place of what is known, in USD.
    pub fn set(&mut self, name: PriceName, amount: Money, source: &str) {
        let is_hour = name == PriceName::NatHour;
        self.prices.retain(|price| {
            // An hour of a gateway costs the same in both kinds, unless it is said.
            price.name != name && !(is_hour && price.name == PriceName::NatRegionalHour)
        });
        self.left_out.retain(|left| left.name != name);
        self.prices.push(Price {
            name,
            to: None,
            unit: name.unit(),
            currency: Currency::Usd,
            tiers: vec![Tier { from: 0, amount }],
            as_of: None,
            source: source.to_owned(),
        });
        self.sort();
    }

    /// These prices, and the other's where these say nothing of the kind.
    pub fn or(mut self, other: &Prices) -> Prices {
        let is_new = |price: &&Price| self.prices.iter().all(|own| own.name != price.name);
        let more: Vec<Price> = other.prices.iter().filter(is_new).cloned().collect();
        let names: Vec<PriceName> = more.iter().map(|price| price.name).collect();
        self.left_out.retain(|left| !names.contains(&left.name));
        self.prices.extend(more);
        self.sort();
        self
    }

    /// What several books say alike, as a book of all of these regions.
    pub fn shared(books: &[Prices]) -> Prices {
        let regions: Vec<&str> = books.iter().map(|book| book.region.as_str()).collect();
        let mut shared = Prices::none(&regions.join(","));
        let Some((first, others)) = books.split_first() else {
            return shared;
        };
        let says = |book: &Prices, price: &Price| {
            book.prices.iter().any(|other| {
                (other.name, &other.to, other.currency, &other.tiers)
                    == (price.name, &price.to, price.currency, &price.tiers)
            })
        };
        let all_say = |price: &&Price| others.iter().all(|book| says(book, price));
        shared.prices = first.prices.iter().filter(all_say).cloned().collect();
        shared
    }

    pub(super) fn sort(&mut self) {
        self.prices
            .sort_by(|one, other| (one.name, &one.to).cmp(&(other.name, &other.to)));
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, PriceError, PriceName, Prices};
    use rust_decimal::dec;

    #[test]
    fn reads_what_a_user_pays() {
        for (text, expected) in [
            ("nat-gb=0.04", Some((PriceName::NatGb, dec!(0.04)))),
            (
                " internet-gb = 0.05 ",
                Some((PriceName::InternetGb, dec!(0.05))),
            ),
            ("cross-zone-gb=0", Some((PriceName::CrossZoneGb, dec!(0)))),
            ("nat-gb=0", None),
            ("nat-gb=-1", None),
            ("cross-zone-gb=-0.01", None),
            ("nat-gb=1000001", None),
            ("nat=0.04", None),
            ("nat-gb", None),
            ("nat-gb=free", None),
            ("", None),
        ] {
            let error = PriceError::Given(text.to_owned());
            assert_eq!(Prices::given(text), expected.ok_or(error), "{text}");
        }
        let said = PriceError::Given("x".to_owned()).to_string();
        for (_, name, _) in NAMES {
            assert!(said.contains(name), "{name}");
        }
    }

    #[test]
    fn what_a_user_pays_replaces_what_is_known() {
        let mut book = Prices::shipped("us-east-1");
        book.set(PriceName::NatRegionalHour, dec!(0.03), "--rate");
        book.set(PriceName::NatHour, dec!(0.04), "--rate");
        let of = |name| book.of(name).map(|price| price.first_paid());
        assert_eq!(of(PriceName::NatHour), Some((dec!(0.04), false)));
        assert_eq!(of(PriceName::NatRegionalHour), None);
        assert_eq!(of(PriceName::InternetGb), Some((dec!(0.09), true)));
    }

    #[test]
    fn a_book_is_read_as_it_was_written() {
        let mut book = Prices::shipped("us-east-1");
        book.set(PriceName::InternetGb, dec!(0.0712345678901), "--rate");
        assert_eq!(Prices::read(book.write().as_bytes()), Ok(book.clone()));
        let name = |text: &str| Prices::read(text.as_bytes()).map_err(|error| error.name());
        assert_eq!(name("{}"), Err("NoPriceBook"));
        assert_eq!(name("{\"version\": 2}"), Err("NewerPriceBook"));
        let hours = book
            .write()
            .replacen("\"unit\": \"GB\"", "\"unit\": \"hour\"", 1);
        assert_eq!(name(&hours), Err("NoPriceBook"));
        let negative = book.write().replacen("\"0.045\"", "\"-0.045\"", 1);
        assert_eq!(name(&negative), Err("NoPriceBook"));
        let other = book.check("eu-west-1").expect_err("another region");
        assert_eq!(other.name(), "OtherRegion");
    }

    #[test]
    fn several_regions_share_what_they_say_alike() {
        let books = ["us-east-1", "us-east-2"].map(Prices::shipped);
        let shared = Prices::shared(&books);
        assert_eq!(shared.region, "us-east-1,us-east-2");
        assert_eq!(shared.rate(), books[0].rate());
        assert_eq!(shared.of(PriceName::InternetGb), None);
        let books = ["us-east-1", "eu-west-1"].map(Prices::shipped);
        assert_eq!(Prices::shared(&books).rate(), None);
    }
}
