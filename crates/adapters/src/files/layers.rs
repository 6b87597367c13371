//! What is wrapped around the text of a flow log: gzip, zstd, base64, in any
//! order, told by the first bytes of each layer.
//!
//! **Invariants.** Streamed. All layers together may expand a file to
//! [`EXPANSION`] times its size and no further, so a small file cannot keep the
//! reader busy for hours; what breaks off is an error.

use super::base64::Base64;
use super::error::ExpandsTooFar;
use super::meter::Meter;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many times its size a file may expand to. Flow logs shrink to a tenth,
/// the most repetitive ones (nothing but NODATA) to a fiftieth.
pub const EXPANSION: u64 = 200;
/// What may come out of a file of any size before the limit counts.
pub const EXPANSION_FREE: u64 = 64 << 20;

/// How much is read at a time.
pub(super) const CHUNK: usize = 256 << 10;
/// What a Parquet file begins and ends with.
pub(super) const PARQUET: &[u8] = b"PAR1";

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: [u8; 3] = [0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// What gzip is in base64: a subscription's data, one or many lines of it.
const GZIP_IN_BASE64: &[u8] = b"H4sI";
/// As many bytes as tell every layer.
const HEAD: usize = 4;
/// More layers than anything has that is not made to waste time.
const DEPTH: u32 = 5;

/// What is left when all layers are off.
pub(super) enum Content<'a> {
    Text(Box<dyn Read + Send + 'a>),
    Parquet(Box<dyn Read + Send + 'a>),
}

/// Takes the layers off.
pub(super) fn open<'a>(input: impl Read + Send + 'a, meter: &'a Meter) -> io::Result<Content<'a>> {
    let stored = Arc::new(AtomicU64::new(0));
    let mut layer: Box<dyn Read + Send + 'a> = Box::new(Stored {
        input,
        stored: Arc::clone(&stored),
        meter,
    });
    for _ in 0..DEPTH {
        let mut head = Vec::with_capacity(HEAD);
        layer.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let kind = Kind::of(&head);
        let whole = io::Cursor::new(head).chain(layer);
        let expanded: Box<dyn Read + Send + 'a> = match kind {
            Kind::Text => return Ok(Content::Text(Box::new(whole))),
            Kind::Parquet => return Ok(Content::Parquet(Box::new(whole))),
            Kind::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, whole))),
            Kind::Zstd => Box::new(zstd::Decoder::with_buffer(BufReader::with_capacity(
                CHUNK, whole,
            ))?),
            Kind::Base64 => Box::new(BufReader::with_capacity(
                CHUNK,
                Base64::new(BufReader::with_capacity(CHUNK, whole)),
            )),
        };
        layer = Box::new(Limited {
            input: expanded,
            expanded: 0,
            stored: Arc::clone(&stored),
        });
    }
    Err(io::Error::other(ExpandsTooFar))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Gzip,
    Zstd,
    Base64,
    Parquet,
}

impl Kind {
    fn of(head: &[u8]) -> Kind {
        match head {
            _ if head.starts_with(GZIP) => Kind::Gzip,
            [0x28, rest @ ..] if rest == ZSTD => Kind::Zstd,
            [0x50..=0x5f, rest @ ..] if rest == ZSTD_SKIPPABLE => Kind::Zstd,
            _ if head == PARQUET => Kind::Parquet,
            _ if head == GZIP_IN_BASE64 => Kind::Base64,
            _ => Kind::Text,
        }
    }
}

/// Counts what is read from the file.
struct Stored<'a, R> {
    input: R,
    stored: Arc<AtomicU64>,
    meter: &'a Meter,
}

impl<R: Read> Read for Stored<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.meter.check().map_err(io::Error::other)?;
        let length = self.input.read(into)?;
        self.stored.fetch_add(length as u64, Relaxed);
        self.meter.add_bytes(length as u64);
        Ok(length)
    }
}

/// Breaks off where too much comes out of too little.
struct Limited<R> {
    input: R,
    expanded: u64,
    stored: Arc<AtomicU64>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(into)?;
        self.expanded += length as u64;
        let stored = self.stored.load(Relaxed);
        if self.expanded > EXPANSION_FREE && self.expanded > stored.saturating_mul(EXPANSION) {
            return Err(io::Error::other(ExpandsTooFar));
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, EXPANSION_FREE, Kind, open};
    use crate::files::meter::Meter;
    use crate::files::samples::{gzip, zstd};
    use std::io::{self, Read};

    fn text(content: &[u8]) -> io::Result<Vec<u8>> {
        let meter = Meter::default();
        let mut text = Vec::new();
        match open(content, &meter)? {
            Content::Text(mut input) => input.read_to_end(&mut text)?,
            Content::Parquet(_) => return Err(io::Error::other("Parquet")),
        };
        assert_eq!(meter.reading().bytes, content.len() as u64);
        Ok(text)
    }

    #[test]
    fn every_layer_comes_off() {
        for content in [
            b"hello".to_vec(),
            gzip(b"hello"),
            zstd(b"hello"),
            [gzip(b"he"), gzip(b"llo")].concat(),
            [zstd(b"he"), zstd(b"llo")].concat(),
            gzip(&zstd(&gzip(b"hello"))),
        ] {
            assert_eq!(text(&content).unwrap(), b"hello");
        }
        assert_eq!(text(b"").unwrap(), b"");
        assert_eq!(text(b"PAR").unwrap(), b"PAR");
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for whole in [gzip(b"hello"), zstd(b"hello"), gzip(&gzip(b"hello"))] {
            for length in 5..whole.len() {
                assert!(text(&whole[..length]).is_err(), "{length}");
            }
            let mut more = whole.clone();
            more.extend_from_slice(b"more");
            assert!(text(&more).is_err());
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let zeros = vec![0; EXPANSION_FREE as usize + 1_000_000];
        for bomb in [gzip(&zeros), zstd(&zeros), gzip(&gzip(&zeros))] {
            assert!(bomb.len() < 500_000);
            assert!(text(&bomb).unwrap_err().to_string().contains("200 times"));
        }
        let nested = (0..9).fold(b"hello".to_vec(), |content, _| gzip(&content));
        assert!(text(&nested).is_err());
    }

    #[test]
    fn tells_a_layer_by_its_first_bytes() {
        for (head, kind) in [
            (&[0x1f, 0x8b, 8, 0][..], Kind::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Zstd),
            (&[0x53, 0x2a, 0x4d, 0x18], Kind::Zstd),
            (b"H4sI", Kind::Base64),
            (b"PAR1", Kind::Parquet),
            (b"2 12", Kind::Text),
            (b"", Kind::Text),
        ] {
            assert_eq!(Kind::of(head), kind, "{head:?}");
        }
    }
}
