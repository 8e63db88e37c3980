//! Many questions at once, with their cache misses side by side.
//!
//! A miss takes as long as a hundred instructions, and a core can have a dozen or more under way. So a batch goes in
//! groups: all hashes first, then one load of every line that will be needed, then the answers, by which time the
//! lines have come.

use std::hint::black_box;

use super::bytes::{to_usize, u32_at};
use super::directory::Encoding;
use super::error::IndexError;
use super::found::Found;
use super::hash::{Magnitude, bucket_and_tag};
use super::probe::matching_slots;
use super::table::{Hit, Table};
use crate::types::SerialRef;

/// Questions under way at once: more than the loads a core keeps open, few enough for their state to stay near.
const GROUP: usize = 32;
/// Records of a table from which on its lines are hardly ever in a near cache, so that loading ahead pays.
const FAR: u32 = 100_000;

/// One question on its way.
#[derive(Debug, Clone, Copy)]
struct Lane {
    serial: Magnitude,
    hash: u64,
    /// Which of the questions.
    position: usize,
}

const IDLE: Lane = Lane { serial: Magnitude { high: 0, middle: 0, low: 0 }, hash: 0, position: 0 };

/// The questions of a group that have no answer yet.
struct Group {
    lanes: [Lane; GROUP],
    open: usize,
}

impl Group {
    #[inline(always)]
    fn push(&mut self, lane: Lane) {
        if let Some(free) = self.lanes.get_mut(self.open) {
            *free = lane;
            self.open += 1;
        }
    }

    #[inline(always)]
    fn open(&self) -> &[Lane] {
        self.lanes.get(..self.open).unwrap_or_default()
    }

    /// Keeps the lanes of which `keep` is true.
    #[inline(always)]
    fn retain(&mut self, mut keep: impl FnMut(&Lane) -> bool) {
        let all = self.open;
        self.open = 0;
        for number in 0..all {
            let lane = self.lanes.get(number).copied().unwrap_or(IDLE);
            if keep(&lane) {
                self.push(lane);
            }
        }
    }

    /// Loads an octet for every open lane, all before the first is needed.
    #[inline(always)]
    fn load_ahead<'t>(&self, octet: impl Fn(&Lane) -> Option<&'t u8>) {
        let all = self.open().iter().fold(0, |all, lane| all ^ octet(lane).copied().unwrap_or(0));
        black_box(all);
    }
}

impl Table<'_> {
    /// Asks many serials and calls back with the position and the answer of each, once, in any order.
    ///
    /// Up to four times faster per question than [`Table::find`] on tables that outgrow the cache.
    pub fn find_batch<F>(&self, serials: &[SerialRef<'_>], mut answer: F)
    where
        F: FnMut(usize, Result<Option<Found<'_>>, IndexError>),
    {
        if !self.is_far() {
            serials.iter().enumerate().for_each(|(position, serial)| answer(position, self.find(*serial)));
            return;
        }
        let mut group = Group { lanes: [IDLE; GROUP], open: 0 };
        for (part, first) in serials.chunks(GROUP).zip((0..).step_by(GROUP)) {
            for (serial, position) in part.iter().zip(first..) {
                match Magnitude::of(*serial) {
                    Some(magnitude) => group.push(self.lane(magnitude, position)),
                    None => answer(position, self.find(*serial)),
                }
            }
            self.run(&mut group, |position, hit| {
                answer(position, hit.map(|hit| hit.map(|hit| Found::new(self, hit))));
            });
        }
    }

    /// The ordinals of many serials.
    pub(super) fn ordinals_of<F>(&self, serials: &[Magnitude], mut answer: F)
    where
        F: FnMut(usize, Result<Option<u32>, IndexError>),
    {
        let mut group = Group { lanes: [IDLE; GROUP], open: 0 };
        for (part, first) in serials.chunks(GROUP).zip((0..).step_by(GROUP)) {
            if self.is_far() {
                part.iter()
                    .zip(first..)
                    .for_each(|(serial, position)| group.push(self.lane(*serial, position)));
                self.run(&mut group, |position, hit| {
                    answer(position, hit.map(|hit| hit.map(|hit| hit.ordinal)));
                });
            } else {
                for (serial, position) in part.iter().zip(first..) {
                    answer(position, self.locate_magnitude(*serial).map(|hit| hit.map(|hit| hit.ordinal)));
                }
            }
        }
    }

    fn is_far(&self) -> bool {
        self.row.encoding == Encoding::Hashed && self.row.records >= FAR && self.row.buckets > 0
    }

    #[inline(always)]
    fn lane(&self, serial: Magnitude, position: usize) -> Lane {
        Lane { serial, hash: self.hasher.hash(serial), position }
    }

    #[inline(always)]
    fn run<F>(&self, group: &mut Group, mut answer: F)
    where
        F: FnMut(usize, Result<Option<Hit>, IndexError>),
    {
        if self.row.filter_lines > 0 {
            group.load_ahead(|lane| self.filter_octet(lane.hash));
            group.retain(|lane| keep(self.filter_passes(lane.hash), lane, &mut answer));
        }
        group.load_ahead(|lane| self.tag_line(lane.hash).and_then(|line| line.first()));
        group.retain(|lane| keep(self.tags_pass(lane.hash), lane, &mut answer));
        // Only candidates are left. Their ranks lead to their records.
        group.load_ahead(|lane| self.pages.body.get(self.rank_position(lane.hash)));
        group.load_ahead(|lane| self.record_octet(lane.hash));
        for lane in group.open() {
            answer(lane.position, self.locate_candidate(lane.serial, lane.hash));
        }
        group.open = 0;
    }

    #[inline(always)]
    fn rank_position(&self, hash: u64) -> usize {
        let (bucket, _) = bucket_and_tag(hash, self.row.buckets);
        self.row.spans.ranks.start.wrapping_add(to_usize(bucket).wrapping_mul(4))
    }

    /// An octet of the record that the first matching slot leads to. Nothing depends on it, so nothing is checked.
    #[inline(always)]
    fn record_octet(&self, hash: u64) -> Option<&u8> {
        let (_, tag) = bucket_and_tag(hash, self.row.buckets);
        let slot = matching_slots(self.tag_line(hash)?, tag).next()?;
        let start = u32_at(self.pages.body, self.rank_position(hash))?;
        let position = self.row.width.position(start.wrapping_add(slot));
        self.pages.body.get(self.row.spans.records.start.wrapping_add(position))
    }
}

/// Whether a lane goes on; if not, it is answered.
#[inline(always)]
fn keep(
    passes: Result<bool, IndexError>,
    lane: &Lane,
    answer: &mut impl FnMut(usize, Result<Option<Hit>, IndexError>),
) -> bool {
    match passes {
        Ok(true) => return true,
        Ok(false) => answer(lane.position, Ok(None)),
        Err(error) => answer(lane.position, Err(error)),
    }
    false
}
