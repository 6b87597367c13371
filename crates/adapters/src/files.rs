//! Flow logs in files: every form that they take, told by content and not by
//! name.
//!
//! Plain text, gzip (also several members in a row), zstd, Parquet; records as
//! they are, behind the timestamp of an export, in the JSON of CloudWatch Logs
//! or a subscription's envelope. What is wrapped around a text is in `layers`,
//! what a text is in `text` and `json`, which files a path means in `walk`.
//!
//! **Invariants.** Files are streamed: memory does not grow with their size.
//! A file that cannot be read to its end is an error and never a shorter file.
//! How many threads read, and what, never changes the table.

mod base64;
mod error;
mod json;
mod layers;
mod meter;
mod parquet;
#[cfg(test)]
mod samples;
mod text;
mod walk;

pub use error::{ContentError, ExpandsTooFar, FileError};
pub use layers::{EXPANSION, EXPANSION_FREE};
pub use meter::{Cancelled, Meter, Reading};
pub use parquet::writer;
pub use walk::{Found, Input, Repeated, find};

use ::parquet::file::reader::ChunkReader;
use bytes::Bytes;
use flowlog::FlowTable;
use layers::{CHUNK, Content, PARQUET};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use text::Text;
use walk::Place;

/// The most that is kept of a Parquet file that cannot be read at any place,
/// because it comes from a pipe or is compressed as a whole.
const PARQUET_IN_MEMORY: u64 = 256 << 20;
/// How many logical processors a file must have to itself for a thread of its
/// own that expands what another one reads. Of two, both are often the threads
/// of one core: the second then makes each slower, which costs a third more
/// processor time for a tenth less waiting.
const CORES_OF_TWO_THREADS: usize = 4;
/// Chunks between the thread that expands a file and the one that reads it.
const CHUNKS: usize = 4;

/// Reads all inputs, as many at a time as the machine has cores, each thread
/// into a table of its own.
///
/// Errors: that of the first input, in their order, that cannot be read whole.
pub fn read(
    inputs: &[Input],
    new_table: &(dyn Fn() -> FlowTable + Sync),
    meter: &Meter,
) -> Result<FlowTable, FileError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let pool = Pool {
        inputs,
        new_table,
        meter,
        next: AtomicUsize::new(0),
        failed: AtomicUsize::new(usize::MAX),
        two_threads: inputs.len() * CORES_OF_TWO_THREADS <= cores,
    };
    let workers = inputs.len().clamp(1, cores);
    let results: Vec<Result<FlowTable, (usize, FileError)>> = thread::scope(|scope| {
        let workers: Vec<_> = (1..workers).map(|_| scope.spawn(|| pool.work())).collect();
        let own = pool.work();
        let others = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        std::iter::once(own).chain(others).collect()
    });
    let mut whole: Option<FlowTable> = None;
    let mut first: Option<(usize, FileError)> = None;
    for result in results {
        match result {
            Ok(part) => match &mut whole {
                Some(whole) => whole.merge(part),
                None => whole = Some(part),
            },
            Err(error) if first.as_ref().is_none_or(|first| error.0 < first.0) => {
                first = Some(error);
            }
            Err(_) => {}
        }
    }
    match first {
        Some((_, error)) => Err(error),
        None => Ok(whole.unwrap_or_else(new_table)),
    }
}

/// Reads content that is in memory, in any form.
///
/// After an error the table holds a part of it, so it must not be used.
pub fn read_bytes(name: &str, content: Vec<u8>, table: &mut FlowTable) -> Result<(), FileError> {
    let meter = Meter::default();
    let fold = Fold::new(name, &meter, false);
    if content.starts_with(PARQUET) {
        return fold.parquet(Bytes::from(content), table);
    }
    fold.stream(content.as_slice(), table)
}

/// Reads an open file from its beginning, in any form.
///
/// After an error the table holds a part of it, so it must not be used.
pub fn read_file(name: &str, file: File, table: &mut FlowTable) -> Result<(), FileError> {
    Fold::new(name, &Meter::default(), false).file(file, table)
}

/// Inputs, and who reads which.
struct Pool<'a> {
    inputs: &'a [Input],
    new_table: &'a (dyn Fn() -> FlowTable + Sync),
    meter: &'a Meter,
    next: AtomicUsize,
    /// The first input that failed; none after it need be read.
    failed: AtomicUsize,
    two_threads: bool,
}

impl Pool<'_> {
    fn work(&self) -> Result<FlowTable, (usize, FileError)> {
        let mut table = (self.new_table)();
        loop {
            let place = self.next.fetch_add(1, Relaxed);
            let Some(input) = self.inputs.get(place) else {
                return Ok(table);
            };
            if self.failed.load(Relaxed) < place {
                return Ok(table);
            }
            let fold = Fold::new(&input.name, self.meter, self.two_threads);
            let done = match &input.place {
                Place::Stdin => fold.stream(io::stdin(), &mut table),
                Place::File(path) => File::open(path)
                    .map_err(|error| FileError::open(&input.name, error))
                    .and_then(|file| fold.file(file, &mut table)),
            };
            if let Err(error) = done {
                self.failed.fetch_min(place, Relaxed);
                return Err((place, error));
            }
            self.meter.add_file();
        }
    }
}

/// One source on its way into a table.
struct Fold<'a> {
    name: &'a str,
    meter: &'a Meter,
    two_threads: bool,
}

impl<'a> Fold<'a> {
    fn new(name: &'a str, meter: &'a Meter, two_threads: bool) -> Fold<'a> {
        Fold {
            name,
            meter,
            two_threads,
        }
    }

    fn file(&self, mut file: File, table: &mut FlowTable) -> Result<(), FileError> {
        let broken = |error| FileError::read(self.name, error);
        if !file.metadata().map_err(broken)?.is_file() {
            return self.stream(file, table);
        }
        let mut head = Vec::with_capacity(PARQUET.len());
        file.rewind().map_err(broken)?;
        file.by_ref()
            .take(PARQUET.len() as u64)
            .read_to_end(&mut head)
            .map_err(broken)?;
        file.rewind().map_err(broken)?;
        if head == PARQUET {
            return self.parquet(file, table);
        }
        self.stream(file, table)
    }

    fn parquet<R: ChunkReader + 'static>(
        &self,
        content: R,
        table: &mut FlowTable,
    ) -> Result<(), FileError> {
        table.begin_source(self.name);
        parquet::read(content, self.meter, table)
            .and_then(|()| Ok(table.end_source()?))
            .map_err(|error| FileError::content(self.name, error))
    }

    fn stream(&self, input: impl Read + Send, table: &mut FlowTable) -> Result<(), FileError> {
        let broken = |error| FileError::read(self.name, error);
        let text = match layers::open(input, self.meter).map_err(broken)? {
            Content::Text(text) => text,
            Content::Parquet(parquet) => {
                let mut content = Vec::new();
                parquet
                    .take(PARQUET_IN_MEMORY + 1)
                    .read_to_end(&mut content)
                    .map_err(broken)?;
                if content.len() as u64 > PARQUET_IN_MEMORY {
                    let error = ContentError::ParquetTooLong(PARQUET_IN_MEMORY);
                    return Err(FileError::content(self.name, error));
                }
                return self.parquet(Bytes::from(content), table);
            }
        };
        table.begin_source(self.name);
        let mut lines = Lines {
            fold: self,
            form: Text::new(),
            table,
        };
        match self.two_threads {
            true => lines.read_in_two_threads(text)?,
            false => lines.read(text)?,
        }
        lines.end()
    }
}

/// A text on its way into a table.
struct Lines<'a> {
    fold: &'a Fold<'a>,
    form: Text,
    table: &'a mut FlowTable,
}

impl Lines<'_> {
    fn push(&mut self, chunk: &[u8]) -> Result<(), FileError> {
        let before = self.table.counts().read;
        self.form
            .push(chunk, self.table)
            .map_err(|error| FileError::content(self.fold.name, error))?;
        let records = self.table.counts().read - before;
        self.fold.meter.add_records(records);
        Ok(())
    }

    fn end(self) -> Result<(), FileError> {
        self.form
            .end(self.table)
            .and_then(|()| Ok(self.table.end_source()?))
            .map_err(|error| FileError::content(self.fold.name, error))
    }

    fn read(&mut self, mut text: impl Read) -> Result<(), FileError> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match fill(&mut text, &mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => self.push(&chunk[..length])?,
                Err(error) => return Err(FileError::read(self.fold.name, error)),
            }
        }
    }

    /// The same, with reading and expanding in another thread.
    fn read_in_two_threads(&mut self, text: impl Read + Send) -> Result<(), FileError> {
        thread::scope(|scope| {
            let (full, to_read) = sync_channel(CHUNKS);
            let (empty, to_fill) = channel();
            for _ in 0..CHUNKS {
                // The other end is alive: it stands in this function.
                let _ = empty.send(Vec::new());
            }
            scope.spawn(move || expand(text, &to_fill, &full));
            for chunk in to_read {
                let chunk: Vec<u8> = chunk.map_err(|e| FileError::read(self.fold.name, e))?;
                self.push(&chunk)?;
                // Nobody waits for it where the text has ended.
                let _ = empty.send(chunk);
            }
            Ok(())
        })
    }
}

/// Expands the text into chunks, until it ends, breaks off or nobody wants more.
fn expand(
    mut text: impl Read,
    to_fill: &Receiver<Vec<u8>>,
    full: &SyncSender<io::Result<Vec<u8>>>,
) {
    while let Ok(mut chunk) = to_fill.recv() {
        chunk.resize(CHUNK, 0);
        let filled = match fill(&mut text, &mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                Ok(chunk)
            }
            Err(error) => Err(error),
        };
        let is_over = filled.is_err();
        if full.send(filled).is_err() || is_over {
            return;
        }
    }
}

/// Fills the chunk as far as one read does; short reads are good enough, as
/// what comes from a pipe should not wait for more.
fn fill(text: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match text.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{base64, gzip, zstd};
    use super::{FileError, Meter, find, read, read_bytes, read_file};
    use flowlog::FlowTable;
    use std::fs;
    use std::path::PathBuf;

    const TEXT: &str = "srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 7\n";

    fn bytes(table: &FlowTable) -> u128 {
        table.flows().map(|flow| flow.sum.bytes).sum()
    }

    fn paths(folder: &tempfile::TempDir, contents: &[Vec<u8>]) -> Vec<PathBuf> {
        let place = |place| folder.path().join(format!("{place}"));
        for (number, content) in contents.iter().enumerate() {
            fs::write(place(number), content).unwrap();
        }
        (0..contents.len()).map(place).collect()
    }

    /// Bytes in files of that content, read in every way there is.
    fn check(contents: &[Vec<u8>]) -> Result<u128, &'static str> {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder, contents);
        let meter = Meter::default();
        let inputs = find(&paths).unwrap().inputs;
        let table = read(&inputs, &FlowTable::new, &meter).map_err(|error| error.name())?;
        let reading = meter.reading();
        assert_eq!(reading.files, contents.len() as u64);
        assert_eq!(
            reading.bytes,
            contents.iter().map(|c| c.len() as u64).sum::<u64>()
        );
        let mut one = FlowTable::new();
        for (path, content) in paths.iter().zip(contents) {
            read_bytes("one", content.clone(), &mut one).map_err(|error| error.name())?;
            read_file("two", fs::File::open(path).unwrap(), &mut one).unwrap();
        }
        assert_eq!(bytes(&one), bytes(&table) * 2);
        Ok(bytes(&table))
    }

    #[test]
    fn reads_every_form_by_content() {
        let json = format!(r#"{{"message":"{}"}}"#, &TEXT[..21])
            + &format!(r#"{{"message":"{}"}}"#, TEXT[22..].trim());
        for (content, expected) in [
            (TEXT.as_bytes().to_vec(), Ok(7)),
            (gzip(TEXT.as_bytes()), Ok(7)),
            (zstd(TEXT.as_bytes()), Ok(7)),
            (
                [gzip(TEXT.as_bytes()), gzip(TEXT.as_bytes())].concat(),
                Ok(14),
            ),
            (base64(&gzip(json.as_bytes())).into_bytes(), Ok(7)),
            (b"".to_vec(), Ok(0)),
            (b"x".to_vec(), Err("NotAFlowLog")),
            (b"PAR1 and no more".to_vec(), Err("BrokenParquet")),
            (gzip(b"PAR1 and no more"), Err("BrokenParquet")),
            (gzip(TEXT.as_bytes())[..30].to_vec(), Err("CannotRead")),
            (zstd(TEXT.as_bytes())[..30].to_vec(), Err("CannotRead")),
        ] {
            assert_eq!(
                check(std::slice::from_ref(&content)),
                expected,
                "{content:?}"
            );
        }
    }

    #[test]
    fn what_is_cancelled_is_an_error_and_no_shorter_table() {
        let folder = tempfile::tempdir().unwrap();
        let long = "10.0.0.1 10.0.0.2 7\n".repeat(200_000);
        let text = format!("{TEXT}{long}");
        for content in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let inputs = find(&paths(&folder, &[content])).unwrap().inputs;
            let meter = Meter::default();
            meter.cancel();
            let error = read(&inputs, &FlowTable::new, &meter).err();
            assert_eq!(error.map(|error| error.name()), Some("Cancelled"));
            assert_eq!(meter.reading().records, 0);
        }
    }

    #[test]
    fn many_files_are_read_at_the_same_time_and_none_twice() {
        let contents: Vec<Vec<u8>> = (1..100)
            .map(|number| match number % 3 {
                0 => gzip(format!("{TEXT}10.0.0.1 10.0.0.2 {number}\n").as_bytes()),
                1 => zstd(format!("{TEXT}10.0.0.1 10.0.0.2 {number}\n").as_bytes()),
                _ => format!("{TEXT}10.0.0.1 10.0.0.2 {number}\n").into_bytes(),
            })
            .collect();
        assert_eq!(check(&contents), Ok(99 * 7 + 99 * 100 / 2));
    }

    #[test]
    fn the_first_file_that_fails_is_the_one_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut contents: Vec<Vec<u8>> = (0..40)
            .map(|number| format!("{TEXT}10.0.0.1 10.0.0.2 {number}\n").into_bytes())
            .collect();
        contents[7] = b"seven\n".to_vec();
        contents[8] = b"eight\n".to_vec();
        let found = find(&paths(&folder, &contents)).unwrap();
        for _ in 0..20 {
            let error = read(&found.inputs, &FlowTable::new, &Meter::default()).err();
            assert!(matches!(
                error,
                Some(FileError::Content { name, .. }) if name.ends_with('7')
            ));
        }
    }

    #[test]
    fn a_long_text_is_the_same_in_one_and_in_two_threads() {
        let lines: String = (0..100_000)
            .map(|number| format!("10.0.0.1 10.0.0.2 {number}\n"))
            .collect();
        let content = gzip(format!("{TEXT}{lines}").as_bytes());
        assert_eq!(check(&[content]), Ok(7 + 99_999 * 50_000));
    }
}
