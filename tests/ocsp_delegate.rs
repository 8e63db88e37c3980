//! Delegated responders: what a certificate needs so that its key may answer for its issuer.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod ocsp_support;

use std::cell::Cell;

use ocsp_support::{Case, NOW, time};
use revocache::ocsp::{CertStatus, DelegateStatus, OcspError, Question, verify_response};
use revocache::pki::AlgorithmPolicy;
use revocache_testkit::{
    Authority, CertState, CertificateBuilder, Extension, Key, KeyKind, Name, OcspResponse, Signature, der,
    oid,
};

/// An issuer, and a delegate to be certified by it.
struct Delegated {
    case: Case,
    name: Name,
    key: Key,
}

impl Delegated {
    fn new() -> Self {
        Self::by(KeyKind::P256, KeyKind::P256)
    }

    fn by(issuer: KeyKind, responder: KeyKind) -> Self {
        Self { case: Case::new(issuer), name: Name::new("Responder"), key: Key::new(responder) }
    }

    /// The delegate's certificate as it should be.
    fn builder(&self) -> CertificateBuilder {
        self.case.ca.ocsp_delegate(&[0x44], &self.name, &self.key).ocsp_nocheck()
    }

    /// A response with this certificate, signed by the delegate.
    fn response(&self, certificate: &[u8]) -> OcspResponse {
        OcspResponse::by_name(&self.name)
            .answer(&self.case.cert_id(), CertState::Good)
            .certificate(certificate)
    }

    fn judge(&self, certificate: &CertificateBuilder) -> Result<CertStatus, OcspError> {
        self.judge_der(&certificate.build(&self.case.ca))
    }

    fn judge_der(&self, certificate: &[u8]) -> Result<CertStatus, OcspError> {
        self.case.verify_by(&self.response(certificate), &self.key).map(|answer| answer.status)
    }

    #[track_caller]
    fn assert_code(&self, certificate: &CertificateBuilder, code: &str) {
        let error = self.judge(certificate).expect_err("the response must be refused");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.is_responders_fault());
    }
}

#[test]
fn a_delegate_answers_for_its_issuer() {
    for issuer in KeyKind::ALL {
        for responder in [KeyKind::P256, KeyKind::Rsa, KeyKind::Ed25519] {
            let delegated = Delegated::by(issuer, responder);
            assert_eq!(delegated.judge(&delegated.builder()).unwrap(), CertStatus::Good);
        }
    }
    let delegated = Delegated::new();
    let certificate = delegated.builder().build(&delegated.case.ca);
    let by_key = OcspResponse::by_key(&delegated.key)
        .answer(&delegated.case.cert_id(), CertState::Good)
        .certificate(&delegated.case.ca.certificate)
        .certificate(&[0x30, 0])
        .certificate(&certificate);
    assert!(delegated.case.verify_by(&by_key, &delegated.key).is_ok(), "others may come along");
    let without = OcspResponse { certificates: vec![], ..by_key };
    assert_eq!(delegated.case.verify_by(&without, &delegated.key).unwrap_err().code(), "signer_not_found");
}

/// Its certificate is there, and its key signed, but the response names somebody else as its responder.
#[test]
fn the_responder_is_the_one_that_is_named() {
    let delegated = Delegated::new();
    let certificate = delegated.builder().build(&delegated.case.ca);
    for named in
        [OcspResponse::by_name(&Name::new("Somebody")), OcspResponse::by_key(&Key::new(KeyKind::P256))]
    {
        let response = named.answer(&delegated.case.cert_id(), CertState::Good).certificate(&certificate);
        let error = delegated.case.verify_by(&response, &delegated.key).unwrap_err();
        assert_eq!(error.code(), "signer_not_found");
    }
    let of_issuer = delegated.case.good().certificate(&certificate);
    let error = delegated.case.verify_by(&of_issuer, &delegated.key).unwrap_err();
    assert_eq!(error.code(), "bad_signature");
}

#[test]
fn a_delegate_may_have_the_name_of_its_issuer() {
    let mut delegated = Delegated::new();
    delegated.name = delegated.case.ca.name.clone();
    assert!(delegated.judge(&delegated.builder()).is_ok());
    // Then a signature by neither is refused for what the delegate's is.
    let certificate = delegated.builder().build(&delegated.case.ca);
    let stranger = Key::new(KeyKind::P256);
    let error = delegated.case.verify_by(&delegated.response(&certificate), &stranger).unwrap_err();
    assert_eq!(error.code(), "bad_signature");
}

#[test]
fn the_purpose_has_to_be_stated() {
    let delegated = Delegated::new();
    let bare = delegated.builder().without(oid::EXTENDED_KEY_USAGE);
    delegated.assert_code(&bare, "delegate_without_ocsp_signing");
    let any = "2.5.29.37.0";
    let server = "1.3.6.1.5.5.7.3.1";
    delegated.assert_code(&bare.clone().extended_key_usage(&[any, server]), "delegate_without_ocsp_signing");
    assert!(delegated.judge(&bare.clone().extended_key_usage(&[server, oid::OCSP_SIGNING])).is_ok());
    // One that cannot be read authorizes nobody.
    let malformed = Extension::new(oid::EXTENDED_KEY_USAGE, &[0x30, 2, 5, 0]);
    delegated.assert_code(&bare.extension(malformed), "delegate_without_ocsp_signing");

    let no_usage = delegated.builder().without(oid::KEY_USAGE);
    assert!(delegated.judge(&no_usage).is_ok());
    delegated.assert_code(&no_usage.clone().key_usage(&[5, 6]), "delegate_without_digital_signature");
    assert!(delegated.judge(&no_usage.key_usage(&[0, 5])).is_ok());
}

#[test]
fn only_the_issuer_delegates() {
    let delegated = Delegated::new();
    let issuer = &delegated.case.ca;
    // Issued by another CA that the issuer certified: a chain is no delegation.
    let below = issuer.intermediate("Below", KeyKind::P256);
    let error = delegated.judge_der(&delegated.builder().build(&below)).unwrap_err();
    assert!(
        matches!(&error, OcspError::DelegateNotIssued { issuer, .. } if issuer.contains("Below")),
        "{error}"
    );
    // In the issuer's name by another key.
    let twin = Authority::root("Issuer", KeyKind::P256);
    let error = delegated.judge_der(&delegated.builder().build(&twin)).unwrap_err();
    assert_eq!(error.code(), "delegate_bad_signature");
    // By an algorithm that is not accepted.
    let sha1 = delegated.builder().signature(Signature::EcdsaSha1);
    delegated.assert_code(&sha1, "delegate_bad_signature");
    // Signed for one key, used by another.
    let certificate = delegated.builder().build(issuer);
    let error = delegated.case.verify_by(&delegated.response(&certificate), &Key::new(KeyKind::P256));
    assert_eq!(error.unwrap_err().code(), "bad_signature");
}

#[test]
fn sha1_counts_where_it_is_allowed() {
    let mut delegated = Delegated::new();
    delegated.case.policy.algorithms = AlgorithmPolicy::ALLOW_SHA1;
    assert!(delegated.judge(&delegated.builder().signature(Signature::EcdsaSha1)).is_ok());
}

#[test]
fn a_delegate_is_valid_at_the_time() {
    let delegated = Delegated::new();
    let skew = i64::from(delegated.case.policy.skew.0);
    let valid = |from: i64, to: i64| CertificateBuilder {
        not_before: from.into(),
        not_after: to.into(),
        ..delegated.builder()
    };
    assert!(delegated.judge(&valid(NOW + skew, NOW + 99_999)).is_ok());
    delegated.assert_code(&valid(NOW + skew + 1, NOW + 99_999), "delegate_not_yet_valid");
    assert!(delegated.judge(&valid(NOW - 99_999, NOW - skew)).is_ok());
    delegated.assert_code(&valid(NOW - 99_999, NOW - skew - 1), "delegate_expired");
    let mut later = delegated;
    later.case.at = time(NOW + 1_000_000);
    let short = CertificateBuilder { not_after: (NOW + 10).into(), ..later.builder() };
    later.assert_code(&short, "delegate_expired");
}

#[test]
fn critical_extensions_of_a_delegate_are_understood_or_refused() {
    let delegated = Delegated::new();
    let name_constraints = "2.5.29.30";
    let with = |extension| delegated.judge(&delegated.builder().extension(extension));
    assert!(with(Extension::new(name_constraints, &[0x30, 0])).is_ok());
    let error = with(Extension::critical(name_constraints, &[0x30, 0])).unwrap_err();
    assert!(
        matches!(&error, OcspError::DelegateUnsupportedCriticalExtension { oid, .. } if oid == name_constraints)
    );
    let alt_name = der::sequence(&[der::implicit(2, b"ocsp.example")]);
    assert!(with(Extension::critical("2.5.29.17", &alt_name)).is_ok());
}

#[test]
fn its_own_state_is_asked_for_unless_it_says_not_to() {
    let mut delegated = Delegated::new();
    let checked = delegated.builder().without(oid::OCSP_NOCHECK);
    for (status, accepted) in
        [(DelegateStatus::Good, true), (DelegateStatus::Unknown, true), (DelegateStatus::Revoked, false)]
    {
        delegated.case.delegate = status;
        assert_eq!(delegated.judge(&checked).is_ok(), accepted, "{status:?}");
        assert!(delegated.judge(&delegated.builder()).is_ok(), "nocheck is honoured");
    }
    delegated.assert_code(&checked, "delegate_revoked");
}

/// Looking a delegate up may mean asking another responder: it happens once, and only for one that could count.
#[test]
fn a_delegate_is_looked_up_last_and_by_its_certificate() {
    let delegated = Delegated::new();
    let checked = delegated.builder().without(oid::OCSP_NOCHECK).build(&delegated.case.ca);
    let asked = Cell::new(0);
    let judge = |response: &OcspResponse, key: &Key| {
        let question = Question { id: &delegated.case.id, issuer: &delegated.case.issuer, nonce: None };
        let der = response.build(key);
        verify_response(&der, &question, delegated.case.at, &delegated.case.policy, &|certificate| {
            assert_eq!(certificate.der(), checked);
            asked.set(asked.get() + 1);
            DelegateStatus::Good
        })
    };
    assert!(judge(&delegated.response(&checked), &delegated.key).is_ok());
    assert_eq!(asked.get(), 1);
    assert!(judge(&delegated.response(&checked), &Key::new(KeyKind::P256)).is_err());
    assert_eq!(asked.get(), 1);
    assert!(judge(&delegated.case.good(), &delegated.case.ca.key).is_ok());
    assert_eq!(asked.get(), 1);
}
