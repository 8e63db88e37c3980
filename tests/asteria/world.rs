//! The router over a key store, with users and a clock that stands where it is set.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use revocache::keystore::pkcs12::Pkcs12Strength;
use revocache::keystore::{KeyStore, KeyStoreSettings, KeyVault};
use revocache::server::http::asteria::{Asteria, AsteriaSettings, router};
use revocache::service::accounts::{Accounts, AccountsSettings, PasswordCost, Role, hash_password};
use revocache::store::{Location, Store, StoreSettings};
use revocache::types::{Clock, UnixTime};
use serde_json::Value;
use tower::ServiceExt;

/// 2026-06-01T00:00:00Z
pub const NOW: i64 = 1_780_272_000;
pub const PASSWORD: &str = "correct horse battery";
/// Cheap, because nobody guesses here.
pub const COST: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };
pub const FAST: Pkcs12Strength =
    Pkcs12Strength { encryption: NonZeroU32::new(1000).unwrap(), mac: NonZeroU32::new(1000).unwrap() };

#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    _folder: tempfile::TempDir,
    pub clock: Arc<SetClock>,
    pub store: Store,
    pub router: Router,
    /// A session of an administrator.
    pub session: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The members of `data`.
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let json = self.json();
        assert_eq!(json["result"]["status"], "success");
        json["result"]["data"].clone()
    }

    /// Status and code of an error.
    pub fn error(&self) -> (u16, u64) {
        let json = self.json();
        assert_eq!(json["result"]["status"], "error", "{json}");
        let code = json["result"]["error"]["code"].as_u64().unwrap();
        assert!(json["result"]["error"]["message"].as_str().unwrap().contains(&code.to_string()));
        (self.status, code)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The files of an archive.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        use std::io::Read;
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&self.body)).unwrap();
        (0..archive.len())
            .map(|position| {
                let mut file = archive.by_index(position).unwrap();
                let mut octets = Vec::new();
                file.read_to_end(&mut octets).unwrap();
                (file.name().unwrap().into_owned(), octets)
            })
            .collect()
    }
}

impl World {
    /// Over a real key store.
    pub async fn new() -> Self {
        Self::with(AsteriaSettings::default(), None).await
    }

    /// Over this one, if there is one.
    pub async fn with(settings: AsteriaSettings, vault: Option<Arc<dyn KeyVault>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(AtomicI64::new(NOW)));
        let shared: Arc<dyn Clock> = Arc::<SetClock>::clone(&clock);
        let location = Location::Sqlite(folder.path().join("store.db"));
        let store = Store::open(&StoreSettings::new(location), Arc::clone(&shared)).await.unwrap();
        for role in Role::ALL {
            let hash = hash_password(PASSWORD, COST).unwrap();
            store.add_account(&role.to_string(), &hash, role.code()).await.unwrap();
        }
        let vault = vault.unwrap_or_else(|| {
            let settings =
                KeyStoreSettings { strength: FAST, ..KeyStoreSettings::new(folder.path().join("keystore")) };
            Arc::new(KeyStore::open(settings, Arc::clone(&shared)).unwrap())
        });
        let settings_of_accounts = AccountsSettings { cost: COST, ..AccountsSettings::default() };
        let accounts = Accounts::new(store.clone(), shared, settings_of_accounts).unwrap();
        let asteria = Asteria::new(vault, accounts, Arc::new(store.clone()), settings);
        let router = router(Arc::new(asteria));
        let mut world = Self { _folder: folder, clock, store, router, session: String::new() };
        world.session = world.log_in("administrator").await;
        world
    }

    /// Logs in and gives the session.
    pub async fn log_in(&self, name: &str) -> String {
        let answer = self.login(&format!("userName=/{name}&password={}", PASSWORD.replace(' ', "+"))).await;
        answer.data()["sessionId"].as_str().unwrap().to_owned()
    }

    pub async fn login(&self, form: &str) -> Answer {
        let request = Request::post("/mcapi/auth/login")
            .header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 16 << 20).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn get(&self, function: &str) -> Answer {
        self.get_as(&self.session, function).await
    }

    pub async fn get_as(&self, session: &str, function: &str) -> Answer {
        let request =
            Request::get(format!("/mcapi/certificate/{function}")).header("X-As-SessionId", session);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn form(&self, function: &str, form: &str) -> Answer {
        self.form_as(&self.session, function, form).await
    }

    pub async fn form_as(&self, session: &str, function: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded; charset=UTF-8";
        self.post_as(session, function, kind, form.as_bytes().to_vec()).await
    }

    pub async fn post_as(&self, session: &str, function: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(format!("/mcapi/certificate/{function}"))
            .header("X-As-SessionId", session)
            .header("Content-Type", kind);
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn upload(&self, function: &str, parts: &[Part<'_>]) -> Answer {
        let (kind, body) = multipart(parts);
        self.post_as(&self.session, function, &kind, body).await
    }

    /// Makes an identity by `create`.
    pub async fn create(&self, half: &str) {
        let body = create_body(&[]);
        let function = format!("{half}/create");
        let kind = "application/json; charset=UTF-8";
        let answer = self.post_as(&self.session, &function, kind, body).await;
        assert_eq!(answer.data(), serde_json::json!({}));
    }
}

/// The body of `create` with some members changed; null removes one. ECDSA, because RSA takes its time.
pub fn create_body(changes: &[(&str, Value)]) -> Vec<u8> {
    let mut body = serde_json::json!({ "certificate": {
        "C": "JP", "ST": "StateName", "L": "LocalityName", "O": "OrganizationName", "OU": "UnitName",
        "CN": "subject", "password": "123456", "privateKeyPassword": "abcdef", "keySize": 256,
        "keyAlgorithm": "EC", "validPeriod": 30, "signatureAlgorithm": "ecdsa-with-SHA256"
    } });
    for (key, value) in changes {
        let certificate = body["certificate"].as_object_mut().unwrap();
        match value {
            Value::Null => drop(certificate.remove(*key)),
            value => drop(certificate.insert((*key).to_owned(), value.clone())),
        }
    }
    body.to_string().into_bytes()
}

/// A part of an upload.
pub enum Part<'a> {
    Field(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

/// As browsers send it, and the samples of the manual: binary files as text/plain.
pub fn multipart(parts: &[Part<'_>]) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "---------------------------120912416424652";
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
        match part {
            Part::Field(name, value) => body.extend_from_slice(
                format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
            ),
            Part::File(name, file, octets) => {
                body.extend_from_slice(
                    format!(
                        "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
                         Content-Type: text/plain\r\n\r\n"
                    )
                    .as_bytes(),
                );
                body.extend_from_slice(octets);
                body.extend_from_slice(b"\r\n");
            }
        }
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}; charset=UTF-8"), body)
}
