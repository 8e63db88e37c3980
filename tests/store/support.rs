//! Databases to test with: a SQLite file in a temporary folder, and a PostgreSQL server of the test's own.
#![allow(unreachable_pub, reason = "a module of a test")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use revocache::store::{
    CertificateName, CheckFacts, CheckPurpose, CheckStatus, Code, Location, NewCertificate, Recorded,
    Recording, Slice, Store, StoreSettings, Subject, TenantId,
};
use revocache::types::{Clock, Method, SystemClock, UnixTime};

use crate::common::skipped;

/// A runtime as servers have it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// A clock that is set by hand.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(UnixTime::parse_rfc3339(text).unwrap().seconds())))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::Relaxed))
    }
}

/// Settings of a file in a folder.
pub fn sqlite_in(folder: &Path) -> StoreSettings {
    StoreSettings::new(Location::Sqlite(folder.join("store.db")))
}

/// Runs a test against SQLite, and against PostgreSQL where there is one.
pub async fn each_database<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    each_database_at(clock(), test).await;
}

/// As [`each_database`], with a clock.
pub async fn each_database_at<F: Future<Output = ()>>(clock: Arc<dyn Clock>, test: impl Fn(Store) -> F) {
    each_settings(async |settings| {
        test(Store::open(&settings, Arc::clone(&clock)).await.unwrap()).await;
    })
    .await;
}

/// Runs a test with the settings of an empty SQLite file, and of an empty PostgreSQL database where there is one.
pub async fn each_settings(test: impl AsyncFn(StoreSettings)) {
    let folder = tempfile::tempdir().unwrap();
    test(sqlite_in(folder.path())).await;
    if let Some(settings) = postgres().await {
        test(settings).await;
    }
}

/// The settings of an empty PostgreSQL database; `None`, visibly, where there is no PostgreSQL.
pub async fn postgres() -> Option<StoreSettings> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Server::start).as_ref()?;
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let (client, connection) =
        tokio_postgres::connect(&server.url("postgres"), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    Some(StoreSettings::new(Location::Postgres(server.url(&name))))
}

/// A PostgreSQL server in a temporary folder, reached by its socket. A shell stops it and removes the folder when the
/// test process is gone, however it ends.
struct Server {
    folder: PathBuf,
    _shell: Child,
}

const SCRIPT: &str = r#"
"$BIN/initdb" -D "$DIR/data" -A trust -U revocache --no-sync >"$DIR/log" 2>&1 || exit 1
"$BIN/postgres" -D "$DIR/data" -k "$DIR" -c listen_addresses= -c fsync=off -c max_connections=200 >>"$DIR/log" 2>&1 &
cat >/dev/null
kill -QUIT $!
wait
rm -rf "$DIR"
"#;

impl Server {
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skipped("PostgreSQL's programs are not installed (/usr/lib/postgresql/*/bin)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("revocache-pg-").tempdir().unwrap().keep();
        // The server refuses to run as root.
        let mut shell = if std::fs::metadata("/proc/self").is_ok_and(|it| is_root(&it)) {
            if !Command::new("chown").arg("postgres").arg(&folder).status().is_ok_and(|it| it.success()) {
                skipped("there is no user 'postgres' to run PostgreSQL as");
                return None;
            }
            let mut shell = Command::new("setpriv");
            shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            shell
        } else {
            Command::new("sh")
        };
        let shell = shell
            .args(["-c", SCRIPT])
            .env("BIN", programs)
            .env("DIR", &folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { folder, _shell: shell };
        let started = Instant::now();
        while std::os::unix::net::UnixStream::connect(server.folder.join(".s.PGSQL.5432")).is_err() {
            if started.elapsed() > Duration::from_secs(60) {
                let log = std::fs::read_to_string(server.folder.join("log")).unwrap_or_default();
                panic!("PostgreSQL does not start: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It listens a moment before it lets anybody in.
        while !runtime_connects(&server.url("postgres")) {
            assert!(started.elapsed() < Duration::from_secs(60), "PostgreSQL lets nobody in");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://revocache@{folder}/{database}?sslmode=disable")
    }
}

fn runtime_connects(url: &str) -> bool {
    let url = url.to_owned();
    // On a thread of its own: the caller may be inside of a runtime.
    std::thread::spawn(move || {
        runtime().block_on(async {
            match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
                Ok((client, connection)) => {
                    drop(client);
                    connection.await.is_ok()
                }
                Err(_) => false,
            }
        })
    })
    .join()
    .unwrap()
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop()
}

fn is_root(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == 0
}

/// A certificate as far as the store is concerned.
pub fn certificate(number: u8, kind: u8, not_before: i64) -> NewCertificate {
    NewCertificate {
        kind: Code(kind),
        fingerprint: [number; 32],
        name: name(number),
        not_before: UnixTime::from_seconds(not_before),
        not_after: UnixTime::from_seconds(not_before + 1000),
        der: vec![number; 5],
    }
}

pub fn name(number: u8) -> CertificateName {
    CertificateName { issuer_name_hash: [0xca; 32], serial: vec![number] }
}

pub const GOOD: CheckFacts = CheckFacts {
    status: CheckStatus::Good,
    method: Method::Crl,
    purpose: CheckPurpose::LivenessCheck,
    source_updated_at: None,
};

/// A recording of nothing but the certificate.
pub fn recording(tenant: TenantId, certificate: NewCertificate) -> Recording {
    let certificate = Subject::Brought(certificate);
    Recording { tenant, certificate, person: None, check: None, verification: None }
}

pub async fn record(store: &Store, recording: Recording) -> Recorded {
    store.record(recording).await.unwrap().unwrap()
}

pub const ALL: Slice = Slice { limit: 1_000_000, offset: 0 };
