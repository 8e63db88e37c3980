//! PKCS#12 and Java KeyStores, both ways.

use std::fs;
use std::num::NonZeroU32;

use revocache::keystore::jks::{JksContent, read_jks, write_jks};
use revocache::keystore::pkcs12::{Pkcs12Strength, write_pkcs12};
use revocache::keystore::{Container, ContainerError, ContainerFormat, ContainerLimits, read_container};

use super::material::{MATERIAL, keytool};
use crate::common::openssl;

pub const FAST: Pkcs12Strength =
    Pkcs12Strength { encryption: NonZeroU32::new(1000).unwrap(), mac: NonZeroU32::new(1000).unwrap() };

fn read(octets: &[u8], password: &str, others: &[&str]) -> Result<Container, ContainerError> {
    read_container(octets, password, others, &ContainerLimits::default())
}

/// The one key of a container is that of the material, with its chain.
fn assert_whole(container: &Container, chain: usize) {
    let [entry] = container.keys.as_slice() else { panic!("{container:?}") };
    assert_eq!(entry.chain, MATERIAL.chain()[..chain]);
    // Programs write PKCS#8 with or without parts nobody needs; the key is the same if its public half is.
    let public = revocache::keystore::public_key_of(&entry.key).unwrap();
    assert_eq!(public, MATERIAL.key.spki());
}

#[test]
fn what_openssl_exports_is_read() {
    let folder = tempfile::tempdir().unwrap();
    MATERIAL.write_pem(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, options) in [
        ("default", ""),
        ("legacy", "-legacy"),
        ("triple", "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"),
        ("aes128", "-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512"),
        ("plain", "-keypbe NONE -certpbe NONE"),
        ("nomac", "-nomac"),
    ] {
        let words = format!(
            "pkcs12 -export -inkey {} -in {} -certfile {} -name Server -passout pass:123456 -out {} {options}",
            path("leaf.key"),
            path("leaf.crt"),
            path("chain.crt"),
            path(name)
        );
        let Some(ran) = openssl(words.split_whitespace()) else { return };
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        let octets = fs::read(path(name)).unwrap();
        let container = read(&octets, "123456", &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(container.format, ContainerFormat::Pkcs12);
        assert_eq!(container.keys[0].alias, "Server", "{name}");
        assert_whole(&container, 3);
        assert!(container.certificates.is_empty());
        let wrong = read(&octets, "1234567", &[]);
        if name != "plain" || wrong.is_err() {
            assert!(
                matches!(wrong, Err(ContainerError::WrongPassword | ContainerError::WrongKeyPassword { .. })),
                "{name}: {wrong:?}"
            );
        }
    }
    // An empty password, which OpenSSL and Windows derive from differently.
    let words = format!(
        "pkcs12 -export -inkey {} -in {} -passout pass: -out {}",
        path("leaf.key"),
        path("leaf.crt"),
        path("empty")
    );
    assert_eq!(openssl(words.split_whitespace()).unwrap().code, Some(0));
    assert_whole(&read(&fs::read(path("empty")).unwrap(), "", &[]).unwrap(), 1);
}

#[test]
fn openssl_reads_what_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.p12");
    let octets =
        write_pkcs12(&[MATERIAL.entry("server")], &[MATERIAL.trusted("root")], "päss 語", FAST).unwrap();
    fs::write(&path, &octets).unwrap();
    assert_whole(&read(&octets, "päss 語", &[]).unwrap(), 3);
    let arguments = ["pkcs12", "-in", path.to_str().unwrap(), "-nodes", "-passin", "pass:päss 語", "-info"];
    let Some(ran) = openssl(arguments) else { return };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.matches("BEGIN CERTIFICATE").count(), 4, "{ran:?}");
    assert_eq!(ran.stdout.matches("BEGIN PRIVATE KEY").count(), 1);
    for named in ["AES-256-CBC", "hmacWithSHA256", "MAC: sha256"] {
        assert!(ran.stderr.contains(named), "{named}: {}", ran.stderr);
    }
    let arguments = ["pkcs12", "-in", path.to_str().unwrap(), "-noout", "-passin", "pass:other"];
    assert_ne!(openssl(arguments).unwrap().code, Some(0));
}

#[test]
fn keytool_reads_what_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let (p12, jks) = (folder.path().join("out.p12"), folder.path().join("out.jks"));
    let (keys, trusted) = ([MATERIAL.entry("server")], [MATERIAL.trusted("root")]);
    fs::write(&p12, write_pkcs12(&keys, &trusted, "123456", FAST).unwrap()).unwrap();
    fs::write(&jks, write_jks(&keys, &trusted, "123456", "abcdef", 1_378_947_413_351).unwrap()).unwrap();
    // From the Java KeyStore into PKCS#12, which opens the key with its own password.
    let words = "-importkeystore -noprompt -srckeystore out.jks -srcstoretype JKS -srcstorepass 123456 \
                 -srckeypass abcdef -srcalias server -destkeystore again.p12 -deststoretype PKCS12 \
                 -deststorepass 987654";
    if keytool(folder.path(), &words.split_whitespace().collect::<Vec<_>>()).is_none() {
        return;
    }
    assert_whole(&read(&fs::read(folder.path().join("again.p12")).unwrap(), "987654", &[]).unwrap(), 3);
    for (store, kind) in [("out.p12", "PKCS12"), ("out.jks", "JKS")] {
        let words = format!("-list -keystore {store} -storetype {kind} -storepass 123456");
        let listed = keytool(folder.path(), &words.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert!(listed.contains("2 entries"), "{listed}");
        assert!(listed.contains("PrivateKeyEntry") && listed.contains("trustedCertEntry"), "{listed}");
    }
}

#[test]
fn what_keytool_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| keytool(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
    let made = run("-genkeypair -alias Server -keyalg EC -groupname secp256r1 -dname CN=subject,C=JP \
                    -storetype JKS -keystore store.jks -storepass 123456 -keypass abcdef");
    if made.is_none() {
        return;
    }
    let octets = fs::read(folder.path().join("store.jks")).unwrap();
    let limits = ContainerLimits::default();
    let store = read_jks(&octets, "123456", &limits).unwrap();
    assert_eq!(store.entries[0].alias, "server");
    let JksContent::PrivateKey { key, chain } = &store.entries[0].content else { panic!("{store:?}") };
    assert_eq!(chain.len(), 1);
    assert!(
        matches!(key.open("123456"), Err(ContainerError::WrongKeyPassword { alias }) if alias == "server")
    );
    let spki = revocache::keystore::public_key_of(&key.open("abcdef").unwrap()).unwrap();
    assert_eq!(super::material::certificate(&chain[0]).public_key().spki(), spki);
    assert!(matches!(read_jks(&octets, "1234567", &limits), Err(ContainerError::WrongPassword)));
    assert_eq!(read(&octets, "123456", &["abcdef"]).unwrap().keys.len(), 1);
    assert!(read(&octets, "123456", &["other"]).is_err());
    run("-importkeystore -noprompt -srckeystore store.jks -srcstorepass 123456 -srckeypass abcdef \
         -srcalias server -destkeystore store.p12 -deststoretype PKCS12 -deststorepass 987654")
    .unwrap();
    let container = read(&fs::read(folder.path().join("store.p12")).unwrap(), "987654", &[]).unwrap();
    assert_eq!((container.keys[0].alias.as_str(), container.keys[0].chain.len()), ("server", 1));
}
