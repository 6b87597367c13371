//! The real server in a process of its own, and what asks it letter by letter, so
//! that a test can say what no honest client would.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A server, which ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    pub(crate) printed: String,
}

/// What it answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn name(&self) -> String {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        let name = json.and_then(|json| Some(json["name"].as_str()?.to_owned()));
        name.unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }
}

impl Server {
    /// Starts it in that folder, which is all that may be opened.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Server {
        Server::start_with(folder, arguments, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn start_with(
        folder: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
            .args(["serve", "--token", TOKEN])
            .args(arguments)
            .env_clear()
            .env("NATSPIKE_STATE_DIR", folder.join(".state"))
            .env("NATSPIKE_CACHE_DIR", folder.join(".cache"))
            .env("HOME", folder)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("natspike runs");
        let mut printed = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut printed).unwrap();
        let port = printed
            .split(':')
            .nth(2)
            .and_then(|rest| rest.split('/').next()?.parse().ok())
            .unwrap_or_else(|| panic!("no address in {printed:?}"));
        Server {
            child,
            port,
            printed,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended; gives whether it ended well.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }

    /// Sends these letters, and reads until the server closes.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // It may answer and close before it has read everything.
        let _ = stream.write_all(request);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|at| at == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&all)));
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        Answer {
            status: status.expect("a status"),
            head,
            body: all[end + 4..].to_vec(),
        }
    }

    /// A request with these headers and nothing else but the host.
    pub(crate) fn plain(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: 127.0.0.1:{}\r\n", self.port);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        self.raw(format!("{request}\r\n").as_bytes())
    }

    /// A request of somebody who has the token.
    pub(crate) fn ask(&self, line: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        self.plain(line, &[("Authorization", &bearer)])
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET /api/v1{path}"))
    }

    /// Sends JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn send(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Authorization: Bearer {TOKEN}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// The job at its end.
    pub(crate) fn end_of(&self, job: &str) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.get(&format!("/jobs/{job}")).json();
            if job["state"] != "running" {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{job}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens these sources; gives the report's id.
    pub(crate) fn open(&self, request: &Value) -> String {
        let opened = self.post("/reports", request);
        let summary = opened.json();
        if let Some(job) = summary["job"].as_str() {
            let job = self.end_of(job);
            assert_eq!(job["state"], "done", "{job}");
        }
        let id = summary["id"].as_str();
        id.unwrap_or_else(|| panic!("{summary}")).to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
