//! A network that loses, delays, repeats and moves packets, made by a proxy between client and server.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod quic_support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quic_support::{
    Fake, HASHES, Said, answers, by_cert_id, exchange, local, raw_endpoint, said, start, start_with, until,
};
use revocache::client::{Client, ClientSettings};
use revocache::server::quic::{ClientAuthentication, Counter, EarlyData, QuicSettings};
use revocache::types::{Serial, SerialRef};
use revocache::wire::{
    AuthorityRef, ErrorCode, Handle, InfoRequest, Options, Outcome, Question, RequestId, Resolve, Target,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Passes packets between one client and the server.
struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    client: Mutex<Option<SocketAddr>>,
    near: UdpSocket,
    far: Mutex<Arc<UdpSocket>>,
    /// Packets out of a thousand that are lost, in each direction.
    lost: AtomicU32,
    /// Milliseconds that a packet is held back at most, so that others overtake it.
    delay: AtomicU32,
    /// Whether nothing of what the server sends arrives.
    mute: AtomicBool,
    /// Whether nothing of what the client sends arrives.
    mute_client: AtomicBool,
    /// Milliseconds that every packet takes.
    way: AtomicU32,
    queue: mpsc::UnboundedSender<(tokio::time::Instant, Vec<u8>, bool)>,
    random: AtomicU64,
    dropped: AtomicU64,
    /// What the client sent.
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    /// The same numbers in every run.
    fn random(&self) -> u64 {
        let mut number = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn pass(self: &Arc<Self>, packet: Vec<u8>, to_server: bool) {
        let mute = if to_server { &self.mute_client } else { &self.mute };
        if mute.load(Ordering::SeqCst) {
            return;
        }
        if self.random() % 1000 < u64::from(self.lost.load(Ordering::SeqCst)) {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let way = Duration::from_millis(u64::from(self.way.load(Ordering::SeqCst)));
        let due = tokio::time::Instant::now() + way;
        let delay = u64::from(self.delay.load(Ordering::SeqCst));
        if delay == 0 {
            // One after the other.
            self.queue.send((due, packet, to_server)).unwrap();
            return;
        }
        let due = due + Duration::from_millis(self.random() % (delay + 1));
        let shared = Arc::clone(self);
        tokio::spawn(async move { shared.deliver(due, &packet, to_server).await });
    }

    async fn deliver(&self, due: tokio::time::Instant, packet: &[u8], to_server: bool) {
        if due > tokio::time::Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        if to_server {
            let far = Arc::clone(&self.far.lock().unwrap());
            let _ = far.send_to(packet, self.server).await;
        } else {
            let client = *self.client.lock().unwrap();
            let _ = self.near.send_to(packet, client.unwrap()).await;
        }
    }

    fn listen_far(self: &Arc<Self>) {
        let (shared, far) = (Arc::clone(self), Arc::clone(&self.far.lock().unwrap()));
        tokio::spawn(async move {
            let mut buffer = vec![0; 65_536];
            while let Ok((length, _)) = far.recv_from(&mut buffer).await {
                shared.pass(buffer[..length].to_vec(), false);
            }
        });
    }
}

impl Proxy {
    async fn to(server: SocketAddr) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = near.local_addr().unwrap();
        let far = Mutex::new(Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap()));
        let (queue, mut queued) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            server,
            client: Mutex::default(),
            near,
            far,
            lost: 0.into(),
            delay: 0.into(),
            mute: false.into(),
            mute_client: false.into(),
            way: 0.into(),
            queue,
            random: 1.into(),
            dropped: 0.into(),
            sent: Mutex::default(),
        });
        shared.listen_far();
        let own = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Some((due, packet, to_server)) = queued.recv().await {
                own.deliver(due, &packet, to_server).await;
            }
        });
        let own = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut buffer = vec![0; 65_536];
            while let Ok((length, client)) = own.near.recv_from(&mut buffer).await {
                *own.client.lock().unwrap() = Some(client);
                let packet = buffer[..length].to_vec();
                own.sent.lock().unwrap().push(packet.clone());
                own.pass(packet, true);
            }
        });
        Self { address, shared }
    }

    /// The server sees the client at another address from now on.
    async fn move_client(&self) {
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        *self.shared.far.lock().unwrap() = far;
        self.shared.listen_far();
    }
}

async fn ask_everything(client: &Client, rounds: u64) {
    let handle = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap().handle;
    let mut tasks = Vec::new();
    for task in 0..16 {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..rounds {
                let number = task * 1000 + round;
                let serial = Serial::from_u64(number);
                let target = Target::Serial { authority: handle, serial: serial.as_ref() };
                let question = Question { target, options: Options::default() };
                let verdict = match round % 3 {
                    0 => client.ask(&question).await,
                    1 => client.ask_on_stream(&question).await,
                    _ => client.ask_by_datagram(&question).await,
                };
                assert_eq!(verdict, Ok(said(number, 7)));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let serials: Vec<Serial> = (0..3000).map(Serial::from_u64).collect();
    let refs: Vec<SerialRef<'_>> = serials.iter().map(Serial::as_ref).collect();
    let outcomes = client.ask_batch(handle, &refs, &Options::default()).await.unwrap();
    assert!((0..).zip(outcomes).all(|(number, outcome)| outcome == Outcome::Verdict(said(number, 7))));
}

fn patient() -> ClientSettings {
    let deadline = Duration::from_secs(20);
    ClientSettings { deadline, connect_timeout: Duration::from_secs(10), ..ClientSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_and_overtaking_packets_change_no_answer() {
    let server = start();
    let proxy = Proxy::to(server.address).await;
    proxy.shared.lost.store(100, Ordering::SeqCst);
    proxy.shared.delay.store(4, Ordering::SeqCst);
    let client = Client::connect(proxy.address, server.trust(), patient()).await.unwrap();
    ask_everything(&client, 30).await;
    let dropped = proxy.shared.dropped.load(Ordering::SeqCst);
    assert!(dropped > 20, "{dropped} packets lost");
}

/// The client's address changes in the middle, as when a NAT forgets it: the connection goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_move() {
    let server = start();
    let proxy = Proxy::to(server.address).await;
    let client = Client::connect(proxy.address, server.trust(), patient()).await.unwrap();
    for _ in 0..5 {
        ask_everything(&client, 6).await;
        proxy.move_client().await;
    }
    ask_everything(&client, 6).await;
    assert_eq!(server.counters().get(Counter::Connections), 1);
}

/// A network that is gone for longer than the connection lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_comes_back_after_an_outage() {
    let settings = QuicSettings { idle_timeout: Duration::from_millis(500), ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let proxy = Proxy::to(server.address).await;
    let client = Client::connect(proxy.address, server.trust(), patient()).await.unwrap();
    ask_everything(&client, 6).await;
    proxy.shared.lost.store(1000, Ordering::SeqCst);
    until("the server gives up", || server.server.connections() == 0).await;
    proxy.shared.lost.store(0, Ordering::SeqCst);
    // Long enough for the first question to be under way before the handshake is complete.
    proxy.shared.way.store(50, Ordering::SeqCst);
    let serial = Serial::from_u64(5);
    let target = Target::CertId { issuer: HASHES, serial: serial.as_ref() };
    let question = Question { target, options: Options::default() };
    assert_eq!(client.ask(&question).await, Ok(said(5, 7)));
    proxy.shared.way.store(0, Ordering::SeqCst);
    ask_everything(&client, 6).await;
    assert_eq!(server.counters().get(Counter::Connections), 2);
    // The second connection resumed the session of the first, and its first question came with it.
    assert_eq!(server.counters().get(Counter::EarlyConnections), 1);
    assert_eq!(server.counters().get(Counter::Early), 1);
}

/// Connects once to get a session, then again with this as 0-RTT data; gives back the answers to it.
async fn early(endpoint: &quinn::Endpoint, address: SocketAddr, octets: &[u8]) -> (bool, Vec<(u64, Said)>) {
    let first = endpoint.connect(address, "localhost").unwrap().await.unwrap();
    let mut out = Vec::new();
    by_cert_id(2, 1, &mut out);
    exchange(&first, &out).await;
    // The tickets follow the handshake.
    first.accept_uni().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.close(0_u32.into(), b"");
    let connecting = endpoint.connect(address, "localhost").unwrap();
    let Ok((connection, accepted)) = connecting.into_0rtt() else { panic!("there is no session to resume") };
    let octets = exchange(&connection, octets).await;
    let accepted = accepted.await;
    let answers = answers(&octets);
    connection.close(0_u32.into(), b"");
    (accepted, answers)
}

fn early_requests() -> Vec<u8> {
    let mut out = Vec::new();
    by_cert_id(4, 1, &mut out);
    Resolve { handle: Handle(0), authority: AuthorityRef::CertId(HASHES) }
        .encode(RequestId::from(2), &mut out);
    InfoRequest { first: 0 }.encode(RequestId::from(3), &mut out);
    by_cert_id(quic_support::LATE + 1, 4, &mut out);
    out
}

#[tokio::test]
async fn early_data_may_ask_and_nothing_else() {
    let server = start();
    let proxy = Proxy::to(server.address).await;
    let (accepted, got) = early(&raw_endpoint(), proxy.address, &early_requests()).await;
    assert!(accepted);
    assert_eq!(got[0], (1, Said::Verdict(said(4, 7))));
    assert!(matches!(got[1], (2, Said::Resolved(..))));
    assert_eq!(got[2], (3, Said::Refused(ErrorCode::TooEarly)));
    assert_eq!(got[3], (4, Said::Verdict(said(quic_support::LATE + 1, 7))));
    assert_eq!(server.counters().get(Counter::Early), 2);

    // Somebody has seen the first flight of the resumed connection and sends it again: the session is used up, and
    // what came with it is not even read.
    let sent = proxy.shared.sent.lock().unwrap().clone();
    let asked = server.fake.asked_late.load(Ordering::SeqCst);
    let replay = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let before = server.server.connections();
    for packet in &sent {
        replay.send_to(packet, server.address).await.unwrap();
    }
    let mut buffer = vec![0; 2000];
    let answer = tokio::time::timeout(Duration::from_secs(2), replay.recv_from(&mut buffer)).await;
    assert!(answer.is_ok(), "the server answers the first flight as that of a new client");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(server.server.connections() >= before);
    assert_eq!(server.counters().get(Counter::Early), 2, "a replayed question was answered");
    assert_eq!(server.fake.asked_late.load(Ordering::SeqCst), asked);
}

/// The first flight arrives and the end of the handshake does not, as with a flight that somebody sends again: what the
/// index knows is answered, but nobody else is asked.
#[tokio::test]
async fn a_flight_without_an_end_makes_the_server_ask_nobody() {
    let server = start();
    let proxy = Proxy::to(server.address).await;
    let endpoint = raw_endpoint();
    let first = endpoint.connect(proxy.address, "localhost").unwrap().await.unwrap();
    first.accept_uni().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.close(0_u32.into(), b"");
    proxy.shared.way.store(100, Ordering::SeqCst);
    let Ok((connection, _)) = endpoint.connect(proxy.address, "localhost").unwrap().into_0rtt() else {
        panic!("there is no session to resume")
    };
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    send.write_all(&early_requests()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    proxy.shared.mute_client.store(true, Ordering::SeqCst);
    until("the question is answered", || server.counters().get(Counter::Early) == 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.counters().get(Counter::Late), 1);
    assert_eq!(server.fake.asked_late.load(Ordering::SeqCst), 0);
    // When the end comes after all, the rest is asked for.
    proxy.shared.mute_client.store(false, Ordering::SeqCst);
    until("the late question is asked", || server.fake.asked_late.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn early_data_can_be_refused() {
    let settings = QuicSettings { early_data: EarlyData::Refuse, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let endpoint = raw_endpoint();
    let first = endpoint.connect(server.address, "localhost").unwrap().await.unwrap();
    first.accept_uni().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.close(0_u32.into(), b"");
    if let Ok((_, accepted)) = endpoint.connect(server.address, "localhost").unwrap().into_0rtt() {
        assert!(!accepted.await);
    }
    // The client of this crate works all the same.
    let client = Client::connect(server.address, server.trust(), ClientSettings::default()).await.unwrap();
    ask_everything(&client, 3).await;
    assert_eq!(server.counters().get(Counter::Early), 0);
}

/// Garbage and cut packets at the server's port, beside a client that asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_at_the_port_changes_nothing() {
    let server = start();
    let proxy = Proxy::to(server.address).await;
    let client = Client::connect(proxy.address, server.trust(), patient()).await.unwrap();
    ask_everything(&client, 3).await;
    let seen = proxy.shared.sent.lock().unwrap().clone();
    let noise = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..20 {
        for packet in &seen {
            let mut packet = packet.clone();
            let place = proxy.shared.random() as usize % packet.len();
            match round % 3 {
                0 => packet[place] ^= 0x10,
                1 => packet.truncate(place),
                _ => packet.rotate_left(place),
            }
            let _ = noise.send_to(&packet, server.address).await;
        }
    }
    ask_everything(&client, 3).await;
    assert_eq!(server.counters().get(Counter::Connections), 1);
}

/// Handshakes from addresses that are not the sender's: the server's answers reach nobody, and nothing is completed.
/// Beyond a few, newcomers have to show that they receive what is sent to them, and those who do are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_handshakes_costs_little_and_shuts_nobody_out() {
    let settings = QuicSettings { retry_above: 16, handshake_timeout: Duration::from_secs(2), ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let proxy = Proxy::to(server.address).await;
    proxy.shared.mute.store(true, Ordering::SeqCst);
    let flood = raw_endpoint();
    let connecting: Vec<_> = (0..300).map(|_| flood.connect(proxy.address, "localhost").unwrap()).collect();
    until("newcomers are told to come back", || server.counters().get(Counter::Retries) > 100).await;
    let kept = server.server.connections();
    println!("300 handshakes that go nowhere: {kept} kept");
    assert!(kept <= 20, "{kept} kept");
    let client = Client::connect(server.address, server.trust(), patient()).await.unwrap();
    ask_everything(&client, 3).await;
    drop(connecting);
    flood.close(0_u32.into(), b"");
    until("the flood is forgotten", || server.server.connections() == 1).await;
    assert!(server.counters().get(Counter::FailedHandshakes) >= 16);
}
