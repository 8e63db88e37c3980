//! What a certificate is by law: qualified, of a seal, with its key on a device.

use super::Places;
use crate::pki::Certificate;
use crate::pki::der::DerError;

/// The statement of Ukraine that a certificate is qualified; before 2018 the mark of a reinforced one.
const NATIONAL_STATEMENT: &str = "1.2.804.2.1.1.1.2.1";
/// QcCompliance (ETSI EN 319 412-5 section 4.2.1).
const QC_COMPLIANCE: &str = "0.4.0.1862.1.1";
/// QcSSCD (ETSI EN 319 412-5 section 4.2.2).
const QC_SSCD: &str = "0.4.0.1862.1.4";
/// The kind of seals among those of QcType (ETSI EN 319 412-5 section 4.2.3).
const QC_TYPE_SEAL: &str = "0.4.0.1862.1.6.2";
/// The purpose of seals in Ukraine.
const STAMP_PURPOSE: &str = "1.2.804.2.1.1.1.3.9";

/// What a certificate is by law.
#[allow(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
pub(super) struct Marks {
    /// For the time until its holder comes in person.
    pub(super) temporary: bool,
    /// Qualified by the law before that of 2018, and not by the one since.
    pub(super) reinforced: bool,
    /// Qualified.
    pub(super) qualified: bool,
    /// Its key is on a qualified device.
    pub(super) on_qscd: bool,
    /// It is for seals.
    pub(super) stamp: bool,
}

impl Marks {
    pub(super) fn of(certificate: &Certificate, places: &Places) -> Result<Self, DerError> {
        let statements = certificate.qc_statements()?;
        let (national, european) = (statements.states(NATIONAL_STATEMENT), statements.states(QC_COMPLIANCE));
        let has = |list: Vec<String>, wanted: &str| list.iter().any(|it| it == wanted);
        let temporary = match &places.temporary_policy {
            Some(policy) => has(certificate.policies()?, policy),
            None => false,
        };
        Ok(Self {
            temporary,
            reinforced: national && !european,
            qualified: national || european,
            on_qscd: statements.states(QC_SSCD),
            stamp: has(certificate.key_purposes()?, STAMP_PURPOSE) || has(statements.types()?, QC_TYPE_SEAL),
        })
    }
}
