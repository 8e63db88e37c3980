//! A cached OCSP answer, next to the clock and the hash map it cannot do without, measured in the same run.
#![allow(missing_docs, reason = "the macros of criterion make undocumented functions")]
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "measuring, not serving"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use revocache::fetch::http::HttpError;
use revocache::live::{
    Issuer, Live, LiveParts, LiveQuestion, LiveSettings, ResponderUrls, Upstream, UpstreamRequest,
};
use revocache::pki::Certificate;
use revocache::types::{Clock, Serial, SystemClock};
use revocache_testkit::{Authority, CertState, KeyKind, OcspRequest, OcspResponse};

/// Answers in the cache.
const ANSWERS: u32 = 10_000;

struct Responder(Authority);

impl Upstream for Responder {
    async fn ask(&self, request: UpstreamRequest) -> Result<Bytes, HttpError> {
        let (request, now) = (OcspRequest::read(&request.request).unwrap(), SystemClock.now().seconds());
        let response = OcspResponse::by_key(&self.0.key);
        let response = response.answering(&request, now - 60, Some(now + 86_400), |_| CertState::Good);
        Ok(response.build(&self.0.key).into())
    }
}

fn serial(number: u32) -> Serial {
    let mut octets = [0x5a; 16];
    octets[12..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    Serial::new(&octets).unwrap()
}

fn cached_answers(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ca = Authority::root("Bench CA", KeyKind::P256);
    let issuer = Issuer::new(Certificate::from_der(&ca.certificate).unwrap());
    let urls = ResponderUrls::new(["http://ocsp.example/"]);
    let live = Live::new(LiveSettings::default(), Responder(ca), SystemClock, LiveParts::default());
    let questions: Vec<_> =
        (0..ANSWERS).map(|number| LiveQuestion::new(&issuer, serial(number), &urls)).collect();
    runtime.block_on(async {
        for question in &questions {
            live.ask(question).await.unwrap();
        }
    });

    let mut group = criterion.benchmark_group("live");
    group.throughput(Throughput::Elements(1));
    group.bench_function("clock", |bencher| bencher.iter(|| SystemClock.now()));
    let map: HashMap<_, _> =
        questions.iter().map(|question| (question.serial().clone(), Bytes::from_static(b"answer"))).collect();
    let map = Mutex::new(map);
    let mut next = questions.iter().cycle();
    group.bench_function("locked-hash-map", |bencher| {
        bencher.iter(|| black_box(map.lock().unwrap().get(next.next().unwrap().serial()).cloned()));
    });
    group.bench_function("question", |bencher| {
        let serial = serial(7);
        bencher.iter(|| LiveQuestion::new(&issuer, black_box(&serial).clone(), &urls));
    });
    group.bench_function("cached", |bencher| {
        bencher.iter(|| black_box(live.cached(next.next().unwrap()).unwrap()));
    });
    group.bench_function("ask", |bencher| {
        runtime.block_on(async {
            // The future is ready at once, so what is measured is one poll of it.
            bencher.iter(|| {
                let mut asked = Box::pin(live.ask(next.next().unwrap()));
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                black_box(asked.as_mut().poll(&mut context).is_ready())
            });
        });
    });
    let (stop, busy) = (Arc::new(AtomicBool::new(false)), live.clone());
    let (stopped, others) = (Arc::clone(&stop), questions.clone());
    let other = thread::spawn(move || {
        for question in others.iter().rev().cycle() {
            black_box(busy.cached(question));
            if stopped.load(Ordering::Relaxed) {
                break;
            }
        }
    });
    group.bench_function("cached-beside-another-thread", |bencher| {
        bencher.iter(|| black_box(live.cached(next.next().unwrap()).unwrap()));
    });
    stop.store(true, Ordering::Relaxed);
    other.join().unwrap();
    group.finish();
    assert_eq!(live.stats().upstream_requests, u64::from(ANSWERS), "everything was cached");
}

criterion_group!(benches, cached_answers);
criterion_main!(benches);
