//! Octets in JSON.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN_ALPHABET: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_ALPHABET: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Octets in base64 of either alphabet, with or without padding.
pub(super) fn decode_lenient(text: &str) -> Option<Vec<u8>> {
    let is_url = text.contains(['-', '_']);
    let alphabet = if is_url { &URL_ALPHABET } else { &PLAIN_ALPHABET };
    alphabet.decode(text).ok()
}

/// Octets in base64 with padding, as both versions of the API write them.
pub(super) fn encode(octets: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(octets)
}
