//! From a list that was read to one whose signature was verified.

use aws_lc_rs::digest::{SHA512, digest};

use super::super::public_key::PublicKey;
use super::super::signature::{AlgorithmId, AlgorithmPolicy, SignatureError, verify_digest, verify_message};
use super::extensions::CrlExtensions;
use super::reader::CrlHeader;
use super::window::Message;
use crate::types::{CrlFacts, SignatureAlgorithm};

/// What a list says, apart from its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlContents {
    /// What stands before the entries.
    pub header: CrlHeader,
    /// The extensions.
    pub extensions: CrlExtensions,
    /// Number of entries.
    pub entries: u64,
    /// Octets of the DER encoding.
    pub size: u64,
}

/// A list that was read to its end and is well-formed, and that anybody may have made.
#[must_use]
pub struct UnverifiedCrl {
    contents: CrlContents,
    message: Message,
    signature: Box<[u8]>,
}

impl UnverifiedCrl {
    pub(super) fn new(contents: CrlContents, message: Message, signature: Box<[u8]>) -> Self {
        Self { contents, message, signature }
    }

    /// What the list says, whoever made it: for finding the keys to try, and for showing it to a person.
    #[must_use]
    pub fn untrusted(&self) -> &CrlContents {
        &self.contents
    }

    /// Checks that `key` signed the list. May be tried with one key after the other.
    ///
    /// Whether the holder of the key may sign CRLs is for the caller to know.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(
        &self,
        key: &PublicKey,
        policy: &AlgorithmPolicy,
    ) -> Result<VerifiedCrl<'_>, SignatureError> {
        let unsupported = || SignatureError::UnsupportedAlgorithm {
            algorithm: self.contents.header.signature_algorithm.to_string(),
        };
        let AlgorithmId::Known(algorithm) = self.contents.header.signature_algorithm else {
            return Err(unsupported());
        };
        match &self.message {
            Message::Digest(digest) => verify_digest(algorithm, key, digest, &self.signature, policy)?,
            Message::Whole(message) => verify_message(algorithm, key, message, &self.signature, policy)?,
            Message::Unsupported => return Err(unsupported()),
        }
        Ok(VerifiedCrl { crl: self, algorithm, signer_key: *key.spki_sha256() })
    }
}

impl std::fmt::Debug for UnverifiedCrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnverifiedCrl").field(&self.contents).finish()
    }
}

/// A list whose signature was verified with one key.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct VerifiedCrl<'a> {
    crl: &'a UnverifiedCrl,
    algorithm: SignatureAlgorithm,
    signer_key: [u8; 32],
}

impl VerifiedCrl<'_> {
    /// What the list says, apart from its entries.
    #[must_use]
    pub fn contents(&self) -> &CrlContents {
        &self.crl.contents
    }

    /// What is kept of the list beside its entries.
    #[must_use]
    pub fn facts(&self) -> CrlFacts {
        let CrlContents { header, extensions, entries, size } = &self.crl.contents;
        CrlFacts {
            this_update: header.this_update,
            next_update: header.next_update,
            crl_number: extensions.crl_number,
            base_crl_number: extensions.base_crl_number,
            scope: extensions.scope.clone(),
            expired_certs_on_crl: extensions.expired_certs_on_crl,
            freshest_crl_uris: extensions.freshest_crl_uris(),
            signature_algorithm: self.algorithm,
            signer_key: self.signer_key,
            tbs_digest: match &self.crl.message {
                Message::Digest(digest) => digest.as_ref().to_vec(),
                Message::Whole(message) => digest(&SHA512, message).as_ref().to_vec(),
                Message::Unsupported => Vec::new(),
            },
            entries: *entries,
            size: *size,
        }
    }
}
