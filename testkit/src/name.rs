//! Distinguished names and general names.

use crate::der::{element, explicit, implicit, oid, sequence, set};
use crate::oid::{COMMON_NAME, COUNTRY, ORGANIZATION};

/// The ASN.1 type an attribute value is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringKind {
    /// UTF8String.
    Utf8,
    /// PrintableString; whatever the text, its octets in Latin 1.
    Printable,
    /// IA5String, in the same way.
    Ia5,
    /// TeletexString, in the same way.
    Teletex,
    /// NumericString, in the same way.
    Numeric,
    /// BMPString.
    Bmp,
    /// UniversalString.
    Universal,
}

impl StringKind {
    /// The value's encoding.
    #[must_use]
    pub fn der(self, text: &str) -> Vec<u8> {
        let latin = || text.chars().map(|character| u32::from(character) as u8).collect::<Vec<u8>>();
        match self {
            Self::Utf8 => element(0x0c, text.as_bytes()),
            Self::Printable => element(0x13, &latin()),
            Self::Ia5 => element(0x16, &latin()),
            Self::Teletex => element(0x14, &latin()),
            Self::Numeric => element(0x12, &latin()),
            Self::Bmp => element(0x1e, &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()),
            Self::Universal => element(
                0x1c,
                &text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect::<Vec<u8>>(),
            ),
        }
    }
}

/// A distinguished name under construction; relative names in the order of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Each relative name: its encoded attributes.
    pub rdns: Vec<Vec<Vec<u8>>>,
}

impl Name {
    /// The empty name.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// `C=ZZ, O=Testkit, CN=…`.
    #[must_use]
    pub fn new(common_name: &str) -> Self {
        Self::empty()
            .rdn(COUNTRY, StringKind::Printable, "ZZ")
            .rdn(ORGANIZATION, StringKind::Utf8, "Testkit")
            .rdn(COMMON_NAME, StringKind::Utf8, common_name)
    }

    /// Appends a relative name of one attribute.
    #[must_use]
    pub fn rdn(self, attribute: &str, kind: StringKind, text: &str) -> Self {
        self.rdn_of(&[(attribute, kind.der(text))])
    }

    /// Appends a relative name of several attributes, values already encoded.
    #[must_use]
    pub fn rdn_of(mut self, attributes: &[(&str, Vec<u8>)]) -> Self {
        let encoded = attributes.iter().map(|(attribute, value)| sequence(&[oid(attribute), value.clone()]));
        self.rdns.push(encoded.collect());
        self
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        sequence(&self.rdns.iter().map(|attributes| set(attributes)).collect::<Vec<_>>())
    }

    /// The attributes of the last relative name, as `nameRelativeToCRLIssuer` holds them.
    #[must_use]
    pub fn last_rdn(&self) -> Vec<u8> {
        self.rdns.last().map(|attributes| attributes.concat()).unwrap_or_default()
    }
}

/// A GeneralName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// uniformResourceIdentifier.
    Uri(String),
    /// directoryName.
    Directory(Name),
    /// dNSName.
    Dns(String),
    /// Exactly this encoding.
    Raw(Vec<u8>),
}

impl GeneralName {
    /// A URI.
    #[must_use]
    pub fn uri(uri: &str) -> Self {
        Self::Uri(uri.to_owned())
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        match self {
            Self::Uri(uri) => implicit(6, uri.as_bytes()),
            Self::Dns(name) => implicit(2, name.as_bytes()),
            Self::Directory(name) => explicit(4, &name.der()),
            Self::Raw(der) => der.clone(),
        }
    }

    /// The content of a GeneralNames.
    #[must_use]
    pub fn all(names: &[Self]) -> Vec<u8> {
        names.iter().flat_map(Self::der).collect()
    }
}
