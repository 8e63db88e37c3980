//! PEM: no panic, and the same outcome however the input arrives.
#![no_main]

use std::io::{BufRead, BufReader, Read};

use libfuzzer_sys::fuzz_target;
use revocache::pki::pem::{Encoding, PemReader};

fn read(input: impl BufRead) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut reader = PemReader::new(input);
    let mut blocks = Vec::new();
    while let Some(mut block) = reader.next_block().map_err(|error| error.to_string())? {
        let label = block.label().to_owned();
        let mut body = Vec::new();
        block.read_to_end(&mut body).map_err(|error| error.to_string())?;
        blocks.push((label, body));
    }
    Ok(blocks)
}

fuzz_target!(|data: &[u8]| {
    let _ = Encoding::detect(data);
    let whole = read(data);
    let pieces = read(BufReader::with_capacity(3, data));
    assert_eq!(whole.is_ok(), pieces.is_ok(), "{whole:?} {pieces:?}");
    if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
        assert_eq!(whole, pieces);
    }
});
