//! A service to ask, a clock to set, and containers to upload.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use revocache::keystore::pkcs12::{Pkcs12Strength, write_pkcs12};
use revocache::keystore::{KeyEntry, PrivateKey};
use revocache::pki::Certificate;
use revocache::server::admin::Readiness;
use revocache::server::http::cipher::{Cipher, CipherSettings, Labels, NameValues, Places, Style, router};
use revocache::service::Checker;
use revocache::service::tickets::{TicketSettings, Tickets};
use revocache::types::{Clock, Seconds, UnixTime};
use revocache_testkit::{Authority, CertificateBuilder, Key, KeyKind, Name, der};
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2016-12-01T00:00:00Z, when the certificate of the documentation was valid.
pub const NOW: i64 = 1_480_550_400;
pub const PASSWORD: &str = "12345678";

/// A clock that a test sets.
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub clock: Arc<TestClock>,
    pub tickets: Arc<Tickets>,
    pub readiness: Arc<Readiness>,
    pub router: Router,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and message.
    pub fn message(&self) -> (u16, String) {
        (self.status, self.json()["message"].as_str().unwrap().to_owned())
    }

    pub fn cause(&self) -> String {
        self.json()["failureCause"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::with(TicketSettings::default(), settings(), None)
    }
}

/// What most tests run with: the defaults, and the key of protected parameters replaced every hour.
pub fn settings() -> CipherSettings {
    CipherSettings { protected_key: Seconds(3600), ..CipherSettings::default() }
}

/// As the service of the documentation writes, slips and all.
pub fn faithful() -> CipherSettings {
    let places = Places { custom_id: Some("1.2.804.2.1.1.1.11.1.4.99".to_owned()), ..Places::default() };
    let style = Style { labels: Labels::Faithful, name_values: NameValues::Cut, places, ..Style::default() };
    CipherSettings { style, ..settings() }
}

impl World {
    pub fn with(tickets: TicketSettings, settings: CipherSettings, checker: Option<Arc<Checker>>) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let readiness = Arc::new(Readiness::default());
        let tickets = Arc::new(Tickets::new(tickets, Arc::clone(&clock) as Arc<dyn Clock>));
        let cipher = Cipher::new(
            settings,
            Arc::clone(&tickets),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&readiness),
            checker,
        );
        Self { clock, tickets, readiness, router: router(Arc::new(cipher)) }
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub async fn ask(&self, method: &str, path: &str, content_type: &str, body: impl Into<Body>) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answered {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        Answered {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(octets.to_vec()).unwrap(),
        }
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answered {
        self.ask("PUT", path, "application/json", body.to_string()).await
    }

    /// A new ticket.
    pub async fn ticket(&self) -> String {
        let answered = self.ask("POST", "/api/v1/ticket", "", Body::empty()).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        answered.json()["ticketUuid"].as_str().unwrap().to_owned()
    }

    pub async fn upload(&self, ticket: &str, container: &[u8]) -> Answered {
        let path = format!("/api/v1/ticket/{ticket}/keyStore");
        self.ask("PUT", &path, "application/octet-stream", container.to_vec()).await
    }

    /// A new ticket with this container.
    pub async fn ticket_with(&self, container: &[u8]) -> String {
        let ticket = self.ticket().await;
        let answered = self.upload(&ticket, container).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        ticket
    }

    pub async fn info(&self, ticket: &str, key_type: &str, password: &str) -> Answered {
        let path = format!("/api/v1/ticket/{ticket}/keyStore/certificate/info/{key_type}");
        self.put(&path, &json!({ "keyStorePassword": password })).await
    }

    pub async fn base64(&self, ticket: &str, key_type: &str, password: &str) -> Answered {
        let path = format!("/api/v1/ticket/{ticket}/keyStore/certificate/base64/{key_type}");
        self.put(&path, &json!({ "keyStorePassword": password })).await
    }

    /// What is told of the signing key's certificate in a container.
    pub async fn told(&self, container: &[u8]) -> Value {
        let ticket = self.ticket_with(container).await;
        let answered = self.info(&ticket, "signature", PASSWORD).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        answered.json()
    }
}

/// The value at a path of a response tree, such as `extensionsCertificateInfo.personalData.drfou`.
pub fn value<'v>(tree: &'v Value, path: &str) -> &'v Value {
    let found = path.split('.').try_fold(tree, |node, name| {
        let node = node.get("value").unwrap_or(node);
        node.get(name)
    });
    let node = found.unwrap_or_else(|| panic!("no {path} in {tree:#}"));
    assert_eq!(node.as_object().unwrap().keys().collect::<Vec<_>>(), ["description", "value"], "{path}");
    &node["value"]
}

/// A PKCS#12 file of keys, each with its certificate and those above it. The keys themselves are of no interest.
pub fn pkcs12(keys: &[&[&[u8]]]) -> Vec<u8> {
    pkcs12_with(keys, 1000)
}

pub fn pkcs12_with(keys: &[&[&[u8]]], rounds: u32) -> Vec<u8> {
    let entry = |(position, chain): (usize, &&[&[u8]])| KeyEntry {
        alias: format!("key {position}"),
        key: PrivateKey::from_pkcs8(Key::new(KeyKind::P256).pkcs8().to_vec().into()).unwrap(),
        chain: chain.iter().map(|der| Certificate::from_der(der).unwrap()).collect(),
    };
    let keys: Vec<KeyEntry> = keys.iter().enumerate().map(entry).collect();
    let rounds = NonZeroU32::new(rounds).unwrap();
    let strength = Pkcs12Strength { encryption: rounds, mac: rounds };
    write_pkcs12(&keys, &[], PASSWORD, strength).unwrap()
}

/// A Java KeyStore of keys, each with its certificate and those above it; the keys are no keys, which nobody looks at.
pub fn jks(keys: &[&[&[u8]]], password: &str) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let text = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
    let mut store = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..], &number(keys.len())].concat();
    for (position, chain) in keys.iter().enumerate() {
        store.extend(number(1));
        store.extend(text(&format!("key{position}")));
        store.extend(1_480_000_000_000_u64.to_be_bytes());
        let protector = der::sequence(&[der::oid("1.3.6.1.4.1.42.2.17.1.1"), vec![5, 0]]);
        let key = der::sequence(&[protector, der::octet_string(&[7; 64])]);
        store.extend([&number(key.len())[..], &key].concat());
        store.extend(number(chain.len()));
        for certificate in *chain {
            store.extend(text("X.509"));
            store.extend([&number(certificate.len())[..], certificate].concat());
        }
    }
    let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let digest = revocache::pki::sha1(&[&utf16, &b"Mighty Aphrodite"[..], &store].concat());
    store.extend(digest);
    store
}

/// A certificate with these key usages, from an authority made for it.
pub fn certificate(usages: &[u8]) -> Vec<u8> {
    let ca = Authority::root("Cipher CA", KeyKind::P256);
    builder("Holder", usages).build(&ca)
}

/// A certificate to be filled, valid in 2016 and 2017.
pub fn builder(holder: &str, usages: &[u8]) -> CertificateBuilder {
    let key = Key::new(KeyKind::P256);
    let mut builder = CertificateBuilder::new(&[0x00, 0xe5, 0x69], Name::new(holder), &key).key_usage(usages);
    builder.not_before = 1_479_506_400.into();
    builder.not_after = 1_511_042_400.into();
    builder
}
