//! Units of name and key, and which of them signed each certificate.

use std::collections::HashMap;

use super::super::certificate::Certificate;
use super::super::signature::AlgorithmPolicy;
use super::{Candidate, Standing};
use crate::types::NameKey;

/// How many keys of one name are tried on a certificate. Those whose identifier fits come first, so that more are
/// needed only where many keys share name and identifier, which nobody does in good faith.
const MAX_TRIES: usize = 16;

/// One name with one key, however many certificates say so.
pub(super) struct Unit {
    /// Places of its certificates.
    certificates: Vec<usize>,
    /// Whether one of them may sign certificates.
    may_sign_certificates: bool,
}

/// Who issued a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// This unit's key made the signature.
    Unit(usize),
    /// No unit at hand can have.
    Absent,
    /// A unit at hand may have, but its key did not verify the signature.
    Doubtful,
}

/// The certificates sorted by name and key.
pub(super) struct Units {
    units: Vec<Unit>,
    of_certificate: Vec<usize>,
    parents: Vec<Parent>,
}

impl Units {
    pub(super) fn new(candidates: &[&Candidate], policy: &AlgorithmPolicy) -> Self {
        let mut units: Vec<Unit> = Vec::new();
        let mut by_name: HashMap<&NameKey, Vec<usize>> = HashMap::new();
        let mut by_name_and_key: HashMap<(&NameKey, &[u8; 32]), usize> = HashMap::new();
        let mut of_certificate = Vec::with_capacity(candidates.len());
        for (index, candidate) in candidates.iter().enumerate() {
            let certificate = &candidate.certificate;
            let name = certificate.subject().key();
            let unit =
                *by_name_and_key.entry((name, certificate.public_key().spki_sha256())).or_insert_with(|| {
                    units.push(Unit { certificates: Vec::new(), may_sign_certificates: false });
                    by_name.entry(name).or_default().push(units.len() - 1);
                    units.len() - 1
                });
            if let Some(unit) = units.get_mut(unit) {
                unit.certificates.push(index);
                unit.may_sign_certificates |= certificate.may_sign_certificates();
            }
            of_certificate.push(unit);
        }
        let parents = candidates
            .iter()
            .map(|candidate| {
                let named = by_name.get(candidate.certificate.issuer().key()).map(Vec::as_slice);
                find_parent(&candidate.certificate, named.unwrap_or_default(), &units, candidates, policy)
            })
            .collect();
        Self { units, of_certificate, parents }
    }

    /// Number of units.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    /// The unit of a certificate.
    pub(super) fn of_certificate(&self, certificate: usize) -> usize {
        self.of_certificate.get(certificate).copied().unwrap_or(usize::MAX)
    }

    /// Who issued a certificate.
    pub(super) fn parent(&self, certificate: usize) -> Parent {
        self.parents.get(certificate).copied().unwrap_or(Parent::Doubtful)
    }

    /// Which certificates are anchors or chain to one; all, if there is no anchor.
    pub(super) fn chain_to_anchors(&self, candidates: &[&Candidate]) -> Vec<bool> {
        let mut trusted: Vec<bool> =
            candidates.iter().map(|candidate| candidate.standing == Standing::Anchor).collect();
        if !trusted.contains(&true) {
            return vec![true; candidates.len()];
        }
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, parent) in self.parents.iter().enumerate() {
            if let Parent::Unit(parent) = parent {
                children.entry(*parent).or_default().push(index);
            }
        }
        // Every certificate enters the list once, so that circles of certificates end by themselves.
        let mut waiting: Vec<usize> =
            trusted.iter().enumerate().filter(|(_, trusted)| **trusted).map(|(index, _)| index).collect();
        while let Some(index) = waiting.pop() {
            // It is this certificate that has to allow it, not another one of the same key that nobody vouches for.
            let may_sign =
                candidates.get(index).is_some_and(|candidate| candidate.certificate.may_sign_certificates());
            if !may_sign {
                continue;
            }
            for child in children.get(&self.of_certificate(index)).into_iter().flatten() {
                if let Some(trusted) = trusted.get_mut(*child)
                    && !std::mem::replace(trusted, true)
                {
                    waiting.push(*child);
                }
            }
        }
        trusted
    }
}

fn find_parent(
    certificate: &Certificate,
    named: &[usize],
    units: &[Unit],
    candidates: &[&Candidate],
    policy: &AlgorithmPolicy,
) -> Parent {
    let authority_key_id = certificate.authority_key_id().and_then(|id| id.key_id.as_deref());
    let (mut fitting, mut unclear, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    for index in named {
        let Some(unit) = units.get(*index).filter(|unit| unit.may_sign_certificates) else { continue };
        let mut certificates = unit
            .certificates
            .iter()
            .filter_map(|index| candidates.get(*index))
            .map(|candidate| &candidate.certificate);
        let Some(key) = certificates.clone().next().map(Certificate::public_key) else { continue };
        let entry = (*index, key);
        match authority_key_id {
            Some(wanted) if certificates.clone().any(|of_unit| of_unit.subject_key_id() == Some(wanted)) => {
                fitting.push(entry);
            }
            Some(_) if certificates.all(|of_unit| of_unit.subject_key_id().is_some()) => {
                differing.push(entry);
            }
            _ => unclear.push(entry),
        }
    }
    let plausible = !fitting.is_empty() || !unclear.is_empty();
    for (index, key) in fitting.into_iter().chain(unclear).chain(differing).take(MAX_TRIES) {
        if certificate.verify_signed_by(key, policy).is_ok() {
            return Parent::Unit(index);
        }
    }
    if plausible { Parent::Doubtful } else { Parent::Absent }
}
