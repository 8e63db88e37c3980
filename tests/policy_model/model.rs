//! The verdict as RFC 5280 section 6.3.3 and `docs/decisions.md` describe it, step by step, slowly.
//!
//! The letters in the comments are the steps of section 6.3.3. Sets are sets of words, every question is answered by
//! walking through everything again. A [`Slip`] leaves one rule out, the way other software has been seen to; the
//! tests use it to show that the generated cases would notice.

use std::collections::BTreeSet;

use revocache::pki::DistributionPoint;
use revocache::policy::{Evidence, IssuedBy, Policy, Subject};
use revocache::types::{
    Cause, CertificateKind, CrlFacts, KindScope, Listing, NameKey, ReasonCode, ReasonSet, UnixTime,
};

use crate::slips::Slip;

/// What the answer has to be. Where several lists are equally good reasons for it, all of them are given.
pub(crate) enum Expected<'a> {
    /// Revoked, by one of these entries of these lists.
    Revoked(Vec<(Listing, &'a CrlFacts)>),
    /// Good, by the dates of one of these lists.
    Good(Vec<&'a CrlFacts>),
    /// Unknown. For `Stale` and `NotYetValid` the lists that would have spoken for the certificate, and are stale or
    /// not yet valid; one of them stands for the answer.
    Unknown(Cause, Vec<&'a CrlFacts>),
}

/// The answer to a question.
pub(crate) fn expected<'a>(
    evidence: &[Evidence<'a>],
    subject: &Subject<'_>,
    at: UnixTime,
    policy: &Policy,
) -> Expected<'a> {
    expected_with(None, evidence, subject, at, policy)
}

/// The answer of somebody who makes this slip.
pub(crate) fn expected_with<'a>(
    slip: Option<Slip>,
    evidence: &[Evidence<'a>],
    subject: &Subject<'_>,
    at: UnixTime,
    policy: &Policy,
) -> Expected<'a> {
    Question { slip, evidence, subject, at: at.seconds(), policy }.answer()
}

/// Where a list's dates lie, seen from the time asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Current,
    Stale,
    NotYetValid,
}

/// A pair of words: a kind of certificate, and a reason for which it can be revoked.
type Covered = BTreeSet<(&'static str, &'static str)>;

/// A complete list that may vouch, with the dates it has.
struct Complete<'e, 'a> {
    list: &'e Evidence<'a>,
    /// The list itself, or its newest current delta; several deltas if they are of the same date.
    dated_by: Vec<&'a CrlFacts>,
    age: Age,
    covered: Covered,
}

struct Question<'e, 'a> {
    slip: Option<Slip>,
    evidence: &'e [Evidence<'a>],
    subject: &'e Subject<'e>,
    at: i64,
    policy: &'e Policy,
}

impl<'a> Question<'_, 'a> {
    fn slips(&self, slip: Slip) -> bool {
        self.slip == Some(slip)
    }

    fn answer(&self) -> Expected<'a> {
        let denials = self.denials();
        if !denials.is_empty() {
            return Expected::Revoked(self.most_telling(denials));
        }
        let complete = self.complete_lists();
        if let Some(by) = self.good(&complete, &[Age::Current]) {
            return Expected::Good(by);
        }
        let speaking = |age: Age| {
            complete
                .iter()
                .filter(|list| list.age == age && !list.covered.is_empty())
                .map(|list| list.list.crl)
                .collect::<Vec<_>>()
        };
        if self.good(&complete, &[Age::Current, Age::Stale]).is_some() {
            return Expected::Unknown(Cause::Stale, speaking(Age::Stale));
        }
        if self.good(&complete, &[Age::Current, Age::Stale, Age::NotYetValid]).is_some() {
            return Expected::Unknown(Cause::NotYetValid, speaking(Age::NotYetValid));
        }
        if self.partition_missing() {
            return Expected::Unknown(Cause::PartitionMissing, Vec::new());
        }
        Expected::Unknown(Cause::NotCovered, Vec::new())
    }

    // ---- time -------------------------------------------------------------------------------------------------

    /// Step (a): "the current time is before the value of next update".
    fn age(&self, crl: &CrlFacts) -> Age {
        let begin = crl.this_update.seconds();
        if self.at < begin {
            return Age::NotYetValid;
        }
        // Decision: without nextUpdate a list lives as long as the operator says.
        let mut end = match crl.next_update {
            Some(next_update) => next_update.seconds(),
            None if self.slips(Slip::ImmortalWithoutNextUpdate) => return Age::Current,
            None => begin.saturating_add(i64::from(self.policy.life_without_next_update.0)),
        };
        // Decision: the operator may grant some time more.
        if !self.slips(Slip::NoGrace) {
            end = end.saturating_add(i64::from(self.policy.grace.0));
        }
        if self.slips(Slip::EndIncluded) {
            end = end.saturating_add(1);
        }
        if self.at < end { Age::Current } else { Age::Stale }
    }

    // ---- deltas -----------------------------------------------------------------------------------------------

    /// Section 5.2.4 and step (c): whether a delta may be combined with a complete list.
    fn applies(&self, delta: &Evidence<'_>, base: &Evidence<'_>) -> bool {
        // It has to be a delta, and a complete list.
        let Some(base_crl_number) = &delta.crl.base_crl_number else { return false };
        if base.crl.base_crl_number.is_some() {
            return false;
        }
        // Step (c)(1), 5.2.4 (a): the same issuer.
        if issuer_of(delta) != issuer_of(base) && !self.slips(Slip::DeltaOfAnyIssuer) {
            return false;
        }
        // Step (c)(2), 5.2.4 (b): the same scope.
        if scope_in_words(delta.crl) != scope_in_words(base.crl) && !self.slips(Slip::DeltaOfAnyScope) {
            return false;
        }
        // 5.2.4 (c): "the CRL number of the complete CRL is equal to or greater than the BaseCRLNumber".
        let Some(base_number) = &base.crl.crl_number else { return false };
        if base_number < base_crl_number && !self.slips(Slip::DeltaOfAnyBase) {
            return false;
        }
        // 5.2.4 (d): "the CRL number of the complete CRL is less than the CRL number of the delta CRL". Decision: and
        // the dates must not say the opposite. A delta without number, which the standard forbids, has only its date.
        if self.slips(Slip::OlderDelta) {
            return true;
        }
        match &delta.crl.crl_number {
            Some(delta_number) => base_number < delta_number && base.crl.this_update <= delta.crl.this_update,
            None => base.crl.this_update < delta.crl.this_update,
        }
    }

    /// The deltas that may be combined with this complete list and whose time has begun, whether or not it is over.
    fn begun_deltas(&self, base: &Evidence<'_>) -> Vec<&Evidence<'a>> {
        let mut deltas = Vec::new();
        for delta in self.evidence {
            let begun = self.age(delta.crl) != Age::NotYetValid || self.slips(Slip::NotYetValidDeltaApplies);
            if begun && self.applies(delta, base) {
                deltas.push(delta);
            }
        }
        deltas
    }

    /// Of some deltas the newest: several if they are of the same date and number.
    fn newest<'d>(mut deltas: Vec<&'d Evidence<'a>>) -> Vec<&'d Evidence<'a>> {
        let newest = deltas.iter().map(|delta| (delta.crl.this_update, delta.crl.crl_number)).max();
        deltas.retain(|delta| Some((delta.crl.this_update, delta.crl.crl_number)) == newest);
        deltas
    }

    /// The deltas whose dates this complete list takes over: the newest of those in their time.
    fn current_deltas(&self, base: &Evidence<'_>) -> Vec<&Evidence<'a>> {
        let mut deltas = self.begun_deltas(base);
        deltas.retain(|delta| self.age(delta.crl) != Age::Stale);
        Self::newest(deltas)
    }

    /// The deltas that have the last word over this complete list: the newest, if it is in its time. Each delta tells
    /// every change since its base, so an older one knows less.
    fn last_word(&self, base: &Evidence<'_>) -> Vec<&Evidence<'a>> {
        let mut deltas = Self::newest(self.begun_deltas(base));
        deltas.retain(|delta| self.age(delta.crl) != Age::Stale);
        deltas
    }

    // ---- revoked ----------------------------------------------------------------------------------------------

    /// Steps (i) to (k), for every list: the entries that say the certificate is revoked.
    fn denials(&self) -> Vec<(Listing, &'a CrlFacts)> {
        let mut denials = Vec::new();
        for list in self.evidence {
            let Some(listing) = list.listing else { continue };
            // Step (k): removeFromCRL means unrevoked.
            if listing.reason == ReasonCode::RemoveFromCrl && !self.slips(Slip::RemovalDenies) {
                continue;
            }
            if !self.may_deny(list) {
                continue;
            }
            match self.age(list.crl) {
                Age::Current => {
                    if self.slips(Slip::FutureEntrySkipped) && listing.revoked_at.seconds() > self.at {
                        continue;
                    }
                }
                // Decision: a stale list still denies what it lists.
                Age::Stale => {
                    if self.slips(Slip::StaleDoesNotDeny) {
                        continue;
                    }
                }
                // Decision: a list that is not yet valid denies once the revocation date has come.
                Age::NotYetValid => {
                    if self.slips(Slip::NotYetValidDoesNotDeny) {
                        continue;
                    }
                    if listing.revoked_at.seconds() > self.at && !self.slips(Slip::NotYetValidDenies) {
                        continue;
                    }
                }
            }
            if self.is_overruled_by_a_delta(list) {
                continue;
            }
            denials.push((listing, list.crl));
        }
        denials
    }

    /// Whether entries of this list are about the certificate in question.
    fn may_deny(&self, list: &Evidence<'_>) -> bool {
        match list.issued_by {
            // Decision: an entry in any list of the own authority is about this certificate.
            IssuedBy::OwnAuthority => {
                !self.slips(Slip::ScopeLimitsDenial) || !self.covered_by(list).is_empty()
            }
            IssuedBy::Other(issuer) => {
                if !list.crl.scope.indirect && !self.slips(Slip::DirectOfOthersDenies) {
                    return false;
                }
                match self.subject {
                    // Decision: a bare serial cannot tell, so the listing denies.
                    Subject::Serial => !self.slips(Slip::IndirectDoesNotDenySerial),
                    // Decision: the certificate has to name the issuer in one of its distribution points.
                    Subject::Certificate { distribution_points, .. } => {
                        let mut named = self.slips(Slip::AnyIndirectDenies);
                        for point in *distribution_points {
                            for crl_issuer in &point.crl_issuers {
                                if crl_issuer == issuer {
                                    named = true;
                                }
                            }
                        }
                        named
                    }
                }
            }
        }
    }

    /// Step (i) comes before step (j): what a delta says of the certificate replaces what the complete list says, be
    /// it that it is released or that it is revoked for another reason.
    fn is_overruled_by_a_delta(&self, list: &Evidence<'_>) -> bool {
        for delta in self.evidence {
            if !self.applies(delta, list) {
                continue;
            }
            let Some(listing) = delta.listing else { continue };
            if listing.reason == ReasonCode::RemoveFromCrl && self.slips(Slip::RemovalIgnored) {
                continue;
            }
            match self.age(delta.crl) {
                Age::Current => {
                    if self.last_word(list).iter().any(|last| std::ptr::eq(*last, delta)) {
                        return true;
                    }
                }
                // Decision: releasing needs fresh knowledge.
                Age::Stale => {
                    if self.slips(Slip::StaleDeltaReleases) {
                        return true;
                    }
                }
                Age::NotYetValid => {
                    if self.slips(Slip::NotYetValidDeltaApplies) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Lists in their window first, of those the newest, of those the earliest revocation date.
    fn most_telling(&self, mut denials: Vec<(Listing, &'a CrlFacts)>) -> Vec<(Listing, &'a CrlFacts)> {
        if denials.iter().any(|(_, crl)| self.age(crl) == Age::Current) {
            denials.retain(|(_, crl)| self.age(crl) == Age::Current);
        }
        let newest = denials.iter().map(|(_, crl)| crl.this_update).max();
        denials.retain(|(_, crl)| Some(crl.this_update) == newest);
        let earliest = denials.iter().map(|(listing, _)| listing.revoked_at).min();
        denials.retain(|(listing, _)| Some(listing.revoked_at) == earliest);
        denials
    }

    // ---- good -------------------------------------------------------------------------------------------------

    /// The complete lists, each with its dates and what it speaks for.
    fn complete_lists(&self) -> Vec<Complete<'_, 'a>> {
        let mut complete = Vec::new();
        for list in self.evidence {
            if list.crl.base_crl_number.is_some() && !self.slips(Slip::DeltaVouches) {
                continue;
            }
            let mut dated_by = vec![list.crl];
            let mut age = self.age(list.crl);
            // Section 5.2.4: a complete list with a delta has the dates of the delta.
            let deltas = self.current_deltas(list);
            if !deltas.is_empty() && !self.slips(Slip::DeltaDoesNotDate) {
                let newest = deltas.iter().map(|delta| delta.crl.this_update).max();
                dated_by = deltas.iter().map(|delta| delta.crl).collect();
                dated_by.retain(|crl| Some(crl.this_update) == newest);
                age = Age::Current;
            }
            complete.push(Complete { list, dated_by, age, covered: self.covered_by(list) });
        }
        complete
    }

    /// What has to be covered before the answer may be good.
    fn needed(&self) -> Covered {
        let kinds = match self.subject {
            Subject::Certificate { kind, .. } => vec![*kind],
            // Decision: a bare serial may be of a user or of a CA.
            Subject::Serial if self.slips(Slip::SerialForgetsCas) => vec![CertificateKind::User],
            Subject::Serial => vec![CertificateKind::User, CertificateKind::Ca],
        };
        let mut needed = Covered::new();
        for kind in kinds {
            add(&mut needed, kind, &words(ReasonSet::ALL));
        }
        needed
    }

    /// Whether the lists of these ages cover everything; if so, those whose dates stand for the answer.
    fn good(&self, complete: &[Complete<'_, 'a>], ages: &[Age]) -> Option<Vec<&'a CrlFacts>> {
        let mut contributing = Vec::new();
        for list in complete {
            if ages.contains(&list.age) && !list.covered.is_empty() {
                contributing.push(list);
            }
        }
        let needed = self.needed();
        let date = |list: &&Complete<'_, 'a>| list.dated_by[0].this_update;

        // One list alone says it: then the newest such.
        let mut sufficient = contributing.clone();
        sufficient.retain(|list| list.covered.is_superset(&needed));
        let newest = sufficient.iter().map(date).max();
        if newest.is_some() {
            sufficient.retain(|list| Some(date(list)) == newest);
            return Some(sufficient.iter().flat_map(|list| list.dated_by.clone()).collect());
        }

        // Step (l): the reasons of several lists add up. The answer is as old as the oldest of them.
        let mut covered = Covered::new();
        for list in &contributing {
            covered.extend(&list.covered);
        }
        if !covered.is_superset(&needed) || self.slips(Slip::NoAddingUp) {
            return None;
        }
        let oldest = contributing.iter().map(date).min();
        contributing.retain(|list| Some(date(list)) == oldest);
        Some(contributing.iter().flat_map(|list| list.dated_by.clone()).collect())
    }

    /// The kinds and reasons for which a complete list speaks for the certificate, by all its distribution points.
    fn covered_by(&self, list: &Evidence<'_>) -> Covered {
        let mut covered = Covered::new();
        match self.subject {
            Subject::Serial => {
                // Decision: another authority's list never vouches for a bare serial,
                if list.issued_by != IssuedBy::OwnAuthority && !self.slips(Slip::SerialTrustsOthers) {
                    return covered;
                }
                // and neither does the list of one partition: nobody knows whether the serial belongs there.
                if !list.crl.scope.distribution_points.is_empty() && !self.slips(Slip::SerialTrustsPartition)
                {
                    return covered;
                }
                for kind in [CertificateKind::User, CertificateKind::Ca] {
                    if self.speaks_for_kind(list.crl, kind) {
                        add(&mut covered, kind, &self.reasons_of_list(list.crl));
                    }
                }
            }
            Subject::Certificate { kind, .. } => {
                // "For each distribution point in the certificate's CRL distribution points extension".
                for point in self.points() {
                    // Steps (b)(1) and (b)(2)(i).
                    if !self.issuer_matches(list, &point) || !self.names_match(list.crl, &point) {
                        continue;
                    }
                    // Steps (b)(2)(ii) to (iv).
                    if !self.speaks_for_kind(list.crl, *kind) {
                        continue;
                    }
                    // Step (d): the interim reasons mask.
                    let of_list = self.reasons_of_list(list.crl);
                    let of_point = match point.reasons {
                        Some(reasons) if !self.slips(Slip::PointReasonsIgnored) => words(reasons),
                        _ => words(ReasonSet::ALL),
                    };
                    // Step (e) drops a list without new reasons; in a union it makes no difference.
                    add(&mut covered, *kind, &of_list.intersection(&of_point).copied().collect());
                }
            }
        }
        covered
    }

    /// The distribution points of the certificate, and the implied one.
    fn points(&self) -> Vec<DistributionPoint> {
        let Subject::Certificate { issuer, distribution_points, .. } = self.subject else {
            return Vec::new();
        };
        let mut points = distribution_points.to_vec();
        if self.slips(Slip::FirstPointOnly) {
            points.truncate(1);
        }
        // "Repeat the process above with any available CRLs not specified in a distribution point but issued by the
        // certificate issuer": reasons and cRLIssuer are omitted, the name is that of the certificate issuer.
        if !self.slips(Slip::NoImpliedPoint) {
            points.push(DistributionPoint { names: vec![(*issuer).clone()], ..DistributionPoint::default() });
        }
        points
    }

    /// Step (b)(1).
    fn issuer_matches(&self, list: &Evidence<'_>, point: &DistributionPoint) -> bool {
        let Subject::Certificate { issuer: certificate_issuer, .. } = self.subject else { return false };
        if point.crl_issuers.is_empty() {
            // "Otherwise, verify that the CRL issuer matches the certificate issuer": the authority, not only its name.
            return list.issued_by == IssuedBy::OwnAuthority
                || (self.slips(Slip::IssuerIgnored) && list.crl.scope.indirect);
        }
        // "If the DP includes cRLIssuer, then verify that the issuer field in the complete CRL matches cRLIssuer in
        // the DP and that the complete CRL contains an issuing distribution point with indirectCRL asserted".
        let crl_issuer: &NameKey = match list.issued_by {
            IssuedBy::OwnAuthority => certificate_issuer,
            IssuedBy::Other(name) => name,
        };
        let named = point.crl_issuers.iter().any(|name| name == crl_issuer);
        (named || self.slips(Slip::IssuerIgnored))
            && (list.crl.scope.indirect || self.slips(Slip::IndirectFlagIgnored))
    }

    /// Step (b)(2)(i).
    fn names_match(&self, crl: &CrlFacts, point: &DistributionPoint) -> bool {
        let of_list: BTreeSet<&NameKey> = crl.scope.distribution_points.iter().collect();
        if of_list.is_empty() || self.slips(Slip::NamesIgnored) {
            return true;
        }
        let of_point: BTreeSet<&NameKey> = if point.names.is_empty() {
            if self.slips(Slip::NamelessPointMatchesAll) {
                return true;
            }
            point.crl_issuers.iter().collect()
        } else {
            point.names.iter().collect()
        };
        of_list.intersection(&of_point).next().is_some()
    }

    /// Steps (b)(2)(ii), (iii) and (iv).
    fn speaks_for_kind(&self, crl: &CrlFacts, kind: CertificateKind) -> bool {
        if self.slips(Slip::KindIgnored) {
            return true;
        }
        match crl.scope.kinds {
            KindScope::All => true,
            KindScope::User => kind == CertificateKind::User,
            KindScope::Ca => kind == CertificateKind::Ca,
            KindScope::Attribute => kind == CertificateKind::Attribute,
        }
    }

    fn reasons_of_list(&self, crl: &CrlFacts) -> BTreeSet<&'static str> {
        match crl.scope.only_some_reasons {
            Some(reasons) if !self.slips(Slip::ListReasonsIgnored) => words(reasons),
            _ => words(ReasonSet::ALL),
        }
    }

    // ---- unknown ----------------------------------------------------------------------------------------------

    /// Whether there are lists of partitions, and none of the certificate's.
    fn partition_missing(&self) -> bool {
        if matches!(self.subject, Subject::Serial) {
            return false;
        }
        let mut partitioned = false;
        for list in self.evidence {
            // The partitions of somebody whom the certificate does not name are nothing to it.
            let named = match (list.issued_by, self.subject) {
                (IssuedBy::Other(issuer), Subject::Certificate { distribution_points, .. }) => {
                    distribution_points.iter().any(|point| point.crl_issuers.contains(issuer))
                        && list.crl.scope.indirect
                }
                _ => true,
            };
            if named && !list.crl.scope.distribution_points.is_empty() {
                partitioned = true;
            }
            for point in self.points() {
                if self.issuer_matches(list, &point) && self.names_match(list.crl, &point) {
                    return false;
                }
            }
        }
        partitioned
    }
}

/// Who issued a list, in a word.
fn issuer_of(list: &Evidence<'_>) -> String {
    match list.issued_by {
        IssuedBy::OwnAuthority => "the authority of the certificate".to_owned(),
        IssuedBy::Other(name) => format!("another, {name:?}"),
    }
}

/// All that an issuing distribution point says, in words.
fn scope_in_words(crl: &CrlFacts) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for name in &crl.scope.distribution_points {
        said.insert(format!("name {name:?}"));
    }
    said.insert(format!("kinds {}", crl.scope.kinds.name()));
    if let Some(reasons) = crl.scope.only_some_reasons {
        said.insert(format!("only reasons {:?}", words(reasons)));
    }
    if crl.scope.indirect {
        said.insert("indirect".to_owned());
    }
    said
}

fn words(reasons: ReasonSet) -> BTreeSet<&'static str> {
    reasons.names().into_iter().collect()
}

fn add(covered: &mut Covered, kind: CertificateKind, reasons: &BTreeSet<&'static str>) {
    let kind = match kind {
        CertificateKind::User => "user",
        CertificateKind::Ca => "ca",
        CertificateKind::Attribute => "attribute",
    };
    for reason in reasons {
        covered.insert((kind, reason));
    }
}
