//! What the tests of `ocsp` share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use revocache::ocsp::{Answer, DelegateStatus, Nonce, OcspError, Question, ResponsePolicy, verify_response};
use revocache::pki::Certificate;
use revocache::pki::der::{Element, Reader};
use revocache::types::{CertId, Serial, UnixTime};
use revocache_testkit::{Authority, CertState, Key, KeyKind, OcspCertId, OcspResponse, der as write};

/// 2025-02-15T00:00:00Z, in the middle of the usual dates of the test kit.
pub(crate) const NOW: i64 = 1_739_577_600;
/// 2025-02-01T00:00:00Z: thisUpdate and producedAt unless others are set.
pub(crate) const THIS_UPDATE: i64 = 1_738_368_000;
/// 2025-03-01T00:00:00Z: nextUpdate unless another is set.
pub(crate) const NEXT_UPDATE: i64 = 1_740_787_200;
/// The serial asked about: its top bit is set.
pub(crate) const SERIAL: [u8; 3] = [0x00, 0xd4, 0x1d];

pub(crate) fn time(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

pub(crate) fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

/// A CA, a question about one of its certificates, and how it is judged.
pub(crate) struct Case {
    pub(crate) ca: Authority,
    pub(crate) issuer: Certificate,
    pub(crate) id: CertId,
    pub(crate) nonce: Option<Nonce>,
    pub(crate) at: UnixTime,
    pub(crate) policy: ResponsePolicy,
    pub(crate) delegate: DelegateStatus,
}

impl Case {
    pub(crate) fn new(kind: KeyKind) -> Self {
        Self::of(Authority::root("Issuer", kind))
    }

    pub(crate) fn of(ca: Authority) -> Self {
        let issuer = certificate(&ca.certificate);
        let id = CertId::sha1(&issuer, &Serial::new(&SERIAL).unwrap());
        Self {
            ca,
            issuer,
            id,
            nonce: None,
            at: time(NOW),
            policy: ResponsePolicy::default(),
            delegate: DelegateStatus::Good,
        }
    }

    /// The certificate asked about, as the test kit names it.
    pub(crate) fn cert_id(&self) -> OcspCertId {
        OcspCertId::new(&self.ca, &SERIAL)
    }

    /// A response of the issuer, without answers.
    pub(crate) fn empty(&self) -> OcspResponse {
        OcspResponse::by_name(&self.ca.name)
    }

    /// A response of the issuer: good.
    pub(crate) fn good(&self) -> OcspResponse {
        self.empty().answer(&self.cert_id(), CertState::Good)
    }

    /// Judges a response signed by the issuer.
    pub(crate) fn verify(&self, response: &OcspResponse) -> Result<Answer, OcspError> {
        self.verify_by(response, &self.ca.key)
    }

    /// Judges a response signed by somebody.
    pub(crate) fn verify_by(&self, response: &OcspResponse, key: &Key) -> Result<Answer, OcspError> {
        self.verify_der(&response.build(key))
    }

    pub(crate) fn verify_der(&self, der: &[u8]) -> Result<Answer, OcspError> {
        let question = Question { id: &self.id, issuer: &self.issuer, nonce: self.nonce.as_ref() };
        verify_response(der, &question, self.at, &self.policy, &|_| self.delegate)
    }

    /// The code of the refusal there must be.
    #[track_caller]
    pub(crate) fn refused(&self, response: &OcspResponse) -> OcspError {
        self.verify(response).expect_err("the response must be refused")
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, response: &OcspResponse, code: &str) {
        let error = self.refused(response);
        assert_eq!(error.code(), code, "{error}");
    }
}

/// The message once for every element in it that holds others, with a NULL too many at the end of that one.
pub(crate) fn with_one_too_many(der: &[u8]) -> Vec<Vec<u8>> {
    let variants = |target: usize| {
        let mut seen = 0;
        (rewrite(Reader::new(der).any().unwrap(), target, &mut seen), seen)
    };
    let (same, holders) = variants(usize::MAX);
    assert_eq!(same, der);
    (0..holders).map(|target| variants(target).0).collect()
}

fn rewrite(element: Element<'_>, target: usize, seen: &mut usize) -> Vec<u8> {
    const CONSTRUCTED: u8 = 0x20;
    let wraps_sequence = element.tag == 4 && {
        let mut inner = element.reader();
        inner.read(0x30).is_ok() && inner.finish().is_ok()
    };
    if element.tag & CONSTRUCTED == 0 && !wraps_sequence {
        return element.raw.to_vec();
    }
    let own = *seen;
    *seen += 1;
    let mut content = Vec::new();
    let mut reader = element.reader();
    while !reader.is_empty() {
        content.extend(rewrite(reader.any().unwrap(), target, seen));
    }
    if own == target {
        content.extend([5, 0]);
    }
    write::element(element.tag, &content)
}
