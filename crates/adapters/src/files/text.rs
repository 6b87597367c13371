//! The text of a flow log in each form that it leaves CloudWatch Logs in:
//! plain lines, lines behind a timestamp (export to S3), JSON.
//!
//! **Invariants.** Told by the first bytes; where chunks end never matters.

use super::error::ContentError;
use super::json::Json;
use flowlog::FlowTable;
use memchr::memchr;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The longest timestamp with its space.
const STAMP: usize = 40;
/// How much blank a text may begin with and still be told by what follows.
const BLANK: usize = 64 << 10;

/// A text under way, whose lines go to a table.
pub(super) struct Text {
    form: Form,
    depth: u32,
}

enum Form {
    /// Not enough of the text has come to tell.
    Unknown(Vec<u8>),
    Plain,
    Stamped(Stamped),
    Json(Box<Json>),
}

impl Text {
    pub(super) fn new() -> Text {
        Text::inside(0)
    }

    /// A text that stands so deep inside of others.
    pub(super) fn inside(depth: u32) -> Text {
        Text {
            form: Form::Unknown(Vec::new()),
            depth,
        }
    }

    /// Reads the next piece.
    pub(super) fn push(&mut self, chunk: &[u8], table: &mut FlowTable) -> Result<(), ContentError> {
        match &mut self.form {
            Form::Plain => Ok(table.push(chunk)?),
            Form::Stamped(stamped) => Ok(table.push(stamped.lines(chunk))?),
            Form::Json(json) => json.push(chunk, table),
            Form::Unknown(head) => {
                head.extend_from_slice(chunk);
                if begin(head).len() < STAMP && head.len() < BLANK {
                    return Ok(());
                }
                let head = std::mem::take(head);
                self.decide(&head, table)
            }
        }
    }

    /// Ends the text.
    pub(super) fn end(mut self, table: &mut FlowTable) -> Result<(), ContentError> {
        if let Form::Unknown(head) = &mut self.form {
            let head = std::mem::take(head);
            self.decide(&head, table)?;
        }
        match self.form {
            Form::Json(json) => json.end(table),
            Form::Stamped(stamped) => Ok(table.push(&stamped.rest())?),
            Form::Plain | Form::Unknown(_) => Ok(()),
        }
    }

    fn decide(&mut self, head: &[u8], table: &mut FlowTable) -> Result<(), ContentError> {
        let begin = begin(head);
        self.form = match begin.first() {
            Some(b'{' | b'[') => Form::Json(Box::new(Json::new(self.depth))),
            _ if stamp(begin) > 0 => Form::Stamped(Stamped::default()),
            _ => Form::Plain,
        };
        // Blank lines before the text are lines too.
        let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
        self.push(text, table)
    }
}

/// What the text begins with, whatever blank stands before it.
fn begin(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(text)
        .trim_ascii_start()
}

/// How long the timestamp is that the line begins with, with its space; 0
/// where it has none. `2026-11-20T10:00:00.000Z ` and what is like it.
fn stamp(line: &[u8]) -> usize {
    let line = &line[..line.len().min(STAMP)];
    let Some(length) = memchr(b' ', line) else {
        return 0;
    };
    let is_time = length >= b"2026-11-20T10:00:00".len()
        && line[..length]
            .iter()
            .enumerate()
            .all(|(place, byte)| match place {
                4 | 7 => *byte == b'-',
                10 => *byte == b'T',
                13 | 16 => *byte == b':',
                0..19 => byte.is_ascii_digit(),
                _ => byte.is_ascii_digit() || b".:+-Z".contains(byte),
            });
    if is_time { length + 1 } else { 0 }
}

/// Lines behind timestamps, as an export of a log group to S3 writes them.
#[derive(Default)]
struct Stamped {
    /// The beginning of a line that is too short to tell its timestamp.
    begin: Vec<u8>,
    /// Past the timestamp of a line.
    inside: bool,
    lines: Vec<u8>,
}

impl Stamped {
    /// The lines of the chunk without their timestamps.
    fn lines(&mut self, chunk: &[u8]) -> &[u8] {
        self.lines.clear();
        let mut rest = chunk;
        if !self.begin.is_empty() {
            let missing = STAMP - self.begin.len();
            let end = memchr(b'\n', chunk).map_or(chunk.len(), |end| end + 1);
            let (part, after) = chunk.split_at(end.min(missing));
            self.begin.extend_from_slice(part);
            rest = after;
            if self.begin.len() < STAMP && !self.begin.ends_with(b"\n") {
                return &self.lines;
            }
            let length = stamp(&self.begin);
            self.lines.extend_from_slice(&self.begin[length..]);
            self.inside = !self.begin.ends_with(b"\n");
            self.begin.clear();
        }
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map(|end| end + 1);
            if !self.inside {
                if end.is_none() && rest.len() < STAMP {
                    self.begin.extend_from_slice(rest);
                    break;
                }
                let length = stamp(&rest[..end.unwrap_or(rest.len())]);
                self.lines
                    .extend_from_slice(&rest[length..end.unwrap_or(rest.len())]);
            } else {
                self.lines
                    .extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
            }
            self.inside = end.is_none();
            rest = &rest[end.unwrap_or(rest.len())..];
        }
        &self.lines
    }

    /// The last line, where it has no end and is very short.
    fn rest(self) -> Vec<u8> {
        let length = stamp(&self.begin);
        self.begin[length..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::{Text, stamp};
    use crate::files::error::ContentError;
    use crate::files::samples::{base64, gzip};
    use flowlog::FlowTable;

    const ONE: &str =
        "2 123456789012 eni-1 10.0.1.5 10.0.0.220 1 443 6 1 7 1700000000 1700000060 ACCEPT OK";
    const TWO: &str =
        "2 123456789012 eni-1 10.0.1.6 10.0.0.220 1 443 6 1 5 1700000000 1700000060 ACCEPT OK";

    fn read(text: &[u8], chunk: usize) -> Result<(u64, u128, u64), ContentError> {
        let mut table = FlowTable::new();
        table.begin_source("text");
        let mut form = Text::new();
        for chunk in text.chunks(chunk) {
            form.push(chunk, &mut table)?;
        }
        form.end(&mut table)?;
        table.end_source()?;
        let bytes = table.flows().map(|flow| flow.sum.bytes).sum();
        Ok((table.counts().parsed, bytes, table.counts().malformed()))
    }

    /// Records, bytes and malformed lines, whatever the chunks are.
    fn check(text: &str, expected: (u64, u128, u64)) {
        for chunk in (1..100).chain([text.len().max(1)]) {
            match read(text.as_bytes(), chunk) {
                Ok(found) => assert_eq!(found, expected, "in chunks of {chunk}: {text}"),
                Err(error) => panic!("in chunks of {chunk}: {error}: {text}"),
            }
        }
    }

    #[test]
    fn reads_every_form_that_cloudwatch_logs_gives() {
        let event =
            |line: &str| format!(r#"{{"id":"3","timestamp":1700000000000,"message":"{line}"}}"#);
        let events = format!("[{},{}]", event(ONE), event(TWO));
        let filtered =
            format!(r#"{{"events":{events},"searchedLogStreams":[],"nextToken":"a\"b\\"}}"#);
        let envelope = format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"eni-1-all","subscriptionFilters":["f"],"logEvents":{events}}}"#
        );
        let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination"}]}"#;
        let both = (2, 12, 0);
        for (text, expected) in [
            (format!("{ONE}\n{TWO}\n"), both),
            (format!("\u{feff}{ONE}\r\n{TWO}"), both),
            (
                format!("2023-11-14T22:13:20.000Z {ONE}\n2023-11-14T22:13:20.000Z {TWO}\n"),
                both,
            ),
            (
                format!("\n2023-11-14T22:13:20+00:00 {ONE}\n2023-11-14T22:13:20+00:00 {TWO}"),
                both,
            ),
            (
                format!("2023-11-14T22:13:20.000Z {ONE}\n\nx\n{TWO}\n2023"),
                (2, 12, 2),
            ),
            (filtered.clone(), both),
            (format!("{filtered}\n{filtered}{filtered}"), (6, 36, 0)),
            (events, both),
            (format!("{control}{envelope}"), both),
            (format!("{}\n{}\n", event(ONE), event(TWO)), both),
            (
                event(&format!("{ONE}\\n")).replace(' ', "\\u0020"),
                (1, 7, 0),
            ),
            (
                format!(
                    r#"{{"awslogs": {{"data": "{}"}}}}"#,
                    base64(&gzip(envelope.as_bytes()))
                ),
                both,
            ),
            (
                format!(
                    r#"{{"Records":[{{"kinesis":{{"data":"{}"}}}},{{"kinesis":{{"data":"{}"}}}}]}}"#,
                    base64(&gzip(envelope.as_bytes())),
                    base64(&gzip(control.as_bytes()))
                ),
                both,
            ),
            (
                format!(
                    r#"{{"results":[[{{"field":"@timestamp","value":"1"}},{{"field":"@message","value":"{ONE}"}},{{"field":"@ptr","value":"x"}}]],"status":"Complete"}}"#
                ),
                (1, 7, 0),
            ),
            (r#"{"events":[]}"#.to_owned(), (0, 0, 0)),
        ] {
            check(&text, expected);
        }
    }

    #[test]
    fn broken_json_is_an_error_and_never_less() {
        let whole = format!(r#"{{"events":[{{"message":"{ONE}"}},{{"message":"{TWO}"}}]}}"#);
        for length in 1..whole.len() {
            let error = read(&whole.as_bytes()[..length], 1_000).unwrap_err();
            assert_eq!(error.name(), "BrokenJson", "{length}");
        }
        for (text, name) in [
            (r#"{"events":[}]"#, "BrokenJson"),
            (r#"{"events":[]} and more"#, "BrokenJson"),
            (r#"{"a":"\x"}"#, "BrokenJson"),
            (r#"{"a" 1}"#, "BrokenJson"),
            (r#"{"a":1,}"#, "BrokenJson"),
            (r#"{"bytes":7}"#, "NoLogEvents"),
            (r#"[1, 2, 3]"#, "NoLogEvents"),
            (r#"{"data":"H4sIAAAA"}"#, "BrokenData"),
        ] {
            assert_eq!(read(text.as_bytes(), 7).unwrap_err().name(), name, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            read(deep.as_bytes(), 1_000).unwrap_err().name(),
            "BrokenJson"
        );
    }

    #[test]
    fn tells_a_timestamp_from_a_record() {
        for (line, length) in [
            ("2023-11-14T22:13:20.000Z 2 1", 25),
            ("2023-11-14T22:13:20 2 1", 20),
            ("2023-11-14T22:13:20.000+00:00 2", 30),
            ("2023-11-14 22:13:20 2 1", 0),
            ("2 123456789012 eni-1 10.0.1.5", 0),
            ("2023-11-14T22:13:20.000Z", 0),
            ("", 0),
        ] {
            assert_eq!(stamp(line.as_bytes()), length, "{line}");
        }
    }
}
