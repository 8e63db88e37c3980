//! Requests: no panic; what is read can be written and is read again; x509-ocsp agrees.
#![no_main]

use der::Decode;
use libfuzzer_sys::fuzz_target;
use revocache::ocsp::{OcspRequest, encode_request};

fuzz_target!(|data: &[u8]| {
    let Ok(request) = OcspRequest::parse(data) else { return };
    assert!(!request.cert_ids.is_empty());
    let ids: Option<Vec<_>> = request.cert_ids.iter().map(|id| id.to_cert_id()).collect();
    if let Some(ids) = ids {
        let written = encode_request(&ids, request.nonce.as_ref());
        let again = OcspRequest::parse(&written).unwrap();
        assert_eq!(again.nonce, request.nonce);
        assert!(again.cert_ids.iter().zip(&ids).all(|(found, id)| found.to_cert_id().as_ref() == Some(id)));
    }
    if let Ok(theirs) = x509_ocsp::OcspRequest::from_der(data) {
        let list = &theirs.tbs_request.request_list;
        assert_eq!(list.len(), request.cert_ids.len());
        assert_eq!(theirs.optional_signature.is_some(), request.signed);
        for (their, own) in list.iter().zip(&request.cert_ids) {
            assert_eq!(their.req_cert.hash_algorithm.oid.as_bytes(), own.hash_function);
            assert!(their.req_cert.serial_number.as_bytes().ends_with(own.serial.octets()));
        }
    }
});
