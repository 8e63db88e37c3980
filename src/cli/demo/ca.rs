//! A certification authority to play with.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::steps::failed;
use crate::cli::error::CliError;

/// The CA, its key, and what it has revoked.
pub(super) struct DemoCa {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    revoked: Vec<RevokedCertParams>,
    crl_number: u64,
}

impl DemoCa {
    pub(super) fn new(common_name: &str) -> Result<Self, CliError> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params.distinguished_name.push(DnType::OrganizationName, "Revocache Demonstration");
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate_pem, revoked: Vec::new(), crl_number: 0 })
    }

    pub(super) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its key, for a responder that signs in its place.
    pub(super) fn key(&self) -> Result<KeyPair, CliError> {
        KeyPair::try_from(self.issuer.key().serialized_der()).map_err(failed)
    }

    /// Issues a server certificate, in PEM.
    pub(super) fn issue(&self, name: &str, serial: u64) -> Result<String, CliError> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        params.not_before = OffsetDateTime::now_utc() - Duration::DAY;
        params.not_after = OffsetDateTime::now_utc() + Duration::days(365);
        let key = KeyPair::generate().map_err(failed)?;
        Ok(params.signed_by(&key, &self.issuer).map_err(failed)?.pem())
    }

    /// Revokes the certificate of this serial for a compromised key.
    pub(super) fn revoke(&mut self, serial: u64) {
        self.revoked.push(RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: OffsetDateTime::now_utc(),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
    }

    /// Revokes this many other certificates over the last year, with long serials as public CAs use them.
    pub(super) fn revoke_others(&mut self, count: u64) {
        let now = OffsetDateTime::now_utc();
        for number in 0..count {
            let [a, b, c, d, e, f, g, h] = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            let minutes = i64::try_from(number % 500_000).unwrap_or_default();
            self.revoked.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&[
                    0x10, a, b, c, d, e, f, g, h, d, c, b, a, 0x77, h, g,
                ]),
                revocation_time: now - Duration::minutes(minutes),
                reason_code: (number % 3 != 0).then_some(RevocationReason::Superseded),
                invalidity_date: None,
            });
        }
    }

    /// Signs the next list, in DER.
    pub(super) fn crl(&mut self) -> Result<Vec<u8>, CliError> {
        self.crl_number += 1;
        let now = OffsetDateTime::now_utc();
        let params = CertificateRevocationListParams {
            this_update: now,
            next_update: now + Duration::WEEK,
            crl_number: SerialNumber::from(self.crl_number),
            issuing_distribution_point: None,
            revoked_certs: self
                .revoked
                .iter()
                .map(|entry| RevokedCertParams { serial_number: entry.serial_number.clone(), ..*entry })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer).map_err(failed)?.der().to_vec())
    }
}
