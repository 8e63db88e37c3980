//! A server process whose identity and trust change while it runs: new connections see the change, old ones live on.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client as Http;
use revocache::client::{Client, ClientIdentity, ClientSettings, ServerTrust};
use revocache_testkit::{Authority, CertificateBuilder, Entry, Key, KeyKind, Name};
use serde_json::{Value, json};

use super::containers::sign;
use super::world::{Part, multipart};
use crate::common::{program, skipped};
use crate::serve_support::Served;

const PASSWORD: &str = "correct horse battery";

/// A server with the console over HTTPS, a CA whose lists it follows, and an administrator.
struct Site {
    folder: tempfile::TempDir,
    served: Served,
    https: SocketAddr,
    quic: SocketAddr,
    http: Http,
    session: String,
}

impl Site {
    async fn start(ca: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lists")).unwrap();
        fs::write(folder.path().join("ca.cer"), &ca.certificate).unwrap();
        let config = folder.path().join("revocache.toml");
        let text = format!(
            "[asteria]\nenabled = true\n[http.asteria]\nlisten = \"127.0.0.1:0\"\ntls = true\n\
             [trust]\nissuers = [{:?}]\n[sources]\npoll = \"100ms\"\ngather = \"0s\"\n\
             [[source]]\nname = \"lists\"\npaths = [{:?}]\n",
            folder.path().join("ca.cer"),
            folder.path().join("lists")
        );
        fs::write(&config, text).unwrap();
        let data = folder.path().join("data");
        add_user(&data, "admin", "administrator");
        let served = Served::start(&data, &["--config", config.to_str().unwrap()]);
        let address = |text: &Value| text.as_str().unwrap().parse().unwrap();
        let (https, quic) = (address(&served.ready["own"]["asteria"]), address(&served.ready["quic"]));
        let mut site = Self { folder, served, https, quic, http: anyone(), session: String::new() };
        let form = format!("userName=admin&password={}", PASSWORD.replace(' ', "+"));
        let data = site.post("auth/login", FORM, form.into_bytes()).await;
        site.session = data["sessionId"].as_str().unwrap().to_owned();
        site
    }

    async fn post(&self, function: &str, kind: &str, body: Vec<u8>) -> Value {
        let octets = self.octets(function, kind, body).await;
        let json: Value = serde_json::from_slice(&octets).unwrap();
        assert_eq!(json["result"]["status"], "success", "{function}: {json}\n{}", self.served.log());
        json["result"]["data"].clone()
    }

    async fn octets(&self, function: &str, kind: &str, body: Vec<u8>) -> Vec<u8> {
        let request = self.http.post(format!("https://{}/mcapi/{function}", self.https));
        let request = request.header("Content-Type", kind).header("X-As-SessionId", &self.session);
        request.body(body).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn upload(&self, function: &str, parts: &[Part<'_>]) -> Value {
        let (kind, body) = multipart(parts);
        self.post(&format!("certificate/{function}"), &kind, body).await
    }

    /// A client of the query protocol that knows the server by this fingerprint.
    async fn client(
        &self,
        fingerprint: [u8; 32],
        identity: Option<ClientIdentity>,
    ) -> Result<Client, String> {
        let settings =
            ClientSettings { identity, deadline: Duration::from_secs(2), ..ClientSettings::default() };
        let trust = ServerTrust::Fingerprint(fingerprint);
        let client = Client::connect(self.quic, trust, settings).await.map_err(|error| error.to_string())?;
        // Under TLS 1.3 a client learns only afterwards what the server thinks of its certificate.
        client.info().await.map_err(|error| error.to_string())?;
        Ok(client)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `openssl s_client` sees of the certificate.
    fn seen_by_openssl(&self) -> Option<String> {
        let arguments = ["s_client", "-connect", &self.https.to_string(), "-servername", "localhost"];
        let ran = run_openssl(&arguments, b"")?;
        Some(ran.replace(" = ", "="))
    }

    fn publish(&self, ca: &Authority, number: u64, revoked: &[&[u8]]) {
        let entries = revoked.iter().map(|serial| Entry::new(serial).reason(1));
        let list = ca.crl().number(number).entries(entries).build(&ca.key);
        fs::write(self.path("lists/new"), list).unwrap();
        fs::rename(self.path("lists/new"), self.path("lists/ca.crl")).unwrap();
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

pub fn add_user(data: &Path, name: &str, role: &str) {
    let mut child = program()
        .args(["user", "add", name, "--role", role, "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// HTTPS without asking who the server is: that is what is tested elsewhere.
fn anyone() -> Http {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = crate::quic_anyone::Anyone(std::sync::Arc::clone(&provider));
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(verifier))
        .with_no_client_auth();
    Http::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}

fn run_openssl(arguments: &[&str], input: &[u8]) -> Option<String> {
    let child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            skipped(&format!("the openssl program cannot be run ({error})"));
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

fn fingerprint(der: &[u8]) -> [u8; 32] {
    revocache::pki::sha256(der)
}

fn of_ready(served: &Served) -> [u8; 32] {
    let hex = served.ready["fingerprint"].as_str().unwrap();
    let octets: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    octets.try_into().unwrap()
}

fn show_client(issuer: &Authority, serial: &[u8]) -> (Key, Vec<u8>) {
    let key = Key::new(KeyKind::P256);
    let leaf = CertificateBuilder::new(serial, Name::new("a client"), &key).key_usage(&[0]).build(issuer);
    (key, leaf)
}

fn identity(key: &Key, chain: &[&[u8]]) -> Option<ClientIdentity> {
    let chain = chain.iter().map(|der| der.to_vec().into()).collect();
    Some(ClientIdentity { chain, key: rustls::pki_types::PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into()) })
}

fn unzipped(octets: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(octets)).unwrap();
    let mut file = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut file).unwrap();
    file
}

fn create_body() -> Vec<u8> {
    json!({ "certificate": {
        "CN": "localhost", "O": "Before", "password": "123456", "privateKeyPassword": "abcdef", "keySize": 256,
        "keyAlgorithm": "EC", "validPeriod": 30, "signatureAlgorithm": "ecdsa-with-SHA256"
    } })
    .to_string()
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_reaches_new_connections_and_leaves_old_ones_alone() {
    let ca = Authority::root("Public CA", KeyKind::P256);
    let site = Site::start(&ca).await;
    let first = of_ready(&site.served);
    let old = site.client(first, None).await.unwrap();

    site.post("certificate/server/create", "application/json", create_body()).await;
    assert!(site.client(first, None).await.is_err(), "the self-signed one is not presented any more");
    if let Some(seen) = site.seen_by_openssl() {
        assert!(seen.contains("subject=O=Before, CN=localhost"), "{seen}");
        assert!(seen.contains("issuer=O=Before, CN=localhost"), "{seen}");
    }
    let passwords = b"password=123456&privateKeyPassword=abcdef".to_vec();
    let request = unzipped(&site.octets("certificate/server/csr/download", FORM, passwords).await);
    let issued = sign(&request, &ca);
    let parts = [
        Part::Field("password", "123456"),
        Part::Field("privateKeyPassword", "abcdef"),
        Part::File("certFile", "test.crt", &issued),
        Part::File("chainFile", "ca.crt", &ca.certificate),
    ];
    assert_eq!(site.upload("server/csr/response/upload", &parts).await, json!({}));
    let new = site.client(fingerprint(&issued), None).await.unwrap();
    if let Some(seen) = site.seen_by_openssl() {
        assert!(seen.contains("subject=C=ZZ, O=Testkit, CN=issued"), "{seen}");
        assert!(seen.contains("issuer=C=ZZ, O=Testkit, CN=Public CA"), "{seen}");
    }
    // The connections of before go on.
    old.info().await.unwrap();
    new.info().await.unwrap();
    // SIGHUP reads the configuration again, whose certificate does not come back by it.
    site.served.signal("HUP");
    site.served.until("reloaded", |served| served.log().contains("configuration reloaded"));
    site.client(fingerprint(&issued), None).await.unwrap();

    // It is there after a restart, without anybody to type a password; deleted, the usual one is back.
    let Site { folder, served, .. } = site;
    let config = folder.path().join("revocache.toml");
    served.stop();
    let served = Served::start(&folder.path().join("data"), &["--config", config.to_str().unwrap()]);
    assert_eq!(of_ready(&served), fingerprint(&issued));
    served.stop();
    for file in ["server.identity", "seal.key"] {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode =
                fs::metadata(folder.path().join("data/keystore").join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_let_in_by_the_authorities_of_the_moment() {
    let ca = Authority::root("Client CA", KeyKind::P256);
    let site = Site::start(&ca).await;
    let server = of_ready(&site.served);
    let (key, leaf) = show_client(&ca, &[0x51]);
    let chain: [&[u8]; 2] = [&leaf, &ca.certificate];
    let show = || identity(&key, &chain);
    site.client(server, None).await.unwrap();
    assert!(site.client(server, show()).await.is_err(), "nobody is trusted yet");

    let import = async || {
        let all = site.upload("server/ca/import", &[Part::File("caFile", "ca.cer", &ca.certificate)]).await;
        all["certificate"][0]["alias"].as_str().unwrap().to_owned()
    };
    let alias = import().await;
    let accepted = site.client(server, show()).await.unwrap();
    let stranger = Authority::root("Stranger", KeyKind::P256);
    let (other_key, other) = show_client(&stranger, &[0x51]);
    assert!(site.client(server, identity(&other_key, &[&other])).await.is_err());
    // The same over HTTPS, with a session to come back with.
    let [cert, private, session] =
        ["c.pem", "k.pem", "s.pem"].map(|name| site.path(name).display().to_string());
    fs::write(&cert, super::material::pem("CERTIFICATE", &leaf)).unwrap();
    fs::write(&private, super::material::pem("PRIVATE KEY", key.pkcs8())).unwrap();
    let address = site.https.to_string();
    let ask = |session_flag: &str| {
        let arguments = [
            "s_client",
            "-connect",
            &address,
            "-cert",
            &cert,
            "-key",
            &private,
            "-quiet",
            "-ign_eof",
            session_flag,
            &session,
        ];
        run_openssl(&arguments, b"GET /mcapi/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    };
    let has_openssl =
        ask("-sess_out").inspect(|seen| assert!(seen.contains("HTTP/1.1 404"), "{seen}")).is_some();

    let left = site.post("certificate/server/ca/delete", FORM, format!("alias={alias}").into_bytes()).await;
    assert_eq!(left, json!({ "certificate": [] }));
    assert!(site.client(server, show()).await.is_err(), "its authority was deleted");
    if has_openssl {
        let resumed = ask("-sess_in").unwrap();
        assert!(!resumed.contains("HTTP/1.1"), "a session was resumed past the deletion: {resumed}");
    }
    accepted.info().await.unwrap();
    site.client(server, None).await.unwrap();

    // Trusted again, and revoked by a list.
    import().await;
    site.client(server, show()).await.unwrap();
    site.publish(&ca, 1, &[&[0x51]]);
    let begun = Instant::now();
    while site.client(server, show()).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", site.served.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if has_openssl {
        let seen = ask("-sess_out").unwrap();
        assert!(!seen.contains("HTTP/1.1"), "{seen}");
    }
    let (second_key, second) = show_client(&ca, &[0x52]);
    site.client(server, identity(&second_key, &[&second, &ca.certificate])).await.unwrap();
    site.served.stop();
}

/// Killed in the middle of whatever it was doing, the server comes up with a key and a certificate that belong together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_one_identity_or_the_other() {
    let ca = Authority::root("Crash CA", KeyKind::P256);
    let site = Site::start(&ca).await;
    site.post("certificate/server/create", "application/json", create_body()).await;
    let Site { folder, served, https, http, session, .. } = site;
    let config = folder.path().join("revocache.toml");
    let mut current = (served, https, session);
    for round in 0..4 {
        let url = format!("https://{}/mcapi/certificate/server/create", current.1);
        let request = http.post(url).header("X-As-SessionId", &current.2).body(create_body());
        let asked = tokio::spawn(request.send());
        tokio::time::sleep(Duration::from_millis(150 + 90 * round)).await;
        current.0.signal("KILL");
        let _ = asked.await;
        drop(current.0);
        let served = Served::start(&folder.path().join("data"), &["--config", config.to_str().unwrap()]);
        let quic: SocketAddr = served.ready["quic"].as_str().unwrap().parse().unwrap();
        let trust = ServerTrust::Fingerprint(of_ready(&served));
        let client = Client::connect(quic, trust, ClientSettings::default()).await.unwrap();
        client.info().await.unwrap();
        let https = served.ready["own"]["asteria"].as_str().unwrap().parse().unwrap();
        let form = format!("userName=admin&password={}", PASSWORD.replace(' ', "+"));
        let request = http.post(format!("https://{https}/mcapi/auth/login")).header("Content-Type", FORM);
        let answer: Value =
            serde_json::from_slice(&request.body(form).send().await.unwrap().bytes().await.unwrap()).unwrap();
        let session = answer["result"]["data"]["sessionId"].as_str().unwrap().to_owned();
        let shown = http
            .post(format!("https://{https}/mcapi/certificate/server/show"))
            .header("X-As-SessionId", &session)
            .header("Content-Type", FORM)
            .body("password=123456");
        assert_eq!(shown.send().await.unwrap().status().as_u16(), 200);
        current = (served, https, session);
    }
    let left: Vec<_> = fs::read_dir(folder.path().join("data/keystore"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".writing"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
