//! Whether a response may be believed (RFC 6960 section 3.2).

use super::answer::Answer;
use super::error::OcspError;
use super::nonce::Nonce;
use crate::pki::{AlgorithmPolicy, Certificate};
use crate::types::{CertId, Seconds, UnixTime};

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The certificate.
    pub id: &'a CertId,
    /// The certificate of its issuer.
    pub issuer: &'a Certificate,
    /// The nonce that was sent, if one was.
    pub nonce: Option<&'a Nonce>,
}

/// What is thought of a response without the nonce that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoncePolicy {
    /// Accepted: most responders serve prepared responses.
    #[default]
    Optional,
    /// Refused.
    Required,
}

/// What a delegate's own state is, where its certificate has no `id-pkix-ocsp-nocheck`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelegateStatus {
    /// Not revoked.
    Good,
    /// Revoked: nothing it signs counts.
    Revoked,
    /// Not known.
    Unknown,
}

/// How strict to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsePolicy {
    /// How far clocks may be apart.
    pub skew: Seconds,
    /// How old an answer without nextUpdate may be.
    pub max_age: Seconds,
    /// Nonces.
    pub nonce: NoncePolicy,
    /// Signature algorithms.
    pub algorithms: AlgorithmPolicy,
}

/// Verifies a response.
///
/// # Errors
/// [`OcspError`].
pub fn verify_response(
    response: &[u8],
    question: &Question<'_>,
    at: UnixTime,
    policy: &ResponsePolicy,
    delegate: &dyn Fn(&Certificate) -> DelegateStatus,
) -> Result<Answer, OcspError> {
    let _ = (response, question, at, policy, delegate);
    Err(OcspError::Unauthorized)
}
