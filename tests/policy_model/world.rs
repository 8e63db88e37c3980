//! A case: the lists in hand, the question, the time and the policy; and short ways to write one down.

use std::fmt;

use revocache::pki::DistributionPoint;
use revocache::policy::{Evidence, IssuedBy, Judgement, Policy, Subject, judge};
use revocache::types::{
    CertificateKind, CrlFacts, CrlNumber, KindScope, Listing, NameKey, ReasonCode, ReasonSet, Scope, Seconds,
    SignatureAlgorithm, UnixTime,
};

/// The name of the authority that issued the certificate in question.
pub(crate) const OWN_NAME: &str = "CN=own";

/// The time at which most questions are asked: 2025-02-25T00:00:00Z.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_740_441_600);

/// So many days after [`NOW`], before it if negative.
pub(crate) fn day(days: i64) -> UnixTime {
    UnixTime::from_seconds(NOW.seconds() + days * 86_400)
}

/// The name in the form in which names are compared.
pub(crate) fn name(text: &str) -> NameKey {
    NameKey::from_octets(text.as_bytes())
}

/// Names in the order in which a scope keeps them.
pub(crate) fn names(texts: &[&str]) -> Vec<NameKey> {
    let mut names: Vec<NameKey> = texts.iter().map(|text| name(text)).collect();
    names.sort();
    names.dedup();
    names
}

/// The set of these reasons; those that are no flag of ReasonFlags are refused.
pub(crate) fn reasons(codes: &[ReasonCode]) -> ReasonSet {
    let single = |code: ReasonCode| {
        (1..=8)
            .map(|bit| ReasonSet::from_bits(1 << bit))
            .find(|set| set.names() == [code.name()])
            .unwrap_or_else(|| panic!("{code} is no reason flag"))
    };
    codes.iter().fold(ReasonSet::NONE, |set, code| set | single(*code))
}

/// All reasons but these.
pub(crate) fn all_reasons_but(codes: &[ReasonCode]) -> ReasonSet {
    ReasonSet::from_bits(ReasonSet::ALL.bits() & !reasons(codes).bits())
}

/// One CRL in hand, with what it says of the serial in question.
#[derive(Clone)]
pub(crate) struct List {
    /// The name of its issuer if that is another authority than the certificate's.
    pub(crate) other_issuer: Option<NameKey>,
    /// Dates, number and scope.
    pub(crate) facts: CrlFacts,
    /// The entry of the serial, if there is one.
    pub(crate) listing: Option<Listing>,
}

/// A complete CRL of the certificate's authority: from yesterday until in six days, not limited to anything, listing
/// nothing that matters.
pub(crate) fn list(number: u64) -> List {
    List {
        other_issuer: None,
        facts: CrlFacts {
            this_update: day(-1),
            next_update: Some(day(6)),
            crl_number: Some(CrlNumber::from(number)),
            base_crl_number: None,
            scope: Scope::default(),
            expired_certs_on_crl: None,
            freshest_crl_uris: Vec::new(),
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            signer_key: [0; 32],
            tbs_digest: Vec::new(),
            entries: 1,
            size: 1,
        },
        listing: None,
    }
}

/// Like [`list`], but a delta to the lists from number `base` on.
pub(crate) fn delta(number: u64, base: u64) -> List {
    let mut delta = list(number);
    delta.facts.base_crl_number = Some(CrlNumber::from(base));
    delta
}

impl fmt::Debug for List {
    /// One line, with what the verdict depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.facts))?;
        if let Some(issuer) = &self.other_issuer {
            write!(f, ", issued by {issuer:?}")?;
        }
        if let Some(listing) = &self.listing {
            write!(f, ", lists since {} for {}", days(listing.revoked_at), listing.reason)?;
        }
        Ok(())
    }
}

/// A list in one line: times in days from [`NOW`], and of the scope what is not the usual.
pub(crate) fn describe(crl: &CrlFacts) -> String {
    let number = |number: &Option<CrlNumber>| number.as_ref().map_or("-".to_owned(), ToString::to_string);
    let mut text = match &crl.base_crl_number {
        None => format!("complete #{}", number(&crl.crl_number)),
        base => format!("delta #{} to #{}", number(&crl.crl_number), number(base)),
    };
    let end = crl.next_update.map_or("?".to_owned(), days);
    text.push_str(&format!(" from {} until {end}", days(crl.this_update)));
    if !crl.scope.distribution_points.is_empty() {
        text.push_str(&format!(", of {:?}", crl.scope.distribution_points));
    }
    if crl.scope.kinds != KindScope::All {
        text.push_str(&format!(", only {}", crl.scope.kinds.name()));
    }
    if let Some(reasons) = crl.scope.only_some_reasons {
        text.push_str(&format!(", only {reasons:?}"));
    }
    if crl.scope.indirect {
        text.push_str(", indirect");
    }
    text
}

fn days(time: UnixTime) -> String {
    let seconds = time.since(NOW);
    if seconds % 86_400 == 0 { format!("{:+}d", seconds / 86_400) } else { format!("{seconds:+}s") }
}

impl List {
    /// thisUpdate and nextUpdate, in days from now.
    pub(crate) fn dates(mut self, this_update: i64, next_update: i64) -> Self {
        self.facts.this_update = day(this_update);
        self.facts.next_update = Some(day(next_update));
        self
    }

    /// thisUpdate in days from now, and no nextUpdate.
    pub(crate) fn without_next_update(mut self, this_update: i64) -> Self {
        self.facts.this_update = day(this_update);
        self.facts.next_update = None;
        self
    }

    /// The names of its issuing distribution point.
    pub(crate) fn of_partition(mut self, texts: &[&str]) -> Self {
        self.facts.scope.distribution_points = names(texts);
        self
    }

    /// The kinds of certificates it is limited to.
    pub(crate) fn only_kind(mut self, kinds: KindScope) -> Self {
        self.facts.scope.kinds = kinds;
        self
    }

    /// `onlySomeReasons`.
    pub(crate) fn only_reasons(mut self, reasons: ReasonSet) -> Self {
        self.facts.scope.only_some_reasons = Some(reasons);
        self
    }

    /// `indirectCRL`.
    pub(crate) fn indirect(mut self) -> Self {
        self.facts.scope.indirect = true;
        self
    }

    /// Issued by another authority of this name.
    pub(crate) fn issued_by(mut self, issuer: &str) -> Self {
        self.other_issuer = Some(name(issuer));
        self
    }

    /// Lists the serial: since so many days from now, for this reason.
    pub(crate) fn lists(mut self, revoked_at: i64, reason: ReasonCode) -> Self {
        self.listing = Some(Listing { revoked_at: day(revoked_at), reason, invalidity_date: None });
        self
    }
}

/// A distribution point of these names.
pub(crate) fn point(texts: &[&str]) -> DistributionPoint {
    DistributionPoint { names: names(texts), ..DistributionPoint::default() }
}

/// A distribution point of these names whose lists are issued by these issuers.
pub(crate) fn point_issued_by(texts: &[&str], issuers: &[&str]) -> DistributionPoint {
    DistributionPoint { names: names(texts), crl_issuers: names(issuers), ..DistributionPoint::default() }
}

/// A distribution point of these names and reasons.
pub(crate) fn point_for(texts: &[&str], reasons: ReasonSet) -> DistributionPoint {
    DistributionPoint { names: names(texts), reasons: Some(reasons), ..DistributionPoint::default() }
}

/// What is asked about.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// A bare serial.
    Serial,
    /// A certificate of this kind with these distribution points.
    Certificate(CertificateKind, Vec<DistributionPoint>),
}

/// Everything a verdict depends on.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The lists in hand.
    pub(crate) lists: Vec<List>,
    /// The question.
    pub(crate) question: Question,
    /// The time asked about.
    pub(crate) at: UnixTime,
    /// The operator's rules.
    pub(crate) policy: Policy,
    /// The name of the certificate's issuer.
    pub(crate) issuer: NameKey,
}

impl World {
    /// A question asked now under the default policy.
    pub(crate) fn new(question: Question, lists: impl Into<Vec<List>>) -> Self {
        Self { lists: lists.into(), question, at: NOW, policy: Policy::default(), issuer: name(OWN_NAME) }
    }

    /// A bare serial.
    pub(crate) fn serial(lists: impl Into<Vec<List>>) -> Self {
        Self::new(Question::Serial, lists)
    }

    /// A user certificate with these distribution points.
    pub(crate) fn user(points: impl Into<Vec<DistributionPoint>>, lists: impl Into<Vec<List>>) -> Self {
        Self::new(Question::Certificate(CertificateKind::User, points.into()), lists)
    }

    /// The certificate of a certification authority with these distribution points.
    pub(crate) fn ca(points: impl Into<Vec<DistributionPoint>>, lists: impl Into<Vec<List>>) -> Self {
        Self::new(Question::Certificate(CertificateKind::Ca, points.into()), lists)
    }

    /// The same, asked so many days from now.
    pub(crate) fn at_day(mut self, days: i64) -> Self {
        self.at = day(days);
        self
    }

    /// The same with so many days of grace.
    pub(crate) fn grace(mut self, days: u16) -> Self {
        self.policy.grace = Seconds::days(days);
        self
    }

    /// What the production code takes as evidence.
    pub(crate) fn evidence(&self) -> Vec<Evidence<'_>> {
        self.lists
            .iter()
            .map(|list| Evidence {
                issued_by: list.other_issuer.as_ref().map_or(IssuedBy::OwnAuthority, IssuedBy::Other),
                crl: &list.facts,
                listing: list.listing,
            })
            .collect()
    }

    /// What the production code takes as the subject.
    pub(crate) fn subject(&self) -> Subject<'_> {
        match &self.question {
            Question::Serial => Subject::Serial,
            Question::Certificate(kind, points) => {
                Subject::Certificate { kind: *kind, issuer: &self.issuer, distribution_points: points }
            }
        }
    }

    /// The answer of the production code.
    pub(crate) fn judge(&self) -> Judgement<'_> {
        judge(self.evidence().into_iter(), &self.subject(), self.at, &self.policy)
    }
}
