//! Source, service, destination: bands as wide as the bytes between them.

use crate::report::Report;
use crate::report::flow::{self, Diagram, Node};
use crate::report::text::{grouped, percent};
use maud::{Markup, html};
use rust_decimal::Decimal;

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
const COLOURS: usize = 7;
/// Where the columns stand.
const COLUMNS: [u64; 3] = [190, 474, 758];

/// A column: names by bytes descending, and top and height of their boxes.
#[derive(Default)]
struct Column {
    names: Vec<String>,
    boxes: Vec<(u64, u64)>,
    /// What of a box is already joined, on its left and on its right.
    used: Vec<(u64, u64)>,
    bottom: u64,
}

impl Column {
    fn of<'a>(nodes: impl Iterator<Item = &'a Node>, total: u128) -> Column {
        let mut column = Column::default();
        for node in nodes {
            let height = tall(node.bytes, total);
            column.boxes.push((column.bottom, height));
            column.used.push((0, 0));
            column.names.push(node.name.clone());
            column.bottom += height.max(LINE) + GAP;
        }
        column
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
    let Diagram {
        total,
        nodes,
        links,
        ..
    } = flow::diagram(report, MOST);
    if total == 0 {
        return html! {};
    }
    let of = |column: usize| nodes.iter().filter(move |node| node.column == column);
    let mut columns = [0, 1, 2].map(|column| Column::of(of(column), total));
    // A node's place within its column.
    let first = [0, 1, 2].map(|column| nodes.iter().take_while(|it| it.column < column).count());
    let mut bands: Vec<Band> = links
        .iter()
        .map(|link| {
            let column = nodes[link.source].column;
            Band {
                column,
                from: link.source - first[column],
                to: link.target - first[column + 1],
                bytes: link.bytes,
            }
        })
        .collect();
    bands.sort_by_key(|band| (band.column, band.from, band.to));
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
                @for (place, (name, (y, height))) in column.names.iter().zip(&column.boxes).enumerate() {
                    @let colour = if at == 1 { place % COLOURS } else { COLOURS };
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
