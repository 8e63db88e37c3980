//! HTTP/3, beside the query protocol on one port.
#![allow(unreachable_pub, reason = "for the modules beside it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use bytes::Buf;
use h3::client::SendRequest;
use revocache::client::{Client, ClientSettings};
use revocache::server::http::{Edge, EdgeSettings, Http3, Site, mount};
use revocache::server::quic::{ClientAuthentication, IdentitySwitch, QuicServer, QuicSettings};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::quic_support::{self, Fake, local, raw_config};
use super::support::{Answer, World, family, identity, mounted, number, quic_until, world};

type Sender = SendRequest<h3_quinn::OpenStreams, Bytes>;

/// A QUIC server with the family of the tests on it.
pub struct Third {
    pub address: SocketAddr,
    pub edge: Arc<Edge>,
    pub world: Arc<World>,
    pub identity: Arc<IdentitySwitch>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

pub fn up(settings: EdgeSettings) -> Third {
    up_with(settings, local())
}

fn up_with(settings: EdgeSettings, quic: QuicSettings) -> Third {
    let (edge, world) = (super::support::edge(settings), world());
    let router = mount(vec![mounted("test", "", family(&world))], &edge.numbers()).unwrap();
    let http = Arc::new(Http3::new(Arc::new(Site::new(Arc::clone(&edge), router))));
    let identity = Arc::new(IdentitySwitch::new(identity()));
    let answers = Arc::new(Fake::default());
    let server =
        QuicServer::bind_beside(quic, &identity, ClientAuthentication::None, answers, Some(http)).unwrap();
    let address = server.local_address();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        server
            .run(async {
                let _ = stopped.await;
            })
            .await;
    });
    Third { address, edge, world, identity, stop: Some(stop), task }
}

fn endpoint() -> quinn::Endpoint {
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(raw_config(b"h3"));
    endpoint
}

/// A client on a connection of its own.
pub async fn client(address: SocketAddr) -> (Sender, quinn::Connection) {
    let connection = endpoint().connect(address, "localhost").unwrap().await.unwrap();
    (over(connection.clone()).await, connection)
}

async fn over(connection: quinn::Connection) -> Sender {
    let (mut driver, sender) = h3::client::new(h3_quinn::Connection::new(connection)).await.unwrap();
    tokio::spawn(async move { std::future::poll_fn(|context| driver.poll_close(context)).await });
    sender
}

pub async fn ask(sender: &Sender, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_ask(sender, method, path, headers, body).await.unwrap()
}

async fn try_ask(
    sender: &Sender,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, String> {
    let mut request = axum::http::Request::builder().method(method).uri(format!("https://localhost{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    let mut stream = sender.clone().send_request(request).await.map_err(|error| error.to_string())?;
    if !body.is_empty() {
        // A server that has refused it does not read it.
        let _ = stream.send_data(Bytes::copy_from_slice(body)).await;
    }
    let _ = stream.finish().await;
    let response = stream.recv_response().await.map_err(|error| error.to_string())?;
    let mut octets = Vec::new();
    while let Some(mut data) = stream.recv_data().await.map_err(|error| error.to_string())? {
        octets.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Ok(Answer::new(response.status().as_u16(), response.headers(), octets))
}

#[tokio::test]
async fn both_protocols_are_spoken_at_the_same_time() {
    let up = up(EdgeSettings::default());
    let trust = revocache::client::ServerTrust::Fingerprint(up.identity.current().fingerprint());
    let questions = Client::connect(up.address, trust, ClientSettings::default()).await.unwrap();
    let (sender, _) = client(up.address).await;
    let mut octets = Vec::new();
    quic_support::by_cert_id(4, 1, &mut octets);
    let raw = quic_support::raw(up.address).await;
    for round in 0..20 {
        let body = vec![b'x'; 1 + round * 5000];
        let echoed = ask(&sender, "POST", "/echo", &[], &body).await;
        assert_eq!((echoed.status, echoed.body.len()), (200, body.len()));
        let answered = quic_support::answers(&quic_support::exchange(&raw, &octets).await);
        assert_eq!(answered.len(), 1);
    }
    drop(questions);
    let peer = ask(&sender, "GET", "/hello", &[], b"").await;
    assert!(peer.text().contains("\"peer\":\"127.0.0.1\""), "{peer:?}");
    assert_eq!(ask(&sender, "HEAD", "/hello", &[], b"").await.body, b"");
    assert_eq!(ask(&sender, "GET", "/nothing", &[], b"").await.code(), "not_found");
    // Without a name, the query protocol is not assumed.
    let mut nameless = endpoint();
    nameless.set_default_client_config(raw_config(b"h9"));
    assert!(nameless.connect(up.address, "localhost").unwrap().await.is_err());
}

#[tokio::test]
async fn the_limits_are_the_same() {
    let settings = EdgeSettings {
        max_body: 1000,
        max_requests: 1,
        body_timeout: Duration::from_millis(300),
        answer_timeout: Duration::from_millis(600),
        ..EdgeSettings::default()
    };
    let up = up(settings);
    let (sender, _) = client(up.address).await;
    assert_eq!(ask(&sender, "POST", "/echo", &[], &[7; 1000]).await.body, [7; 1000]);
    assert_eq!(ask(&sender, "POST", "/echo", &[], &[7; 1001]).await.status, 413);
    let told = ask(&sender, "POST", "/echo", &[("content-length", "100000")], b"").await;
    assert_eq!(told.code(), "body_too_large");
    assert_eq!(ask(&sender, "GET", "/panic", &[], b"").await.code(), "panic");
    assert_eq!(ask(&sender, "POST", "/slow", &[], b"x").await.code(), "answer_timeout");

    let request = axum::http::Request::post("https://localhost/echo").body(()).unwrap();
    let mut unfinished = sender.clone().send_request(request).await.unwrap();
    unfinished.send_data(Bytes::from_static(b"abc")).await.unwrap();
    quic_until("the request is there", || number(&up.edge, "revocache_http_requests_in_flight", "") == 1.0)
        .await;
    assert_eq!(ask(&sender, "POST", "/echo", &[], b"x").await.code(), "overloaded");
    assert_eq!(unfinished.recv_response().await.unwrap().status(), 408);
    assert_eq!(ask(&sender, "POST", "/echo", &[], b"x").await.status, 200);
}

fn var_int(number: u64) -> Vec<u8> {
    ((3 << 62) | number).to_be_bytes().to_vec()
}

/// The library keeps a frame until the whole of it is there, and has no limit for that. A client announced a head of a
/// gigabyte and was given room for it, octet by octet.
#[tokio::test]
async fn a_head_cannot_be_as_long_as_a_client_says() {
    let up = up(EdgeSettings::default());
    for (kind, on_control) in [(1_u64, false), (0x21, false), (0x21, true)] {
        let connection = endpoint().connect(up.address, "localhost").unwrap().await.unwrap();
        let mut control = connection.open_uni().await.unwrap();
        // The control stream, with empty settings.
        control.write_all(&[0, 4, 0]).await.unwrap();
        let mut stream = match on_control {
            true => control,
            false => connection.open_bi().await.unwrap().0,
        };
        stream.write_all(&[var_int(kind), var_int(1 << 30)].concat()).await.unwrap();
        let mut taken = 0;
        let refused = timeout(Duration::from_secs(10), async {
            while taken < (16 << 20) && stream.write_all(&[0; 16 << 10]).await.is_ok() {
                taken += 16 << 10;
            }
        });
        refused.await.expect("the server neither reads nor refuses it");
        assert!(taken < (4 << 20), "{taken} octets of kind {kind} were taken");
        connection.close(0_u32.into(), b"");
    }
    let (sender, _) = client(up.address).await;
    assert_eq!(ask(&sender, "GET", "/hello", &[], b"").await.status, 200);
    // A head that is too large is told so by the server; this client does not even send it.
    let long = "x".repeat(64 << 10);
    assert!(try_ask(&sender, "GET", "/hello", &[("x-long", &long)], b"").await.is_err());
}

/// Passes packets on, until it is told to keep those of the server.
struct Relay {
    address: SocketAddr,
    is_mute: Arc<AtomicBool>,
}

impl Relay {
    async fn to(server: SocketAddr) -> Self {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let (address, is_mute) = (near.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let client = Arc::new(std::sync::Mutex::new(None));
        let (own_near, own_far, own_client) = (Arc::clone(&near), Arc::clone(&far), Arc::clone(&client));
        tokio::spawn(async move {
            let mut packet = vec![0; 65_536];
            while let Ok((length, from)) = own_near.recv_from(&mut packet).await {
                *own_client.lock().unwrap() = Some(from);
                let _ = own_far.send_to(&packet[..length], server).await;
            }
        });
        let mute = Arc::clone(&is_mute);
        tokio::spawn(async move {
            let mut packet = vec![0; 65_536];
            while let Ok((length, _)) = far.recv_from(&mut packet).await {
                let to = *client.lock().unwrap();
                if !mute.load(Ordering::SeqCst) {
                    let _ = near.send_to(&packet[..length], to.unwrap()).await;
                }
            }
        });
        Self { address, is_mute }
    }
}

#[tokio::test]
async fn what_may_be_a_replay_changes_nothing() {
    let up = up(EdgeSettings::default());
    let relay = Relay::to(up.address).await;
    let endpoint = endpoint();
    let first = endpoint.connect(relay.address, "localhost").unwrap().await.unwrap();
    let sender = over(first.clone()).await;
    assert_eq!(ask(&sender, "POST", "/count", &[], b"").await.text(), "1");
    // The tickets came before the answer.
    first.close(0_u32.into(), b"");

    // The first flight arrives, and nothing comes back: as if somebody had recorded it.
    relay.is_mute.store(true, Ordering::SeqCst);
    let Ok((connection, accepted)) = endpoint.connect(relay.address, "localhost").unwrap().into_0rtt() else {
        panic!("there is no session to resume")
    };
    let sender = over(connection).await;
    let asked = {
        let sender = sender.clone();
        tokio::spawn(async move {
            let harmless = ask(&sender, "GET", "/hello", &[], b"");
            let changing = ask(&sender, "POST", "/count", &[], b"");
            tokio::join!(harmless, changing)
        })
    };
    let rejected = || number(&up.edge, "revocache_http_rejected", "too_early");
    quic_until("it was refused", || rejected() == 1.0).await;
    relay.is_mute.store(false, Ordering::SeqCst);
    let (harmless, changing) = asked.await.unwrap();
    assert!(accepted.await, "it was 0-RTT data");
    assert_eq!((harmless.status, changing.status, changing.code().as_str()), (200, 425, "too_early"));
    assert_eq!(up.world.counted.load(Ordering::SeqCst), 1);
    // The same again, now that the handshake is complete.
    assert_eq!(ask(&sender, "POST", "/count", &[], b"").await.text(), "2");
}

#[tokio::test]
async fn what_is_asked_for_is_answered_before_the_end() {
    let mut up = up(EdgeSettings::default());
    let (sender, connection) = client(up.address).await;
    let (idle, idle_connection) = client(up.address).await;
    assert_eq!(ask(&idle, "GET", "/hello", &[], b"").await.status, 200);
    let waiting = {
        let sender = sender.clone();
        tokio::spawn(async move { ask(&sender, "GET", "/slow", &[], b"").await })
    };
    quic_until("the request is there", || up.world.waiting.load(Ordering::SeqCst) == 1).await;
    up.stop.take().unwrap().send(()).unwrap();
    timeout(Duration::from_secs(5), idle_connection.closed()).await.expect("nothing is open on it");
    up.world.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap().text(), "at last");
    timeout(Duration::from_secs(5), up.task).await.expect("nothing is left to wait for").unwrap();
    assert!(connection.close_reason().is_some());
}
