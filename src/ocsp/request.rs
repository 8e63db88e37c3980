//! Writing requests (RFC 6960 section 4.1).
//!
//! The single requests with SHA-1 are encoded by the `ocsp` crate. Around them it has no encoder, and it knows neither
//! SHA-256 nor the inner OCTET STRING of a nonce: those are written here. It never sees a byte from outside.

use ::ocsp::common::asn1;
use ::ocsp::oid::ALGO_SHA1_DOT;
use ::ocsp::request::OneReq;

use super::nonce::Nonce;
use super::oid;
use super::write::{push, sequence};
use crate::pki::der::tag;
use crate::types::{CertId, CertIdHash};

/// The DER of an unsigned OCSPRequest for these certificates.
///
/// Version and requestorName are left out, as RFC 5019 section 2.1.1 wants it. The order is kept. Many responders
/// answer one certificate at a time only.
#[must_use]
pub fn encode_request(ids: &[CertId], nonce: Option<&Nonce>) -> Vec<u8> {
    let list: Vec<u8> = ids.iter().flat_map(one_request).collect();
    let mut signed = sequence(&list);
    if let Some(nonce) = nonce {
        push(&mut signed, tag::constructed(2), &sequence(&nonce_extension(nonce)));
    }
    sequence(&sequence(&signed))
}

/// Request (RFC 6960 section 4.1.1), without extensions.
fn one_request(id: &CertId) -> Vec<u8> {
    match &id.issuer {
        // The crate's encoder returns errors that it cannot have here. Should it ever, the request is still written.
        CertIdHash::Sha1 { name, key } => {
            sha1_request(name, key, id.serial.octets()).unwrap_or_else(|| sequence(&id.der()))
        }
        CertIdHash::Sha256 { .. } => sequence(&id.der()),
    }
}

fn sha1_request(name: &[u8; 20], key: &[u8; 20], serial: &[u8]) -> Option<Vec<u8>> {
    let function = asn1::Oid::new_from_dot(ALGO_SHA1_DOT).ok()?;
    let certid = asn1::CertId::new(function, name, key, serial);
    OneReq { certid, one_req_ext: None }.to_der().ok()
}

/// The extension with its value an OCTET STRING of its own (RFC 9654 section 2.1).
fn nonce_extension(nonce: &Nonce) -> Vec<u8> {
    let mut value = Vec::with_capacity(nonce.octets().len() + 4);
    push(&mut value, tag::OCTET_STRING, nonce.octets());
    let mut content = Vec::with_capacity(value.len() + 16);
    push(&mut content, tag::OID, oid::OCSP_NONCE);
    push(&mut content, tag::OCTET_STRING, &value);
    sequence(&content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Serial;

    /// The fallback is what the crate writes, so that it makes no difference which of them does.
    #[test]
    fn the_crate_and_the_writer_here_agree() {
        for serial in [&[0][..], &[0x7f], &[0, 0x80], &[0xff], &[0; 40], &[1; 20], &[0x5a; 200]] {
            let serial = Serial::new(serial).unwrap();
            let (name, key) = ([0xab; 20], [0x80; 20]);
            let id = CertId { issuer: CertIdHash::Sha1 { name, key }, serial };
            assert_eq!(sha1_request(&name, &key, id.serial.octets()).unwrap(), sequence(&id.der()));
        }
    }
}
