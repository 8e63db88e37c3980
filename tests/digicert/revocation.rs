//! Beyond the original: whether the certificate of an order is revoked.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use revocache::publish::{IndexFolder, IndexReader};
use revocache::service::{CheckSettings, Checker, Issuers, MethodPolicy};
use revocache::types::{FixedClock, UnixTime};
use revocache_testkit::{Authority, CertificateBuilder, Entry, Key, KeyKind, Name};
use serde_json::{Value, json};

use super::world::{Plan, World};
use crate::common::world::{AT, DAY, FEBRUARY, World as Built};

fn pem(certificates: &[&[u8]]) -> String {
    let block = |der: &&[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    certificates.iter().map(block).collect()
}

fn order(id: i64, pem: &str) -> Value {
    json!({"id": id, "status": "issued", "date_created": "2025-01-01T00:00:00Z",
           "product": {"name_id": "ssl_dv", "name": "DV", "validation_type": "dv"},
           "certificate": {"id": id, "pem": pem}})
}

/// An authority with a list that names serial 7, and a world that knows it.
async fn world() -> (World, Authority, Built) {
    let ca = Authority::root("Order CA", KeyKind::P256);
    let built = Built::new();
    let entry = Entry::new(&[7]).revoked_at(FEBRUARY - DAY).reason(1);
    let list = ca.crl().number(1).entry(entry).build(&ca.key);
    assert_eq!(built.build(&[&ca.certificate], &[&list]), ["accepted"]);
    let reader = Arc::new(IndexReader::open(IndexFolder::new(built.path("index"))).unwrap());
    let settings = CheckSettings {
        method: MethodPolicy::Crl,
        policy: revocache::policy::Policy::default(),
        issuers: Issuers::InIndex,
        responders: Vec::new(),
        authorities: Vec::new(),
    };
    let at = UnixTime::parse_rfc3339(AT).unwrap();
    let checker = Checker::new(reader, Arc::new(FixedClock(at)), settings, None);
    let plan = Plan { at: AT, checker: Some(Arc::new(checker)), ..Plan::default() };
    (World::with(plan).await, ca, built)
}

fn leaf(ca: &Authority, serial: &[u8], name: &str) -> Vec<u8> {
    CertificateBuilder::new(serial, Name::new(name), &Key::new(KeyKind::P256)).key_usage(&[0]).build(ca)
}

#[tokio::test]
async fn order_info_tells_the_verdict() {
    let (world, ca, _built) = world().await;
    let (revoked, good) = (leaf(&ca, &[7], "bad.example"), leaf(&ca, &[8], "good.example"));
    let other = Authority::root("Other CA", KeyKind::P256);
    let unknown = leaf(&other, &[7], "other.example");
    world
        .import(json!({"orders": [
            order(701, &pem(&[&revoked])), order(702, &pem(&[&good, &ca.certificate])), order(703, &pem(&[&unknown]))]}))
        .await;
    let asked = async |id: i64| world.get(&format!("order/certificate/{id}")).await.json();
    let document = asked(701).await;
    assert_eq!(document["status"], "issued", "the order itself stays as it is");
    let expected = json!({
        "status": "revoked", "cause": null, "revocation_reason": "key_compromise",
        "revoked_at": "2025-01-31T00:00:00+00:00", "invalidity_date": null, "method": "crl",
        "this_update": "2025-02-01T00:00:00+00:00", "next_update": "2025-03-01T00:00:00+00:00", "crl_number": "01",
        "generation": 1
    });
    assert_eq!(document["certificate"]["revocation"].to_string(), expected.to_string());
    assert_eq!(asked(702).await["certificate"]["revocation"]["status"], "good");
    let verdict = asked(703).await["certificate"]["revocation"].clone();
    assert_eq!((&verdict["status"], &verdict["cause"]), (&json!("unknown"), &json!("authority_unknown")));
    assert_eq!(asked(112_211).await["certificate"].get("revocation"), None, "no certificate at hand");
}

#[tokio::test]
async fn a_certificate_tells_about_itself() {
    let (world, ca, _built) = world().await;
    let der = leaf(&ca, &[0, 0xab], "good.example");
    world.import(json!({"orders": [order(704, &pem(&[&der]))]})).await;
    let document = world.get("order/certificate/704").await.json();
    let certificate = &document["certificate"];
    assert_eq!(certificate["common_name"], "good.example");
    assert_eq!(certificate["serial_number"], "AB");
    assert_eq!((&certificate["key_size"], &certificate["signature_hash"]), (&json!(256), &json!("sha256")));
    assert_eq!(certificate["valid_till"], "2034-01-01");
    assert_eq!(certificate["ca_cert"]["name"], "Order CA");
    let thumbprint = certificate["thumbprint"].as_str().unwrap();
    let text = crate::common::openssl_digest(&der);
    if let Some(text) = text {
        assert_eq!(thumbprint, text);
    }
    for reference in [thumbprint, "ab", "00:AB"] {
        let found = world.get(&format!("order/certificate/{reference}")).await.json();
        assert_eq!(found["id"], 704, "{reference}");
    }
}

#[tokio::test]
async fn what_contradicts_the_certificate_is_refused() {
    let (world, ca, _built) = world().await;
    let der = leaf(&ca, &[8], "good.example");
    for (member, value) in
        [("common_name", "other.example"), ("serial_number", "09"), ("thumbprint", "00"), ("valid_till", AT)]
    {
        let mut document = order(705, &pem(&[&der]));
        document["certificate"][member] = json!(value);
        let reply = world.admin("POST", "import", &json!({"orders": [document]})).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.json()["message"].as_str().unwrap().contains(member), "{reply:?}");
    }
    let reply = world.admin("POST", "import", &json!({"orders": [order(705, "no certificate")]})).await;
    assert!(reply.json()["message"].as_str().unwrap().contains("pem"), "{reply:?}");
}
