//! The cache: some parts, each with its own lock, order and share of the bounds.
//!
//! Finding an answer is what happens all the time, so it touches as little memory as it can: the certificate is hashed
//! once, for the part and within it, and an answer moves to the front of its part only if it has not done so within
//! the same second, because that means to write to its neighbours in the list.

use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use bytes::Bytes;
use lru::LruCache;

use super::super::answer::{AnswerSource, LiveAnswer};
use super::super::question::{HashedId, LiveQuestion};
use super::super::settings::CacheSettings;
use super::entry::{Entry, Insertion, Lifetime, Lookup, Stored, Verified};
use super::file::Record;
use crate::fetch::gate::lock;
use crate::ocsp::Answer;
use crate::types::{Seconds, UnixTime};

const MAX_PARTS: usize = 16;
/// Parts smaller than this would make the order of forgetting too coarse.
const MIN_PART_ENTRIES: usize = 1024;

/// The answers in hand. Every method holds the lock of one part for a moment, and none while anything is verified.
#[derive(Debug)]
pub(in super::super) struct Cache {
    /// A power of two of them.
    parts: Box<[Mutex<Part>]>,
    skew: Seconds,
}

/// Passes on the hash that a [`HashedId`] carries.
#[derive(Debug, Default)]
struct Carried(u64);

#[derive(Debug)]
struct Part {
    entries: LruCache<HashedId, Entry, BuildHasherDefault<Carried>>,
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
                entries: LruCache::unbounded_with_hasher(BuildHasherDefault::new()),
                octets: 0,
                max_entries: settings.max_entries.get().div_euclid(parts).max(1),
                max_octets: settings.max_octets.div_euclid(parts),
                hits: 0,
                evictions: 0,
                changed: false,
            })
        };
        let parts = std::iter::repeat_with(part).take(parts).collect();
        Self { parts, skew }
    }

    /// What is known about a certificate. A fresh answer counts as asked for.
    pub(in super::super) fn find(&self, question: &LiveQuestion, at: UnixTime) -> Lookup {
        let Some(part) = self.part(question.id()) else { return Lookup::Missing };
        let mut part = lock(part);
        let part = &mut *part;
        match part.entries.peek_mut(question.id()) {
            Some(Entry::Verified(verified)) if verified.counts_at(at, self.skew) => {
                part.hits = part.hits.saturating_add(1);
                verified.asked = verified.asked.saturating_add(1);
                if verified.again.is_none() {
                    verified.again = Some((question.issuer().clone(), question.urls().clone()));
                }
                let answer = verified.as_answer();
                if verified.used_at != at {
                    verified.used_at = at;
                    part.entries.promote(question.id());
                }
                Lookup::Fresh(answer)
            }
            Some(Entry::Stored(stored)) => {
                Lookup::Stored { response: stored.response.clone(), fetched_at: stored.fetched_at }
            }
            Some(Entry::Verified(_)) | None => Lookup::Missing,
        }
    }

    /// The newest verified answer, whether it still counts or not.
    pub(in super::super) fn last_known(&self, id: &HashedId) -> Option<LiveAnswer> {
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
        let again = Some((question.issuer().clone(), question.urls().clone()));
        let verified = Verified { answer, response: response.clone(), life, asked: 0, used_at: at, again };
        part.put(id.clone(), Entry::Verified(verified));
        Insertion::Counts(counts)
    }

    /// Keeps a response from the file, to be verified when it is asked for. One that is there already stays.
    pub(in super::super) fn insert_stored(&self, record: Record) {
        let id = HashedId::new(record.id);
        let Some(part) = self.part(&id) else { return };
        let mut part = lock(part);
        if !part.entries.contains(&id) {
            let stored = Stored { response: record.response, fetched_at: record.fetched_at };
            part.put(id, Entry::Stored(stored));
        }
    }

    /// Forgets a response from the file that did not verify; `false` if something better has taken its place.
    pub(in super::super) fn drop_stored(&self, id: &HashedId) -> bool {
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
            for (id, entry) in &mut lock(part).entries {
                if due.len() >= limit {
                    return due;
                }
                if let Entry::Verified(verified) = entry
                    && verified.is_due(at, min_asked)
                {
                    verified.postpone(at);
                    due.extend(
                        verified.again.as_ref().map(|(issuer, urls)| LiveQuestion::again(id, issuer, urls)),
                    );
                }
            }
        }
        due
    }

    /// Notes that asking again failed: the next one who asks may name better responders.
    pub(in super::super) fn refresh_failed(&self, id: &HashedId) {
        if let Some(part) = self.part(id)
            && let Some(Entry::Verified(verified)) = lock(part).entries.peek_mut(id)
        {
            verified.again = None;
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

    fn part(&self, id: &HashedId) -> Option<&Mutex<Part>> {
        // Not the low bits, and not the highest ones: those choose the place within the part.
        let [.., one, other, _, _] = id.hash().to_le_bytes();
        let number = usize::from(u16::from_le_bytes([one, other]));
        self.parts.get(number & (self.parts.len() - 1))
    }
}

impl Hasher for Carried {
    fn write(&mut self, octets: &[u8]) {
        // Only the number below is ever hashed; this is right, if not good, for anything else.
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Part {
    fn put(&mut self, id: HashedId, entry: Entry) {
        self.take(&id);
        let octets = entry.octets(id.id().serial.octets().len());
        if octets > self.max_octets {
            self.evictions = self.evictions.saturating_add(1);
            return;
        }
        self.changed = true;
        self.octets = self.octets.saturating_add(octets);
        self.entries.put(id, entry);
        while self.entries.len() > self.max_entries || self.octets > self.max_octets {
            let Some((id, entry)) = self.entries.pop_lru() else { return };
            self.octets = self.octets.saturating_sub(entry.octets(id.id().serial.octets().len()));
            self.evictions = self.evictions.saturating_add(1);
        }
    }

    fn take(&mut self, id: &HashedId) {
        if let Some(entry) = self.entries.pop(id) {
            self.octets = self.octets.saturating_sub(entry.octets(id.id().serial.octets().len()));
            self.changed = true;
        }
    }

    fn records(&self, at: UnixTime) -> Vec<Record> {
        let record = |(id, entry): (&HashedId, &Entry)| {
            let fetched_at = match entry {
                Entry::Stored(stored) => stored.fetched_at,
                Entry::Verified(verified) if at < verified.life.until => verified.life.fetched_at,
                Entry::Verified(_) => return None,
            };
            Some(Record { id: id.id().clone(), fetched_at, response: entry.response().clone() })
        };
        self.entries.iter().rev().filter_map(record).collect()
    }
}

fn part_count(max_entries: NonZeroUsize) -> usize {
    let fitting = (max_entries.get() / MIN_PART_ENTRIES).clamp(1, MAX_PARTS);
    // The power of two below: the parts are chosen by bits of a hash.
    1 << fitting.ilog2()
}
