//! CRLs, well-formed or wrong in one chosen place.

use crate::certificate::distribution_point_name;
use crate::der::{
    bit_string, boolean, element, explicit, implicit, integer, integer_octets, named_bits, octet_string, oid,
    sequence,
};
use crate::key::{Key, Signature};
use crate::name::{GeneralName, Name};
use crate::oid as known;
use crate::time::Time;
use crate::{DistributionPoint, pem};

/// An extension of a certificate, a list or an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Object identifier in dotted decimal.
    pub oid: String,
    /// `None` leaves the BOOLEAN out; `Some(false)` writes the default, which DER does not.
    pub critical: Option<bool>,
    /// The encoded value, before it is wrapped in an OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension that is not critical.
    #[must_use]
    pub fn new(oid: &str, value: &[u8]) -> Self {
        Self { oid: oid.to_owned(), critical: None, value: value.to_vec() }
    }

    /// A critical extension.
    #[must_use]
    pub fn critical(oid: &str, value: &[u8]) -> Self {
        Self { critical: Some(true), ..Self::new(oid, value) }
    }

    /// reasonCode.
    #[must_use]
    pub fn reason(code: u8) -> Self {
        Self::new(known::REASON_CODE, &element(0x0a, &[code]))
    }

    /// invalidityDate.
    #[must_use]
    pub fn invalidity_date(time: i64) -> Self {
        Self::new(known::INVALIDITY_DATE, &Time::generalized(time).der())
    }

    /// certificateIssuer.
    #[must_use]
    pub fn certificate_issuer(names: &[GeneralName]) -> Self {
        Self::critical(known::CERTIFICATE_ISSUER, &element(0x30, &GeneralName::all(names)))
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let mut parts = vec![oid(&self.oid)];
        parts.extend(self.critical.map(boolean));
        parts.push(octet_string(&self.value));
        sequence(&parts)
    }
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Content octets of the serial number, verbatim.
    pub serial: Vec<u8>,
    /// revocationDate.
    pub revoked_at: Time,
    /// Extensions, in order; without any the field is left out.
    pub extensions: Vec<Extension>,
}

impl Entry {
    /// An entry without extensions, revoked on 2025-01-15T12:00:00Z.
    #[must_use]
    pub fn new(serial: &[u8]) -> Self {
        Self { serial: serial.to_vec(), revoked_at: 1_736_942_400.into(), extensions: Vec::new() }
    }

    /// Sets the revocation date.
    #[must_use]
    pub fn revoked_at(mut self, time: impl Into<Time>) -> Self {
        self.revoked_at = time.into();
        self
    }

    /// Appends reasonCode.
    #[must_use]
    pub fn reason(self, code: u8) -> Self {
        self.extension(Extension::reason(code))
    }

    /// Appends invalidityDate.
    #[must_use]
    pub fn invalidity_date(self, time: i64) -> Self {
        self.extension(Extension::invalidity_date(time))
    }

    /// Appends certificateIssuer with a directory name.
    #[must_use]
    pub fn certificate_issuer(self, name: &Name) -> Self {
        self.extension(Extension::certificate_issuer(&[GeneralName::Directory(name.clone())]))
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
        let mut parts = vec![integer_octets(&self.serial), self.revoked_at.der()];
        if !self.extensions.is_empty() {
            parts.push(sequence(&self.extensions.iter().map(Extension::der).collect::<Vec<_>>()));
        }
        sequence(&parts)
    }
}

/// issuingDistributionPoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingDistributionPoint {
    /// fullName, left out when empty.
    pub full_name: Vec<GeneralName>,
    /// nameRelativeToCRLIssuer: the last relative name of this name.
    pub relative_name: Option<Name>,
    /// onlyContainsUserCerts.
    pub only_user: bool,
    /// onlyContainsCACerts.
    pub only_ca: bool,
    /// onlySomeReasons, bit n being named bit n.
    pub reasons: Option<u16>,
    /// indirectCRL.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute: bool,
}

impl IssuingDistributionPoint {
    /// A scope of one URI.
    #[must_use]
    pub fn uri(uri: &str) -> Self {
        Self { full_name: vec![GeneralName::uri(uri)], ..Self::default() }
    }

    /// The encoding of the value.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        if let Some(name) = distribution_point_name(&self.full_name, self.relative_name.as_ref()) {
            parts.push(explicit(0, &name));
        }
        let flag = |number, value: bool| value.then(|| implicit(number, &[0xff]));
        parts.extend(flag(1, self.only_user));
        parts.extend(flag(2, self.only_ca));
        parts.extend(self.reasons.map(|reasons| named_bits(0x83, reasons)));
        parts.extend(flag(4, self.indirect));
        parts.extend(flag(5, self.only_attribute));
        sequence(&parts)
    }
}

/// A CRL under construction. Every field can be set directly; the methods are short forms.
///
/// The `raw_` fields replace a part by exactly these octets, for lists that are wrong in one place.
#[derive(Debug, Clone)]
pub struct CrlBuilder {
    /// Content of the version INTEGER; `None` leaves it out (version 1).
    pub version: Option<u8>,
    /// Issuer.
    pub issuer: Name,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// The entries; without any the field is left out.
    pub entries: Vec<Entry>,
    /// Writes an empty list of entries instead of leaving it out.
    pub empty_list: bool,
    /// Extensions, in order; without any the field is left out.
    pub extensions: Vec<Extension>,
    /// Signature algorithm; the usual one of the key if `None`.
    pub signature: Option<Signature>,
    /// AlgorithmIdentifier inside the signed part, if it is to differ from the one outside.
    pub raw_inner_algorithm: Option<Vec<u8>>,
    /// AlgorithmIdentifier outside the signed part.
    pub raw_outer_algorithm: Option<Vec<u8>>,
    /// The content of revokedCertificates.
    pub raw_entries: Option<Vec<u8>>,
    /// Octets at the end of the signed part, inside it.
    pub raw_after_extensions: Vec<u8>,
    /// Octets behind the signature, inside the list.
    pub raw_after_signature: Vec<u8>,
    /// The encoded signature BIT STRING.
    pub raw_signature: Option<Vec<u8>>,
}

impl CrlBuilder {
    /// An empty list of version 2, thisUpdate 2025-02-01, nextUpdate 2025-03-01.
    #[must_use]
    pub fn new(issuer: Name) -> Self {
        Self {
            version: Some(1),
            issuer,
            this_update: 1_738_368_000.into(),
            next_update: Some(1_740_787_200.into()),
            entries: Vec::new(),
            empty_list: false,
            extensions: Vec::new(),
            signature: None,
            raw_inner_algorithm: None,
            raw_outer_algorithm: None,
            raw_entries: None,
            raw_after_extensions: Vec::new(),
            raw_after_signature: Vec::new(),
            raw_signature: None,
        }
    }

    /// A list of version 1: no version, no extensions (those already there are dropped).
    #[must_use]
    pub fn version1(mut self) -> Self {
        self.version = None;
        self.extensions.clear();
        self
    }

    /// Sets both dates.
    #[must_use]
    pub fn updates(mut self, this: impl Into<Time>, next: Option<i64>) -> Self {
        self.this_update = this.into();
        self.next_update = next.map(Time::from);
        self
    }

    /// Appends an entry.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Appends entries.
    #[must_use]
    pub fn entries(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// Appends an extension.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Appends cRLNumber.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.extension(Extension::new(known::CRL_NUMBER, &integer(number)))
    }

    /// Appends deltaCRLIndicator: a delta to the list of this number.
    #[must_use]
    pub fn delta(self, base: u64) -> Self {
        self.extension(Extension::critical(known::DELTA_CRL_INDICATOR, &integer(base)))
    }

    /// Appends authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_id(self, key_id: &[u8]) -> Self {
        let value = sequence(&[implicit(0, key_id)]);
        self.extension(Extension::new(known::AUTHORITY_KEY_IDENTIFIER, &value))
    }

    /// Appends issuingDistributionPoint.
    #[must_use]
    pub fn scope(self, scope: &IssuingDistributionPoint) -> Self {
        self.extension(Extension::critical(known::ISSUING_DISTRIBUTION_POINT, &scope.der()))
    }

    /// Appends freshestCRL.
    #[must_use]
    pub fn freshest(self, points: &[DistributionPoint]) -> Self {
        let value = sequence(&points.iter().map(DistributionPoint::der).collect::<Vec<_>>());
        self.extension(Extension::new(known::FRESHEST_CRL, &value))
    }

    /// Appends expiredCertsOnCRL.
    #[must_use]
    pub fn expired_certs_on_crl(self, time: i64) -> Self {
        self.extension(Extension::new(known::EXPIRED_CERTS_ON_CRL, &Time::generalized(time).der()))
    }

    /// Signs with another algorithm than the usual one.
    #[must_use]
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// The signed part.
    #[must_use]
    pub fn signed_part(&self, signature: Signature) -> Vec<u8> {
        let mut parts = Vec::new();
        parts.extend(self.version.map(|version| integer_octets(&[version])));
        parts.push(self.raw_inner_algorithm.clone().unwrap_or_else(|| signature.algorithm()));
        parts.push(self.issuer.der());
        parts.push(self.this_update.der());
        parts.extend(self.next_update.as_ref().map(Time::der));
        let entries =
            self.raw_entries.clone().unwrap_or_else(|| self.entries.iter().flat_map(Entry::der).collect());
        if self.empty_list || !entries.is_empty() {
            parts.push(element(0x30, &entries));
        }
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(explicit(0, &sequence(&extensions)));
        }
        parts.push(self.raw_after_extensions.clone());
        sequence(&parts)
    }

    /// The list in DER, signed.
    #[must_use]
    pub fn build(&self, key: &Key) -> Vec<u8> {
        let signature = self.signature.unwrap_or(key.kind().usual_signature());
        let signed = self.signed_part(signature);
        let algorithm = self.raw_outer_algorithm.clone().unwrap_or_else(|| signature.algorithm());
        let bits = self.raw_signature.clone().unwrap_or_else(|| bit_string(&key.sign(signature, &signed)));
        sequence(&[signed, algorithm, bits, self.raw_after_signature.clone()])
    }

    /// The list in PEM, signed.
    #[must_use]
    pub fn build_pem(&self, key: &Key) -> String {
        pem("X509 CRL", &self.build(key))
    }
}
