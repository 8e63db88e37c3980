//! PKCS#12: no panic, and no more rounds of key derivation than allowed, however the file asks for them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::keystore::{ContainerLimits, read_container};

fuzz_target!(|data: &[u8]| {
    // Few rounds, so that the fuzzer goes through them quickly; more must be refused at once.
    let limits = ContainerLimits { iterations: 64, ..ContainerLimits::default() };
    if let Ok(container) = read_container(data, "123456", &["abcdef"], &limits) {
        assert!(container.keys.len() + container.certificates.len() <= limits.entries * 2);
        assert!(container.keys.iter().all(|key| key.chain.len() <= limits.chain));
    }
});
