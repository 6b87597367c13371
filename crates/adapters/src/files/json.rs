//! Log events out of JSON: what `aws logs filter-log-events` prints, the
//! envelope of a subscription, the event of a Lambda or Kinesis subscriber,
//! rows of Logs Insights, lines of objects with a message.
//!
//! A scanner of its own, because events are taken from documents of any size
//! in constant memory, and from several documents in a row.
//!
//! **Invariants.** Every string under a key `message` or `@message` is a line;
//! what is gzip in base64 under `data` is a text of its own. Documents must be
//! whole. Where chunks end never matters.

use super::error::{ContentError, ExpandsTooFar};
use super::layers::{self, Content};
use super::meter::Meter;
use super::text::Text;
use flowlog::FlowTable;
use memchr::memchr2;
use std::io::{self, Read};

/// How deep documents may be nested.
const NESTING: usize = 64;
/// How deep texts may stand in the data of others.
const DEPTH: u32 = 3;
/// When lines are handed on.
const ENOUGH: usize = 64 << 10;
/// The longest key that is looked at.
const KEY: usize = 16;
/// The most that a subscriber gets in one piece is 6 MB.
const DATA: usize = 16 << 20;
/// What CloudWatch Logs sends to a subscriber to see if it is there.
const CONTROL: &[u8] = b"CWL CONTROL MESSAGE";

/// Documents under way.
pub(super) struct Json {
    /// What is open around here: objects (true) and arrays.
    open: Vec<bool>,
    expected: Expected,
    key: Key,
    string: StringKind,
    escape: Escape,
    /// The string under way, if it is a key or data.
    text: Vec<u8>,
    /// The last value of a key `field` was `@message`, so `value` is a line.
    is_message_field: bool,
    lines: Vec<u8>,
    /// Where the line under way begins in `lines`.
    line: usize,
    /// There was a key that only log events have.
    has_events: bool,
    at: u64,
    depth: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Document,
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Literal,
    String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Message,
    Data,
    Field,
    Value,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StringKind {
    Key,
    Line,
    Data,
    Field,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
    /// Hexadecimal digits so far and their value.
    Unicode(u8, u32),
}

impl Json {
    pub(super) fn new(depth: u32) -> Json {
        Json {
            open: Vec::new(),
            expected: Expected::Document,
            key: Key::Other,
            string: StringKind::Other,
            escape: Escape::No,
            text: Vec::new(),
            is_message_field: false,
            lines: Vec::new(),
            line: 0,
            has_events: false,
            at: 0,
            depth,
        }
    }

    /// Reads the next piece.
    pub(super) fn push(&mut self, chunk: &[u8], table: &mut FlowTable) -> Result<(), ContentError> {
        let mut rest = chunk;
        while let Some(byte) = rest.first() {
            let used = match self.expected {
                Expected::String => self.in_string(rest, table)?,
                _ => self.outside(*byte)?,
            };
            self.at += used as u64;
            rest = &rest[used..];
        }
        self.hand_on(table)
    }

    /// Ends the documents.
    pub(super) fn end(self, _: &mut FlowTable) -> Result<(), ContentError> {
        if self.expected != Expected::Document {
            return Err(self.broken());
        }
        if !self.has_events {
            return Err(ContentError::JsonWithoutEvents);
        }
        Ok(())
    }

    fn broken(&self) -> ContentError {
        ContentError::Json(self.at)
    }

    /// One byte that stands in no string; 0 where it has to be looked at again.
    fn outside(&mut self, byte: u8) -> Result<usize, ContentError> {
        if self.expected == Expected::Literal {
            if byte.is_ascii_alphanumeric() || b"+-.".contains(&byte) {
                return Ok(1);
            }
            self.after_value();
            return Ok(0);
        }
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Ok(1);
        }
        self.expected = match (self.expected, byte) {
            (Expected::Document | Expected::Value | Expected::ValueOrEnd, b'{' | b'[')
                if self.open.len() < NESTING =>
            {
                self.open.push(byte == b'{');
                self.is_message_field = false;
                match byte {
                    b'{' => Expected::KeyOrEnd,
                    _ => Expected::ValueOrEnd,
                }
            }
            (Expected::Value | Expected::ValueOrEnd, b'"') => {
                self.begin_value();
                Expected::String
            }
            (Expected::Value | Expected::ValueOrEnd, b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => {
                Expected::Literal
            }
            (Expected::Key | Expected::KeyOrEnd, b'"') => {
                self.string = StringKind::Key;
                self.text.clear();
                Expected::String
            }
            (Expected::Colon, b':') => Expected::Value,
            (Expected::CommaOrEnd, b',') => match self.open.last() {
                Some(true) => Expected::Key,
                _ => Expected::Value,
            },
            (Expected::CommaOrEnd | Expected::KeyOrEnd, b'}')
                if self.open.last() == Some(&true) =>
            {
                self.close();
                return Ok(1);
            }
            (Expected::CommaOrEnd | Expected::ValueOrEnd, b']')
                if self.open.last() == Some(&false) =>
            {
                self.close();
                return Ok(1);
            }
            _ => return Err(self.broken()),
        };
        Ok(1)
    }

    fn close(&mut self) {
        self.open.pop();
        self.key = Key::Other;
        self.is_message_field = false;
        self.after_value();
    }

    fn after_value(&mut self) {
        self.expected = match self.open.is_empty() {
            true => Expected::Document,
            false => Expected::CommaOrEnd,
        };
    }

    fn begin_value(&mut self) {
        self.text.clear();
        self.line = self.lines.len();
        self.string = match self.key {
            // A string in an array is no value of the key before the array.
            _ if self.open.last() != Some(&true) => StringKind::Other,
            Key::Message => StringKind::Line,
            Key::Value if self.is_message_field => StringKind::Line,
            Key::Data => StringKind::Data,
            Key::Field => StringKind::Field,
            Key::Value | Key::Other => StringKind::Other,
        };
    }

    /// A piece of a string: up to its end, an escape or the end of the chunk.
    fn in_string(&mut self, rest: &[u8], table: &mut FlowTable) -> Result<usize, ContentError> {
        if self.escape != Escape::No {
            self.escaped(rest[0])?;
            return Ok(1);
        }
        let length = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        self.add(&rest[..length])?;
        match rest.get(length) {
            None => return Ok(length),
            Some(b'"') => self.end_string(table)?,
            Some(_) => self.escape = Escape::Begun,
        }
        Ok(length + 1)
    }

    fn add(&mut self, part: &[u8]) -> Result<(), ContentError> {
        match self.string {
            StringKind::Line => self.lines.extend_from_slice(part),
            StringKind::Data if self.text.len() + part.len() > DATA => {
                return Err(ContentError::Embedded(io::Error::other(ExpandsTooFar)));
            }
            StringKind::Data => self.text.extend_from_slice(part),
            StringKind::Key | StringKind::Field => {
                let free = (KEY + 1).saturating_sub(self.text.len());
                self.text.extend_from_slice(&part[..part.len().min(free)]);
            }
            StringKind::Other => {}
        }
        Ok(())
    }

    fn escaped(&mut self, byte: u8) -> Result<(), ContentError> {
        let plain = match (self.escape, byte) {
            (Escape::Unicode(digits, value), _) => {
                let Some(digit) = char::from(byte).to_digit(16) else {
                    return Err(self.broken());
                };
                let value = value << 4 | digit;
                if digits < 3 {
                    self.escape = Escape::Unicode(digits + 1, value);
                    return Ok(());
                }
                // Halves of pairs have no place in a record.
                char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            (_, b'"' | b'\\' | b'/') => char::from(byte),
            (_, b'b' | b'f') => ' ',
            (_, b'n') => '\n',
            (_, b'r') => '\r',
            (_, b't') => '\t',
            (_, b'u') => {
                self.escape = Escape::Unicode(0, 0);
                return Ok(());
            }
            _ => return Err(self.broken()),
        };
        self.escape = Escape::No;
        self.add(plain.encode_utf8(&mut [0; 4]).as_bytes())
    }

    fn end_string(&mut self, table: &mut FlowTable) -> Result<(), ContentError> {
        match self.string {
            StringKind::Key => {
                self.end_key();
                return Ok(());
            }
            StringKind::Field => self.is_message_field = self.text == b"@message",
            StringKind::Data if self.text.starts_with(b"H4sI") => {
                self.has_events = true;
                self.hand_on(table)?;
                let data = std::mem::take(&mut self.text);
                embedded(&data, self.depth, table)?;
            }
            StringKind::Line => self.end_line(table)?,
            StringKind::Data | StringKind::Other => {}
        }
        self.after_value();
        Ok(())
    }

    fn end_key(&mut self) {
        self.key = match self.text.as_slice() {
            b"message" | b"@message" => Key::Message,
            b"data" => Key::Data,
            b"field" => Key::Field,
            b"value" => Key::Value,
            _ => Key::Other,
        };
        let tells = [
            &b"message"[..],
            b"@message",
            b"events",
            b"logEvents",
            b"results",
        ];
        self.has_events |= tells.contains(&self.text.as_slice());
        self.expected = Expected::Colon;
    }

    fn end_line(&mut self, table: &mut FlowTable) -> Result<(), ContentError> {
        if self.lines[self.line..].starts_with(CONTROL) {
            self.lines.truncate(self.line);
        } else {
            while self.lines.len() > self.line && self.lines.ends_with(b"\n") {
                self.lines.pop();
            }
            self.lines.push(b'\n');
        }
        self.line = self.lines.len();
        if self.lines.len() >= ENOUGH {
            self.hand_on(table)?;
        }
        Ok(())
    }

    /// Hands the lines on, but for one under way that may still turn out to be
    /// no record.
    fn hand_on(&mut self, table: &mut FlowTable) -> Result<(), ContentError> {
        let under_way = self.expected == Expected::String && self.string == StringKind::Line;
        let part = self.lines.len() - self.line.min(self.lines.len());
        let end = match under_way && part < ENOUGH {
            true => self.line,
            false => self.lines.len(),
        };
        table.push(&self.lines[..end])?;
        self.lines.drain(..end);
        self.line = 0;
        Ok(())
    }
}

/// Reads the text that stands as base64 in another one.
fn embedded(data: &[u8], depth: u32, table: &mut FlowTable) -> Result<(), ContentError> {
    if depth >= DEPTH {
        return Err(ContentError::Embedded(io::Error::other(ExpandsTooFar)));
    }
    let meter = Meter::default();
    let Content::Text(mut input) = layers::open(data, &meter).map_err(ContentError::Embedded)?
    else {
        return Err(ContentError::JsonWithoutEvents);
    };
    let mut text = Text::inside(depth + 1);
    let mut chunk = vec![0; ENOUGH];
    loop {
        match input.read(&mut chunk).map_err(ContentError::Embedded)? {
            0 => return text.end(table),
            length => text.push(&chunk[..length], table)?,
        }
    }
}
