//! Any bytes as an index, once as they are and once with their checksums repaired: open, list, look up, verify.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::index::{Index, reseal};
use revocache::types::{Serial, SerialRef};

/// Records and listings looked at per table, so that a hostile count does not make a run endless.
const MOST: usize = 256;

fuzz_target!(|data: &[u8]| {
    if let Ok(index) = Index::open(data) {
        exercise(&index);
    }
    let mut sealed = data.to_vec();
    reseal(&mut sealed);
    if let Ok(index) = Index::open(sealed.as_slice()) {
        exercise(&index);
    }
});

fn exercise(index: &Index<&[u8]>) {
    for authority in index.authorities() {
        let facts = authority.to_facts();
        let _ = index.authorities_named(&facts.name).count();
        for key in &facts.keys {
            let _ = index.authorities_with_key(&key.spki_sha256).count();
        }
        let _ = index.crls_of(authority.id()).count();
        let _ = index.tables_of(authority.id()).count();
    }
    let verified = index.verify().is_ok();
    for table in index.tables() {
        for record in table.iter().take(MOST) {
            let Ok(record) = record else { break };
            let Ok(serial) = record.serial() else { continue };
            let found = table.find(serial);
            let listings = record.found().listings().take(MOST).filter(Result::is_ok).count();
            if verified {
                let found = found.unwrap_or_default().map(|found| found.ordinal());
                assert_eq!(found, Some(record.ordinal()), "a verified index finds what it lists");
                assert!(listings > 0, "a verified record has a listing");
            }
        }
        let absent = [&[0][..], &[0x7f; 16], &[0x7f; 20], &[0x80], &[0x01; 30]];
        let absent: Vec<Serial> = absent.iter().filter_map(|octets| Serial::new(octets).ok()).collect();
        let questions: Vec<SerialRef<'_>> = absent.iter().map(Serial::as_ref).collect();
        table.find_batch(&questions, |_, _| ());
        for crl in table.crls() {
            let _ = table.crl_set(crl).map(|set| set.map(|set| set.to_bitmap()));
        }
        let _ = (table.added(), table.removed(), table.serial_bitmap());
    }
}
