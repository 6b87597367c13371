//! A price book for a terminal: one line a price, with where it is from.

use super::text;
use crate::price::{PRICE_NAMES, Price, Prices};
use std::io::{self, Write};

/// Writes the book; what is not known is named as such.
pub fn write(book: &Prices, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Prices in {}", book.region)?;
    for (name, id, meaning) in PRICE_NAMES {
        let mut prices = book.prices.iter().filter(|price| price.name == name);
        let left = book.left_out.iter().find(|left| left.name == name);
        let Some(first) = prices.next() else {
            let why = left.map_or_else(String::new, |left| format!(" ({})", left.why));
            writeln!(out, "{id:<20} {:<24} {meaning}{why}", "not known")?;
            continue;
        };
        row(first, meaning, out)?;
        prices.try_for_each(|price| row(price, meaning, out))?;
        if let Some(left) = left {
            writeln!(out, "{id:<20} {:<24} {}", "not known", left.why)?;
        }
    }
    Ok(())
}

fn row(price: &Price, meaning: &str, out: &mut dyn Write) -> io::Result<()> {
    let to = price
        .to
        .as_ref()
        .map_or_else(String::new, |to| format!(" to {to}"));
    let as_of = price
        .as_of
        .as_ref()
        .map_or_else(String::new, |day| format!("{day}, "));
    for (at, tier) in price.tiers.iter().enumerate() {
        let amount = tier.amount.normalize().to_string();
        let money = text::with_currency(&amount, price.currency.code());
        let unit = price.unit.name();
        let amount = match (at, price.tiers.len()) {
            (_, 1) => format!("{money}/{unit}"),
            (_, _) => format!("{money}/{unit} from {}", text::grouped(tier.from.into())),
        };
        match at {
            0 => writeln!(
                out,
                "{:<20} {amount:<24} {meaning}{to} ({as_of}{})",
                price.name.name(),
                price.source
            )?,
            _ => writeln!(out, "{:<20} {amount}", "")?,
        }
    }
    Ok(())
}
