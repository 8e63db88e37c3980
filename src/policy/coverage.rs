//! Which reasons a CRL speaks for, for one certificate (RFC 5280 section 6.3.3 steps b to e).

use super::evidence::{Evidence, IssuedBy, Subject};
use crate::pki::DistributionPoint;
use crate::types::{CertificateKind, KindScope, NameKey, ReasonSet, Scope};

/// What one CRL contributes to the coverage of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Reasons covered if the certificate is an end entity's; for a bare serial that has to be assumed.
    pub(super) user: ReasonSet,
    /// Reasons covered if it is a CA's.
    pub(super) ca: ReasonSet,
}

impl Coverage {
    pub(super) const NONE: Self = Self { user: ReasonSet::NONE, ca: ReasonSet::NONE };

    pub(super) fn union(self, other: Self) -> Self {
        Self { user: self.user | other.user, ca: self.ca | other.ca }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Whether every reason is covered, whatever the certificate may be.
    pub(super) fn is_complete(self) -> bool {
        self.user == ReasonSet::ALL && self.ca == ReasonSet::ALL
    }
}

/// What `evidence` covers of `subject`.
pub(super) fn coverage(evidence: &Evidence<'_>, subject: &Subject<'_>) -> Coverage {
    let scope = &evidence.crl.scope;
    match subject {
        Subject::Serial => of_bare_serial(evidence, scope),
        Subject::Certificate { kind, issuer, distribution_points } => {
            if !scope.kinds.covers(*kind) {
                return Coverage::NONE;
            }
            let reasons = distribution_points
                .iter()
                .filter(|point| point_matches(evidence, scope, issuer, point))
                .map(|point| point.reasons.unwrap_or(ReasonSet::ALL))
                .chain(implied_point(evidence, scope, issuer))
                .fold(ReasonSet::NONE, |union, reasons| union | reasons)
                .intersection(scope.reasons());
            // The kind is known, so there is only one case to cover.
            Coverage { user: reasons, ca: reasons }
        }
    }
}

/// Whether the certificate's partition could be this CRL's: its name matches one of the distribution points.
pub(super) fn names_match(evidence: &Evidence<'_>, subject: &Subject<'_>) -> bool {
    let scope = &evidence.crl.scope;
    match subject {
        Subject::Serial => scope.distribution_points.is_empty(),
        Subject::Certificate { issuer, distribution_points, .. } => {
            distribution_points.iter().any(|point| point_matches(evidence, scope, issuer, point))
                || implied_point(evidence, scope, issuer).is_some()
        }
    }
}

/// Without the certificate only a CRL that is tied to no distribution point is sure to speak for it. Attribute
/// certificates are left out: a question about one brings it along.
fn of_bare_serial(evidence: &Evidence<'_>, scope: &Scope) -> Coverage {
    if evidence.issued_by != IssuedBy::OwnAuthority || !scope.distribution_points.is_empty() {
        return Coverage::NONE;
    }
    let of = |kind| if scope.kinds.covers(kind) { scope.reasons() } else { ReasonSet::NONE };
    match scope.kinds {
        KindScope::Attribute => Coverage::NONE,
        _ => Coverage { user: of(CertificateKind::User), ca: of(CertificateKind::Ca) },
    }
}

/// Steps b (1) and b (2) (i) for one distribution point of the certificate.
fn point_matches(
    evidence: &Evidence<'_>,
    scope: &Scope,
    issuer: &NameKey,
    point: &DistributionPoint,
) -> bool {
    let issuer_matches = match evidence.issued_by {
        IssuedBy::OwnAuthority => {
            point.crl_issuers.is_empty() || (scope.indirect && point.crl_issuers.contains(issuer))
        }
        IssuedBy::Other(name) => scope.indirect && point.crl_issuers.contains(name),
    };
    // A point without a name of its own is compared by its cRLIssuer.
    let names = if point.names.is_empty() { &point.crl_issuers } else { &point.names };
    issuer_matches
        && (scope.distribution_points.is_empty() || share_a_name(names, &scope.distribution_points))
}

/// The end of section 6.3.3: any other CRL of the certificate's issuer counts as if the certificate had one more
/// distribution point, named like the issuer, for all reasons.
fn implied_point(evidence: &Evidence<'_>, scope: &Scope, issuer: &NameKey) -> Option<ReasonSet> {
    let matches = evidence.issued_by == IssuedBy::OwnAuthority
        && (scope.distribution_points.is_empty() || scope.distribution_points.contains(issuer));
    matches.then_some(ReasonSet::ALL)
}

fn share_a_name(left: &[NameKey], right: &[NameKey]) -> bool {
    left.iter().any(|name| right.contains(name))
}
