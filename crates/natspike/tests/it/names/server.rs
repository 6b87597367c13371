//! A server on loopback that answers as a test says and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(in super::super) struct Request {
    pub(in super::super) path: String,
    pub(in super::super) headers: BTreeMap<String, String>,
    /// How often that path was asked for, this time included.
    pub(in super::super) times: usize,
}

#[derive(Default)]
pub(in super::super) struct Answer {
    status: u16,
    headers: String,
    body: String,
    wait: Duration,
}

impl Answer {
    pub(in super::super) fn of(status: u16, body: impl ToString) -> Answer {
        Answer {
            status,
            body: body.to_string(),
            ..Answer::default()
        }
    }

    pub(in super::super) fn header(mut self, header: &str) -> Answer {
        self.headers += header;
        self.headers += "\r\n";
        self
    }

    pub(in super::super) fn after(self, wait: Duration) -> Answer {
        Answer { wait, ..self }
    }
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

pub(in super::super) struct Server {
    pub(in super::super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(in super::super) fn start(
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (handler, shared): (Arc<Handler>, _) = (Arc::new(handler), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, asked) = (Arc::clone(&handler), Arc::clone(&shared));
                thread::spawn(move || serve(stream, &*handler, &asked));
            }
        });
        Server { url, asked }
    }

    /// The paths that were asked for since the last time, in order of the text.
    pub(in super::super) fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort();
        asked
    }
}

fn serve(mut stream: TcpStream, handler: &Handler, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader, asked) {
        let answer = handler(&request);
        thread::sleep(answer.wait);
        let text = format!(
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n{}\r\n{}",
            answer.status,
            answer.body.len(),
            answer.headers,
            answer.body
        );
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead, asked: &Mutex<Vec<String>>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => break,
        }
    }
    let mut asked = asked.lock().unwrap();
    asked.push(path.clone());
    let times = asked.iter().filter(|other| **other == path).count();
    Some(Request {
        path,
        headers,
        times,
    })
}
