//! Imported orders: no panic; what was accepted is accepted again, and is then the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::service::orders::{Bundle, Entity};
use revocache::types::UnixTime;

const NOW: UnixTime = UnixTime::from_seconds(1_740_441_600);

fuzz_target!(|data: &[u8]| {
    let Ok(bundle) = Bundle::parse(data) else { return };
    let Ok(entities) = bundle.into_entities(NOW) else { return };
    for entity in entities {
        let again = Entity::read(entity.kind(), entity.document(), NOW).unwrap();
        assert_eq!(again, entity);
    }
});
