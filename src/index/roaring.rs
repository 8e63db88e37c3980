//! A Roaring bitmap in the portable serialized format, asked where it lies.
//!
//! The format is that of the Roaring specification: a header with the high halves of the values and the cardinalities,
//! offsets, and one container per high half, which is a sorted array, a bitset of 8 KiB, or a list of runs. Nothing
//! is aligned, so everything is read octet-wise. This view answers membership and rank without unpacking; for the
//! rank it has a directory of its own, because the format has none:
//!
//! ```text
//! per container: rank of its first value u32, first of its steps u32
//! then u16 steps: per 512 bits of a bitset the values before them, per run the values before it, for arrays none
//! ```

use super::bytes::{put, to_usize, u16_at, u32_at};
use super::error::{IndexError, Part};

const COOKIE: u32 = 12_346;
const COOKIE_WITH_RUNS: u32 = 12_347;
/// Fewer containers than this have no offsets if there are runs.
const OFFSETS_FROM: u32 = 4;
/// The most values an array container holds.
const ARRAY_MOST: u32 = 4096;
/// One container per high half of a value.
pub(super) const MOST_CONTAINERS: u32 = 1 << 16;
/// Octets of a bitset container.
const BITSET: usize = 8192;
/// Octets of a bitset that share one step of the rank directory.
const STEP: usize = 64;
/// Octets of a container in the rank directory.
const RANK_ROW: usize = 8;

/// What the header of a serialized bitmap depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) containers: u32,
    pub(super) has_runs: bool,
}

impl Shape {
    /// Reads the shape from a serialized bitmap; `None` without a header, or with more containers than there are.
    pub(super) fn of(bitmap: &[u8]) -> Option<Self> {
        let cookie = u32_at(bitmap, 0)?;
        let shape = if cookie == COOKIE {
            Self { containers: u32_at(bitmap, 4)?, has_runs: false }
        } else if cookie & 0xffff == COOKIE_WITH_RUNS {
            Self { containers: (cookie >> 16) + 1, has_runs: true }
        } else {
            return None;
        };
        (shape.containers <= MOST_CONTAINERS).then_some(shape)
    }

    /// Where keys and cardinalities begin.
    #[inline(always)]
    fn keys_start(self) -> usize {
        if self.has_runs { 4_usize.wrapping_add(to_usize(self.containers).div_ceil(8)) } else { 8 }
    }

    #[inline(always)]
    fn offsets_start(self) -> usize {
        self.keys_start().wrapping_add(to_usize(self.containers).wrapping_mul(4))
    }

    #[inline(always)]
    fn has_offsets(self) -> bool {
        !self.has_runs || self.containers >= OFFSETS_FROM
    }

    /// Where the first container begins.
    pub(super) fn bodies_start(self) -> usize {
        let offsets = if self.has_offsets() { to_usize(self.containers).wrapping_mul(4) } else { 0 };
        self.offsets_start().wrapping_add(offsets)
    }
}

/// Reads the octets of a bitmap, checking what lies under them first.
pub(super) trait Source<'a>: Copy {
    /// `length` octets from `at`.
    fn read(&self, at: usize, length: usize) -> Result<&'a [u8], IndexError>;
}

/// Octets that need no check.
impl<'a> Source<'a> for &'a [u8] {
    fn read(&self, at: usize, length: usize) -> Result<&'a [u8], IndexError> {
        at.checked_add(length)
            .and_then(|end| self.get(at..end))
            .ok_or(malformed("a container reaches past the end"))
    }
}

/// Where a container is and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    number: u32,
    pub(super) key: u16,
    cardinality: u32,
    kind: Kind,
    start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Bitset,
    Runs,
}

/// A bitmap of a known shape somewhere in a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoaringView<S> {
    source: S,
    shape: Shape,
}

impl<'a, S: Source<'a>> RoaringView<S> {
    #[inline(always)]
    pub(super) fn new(source: S, shape: Shape) -> Self {
        Self { source, shape }
    }

    /// Position and container of a value's high half.
    #[inline(always)]
    pub(super) fn container_of(&self, key: u16) -> Result<Option<Container>, IndexError> {
        if self.shape.containers == 0 {
            return Ok(None);
        }
        let last = self.shape.containers - 1;
        // Sequential serials leave no gaps between the keys, and a full range of keys has none either: try that first.
        let guess = u32::from(key).wrapping_sub(u32::from(self.key(0)?));
        if guess <= last && self.key(guess)? == key {
            return self.container(guess).map(Some);
        }
        let (mut from, mut to) = (0, self.shape.containers);
        while from < to {
            let middle = from.midpoint(to);
            match self.key(middle)?.cmp(&key) {
                std::cmp::Ordering::Equal => return self.container(middle).map(Some),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(None)
    }

    /// The container of this number.
    pub(super) fn container(&self, number: u32) -> Result<Container, IndexError> {
        let at = self.shape.keys_start().wrapping_add(to_usize(number).wrapping_mul(4));
        let row = self.source.read(at, 4)?;
        let (key, cardinality) = match row {
            [a, b, c, d] => (u16::from_le_bytes([*a, *b]), u32::from(u16::from_le_bytes([*c, *d])) + 1),
            _ => return Err(malformed("a container without a key")),
        };
        let kind = self.kind(number, cardinality)?;
        let start = if self.shape.has_offsets() {
            let at = self.shape.offsets_start().wrapping_add(to_usize(number).wrapping_mul(4));
            to_usize(u32_at(self.source.read(at, 4)?, 0).unwrap_or(u32::MAX))
        } else {
            // At most three containers: walk.
            let mut start = self.shape.bodies_start();
            for earlier in 0..number {
                let at =
                    self.shape.keys_start().wrapping_add(to_usize(earlier).wrapping_mul(4)).wrapping_add(2);
                let cardinality = u32::from(u16_at(self.source.read(at, 2)?, 0).unwrap_or(0)) + 1;
                start = start.saturating_add(self.length_at(
                    start,
                    self.kind(earlier, cardinality)?,
                    cardinality,
                )?);
            }
            start
        };
        Ok(Container { number, key, cardinality, kind, start })
    }

    /// Where the low half of a value stands among the values of its container, `None` if it does not.
    #[inline(always)]
    pub(super) fn rank_in(
        &self,
        container: Container,
        low: u16,
        ranks: Ranks<S>,
    ) -> Result<Option<u32>, IndexError> {
        match container.kind {
            Kind::Array => {
                let values =
                    self.source.read(container.start, to_usize(container.cardinality).wrapping_mul(2))?;
                let (values, _) = values.as_chunks::<2>();
                let found = values.binary_search_by(|octets| u16::from_le_bytes(*octets).cmp(&low));
                Ok(found.ok().and_then(|position| u32::try_from(position).ok()))
            }
            Kind::Bitset => self.rank_in_bitset(container, low, ranks),
            Kind::Runs => self.rank_in_runs(container, low, ranks),
        }
    }

    fn rank_in_bitset(
        &self,
        container: Container,
        low: u16,
        ranks: Ranks<S>,
    ) -> Result<Option<u32>, IndexError> {
        let step = usize::from(low) / (STEP * 8);
        let octets = self.source.read(container.start.saturating_add(step * STEP), STEP)?;
        let word = usize::from(low) / 64 % 8;
        let (words, _) = octets.as_chunks::<8>();
        let mut rank = 0;
        for octets in words.iter().take(word) {
            rank += u64::from_le_bytes(*octets).count_ones();
        }
        let last = words.get(word).map_or(0, |octets| u64::from_le_bytes(*octets));
        let bit = u32::from(low) % 64;
        if (last >> bit) & 1 == 0 {
            return Ok(None);
        }
        rank += (last & !(u64::MAX << bit)).count_ones();
        let before = ranks.step(container, to_u32(step))?;
        Ok(Some(u32::from(before) + rank))
    }

    fn rank_in_runs(
        &self,
        container: Container,
        low: u16,
        ranks: Ranks<S>,
    ) -> Result<Option<u32>, IndexError> {
        let runs = self.runs(container)?;
        let after = runs.partition_point(|run| run_of(*run).0 <= low);
        let Some(number) = after.checked_sub(1) else { return Ok(None) };
        let Some((start, more)) = runs.get(number).map(|run| run_of(*run)) else { return Ok(None) };
        let into = low.wrapping_sub(start);
        if into > more {
            return Ok(None);
        }
        Ok(Some(u32::from(ranks.step(container, to_u32(number))?) + u32::from(into)))
    }

    /// Calls back with every value in rising order, after checking that the bitmap is well formed.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u32)) -> Result<u64, IndexError> {
        let mut total = 0_u64;
        let mut previous_key = None;
        for number in 0..self.shape.containers {
            let container = self.container(number)?;
            if previous_key.is_some_and(|previous| previous >= container.key) {
                return Err(malformed("the containers are not in order"));
            }
            previous_key = Some(container.key);
            let count = self.for_each_in(container, &mut visit)?;
            if count != container.cardinality {
                return Err(malformed("a container has another cardinality than stated"));
            }
            total += u64::from(count);
        }
        Ok(total)
    }

    /// Calls back with every value of one container; tells how many there were.
    pub(super) fn for_each_in(
        &self,
        container: Container,
        visit: &mut impl FnMut(u32),
    ) -> Result<u32, IndexError> {
        let high = u32::from(container.key) << 16;
        let mut count = 0_u32;
        match container.kind {
            Kind::Array => {
                let values =
                    self.source.read(container.start, to_usize(container.cardinality).wrapping_mul(2))?;
                let mut previous = None;
                for octets in values.as_chunks::<2>().0 {
                    let low = u16::from_le_bytes(*octets);
                    if previous.is_some_and(|previous| previous >= low) {
                        return Err(malformed("the values of an array are not in order"));
                    }
                    previous = Some(low);
                    visit(high | u32::from(low));
                    count += 1;
                }
            }
            Kind::Bitset => {
                let octets = self.source.read(container.start, BITSET)?;
                for (base, octets) in (high..).step_by(64).zip(octets.as_chunks::<8>().0) {
                    let mut word = u64::from_le_bytes(*octets);
                    count += word.count_ones();
                    while word != 0 {
                        visit(base | word.trailing_zeros());
                        word &= word - 1;
                    }
                }
            }
            Kind::Runs => {
                let mut next = 0_u32;
                for run in self.runs(container)? {
                    let (start, more) = run_of(*run);
                    let last = u32::from(start) + u32::from(more);
                    if u32::from(start) < next || last > 0xffff {
                        return Err(malformed("the runs are not in order"));
                    }
                    next = last + 1;
                    (u32::from(start)..=last).for_each(|low| visit(high | low));
                    count += u32::from(more) + 1;
                }
            }
        }
        Ok(count)
    }

    #[inline(always)]
    fn key(&self, number: u32) -> Result<u16, IndexError> {
        let at = self.shape.keys_start().wrapping_add(to_usize(number).wrapping_mul(4));
        u16_at(self.source.read(at, 2)?, 0).ok_or(malformed("a container without a key"))
    }

    #[inline(always)]
    fn kind(&self, number: u32, cardinality: u32) -> Result<Kind, IndexError> {
        if self.shape.has_runs {
            let octet = self.source.read(4_usize.wrapping_add(to_usize(number / 8)), 1)?;
            if octet.first().is_some_and(|octet| (octet >> (number % 8)) & 1 == 1) {
                return Ok(Kind::Runs);
            }
        }
        Ok(if cardinality <= ARRAY_MOST { Kind::Array } else { Kind::Bitset })
    }

    fn length_at(&self, start: usize, kind: Kind, cardinality: u32) -> Result<usize, IndexError> {
        Ok(match kind {
            Kind::Array => to_usize(cardinality) * 2,
            Kind::Bitset => BITSET,
            Kind::Runs => 2 + usize::from(u16_at(self.source.read(start, 2)?, 0).unwrap_or(0)) * 4,
        })
    }

    fn runs(&self, container: Container) -> Result<&'a [[u8; 4]], IndexError> {
        let count = usize::from(u16_at(self.source.read(container.start, 2)?, 0).unwrap_or(0));
        Ok(self.source.read(container.start.saturating_add(2), count * 4)?.as_chunks::<4>().0)
    }
}

/// The rank directory of a bitmap, in a source of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranks<S> {
    source: S,
    containers: u32,
}

impl<'a, S: Source<'a>> Ranks<S> {
    #[inline(always)]
    pub(super) fn new(source: S, containers: u32) -> Self {
        Self { source, containers }
    }

    /// How many values of the bitmap come before a container.
    #[inline(always)]
    pub(super) fn before(&self, container: Container) -> Result<u32, IndexError> {
        let at = to_usize(container.number).wrapping_mul(RANK_ROW);
        u32_at(self.source.read(at, 4)?, 0).ok_or(malformed("a container without a rank"))
    }

    fn step(&self, container: Container, step: u32) -> Result<u16, IndexError> {
        let at = to_usize(container.number).wrapping_mul(RANK_ROW).wrapping_add(4);
        let first = u32_at(self.source.read(at, 4)?, 0).unwrap_or(u32::MAX);
        let steps = to_usize(self.containers).wrapping_mul(RANK_ROW);
        let at = steps.saturating_add(to_usize(first).saturating_add(to_usize(step)).saturating_mul(2));
        u16_at(self.source.read(at, 2)?, 0).ok_or(malformed("a container without rank steps"))
    }
}

/// The rank directory for a serialized bitmap; also tells its shape.
pub(super) fn rank_directory(bitmap: &[u8]) -> Result<(Shape, Vec<u8>), IndexError> {
    let shape = Shape::of(bitmap).ok_or(malformed("no header"))?;
    let view = RoaringView::new(bitmap, shape);
    let mut directory = vec![0; to_usize(shape.containers).saturating_mul(RANK_ROW)];
    let mut steps: Vec<u8> = Vec::new();
    let mut before = 0_u32;
    for number in 0..shape.containers {
        let container = view.container(number)?;
        let at = to_usize(number) * RANK_ROW;
        put(&mut directory, at, &before.to_le_bytes());
        put(&mut directory, at + 4, &to_u32(steps.len() / 2).to_le_bytes());
        let mut within = 0_u32;
        // The values before a step are fewer than 2^16: a container holds no more, and one lies behind it.
        let mut push = |within: u32| {
            steps.extend_from_slice(&u16::try_from(within).unwrap_or(u16::MAX).to_le_bytes());
        };
        match container.kind {
            Kind::Array => {}
            Kind::Bitset => {
                let octets = bitmap.read(container.start, BITSET)?;
                for step in octets.chunks(STEP) {
                    push(within);
                    within += step.iter().map(|octet| octet.count_ones()).sum::<u32>();
                }
            }
            Kind::Runs => {
                for run in view.runs(container)? {
                    push(within);
                    within += u32::from(run_of(*run).1) + 1;
                }
            }
        }
        before = before.wrapping_add(container.cardinality);
    }
    directory.append(&mut steps);
    Ok((shape, directory))
}

/// First value of a run, and how many more follow it.
fn run_of([a, b, c, d]: [u8; 4]) -> (u16, u16) {
    (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const fn malformed(what: &'static str) -> IndexError {
    IndexError::Malformed { part: Part::Bitmap, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::roaring::RoaringBitmap;

    fn serialized(bitmap: &RoaringBitmap) -> Vec<u8> {
        let mut octets = Vec::new();
        bitmap.serialize_into(&mut octets).unwrap();
        octets
    }

    fn rank(octets: &[u8], directory: &[u8], value: u32) -> Option<u32> {
        let shape = Shape::of(octets).unwrap();
        let view = RoaringView::new(octets, shape);
        let ranks = Ranks::new(directory, shape.containers);
        let [low_a, low_b, high_a, high_b] = value.to_le_bytes();
        let container = view.container_of(u16::from_le_bytes([high_a, high_b])).unwrap()?;
        let within = view.rank_in(container, u16::from_le_bytes([low_a, low_b]), ranks).unwrap()?;
        Some(within + ranks.before(container).unwrap())
    }

    #[test]
    fn every_kind_of_container_agrees_with_roaring() {
        let mut bitmap = RoaringBitmap::new();
        bitmap.extend((0..1000).map(|i| i * 7)); // array
        bitmap.extend((0..30_000).map(|i| 65_536 * 3 + i * 2)); // bitset
        bitmap.insert_range(65_536 * 5 + 100..65_536 * 6 + 50); // runs, over two containers
        bitmap.insert_range(65_536 * 9..65_536 * 10); // a full container
        bitmap.insert(u32::MAX);
        for optimized in [false, true] {
            if optimized {
                bitmap.optimize();
            } else {
                bitmap.remove_run_compression();
            }
            let octets = serialized(&bitmap);
            let (shape, directory) = rank_directory(&octets).unwrap();
            assert_eq!(shape.has_runs, optimized);
            let mut values = Vec::new();
            let total = RoaringView::new(&octets[..], shape).for_each(|value| values.push(value)).unwrap();
            assert_eq!(total, bitmap.len());
            assert!(values.iter().copied().eq(bitmap.iter()));
            for value in (0..65_536 * 11).step_by(3).chain([u32::MAX, u32::MAX - 1]) {
                let expected = bitmap.contains(value).then(|| u32::try_from(bitmap.rank(value)).unwrap() - 1);
                assert_eq!(rank(&octets, &directory, value), expected, "{value}");
            }
        }
    }

    #[test]
    fn bitmaps_of_croaring_are_read() {
        use croaring::{Bitmap, Portable};
        let mut bitmap = Bitmap::new();
        bitmap.add_many(&(0..500).map(|i| i * 11).collect::<Vec<u32>>());
        bitmap.add_many(&(0..20_000).map(|i| 200_000 + i * 3).collect::<Vec<u32>>());
        bitmap.add_range(1_000_000..1_200_000);
        for optimized in [false, true] {
            if optimized {
                assert!(bitmap.run_optimize());
            } else {
                bitmap.remove_run_compression();
            }
            let octets = bitmap.serialize::<Portable>();
            let (shape, directory) = rank_directory(&octets).unwrap();
            assert_eq!(shape.has_runs, optimized);
            for value in (0..1_300_000).step_by(7).chain(bitmap.iter().step_by(5)) {
                let expected = bitmap.contains(value).then(|| u32::try_from(bitmap.rank(value)).unwrap() - 1);
                assert_eq!(rank(&octets, &directory, value), expected, "{value}");
            }
        }
    }

    #[test]
    fn few_containers_with_runs_have_no_offsets() {
        for containers in 1..6_u32 {
            let mut bitmap = RoaringBitmap::new();
            for number in 0..containers {
                bitmap.insert_range(number * 131_072..number * 131_072 + 500);
                bitmap.insert(number * 131_072 + 600);
            }
            bitmap.extend([131_072 * 6, 131_072 * 6 + 9]);
            bitmap.optimize();
            let octets = serialized(&bitmap);
            let (_, directory) = rank_directory(&octets).unwrap();
            for value in bitmap.iter() {
                assert_eq!(
                    rank(&octets, &directory, value),
                    u32::try_from(bitmap.rank(value)).ok().map(|rank| rank - 1)
                );
            }
        }
    }

    #[test]
    fn truncated_bitmaps_are_errors() {
        let bitmap: RoaringBitmap = (0..9000).chain([70_000, 200_000]).collect();
        let octets = serialized(&bitmap);
        for length in 0..octets.len() {
            assert!(
                rank_directory(&octets[..length]).is_err() || {
                    let cut = &octets[..length];
                    RoaringView::new(cut, Shape::of(cut).unwrap()).for_each(|_| ()).is_err()
                }
            );
        }
    }
}
