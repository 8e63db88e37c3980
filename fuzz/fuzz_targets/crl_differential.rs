//! Where this crate and x509-parser both accept a list, they agree on what it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::pki::crl::{CrlLimits, CrlReader};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

fn here(data: &[u8]) -> Option<(Vec<(Vec<u8>, i64, u8)>, i64, Option<i64>, Vec<u8>)> {
    let mut reader = CrlReader::new(data, CrlLimits::default()).ok()?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().ok()? {
        entries.push((entry.serial.octets().to_vec(), entry.revoked_at.seconds(), entry.reason.code()));
    }
    let crl = reader.finish().ok()?;
    let header = &crl.untrusted().header;
    let next = header.next_update.map(|time| time.seconds());
    Some((entries, header.this_update.seconds(), next, header.issuer.der().to_vec()))
}

/// The shortest octets of the same number.
fn canonical(mut octets: &[u8]) -> &[u8] {
    while let [first, second, ..] = octets {
        if (*first == 0 && *second < 0x80) || (*first == 0xff && *second >= 0x80) {
            octets = &octets[1..];
        } else {
            break;
        }
    }
    octets
}

fuzz_target!(|data: &[u8]| {
    let Some((entries, this_update, next_update, issuer)) = here(data) else { return };
    let Ok((rest, theirs)) = CertificateRevocationList::from_der(data) else { return };
    assert!(rest.is_empty());
    let list: Vec<_> = theirs
        .iter_revoked_certificates()
        .map(|entry| {
            let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
            (canonical(entry.raw_serial()).to_vec(), entry.revocation_date.timestamp(), reason)
        })
        .collect();
    assert_eq!(entries, list);
    assert_eq!(this_update, theirs.last_update().timestamp());
    assert_eq!(next_update, theirs.next_update().map(|time| time.timestamp()));
    assert_eq!(issuer, theirs.issuer().as_raw());
});
