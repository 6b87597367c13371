//! Rows as a Parquet file, for a notebook: texts and integers, in zstd.
//!
//! **Invariants.** Streamed: memory holds one group of rows, and the file is
//! written from its beginning to its end, so that a pipe will do. A text that is
//! not known is null and not an empty text.

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a group: some megabytes, so that a reader can skip and share work.
pub const GROUP: usize = 1 << 17;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// STRING, or null.
    Text,
    /// INT64.
    Integer,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Of a column of texts.
    Text(Option<String>),
    /// Of a column of integers.
    Integer(u128),
}

/// The values of a column in the group under way.
enum Values {
    Text(Vec<ByteArray>, Vec<i16>),
    Integer(Vec<i64>),
}

/// Writes the rows, whose cells have the order of the columns.
///
/// Errors: an integer that 63 bits do not hold, a cell of another kind than its
/// column; what the writer says.
pub fn write(
    columns: &[(&str, Kind)],
    rows: impl Iterator<Item = Vec<Cell>>,
    out: impl Write + Send,
) -> io::Result<()> {
    let fields: Vec<String> = columns
        .iter()
        .map(|(name, kind)| field(name, *kind))
        .collect();
    let schema = format!("message rows {{ {} }}", fields.join(" "));
    let schema = Arc::new(parse_message_type(&schema).map_err(failed)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("natspike {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(failed)?;
    let mut group = empty(columns);
    let mut count = 0;
    for row in rows {
        add(&mut group, row)?;
        count += 1;
        if count == GROUP {
            write_group(&mut file, &std::mem::replace(&mut group, empty(columns)))?;
            count = 0;
        }
    }
    if count > 0 {
        write_group(&mut file, &group)?;
    }
    file.finish().map_err(failed)?;
    file.inner_mut().flush()
}

fn field(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => format!("optional binary {name} (STRING);"),
        Kind::Integer => format!("required int64 {name};"),
    }
}

fn empty(columns: &[(&str, Kind)]) -> Vec<Values> {
    let values = |kind| match kind {
        Kind::Text => Values::Text(Vec::new(), Vec::new()),
        Kind::Integer => Values::Integer(Vec::new()),
    };
    columns.iter().map(|(_, kind)| values(*kind)).collect()
}

fn add(group: &mut [Values], row: Vec<Cell>) -> io::Result<()> {
    for (values, cell) in group.iter_mut().zip(row) {
        match (values, cell) {
            (Values::Text(texts, levels), Cell::Text(text)) => {
                levels.push(i16::from(text.is_some()));
                texts.extend(text.map(|text| ByteArray::from(text.into_bytes())));
            }
            (Values::Integer(numbers), Cell::Integer(number)) => {
                let number = i64::try_from(number);
                let refused = |_| io::Error::other("a number is larger than Parquet's integers");
                numbers.push(number.map_err(refused)?);
            }
            _ => {
                return Err(io::Error::other(
                    "a value is of another kind than its column",
                ));
            }
        }
    }
    Ok(())
}

fn write_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    group: &[Values],
) -> io::Result<()> {
    let mut writer = file.next_row_group().map_err(failed)?;
    for values in group {
        let Some(mut column) = writer.next_column().map_err(failed)? else {
            break;
        };
        match (values, column.untyped()) {
            (Values::Text(texts, levels), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer
                    .write_batch(texts, Some(levels), None)
                    .map_err(failed)?;
            }
            (Values::Integer(numbers), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(numbers, None, None).map_err(failed)?;
            }
            _ => {
                return Err(io::Error::other(
                    "a column is of another kind than its values",
                ));
            }
        }
        column.close().map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

/// What the system said, where it was that: a reader may leave a pipe early.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, GROUP, Kind, write};
    use bytes::Bytes;
    use parquet::basic::Compression;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    const COLUMNS: [(&str, Kind); 2] = [("source", Kind::Text), ("bytes", Kind::Integer)];

    fn text(text: &str) -> Cell {
        Cell::Text(Some(text.to_owned()))
    }

    fn written(rows: Vec<Vec<Cell>>) -> SerializedFileReader<Bytes> {
        let mut file = Vec::new();
        write(&COLUMNS, rows.into_iter(), &mut file).unwrap();
        SerializedFileReader::new(Bytes::from(file)).unwrap()
    }

    #[test]
    fn rows_come_back_in_groups() {
        let count = GROUP + 3;
        let row = |number: usize| match number % 3 {
            0 => vec![Cell::Text(None), Cell::Integer(number as u128)],
            _ => vec![
                text(&format!("10.0.0.{}", number % 200)),
                Cell::Integer(1 << 62),
            ],
        };
        let file = written((0..count).map(row).collect());
        let groups = file.metadata().row_groups();
        assert_eq!(groups.len(), 2);
        assert!(matches!(
            groups[0].column(0).compression(),
            Compression::ZSTD(_)
        ));
        let mut number = 0;
        for found in file.get_row_iter(None).unwrap() {
            let found = found.unwrap();
            let expected = row(number);
            let name = found.get_string(0).ok().cloned();
            assert_eq!(Cell::Text(name), expected[0], "{number}");
            assert_eq!(
                Cell::Integer(found.get_long(1).unwrap() as u128),
                expected[1]
            );
            number += 1;
        }
        assert_eq!(number, count);
    }

    #[test]
    fn no_row_is_a_file_too_and_a_number_beyond_63_bits_is_refused() {
        assert_eq!(written(Vec::new()).metadata().file_metadata().num_rows(), 0);
        for cells in [
            vec![text("a"), Cell::Integer(1 << 63)],
            vec![Cell::Integer(1), text("a")],
        ] {
            assert!(write(&COLUMNS, std::iter::once(cells), Vec::new()).is_err());
        }
    }
}
