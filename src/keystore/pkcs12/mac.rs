//! The code that authenticates a file (RFC 7292 section 4, MacData).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};

use super::kdf::{Purpose, derive};
use super::{FORMAT, Password};
use crate::keystore::limits::Rounds;
use crate::keystore::{ContainerError, oid};
use crate::pki::der::{DerError, Element, tag};
use crate::pki::dotted;

/// What is known before the password is.
struct MacData<'a> {
    algorithm: &'a [u8],
    expected: &'a [u8],
    salt: &'a [u8],
    rounds: u64,
}

/// The digest and the code that belong to an identifier.
fn algorithms(oid_octets: &[u8]) -> Option<(&'static digest::Algorithm, hmac::Algorithm)> {
    Some(match oid_octets {
        oid::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        oid::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        oid::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        oid::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return None,
    })
}

/// Checks a MacData; the form of the password that fits is returned.
pub(super) fn verify(
    element: Element<'_>,
    content: &[u8],
    password: Password,
    rounds: &mut Rounds,
) -> Result<Password, ContainerError> {
    let mac = read(element).map_err(ContainerError::der(FORMAT))?;
    let (digest, hmac_algorithm) = algorithms(mac.algorithm).ok_or_else(|| ContainerError::Unsupported {
        what: format!("PKCS#12 authenticated by {}", dotted(mac.algorithm)),
        advice: "write it with openssl pkcs12 -export -macalg sha256",
    })?;
    let count = u32::try_from(mac.rounds).unwrap_or(u32::MAX);
    let other = password.without_terminator();
    for candidate in [Some(password), other].into_iter().flatten() {
        rounds.spend(mac.rounds)?;
        let key = derive(digest, &candidate.bmp, mac.salt, Purpose::Mac, count, digest.output_len());
        let code = hmac::sign(&hmac::Key::new(hmac_algorithm, &key), content);
        if verify_slices_are_equal(code.as_ref(), mac.expected).is_ok() {
            return Ok(candidate);
        }
    }
    Err(ContainerError::WrongPassword)
}

fn read(element: Element<'_>) -> Result<MacData<'_>, DerError> {
    let mut data = element.reader();
    let mut info = data.read(tag::SEQUENCE)?.reader();
    let mut identifier = info.read(tag::SEQUENCE)?.reader();
    let algorithm = identifier.read(tag::OID)?.oid()?;
    identifier.optional(tag::NULL)?;
    identifier.finish()?;
    let expected = info.read(tag::OCTET_STRING)?.content;
    info.finish()?;
    let salt = data.read(tag::OCTET_STRING)?.content;
    let rounds = match data.optional(tag::INTEGER)? {
        Some(rounds) => number(rounds)?,
        None => 1,
    };
    data.finish()?;
    Ok(MacData { algorithm, expected, salt, rounds })
}

/// A count of rounds.
pub(super) fn number(element: Element<'_>) -> Result<u64, DerError> {
    let octets = element.magnitude(8)?;
    let number = octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    // More than 32 bits of rounds nobody makes; zero is no derivation.
    if number == 0 || number > u64::from(u32::MAX) {
        return Err(element.broken("a count of rounds is 1 to 2^32-1"));
    }
    Ok(number)
}

/// The MacData of a content: the digest is SHA-256.
pub(super) fn write(content: &[u8], password: &Password, salt: &[u8], rounds: u32) -> Vec<u8> {
    use crate::keystore::der::{integer, null, octet_string, oid as identifier, sequence};
    let key = derive(&digest::SHA256, &password.bmp, salt, Purpose::Mac, rounds, digest::SHA256.output_len());
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content);
    let algorithm = sequence(&[&identifier(oid::SHA256), &null()]);
    let info = sequence(&[&algorithm, &octet_string(code.as_ref())]);
    sequence(&[&info, &octet_string(salt), &integer(u64::from(rounds))])
}
