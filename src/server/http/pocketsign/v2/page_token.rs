//! Page tokens: where the next page begins, bound to the question it belongs to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::pki::sha256;

/// Octets of the fingerprint of a question: enough that no two questions share a token by accident. A tenant who forges
/// one only sees another part of its own list.
const FINGERPRINT: usize = 12;

/// What a list was asked for, without the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListFingerprint([u8; FINGERPRINT]);

impl ListFingerprint {
    /// Of the method and everything that selects.
    pub(super) fn new(method: &str, filter: &impl std::fmt::Debug) -> Self {
        let whole = sha256(format!("{method} {filter:?}").as_bytes());
        let mut fingerprint = [0; FINGERPRINT];
        for (octet, found) in fingerprint.iter_mut().zip(whole) {
            *octet = found;
        }
        Self(fingerprint)
    }

    /// The token of the page that begins behind so many results.
    pub(super) fn token(self, offset: u64) -> String {
        let mut octets = self.0.to_vec();
        octets.extend_from_slice(&offset.to_be_bytes());
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// Where the page of a token begins: the first one, for an empty token. `None` for a token of another question, or
    /// what is no token.
    pub(super) fn offset(self, token: &str) -> Option<u64> {
        if token.is_empty() {
            return Some(0);
        }
        let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (fingerprint, offset) = octets.split_at_checked(FINGERPRINT)?;
        if fingerprint != self.0 {
            return None;
        }
        offset.try_into().ok().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_good_for_their_question_alone() {
        let mine = ListFingerprint::new("ListUsers", &Some(7));
        let token = mine.token(40);
        assert_eq!(mine.offset(&token), Some(40));
        assert_eq!(mine.offset(""), Some(0));
        for other in
            [ListFingerprint::new("ListUsers", &Some(8)), ListFingerprint::new("ListCertificates", &Some(7))]
        {
            assert_eq!(other.offset(&token), None);
        }
        for wrong in ["x", "!!", "AAAA", &token[1..], &format!("{token}AA")] {
            assert_eq!(mine.offset(wrong), None, "{wrong}");
        }
    }
}
