//! Answers that were given before, in a file of the user's cache folder.
//!
//! **Invariants.** An answer has the time at which it was given and is no answer
//! after [`MOST_AGE`]. "Nobody knows" is an answer, a failure is none. The file is
//! there whole or not at all; one that cannot be read is none. It is bounded; the
//! oldest answers go first. Without a folder nothing is kept.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The folder below the user's cache folder, and below a given one.
const FOLDER: &str = "natspike/names";
/// How the files end.
const SUFFIX: &str = "json";
/// The version of the file.
const VERSION: u32 = 1;
/// How old an answer may be, in seconds: 30 days.
pub const MOST_AGE: u64 = 30 * 24 * 3_600;
/// How many answers a file has at the most.
const MOST: usize = 20_000;

/// The answers of one source.
#[derive(Debug)]
pub struct Shelf {
    path: Option<PathBuf>,
    now: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    answers: HashMap<String, Kept>,
    is_changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    /// When it was given, in Unix seconds.
    at: u64,
    answer: Value,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    answers: HashMap<String, Kept>,
}

/// What there is in the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Answers.
    pub answers: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// The folder of the answers, below a given one or the user's cache folder;
/// `None` where the user has none.
pub fn folder(above: Option<&Path>) -> Option<PathBuf> {
    let above = match above {
        Some(folder) => folder.to_owned(),
        None => dirs::cache_dir()?,
    };
    Some(above.join(FOLDER))
}

impl Shelf {
    /// The answers of that source in the folder, with the system's time.
    pub fn open(folder: Option<&Path>, source: &str) -> Shelf {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Shelf::at(folder, source, now.map_or(0, |now| now.as_secs()))
    }

    fn at(folder: Option<&Path>, source: &str, now: u64) -> Shelf {
        let path = folder.map(|folder| folder.join(source).with_extension(SUFFIX));
        let mut answers = path.as_deref().and_then(read).unwrap_or_default();
        // One of the future is of a clock that was wrong.
        answers.retain(|_, kept| kept.at <= now && now - kept.at <= MOST_AGE);
        Shelf {
            path,
            now,
            inner: Mutex::new(Inner {
                answers,
                is_changed: false,
            }),
        }
    }

    /// The answer of that name, if it was given and can be read.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let answer = self.lock().answers.get(name)?.answer.clone();
        serde_json::from_value(answer).ok()
    }

    /// Keeps an answer under that name.
    pub fn keep<T: Serialize>(&self, name: &str, answer: &T) {
        if let Ok(answer) = serde_json::to_value(answer) {
            let mut inner = self.lock();
            let kept = Kept {
                at: self.now,
                answer,
            };
            inner.answers.insert(name.to_owned(), kept);
            inner.is_changed = true;
        }
    }

    /// Writes what is new.
    pub fn close(self) -> io::Result<()> {
        let mut inner = self
            .inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(path) = self.path.filter(|_| inner.is_changed) else {
            return Ok(());
        };
        if inner.answers.len() > MOST {
            let mut times: Vec<u64> = inner.answers.values().map(|kept| kept.at).collect();
            let oldest = times.len() - MOST;
            let (_, first, _) = times.select_nth_unstable(oldest);
            let first = *first;
            inner.answers.retain(|_, kept| kept.at >= first);
        }
        let file = File {
            version: VERSION,
            answers: inner.answers,
        };
        replace(&path, &serde_json::to_vec(&file)?)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Option<HashMap<String, Kept>> {
    let file: File = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (file.version == VERSION).then_some(file.answers)
}

/// Puts a file there whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// What is in the folder.
pub fn size(folder: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    for path in files(folder)? {
        size.answers += read(&path).map_or(0, |answers| answers.len() as u64);
        size.bytes += fs::metadata(&path)?.len();
    }
    Ok(size)
}

/// Removes all answers; nothing else that lies in the folder.
pub fn clear(folder: &Path) -> io::Result<Size> {
    let removed = size(folder)?;
    for path in files(folder)? {
        fs::remove_file(path)?;
    }
    Ok(removed)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX));
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::{MOST, MOST_AGE, Shelf, Size, clear, size};
    use std::fs;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn an_answer_comes_back_until_it_is_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(Some(folder.path()), "ipinfo", NOW);
        assert_eq!(shelf.recall::<Option<String>>("192.0.2.1"), None);
        shelf.keep("192.0.2.1", &Some("Example"));
        shelf.keep("192.0.2.2", &None::<String>);
        shelf.close().unwrap();
        for (later, is_known) in [(0, true), (MOST_AGE, true), (MOST_AGE + 1, false)] {
            let shelf = Shelf::at(Some(folder.path()), "ipinfo", NOW + later);
            let known = shelf.recall::<Option<String>>("192.0.2.1");
            assert_eq!(
                known,
                is_known.then(|| Some("Example".to_owned())),
                "{later}"
            );
            let nobody_knows = shelf.recall::<Option<String>>("192.0.2.2");
            assert_eq!(nobody_knows, is_known.then_some(None), "{later}");
        }
        // A clock that was wrong then, and another source.
        let before = Shelf::at(Some(folder.path()), "ipinfo", NOW - 1);
        assert_eq!(before.recall::<Option<String>>("192.0.2.1"), None);
        let other = Shelf::at(Some(folder.path()), "rdap", NOW);
        assert_eq!(other.recall::<Option<String>>("192.0.2.1"), None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_none_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rdap.json");
        for broken in ["", "{", "[]", r#"{"version": 2, "answers": {}}"#] {
            fs::write(&path, broken).unwrap();
            let shelf = Shelf::at(Some(folder.path()), "rdap", NOW);
            shelf.keep("a", &1);
            shelf.close().unwrap();
            let shelf = Shelf::at(Some(folder.path()), "rdap", NOW);
            assert_eq!(shelf.recall("a"), Some(1), "{broken:?}");
        }
    }

    #[test]
    fn clearing_removes_answers_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(clear(&folder.path().join("none")).unwrap(), Size::default());
        let shelf = Shelf::at(Some(folder.path()), "rdap", NOW);
        shelf.keep("a", &1);
        shelf.close().unwrap();
        let mine = folder.path().join("readme");
        fs::write(&mine, "mine").unwrap();
        assert_eq!(size(folder.path()).unwrap().answers, 1);
        assert_eq!(clear(folder.path()).unwrap().answers, 1);
        assert_eq!(size(folder.path()).unwrap(), Size::default());
        assert!(mine.exists());
    }

    #[test]
    fn the_file_is_bounded_and_the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(Some(folder.path()), "rdap", NOW - 10);
        shelf.keep("old", &0);
        shelf.close().unwrap();
        let shelf = Shelf::at(Some(folder.path()), "rdap", NOW);
        (0..MOST).for_each(|number| shelf.keep(&number.to_string(), &number));
        shelf.close().unwrap();
        let shelf = Shelf::at(Some(folder.path()), "rdap", NOW);
        assert_eq!(shelf.recall::<usize>("old"), None);
        assert_eq!(shelf.recall("7"), Some(7));
        assert_eq!(size(folder.path()).unwrap().answers, MOST as u64);
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let shelf = Shelf::at(None, "rdap", NOW);
        shelf.keep("a", &1);
        assert_eq!(shelf.recall("a"), Some(1));
        shelf.close().unwrap();
    }
}
