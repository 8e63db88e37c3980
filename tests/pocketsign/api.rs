//! A server with a mock authority, and a client of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use revocache::fetch::http::{AddressPolicy, HttpClient, HttpSettings};
use revocache::ingest::{self, BuildRequest, Rejections, Rollbacks, Silent};
use revocache::live::{Live, LiveSettings};
use revocache::mock::MockAuthorities;
use revocache::pki::{AlgorithmPolicy, Certificate, read_certificates};
use revocache::publish::{IndexFolder, IndexReader};
use revocache::server::http::pocketsign::{PocketSign, PocketSignNumbers, PocketSignSettings, router};
use revocache::service::jpki::CertificateType;
use revocache::service::tenants::issue_token;
use revocache::service::verify::{ChecksByChecker, LinkTable, VerifyService, VerifySettings};
use revocache::service::{AuthoritySettings, CheckSettings, Checker, DelegatesInIndex};
use revocache::store::{CertificateName, Link, Location, Store, StoreSettings};
use revocache::telemetry::{Metrics, Value as Number};
use revocache::types::{Clock, SystemClock, UnixTime};
use serde_json::{Value, json};

use crate::mock::{accepted, certificate, der, mock, sign};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// An error of version 1 with this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        let json = self.expect(status);
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, ["code", "message"], "{json}");
        assert_eq!(json["code"], code, "{json}");
        assert!(!json["message"].as_str().unwrap().is_empty());
    }
}

/// A running server.
pub struct Api {
    pub address: SocketAddr,
    pub store: Store,
    pub database: PathBuf,
    pub runtime: tokio::runtime::Runtime,
    pub authorities: MockAuthorities,
    numbers: Arc<PocketSignNumbers>,
    _folder: tempfile::TempDir,
}

/// The server that most tests share; each keeps to a tenant of its own.
pub fn server() -> &'static Api {
    static SERVER: OnceLock<Api> = OnceLock::new();
    SERVER.get_or_init(|| Api::start(PocketSignSettings::default()))
}

impl Api {
    /// Starts a server of its own, for the authority that all share.
    pub fn start(settings: PocketSignSettings) -> Self {
        Self::start_waiting(settings, Duration::from_secs(5))
    }

    /// As [`Api::start`]; a database that is locked is waited for so long.
    pub fn start_waiting(settings: PocketSignSettings, lock_wait: Duration) -> Self {
        let place = tempfile::tempdir().unwrap();
        let database = place.path().join("revocache.db");
        Self::start_with(settings, lock_wait, database, place)
    }

    /// As [`Api::start`], with the database in this folder.
    pub fn start_in(folder: &Path) -> Self {
        let (settings, place) = (PocketSignSettings::default(), tempfile::tempdir().unwrap());
        Self::start_with(settings, Duration::from_secs(5), folder.join("revocache.db"), place)
    }

    fn start_with(
        settings: PocketSignSettings,
        lock_wait: Duration,
        database: PathBuf,
        place: tempfile::TempDir,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let folder = IndexFolder::new(place.path().join("index"));
        let authority_files = CertificateType::ALL.map(|kind| mock().authority_file(kind));
        let request = BuildRequest {
            folder: folder.clone(),
            anchors: Vec::new(),
            issuers: authority_files.to_vec(),
            crls: vec![mock().lists()],
            at: UnixTime::now(),
            rejections: Rejections::PublishNothing,
            rollbacks: Rollbacks::Refused,
            algorithms: AlgorithmPolicy::default(),
            keep: NonZeroUsize::MIN,
        };
        assert!(ingest::build(&request, &Silent).unwrap().published);

        let authorities = mock().start_responders(&clock).unwrap();
        let mut addresses = AddressPolicy::public_only();
        let mut exceptions = Vec::new();
        for (kind, responder) in &authorities.responders {
            addresses = addresses.with_url(&responder.url()).unwrap();
            let file = std::fs::File::open(mock().authority_file(*kind)).unwrap();
            exceptions.push(AuthoritySettings {
                issuer: read_certificates(file).unwrap().remove(0),
                method: None,
                policy: None,
                responders: vec![responder.url()],
            });
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (store, address, numbers) = runtime.block_on(async {
            let http = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() }).unwrap();
            let reader = Arc::new(IndexReader::open(folder).unwrap());
            let delegates = DelegatesInIndex::new(Arc::clone(&reader), Arc::clone(&clock));
            let live = Live::new(LiveSettings::default(), http, SystemClock, delegates.parts());
            let checking = CheckSettings { authorities: exceptions, ..CheckSettings::default() };
            let checker = Checker::new(reader, Arc::clone(&clock), checking, Some(Arc::new(live)));

            let database =
                StoreSettings { lock_wait, ..StoreSettings::new(Location::Sqlite(database.clone())) };
            let store = Store::open(&database, Arc::clone(&clock)).await.unwrap();
            let mut links = Vec::new();
            for (person, certificates) in mock().links().unwrap() {
                links.extend(certificates.iter().map(|der| Link {
                    person: person.clone(),
                    certificate: CertificateName::of(&Certificate::from_der(der).unwrap()),
                }));
            }
            store.add_links(links).await.unwrap();
            let service = VerifyService::new(
                store.clone(),
                Arc::new(accepted()),
                Arc::new(ChecksByChecker::new(Arc::new(checker))),
                Arc::new(LinkTable::new(store.clone())),
                VerifySettings::default(),
            );
            let state = Arc::new(PocketSign::new(service, settings));
            let numbers = state.numbers();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router(state)).await });
            (store, address, numbers)
        });
        Self { address, store, database, runtime, authorities, numbers, _folder: place }
    }

    /// A client of a new tenant.
    pub fn tenant(&self, name: &str) -> Client {
        self.tenant_until(name, None)
    }

    /// A client of a new tenant, whose token does not count from then on.
    pub fn tenant_until(&self, name: &str, until: Option<UnixTime>) -> Client {
        let issued = self.runtime.block_on(async {
            let tenant = self.store.create_tenant(name).await.unwrap();
            issue_token(&self.store, tenant.id, "test", until).await.unwrap()
        });
        Client { address: self.address, token: Some(issued.secret.reveal().to_owned()) }
    }

    /// How many requests of an operation had an outcome.
    pub fn counted(&self, version: &str, operation: &str, outcome: &str) -> u64 {
        let families = self.numbers.families();
        let samples = families.iter().flat_map(|family| &family.samples);
        let wanted = [("version", version), ("operation", operation), ("outcome", outcome)];
        let found = samples.filter(|sample| {
            sample.labels.iter().zip(wanted).all(|((name, value), wanted)| (*name, value.as_str()) == wanted)
        });
        found
            .map(|sample| match sample.value {
                Number::Count(count) => count,
                _ => 0,
            })
            .sum()
    }
}

/// Somebody who asks the server.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
}

impl Client {
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// Sends a request with these headers (each with its line end), and reads the answer.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{}{headers}\r\n",
            self.address,
            body.len(),
            token.unwrap_or_default()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a body may close before it is read.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) =
            answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", b"")
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "", b"")
    }

    #[allow(clippy::needless_pass_by_value, reason = "written where it is made")]
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "Content-Type: application/json\r\n", body.as_bytes())
    }

    /// A call of version 2, such as `UserService/GetUser`.
    pub fn call(&self, method: &str, body: Value) -> Answer {
        self.post(&format!("/pocketsign.verify.v2.{method}"), body)
    }

    /// Verifies a signature over "a contract" by somebody's certificate, in version 1.
    pub fn verify(&self, person: &str, number: usize, more: Value) -> Answer {
        self.post("/verifications", merged(signed(person, number), more))
    }

    /// Stores somebody's certificate by checking it, and tells its id.
    pub fn stored(&self, person: &str, number: usize, identify: bool) -> String {
        let body = json!({
            "certificate": base64(&der(certificate(person, number))),
            "status_check_method": "crl",
            "identify_user": identify,
        });
        let answer = self.post("/certificates/status", body).expect(200);
        answer["certificate"]["id"].as_str().unwrap().to_owned()
    }
}

/// The request to verify a signature over "a contract" by somebody's certificate, in version 1.
pub fn signed(person: &str, number: usize) -> Value {
    let signer = certificate(person, number);
    let (digest, signature) = sign(signer, "sha256", b"a contract").expect("openssl is installed");
    json!({
        "certificate": base64(&der(signer)),
        "hash_algorithm": "sha256",
        "digest": base64(&digest),
        "signature": base64(&signature),
        "status_check_method": "crl",
    })
}

/// The first object with the members of the second; `null` takes one away.
pub fn merged(mut first: Value, second: Value) -> Value {
    let members = first.as_object_mut().unwrap();
    if let Value::Object(more) = second {
        for (name, value) in more {
            if value.is_null() {
                members.remove(&name);
            } else {
                members.insert(name, value);
            }
        }
    }
    first
}

pub fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}
