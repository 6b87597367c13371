//! Tables of objects that were read before, in a folder of the user's.
//!
//! An object never changes under its ETag, so what was folded once is kept as
//! a partial table and read instead of the object. A table is found by a hash
//! of everything that it depends on: bucket, key, ETag, size, how it was to be
//! read, and the version of the engine.
//!
//! **Invariants.** Only whole tables are kept. A file is there whole or not at
//! all. A table that is damaged is removed and the object read again. The
//! folder's size is bounded; what was not used for longest goes first.

use flowlog::{FlowTable, PARTIAL_VERSION};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The folder below the user's cache folder, and below a given one: so that
/// clearing it never removes what somebody else put there.
const FOLDER: &str = "natspike/objects";
/// How a kept table's file ends.
const SUFFIX: &str = "nspt";
/// The most that is kept: a partial table takes about a tenth of its object.
pub const MOST: u64 = 2 << 30;

/// What was kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Tables.
    pub tables: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A folder of tables.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    most: u64,
    recalled: AtomicU64,
    is_changed: AtomicBool,
    problem: Mutex<Option<io::Error>>,
}

impl Cache {
    /// The cache below `folder`, or else below the cache folder of the user;
    /// `None` where the user has none.
    pub fn open(folder: Option<&Path>) -> Option<Cache> {
        let above = match folder {
            Some(folder) => folder.to_owned(),
            None => dirs::cache_dir()?,
        };
        Some(Cache {
            folder: above.join(FOLDER),
            most: MOST,
            recalled: AtomicU64::new(0),
            is_changed: AtomicBool::new(false),
            problem: Mutex::default(),
        })
    }

    /// Where the tables are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of what depends on all these parts and on the engine.
    pub fn name(&self, parts: &[&str]) -> String {
        let mut hash = Sha256::new();
        hash.update(PARTIAL_VERSION.to_be_bytes());
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The table of that name, if it was kept.
    pub fn recall(&self, name: &str) -> Option<FlowTable> {
        let path = self.path(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.note(error);
                return None;
            }
        };
        let Ok(table) = FlowTable::decode(&bytes) else {
            self.check(fs::remove_file(&path));
            return None;
        };
        self.recalled.fetch_add(1, Relaxed);
        // It is in use: the last to be removed.
        let touched = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        self.check(touched);
        Some(table)
    }

    /// Keeps the table under that name, unless it lacks pairs.
    pub fn keep(&self, name: &str, table: &FlowTable) {
        if !table.were_more_keys() {
            self.is_changed.store(true, Relaxed);
            self.check(self.write(name, &table.encode()));
        }
    }

    /// How many tables were recalled.
    pub fn recalled(&self) -> u64 {
        self.recalled.load(Relaxed)
    }

    /// Ends a run: bounds the folder's size. Returns the first problem that
    /// there was with the folder.
    pub fn close(&self) -> Option<io::Error> {
        if self.is_changed.swap(false, Relaxed) {
            self.check(self.bound());
        }
        self.lock().take()
    }

    /// What is in the folder.
    pub fn kept(&self) -> io::Result<Kept> {
        let files = self.files()?;
        Ok(Kept {
            tables: files.len() as u64,
            bytes: files.iter().map(|file| file.bytes).sum(),
        })
    }

    /// Removes all tables; nothing else that lies in the folder.
    pub fn clear(&self) -> io::Result<Kept> {
        let mut removed = Kept::default();
        for file in self.files()? {
            fs::remove_file(&file.path)?;
            removed.tables += 1;
            removed.bytes += file.bytes;
        }
        Ok(removed)
    }

    fn path(&self, name: &str) -> PathBuf {
        let (shelf, rest) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join(shelf).join(rest).with_extension(SUFFIX)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        let shelf = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(shelf)?;
        let mut file = tempfile::NamedTempFile::new_in(shelf)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }

    fn bound(&self) -> io::Result<()> {
        let mut files = self.files()?;
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        if bytes <= self.most {
            return Ok(());
        }
        files.sort_by_key(|file| file.used);
        for file in files {
            // Some room, so that not every run has to do this.
            if bytes <= self.most / 4 * 3 {
                break;
            }
            fs::remove_file(&file.path)?;
            bytes -= file.bytes;
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<Table>> {
        let mut files = Vec::new();
        let shelves = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            shelves => shelves?,
        };
        for shelf in shelves {
            let shelf = shelf?;
            if !shelf.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shelf.path())? {
                let path = file?.path();
                if path.extension().is_none_or(|suffix| suffix != SUFFIX) {
                    continue;
                }
                // Another run may remove it at the same time.
                let Ok(about) = fs::metadata(&path) else {
                    continue;
                };
                files.push(Table {
                    bytes: about.len(),
                    used: about.modified()?,
                    path,
                });
            }
        }
        Ok(files)
    }

    fn check(&self, done: io::Result<()>) {
        if let Err(error) = done {
            self.note(error);
        }
    }

    fn note(&self, error: io::Error) {
        self.lock().get_or_insert(error);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Table {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::{Cache, Kept};
    use flowlog::FlowTable;
    use std::fs;
    use std::time::{Duration, SystemTime};

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(Some(folder.path())).unwrap();
        (folder, cache)
    }

    fn table(bytes: u64) -> FlowTable {
        let mut table = FlowTable::new();
        let text = format!("srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 {bytes}\n");
        table.push(text.as_bytes()).unwrap();
        table.end_source().unwrap();
        table
    }

    fn bytes(table: &FlowTable) -> u128 {
        table.flows().map(|flow| flow.sum.bytes).sum()
    }

    #[test]
    fn what_was_kept_comes_back_by_all_that_it_depends_on() {
        let (_folder, cache) = cache();
        let name = cache.name(&["logs", "a", "1"]);
        assert!(cache.recall(&name).is_none());
        cache.keep(&name, &table(7));
        assert_eq!(cache.recall(&name).as_ref().map(bytes), Some(7));
        for other in [["logs", "a", "2"], ["logs", "a1", ""], ["log", "sa", "1"]] {
            assert!(cache.recall(&cache.name(&other)).is_none());
        }
        assert_eq!(cache.recalled(), 1);
        assert!(cache.close().is_none());
    }

    #[test]
    fn a_table_that_lacks_pairs_is_not_kept() {
        let (_folder, cache) = cache();
        let mut table = table(7);
        table.limit_keys(1);
        table
            .push(b"srcaddr dstaddr bytes\n10.0.0.1 10.0.0.3 1\n10.0.0.1 10.0.0.4 1\n")
            .unwrap();
        table.end_source().unwrap();
        assert!(table.were_more_keys());
        cache.keep("abc", &table);
        assert_eq!(cache.kept().unwrap(), Kept::default());
    }

    #[test]
    fn a_damaged_table_is_removed_and_no_answer() {
        let (_folder, cache) = cache();
        cache.keep("abc", &table(7));
        fs::write(cache.path("abc"), b"NSPT").unwrap();
        assert!(cache.recall("abc").is_none());
        assert!(!cache.path("abc").exists());
        assert!(cache.close().is_none());
    }

    #[test]
    fn clearing_removes_tables_and_nothing_else() {
        let (folder, cache) = cache();
        assert_eq!(cache.clear().unwrap(), Kept::default());
        cache.keep("abc", &table(7));
        cache.keep("abd", &table(8));
        let others = [
            folder.path().join("mine.nspt"),
            cache.folder().join("ab/readme"),
        ];
        others
            .iter()
            .for_each(|other| fs::write(other, b"mine").unwrap());
        assert_eq!(cache.kept().unwrap().tables, 2);
        assert_eq!(cache.clear().unwrap().tables, 2);
        assert_eq!(cache.kept().unwrap(), Kept::default());
        assert!(others.iter().all(|other| other.exists()));
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let (_folder, mut cache) = cache();
        let names: Vec<String> = (0..8)
            .map(|number: u8| cache.name(&[&number.to_string()]))
            .collect();
        for (name, age) in names.iter().zip([80, 70, 60, 50, 40, 30, 20, 10]) {
            cache.keep(name, &table(7));
            let then = SystemTime::now() - Duration::from_secs(age);
            let file = fs::File::options()
                .append(true)
                .open(cache.path(name))
                .unwrap();
            file.set_modified(then).unwrap();
        }
        assert!(cache.recall(&names[0]).is_some());
        let all = cache.kept().unwrap();
        assert!(cache.close().is_none());
        assert_eq!(cache.kept().unwrap(), all);
        cache.most = all.bytes - 1;
        cache.keep(&names[0], &table(7));
        assert!(cache.close().is_none());
        let left = |name: &String| cache.path(name).exists();
        assert_eq!(
            names.iter().map(left).collect::<Vec<_>>(),
            [true, false, false, false, true, true, true, true]
        );
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_said_and_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("natspike"), b"a file").unwrap();
        let cache = Cache::open(Some(folder.path())).unwrap();
        cache.keep("abc", &table(7));
        assert!(cache.recall("abc").is_none());
        assert!(cache.close().is_some());
        assert!(cache.close().is_none());
    }
}
