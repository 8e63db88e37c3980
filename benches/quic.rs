//! The query protocol next to a bare quinn server that answers as many octets and knows nothing.
//!
//! Both servers run in this process, each on a thread of its own, both are asked by the same generator of load with
//! messages of the same sizes, and they take turns, so that what the machine does besides hits both. What counts is
//! the ratio, and the processor time of the server's thread, which hardly depends on what else runs.
//!
//! `cargo bench --bench quic`; `REVOCACHE_BENCH_ROUNDS` sets how often they take turns, `REVOCACHE_BENCH_MODES` which
//! modes are measured (`stream,pipelined`).
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "measuring, not serving"
)]

#[path = "../tests/quic_support/anyone.rs"]
mod anyone;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyone::Anyone;
use bytes::Bytes;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint};
use revocache::index::{AuthorityFacts, Builder, FileFacts, KeyFacts, Listings, NameHashes};
use revocache::publish::{Generation, IndexFolder, IndexReader, Publisher};
use revocache::server::Answers;
use revocache::server::quic::{ClientAuthentication, Identity, IdentitySwitch, QuicServer, QuicSettings};
use revocache::service::{CheckSettings, Checker};
use revocache::types::{
    CertIdHash, CrlFacts, CrlNumber, FixedClock, Listing, NameKey, ReasonCode, Scope, Serial, SerialRef,
    SignatureAlgorithm, UnixTime,
};
use revocache::wire::{
    ALPN, Answer, AuthorityRef, Batch, Frame, Handle, Options, Question, RequestId, Resolve, Target,
};
use tokio::sync::Semaphore;

const WINDOW: usize = 256;
const BATCH: usize = 64;
const TURN: Duration = Duration::from_millis(700);
const NOW: UnixTime = UnixTime::from_seconds(1_740_441_600);
const ENTRIES: u64 = 100_000;
const ISSUER: CertIdHash = CertIdHash::Sha1 { name: [1; 20], key: [2; 20] };

fn octets(number: u64) -> [u8; 16] {
    let mut octets = [0; 16];
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    octets[..8].copy_from_slice(&(mixed >> 2 | 1 << 60).to_be_bytes());
    octets[8..].copy_from_slice(&mixed.rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes());
    octets
}

/// The service as it runs, over a published index.
fn service(folder: &Path) -> Answers {
    let facts = FileFacts { generation: 1, created_at: NOW, secret: [0x3c; 32] };
    let mut builder = Builder::new(facts);
    let authority = builder.add_authority(AuthorityFacts {
        name: NameKey::from_octets(*b"ca"),
        display: "CN=CA".to_owned(),
        name_hashes: vec![NameHashes { sha1: [1; 20], sha256: [1; 32] }],
        keys: vec![KeyFacts {
            spki: Vec::new(),
            spki_sha256: [2; 32],
            key_sha1: [2; 20],
            key_sha256: [2; 32],
            key_ids: Vec::new(),
            certificates: Vec::new(),
        }],
    });
    let crl = builder.add_crl(
        authority,
        CrlFacts {
            this_update: NOW,
            next_update: Some(UnixTime::from_seconds(NOW.seconds() + 604_800)),
            // Long enough for question and answer to have nearly the same size.
            crl_number: CrlNumber::from_magnitude(&[1; 6]),
            base_crl_number: None,
            scope: Scope::default(),
            expired_certs_on_crl: None,
            freshest_crl_uris: Vec::new(),
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            signer_key: [0; 32],
            tbs_digest: Vec::new(),
            entries: 0,
            size: 0,
        },
    );
    let mut listings = Listings::new();
    for number in 0..ENTRIES {
        let listing = Listing { revoked_at: NOW, reason: ReasonCode::Superseded, invalidity_date: None };
        listings.push(SerialRef::new(&octets(number)).unwrap(), listing);
    }
    builder.add_listings(crl, None, listings).unwrap();
    let image = builder.finish::<Vec<u8>>(None).unwrap();
    let folder = IndexFolder::new(folder);
    Publisher::lock(folder.clone()).unwrap().publish(&image, Generation(1), NonZeroUsize::MIN).unwrap();
    let reader = Arc::new(IndexReader::open(folder.clone()).unwrap());
    let checker = Checker::new(reader, Arc::new(FixedClock(NOW)), CheckSettings::default(), None);
    Answers::new(Arc::new(checker), folder)
}

/// One message each way: how a mode asks, and how many octets come back.
struct Messages {
    question: Bytes,
    answer: usize,
    /// Questions in a message.
    count: u64,
}

impl Messages {
    fn single() -> Self {
        let serial = Serial::new(&octets(ENTRIES + 7)).unwrap();
        let target = Target::Serial { authority: Handle(0), serial: serial.as_ref() };
        let question = Question { target, options: Options::default() };
        let mut out = Vec::new();
        question.encode(RequestId::from(1000), &mut out);
        Self { answer: out.len(), question: out.into(), count: 1 }
    }

    fn batch() -> Self {
        let serials: Vec<Serial> =
            (0..BATCH as u64).map(|n| Serial::new(&octets(ENTRIES + n)).unwrap()).collect();
        let refs: Vec<_> = serials.iter().map(Serial::as_ref).collect();
        let mut out = Vec::new();
        Batch::encode_shared(RequestId::from(1000), &Options::default(), Handle(0), &refs, &mut out);
        Self { question: out.into(), answer: 0, count: BATCH as u64 }
    }
}

/// A server on a thread of its own.
struct Server {
    address: SocketAddr,
    /// Where the system tells the thread's processor time.
    schedstat: String,
}

impl Server {
    fn start(
        name: &str,
        core: &'static str,
        make: impl FnOnce() -> (SocketAddr, ServerTask) + Send + 'static,
    ) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                pin(core);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move {
                    let (address, serve) = make();
                    let link = std::fs::read_link("/proc/thread-self").unwrap();
                    sender.send((address, format!("/proc/{}/schedstat", link.display()))).unwrap();
                    serve.await;
                });
            })
            .unwrap();
        let (address, schedstat) = receiver.recv().unwrap();
        Self { address, schedstat }
    }

    /// Processor time of the thread so far.
    fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(&self.schedstat).unwrap();
        Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
    }
}

type ServerTask = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Keeps this thread on a core, where there is a program to do it.
fn pin(core: &str) {
    let link = std::fs::read_link("/proc/thread-self").unwrap();
    let thread = link.file_name().unwrap().to_str().unwrap().to_owned();
    let _ = std::process::Command::new("taskset").args(["-cp", core, &thread]).output();
}

fn ours(folder: &Path) -> (SocketAddr, ServerTask) {
    let (identity, _) = Identity::self_signed(&["localhost"]).unwrap();
    let identity = Arc::new(IdentitySwitch::new(identity));
    let settings = QuicSettings { address: "127.0.0.1:0".parse().unwrap(), ..QuicSettings::default() };
    let answerer = Arc::new(service(folder));
    let server = QuicServer::bind(settings, &identity, ClientAuthentication::None, answerer).unwrap();
    (server.local_address(), Box::pin(async move { server.run(std::future::pending()).await }))
}

/// Knows only how many octets are a question and how many an answer.
fn bare(question: Arc<AtomicU64>, answer: Arc<AtomicU64>) -> (SocketAddr, ServerTask) {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    let mut config = config;
    let mut transport = quinn::TransportConfig::default();
    transport.max_concurrent_bidi_streams(1024_u32.into());
    config.transport_config(Arc::new(transport));
    let endpoint = Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = endpoint.local_addr().unwrap();
    let serve = async move {
        while let Some(incoming) = endpoint.accept().await {
            let (question, answer) = (question.load(Ordering::SeqCst), answer.load(Ordering::SeqCst));
            tokio::spawn(async move {
                let connection = incoming.await.unwrap();
                let (streams, datagrams) = (connection.clone(), connection);
                tokio::spawn(async move {
                    let reply = Bytes::from(vec![0; answer as usize]);
                    while datagrams.read_datagram().await.is_ok() {
                        let _ = datagrams.send_datagram(reply.clone());
                    }
                });
                let reply = Bytes::from(vec![0; 100_000]);
                while let Ok((mut send, mut recv)) = streams.accept_bi().await {
                    let reply = reply.clone();
                    tokio::spawn(async move {
                        let mut owed = 0_u64;
                        while let Ok(Some(piece)) = recv.read_chunk(usize::MAX, true).await {
                            owed += piece.bytes.len() as u64;
                            let (questions, rest) = (owed / question, owed % question);
                            owed = rest;
                            let length = (questions * answer) as usize;
                            if length > 0 && send.write_chunk(reply.slice(..length)).await.is_err() {
                                return;
                            }
                        }
                        let _ = send.finish();
                    });
                }
            });
        }
    };
    (address, Box::pin(serve))
}

async fn connect(address: SocketAddr) -> Connection {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(
        QuicClientConfig::try_from(tls).unwrap(),
    )));
    let connection = endpoint.connect(address, "localhost").unwrap().await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    connection
}

/// Gives handle 0 its meaning; the bare server takes it for questions.
async fn resolve(connection: &Connection) {
    let mut out = Vec::new();
    Resolve { handle: Handle(0), authority: AuthorityRef::CertId(ISSUER) }
        .encode(RequestId::from(1), &mut out);
    ask(connection, &out).await;
}

async fn ask(connection: &Connection, question: &[u8]) -> Vec<u8> {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(question).await.unwrap();
    send.finish().unwrap();
    recv.read_to_end(1 << 20).await.unwrap()
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Stream,
    Pipelined,
    Batch,
    Datagram,
    Idle,
}

/// Asks for a while; gives the questions answered, and, idle, the round trips.
async fn load(mode: Mode, connection: &Connection, messages: &Messages) -> (u64, Vec<Duration>) {
    let end = Instant::now() + TURN;
    match mode {
        Mode::Stream => (streams(connection, messages, WINDOW, end).await, Vec::new()),
        Mode::Batch => (streams(connection, messages, 16, end).await, Vec::new()),
        Mode::Pipelined => (pipelined(connection, messages, end).await, Vec::new()),
        Mode::Datagram => (datagrams(connection, messages, end).await, Vec::new()),
        Mode::Idle => idle(connection, messages, end).await,
    }
}

async fn streams(connection: &Connection, messages: &Messages, window: usize, end: Instant) -> u64 {
    let mut tasks = Vec::new();
    for _ in 0..window {
        let (connection, question, answer) = (connection.clone(), messages.question.clone(), messages.answer);
        tasks.push(tokio::spawn(async move {
            let mut asked = 0;
            while Instant::now() < end {
                let (mut send, mut recv) = connection.open_bi().await.unwrap();
                send.write_chunk(question.clone()).await.unwrap();
                send.finish().unwrap();
                assert_eq!(recv.read_to_end(answer).await.unwrap().len(), answer);
                asked += 1;
            }
            asked
        }));
    }
    let mut asked = 0;
    for task in tasks {
        asked += task.await.unwrap();
    }
    asked * messages.count
}

async fn pipelined(connection: &Connection, messages: &Messages, end: Instant) -> u64 {
    let many: Bytes = messages.question.repeat(WINDOW).into();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let (mut owed, mut asked) = (WINDOW, 0);
    let mut octets = 0;
    while Instant::now() < end {
        send.write_chunk(many.slice(..owed * messages.question.len())).await.unwrap();
        let piece = recv.read_chunk(usize::MAX, true).await.unwrap().unwrap();
        octets += piece.bytes.len();
        owed = octets / messages.answer;
        octets %= messages.answer;
        asked += owed as u64;
    }
    let _ = send.reset(0_u32.into());
    asked
}

async fn datagrams(connection: &Connection, messages: &Messages, end: Instant) -> u64 {
    let window = Arc::new(Semaphore::new(WINDOW));
    let asked = Arc::new(AtomicU64::new(0));
    let reader = {
        let (connection, window, asked, answer) =
            (connection.clone(), Arc::clone(&window), Arc::clone(&asked), messages.answer);
        tokio::spawn(async move {
            loop {
                match tokio::time::timeout(Duration::from_millis(50), connection.read_datagram()).await {
                    Ok(Ok(datagram)) => {
                        let answers = datagram.len() / answer;
                        asked.fetch_add(answers as u64, Ordering::Relaxed);
                        window.add_permits(answers);
                    }
                    Ok(Err(_)) => return,
                    // Something was lost.
                    Err(_) => window.add_permits(WINDOW),
                }
            }
        })
    };
    while Instant::now() < end {
        window.acquire().await.unwrap().forget();
        connection.send_datagram(messages.question.clone()).unwrap();
    }
    reader.abort();
    asked.load(Ordering::Relaxed)
}

async fn idle(connection: &Connection, messages: &Messages, end: Instant) -> (u64, Vec<Duration>) {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let mut times = Vec::new();
    let mut buffer = vec![0; messages.answer];
    while Instant::now() < end {
        let started = Instant::now();
        send.write_chunk(messages.question.clone()).await.unwrap();
        recv.read_exact(&mut buffer).await.unwrap();
        times.push(started.elapsed());
    }
    let _ = send.reset(0_u32.into());
    (times.len() as u64, times)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let rounds: usize =
        std::env::var("REVOCACHE_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    pin("1");
    let (question, answer) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(1)));
    let folder = tempfile::tempdir().unwrap();
    let own = {
        let folder = folder.path().to_owned();
        Server::start("ours", "0", move || ours(&folder))
    };
    let bare = {
        let (question, answer) = (Arc::clone(&question), Arc::clone(&answer));
        Server::start("bare", "0", move || bare(question, answer))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "questions/s in thousands, processor time of the server in us per question; medians of {rounds} turns"
    );
    println!(
        "{:<10} {:>9} {:>9} {:>7}   {:>8} {:>8} {:>7}",
        "mode", "bare", "ours", "ratio", "bare", "ours", "ratio"
    );
    let wanted = std::env::var("REVOCACHE_BENCH_MODES").unwrap_or_default().to_lowercase();
    for mode in [Mode::Stream, Mode::Pipelined, Mode::Batch, Mode::Datagram, Mode::Idle] {
        let name = format!("{mode:?}");
        if !wanted.is_empty() && !wanted.split(',').any(|one| one == name.to_lowercase()) {
            continue;
        }
        runtime.block_on(async {
            let mut messages =
                if matches!(mode, Mode::Batch) { Messages::batch() } else { Messages::single() };
            let ours = connect(own.address).await;
            resolve(&ours).await;
            // The answer must be the right one, and tells how many octets the bare server has to answer.
            let octets = ask(&ours, &messages.question).await;
            let frame = Frame::take(&mut octets.as_slice(), 65_536).unwrap().unwrap();
            match Answer::decode(&frame).unwrap().unwrap() {
                Answer::Verdict(verdict) => assert_eq!(verdict.status.name(), "good"),
                Answer::BatchVerdicts(batch) => assert_eq!(batch.outcomes().count(), BATCH),
                other => panic!("{other:?}"),
            }
            messages.answer = octets.len();
            question.store(messages.question.len() as u64, Ordering::SeqCst);
            answer.store(messages.answer as u64, Ordering::SeqCst);
            let other = connect(bare.address).await;
            let mut rates = Vec::new();
            let mut trips = Vec::new();
            for round in 0..=rounds {
                let mut rate = [0.0; 4];
                // Who begins changes from turn to turn.
                for turn in [round % 2, (round + 1) % 2] {
                    let (server, connection) = if turn == 0 { (&bare, &other) } else { (&own, &ours) };
                    let (cpu, started) = (server.cpu(), Instant::now());
                    let (asked, times) = load(mode, connection, &messages).await;
                    rate[turn] = asked as f64 / started.elapsed().as_secs_f64() / 1e3;
                    rate[2 + turn] = (server.cpu() - cpu).as_secs_f64() * 1e6 / asked as f64;
                    if !times.is_empty() {
                        trips.push((
                            turn,
                            median(times.iter().map(|time| time.as_secs_f64() * 1e6).collect()),
                        ));
                    }
                }
                // The first turn is to warm up.
                if round > 0 {
                    rates.push(rate);
                }
            }
            let of = |part: fn(&[f64; 4]) -> f64| median(rates.iter().map(part).collect());
            println!(
                "{:<10} {:>9.1} {:>9.1} {:>7.2}   {:>8.3} {:>8.3} {:>7.2}   ({} octets asked, {} answered)",
                name,
                of(|rate| rate[0]),
                of(|rate| rate[1]),
                of(|rate| rate[1] / rate[0]),
                of(|rate| rate[2]),
                of(|rate| rate[3]),
                of(|rate| rate[3] / rate[2]),
                messages.question.len(),
                messages.answer
            );
            if !trips.is_empty() {
                let of =
                    |who| median(trips.iter().filter(|(turn, _)| *turn == who).map(|(_, t)| *t).collect());
                println!(
                    "           round trip p50: bare {:.1} us, ours {:.1} us, ratio {:.2}",
                    of(0),
                    of(1),
                    of(1) / of(0)
                );
            }
            ours.close(0_u32.into(), b"");
            other.close(0_u32.into(), b"");
        });
    }
}
