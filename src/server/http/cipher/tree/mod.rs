//! What is told of a certificate: a tree of pairs of a description and a value.
//!
//! Nothing is ever left out: what the certificate does not have is `null`. Truth values are the texts `"true"` and
//! `"false"`. Member names are those that clients know, `dsAlgorism` included.

mod algorithm;
mod marks;
mod personal;
mod printing;

use serde_json::{Map, Value};

use self::marks::Marks;
use self::personal::PersonalData;
use self::printing::{hex_pairs, serial_of, value_of};
use super::labels::{self, Label, Labels};
use super::language::{Language, Text};
use super::zone::Zone;
use crate::pki::der::{DerError, read_single, tag};
use crate::pki::{Certificate, KeyUsage, PublicKey};
use crate::types::Serial;

pub use self::printing::NameValues;

/// How a certificate is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Style {
    /// In which time dates are.
    pub zone: Zone,
    /// How faithful Ukrainian descriptions are.
    pub labels: Labels,
    /// How values of names are written.
    pub name_values: NameValues,
    /// Where to find what no standard has a place for.
    pub places: Places,
}

/// Where to find what no standard has a place for; object identifiers in dotted decimal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// The directory attribute with the external identifier.
    pub custom_id: Option<String>,
    /// The directory attribute with the passport, beside the one that has it in place of a taxpayer's number.
    pub passport: Option<String>,
    /// The policy of starting certificates.
    pub temporary_policy: Option<String>,
    /// What the profile of a certificate is.
    pub profile: Profile,
}

/// What the profile of a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The version of X.509.
    #[default]
    Version,
    /// Not known.
    Unknown,
}

/// Writes pairs.
pub(super) struct Pairs {
    language: Language,
    labels: Labels,
    members: Map<String, Value>,
}

impl Pairs {
    pub(super) fn new(language: Language, labels: Labels) -> Self {
        Self { language, labels, members: Map::new() }
    }

    /// Adds a pair.
    pub(super) fn pair(mut self, name: &str, label: Label, value: impl Into<Value>) -> Self {
        let description = label.text(self.language, self.labels);
        let pair = [("description".to_owned(), description.into()), ("value".to_owned(), value.into())];
        self.members.insert(name.to_owned(), Value::Object(pair.into_iter().collect()));
        self
    }

    /// Adds a pair whose value is pairs.
    pub(super) fn nested(self, name: &str, label: Label, fill: impl FnOnce(Self) -> Self) -> Self {
        let inside = fill(Self::new(self.language, self.labels));
        self.pair(name, label, Value::Object(inside.members))
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.members
    }
}

/// What is told of a certificate.
///
/// # Errors
/// For an extension that is malformed: what it says must not look as if it were not there.
pub(super) fn describe(
    certificate: &Certificate,
    language: Language,
    style: &Style,
) -> Result<Map<String, Value>, DerError> {
    let personal = PersonalData::of(certificate, &style.places)?;
    let marks = Marks::of(certificate, &style.places)?;
    let alternative_name = alternative_name(certificate)?;
    let (subject, issuer, values) = (certificate.subject(), certificate.issuer(), style.name_values);
    let owner = |oid| value_of(subject, oid, values);
    let by = |oid| value_of(issuer, oid, values);
    let owner_serial = serial_of(subject, values);
    let date = |time| style.zone.format(time);
    let pairs = Pairs::new(language, style.labels)
        .nested("ownerCertificateInfo", labels::OWNER, |pairs| {
            pairs
                .pair("ownerSurname", labels::OWNER_SURNAME, owner(SURNAME))
                .pair("ownerGivenname", labels::OWNER_GIVEN_NAME, owner(GIVEN_NAME))
                .pair("ownerFullName", labels::FULL_NAME, owner(COMMON_NAME))
                .pair("ownerCountry", labels::COUNTRY, owner(COUNTRY))
                .pair("ownerRegion", labels::REGION, owner(STATE))
                .pair("ownerCity", labels::CITY, owner(LOCALITY))
                .pair("ownerAddress", labels::ADDRESS, owner(STREET))
                .pair("ownerSerialNumber", labels::OWNER_SERIAL, owner_serial.clone())
                .pair("ownerPosition", labels::OWNER_POSITION, owner(TITLE))
        })
        .nested("issuerCertificateInfo", labels::ISSUER, |pairs| {
            pairs
                .pair("issuerOrganization", labels::ORGANIZATION, by(ORGANIZATION))
                .pair("issuerDepartment", labels::DEPARTMENT, by(ORGANIZATIONAL_UNIT))
                .pair("issuerFullName", labels::FULL_NAME, by(COMMON_NAME))
                .pair("issuerCountry", labels::COUNTRY, by(COUNTRY))
                .pair("issuerRegion", labels::REGION, by(STATE))
                .pair("issuerCity", labels::CITY, by(LOCALITY))
                .pair("issuerAddress", labels::ADDRESS, by(STREET))
                .pair("issuerSerialNumber", labels::ISSUER_SERIAL, serial_of(issuer, values))
        })
        .nested("publicKeyCertificateInfo", labels::PUBLIC_KEY_INFO, |pairs| {
            let key = certificate.public_key();
            pairs.pair("publicKey", labels::PUBLIC_KEY, hex_pairs(key_octets(key))).pair(
                "dsAlgorism",
                labels::SIGNATURE_ALGORITHM,
                algorithm::name(key, language),
            )
        })
        .pair("certificateSerialNumber", labels::SERIAL, serial_number(certificate.serial()))
        .pair("notBefore", labels::NOT_BEFORE, date(certificate.not_before()))
        .pair("notAfter", labels::NOT_AFTER, date(certificate.not_after()))
        .nested("extensionsCertificateInfo", labels::EXTENSIONS, |pairs| {
            let truth = |holds: bool| if holds { "true" } else { "false" };
            pairs
                .nested("personalData", labels::PERSONAL_DATA, |pairs| personal.fill(pairs))
                .pair("alternativeOwnerName", labels::ALTERNATIVE_NAME, alternative_name)
                .pair("subjectKeyId", labels::SUBJECT_KEY_ID, certificate.subject_key_id().map(hex_pairs))
                .pair("subjectOwnerId", labels::SUBJECT_OWNER_ID, owner_serial)
                .pair("certificateProfile", labels::PROFILE, profile(certificate, style.places.profile))
                .pair("keyUsage", labels::KEY_USAGE, key_usage(certificate, language))
                .pair("isTemporary", labels::TEMPORARY, truth(marks.temporary))
                .pair("isReinforced", labels::REINFORCED, truth(marks.reinforced))
                .pair("isQualified", labels::QUALIFIED, truth(marks.qualified))
                .pair("isPrivateKeyOnQSCD", labels::ON_QSCD, truth(marks.on_qscd))
                .pair("qscdTypeName", labels::QSCD_TYPE, Value::Null)
                .pair("isElectronicStamp", labels::STAMP, truth(marks.stamp))
        });
    Ok(pairs.finish())
}

const COMMON_NAME: &str = "2.5.4.3";
const SURNAME: &str = "2.5.4.4";
const COUNTRY: &str = "2.5.4.6";
const LOCALITY: &str = "2.5.4.7";
const STATE: &str = "2.5.4.8";
const STREET: &str = "2.5.4.9";
const ORGANIZATION: &str = "2.5.4.10";
const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
const TITLE: &str = "2.5.4.12";
const GIVEN_NAME: &str = "2.5.4.42";

/// The octets of a key; those of DSTU 4145-2002 without the OCTET STRING that they stand in.
fn key_octets(key: &PublicKey) -> &[u8] {
    let octets = key.key_octets();
    match read_single(octets, tag::OCTET_STRING) {
        Ok(inner) if algorithm::is_dstu(key) => inner.content,
        _ => octets,
    }
}

/// The octets of the number, without the zero that keeps it positive.
fn serial_number(serial: &Serial) -> String {
    hex_pairs(match serial.as_ref().magnitude() {
        Some([]) | None => serial.octets(),
        Some(magnitude) => magnitude,
    })
}

fn alternative_name(certificate: &Certificate) -> Result<Option<String>, DerError> {
    let names = certificate.subject_alternative_names()?;
    let texts: Vec<String> = names.iter().filter_map(crate::pki::GeneralName::text).collect();
    Ok((!texts.is_empty()).then(|| texts.join(", ")))
}

fn profile(certificate: &Certificate, profile: Profile) -> Option<String> {
    match profile {
        Profile::Version => Some(certificate.version().to_string()),
        Profile::Unknown => None,
    }
}

fn key_usage(certificate: &Certificate, language: Language) -> Option<String> {
    let uses: Vec<&str> =
        certificate.key_usage()?.iter().map(|usage| usage_name(usage).in_language(language)).collect();
    Some(uses.join(", "))
}

const fn usage_name(usage: KeyUsage) -> Text {
    let (uk, en, ja) = match usage {
        KeyUsage::DigitalSignature => ("Електронний підпис", "Digital signature", "デジタル署名"),
        KeyUsage::NonRepudiation => ("Невідрікаємість", "Non-repudiation", "否認防止"),
        KeyUsage::KeyEncipherment => ("Шифрування ключів", "Key encipherment", "鍵の暗号化"),
        KeyUsage::DataEncipherment => ("Шифрування даних", "Data encipherment", "データの暗号化"),
        KeyUsage::KeyAgreement => ("Узгодження ключів", "Key agreement", "鍵共有"),
        KeyUsage::KeyCertSign => ("Підпис сертифікатів", "Certificate signing", "証明書への署名"),
        KeyUsage::CrlSign => ("Підпис списків відкликаних сертифікатів", "CRL signing", "CRLへの署名"),
        KeyUsage::EncipherOnly => ("Лише зашифрування", "Encipher only", "暗号化のみ"),
        KeyUsage::DecipherOnly => ("Лише розшифрування", "Decipher only", "復号のみ"),
    };
    Text { uk, en, ja }
}
