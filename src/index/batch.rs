//! Many questions at once, with their cache misses side by side.
//!
//! A miss takes as long as some hundred instructions, and a core can have a dozen or more under way. A plain loop gets
//! to a few of them, as far as the processor looks ahead. A batch goes in groups instead, and a group in steps: each
//! step reads lines that the step before asked for, and asks for the lines of the next. Questions that are settled drop
//! out in between.

use super::bytes::to_usize;
use super::directory::Encoding;
use super::error::IndexError;
use super::found::Found;
use super::hash::Magnitude;
use super::near::Place;
use super::table::{Hit, Table};
use crate::types::SerialRef;

/// Questions under way at once: more than the misses a core keeps open, few enough for their state to stay near.
const GROUP: usize = 64;
/// Records of a table from which on its lines are hardly ever in a near cache, so that asking ahead pays.
const FAR: u32 = 150_000;

/// Some of the questions of a group, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lanes(u64);

impl Lanes {
    const NONE: Self = Self(0);

    #[inline(always)]
    fn has(self, lane: usize) -> bool {
        self.0 >> (lane % GROUP) & 1 == 1
    }

    #[inline(always)]
    fn len(self) -> usize {
        to_usize(self.0.count_ones())
    }

    #[inline(always)]
    fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Adds a lane if `joins` says so, without a branch on it.
    #[inline(always)]
    fn add_if(&mut self, lane: usize, joins: bool) {
        self.0 |= u64::from(joins) << (lane % GROUP);
    }
}

impl Iterator for Lanes {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let lane = to_usize(self.0.trailing_zeros()) % GROUP;
        self.0 &= self.0.wrapping_sub(1);
        Some(lane)
    }
}

/// What is known of the questions of a group, by their lanes.
struct Group {
    hashes: [u64; GROUP],
    /// The record to compare, once the bucket was read; what it says, once it was compared.
    hits: [Hit; GROUP],
    absent: Lanes,
    found: Lanes,
}

impl Group {
    #[inline(always)]
    fn hash(&self, lane: usize) -> u64 {
        self.hashes.get(lane).copied().unwrap_or(0)
    }
}

/// A question that the filter did not settle.
#[derive(Debug, Clone, Copy)]
struct Open {
    position: usize,
    hash: u64,
    /// [`Place::None`] until its bucket was read, too.
    place: Place,
}

/// Who is told the answers to many questions, by their positions and in their order.
pub trait BatchListener {
    /// The answer to a question.
    fn found(&mut self, position: usize, found: Result<Option<Found<'_>>, IndexError>);

    /// A question without a serial.
    fn unread(&mut self, position: usize);
}

/// A closure that is told the answers to questions which all have a serial.
struct Each<F>(F);

impl<F> BatchListener for Each<F>
where
    F: FnMut(usize, Result<Option<Found<'_>>, IndexError>),
{
    #[inline(always)]
    fn found(&mut self, position: usize, found: Result<Option<Found<'_>>, IndexError>) {
        (self.0)(position, found);
    }

    #[inline(always)]
    fn unread(&mut self, _: usize) {}
}

impl Table<'_> {
    /// Asks many serials and calls back with the position and the answer of each, in their order.
    ///
    /// Several times faster per question than [`Table::find`] on tables that outgrow the cache.
    pub fn find_batch<F>(&self, serials: &[SerialRef<'_>], answer: F)
    where
        F: FnMut(usize, Result<Option<Found<'_>>, IndexError>),
    {
        self.find_each::<true, _, _, _>(serials, |serial| Some(*serial), &mut Each(answer));
    }

    /// As [`Table::find_batch`], but it may leave out those that are not listed, as nearly all are.
    pub fn find_listed<F>(&self, serials: &[SerialRef<'_>], answer: F)
    where
        F: FnMut(usize, Result<Option<Found<'_>>, IndexError>),
    {
        self.find_each::<false, _, _, _>(serials, |serial| Some(*serial), &mut Each(answer));
    }

    /// As [`Table::find_listed`], for questions of which `serial` reads the serial, so that they need not be put into
    /// another form first.
    pub fn find_listed_by<Q, S, L>(&self, questions: &[Q], serial: S, listener: &mut L)
    where
        S: Fn(&Q) -> Option<SerialRef<'_>>,
        L: BatchListener,
    {
        self.find_each::<false, Q, S, L>(questions, serial, listener);
    }

    #[inline(always)]
    fn find_each<const ABSENT: bool, Q, S, L>(&self, questions: &[Q], serial: S, listener: &mut L)
    where
        S: Fn(&Q) -> Option<SerialRef<'_>>,
        L: BatchListener,
    {
        let is_near = self.pages.are_all_checked() && self.short_way.near.are_there();
        match (self.is_far(), is_near) {
            (false, true) => self.near_singly::<ABSENT, Q, S, L>(questions, serial, listener),
            (true, true) => self.near_batch::<ABSENT, Q, S, L>(questions, serial, listener),
            (true, false) => {
                let magnitude = |question: &Q| Magnitude::of_usual_length(serial(question)?);
                self.locate_batch::<ABSENT, _>(questions, magnitude, |question, position, known| {
                    match (known, serial(question)) {
                        (Some(hit), _) => {
                            listener.found(position, Ok(hit.map(|hit| Found::new(self, hit))));
                        }
                        (None, Some(serial)) => {
                            listener.found(position, self.find(serial));
                        }
                        (None, None) => listener.unread(position),
                    }
                });
            }
            (false, false) => {
                for (position, question) in questions.iter().enumerate() {
                    match serial(question) {
                        Some(serial) => listener.found(position, self.find(serial)),
                        None => listener.unread(position),
                    }
                }
            }
        }
    }

    /// One after the other, which is the fastest way while everything is in a near cache.
    #[inline(always)]
    fn near_singly<const ABSENT: bool, Q, S, L>(&self, questions: &[Q], serial: S, listener: &mut L)
    where
        S: Fn(&Q) -> Option<SerialRef<'_>>,
        L: BatchListener,
    {
        let near = self.unchecked_near();
        for (position, question) in questions.iter().enumerate() {
            let Some(serial) = serial(question) else {
                listener.unread(position);
                continue;
            };
            let place = match near.hash_of(serial) {
                Some(hash) if near.is_excluded(hash) => Place::None,
                Some(hash) => near.place(hash),
                None => Place::Unsure,
            };
            if ABSENT || place != Place::None {
                listener.found(position, self.find_at(&near, place, serial));
            }
        }
    }

    /// A group at a time, in four steps: where to look, the filter there, the buckets of what passes it, the records that
    /// they lead to; each asks for the lines of the next. Of absent ones only if `ABSENT` ones are to be told.
    #[inline(always)]
    fn near_batch<const ABSENT: bool, Q, S, L>(&self, questions: &[Q], serial: S, listener: &mut L)
    where
        S: Fn(&Q) -> Option<SerialRef<'_>>,
        L: BatchListener,
    {
        let near = self.unchecked_near();
        let mut hashes = [None; GROUP];
        let mut open = [Open { position: 0, hash: 0, place: Place::Unsure }; GROUP];
        for (part, first) in questions.chunks(GROUP).zip((0..).step_by(GROUP)) {
            for (question, hash) in part.iter().zip(&mut hashes) {
                *hash = serial(question).and_then(|serial| near.hash_of(serial));
                ahead(hash.and_then(|hash| near.word(hash)));
            }
            let mut count = 0;
            for (hash, position) in hashes.iter().take(part.len()).zip(first..) {
                // Nearly all are absent, and cost nothing but this.
                let Some(kept) = open.get_mut(count) else { break };
                match hash {
                    Some(hash) if near.is_excluded(*hash) => {}
                    Some(hash) => {
                        ahead(near.bucket(*hash));
                        *kept = Open { position, hash: *hash, place: Place::None };
                        count += 1;
                    }
                    None => {
                        *kept = Open { position, hash: 0, place: Place::Unsure };
                        count += 1;
                    }
                }
            }
            for open in open.iter_mut().take(count).filter(|open| open.place == Place::None) {
                open.place = near.place(open.hash);
                if let Place::Record(ordinal) = open.place {
                    ahead(near.line(ordinal));
                }
            }
            let mut told = first;
            for Open { position, place, .. } in open.iter().take(count) {
                let Some(question) = questions.get(*position) else { continue };
                if ABSENT {
                    (told..*position).for_each(|absent| listener.found(absent, Ok(None)));
                    told = position + 1;
                } else if *place == Place::None {
                    continue;
                }
                match serial(question) {
                    Some(serial) => listener.found(*position, self.find_at(&near, *place, serial)),
                    None => listener.unread(*position),
                }
            }
            if ABSENT {
                (told..first + part.len()).for_each(|absent| listener.found(absent, Ok(None)));
            }
        }
    }

    /// The ordinals of many serials.
    pub(super) fn ordinals_of<F>(&self, serials: &[Magnitude], mut answer: F)
    where
        F: FnMut(usize, Result<Option<u32>, IndexError>),
    {
        if self.is_far() {
            self.locate_batch::<true, _>(
                serials,
                |serial| Some(*serial),
                |serial, position, known| {
                    let hit = known.map_or_else(|| self.locate_magnitude(*serial), Ok);
                    answer(position, hit.map(|hit| hit.map(|hit| hit.ordinal)));
                },
            );
        } else {
            for (position, serial) in serials.iter().enumerate() {
                answer(position, self.locate_magnitude(*serial).map(|hit| hit.map(|hit| hit.ordinal)));
            }
        }
    }

    fn is_far(&self) -> bool {
        self.row.encoding == Encoding::Hashed && self.row.records >= FAR
    }

    /// Tells what is known of all questions in their order: `None` for those without a magnitude, and for all that the
    /// short way does not lead to the end of. Groups of which all are absent are passed over unless `ABSENT` ones are to be
    /// told.
    #[inline(always)]
    fn locate_batch<const ABSENT: bool, Q>(
        &self,
        questions: &[Q],
        magnitude: impl Fn(&Q) -> Option<Magnitude>,
        mut tell: impl FnMut(&Q, usize, Option<Option<Hit>>),
    ) {
        let mut group = Group {
            hashes: [0; GROUP],
            hits: [Hit { ordinal: 0, fact: 0 }; GROUP],
            absent: Lanes::NONE,
            found: Lanes::NONE,
        };
        for (part, first) in questions.chunks(GROUP).zip((0..).step_by(GROUP)) {
            let mut open = Lanes::NONE;
            for ((lane, question), hash) in part.iter().enumerate().zip(&mut group.hashes) {
                let Some(serial) = magnitude(question) else { continue };
                open.add_if(lane, true);
                *hash = self.hasher().hash(serial);
                ahead(self.filter_word(*hash));
            }
            let candidates = self.sift(open, &mut group);
            self.compare(candidates, part, &magnitude, &mut group);
            if !ABSENT && group.absent.len() == part.len() {
                continue;
            }
            let mut hits = group.hits.iter();
            for (lane, question) in part.iter().enumerate() {
                let hit = hits.next();
                let known = if group.absent.has(lane) {
                    Some(None)
                } else if group.found.has(lane) {
                    Some(hit.copied())
                } else {
                    None
                };
                tell(question, first + lane, known);
            }
        }
    }

    /// Reads the filter and the buckets of open lanes; what is left are candidates with a record to look at.
    #[inline(always)]
    fn sift(&self, open: Lanes, group: &mut Group) -> Lanes {
        let (mut passed, mut candidates, mut unsure) = (Lanes::NONE, Lanes::NONE, Lanes::NONE);
        for lane in open {
            let excluded = self.is_excluded_if_checked(group.hash(lane));
            passed.add_if(lane, excluded == Some(false));
            unsure.add_if(lane, excluded.is_none());
        }
        passed.for_each(|lane| ahead(self.bucket_of(group.hash(lane))));
        for lane in passed {
            let place = self.place_if_checked(group.hash(lane));
            unsure.add_if(lane, place == Place::Unsure);
            if let (Place::Record(ordinal), Some(hit)) = (place, group.hits.get_mut(lane)) {
                candidates.add_if(lane, true);
                ahead(self.record_start(ordinal));
                hit.ordinal = ordinal;
            }
        }
        group.absent = open.without(candidates).without(unsure);
        candidates
    }

    /// Compares candidates with the records that their first slots lead to.
    #[inline(always)]
    fn compare<S>(
        &self,
        candidates: Lanes,
        questions: &[S],
        magnitude: &impl Fn(&S) -> Option<Magnitude>,
        group: &mut Group,
    ) {
        group.found = Lanes::NONE;
        for lane in candidates {
            let (Some(question), Some(place)) = (questions.get(lane), group.hits.get_mut(lane)) else {
                continue;
            };
            if let Some(hit) = magnitude(question).and_then(|serial| self.hit_if(serial, place.ordinal)) {
                *place = hit;
                group.found.add_if(lane, true);
            }
        }
    }
}

/// Has a cache line loaded without waiting for it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ahead<T>(place: Option<&T>) {
    if let Some(place) = place {
        safe_arch::prefetch_t0(place);
    }
}

/// Has a cache line loaded; where nothing else does it, by loading what is there for nobody.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn ahead<T: Copy>(place: Option<&T>) {
    std::hint::black_box(place.copied());
}
