//! The simulation as JSON, schema `natspike.simulation/1`.
//!
//! **Invariants.** Fields are added and never renamed. Bytes are integers.

use super::{Effect, HOURS_OF_MONTH, Simulation, Span, console};
use crate::price::Money;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

/// The schema's name and version.
pub const SCHEMA: &str = "natspike.simulation/1";

/// The simulation as a JSON value.
pub fn value(simulation: &Simulation) -> Value {
    json!({
        "schema": SCHEMA,
        "currency": simulation.rate.currency,
        "region": simulation.region,
        "rate_per_gb": number(simulation.rate.per_gb),
        "bytes_per_gb": crate::BYTES_PER_GB,
        "zones": simulation.zones,
        "hours_of_month": HOURS_OF_MONTH,
        "endpoint_prices": simulation.prices.as_ref().map(|prices| json!({
            "hour": number(prices.hour),
            "per_gb": number(prices.per_gb),
            "source": prices.source,
        })),
        "endpoints": simulation.effects.iter()
            .map(|effect| endpoint(effect, simulation))
            .collect::<Vec<_>>(),
        "recording": simulation.recording.as_ref().map(|(seconds, whole)| {
            let mut whole = span(whole);
            whole["seconds"] = (*seconds).into();
            whole
        }),
        "hourly": simulation.hourly.as_ref().map(span),
        "month": simulation.month.as_ref().map(span),
        "typical_day_bytes": simulation.typical_day.map(bytes),
        "warnings": simulation.warnings,
    })
}

fn endpoint(effect: &Effect, simulation: &Simulation) -> Value {
    json!({
        "action": if effect.is_added { "add" } else { "remove" },
        "service": effect.endpoint.service,
        "kind": effect.endpoint.kind.name(),
        "id": effect.there,
        "bytes": effect.told.map(|told| json!({
            "region": bytes(told.here),
            "other_regions": bytes(told.elsewhere),
            "unknown_region": bytes(told.unknown),
        })),
        "break_even_gb_a_month": effect.break_even.and_then(|gigabytes| gigabytes.to_u64()),
        "sentences": console::sentences(effect, simulation),
    })
}

fn span(span: &Span) -> Value {
    json!({
        "bytes": bytes(span.bytes),
        "bytes_moved": bytes(span.moved),
        "bytes_by_interface_endpoints": bytes(span.carried),
        "before": number(span.before()),
        "after": number(span.after()),
        "saved": number(span.saved()),
        "processing_before": number(span.nat_before),
        "processing_after": number(span.nat_after),
        "endpoint_hours_before": number(span.hours_before),
        "endpoint_hours_after": number(span.hours_after),
        "endpoint_bytes_after": number(span.carriage),
    })
}

/// An integer; what 64 bits do not hold as text.
fn bytes(bytes: u128) -> Value {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string().into(), Value::from)
}

/// The shortest number that is read back as this decimal.
fn number(amount: Money) -> Value {
    amount.to_f64().into()
}
