//! Which files the paths mean: files, folders, patterns, standard input.
//!
//! **Invariants.** The order is that of the paths and, in folders, of names.
//! A file that is named twice, by a link or a copy too, is read once and said.

use super::error::FileError;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The name that stands for standard input.
const STDIN: &str = "-";
/// What CloudWatch Logs leaves in a bucket to see if it may write there.
const WRITE_TEST: &str = "aws-logs-write-test";
/// How much of two files is compared at a time.
const PIECE: usize = 64 << 10;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Stdin,
    File(PathBuf),
}

/// A file that was given more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The later one, which is not read.
    pub name: String,
    /// The earlier one with the same content.
    pub same_as: String,
}

/// What the paths mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What there is to read.
    pub inputs: Vec<Input>,
    /// What is left out, because it would count twice.
    pub repeated: Vec<Repeated>,
}

impl Input {
    /// Bytes as they are stored; 0 where that cannot be known.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Stdin => None,
            Place::File(path) => Some(path),
        }
    }
}

/// Finds the files that the paths mean: a file, a folder with all below it, a
/// pattern (`*`, `?`, `[…]`, `**`), or `-` for standard input.
///
/// In folders, what begins with `.` or `_` and empty files are passed over, as
/// Hadoop's and Athena's writers leave such files beside their data.
///
/// Errors: a path that is not there, a folder or pattern without a file.
pub fn find(paths: &[PathBuf]) -> Result<Found, FileError> {
    let mut search = Search::default();
    for path in paths {
        if path == Path::new(STDIN) {
            search.add_stdin();
        } else if path.exists() || !is_pattern(path) {
            search.add_path(path)?;
        } else {
            search.add_pattern(&path.to_string_lossy())?;
        }
    }
    Ok(search.found)
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

#[derive(Default)]
struct Search {
    found: Found,
    /// Files by their real path.
    files: HashMap<PathBuf, usize>,
    /// Files by their size, which are the same only if their content is.
    sizes: HashMap<u64, Vec<usize>>,
    /// Folders under way, which a link could lead back into.
    folders: HashSet<PathBuf>,
}

impl Search {
    fn add_stdin(&mut self) {
        let is_stdin = |input: &Input| input.place == Place::Stdin;
        match self.found.inputs.iter().any(is_stdin) {
            true => self.repeated(STDIN, STDIN.to_owned()),
            false => self.found.inputs.push(Input {
                place: Place::Stdin,
                name: STDIN.to_owned(),
                size: 0,
            }),
        }
    }

    fn repeated(&mut self, name: &str, same_as: String) {
        self.found.repeated.push(Repeated {
            name: name.to_owned(),
            same_as,
        });
    }

    fn add_path(&mut self, path: &Path) -> Result<(), FileError> {
        let name = path.to_string_lossy();
        let failed = |error| FileError::open(&name, error);
        let about = fs::metadata(path).map_err(failed)?;
        if !about.is_dir() {
            return self.add_file(path, &about).map_err(failed);
        }
        let before = self.found.inputs.len() + self.found.repeated.len();
        self.add_folder(path)?;
        if self.found.inputs.len() + self.found.repeated.len() == before {
            return Err(FileError::EmptyFolder(name.into_owned()));
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), FileError> {
        let failed = |path: &Path| {
            let name = path.to_string_lossy().into_owned();
            move |error| FileError::open(&name, error)
        };
        let real = folder.canonicalize().map_err(failed(folder))?;
        if !self.folders.insert(real.clone()) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(failed(folder))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(['.', '_']) || name == WRITE_TEST {
                continue;
            }
            let path = entry.path();
            let about = fs::metadata(&path).map_err(failed(&path))?;
            if about.is_dir() {
                self.add_folder(&path)?;
            } else if about.is_file() && about.len() > 0 {
                self.add_file(&path, &about).map_err(failed(&path))?;
            }
        }
        self.folders.remove(&real);
        Ok(())
    }

    fn add_pattern(&mut self, pattern: &str) -> Result<(), FileError> {
        // `**` at the end is the folder with all below it.
        let folders = pattern.trim_end_matches("/**");
        let paths = glob::glob(folders).map_err(|error| FileError::Pattern {
            pattern: pattern.to_owned(),
            error,
        })?;
        let mut matching = Vec::new();
        for path in paths {
            matching.push(path.map_err(|error| {
                let name = error.path().to_string_lossy().into_owned();
                FileError::open(&name, error.into())
            })?);
        }
        for (place, path) in matching.iter().enumerate() {
            // `**/*` gives folders and what is in them: not both are meant.
            let with_content = matching[place + 1..]
                .iter()
                .any(|other| other.starts_with(path));
            if !with_content {
                self.add_path(path)?;
            }
        }
        match matching.is_empty() {
            true => Err(FileError::NoMatch(pattern.to_owned())),
            false => Ok(()),
        }
    }

    fn add_file(&mut self, path: &Path, about: &fs::Metadata) -> io::Result<()> {
        let name = path.to_string_lossy().into_owned();
        // What is no regular file (a pipe) can be read only once.
        if about.is_file() {
            let real = path.canonicalize()?;
            if let Some(same) = self.same(&real, path, about.len())? {
                self.repeated(&name, self.found.inputs[same].name.clone());
                return Ok(());
            }
            let place = self.found.inputs.len();
            self.files.insert(real, place);
            self.sizes.entry(about.len()).or_default().push(place);
        }
        self.found.inputs.push(Input {
            place: Place::File(path.to_owned()),
            name,
            size: about.len(),
        });
        Ok(())
    }

    /// The earlier file with the same content.
    fn same(&self, real: &Path, path: &Path, size: u64) -> io::Result<Option<usize>> {
        if let Some(place) = self.files.get(real) {
            return Ok(Some(*place));
        }
        if size == 0 {
            return Ok(None);
        }
        for place in self.sizes.get(&size).into_iter().flatten() {
            if let Place::File(other) = &self.found.inputs[*place].place
                && has_same_content(path, other)?
            {
                return Ok(Some(*place));
            }
        }
        Ok(None)
    }
}

fn has_same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut piece, mut other_piece) = (Vec::new(), Vec::new());
    // The first bytes are enough for nearly all that differ.
    let mut length = 512;
    loop {
        piece.clear();
        other_piece.clear();
        one.by_ref().take(length as u64).read_to_end(&mut piece)?;
        other
            .by_ref()
            .take(length as u64)
            .read_to_end(&mut other_piece)?;
        if piece != other_piece {
            return Ok(false);
        }
        if piece.is_empty() {
            return Ok(true);
        }
        length = PIECE;
    }
}

#[cfg(test)]
mod tests {
    use super::{FileError, find};
    use std::fs;
    use std::path::{Path, PathBuf};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    /// Names below the folder, and what is the same as what.
    fn check(folder: &Path, paths: &[&str]) -> Result<(Vec<String>, Vec<String>), FileError> {
        let paths: Vec<PathBuf> = paths
            .iter()
            .map(|path| match *path {
                "-" => PathBuf::from("-"),
                path => folder.join(path),
            })
            .collect();
        let short = |name: &str| {
            let below = Path::new(name)
                .strip_prefix(folder)
                .unwrap_or(Path::new(name));
            below.to_string_lossy().into_owned()
        };
        let found = find(&paths)?;
        let same = |one: &super::Repeated| format!("{}={}", short(&one.name), short(&one.same_as));
        Ok((
            found
                .inputs
                .iter()
                .map(|input| short(&input.name))
                .collect(),
            found.repeated.iter().map(same).collect(),
        ))
    }

    #[test]
    fn finds_files_folders_and_patterns_in_order() {
        let folder = folder(&[
            ("day/hour=01/b.log", "1"),
            ("day/hour=01/a.log", "22"),
            ("day/hour=02/c.gz", "333"),
            ("day/_SUCCESS", "4444"),
            ("day/.crc", "55555"),
            ("day/empty", ""),
            ("day/aws-logs-write-test", "Permission Check Successful"),
            ("other.log", "666666"),
            ("odd[1].log", "7777777"),
        ]);
        let all = ["day/hour=01/a.log", "day/hour=01/b.log", "day/hour=02/c.gz"];
        for (paths, expected) in [
            (&["day"][..], &all[..]),
            (&["day/"], &all),
            (&["day/hour=*"], &all),
            (&["day/*/*.log"], &all[..2]),
            (&["day/**/*.gz"], &all[2..]),
            (&["day/**"], &all),
            (&["day/**/hour=0*/*"], &all),
            (&["d*/hour=02/**"], &all[2..]),
            (
                &["other.log", "day/hour=0[12]/?.gz"],
                &["other.log", all[2]],
            ),
            (&["odd[1].log"], &["odd[1].log"]),
            (&["-", "other.log"], &["-", "other.log"]),
        ] {
            let (found, repeated) = check(folder.path(), paths).unwrap();
            assert_eq!(found, expected, "{paths:?}");
            assert!(repeated.is_empty(), "{paths:?}");
        }
    }

    #[test]
    fn what_is_given_twice_is_said() {
        let folder = folder(&[("a.log", "same"), ("copy/a.log", "same"), ("b.log", "diff")]);
        for (paths, expected) in [
            (&["a.log", "a.log"][..], &["a.log=a.log"][..]),
            (&["a.log", "./a.log"], &["a.log=a.log"]),
            (&["a.log", "*.log"], &["a.log=a.log"]),
            (&["a.log", "b.log", "copy"], &["copy/a.log=a.log"]),
            (&["-", "-"], &["-=-"]),
        ] {
            assert_eq!(
                check(folder.path(), paths).unwrap().1,
                expected,
                "{paths:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_ends() {
        let folder = folder(&[("day/a.log", "1")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("day/up")).unwrap();
        std::os::unix::fs::symlink(
            folder.path().join("day/a.log"),
            folder.path().join("day/b.log"),
        )
        .unwrap();
        let (found, repeated) = check(folder.path(), &["day"]).unwrap();
        assert_eq!(found, ["day/a.log"]);
        assert_eq!(repeated, ["day/b.log=day/a.log"]);
    }

    #[test]
    fn says_what_is_wrong_with_a_path() {
        let folder = folder(&[("empty/_SUCCESS", "1")]);
        let name = |path| check(folder.path(), &[path]).unwrap_err().name();
        assert_eq!(name("none.log"), "CannotOpen");
        assert_eq!(name("empty"), "EmptyFolder");
        assert_eq!(name("*.log"), "NoMatch");
        assert_eq!(name("a[.log"), "BadPattern");
    }
}
