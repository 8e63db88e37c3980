//! The cache: some parts, each with its own lock, order and share of the bounds.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use bytes::Bytes;
use lru::LruCache;

use super::super::answer::{AnswerSource, LiveAnswer};
use super::super::lock::lock;
use super::super::question::LiveQuestion;
use super::super::settings::CacheSettings;
use super::entry::{Entry, Insertion, Lifetime, Lookup, Stored, Verified};
use super::file::Record;
use crate::ocsp::Answer;
use crate::types::{CertId, Seconds, UnixTime};

const MAX_PARTS: usize = 16;
/// Parts smaller than this would make the order of forgetting too coarse.
const MIN_PART_ENTRIES: usize = 1024;

/// The answers in hand. Every method holds the lock of one part for a moment, and none while anything is verified.
#[derive(Debug)]
pub(in super::super) struct Cache {
    /// A power of two of them.
    parts: Box<[Mutex<Part>]>,
    hasher: RandomState,
    skew: Seconds,
}

#[derive(Debug)]
struct Part {
    entries: LruCache<CertId, Entry>,
    octets: usize,
    max_entries: usize,
    max_octets: usize,
    hits: u64,
    evictions: u64,
    /// Whether something changed since it was last written to the file.
    changed: bool,
}

/// How full the cache is and what happened in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct CacheStats {
    pub(in super::super) entries: usize,
    pub(in super::super) octets: usize,
    pub(in super::super) hits: u64,
    pub(in super::super) evictions: u64,
}

impl Cache {
    pub(in super::super) fn new(settings: &CacheSettings, skew: Seconds) -> Self {
        let parts = part_count(settings.max_entries);
        let part = || {
            Mutex::new(Part {
                entries: LruCache::unbounded(),
                octets: 0,
                max_entries: settings.max_entries.get().div_euclid(parts).max(1),
                max_octets: settings.max_octets.div_euclid(parts),
                hits: 0,
                evictions: 0,
                changed: false,
            })
        };
        let parts = std::iter::repeat_with(part).take(parts).collect();
        Self { parts, hasher: RandomState::new(), skew }
    }

    /// What is known about a certificate. A fresh answer counts as asked for.
    pub(in super::super) fn find(&self, question: &LiveQuestion, at: UnixTime) -> Lookup {
        let Some(part) = self.part(question.id()) else { return Lookup::Missing };
        let mut part = lock(part);
        let part = &mut *part;
        match part.entries.get_mut(question.id()) {
            Some(Entry::Verified(verified)) if verified.counts_at(at, self.skew) => {
                part.hits = part.hits.saturating_add(1);
                verified.asked = verified.asked.saturating_add(1);
                if verified.question.is_none() {
                    verified.question = Some(question.clone());
                }
                Lookup::Fresh(verified.as_answer())
            }
            Some(Entry::Stored(stored)) => {
                Lookup::Stored { response: stored.response.clone(), fetched_at: stored.fetched_at }
            }
            Some(Entry::Verified(_)) | None => Lookup::Missing,
        }
    }

    /// The newest verified answer, whether it still counts or not.
    pub(in super::super) fn last_known(&self, id: &CertId) -> Option<LiveAnswer> {
        match lock(self.part(id)?).entries.peek(id)? {
            Entry::Verified(verified) => Some(verified.as_answer()),
            Entry::Stored(_) => None,
        }
    }

    /// Keeps a verified answer, unless a newer one is known.
    pub(in super::super) fn insert(
        &self,
        question: &LiveQuestion,
        answer: Answer,
        response: &Bytes,
        life: Lifetime,
        at: UnixTime,
    ) -> Insertion {
        let id = question.id();
        let counts = LiveAnswer { answer, source: AnswerSource::Responder, response: response.clone() };
        let Some(part) = self.part(id) else { return Insertion::Counts(counts) };
        let mut part = lock(part);
        if let Some(Entry::Verified(known)) = part.entries.get_mut(id)
            && known.is_newer_than(&answer)
        {
            return if known.counts_at(at, self.skew) {
                Insertion::Counts(known.as_answer())
            } else {
                Insertion::Replayed { seen: known.answer.this_update }
            };
        }
        let question = Some(question.clone());
        let verified = Verified { answer, response: response.clone(), life, asked: 0, question };
        part.put(id.clone(), Entry::Verified(Box::new(verified)));
        Insertion::Counts(counts)
    }

    /// Keeps a response from the file, to be verified when it is asked for. One that is there already stays.
    pub(in super::super) fn insert_stored(&self, record: Record) {
        let Some(part) = self.part(&record.id) else { return };
        let mut part = lock(part);
        if !part.entries.contains(&record.id) {
            let stored = Stored { response: record.response, fetched_at: record.fetched_at };
            part.put(record.id, Entry::Stored(stored));
        }
    }

    /// Forgets a response from the file that did not verify; `false` if something better has taken its place.
    pub(in super::super) fn drop_stored(&self, id: &CertId) -> bool {
        let Some(part) = self.part(id) else { return false };
        let mut part = lock(part);
        let stored = matches!(part.entries.peek(id), Some(Entry::Stored(_)));
        if stored {
            part.take(id);
        }
        stored
    }

    /// Questions whose answers are in use and end soon. They are not due again for a while.
    pub(in super::super) fn due(&self, at: UnixTime, min_asked: u32, limit: usize) -> Vec<LiveQuestion> {
        let mut due = Vec::new();
        for part in &self.parts {
            for (_, entry) in &mut lock(part).entries {
                if due.len() >= limit {
                    return due;
                }
                if let Entry::Verified(verified) = entry
                    && verified.is_due(at, min_asked)
                {
                    verified.postpone(at);
                    due.extend(verified.question.clone());
                }
            }
        }
        due
    }

    /// Notes that asking again failed: the next one who asks may name better responders.
    pub(in super::super) fn refresh_failed(&self, id: &CertId) {
        if let Some(part) = self.part(id)
            && let Some(Entry::Verified(verified)) = lock(part).entries.peek_mut(id)
        {
            verified.question = None;
        }
    }

    /// Everything worth keeping over a restart, in each part the least recently used first; `None` if nothing changed
    /// since this was last asked.
    pub(in super::super) fn records(&self, at: UnixTime) -> Option<Vec<Record>> {
        let mut changed = false;
        for part in &self.parts {
            changed |= std::mem::take(&mut lock(part).changed);
        }
        changed.then(|| self.parts.iter().flat_map(|part| lock(part).records(at)).collect())
    }

    /// Has the next [`Self::records`] return everything, because the last ones did not reach the disk.
    pub(in super::super) fn mark_changed(&self) {
        if let Some(part) = self.parts.first() {
            lock(part).changed = true;
        }
    }

    pub(in super::super) fn stats(&self) -> CacheStats {
        let mut stats = CacheStats::default();
        for part in &self.parts {
            let part = lock(part);
            stats.entries += part.entries.len();
            stats.octets += part.octets;
            stats.hits += part.hits;
            stats.evictions += part.evictions;
        }
        stats
    }

    fn part(&self, id: &CertId) -> Option<&Mutex<Part>> {
        let [low, high, ..] = self.hasher.hash_one(id).to_le_bytes();
        let number = usize::from(u16::from_le_bytes([low, high]));
        self.parts.get(number & (self.parts.len() - 1))
    }
}

impl Part {
    fn put(&mut self, id: CertId, entry: Entry) {
        self.take(&id);
        let octets = entry.octets(id.serial.octets().len());
        if octets > self.max_octets {
            self.evictions = self.evictions.saturating_add(1);
            return;
        }
        self.changed = true;
        self.octets = self.octets.saturating_add(octets);
        self.entries.put(id, entry);
        while self.entries.len() > self.max_entries || self.octets > self.max_octets {
            let Some((id, entry)) = self.entries.pop_lru() else { return };
            self.octets = self.octets.saturating_sub(entry.octets(id.serial.octets().len()));
            self.evictions = self.evictions.saturating_add(1);
        }
    }

    fn take(&mut self, id: &CertId) {
        if let Some(entry) = self.entries.pop(id) {
            self.octets = self.octets.saturating_sub(entry.octets(id.serial.octets().len()));
            self.changed = true;
        }
    }

    fn records(&self, at: UnixTime) -> Vec<Record> {
        let record = |(id, entry): (&CertId, &Entry)| {
            let fetched_at = match entry {
                Entry::Stored(stored) => stored.fetched_at,
                Entry::Verified(verified) if at < verified.life.until => verified.life.fetched_at,
                Entry::Verified(_) => return None,
            };
            Some(Record { id: id.clone(), fetched_at, response: entry.response().clone() })
        };
        self.entries.iter().rev().filter_map(record).collect()
    }
}

fn part_count(max_entries: NonZeroUsize) -> usize {
    let fitting = (max_entries.get() / MIN_PART_ENTRIES).clamp(1, MAX_PARTS);
    // The power of two below: the parts are chosen by bits of a hash.
    1 << fitting.ilog2()
}
