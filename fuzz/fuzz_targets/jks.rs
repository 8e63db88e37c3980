//! Java KeyStores: no panic, nothing beyond the bounds, and keys that open give keys. The digest at the end is made to
//! fit, because no fuzzer finds one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::keystore::ContainerLimits;
use revocache::keystore::jks::{JksContent, read_jks};

const PASSWORD: &str = "123456";

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut hashed: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    hashed.extend_from_slice(b"Mighty Aphrodite");
    hashed.extend_from_slice(body);
    [body, &revocache::pki::sha1(&hashed)].concat()
}

fuzz_target!(|data: &[u8]| {
    let limits = ContainerLimits::default();
    assert!(read_jks(data, "another", &limits).is_err() || data.len() > 20);
    // What was a digest before is part of no body.
    let body = data.get(..data.len().saturating_sub(20)).unwrap_or_default();
    let Ok(store) = read_jks(&sealed(body), PASSWORD, &limits) else { return };
    assert!(store.entries.len() <= limits.entries);
    for entry in &store.entries {
        if let JksContent::PrivateKey { key, chain } = &entry.content {
            assert!(chain.len() <= limits.chain);
            let _ = key.open(PASSWORD);
        }
    }
});
