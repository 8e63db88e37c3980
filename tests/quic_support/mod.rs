//! A server on loopback with answers that are made up, and clients of every sort.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

mod anyone;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyone::Anyone;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Connection, Endpoint};
use revocache::client::{Client, ClientSettings, ServerTrust};
use revocache::server::quic::{
    About, Answerer, Asked, ChangedSerials, ClientAuthentication, CounterSnapshot, Identity, IdentitySwitch,
    InfoStart, LateAbout, LateQuestion, QuicServer, QuicSettings, Refusal, Reply,
};
use revocache::types::{
    Cause, CertIdHash, Method, ReasonCode, Revocation, Serial, SerialRef, Status, UnixTime, Verdict,
};
use revocache::wire::{
    ALPN, Answer, AuthorityInfo, AuthorityRef, ErrorCode, Features, Frame, FrameDecoder, Handle, InfoHead,
    Options, Presence, Question, RequestId, Target,
};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

/// Serials from here on are answered late, those from [`NEVER`] never.
pub const LATE: u64 = 1_000_000;
pub const NEVER: u64 = 2_000_000;

/// Answers by the serial alone: odd ones are revoked, multiples of ten are unknown.
#[derive(Debug)]
pub struct Fake {
    pub generation: watch::Sender<u64>,
    pub late: Duration,
    pub asked_late: AtomicUsize,
    pub waiting_late: AtomicUsize,
    pub changed: Mutex<BTreeMap<u64, ChangedSerials>>,
    pub authorities: u32,
    pub resolving: Notify,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            generation: watch::Sender::new(7),
            late: Duration::from_millis(300),
            asked_late: AtomicUsize::new(0),
            waiting_late: AtomicUsize::new(0),
            changed: Mutex::default(),
            authorities: 1_000,
            resolving: Notify::new(),
        }
    }
}

pub fn number(serial: SerialRef<'_>) -> u64 {
    serial.magnitude().unwrap_or_default().iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// What is said of a serial, whoever asks.
pub fn said(number: u64, generation: u64) -> Verdict {
    let status = if number.is_multiple_of(10) {
        Status::Unknown(Cause::NotCovered)
    } else if !number.is_multiple_of(2) {
        Status::Revoked(Revocation {
            revoked_at: UnixTime::from_seconds(1_700_000_000 + i64::try_from(number).unwrap()),
            reason: ReasonCode::Superseded,
            invalidity_date: None,
        })
    } else {
        Status::Good
    };
    Verdict {
        status,
        method: if number >= LATE { Method::Ocsp } else { Method::Crl },
        this_update: Some(UnixTime::from_seconds(1_740_441_600)),
        next_update: Some(UnixTime::from_seconds(1_741_046_400)),
        crl_number: Some(31.into()),
        generation,
    }
}

impl Answerer for Fake {
    type Authority = String;

    fn resolve(&self, authority: &AuthorityRef<'_>) -> Result<(String, Presence), Refusal> {
        let presence = match authority {
            AuthorityRef::Certificate([]) => {
                return Err(Refusal::new(ErrorCode::BadCertificate, "it is empty"));
            }
            AuthorityRef::Certificate([0, ..]) => Presence::Absent,
            _ => Presence::Present,
        };
        Ok((format!("{authority:?}"), presence))
    }

    fn answer_now(&self, asked: &Asked<'_, String>) -> Reply {
        let number = match asked.about {
            About::Serial { serial, .. } | About::CertId { serial, .. } => number(serial),
            About::Certificate { certificate, .. } => u64::try_from(certificate.len()).unwrap(),
        };
        if number >= LATE { Reply::Later } else { Reply::Verdict(said(number, *self.generation.borrow())) }
    }

    async fn answer_later(&self, question: LateQuestion<String>) -> Result<Verdict, Refusal> {
        let (LateAbout::Serial { serial, .. } | LateAbout::CertId { serial, .. }) = question.about else {
            return Err(Refusal::new(ErrorCode::MethodUnavailable, ""));
        };
        self.asked_late.fetch_add(1, Ordering::SeqCst);
        let number = number(serial.as_ref());
        struct Waits<'w>(&'w AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.waiting_late.fetch_add(1, Ordering::SeqCst);
        let _waits = Waits(&self.waiting_late);
        if number >= NEVER {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.late).await;
        Ok(said(number, *self.generation.borrow()))
    }

    fn info(&self, page: InfoStart<'_>) {
        let first = page.first();
        let mut writer = page.begin(&InfoHead {
            server: "fake 1",
            generation: *self.generation.borrow(),
            built_at: UnixTime::from_seconds(1_740_441_600),
            authorities: self.authorities,
        });
        for number in first..self.authorities {
            let name = format!("CN=Authority number {number}");
            let authority = AuthorityInfo {
                name: &name,
                spki_sha256: Some([7; 32]),
                crls: 1,
                entries: u64::from(number),
                this_update: None,
                next_update: None,
                crl_number: None,
            };
            if !writer.push(&authority) {
                break;
            }
        }
        writer.finish();
    }

    fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    async fn changes(&self, _: String, _: u64, to: u64) -> Option<ChangedSerials> {
        self.changed.lock().unwrap().get(&to).cloned()
    }

    fn features(&self) -> Features {
        Features::OCSP
    }
}

/// A server that runs until it is dropped or stopped.
pub struct Running {
    pub address: SocketAddr,
    pub identity: Arc<IdentitySwitch>,
    pub fake: Arc<Fake>,
    pub server: Arc<QuicServer<Fake>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub fn fingerprint(&self) -> [u8; 32] {
        self.identity.current().fingerprint()
    }

    pub fn trust(&self) -> ServerTrust {
        ServerTrust::Fingerprint(self.fingerprint())
    }

    pub fn counters(&self) -> CounterSnapshot {
        self.server.counters()
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address, self.trust(), ClientSettings::default()).await.unwrap()
    }

    /// Tells the server to stop, without waiting.
    pub fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Waits until it has stopped.
    pub async fn stopped(mut self) {
        self.stop();
        self.task.await.unwrap();
    }
}

pub fn local() -> QuicSettings {
    QuicSettings { address: "127.0.0.1:0".parse().unwrap(), ..QuicSettings::default() }
}

pub fn start() -> Running {
    start_with(local(), ClientAuthentication::None, Fake::default())
}

pub fn start_with(settings: QuicSettings, clients: ClientAuthentication, fake: Fake) -> Running {
    let (identity, _) = Identity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    let identity = Arc::new(IdentitySwitch::new(identity));
    let fake = Arc::new(fake);
    let server = Arc::new(QuicServer::bind(settings, &identity, clients, Arc::clone(&fake)).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let own = Arc::clone(&server);
    let task = tokio::spawn(async move {
        own.run(async {
            let _ = stopped.await;
        })
        .await;
    });
    Running { address: server.local_address(), identity, fake, server, stop: Some(stop), task }
}

pub fn raw_config(alpn: &[u8]) -> quinn::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls.enable_early_data = true;
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

/// An endpoint for connections that say whatever a test wants.
pub fn raw_endpoint() -> Endpoint {
    let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(raw_config(ALPN));
    endpoint
}

pub async fn raw(address: SocketAddr) -> Connection {
    raw_endpoint().connect(address, "localhost").unwrap().await.unwrap()
}

/// Sends octets on a stream of their own and reads everything that comes back.
pub async fn exchange(connection: &Connection, octets: &[u8]) -> Vec<u8> {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let _ = send.write_all(octets).await;
    let _ = send.finish();
    recv.read_to_end(1 << 24).await.unwrap_or_default()
}

/// What an answer says, in short.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Verdict(Verdict),
    Refused(ErrorCode),
    Resolved(Handle, Presence),
    Other(String),
}

/// The answers in octets with their request ids.
pub fn answers(octets: &[u8]) -> Vec<(u64, Said)> {
    let mut decoder = FrameDecoder::new(1 << 24);
    let mut input = octets;
    let mut all = Vec::new();
    while let Some(frame) = decoder.next(&mut input).unwrap() {
        all.push((frame.request.number(), say(&frame)));
    }
    decoder.finish().unwrap();
    all
}

fn say(frame: &Frame<'_>) -> Said {
    match Answer::decode(frame).unwrap().unwrap() {
        Answer::Verdict(verdict) => Said::Verdict(verdict),
        Answer::Failure(failure) => Said::Refused(failure.code),
        Answer::Resolved(resolved) => Said::Resolved(resolved.handle, resolved.presence),
        other => Said::Other(format!("{other:?}")),
    }
}

pub const HASHES: CertIdHash = CertIdHash::Sha1 { name: [1; 20], key: [2; 20] };

/// A question that needs no handle.
pub fn by_cert_id(number: u64, id: u32, out: &mut Vec<u8>) {
    let serial = Serial::from_u64(number);
    let target = Target::CertId { issuer: HASHES, serial: serial.as_ref() };
    Question { target, options: Options::default() }.encode(RequestId::from(id), out);
}

/// Waits until something is so, for five seconds at most.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come true");
}
