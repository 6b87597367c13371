//! Base64 (RFC 4648), streamed: with or without line ends, several texts in a
//! row. The subscription envelope of CloudWatch Logs comes in it.

use std::io::{self, BufRead, Read};

/// Bytes of a base64 text. Reads of fewer than three bytes are refused, so it
/// stands behind a buffer.
pub(super) struct Base64<R> {
    input: R,
    group: Group,
}

/// Four characters that make three bytes.
#[derive(Default)]
struct Group {
    bits: u32,
    characters: u32,
    padding: u32,
}

impl<R> Base64<R> {
    pub(super) fn new(input: R) -> Base64<R> {
        Base64 {
            input,
            group: Group::default(),
        }
    }
}

impl Group {
    /// Takes a character in and says how many bytes it added.
    fn add(&mut self, character: u8, into: &mut [u8]) -> io::Result<usize> {
        let value = match character {
            b'=' if self.characters >= 2 => {
                self.padding += 1;
                0
            }
            _ if self.padding > 0 => return Err(broken()),
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(broken()),
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.characters += 1;
        if self.characters < 4 {
            return Ok(0);
        }
        let length = 3 - self.padding as usize;
        into[..length].copy_from_slice(&self.bits.to_be_bytes()[1..=length]);
        *self = Group::default();
        Ok(length)
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the base64 text is broken")
}

impl<R: BufRead> Read for Base64<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.len() < 3 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut filled = 0;
        while filled == 0 {
            let text = self.input.fill_buf()?;
            if text.is_empty() {
                return match self.group.characters {
                    0 => Ok(0),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
            let mut used = 0;
            for character in text {
                if filled + 3 > into.len() {
                    break;
                }
                used += 1;
                if !character.is_ascii_whitespace() {
                    filled += self.group.add(*character, &mut into[filled..])?;
                }
            }
            self.input.consume(used);
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::Base64;
    use std::io::{self, Read};

    fn check(text: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        let input = io::BufReader::with_capacity(5, text.as_bytes());
        io::BufReader::with_capacity(7, Base64::new(input)).read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn reads_base64_with_and_without_line_ends_and_several_in_a_row() {
        for (text, bytes) in [
            ("", ""),
            ("aGVsbG8=", "hello"),
            ("aGVsbA==", "hell"),
            ("aGVs\nbG8=\n", "hello"),
            ("aGVsbG8=aGVsbA==aGVs", "hellohellhel"),
        ] {
            assert_eq!(check(text).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_base64_is_an_error() {
        for text in ["a", "aGV", "aGVsbG8", "aG=s", "=aGV", "aGV\u{e9}", "a\"bc"] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
