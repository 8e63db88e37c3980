//! OCSP: requests and responses, well-formed or wrong in one chosen place, and certificates of delegated responders.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use crate::authority::Authority;
use crate::certificate::CertificateBuilder;
use crate::crl::Extension;
use crate::der::{bit_string, element, explicit, implicit, integer_octets, octet_string, oid, sequence};
use crate::key::{Key, Signature};
use crate::name::Name;
use crate::oid as known;
use crate::time::Time;

/// 2025-02-01T00:00:00Z, the dates of a response unless others are set.
const THIS_UPDATE: i64 = 1_738_368_000;
/// 2025-03-01T00:00:00Z.
const NEXT_UPDATE: i64 = 1_740_787_200;

/// The hash function of a CertID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl IdHash {
    /// The DER AlgorithmIdentifier.
    #[must_use]
    pub fn algorithm(self) -> Vec<u8> {
        sequence(&[oid(if self == Self::Sha1 { known::SHA1 } else { known::SHA256 }), vec![5, 0]])
    }

    /// The hash of some octets.
    #[must_use]
    pub fn of(self, octets: &[u8]) -> Vec<u8> {
        let algorithm = if self == Self::Sha1 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 };
        digest(algorithm, octets).as_ref().to_vec()
    }
}

/// A CertID. Every field can be set directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspCertId {
    /// The DER AlgorithmIdentifier.
    pub algorithm: Vec<u8>,
    /// issuerNameHash.
    pub name_hash: Vec<u8>,
    /// issuerKeyHash.
    pub key_hash: Vec<u8>,
    /// Content octets of the serial number, verbatim.
    pub serial: Vec<u8>,
}

impl OcspCertId {
    /// The identifier of a certificate of this authority, with SHA-1.
    #[must_use]
    pub fn new(issuer: &Authority, serial: &[u8]) -> Self {
        Self::with(IdHash::Sha1, issuer, serial)
    }

    /// The identifier of a certificate of this authority.
    #[must_use]
    pub fn with(hash: IdHash, issuer: &Authority, serial: &[u8]) -> Self {
        Self {
            algorithm: hash.algorithm(),
            name_hash: hash.of(&issuer.name.der()),
            key_hash: hash.of(issuer.key.public_octets()),
            serial: serial.to_vec(),
        }
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        sequence(&[
            self.algorithm.clone(),
            octet_string(&self.name_hash),
            octet_string(&self.key_hash),
            integer_octets(&self.serial),
        ])
    }

    fn read(content: &[u8]) -> Option<Self> {
        let mut rest = content;
        let (_, _, algorithm) = next(&mut rest)?;
        let (_, name_hash, _) = next(&mut rest)?;
        let (_, key_hash, _) = next(&mut rest)?;
        let (2, serial, _) = next(&mut rest)? else { return None };
        Some(Self {
            algorithm: algorithm.to_vec(),
            name_hash: name_hash.to_vec(),
            key_hash: key_hash.to_vec(),
            serial: serial.to_vec(),
        })
    }
}

/// An OCSPRequest: what a test responder reads, and what tests of a reader write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OcspRequest {
    /// What is asked about.
    pub cert_ids: Vec<OcspCertId>,
    /// The content of the nonce extension's OCTET STRING.
    pub nonce: Option<Vec<u8>>,
    /// More requestExtensions; not read.
    pub extensions: Vec<Extension>,
    /// singleRequestExtensions of every request; not read.
    pub single_extensions: Vec<Extension>,
    /// Octets in front of requestList: version and requestorName; not read.
    pub raw_head: Vec<u8>,
    /// Octets behind tbsRequest: optionalSignature; not read.
    pub raw_tail: Vec<u8>,
}

impl OcspRequest {
    /// A request about these certificates.
    #[must_use]
    pub fn new(cert_ids: &[OcspCertId]) -> Self {
        Self { cert_ids: cert_ids.to_vec(), ..Self::default() }
    }

    /// Reads a request as far as a responder has to; `None` if it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut request = Self::default();
        let (0x30, outer, _) = next(&mut &*der)? else { return None };
        let (0x30, mut fields, _) = next(&mut &*outer)? else { return None };
        while !fields.is_empty() {
            match next(&mut fields)? {
                (0x30, mut list, _) => {
                    while !list.is_empty() {
                        let (0x30, mut one, _) = next(&mut list)? else { return None };
                        let (0x30, id, _) = next(&mut one)? else { return None };
                        request.cert_ids.push(OcspCertId::read(id)?);
                    }
                }
                (0xa2, mut wrapper, _) => {
                    let (0x30, mut extensions, _) = next(&mut wrapper)? else { return None };
                    while !extensions.is_empty() {
                        let (0x30, mut extension, _) = next(&mut extensions)? else { return None };
                        let (6, _, name) = next(&mut extension)? else { return None };
                        let (tag, mut value, _) = next(&mut extension)?;
                        if tag == 4 && name == oid(known::OCSP_NONCE) {
                            request.nonce = Some(next(&mut value)?.1.to_vec());
                        }
                    }
                }
                _ => {}
            }
        }
        Some(request)
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let single = |id: &OcspCertId| {
            let extensions: Vec<_> = self.single_extensions.iter().map(Extension::der).collect();
            let wrapped = if extensions.is_empty() { vec![] } else { explicit(0, &sequence(&extensions)) };
            sequence(&[id.der(), wrapped])
        };
        let mut parts =
            vec![self.raw_head.clone(), sequence(&self.cert_ids.iter().map(single).collect::<Vec<_>>())];
        let mut extensions: Vec<_> =
            self.nonce.iter().map(|nonce| Extension::ocsp_nonce(nonce).der()).collect();
        extensions.extend(self.extensions.iter().map(Extension::der));
        if !extensions.is_empty() {
            parts.push(explicit(2, &sequence(&extensions)));
        }
        sequence(&[sequence(&parts), self.raw_tail.clone()])
    }
}

impl Extension {
    /// The nonce of OCSP, its octets wrapped as RFC 9654 wants them.
    #[must_use]
    pub fn ocsp_nonce(nonce: &[u8]) -> Self {
        Self::new(known::OCSP_NONCE, &octet_string(nonce))
    }
}

/// CertStatus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertState {
    /// good.
    Good,
    /// revoked.
    Revoked {
        /// revocationTime.
        at: Time,
        /// revocationReason.
        reason: Option<u8>,
    },
    /// unknown.
    Unknown,
    /// Exactly this encoding.
    Raw(Vec<u8>),
}

impl CertState {
    /// Revoked at this time, for this reason.
    #[must_use]
    pub fn revoked(at: i64, reason: Option<u8>) -> Self {
        Self::Revoked { at: Time::generalized(at), reason }
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        match self {
            Self::Good => implicit(0, &[]),
            Self::Revoked { at, reason } => {
                let reason = reason.map(|code| explicit(0, &element(0x0a, &[code]))).unwrap_or_default();
                element(0xa1, &[at.der(), reason].concat())
            }
            Self::Unknown => implicit(2, &[]),
            Self::Raw(der) => der.clone(),
        }
    }
}

/// One SingleResponse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleResponse {
    /// Whom it is about.
    pub cert_id: OcspCertId,
    /// certStatus.
    pub status: CertState,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// singleExtensions; without any the field is left out.
    pub extensions: Vec<Extension>,
}

impl SingleResponse {
    /// An answer of 2025-02-01, good until 2025-03-01.
    #[must_use]
    pub fn new(cert_id: OcspCertId, status: CertState) -> Self {
        Self {
            cert_id,
            status,
            this_update: Time::generalized(THIS_UPDATE),
            next_update: Some(Time::generalized(NEXT_UPDATE)),
            extensions: Vec::new(),
        }
    }

    /// Sets both dates.
    #[must_use]
    pub fn updates(mut self, this: i64, next: Option<i64>) -> Self {
        self.this_update = Time::generalized(this);
        self.next_update = next.map(Time::generalized);
        self
    }

    /// Appends an extension.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let mut parts = vec![self.cert_id.der(), self.status.der(), self.this_update.der()];
        parts.extend(self.next_update.as_ref().map(|time| explicit(0, &time.der())));
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(explicit(1, &sequence(&extensions)));
        }
        sequence(&parts)
    }
}

/// An OCSPResponse under construction. Every field can be set directly; the methods are short forms.
///
/// The `raw_` fields replace a part by exactly these octets, for responses that are wrong in one place.
#[derive(Debug, Clone)]
pub struct OcspResponse {
    /// responseStatus.
    pub status: u8,
    /// responseType in dotted decimal.
    pub response_type: String,
    /// Content of the version INTEGER; `None` leaves it out.
    pub version: Option<u8>,
    /// The encoded responderID.
    pub responder: Vec<u8>,
    /// producedAt.
    pub produced_at: Time,
    /// The answers.
    pub singles: Vec<SingleResponse>,
    /// responseExtensions; without any the field is left out.
    pub extensions: Vec<Extension>,
    /// The certificates that come with the response; without any the field is left out.
    pub certificates: Vec<Vec<u8>>,
    /// Signature algorithm; the usual one of the key if `None`.
    pub signature: Option<Signature>,
    /// AlgorithmIdentifier of the signature.
    pub raw_algorithm: Option<Vec<u8>>,
    /// The encoded signature BIT STRING.
    pub raw_signature: Option<Vec<u8>>,
    /// Whether one bit of the signature is flipped, as `openssl ocsp -badsig` does.
    pub bad_signature: bool,
    /// Octets at the end of the signed part, inside it.
    pub raw_after_extensions: Vec<u8>,
    /// Octets behind the certificates, inside the BasicOCSPResponse.
    pub raw_after_certificates: Vec<u8>,
    /// Octets behind the responseBytes, inside the OCSPResponse.
    pub raw_after_bytes: Vec<u8>,
}

impl OcspResponse {
    /// A successful response of 2025-02-01 without answers, by a responder with this encoded responderID.
    #[must_use]
    pub fn new(responder: Vec<u8>) -> Self {
        Self {
            status: 0,
            response_type: known::OCSP_BASIC.to_owned(),
            version: None,
            responder,
            produced_at: Time::generalized(THIS_UPDATE),
            singles: Vec::new(),
            extensions: Vec::new(),
            certificates: Vec::new(),
            signature: None,
            raw_algorithm: None,
            raw_signature: None,
            bad_signature: false,
            raw_after_extensions: Vec::new(),
            raw_after_certificates: Vec::new(),
            raw_after_bytes: Vec::new(),
        }
    }

    /// By a responder of this name.
    #[must_use]
    pub fn by_name(name: &Name) -> Self {
        Self::new(explicit(1, &name.der()))
    }

    /// By a responder with this key.
    #[must_use]
    pub fn by_key(key: &Key) -> Self {
        Self::new(explicit(2, &octet_string(&key.key_id())))
    }

    /// An answer to every question of a request, its nonce included, produced at `this`.
    ///
    /// `state` gives the state of a serial (content octets).
    #[must_use]
    pub fn answering(
        mut self,
        request: &OcspRequest,
        this: i64,
        next: Option<i64>,
        state: impl Fn(&[u8]) -> CertState,
    ) -> Self {
        self.produced_at = Time::generalized(this);
        for id in &request.cert_ids {
            let single = SingleResponse::new(id.clone(), state(&id.serial)).updates(this, next);
            self.singles.push(single);
        }
        if let Some(nonce) = &request.nonce { self.nonce(nonce) } else { self }
    }

    /// The encoding of a refusal: this responseStatus and nothing else.
    #[must_use]
    pub fn refusal(status: u8) -> Vec<u8> {
        sequence(&[element(0x0a, &[status])])
    }

    /// Sets producedAt.
    #[must_use]
    pub fn produced_at(mut self, time: i64) -> Self {
        self.produced_at = Time::generalized(time);
        self
    }

    /// Appends an answer.
    #[must_use]
    pub fn single(mut self, single: SingleResponse) -> Self {
        self.singles.push(single);
        self
    }

    /// Appends an answer with the usual dates.
    #[must_use]
    pub fn answer(self, cert_id: &OcspCertId, status: CertState) -> Self {
        self.single(SingleResponse::new(cert_id.clone(), status))
    }

    /// Appends a nonce.
    #[must_use]
    pub fn nonce(self, nonce: &[u8]) -> Self {
        self.extension(Extension::ocsp_nonce(nonce))
    }

    /// Appends an extension of the response.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Appends a certificate.
    #[must_use]
    pub fn certificate(mut self, der: &[u8]) -> Self {
        self.certificates.push(der.to_vec());
        self
    }

    /// Signs with another algorithm than the usual one.
    #[must_use]
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// The signed part, tbsResponseData.
    #[must_use]
    pub fn signed_part(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        parts.extend(self.version.map(|version| explicit(0, &integer_octets(&[version]))));
        parts.push(self.responder.clone());
        parts.push(self.produced_at.der());
        parts.push(sequence(&self.singles.iter().map(SingleResponse::der).collect::<Vec<_>>()));
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(explicit(1, &sequence(&extensions)));
        }
        parts.push(self.raw_after_extensions.clone());
        sequence(&parts)
    }

    /// The response in DER, signed.
    #[must_use]
    pub fn build(&self, key: &Key) -> Vec<u8> {
        let signature = self.signature.unwrap_or(key.kind().usual_signature());
        let signed = self.signed_part();
        let mut octets = key.sign(signature, &signed);
        if self.bad_signature
            && let Some(last) = octets.last_mut()
        {
            *last ^= 1;
        }
        let mut parts = vec![
            signed,
            self.raw_algorithm.clone().unwrap_or_else(|| signature.algorithm()),
            self.raw_signature.clone().unwrap_or_else(|| bit_string(&octets)),
        ];
        if !self.certificates.is_empty() {
            parts.push(explicit(0, &sequence(&self.certificates)));
        }
        parts.push(self.raw_after_certificates.clone());
        let bytes = sequence(&[oid(&self.response_type), octet_string(&sequence(&parts))]);
        sequence(&[element(0x0a, &[self.status]), explicit(0, &bytes), self.raw_after_bytes.clone()])
    }
}

impl CertificateBuilder {
    /// extKeyUsage with these purposes, not critical.
    #[must_use]
    pub fn extended_key_usage(self, purposes: &[&str]) -> Self {
        let value = sequence(&purposes.iter().map(|purpose| oid(purpose)).collect::<Vec<_>>());
        self.extension(Extension::new(known::EXTENDED_KEY_USAGE, &value))
    }

    /// id-pkix-ocsp-nocheck.
    #[must_use]
    pub fn ocsp_nocheck(self) -> Self {
        self.extension(Extension::new(known::OCSP_NOCHECK, &[5, 0]))
    }
}

impl Authority {
    /// The certificate of a delegated responder: digitalSignature and id-kp-OCSPSigning. With
    /// [`CertificateBuilder::ocsp_nocheck`] its own state need not be asked for.
    #[must_use]
    pub fn ocsp_delegate(&self, serial: &[u8], name: &Name, key: &Key) -> CertificateBuilder {
        CertificateBuilder::new(serial, name.clone(), key)
            .key_usage(&[0])
            .extended_key_usage(&[known::OCSP_SIGNING])
    }
}

/// Takes the next element off `rest`: its tag, its content and its whole encoding.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8], &'a [u8])> {
    let (tag, first) = (*rest.first()?, *rest.get(1)?);
    let (header, length) = if first < 0x80 {
        (2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        let octets = rest.get(2..2 + count).filter(|octets| octets.len() <= 4)?;
        (2 + count, octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)))
    };
    let (raw, after) = rest.split_at_checked(header + length)?;
    *rest = after;
    Some((tag, &raw[header..], raw))
}
