//! The example of the documentation, field for field, from a certificate that was made for it.

use revocache_testkit::der::{implicit, octet_string, oid, sequence, set};
use revocache_testkit::{CertificateBuilder, Dstu, Extension, Key, KeyKind, Name, StringKind, oid as known};
use serde_json::Value;

use crate::world::{PASSWORD, World, faithful, jks, pkcs12};

fn octets(pairs: &str) -> Vec<u8> {
    revocache::types::from_hex(pairs).unwrap()
}

fn name(attributes: &[(&str, &str)]) -> Name {
    attributes.iter().fold(Name::empty(), |name, (oid, text)| name.rdn(oid, StringKind::Utf8, text))
}

/// The certificate of the example: DSTU 4145-2002, and the attributes that the example shows.
pub fn certificate() -> Vec<u8> {
    let owner = name(&[
        ("2.5.4.6", "ua"),
        ("2.5.4.8", "Харківська"),
        ("2.5.4.7", "Харків"),
        ("2.5.4.9", "пр. Науки, 40"),
        ("2.5.4.4", "Тестовий"),
        ("2.5.4.42", "Сертифікат 6 Стартовий"),
        ("2.5.4.3", "Тестовий Сертифікат 6"),
        ("2.5.4.5", "4630076253880D40"),
        ("2.5.4.12", "Розробник"),
    ]);
    let issuer = name(&[
        ("2.5.4.6", "ua"),
        ("2.5.4.7", "Київ"),
        ("2.5.4.10", "ТОВ \"Сайфер БІС\""),
        ("2.5.4.11", "Центр сертифікації ключів"),
        ("2.5.4.3", "ЦСК ТОВ \"Сайфер БІС\""),
        ("2.5.4.5", "4630076253880D40"),
    ]);
    let key = Key::new(KeyKind::P256);
    let public = octets(
        "8D 39 4C DA 49 7D 1D A7 46 92 FE 97 A4 1D 0B AD C3 B0 9F 1B 5C 07 8C 79 31 72 36 92 40 08 2E 13 00",
    );
    let mut builder = CertificateBuilder::new(&octets("00 E5 69 8B B0 4D A1 BF 2F"), owner, &key);
    // Midnight in Kyiv.
    builder.not_before = 1_479_506_400.into();
    builder.not_after = 1_511_042_400.into();
    builder.extensions.clear();
    builder.authority_key_id = false;
    let key_id = octets(
        "B6 2F CE 32 A7 23 48 AB FB 26 F1 5A 4C 04 F9 1A 5E CF 03 D4 98 3E 86 AC 07 32 75 8D 59 37 4C A0",
    );
    let text = |attribute: &str, text: &str| sequence(&[oid(attribute), set(&[StringKind::Utf8.der(text)])]);
    let attributes = sequence(&[
        text("1.2.804.2.1.1.1.11.1.4.99", "000006"),
        text("1.2.804.2.1.1.1.11.1.4.1.1", "КН000006"),
        text("1.2.804.2.1.1.1.11.1.4.2.1", ""),
    ]);
    let builder = builder
        .extension(Extension::new(known::SUBJECT_KEY_IDENTIFIER, &octet_string(&key_id)))
        .key_usage(&[0, 1])
        .extension(Extension::new("2.5.29.17", &sequence(&[implicit(1, b"test@cipher.com")])))
        .extension(Extension::new("2.5.29.9", &attributes));
    Dstu::PB_LE.certificate(builder, &public).build_with(&issuer, &key)
}

fn sample() -> Value {
    serde_json::from_str(include_str!("../../examples/cipher/sample.json")).unwrap()
}

#[tokio::test]
async fn the_example_is_reproduced_field_for_field() {
    let world = World::with(Default::default(), faithful(), None);
    let certificate = certificate();
    for container in [pkcs12(&[&[&certificate]]), jks(&[&[&certificate]], PASSWORD)] {
        let ticket = world.ticket_with(&container).await;
        let answered = world.info(&ticket, "signature", PASSWORD).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        // As text, so that the order of members is compared as well.
        assert_eq!(
            serde_json::to_string_pretty(&answered.json()).unwrap(),
            serde_json::to_string_pretty(&sample()).unwrap()
        );
        // The address of the example in JavaScript.
        let path = format!("/api/v1/ticket/{ticket}/keyStore/certificateInfo/signature");
        let body = serde_json::json!({ "keyStorePassword": PASSWORD });
        assert_eq!(world.put(&path, &body).await.text, answered.text);
        let other = world.info(&ticket, "keyAgreement", PASSWORD).await;
        assert_eq!((other.status, other.text.as_str()), (200, "{}"));
    }
}

/// OpenSSL is another reader of the same certificate.
#[test]
fn the_certificate_of_the_example_is_one_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.cer");
    std::fs::write(&path, certificate()).unwrap();
    let arguments = "x509 -inform DER -noout -text -nameopt utf8,sep_comma_plus,-esc_msb";
    let Some(ran) = crate::common::openssl(crate::common::with_paths(arguments, &[("-in", &path)])) else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in
        ["e5:69:8b:b0:4d:a1:bf:2f", "Nov 18 22:00:00 2016 GMT", "email:test@cipher.com", "Non Repudiation"]
    {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

/// The key store of the example script: the certificate under the password of the documentation.
#[test]
fn the_key_store_of_the_examples_is_the_one_that_is_made_here() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cipher/sample.jks");
    let made = jks(&[&[&certificate()]], PASSWORD);
    if std::env::var_os("REVOCACHE_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == made, "set REVOCACHE_BLESS=1 to write it");
}
