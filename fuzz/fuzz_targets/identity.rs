//! What a certificate says of its holder: no panic, whatever the extensions hold; and where x509-parser reads the policies
//! as well, there are as many of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::pki::Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = Certificate::from_der(data) else { return };
    for name in certificate.other_names().unwrap_or_default() {
        assert!(!name.type_id.is_empty());
    }
    if let Ok(Some(directory)) = certificate.distribution_point_directory() {
        // It is one of the names that the list is looked up by.
        let mut names = certificate.distribution_points().iter().flat_map(|point| &point.names);
        assert!(names.any(|name| name == directory.key()));
    }
    assert_eq!(certificate.issuer().attribute_texts().is_empty(), certificate.issuer().is_empty());
    let Ok(policies) = certificate.policies() else { return };
    if let Ok((_, theirs)) = X509Certificate::from_der(data) {
        for extension in theirs.extensions() {
            if let ParsedExtension::CertificatePolicies(read) = extension.parsed_extension() {
                assert_eq!(read.len(), policies.len());
            }
        }
    }
});
