//! Files of certificates (X.509 and PKCS#7, PEM and DER, BER as others stream it): no panic, and what was read is the
//! same after it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::keystore::{ContainerLimits, read_certificate_file, read_pkcs7, to_pem, write_pkcs7};

fuzz_target!(|data: &[u8]| {
    let limits = ContainerLimits::default();
    let _ = read_pkcs7(data, &limits);
    let Ok(read) = read_certificate_file(data, &limits) else { return };
    assert!(!read.is_empty() && read.len() <= limits.entries);
    let written = write_pkcs7(&read);
    assert_eq!(read_certificate_file(&written, &limits).unwrap(), read);
    let text = to_pem("PKCS7", &written);
    assert_eq!(read_certificate_file(text.as_bytes(), &limits).unwrap(), read);
});
