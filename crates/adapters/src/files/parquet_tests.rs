//! Parquet files written here and read back.

use crate::files::read_bytes;
use flowlog::FlowTable;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// A file with these columns; values by turns, `None` is null.
fn file(columns: &str, rows: &[&[Option<&str>]], group: usize) -> Vec<u8> {
    let schema = parse_message_type(&format!("message flow_log {{ {columns} }}")).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::GZIP(Default::default()))
        .set_data_page_row_count_limit(7)
        .set_write_batch_size(7)
        .build();
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties)).unwrap();
    for rows in rows.chunks(group) {
        let mut rows_writer = writer.next_row_group().unwrap();
        let mut place = 0;
        while let Some(mut column) = rows_writer.next_column().unwrap() {
            let values: Vec<Option<&str>> = rows.iter().map(|row| row[place]).collect();
            let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
            let present = values.iter().flatten();
            match column.untyped() {
                ColumnWriter::Int32ColumnWriter(writer) => {
                    let values: Vec<i32> = present.map(|v| v.parse().unwrap()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let values: Vec<i64> = present.map(|v| v.parse().unwrap()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    let values: Vec<f64> = present.map(|v| v.parse().unwrap()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let values: Vec<ByteArray> = present.map(|v| ByteArray::from(*v)).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                _ => panic!("a type that no test has"),
            }
            column.close().unwrap();
            place += 1;
        }
        rows_writer.close().unwrap();
    }
    writer.close().unwrap();
    file
}

fn read(content: Vec<u8>) -> Result<FlowTable, crate::files::FileError> {
    let mut table = FlowTable::new();
    read_bytes("flow.parquet", content, &mut table)?;
    Ok(table)
}

const SOME: fn(&'static str) -> Option<&'static str> = Some;

#[test]
fn reads_any_order_and_subset_of_columns() {
    let row = [
        SOME("7"),
        SOME("1700000060"),
        SOME("10.0.0.220"),
        SOME("2026"),
        SOME("S3"),
        SOME("10.0.1.5"),
        SOME("OK"),
        SOME("1700000000"),
        SOME("6"),
    ];
    let mut nodata = [None; 9];
    (nodata[1], nodata[6], nodata[7]) = (SOME("1700000120"), SOME("NODATA"), SOME("1700000060"));
    let columns = "optional int64 bytes; optional int64 end; optional binary dstaddr (STRING); \
        optional int32 year; optional binary pkt_dst_aws_service (STRING); \
        optional binary srcaddr (STRING); optional binary log_status (STRING); \
        optional int64 start; optional int64 protocol;";
    let rows: Vec<&[Option<&str>]> = (0..10_000)
        .map(|number| match number % 10 {
            0 => &nodata[..],
            _ => &row[..],
        })
        .collect();
    for group in [1_000, 10_000] {
        let content = file(columns, &rows, group);
        for content in [content.clone(), crate::files::samples::gzip(&content)] {
            let table = read(content).unwrap();
            let counts = table.counts();
            assert_eq!(
                (counts.parsed, counts.nodata, counts.malformed()),
                (9_000, 1_000, 0)
            );
            let flows: Vec<_> = table.flows().collect();
            assert_eq!(flows.len(), 1);
            assert_eq!(flows[0].sum.bytes, 63_000);
            assert_eq!(flows[0].dst_service, Some("S3"));
            let window = table.window().unwrap();
            assert_eq!((window.start, window.end), (1_700_000_000, 1_700_000_120));
        }
    }
}

#[test]
fn says_which_column_is_wrong_and_how() {
    let three = "optional binary dstaddr (STRING); optional int64 bytes;";
    for (columns, row, name, message) in [
        (
            "optional binary srcaddr (STRING); optional binary dstaddr (STRING); optional double bytes;",
            [SOME("10.0.0.1"), SOME("10.0.0.2"), SOME("7")].to_vec(),
            "WrongColumnType",
            "the Parquet column bytes has the type DOUBLE and should have INT32 or INT64",
        ),
        (
            &format!("optional int64 srcaddr; {three}"),
            [SOME("1"), SOME("10.0.0.2"), SOME("7")].to_vec(),
            "WrongColumnType",
            "the Parquet column srcaddr has the type INT64 and should have STRING",
        ),
        (
            &format!("optional group flow {{ optional binary srcaddr (STRING); }} {three}"),
            [None, SOME("10.0.0.2"), SOME("7")].to_vec(),
            "WrongColumnType",
            "the Parquet column flow.srcaddr has the type a list or a structure",
        ),
        (
            three,
            [SOME("10.0.0.2"), SOME("7")].to_vec(),
            "MissingField",
            "lacks the field srcaddr",
        ),
    ] {
        let error = read(file(columns, &[&row], 1)).err().unwrap();
        assert_eq!(error.name(), name);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn a_value_with_a_space_stays_one_value() {
    let content = file(
        "optional binary srcaddr (STRING); optional binary dstaddr (STRING); \
         optional binary pkt_src_aws_service (STRING); optional int64 bytes;",
        &[
            &[
                SOME("10.0.0.1"),
                SOME("10.0.0.2"),
                SOME("A\nB C"),
                SOME("7"),
            ],
            &[SOME("10.0.0.1"), SOME("10.0.0.2"), SOME(""), SOME("5")],
            &[SOME("10.0.0.1 "), SOME("10.0.0.2"), None, SOME("3")],
            &[SOME("10.0.0.1"), SOME("10.0.0.2"), None, SOME("-3")],
        ],
        9,
    );
    let table = read(content).unwrap();
    assert_eq!((table.counts().parsed, table.counts().malformed()), (2, 2));
    assert!(table.flows().any(|flow| flow.src_service == Some("A_B_C")));
    assert!(table.flows().any(|flow| flow.src_service.is_none()));
}

#[test]
fn a_damaged_file_is_an_error_and_never_the_end_of_the_program() {
    let row = [SOME("10.0.0.1"), SOME("10.0.0.2"), SOME("7")];
    let rows: Vec<&[Option<&str>]> = (0..50).map(|_| &row[..]).collect();
    let whole = file(
        "required binary srcaddr (STRING); required binary dstaddr (STRING); required int64 bytes;",
        &rows,
        20,
    );
    assert_eq!(read(whole.clone()).unwrap().counts().parsed, 50);
    for length in 4..whole.len() {
        assert_eq!(
            read(whole[..length].to_vec()).err().unwrap().name(),
            "BrokenParquet"
        );
    }
    for place in 4..whole.len() {
        let mut broken = whole.clone();
        broken[place] ^= 0x55;
        let _ = read(broken);
    }
}
