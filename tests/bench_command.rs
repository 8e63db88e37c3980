//! `revocache bench` as a process, against a server in this one.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Ran, program, revocache};
use revocache::pki::Name;
use revocache::server::quic::{
    About, Answerer, Asked, ChangedSerials, ClientAuthentication, Identity, IdentitySwitch, InfoStart,
    LateQuestion, QuicServer, QuicSettings, Refusal, Reply,
};
use revocache::types::{Cause, Method, ReasonCode, Revocation, Status, UnixTime, Verdict, to_hex};
use revocache::wire::{AuthorityInfo, AuthorityRef, ErrorCode, Features, InfoHead, Presence};
use revocache_testkit::{Authority, KeyKind};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;

const NAME: &str = "CN=Busy CA\\, Inc.,O=Example,C=DE";

/// Answers by the last octet of a serial: 1 is revoked, 2 unknown, 3 refused, everything else good.
#[derive(Debug, Default)]
struct Quick {
    answered: AtomicU64,
    /// How often each authority got a handle, and how often each serial was asked for, of the short ones.
    resolved: Mutex<BTreeMap<String, u64>>,
    asked: Mutex<BTreeMap<Vec<u8>, u64>>,
    empty: bool,
}

impl Answerer for Quick {
    type Authority = ();

    fn resolve(&self, authority: &AuthorityRef<'_>) -> Result<((), Presence), Refusal> {
        let text = match authority {
            AuthorityRef::NameAndKey { name, spki_sha256 } => {
                format!("{} {}", Name::from_der(name).unwrap(), spki_sha256[0])
            }
            AuthorityRef::Certificate(der) => to_hex(der),
            AuthorityRef::CertId(_) => "hashes".to_owned(),
        };
        *self.resolved.lock().unwrap().entry(text).or_default() += 1;
        Ok(((), Presence::Present))
    }

    fn answer_now(&self, asked: &Asked<'_, ()>) -> Reply {
        let About::Serial { serial, .. } = asked.about else { panic!("{asked:?}") };
        let octets = serial.octets();
        self.answered.fetch_add(1, Ordering::Relaxed);
        if octets.len() < 16 {
            *self.asked.lock().unwrap().entry(octets.to_vec()).or_default() += 1;
        }
        let status = match octets.last().unwrap() {
            1 => Status::Revoked(Revocation {
                revoked_at: UnixTime::from_seconds(1_700_000_000),
                reason: ReasonCode::Superseded,
                invalidity_date: None,
            }),
            2 => Status::Unknown(Cause::NotCovered),
            3 => return Reply::Refused(Refusal::new(ErrorCode::IndexUnavailable, "")),
            _ => Status::Good,
        };
        Reply::Verdict(Verdict {
            status,
            method: Method::Crl,
            this_update: Some(UnixTime::from_seconds(1_740_441_600)),
            next_update: Some(UnixTime::from_seconds(1_741_046_400)),
            crl_number: Some(31.into()),
            generation: 7,
        })
    }

    async fn answer_later(&self, _: LateQuestion<()>) -> Result<Verdict, Refusal> {
        Err(Refusal::new(ErrorCode::Internal, ""))
    }

    fn info(&self, page: InfoStart<'_>) {
        let authorities: &[(&str, u64, u8)] =
            if self.empty { &[] } else { &[("CN=Idle CA", 0, 1), (NAME, 9, 2), ("CN=Third CA", 7, 3)] };
        let first = usize::try_from(page.first()).unwrap();
        let mut writer = page.begin(&InfoHead {
            server: "quick",
            generation: 7,
            built_at: UnixTime::from_seconds(1_740_441_600),
            authorities: u32::try_from(authorities.len()).unwrap(),
        });
        for (name, entries, key) in authorities.iter().skip(first) {
            let fits = writer.push(&AuthorityInfo {
                name,
                spki_sha256: Some([*key; 32]),
                crls: 1,
                entries: *entries,
                this_update: None,
                next_update: None,
                crl_number: None,
            });
            assert!(fits);
        }
        writer.finish();
    }

    fn generations(&self) -> watch::Receiver<u64> {
        watch::Sender::new(7).subscribe()
    }

    async fn changes(&self, (): (), _: u64, _: u64) -> Option<ChangedSerials> {
        None
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

/// A server that runs until it is dropped.
struct Server {
    address: String,
    fingerprint: String,
    certificate: String,
    quick: Arc<Quick>,
    _runtime: Runtime,
}

fn start(quick: Quick) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (identity, files) = Identity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    let fingerprint = to_hex(&identity.fingerprint());
    let identity = Arc::new(IdentitySwitch::new(identity));
    let quick = Arc::new(quick);
    let settings = QuicSettings { address: "127.0.0.1:0".parse().unwrap(), ..QuicSettings::default() };
    let server = {
        let _entered = runtime.enter();
        QuicServer::bind(settings, &identity, ClientAuthentication::None, Arc::clone(&quick)).unwrap()
    };
    let address = server.local_address().to_string();
    runtime.spawn(async move { server.run(std::future::pending()).await });
    Server { address, fingerprint, certificate: files.certificate, quick, _runtime: runtime }
}

impl Server {
    fn arguments<'a>(&'a self, words: &'a str) -> Vec<&'a str> {
        let mut arguments = vec!["bench", "--server", &self.address, "--fingerprint", &self.fingerprint];
        arguments.extend(words.split_whitespace());
        arguments
    }

    fn bench(&self, words: &str) -> Ran {
        revocache(self.arguments(words))
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// What holds of every report.
fn consistent(report: &Value) {
    let answers = &report["answers"];
    let sum = number(&answers["good"]) + number(&answers["revoked"]) + number(&answers["unknown"]);
    assert_eq!(sum, number(&report["queries"]), "{report}");
    let codes = report["errors_by_code"].as_object().unwrap();
    assert_eq!(codes.values().map(number).sum::<f64>(), number(&report["errors"]), "{report}");
    let latency: Vec<f64> =
        ["p50", "p90", "p99", "p999", "max"].iter().map(|part| number(&report["latency_us"][part])).collect();
    assert!(latency.is_sorted(), "{report}");
    let rate = number(&report["queries"]) / number(&report["duration_seconds"]);
    assert!((number(&report["queries_per_second"]) / rate - 1.0).abs() < 0.01, "{report}");
}

#[test]
fn every_mode_counts_what_the_server_answered() {
    let server = start(Quick::default());
    for (mode, connections, concurrency, extra) in [
        ("pipeline", 1, 64, ""),
        ("pipeline", 3, 1, "--threads 2"),
        ("stream", 2, 16, ""),
        ("datagram", 2, 16, ""),
        ("batch", 2, 4, "--batch 100"),
    ] {
        let before = server.quick.answered.load(Ordering::SeqCst);
        let ran = server.bench(&format!(
            "--mode {mode} --connections {connections} --concurrency {concurrency} {extra} --duration 0.5 \
             --warm-up 0.1 --json"
        ));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        let report = ran.json();
        consistent(&report);
        assert_eq!(report["mode"], mode);
        assert_eq!(report["connections"], connections);
        assert_eq!(report["concurrency"], concurrency);
        assert_eq!(report["batch"], if mode == "batch" { 100 } else { 1 });
        assert_eq!(report["authority"], NAME);
        assert_eq!(report["interrupted"], false);
        let answered = server.quick.answered.load(Ordering::SeqCst) - before;
        let (queries, errors) = (number(&report["queries"]), number(&report["errors"]));
        assert!(queries > 0.0 && queries + errors <= answered as f64, "{answered}: {report}");
        // Random serials are refused one time in 256, and in datagrams some may be lost.
        assert!(errors < queries / 20.0 + 5.0, "{report}");
        // A lone message takes its time: as many as that fit in, each at least as long as the fastest.
        let elapsed = number(&report["duration_seconds"]);
        assert!((0.5..5.0).contains(&elapsed), "{report}");
        let in_the_air = f64::from(connections * concurrency) * number(&report["batch"]);
        let mean = in_the_air / number(&report["queries_per_second"]) * 1e6;
        assert!(number(&report["latency_us"]["max"]) >= mean * 0.5, "{report}");
        if cfg!(target_os = "linux") {
            // The server is this process.
            let cpu = number(&report["server_cpu_us_per_query"]) * queries / 1e6;
            assert!((0.0..elapsed * 16.0).contains(&cpu), "{report}");
            assert!(number(&report["client_cpu_us_per_query"]) > 0.0, "{report}");
        }
    }
    let resolved = server.quick.resolved.lock().unwrap().clone();
    // Once for each connection, and nobody else.
    assert_eq!(resolved, BTreeMap::from([(format!("{NAME} 2"), 10)]));
}

#[test]
fn the_warm_up_does_not_count() {
    let server = start(Quick::default());
    let ran = server.bench("--mode pipeline --warm-up 1.5 --duration 0.1 --json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = ran.json();
    let answered = server.quick.answered.load(Ordering::SeqCst) as f64;
    assert!(number(&report["queries"]) < answered * 0.6, "{answered}: {report}");
}

#[test]
fn the_given_serials_are_asked_about_and_errors_told_apart() {
    let server = start(Quick::default());
    let folder = tempfile::tempdir().unwrap();
    let issuer = folder.path().join("ca.cer");
    let authority = Authority::root("Issuer", KeyKind::P256);
    std::fs::write(&issuer, &authority.certificate).unwrap();
    for mode in ["pipeline", "stream", "datagram", "batch --batch 5"] {
        server.quick.asked.lock().unwrap().clear();
        let ran = server.bench(&format!(
            "--mode {mode} --concurrency 4 --duration 0.4 --warm-up 0 --json --issuer {} --serial 01 02 03 04 05",
            issuer.display()
        ));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report = ran.json();
        consistent(&report);
        assert_eq!(report["authority"], "CN=Issuer,O=Testkit,C=ZZ");
        // Two of five are good, one is revoked, one unknown, one refused.
        let share = number(&report["queries"]) / 4.0;
        let close = |value: &Value| (number(value) - share).abs() <= share * 0.2 + 10.0;
        let answers = &report["answers"];
        assert!(close(&answers["revoked"]) && close(&answers["unknown"]), "{mode}: {report}");
        assert!(close(&report["errors_by_code"]["index_unavailable"]), "{mode}: {report}");
        let asked: Vec<Vec<u8>> = server.quick.asked.lock().unwrap().keys().cloned().collect();
        assert_eq!(asked, [[1], [2], [3], [4], [5]]);
    }
    let resolved: Vec<String> = server.quick.resolved.lock().unwrap().keys().cloned().collect();
    assert_eq!(resolved, [to_hex(&authority.certificate)]);
    // Nothing but errors.
    let ran = server.bench(&format!(
        "--mode pipeline --duration 0.2 --warm-up 0 --json --issuer {} --serial 03",
        issuer.display()
    ));
    assert_eq!(ran.code, Some(69), "{ran:?}");
    let report = ran.json();
    assert_eq!(report["queries"], 0);
    assert_eq!(report["errors_by_code"]["index_unavailable"], report["errors"]);
    assert!(number(&report["errors"]) > 0.0);
    assert_eq!(report["server_cpu_us_per_query"], Value::Null);
}

#[test]
fn a_server_without_authorities_can_be_measured_and_known_by_its_roots() {
    let server = start(Quick { empty: true, ..Quick::default() });
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &server.certificate).unwrap();
    let arguments = ["bench", "--server", &server.address, "--mode", "pipeline", "--duration", "0.2"];
    let ran = revocache(arguments.iter().copied().chain(["--server-ca", roots.to_str().unwrap()]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in
        ["pipeline: 1 connection, 256 in the air", "does not have", "queries/s", "p50", "CPU per query"]
    {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert_eq!(server.quick.resolved.lock().unwrap().keys().next().unwrap(), "hashes");
    // Somebody else's root.
    std::fs::write(&roots, Authority::root("Other", KeyKind::P256).certificate).unwrap();
    let ran = revocache(arguments.iter().copied().chain(["--server-ca", roots.to_str().unwrap()]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(69), ""), "{ran:?}");
}

#[test]
fn an_interrupt_prints_what_was_measured() {
    let server = start(Quick::default());
    let arguments = server.arguments("--mode pipeline --duration 3600 --warm-up 0 --json");
    let child = program().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while server.quick.answered.load(Ordering::SeqCst) < 20_000 {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    consistent(&report);
    assert_eq!(report["interrupted"], true);
    assert!(number(&report["queries"]) > 0.0);
}

#[test]
fn what_cannot_be_measured_is_told_by_the_exit_code() {
    let server = start(Quick::default());
    for words in [
        "",
        "--mode telepathy",
        "--mode pipeline --batch 5",
        "--mode pipeline --concurrency 0",
        "--mode pipeline --concurrency 5000",
        "--mode pipeline --connections 0",
        "--mode pipeline --duration 0",
        "--mode pipeline --duration -1",
        "--mode pipeline --duration soon",
        "--mode pipeline --serial 01",
        "--mode batch --batch 0",
        "--mode batch --batch 100000",
    ] {
        let ran = server.bench(words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{words}: {ran:?}");
    }
    for arguments in [
        &["bench", "--mode", "pipeline"][..],
        &["bench", "--mode", "pipeline", "--server", &server.address],
        &["bench", "--mode", "pipeline", "--server", "nowhere", "--fingerprint", &server.fingerprint],
        &["bench", "--mode", "pipeline", "--server", &server.address, "--fingerprint", "00"],
    ] {
        let ran = revocache(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{arguments:?}: {ran:?}");
    }
    let wrong = "00".repeat(32);
    // Nobody answers at the port of a socket that is not read.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    for (address, fingerprint) in [(&server.address, &wrong), (&silent, &server.fingerprint)] {
        let arguments = ["bench", "--mode", "pipeline", "--server", address, "--fingerprint", fingerprint];
        let ran = revocache(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(69), ""), "{ran:?}");
        assert!(ran.stderr.contains(address.as_str()), "{ran:?}");
    }
    assert_eq!(server.quick.answered.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_that_goes_away_ends_the_measurement() {
    let server = start(Quick::default());
    let arguments = server.arguments("--mode pipeline --duration 3600 --warm-up 0 --json");
    let child = program().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let quick = Arc::clone(&server.quick);
    let started = Instant::now();
    while quick.answered.load(Ordering::SeqCst) < 20_000 {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Dropping the endpoint closes its connections.
    drop(server);
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(report["interrupted"], false);
    assert!(number(&report["errors"]) >= 1.0, "{report}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ended early"));
}
