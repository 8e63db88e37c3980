//! Any octets: no panic, offsets inside the input, and the same outcome however the input arrives.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use revocache::pki::Certificate;
use revocache::pki::crl::{CrlContents, CrlError, CrlLimits, CrlReader};

/// Gives a few octets at a time, never the same number twice in a row.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 7 + 1;
        let room = buffer.len().min(self.1);
        self.0.read(&mut buffer[..room])
    }
}

type Entries = Vec<(Vec<u8>, i64, u8, Option<String>)>;

fn read(input: impl Read) -> Result<(Entries, CrlContents), CrlError> {
    let mut reader = CrlReader::new(input, CrlLimits::default())?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        entries.push((
            entry.serial.octets().to_vec(),
            entry.revoked_at.seconds(),
            entry.reason.code(),
            entry.certificate_issuer.map(|name| name.text().to_owned()),
        ));
    }
    Ok((entries, reader.finish()?.untrusted().clone()))
}

fuzz_target!(|data: &[u8]| {
    match (read(data), read(Pieces(data, 0))) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole, pieces);
            assert_eq!(whole.1.size, data.len() as u64);
            assert_eq!(whole.1.entries, whole.0.len() as u64);
        }
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.to_string(), pieces.to_string());
            assert!(whole.offset() <= data.len() as u64);
        }
        (whole, pieces) => panic!("{whole:?} {pieces:?}"),
    }
    let _ = Certificate::from_der(data);
});
