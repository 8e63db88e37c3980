//! Whether a response may be believed (RFC 6960 section 3.2).

use super::answer::Answer;
use super::error::OcspError;
use super::nonce::Nonce;
use super::oid;
use super::responder::check_signer;
use super::response::BasicResponse;
use super::select::{check_times, select};
use crate::pki::{AlgorithmPolicy, Certificate};
use crate::types::{CertId, Seconds, UnixTime};

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The certificate.
    pub id: &'a CertId,
    /// The certificate of its issuer. Whether that one is trusted is not asked here.
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
    /// Not known. What it signs counts until its certificate expires; who wants otherwise says `Revoked`.
    Unknown,
}

/// How strict to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsePolicy {
    /// How far clocks may be apart. Default 5 minutes.
    pub skew: Seconds,
    /// How old an answer without nextUpdate may be. Default 1 day.
    pub max_age: Seconds,
    /// Nonces. Only of consequence where one was sent.
    pub nonce: NoncePolicy,
    /// Signature algorithms, of the response and of a delegate's certificate.
    pub algorithms: AlgorithmPolicy,
}

impl Default for ResponsePolicy {
    fn default() -> Self {
        Self {
            skew: Seconds(300),
            max_age: Seconds::days(1),
            nonce: NoncePolicy::default(),
            algorithms: AlgorithmPolicy::default(),
        }
    }
}

/// Verifies a response (DER OCSPResponse), and gives its answer to the question.
///
/// The signer has to be the issuer of the question, or a delegate whose certificate comes with the response and was
/// issued by the issuer's key with id-kp-OCSPSigning. `delegate` is asked about the state of such a delegate, after
/// everything else about it was found right, unless its certificate has id-pkix-ocsp-nocheck. Whether the issuer's
/// own certificate is trusted, valid or revoked is the caller's business.
///
/// Of several answers about the certificate the newest counts. A state that the responder does not know is an answer
/// too ([`super::CertStatus::Unknown`]).
///
/// # Errors
/// [`OcspError`]; the first thing that is wrong, in this order: the encoding, a refusal, the signer and the signature,
/// critical extensions, the nonce, the certificate answered for, the times.
pub fn verify_response(
    response: &[u8],
    question: &Question<'_>,
    at: UnixTime,
    policy: &ResponsePolicy,
    delegate: &dyn Fn(&Certificate) -> DelegateStatus,
) -> Result<Answer, OcspError> {
    if !question.id.issuer.is_key_of(question.issuer) {
        return Err(OcspError::QuestionMismatch);
    }
    let response = BasicResponse::read(response)?;
    check_signer(&response, question.issuer, at, policy, delegate)?;
    refuse_critical(response.unsupported_critical)?;
    check_nonce(&response, question, policy)?;
    let answer = select(&response, question)?;
    refuse_critical(answer.unsupported_critical)?;
    check_times(answer, response.produced_at, at, policy)?;
    Ok(Answer {
        status: answer.status,
        this_update: answer.this_update,
        next_update: answer.next_update,
        produced_at: response.produced_at,
    })
}

fn refuse_critical(unsupported: Option<&[u8]>) -> Result<(), OcspError> {
    match unsupported {
        Some(oid) => Err(OcspError::UnsupportedCriticalExtension { oid: oid::dotted(oid) }),
        None => Ok(()),
    }
}

fn check_nonce(
    response: &BasicResponse<'_>,
    question: &Question<'_>,
    policy: &ResponsePolicy,
) -> Result<(), OcspError> {
    match (question.nonce, response.nonce) {
        (Some(sent), Some(found)) if sent.octets() != found => Err(OcspError::NonceMismatch),
        (Some(_), None) if policy.nonce == NoncePolicy::Required => Err(OcspError::NonceMissing),
        // A nonce that nobody sent belongs to somebody else's request, and says nothing about the answer.
        _ => Ok(()),
    }
}
