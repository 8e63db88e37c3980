//! A network that answers as it is told, and a clock that follows simulated time.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use revocache::fetch::http::{Caches, Validators};
use revocache::ingest::source::{
    CrlFetcher, CrlQuery, FetchFailure, FetchFuture, Fetched, FixedRandomness, Origin, Place, Provenance,
    Schedule, SourceName, SourceSpec, SourceStatus, Sources, SourcesHandle, SourcesSettings, SpoolWriter,
};
use revocache::pki::Certificate;
use revocache::policy::{Policy, check_serial, resolve_issuer};
use revocache::publish::IndexFolder;
use revocache::telemetry::{Metrics, Value};
use revocache::types::{Clock, Serial, Status, UnixTime};
use revocache_testkit::{Authority, Entry, KeyKind};
use tokio::time::Instant;

/// 2025-02-20T00:00:00Z.
pub const START: i64 = 1_740_009_600;
pub const HOUR: i64 = 3600;

#[derive(Debug, Clone)]
pub struct Reply {
    kind: Kind,
    etag: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Body(Vec<u8>),
    NotModified,
    Failure(&'static str),
    Hangs,
}

impl Reply {
    pub fn body(body: &[u8]) -> Self {
        Self { kind: Kind::Body(body.to_vec()), etag: None }
    }

    pub fn not_modified() -> Self {
        Self { kind: Kind::NotModified, etag: None }
    }

    pub fn failure(code: &'static str) -> Self {
        Self { kind: Kind::Failure(code), etag: None }
    }

    pub fn hangs() -> Self {
        Self { kind: Kind::Hangs, etag: None }
    }

    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }
}

/// What was asked of the network.
#[derive(Debug, Clone)]
pub struct Query {
    pub at: Instant,
    pub url: String,
    pub etag: Option<String>,
    pub past_caches: bool,
    pub is_strangers: bool,
}

#[derive(Debug, Default)]
struct Network {
    replies: Mutex<HashMap<String, Reply>>,
    queries: Mutex<Vec<Query>>,
}

impl CrlFetcher for Network {
    fn fetch<'a>(&'a self, query: CrlQuery<'a>, spool: &'a mut SpoolWriter) -> FetchFuture<'a> {
        let url = query.remote.as_str().to_owned();
        self.queries.lock().unwrap().push(Query {
            at: Instant::now(),
            url: url.clone(),
            etag: query.validators.etag.clone(),
            past_caches: query.caches == Caches::MustAskOrigin,
            is_strangers: query.provenance == Provenance::Stranger,
        });
        let reply = self.replies.lock().unwrap().get(&url).cloned();
        Box::pin(async move {
            let Some(reply) = reply else {
                return Err(FetchFailure::new("connect_failed", "nobody listens"));
            };
            match reply.kind {
                Kind::Body(body) => {
                    for piece in body.chunks(100) {
                        spool.write(piece).await.unwrap();
                    }
                    Ok(Fetched::Body { validators: Validators { etag: reply.etag, last_modified: None } })
                }
                Kind::NotModified => Ok(Fetched::NotModified),
                Kind::Failure(code) => Err(FetchFailure::new(code, "as the test wants it")),
                Kind::Hangs => std::future::pending().await,
            }
        })
    }
}

/// Wall time that follows simulated time.
struct SimulatedClock(Instant);

impl Clock for SimulatedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(START + i64::try_from(self.0.elapsed().as_secs()).unwrap())
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
    pub ca: Authority,
    pub settings: Mutex<SourcesSettings>,
    network: Arc<Network>,
    clock: Arc<SimulatedClock>,
}

impl World {
    /// A network, and one authority that is trusted.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = IndexFolder::new(folder.path().join("index"));
        let mut settings = SourcesSettings::new(index, folder.path().join("data"));
        settings.trust.issuers = vec![folder.path().join("issuers")];
        fs::create_dir(folder.path().join("issuers")).unwrap();
        let world = Self {
            folder,
            ca: Authority::root("Simulated CA", KeyKind::P256),
            settings: Mutex::new(settings),
            network: Arc::default(),
            clock: Arc::new(SimulatedClock(Instant::now())),
        };
        world.trust(&world.ca);
        world
    }

    /// Puts the certificate of an authority where issuers are read from.
    pub fn trust(&self, ca: &Authority) {
        let count = fs::read_dir(self.folder.path().join("issuers")).unwrap().count();
        fs::write(self.folder.path().join(format!("issuers/{count}.cer")), &ca.certificate).unwrap();
    }

    pub fn serve(&self, url: &str, reply: Reply) {
        self.network.replies.lock().unwrap().insert(url.to_owned(), reply);
    }

    pub async fn start(&self, specs: Vec<SourceSpec>) -> Sources {
        let settings = self.settings.lock().unwrap().clone();
        let network = Arc::clone(&self.network);
        let clock = Arc::clone(&self.clock);
        Sources::start(settings, specs, network, clock, Arc::new(FixedRandomness(0.0))).await.unwrap()
    }

    pub fn queries(&self, url: &str) -> Vec<Query> {
        let queries = self.network.queries.lock().unwrap();
        queries.iter().filter(|query| query.url == url).cloned().collect()
    }

    /// Seconds between questions.
    pub fn waits(&self, url: &str) -> Vec<u64> {
        let queries = self.queries(url);
        queries.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at).as_secs()).collect()
    }

    pub fn status(&self, handle: &SourcesHandle, name: &str) -> SourceStatus {
        handle.status().sources.into_iter().find(|source| source.name == name).expect("no such source")
    }

    /// The sum of a family's samples whose first label has this value.
    pub fn metric(&self, handle: &SourcesHandle, family: &str, label: &str) -> f64 {
        let families = handle.families();
        let family = families.iter().find(|it| it.name == family).expect("no such family");
        let samples = family.samples.iter().filter(|sample| label.is_empty() || sample.labels[0].1 == label);
        samples
            .map(|sample| match &sample.value {
                Value::Count(count) => *count as f64,
                Value::Number(number) => *number,
                Value::Histogram(histogram) => histogram.count as f64,
            })
            .sum()
    }
}

/// A complete list with the serials 1 to `number`, current for so many seconds from the start.
pub fn list(ca: &Authority, number: u64, lasts: i64) -> Vec<u8> {
    let this_update = START - 3600 + i64::try_from(number).unwrap();
    let entries = (1..=number).map(|serial| Entry::new(Serial::from_u64(serial).octets()));
    ca.crl().number(number).updates(this_update, Some(START + lasts)).entries(entries).build(&ca.key)
}

pub fn spec_with(name: &str, place: Place, schedule: Schedule) -> SourceSpec {
    SourceSpec { name: SourceName::new(name).unwrap(), place, origin: Origin::Configured, schedule }
}

pub fn spec(name: &str, place: Place) -> SourceSpec {
    spec_with(name, place, Schedule::new(Duration::from_secs(60), Duration::from_secs(3600)))
}

pub fn mirrors(name: &str, urls: &[&str]) -> SourceSpec {
    spec(name, Place::mirrors(urls).unwrap())
}

/// Whether clients are told that this serial is revoked.
pub fn is_listed(handle: &SourcesHandle, ca: &Authority, serial: u64) -> bool {
    let index = handle.reader().refreshed().unwrap();
    let issuer = Certificate::from_der(&ca.certificate).unwrap();
    let (serial, at) = (Serial::from_u64(serial), UnixTime::from_seconds(START));
    let authority = resolve_issuer(&index, &issuer);
    let verdict = check_serial(&index, authority, serial.as_ref(), at, &Policy::default()).unwrap();
    matches!(verdict.status, Status::Revoked(_))
}
