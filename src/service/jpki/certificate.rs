//! A certificate of an accepted authority.

use std::cmp::Ordering;

use super::content::CertificateContent;
use super::profile::CertificateType;
use crate::pki::Certificate;
use crate::service::Question;
use crate::types::{Serial, UnixTime};

/// A certificate that an accepted authority issued.
#[derive(Debug, Clone)]
pub struct IdentityCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate of its issuer.
    pub issuer: Certificate,
    /// What kind it is.
    pub certificate_type: CertificateType,
    /// What it says.
    pub content: CertificateContent,
}

/// Where a certificate stands in the order of issue among those of its kind and holder: by `notBefore`, and by serial
/// where that is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueOrder {
    /// When it was issued.
    pub not_before: UnixTime,
    /// Its serial; authorities that number certificates count upwards.
    pub serial: Serial,
}

impl IdentityCertificate {
    /// The question whether it is revoked.
    #[must_use]
    pub fn question(&self) -> Question {
        Question::Certificate { certificate: self.certificate.clone(), issuer: Some(self.issuer.clone()) }
    }

    /// Where it stands in the order of issue.
    #[must_use]
    pub fn issue_order(&self) -> IssueOrder {
        IssueOrder { not_before: self.certificate.not_before(), serial: self.certificate.serial().clone() }
    }

    /// Whether `at` is in its validity, both ends included (RFC 5280 section 4.1.2.5).
    #[must_use]
    pub fn is_valid_at(&self, at: UnixTime) -> bool {
        (self.certificate.not_before()..=self.certificate.not_after()).contains(&at)
    }
}

impl PartialOrd for IssueOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IssueOrder {
    fn cmp(&self, other: &Self) -> Ordering {
        // Canonical octets of positive numbers: the longer one is the larger.
        let number = |serial: &Serial| (serial.octets().len(), serial.octets().to_vec());
        self.not_before.cmp(&other.not_before).then_with(|| number(&self.serial).cmp(&number(&other.serial)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_issue_is_newer_and_serials_break_ties() {
        let order = |time, serial| IssueOrder {
            not_before: UnixTime::from_seconds(time),
            serial: Serial::from_u64(serial),
        };
        assert!(order(1, 900) < order(2, 5));
        assert!(order(1, 0xff) < order(1, 0x100));
        assert!(order(1, 0x7f) < order(1, 0x80));
        assert_eq!(order(1, 5).cmp(&order(1, 5)), Ordering::Equal);
    }
}
