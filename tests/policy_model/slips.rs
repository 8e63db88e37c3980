//! Mistakes to make on purpose.
//!
//! Most of them were made by other software. The model can make each of them, and the generated cases are good only if
//! they bring every one to light.

/// A rule that is not followed, to see whether anybody notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A list without nextUpdate is current for ever.
    ImmortalWithoutNextUpdate,
    /// A list is still current at its nextUpdate.
    EndIncluded,
    /// The operator's grace is not granted.
    NoGrace,
    /// A stale list no longer denies.
    StaleDoesNotDeny,
    /// An entry whose revocation date is still to come does not count.
    FutureEntrySkipped,
    /// An entry of a list that is not yet valid counts, though its revocation date has not come.
    NotYetValidDenies,
    /// An entry of a list that is not yet valid never counts.
    NotYetValidDoesNotDeny,
    /// Only a list whose scope includes the certificate denies.
    ScopeLimitsDenial,
    /// Every listing by another authority's indirect CRL denies a certificate, whether the certificate names that
    /// authority or not.
    AnyIndirectDenies,
    /// Another authority's CRL denies without being indirect.
    DirectOfOthersDenies,
    /// The indirect listing of a bare serial does not deny.
    IndirectDoesNotDenySerial,
    /// removeFromCRL is an entry like any other.
    RemovalDenies,
    /// removeFromCRL releases nothing.
    RemovalIgnored,
    /// A stale delta still releases.
    StaleDeltaReleases,
    /// A delta that is not yet valid releases and dates.
    NotYetValidDeltaApplies,
    /// A delta applies to lists of every scope of its issuer.
    DeltaOfAnyScope,
    /// A delta applies to lists of every issuer.
    DeltaOfAnyIssuer,
    /// A delta applies to lists before its BaseCRLNumber.
    DeltaOfAnyBase,
    /// A delta applies to lists that were issued after it.
    OlderDelta,
    /// A current delta does not keep its base current.
    DeltaDoesNotDate,
    /// A delta alone vouches like a complete list.
    DeltaVouches,
    /// Another authority's list vouches without being named as cRLIssuer.
    IssuerIgnored,
    /// Another authority's list vouches without being indirect.
    IndirectFlagIgnored,
    /// The names of distribution points are not compared.
    NamesIgnored,
    /// A distribution point without name matches every list of its issuer.
    NamelessPointMatchesAll,
    /// Only the first distribution point of the certificate is looked at.
    FirstPointOnly,
    /// The lists that no distribution point of the certificate names are not looked at.
    NoImpliedPoint,
    /// The kind of the certificate does not matter.
    KindIgnored,
    /// onlySomeReasons does not matter.
    ListReasonsIgnored,
    /// The reasons of the distribution point do not matter.
    PointReasonsIgnored,
    /// Reasons do not add up over several lists.
    NoAddingUp,
    /// A bare serial is good by the list of one partition.
    SerialTrustsPartition,
    /// A bare serial is good by lists for user certificates alone.
    SerialForgetsCas,
    /// A bare serial is good by the lists of another authority.
    SerialTrustsOthers,
}

impl Slip {
    /// Every slip.
    pub(crate) const ALL: [Self; 34] = [
        Self::ImmortalWithoutNextUpdate,
        Self::EndIncluded,
        Self::NoGrace,
        Self::StaleDoesNotDeny,
        Self::FutureEntrySkipped,
        Self::NotYetValidDenies,
        Self::NotYetValidDoesNotDeny,
        Self::ScopeLimitsDenial,
        Self::AnyIndirectDenies,
        Self::DirectOfOthersDenies,
        Self::IndirectDoesNotDenySerial,
        Self::RemovalDenies,
        Self::RemovalIgnored,
        Self::StaleDeltaReleases,
        Self::NotYetValidDeltaApplies,
        Self::DeltaOfAnyScope,
        Self::DeltaOfAnyIssuer,
        Self::DeltaOfAnyBase,
        Self::OlderDelta,
        Self::DeltaDoesNotDate,
        Self::DeltaVouches,
        Self::IssuerIgnored,
        Self::IndirectFlagIgnored,
        Self::NamesIgnored,
        Self::NamelessPointMatchesAll,
        Self::FirstPointOnly,
        Self::NoImpliedPoint,
        Self::KindIgnored,
        Self::ListReasonsIgnored,
        Self::PointReasonsIgnored,
        Self::NoAddingUp,
        Self::SerialTrustsPartition,
        Self::SerialForgetsCas,
        Self::SerialTrustsOthers,
    ];
}
