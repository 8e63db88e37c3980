//! A simulated world for live OCSP: an authority, a network of responders, and one clock for both kinds of time.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use revocache::fetch::http::HttpError;
use revocache::live::{
    Issuer, Live, LiveAnswer, LiveError, LiveParts, LiveQuestion, LiveSettings, Random, ResponderUrls,
    Upstream, UpstreamRequest,
};
use revocache::pki::Certificate;
use revocache::types::{Clock, Serial, UnixTime};
use revocache_testkit::{Authority, CertState, KeyKind, OcspRequest, OcspResponse};
use tokio::time::{Instant, sleep};

/// 2025-02-10T00:00:00Z, when every simulation starts.
pub const START: i64 = 1_739_145_600;
pub const HOUR: i64 = 3_600;
pub const URL: &str = "http://ocsp.example/";

/// What a responder does with a request.
pub type Behaviour = Arc<dyn Fn(&UpstreamRequest) -> Reaction + Send + Sync>;

pub enum Reaction {
    /// Sends this.
    Send(Vec<u8>),
    /// Fails so.
    Fail(HttpError),
    /// Says nothing, ever.
    Hang,
}

/// The responders, and what was asked of them.
#[derive(Clone, Default)]
pub struct Network(Arc<NetworkState>);

#[derive(Default)]
struct NetworkState {
    responders: Mutex<HashMap<String, (Duration, Behaviour)>>,
    asked: Mutex<Vec<(String, Instant, UpstreamRequest)>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Network {
    /// A responder at this URL, which takes this long for everything.
    pub fn responder(
        &self,
        url: &str,
        delay: Duration,
        behaviour: impl Fn(&UpstreamRequest) -> Reaction + Send + Sync + 'static,
    ) {
        self.0.responders.lock().unwrap().insert(url.to_owned(), (delay, Arc::new(behaviour)));
    }

    /// Nobody answers at this URL any more.
    pub fn dead(&self, url: &str) {
        self.responder(url, Duration::ZERO, |_| Reaction::Hang);
    }

    /// The URLs asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().iter().map(|(url, ..)| url.clone()).collect()
    }

    pub fn times(&self) -> Vec<Instant> {
        self.0.asked.lock().unwrap().iter().map(|(_, at, _)| *at).collect()
    }

    pub fn requests(&self) -> Vec<UpstreamRequest> {
        self.0.asked.lock().unwrap().iter().map(|(.., request)| request.clone()).collect()
    }

    pub fn count(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }

    pub fn most_under_way(&self) -> usize {
        self.0.most_under_way.load(Ordering::SeqCst)
    }
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Upstream for Network {
    async fn ask(&self, request: UpstreamRequest) -> Result<Bytes, HttpError> {
        let state = &self.0;
        let under_way = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _under_way = UnderWay(&state.under_way);
        state.most_under_way.fetch_max(under_way, Ordering::SeqCst);
        state.asked.lock().unwrap().push((request.url.to_string(), Instant::now(), request.clone()));
        let found = state.responders.lock().unwrap().get(&*request.url).cloned();
        let Some((delay, behaviour)) = found else {
            return Err(HttpError::Resolve { url: request.url.to_string(), reason: "no such host".into() });
        };
        sleep(delay).await;
        match behaviour(&request) {
            Reaction::Send(octets) => Ok(octets.into()),
            Reaction::Fail(error) => Err(error),
            Reaction::Hang => std::future::pending().await,
        }
    }
}

/// Wall time that goes with the runtime's.
#[derive(Clone)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(START + i64::try_from(self.0.elapsed().as_secs()).unwrap())
    }
}

/// Chance that always falls the same way.
pub struct Always(pub u32);

impl Random for Always {
    fn next(&self) -> u32 {
        self.0
    }
}

pub type TestLive = Live<Network, VirtualClock>;

/// An authority that is asked about, and what asks.
pub struct World {
    pub ca: Arc<Authority>,
    pub issuer: Issuer,
    pub network: Network,
    pub clock: VirtualClock,
    pub live: TestLive,
}

impl World {
    pub fn new() -> Self {
        Self::with(LiveSettings::default())
    }

    pub fn with(settings: LiveSettings) -> Self {
        Self::with_parts(settings, LiveParts { random: Arc::new(Always(u32::MAX)), ..LiveParts::default() })
    }

    pub fn with_parts(settings: LiveSettings, parts: LiveParts) -> Self {
        let ca = Arc::new(Authority::root("Live CA", KeyKind::P256));
        let issuer = Issuer::new(Certificate::from_der(&ca.certificate).unwrap());
        let (network, clock) = (Network::default(), VirtualClock::start());
        let live = Live::new(settings, network.clone(), clock.clone(), parts);
        Self { ca, issuer, network, clock, live }
    }

    /// A question about a serial, to be asked at these URLs.
    pub fn question_at(&self, serial: u32, urls: &[&str]) -> LiveQuestion {
        LiveQuestion::new(&self.issuer, serial_of(serial), &ResponderUrls::new(urls))
    }

    pub fn question(&self, serial: u32) -> LiveQuestion {
        self.question_at(serial, &[URL])
    }

    pub async fn ask(&self, serial: u32) -> Result<LiveAnswer, LiveError> {
        self.live.ask(&self.question(serial)).await
    }

    /// An honest responder at [`URL`] that answers "good" with what it has just signed.
    pub fn honest(&self, delay: Duration, life: i64) {
        let (ca, clock) = (Arc::clone(&self.ca), self.clock.clone());
        self.network.responder(URL, delay, move |request| {
            let now = clock.now().seconds();
            Reaction::Send(signed(&ca, request, now, Some(now + life), |_| CertState::Good))
        });
    }

    /// A responder at [`URL`] that always sends the state of this time.
    pub fn fixed(&self, this: i64, next: Option<i64>, state: CertState) {
        let ca = Arc::clone(&self.ca);
        self.network.responder(URL, Duration::ZERO, move |request| {
            Reaction::Send(signed(&ca, request, this, next, |_| state.clone()))
        });
    }
}

pub fn serial_of(number: u32) -> Serial {
    let [a, b, c, d] = number.to_be_bytes();
    Serial::new(&[1, a, b, c, d]).unwrap()
}

/// The response of an authority to a request.
pub fn signed(
    ca: &Authority,
    request: &UpstreamRequest,
    this: i64,
    next: Option<i64>,
    state: impl Fn(&[u8]) -> CertState,
) -> Vec<u8> {
    let request = OcspRequest::read(&request.request).unwrap();
    OcspResponse::by_key(&ca.key).answering(&request, this, next, state).build(&ca.key)
}

/// Lets what is ready run, without time passing.
pub async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
