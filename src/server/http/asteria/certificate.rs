//! Certificates as the API shows them.

use std::fmt::Write;

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, UtcOffset};
use x509_parser::extensions::KeyUsage;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::settings::{AsteriaSettings, ChainInfo};
use crate::keystore::Anchor;
use crate::pki::{Certificate, dotted, sha1};
use crate::types::UnixTime;

/// A certificate that x509-parser does not read after all.
#[derive(Debug)]
pub(super) struct Unreadable;

/// The detail of a certificate without its chain.
pub(super) fn detail(
    certificate: &Certificate,
    settings: &AsteriaSettings,
) -> Result<Map<String, Value>, Unreadable> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).map_err(|_| Unreadable)?;
    let usage = parsed.key_usage().map_err(|_| Unreadable)?;
    let usage = usage.map_or(KeyUsage { flags: 0 }, |extension| *extension.value);
    let members = [
        ("subject", attributes(parsed.subject())),
        ("issuer", attributes(parsed.issuer())),
        ("notBefore", json!(local(certificate.not_before(), settings))),
        ("notAfter", json!(local(certificate.not_after(), settings))),
        // As people count: version 3 is 2 inside.
        ("version", json!((parsed.version().0 + 1).to_string())),
        ("signatureAlgorithm", json!(java_name(parsed.signature_algorithm.algorithm.as_bytes()))),
        (
            "usage",
            json!({
                "digitalSignature": usage.digital_signature(),
                "nonRepudiation": usage.non_repudiation(),
                "keyEncipherment": usage.key_encipherment(),
                "dataEncipherment": usage.data_encipherment(),
                "keyAgreement": usage.key_agreement(),
                "keyCertSign": usage.key_cert_sign(),
                "cRLSign": usage.crl_sign(),
                "encipherOnly": usage.encipher_only(),
                "decipherOnly": usage.decipher_only(),
            }),
        ),
        ("fingerprintSha1", json!(colons(&sha1(certificate.der())))),
        ("fingerprintMd5", json!(colons(&Md5::digest(certificate.der())))),
        ("serialNumber", json!(parsed.tbs_certificate.serial.to_string())),
    ];
    Ok(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The detail of an identity's certificate.
pub(super) fn with_chain(chain: &[Certificate], settings: &AsteriaSettings) -> Result<Value, Unreadable> {
    let mut members = detail(chain.first().ok_or(Unreadable)?, settings)?;
    let names: Vec<&str> = chain
        .iter()
        .map(|certificate| match settings.chain_info {
            ChainInfo::Issuers => certificate.issuer().text(),
            ChainInfo::Subjects => certificate.subject().text(),
        })
        .collect();
    members.insert("chainInfo".to_owned(), json!(names));
    Ok(Value::Object(members))
}

/// The summaries of anchors.
pub(super) fn summaries(anchors: &[Anchor], settings: &AsteriaSettings) -> Value {
    let summary = |anchor: &Anchor| {
        json!({
            "alias": anchor.alias,
            "subject": anchor.certificate.subject().text(),
            "issuer": anchor.certificate.issuer().text(),
            "notBefore": local(anchor.certificate.not_before(), settings),
            "notAfter": local(anchor.certificate.not_after(), settings),
        })
    };
    Value::Array(anchors.iter().map(summary).collect())
}

/// The six attributes the API knows; of several with one name the values are joined, absent ones are left out.
fn attributes(name: &X509Name<'_>) -> Value {
    const KNOWN: [(&str, &str); 6] = [
        ("C", "2.5.4.6"),
        ("ST", "2.5.4.8"),
        ("L", "2.5.4.7"),
        ("O", "2.5.4.10"),
        ("OU", "2.5.4.11"),
        ("CN", "2.5.4.3"),
    ];
    let mut members = Map::new();
    for (key, oid) in KNOWN {
        let values: Vec<String> = name
            .iter_attributes()
            .filter(|attribute| attribute.attr_type().to_id_string() == oid)
            .filter_map(|attribute| {
                // BMPString and others that are no UTF-8 go by the reader of this crate, in the text of the name.
                attribute.as_str().ok().map(str::to_owned)
            })
            .collect();
        if !values.is_empty() {
            members.insert(key.to_owned(), json!(values.join(",")));
        }
    }
    Value::Object(members)
}

/// `2013-01-13 09:56:53`, without the zone.
fn local(time: UnixTime, settings: &AsteriaSettings) -> String {
    let offset = UtcOffset::from_whole_seconds(settings.utc_offset_minutes * 60).unwrap_or(UtcOffset::UTC);
    let time = OffsetDateTime::from_unix_timestamp(time.seconds()).map(|time| time.to_offset(offset));
    match time {
        Ok(time) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        ),
        // Beyond the years that certificates can name.
        Err(_) => String::new(),
    }
}

fn colons(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 3);
    for octet in octets {
        let colon = if text.is_empty() { "" } else { ":" };
        // Nothing fails that writes into a string.
        let _ = write!(text, "{colon}{octet:02x}");
    }
    text
}

/// The name by which Java calls a signature algorithm; one without a name keeps its number.
fn java_name(oid: &[u8]) -> String {
    let dotted = dotted(oid);
    let name = match dotted.as_str() {
        "1.2.840.113549.1.1.2" => "MD2withRSA",
        "1.2.840.113549.1.1.4" => "MD5withRSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA1withRSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256withRSA",
        "1.2.840.113549.1.1.12" => "SHA384withRSA",
        "1.2.840.113549.1.1.13" => "SHA512withRSA",
        "1.2.840.113549.1.1.14" => "SHA224withRSA",
        "1.2.840.10040.4.3" => "SHA1withDSA",
        "2.16.840.1.101.3.4.3.1" => "SHA224withDSA",
        "2.16.840.1.101.3.4.3.2" => "SHA256withDSA",
        "1.2.840.10045.4.1" => "SHA1withECDSA",
        "1.2.840.10045.4.3.1" => "SHA224withECDSA",
        "1.2.840.10045.4.3.2" => "SHA256withECDSA",
        "1.2.840.10045.4.3.3" => "SHA384withECDSA",
        "1.2.840.10045.4.3.4" => "SHA512withECDSA",
        "1.3.101.112" => "Ed25519",
        _ => return dotted,
    };
    name.to_owned()
}
