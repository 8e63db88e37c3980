//! A site that answers in every way a test needs, and clients for it.
#![allow(unreachable_pub, reason = "for the modules beside it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use revocache::server::http::{
    Cors, Edge, EdgeSettings, HttpListener, Mount, Prefix, RequestId, Site, Transport, mount,
};
use revocache::server::quic::{ClientAuthentication, Identity, IdentitySwitch};
use revocache::telemetry::{Metrics, Value};
use revocache::types::{Clock, FixedClock, UnixTime};
use serde_json::{Value as Json_, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// What the family of the tests knows.
pub struct World {
    /// Requests for `/slow` end when they get a permit.
    pub gate: Semaphore,
    /// Requests for `/slow` that have begun.
    pub waiting: AtomicUsize,
    /// Requests for `/count`.
    pub counted: AtomicUsize,
}

async fn hello(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
) -> Json<Json_> {
    Json(json!({"hello": "world", "peer": peer.ip().to_string(), "id": id.as_str()}))
}

async fn slow(State(world): State<Arc<World>>) -> &'static str {
    world.waiting.fetch_add(1, Ordering::SeqCst);
    world.gate.acquire().await.unwrap().forget();
    "at last"
}

async fn count(State(world): State<Arc<World>>) -> String {
    (world.counted.fetch_add(1, Ordering::SeqCst) + 1).to_string()
}

async fn panics() -> &'static str {
    panic!("a handler with a defect")
}

/// The family of the tests.
pub fn family(world: &Arc<World>) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route("/echo", post(async |body: Bytes| body))
        .route("/slow", get(slow).post(slow))
        .route("/count", post(count))
        .route("/panic", get(panics))
        .route("/long", get(async || Json(vec!["the same again"; 1000])))
        .with_state(Arc::clone(world))
}

pub fn world() -> Arc<World> {
    Arc::new(World { gate: Semaphore::new(0), waiting: 0.into(), counted: 0.into() })
}

pub fn mounted(name: &'static str, prefix: &str, router: Router) -> Mount {
    Mount { name, prefix: prefix.parse::<Prefix>().unwrap(), router, cors: Cors::default() }
}

pub fn edge(settings: EdgeSettings) -> Arc<Edge> {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(UnixTime::from_seconds(0)));
    Arc::new(Edge::new(settings, &clock))
}

/// A listener that runs.
pub struct Up {
    pub address: SocketAddr,
    pub edge: Arc<Edge>,
    pub world: Arc<World>,
    pub identity: Arc<IdentitySwitch>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// How a listener is to be.
pub struct How {
    pub settings: EdgeSettings,
    pub connections: usize,
    pub tls: bool,
    pub clients: ClientAuthentication,
    pub cors: Cors,
}

impl Default for How {
    fn default() -> Self {
        Self {
            settings: EdgeSettings::default(),
            connections: 100,
            tls: false,
            clients: ClientAuthentication::None,
            cors: Cors::default(),
        }
    }
}

pub fn identity() -> Identity {
    Identity::self_signed(&["localhost", "127.0.0.1"]).unwrap().0
}

pub async fn up(how: How) -> Up {
    let (edge, world) = (edge(how.settings), world());
    let mounts = vec![Mount { cors: how.cors, ..mounted("test", "", family(&world)) }];
    let router = mount(mounts, &edge.numbers()).unwrap();
    let site = Site::new(Arc::clone(&edge), router).with_reserved(vec!["/hello".to_owned()]);
    let identity = Arc::new(IdentitySwitch::new(identity()));
    let transport = if how.tls { Transport::tls(&identity, &how.clients).unwrap() } else { Transport::Plain };
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = HttpListener::bind(any, how.connections, transport, Arc::new(site)).await.unwrap();
    let address = listener.local_address();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(listener.run(async {
        let _ = stopped.await;
    }));
    Up { address, edge, world, identity, stop: Some(stop), task }
}

pub async fn up_with(settings: EdgeSettings) -> Up {
    up(How { settings, ..How::default() }).await
}

impl Up {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Tells it to stop, without waiting.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn stopped(self) {
        self.task.await.unwrap();
    }

    /// The value of a counter or gauge with this label.
    pub fn number(&self, family: &str, label: &str) -> f64 {
        number(&self.edge, family, label)
    }

    /// Waits until so many requests for `/slow` have begun.
    pub async fn waiting(&self, requests: usize) {
        quic_until("requests wait", || self.world.waiting.load(Ordering::SeqCst) == requests).await;
    }
}

pub use super::quic_support::until as quic_until;

pub fn number(edge: &Edge, family: &str, label: &str) -> f64 {
    let families = edge.numbers().families();
    let family = families.iter().find(|found| found.name == family).unwrap();
    let sample = family
        .samples
        .iter()
        .find(|sample| label.is_empty() || sample.labels.iter().any(|(_, value)| value == label));
    match sample.unwrap().value {
        Value::Count(count) => count as f64,
        Value::Number(number) => number,
        Value::Histogram(_) => panic!("a histogram"),
    }
}

/// An answer, as far as tests look.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn code(&self) -> String {
        let problem: Json_ = serde_json::from_slice(&self.body).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }

    pub fn new(status: u16, headers: &axum::http::HeaderMap, body: Vec<u8>) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
        Self { status, headers: headers.collect(), body }
    }

    /// What has to be the same over every version: not the date, and not how the connection goes on.
    pub fn essence(&self) -> Self {
        let mut essence = self.clone();
        essence.headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "connection"));
        essence.headers.sort();
        essence
    }
}

/// Reads one answer of HTTP/1.1 with a length.
pub async fn read(stream: &mut TcpStream) -> Answer {
    let mut octets = Vec::new();
    let head = loop {
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "closed after {:?}", String::from_utf8_lossy(&octets));
        octets.extend_from_slice(&piece[..length]);
    };
    let mut body = octets.split_off(head + 4);
    let head = String::from_utf8(octets).unwrap();
    let mut lines = head.trim_end().lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let answer = Answer { status, headers, body: Vec::new() };
    let length = match answer.header("content-length") {
        Some(length) => length.parse().unwrap(),
        None => {
            stream.read_to_end(&mut body).await.unwrap();
            body.len()
        }
    };
    while body.len() < length {
        assert_ne!(stream.read_buf(&mut body).await.unwrap(), 0);
    }
    Answer { body, ..answer }
}

/// Sends octets on a new connection.
pub async fn sent(address: SocketAddr, octets: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(octets).await.unwrap();
    stream
}

/// One request of HTTP/1.1 on a new connection.
pub async fn ask(address: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Answer {
    let length =
        if line.starts_with("GET") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\n{length}{headers}\r\n");
    read(&mut sent(address, &[head.as_bytes(), body].concat()).await).await
}

/// Whether the other side closes a connection before this test gives up.
pub async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    // A reset is an end as well.
    ended.is_ok()
}

/// A client of HTTP/2 with prior knowledge, or, for `https`, by agreement in the handshake.
pub fn second() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}

pub fn under_tls() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).tls_info(true)
}

pub async fn answered(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer::new(status, &headers, response.bytes().await.unwrap().to_vec())
}
