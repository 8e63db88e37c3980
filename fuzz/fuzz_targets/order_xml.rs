//! Bodies of clients in XML: no panic, and nothing larger than what was sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::server::http::digicert::read_document;

fuzz_target!(|data: &[u8]| {
    if let Ok(document) = read_document(data) {
        // A control character is written as six in JSON.
        assert!(document.to_string().len() <= data.len() * 6 + 64);
    }
});
