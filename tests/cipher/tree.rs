//! What is told of certificates of every kind: Ukrainian, European, plain, and malformed.

use revocache::server::http::cipher::{CipherSettings, NameValues, Places, Profile, Style, Zone};
use revocache_testkit::der::{element, explicit, implicit, oid, sequence, set};
use revocache_testkit::{
    Authority, CertificateBuilder, Dstu, Extension, GeneralName, Key, KeyKind, Name, StringKind, Time,
};
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, builder, jks, pkcs12, settings, value};

const ATTRIBUTES: &str = "2.5.29.9";
const STATEMENTS: &str = "1.3.6.1.5.5.7.1.3";
const ALTERNATIVE_NAME: &str = "2.5.29.17";
const TAXPAYER: &str = "1.2.804.2.1.1.1.11.1.4.1.1";
const COMPANY: &str = "1.2.804.2.1.1.1.11.1.4.2.1";
const DEMOGRAPHIC: &str = "1.2.804.2.1.1.1.11.1.4.11.1";

fn styled(style: Style) -> World {
    World::with(Default::default(), CipherSettings { style, ..settings() }, None)
}

fn by_authority(builder: &CertificateBuilder) -> Vec<u8> {
    builder.build(&Authority::root("Cipher CA", KeyKind::P256))
}

async fn told(builder: &CertificateBuilder) -> Value {
    World::default().told(&pkcs12(&[&[&by_authority(builder)]])).await
}

fn attributes(list: &[(&str, &str)]) -> Extension {
    let attribute =
        |(kind, text): &(&str, &str)| sequence(&[oid(kind), set(&[StringKind::Printable.der(text)])]);
    Extension::new(ATTRIBUTES, &sequence(&list.iter().map(attribute).collect::<Vec<_>>()))
}

fn statements(list: &[Vec<u8>]) -> Extension {
    let list: Vec<Vec<u8>> = list.iter().map(|statement| sequence(std::slice::from_ref(statement))).collect();
    Extension::new(STATEMENTS, &sequence(&list))
}

fn marks(tree: &Value) -> [bool; 5] {
    ["isTemporary", "isReinforced", "isQualified", "isPrivateKeyOnQSCD", "isElectronicStamp"].map(|name| {
        match value(tree, &format!("extensionsCertificateInfo.{name}")).as_str().unwrap() {
            "true" => true,
            "false" => false,
            other => panic!("{other}"),
        }
    })
}

#[tokio::test]
async fn numbers_of_people_and_companies() {
    for (list, expected) in [
        (&[][..], json!([null, null, null, null])),
        (&[(TAXPAYER, "3456789012"), (COMPANY, "43005393")], json!([null, "3456789012", "43005393", null])),
        (&[(TAXPAYER, ""), (COMPANY, "43005393")], json!([null, null, "43005393", null])),
        (&[(TAXPAYER, "000123456")], json!(["000123456", null, null, null])),
        (&[(DEMOGRAPHIC, "19900101-00017")], json!([null, null, null, "19900101-00017"])),
    ] {
        let tree = told(&builder("Holder", &[0]).extension(attributes(list))).await;
        let personal = ["passport", "drfou", "edrpou", "eddrun"]
            .map(|name| value(&tree, &format!("extensionsCertificateInfo.personalData.{name}")).clone());
        assert_eq!(json!(personal), expected, "{list:?}");
    }
}

#[tokio::test]
async fn what_a_certificate_is_by_law() {
    let national = || oid("1.2.804.2.1.1.1.2.1");
    let etsi = |last: &str| oid(&format!("0.4.0.1862.1.{last}"));
    let kinds = |last: &str| [etsi("6"), sequence(&[etsi(last)])].concat();
    for (list, expected) in [
        (vec![], [false, false, false, false, false]),
        (vec![national()], [false, true, true, false, false]),
        (vec![etsi("1")], [false, false, true, false, false]),
        (vec![national(), etsi("1"), etsi("4"), kinds("6.1")], [false, false, true, true, false]),
        (vec![etsi("1"), kinds("6.2")], [false, false, true, false, true]),
    ] {
        let tree = told(&builder("Holder", &[0]).extension(statements(&list))).await;
        assert_eq!(marks(&tree), expected);
    }
    let purposes = sequence(&[oid("1.3.6.1.5.5.7.3.4"), oid("1.2.804.2.1.1.1.3.9")]);
    let tree = told(&builder("Holder", &[0]).extension(Extension::new("2.5.29.37", &purposes))).await;
    assert_eq!(marks(&tree), [false, false, false, false, true]);

    let policy = sequence(&[sequence(&[oid("1.2.3.4")])]);
    let starting = builder("Holder", &[0]).extension(Extension::new("2.5.29.32", &policy));
    assert!(!marks(&told(&starting).await)[0]);
    let places = Places { temporary_policy: Some("1.2.3.4".to_owned()), ..Places::default() };
    let tree =
        styled(Style { places, ..Style::default() }).told(&pkcs12(&[&[&by_authority(&starting)]])).await;
    assert!(marks(&tree)[0]);
}

#[tokio::test]
async fn keys_of_every_kind_have_a_name_and_their_octets() {
    let (key_path, name_path) = ("publicKeyCertificateInfo.publicKey", "publicKeyCertificateInfo.dsAlgorism");
    for (algorithm, name) in [
        (Dstu::PB_LE, "ДСТУ 4145-2002, ПБ, little-endian"),
        (Dstu::PB_BE, "ДСТУ 4145-2002, ПБ, big-endian"),
        (Dstu::ONB_LE, "ДСТУ 4145-2002, ОНБ, little-endian"),
        (Dstu::KUPYNA_PB_LE, "ДСТУ 4145-2002, ПБ, little-endian, ДСТУ 7564:2014 (256)"),
        (Dstu("1.2.804.2.1.1.1.1.3.9.9"), "1.2.804.2.1.1.1.1.3.9.9"),
    ] {
        let tree = told(&algorithm.certificate(builder("Holder", &[0]), &[0x0a, 0xff])).await;
        assert_eq!(value(&tree, name_path), name);
        assert_eq!(value(&tree, key_path), "0A FF", "without the OCTET STRING around it");
    }
    for (kind, name, octets) in [
        (KeyKind::Rsa, "RSA, 2048 біт", 270),
        (KeyKind::P256, "ECDSA, P-256", 65),
        (KeyKind::P384, "ECDSA, P-384", 97),
        (KeyKind::Ed25519, "Ed25519", 32),
    ] {
        let key = Key::new(kind);
        let mut builder = builder("Holder", &[0]);
        builder.spki = key.spki();
        let tree = told(&builder).await;
        assert_eq!(value(&tree, name_path), name);
        let shown = value(&tree, key_path).as_str().unwrap();
        assert_eq!(shown.split(' ').count(), octets);
        assert_eq!(revocache::types::from_hex(shown).unwrap(), key.public_octets());
    }
}

#[tokio::test]
async fn what_is_not_there_is_null_and_never_left_out() {
    let key = Key::new(KeyKind::P256);
    let mut bare = CertificateBuilder::new(&[0], Name::empty(), &key);
    bare.version3 = false;
    let tree = told(&bare).await;
    let mut nulls = Vec::new();
    let mut members = 0;
    let mut nodes = vec![(String::new(), &tree)];
    while let Some((path, node)) = nodes.pop() {
        for (name, pair) in node.as_object().unwrap() {
            let path = format!("{path}/{name}");
            members += 1;
            match &pair["value"] {
                Value::Object(_) => nodes.push((path, &pair["value"])),
                Value::Null => nulls.push(path),
                _ => {}
            }
        }
    }
    assert_eq!(members, 43, "as many as ever");
    assert_eq!(nulls.len(), 9 + 5 + 5 + 5, "{nulls:#?}");
    assert_eq!(value(&tree, "certificateSerialNumber"), "00");
    assert_eq!(value(&tree, "extensionsCertificateInfo.certificateProfile"), "1");
    let style =
        Style { places: Places { profile: Profile::Unknown, ..Places::default() }, ..Style::default() };
    let tree = styled(style).told(&pkcs12(&[&[&by_authority(&bare)]])).await;
    assert_eq!(value(&tree, "extensionsCertificateInfo.certificateProfile"), &Value::Null);
}

#[tokio::test]
async fn numbers_and_names_as_they_are_written() {
    let named = |attributes: &[(&str, Vec<u8>)]| {
        let mut builder = builder("x", &[0]);
        builder.subject = attributes
            .iter()
            .fold(Name::empty(), |name, attribute| name.rdn_of(std::slice::from_ref(attribute)));
        builder
    };
    let utf8 = |text: &str| StringKind::Utf8.der(text);
    for (number, shown) in [
        (utf8("4630076253880D40"), "46 30 07 62 53 88 0D 40"),
        (utf8("4630076253880140"), "46 30 07 62 53 88 01 40"),
        (utf8("feedf00d"), "FE ED F0 0D"),
        (utf8("2233445566"), "2233445566"),
        (utf8("TINUA-3456789012"), "TINUA-3456789012"),
        (utf8("UA-43174711-2019"), "UA-43174711-2019"),
        (StringKind::Bmp.der("4630076253880D40"), "46 30 07 62 53 88 0D 40"),
        (element(4, &[0x46, 0x30]), "46 30"),
    ] {
        let tree = told(&named(&[("2.5.4.5", number)])).await;
        assert_eq!(value(&tree, "ownerCertificateInfo.ownerSerialNumber"), shown);
        assert_eq!(value(&tree, "extensionsCertificateInfo.subjectOwnerId"), shown);
    }
    // The same name in three styles.
    let street =
        named(&[("2.5.4.9", utf8("пр. Науки, 40")), ("2.5.4.12", utf8("a")), ("2.5.4.12", utf8("b"))]);
    for (name_values, shown) in [
        (NameValues::Quoted, "\"пр. Науки, 40\""),
        (NameValues::Cut, "\"пр. Науки"),
        (NameValues::Plain, "пр. Науки, 40"),
    ] {
        let world = styled(Style { name_values, ..Style::default() });
        let tree = world.told(&pkcs12(&[&[&by_authority(&street)]])).await;
        assert_eq!(value(&tree, "ownerCertificateInfo.ownerAddress"), shown);
        assert_eq!(value(&tree, "ownerCertificateInfo.ownerPosition"), "a, b");
    }
    for (octets, shown) in
        [(&[0x00, 0xff][..], "FF"), (&[0x7f], "7F"), (&[0xff, 0x01], "FF 01"), (&[0], "00")]
    {
        let mut builder = builder("x", &[0]);
        builder.serial = octets.to_vec();
        assert_eq!(value(&told(&builder).await, "certificateSerialNumber"), shown);
    }
}

#[tokio::test]
async fn other_names_of_every_form() {
    let upn = |text: &str| {
        let value = explicit(0, &StringKind::Utf8.der(text));
        element(0xa0, &[oid("1.3.6.1.4.1.311.20.2.3"), value].concat())
    };
    for (names, shown) in [
        (vec![implicit(1, b"test@cipher.com")], json!("test@cipher.com")),
        (
            vec![implicit(1, b"a@b"), upn("user@domain"), implicit(2, b"host")],
            json!("a@b, user@domain, host"),
        ),
        (
            vec![implicit(7, &[10, 0, 0, 1]), GeneralName::uri("http://x/").der()],
            json!("10.0.0.1, http://x/"),
        ),
        (vec![GeneralName::Directory(Name::new("x")).der()], json!("CN=x,O=Testkit,C=ZZ")),
        (vec![implicit(7, &[1])], Value::Null),
    ] {
        let extension = Extension::new(ALTERNATIVE_NAME, &sequence(&names));
        let tree = told(&builder("Holder", &[0]).extension(extension)).await;
        assert_eq!(value(&tree, "extensionsCertificateInfo.alternativeOwnerName"), &shown);
    }
}

#[tokio::test]
async fn dates_are_those_of_the_zone() {
    let mut summer = builder("Holder", &[0]);
    summer.not_before = Time::from(1_711_846_800);
    summer.not_after = Time::from(253_402_300_799);
    let container = pkcs12(&[&[&by_authority(&summer)]]);
    for (zone, from, until) in [
        (Zone::Kyiv, "Sun Mar 31 04:00:00 EEST 2024", "Fri Dec 31 23:59:59 UTC 9999"),
        (Zone::Tokyo, "Sun Mar 31 10:00:00 JST 2024", "Fri Dec 31 23:59:59 UTC 9999"),
        (Zone::Utc, "Sun Mar 31 01:00:00 UTC 2024", "Fri Dec 31 23:59:59 UTC 9999"),
    ] {
        let tree = styled(Style { zone, ..Style::default() }).told(&container).await;
        assert_eq!((value(&tree, "notBefore"), value(&tree, "notAfter")), (&json!(from), &json!(until)));
    }
}

/// An extension that cannot be read is not one that is not there.
#[tokio::test]
async fn malformed_extensions_are_told_and_not_passed_over() {
    let twice = attributes(&[(TAXPAYER, "1"), (TAXPAYER, "2")]);
    let no_kinds = sequence(&[sequence(&[oid("0.4.0.1862.1.6"), vec![5, 0]])]);
    for extension in [
        twice,
        Extension::new(ATTRIBUTES, &[4, 0]),
        Extension::new(ATTRIBUTES, &sequence(&[vec![5, 0]])),
        Extension::new(STATEMENTS, &sequence(&[vec![5, 0]])),
        Extension::new(STATEMENTS, &no_kinds),
        Extension::new(ALTERNATIVE_NAME, &sequence(&[])),
        Extension::new("2.5.29.37", &sequence(&[vec![5, 0]])),
    ] {
        let world = World::default();
        let certificate = by_authority(&builder("Holder", &[0]).extension(extension.clone()));
        // Nobody looks into it before it is asked for.
        let ticket = world.ticket_with(&jks(&[&[&certificate]], PASSWORD)).await;
        let answered = world.info(&ticket, "signature", PASSWORD).await;
        assert_eq!(answered.status, 500, "{extension:?}");
        assert!(answered.cause().starts_with("Розширення сертифіката не вдалося прочитати"), "{answered:?}");
        assert_eq!(
            world.base64(&ticket, "signature", PASSWORD).await.status,
            200,
            "it is there all the same"
        );
    }
    // Key usage decides what the certificate is for, and is read before.
    let broken = builder("Holder", &[]).without("2.5.29.15").extension(Extension::new("2.5.29.15", &[3, 0]));
    let world = World::default();
    let ticket = world.ticket_with(&jks(&[&[&by_authority(&broken)]], PASSWORD)).await;
    let answered = world.base64(&ticket, "signature", PASSWORD).await;
    assert!(answered.cause().starts_with("Сертифікат ключа не вдалося прочитати"), "{answered:?}");
}
