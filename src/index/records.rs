//! Going through every record of a table.

use super::bytes::to_usize;
use super::directory::Encoding;
use super::error::{IndexError, Part};
use super::fact::malformed;
use super::found::Found;
use super::hash::LONGEST_MAGNITUDE;
use super::table::{Hit, Table};
use crate::types::SerialRef;

/// A record with its serial.
#[derive(Debug, Clone, Copy)]
pub struct Record<'t> {
    serial: StoredSerial<'t>,
    found: Found<'t>,
}

/// Most serials are put together from a record, which takes no allocation.
#[derive(Debug, Clone, Copy)]
enum StoredSerial<'t> {
    Short([u8; LONGEST_MAGNITUDE + 1]),
    Long(&'t [u8]),
}

impl<'t> Record<'t> {
    /// The serial.
    ///
    /// # Errors
    /// [`IndexError::Malformed`] if what is stored is not a serial.
    pub fn serial(&self) -> Result<SerialRef<'_>, IndexError> {
        let octets = match &self.serial {
            StoredSerial::Short(octets) => octets.as_slice(),
            StoredSerial::Long(octets) => octets,
        };
        SerialRef::new(octets).map_err(|_| malformed(Part::Exceptions, "a serial is empty or too long"))
    }

    /// Number of the record in its table.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.found.ordinal()
    }

    /// The record as a question would have found it.
    #[must_use]
    pub fn found(&self) -> Found<'t> {
        self.found
    }
}

impl<'a> Table<'a> {
    /// Every record in the order of the ordinals, for rebuilding, comparing and inspecting. Dispatching on
    /// [`Found::listings`] takes over the entries of all CRLs in one pass.
    #[must_use]
    pub fn iter(&self) -> Records<'_> {
        Records { table: self, next: 0, serials: Vec::new(), container: 0, done: false }
    }

    /// The record of an ordinal, as the sets of the table name them. `None` past the last one.
    ///
    /// In an ordinal table this goes through a container of the bitmap each time; use [`Table::iter`] for many.
    ///
    /// # Errors
    /// [`IndexError`] if the record is damaged.
    pub fn record_at(&self, ordinal: u32) -> Result<Option<Record<'_>>, IndexError> {
        if u64::from(ordinal) >= self.len() {
            return Ok(None);
        }
        if self.row.encoding == Encoding::Hashed || ordinal >= self.row.records {
            return self.stored_record(ordinal).map(Some);
        }
        let serial = self.ordinal_serial(ordinal)?;
        self.ordinal_record(ordinal, serial).map(Some)
    }

    fn stored_record(&self, ordinal: u32) -> Result<Record<'_>, IndexError> {
        let (serial, fact) = match ordinal.checked_sub(self.row.records) {
            Some(number) => {
                let (octets, fact) = self.exception(number)?;
                (StoredSerial::Long(octets), fact)
            }
            None => {
                let (magnitude, fact) = self.record(ordinal)?;
                (StoredSerial::Short(magnitude.to_be_bytes()), fact)
            }
        };
        Ok(Record { serial, found: Found::new(self, Hit { ordinal, fact }) })
    }

    fn ordinal_record(&self, ordinal: u32, serial: u32) -> Result<Record<'_>, IndexError> {
        let mut octets = [0; LONGEST_MAGNITUDE + 1];
        if let Some(last) = octets.last_chunk_mut() {
            *last = serial.to_be_bytes();
        }
        let hit = Hit { ordinal, fact: self.ordinal_fact(ordinal)? };
        Ok(Record { serial: StoredSerial::Short(octets), found: Found::new(self, hit) })
    }

    /// The serial at a rank of the bitmap.
    fn ordinal_serial(&self, ordinal: u32) -> Result<u32, IndexError> {
        let view = self.bitmap();
        let ranks = self.ranks();
        let (mut from, mut to) = (0, self.row.buckets);
        while from < to {
            let middle = from.midpoint(to);
            if ranks.before(view.container(middle)?)? <= ordinal { from = middle + 1 } else { to = middle }
        }
        let missing = malformed(Part::Bitmap, "it has fewer serials than records");
        let container = view.container(from.checked_sub(1).ok_or(missing.clone())?)?;
        let mut left = ordinal.wrapping_sub(ranks.before(container)?);
        let mut serial = None;
        view.for_each_in(container, &mut |value| {
            if left == 0 && serial.is_none() {
                serial = Some(value);
            }
            left = left.wrapping_sub(1);
        })?;
        serial.ok_or(missing)
    }
}

/// The records of a table; ends behind the first error.
#[derive(Debug, Clone)]
pub struct Records<'t> {
    table: &'t Table<'t>,
    next: u32,
    /// The serials of the container at hand, last first; ordinal tables only.
    serials: Vec<u32>,
    container: u32,
    done: bool,
}

impl<'t> Iterator for Records<'t> {
    type Item = Result<Record<'t>, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done || u64::from(self.next) >= self.table.len() {
            return None;
        }
        let record = self.read();
        self.done = record.is_err();
        self.next += 1;
        Some(record)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = to_usize(self.table.len().saturating_sub(u64::from(self.next)));
        (0, Some(left))
    }
}

impl<'t> Records<'t> {
    fn read(&mut self) -> Result<Record<'t>, IndexError> {
        let table = self.table;
        if table.row.encoding == Encoding::Hashed || self.next >= table.row.records {
            return table.stored_record(self.next);
        }
        while self.serials.is_empty() {
            if self.container >= table.row.buckets {
                return Err(malformed(Part::Bitmap, "it has fewer serials than records"));
            }
            let view = table.bitmap();
            let serials = &mut self.serials;
            view.for_each_in(view.container(self.container)?, &mut |serial| serials.push(serial))?;
            serials.reverse();
            self.container += 1;
        }
        let serial = self.serials.pop().unwrap_or(0);
        table.ordinal_record(self.next, serial)
    }
}
