//! Why files cannot be read.

use super::layers::EXPANSION;
use super::meter::Cancelled;
use flowlog::ReadError;
use std::io;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file or folder cannot be opened.
    #[error("open {name}: {}", plain(error))]
    Open {
        /// The file.
        name: String,
        /// What the system said.
        error: io::Error,
    },
    /// The folder has no file in it.
    #[error("read {0}: the folder has no file in it; check the path")]
    EmptyFolder(String),
    /// The pattern cannot be understood.
    #[error("read the pattern {pattern}: {error}; quote a name that has * ? or [ in it as [*]")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        error: glob::PatternError,
    },
    /// No file has such a name.
    #[error("find a file that matches {0}; check the path")]
    NoMatch(String),
    /// Reading broke off.
    #[error("read {name} to its end: {error}; the file is damaged or incomplete, fetch it again")]
    Read {
        /// The file.
        name: String,
        /// What the system or the decompressor said.
        error: io::Error,
    },
    /// Nobody wants it any more.
    #[error("read {name}: {Cancelled}")]
    Cancelled {
        /// The file.
        name: String,
    },
    /// More comes out of the file than of any flow log.
    #[error("read {name}: {ExpandsTooFar}")]
    ExpandsTooFar {
        /// The file.
        name: String,
    },
    /// The content is no flow log.
    #[error("read {name}: {error}")]
    Content {
        /// The file.
        name: String,
        /// What is wrong with it.
        error: ContentError,
    },
}

/// More comes out of a file than [`EXPANSION`] times its size.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "it expands to more than {EXPANSION} times its size, as no flow log does; \
     if you trust it, expand it to a file and read that"
)]
pub struct ExpandsTooFar;

/// Why the content of a file is no flow log.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The text is no flow log.
    #[error(transparent)]
    Text(#[from] ReadError),
    /// The JSON breaks off or is broken.
    #[error("its JSON breaks off or is broken at byte {0}; fetch it again")]
    Json(u64),
    /// The JSON is none of the forms in which CloudWatch Logs gives events.
    #[error(
        "this JSON has no log events in it; expected is what aws logs filter-log-events prints, \
         a subscription's DATA_MESSAGE, or lines of objects with a message"
    )]
    JsonWithoutEvents,
    /// What a JSON text holds in base64 cannot be read.
    #[error("the data that its JSON holds in base64 cannot be read: {0}")]
    Embedded(io::Error),
    /// The Parquet file is damaged, or of a kind that cannot be read.
    #[error(
        "the Parquet file is damaged, incomplete or compressed with something else \
         than gzip, Snappy or zstd ({0}); fetch it again or write it with gzip"
    )]
    Parquet(String),
    /// A Parquet column has another type than the field.
    #[error(
        "the Parquet column {column} has the type {found} and should have {expected}; \
         write it with the types of AWS's flow logs"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// The type that AWS writes.
        expected: &'static str,
    },
    /// Nobody wants it any more.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A Parquet file from a pipe is read into memory, and this one is too long.
    #[error(
        "a Parquet file that does not come from a file of its own may have {0} bytes at the most; \
         save it, expanded, to a file and read that"
    )]
    ParquetTooLong(u64),
}

impl FileError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            FileError::Open { .. } => "CannotOpen",
            FileError::EmptyFolder(_) => "EmptyFolder",
            FileError::Pattern { .. } => "BadPattern",
            FileError::NoMatch(_) => "NoMatch",
            FileError::Read { .. } => "CannotRead",
            FileError::Cancelled { .. } => "Cancelled",
            FileError::ExpandsTooFar { .. } => "ExpandsTooFar",
            FileError::Content { error, .. } => error.name(),
        }
    }

    /// An error of reading that file.
    pub(super) fn read(name: &str, error: io::Error) -> FileError {
        let name = name.to_owned();
        match error.get_ref() {
            Some(inner) if inner.is::<Cancelled>() => FileError::Cancelled { name },
            Some(inner) if inner.is::<ExpandsTooFar>() => FileError::ExpandsTooFar { name },
            _ => FileError::Read { name, error },
        }
    }

    /// An error of opening that file.
    pub(super) fn open(name: &str, error: io::Error) -> FileError {
        FileError::Open {
            name: name.to_owned(),
            error,
        }
    }

    /// An error of that file's content.
    pub(super) fn content(name: &str, error: impl Into<ContentError>) -> FileError {
        FileError::Content {
            name: name.to_owned(),
            error: error.into(),
        }
    }
}

impl ContentError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            ContentError::Text(error) => error.name(),
            ContentError::Json(_) => "BrokenJson",
            ContentError::JsonWithoutEvents => "NoLogEvents",
            ContentError::Embedded(_) => "BrokenData",
            ContentError::Parquet(_) => "BrokenParquet",
            ContentError::ColumnType { .. } => "WrongColumnType",
            ContentError::Cancelled(_) => "Cancelled",
            ContentError::ParquetTooLong(_) => "ParquetTooLong",
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
