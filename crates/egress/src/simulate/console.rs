//! The simulation for a terminal, with the arithmetic of every figure.

use super::{Effect, EndpointKind, HOURS_OF_MONTH, Simulation, Span};
use crate::price::Money;
use crate::report::text::{grouped, money, round_money, with_currency};
use std::io::{self, Write};

/// Writes it.
pub fn write(simulation: &Simulation, out: &mut dyn Write) -> io::Result<()> {
    let currency = simulation.rate.currency;
    let line = |out: &mut dyn Write, what: &str, span: &Span| {
        let (saved, word) = match span.saved() {
            saved if saved.is_sign_negative() => (-saved, "more"),
            saved => (saved, "less"),
        };
        let [before, after, saved] =
            [span.before(), span.after(), saved].map(|amount| round_money(amount, currency));
        writeln!(
            out,
            "{what}  {before} before, {after} after: {saved} {word}"
        )
    };
    match &simulation.hourly {
        Some(hourly) => line(out, "An hour  ", hourly)?,
        None => writeln!(out, "An hour    not known")?,
    }
    match &simulation.month {
        Some(month) => line(out, "A month  ", month)?,
        None => writeln!(
            out,
            "A month    not known: it needs the gateway's metrics of the days before (--snapshot), and \
             a recording that explains what it counted"
        )?,
    }
    for effect in &simulation.effects {
        let verb = if effect.is_added { "Add" } else { "Remove" };
        writeln!(out, "\n{verb} {}", effect.endpoint)?;
        for sentence in sentences(effect, simulation) {
            writeln!(out, "  {sentence}")?;
        }
    }
    if let (Some(hourly), Some((seconds, whole))) = (&simulation.hourly, &simulation.recording) {
        let (bytes, seconds) = (grouped(whole.bytes), grouped((*seconds).into()));
        writeln!(
            out,
            "\nHow an hour adds up: {bytes} bytes recorded x 3,600 / {seconds} s, of which {} of \
             {bytes} no longer pass",
            grouped(whole.moved)
        )?;
        lines(hourly, simulation, 1, out)?;
    }
    if let (Some(month), Some(day)) = (&simulation.month, simulation.typical_day) {
        writeln!(
            out,
            "\nHow a month adds up, if it is mixed like the recording: {} bytes of a typical day x \
             365 / 12",
            grouped(day)
        )?;
        lines(month, simulation, HOURS_OF_MONTH, out)?;
    }
    writeln!(
        out,
        "\nThe gateway's own hours and data transfer stay as they are and are in no figure."
    )?;
    if !simulation.warnings.is_empty() {
        writeln!(out, "\nWarnings")?;
    }
    for warning in &simulation.warnings {
        writeln!(out, "{warning}")?;
    }
    Ok(())
}

/// A price with all its decimals.
fn exact(amount: Money, simulation: &Simulation) -> String {
    with_currency(&amount.normalize().to_string(), simulation.rate.currency)
}

fn lines(span: &Span, simulation: &Simulation, hours: u32, out: &mut dyn Write) -> io::Result<()> {
    let currency = simulation.rate.currency;
    let gb = grouped(u128::from(crate::BYTES_PER_GB));
    let bytes = |bytes: u128, per_gb: Money, cost: Money| {
        let per_gb = exact(per_gb, simulation);
        let cost = money(cost, currency);
        format!("{} bytes / {gb} x {per_gb} = {cost}", grouped(bytes))
    };
    let rate = simulation.rate.per_gb;
    let mut rows = vec![(
        "before",
        format!("gateway {}", bytes(span.bytes, rate, span.nat_before)),
    )];
    let count = |is_added: bool| {
        let effects = simulation.effects.iter();
        let of_it = effects.filter(|effect| effect.is_added == is_added);
        of_it.filter(|effect| effect.changes_hours()).count()
    };
    let of_hours = |count: usize, cost: Money| {
        let hour = simulation.prices.as_ref().map(|prices| prices.hour);
        format!(
            "endpoints {count} x {} x {hours} h x {} = {}",
            zones(simulation),
            exact(hour.unwrap_or_default(), simulation),
            money(cost, currency)
        )
    };
    if count(false) > 0 {
        rows.push(("", of_hours(count(false), span.hours_before)));
    }
    let left = span.bytes - span.moved;
    rows.push((
        "after",
        format!("gateway {}", bytes(left, rate, span.nat_after)),
    ));
    if count(true) > 0 {
        rows.push(("", of_hours(count(true), span.hours_after)));
    }
    if span.carried > 0 {
        let per_gb = simulation.prices.as_ref().map(|prices| prices.per_gb);
        let cost = bytes(span.carried, per_gb.unwrap_or_default(), span.carriage);
        rows.push(("", format!("endpoints {cost}")));
    }
    for (label, row) in rows {
        writeln!(out, "{label:<7} {row}")?;
    }
    Ok(())
}

fn zones(simulation: &Simulation) -> String {
    match simulation.zones {
        1 => "1 zone".to_owned(),
        zones => format!("{zones} zones"),
    }
}

/// What there is to say about an endpoint, a sentence each.
pub(super) fn sentences(effect: &Effect, simulation: &Simulation) -> Vec<String> {
    let mut said = match (effect.is_added, effect.endpoint.kind) {
        (true, _) => added(effect, simulation),
        (false, EndpointKind::Gateway) => vec![
            "It costs nothing, so removing it saves nothing; what passes it is not in a recording \
             of the NAT gateway."
                .to_owned(),
        ],
        (false, EndpointKind::Interface) => removed(effect, simulation),
    };
    match (&effect.there, effect.is_added) {
        (Some(id), true) => said.push(format!(
            "{id} is one already, so its hours are in no figure: what still passes the gateway has \
             another route, or comes from where it does not reach."
        )),
        (Some(id), false) => said.push(format!("It is {id}.")),
        (None, false) if effect.is_absent => {
            said.push(
                "There was none in the VPC at the alarm, so nothing is saved; check its name."
                    .to_owned(),
            );
        }
        (None, _) => {}
    }
    said
}

fn added(effect: &Effect, simulation: &Simulation) -> Vec<String> {
    let mut said = Vec::new();
    let region = &simulation.region;
    let cost = |bytes: u128| money(simulation.rate.cost(bytes), simulation.rate.currency);
    let name = effect.endpoint.code().unwrap_or_default();
    if let Some(told) = effect.told {
        said.push(format!(
            "{} bytes of {name} in {region} take it and no longer pass the gateway: {} of the \
             recording.",
            grouped(told.here),
            cost(told.here)
        ));
        if told.elsewhere > 0 {
            said.push(format!(
                "{} bytes of {name} in other regions stay: an endpoint reaches its own region only.",
                grouped(told.elsewhere)
            ));
        }
        if told.unknown > 0 {
            said.push(format!(
                "{} bytes of {name} are of a region that is not known, and in no figure: {} more \
                 of the recording if it is {region}.",
                grouped(told.unknown),
                cost(told.unknown)
            ));
        }
    }
    if effect.endpoint.kind == EndpointKind::Gateway {
        said.push("It costs nothing.".to_owned());
        return said;
    }
    if effect.told.is_none() {
        said.push(format!(
            "Which bytes are of {} cannot be told by address, so only its cost is in the figures, \
             and not what it saves.",
            effect.endpoint.service
        ));
    }
    said.push(hours(simulation));
    said.push(pays(effect, simulation, "It pays"));
    said
}

fn removed(effect: &Effect, simulation: &Simulation) -> Vec<String> {
    vec![
        "What it carries is not in a recording of the NAT gateway and would pass it then, so only \
         its hours are in the figures."
            .to_owned(),
        hours(simulation),
        pays(effect, simulation, "Keeping it pays"),
    ]
}

fn hours(simulation: &Simulation) -> String {
    let Some(prices) = &simulation.prices else {
        return String::new();
    };
    let all = prices.hour * Money::from(simulation.zones);
    let zones = zones(simulation);
    format!(
        "It costs {zones} x {} = {} an hour and {} a gigabyte ({}).",
        exact(prices.hour, simulation),
        exact(all, simulation),
        exact(prices.per_gb, simulation),
        prices.source
    )
}

fn pays(effect: &Effect, simulation: &Simulation, beginning: &str) -> String {
    let Some(prices) = &simulation.prices else {
        return String::new();
    };
    let [hour, nat, own] =
        [prices.hour, simulation.rate.per_gb, prices.per_gb].map(|it| exact(it, simulation));
    match effect.break_even {
        Some(gigabytes) => format!(
            "{beginning} from {gigabytes} GB a month on: {HOURS_OF_MONTH} h x {} x {hour} / \
             ({nat} - {own}), rounded up.",
            zones(simulation)
        ),
        None => format!(
            "It never pays: a gigabyte costs {own} through it and {nat} through the gateway."
        ),
    }
}
