//! Writing the part of a table that finds a record: buckets and filter, or the bitmap of the serials.

use roaring::RoaringBitmap;

use super::super::bytes::{put, to_usize};
use super::super::directory::Width;
use super::super::filter::{EMPTY, LINE_WORDS, marked, word_of};
use super::super::hash::{Magnitude, bucket_and_tag};
use super::super::probe::{BUCKET, Bucket, LINE, Line, NO_TAG, RANK_AT};
use super::blocks::{Blocks, Pool};

/// Buckets and records of a hashed table, written in the order of the hashes.
#[derive(Debug)]
pub(super) struct HashedKeys {
    count: u32,
    /// Number of the bucket that is being filled, and how many records it has so far.
    number: u32,
    records_in_bucket: usize,
    bucket: Bucket,
    pub(super) buckets: Blocks,
    pub(super) filter: FilterLines,
    pub(super) records: RecordLines,
}

impl HashedKeys {
    pub(super) fn new(count: u32, filter_lines: u32, width: Width) -> Self {
        Self {
            count,
            number: 0,
            records_in_bucket: 0,
            bucket: empty_bucket(0),
            buckets: Blocks::default(),
            filter: FilterLines::new(filter_lines),
            records: RecordLines::new(width),
        }
    }

    /// Writes the next record, whose hash is not below that of the one before.
    #[inline(always)]
    pub(super) fn push(&mut self, hash: u64, serial: Magnitude, fact: u32, ordinal: u32, pool: &mut Pool) {
        let (number, tag) = bucket_and_tag(hash, to_usize(self.count));
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if number != self.number {
            self.advance(number, ordinal, pool);
        }
        // What does not fit is found behind the last of the tags.
        let (tags, _) = self.bucket.split_at_mut(RANK_AT);
        if let Some(slot) = tags.as_chunks_mut::<2>().0.get_mut(self.records_in_bucket) {
            *slot = tag.to_le_bytes();
        }
        self.records_in_bucket += 1;
        self.filter.insert(hash, pool);
        self.records.push(serial, fact, pool);
    }

    /// Completes the lines after the last record.
    pub(super) fn finish(&mut self, records: u32, pool: &mut Pool) {
        self.advance(self.count, records, pool);
        self.filter.finish(pool);
        self.records.finish(pool);
    }

    /// Closes every bucket before `number`; the next record is number `ordinal`.
    fn advance(&mut self, number: u32, ordinal: u32, pool: &mut Pool) {
        while self.number < number {
            self.buckets.push(&self.bucket, pool);
            self.bucket = empty_bucket(ordinal);
            self.records_in_bucket = 0;
            self.number += 1;
        }
    }
}

/// The filter of a hashed table, line by line.
#[derive(Debug)]
pub(super) struct FilterLines {
    lines: usize,
    line: usize,
    words: [u64; LINE_WORDS],
    pub(super) done: Blocks,
}

impl FilterLines {
    fn new(lines: u32) -> Self {
        Self { lines: to_usize(lines), line: 0, words: [EMPTY; LINE_WORDS], done: Blocks::default() }
    }

    #[inline(always)]
    fn insert(&mut self, hash: u64, pool: &mut Pool) {
        let number = word_of(hash, self.lines * LINE_WORDS);
        let line = number / LINE_WORDS;
        while self.line < line {
            self.next(pool);
        }
        if let Some(word) = self.words.get_mut(number % LINE_WORDS) {
            *word = marked(*word, hash);
        }
    }

    fn finish(&mut self, pool: &mut Pool) {
        while self.line < self.lines {
            self.next(pool);
        }
    }

    fn next(&mut self, pool: &mut Pool) {
        let mut line = [0; LINE];
        for (octets, word) in line.as_chunks_mut::<8>().0.iter_mut().zip(self.words) {
            *octets = word.to_le_bytes();
        }
        self.done.push(&line, pool);
        self.words = [EMPTY; LINE_WORDS];
        self.line += 1;
    }
}

/// Records of one width, padded so that they do not straddle lines where the width allows it.
#[derive(Debug)]
pub(super) struct RecordLines {
    width: Width,
    line: Line,
    at: usize,
    pub(super) done: Blocks,
}

impl RecordLines {
    fn new(width: Width) -> Self {
        Self { width, line: [0; LINE], at: 0, done: Blocks::default() }
    }

    #[inline(always)]
    fn push(&mut self, serial: Magnitude, fact: u32, pool: &mut Pool) {
        let fact = fact.to_le_bytes();
        let (low, middle) = (serial.low.to_be_bytes(), serial.middle.to_be_bytes());
        match self.width {
            Width::Eight => self.place::<12>(&[&low, &fact], pool),
            Width::Sixteen => self.place::<20>(&[&middle, &low, &fact], pool),
            Width::Twenty => {
                let mut record = [0; 24];
                let high = serial.high.to_be_bytes();
                fill(&mut record, &[&high, &middle, &low, &fact]);
                self.done.extend(&record, pool);
            }
        }
    }

    #[inline(always)]
    fn place<const STRIDE: usize>(&mut self, fields: &[&[u8]], pool: &mut Pool) {
        if let Some(record) = self.line.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut::<STRIDE>) {
            fill(record, fields);
        }
        self.at += STRIDE;
        if self.at + STRIDE > LINE {
            self.finish(pool);
        }
    }

    fn finish(&mut self, pool: &mut Pool) {
        if self.at > 0 {
            self.done.push(&self.line, pool);
            self.line = [0; LINE];
            self.at = 0;
        }
    }
}

/// The serials of an ordinal table, and their fact words.
#[derive(Debug, Default)]
pub(super) struct OrdinalKeys {
    pub(super) serials: RoaringBitmap,
    pub(super) facts: Blocks,
}

impl OrdinalKeys {
    pub(super) fn push(&mut self, serial: Magnitude, fact: u32, pool: &mut Pool) {
        // Chosen only where every serial fits, and called in rising order.
        let pushed = u32::try_from(serial.low).is_ok_and(|serial| self.serials.try_push(serial).is_ok());
        debug_assert!(pushed);
        self.facts.push(&fact.to_le_bytes(), pool);
    }
}

#[inline(always)]
fn fill<const N: usize>(record: &mut [u8; N], fields: &[&[u8]]) {
    let mut rest: &mut [u8] = record;
    for field in fields {
        if let Some((now, later)) = rest.split_at_mut_checked(field.len()) {
            now.copy_from_slice(field);
            rest = later;
        } else {
            break;
        }
    }
}

fn empty_bucket(rank: u32) -> Bucket {
    let mut bucket = [0; BUCKET];
    for slot in bucket.as_chunks_mut::<2>().0 {
        *slot = NO_TAG.to_le_bytes();
    }
    put(&mut bucket, RANK_AT, &rank.to_le_bytes());
    bucket
}
