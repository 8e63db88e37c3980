//! Protected parameters: the scheme, that they win over open ones, and what is refused.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use revocache::server::http::cipher::{ProtectedSettings, Sealed};
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, certificate, pkcs12};

async fn settings_of(world: &World) -> ProtectedSettings {
    let answered = world.ask("GET", "/api/v1/protectedParameters/settings", "", Body::empty()).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    serde_json::from_str(&answered.text).unwrap()
}

async fn seal(world: &World, ticket: &str, parameters: &Value) -> Value {
    let sealed = settings_of(world).await.seal(parameters.to_string().as_bytes(), ticket).unwrap();
    serde_json::to_value(sealed).unwrap()
}

fn with(mut sealed: Value, open: &Value) -> Value {
    sealed.as_object_mut().unwrap().extend(open.as_object().unwrap().clone());
    sealed
}

fn address(ticket: &str) -> String {
    format!("/api/v1/ticket/{ticket}/keyStore/certificate/base64/signature")
}

#[tokio::test]
async fn the_settings_tell_all_that_a_client_needs() {
    let world = World::default();
    let answered = world.ask("GET", "/api/v1/protectedParameters/settings", "", Body::empty()).await;
    let mut settings = answered.json();
    let key = STANDARD.decode(settings["publicKey"].as_str().unwrap()).unwrap();
    assert_eq!((key.len(), key[0]), (65, 4), "an uncompressed point");
    let id = revocache::types::to_hex(&revocache::pki::sha256(&key)[..8]);
    assert_eq!(settings["keyId"], id);
    settings.as_object_mut().unwrap().retain(|name, _| !["publicKey", "keyId"].contains(&name.as_str()));
    assert_eq!(
        settings,
        json!({
            "protocol": "revocache-protected-parameters/1",
            "kem": "DHKEM(P-256, HKDF-SHA256)", "kemId": 16,
            "kdf": "HKDF-SHA256", "kdfId": 1,
            "aead": "AES-256-GCM", "aeadId": 2,
            "info": "revocache protected parameters 1",
            "aad": "the UUID of the ticket in lower case",
            "validUntil": "2016-12-01T02:00:00Z",
        })
    );
}

#[tokio::test]
async fn protected_parameters_win_over_open_ones() {
    let world = World::default();
    let certificate = certificate(&[0]);
    let ticket = world.ticket_with(&pkcs12(&[&[&certificate]])).await;
    let right = json!({ "keyStorePassword": PASSWORD });
    let wrong = json!({ "keyStorePassword": "wrong" });
    let path = address(&ticket);
    let encoded = json!({ "base64Data": STANDARD.encode(&certificate) });

    let alone = seal(&world, &ticket, &right).await;
    assert_eq!(world.put(&path, &alone).await.json(), encoded);
    let both = with(seal(&world, &ticket, &right).await, &wrong);
    assert_eq!(world.put(&path, &both).await.json(), encoded, "the protected one is right");
    let both = with(seal(&world, &ticket, &wrong).await, &right);
    assert_eq!(world.put(&path, &both).await.status, 500, "the protected one is wrong");
    let beside = with(seal(&world, &ticket, &json!({ "unknown": 1 })).await, &right);
    assert_eq!(world.put(&path, &beside).await.json(), encoded, "the open one is of another name");
    let upper = address(&ticket.to_uppercase());
    assert_eq!(world.put(&upper, &alone).await.json(), encoded, "the same ticket");

    // Containers as well.
    let other = crate::world::certificate(&[0]);
    let data = json!({ "base64Data": STANDARD.encode(pkcs12(&[&[&other]])) });
    let sealed = seal(&world, &ticket, &data).await;
    assert_eq!(world.put(&format!("/api/v1/ticket/{ticket}/keyStore"), &sealed).await.status, 200);
    let told = world.put(&path, &alone).await.json();
    assert_eq!(told, json!({ "base64Data": STANDARD.encode(other) }));
}

#[tokio::test]
async fn what_does_not_open_is_refused_with_its_cause() {
    let world = World::default();
    let ticket = world.ticket_with(&pkcs12(&[&[&certificate(&[0])]])).await;
    let elsewhere = world.ticket().await;
    let right = json!({ "keyStorePassword": PASSWORD });
    let good = seal(&world, &ticket, &right).await;
    let (secret, data) = (good["secretKey"].clone(), good["encryptedData"].clone());
    let do_not_open = "Захищені параметри не розшифровуються";
    let mut flipped = STANDARD.decode(data.as_str().unwrap()).unwrap();
    flipped[0] ^= 1;
    let not_parameters = settings_of(&world).await.seal(b"[1]", &ticket).unwrap();
    for (body, cause) in [
        (json!({ "secretKey": secret }), "Захищені параметри потребують обох членів"),
        (json!({ "encryptedData": data }), "Захищені параметри потребують обох членів"),
        (with(json!({ "secretKey": secret }), &right), "Захищені параметри потребують обох членів"),
        (json!({ "secretKey": secret, "encryptedData": "*" }), "encryptedData не є рядком Base64"),
        (json!({ "secretKey": "*", "encryptedData": data }), "secretKey не є рядком Base64"),
        (json!({ "secretKey": secret, "encryptedData": STANDARD.encode(flipped) }), do_not_open),
        (json!({ "secretKey": "BAAA", "encryptedData": data }), do_not_open),
        (json!({ "secretKey": secret, "encryptedData": "" }), do_not_open),
        (seal(&world, &elsewhere, &right).await, do_not_open),
        (serde_json::to_value(not_parameters).unwrap(), "Захищені дані не є JSON обʼєктом"),
        (seal(&world, &ticket, &json!({})).await, "Відсутній параметр keyStorePassword"),
    ] {
        let answered = world.put(&address(&ticket), &body).await;
        assert_eq!(answered.message(), (500, "Помилка при отриманні сертифіката.".to_owned()), "{body}");
        assert!(answered.cause().starts_with(cause), "{body}: {answered:?}");
    }
}

#[tokio::test]
async fn the_key_is_replaced_and_the_one_before_stays_good_for_as_long_again() {
    let world = World::default();
    let container = pkcs12(&[&[&certificate(&[0])]]);
    let ticket = world.ticket_with(&container).await;
    let first = settings_of(&world).await;
    let Sealed { secret_key, encrypted_data } =
        first.seal(json!({ "keyStorePassword": PASSWORD }).to_string().as_bytes(), &ticket).unwrap();
    let body = json!({ "secretKey": secret_key, "encryptedData": encrypted_data });
    for (seconds, status) in [(0, 200), (1700, 200), (1700, 200), (1700, 200), (1700, 200), (600, 500)] {
        world.pass(seconds);
        assert_eq!(world.put(&address(&ticket), &body).await.status, status, "after {seconds} more");
    }
    assert_ne!(settings_of(&world).await.public_key, first.public_key);
}
