//! JSON documents as XML, and the other way round.
//!
//! A document is `<response>`; a member is an element of its name, an item of a list an element with the name of the list
//! in the singular, and null an empty element with `nil="true"`. What clients send is read with bounds, and without
//! document types or entities of their own: there is nothing to expand.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use serde_json::{Map, Value};

/// The name of the outermost element.
const ROOT: &str = "response";
/// Elements inside each other that are read.
const MAX_DEPTH: usize = 16;
/// Elements that are read.
const MAX_ELEMENTS: usize = 10_000;

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlProblem {
    /// Not well-formed.
    #[error("the XML is not well-formed: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A document type, which could define entities.
    #[error("the XML has a document type declaration, which is not accepted")]
    DocumentType,
    /// An entity other than the five of XML itself.
    #[error("the XML has the entity '{name}', which is not one of XML's own")]
    Entity {
        /// Its name.
        name: String,
    },
    /// Too deep.
    #[error("the XML has more than {MAX_DEPTH} elements inside each other")]
    TooDeep,
    /// Too many elements.
    #[error("the XML has more than {MAX_ELEMENTS} elements")]
    TooMany,
}

/// A document as XML.
pub(super) fn write_document(document: &Value) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
    // Writing into memory does not fail.
    let _ = writer.write_event(declaration);
    write_element(&mut writer, ROOT, document);
    writer.into_inner()
}

fn write_element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) {
    let name = element_name(name);
    let mut start = BytesStart::new(name.as_str());
    if value.is_null() {
        start.push_attribute(("nil", "true"));
        let _ = writer.write_event(Event::Empty(start));
        return;
    }
    let _ = writer.write_event(Event::Start(start));
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                write_element(writer, member, value);
            }
        }
        Value::Array(items) => {
            let item = singular(&name);
            for value in items {
                write_element(writer, item, value);
            }
        }
        Value::String(text) => write_text(writer, text),
        Value::Number(number) => write_text(writer, &number.to_string()),
        Value::Bool(truth) => write_text(writer, if *truth { "true" } else { "false" }),
        Value::Null => {}
    }
    let _ = writer.write_event(Event::End(BytesEnd::new(name)));
}

fn write_text(writer: &mut Writer<Vec<u8>>, text: &str) {
    // XML 1.0 has no way to write the others (section 2.2).
    let is_allowed =
        |c: &char| matches!(c, '\t' | '\n' | '\r') || !matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let text: String = text.chars().map(|c| if is_allowed(&c) { c } else { '\u{fffd}' }).collect();
    let _ = writer.write_event(Event::Text(BytesText::new(&text)));
}

/// A name that an element may have. Ours all are; those of another server need not be.
fn element_name(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = name.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

/// The name of an item of a list.
fn singular(name: &str) -> &str {
    match name.strip_suffix('s') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => "item",
    }
}

/// Reads what clients send: elements with text become strings, elements named as items of the one around them make a
/// list, others an object. Attributes are passed over.
///
/// # Errors
/// [`XmlProblem`].
pub fn read_document(text: &[u8]) -> Result<Value, XmlProblem> {
    let malformed = |reason: String| XmlProblem::Malformed { reason };
    let text = std::str::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0_usize;
    loop {
        match reader.read_event().map_err(|error| malformed(error.to_string()))? {
            Event::Start(start) => {
                open.push(Element::new(&start, root.is_some(), &mut elements)?);
                if open.len() > MAX_DEPTH {
                    return Err(XmlProblem::TooDeep);
                }
            }
            Event::Empty(start) => {
                let element = Element::new(&start, root.is_some(), &mut elements)?;
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| malformed("an end without a start".to_owned()))?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => {
                add_text(&mut open, &text)?;
            }
            Event::CData(text) => {
                add_text(&mut open, &text)?;
            }
            Event::GeneralRef(entity) => {
                let number = entity.resolve_char_ref().map_err(|error| malformed(error.to_string()))?;
                match (number, resolve_predefined_entity(&entity)) {
                    (Some(character), _) => add_text(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    (None, Some(text)) => add_text(&mut open, text)?,
                    (None, None) => return Err(XmlProblem::Entity { name: entity.to_string() }),
                }
            }
            Event::DocType(_) => return Err(XmlProblem::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match root {
        Some((_, value)) if open.is_empty() => Ok(value),
        _ => Err(malformed("it has no element, or one that does not end".to_owned())),
    }
}

/// An element that has begun.
struct Element {
    name: String,
    text: String,
    members: Vec<(String, Value)>,
}

impl Element {
    fn new(start: &BytesStart<'_>, is_done: bool, elements: &mut usize) -> Result<Self, XmlProblem> {
        let malformed = |reason: &str| XmlProblem::Malformed { reason: reason.to_owned() };
        if is_done {
            return Err(malformed("there is a second root element"));
        }
        *elements += 1;
        if *elements > MAX_ELEMENTS {
            return Err(XmlProblem::TooMany);
        }
        let name = start.local_name();
        Ok(Self { name: name.as_ref().to_owned(), text: String::new(), members: Vec::new() })
    }

    fn into_value(self) -> Value {
        if self.members.is_empty() {
            return Value::String(self.text.trim().to_owned());
        }
        let item = singular(&self.name);
        if self.members.iter().all(|(name, _)| name == item) {
            return Value::Array(self.members.into_iter().map(|(_, value)| value).collect());
        }
        Value::Object(self.members.into_iter().collect::<Map<_, _>>())
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<(String, Value)>) {
    let name = element.name.clone();
    let value = element.into_value();
    match open.last_mut() {
        Some(parent) => parent.members.push((name, value)),
        None => *root = Some((name, value)),
    }
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), XmlProblem> {
    match open.last_mut() {
        Some(element) => {
            element.text.push_str(text);
            Ok(())
        }
        None if text.trim().is_empty() => Ok(()),
        None => Err(XmlProblem::Malformed { reason: "there is text outside the root element".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_written_member_by_member() {
        let document = json!({
            "id": 7, "is_renewed": false, "nothing": null, "note": "a < b & \"c\" \u{1}",
            "dns_names": ["a.example.com", "b.example.com"], "empty": [], "data": [1], "9 lives": {"x": "y"}
        });
        let text = String::from_utf8(write_document(&document)).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><id>7</id><is_renewed>false</is_renewed>\
             <nothing nil=\"true\"/><note>a &lt; b &amp; &quot;c&quot; \u{fffd}</note>\
             <dns_names><dns_name>a.example.com</dns_name><dns_name>b.example.com</dns_name></dns_names>\
             <empty></empty><data><item>1</item></data><_9_lives><x>y</x></_9_lives></response>"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let document = json!({
            "name": "a & b", "dns_name_validations": [{"status": "approved", "dns_names": ["x", "y"]}]
        });
        assert_eq!(read_document(&write_document(&document)).unwrap(), document);
        let text = "<?xml version='1.0'?><!-- c --><r xmlns='urn:x'><p:a xmlns:p='y'> &#x41;&amp;<![CDATA[<]]> </p:a></r>";
        assert_eq!(read_document(text.as_bytes()).unwrap(), json!({"a": "A&<"}));
    }

    #[test]
    fn what_could_hurt_is_not_read() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        let wide = format!("<a>{}</a>", "<b/>".repeat(10_000));
        let cases: [(&str, &str); 9] = [
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "document type"),
            ("<a>&x;</a>", "entity 'x'"),
            (&deep, "inside each other"),
            (&wide, "more than 10000"),
            ("<a><b></a>", "not well-formed"),
            ("<a>", "does not end"),
            ("", "no element"),
            ("<a/><b/>", "second root"),
            ("text", "outside"),
        ];
        for (text, expected) in cases {
            let problem = read_document(text.as_bytes()).unwrap_err().to_string();
            assert!(problem.contains(expected), "{expected}: {problem}");
        }
        assert!(read_document(b"<a>\xff</a>").is_err());
    }

    /// Pieces that make documents which are nearly right.
    fn piece() -> impl Strategy<Value = String> {
        let fixed = [
            "<a>",
            "</a>",
            "<as>",
            "</as>",
            "<b/>",
            "<a x='y'>",
            "&amp;",
            "&#65;",
            "&#x0;",
            "&x;",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?xml version='1.0'?>",
            "<!DOCTYPE a>",
            "<!",
            "<",
            ">",
            "&",
            ";",
            "\u{0}",
            "\u{feff}",
            "é",
        ];
        prop_oneof![4 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
    }

    /// Documents as clients send them: no empty lists or objects, which an empty text is as good as.
    fn document() -> impl Strategy<Value = Value> {
        let text = "[ -~]{0,12}".prop_map(|text| Value::from(text.trim()));
        text.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|items| json!({"names": items})),
                prop::collection::btree_map("[b-m]{1,6}x", inner, 1..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_or_refused(pieces in prop::collection::vec(piece(), 0..40)) {
            let text = pieces.concat();
            if let Ok(value) = read_document(text.as_bytes()) {
                prop_assert!(value.to_string().len() <= text.len() * 2 + 64, "{value}");
            }
        }

        #[test]
        fn octets_that_are_no_text_are_refused_or_read(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_document(&octets);
        }

        #[test]
        fn documents_survive_both_ways(document in document()) {
            prop_assert_eq!(read_document(&write_document(&document)).unwrap(), document);
        }
    }
}
