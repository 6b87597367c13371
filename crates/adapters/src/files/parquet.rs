//! Parquet flow logs as AWS writes them to S3: names with underscores, numbers
//! as INT_32 and INT_64, all else as STRING, in any order and any subset.
//!
//! Rows become lines of text behind a header, so one fold reads every form.
//!
//! **Invariants.** Memory holds one page of each column and a batch of rows.
//! A column that is no field of a flow log is not read, a field with another
//! type is an error.
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3.html>

mod ends;
mod pages;
pub mod writer;

use super::error::{ContentError, ExpandsTooFar};
use super::layers::{EXPANSION, EXPANSION_FREE};
use super::meter::Meter;
use ends::Ends;
use flowlog::{Field, FlowTable, Layout, ReadError};
use pages::Checked;
use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::cell::Cell;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// Rows that are turned into lines at a time.
const BATCH: usize = 4_096;
/// What a column of a group of rows may have, expanded, in any case.
const COLUMN_FREE: i64 = 64 << 20;

/// Reads a whole Parquet file into the table.
pub(super) fn read<R: ChunkReader + 'static>(
    file: R,
    meter: &Meter,
    table: &mut FlowTable,
) -> Result<(), ContentError> {
    let size = file.len();
    match quietly(|| groups(Ends(file), meter, table)) {
        Ok(Ok(counted)) => {
            meter.add_bytes(size.saturating_sub(counted));
            Ok(())
        }
        Ok(Err(error)) => Err(error),
        Err(GaveUp) => Err(ContentError::Parquet("the reader gave up".to_owned())),
    }
}

/// The reader panicked.
struct GaveUp;

/// Does the work. A damaged file must not end the program, whatever it does to
/// the reader, nor print where in the reader that was.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, GaveUp> {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                loud(panic);
            }
        }));
    });
    IS_QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(false);
    done.map_err(|_| GaveUp)
}

/// Reads all groups of rows; gives the bytes that the meter was told of.
fn groups<R: ChunkReader + 'static>(
    file: R,
    meter: &Meter,
    table: &mut FlowTable,
) -> Result<u64, ContentError> {
    let size = file.len();
    // How much text all rows together may make.
    let mut room = size.saturating_mul(EXPANSION).max(EXPANSION_FREE);
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let fields = fields(schema.columns().iter().map(AsRef::as_ref))?;
    let names: Vec<&str> = fields.iter().map(|(_, field)| field.name()).collect();
    let header = names.join(" ");
    Layout::from_log_format(&header).map_err(|error| ReadError::Header { line: 1, error })?;
    table.push(header.as_bytes())?;
    table.push(b"\n")?;
    let mut counted = 0;
    let mut left = size;
    for group in 0..metadata.num_row_groups() {
        let about = metadata.row_group(group);
        check_expansion(about)?;
        check_places(about, size, &mut left)?;
        let group = reader.get_row_group(group).map_err(damaged)?;
        rows(group.as_ref(), &fields, &mut room, meter, table)?;
        let stored = u64::try_from(about.compressed_size()).unwrap_or(0);
        meter.add_bytes(stored);
        counted += stored;
    }
    Ok(counted)
}

fn damaged(error: ParquetError) -> ContentError {
    ContentError::Parquet(error.to_string())
}

/// The columns that are fields, checked.
fn fields<'a>(
    columns: impl Iterator<Item = &'a ColumnDescriptor>,
) -> Result<Vec<(usize, Field)>, ContentError> {
    let mut fields = Vec::new();
    for (place, column) in columns.enumerate() {
        let Some(field) = Field::from_name(column.name().as_bytes()) else {
            continue;
        };
        if column.path().parts().len() != 1 || column.max_rep_level() != 0 {
            return Err(wrong_type(
                column,
                field,
                "a list or a structure".to_owned(),
            ));
        }
        match (is_number(field), column.physical_type()) {
            (true, Type::INT32 | Type::INT64) | (false, Type::BYTE_ARRAY) => {}
            (_, found) => return Err(wrong_type(column, field, found.to_string())),
        }
        fields.push((place, field));
    }
    Ok(fields)
}

fn wrong_type(column: &ColumnDescriptor, field: Field, found: String) -> ContentError {
    ContentError::ColumnType {
        column: column.path().string(),
        found,
        expected: match is_number(field) {
            true => "INT32 or INT64",
            false => "STRING",
        },
    }
}

/// Whether AWS writes the field as a number.
fn is_number(field: Field) -> bool {
    matches!(
        field,
        Field::Version
            | Field::Srcport
            | Field::Dstport
            | Field::Protocol
            | Field::Packets
            | Field::Bytes
            | Field::Start
            | Field::End
            | Field::TcpFlags
            | Field::TrafficPath
            | Field::EncryptionStatus
    )
}

fn check_expansion(group: &RowGroupMetaData) -> Result<(), ContentError> {
    let most = i64::try_from(EXPANSION).unwrap_or(i64::MAX);
    for column in group.columns() {
        let stored = column.compressed_size().max(0).saturating_mul(most);
        if column.uncompressed_size() > stored.max(COLUMN_FREE) {
            return Err(ContentError::Embedded(io::Error::other(ExpandsTooFar)));
        }
    }
    Ok(())
}

/// Columns lie in the file, and no two of them in the same place: otherwise a
/// small file could be read for hours.
fn check_places(group: &RowGroupMetaData, size: u64, left: &mut u64) -> Result<(), ContentError> {
    for column in group.columns() {
        let start = column
            .dictionary_page_offset()
            .unwrap_or_else(|| column.data_page_offset());
        let length = u64::try_from(column.compressed_size()).ok();
        let end = u64::try_from(start).ok().zip(length);
        let is_inside = end
            .and_then(|(start, length)| start.checked_add(length))
            .is_some_and(|end| end <= size);
        *left = match length.and_then(|length| left.checked_sub(length)) {
            Some(left) if is_inside => left,
            _ => {
                return Err(ContentError::Parquet(
                    "a column does not lie in the file".to_owned(),
                ));
            }
        };
    }
    Ok(())
}

fn rows(
    group: &dyn RowGroupReader,
    fields: &[(usize, Field)],
    room: &mut u64,
    meter: &Meter,
    table: &mut FlowTable,
) -> Result<(), ContentError> {
    let mut columns = Vec::with_capacity(fields.len());
    for (place, _) in fields {
        let about = group.metadata().column(*place).column_descr_ptr();
        let pages = group.get_column_page_reader(*place).map_err(damaged)?;
        let pages = Checked::new(pages, about.physical_type());
        columns.push(Column::new(get_column_reader(about, Box::new(pages)))?);
    }
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let mut lines = Vec::new();
    while left > 0 {
        let length = left.min(BATCH);
        for column in &mut columns {
            column.load(length)?;
        }
        lines.clear();
        for row in 0..length {
            for column in &mut columns {
                column.write(row, &mut lines);
                lines.push(b' ');
            }
            lines.pop();
            lines.push(b'\n');
        }
        // A run of equal values takes a few bytes, however many rows it has.
        *room = room
            .checked_sub(lines.len() as u64)
            .ok_or_else(|| ContentError::Embedded(io::Error::other(ExpandsTooFar)))?;
        meter.check()?;
        let before = table.counts().read;
        table.push(&lines)?;
        meter.add_records(table.counts().read - before);
        left -= length;
    }
    Ok(())
}

/// A column of a group of rows, a batch at a time.
enum Column {
    Int32(Values<Int32Type>),
    Int64(Values<Int64Type>),
    Text(Values<ByteArrayType>),
}

struct Values<T: DataType> {
    reader: ColumnReaderImpl<T>,
    /// Of each row, whether it has a value: the column's highest level.
    levels: Vec<i16>,
    values: Vec<T::T>,
    next: usize,
}

impl Column {
    fn new(reader: ColumnReader) -> Result<Column, ContentError> {
        match reader {
            ColumnReader::Int32ColumnReader(reader) => Ok(Column::Int32(Values::new(reader))),
            ColumnReader::Int64ColumnReader(reader) => Ok(Column::Int64(Values::new(reader))),
            ColumnReader::ByteArrayColumnReader(reader) => Ok(Column::Text(Values::new(reader))),
            _ => Err(ContentError::Parquet(
                "a column changed its type".to_owned(),
            )),
        }
    }

    fn load(&mut self, length: usize) -> Result<(), ContentError> {
        match self {
            Column::Int32(values) => values.load(length),
            Column::Int64(values) => values.load(length),
            Column::Text(values) => values.load(length),
        }
    }

    fn write(&mut self, row: usize, line: &mut Vec<u8>) {
        match self {
            Column::Int32(values) => write_number(values.value(row).map(|v| i64::from(*v)), line),
            Column::Int64(values) => write_number(values.value(row).copied(), line),
            Column::Text(values) => write_text(values.value(row).map(ByteArray::data), line),
        }
    }
}

impl<T: DataType> Values<T> {
    fn new(reader: ColumnReaderImpl<T>) -> Values<T> {
        Values {
            reader,
            levels: Vec::new(),
            values: Vec::new(),
            next: 0,
        }
    }

    /// Loads the values of the next rows, all of them.
    fn load(&mut self, length: usize) -> Result<(), ContentError> {
        self.levels.clear();
        self.values.clear();
        self.next = 0;
        let mut loaded = 0;
        while loaded < length {
            let (rows, values, _) = self
                .reader
                .read_records(
                    length - loaded,
                    Some(&mut self.levels),
                    None,
                    &mut self.values,
                )
                .map_err(damaged)?;
            if rows == 0 {
                return Err(ContentError::Parquet(
                    "a column has fewer rows than the file says".to_owned(),
                ));
            }
            loaded += rows;
            // Columns that are always there have no levels.
            if self.levels.len() < loaded && values == rows {
                self.levels.resize(loaded, i16::MAX);
            }
        }
        Ok(())
    }

    /// The value of the row; rows are asked for in order.
    fn value(&mut self, row: usize) -> Option<&T::T> {
        if self.levels.get(row).is_none_or(|level| *level == 0) {
            return None;
        }
        self.next += 1;
        self.values.get(self.next - 1)
    }
}

fn write_number(value: Option<i64>, line: &mut Vec<u8>) {
    let Some(value) = value else {
        line.push(b'-');
        return;
    };
    if value < 0 {
        line.push(b'-');
    }
    let mut digits = [0; 20];
    let mut rest = value.unsigned_abs();
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[begin..]);
}

fn write_text(value: Option<&[u8]>, line: &mut Vec<u8>) {
    match value {
        None | Some([]) => line.push(b'-'),
        // A space or a line end in a value must not become one of the line.
        Some(text) => line.extend(text.iter().map(|byte| match byte {
            0..=b' ' => b'_',
            byte => *byte,
        })),
    }
}

#[cfg(test)]
#[path = "parquet_tests.rs"]
mod tests;
