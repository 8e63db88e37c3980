//! The body of the file as it grows, and the checksums of its pages.

use super::super::directory::Span;
use super::super::pages::PAGE;
use super::blocks::{BLOCK, Blocks, Pool};

/// Alignment of parts that are read by cache line.
pub(super) const HOT: usize = 64;
/// Alignment of all other parts.
pub(super) const COLD: usize = 8;

/// Pieces of any length, one after the other.
#[derive(Debug, Default)]
pub(super) struct BodyWriter {
    pieces: Vec<Vec<u8>>,
    /// The piece that small parts are copied into.
    tail: Vec<u8>,
    before_tail: usize,
}

impl BodyWriter {
    /// Appends a part. Large ones are taken over block by block, small ones are copied next to each other.
    pub(super) fn append(&mut self, part: Blocks, alignment: usize, pool: &mut Pool) -> Span {
        let length = part.len();
        if length == 0 {
            part.recycle(pool);
            return Span::default();
        }
        self.pad(alignment);
        let start = self.len();
        if length < BLOCK {
            part.iter().for_each(|octets| self.tail.extend_from_slice(octets));
            part.recycle(pool);
            if self.tail.len() >= BLOCK {
                self.close_tail();
            }
        } else {
            self.close_tail();
            self.pieces.extend(part.into_blocks().filter(|block| !block.is_empty()));
            self.before_tail = start + length;
        }
        Span { start, length }
    }

    /// Appends octets that are in one place.
    pub(super) fn append_octets(&mut self, octets: Vec<u8>, alignment: usize) -> Span {
        let length = octets.len();
        if length == 0 {
            return Span::default();
        }
        self.pad(alignment);
        let start = self.len();
        if length < BLOCK {
            self.tail.extend_from_slice(&octets);
            if self.tail.len() >= BLOCK {
                self.close_tail();
            }
        } else {
            self.close_tail();
            self.pieces.push(octets);
            self.before_tail = start + length;
        }
        Span { start, length }
    }

    /// The pieces, padded to whole pages, and the checksums of the pages.
    pub(super) fn finish(mut self) -> (Vec<Vec<u8>>, Vec<u8>) {
        self.pad(PAGE);
        self.close_tail();
        let sums = page_sums(&self.pieces);
        (self.pieces, sums)
    }

    fn len(&self) -> usize {
        self.before_tail + self.tail.len()
    }

    fn pad(&mut self, alignment: usize) {
        let missing = self.len().next_multiple_of(alignment) - self.len();
        self.tail.resize(self.tail.len() + missing, 0);
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.before_tail += self.tail.len();
            self.pieces.push(std::mem::take(&mut self.tail));
        }
    }
}

fn page_sums(pieces: &[Vec<u8>]) -> Vec<u8> {
    let total: usize = pieces.iter().map(Vec::len).sum();
    let mut sums = Vec::with_capacity(total.div_ceil(PAGE) * 4);
    let mut hasher = crc32fast::Hasher::new();
    let mut missing = PAGE;
    for piece in pieces {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(missing.min(rest.len()));
            hasher.update(now);
            missing -= now.len();
            rest = later;
            if missing == 0 {
                sums.extend_from_slice(&std::mem::take(&mut hasher).finalize().to_le_bytes());
                missing = PAGE;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::super::pages::sums_of;
    use super::*;

    #[test]
    fn sums_do_not_depend_on_the_pieces() {
        let octets: Vec<u8> = (0..PAGE * 5).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let pieces: Vec<Vec<u8>> = octets.chunks(1000).map(<[u8]>::to_vec).collect();
        assert_eq!(page_sums(&pieces), sums_of(&octets));
    }

    #[test]
    fn parts_lie_where_they_are_said_to() {
        let mut pool = Pool::default();
        let mut body = BodyWriter::default();
        let mut spans = Vec::new();
        for (fill, length) in (1_u8..).zip([3, 20_000, 64, 1, BLOCK, 50_000, 7]) {
            let mut part = Blocks::default();
            part.extend(&vec![fill; length], &mut pool);
            spans.push((fill, body.append(part, HOT, &mut pool)));
            spans.push((fill, body.append_octets(vec![fill; length], COLD)));
        }
        let octets: Vec<u8> = body.finish().0.concat();
        assert!(octets.len().is_multiple_of(PAGE));
        for (fill, span) in spans {
            assert!(octets[span.start..span.start + span.length].iter().all(|octet| *octet == fill));
        }
    }
}
