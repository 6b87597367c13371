//! The order of the columns in a text flow log.
//!
//! A flow log has any subset of the fields in any order, so a line is only
//! ever read by its own layout: from a header line, or from the LogFormat that
//! DescribeFlowLogs gives. Recognition without either is in [`crate::KnownLayout`].
//!
//! **Invariants.** A layout names each known field once, and always has the
//! three without which nothing can be added up: srcaddr, dstaddr and bytes.

use crate::Field;

/// One column of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// A field of versions 2 to 11.
    Known(Field),
    /// A field that a later version introduced: accepted and not read.
    Unknown(Box<str>),
}

/// The columns of a flow log, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    columns: Box<[Column]>,
}

/// Why a list of names is not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A field stands there twice, so its value would be ambiguous.
    #[error("the layout names the field {0} twice; every field may stand in it once")]
    Duplicate(String),
    /// A field without which no report is possible is not there.
    #[error(
        "the layout lacks the field {0}; srcaddr, dstaddr and bytes are needed at least, \
         so record with a log format that has them"
    )]
    Missing(&'static str),
    /// The text has no field in it.
    #[error(
        "the log format is empty; write it as in CreateFlowLogs, \
         for example '${{srcaddr}} ${{dstaddr}} ${{bytes}}'"
    )]
    Empty,
    /// A word of the text is not a field.
    #[error(
        "the log format has {0:?} where a field should stand; \
         write it as in CreateFlowLogs, for example '${{srcaddr}} ${{dstaddr}} ${{bytes}}'"
    )]
    NotAField(String),
}

impl LayoutError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            LayoutError::Duplicate(_) => "DuplicateField",
            LayoutError::Missing(_) => "MissingField",
            LayoutError::Empty => "EmptyLogFormat",
            LayoutError::NotAField(_) => "NotAField",
        }
    }
}

/// How many known names make a line of words a header.
const HEADER_FIELDS: usize = 3;

impl Layout {
    /// The layout of a LogFormat as CreateFlowLogs takes it and
    /// DescribeFlowLogs gives it (`${srcaddr} ${dstaddr} …`), or of plain
    /// names with spaces between.
    ///
    /// Errors: a duplicate field, a word that is not a name, one of the three
    /// needed fields missing.
    pub fn from_log_format(format: &str) -> Result<Layout, LayoutError> {
        let mut columns = Vec::new();
        for word in format.split_ascii_whitespace() {
            let bare = word.strip_prefix('\\').unwrap_or(word);
            let name = bare
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .unwrap_or(bare);
            if !is_field_name(name.as_bytes()) {
                return Err(LayoutError::NotAField(word.to_owned()));
            }
            columns.push(column(name));
        }
        if columns.is_empty() {
            return Err(LayoutError::Empty);
        }
        Layout::checked(columns)
    }

    /// The layout of a header line, or `None` where the line is not a header.
    ///
    /// A header is a line of field names of which at least three are known
    /// (fewer only if the line has fewer). Errors as [`Layout::from_log_format`].
    pub fn from_header(line: &[u8]) -> Result<Option<Layout>, LayoutError> {
        let mut columns = Vec::new();
        let mut known = 0;
        for word in line.split(|byte| *byte == b' ') {
            if !is_field_name(word) {
                return Ok(None);
            }
            known += usize::from(Field::from_name(word).is_some());
            columns.push(column(&String::from_utf8_lossy(word)));
        }
        if known < HEADER_FIELDS.min(columns.len()) {
            return Ok(None);
        }
        Layout::checked(columns).map(Some)
    }

    /// The layout of fields that are known to be a legal set.
    pub(crate) fn from_fields(fields: &[Field]) -> Layout {
        Layout {
            columns: fields.iter().copied().map(Column::Known).collect(),
        }
    }

    fn checked(columns: Vec<Column>) -> Result<Layout, LayoutError> {
        for (index, one) in columns.iter().enumerate() {
            if columns[..index].contains(one) {
                return Err(LayoutError::Duplicate(one.name().to_owned()));
            }
        }
        for needed in [Field::Srcaddr, Field::Dstaddr, Field::Bytes] {
            if !columns.contains(&Column::Known(needed)) {
                return Err(LayoutError::Missing(needed.name()));
            }
        }
        Ok(Layout {
            columns: columns.into(),
        })
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether the layout has the field.
    pub fn has(&self, field: Field) -> bool {
        self.columns.contains(&Column::Known(field))
    }
}

impl Column {
    /// The name in a LogFormat.
    pub fn name(&self) -> &str {
        match self {
            Column::Known(field) => field.name(),
            Column::Unknown(name) => name,
        }
    }
}

fn column(name: &str) -> Column {
    match Field::from_name(name.as_bytes()) {
        Some(field) => Column::Known(field),
        None => Column::Unknown(name.replace('_', "-").into()),
    }
}

/// Lower-case words with digits, hyphens or underscores, as all of AWS's are.
/// The ids that a record may begin with (`eni-…`) have this shape too, so a
/// header is only told by the names in it.
fn is_field_name(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_lowercase)
        && word.iter().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::{Column, Layout, LayoutError};
    use crate::Field;

    #[test]
    fn reads_a_header_in_both_spellings() {
        for header in [
            "srcaddr pkt-srcaddr dstaddr bytes",
            "srcaddr pkt_srcaddr dstaddr bytes",
        ] {
            let layout = Layout::from_header(header.as_bytes())
                .expect("legal")
                .expect("a header");
            assert_eq!(layout.columns()[1], Column::Known(Field::PktSrcaddr));
        }
    }

    #[test]
    fn accepts_a_field_of_the_future() {
        let layout = Layout::from_log_format("${srcaddr} ${quantum-tag} ${dstaddr} ${bytes}")
            .expect("legal");
        assert_eq!(layout.columns()[1], Column::Unknown("quantum-tag".into()));
    }

    #[test]
    fn refuses_what_is_not_a_layout() {
        let error = |format| {
            Layout::from_log_format(format)
                .map(|_| ())
                .expect_err("refused")
        };
        assert_eq!(
            error("${srcaddr} ${dstaddr} ${bytes} ${srcaddr}"),
            LayoutError::Duplicate("srcaddr".into())
        );
        assert_eq!(
            error("${srcaddr} ${dstaddr} ${x-y} ${bytes} ${x_y}"),
            LayoutError::Duplicate("x-y".into())
        );
        assert_eq!(
            error("${srcaddr} ${bytes}"),
            LayoutError::Missing("dstaddr")
        );
        assert_eq!(error("  "), LayoutError::Empty);
        assert_eq!(
            error("${srcaddr} ${dstaddr},${bytes}"),
            LayoutError::NotAField("${dstaddr},${bytes}".into())
        );
    }

    #[test]
    fn does_not_take_a_record_for_a_header() {
        for line in [
            "2 123456789012 eni-1 - - - - - - - 1 2 - NODATA",
            "eni-1 nat-2 unknown",
            "",
            "hello world of logs",
        ] {
            assert_eq!(Layout::from_header(line.as_bytes()), Ok(None), "{line}");
        }
    }

    #[test]
    fn a_header_with_a_duplicate_field_is_an_error() {
        assert_eq!(
            Layout::from_header(b"srcaddr dstaddr bytes pkt-srcaddr pkt_srcaddr"),
            Err(LayoutError::Duplicate("pkt-srcaddr".into()))
        );
    }
}
