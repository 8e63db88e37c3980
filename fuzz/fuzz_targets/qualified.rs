//! What qualified certificates say of their holders: no panic, and the same twice; alone and inside certificates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::pki::qualified::{DirectoryAttributes, QcStatements};
use revocache::pki::{Certificate, GeneralName};

fuzz_target!(|data: &[u8]| {
    if let Ok(attributes) = DirectoryAttributes::from_der(data) {
        look_at_attributes(&attributes);
        assert_eq!(DirectoryAttributes::from_der(data), Ok(attributes));
    }
    if let Ok(statements) = QcStatements::from_der(data) {
        look_at_statements(&statements);
        assert_eq!(QcStatements::from_der(data), Ok(statements));
    }
    let Ok(certificate) = Certificate::from_der(data) else { return };
    if let Ok(attributes) = certificate.directory_attributes() {
        look_at_attributes(&attributes);
    }
    if let Ok(statements) = certificate.qc_statements() {
        look_at_statements(&statements);
    }
    let _ = certificate.key_purposes();
    let _ = certificate.key_usage().map(|usage| usage.iter().count());
    let names = certificate.subject_alternative_names().unwrap_or_default();
    let _: Vec<Option<String>> = names.iter().map(GeneralName::text).collect();
    // The name was read, so that each of its attributes is.
    let subject = certificate.subject();
    assert_eq!(subject.attributes().is_empty(), subject.is_empty());
    assert!((1..=3).contains(&certificate.version()));
});

fn look_at_attributes(attributes: &DirectoryAttributes) {
    for attribute in attributes.iter() {
        let first = attribute.values().next().expect("an attribute has a value");
        // None is there twice, so that it is found by its identifier; one that is too long to be written has question
        // marks, of which there may be several.
        if !attribute.oid().contains('?') {
            assert_eq!(attributes.text(&attribute.oid()), first);
        }
    }
}

fn look_at_statements(statements: &QcStatements) {
    for statement in statements.iter() {
        assert!(statements.states(&statement.id()));
        let _ = statement.info();
    }
    let _ = statements.types();
}
