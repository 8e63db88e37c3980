//! Beyond the original: the verdict of this server about the certificate that is told.

use std::sync::Arc;

use revocache::publish::{IndexFolder, IndexReader};
use revocache::service::{CheckSettings, Checker};
use revocache::types::{FixedClock, UnixTime};
use revocache_testkit::{Authority, Entry, KeyKind};
use serde_json::{Value, json};

use crate::common::world::{AT, DAY, FEBRUARY, World as Index};
use crate::world::{PASSWORD, World, pkcs12, settings, value};

fn checker(index: &Index) -> Arc<Checker> {
    let reader = IndexReader::open(IndexFolder::new(index.path("index"))).unwrap();
    let clock = FixedClock(UnixTime::parse_rfc3339(AT).unwrap());
    Arc::new(Checker::new(Arc::new(reader), Arc::new(clock), CheckSettings::default(), None))
}

#[tokio::test]
async fn what_is_told_includes_the_verdict_if_that_is_wanted() {
    let index = Index::new();
    let ca = Authority::root("Cipher CA", KeyKind::P256);
    let stranger = Authority::root("Stranger", KeyKind::P256);
    let list = ca.crl().number(1).entry(Entry::new(&[7]).revoked_at(FEBRUARY - DAY).reason(1)).build(&ca.key);
    assert_eq!(index.build(&[&ca.certificate], &[&list]), ["accepted"]);
    let world = World::with(Default::default(), settings(), Some(checker(&index)));
    let verdict = |tree: &Value| {
        let names = ["status", "cause", "reason", "revokedAt", "method", "thisUpdate", "nextUpdate"];
        json!(names.map(|name| value(tree, &format!("revocation.{name}")).clone()))
    };

    let revoked = world.told(&pkcs12(&[&[&ca.leaf(&[7]).build(&ca), &ca.certificate]])).await;
    assert_eq!(
        verdict(&revoked),
        json!([
            "revoked",
            null,
            "key_compromise",
            "2025-01-31T00:00:00Z",
            "crl",
            "2025-02-01T00:00:00Z",
            "2025-03-01T00:00:00Z"
        ])
    );
    assert_eq!(revoked["revocation"]["description"], "Стан відкликання");
    assert_eq!(revoked.as_object().unwrap().keys().next_back().unwrap(), "revocation", "behind all others");
    let good = world.told(&pkcs12(&[&[&ca.leaf(&[8]).build(&ca)]])).await;
    assert_eq!(verdict(&good)[0], "good");
    let unknown =
        world.told(&pkcs12(&[&[&stranger.leaf(&[8]).build(&stranger), &stranger.certificate]])).await;
    assert_eq!(verdict(&unknown), json!(["unknown", "authority_unknown", null, null, "crl", null, null]));

    let ticket = world.ticket_with(&pkcs12(&[&[&ca.leaf(&[8]).build(&ca)]])).await;
    let absent = world.info(&ticket, "keyAgreement", PASSWORD).await;
    assert_eq!(absent.text, "{}", "nothing is asked about a certificate that is not there");

    // Off by default.
    let usual = World::default().told(&pkcs12(&[&[&ca.leaf(&[7]).build(&ca)]])).await;
    assert!(usual.get("revocation").is_none());
}
