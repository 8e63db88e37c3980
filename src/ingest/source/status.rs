//! How the sources stand, for people and for metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::partitions::MissingPartitions;
use super::spec::{Origin, SourceName, SourceSpec};
use crate::types::{CrlFacts, UnixTime, rfc3339, to_hex};

/// Everything about the sources at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct SourcesStatus {
    /// Each source, by name.
    pub sources: Vec<SourceStatus>,
    /// What was built of them.
    pub builds: BuildsStatus,
    /// Authorities with partitions that must be there and are not.
    pub missing_partitions: Vec<MissingPartitions>,
}

/// How one source stands.
#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// Who named it: `configured`, `distribution_point` or `freshest_crl`.
    pub origin: &'static str,
    /// The last time it was looked at.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub last_attempt: Option<UnixTime>,
    /// The last time a look ended well, whether it brought something new or not.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub last_success: Option<UnixTime>,
    /// The last time it brought something new.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub last_change: Option<UnixTime>,
    /// When it will be looked at again.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub next_attempt: Option<UnixTime>,
    /// Looks in a row that ended badly.
    pub failures: u32,
    /// What went wrong at the last look, also if another mirror helped out.
    pub problem: Option<SourceProblem>,
    /// The lists it gave last.
    pub lists: Vec<ListStatus>,
    /// How each mirror stands; empty for files.
    pub mirrors: Vec<MirrorStatus>,
    /// How looks ended, by code, since the process began.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Octets fetched since the process began.
    pub fetched_octets: u64,
}

/// What went wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceProblem {
    /// The code of a refused list, or of a failed fetch.
    pub code: &'static str,
    /// In a sentence.
    pub message: String,
    /// The file or URL.
    pub place: String,
    /// When.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub at: UnixTime,
}

/// How one mirror stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MirrorStatus {
    /// Its URL.
    pub url: String,
    /// How the last look at it ended; `None` before the first.
    pub last: Option<&'static str>,
}

/// A list that a source gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListStatus {
    /// Name of its issuer (RFC 4514).
    pub issuer: String,
    /// When it was issued.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub this_update: UnixTime,
    /// When the next one is due.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub next_update: Option<UnixTime>,
    /// Hexadecimal.
    pub crl_number: Option<String>,
    /// Entries as issued.
    pub entries: u64,
    /// Whether it is a delta.
    pub delta: bool,
    /// Digest of what was signed, in hexadecimal: tells one issue from another.
    #[serde(skip)]
    pub digest: String,
}

impl ListStatus {
    pub(super) fn new(issuer: &str, facts: &CrlFacts) -> Self {
        Self {
            issuer: issuer.to_owned(),
            this_update: facts.this_update,
            next_update: facts.next_update,
            crl_number: facts.crl_number.as_ref().map(ToString::to_string),
            entries: facts.entries,
            delta: facts.is_delta(),
            digest: to_hex(&facts.tbs_digest),
        }
    }
}

/// What was built since the process began.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BuildsStatus {
    /// The generation in force.
    pub generation: u64,
    /// Revoked certificates in it.
    pub entries: u64,
    /// Authorities in it.
    pub authorities: u64,
    /// Size of its file in octets.
    pub bytes: u64,
    /// Builds that published a generation.
    pub published: u64,
    /// Builds that found nothing new.
    pub unchanged: u64,
    /// Builds that failed.
    pub failed: u64,
    /// When the last build ended.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub last: Option<UnixTime>,
    /// How long it took, in milliseconds.
    pub last_ms: u64,
    /// Why the last build failed; `None` if it did not.
    pub problem: Option<String>,
    /// Why the certificates of issuers could not be read; `None` if they could. What the index knows stays.
    pub trust_problem: Option<String>,
    /// Certificates given as issuers that are not used as such.
    pub ignored_issuers: Vec<crate::ingest::IgnoredIssuer>,
}

/// Where tasks write how they stand. Locked for moments, by tasks and by whoever asks, never on a hot path.
#[derive(Debug, Default)]
pub(super) struct Board {
    sources: Mutex<BTreeMap<SourceName, SourceStatus>>,
    builds: Mutex<BuildsStatus>,
    missing: Mutex<Vec<MissingPartitions>>,
}

impl Board {
    /// Adds a source, with what is known of it before the first look.
    pub(super) fn add(&self, spec: &SourceSpec, lists: Vec<ListStatus>, mirrors: Vec<MirrorStatus>) {
        let status = SourceStatus {
            name: spec.name.to_string(),
            origin: spec.origin.name(),
            last_attempt: None,
            last_success: None,
            last_change: None,
            next_attempt: None,
            failures: 0,
            problem: None,
            lists,
            mirrors,
            outcomes: BTreeMap::new(),
            fetched_octets: 0,
        };
        lock(&self.sources).insert(spec.name.clone(), status);
    }

    pub(super) fn remove(&self, name: &SourceName) {
        lock(&self.sources).remove(name);
    }

    /// Changes the status of a source, if it is still there.
    pub(super) fn update(&self, name: &SourceName, change: impl FnOnce(&mut SourceStatus)) {
        if let Some(status) = lock(&self.sources).get_mut(name) {
            change(status);
        }
    }

    pub(super) fn update_builds(&self, change: impl FnOnce(&mut BuildsStatus)) {
        change(&mut lock(&self.builds));
    }

    pub(super) fn set_missing(&self, missing: Vec<MissingPartitions>) {
        *lock(&self.missing) = missing;
    }

    pub(super) fn status(&self) -> SourcesStatus {
        SourcesStatus {
            sources: lock(&self.sources).values().cloned().collect(),
            builds: lock(&self.builds).clone(),
            missing_partitions: lock(&self.missing).clone(),
        }
    }

    /// The names of the sources of which this holds.
    pub(super) fn names_where(&self, wanted: impl Fn(&SourceStatus) -> bool) -> Vec<SourceName> {
        lock(&self.sources)
            .iter()
            .filter(|(_, status)| wanted(status))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl SourceStatus {
    /// Counts how a look ended.
    pub(super) fn count(&mut self, code: &'static str) {
        let count = self.outcomes.entry(code).or_default();
        *count = count.saturating_add(1);
    }

    /// Whether it was found rather than configured.
    #[must_use]
    pub fn is_found(&self) -> bool {
        self.origin != Origin::Configured.name()
    }
}

/// The data behind these locks is whole after every statement, so a panic elsewhere has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
