//! The JSON of `create`.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::code::{Code, Failure};
use super::settings::WeakRequests;
use crate::keystore::{
    Half, IssueRequest, KeyAlgorithm, Purpose, RsaBits, SignatureDigest, StorePasswords, SubjectName,
};
use crate::types::Seconds;

/// Characters a password of the store has at least.
pub(super) const MIN_PASSWORD: usize = 6;
/// Days that a certificate may be valid.
const MAX_DAYS: u16 = 36_500;
/// Characters of a value of a name (RFC 5280 appendix A.1, ub-organization-name and others).
const MAX_NAME: usize = 64;
/// The names that may be left out.
const OPTIONAL: [&str; 5] = ["C", "ST", "L", "O", "OU"];

/// What is to be made, and the passwords for it.
#[derive(Debug)]
pub(super) struct Create {
    pub(super) request: IssueRequest,
    pub(super) passwords: StorePasswords,
}

/// Reads the body: presence (2102), types (2103), values (2101), lengths of passwords (2107), in this order.
pub(super) fn read(body: &[u8], half: Half, weak: WeakRequests) -> Result<Create, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::with(Code::C2101, format!("the body is no JSON: {error}")))?;
    let body = body.as_object().ok_or_else(|| Failure::with(Code::C2103, "the body is no object"))?;
    let wanted = body.get("certificate").ok_or_else(|| Failure::with(Code::C2102, "certificate"))?;
    let wanted = wanted.as_object().ok_or_else(|| Failure::with(Code::C2103, "certificate"))?;
    let texts = ["CN", "password", "privateKeyPassword", "keyAlgorithm", "signatureAlgorithm"];
    let numbers = ["keySize", "validPeriod"];
    for key in texts.iter().chain(&numbers) {
        let is_set = wanted.get(*key).is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
        if !is_set {
            return Err(Failure::with(Code::C2102, *key));
        }
    }
    for key in texts.iter().chain(&OPTIONAL) {
        if wanted.get(*key).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(Failure::with(Code::C2103, *key));
        }
    }
    for key in numbers {
        if wanted.get(key).is_some_and(|value| !value.is_number()) {
            return Err(Failure::with(Code::C2103, key));
        }
    }
    let subject = subject(wanted)?;
    let (algorithm, digest) = algorithms(wanted, weak)?;
    let valid = wanted
        .get("validPeriod")
        .and_then(Value::as_u64)
        .and_then(|days| u16::try_from(days).ok())
        .filter(|days| (1..=MAX_DAYS).contains(days))
        .ok_or_else(|| Failure::with(Code::C2101, format!("validPeriod is 1 to {MAX_DAYS} days")))?;
    let passwords = StorePasswords {
        store: Zeroizing::new(text(wanted, "password").to_owned()),
        key: Zeroizing::new(text(wanted, "privateKeyPassword").to_owned()),
    };
    for (key, password) in [("password", &passwords.store), ("privateKeyPassword", &passwords.key)] {
        if password.chars().count() < MIN_PASSWORD {
            return Err(Failure::with(Code::C2107, key));
        }
    }
    let purpose = match half {
        Half::Server => Purpose::Server,
        Half::Client => Purpose::Client,
    };
    let valid = Seconds::days(valid);
    Ok(Create { request: IssueRequest { subject, algorithm, digest, valid, purpose }, passwords })
}

fn text<'a>(wanted: &'a Map<String, Value>, key: &str) -> &'a str {
    wanted.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn subject(wanted: &Map<String, Value>) -> Result<SubjectName, Failure> {
    for key in OPTIONAL.iter().chain(&["CN"]) {
        let value = text(wanted, key);
        if value.chars().count() > MAX_NAME || value.chars().any(char::is_control) {
            let problem = format!("{key} has more than {MAX_NAME} characters, or a control among them");
            return Err(Failure::with(Code::C2101, problem));
        }
    }
    let value = |key| text(wanted, key).to_owned();
    Ok(SubjectName {
        country: value("C"),
        state: value("ST"),
        locality: value("L"),
        organization: value("O"),
        unit: value("OU"),
        common_name: value("CN"),
    })
}

/// A signature algorithm by the names of OpenSSL (`sha256WithRSAEncryption`, `ecdsa-with-SHA256`) or Java
/// (`SHA256withRSA`): the digest, and whether the key is RSA.
fn signature(name: &str) -> Option<(Digest, bool)> {
    let name = name.to_ascii_lowercase();
    let (digest, is_rsa) = if let Some(digest) = name.strip_prefix("ecdsa-with-") {
        (digest, false)
    } else {
        let (digest, key) = name.split_once("with")?;
        match key {
            "rsaencryption" | "rsa" => (digest, true),
            "ecdsa" => (digest, false),
            _ => return None,
        }
    };
    let digest = match digest {
        "md5" | "sha1" => Digest::Weak,
        "sha256" => Digest::Strong(SignatureDigest::Sha256),
        "sha384" => Digest::Strong(SignatureDigest::Sha384),
        "sha512" => Digest::Strong(SignatureDigest::Sha512),
        _ => return None,
    };
    Some((digest, is_rsa))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    /// MD5 and SHA-1, which the library does not sign with.
    Weak,
    Strong(SignatureDigest),
}

fn algorithms(
    wanted: &Map<String, Value>,
    weak: WeakRequests,
) -> Result<(KeyAlgorithm, SignatureDigest), Failure> {
    let wrong = |what: &str| Failure::with(Code::C2101, what);
    let strengthen = weak == WeakRequests::Strengthen;
    let (digest, is_rsa) = signature(text(wanted, "signatureAlgorithm"))
        .ok_or_else(|| wrong("signatureAlgorithm is none that is known, such as sha256WithRSAEncryption"))?;
    let digest = match digest {
        Digest::Strong(digest) => digest,
        Digest::Weak if strengthen => SignatureDigest::Sha256,
        Digest::Weak => {
            return Err(wrong(
                "signatureAlgorithm: MD5 and SHA-1 are not signed with; use SHA-256 or longer",
            ));
        }
    };
    let size = wanted.get("keySize").and_then(Value::as_u64).unwrap_or(0);
    let algorithm = match text(wanted, "keyAlgorithm").to_ascii_uppercase().as_str() {
        "RSA" => match RsaBits::of(size) {
            Some(bits) => KeyAlgorithm::Rsa(bits),
            None if strengthen && matches!(size, 512 | 1024) => KeyAlgorithm::Rsa(RsaBits::B2048),
            None => return Err(wrong("keySize of RSA is 2048, 3072 or 4096")),
        },
        "EC" | "ECDSA" => match size {
            256 => KeyAlgorithm::P256,
            384 => KeyAlgorithm::P384,
            _ => return Err(wrong("keySize of EC is 256 or 384")),
        },
        _ => return Err(wrong("keyAlgorithm is RSA or EC")),
    };
    if is_rsa != matches!(algorithm, KeyAlgorithm::Rsa(_)) {
        return Err(wrong("signatureAlgorithm is for another kind of key than keyAlgorithm"));
    }
    if !algorithm.signs_with(digest) {
        return Err(wrong("signatureAlgorithm: P-256 signs with SHA-256, P-384 with SHA-384"));
    }
    Ok((algorithm, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({ "certificate": {
            "C": "JP", "ST": "StateName", "L": "LocalityName", "O": "OrganizationName", "OU": "UnitName",
            "CN": "subject", "password": "123456", "privateKeyPassword": "123456", "keySize": 1024,
            "keyAlgorithm": "RSA", "validPeriod": 30, "signatureAlgorithm": "md5WithRSAEncryption"
        } })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut body = sample();
        body["certificate"]["keySize"] = json!(2048);
        body["certificate"]["signatureAlgorithm"] = json!("sha256WithRSAEncryption");
        body["certificate"][key] = value;
        body
    }

    fn read_value(body: &Value) -> Result<Create, Code> {
        read(body.to_string().as_bytes(), Half::Server, WeakRequests::Refuse).map_err(|failure| failure.code)
    }

    #[test]
    fn the_sample_is_refused_or_strengthened() {
        assert_eq!(read_value(&sample()).unwrap_err(), Code::C2101);
        let text = sample().to_string();
        let create = read(text.as_bytes(), Half::Server, WeakRequests::Strengthen).unwrap();
        assert_eq!(create.request.algorithm, KeyAlgorithm::Rsa(RsaBits::B2048));
        assert_eq!(create.request.digest, SignatureDigest::Sha256);
        assert_eq!(create.request.valid, Seconds::days(30));
        assert_eq!(create.request.subject.common_name, "subject");
    }

    #[test]
    fn each_mistake_has_its_code() {
        assert!(read_value(&with("OU", Value::Null)).is_ok());
        assert!(read_value(&with("signatureAlgorithm", json!("SHA512withRSA"))).is_ok());
        for (key, value, code) in [
            ("CN", Value::Null, Code::C2102),
            ("CN", json!(""), Code::C2102),
            ("password", Value::Null, Code::C2102),
            ("CN", json!(5), Code::C2103),
            ("keySize", json!("2048"), Code::C2103),
            ("validPeriod", json!("30"), Code::C2103),
            ("OU", json!([]), Code::C2103),
            ("keySize", json!(2047), Code::C2101),
            ("keySize", json!(2048.5), Code::C2101),
            ("keyAlgorithm", json!("DSA"), Code::C2101),
            ("keyAlgorithm", json!("EC"), Code::C2101),
            ("validPeriod", json!(0), Code::C2101),
            ("validPeriod", json!(1_000_000), Code::C2101),
            ("signatureAlgorithm", json!("sha1WithRSAEncryption"), Code::C2101),
            ("signatureAlgorithm", json!("ecdsa-with-SHA256"), Code::C2101),
            ("O", json!("x".repeat(65)), Code::C2101),
            ("O", json!("two\nlines"), Code::C2101),
            ("password", json!("12345"), Code::C2107),
            ("privateKeyPassword", json!("äöüäö"), Code::C2107),
        ] {
            assert_eq!(read_value(&with(key, value.clone())).unwrap_err(), code, "{key}: {value}");
        }
        assert_eq!(read_value(&json!([])).unwrap_err(), Code::C2103);
        assert_eq!(read_value(&json!({})).unwrap_err(), Code::C2102);
        assert_eq!(read_value(&json!({ "certificate": "x" })).unwrap_err(), Code::C2103);
        let broken = read(b"{", Half::Server, WeakRequests::Refuse).unwrap_err();
        assert_eq!(broken.code, Code::C2101);
    }
}
