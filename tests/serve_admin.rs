//! `revocache serve` as a process: its contract, its admin listener, and what it keeps when it is killed.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
mod serve_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{revocache, with_paths};
use revocache_testkit::{Authority, Entry, KeyKind};
use serve_support::{Answer, Served, SourceServer, request};

const AT: &str = "2025-02-15T00:00:00Z";
/// 2025-02-01, the usual thisUpdate of test lists.
const ISSUED: i64 = 1_738_368_000;

fn list(ca: &Authority, number: u64) -> Vec<u8> {
    let entries = (1..=number).map(|serial| Entry::new(&[u8::try_from(serial).unwrap()]));
    let this_update = ISSUED + i64::try_from(number).unwrap();
    ca.crl().number(number).updates(this_update, Some(1_740_787_200)).entries(entries).build(&ca.key)
}

struct World {
    folder: tempfile::TempDir,
    ca: Authority,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Authority::root("Served CA", KeyKind::P256);
        fs::write(folder.path().join("ca.cer"), &ca.certificate).unwrap();
        Self { folder, ca }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a configuration with these sources.
    fn configure(&self, rest: &str) -> PathBuf {
        let path = self.path("revocache.toml");
        let text = format!(
            "[trust]\nissuers = [\"ca.cer\"]\n[sources]\nminimum = \"1s\"\ngather = \"20ms\"\n{rest}\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    fn serve(&self, config: &Path) -> Served {
        Served::start(&self.data(), &["--config", config.to_str().unwrap(), "--at", AT])
    }

    /// What `check` says of a serial, from the index of the data folder.
    fn status_of(&self, serial: &str) -> String {
        let ran = revocache(with_paths(
            &format!("check --json --at {AT} --serial {serial}"),
            &[("--index", &self.data().join("index")), ("--issuer", &self.path("ca.cer"))],
        ));
        ran.json()["status"].as_str().unwrap().to_owned()
    }

    fn refresh(&self) -> common::Ran {
        revocache(with_paths("refresh --json", &[("--data", &self.data())]))
    }
}

fn source(name: &str, url: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nurls = [\"{url}\"]")
}

#[test]
fn a_first_start_makes_everything_and_a_second_finds_it() {
    let world = World::new();
    let served = Served::start(&world.data(), &[]);
    assert_eq!(served.ready["ready"], true);
    assert_eq!(served.ready["generation"], 1);
    let members: Vec<&String> = served.ready.as_object().unwrap().keys().collect();
    assert_eq!(members, ["ready", "quic", "http", "fingerprint", "generation"]);
    assert_ne!(served.http.port(), 0);
    assert_eq!(served.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(served.get("/readyz").0, 200);
    assert_eq!(served.get("/nothing").0, 404);
    let config = world.data().join("revocache.toml");
    assert_eq!(fs::read_to_string(&config).unwrap(), revocache::config::DEFAULT_TEXT);

    let second = revocache(with_paths("serve --http 127.0.0.1:0", &[("--data", &world.data())]));
    assert_eq!(second.code, Some(69), "{second:?}");
    assert!(second.stderr.contains("another server"), "{second:?}");
    served.stop();
    assert!(!world.data().join("serve.json").exists());

    let ca = world.path("ca.cer");
    fs::write(&config, format!("[trust]\nissuers = [{ca:?}]")).unwrap();
    let served = Served::start(&world.data(), &[]);
    assert_eq!(served.ready["generation"], 2, "the new authority");
    served.signal("INT");
    assert_eq!(served.end().0, Some(0));
    let served = Served::start(&world.data(), &[]);
    assert_eq!(served.ready["generation"], 2, "nothing new, nothing published");
    served.stop();
}

#[test]
fn a_start_that_cannot_be_is_told_with_its_exit_code() {
    let world = World::new();
    let config = world.configure("[[source]]\nname = \"a\"");
    let run = |config: &Path| {
        revocache(with_paths("serve --http 127.0.0.1:0", &[("--data", &world.data()), ("--config", config)]))
    };
    let ran = run(&config);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(65), ""), "{ran:?}");
    assert_eq!(run(&world.path("none.toml")).code, Some(74));
    let config = world.configure("[http]\ntoken_file = \"none\"");
    assert_eq!(run(&config).code, Some(74));
    fs::write(world.path("short"), "abc").unwrap();
    let config = world.configure("[http]\ntoken_file = \"short\"");
    assert_eq!(run(&config).code, Some(65));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = world.configure("");
    let address = taken.local_addr().unwrap().to_string();
    let ran = revocache(with_paths(
        &format!("serve --http {address}"),
        &[("--data", &world.data()), ("--config", &config)],
    ));
    assert_eq!(ran.code, Some(69), "{ran:?}");
    assert!(ran.stderr.contains(&address), "{ran:?}");
    let ran = revocache(with_paths("refresh", &[("--data", &world.path("nowhere"))]));
    assert_eq!(ran.code, Some(69), "{ran:?}");
}

/// The source server changes its list, says 304, sends a web page, an older list, a broken one, and goes away.
#[test]
fn clients_keep_the_last_good_list_whatever_the_source_does() {
    let world = World::new();
    let server = SourceServer::start(Answer::body(list(&world.ca, 2), "two"));
    let served = world.serve(&world.configure(&source("ca", &server.url)));
    assert_eq!(served.ready["generation"], 2);
    assert_eq!((world.status_of("02").as_str(), world.status_of("03").as_str()), ("revoked", "good"));

    let mut broken = list(&world.ca, 4);
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let looks = |code: &str| format!("revocache_source_looks_total{{source=\"ca\",outcome=\"{code}\"}}");
    for (answer, code) in [
        (Answer::body(list(&world.ca, 2), "two"), "unchanged"),
        (Answer::Page, "web_page"),
        (Answer::body(list(&world.ca, 1), "one"), "rollback"),
        (Answer::body(broken, "broken"), "bad_signature"),
        (Answer::Gone, "transfer_failed"),
    ] {
        server.set(answer);
        let ran = world.refresh();
        assert_eq!(ran.json()["sources"][0]["outcome"], code, "{ran:?}");
        assert_eq!(ran.code, Some(if code == "unchanged" { 0 } else { 69 }), "{ran:?}");
        assert_eq!(ran.json()["generation"], 2, "{ran:?}");
        assert_eq!((world.status_of("02").as_str(), world.status_of("03").as_str()), ("revoked", "good"));
        assert!(served.metric(&looks(code)) >= 1.0);
        println!("{code}: generation 2 stays, {:?}", served.source("ca")["problem"]);
    }
    assert!(server.statuses().contains(&304));
    let labels = "{source=\"ca\",origin=\"configured\"}";
    assert!(served.metric(&format!("revocache_source_rollbacks_total{labels}")) >= 1.0);
    assert!(served.metric(&format!("revocache_source_failures{labels}")) >= 1.0);
    assert_eq!(served.get("/readyz").0, 200, "a source that fails is no reason not to be asked");

    server.set(Answer::body(list(&world.ca, 3), "three"));
    let ran = world.refresh();
    assert_eq!((ran.code, &ran.json()["generation"]), (Some(0), &3.into()), "{ran:?}");
    assert_eq!(world.status_of("03"), "revoked");
    let issuer = "{issuer=\"CN=Served CA,O=Testkit,C=ZZ\",partition=\"\",certificates=\"all\",kind=\"base\"}";
    assert!((served.metric(&format!("revocache_crl_number{issuer}")) - 3.0).abs() < 1e-9);
    assert!((served.metric(&format!("revocache_crl_entries{issuer}")) - 3.0).abs() < 1e-9);
    assert!(served.metric(&format!("revocache_crl_next_update_timestamp_seconds{issuer}")) > 1.7e9);
    assert!((served.metric("revocache_generation") - 3.0).abs() < 1e-9);
    served.stop();
}

#[test]
fn a_hangup_reads_the_configuration_again() {
    let world = World::new();
    let server = SourceServer::start(Answer::body(list(&world.ca, 1), "one"));
    let config = world.configure(&source("ca", &server.url));
    let served = world.serve(&config);
    assert_eq!(world.status_of("02"), "good");

    let folder = world.path("import");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ca.crl"), list(&world.ca, 2)).unwrap();
    world.configure("[[source]]\nname = \"import\"\npaths = [\"import\"]\n[quic]\nmax_batch = 5000");
    served.signal("HUP");
    served.until("the new source", |served| served.generation() == 3);
    assert_eq!(world.status_of("02"), "revoked");
    let names: Vec<_> =
        served.status()["sources"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["import"]);
    served.until("the warning", |served| served.log().contains("needs a restart"));

    fs::write(&config, "[nonsense]").unwrap();
    served.signal("HUP");
    served.until("the complaint", |served| served.log().contains("unknown key 'nonsense'"));
    fs::write(folder.join("ca.crl"), list(&world.ca, 3)).unwrap();
    served.until("the configuration before goes on", |served| served.generation() == 4);
    assert_eq!(world.status_of("03"), "revoked");
    served.stop();
}

#[test]
fn a_refresh_needs_the_token_where_there_is_one() {
    let world = World::new();
    fs::write(world.path("token"), "0123456789abcdef\n").unwrap();
    let served = world.serve(&world.configure("[http]\ntoken_file = \"token\""));
    let (status, body) = request(served.http, "POST", "/refresh", "Content-Length: 0\r\n");
    assert_eq!(status, 401, "{body}");
    let authorized = "Authorization: Bearer 0123456789abcdef\r\nContent-Length: 0\r\n";
    assert_eq!(request(served.http, "POST", "/refresh", authorized).0, 200);
    assert_eq!(request(served.http, "GET", "/refresh", authorized).0, 405);
    assert_eq!(world.refresh().code, Some(0), "the command knows where the token is");
    assert!(!served.get("/status").1.contains("0123456789abcdef"));
    assert!(!served.log().contains("0123456789abcdef"));
    served.stop();

    let served = world.serve(&world.configure(""));
    let page = "Origin: http://evil.example.com\r\nContent-Length: 0\r\n";
    assert_eq!(request(served.http, "POST", "/refresh", page).0, 403);
    assert_eq!(request(served.http, "POST", "/refresh", "Content-Length: 0\r\n").0, 200);
    served.stop();
}

#[test]
fn a_stop_does_not_wait_for_a_slow_source() {
    let world = World::new();
    let server = SourceServer::start(Answer::Drip(1000));
    let config = world.configure(&format!("first_look = \"100ms\"\n{}", source("ca", &server.url)));
    let served = world.serve(&config);
    assert_eq!(served.ready["generation"], 1, "ready without it");
    assert!(!server.statuses().is_empty());
    let started = Instant::now();
    served.stop();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let spool: Vec<_> = fs::read_dir(world.data().join("spool")).unwrap().collect();
    assert!(spool.is_empty(), "{spool:?}");
}

#[test]
fn a_large_body_goes_through_the_disk_and_not_through_memory() {
    const SIZE: usize = 200 << 20;
    let world = World::new();
    let server = SourceServer::start(Answer::body(list(&world.ca, 1), "1"));
    let served = world.serve(&world.configure(&source("ca", &server.url)));
    let before = served.peak_memory();
    server.set(Answer::body(vec![0x30; SIZE], "large"));
    let ran = world.refresh();
    assert_eq!(ran.json()["sources"][0]["outcome"], "malformed", "{ran:?}");
    let fetched = served.source("ca")["fetched_octets"].as_u64().unwrap();
    assert!(fetched > 200 << 20);
    let grown = served.peak_memory() - before;
    println!("a body of {} MiB made the process grow by {} MiB", SIZE >> 20, grown >> 20);
    assert!(grown < 50 << 20, "{grown} octets");
    assert!(fs::read_dir(world.data().join("spool")).unwrap().next().is_none());
    served.stop();
    let config = world.configure(&format!("[fetch]\nmax_size = \"1MiB\"\n{}", source("ca", &server.url)));
    let served = world.serve(&config);
    assert_eq!(served.source("ca")["problem"]["code"], "too_large");
    served.stop();
}

#[test]
fn a_kill_during_a_refresh_loses_nothing() {
    let world = World::new();
    let server = SourceServer::start(Answer::body(list(&world.ca, 1), "1"));
    let config = world.configure(&source("ca", &server.url));
    let mut random = revocache_testkit::Random::new(4);
    let mut published = 1;
    for round in 2..14 {
        let served = world.serve(&config);
        assert_eq!(world.status_of(&format!("{published:02x}")), "revoked", "round {round}");
        server.set(Answer::body(list(&world.ca, round), &round.to_string()));
        let address = served.http;
        let refreshing = std::thread::spawn(move || {
            // Cut short by the kill, so anything may come back.
            let _ =
                std::panic::catch_unwind(|| request(address, "POST", "/refresh", "Content-Length: 0\r\n"));
        });
        std::thread::sleep(Duration::from_millis(random.below(80)));
        served.signal("KILL");
        assert_eq!(served.end().0, None);
        refreshing.join().unwrap();
        let verify = revocache(with_paths("verify", &[("--index", &world.data().join("index"))]));
        assert_eq!(verify.code, Some(0), "{verify:?}");
        if world.status_of(&format!("{round:02x}")) == "revoked" {
            published = round;
        }
        assert_eq!(world.status_of(&format!("{published:02x}")), "revoked");
    }
    let served = world.serve(&config);
    assert_eq!(world.status_of("0d"), "revoked", "the last list is there after a start");
    assert!(fs::read_dir(world.data().join("spool")).unwrap().next().is_none());
    served.stop();
}

#[test]
fn the_real_lists_are_served() {
    let Some(real) = common::real_data() else { return };
    let world = World::new();
    let config = world.path("real.toml");
    let text = format!(
        "[trust]\nissuers = [{:?}]\nallow_sha1 = true\n[[source]]\nname = \"real\"\npaths = [{:?}]",
        real.join("issuers"),
        real.join("crls")
    );
    fs::write(&config, text).unwrap();
    let served =
        Served::start(&world.data(), &["--config", config.to_str().unwrap(), "--at", "2025-02-25T00:00:00Z"]);
    let status = served.status();
    let revoked = real.join("certs/amazon-revoked.rootca1.demo.amazontrust.com.cer");
    let ran = revocache(with_paths(
        "check --json --at 2025-02-25T00:00:00Z",
        &[("--index", &world.data().join("index")), ("--cert", &revoked)],
    ));
    assert_eq!(ran.json()["status"], "revoked", "{ran:?}");
    assert!(status["builds"]["entries"].as_u64().unwrap() > 20_000);
    println!("{}", status["builds"]);
    served.stop();
}
