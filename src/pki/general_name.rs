//! GeneralName (RFC 5280 section 4.2.1.6) and the names of distribution points (section 4.2.1.13).

use std::net::IpAddr;

use super::der::{DerError, Element, Reader, cap, tag};
use super::name::{DIRECTORY, Name, text_of};
use super::oid::dotted;
use crate::types::{NameKey, ReasonSet};

/// The kind octet of a [`NameKey`] made of a URI: its number in GeneralName.
pub(super) const URI: u8 = 6;
/// Names in one GeneralNames; a handful is usual.
const MAX_NAMES: usize = 1024;

/// One GeneralName, as far as CRLs need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// `uniformResourceIdentifier`, the octets as found.
    Uri(Box<[u8]>),
    /// `directoryName`.
    Directory(Name),
    /// Any other form: its number in the CHOICE (0 to 8) and its content.
    Other {
        /// Number of the form, such as 2 for `dNSName`.
        form: u8,
        /// The content octets.
        content: Box<[u8]>,
    },
}

impl GeneralName {
    pub(crate) fn from_element(element: Element<'_>) -> Result<Self, DerError> {
        const LAST_FORM: u8 = 8;
        let form = element.tag & 0x1f;
        // otherName, x400Address, directoryName and ediPartyName are constructed; a CHOICE makes its tag explicit.
        let constructed = matches!(form, 0 | 3 | DIRECTORY | 5);
        let expected = if constructed { tag::constructed(form) } else { tag::primitive(form) };
        if element.tag != expected || form > LAST_FORM {
            return Err(element.broken("a GeneralName has one of the tags [0] to [8]"));
        }
        match form {
            DIRECTORY => {
                let mut reader = element.reader();
                let name = Name::from_element(reader.read(tag::SEQUENCE)?)?;
                reader.finish()?;
                Ok(Self::Directory(name))
            }
            URI => Ok(Self::Uri(element.content.into())),
            _ => Ok(Self::Other { form, content: element.content.into() }),
        }
    }

    /// What the name is compared by: a directory name folded, a URI with scheme and host in lower case, any other
    /// form verbatim. Names of different forms never have the same key.
    #[must_use]
    pub fn key(&self) -> NameKey {
        match self {
            Self::Directory(name) => name.key().clone(),
            Self::Uri(octets) => uri_key(octets),
            Self::Other { form, content } => {
                let mut key = vec![*form];
                key.extend_from_slice(content);
                NameKey::from_octets(key)
            }
        }
    }

    /// The URI, if it is one and of printable ASCII, as a URI has to be (RFC 3986 section 2).
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        match self {
            Self::Uri(octets) if octets.iter().all(u8::is_ascii_graphic) => std::str::from_utf8(octets).ok(),
            _ => None,
        }
    }
}

impl GeneralName {
    /// The name as a person reads it: an address of mail, a host or an IP address as it is, a directory name as RFC
    /// 4514 writes it, an otherName by the text in it. `None` for what is no text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        const OTHER_NAME: u8 = 0;
        const MAIL: u8 = 1;
        const DNS: u8 = 2;
        const IP_ADDRESS: u8 = 7;
        const REGISTERED_ID: u8 = 8;
        let text = |octets: &[u8]| std::str::from_utf8(octets).ok().map(str::to_owned);
        match self {
            Self::Uri(octets) => text(octets),
            Self::Directory(name) => Some(name.text().to_owned()),
            Self::Other { form: MAIL | DNS, content } => text(content),
            Self::Other { form: IP_ADDRESS, content } => {
                ip_address(content).map(|address| address.to_string())
            }
            Self::Other { form: REGISTERED_ID, content } => Some(dotted(content)),
            Self::Other { form: OTHER_NAME, content } => other_name_text(content),
            Self::Other { .. } => None,
        }
    }
}

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

/// The text in an otherName, such as a user principal name.
fn other_name_text(content: &[u8]) -> Option<String> {
    let mut reader = Reader::new(content);
    reader.read(tag::OID).ok()?;
    let mut value = reader.read(tag::constructed(0)).ok()?.reader();
    let text = text_of(value.any().ok()?)?.into_owned();
    value.finish().and(reader.finish()).ok()?;
    Some(text)
}

/// The key of a URI (RFC 5280 section 7.4): scheme and host without regard to case, everything else exactly.
#[must_use]
pub fn uri_key(octets: &[u8]) -> NameKey {
    let scheme_end = octets.iter().position(|octet| *octet == b':').unwrap_or(0);
    let (scheme, rest) = octets.split_at_checked(scheme_end).unwrap_or((&[], octets));
    let mut key = vec![URI];
    key.extend(scheme.iter().map(u8::to_ascii_lowercase));
    match rest.strip_prefix(b"://") {
        None => key.extend_from_slice(rest),
        Some(behind) => {
            let end =
                behind.iter().position(|octet| matches!(octet, b'/' | b'?' | b'#')).unwrap_or(behind.len());
            let (authority, path) = behind.split_at_checked(end).unwrap_or((behind, &[]));
            // Credentials before the host keep their case.
            let host = authority.iter().rposition(|octet| *octet == b'@').map_or(0, |at| at + 1);
            let (credentials, host) = authority.split_at_checked(host).unwrap_or((&[], authority));
            key.extend_from_slice(b"://");
            key.extend_from_slice(credentials);
            key.extend(host.iter().map(u8::to_ascii_lowercase));
            key.extend_from_slice(path);
        }
    }
    NameKey::from_octets(key)
}

/// Reads the names of a GeneralNames, which holds at least one.
pub(crate) fn read_general_names(mut reader: Reader<'_>) -> Result<Vec<GeneralName>, DerError> {
    if reader.is_empty() {
        return Err(DerError::rule(reader.offset(), "GeneralNames holds at least one name"));
    }
    let mut names = Vec::new();
    while !reader.is_empty() {
        cap(names.len(), MAX_NAMES, "general names in one place", reader.offset())?;
        names.push(GeneralName::from_element(reader.any()?)?);
    }
    Ok(names)
}

/// The name of a distribution point: full names, or a relative name with the element it stands in.
#[derive(Debug, Clone)]
pub(crate) enum DistributionPointName<'a> {
    Full(Vec<GeneralName>),
    Relative(Element<'a>),
}

impl<'a> DistributionPointName<'a> {
    /// Reads the content of `[0] DistributionPointName`, whose tag is explicit because the type is a CHOICE.
    pub(crate) fn read(mut reader: Reader<'a>) -> Result<Self, DerError> {
        const FULL_NAME: u8 = tag::constructed(0);
        const RELATIVE_NAME: u8 = tag::constructed(1);
        let element = reader.any()?;
        reader.finish()?;
        match element.tag {
            FULL_NAME => read_general_names(element.reader()).map(Self::Full),
            RELATIVE_NAME => Ok(Self::Relative(element)),
            _ => Err(element.broken("a distribution point has a full name [0] or a relative one [1]")),
        }
    }

    /// The keys of the names; a relative one is appended to `base`.
    pub(crate) fn keys(&self, base: &Name) -> Result<Vec<NameKey>, DerError> {
        match self {
            Self::Full(names) => Ok(names.iter().map(GeneralName::key).collect()),
            Self::Relative(element) => Ok(vec![base.key_with_relative(element.reader())?]),
        }
    }

    /// The URIs among the names.
    pub(crate) fn uris(&self) -> Vec<String> {
        match self {
            Self::Full(names) => names.iter().filter_map(GeneralName::uri).map(str::to_owned).collect(),
            Self::Relative(_) => Vec::new(),
        }
    }
}

/// Reads a ReasonFlags, whatever its tag (RFC 5280 section 4.2.1.13).
pub(crate) fn read_reason_flags(element: Element<'_>) -> Result<ReasonSet, DerError> {
    let (octets, _) = element.bit_string()?;
    // Named bit n is counted from the most significant bit of the first octet.
    let bits = (0_u16..=8).fold(0_u16, |bits, bit| {
        let octet = octets.get(usize::from(bit / 8)).copied().unwrap_or(0);
        bits | (u16::from(octet >> (7 - bit % 8) & 1) << bit)
    });
    Ok(ReasonSet::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ReasonCode;

    fn general_name(der: &[u8]) -> Result<GeneralName, DerError> {
        GeneralName::from_element(Reader::new(der).any().unwrap())
    }

    #[test]
    fn uris_are_compared_by_scheme_and_host_without_case() {
        let key = |text: &str| uri_key(text.as_bytes());
        assert_eq!(key("HTTP://Crl.Example.COM/A.crl"), key("http://crl.example.com/A.crl"));
        assert_ne!(key("http://crl.example.com/A.crl"), key("http://crl.example.com/a.crl"));
        assert_ne!(key("http://crl.example.com/a"), key("http://crl.example.com/a/"));
        assert_ne!(key("http://A@host/"), key("http://a@host/"));
        assert_eq!(key("http://A@HOST:80?Q"), key("http://A@host:80?Q"));
        assert_ne!(key("http://host?Q"), key("http://host?q"));
        assert_eq!(key("LDAP:///CN=x"), key("ldap:///CN=x"));
        assert_eq!(key("URN:a:B"), key("urn:a:B"));
        assert_ne!(key("x"), key("X"));
    }

    #[test]
    fn forms_never_collide() {
        let dns = general_name(&[0x82, 0x01, b'a']).unwrap();
        let mail = general_name(&[0x81, 0x01, b'a']).unwrap();
        let uri = general_name(&[0x86, 0x01, b'a']).unwrap();
        let directory = general_name(&[0xa4, 0x02, 0x30, 0x00]).unwrap();
        let keys: std::collections::BTreeSet<_> =
            [&dns, &mail, &uri, &directory].map(GeneralName::key).into();
        assert_eq!(keys.len(), 4);
        assert_eq!(uri.uri(), Some("a"));
        assert_eq!(dns.uri(), None);
        assert_eq!(general_name(&[0x86, 0x01, b'\n']).unwrap().uri(), None);
    }

    #[test]
    fn names_are_shown_as_people_write_them() {
        let text = |der: &[u8]| general_name(der).unwrap().text();
        assert_eq!(text(&[0x81, 0x03, b'a', b'@', b'b']).as_deref(), Some("a@b"));
        assert_eq!(text(&[0x82, 0x01, b'a']).as_deref(), Some("a"));
        assert_eq!(text(&[0x86, 0x02, b'u', b':']).as_deref(), Some("u:"));
        assert_eq!(text(&[0x87, 0x04, 127, 0, 0, 1]).as_deref(), Some("127.0.0.1"));
        assert_eq!(text(&[0x87, 0x03, 127, 0, 0]), None);
        assert_eq!(text(&[0x88, 0x02, 0x2a, 0x03]).as_deref(), Some("1.2.3"));
        let upn = [0xa0, 0x0a, 0x06, 0x03, 0x2a, 0x03, 0x04, 0xa0, 0x03, 0x0c, 0x01, b'u'];
        assert_eq!(text(&upn).as_deref(), Some("u"));
        assert_eq!(text(&[0xa0, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04]), None);
        assert_eq!(text(&[0x82, 0x01, 0xff]), None);
    }

    #[test]
    fn tags_outside_the_choice_are_refused() {
        for der in [&[0x89, 0x00][..], &[0xa6, 0x00], &[0x84, 0x02, 0x30, 0x00], &[0x30, 0x00], &[0xa4, 0x00]]
        {
            assert!(general_name(der).is_err(), "{der:02x?}");
        }
        assert!(read_general_names(Reader::new(&[])).is_err());
    }

    #[test]
    fn reason_flags_count_from_the_top() {
        let read = |der: &[u8]| read_reason_flags(Reader::new(der).any().unwrap());
        assert_eq!(read(&[0x83, 0x02, 0x05, 0x60]).unwrap(), ReasonSet::from_bits(0b110));
        assert_eq!(read(&[0x83, 0x03, 0x07, 0x00, 0x80]).unwrap().bits(), 1 << 8);
        assert_eq!(read(&[0x83, 0x03, 0x07, 0x7f, 0x80]).unwrap(), ReasonSet::ALL);
        assert_eq!(read(&[0x83, 0x01, 0x00]).unwrap(), ReasonSet::NONE);
        assert!(read(&[0x83, 0x00]).is_err());
        assert_eq!(read(&[0x83, 0x03, 0x07, 0x00, 0x80]).unwrap().names(), [ReasonCode::AaCompromise.name()]);
    }
}
