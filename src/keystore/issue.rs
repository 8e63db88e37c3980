//! Self-signed certificates and certificate signing requests (PKCS#10, RFC 2986).

use std::net::IpAddr;

use aws_lc_rs::rand;
use rcgen::string::PrintableString;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType,
    SerialNumber,
};
use time::OffsetDateTime;

use super::keys::Signer;
use super::{KeyAlgorithm, KeyError, PrivateKey, SignatureDigest};
use crate::pki::Certificate;
use crate::types::{Seconds, UnixTime};

/// Octets of a serial number, as many as RFC 5280 section 4.1.2.2 allows less the one that keeps it positive.
const SERIAL: usize = 16;

/// Whom a certificate is about; empty values are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectName {
    /// countryName, two letters.
    pub country: String,
    /// stateOrProvinceName.
    pub state: String,
    /// localityName.
    pub locality: String,
    /// organizationName.
    pub organization: String,
    /// organizationalUnitName.
    pub unit: String,
    /// commonName. One that is a host name or an address is a subjectAltName as well, by which clients of today go.
    pub common_name: String,
}

/// What is to be made.
#[derive(Debug, Clone)]
pub struct IssueRequest {
    /// Whom for.
    pub subject: SubjectName,
    /// The kind of key.
    pub algorithm: KeyAlgorithm,
    /// The digest under the signatures.
    pub digest: SignatureDigest,
    /// How long the certificate is valid, from now.
    pub valid: Seconds,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a certificate is for (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Being presented to clients.
    Server,
    /// Being presented to servers.
    Client,
}

/// A new key with what was signed by it.
#[derive(Debug)]
pub struct Issued {
    /// The key.
    pub key: PrivateKey,
    /// The self-signed certificate.
    pub certificate: Certificate,
    /// The request for another one (DER).
    pub request: Vec<u8>,
}

/// Makes a key, a certificate signed by itself and a request to have it signed by an authority. Takes as long as an RSA
/// key takes: a second for 4096 bits, sometimes more.
///
/// # Errors
/// [`KeyError::Subject`] for a subject that a certificate cannot have; [`KeyError::Generate`], [`KeyError::Issue`].
pub fn issue(request: &IssueRequest, now: UnixTime) -> Result<Issued, KeyError> {
    let mut parameters = parameters(request, now)?;
    let (signer, key) = Signer::generate(request.algorithm, request.digest)?;
    let failed = |what| move |error: rcgen::Error| KeyError::Issue { what, reason: error.to_string() };
    let signed = parameters.serialize_request(&signer).map_err(failed("the request"))?;
    // A request has none: the number is its issuer's to give.
    parameters.serial_number = Some(serial()?);
    let certificate = parameters.self_signed(&signer).map_err(failed("the certificate"))?;
    let certificate = Certificate::from_der(certificate.der())
        .map_err(|error| KeyError::Issue { what: "the certificate", reason: error.to_string() })?;
    Ok(Issued { key, certificate, request: signed.der().to_vec() })
}

fn parameters(request: &IssueRequest, now: UnixTime) -> Result<CertificateParams, KeyError> {
    let bad = |reason: &dyn std::fmt::Display| KeyError::Issue {
        what: "the certificate",
        reason: reason.to_string(),
    };
    let time =
        |time: UnixTime| OffsetDateTime::from_unix_timestamp(time.seconds()).map_err(|error| bad(&error));
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(&request.subject)?;
    parameters.subject_alt_names = alternative_names(&request.subject.common_name);
    parameters.not_before = time(now)?;
    parameters.not_after = time(now.plus(request.valid))?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(request.algorithm, KeyAlgorithm::Rsa(_)) {
        parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    parameters.extended_key_usages = vec![match request.purpose {
        Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    Ok(parameters)
}

fn name(subject: &SubjectName) -> Result<DistinguishedName, KeyError> {
    let mut name = DistinguishedName::new();
    if !subject.country.is_empty() {
        let letters = subject.country.as_bytes();
        let is_country = letters.len() == 2 && letters.iter().all(u8::is_ascii_alphabetic);
        let country = PrintableString::try_from(subject.country.as_str()).ok().filter(|_| is_country);
        let reason = || format!("'{}' is no country of two letters", subject.country.escape_debug());
        let country = country.ok_or_else(|| KeyError::Subject { reason: reason() })?;
        name.push(DnType::CountryName, DnValue::PrintableString(country));
    }
    // From the largest to the smallest, so that RFC 4514 writes the common name first.
    for (kind, value) in [
        (DnType::StateOrProvinceName, &subject.state),
        (DnType::LocalityName, &subject.locality),
        (DnType::OrganizationName, &subject.organization),
        (DnType::OrganizationalUnitName, &subject.unit),
        (DnType::CommonName, &subject.common_name),
    ] {
        if !value.is_empty() {
            name.push(kind, value.as_str());
        }
    }
    Ok(name)
}

fn alternative_names(common_name: &str) -> Vec<SanType> {
    if let Ok(address) = common_name.parse::<IpAddr>() {
        return vec![SanType::IpAddress(address)];
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let host = common_name.strip_prefix("*.").unwrap_or(common_name);
    let is_host = common_name.len() <= 253 && host.split('.').all(label);
    let name = common_name.try_into().ok().filter(|_| is_host);
    name.map(SanType::DnsName).into_iter().collect()
}

fn serial() -> Result<SerialNumber, KeyError> {
    let mut octets = [0; SERIAL];
    rand::fill(&mut octets)
        .map_err(|_| KeyError::Generate { reason: "the system gives no random octets".to_owned() })?;
    // Positive, and never shorter than the others.
    if let Some(first) = octets.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    Ok(SerialNumber::from_slice(&octets))
}
