//! A file that says so when it is over.
//!
//! The library skips what it does not know of a page's header without asking
//! whether there is anything left: a header that announces two billion texts
//! keeps it busy for minutes at the end of the file.

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, Read};

/// Reads at the end before it is an error; an honest reader needs one or two.
const READS: u32 = 16;

/// A file whose readers fail when they are read on and on at its end.
pub(super) struct Ends<R>(pub(super) R);

/// A reader of such a file.
pub(super) struct Ending<T> {
    input: T,
    reads: u32,
}

impl<R: Length> Length for Ends<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Ends<R> {
    type T = Ending<R::T>;

    fn get_read(&self, start: u64) -> Result<Ending<R::T>> {
        let input = self.0.get_read(start)?;
        Ok(Ending { input, reads: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

impl<T: Read> Read for Ending<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(into)?;
        if length == 0 && !into.is_empty() {
            self.reads += 1;
            if self.reads > READS {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ends, READS};
    use bytes::Bytes;
    use parquet::file::reader::{ChunkReader, Length};
    use std::io::Read;

    #[test]
    fn reading_on_at_the_end_is_an_error() {
        let file = Ends(Bytes::from_static(b"PAR1"));
        assert_eq!(file.len(), 4);
        let mut reader = file.get_read(1).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "AR1");
        let mut reads = 0;
        while reader.read(&mut [0; 8]).is_ok() {
            reads += 1;
        }
        assert!(reads < READS, "{reads}");
    }
}
