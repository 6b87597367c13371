//! What was recorded, by time and AWS service: bars upon each other.

use super::metrics::{clock, hundredths};
use crate::report::text::{gb, grouped, time};
use crate::timeline::Timeline;
use maud::{Markup, html};

const WIDTH: u64 = 960;
const HEIGHT: u64 = 200;
/// Room for the labels below and left.
const BOTTOM: u64 = 28;
const LEFT: u64 = 64;
/// Services with a colour of their own; the others share one.
const NAMED: usize = 5;
const OTHERS: usize = 7;
/// More bars than that are no picture.
const MOST: u64 = 24 * 60;

/// The picture; nothing of less than two periods.
pub(super) fn picture(timeline: &Timeline) -> Markup {
    let (Some((first, _)), Some((last, _))) = (timeline.points.first(), timeline.points.last())
    else {
        return html! {};
    };
    let count = (last - first) / timeline.period + 1;
    let most = timeline.points.iter().map(|(_, bytes)| sum(bytes)).max();
    let most = most.unwrap_or_default();
    if !(2..=MOST).contains(&count) || most == 0 {
        return html! {};
    }
    // In hundredths of a pixel, so that many bars fit.
    let room = (WIDTH - LEFT) * 100;
    let wide = hundredths(
        (room / count)
            .saturating_sub(if count < 200 { 100 } else { 0 })
            .max(10),
    );
    let x =
        |start: u64| hundredths(LEFT * 100 + room * ((start - first) / timeline.period) / count);
    let end = last + timeline.period;
    let title = format!(
        "Recorded bytes by service from {} to {}, at most {} GB in {} s",
        time(*first),
        time(end),
        gb(most),
        timeline.period
    );
    html! {
        h2 { "By time and service" }
        p.quiet {
            "What was recorded, each record where it begins, in periods of "
            (grouped(timeline.period.into())) " s:"
            @for (at, service) in timeline.services.iter().take(NAMED).enumerate() {
                span class={ "key k" (at) } {} (name(service.as_deref()))
            }
            @if timeline.services.len() > NAMED {
                span class={ "key k" (OTHERS) } {} "others"
            }
        }
        div.wide { svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT + BOTTOM) } role="img" aria-label=(title) {
            @for (start, bytes) in &timeline.points {
                g {
                    title { (said(timeline, *start, bytes)) }
                    @for (colour, y, height) in stack(bytes, most) {
                        rect class={ "k" (colour) } x=(x(*start)) y=(y) width=(wide) height=(height) {}
                    }
                }
            }
            line.axis x1=(LEFT) y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            text.quiet x=(LEFT - 6) y="12" text-anchor="end" { (gb(most)) " GB" }
            text.quiet x=(LEFT - 6) y=(HEIGHT) text-anchor="end" { "0" }
            text.quiet x=(LEFT) y=(HEIGHT + 22) { (clock(*first)) }
            text.quiet x=(WIDTH) y=(HEIGHT + 22) text-anchor="end" { (clock(end)) }
        } }
    }
}

fn name(service: Option<&str>) -> &str {
    service.unwrap_or("no AWS service")
}

fn sum(bytes: &[u128]) -> u128 {
    bytes.iter().sum()
}

/// Colour, top and height of each part, in hundredths where small.
fn stack(bytes: &[u128], most: u128) -> Vec<(usize, String, String)> {
    let mut parts: Vec<(usize, u128)> = bytes.iter().take(NAMED).copied().enumerate().collect();
    parts.push((OTHERS, sum(bytes.get(NAMED..).unwrap_or_default())));
    let mut below = 0;
    let mut boxes = Vec::new();
    for (colour, part) in parts {
        let scaled = |bytes: u128| {
            let hundredths = bytes * u128::from(HEIGHT * 100) / most;
            u64::try_from(hundredths).unwrap_or(HEIGHT * 100)
        };
        let (low, high) = (scaled(below), scaled(below + part));
        below += part;
        if high > low {
            boxes.push((
                colour,
                hundredths(HEIGHT * 100 - high),
                hundredths(high - low),
            ));
        }
    }
    boxes
}

/// A period in words.
fn said(timeline: &Timeline, start: u64, bytes: &[u128]) -> String {
    let parts = timeline.services.iter().zip(bytes);
    let parts = parts.filter(|(_, bytes)| **bytes > 0);
    let parts: Vec<String> = parts
        .map(|(service, bytes)| format!("{} {} GB", name(service.as_deref()), gb(*bytes)))
        .collect();
    format!("{}: {}", time(start), parts.join(", "))
}
