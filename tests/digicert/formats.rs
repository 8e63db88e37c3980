//! XML says what JSON says.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::world::World;

/// Path and text of every leaf of a JSON document, by the rule that the documentation gives.
fn leaves_of_json(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (member, value) in members {
                leaves_of_json(&format!("{name}/{member}"), value, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let last = name.rsplit('/').next().unwrap();
            let item = last.strip_suffix('s').unwrap_or("item");
            for value in items {
                leaves_of_json(&format!("{name}/{item}"), value, found);
            }
        }
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Null | Value::Object(_) | Value::Array(_) => found.push((name.to_owned(), String::new())),
        other => found.push((name.to_owned(), other.to_string())),
    }
}

/// The same of an XML document.
fn leaves_of_xml(text: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut found, mut current, mut is_leaf) = (Vec::new(), Vec::new(), String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                current.clear();
                is_leaf = true;
            }
            Event::End(_) => {
                if is_leaf {
                    found.push((path.join("/"), current.clone()));
                }
                path.pop();
                is_leaf = false;
            }
            Event::Empty(start) => {
                found.push((format!("{}/{}", path.join("/"), start.name().as_ref()), String::new()));
                is_leaf = false;
            }
            Event::Text(text) => current.push_str(&text),
            Event::GeneralRef(entity) => {
                current.push_str(quick_xml::escape::resolve_predefined_entity(&entity).unwrap());
            }
            Event::Decl(_) => {}
            Event::Eof => return found,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn xml_has_the_content_of_json() {
    let world = World::new().await;
    for path in [
        "order/certificate/112211/validation",
        "order/certificate/112212/validation",
        "order/certificate/112213/validation",
        "order/certificate/112211",
        "order/certificate",
        "order/certificate/status-changes",
        "user/me",
        "order/certificate/7/validation",
        "nothing",
    ] {
        let json = world.get(path).await;
        let xml = world.get_with(path, &[("accept", "application/xml")]).await;
        assert_eq!(xml.status, json.status);
        assert_eq!(xml.header("content-type"), "application/xml");
        let mut expected = Vec::new();
        leaves_of_json("response", &json.json(), &mut expected);
        assert!(expected.len() > 1, "{path}");
        assert_eq!(leaves_of_xml(&xml.body), expected, "{path}");
    }
}

#[tokio::test]
async fn a_client_that_sends_xml_gets_xml_unless_it_wants_json() {
    let world = World::new().await;
    let kind = async |headers: &[(&str, &str)]| {
        world.get_with("user/me", headers).await.header("content-type").to_owned()
    };
    assert_eq!(kind(&[("content-type", "application/xml")]).await, "application/xml");
    assert_eq!(kind(&[("content-type", "application/xml"), ("accept", "*/*")]).await, "application/xml");
    assert_eq!(
        kind(&[("content-type", "application/xml"), ("accept", "application/json")]).await,
        "application/json"
    );
    assert_eq!(kind(&[]).await, "application/json");
    // Those without a key are told in their own format too.
    let reply = world.ask("GET", "user/me", &[("accept", "text/xml")], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (401, "application/xml"));
    assert!(reply.body.contains("<error><code>access_denied|invalid_api_key</code>"), "{}", reply.body);
}
