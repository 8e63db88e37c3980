//! Building one table: choose the encoding, bring the entries into order, write the parts.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::super::bytes::{to_u64, to_usize};
use super::super::directory::{Encoding, SetSpan, Spans, TableCrl, TableRow, Width};
use super::super::error::BuildError;
use super::super::fact::FACT_LIMIT;
use super::super::hash::{Hasher, Magnitude};
use super::super::roaring::{Shape, rank_directory};
use super::super::table::Table;
use super::blocks::{Blocks, Pool};
use super::body::{BodyWriter, COLD, HOT};
use super::changes::Changes;
use super::facts::{DateHistogram, FactWriter, column_width, merge_per_crl};
use super::keys::{HashedKeys, OrdinalKeys};
use super::partition::{SortKey, partition, sort};
use super::staging::{Bounds, ENTRY, Entry, Listings, inline_date};
use super::{Tuning, too_many};
use crate::types::{Listing, Serial};

/// A table that is to be built.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// CRL number in the file and what it lists, in the order of adding.
    pub(super) listings: Vec<(u32, Listings)>,
}

/// Where listings came from: CRL of the table, and their side rows.
#[derive(Debug)]
struct Source {
    crl: u32,
    side: Blocks,
}

/// What building a table needs from outside.
#[derive(Debug)]
pub(super) struct Workshop<'w> {
    pub(super) hasher: Hasher,
    pub(super) tuning: Tuning,
    pub(super) pool: &'w mut Pool,
    pub(super) body: &'w mut BodyWriter,
}

/// Builds a table; the caller fills in authority, certificate issuer and the first row of `TableCrl`s.
pub(super) fn build_table(
    pending: Pending,
    previous: Option<&Table<'_>>,
    compare: bool,
    workshop: &mut Workshop<'_>,
) -> Result<(TableRow, Vec<TableCrl>), BuildError> {
    let mut crls: Vec<u32> = pending.listings.iter().map(|(crl, _)| *crl).collect();
    crls.sort_unstable();
    crls.dedup();
    let mut input = Input::new(pending, &crls)?;
    let exceptions = input.merged_exceptions();
    let base = input.base(&exceptions);
    let facts = FactWriter::new(base, crls.len());
    let changes = compare.then(|| Changes::new(previous));
    let mut writer = TableWriter { sources: Vec::new(), facts, changes, ordinal: 0, group: Vec::new() };
    writer.sources = std::mem::take(&mut input.sources);
    let parts = writer.write_records(input, workshop)?;
    let records = writer.ordinal;
    let exception_count = u32::try_from(exceptions.len()).unwrap_or(u32::MAX);
    if records.checked_add(exception_count).is_none() {
        return Err(too_many("records in a table"));
    }
    let exception_octets = writer.write_exceptions(&exceptions, workshop)?;
    let TableWriter { facts, changes, ordinal, .. } = writer;
    let (added, removed) = match changes {
        Some(changes) => changes.finish()?,
        None => (RoaringBitmap::new(), RoaringBitmap::new()),
    };
    let (pool, body) = (&mut *workshop.pool, &mut *workshop.body);
    // What a negative touches comes first, then what a positive does, then the rest.
    let spans = Spans {
        filter: body.append(parts.filter, HOT, pool),
        keys: match parts.bitmap {
            Some(bitmap) => body.append_octets(bitmap, HOT),
            None => body.append(parts.hashed_buckets, HOT, pool),
        },
        ranks: body.append_octets(parts.ranks, COLD),
        records: body.append(parts.records, HOT, pool),
        column: body.append(facts.column, COLD, pool),
        details: body.append(facts.details, COLD, pool),
        exceptions: body.append_octets(exception_octets, COLD),
    };
    let mut sets = facts.sets.into_iter();
    let table_crls = crls
        .iter()
        .map(|crl| TableCrl {
            crl: *crl,
            // A table of one CRL has no sets: the CRL lists everything.
            set: sets.next().map_or(everything(ordinal), |set| place_set(set, ordinal, body)),
        })
        .collect();
    let previous_len = previous.map_or(0, |table| u32::try_from(table.len()).unwrap_or(u32::MAX));
    let row = TableRow {
        authority: 0,
        certificate_issuer: None,
        encoding: parts.encoding,
        width: parts.width,
        column_width: column_width(crls.len()),
        first_crl: 0,
        crl_count: u32::try_from(crls.len()).map_err(|_| too_many("CRLs in a table"))?,
        records,
        exceptions: exception_count,
        detail_rows: facts.rows,
        base,
        filter_lines: parts.filter_lines,
        buckets: parts.buckets,
        has_runs: parts.has_runs,
        spans,
        added: place_set(added, ordinal, body),
        removed: place_set(removed, previous_len, body),
    };
    Ok((row, table_crls))
}

/// The staged entries of a table, taken apart.
struct Input {
    staged: Vec<Blocks>,
    sources: Vec<Source>,
    exceptions: Vec<(Serial, u32, Listing)>,
    bounds: Bounds,
    total: usize,
}

impl Input {
    fn new(pending: Pending, crls: &[u32]) -> Result<Self, BuildError> {
        let mut input = Self {
            staged: Vec::new(),
            sources: Vec::new(),
            exceptions: Vec::new(),
            bounds: Bounds::default(),
            total: 0,
        };
        for (crl, listings) in pending.listings {
            let position = crls.binary_search(&crl).unwrap_or(0);
            let crl = u32::try_from(position).map_err(|_| too_many("CRLs in a table"))?;
            input.bounds.merge(&listings.bounds);
            let (entries, exceptions, side) = listings.into_parts();
            input.total += entries.len() / ENTRY;
            input.staged.push(entries);
            input.sources.push(Source { crl, side });
            input.exceptions.extend(exceptions.into_iter().map(|(serial, listing)| (serial, crl, listing)));
        }
        match u32::try_from(input.total) {
            Ok(total) if total < u32::MAX => Ok(input),
            _ => Err(too_many("records in a table")),
        }
    }

    fn merged_exceptions(&mut self) -> BTreeMap<Serial, Vec<(u32, Listing)>> {
        let mut merged: BTreeMap<Serial, Vec<(u32, Listing)>> = BTreeMap::new();
        for (serial, crl, listing) in self.exceptions.drain(..) {
            merged.entry(serial).or_default().push((crl, listing));
        }
        merged.values_mut().for_each(merge_per_crl);
        merged
    }

    /// The base time: the earliest date if all fit the window, else the beginning of the fullest window.
    fn base(&self, exceptions: &BTreeMap<Serial, Vec<(u32, Listing)>>) -> i64 {
        let exception_dates =
            || exceptions.values().flatten().map(|(_, listing)| listing.revoked_at.seconds());
        let earliest = exception_dates().chain([self.bounds.earliest]).min().unwrap_or(0);
        let latest = exception_dates().chain([self.bounds.latest]).max().unwrap_or(0);
        match latest.checked_sub(earliest) {
            Some(length) if length < 0 => return 0,
            Some(length) if length < i64::from(FACT_LIMIT) => return earliest,
            _ => {}
        }
        let mut histogram = DateHistogram::default();
        exception_dates().for_each(|date| histogram.add(date));
        let entries = self.staged.iter().flat_map(Blocks::iter).flat_map(|block| block.as_chunks().0);
        entries
            .filter_map(|octets| inline_date(Entry::decode(octets).facts))
            .for_each(|date| histogram.add(date));
        histogram.base()
    }

    fn is_ordinal(&self) -> bool {
        let widest = self.bounds.widest;
        self.total > 0 && widest.high == 0 && widest.middle == 0 && widest.low <= u64::from(u32::MAX)
    }

    fn width(&self) -> Width {
        match self.bounds.widest {
            Magnitude { high: 0, middle: 0, .. } => Width::Eight,
            Magnitude { high: 0, .. } => Width::Sixteen,
            _ => Width::Twenty,
        }
    }
}

/// The parts that find records, ready for the body.
struct Parts {
    encoding: Encoding,
    width: Width,
    filter_lines: u32,
    buckets: u32,
    has_runs: bool,
    filter: Blocks,
    hashed_buckets: Blocks,
    bitmap: Option<Vec<u8>>,
    ranks: Vec<u8>,
    records: Blocks,
}

enum Keys {
    Hashed(Box<HashedKeys>),
    Ordinal(OrdinalKeys),
}

/// What is written while the records pass in order.
struct TableWriter<'p> {
    sources: Vec<Source>,
    facts: FactWriter,
    changes: Option<Changes<'p>>,
    ordinal: u32,
    group: Vec<Entry>,
}

impl TableWriter<'_> {
    fn write_records(&mut self, input: Input, workshop: &mut Workshop<'_>) -> Result<Parts, BuildError> {
        let ordinal = input.is_ordinal();
        let width = if ordinal { Width::Eight } else { input.width() };
        let total = input.total;
        let key = if ordinal {
            SortKey::serial(input.bounds.lowest, input.bounds.highest)
        } else {
            SortKey::Hash(workshop.hasher)
        };
        let mut keys = None;
        let mut order = Vec::new();
        let partitions = partition(input.staged, key, workshop.pool);
        for entries in partitions {
            sort(&entries, key, &mut order);
            let keys = keys.get_or_insert_with(|| {
                if ordinal {
                    return (Keys::Ordinal(OrdinalKeys::default()), 0, 0);
                }
                let records = distinct_estimate(&order, total, self.sources.len());
                let buckets = workshop.tuning.buckets(records);
                let filter_lines = workshop.tuning.filter_lines(records);
                (Keys::Hashed(Box::new(HashedKeys::new(buckets, filter_lines, width))), buckets, filter_lines)
            });
            self.write_partition(&entries, &order, &mut keys.0, workshop.pool)?;
            entries.recycle(workshop.pool);
        }
        let (keys, buckets, filter_lines) =
            keys.unwrap_or_else(|| (Keys::Hashed(Box::new(HashedKeys::new(0, 0, width))), 0, 0));
        self.finish_keys(keys, width, buckets, filter_lines, workshop.pool)
    }

    fn write_partition(
        &mut self,
        entries: &Blocks,
        order: &[(u64, u32)],
        keys: &mut Keys,
        pool: &mut Pool,
    ) -> Result<(), BuildError> {
        let entry_at = |position: u32| entries.record::<ENTRY>(to_usize(position)).map(Entry::decode);
        for same_key in order.chunk_by(|left, right| left.0 == right.0) {
            if let [(key, position)] = same_key {
                let Some(entry) = entry_at(*position) else { continue };
                let reason = u32::try_from(entry.facts & 15).unwrap_or(0);
                let word = inline_date(entry.facts).and_then(|date| self.facts.inline_word(date, reason));
                if let Some(word) = word {
                    let crl = self.crl_of(entry.source);
                    self.facts.note_crl(self.ordinal, crl, pool);
                    self.push_record(keys, *key, entry.magnitude, word, pool);
                    continue;
                }
            }
            // Several listings of one serial, listings that need rows, or (once in many lifetimes) several serials.
            let mut group = std::mem::take(&mut self.group);
            group.clear();
            group.extend(same_key.iter().filter_map(|(_, position)| entry_at(*position)));
            group.sort_unstable_by_key(|entry| entry.magnitude);
            for same_serial in group.chunk_by(|left, right| left.magnitude == right.magnitude) {
                let (Some(first), Some((key, _))) = (same_serial.first(), same_key.first()) else { continue };
                let mut listings: Vec<(u32, Listing)> = same_serial
                    .iter()
                    .map(|entry| (self.crl_of(entry.source), self.listing_of(entry)))
                    .collect();
                merge_per_crl(&mut listings);
                let word = self.facts.word(self.ordinal, &listings, pool)?;
                self.push_record(keys, *key, first.magnitude, word, pool);
            }
            self.group = group;
        }
        if let Some(changes) = &mut self.changes {
            changes.look_up()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn push_record(&mut self, keys: &mut Keys, key: u64, serial: Magnitude, word: u32, pool: &mut Pool) {
        match keys {
            Keys::Hashed(hashed) => hashed.push(key, serial, word, self.ordinal, pool),
            Keys::Ordinal(ordinal) => ordinal.push(serial, word, pool),
        }
        if let Some(changes) = &mut self.changes {
            changes.push(self.ordinal, serial);
        }
        self.ordinal += 1;
    }

    fn finish_keys(
        &self,
        keys: Keys,
        width: Width,
        buckets: u32,
        filter_lines: u32,
        pool: &mut Pool,
    ) -> Result<Parts, BuildError> {
        match keys {
            Keys::Hashed(mut hashed) => {
                hashed.finish(self.ordinal, pool);
                Ok(Parts {
                    encoding: Encoding::Hashed,
                    width,
                    filter_lines,
                    buckets,
                    has_runs: false,
                    filter: hashed.filter.done,
                    hashed_buckets: hashed.buckets,
                    bitmap: None,
                    ranks: Vec::new(),
                    records: hashed.records.done,
                })
            }
            Keys::Ordinal(mut ordinal) => {
                ordinal.serials.optimize();
                let bitmap = serialize(&ordinal.serials);
                let (Shape { containers, has_runs }, ranks) = rank_directory(&bitmap)?;
                Ok(Parts {
                    encoding: Encoding::Ordinal,
                    width,
                    filter_lines: 0,
                    buckets: containers,
                    has_runs,
                    filter: Blocks::default(),
                    hashed_buckets: Blocks::default(),
                    bitmap: Some(bitmap),
                    ranks,
                    records: ordinal.facts,
                })
            }
        }
    }

    /// Positions of the octets, fact words, octets; ordinals continue those of the records.
    fn write_exceptions(
        &mut self,
        exceptions: &BTreeMap<Serial, Vec<(u32, Listing)>>,
        workshop: &mut Workshop<'_>,
    ) -> Result<Vec<u8>, BuildError> {
        if exceptions.is_empty() {
            return Ok(Vec::new());
        }
        let (mut positions, mut words, mut octets) = (Vec::new(), Vec::new(), Vec::new());
        let start = exceptions.len() * 8 + 4;
        let position = |octets: &Vec<u8>| {
            u32::try_from(start + octets.len()).map_err(|_| too_many("octets of long serials"))
        };
        for (serial, listings) in exceptions {
            positions.extend_from_slice(&position(&octets)?.to_le_bytes());
            let word = self.facts.word(self.ordinal, listings, workshop.pool)?;
            words.extend_from_slice(&word.to_le_bytes());
            octets.extend_from_slice(serial.octets());
            if let Some(changes) = &mut self.changes {
                changes.push_exception(self.ordinal, serial.as_ref())?;
            }
            self.ordinal += 1;
        }
        positions.extend_from_slice(&position(&octets)?.to_le_bytes());
        positions.append(&mut words);
        positions.append(&mut octets);
        Ok(positions)
    }

    #[inline(always)]
    fn crl_of(&self, source: u32) -> u32 {
        self.sources.get(to_usize(source)).map_or(0, |source| source.crl)
    }

    fn listing_of(&self, entry: &Entry) -> Listing {
        let side = self.sources.get(to_usize(entry.source)).map(|source| &source.side);
        Listings::side_listing(side.unwrap_or(&Blocks::default()), entry.facts)
    }
}

/// How many different serials there are, judged by the first partition, which is a random sample.
fn distinct_estimate(order: &[(u64, u32)], total: usize, sources: usize) -> usize {
    // One CRL hardly ever lists a serial twice.
    if sources <= 1 || order.is_empty() {
        return total;
    }
    let distinct = to_u64(order.chunk_by(|left, right| left.0 == right.0).count());
    to_usize(to_u64(total).saturating_mul(distinct) / to_u64(order.len()).max(1))
}

fn serialize(set: &RoaringBitmap) -> Vec<u8> {
    let mut octets = Vec::with_capacity(set.serialized_size());
    // Writing to memory does not fail.
    let written = set.serialize_into(&mut octets);
    debug_assert!(written.is_ok());
    octets
}

/// Writes a set; all ordinals below `universe`, and none at all, need no octets.
fn place_set(mut set: RoaringBitmap, universe: u32, body: &mut BodyWriter) -> SetSpan {
    let cardinality = u32::try_from(set.len()).unwrap_or(u32::MAX);
    if cardinality == 0 || cardinality == universe {
        return everything(cardinality);
    }
    set.optimize();
    SetSpan { span: body.append_octets(serialize(&set), COLD), cardinality }
}

fn everything(cardinality: u32) -> SetSpan {
    SetSpan { cardinality, ..SetSpan::default() }
}
