//! Flow-log files: plain text or gzip, told by content and not by name.
//!
//! **Invariants.** Files are streamed: memory does not grow with their size.
//! A file that cannot be read to its end is an error and never a shorter file.

use flate2::bufread::MultiGzDecoder;
use flowlog::{FlowTable, ReadError};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// How much is read at a time.
const CHUNK: usize = 256 * 1024;
/// What a gzip member begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The name that stands for standard input.
const STDIN: &str = "-";

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be opened.
    #[error("open {}: {}", path.display(), plain(error))]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The path is a folder.
    #[error("read {}: it is a folder; name the files in it", .0.display())]
    Folder(PathBuf),
    /// Reading broke off.
    #[error(
        "read {} to its end: {error}; the file is damaged or incomplete, fetch it again",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system or the decompressor said.
        error: io::Error,
    },
    /// The content is no flow log.
    #[error("read {}: {error}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ReadError,
    },
}

impl FileError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            FileError::Open { .. } => "CannotOpen",
            FileError::Folder(_) => "IsFolder",
            FileError::Read { .. } => "CannotRead",
            FileError::Content { error, .. } => error.name(),
        }
    }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied; run as a user who may read it".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Reads a whole file into the table; `-` is standard input.
///
/// Errors: the file cannot be opened or read to its end, or is no flow log.
pub fn read(path: &Path, table: &mut FlowTable) -> Result<(), FileError> {
    if path == Path::new(STDIN) {
        return read_from(io::stdin().lock(), path, table);
    }
    let open = |error| FileError::Open {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(open)?;
    if file.metadata().map_err(open)?.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    read_from(file, path, table)
}

fn read_from(mut input: impl Read, path: &Path, table: &mut FlowTable) -> Result<(), FileError> {
    let broken = |error| FileError::Read {
        path: path.to_owned(),
        error,
    };
    let mut head = Vec::with_capacity(GZIP.len());
    input
        .by_ref()
        .take(GZIP.len() as u64)
        .read_to_end(&mut head)
        .map_err(broken)?;
    let is_gzip = head == GZIP;
    let whole = io::Cursor::new(head).chain(input);
    if is_gzip {
        let members = MultiGzDecoder::new(BufReader::with_capacity(CHUNK, whole));
        feed(members, path, table)
    } else {
        feed(whole, path, table)
    }
}

fn feed(mut text: impl Read, path: &Path, table: &mut FlowTable) -> Result<(), FileError> {
    let content = |error| FileError::Content {
        path: path.to_owned(),
        error,
    };
    table.begin_source(&path.to_string_lossy());
    let mut chunk = vec![0; CHUNK];
    loop {
        match text.read(&mut chunk) {
            Ok(0) => return table.end_source().map_err(content),
            Ok(length) => table.push(&chunk[..length]).map_err(content)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(FileError::Read {
                    path: path.to_owned(),
                    error,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use flate2::{Compression, write::GzEncoder};
    use flowlog::FlowTable;
    use std::io::Write;
    use std::path::Path;

    const TEXT: &str = "srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 7\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn check(content: &[u8]) -> Result<u128, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let mut table = FlowTable::new();
        read(file.path(), &mut table).map_err(|error| error.name().to_owned())?;
        Ok(table.flows().map(|flow| flow.sum.bytes).sum())
    }

    #[test]
    fn reads_plain_and_gzip_by_content() {
        assert_eq!(check(TEXT.as_bytes()), Ok(7));
        assert_eq!(check(&gzip(TEXT)), Ok(7));
        assert_eq!(check(&[gzip(TEXT), gzip(TEXT)].concat()), Ok(14));
        assert_eq!(check(b""), Ok(0));
        assert_eq!(check(b"x"), Err("NotAFlowLog".to_owned()));
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let whole = gzip(TEXT);
        assert_eq!(
            check(&whole[..whole.len() - 9]),
            Err("CannotRead".to_owned())
        );
    }

    #[test]
    fn says_what_to_do_about_a_path_that_is_no_file() {
        let message = |path: &Path| read(path, &mut FlowTable::new()).unwrap_err().to_string();
        assert_eq!(
            message(Path::new("no/such.log")),
            "open no/such.log: there is no such file; check the path"
        );
        assert!(message(&std::env::temp_dir()).ends_with("it is a folder; name the files in it"));
    }
}
