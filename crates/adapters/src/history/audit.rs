//! The audit log: a line of JSON for each event, in files that rotate.
//!
//! `audit.jsonl` is written; when it is full it becomes `audit.1.jsonl`, that
//! `audit.2.jsonl`, and so on.
//!
//! **Invariants.** A line is written whole and under a lock, which no process waits
//! for longer than [`PATIENCE`]. Where a process was killed while it wrote, the next
//! line begins on a line of its own. A line that cannot be read is counted.

use super::id::is_id;
use super::{AUDIT_FILES, HistoryError, Words, at, private};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The version of a line.
const SCHEMA: &str = "natspike.audit/1";
const LOCK: &str = "audit.lock";
/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// The bytes of a line that is read; natspike writes shorter ones.
const LONGEST: u64 = 1 << 20;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// A query began.
    Started,
    /// It ended.
    Ended,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    schema: String,
    pub(super) event: Event,
    pub(super) id: String,
    /// Unix seconds.
    pub(super) at: u64,
    #[serde(flatten)]
    pub(super) words: Words,
}

impl Line {
    pub(super) fn new(event: Event, id: &str, at: u64, words: Words) -> Line {
        Line {
            schema: SCHEMA.to_owned(),
            event,
            id: id.to_owned(),
            at,
            words,
        }
    }
}

/// The lines of all files, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    pub(super) unreadable: u64,
}

/// Adds a line, and rotates first where the file would have more than `most` bytes.
pub(super) fn append(folder: &Path, most: u64, line: &Line) -> Result<(), HistoryError> {
    let path = path(folder, 0);
    let text = serde_json::to_vec(line).map_err(io::Error::from);
    let mut text = at(&path, text)?;
    text.push(b'\n');
    let _lock = locked(folder)?;
    let size = match fs::metadata(&path) {
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    if size > 0 && size + text.len() as u64 > most {
        rotate(folder)?;
    }
    at(&path, write(&path, &text))
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = private::options()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    match last {
        [b'\n'] => file.write_all(text),
        _ => file.write_all(&[b"\n", text].concat()),
    }
}

fn rotate(folder: &Path) -> Result<(), HistoryError> {
    for number in (0..AUDIT_FILES).rev() {
        let from = path(folder, number);
        match fs::rename(&from, path(folder, number + 1)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => at(&from, done)?,
        }
    }
    Ok(())
}

/// Reads all files.
pub(super) fn lines(folder: &Path) -> Result<Lines, HistoryError> {
    let mut read = Lines::default();
    if !at(folder, folder.try_exists())? {
        return Ok(read);
    }
    // Nothing rotates meanwhile; a folder that cannot be written needs no lock.
    let _lock = locked(folder).ok();
    for number in (0..=AUDIT_FILES).rev() {
        let path = path(folder, number);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            file => {
                let file = at(&path, file)?;
                at(&path, read.add(BufReader::new(file)))?;
            }
        }
    }
    Ok(read)
}

impl Lines {
    fn add(&mut self, mut file: impl BufRead) -> io::Result<()> {
        let mut text = Vec::new();
        loop {
            text.clear();
            if (&mut file).take(LONGEST).read_until(b'\n', &mut text)? == 0 {
                return Ok(());
            }
            let is_whole = text.ends_with(b"\n");
            let line = serde_json::from_slice(&text).ok();
            match line.filter(|line: &Line| line.schema == SCHEMA && is_id(&line.id)) {
                Some(line) => self.lines.push(line),
                None if text.trim_ascii().is_empty() => {}
                None => {
                    self.unreadable += 1;
                    if !is_whole {
                        // The rest of a line that is too long is of the same line.
                        file.skip_until(b'\n')?;
                    }
                }
            }
        }
    }
}

/// Removes the files; how many, and their bytes.
pub(super) fn clear(folder: &Path) -> Result<(u64, u64), HistoryError> {
    let _lock = locked(folder)?;
    let (mut files, mut bytes) = (0, 0);
    for number in 0..=AUDIT_FILES {
        let path = path(folder, number);
        let size = fs::metadata(&path).map_or(0, |about| about.len());
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            done => at(&path, done)?,
        }
        files += 1;
        bytes += size;
    }
    Ok((files, bytes))
}

fn path(folder: &Path, number: u32) -> PathBuf {
    match number {
        0 => folder.join("audit.jsonl"),
        number => folder.join(format!("audit.{number}.jsonl")),
    }
}

/// The lock, until it is dropped.
fn locked(folder: &Path) -> Result<File, HistoryError> {
    let path = folder.join(LOCK);
    let mut options = private::options();
    options.write(true).create(true).truncate(false);
    let file = at(&path, options.open(&path))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return at(&path, Err(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                return Err(HistoryError::Locked(path));
            }
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Line, append, clear, lines, path};
    use crate::history::{AUDIT_FILES, Words};
    use std::fs;
    use std::io::Write;

    fn line(second: u64) -> Line {
        let words = Words::from_iter([("analysis".to_owned(), "rejected".into())]);
        Line::new(Event::Started, "0abcdefg", second, words)
    }

    #[test]
    fn lines_come_back_in_their_order_from_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let size = serde_json::to_vec(&line(10)).unwrap().len() as u64 + 1;
        // Two lines a file: what is before the last six files is gone.
        for second in 10..30 {
            append(folder.path(), 2 * size, &line(second)).unwrap();
        }
        let read = lines(folder.path()).unwrap();
        let seconds: Vec<u64> = read.lines.iter().map(|line| line.at).collect();
        assert_eq!(seconds, (18..30).collect::<Vec<_>>());
        assert_eq!(read.lines[0], line(18));
        assert!(!path(folder.path(), AUDIT_FILES + 1).exists());
        assert_eq!(clear(folder.path()).unwrap(), (6, 12 * size));
        assert_eq!(lines(folder.path()).unwrap().lines, []);
        assert_eq!(clear(folder.path()).unwrap(), (0, 0));
    }

    #[test]
    fn a_line_that_is_larger_than_a_file_may_be_is_written() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), 1, &line(1)).unwrap();
        append(folder.path(), 1, &line(2)).unwrap();
        assert_eq!(lines(folder.path()).unwrap().lines.len(), 2);
    }

    #[test]
    fn torn_and_foreign_lines_are_counted_and_spoil_no_other() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), 10_000_000, &line(1)).unwrap();
        let whole = serde_json::to_string(&line(2)).unwrap();
        let foreign = [
            "not json".to_owned(),
            "[]".to_owned(),
            whole.replace("natspike.audit/1", "other/1"),
            whole.replace("0abcdefg", "../../ab"),
            "\u{fffd}\0".to_owned(),
            format!("{{\"long\": \"{}\"}}", "a".repeat(3 << 20)),
        ];
        let mut file = fs::File::options()
            .append(true)
            .open(path(folder.path(), 0))
            .unwrap();
        writeln!(file, "{}\n\n", foreign.join("\n")).unwrap();
        // A process was killed while it wrote.
        write!(file, "{}", &whole[..40]).unwrap();
        append(folder.path(), 10_000_000, &line(3)).unwrap();
        let read = lines(folder.path()).unwrap();
        let seconds: Vec<u64> = read.lines.iter().map(|line| line.at).collect();
        assert_eq!((seconds, read.unreadable), (vec![1, 3], 7));
    }
}
