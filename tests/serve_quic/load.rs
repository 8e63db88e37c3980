//! Load while the index is rebuilt again and again: every answer is judged by what the list said that it rests on.
//!
//! `REVOCACHE_LOAD_SECONDS` makes it last longer, with a rebuild every second; `just load` does so.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use revocache::client::{Client, ClientSettings, ServerTrust};
use revocache::types::{Serial, SerialRef, Status, Verdict, from_hex};
use revocache::wire::{AuthorityRef, Handle, Options, Outcome, Question, Target};

use super::{Site, text};

/// Serials that are revoked all along, and as many that never are.
const LASTING: u8 = 40;
/// The one that is revoked in the middle.
const VICTIM: u8 = 127;
/// Tasks that ask, one question after the other.
const PIPELINED: usize = 24;
const OTHERS: usize = 4;

/// What was measured, and by whom it is judged.
#[derive(Default)]
struct Watch {
    /// The number of the list that revoked the victim; 0 until then.
    revoked_by: AtomicU64,
    /// Microseconds from the publication of that list to the first answer by it; 0 until then.
    noticed: AtomicU64,
    published: Mutex<Option<Instant>>,
    stop: AtomicBool,
    answers: AtomicU64,
    /// Microseconds of each question, before the revocation and from then on.
    latencies: [Mutex<Vec<u32>>; 2],
}

impl Watch {
    /// Judges an answer. `newest` is the number of the newest list that the asker has heard of: nobody may fall back.
    fn judge(&self, serial: u8, verdict: &Verdict, newest: &mut u64) {
        let list = verdict.crl_number.expect("an answer names its list");
        let list = list.magnitude().iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
        assert!(list >= *newest, "list {list} answers after {newest}");
        *newest = list;
        // The number is set before its list can be seen.
        let revoked_by = self.revoked_by.load(Ordering::SeqCst);
        let is_revoked = match serial {
            VICTIM => revoked_by != 0 && list >= revoked_by,
            other => other <= LASTING,
        };
        match verdict.status {
            Status::Revoked(_) => assert!(is_revoked, "{serial} is revoked by list {list}"),
            Status::Good => assert!(!is_revoked, "{serial} is good by list {list}"),
            Status::Unknown(cause) => panic!("{serial} is unknown ({cause}) by list {list}"),
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
        if serial == VICTIM && is_revoked && self.noticed.load(Ordering::Relaxed) == 0 {
            let published = self.published.lock().unwrap().expect("it was published");
            let micros = u64::try_from(published.elapsed().as_micros()).unwrap().max(1);
            let _ = self.noticed.compare_exchange(0, micros, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    fn took(&self, started: Instant) {
        let after = usize::from(self.revoked_by.load(Ordering::Relaxed) != 0);
        let micros = u32::try_from(started.elapsed().as_micros()).unwrap();
        self.latencies[after].lock().unwrap().push(micros);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// How a task asks.
#[derive(Debug, Clone, Copy)]
enum Way {
    Pipelined,
    Stream,
    Datagram,
    Batch,
}

/// Serials in an order that differs from task to task; every eighth is the victim.
fn serials(task: usize) -> impl Iterator<Item = u8> {
    (task * 7..).map(|number| match number % 8 {
        0 => VICTIM,
        _ => 1 + u8::try_from(number * 5 % usize::from(2 * LASTING)).unwrap(),
    })
}

async fn ask(client: Client, authority: Handle, watch: Arc<Watch>, way: Way, task: usize) {
    let (options, mut newest) = (Options::default(), 0);
    let mut serials = serials(task);
    while watch.goes_on() {
        let octets: Vec<[u8; 1]> =
            serials.by_ref().take(if matches!(way, Way::Batch) { 64 } else { 1 }).map(|one| [one]).collect();
        let these: Vec<SerialRef<'_>> = octets.iter().map(|one| SerialRef::new(one).unwrap()).collect();
        let question = Question { target: Target::Serial { authority, serial: these[0] }, options };
        let started = Instant::now();
        let verdicts = match way {
            Way::Pipelined => one(client.ask(&question)).await,
            Way::Stream => one(client.ask_on_stream(&question)).await,
            Way::Datagram => one(client.ask_by_datagram(&question)).await,
            Way::Batch => {
                let outcomes = client.ask_batch(authority, &these, &options).await.expect("an answer");
                let verdict = |outcome| match outcome {
                    Outcome::Verdict(verdict) => verdict,
                    other => panic!("{other:?}"),
                };
                outcomes.into_iter().map(verdict).collect()
            }
        };
        watch.took(started);
        assert_eq!(verdicts.len(), these.len());
        for (octet, verdict) in octets.iter().zip(&verdicts) {
            watch.judge(octet[0], verdict, &mut newest);
        }
    }
}

async fn one<E: std::fmt::Debug>(asked: impl Future<Output = Result<Verdict, E>>) -> Vec<Verdict> {
    vec![asked.await.expect("an answer")]
}

fn quantiles(latencies: &Mutex<Vec<u32>>) -> (u32, u32, u32) {
    let mut latencies = latencies.lock().unwrap();
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() - 1) * part / 100];
    (at(50), at(99), at(100))
}

#[test]
fn no_answer_is_wrong_while_the_index_is_rebuilt_under_load() {
    let seconds = std::env::var("REVOCACHE_LOAD_SECONDS").ok().and_then(|text| text.parse().ok());
    let (duration, every) = match seconds {
        Some(seconds) => (Duration::from_secs(seconds), Duration::from_secs(1)),
        None => (Duration::from_secs(3), Duration::from_millis(250)),
    };
    let site = Site::new();
    let lasting: Vec<u8> = (1..=LASTING).collect();
    site.publish(1, &lasting);
    let daemon = site.start();
    let before = daemon.generation();
    let (watch, runtime) = (Arc::new(Watch::default()), tokio::runtime::Runtime::new().unwrap());
    let fingerprint = from_hex(text(&daemon, "fingerprint")).unwrap().try_into().unwrap();
    let address = text(&daemon, "quic").parse().unwrap();
    let certificate = std::fs::read(Path::new(&site.text("ca.cer"))).unwrap();
    let tasks = runtime.block_on(async {
        let settings = ClientSettings { connections: 2, ..ClientSettings::default() };
        let client = Client::connect(address, ServerTrust::Fingerprint(fingerprint), settings).await.unwrap();
        let handle = client.resolve(&AuthorityRef::Certificate(&certificate)).await.unwrap().handle;
        let others = [Way::Stream, Way::Datagram, Way::Batch].into_iter().flat_map(|way| [way; OTHERS]);
        let ways = std::iter::repeat_n(Way::Pipelined, PIPELINED).chain(others).enumerate();
        let start = |(task, way)| tokio::spawn(ask(client.clone(), handle, Arc::clone(&watch), way, task));
        ways.map(start).collect::<Vec<_>>()
    });

    let (started, mut number) = (Instant::now(), 1);
    while started.elapsed() < duration {
        std::thread::sleep(every);
        number += 1;
        let mut revoked = lasting.clone();
        if started.elapsed() * 2 > duration {
            revoked.push(VICTIM);
            if watch.revoked_by.load(Ordering::SeqCst) == 0 {
                *watch.published.lock().unwrap() = Some(Instant::now());
                watch.revoked_by.store(number, Ordering::SeqCst);
            }
        }
        site.publish(number, &revoked);
    }
    let noticed = Instant::now() + Duration::from_secs(30);
    while watch.noticed.load(Ordering::SeqCst) == 0 && Instant::now() < noticed {
        std::thread::sleep(Duration::from_millis(20));
    }
    let elapsed = started.elapsed();
    watch.stop.store(true, Ordering::SeqCst);
    // A task that was answered wrongly, or not at all, has panicked.
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });

    let generations = daemon.generation() - before;
    let (answers, noticed) = (watch.answers.load(Ordering::SeqCst), watch.noticed.load(Ordering::SeqCst));
    println!(
        "{answers} answers in {:.1} s over {generations} new generations, none wrong; the revocation was told {} ms after its list was written",
        elapsed.as_secs_f64(),
        noticed / 1000
    );
    for (when, latencies) in ["before", "after"].iter().zip(&watch.latencies) {
        let (p50, p99, max) = quantiles(latencies);
        println!("latency {when} the revocation, us: p50 {p50}, p99 {p99}, max {max}");
    }
    assert!(noticed > 0, "the revocation was never told");
    assert!(generations >= 3, "{generations} generations");
    let errors = daemon.metric("revocache_quic_events_total{event=\"errors\"}");
    assert!(errors == 0.0, "{errors} questions were answered by errors");
    daemon.stop();
    // Serials of one octet are their own numbers.
    assert_eq!(Serial::from_u64(u64::from(VICTIM)).octets(), [VICTIM]);
}
