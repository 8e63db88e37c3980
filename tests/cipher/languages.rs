//! The language of descriptions and messages.

use axum::body::Body;
use revocache::server::http::cipher::{CipherSettings, Labels, Language, Style};
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, certificate, pkcs12, settings};

/// Every description of a tree, by its path.
fn descriptions(node: &Value, path: &str, found: &mut Vec<(String, String)>) {
    for (name, pair) in node.as_object().unwrap() {
        let path = format!("{path}/{name}");
        found.push((path.clone(), pair["description"].as_str().unwrap().to_owned()));
        if pair["value"].is_object() {
            descriptions(&pair["value"], &path, found);
        }
    }
}

async fn described(world: &World, ticket: &str) -> Vec<(String, String)> {
    let answered = world.info(ticket, "signature", PASSWORD).await;
    let mut found = Vec::new();
    descriptions(&answered.json(), "", &mut found);
    found
}

#[tokio::test]
async fn the_language_is_one_for_the_whole_service() {
    let world = World::default();
    let ticket = world.ticket_with(&pkcs12(&[&[&certificate(&[0, 1])]])).await;
    let mut seen: Vec<Vec<(String, String)>> = Vec::new();
    for (code, message, usage, missing) in [
        (
            "en",
            "The current language was changed.",
            "Digital signature, Non-repudiation",
            "There is no such session.",
        ),
        ("ja", "現在の言語を変更しました。", "デジタル署名, 否認防止", "セッションがありません。"),
        (
            "uk",
            "Запит на зміну поточної мови виконано.",
            "Електронний підпис, Невідрікаємість",
            "Сесія відсутня.",
        ),
    ] {
        let changed = world.ask("POST", &format!("/api/v1/language/{code}"), "", Body::empty()).await;
        assert_eq!((changed.status, changed.json()), (200, json!({ "message": message })));
        let told = world.ask("GET", "/api/v1/language", "", Body::empty()).await.json();
        assert_eq!(told, json!({ "language": code, "supported": ["uk", "en", "ja"] }));
        let tree = world.info(&ticket, "signature", PASSWORD).await.json();
        assert_eq!(tree["extensionsCertificateInfo"]["value"]["keyUsage"]["value"], usage);
        assert_eq!(world.info("x", "signature", PASSWORD).await.message(), (400, missing.to_owned()));
        seen.push(described(&world, &ticket).await);
    }
    // The same members in every language, and no description that two languages share.
    let paths = |list: &[(String, String)]| list.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&seen[0]), paths(&seen[2]));
    assert_eq!(paths(&seen[1]), paths(&seen[2]));
    assert_eq!(seen[0].len(), 43);
    for (position, (path, ukrainian)) in seen[2].iter().enumerate() {
        let (english, japanese) = (&seen[0][position].1, &seen[1][position].1);
        assert!(english != ukrainian && english != japanese && japanese != ukrainian, "{path}");
        assert!(english.is_ascii() && !english.is_empty() && !japanese.is_ascii(), "{path}");
    }
}

#[tokio::test]
async fn a_language_without_texts_changes_nothing() {
    let world = World::default();
    for code in ["ru", "UK", "uk-UA", "%D1%83%D0%BA", "%FF", "x"] {
        let answered = world.ask("POST", &format!("/api/v1/language/{code}"), "", Body::empty()).await;
        assert_eq!(answered.message(), (500, "Помилка при зміні поточної мови.".to_owned()));
        assert!(answered.cause().contains("uk, en, ja"), "{answered:?}");
    }
    assert_eq!(world.ask("GET", "/api/v1/language", "", Body::empty()).await.json()["language"], "uk");
}

#[tokio::test]
async fn slips_of_the_original_can_be_mended() {
    let style = Style { labels: Labels::Corrected, ..Style::default() };
    let corrected = World::with(Default::default(), CipherSettings { style, ..settings() }, None);
    let faithful = World::default();
    let container = pkcs12(&[&[&certificate(&[0])]]);
    let before = described(&faithful, &faithful.ticket_with(&container).await).await;
    let after = described(&corrected, &corrected.ticket_with(&container).await).await;
    let mended: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(old, new)| old != new)
        .map(|(old, new)| (&*old.1, &*new.1))
        .collect();
    assert_eq!(
        mended,
        [
            ("Імя по-батькові", "Імʼя по батькові"),
            ("Повне ім'я", "Повне імʼя"),
            ("Повне ім'я", "Повне імʼя"),
            ("Код ЕДПРОУ", "Код ЄДРПОУ"),
            ("Альтернативне ім'я власника", "Альтернативне імʼя власника"),
        ]
    );
}

/// Failures are explained in the language in force, whatever they are.
#[tokio::test]
async fn causes_are_told_in_every_language() {
    for language in Language::ALL {
        let world = World::with(Default::default(), CipherSettings { language, ..settings() }, None);
        let ticket = world.ticket().await;
        let mut causes = vec![
            world.info(&ticket, "x", PASSWORD).await.cause(),
            world.info(&ticket, "signature", PASSWORD).await.cause(),
            world.upload(&ticket, b"x").await.cause(),
            world.upload(&ticket, b"").await.cause(),
            world.upload(&ticket, b"-----BEGIN X-----").await.cause(),
            world.upload(&ticket, &[0xce; 8]).await.cause(),
            world.upload(&ticket, &vec![0x30; (1 << 20) + 1]).await.cause(),
        ];
        let path = format!("/api/v1/ticket/{ticket}/keyStore");
        for body in ["{", "{}", "{\"base64Data\":\"#\"}", "{\"secretKey\":\"\"}"] {
            causes.push(world.ask("PUT", &path, "application/json", body).await.cause());
        }
        causes.push(world.ask("PUT", &path, "text/plain", "").await.cause());
        causes.push(world.ask("POST", "/api/v1/language/ru", "", Body::empty()).await.cause());
        let distinct: std::collections::BTreeSet<_> = causes.iter().collect();
        assert_eq!(distinct.len(), causes.len(), "{causes:#?}");
        for cause in &causes {
            let fits = match language {
                Language::English => cause.replace('…', "").is_ascii(),
                Language::Ukrainian => cause.contains(|c| ('а'..='я').contains(&c)),
                Language::Japanese => cause.contains(|c| ('\u{3040}'..='\u{30ff}').contains(&c)),
            };
            assert!(fits, "{language}: {cause}");
        }
    }
}
