//! Requests a second with 64 connections that are kept: an empty handler of axum by itself, and the same one behind the
//! edge, in the same run.
//!
//! One generator, which writes a request and reads the answer on each connection over and over, and one server after
//! the other, in turns. `REVOCACHE_BENCH_ROUNDS` sets how many.
//!
//! `REVOCACHE_BENCH_SERVERS` adds servers that run already, such as daemons with their databases: words of the form
//! `NAME=HOST:PORT=FILE`, where the file is what it is asked, a request of HTTP/1.1 octet by octet, whose answer is a 200.
//! `benches/checks.sh` starts such servers.
#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "measuring, not serving"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use revocache::server::http::{
    Cors, Edge, EdgeSettings, HttpListener, Mount, Prefix, Site, Transport, mount,
};
use revocache::types::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Connections at once.
const CONNECTIONS: usize = 64;
/// How long each server is asked in one turn.
const TURN: Duration = Duration::from_secs(1);

/// A server, and what it is asked.
struct Subject {
    name: String,
    address: SocketAddr,
    request: Vec<u8>,
}

/// What one turn gave.
struct Turn {
    per_second: f64,
    /// Ascending.
    latencies: Vec<Duration>,
}

/// Listens as anybody does.
async fn bare() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(async || ()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The same behind the edge, with the limits that are usual.
async fn edge() -> SocketAddr {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let edge = Arc::new(Edge::new(EdgeSettings::default(), &clock));
    let family = Mount {
        name: "bench",
        prefix: Prefix::default(),
        router: Router::new().route("/", get(async || ())),
        cors: Cors::default(),
    };
    let router = mount(vec![family], &edge.numbers()).unwrap();
    let site = Arc::new(Site::new(edge, router));
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = HttpListener::bind(any, 1000, Transport::Plain, site).await.unwrap();
    let address = listener.local_address();
    tokio::spawn(listener.run(std::future::pending()));
    address
}

fn empty(name: &str, address: SocketAddr) -> Subject {
    Subject { name: name.to_owned(), address, request: b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec() }
}

/// The servers that run already.
fn others() -> Vec<Subject> {
    let servers = std::env::var("REVOCACHE_BENCH_SERVERS").unwrap_or_default();
    let server = |word: &str| {
        let [name, address, file] = word.split('=').collect::<Vec<_>>()[..] else { panic!("{word}") };
        let request = std::fs::read(file).unwrap();
        Subject { name: name.to_owned(), address: address.parse().unwrap(), request }
    };
    servers.split_whitespace().map(server).collect()
}

/// Reads one answer, whose status has to be 200.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0);
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(buffer));
        let text = std::str::from_utf8(&buffer[..head]).unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        if buffer.len() >= head + 4 + length.map_or(0, |length| length.parse().unwrap()) {
            return;
        }
    }
}

async fn turn(subject: &Subject) -> Turn {
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(subject.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = subject.request.clone();
        tasks.push(tokio::spawn(async move {
            let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(4096));
            let end = Instant::now() + TURN;
            loop {
                let begun = Instant::now();
                if begun >= end {
                    return latencies;
                }
                stream.write_all(&request).await.unwrap();
                read(&mut stream, &mut buffer).await;
                latencies.push(begun.elapsed());
            }
        }));
    }
    let started = Instant::now();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let per_second = latencies.len() as f64 / started.elapsed().as_secs_f64();
    latencies.sort();
    Turn { per_second, latencies }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let rounds: usize =
        std::env::var("REVOCACHE_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    // As the daemon logs, to nowhere.
    tracing_subscriber::fmt()
        .with_writer(std::io::sink)
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
    let servers = Runtime::new().unwrap();
    let mut subjects = vec![empty("axum", servers.block_on(bare())), empty("edge", servers.block_on(edge()))];
    subjects.extend(others());
    let generator = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut turns: Vec<Vec<Turn>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (subject, turns) in subjects.iter().zip(&mut turns) {
            let turn = generator.block_on(turn(subject));
            // The first one is to warm up.
            if round > 0 {
                turns.push(turn);
            }
        }
    }
    println!("{CONNECTIONS} connections, medians of {rounds} turns of {} s each", TURN.as_secs());
    println!("{:<12} {:>12} {:>8} {:>10} {:>10}", "", "requests/s", "ratio", "p50 us", "p99 us");
    let rate = |turns: &[Turn]| median(turns.iter().map(|turn| turn.per_second).collect());
    let at = |turns: &[Turn], part: f64| {
        let of =
            |turn: &Turn| turn.latencies[(turn.latencies.len() as f64 * part) as usize].as_secs_f64() * 1e6;
        median(turns.iter().map(of).collect())
    };
    let base = rate(&turns[0]);
    for (subject, turns) in subjects.iter().zip(&turns) {
        println!(
            "{:<12} {:>12.0} {:>8.2} {:>10.0} {:>10.0}",
            subject.name,
            rate(turns),
            rate(turns) / base,
            at(turns, 0.5),
            at(turns, 0.99)
        );
    }
}
