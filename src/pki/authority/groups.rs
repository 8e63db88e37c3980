//! Which units are the same authority.

use std::collections::HashMap;

use super::super::certificate::Certificate;
use super::Candidate;
use super::parents::{Parent, Units};
use crate::types::NameKey;

/// Units joined into groups: a forest in which every unit points towards the first of its group.
pub(super) struct Groups {
    towards: Vec<usize>,
}

impl Groups {
    /// Joins the units of the trusted certificates by the three rules.
    pub(super) fn new(units: &Units, candidates: &[&Candidate], trusted: &[bool]) -> Self {
        let mut groups = Self { towards: (0..units.len()).collect() };
        let kept: Vec<(usize, &Certificate)> = candidates
            .iter()
            .zip(trusted)
            .enumerate()
            .filter(|(_, (_, trusted))| **trusted)
            .map(|(index, (candidate, _))| (index, &candidate.certificate))
            .collect();
        groups.join_self_issued(units, &kept);
        groups.join_orphans(units, &kept);
        groups.join_siblings(units, &kept);
        groups
    }

    /// The first unit of a unit's group.
    pub(super) fn root(&mut self, unit: usize) -> usize {
        let mut root = unit;
        while let Some(next) = self.towards.get(root).copied().filter(|next| *next != root) {
            // Halving the path on the way keeps paths short.
            let beyond = self.towards.get(next).copied().unwrap_or(next);
            if let Some(towards) = self.towards.get_mut(root) {
                *towards = beyond;
            }
            root = beyond;
        }
        root
    }

    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return false;
        }
        if let Some(towards) = self.towards.get_mut(one.max(other)) {
            *towards = one.min(other);
        }
        true
    }

    /// A self-issued certificate that another key of the name signed: a key rollover.
    fn join_self_issued(&mut self, units: &Units, kept: &[(usize, &Certificate)]) {
        for (index, certificate) in kept {
            if let Parent::Unit(parent) = units.parent(*index)
                && certificate.is_self_issued()
            {
                self.join(units.of_certificate(*index), parent);
            }
        }
    }

    /// Certificates whose issuer is not at hand, but is told to be the same.
    fn join_orphans(&mut self, units: &Units, kept: &[(usize, &Certificate)]) {
        let mut first: HashMap<(&NameKey, &NameKey, &[u8]), usize> = HashMap::new();
        for (index, certificate) in kept {
            let key_id = certificate.authority_key_id().and_then(|id| id.key_id.as_deref());
            let (Parent::Absent, Some(key_id)) = (units.parent(*index), key_id) else { continue };
            let unit = units.of_certificate(*index);
            let key = (certificate.subject().key(), certificate.issuer().key(), key_id);
            let sibling = *first.entry(key).or_insert(unit);
            self.join(unit, sibling);
        }
    }

    /// Certificates of one name from one authority. Joining two may make the issuers of two others the same, so this
    /// goes on until nothing changes; each round but the last joins something, which bounds them.
    fn join_siblings(&mut self, units: &Units, kept: &[(usize, &Certificate)]) {
        let mut changed = true;
        while changed {
            changed = false;
            let mut first: HashMap<(&NameKey, usize), usize> = HashMap::new();
            for (index, certificate) in kept {
                let Parent::Unit(parent) = units.parent(*index) else { continue };
                let unit = units.of_certificate(*index);
                let key = (certificate.subject().key(), self.root(parent));
                let sibling = *first.entry(key).or_insert(unit);
                changed |= self.join(unit, sibling);
            }
        }
    }
}
