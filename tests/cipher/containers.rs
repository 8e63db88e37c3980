//! Containers as others make them, several keys in one, and those that are no good.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use revocache::service::tickets::TicketSettings;
use revocache_testkit::der::{explicit, integer, octet_string, oid, sequence};
use revocache_testkit::{Authority, Key, KeyKind, Name, pem};
use serde_json::Value;

use crate::common::{openssl, skipped, with_paths};
use crate::world::{PASSWORD, World, builder, certificate, jks, pkcs12, pkcs12_with, settings, value};

/// Runs `keytool`; false, visibly, where there is none.
fn keytool(arguments: &str, paths: &[(&str, &Path)]) -> bool {
    match Command::new("keytool").args(with_paths(arguments, paths)).output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            true
        }
        Err(error) => {
            skipped(&format!("keytool cannot be run ({error})"));
            false
        }
    }
}

async fn shown(world: &World, container: &[u8], key_type: &str) -> Option<Value> {
    let ticket = world.ticket_with(container).await;
    let answered = world.info(&ticket, key_type, PASSWORD).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    Some(answered.json()).filter(|tree| *tree != serde_json::json!({}))
}

/// The whole name as the tree has it.
fn full_name(tree: &Value) -> String {
    value(tree, "ownerCertificateInfo.ownerFullName").as_str().unwrap().to_owned()
}

/// OpenSSL in its present and its former manner, without a code over the file, with a chain.
#[tokio::test]
async fn pkcs12_as_openssl_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (ca, key) = (Authority::root("Cipher CA", KeyKind::P256), Key::new(KeyKind::Rsa));
    let mut builder = builder("OpenSSL", &[0, 1]);
    builder.spki = key.spki();
    let certificate = builder.build(&ca);
    fs::write(path("key.pem"), pem("PRIVATE KEY", key.pkcs8())).unwrap();
    fs::write(path("certificate.pem"), pem("CERTIFICATE", &certificate)).unwrap();
    fs::write(path("ca.pem"), pem("CERTIFICATE", &ca.certificate)).unwrap();
    let world = World::default();
    for manner in [
        "",
        "-certfile",
        "-legacy -macalg sha1",
        "-keypbe AES-128-CBC -certpbe NONE -iter 50000",
        "-nomac",
        "-noiter -nomaciter",
    ] {
        let words = format!("pkcs12 -export -passout pass:{PASSWORD} -name ключ {manner}");
        let mut words = with_paths(&words, &[]);
        if manner == "-certfile" {
            words.push(path("ca.pem").into());
        }
        words.extend(with_paths(
            "",
            &[("-inkey", &path("key.pem")), ("-in", &path("certificate.pem")), ("-out", &path("store.p12"))],
        ));
        let Some(ran) = openssl(words) else { return };
        assert_eq!(ran.code, Some(0), "{manner}: {ran:?}");
        let tree = shown(&world, &fs::read(path("store.p12")).unwrap(), "signature").await.unwrap();
        assert_eq!(full_name(&tree), "OpenSSL", "{manner}");
        assert_eq!(value(&tree, "publicKeyCertificateInfo.dsAlgorism"), "RSA, 2048 біт");
    }
}

/// Two keys in one file, by `keytool`, in both of its formats; and the names as Java prints them.
#[tokio::test]
async fn both_formats_as_keytool_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::default();
    for kind in ["JKS", "PKCS12"] {
        let store = folder.path().join(kind);
        for (alias, usage, name) in
            [("sign", "digitalSignature,nonRepudiation", "Signer"), ("agree", "keyAgreement", "Agreer")]
        {
            let words = format!(
                "-genkeypair -storetype {kind} -storepass {PASSWORD} -keypass {PASSWORD} -alias {alias} -keyalg EC \
                 -groupname secp256r1 -ext KU={usage} -dname CN={name},O=\"A\\,B\",C=ua -noprompt"
            );
            if !keytool(&words, &[("-keystore", &store)]) {
                return;
            }
        }
        let container = fs::read(&store).unwrap();
        let signature = shown(&world, &container, "signature").await.unwrap();
        assert_eq!(full_name(&signature), "Signer", "{kind}");
        assert_eq!(value(&signature, "issuerCertificateInfo.issuerOrganization"), "\"A,B\"");
        let agreement = shown(&world, &container, "keyAgreement").await.unwrap();
        assert_eq!(full_name(&agreement), "Agreer", "{kind}");
        let usage = value(&agreement, "extensionsCertificateInfo.keyUsage");
        assert_eq!(usage, "Узгодження ключів");
    }
}

#[tokio::test]
async fn key_usage_decides_which_key_is_meant() {
    let world = World::default();
    let named =
        |name: &str, usages: &[u8]| builder(name, usages).build(&Authority::root("CA", KeyKind::P256));
    let plain = builder("any", &[]).without("2.5.29.15").build(&Authority::root("CA", KeyKind::P256));
    let (sign, agree, both) = (named("sign", &[0, 1]), named("agree", &[4]), named("both", &[0, 4]));
    let (repudiate, transport, neither) =
        (named("content", &[1]), named("transport", &[2]), named("none", &[3]));
    let (none, one) = (|| None, |name: &str| Some(name.to_owned()));
    for (keys, signature, agreement) in [
        (vec![&sign], one("sign"), none()),
        (vec![&agree], none(), one("agree")),
        (vec![&agree, &sign], one("sign"), one("agree")),
        (vec![&both], one("both"), one("both")),
        (vec![&repudiate, &transport], one("content"), one("transport")),
        (vec![&neither], none(), none()),
        (vec![&plain], one("any"), none()),
        (vec![], none(), none()),
    ] {
        let chains: Vec<Vec<&[u8]>> = keys.iter().map(|der| vec![der.as_slice()]).collect();
        let chains: Vec<&[&[u8]]> = chains.iter().map(Vec::as_slice).collect();
        for container in [pkcs12(&chains), jks(&chains, PASSWORD)] {
            let names = [
                shown(&world, &container, "signature").await.as_ref().map(full_name),
                shown(&world, &container, "keyAgreement").await.as_ref().map(full_name),
            ];
            assert_eq!(names, [signature.clone(), agreement.clone()]);
        }
    }
}

/// A certificate that came along is told only if it is the holder's own, and that of an authority never.
#[tokio::test]
async fn what_came_along_is_not_what_is_asked_for() {
    let world = World::default();
    let ca = Authority::root("Cipher CA", KeyKind::P256);
    let mut authority =
        Authority::builder(&[9], &Name::new("Holder"), &Key::new(KeyKind::P256)).key_usage(&[4]);
    authority.extensions.retain(|extension| extension.oid != "2.5.29.15");
    let authority = authority.key_usage(&[4, 5]).build(&ca);
    let (own, beside) = (builder("Holder", &[0]).build(&ca), builder("Holder", &[4]).build(&ca));
    let stranger = builder("Stranger", &[4]).build(&ca);
    for (chain, agreement) in [
        (vec![&own, &ca.certificate], None),
        (vec![&own, &beside, &ca.certificate], Some(&beside)),
        (vec![&own, &stranger, &ca.certificate], None),
        (vec![&own, &authority, &ca.certificate], None),
    ] {
        let chain: Vec<&[u8]> = chain.iter().map(|der| der.as_slice()).collect();
        let ticket = world.ticket_with(&jks(&[&chain], PASSWORD)).await;
        let answered = world.base64(&ticket, "keyAgreement", PASSWORD).await.json();
        assert_eq!(answered["base64Data"].as_str(), agreement.map(|der| STANDARD.encode(der)).as_deref());
        let answered = world.base64(&ticket, "signature", PASSWORD).await.json();
        assert_eq!(answered["base64Data"], STANDARD.encode(&own));
    }
}

#[tokio::test]
async fn of_several_the_one_that_is_valid_now_and_youngest() {
    let world = World::default();
    let ca = Authority::root("Cipher CA", KeyKind::P256);
    let during = |name: &str, from: i64, until: i64| {
        let mut builder = builder(name, &[0]);
        (builder.not_before, builder.not_after) = (from.into(), until.into());
        builder.build(&ca)
    };
    let year = 31_536_000;
    let old = during("old", crate::world::NOW - 3 * year, crate::world::NOW - year);
    let current = during("current", crate::world::NOW - year, crate::world::NOW + year);
    let younger = during("younger", crate::world::NOW - 60, crate::world::NOW + year);
    let future = during("future", crate::world::NOW + 60, crate::world::NOW + year);
    for (keys, expected) in [
        (vec![&old, &current, &future], "current"),
        (vec![&future, &younger, &current, &old], "younger"),
        (vec![&old, &future], "future"),
        (vec![&old], "old"),
    ] {
        let chains: Vec<Vec<&[u8]>> = keys.iter().map(|der| vec![der.as_slice()]).collect();
        let chains: Vec<&[&[u8]]> = chains.iter().map(Vec::as_slice).collect();
        let tree = shown(&world, &pkcs12(&chains), "signature").await.unwrap();
        assert_eq!(full_name(&tree), expected);
    }
}

#[tokio::test]
async fn formats_of_vendors_are_refused_by_name() {
    let world = World::default();
    let ticket = world.ticket().await;
    let store = sequence(&[oid("1.3.6.1.4.1.19398.1.1.1.2"), octet_string(&[1; 64])]);
    let key6 = sequence(&[store, octet_string(&[2; 64])]);
    for (container, name) in [(key6, "Key-6.dat"), ([&[0xce; 4][..], &[0; 32]].concat(), "JCEKS")] {
        let answered = world.upload(&ticket, &container).await;
        assert_eq!(answered.status, 500);
        assert!(answered.cause().starts_with(&format!("{name} є пропрієтарним форматом")), "{answered:?}");
    }
    // ZS2 is PKCS#12 on the outside; what it is encrypted by shows when it is opened.
    let parameters = sequence(&[octet_string(&[3; 16]), integer(10_000)]);
    let kdf = sequence(&[oid("1.2.840.113549.1.5.12"), parameters]);
    let cipher = sequence(&[oid("1.2.804.2.1.1.1.1.1.1.3"), octet_string(&[4; 16])]);
    let pbes2 = sequence(&[oid("1.2.840.113549.1.5.13"), sequence(&[kdf, cipher])]);
    let data = || oid("1.2.840.113549.1.7.1");
    let content = sequence(&[data(), pbes2, revocache_testkit::der::implicit(0, &[5; 32])]);
    let encrypted = sequence(&[integer(0), content]);
    let part = sequence(&[oid("1.2.840.113549.1.7.6"), explicit(0, &encrypted)]);
    let safe = sequence(&[data(), explicit(0, &octet_string(&sequence(&[part])))]);
    let ticket = world.ticket_with(&sequence(&[integer(3), safe])).await;
    let answered = world.info(&ticket, "signature", PASSWORD).await;
    assert_eq!(answered.status, 500);
    assert!(answered.cause().starts_with("ZS2 зашифровано алгоритмами"), "{answered:?}");
}

/// Damage anywhere is an error with its cause, and never a certificate of nobody.
#[tokio::test]
async fn damaged_containers_are_refused() {
    let world = World::default();
    let certificate = certificate(&[0]);
    for (container, format) in
        [(pkcs12(&[&[&certificate]]), "PKCS#12"), (jks(&[&[&certificate]], PASSWORD), "Java KeyStore")]
    {
        let ticket = world.ticket().await;
        let step = container.len() / 40;
        for position in (8..container.len()).step_by(step) {
            let mut flipped = container.clone();
            flipped[position] ^= 0x40;
            for damaged in [&flipped[..], &container[..position]] {
                if world.upload(&ticket, damaged).await.status != 200 {
                    continue;
                }
                let answered = world.info(&ticket, "signature", PASSWORD).await;
                assert_eq!(answered.status, 500, "{format} at {position}: {answered:?}");
                assert!(!answered.cause().is_empty());
            }
        }
    }
}

/// A file that demands more work than is done for strangers costs nothing; many parts count together.
#[tokio::test]
async fn work_that_is_demanded_has_a_bound() {
    let bounds = TicketSettings { max_iterations: 9_999, ..TicketSettings::default() };
    let world = World::with(bounds, settings(), None);
    let certificate = certificate(&[0]);
    // Three parts: the code over all, the certificates, the key.
    let ticket = world.ticket_with(&pkcs12_with(&[&[&certificate]], 3_333)).await;
    assert_eq!(world.info(&ticket, "signature", PASSWORD).await.status, 200);
    let ticket = world.ticket_with(&pkcs12_with(&[&[&certificate]], 3_334)).await;
    let answered = world.info(&ticket, "signature", PASSWORD).await;
    assert_eq!(answered.status, 500);
    assert!(
        answered.cause().contains("9999 ітерацій обчислення ключа (max_iterations у [cipher])"),
        "{answered:?}"
    );
    let numbers = world.tickets.numbers();
    assert_eq!(numbers.wrong_passwords, 0, "nobody tried a wrong one");
}
