//! Bytes by the minute, up and down, with the recording marked: what the gateway
//! itself counted, also before there was a record.

use crate::facts::Facts;
use crate::report::text::{gb, time};
use crate::snapshot::by_period;
use flowlog::Window;
use maud::{Markup, html};

const WIDTH: u64 = 960;
const HEIGHT: u64 = 200;
/// Room for the labels below and left.
const BOTTOM: u64 = 28;
const LEFT: u64 = 64;
const PERIOD: u64 = 60;
/// More minutes than that are no picture.
const MOST: u64 = 24 * 60;

/// The picture; nothing where there are no metrics.
pub(super) fn picture(facts: &Facts, window: Option<Window>) -> Markup {
    let of_snapshot = facts
        .snapshot
        .as_ref()
        .map(|taken| taken.metrics.as_slice());
    let sum = |name: &str| {
        let mut minutes = by_period(of_snapshot.unwrap_or_default(), &[name]);
        // Of a minute that both have, the later look at it counts.
        minutes.extend(by_period(&facts.metrics, &[name]));
        minutes
    };
    let (up, down) = (sum("BytesInFromSource"), sum("BytesInFromDestination"));
    let starts = || up.keys().chain(down.keys());
    let (Some(first), Some(last)) = (starts().min(), starts().max()) else {
        return html! {};
    };
    let minutes = (last - first) / PERIOD + 1;
    if !(2..=MOST).contains(&minutes) {
        return html! {};
    }
    let of = |start: &u64| {
        let value = |side: &std::collections::BTreeMap<u64, u128>| {
            side.get(start).copied().unwrap_or_default()
        };
        (value(&up), value(&down))
    };
    let all: Vec<u64> = (0..minutes).map(|at| first + at * PERIOD).collect();
    let most = all.iter().map(of).map(|(up, down)| up + down).max();
    let most = most.unwrap_or_default().max(1);
    let height = |bytes: u128| {
        let scaled = bytes * u128::from(HEIGHT) / most;
        u64::try_from(scaled).unwrap_or(HEIGHT)
    };
    // In hundredths of a pixel, so that many minutes fit.
    let room = (WIDTH - LEFT) * 100;
    let x = |at: u64| hundredths(LEFT * 100 + room * at / minutes);
    let bar = hundredths(
        (room / minutes)
            .saturating_sub(if minutes < 200 { 100 } else { 0 })
            .max(10),
    );
    let recorded = window.map(|window| {
        let place = |second: u64| {
            let second = second.clamp(*first, last + PERIOD) - first;
            LEFT * 100 + room * second / (minutes * PERIOD)
        };
        let (from, to) = (place(window.start), place(window.end));
        (
            hundredths(from),
            hundredths(to.saturating_sub(from).max(100)),
        )
    });
    let title = format!(
        "Bytes a minute through the gateway from {} to {}, at most {} GB",
        time(*first),
        time(last + PERIOD),
        gb(most)
    );
    html! {
        h2 { "By the minute" }
        p.quiet {
            "What the gateway counted:"
            span.key.up {} "from workloads"
            span.key.down {} "to workloads"
            @if recorded.is_some() { "; the line below is what records cover" }
        }
        div.wide.late { svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT + BOTTOM) } role="img" aria-label=(title) {
            @for (at, start) in (0..).zip(&all) {
                @let (up, down) = of(start);
                @let (tall, low) = (height(up), height(down));
                @if tall + low > 0 {
                    g {
                        title { (time(*start)) ": " (gb(up)) " GB up, " (gb(down)) " GB down" }
                        rect.down x=(x(at)) y=(HEIGHT - low) width=(bar) height=(low) {}
                        rect.up x=(x(at)) y=(HEIGHT.saturating_sub(low + tall)) width=(bar) height=(tall) {}
                    }
                }
            }
            @if let Some((from, wide)) = &recorded {
                rect.recorded x=(from) y=(HEIGHT + 3) width=(wide) height="4" {}
            }
            line.axis x1=(LEFT) y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            text.quiet x=(LEFT - 6) y="12" text-anchor="end" { (gb(most)) " GB" }
            text.quiet x=(LEFT - 6) y=(HEIGHT) text-anchor="end" { "0" }
            text.quiet x=(LEFT) y=(HEIGHT + 22) { (clock(*first)) }
            text.quiet x=(WIDTH) y=(HEIGHT + 22) text-anchor="end" { (clock(last + PERIOD)) }
        } }
    }
}

/// Hours and minutes, UTC.
pub(super) fn clock(seconds: u64) -> String {
    format!("{:02}:{:02} UTC", seconds / 3_600 % 24, seconds / 60 % 60)
}

pub(super) fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
