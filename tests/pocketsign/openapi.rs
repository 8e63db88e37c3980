//! The OpenAPI document: committed, served, and of the operations there are.

use std::path::Path;

use serde_json::Value;

use crate::api::server;

fn generated() -> String {
    let document = revocache::server::http::pocketsign::v1::document();
    format!("{}\n", serde_json::to_string_pretty(&document).unwrap())
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi/pocketsign-v1.json");
    if std::env::var_os("REVOCACHE_BLESS").is_some() {
        std::fs::write(&path, generated()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated(),
        "{} is not what the code says; REVOCACHE_BLESS=1 cargo test --test pocketsign writes it anew",
        path.display()
    );
}

#[test]
fn it_is_served_to_everybody_and_has_fourteen_operations() {
    let client = server().tenant("openapi").with_token(None);
    let served = client.get("/openapi.json").expect(200);
    assert_eq!(served, serde_json::from_str::<Value>(&generated()).unwrap());
    let paths = served["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(operations, 14);
    for path in paths.values().flat_map(|path| path.as_object().unwrap().values()) {
        assert_eq!(path["security"], serde_json::json!([{ "token": [] }]));
        assert!(path["responses"]["401"].is_object());
    }
}
