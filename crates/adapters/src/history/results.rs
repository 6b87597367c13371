//! Results of queries: a file each, in zstd.
//!
//! An empty file reserves its id from the beginning of a query on; the process holds
//! a lock on it, which tells a query that is under way from one that was killed. It
//! stays after a failure, too, so that no other query of that second has its id.
//!
//! **Invariants.** A result is there whole or not at all. Of more than
//! [`MOST_RESULTS`] or [`MOST_BYTES`] the oldest go, by their ids.

use super::id::{drawn, is_id};
use super::{HistoryError, at, private};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The results that are kept.
pub const MOST_RESULTS: usize = 500;
/// The bytes of the results that are kept.
pub const MOST_BYTES: u64 = 1 << 30;

const FOLDER: &str = "results";
const SUFFIX: &str = ".json.zst";
/// How a file is called while it is written.
const UNFINISHED: &str = "unfinished-";
/// After that nobody writes it any more.
const ABANDONED: Duration = Duration::from_secs(3_600);
/// The bytes that a result can have: whatever is larger was not kept by natspike.
const LARGEST: u64 = 4 << 30;
/// How often an id is drawn for a second.
const DRAWS: u64 = 64;

/// An id that no other query has.
#[derive(Debug)]
pub(super) struct Reserved {
    id: String,
    folder: PathBuf,
    path: PathBuf,
    lock: File,
}

/// Draws an id that is not there yet.
pub(super) fn reserve(folder: &Path, now: u64) -> Result<Reserved, HistoryError> {
    let results = folder.join(FOLDER);
    at(&results, private::folder(&results))?;
    let mut draw = 0;
    loop {
        // So many queries of one second are of the next.
        let id = drawn(now + draw / DRAWS);
        draw += 1;
        let path = path(folder, &id);
        let mut options = private::options();
        match options.write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => {
                let lock = at(&path, file)?;
                // Without a lock it only looks as if it had been killed.
                let _ = lock.try_lock();
                let folder = folder.to_owned();
                return Ok(Reserved {
                    id,
                    folder,
                    path,
                    lock,
                });
            }
        }
    }
}

impl Reserved {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Puts the result into its place and bounds all that is there.
    pub(super) fn keep(self, result: &[u8]) -> Result<(), HistoryError> {
        drop(self.lock);
        let results = self.folder.join(FOLDER);
        if let Err(error) = write(&results, &self.path, result) {
            let _ = fs::remove_file(&self.path);
            return at(&self.path, Err(error));
        }
        at(&results, bound(&results, MOST_RESULTS, MOST_BYTES))
    }

    /// Gives the id back, which nobody has seen.
    pub(super) fn free(self) {
        drop(self.lock);
        // One that stays is no result either.
        let _ = fs::remove_file(&self.path);
    }
}

fn write(results: &Path, path: &Path, result: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(results)?;
    let mut encoder = zstd::Encoder::new(&mut file, 0)?;
    encoder.write_all(result)?;
    encoder.finish()?.flush()?;
    file.persist(path)?;
    Ok(())
}

/// The result of that id, if there is one.
pub(super) fn recall(folder: &Path, id: &str) -> Result<Option<Vec<u8>>, HistoryError> {
    let path = path(folder, id);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => at(&path, file)?,
    };
    if at(&path, file.metadata())?.len() == 0 {
        return Ok(None);
    }
    let mut result = Vec::new();
    let decoder = at(&path, zstd::Decoder::new(file))?;
    at(&path, decoder.take(LARGEST).read_to_end(&mut result))?;
    Ok(Some(result))
}

/// Whether a process holds the id.
pub(super) fn is_running(folder: &Path, id: &str) -> bool {
    is_held(&path(folder, id))
}

fn is_held(path: &Path) -> bool {
    let is_held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(path).is_ok_and(is_held)
}

/// The ids that have a result.
pub(super) fn ids(folder: &Path) -> Result<Vec<String>, HistoryError> {
    let results = folder.join(FOLDER);
    let files = at(&results, files(&results))?;
    let whole = files.into_iter().filter(|file| file.bytes > 0);
    Ok(whole.map(|file| file.id).collect())
}

/// Removes all results; how many, and their bytes.
pub(super) fn clear(folder: &Path) -> Result<(u64, u64), HistoryError> {
    let results = folder.join(FOLDER);
    let (mut count, mut bytes) = (0, 0);
    for file in at(&results, files(&results))? {
        if file.bytes == 0 && is_held(&file.path) {
            continue;
        }
        remove(&file.path).or_else(|error| at(&file.path, Err(error)))?;
        count += u64::from(file.bytes > 0);
        bytes += file.bytes;
    }
    Ok((count, bytes))
}

struct Kept {
    id: String,
    bytes: u64,
    path: PathBuf,
}

/// Removes the oldest until there are no more than so many, and what is no longer
/// needed of queries without a result.
fn bound(results: &Path, most: usize, most_bytes: u64) -> io::Result<()> {
    let (mut kept, empty): (Vec<Kept>, Vec<Kept>) =
        files(results)?.into_iter().partition(|file| file.bytes > 0);
    kept.sort_by(|one, other| one.id.cmp(&other.id));
    let mut count = kept.len();
    let mut bytes: u64 = kept.iter().map(|file| file.bytes).sum();
    // The newest stays, whatever it is.
    kept.pop();
    for file in kept {
        if count <= most && bytes <= most_bytes {
            break;
        }
        remove(&file.path)?;
        count -= 1;
        bytes -= file.bytes;
    }
    let is_old = |path: &PathBuf| is_abandoned(path) && !is_held(path);
    let empty = empty.into_iter().map(|file| file.path);
    for path in unfinished(results)?.into_iter().chain(empty).filter(is_old) {
        remove(&path)?;
    }
    Ok(())
}

/// What is or was being written.
fn unfinished(results: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(results)? {
        let entry = entry?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with(UNFINISHED))
        {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn is_abandoned(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|about| about.modified());
    modified.is_ok_and(|then| {
        SystemTime::now()
            .duration_since(then)
            .is_ok_and(|age| age > ABANDONED)
    })
}

/// Another process may do the same at the same time.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn files(results: &Path) -> io::Result<Vec<Kept>> {
    let entries = match fs::read_dir(results) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let id = name.and_then(|name| name.strip_suffix(SUFFIX));
        let Some(id) = id.filter(|id| is_id(id)) else {
            continue;
        };
        if let Ok(about) = fs::metadata(&path) {
            files.push(Kept {
                id: id.to_owned(),
                bytes: about.len(),
                path: path.clone(),
            });
        }
    }
    Ok(files)
}

/// Where the result of an id is; of what is none, where nothing is.
fn path(folder: &Path, id: &str) -> PathBuf {
    let id = if is_id(id) { id } else { "none" };
    folder.join(FOLDER).join(format!("{id}{SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use super::{ABANDONED, bound, clear, ids, recall, reserve};
    use std::fs;
    use std::time::SystemTime;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn no_two_queries_have_one_id() {
        let folder = tempfile::tempdir().unwrap();
        let reserved: Vec<String> = (0..600)
            .map(|_| reserve(folder.path(), NOW).unwrap().id)
            .collect();
        let different: std::collections::BTreeSet<&String> = reserved.iter().collect();
        assert_eq!(different.len(), 600);
        assert_eq!(ids(folder.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_result_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let reserved = reserve(folder.path(), NOW).unwrap();
        let id = reserved.id().to_owned();
        assert_eq!(recall(folder.path(), &id).unwrap(), None);
        let result = "{\"rows\": []}".repeat(1_000);
        reserved.keep(result.as_bytes()).unwrap();
        let kept = recall(folder.path(), &id).unwrap();
        assert_eq!(kept.as_deref(), Some(result.as_bytes()));
        assert_eq!(ids(folder.path()).unwrap(), std::slice::from_ref(&id));
        let path = super::path(folder.path(), &id);
        fs::write(&path, b"damaged").unwrap();
        let damaged = recall(folder.path(), &id).unwrap_err();
        assert_eq!(damaged.name(), "Io");
        assert_eq!(recall(folder.path(), "../../none").unwrap(), None);
        assert_eq!(clear(folder.path()).unwrap(), (1, 7));
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let kept: Vec<String> = (0..6)
            .map(|day| {
                let reserved = reserve(folder.path(), NOW + day * 86_400).unwrap();
                let id = reserved.id().to_owned();
                reserved.keep(&[0; 1_000]).unwrap();
                id
            })
            .collect();
        let results = folder.path().join("results");
        let mine = results.join("readme.json.zst");
        fs::write(&mine, b"mine").unwrap();
        let left = || {
            let mut left = ids(folder.path()).unwrap();
            left.sort();
            left
        };
        bound(&results, 6, u64::MAX).unwrap();
        assert_eq!(left(), kept);
        bound(&results, 4, u64::MAX).unwrap();
        assert_eq!(left(), kept[2..]);
        let size = fs::metadata(super::path(folder.path(), &kept[5]))
            .unwrap()
            .len();
        bound(&results, 4, 2 * size).unwrap();
        assert_eq!(left(), kept[4..]);
        // The newest stays, however large it is.
        bound(&results, 4, 0).unwrap();
        assert_eq!(left(), kept[5..]);
        assert!(mine.exists());
    }

    #[test]
    fn what_has_no_result_goes_when_nobody_needs_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results");
        let running = reserve(folder.path(), NOW).unwrap();
        let killed = reserve(folder.path(), NOW).unwrap();
        let new = reserve(folder.path(), NOW).unwrap();
        let paths = [&running, &killed, &new].map(|reserved| reserved.path.clone());
        drop((killed, new));
        let unfinished = [results.join("unfinished-a"), results.join("unfinished-b")];
        fs::write(&unfinished[0], b"a").unwrap();
        fs::write(&unfinished[1], b"b").unwrap();
        for old in [&paths[0], &paths[1], &unfinished[0]] {
            let file = fs::File::options().append(true).open(old).unwrap();
            file.set_modified(SystemTime::now() - 2 * ABANDONED)
                .unwrap();
        }
        bound(&results, 1, 1).unwrap();
        let left = |path: &std::path::PathBuf| path.exists();
        assert_eq!(paths.each_ref().map(left), [true, false, true]);
        assert_eq!(unfinished.each_ref().map(left), [false, true]);
        // What is under way keeps its id.
        assert_eq!(clear(folder.path()).unwrap(), (0, 0));
        assert_eq!(paths.each_ref().map(left), [true, false, false]);
        drop(running);
    }
}
