//! What changed since the previous generation of a table.

use roaring::RoaringBitmap;

use super::super::bytes::to_usize;
use super::super::error::IndexError;
use super::super::hash::Magnitude;
use super::super::table::Table;
use crate::types::SerialRef;

/// Looks every new record up in the previous table, a partition at a time, and marks what it finds there.
#[derive(Debug)]
pub(super) struct Changes<'p> {
    previous: Option<&'p Table<'p>>,
    /// One bit per record of the previous table.
    seen: Vec<u64>,
    added: RoaringBitmap,
    first: u32,
    waiting: Vec<Magnitude>,
}

impl<'p> Changes<'p> {
    pub(super) fn new(previous: Option<&'p Table<'p>>) -> Self {
        let words = previous.map_or(0, |table| to_usize(table.len()).div_ceil(64));
        Self { previous, seen: vec![0; words], added: RoaringBitmap::new(), first: 0, waiting: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, ordinal: u32, serial: Magnitude) {
        if self.waiting.is_empty() {
            self.first = ordinal;
        }
        self.waiting.push(serial);
    }

    /// Compares the records that were pushed since the last call.
    pub(super) fn look_up(&mut self) -> Result<(), IndexError> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(previous) = self.previous else {
            let end = u64::from(self.first) + u64::try_from(waiting.len()).unwrap_or(0);
            self.added.insert_range(self.first..u32::try_from(end).unwrap_or(u32::MAX));
            self.waiting = waiting;
            self.waiting.clear();
            return Ok(());
        };
        let first = self.first;
        let mut result = Ok(());
        previous.ordinals_of(&waiting, |number, found| match found {
            Ok(found) => {
                let ordinal = first.wrapping_add(u32::try_from(number).unwrap_or(0));
                self.note(ordinal, found);
            }
            Err(error) => result = Err(error),
        });
        self.waiting = waiting;
        self.waiting.clear();
        result
    }

    /// Compares a record of the exceptions.
    pub(super) fn push_exception(&mut self, ordinal: u32, serial: SerialRef<'_>) -> Result<(), IndexError> {
        let found = match self.previous {
            Some(previous) => previous.find(serial)?.map(|found| found.ordinal()),
            None => None,
        };
        self.note(ordinal, found);
        Ok(())
    }

    /// Added: ordinals of the new table. Removed: ordinals of the previous one.
    pub(super) fn finish(mut self) -> Result<(RoaringBitmap, RoaringBitmap), IndexError> {
        self.look_up()?;
        let mut removed = RoaringBitmap::new();
        let records = self.previous.map_or(0, |table| u32::try_from(table.len()).unwrap_or(u32::MAX));
        for (first, seen) in (0_u32..).step_by(64).zip(&self.seen) {
            let mut missing = !seen;
            while missing != 0 {
                let ordinal = first + missing.trailing_zeros();
                missing &= missing - 1;
                if ordinal < records {
                    removed.insert(ordinal);
                }
            }
        }
        Ok((self.added, removed))
    }

    #[inline(always)]
    fn note(&mut self, ordinal: u32, found: Option<u32>) {
        match found {
            None => {
                self.added.insert(ordinal);
            }
            Some(previous) => {
                if let Some(word) = self.seen.get_mut(to_usize(previous / 64)) {
                    *word |= 1 << (previous % 64);
                }
            }
        }
    }
}
