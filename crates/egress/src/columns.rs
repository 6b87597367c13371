//! Aligned columns of text: what tells rows apart at the left, their figures at the
//! right.
//!
//! **Invariants.** A cell is never cut. A row whose cells are too long has its figures
//! on a line below, where all figures are aligned; where half of the rows are so, all are.

use crate::report::text::{one_line, prose};
use std::iter::repeat_n;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// The letters that a line of a table may have, a note at its end among them.
const WIDTH: usize = 120;
/// The least width that a column is shrunk to (any IPv4 address fits).
const NARROW: usize = 15;
/// Between two columns.
const GAP: usize = 2;

/// On which side the cells of a column are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// What tells it apart, a cell for each such column.
    pub keys: Vec<String>,
    /// Its figures, likewise.
    pub figures: Vec<String>,
    /// What else there is to say; empty for nothing.
    pub note: String,
}

/// Columns that are as wide as the rows need.
#[derive(Debug)]
pub struct Columns {
    keys: Vec<Column>,
    figures: Vec<Column>,
    /// Figures stand below the keys, in every row.
    is_stacked: bool,
    /// Where figures begin.
    indent: usize,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    align: Align,
    width: usize,
}

impl Columns {
    /// Columns of these names that fit the rows; figures are right-aligned.
    pub fn new<'a>(
        keys: &[(&str, Align)],
        figures: &[&str],
        rows: impl Iterator<Item = &'a Line> + Clone,
    ) -> Columns {
        let cells = |place: usize| rows.clone().filter_map(move |row| row.keys.get(place));
        let keys = keys.iter().enumerate();
        let natural: Vec<Column> = keys
            .map(|(place, (name, align))| Column::new(name, *align, cells(place)))
            .collect();
        let cells = |place: usize| rows.clone().filter_map(move |row| row.figures.get(place));
        let figures = figures.iter().enumerate();
        let figures: Vec<Column> = figures
            .map(|(place, name)| Column::new(name, Align::Right, cells(place)))
            .collect();
        let room = WIDTH.saturating_sub(width(&figures) + GAP);
        let mut keys = natural.clone();
        shrink(&mut keys, room);
        let is_long = |row: &Line| display_width(&aligned(&keys, &row.keys)) > width(&keys);
        // A total stands across columns.
        let are_long = rows.filter(|row| row.keys.len() == keys.len());
        let (long, short): (Vec<bool>, Vec<bool>) = are_long.map(is_long).partition(|it| *it);
        let is_stacked = !long.is_empty() && long.len() >= short.len();
        Columns {
            indent: match is_stacked {
                true => room + GAP,
                false => width(&keys) + GAP,
            },
            keys: if is_stacked { natural } else { keys },
            figures,
            is_stacked,
        }
    }

    /// The names of the columns, in as many lines as the longest needs.
    pub fn head(&self) -> Vec<String> {
        let keys = self.keys.iter().collect::<Vec<_>>();
        let figures = self.figures.iter().collect::<Vec<_>>();
        let indented = |line: String| format!("{:1$}{line}", "", self.indent);
        match self.is_stacked {
            true => {
                let figures = head(&figures).into_iter().map(indented);
                head(&keys).into_iter().chain(figures).collect()
            }
            false => head(&[keys, figures].concat()),
        }
    }

    /// The lines of a row.
    pub fn lines(&self, row: &Line) -> Vec<String> {
        let mut keys = aligned(&self.keys, &row.keys);
        let figures = aligned(&self.figures, &row.figures);
        let room = self.indent.saturating_sub(GAP);
        let is_long = display_width(&keys) > room;
        if is_long && !self.is_stacked {
            // They are under no name of a column then.
            keys = row.keys.join("  ");
        }
        let used = display_width(&keys);
        let mut lines = match is_long {
            false => vec![format!("{keys}{:1$}{figures}", "", self.indent - used)],
            true => vec![keys, format!("{:1$}{figures}", "", self.indent)],
        };
        // Notes are other people's texts.
        let note = one_line(&row.note);
        match lines.last_mut().filter(|_| !note.is_empty()) {
            Some(last) if display_width(last) + GAP + display_width(&note) <= WIDTH => {
                last.push_str("  ");
                last.push_str(&note);
            }
            Some(_) => lines.extend(prose(&note, "  ")),
            None => {}
        }
        lines
    }
}

impl Column {
    fn new<'a>(name: &str, align: Align, cells: impl Iterator<Item = &'a String>) -> Column {
        let name = name.replace('_', " ");
        let words = name.split(' ').map(display_width);
        let cells = cells.map(|cell| display_width(cell));
        Column {
            width: words.chain(cells).max().unwrap_or_default(),
            name,
            align,
        }
    }

    fn head(&self) -> Vec<String> {
        let options = Options::new(self.width).word_splitter(WordSplitter::NoHyphenation);
        let lines = textwrap::wrap(&self.name, options);
        lines.iter().map(ToString::to_string).collect()
    }

    fn cell(&self, text: &str) -> String {
        let spaces: String =
            repeat_n(' ', self.width.saturating_sub(display_width(text))).collect();
        match self.align {
            Align::Left => format!("{text}{spaces}"),
            Align::Right => format!("{spaces}{text}"),
        }
    }
}

/// Takes from the widest until all fit, as far as columns can be narrowed.
fn shrink(columns: &mut [Column], most: usize) {
    loop {
        let excess = width(columns).saturating_sub(most);
        let widest = columns.iter_mut().max_by_key(|column| column.width);
        let Some(widest) = widest.filter(|column| excess > 0 && column.width > NARROW) else {
            return;
        };
        widest.width = NARROW.max(widest.width.saturating_sub(excess));
    }
}

fn width(columns: &[Column]) -> usize {
    let cells: usize = columns.iter().map(|column| column.width).sum();
    cells + columns.len().saturating_sub(1) * GAP
}

/// Names of columns at the bottom of as many lines as the longest needs.
fn head(columns: &[&Column]) -> Vec<String> {
    let names: Vec<Vec<String>> = columns.iter().map(|column| column.head()).collect();
    let height = names.iter().map(Vec::len).max().unwrap_or_default();
    let line = |line: usize| {
        let words = names.iter().map(|words| {
            let place = (line + words.len()).checked_sub(height);
            place.map_or("", |place| words[place].as_str())
        });
        joined(columns.iter().copied().zip(words))
    };
    (0..height).map(line).collect()
}

fn aligned(columns: &[Column], cells: &[String]) -> String {
    joined(columns.iter().zip(cells.iter().map(String::as_str)))
}

fn joined<'a>(cells: impl Iterator<Item = (&'a Column, &'a str)>) -> String {
    let cells: Vec<String> = cells.map(|(column, text)| column.cell(text)).collect();
    cells.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Align, Columns, Line};

    fn row(keys: &[&str], figures: &[&str], note: &str) -> Line {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Line {
            keys: owned(keys),
            figures: owned(figures),
            note: note.to_owned(),
        }
    }

    fn shown(keys: &[(&str, Align)], figures: &[&str], rows: &[Line]) -> Vec<String> {
        let columns = Columns::new(keys, figures, rows.iter());
        let lines = rows.iter().flat_map(|row| columns.lines(row));
        columns.head().into_iter().chain(lines).collect()
    }

    #[test]
    fn numbers_are_aligned_at_the_right_and_words_at_the_left() {
        let keys = [("source", Align::Left), ("destination_port", Align::Right)];
        let rows = [
            row(&["10.0.0.1", "443"], &["1,000", "2"], ""),
            row(&["Zürich", "22"], &["7", "10"], "a note"),
            row(&["東京", "-"], &["8", "1"], ""),
            row(&["total"], &["1,015", "13"], ""),
        ];
        assert_eq!(
            shown(&keys, &["bytes", "flows"], &rows),
            [
                "          destination",
                "source           port  bytes  flows",
                "10.0.0.1          443  1,000      2",
                "Zürich             22      7     10  a note",
                "東京                -      8      1",
                "total                  1,015     13",
            ]
        );
    }

    #[test]
    fn figures_of_what_is_too_long_stand_below_it() {
        let keys = [("source", Align::Left), ("destination_port", Align::Right)];
        let long = "2001:db8:1111:2222:3333:4444:5555:6666";
        let rows = [
            row(&["192.0.2.1", "443"], &["1"], "Example"),
            row(&[long, "22"], &["22"], &"somebody ".repeat(9)),
            row(&["192.0.2.2", "80"], &["3"], ""),
        ];
        let figure = "f".repeat(90);
        let line = |source: &str, port: &str, figure: &str| {
            format!("{source:<15}  {port:>11}  {figure:>90}")
        };
        let note = format!("  {}", "somebody ".repeat(7).trim_end());
        assert_eq!(
            shown(&keys, &[&figure], &rows),
            [
                format!("{:15}  destination", ""),
                line("source", "port", &figure),
                line("192.0.2.1", "443", "1"),
                "  Example".to_owned(),
                format!("{long}  22"),
                line("", "", "22"),
                note,
                "  somebody somebody".to_owned(),
                line("192.0.2.2", "80", "3"),
            ]
        );
    }

    #[test]
    fn where_most_are_too_long_all_figures_stand_below() {
        let keys = [("source", Align::Left), ("destination", Align::Left)];
        let long = "2001:db8:1111:2222:3333:4444:5555:6666";
        let rows = [
            row(&[long, long], &["1"], "Example"),
            row(&["192.0.2.1", long], &["22"], ""),
            row(&["total"], &["23"], ""),
        ];
        let figure = "f".repeat(90);
        assert_eq!(
            shown(&keys, &[&figure], &rows),
            [
                format!("{:38}  destination", "source"),
                format!("{figure:>120}"),
                format!("{long}  {long}"),
                format!("{:>120}", "1"),
                "  Example".to_owned(),
                format!("{:38}  {long}", "192.0.2.1"),
                format!("{:>120}", "22"),
                format!("{:30}{:>90}", "total", "23"),
            ]
        );
    }
}
