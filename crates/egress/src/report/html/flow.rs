//! Source, service, destination: bands as wide as the bytes between them.

use crate::report::text::{grouped, percent};
use crate::report::{Report, named};
use maud::{Markup, html};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::net::IpAddr;

const WIDTH: u64 = 960;
/// The height of all bytes together.
const TALL: u64 = 340;
/// Between two boxes of a column.
const GAP: u64 = 6;
/// What a name takes, however small its box is.
const LINE: u64 = 15;
const BOX: u64 = 12;
/// Boxes of a column; what is smaller is one box together.
const MOST: usize = 7;
/// And what is less than this part of all.
const LEAST_PART: u128 = 1_000;
const COLOURS: usize = 7;
/// Where the columns stand.
const COLUMNS: [u64; 3] = [190, 474, 758];

/// A column: names by bytes descending, and top and height of their boxes.
struct Column {
    names: Vec<String>,
    boxes: Vec<(u64, u64)>,
    /// What of a box is already joined, on its left and on its right.
    used: Vec<(u64, u64)>,
    bottom: u64,
}

/// Stands for everybody who has no box.
const OTHERS: &str = "others";

impl Column {
    fn of(bytes: &BTreeMap<String, u128>, total: u128) -> Column {
        let mut names: Vec<(&String, u128)> =
            bytes.iter().map(|(name, bytes)| (name, *bytes)).collect();
        names.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        let least = total / LEAST_PART;
        let large = names.iter().take_while(|(_, bytes)| *bytes > least);
        let large = large.count().clamp(1, MOST);
        let small: u128 = names.iter().skip(large).map(|(_, bytes)| bytes).sum();
        names.truncate(large);
        let mut shown: Vec<(String, u128)> = names
            .into_iter()
            .map(|(name, bytes)| (name.clone(), bytes))
            .collect();
        if small > 0 {
            shown.push((OTHERS.to_owned(), small));
        }
        let mut y = 0;
        let mut boxes = Vec::new();
        for (_, bytes) in &shown {
            let height = tall(*bytes, total);
            boxes.push((y, height));
            y += height.max(LINE) + GAP;
        }
        Column {
            used: vec![(0, 0); shown.len()],
            names: shown.into_iter().map(|(name, _)| name).collect(),
            boxes,
            bottom: y,
        }
    }

    fn place(&self, name: &str) -> usize {
        let own = self.names.iter().position(|known| known == name);
        own.unwrap_or(self.names.len() - 1)
    }
}

fn tall(bytes: u128, total: u128) -> u64 {
    let scaled = bytes * u128::from(TALL) / total.max(1);
    u64::try_from(scaled).unwrap_or(TALL).max(1)
}

/// A band between two boxes of neighbouring columns.
struct Band {
    column: usize,
    from: usize,
    to: usize,
    bytes: u128,
}

/// The picture of the pairs that the report lists.
pub(super) fn picture(report: &Report) -> Markup {
    let service =
        |name: &Option<String>| name.clone().unwrap_or_else(|| "no AWS service".to_owned());
    let destinations = report.destinations.iter();
    let names: BTreeMap<_, _> = destinations
        .filter(|row| !row.names.is_empty())
        .map(|row| (row.address, row.short_name()))
        .collect();
    let sources = report.sources.iter();
    let owners: BTreeMap<_, _> = sources
        .filter_map(|row| Some((row.address, row.owner.as_ref()?.label())))
        .collect();
    let known = |names: &BTreeMap<IpAddr, String>, address: IpAddr| {
        let name = names.get(&address).cloned();
        name.unwrap_or_else(|| named(address))
    };
    let who = |address| known(&owners, address);
    let whom = |address| known(&names, address);
    let mut bytes: [BTreeMap<String, u128>; 3] = Default::default();
    let mut total = 0;
    for pair in &report.pairs {
        let names = [
            who(pair.source),
            service(&pair.aws_service),
            whom(pair.destination),
        ];
        for (column, name) in bytes.iter_mut().zip(names) {
            *column.entry(name).or_default() += pair.share.bytes;
        }
        total += pair.share.bytes;
    }
    if total == 0 {
        return html! {};
    }
    let mut columns = bytes.map(|bytes| Column::of(&bytes, total));
    let mut bands: BTreeMap<(usize, usize, usize), u128> = BTreeMap::new();
    for pair in &report.pairs {
        let source = columns[0].place(&who(pair.source));
        let service = columns[1].place(&service(&pair.aws_service));
        let destination = columns[2].place(&whom(pair.destination));
        *bands.entry((0, source, service)).or_default() += pair.share.bytes;
        *bands.entry((1, service, destination)).or_default() += pair.share.bytes;
    }
    let bands: Vec<Band> = bands
        .into_iter()
        .map(|((column, from, to), bytes)| Band {
            column,
            from,
            to,
            bytes,
        })
        .collect();
    let shares = report.pairs.iter().map(|pair| pair.share.share);
    let shown: Decimal = shares.sum();
    let label = format!(
        "{} sources, {} services and {} destinations of the largest pairs",
        columns[0].names.len(),
        columns[1].names.len(),
        columns[2].names.len()
    );
    let paths: Vec<(String, u64, usize, String)> = bands
        .iter()
        .map(|band| path(band, &mut columns, total))
        .collect();
    let bottom = columns.iter().map(|column| column.bottom).max();
    let bottom = bottom.unwrap_or(TALL);
    html! {
        p.quiet {
            (percent(shown)) " of the bytes: the " (grouped(report.pairs.len() as u128))
            " largest pairs"
        }
        div.wide { svg viewBox={ "0 0 " (WIDTH) " " (bottom) } role="img" aria-label=(label) {
            @for (d, wide, colour, title) in &paths {
                path class={ "ribbon k" (colour % COLOURS) } d=(d) stroke-width=(wide) {
                    title { (title) }
                }
            }
            @for (at, column) in columns.iter().enumerate() {
                @for (name, (y, height)) in column.names.iter().zip(&column.boxes) {
                    @let colour = if at == 1 { column.place(name) % COLOURS } else { COLOURS };
                    rect x=(COLUMNS[at]) y=(y) width=(BOX) height=(height) class={ "k" (colour) } {}
                    (name_of(at, name, *y, *height))
                }
            }
        } }
    }
}

fn name_of(at: usize, name: &str, y: u64, height: u64) -> Markup {
    let (x, anchor) = match at {
        0 => (COLUMNS[0] - 8, "end"),
        column => (COLUMNS[column] + BOX + 8, "start"),
    };
    html! {
        text x=(x) y=(y + height.max(LINE) / 2 + 4) text-anchor=(anchor) { (name) }
    }
}

/// A band's path, width, colour and title; remembers what it takes of its boxes.
fn path(band: &Band, columns: &mut [Column; 3], total: u128) -> (String, u64, usize, String) {
    let title = format!(
        "{} and {}: {} bytes",
        columns[band.column].names[band.from],
        columns[band.column + 1].names[band.to],
        grouped(band.bytes)
    );
    let mut end = |column: usize, place: usize, is_left: bool| {
        let Column { boxes, used, .. } = &mut columns[column];
        let (y, height) = boxes[place];
        let taken = match is_left {
            true => &mut used[place].0,
            false => &mut used[place].1,
        };
        let wide = tall(band.bytes, total).min(height.max(1));
        let middle = y + (*taken).min(height.saturating_sub(1)) + wide / 2;
        *taken += wide;
        (middle, wide)
    };
    let (from, wide) = end(band.column, band.from, false);
    let (to, other) = end(band.column + 1, band.to, true);
    let (left, right) = (COLUMNS[band.column] + BOX, COLUMNS[band.column + 1]);
    let half = (left + right) / 2;
    // Coloured by the service that it belongs to.
    let colour = match band.column {
        0 => band.to,
        _ => band.from,
    };
    let d = format!("M{left} {from}C{half} {from} {half} {to} {right} {to}");
    (d, wide.min(other).max(1), colour, title)
}
