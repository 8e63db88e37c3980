//! The name of a request, by which a caller and the logs speak of the same one.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of a name that a caller may give.
const MAX_LENGTH: usize = 128;

/// The name of a request: that of the caller if it is fit to be logged and sent back, else one of our own. In the
/// extensions of every request that came through the edge, and in the header `x-request-id` of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The name that the caller gave; a new one if there is none, or one that is not 1 to 128 letters, digits and
    /// `-._~:+/=@`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(REQUEST_ID) {
            Some(given) if is_sane(given.as_bytes()) => Self(given.clone()),
            _ => Self::new(),
        }
    }

    /// A name that no other request of this process has, and most likely none of another.
    #[must_use]
    pub fn new() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Random without a system call for each request; names need not be secret.
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one("revocache"));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; 32];
        let (first, second) = text.split_at_mut(16);
        write_hex(*process, first);
        write_hex(number, second);
        // Hexadecimal digits are fit for a header.
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("unnamed")))
    }

    /// As the value of a header.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only visible ASCII gets in.
        self.0.to_str().unwrap_or_default()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_sane(name: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&name.len())
        && name.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-._~:+/=@".contains(octet))
}

fn write_hex(number: u64, digits: &mut [u8]) {
    let shifts = (0..u64::BITS).step_by(4).rev();
    for (digit, shift) in digits.iter_mut().zip(shifts) {
        let nibble = (number >> shift) & 0xf;
        *digit = b"0123456789abcdef".get(usize::try_from(nibble).unwrap_or(0)).copied().unwrap_or(b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
        RequestId::of(&headers)
    }

    #[test]
    fn a_sane_name_is_kept_and_another_replaced() {
        for name in ["a", "0af76519-16cd.43dd:8448/eb+21=", &"x".repeat(MAX_LENGTH)] {
            assert_eq!(of(name.as_bytes()).as_str(), name);
        }
        for name in ["", "a b", "a\"", "a\tb", "{}", "é", &"x".repeat(MAX_LENGTH + 1)] {
            assert_eq!(of(name.as_bytes()).as_str().len(), 32, "{name}");
        }
    }

    #[test]
    fn new_names_differ_and_count() {
        let names: Vec<RequestId> = (0..100).map(|_| RequestId::new()).collect();
        assert!(names.windows(2).all(|pair| pair[0].as_str()[..16] == pair[1].as_str()[..16]));
        assert!(names.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        let mut text = [0; 16];
        write_hex(0x0123_4567_89ab_cdef, &mut text);
        assert_eq!(&text, b"0123456789abcdef");
    }
}
