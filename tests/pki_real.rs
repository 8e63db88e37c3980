//! Real CRLs and certificates: everything OpenSSL reads in them is read here, and equal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod pki_support;

use std::collections::BTreeMap;

use pki_support::{OwnedEntry, files, openssl, read_all, real_data};
use revocache::pki::crl::UnverifiedCrl;
use revocache::pki::{AlgorithmPolicy, Certificate, SignatureError};
use revocache::types::{ReasonCode, UnixTime};

/// `Nov  3 12:00:00 2024 GMT`, as OpenSSL prints times.
fn openssl_time(text: &str) -> i64 {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [month, day, clock, year, "GMT"] = parts[..] else { panic!("no time: {text}") };
    let month = MONTHS.iter().position(|name| *name == month).unwrap() + 1;
    let text = format!("{year}-{month:02}-{day:0>2}T{clock}Z");
    UnixTime::parse_rfc3339(&text).unwrap().seconds()
}

fn openssl_reason(text: &str) -> ReasonCode {
    match text {
        "Unspecified" => ReasonCode::Unspecified,
        "Key Compromise" => ReasonCode::KeyCompromise,
        "CA Compromise" => ReasonCode::CaCompromise,
        "Affiliation Changed" => ReasonCode::AffiliationChanged,
        "Superseded" => ReasonCode::Superseded,
        "Cessation Of Operation" => ReasonCode::CessationOfOperation,
        "Certificate Hold" => ReasonCode::CertificateHold,
        "Privilege Withdrawn" => ReasonCode::PrivilegeWithdrawn,
        other => panic!("reason {other}"),
    }
}

/// What `openssl crl -text` says of a list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Described {
    issuer: String,
    this_update: i64,
    next_update: Option<i64>,
    number: Option<String>,
    entries: Vec<(String, i64, ReasonCode)>,
}

fn described_by_openssl(text: &str) -> Described {
    let mut described = Described::default();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if let Some(issuer) = line.strip_prefix("Issuer: ") {
            issuer.clone_into(&mut described.issuer);
        } else if let Some(time) = line.strip_prefix("Last Update: ") {
            described.this_update = openssl_time(time);
        } else if let Some(time) = line.strip_prefix("Next Update: ") {
            described.next_update = Some(openssl_time(time));
        } else if line.starts_with("X509v3 CRL Number") {
            described.number = lines.next().map(str::to_owned);
        } else if let Some(serial) = line.strip_prefix("Serial Number: ") {
            let date = lines.next().unwrap().strip_prefix("Revocation Date: ").unwrap();
            described.entries.push((serial.to_lowercase(), openssl_time(date), ReasonCode::Unspecified));
        } else if line.starts_with("X509v3 CRL Reason Code") {
            described.entries.last_mut().unwrap().2 = openssl_reason(lines.next().unwrap());
        }
    }
    described
}

fn described_here(entries: &[OwnedEntry], crl: &UnverifiedCrl) -> Described {
    let contents = crl.untrusted();
    // OpenSSL prints serials and numbers as magnitudes in upper case, numbers that fit as decimal.
    let number = contents.extensions.crl_number.as_ref().map(|number| {
        let octets = number.magnitude();
        if octets.len() <= 8 {
            octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet)).to_string()
        } else {
            format!("0x{}", revocache::types::to_hex(octets).to_uppercase().trim_start_matches('0'))
        }
    });
    Described {
        issuer: String::new(),
        this_update: contents.header.this_update.seconds(),
        next_update: contents.header.next_update.map(UnixTime::seconds),
        number,
        entries: entries
            .iter()
            .map(|entry| {
                let serial = entry.serial.strip_prefix("00").filter(|rest| !rest.is_empty());
                (serial.unwrap_or(&entry.serial).to_owned(), entry.revoked_at, entry.reason)
            })
            .collect(),
    }
}

#[test]
fn every_real_list_is_read_as_openssl_reads_it() {
    let test = "every_real_list_is_read_as_openssl_reads_it";
    let Some(folder) = real_data(test) else { return };
    let lists = files(&folder.join("crls"));
    assert_eq!(lists.len(), 43);
    let mut entries_seen = 0;
    for (file, der) in &lists {
        let arguments =
            ["crl", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8,sname"];
        let Some(text) = openssl(test, &arguments, der) else { return };
        let mut theirs = described_by_openssl(&text.unwrap());
        let (entries, crl) = read_all(der).unwrap_or_else(|error| panic!("{file}: {error}"));
        let issuer = std::mem::take(&mut theirs.issuer);
        assert_eq!(crl.untrusted().header.issuer.text(), issuer, "{file}");
        assert_eq!(described_here(&entries, &crl), theirs, "{file}");
        assert_eq!(crl.untrusted().entries, u64::try_from(entries.len()).unwrap());
        assert_eq!(crl.untrusted().size, u64::try_from(der.len()).unwrap());
        entries_seen += entries.len();
    }
    println!("{entries_seen} entries of {} lists compared", lists.len());
    assert!(entries_seen > 28_000);
}

#[test]
fn every_real_list_verifies_with_its_issuer() {
    let Some(folder) = real_data("every_real_list_verifies_with_its_issuer") else { return };
    let issuers: Vec<Certificate> = files(&folder.join("issuers"))
        .iter()
        .map(|(file, der)| Certificate::from_der(der).unwrap_or_else(|error| panic!("{file}: {error}")))
        .collect();
    let mut needing_sha1 = Vec::new();
    let mut algorithms: BTreeMap<String, usize> = BTreeMap::new();
    for (file, der) in files(&folder.join("crls")) {
        let (_, crl) = read_all(&der).unwrap();
        let named: Vec<_> =
            issuers.iter().filter(|issuer| *issuer.subject() == crl.untrusted().header.issuer).collect();
        assert!(!named.is_empty(), "{file}: no issuer {}", crl.untrusted().header.issuer);
        let strict =
            named.iter().any(|issuer| crl.verify(issuer.public_key(), &AlgorithmPolicy::default()).is_ok());
        let verified = named
            .iter()
            .find_map(|issuer| crl.verify(issuer.public_key(), &AlgorithmPolicy::ALLOW_SHA1).ok());
        let facts = verified.unwrap_or_else(|| panic!("{file}: no key verifies it")).facts();
        *algorithms.entry(facts.signature_algorithm.to_string()).or_default() += 1;
        assert_eq!(strict, !facts.signature_algorithm.uses_sha1(), "{file}");
        if !strict {
            needing_sha1.push(file.clone());
        }
        // Any other key does not.
        for other in issuers.iter().filter(|issuer| *issuer.subject() != crl.untrusted().header.issuer) {
            let error = crl.verify(other.public_key(), &AlgorithmPolicy::ALLOW_SHA1).unwrap_err();
            assert!(
                matches!(error, SignatureError::BadSignature | SignatureError::KeyDoesNotFit { .. }),
                "{error}"
            );
        }
    }
    println!("{algorithms:?}");
    assert_eq!(needing_sha1, ["belgium-root-ca2.crl", "pt-ecraizestado.crl"]);
}

#[test]
fn every_real_certificate_is_read_as_openssl_reads_it() {
    let test = "every_real_certificate_is_read_as_openssl_reads_it";
    let Some(folder) = real_data(test) else { return };
    for (file, der) in [files(&folder.join("certs")), files(&folder.join("issuers"))].concat() {
        let arguments = [
            "x509",
            "-inform",
            "DER",
            "-noout",
            "-serial",
            "-subject",
            "-issuer",
            "-dates",
            "-ocsp_uri",
            "-nameopt",
            "RFC2253,-esc_msb,utf8,sname",
        ];
        let Some(text) = openssl(test, &arguments, &der) else { return };
        let text = text.unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let certificate = Certificate::from_der(&der).unwrap_or_else(|error| panic!("{file}: {error}"));
        let magnitude = certificate.serial().as_ref().magnitude().map(revocache::types::to_hex).unwrap();
        let magnitude = if magnitude.is_empty() { "00".to_owned() } else { magnitude };
        assert_eq!(magnitude, field("serial=").to_lowercase(), "{file}");
        assert_eq!(certificate.subject().text(), field("subject="), "{file}");
        assert_eq!(certificate.issuer().text(), field("issuer="), "{file}");
        assert_eq!(certificate.not_before().seconds(), openssl_time(field("notBefore=")), "{file}");
        assert_eq!(certificate.not_after().seconds(), openssl_time(field("notAfter=")), "{file}");
        let responders: Vec<&str> = text.lines().filter(|line| line.starts_with("http")).collect();
        assert_eq!(certificate.ocsp_urls(), responders, "{file}");
    }
}

#[test]
fn a_real_certificate_has_the_parts_that_revocation_needs() {
    let Some(folder) = real_data("a_real_certificate_has_the_parts_that_revocation_needs") else { return };
    let read =
        |name: &str| Certificate::from_der(&std::fs::read(folder.join("certs").join(name)).unwrap()).unwrap();
    let root = read("amazon-AmazonRootCA1.cer");
    assert_eq!(root.subject().text(), "CN=Amazon Root CA 1,O=Amazon,C=US");
    assert!(root.is_self_issued() && root.may_sign_crls() && root.may_sign_certificates());
    let leaf = read("amazon-revoked.rootca1.demo.amazontrust.com.cer");
    let issuer = [1, 2, 3, 4]
        .map(|number| read(&format!("amazon-r2m0{number}.cer")))
        .into_iter()
        .find(|issuer| issuer.subject() == leaf.issuer())
        .unwrap();
    leaf.verify_signed_by(issuer.public_key(), &AlgorithmPolicy::default()).unwrap();
    let error = leaf.verify_signed_by(root.public_key(), &AlgorithmPolicy::default()).unwrap_err();
    assert_eq!(error, SignatureError::BadSignature);
    assert_eq!(leaf.authority_key_id().unwrap().key_id.as_deref(), issuer.subject_key_id());
    let [point] = leaf.distribution_points() else { panic!("one distribution point") };
    assert!(point.uris[0].starts_with("http://crl.") && point.names.len() == 1);
    assert_eq!(point.names[0], revocache::pki::uri_key(point.uris[0].as_bytes()));
    assert!(!leaf.may_sign_crls() && !leaf.may_sign_certificates());
}
