//! Why a response is refused.

use super::response::MAX_RESPONSE_OCTETS;
use crate::pki::der::{DerError, DerProblem};
use crate::pki::{CertificateError, SignatureError};
use crate::types::{Seconds, Serial, UnixTime};

/// Why a response is refused. Each has its code, and none is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// The responder could not read the request (RFC 6960 section 2.3).
    #[error("the responder says `malformedRequest`: it could not read what was asked")]
    MalformedRequest,
    /// The responder is in an inconsistent state (RFC 6960 section 2.3).
    #[error("the responder says `internalError`: ask again, or ask another")]
    InternalError,
    /// The responder is busy (RFC 6960 section 2.3).
    #[error("the responder says `tryLater`: ask again later")]
    TryLater,
    /// The responder answers signed requests only, which are not supported (RFC 6960 section 2.3).
    #[error("the responder says `sigRequired`: it answers signed requests only, which are not supported")]
    SigRequired,
    /// The responder refuses to answer (RFC 6960 section 2.3, RFC 5019 section 2.2.3).
    #[error("the responder says `unauthorized`: it does not answer for this certificate")]
    Unauthorized,
    /// Not a response by RFC 6960, or one that contradicts itself.
    #[error("malformed OCSP response: {0}")]
    Malformed(DerError),
    /// Longer than is read.
    #[error("the OCSP response has {octets} octets; at most {MAX_RESPONSE_OCTETS} are read")]
    TooLarge {
        /// Octets found.
        octets: usize,
    },
    /// More parts than are read.
    #[error("the OCSP response has more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// Another type of response than id-pkix-ocsp-basic, the only one there is.
    #[error("the OCSP response is of the type {oid}, which is not supported; only basic responses are")]
    UnsupportedResponseType {
        /// The object identifier in dotted decimal.
        oid: String,
    },
    /// A critical extension that is not understood, of the response or of the answer asked for.
    #[error(
        "the OCSP response has the critical extension {oid}, which is not supported; without it its meaning is unknown"
    )]
    UnsupportedCriticalExtension {
        /// The object identifier in dotted decimal.
        oid: String,
    },
    /// Neither the issuer nor a certificate in the response is the responder it names.
    #[error(
        "the OCSP response names as its responder {responder}, which is neither the issuer nor among its certificates"
    )]
    SignerNotFound {
        /// The name of the responder, or the hash of its key.
        responder: String,
    },
    /// The signature is of an algorithm that is not accepted, or the responder's key did not make it.
    #[error("the signature of the OCSP response does not count: {0}")]
    Signature(SignatureError),
    /// A certificate in the response cannot be read, and no other is the responder's.
    #[error("a certificate in the OCSP response cannot be read, and no other is the responder's: {0}")]
    DelegateMalformed(CertificateError),
    /// The responder's certificate was issued by somebody else than the issuer of the certificate asked about.
    #[error("the responder {responder} was authorized by {issuer} and not by the issuer of the certificate")]
    DelegateNotIssued {
        /// Subject of the responder's certificate.
        responder: String,
        /// Its issuer.
        issuer: String,
    },
    /// The issuer's key did not sign the responder's certificate, although it names the issuer.
    #[error("the certificate of the responder {responder} is not signed by the issuer it names: {source}")]
    DelegateBadSignature {
        /// Subject of the responder's certificate.
        responder: String,
        /// What is wrong with the signature.
        source: SignatureError,
    },
    /// The responder's certificate lacks id-kp-OCSPSigning (RFC 6960 section 4.2.2.2).
    #[error("the certificate of the responder {responder} does not allow it to sign OCSP responses")]
    DelegateWithoutOcspSigning {
        /// Subject of the responder's certificate.
        responder: String,
    },
    /// The responder's certificate has a keyUsage without digitalSignature.
    #[error("the certificate of the responder {responder} has a keyUsage without digitalSignature")]
    DelegateWithoutDigitalSignature {
        /// Subject of the responder's certificate.
        responder: String,
    },
    /// The responder's certificate has a critical extension that is not understood.
    #[error(
        "the certificate of the responder {responder} has the critical extension {oid}, which is not supported"
    )]
    DelegateUnsupportedCriticalExtension {
        /// Subject of the responder's certificate.
        responder: String,
        /// The object identifier in dotted decimal.
        oid: String,
    },
    /// The responder's certificate begins later.
    #[error("the certificate of the responder {responder} is valid only from {not_before} on")]
    DelegateNotYetValid {
        /// Subject of the responder's certificate.
        responder: String,
        /// Its notBefore.
        not_before: UnixTime,
    },
    /// The responder's certificate has expired.
    #[error("the certificate of the responder {responder} expired at {not_after}")]
    DelegateExpired {
        /// Subject of the responder's certificate.
        responder: String,
        /// Its notAfter.
        not_after: UnixTime,
    },
    /// The responder's certificate is revoked.
    #[error("the certificate of the responder {responder} (serial {serial}) is revoked")]
    DelegateRevoked {
        /// Subject of the responder's certificate.
        responder: String,
        /// Its serial.
        serial: Serial,
    },
    /// There is no answer in the response.
    #[error("the OCSP response has no answer in it")]
    NoAnswer,
    /// The answers are about certificates of other issuers.
    #[error("the OCSP response answers for certificates of another issuer only")]
    OtherIssuer,
    /// The answers are about other certificates of the issuer.
    #[error("the OCSP response answers for serial {found} and not for {asked}")]
    OtherSerial {
        /// The serial asked about.
        asked: Serial,
        /// A serial that is answered for.
        found: Serial,
    },
    /// The answers name their certificates with a hash function that is neither SHA-1 nor SHA-256.
    #[error("the OCSP response names certificates with the hash function {oid}, which is not supported")]
    UnsupportedHashFunction {
        /// The object identifier in dotted decimal.
        oid: String,
    },
    /// Two answers of the same date say different things about the certificate.
    #[error("the OCSP response contradicts itself: two different answers of {this_update}")]
    Contradictory {
        /// thisUpdate of both.
        this_update: UnixTime,
    },
    /// nextUpdate lies before thisUpdate.
    #[error("the answer ends at {next_update}, before it begins at {this_update}")]
    NextUpdateBeforeThisUpdate {
        /// thisUpdate.
        this_update: UnixTime,
        /// nextUpdate.
        next_update: UnixTime,
    },
    /// The answer begins in the future.
    #[error("the answer is of {this_update}, which is still to come; is the clock right?")]
    NotYetValid {
        /// thisUpdate.
        this_update: UnixTime,
    },
    /// The answer has been outdated by a newer one.
    #[error("the answer was good until {next_update}; a newer one exists, or the response is a replayed one")]
    Stale {
        /// nextUpdate.
        next_update: UnixTime,
    },
    /// The answer does not say until when it is good, and is older than is accepted.
    #[error("the answer is of {this_update}, says nothing of a next one, and is accepted for {max_age} seconds only",
        max_age = .max_age.0)]
    TooOld {
        /// thisUpdate.
        this_update: UnixTime,
        /// How old such an answer may be.
        max_age: Seconds,
    },
    /// The response was signed in the future.
    #[error("the OCSP response was produced at {produced_at}, which is still to come; is the clock right?")]
    ProducedInFuture {
        /// producedAt.
        produced_at: UnixTime,
    },
    /// The response was signed before the date of its answer.
    #[error("the OCSP response was produced at {produced_at}, before its answer of {this_update}")]
    ProducedBeforeThisUpdate {
        /// producedAt.
        produced_at: UnixTime,
        /// thisUpdate.
        this_update: UnixTime,
    },
    /// A nonce was sent, and the response has none.
    #[error(
        "the OCSP response lacks the nonce that was sent; allow that, because many responders sign in advance"
    )]
    NonceMissing,
    /// The response has another nonce than the one that was sent.
    #[error("the OCSP response has another nonce than the one that was sent: it answers another request")]
    NonceMismatch,
    /// The CertID asked about does not name the issuer it is asked with. Nothing in the response is to blame.
    #[error("the CertID asked about is not of the issuer given with it; make it from that issuer")]
    QuestionMismatch,
}

impl OcspError {
    /// The code in reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed_request",
            Self::InternalError => "internal_error",
            Self::TryLater => "try_later",
            Self::SigRequired => "sig_required",
            Self::Unauthorized => "unauthorized",
            Self::Malformed(_) => "malformed",
            Self::TooLarge { .. } | Self::TooMany { .. } => "limit_exceeded",
            Self::UnsupportedResponseType { .. } => "unsupported_response_type",
            Self::UnsupportedCriticalExtension { .. } => "unsupported_critical_extension",
            Self::SignerNotFound { .. } => "signer_not_found",
            Self::Signature(error) => error.code(),
            Self::DelegateMalformed(_) => "delegate_malformed",
            Self::DelegateNotIssued { .. } => "delegate_not_issued",
            Self::DelegateBadSignature { .. } => "delegate_bad_signature",
            Self::DelegateWithoutOcspSigning { .. } => "delegate_without_ocsp_signing",
            Self::DelegateWithoutDigitalSignature { .. } => "delegate_without_digital_signature",
            Self::DelegateUnsupportedCriticalExtension { .. } => "delegate_unsupported_critical_extension",
            Self::DelegateNotYetValid { .. } => "delegate_not_yet_valid",
            Self::DelegateExpired { .. } => "delegate_expired",
            Self::DelegateRevoked { .. } => "delegate_revoked",
            Self::NoAnswer => "no_answer",
            Self::OtherIssuer => "other_issuer",
            Self::OtherSerial { .. } => "other_serial",
            Self::UnsupportedHashFunction { .. } => "unsupported_hash_function",
            Self::Contradictory { .. } => "contradictory",
            Self::NextUpdateBeforeThisUpdate { .. } => "next_update_before_this_update",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Stale { .. } => "stale",
            Self::TooOld { .. } => "too_old",
            Self::ProducedInFuture { .. } => "produced_in_future",
            Self::ProducedBeforeThisUpdate { .. } => "produced_before_this_update",
            Self::NonceMissing => "nonce_missing",
            Self::NonceMismatch => "nonce_mismatch",
            Self::QuestionMismatch => "question_mismatch",
        }
    }

    /// Whether the responder refused to answer, by an unsigned responseStatus (RFC 6960 section 2.3).
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::MalformedRequest
                | Self::InternalError
                | Self::TryLater
                | Self::SigRequired
                | Self::Unauthorized
        )
    }

    /// Whether what came back is to blame: the responder, or whoever stands between. It is worth asking another
    /// responder, or this one again after a while.
    ///
    /// `false` where the question is to blame, so that any responder would refuse it again: `malformed_request`,
    /// `sig_required`, `unauthorized` and `question_mismatch`.
    #[must_use]
    pub const fn is_responders_fault(&self) -> bool {
        !matches!(
            self,
            Self::MalformedRequest | Self::SigRequired | Self::Unauthorized | Self::QuestionMismatch
        )
    }
}

impl From<DerError> for OcspError {
    fn from(error: DerError) -> Self {
        match error.problem {
            DerProblem::TooMany { what, limit } => Self::TooMany { what, limit },
            _ => Self::Malformed(error),
        }
    }
}
