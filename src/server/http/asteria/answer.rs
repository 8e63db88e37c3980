//! How answers look: an envelope, in JSON or XML.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value, json};

use super::code::Failure;
use super::settings::{AsteriaSettings, CodeForm};

/// The suffix of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Json,
    Xml,
}

/// What a call that succeeded gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Success {
    /// The members of `data`.
    Data(Map<String, Value>),
    /// A file.
    Archive { name: &'static str, octets: Vec<u8> },
}

impl Success {
    /// `{}`
    pub(super) fn empty() -> Self {
        Self::Data(Map::new())
    }

    /// One member.
    pub(super) fn one(key: &str, value: Value) -> Self {
        Self::Data(Map::from_iter([(key.to_owned(), value)]))
    }
}

impl Format {
    /// Splits the suffix off a call.
    pub(super) fn of_call(call: &str) -> Option<(&str, Self)> {
        match call.rsplit_once('.') {
            None => Some((call, Self::Json)),
            Some((call, "json")) => Some((call, Self::Json)),
            Some((call, "xml")) => Some((call, Self::Xml)),
            Some(_) => None,
        }
    }

    /// The answer to a call.
    pub(super) fn answer(
        self,
        outcome: &Result<Success, Failure>,
        settings: &AsteriaSettings,
    ) -> Response<Body> {
        let (status, result) = match outcome {
            Ok(Success::Archive { name, octets }) => return archive(name, octets),
            Ok(Success::Data(data)) => (StatusCode::OK, json!({ "status": "success", "data": data })),
            Err(failure) => {
                let number = failure.code.number();
                let code = match settings.error_code {
                    CodeForm::Number => json!(number),
                    CodeForm::Text => json!(number.to_string()),
                };
                let meaning = failure.code.meaning();
                let detail = failure.detail.as_deref().map(|detail| format!(": {detail}"));
                // Whoever looks for the code elsewhere finds it in the text.
                let message = format!("[{number}] {meaning}{}", detail.unwrap_or_default());
                let error = json!({ "code": code, "message": message });
                (failure.code.status(settings.missing_status), json!({ "status": "error", "error": error }))
            }
        };
        let (kind, text) = match self {
            Self::Json => ("application/json; charset=UTF-8", json!({ "result": result }).to_string()),
            Self::Xml => ("application/xml; charset=UTF-8", xml(&result)),
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn archive(name: &str, octets: &[u8]) -> Response<Body> {
    let mut response = Response::new(Body::from(octets.to_vec()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    // Without `attachment`, as the manual has it.
    if let Ok(disposition) = HeaderValue::from_str(&format!("filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same tree as elements: members by their names, elements of arrays one after the other.
fn xml(result: &Value) -> String {
    let mut writer = Writer::new(Vec::new());
    let written = writer
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| write_element(&mut writer, "result", result));
    // Nothing fails that writes into memory.
    debug_assert!(written.is_ok());
    String::from_utf8(writer.into_inner()).unwrap_or_default()
}

fn write_element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> std::io::Result<()> {
    match value {
        Value::Array(elements) => {
            return elements.iter().try_for_each(|element| write_element(writer, name, element));
        }
        Value::Object(members) if members.is_empty() => {
            return writer.write_event(Event::Empty(BytesStart::new(name)));
        }
        _ => {}
    }
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    match value {
        Value::Object(members) => {
            members.iter().try_for_each(|(name, value)| write_element(writer, name, value))?;
        }
        Value::String(text) => {
            let text: String = text.chars().map(in_xml).collect();
            writer.write_event(Event::Text(BytesText::new(&text)))?;
        }
        other => writer.write_event(Event::Text(BytesText::new(&other.to_string())))?,
    }
    writer.write_event(Event::End(BytesEnd::new(name)))
}

/// XML 1.0 has no way to write most controls.
fn in_xml(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\u{0}'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_choose_the_format() {
        assert_eq!(
            Format::of_call("certificate/server/exist"),
            Some(("certificate/server/exist", Format::Json))
        );
        assert_eq!(Format::of_call("auth/login.xml"), Some(("auth/login", Format::Xml)));
        assert_eq!(Format::of_call("auth/login.json"), Some(("auth/login", Format::Json)));
        assert_eq!(Format::of_call("auth/login.yaml"), None);
    }

    #[test]
    fn xml_has_the_tree_of_json() {
        let value = json!({ "data": { "a": ["1", "2"], "empty": {}, "flag": true, "text": "<&\u{1}>" } });
        assert_eq!(
            xml(&value),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><result><data><a>1</a><a>2</a><empty/><flag>true</flag>\
             <text>&lt;&amp;\u{fffd}&gt;</text></data></result>"
        );
    }
}
