//! The object identifiers of OCSP messages, as content octets, with those they share with CRLs.

pub(super) use crate::pki::oid::{INVALIDITY_DATE, REASON_CODE, SHA256, dotted};

/// id-pkix-ocsp-basic (RFC 6960 section 4.2.1).
pub(super) const OCSP_BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// id-pkix-ocsp-nonce (RFC 6960 section 4.4.1).
pub(super) const OCSP_NONCE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];
/// id-sha1 (RFC 3279).
pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
