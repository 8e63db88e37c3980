//! A stored set of record ordinals.

use super::directory::SetSpan;
use super::error::{IndexError, Part};
use super::fact::malformed;
use super::pages::Pages;
use super::roaring::{RoaringView, Shape};

/// A set of record ordinals, in the portable Roaring format or, where it is everything, without octets.
#[derive(Debug, Clone, Copy)]
pub struct RecordSet<'a> {
    /// The serialized bitmap; empty for all ordinals below `cardinality`.
    octets: &'a [u8],
    cardinality: u32,
}

impl<'a> RecordSet<'a> {
    /// Number of ordinals.
    #[must_use]
    pub fn cardinality(&self) -> u32 {
        self.cardinality
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cardinality == 0
    }

    /// The set as a bitmap of the `roaring` crate, for set algebra; time and memory grow with its size.
    ///
    /// # Errors
    /// [`IndexError::Malformed`] if it is not what was written.
    pub fn to_bitmap(&self) -> Result<roaring::RoaringBitmap, IndexError> {
        let mut bitmap = roaring::RoaringBitmap::new();
        if self.octets.is_empty() {
            bitmap.insert_range(0..self.cardinality);
        } else {
            let mut complete = true;
            self.for_each(|ordinal| complete &= bitmap.try_push(ordinal).is_ok())?;
            if !complete {
                return Err(malformed(Part::Sets, "the ordinals are not in order"));
            }
        }
        Ok(bitmap)
    }

    /// Calls back with every ordinal in rising order.
    ///
    /// # Errors
    /// [`IndexError::Malformed`] if it is not what was written; some ordinals may have been passed by then.
    pub fn for_each(&self, visit: impl FnMut(u32)) -> Result<(), IndexError> {
        if self.octets.is_empty() {
            (0..self.cardinality).for_each(visit);
            return Ok(());
        }
        let shape = Shape::of(self.octets).ok_or(malformed(Part::Sets, "a set without header"))?;
        let count = RoaringView::new(self.octets, shape).for_each(visit)?;
        if count == u64::from(self.cardinality) {
            Ok(())
        } else {
            Err(malformed(Part::Sets, "a set has another cardinality than stated"))
        }
    }

    pub(super) fn read(pages: &Pages<'a>, set: SetSpan) -> Result<Self, IndexError> {
        let octets = pages.read(set.span.start, set.span.length, Part::Sets)?;
        Ok(Self { octets, cardinality: set.cardinality })
    }
}
