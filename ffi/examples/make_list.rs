//! Makes a list of any size and an index of it, to be measured by `benches/openssl.c`.
//!
//! ```text
//! make_list ENTRIES DIR     writes DIR/list.crl, ca.der, present.txt, absent.txt and DIR/index
//! ```
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measuring program may fail loudly"
)]

#[path = "../tests/support/index.rs"]
mod index;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use revocache_testkit::{Authority, BulkCrl, KeyKind, Random, bulk_crl};

const OCTETS: usize = 16;
/// Questions of each kind; more than fit the caches.
const QUESTIONS: usize = 300_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, entries, folder] = &arguments[..] else {
        eprintln!("usage: make_list ENTRIES DIR");
        std::process::exit(64);
    };
    let (entries, folder): (u64, _) = (entries.parse().expect("a number of entries"), Path::new(folder));
    fs::create_dir_all(folder).unwrap();
    let ca = Authority::root("Measured CA", KeyKind::P256);
    let bulk = BulkCrl { entries, serial_octets: OCTETS as u8, reason_share: 70, seed: 1 };
    fs::write(folder.join("list.crl"), bulk_crl(&ca, bulk)).unwrap();
    fs::write(folder.join("ca.der"), &ca.certificate).unwrap();

    let mut serials: Vec<[u8; OCTETS]> = Vec::new();
    bulk.serials(|serial| serials.push(serial.try_into().unwrap()));
    let dates = index::Dates { this_update: 1_738_368_000, next_update: 1_740_787_200 };
    index::publish(&folder.join("index"), dates, &[(&ca.certificate, &serials)]);

    let mut random = Random::new(2);
    let step = serials.len().div_ceil(QUESTIONS).max(1);
    let mut present: Vec<[u8; OCTETS]> = serials.into_iter().step_by(step).collect();
    for place in (1..present.len()).rev() {
        present.swap(place, random.below(place as u64 + 1) as usize);
    }
    let absent: Vec<[u8; OCTETS]> = (0..QUESTIONS)
        .map(|_| {
            let mut serial: [u8; OCTETS] = random.octets(OCTETS).try_into().unwrap();
            serial[0] = serial[0] & 0x7f | 1;
            serial
        })
        .collect();
    for (name, serials) in [("present.txt", &present), ("absent.txt", &absent)] {
        let mut text = String::new();
        for serial in serials {
            serial.iter().for_each(|octet| write!(text, "{octet:02X}").unwrap());
            text.push('\n');
        }
        fs::write(folder.join(name), text).unwrap();
    }
}
