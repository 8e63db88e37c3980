//! Paths of a GET: no panic; what a request is written as leads back to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::ocsp::{OcspRequest, get_path, request_from_path};

const RESPONDER: &str = "http://ocsp.example";

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(request) = request_from_path(text) {
            assert!(request.len() <= text.len());
            if let Some(path) = get_path(RESPONDER, &request) {
                assert_eq!(request_from_path(&path).unwrap(), request);
            }
            let _ = OcspRequest::parse(&request);
        }
        if let Some(path) = get_path(text, b"0") {
            assert!(text.len() + path.len() <= 255);
        }
    }
    if let Some(path) = get_path(RESPONDER, data) {
        assert!(path.starts_with('/') && path.len() + RESPONDER.len() <= 255);
        // No request begins like this: in base64 it begins with a slash.
        if data.first().is_some_and(|first| *first < 0xfc) {
            assert_eq!(request_from_path(&path).unwrap(), data);
        }
    }
});
