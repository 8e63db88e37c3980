//! A server process, and a source server that does as it is told.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::program;

/// A running `revocache serve`, killed when dropped.
pub struct Served {
    child: Child,
    pub ready: Value,
    pub http: SocketAddr,
    stdout: BufReader<std::process::ChildStdout>,
    log: PathBuf,
}

impl Served {
    /// Starts a server over a data folder and waits until it is ready.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        let log = data.with_extension("log");
        let mut command = program();
        command.arg("serve").arg("--data").arg(data).args(["--quic", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.args(arguments).stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: {line:?}\n{}", fs::read_to_string(&log).unwrap()));
        let http = ready["http"].as_str().unwrap().parse().unwrap();
        Self { child, ready, http, stdout, log }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// The most memory the process ever had resident, in octets.
    pub fn peak_memory(&self) -> u64 {
        self.status_of_process("VmHWM:")
    }

    /// The memory the process has resident, in octets.
    pub fn memory(&self) -> u64 {
        self.status_of_process("VmRSS:")
    }

    fn status_of_process(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() << 10
    }

    /// Waits for the end: the exit code, and what was printed after the first line.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status.code(), rest)
    }

    pub fn stop(self) {
        self.signal("TERM");
        assert_eq!(self.end(), (Some(0), String::new()));
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        request(self.http, "GET", path, "")
    }

    pub fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").1).unwrap()
    }

    pub fn source(&self, name: &str) -> Value {
        let status = self.status();
        let sources = status["sources"].as_array().unwrap();
        sources.iter().find(|source| source["name"] == name).unwrap().clone()
    }

    pub fn generation(&self) -> u64 {
        self.status()["builds"]["generation"].as_u64().unwrap()
    }

    /// The value of a metric's line, such as `revocache_generation` or `name{label="value"}`.
    pub fn metric(&self, line: &str) -> f64 {
        let text = self.get("/metrics").1;
        let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {line} in\n{text}")).parse().unwrap()
    }

    /// Waits until something holds.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "{what}: {:#}\n{}",
                self.status(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP request on a connection of its own.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return (status, unchunked(body));
    }
    (status, body.to_owned())
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        text.push_str(&rest[..length]);
        body = rest[length..].strip_prefix("\r\n").unwrap_or_default();
    }
    text
}

/// How a source server answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// 200 with an ETag; 304 if the client has that version.
    Body { body: Vec<u8>, etag: String },
    /// A web page.
    Page,
    /// Closes the connection before it says anything.
    Gone,
    /// Sends this much of a body in a second, and never ends.
    Drip(usize),
}

impl Answer {
    pub fn body(body: Vec<u8>, etag: &str) -> Self {
        Self::Body { body, etag: format!("\"{etag}\"") }
    }
}

/// An HTTP server for CRLs on loopback.
pub struct SourceServer {
    pub url: String,
    answer: Arc<Mutex<Answer>>,
    /// The status of each answer.
    pub log: Arc<Mutex<Vec<u16>>>,
}

impl SourceServer {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ca.crl", listener.local_addr().unwrap());
        let (answer, log) = (Arc::new(Mutex::new(answer)), Arc::new(Mutex::new(Vec::new())));
        let (answers, logged) = (Arc::clone(&answer), Arc::clone(&log));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, logged) = (Arc::clone(&answers), Arc::clone(&logged));
                std::thread::spawn(move || serve(stream.unwrap(), &answers, &logged));
            }
        });
        Self { url, answer, log }
    }

    pub fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn statuses(&self) -> Vec<u16> {
        self.log.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: &Mutex<Answer>, log: &Mutex<Vec<u16>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut known = String::new();
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("if-none-match: ") {
                value.trim().clone_into(&mut known);
            }
            if line == "\r\n" {
                break;
            }
        }
        let answer = answer.lock().unwrap().clone();
        let (status, etag, body) = match answer {
            Answer::Gone => return,
            Answer::Body { etag, .. } if etag == known => (304, etag, Vec::new()),
            Answer::Body { body, etag } => (200, etag, body),
            Answer::Page => (200, "\"page\"".to_owned(), b"<html>please sign in</html>".to_vec()),
            Answer::Drip(octets) => {
                log.lock().unwrap().push(200);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
                while stream.write_all(&vec![0x30; octets]).is_ok() {
                    std::thread::sleep(Duration::from_secs(1));
                }
                return;
            }
        };
        log.lock().unwrap().push(status);
        let length =
            if status == 304 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("HTTP/1.1 {status} x\r\nETag: {etag}\r\n{length}\r\n");
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}
