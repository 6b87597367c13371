//! HTTP/1.1 by hand: a client and an upstream for the tests.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// First line.
    pub(crate) first: String,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Reads one message; `None` if the connection ends before it.
    fn read(from: &mut impl BufRead, bodiless: bool) -> Option<Message> {
        let mut line = || {
            let mut line = String::new();
            let length = from.read_line(&mut line).unwrap_or(0);
            (length > 0).then(|| line.trim_end().to_owned())
        };
        let mut message = Message {
            first: line()?,
            ..Message::default()
        };
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            message
                .headers
                .push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = message
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        message.body = vec![0; if bodiless { 0 } else { length }];
        from.read_exact(&mut message.body).ok()?;
        Some(message)
    }
}

/// Sends raw bytes and reads the answer; `None` if there is none.
pub(crate) fn send_raw(to: SocketAddr, bytes: &[u8], bodiless: bool) -> Option<Message> {
    let mut stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    Message::read(&mut BufReader::new(stream), bodiless)
}

/// The bytes of a request with a length.
pub(crate) fn request(first: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("{first} HTTP/1.1\r\nhost: 127.0.0.1:9\r\n");
    for (name, value) in headers {
        out += &format!("{name}: {value}\r\n");
    }
    out += &format!("content-length: {}\r\n\r\n", body.len());
    [out.as_bytes(), body].concat()
}

pub(crate) fn send(
    to: SocketAddr,
    first: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Message> {
    send_raw(
        to,
        &request(first, headers, body),
        first.starts_with("HEAD"),
    )
}

/// A server that remembers what it was asked.
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Upstream {
    /// Answers with the body that it got and a few odd headers; status 404 to
    /// paths with `missing`, slowly to paths with `slow`.
    pub(crate) fn echo() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Upstream {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&upstream.seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(stream.unwrap(), &seen));
            }
        });
        upstream
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Message> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Message>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(message) = Message::read(&mut reader, false) {
        seen.lock().unwrap().push(message.clone());
        if message.first.contains("slow") {
            std::thread::sleep(Duration::from_millis(300));
        }
        let status = if message.first.contains("missing") {
            "404 Not Found"
        } else {
            "200 OK"
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nx-twice: a\r\nx-twice: b\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: {}\r\n\r\n",
            message.body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        if !message.first.starts_with("HEAD") {
            stream.write_all(&message.body).unwrap();
        }
    }
}
