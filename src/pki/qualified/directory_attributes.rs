//! `subjectDirectoryAttributes` (RFC 5280 section 4.2.1.8): what a directory would know of the subject.

use super::super::der::{DerError, Element, cap, read_single, tag};
use super::super::name::text_of;
use super::super::oid;

/// Attributes of one certificate; ten are many.
const MAX_ATTRIBUTES: usize = 256;
/// Values of one attribute; one is usual.
const MAX_VALUES: usize = 64;

/// The attributes of one certificate, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryAttributes(Vec<DirectoryAttribute>);

/// One attribute: what it is, and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryAttribute {
    oid: Box<[u8]>,
    /// The texts of the values; `None` for one that is no text.
    values: Vec<Option<Box<str>>>,
}

impl DirectoryAttributes {
    /// Reads a DER SubjectDirectoryAttributes.
    ///
    /// # Errors
    /// For malformed DER, an attribute that is there twice, attributes or values beyond the caps. The offset counts
    /// from the start of `der`.
    pub fn from_der(der: &[u8]) -> Result<Self, DerError> {
        Self::from_element(read_single(der, tag::SEQUENCE)?)
    }

    pub(in super::super) fn from_element(element: Element<'_>) -> Result<Self, DerError> {
        let mut attributes: Vec<DirectoryAttribute> = Vec::new();
        let mut reader = element.reader();
        while !reader.is_empty() {
            cap(attributes.len(), MAX_ATTRIBUTES, "directory attributes", reader.offset())?;
            let element = reader.read(tag::SEQUENCE)?;
            let mut parts = element.reader();
            let oid = parts.read(tag::OID)?.oid()?;
            // Which of the two would be meant, nobody could tell.
            if attributes.iter().any(|attribute| *attribute.oid == *oid) {
                return Err(element.broken("the same directory attribute twice"));
            }
            let values = read_values(parts.read(tag::SET)?)?;
            parts.finish()?;
            attributes.push(DirectoryAttribute { oid: oid.into(), values });
        }
        Ok(Self(attributes))
    }

    /// The text of an attribute's first value; `oid` in dotted decimal. An empty text is one, as some authorities
    /// write it for "none".
    #[must_use]
    pub fn text(&self, oid: &str) -> Option<&str> {
        let attribute = self.0.iter().find(|attribute| attribute.oid() == oid)?;
        attribute.values.first()?.as_deref()
    }

    /// The attributes, in the order of the certificate.
    pub fn iter(&self) -> impl Iterator<Item = &DirectoryAttribute> {
        self.0.iter()
    }
}

impl DirectoryAttribute {
    /// What it is, in dotted decimal.
    #[must_use]
    pub fn oid(&self) -> String {
        oid::dotted(&self.oid)
    }

    /// The texts of its values; `None` for one that is no text.
    pub fn values(&self) -> impl Iterator<Item = Option<&str>> {
        self.values.iter().map(Option::as_deref)
    }
}

fn read_values(set: Element<'_>) -> Result<Vec<Option<Box<str>>>, DerError> {
    let mut values = Vec::with_capacity(1);
    let mut reader = set.reader();
    while !reader.is_empty() {
        cap(values.len(), MAX_VALUES, "values of a directory attribute", reader.offset())?;
        values.push(text_of(reader.any()?).map(Into::into));
    }
    // AttributeSetValue has at least one (RFC 5280 appendix A.1).
    if values.is_empty() {
        Err(set.broken("a directory attribute has at least one value"))
    } else {
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1.2.804.2.1.1.1.11.1.4.2.1`
    const EDRPOU: &[u8] = &[0x2a, 0x86, 0x24, 0x02, 0x01, 0x01, 0x01, 0x0b, 0x01, 0x04, 0x02, 0x01];

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn attribute(oid: &[u8], values: &[Vec<u8>]) -> Vec<u8> {
        element(0x30, &[element(6, oid), element(0x31, &values.concat())].concat())
    }

    #[test]
    fn a_number_of_a_company_is_read() {
        let der = element(0x30, &attribute(EDRPOU, &[element(0x13, b"43005393")]));
        let attributes = DirectoryAttributes::from_der(&der).unwrap();
        assert_eq!(attributes.text("1.2.804.2.1.1.1.11.1.4.2.1"), Some("43005393"));
        assert_eq!(attributes.text("1.2.804.2.1.1.1.11.1.4.1.1"), None);
    }

    #[test]
    fn an_empty_text_is_a_text_and_an_integer_is_none() {
        let parts = [attribute(EDRPOU, &[element(0x13, b"")]), attribute(&[0x2a], &[element(2, &[1])])];
        let attributes = DirectoryAttributes::from_der(&element(0x30, &parts.concat())).unwrap();
        assert_eq!(attributes.text("1.2.804.2.1.1.1.11.1.4.2.1"), Some(""));
        assert_eq!(attributes.text("1.2"), None);
        assert_eq!(attributes.iter().map(DirectoryAttribute::oid).last().as_deref(), Some("1.2"));
    }

    #[test]
    fn what_means_two_things_is_refused() {
        let one = attribute(EDRPOU, &[element(0x13, b"1")]);
        for content in
            [[one.clone(), one].concat(), attribute(EDRPOU, &[]), element(0x30, &element(6, EDRPOU))]
        {
            assert!(DirectoryAttributes::from_der(&element(0x30, &content)).is_err(), "{content:02x?}");
        }
    }
}
