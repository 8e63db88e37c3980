//! Distinguished names: the one form in which they are compared, and the one in which people read them.
//!
//! Two names are the same if RFC 5280 section 7.1 says so: whatever the string type, letter case and spacing of
//! their values. Rather than comparing two names with care each time, every name is folded once into a
//! [`NameKey`], and keys are compared octet by octet.
//!
//! Names are read with [`super::der`] and not with x509-parser, which keeps the relative names it could read and
//! drops the rest without an error when one of them is malformed. Here such a name is an error.

mod display;
mod fold;
mod strings;
mod text;

pub use display::display_name_key;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::der::{DerError, Element, Reader, cap, read_single, tag};
use super::oid::dotted;
use crate::types::NameKey;

/// The kind octet of a [`NameKey`] made of a distinguished name: the number of `directoryName` in GeneralName.
pub(crate) const DIRECTORY: u8 = 4;
/// Relative names in one name; ten are many.
const MAX_RELATIVE_NAMES: usize = 256;
/// Attributes in one relative name; more than one is rare.
const MAX_ATTRIBUTES: usize = 64;

/// A distinguished name (RFC 5280 section 4.1.2.4). Equal names are those with equal keys.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct Name(Arc<Parts>);

struct Parts {
    der: Box<[u8]>,
    key: NameKey,
    text: Box<str>,
}

/// One attribute of a relative distinguished name.
#[derive(Debug, Clone, Copy)]
struct Attribute<'a> {
    oid: &'a [u8],
    value: Element<'a>,
}

/// One attribute of a name, to be shown.
#[derive(Debug, Clone, Copy)]
pub struct NameAttribute<'a>(Attribute<'a>);

impl<'a> NameAttribute<'a> {
    /// What it is, in dotted decimal.
    #[must_use]
    pub fn oid(&self) -> String {
        dotted(self.0.oid)
    }

    /// Its value, if that is a text.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        text_of(self.0.value)
    }

    /// The content octets of its value, whatever its type.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        self.0.value.content
    }
}

/// The text of a value of one of the string types.
pub(super) fn text_of(value: Element<'_>) -> Option<Cow<'_, str>> {
    strings::decode(value.tag, value.content)
}

impl Name {
    /// Reads a whole DER name.
    ///
    /// # Errors
    /// For malformed DER, an empty relative name, and octets behind the name. The offset counts from the start of
    /// `der`.
    pub fn from_der(der: &[u8]) -> Result<Self, DerError> {
        Self::from_element(read_single(der, tag::SEQUENCE)?)
    }

    /// Reads a name that stands inside something larger.
    pub(crate) fn from_element(element: Element<'_>) -> Result<Self, DerError> {
        let mut key = vec![DIRECTORY];
        let mut texts = Vec::new();
        let mut rdns = element.reader();
        while !rdns.is_empty() {
            cap(texts.len(), MAX_RELATIVE_NAMES, "relative names in a name", rdns.offset())?;
            let attributes = read_attributes(rdns.read(tag::SET)?.reader())?;
            push_rdn_key(&mut key, &attributes);
            texts.push(text::relative_name(&attributes));
        }
        // RFC 4514 writes the last relative name first.
        texts.reverse();
        Ok(Self(Arc::new(Parts {
            der: element.raw.into(),
            key: NameKey::from_octets(key),
            text: texts.join(",").into(),
        })))
    }

    /// The DER encoding as it was found.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// What names are compared by.
    #[must_use]
    pub fn key(&self) -> &NameKey {
        &self.0.key
    }

    /// The name as RFC 4514 writes it, such as `CN=Amazon Root CA 1,O=Amazon,C=US`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Every attribute, in the order of the encoding.
    #[must_use]
    pub fn attributes(&self) -> Vec<NameAttribute<'_>> {
        let read = || {
            let mut attributes = Vec::new();
            let mut rdns = read_single(&self.0.der, tag::SEQUENCE)?.reader();
            while !rdns.is_empty() {
                attributes
                    .extend(read_attributes(rdns.read(tag::SET)?.reader())?.into_iter().map(NameAttribute));
            }
            Ok::<_, DerError>(attributes)
        };
        // The octets were read once without complaint.
        read().unwrap_or_default()
    }

    /// Each attribute as RFC 4514 writes it, such as `O=Amazon`, in the order of the encoding.
    #[must_use]
    pub fn attribute_texts(&self) -> Vec<String> {
        self.attributes().iter().map(|NameAttribute(attribute)| text::attribute(attribute)).collect()
    }

    /// Whether the name has no relative name at all, as the subject of some end-entity certificates.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.key.octets().len() <= 1
    }

    /// The key of the name that is this one with a relative name appended (`nameRelativeToCRLIssuer`, RFC 5280
    /// section 4.2.1.13); `relative` holds the attributes, as inside a SET OF.
    pub(crate) fn key_with_relative(&self, relative: Reader<'_>) -> Result<NameKey, DerError> {
        let mut key = self.key().octets().to_vec();
        push_rdn_key(&mut key, &read_attributes(relative)?);
        Ok(NameKey::from_octets(key))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

fn read_attributes(mut reader: Reader<'_>) -> Result<Vec<Attribute<'_>>, DerError> {
    let mut attributes = Vec::with_capacity(1);
    if reader.is_empty() {
        return Err(DerError::rule(
            reader.offset(),
            "a relative distinguished name has at least one attribute",
        ));
    }
    while !reader.is_empty() {
        cap(attributes.len(), MAX_ATTRIBUTES, "attributes in a relative name", reader.offset())?;
        let mut attribute = reader.read(tag::SEQUENCE)?.reader();
        let oid = attribute.read(tag::OID)?.oid()?;
        let value = attribute.any()?;
        attribute.finish()?;
        attributes.push(Attribute { oid, value });
    }
    Ok(attributes)
}

/// Appends one relative name. Every part is preceded by its length, so that no value can pretend to be the boundary
/// between two, and relative names stand one after the other, so that appending one to a key gives the longer key.
fn push_rdn_key(key: &mut Vec<u8>, attributes: &[Attribute<'_>]) {
    let mut parts: Vec<Vec<u8>> = attributes.iter().map(attribute_key).collect();
    // The attributes of a relative name are a set.
    parts.sort_unstable();
    let mut rdn = Vec::new();
    for part in &parts {
        push_with_length(&mut rdn, part);
    }
    push_with_length(key, &rdn);
}

fn attribute_key(attribute: &Attribute<'_>) -> Vec<u8> {
    const TEXT: u8 = 0;
    const RAW: u8 = 1;
    let mut key = Vec::with_capacity(attribute.oid.len() + attribute.value.raw.len() + 8);
    push_with_length(&mut key, attribute.oid);
    match strings::decode(attribute.value.tag, attribute.value.content) {
        Some(text) => {
            key.push(TEXT);
            key.extend_from_slice(fold::fold(&text).as_bytes());
        }
        None => {
            key.push(RAW);
            key.extend_from_slice(attribute.value.raw);
        }
    }
    key
}

fn push_with_length(key: &mut Vec<u8>, part: &[u8]) {
    // A part cannot outgrow the block it was read from, whose cap is far below this.
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_keep_their_order_and_type() {
        let cn = [&[0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c][..], &[0x01, b'a']].concat();
        let bits = [0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x2d, 0x03, 0x01, 0x00];
        let name = Name::from_der(&[&[0x30, 0x18], &*cn, &bits].concat()).unwrap();
        let attributes = name.attributes();
        let shown: Vec<_> = attributes.iter().map(|it| (it.oid(), it.text(), it.content())).collect();
        assert_eq!(
            shown,
            [("2.5.4.3".to_owned(), Some("a".into()), &b"a"[..]), ("2.5.4.45".to_owned(), None, &[0x00])]
        );
    }

    #[test]
    fn malformed_names_are_errors() {
        for der in [
            &[0x30, 0x02, 0x31, 0x00][..],
            &[0x30, 0x00, 0x00],
            &[0x31, 0x00],
            &[0x30, 0x04, 0x31, 0x02, 0x30, 0x00],
            // An attribute without a value, and one with two.
            &[0x30, 0x09, 0x31, 0x07, 0x30, 0x05, 0x06, 0x03, 0x55, 0x04, 0x03],
            &[0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x05, 0x00, 0x05, 0x00],
        ] {
            assert!(Name::from_der(der).is_err(), "{der:02x?}");
        }
        let empty = Name::from_der(&[0x30, 0x00]).unwrap();
        assert!(empty.attributes().is_empty());
        assert!(empty.is_empty());
        assert_eq!(empty.text(), "");
    }
}
