//! Containers and certificates through the API, with `openssl` and `keytool` on the other side.

use std::fs;
use std::path::Path;
use std::process::Command;

use revocache::keystore::jks::write_jks;
use revocache::keystore::write_pkcs7;
use revocache_testkit::{Authority, CertificateBuilder, Key, KeyKind, Name};
use serde_json::json;

use super::material::{SAMPLE, certificate, pem};
use super::world::{Part, World, create_body};
use crate::common::{openssl, skipped};

/// Signs the request of `csr/download` by an authority; the certificate (DER) comes back.
pub fn sign(csr_pem: &[u8], ca: &Authority) -> Vec<u8> {
    let text = std::str::from_utf8(csr_pem).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    // CertificationRequestInfo: version, subject, SubjectPublicKeyInfo.
    use revocache::pki::der::{read_single, tag};
    let mut outer = read_single(&der, tag::SEQUENCE).unwrap().reader();
    let mut info = outer.read(tag::SEQUENCE).unwrap().reader();
    info.read(tag::INTEGER).unwrap();
    info.read(tag::SEQUENCE).unwrap();
    let spki = info.read(tag::SEQUENCE).unwrap().raw.to_vec();
    let key = Key::new(KeyKind::P256);
    let mut builder = CertificateBuilder::new(&[0x77], Name::new("issued"), &key).key_usage(&[0]);
    builder.spki = spki;
    builder.build(ca)
}

async fn csr(world: &World, half: &str) -> Vec<u8> {
    let answer =
        world.form(&format!("{half}/csr/download"), "password=123456&privateKeyPassword=abcdef").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/zip");
    assert_eq!(answer.header("content-disposition"), "filename=\"csr.zip\"");
    let files = answer.files();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].0, format!("{half}.csr"));
    files[0].1.clone()
}

#[tokio::test]
async fn an_issued_certificate_replaces_the_self_signed_one() {
    let world = World::new().await;
    world.create("server").await;
    let request = csr(&world, "server").await;
    let root = Authority::root("Issuing Root", KeyKind::P256);
    let ca = root.intermediate("Issuing CA", KeyKind::P256);
    let issued = sign(&request, &ca);
    let upload = async |files: Vec<Part<'_>>| {
        let mut parts = vec![Part::Field("password", "123456"), Part::Field("privateKeyPassword", "abcdef")];
        parts.extend(files);
        world.upload("server/csr/response/upload", &parts).await
    };
    // One for another key does not fit.
    let other = ca.leaf(&[5]).build(&ca);
    assert_eq!(upload(vec![Part::File("certFile", "a.crt", &other)]).await.error(), (400, 2801));
    assert_eq!(upload(vec![Part::File("certFile", "a.crt", b"nothing")]).await.error(), (400, 2204));
    let wrong = [Part::Field("password", "123456"), Part::Field("privateKeyPassword", "wrong!")];
    let wrong: Vec<Part<'_>> = wrong.into_iter().chain([Part::File("certFile", "a.crt", &issued)]).collect();
    assert_eq!(world.upload("server/csr/response/upload", &wrong).await.error(), (400, 2401));
    // Each form of both files.
    let (int_root, p7) = (
        pem("CERTIFICATE", &ca.certificate) + &pem("CERTIFICATE", &root.certificate),
        write_pkcs7(&[certificate(&root.certificate), certificate(&ca.certificate)]),
    );
    let bundle =
        write_pkcs7(&[certificate(&root.certificate), certificate(&issued), certificate(&ca.certificate)]);
    let forms: [(Vec<u8>, Option<Vec<u8>>); 4] = [
        (issued.clone(), Some(int_root.into_bytes())),
        (pem("CERTIFICATE", &issued).into_bytes(), Some(p7.clone())),
        (bundle.clone(), None),
        (pem("PKCS7", &bundle).into_bytes(), None),
    ];
    for (own, chain) in &forms {
        let mut files = vec![Part::File("certFile", "a.crt", own)];
        if let Some(chain) = chain {
            files.push(Part::File("chainFile", "ca.crt", chain));
        }
        assert_eq!(upload(files).await.data(), json!({}));
        let shown = world.form("server/show", "password=123456").await.data();
        assert_eq!(shown["certificate"]["subject"]["CN"], "issued");
        let chain = [
            "CN=Issuing CA,O=Testkit,C=ZZ",
            "CN=Issuing Root,O=Testkit,C=ZZ",
            "CN=Issuing Root,O=Testkit,C=ZZ",
        ];
        assert_eq!(shown["certificate"]["chainInfo"], json!(chain));
    }
    // Without a chain, and with the empty part of a browser.
    let files = vec![Part::File("certFile", "a.crt", &issued), Part::File("chainFile", "", b"")];
    assert_eq!(upload(files).await.data(), json!({}));
    // The request stays: it is for the same key.
    assert_eq!(csr(&world, "server").await, request);
    let deleted = world.form("server/delete", "password=123456").await.data();
    assert_eq!(deleted, json!({}));
    let gone = world.form("server/csr/download", "password=123456&privateKeyPassword=abcdef").await;
    assert_eq!(gone.error(), (403, 4012));
}

#[tokio::test]
async fn openssl_reads_requests_and_exports() {
    let world = World::new().await;
    let changes = [
        ("keyAlgorithm", json!("RSA")),
        ("keySize", json!(2048)),
        ("signatureAlgorithm", json!("sha512WithRSAEncryption")),
        ("CN", json!("host.example")),
    ];
    let body = create_body(&changes);
    world.post_as(&world.session, "client/create", "application/json", body).await.data();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("a.csr"), csr(&world, "client").await).unwrap();
    let Some(ran) = openssl(["req", "-in", &path("a.csr"), "-noout", "-verify", "-text"]) else { return };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in ["CN=host.example", "sha512WithRSAEncryption", "2048 bit", "DNS:host.example"] {
        assert!(ran.stdout.replace("CN = ", "CN=").contains(part), "{part}: {}", ran.stdout);
    }
    for (format, encoding, name, command) in [
        ("X509", "PEM", "client.cer", "x509 -noout -subject -in"),
        ("X509", "DER", "client.cer", "x509 -noout -subject -inform DER -in"),
        ("PKCS7", "PEM", "client.p7b", "pkcs7 -print_certs -in"),
        ("PKCS7", "DER", "client.p7b", "pkcs7 -print_certs -inform DER -in"),
    ] {
        let form = format!("password=123456&outputFormat={format}&dataFormat={encoding}");
        let answer = world.form("client/export", &form).await;
        assert_eq!(answer.header("content-disposition"), "filename=\"certs.zip\"");
        let files = answer.files();
        assert_eq!(files[0].0, name);
        fs::write(path(name), &files[0].1).unwrap();
        let ran = openssl(command.split(' ').chain([path(name).as_str()])).unwrap();
        assert_eq!(ran.code, Some(0), "{format} {encoding}: {ran:?}");
        assert!(ran.stdout.replace(" = ", "=").contains("CN=host.example"), "{ran:?}");
    }
    // PKCS#7 as OpenSSL writes it, in BER too.
    fs::write(path("root.crt"), pem("CERTIFICATE", &SAMPLE.ca.certificate)).unwrap();
    let words =
        format!("crl2pkcs7 -nocrl -certfile {} -outform DER -out {}", path("root.crt"), path("root.p7b"));
    assert_eq!(openssl(words.split(' ')).unwrap().code, Some(0));
    let octets = fs::read(path("root.p7b")).unwrap();
    let all = world.upload("client/ca/import", &[Part::File("caFile", "a.p7b", &octets)]).await.data();
    assert_eq!(all["certificate"][0]["subject"], "CN=CA,OU=CaUnit,O=CaOrg,L=CaCity,ST=CaState,C=JP");
    fs::write(path("leaf.crt"), pem("CERTIFICATE", &SAMPLE.leaf)).unwrap();
    fs::write(path("leaf.key"), pem("PRIVATE KEY", SAMPLE.key.pkcs8())).unwrap();
    let words = format!(
        "cms -sign -stream -nodetach -outform DER -binary -in {} -signer {} -inkey {} -certfile {} -out {}",
        path("root.crt"),
        path("leaf.crt"),
        path("leaf.key"),
        path("root.crt"),
        path("ber.p7b")
    );
    let ran = openssl(words.split(' ')).unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let octets = fs::read(path("ber.p7b")).unwrap();
    assert_eq!(&octets[..2], [0x30, 0x80], "an indefinite length");
    assert_eq!(revocache::keystore::read_certificate_file(&octets, &Default::default()).unwrap().len(), 2);
}

#[tokio::test]
async fn several_authorities_of_one_file_share_a_name() {
    let world = World::new().await;
    let roots: Vec<_> =
        ["A", "B", "C"].map(|name| Authority::root(name, KeyKind::P256)).into_iter().collect();
    let file = write_pkcs7(&roots.iter().map(|root| certificate(&root.certificate)).collect::<Vec<_>>());
    let all = world.upload("server/ca/import", &[Part::File("caFile", "a.p7b", &file)]).await.data();
    let aliases: Vec<String> =
        (0..3).map(|at| all["certificate"][at]["alias"].as_str().unwrap().to_owned()).collect();
    assert_eq!(aliases[0].len(), 37);
    assert!(aliases.iter().enumerate().all(|(at, alias)| *alias == format!("{}{at}", &aliases[0][..36])));
    // The same again adds nothing.
    let again = world.upload("server/ca/import", &[Part::File("caFile", "a.p7b", &file)]).await.data();
    assert_eq!(again, all);
    // One that has expired spoils the file, and nothing is added.
    let mut old = Authority::builder(&[1], &Name::new("Old"), &Key::new(KeyKind::P256));
    old.not_after = 1_600_000_000.into();
    let old = old.build(&roots[0]);
    let fresh = Authority::root("D", KeyKind::P256);
    let file = write_pkcs7(&[certificate(&fresh.certificate), certificate(&old)]);
    let answer = world.upload("server/ca/import", &[Part::File("caFile", "a.p7b", &file)]).await;
    assert_eq!(answer.error(), (400, 2802));
    assert_eq!(world.get("server/ca/list").await.data(), all);
    // The other half has its own.
    assert_eq!(world.get("client/ca/list").await.data(), json!({ "certificate": [] }));
}

async fn import(world: &World, octets: &[u8], password: &str, key_password: &str) -> super::world::Answer {
    let parts = [
        Part::Field("filePassword", password),
        Part::Field("password", "987654"),
        Part::Field("privateKeyPassword", key_password),
        Part::File("filedata", "store", octets),
    ];
    world.upload("server/import", &parts).await
}

#[tokio::test]
async fn java_key_stores_are_imported() {
    let world = World::new().await;
    let jks = write_jks(&[SAMPLE.entry()], &[], "123456", "123456", 1).unwrap();
    let detail = import(&world, &jks, "123456", "zyxwvu").await.data();
    assert_eq!(detail["certificate"]["serialNumber"], "1378947413351");
    assert_eq!(import(&world, &jks, "654321", "zyxwvu").await.error(), (400, 2401));
    // A key under a password of its own opens with the one it is to be stored under.
    let jks = write_jks(&[SAMPLE.entry()], &[], "123456", "zyxwvu", 1).unwrap();
    assert_eq!(import(&world, &jks, "123456", "zyxwvu").await.status, 200);
    assert_eq!(import(&world, &jks, "123456", "other!").await.error(), (400, 2401));
    // An imported key has no request, and keeps what was there when it is refused.
    let form = "password=987654&privateKeyPassword=zyxwvu";
    assert_eq!(world.form("server/csr/download", form).await.error(), (500, 5310));
    for nothing in [&b"garbage"[..], b"\xfe\xed\xfe\xed\x00", &SAMPLE.ca.certificate] {
        assert_eq!(import(&world, nothing, "123456", "zyxwvu").await.error(), (400, 2204));
    }
    assert_eq!(world.form("server/show", "password=987654").await.status, 200);
}

#[tokio::test]
async fn keytool_and_the_api_exchange_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let keytool = |words: &str| run_keytool(folder.path(), words);
    let made = keytool(
        "-genkeypair -alias web -keyalg RSA -keysize 2048 -dname CN=keytool,O=Java,C=JP -storetype JKS \
         -keystore store.jks -storepass 123456 -keypass 123456",
    );
    if made.is_none() {
        return;
    }
    let world = World::new().await;
    let octets = fs::read(folder.path().join("store.jks")).unwrap();
    let detail = import(&world, &octets, "123456", "zyxwvu").await.data();
    assert_eq!(detail["certificate"]["subject"], json!({ "C": "JP", "O": "Java", "CN": "keytool" }));
    // And the certificate back into a trust store.
    let form = "password=987654&outputFormat=PKCS7&dataFormat=PEM";
    let files = world.form("server/export", form).await.files();
    fs::write(folder.path().join("server.p7b"), &files[0].1).unwrap();
    let printed = keytool("-printcert -file server.p7b").unwrap();
    assert!(printed.contains("CN=keytool"), "{printed}");
    let serial = detail["certificate"]["fingerprintSha1"].as_str().unwrap().to_uppercase();
    assert!(printed.contains(&serial), "{serial}: {printed}");
}

fn run_keytool(folder: &Path, words: &str) -> Option<String> {
    let quick = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-Duser.language=en"];
    let ran = Command::new("keytool").args(quick).args(words.split_whitespace()).current_dir(folder).output();
    match ran {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            Some(text)
        }
        Err(error) => {
            skipped(&format!("the keytool program cannot be run ({error})"));
            None
        }
    }
}
