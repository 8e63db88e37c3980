//! The numbers of the sources.

use std::sync::atomic::Ordering;

use super::sources::SourcesHandle;
use super::status::SourceStatus;
use crate::policy::Window;
use crate::publish::MappedIndex;
use crate::telemetry::{Family, Metrics, Value};
use crate::types::UnixTime;

/// Lists that are shown one by one; of more, the rest are only in the sums.
const MAX_LISTS: usize = 10_000;

impl Metrics for SourcesHandle {
    fn families(&self) -> Vec<Family> {
        let context = &self.inner().context;
        let (status, now) = (self.status(), context.now());
        let mut families = of_sources(&status.sources, now);
        families.extend(of_builds(&status.builds));
        let mut missing = Family::gauge(
            "revocache_partitions_missing",
            "Partitions that an authority must have and that are not in the index",
        );
        for authority in &context.settings.load().partitions {
            let name = authority.issuer.subject().to_string();
            let lost = status.missing_partitions.iter().find(|lost| lost.issuer == name);
            missing.number(&[("issuer", &name)], number(lost.map_or(0, |lost| lost.missing.len())));
        }
        families.push(missing);
        let offers = self.inner().offers_in_vain();
        let mut vain = Family::counter(
            "revocache_found_sources_refused",
            "Certificates and lists whose distribution points were not made sources",
        );
        for (reason, count) in [
            ("unsigned", &offers.unsigned),
            ("over_limit", &offers.over_limit),
            ("queue_full", &offers.queue_full),
        ] {
            vain.count(&[("reason", reason)], count.load(Ordering::Relaxed));
        }
        families.push(vain);
        for (name, help, histogram) in [
            ("revocache_fetch_duration_seconds", "How long fetches took", &context.fetches),
            ("revocache_build_duration_seconds", "How long builds took", &context.builds),
        ] {
            let mut family = Family::histogram(name, help);
            family.push(&[], Value::Histogram(histogram.snapshot()));
            families.push(family);
        }
        if let Ok(index) = context.reader.refreshed() {
            families.extend(of_lists(&index, &context.settings.load().policy, now));
        }
        families
    }
}

fn of_sources(sources: &[SourceStatus], now: UnixTime) -> Vec<Family> {
    let mut age = Family::gauge(
        "revocache_source_age_seconds",
        "Time since the source was last looked at with success",
    );
    let mut failures = Family::gauge("revocache_source_failures", "Looks in a row that ended badly");
    let mut outcomes = Family::counter("revocache_source_looks", "Looks at sources and mirrors, by outcome");
    let mut rollbacks = Family::counter(
        "revocache_source_rollbacks",
        "Lists that were refused because they are older than the one in force",
    );
    let mut octets = Family::counter("revocache_source_fetched_bytes", "Octets fetched");
    let mut changed = Family::gauge(
        "revocache_source_last_change_timestamp_seconds",
        "When the source last gave a new list",
    );
    for source in sources {
        let labels = [("source", source.name.as_str()), ("origin", source.origin)];
        if let Some(success) = source.last_success {
            age.number(&labels, seconds(now.since(success)));
        }
        if let Some(time) = source.last_change {
            changed.number(&labels, seconds(time.seconds()));
        }
        failures.number(&labels, f64::from(source.failures));
        octets.count(&labels, source.fetched_octets);
        for (code, count) in &source.outcomes {
            outcomes.count(&[("source", &source.name), ("outcome", code)], *count);
        }
        let older = ["rollback", "stale_mirror"].iter().filter_map(|code| source.outcomes.get(code));
        rollbacks.count(&labels, older.sum());
    }
    vec![age, failures, outcomes, rollbacks, octets, changed]
}

fn of_builds(builds: &super::status::BuildsStatus) -> Vec<Family> {
    let gauge = |name, help, value: f64| {
        let mut family = Family::gauge(name, help);
        family.number(&[], value);
        family
    };
    let mut outcomes = Family::counter("revocache_builds", "Builds, by outcome");
    for (outcome, count) in
        [("published", builds.published), ("unchanged", builds.unchanged), ("failed", builds.failed)]
    {
        outcomes.count(&[("outcome", outcome)], count);
    }
    vec![
        gauge("revocache_generation", "The generation in force", wide(builds.generation)),
        gauge("revocache_index_entries", "Revoked certificates in the index", wide(builds.entries)),
        gauge("revocache_index_authorities", "Authorities in the index", wide(builds.authorities)),
        gauge("revocache_index_bytes", "Size of the index file", wide(builds.bytes)),
        gauge(
            "revocache_issuers_unreadable",
            "1 while the certificates of issuers cannot be read",
            f64::from(u8::from(builds.trust_problem.is_some())),
        ),
        outcomes,
    ]
}

/// What the lists in force say of themselves, and apart from that what verdicts make of it.
fn of_lists(index: &MappedIndex, policy: &crate::policy::Policy, now: UnixTime) -> Vec<Family> {
    let mut this_update =
        Family::gauge("revocache_crl_this_update_timestamp_seconds", "thisUpdate of the list");
    let mut next_update =
        Family::gauge("revocache_crl_next_update_timestamp_seconds", "nextUpdate of the list");
    let mut crl_number = Family::gauge(
        "revocache_crl_number",
        "CRL number of the list, rounded where it has more than 53 bits",
    );
    let mut entries = Family::gauge("revocache_crl_entries", "Entries of the list as issued");
    let mut measured = Family::gauge(
        "revocache_crl_past_next_update",
        "Measured: 1 if the list is past its nextUpdate, whatever the grace",
    );
    let mut enforced = Family::gauge(
        "revocache_crl_stale",
        "Enforced: 1 if verdicts treat the list as stale, so that it no longer vouches for anything",
    );
    for (id, crl) in index.crls().take(MAX_LISTS) {
        let authority = index.authority_of_crl(id).and_then(|id| index.authority(id));
        let issuer = authority.map(|authority| authority.display()).unwrap_or_default();
        let partition = crl.scope.distribution_points.first().map(crate::pki::display_name_key);
        let kind = if crl.is_delta() { "delta" } else { "base" };
        let labels = [
            ("issuer", issuer),
            ("partition", partition.as_deref().unwrap_or_default()),
            ("certificates", crl.scope.kinds.name()),
            ("kind", kind),
        ];
        this_update.number(&labels, seconds(crl.this_update.seconds()));
        if let Some(next) = crl.next_update {
            next_update.number(&labels, seconds(next.seconds()));
        }
        if let Some(number) = &crl.crl_number {
            let value = number.magnitude().iter().fold(0.0, |value, octet| value * 256.0 + f64::from(*octet));
            crl_number.number(&labels, value);
        }
        entries.number(&labels, wide(crl.entries));
        let is_past = crl.next_update.is_some_and(|next| next <= now);
        measured.number(&labels, f64::from(u8::from(is_past)));
        let is_stale = policy.window(crl, now) == Window::Stale;
        enforced.number(&labels, f64::from(u8::from(is_stale)));
    }
    vec![this_update, next_update, crl_number, entries, measured, enforced]
}

fn number(count: usize) -> f64 {
    wide(u64::try_from(count).unwrap_or(u64::MAX))
}

fn seconds(seconds: i64) -> f64 {
    if seconds < 0 { -wide(seconds.unsigned_abs()) } else { wide(seconds.unsigned_abs()) }
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
fn wide(number: u64) -> f64 {
    number as f64
}
