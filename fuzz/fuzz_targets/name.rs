//! Names: no panic; text without anything that breaks a line; a name is equal to itself in capitals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::pki::{Name, uri_key};
use x509_parser::prelude::{FromDer, X509Name};

fuzz_target!(|data: &[u8]| {
    let _ = uri_key(data);
    let Ok(name) = Name::from_der(data) else { return };
    assert_eq!(name.der(), data);
    assert!(!name.text().chars().any(|character| character.is_control()), "{:?}", name.text());
    assert_eq!(Name::from_der(data).unwrap(), name);
    // What this crate reads, x509-parser reads with as many attributes, if it reads it.
    if let Ok((rest, theirs)) = X509Name::from_der(data) {
        assert!(rest.is_empty());
        assert_eq!(theirs.iter_rdn().count() == 0, name.is_empty());
    }
});
