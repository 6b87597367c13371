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

/// Bytes that are compared in one go.
const BLOCK: usize = 64;

/// The ends of words and lines of at most [`WINDOW`] bytes.
pub(crate) struct Index {
    /// Positions of spaces and newlines, in order.
    words: Box<[u16]>,
    word_count: usize,
    /// For each newline, how many positions there are up to and with it.
    lines: Vec<u16>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            words: vec![0; WINDOW].into(),
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

    /// The ends of the words of each whole line, the newline's the last.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u16]> {
        let mut from = 0;
        self.lines.iter().map(move |to| {
            let line = &self.words[from..usize::from(*to)];
            from = usize::from(*to);
            line
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
            // Never more ends than bytes in a window, so the mask changes nothing.
            self.words[count & (WINDOW - 1)] = (base + rest.trailing_zeros() as usize) as u16;
            count += 1;
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
        for text in [
            "",
            "\n",
            "a b c\nd e\n\n f",
            " \n \n",
            &"x".repeat(200),
            &long,
            &" ".repeat(20_000),
        ] {
            index.fill(text.as_bytes());
            let lines: Vec<Vec<u16>> = index.lines().map(<[u16]>::to_vec).collect();
            assert_eq!(lines, obvious(text.as_bytes()), "{} bytes", text.len());
        }
    }
}
