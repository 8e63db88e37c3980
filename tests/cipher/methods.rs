//! Every method with every status that it has.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::world::{PASSWORD, World, certificate, pkcs12};

const NO_TICKET: &str = "Сесія відсутня.";
const SOMEBODYS: &str = "79343564-147f-4a2a-ac2a-182d7a55f802";

#[tokio::test]
async fn a_ticket_is_made_used_and_deleted() {
    let world = World::default();
    let made = world.ask("POST", "/api/v1/ticket", "", Body::empty()).await;
    assert_eq!(made.message(), (200, "Створена сесія.".to_owned()));
    assert!(made.headers["content-type"].to_str().unwrap().starts_with("application/json"));
    let ticket = made.json()["ticketUuid"].as_str().unwrap().to_owned();
    assert_eq!(uuid::Uuid::parse_str(&ticket).unwrap().hyphenated().to_string(), ticket);
    let certificate = certificate(&[0]);
    let stored = world.upload(&ticket, &pkcs12(&[&[&certificate]])).await;
    assert_eq!(stored.message(), (200, "Дані ключового контейнеру успішно завантажені.".to_owned()));
    let encoded = world.base64(&ticket, "signature", PASSWORD).await;
    assert_eq!(encoded.json(), json!({ "base64Data": STANDARD.encode(&certificate) }));
    assert_eq!(world.base64(&ticket, "keyAgreement", PASSWORD).await.text, "{}");
    let path = format!("/api/v1/ticket/{ticket}");
    let deleted = world.ask("DELETE", &path, "", Body::empty()).await;
    assert_eq!(deleted.json(), json!({ "message": "Видалена сесія.", "ticketUuid": ticket }));
    assert_eq!(world.tickets.numbers().octets, 0);
    let again = world.ask("DELETE", &path, "", Body::empty()).await;
    assert_eq!(again.json(), json!({ "message": NO_TICKET }));
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn two_tickets_are_never_the_same() {
    let world = World::default();
    let mut tickets = std::collections::BTreeSet::new();
    for _ in 0..100 {
        assert!(tickets.insert(world.ticket().await));
    }
}

#[tokio::test]
async fn a_ticket_that_is_not_there_is_missing_for_every_method() {
    let world = World::default();
    let ticket = world.ticket().await;
    let simple = ticket.replace('-', "");
    let (braced, longer) = (format!("%7B{ticket}%7D"), format!("{ticket}0"));
    for name in [SOMEBODYS, "x", "..%2F..", "%FF", &simple, &braced, &longer] {
        for (method, rest) in [
            ("DELETE", ""),
            ("PUT", "/keyStore"),
            ("PUT", "/keyStore/certificate/info/signature"),
            ("PUT", "/keyStore/certificateInfo/signature"),
            ("PUT", "/keyStore/certificate/base64/keyAgreement"),
            // The ticket is looked for before anything else.
            ("PUT", "/keyStore/certificate/info/nonsense"),
        ] {
            let path = format!("/api/v1/ticket/{name}{rest}");
            let answered = world.ask(method, &path, "application/json", "not JSON").await;
            assert_eq!((answered.status, answered.json()), (400, json!({ "message": NO_TICKET })), "{path}");
        }
    }
    let upper = format!("/api/v1/ticket/{}", ticket.to_uppercase());
    let answered = world.ask("DELETE", &upper, "", Body::empty()).await;
    assert_eq!(answered.status, 200, "digits of either case are the same number");
}

#[tokio::test]
async fn a_container_comes_in_json_as_well_and_replaces_the_one_before() {
    let world = World::default();
    let (first, second) = (certificate(&[0]), certificate(&[0]));
    let ticket = world.ticket_with(&pkcs12(&[&[&first]])).await;
    let before = world.tickets.numbers();
    let path = format!("/api/v1/ticket/{ticket}/keyStore");
    let data = STANDARD.encode(pkcs12(&[&[&second]]));
    let answered = world.put(&path, &json!({ "base64Data": data, "unknown": [1] })).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let encoded = world.base64(&ticket, "signature", PASSWORD).await;
    assert_eq!(encoded.json()["base64Data"], STANDARD.encode(&second));
    let after = world.tickets.numbers();
    assert_eq!((after.containers, after.tickets), (1, 1));
    assert!(after.octets.abs_diff(before.octets) < 64, "{after:?} after {before:?}");
    // A charset does not make it another type.
    let body = json!({ "base64Data": data }).to_string();
    let answered = world.ask("PUT", &path, "application/json; charset=utf-8", body).await;
    assert_eq!(answered.status, 200);
}

#[tokio::test]
async fn an_upload_that_is_none_leaves_the_one_before() {
    let world = World::default();
    let kept = certificate(&[0]);
    let ticket = world.ticket_with(&pkcs12(&[&[&kept]])).await;
    let path = format!("/api/v1/ticket/{ticket}/keyStore");
    let (json_type, octets) = ("application/json", "application/octet-stream");
    for (content_type, body, cause) in [
        (json_type, "not JSON", "Тіло запиту не є JSON обʼєктом параметрів"),
        (json_type, "[]", "Тіло запиту не є JSON обʼєктом параметрів"),
        (json_type, "{\"base64Data\": 5}", "Тіло запиту не є JSON обʼєктом параметрів"),
        (json_type, "{}", "Відсутній параметр base64Data"),
        (json_type, "{\"base64Data\": \"###\"}", "Параметр base64Data не є рядком Base64"),
        (json_type, "{\"base64Data\": \"\"}", "Ключовий контейнер порожній"),
        (octets, "", "Ключовий контейнер порожній"),
        (octets, "hello", "Це не є ні PKCS#12, ні Java KeyStore"),
        (octets, "-----BEGIN PRIVATE KEY-----", "Це PEM; перетворіть його на PKCS#12"),
        ("multipart/form-data; boundary=x", "--x--", "Content-Type має бути application/json або"),
        ("text/plain", "hello", "Content-Type має бути application/json або"),
    ] {
        let answered = world.ask("PUT", &path, content_type, body).await;
        let message = "Помилка при завантаженні даних ключового контейнеру.".to_owned();
        assert_eq!(answered.message(), (500, message), "{body}");
        assert!(answered.cause().starts_with(cause), "{body}: {answered:?}");
    }
    assert_eq!(
        world.base64(&ticket, "signature", PASSWORD).await.json()["base64Data"],
        STANDARD.encode(kept)
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_with_its_cause() {
    let world = World::default();
    let empty = world.ticket().await;
    let full = world.ticket_with(&pkcs12(&[&[&certificate(&[0])]])).await;
    let at = |ticket: &str, rest: &str| format!("/api/v1/ticket/{ticket}/keyStore/certificate/{rest}");
    let right = json!({ "keyStorePassword": PASSWORD });
    for (ticket, key_type, body, cause) in [
        (&empty, "signature", right.clone(), "Ключовий контейнер сесії не завантажено"),
        (&full, "signature", json!({}), "Відсутній параметр keyStorePassword"),
        (&full, "signature", json!([]), "Тіло запиту не є JSON обʼєктом параметрів"),
        (&full, "signature", json!({ "keyStorePassword": 12345678 }), "Тіло запиту не є JSON"),
        (&full, "signature", json!({ "keyStorePassword": null }), "Відсутній параметр keyStorePassword"),
        (&full, "Signature", right.clone(), "Невідомий тип ключа \"Signature\""),
        (&full, "encryption", right.clone(), "Невідомий тип ключа \"encryption\""),
        (
            &full,
            "signature",
            json!({ "keyStorePassword": "1234567" }),
            "Пароль до ключового контейнера невірний",
        ),
        (&full, "signature", json!({ "keyStorePassword": "" }), "Пароль до ключового контейнера невірний"),
    ] {
        for (method, message) in [
            ("info", "Помилка при отриманні інформації про сертифікат."),
            ("base64", "Помилка при отриманні сертифіката."),
        ] {
            let answered = world.put(&at(ticket, &format!("{method}/{key_type}")), &body).await;
            assert_eq!(answered.message(), (500, message.to_owned()), "{body}");
            assert!(answered.cause().starts_with(cause), "{body}: {answered:?}");
            assert_eq!(answered.json().as_object().unwrap().len(), 2);
        }
    }
    let empty_body = world.ask("PUT", &at(&full, "info/signature"), "application/json", "").await;
    assert_eq!(empty_body.status, 500);
    assert_eq!(world.ask("GET", &at(&full, "info/signature"), "", Body::empty()).await.status, 405);
    assert_eq!(world.ask("GET", "/api/v1/tickets", "", Body::empty()).await.status, 404);
}

/// 503 for every method from the start to `ready`, and again from the moment the server is told to stop.
#[tokio::test]
async fn nothing_is_served_while_the_server_starts_or_stops() {
    let world = World::default();
    let ticket = world.ticket_with(&pkcs12(&[&[&certificate(&[0])]])).await;
    let storage = "Сервіс зберігання даних не запущено.";
    let operations = "Сервіс виконання криптографічних операцій не запущено.";
    for obstacle in ["starting", "stopping"] {
        world.readiness.add(obstacle);
        for (method, path, message) in [
            ("POST", "/api/v1/ticket".to_owned(), operations),
            ("DELETE", format!("/api/v1/ticket/{ticket}"), operations),
            ("PUT", format!("/api/v1/ticket/{ticket}/keyStore"), storage),
            ("PUT", format!("/api/v1/ticket/{ticket}/keyStore/certificate/info/signature"), storage),
            ("PUT", format!("/api/v1/ticket/{ticket}/keyStore/certificateInfo/signature"), storage),
            ("PUT", format!("/api/v1/ticket/{ticket}/keyStore/certificate/base64/signature"), storage),
            ("POST", "/api/v1/language/en".to_owned(), operations),
            ("GET", "/api/v1/language".to_owned(), operations),
            ("GET", "/api/v1/protectedParameters/settings".to_owned(), operations),
        ] {
            let answered = world.ask(method, &path, "application/json", "{}").await;
            assert_eq!((answered.status, answered.json()), (503, json!({ "message": message })), "{path}");
        }
        world.readiness.remove(obstacle);
    }
    // That some list is out of date keeps nobody from a certificate.
    world.readiness.add("sources_stale");
    assert_eq!(world.info(&ticket, "signature", PASSWORD).await.status, 200);
}
