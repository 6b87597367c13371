//! Where the words and lines of a text end, found sixteen bytes at a time.
//!
//! One pass over the text notes the position of every space and newline; what
//! reads the words afterwards jumps from one to the next.
//!
//! **Invariants.** Knows nothing of fields. A line's words are told by the
//! positions between the end of the line before and its own.

use wide::u8x16;

/// The text that is indexed at a time: its positions fit into the first-level
/// cache and into 16 bits.
pub(crate) const WINDOW: usize = 16 * 1024;

/// Places for positions: for each byte of a window, for the newline before it
/// and for the columns behind its last line; a power of two.
const PLACES: usize = 2 * WINDOW;

/// Bytes that are compared in one go.
const BLOCK: usize = 64;

/// Columns that a line of a window may have; more are read without an index.
pub(crate) const COLUMNS: usize = 64;

/// The ends of words and lines of at most [`WINDOW`] bytes.
pub(crate) struct Index {
    /// Positions of spaces and newlines, in order, behind one that stands for
    /// the newline before the text; then room for a last line's columns.
    words: Box<[u16; PLACES]>,
    word_count: usize,
    /// For each newline, how many positions there are up to and with it.
    lines: Vec<u16>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            words: Box::new([u16::MAX; PLACES]),
            word_count: 0,
            lines: Vec::new(),
        }
    }
}

impl Clone for Index {
    /// Holds nothing that outlives a window.
    fn clone(&self) -> Index {
        Index::default()
    }
}

/// A line of the text, without what follows its newline.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// How many words it has.
    pub(crate) count: usize,
    /// Where the line before ends, then where each word ends; what stands
    /// behind the last word is of other lines.
    ends: &'a [u16; COLUMNS + 1],
    /// Where it ends.
    pub(crate) newline: usize,
}

impl Line<'_> {
    /// Where the line begins.
    #[inline(always)]
    pub(crate) fn start(self) -> usize {
        usize::from(self.ends[0].wrapping_add(1))
    }

    /// Where the word of that column begins and ends.
    #[inline(always)]
    pub(crate) fn word(self, column: usize) -> (usize, usize) {
        let column = column % COLUMNS;
        let start = self.ends[column].wrapping_add(1);
        (usize::from(start), usize::from(self.ends[column + 1]))
    }
}

impl Index {
    /// Indexes the text; what lies beyond the window is left out.
    pub(crate) fn fill(&mut self, text: &[u8]) {
        let text = &text[..text.len().min(WINDOW)];
        self.word_count = 0;
        self.lines.clear();
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            self.note(number * BLOCK, ends(block));
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            self.note(blocks.len() * BLOCK, ends(&block));
        }
    }

    /// Each whole line.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut from = 0;
        self.lines.iter().filter_map(move |to| {
            let (first, end) = (from, usize::from(*to));
            from = end;
            Some(Line {
                count: end - first,
                ends: self.words.get(first..=first + COLUMNS)?.try_into().ok()?,
                newline: usize::from(self.words[end]),
            })
        })
    }

    #[inline]
    fn note(&mut self, base: usize, (spaces, newlines): (u64, u64)) {
        let ends = spaces | newlines;
        let mut rest = newlines;
        while rest != 0 {
            let up_to = rest ^ (rest - 1); // the lowest newline and all below
            let count = self.word_count + (ends & up_to).count_ones() as usize;
            self.lines.push(count as u16);
            rest &= rest - 1;
        }
        let mut count = self.word_count;
        let mut rest = ends;
        while rest != 0 {
            count += 1;
            // Never more than the window has bytes: the mask spares a check.
            self.words[count % PLACES] = (base + rest.trailing_zeros() as usize) as u16;
            rest &= rest - 1;
        }
        self.word_count = count;
    }
}

/// One bit for each byte of the block: which are spaces, which newlines.
#[inline]
fn ends(block: &[u8; BLOCK]) -> (u64, u64) {
    let (spaces, newlines) = (u8x16::splat(b' '), u8x16::splat(b'\n'));
    let (mut space_bits, mut newline_bits) = (0, 0);
    for (number, part) in block.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::new(*part);
        space_bits |= u64::from(bytes.simd_eq(spaces).to_bitmask()) << (number * 16);
        newline_bits |= u64::from(bytes.simd_eq(newlines).to_bitmask()) << (number * 16);
    }
    (space_bits, newline_bits)
}

#[cfg(test)]
mod tests {
    use super::{Index, WINDOW};

    fn obvious(text: &[u8]) -> Vec<Vec<u16>> {
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        for (at, byte) in text.iter().enumerate().take(WINDOW) {
            if matches!(byte, b' ' | b'\n') {
                line.push(at as u16);
            }
            if *byte == b'\n' {
                lines.push(std::mem::take(&mut line));
            }
        }
        lines
    }

    #[test]
    fn finds_the_ends_of_words_and_lines() {
        let mut index = Index::default();
        let long = "ab c\n".repeat(5_000);
        let wide = " ".repeat(63) + "\n" + &" ".repeat(64) + "\na b\n";
        for text in [
            "",
            "\n",
            "a b c\nd e\n\n f",
            " \n \n",
            &"x".repeat(200),
            &long,
            &wide,
            &" ".repeat(20_000),
            &"\n".repeat(20_000),
        ] {
            index.fill(text.as_bytes());
            let lines: Vec<Vec<u16>> = index
                .lines()
                .map(|line| {
                    let shown = line.count.min(super::COLUMNS);
                    (0..shown)
                        .map(|column| line.word(column).1 as u16)
                        .collect()
                })
                .collect();
            let mut expected = obvious(text.as_bytes());
            let mut start = 0;
            for (line, ends) in index.lines().zip(&mut expected) {
                assert_eq!(line.start(), start, "{} bytes", text.len());
                assert_eq!(line.count, ends.len());
                assert_eq!(Some(line.newline), ends.last().map(|end| usize::from(*end)));
                start = line.newline + 1;
                ends.truncate(super::COLUMNS);
            }
            assert_eq!(lines, expected, "{} bytes", text.len());
        }
    }
}
