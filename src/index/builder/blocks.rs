//! Growing sequences of octets in blocks of one size, and the pool that passes the blocks on.
//!
//! Staged entries, partitions and finished sections all live in such blocks. A block that has been read to its end
//! goes back to the pool and is filled again, so a build touches little more fresh memory than the staged entries
//! take: page faults, not arithmetic, are what a large build would otherwise spend its time on.

/// Octets of a block: a multiple of every record width that must not straddle blocks (16, 32, 64).
pub(super) const BLOCK: usize = 16 * 1024;
/// What a sequence begins with: most tables are small.
const FIRST: usize = 256;

/// Blocks to be filled again.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: Vec<Vec<u8>>,
}

impl Pool {
    fn take(&mut self) -> Vec<u8> {
        self.free.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK))
    }

    /// Keeps a block that is no longer needed; a small one is let go.
    pub(super) fn give(&mut self, mut block: Vec<u8>) {
        if block.capacity() == BLOCK {
            block.clear();
            self.free.push(block);
        }
    }
}

/// A sequence of octets.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl Blocks {
    /// Number of octets.
    pub(super) fn len(&self) -> usize {
        self.full.len() * BLOCK + self.last.len()
    }

    /// Appends a record whose width divides the block size.
    #[inline(always)]
    pub(super) fn push<const N: usize>(&mut self, record: &[u8; N], pool: &mut Pool) {
        const { assert!(BLOCK.is_multiple_of(N)) };
        if self.last.capacity() - self.last.len() < N {
            self.grow(pool);
        }
        self.last.extend_from_slice(record);
    }

    /// Appends octets of any number.
    pub(super) fn extend(&mut self, mut octets: &[u8], pool: &mut Pool) {
        while !octets.is_empty() {
            if self.last.capacity() == self.last.len() {
                self.grow(pool);
            }
            let room = (self.last.capacity() - self.last.len()).min(octets.len());
            let (now, later) = octets.split_at(room);
            self.last.extend_from_slice(now);
            octets = later;
        }
    }

    /// The blocks in order; all but the last are full.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// The record of width `N` at this position, where only such records were pushed.
    #[inline(always)]
    pub(super) fn record<const N: usize>(&self, position: usize) -> Option<&[u8; N]> {
        const { assert!(BLOCK.is_multiple_of(N)) };
        let per_block = BLOCK / N;
        let block = self.full.get(position / per_block).unwrap_or(&self.last);
        block.as_chunks().0.get(position % per_block)
    }

    /// Takes the blocks out.
    pub(super) fn into_blocks(self) -> impl Iterator<Item = Vec<u8>> {
        self.full.into_iter().chain([self.last])
    }

    /// Gives all blocks to a pool.
    pub(super) fn recycle(self, pool: &mut Pool) {
        self.into_blocks().for_each(|block| pool.give(block));
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, pool: &mut Pool) {
        match self.last.capacity() {
            BLOCK => self.full.push(std::mem::replace(&mut self.last, pool.take())),
            0 => self.last.reserve_exact(FIRST),
            small if small * 4 < BLOCK => self.last.reserve_exact(small * 4 - self.last.len()),
            _ => {
                let mut block = pool.take();
                block.extend_from_slice(&self.last);
                self.last = block;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut pool = Pool::default();
        let mut blocks = Blocks::default();
        for number in 0..5000_u64 {
            blocks.push(&number.to_le_bytes(), &mut pool);
        }
        assert_eq!(blocks.len(), 40_000);
        for number in 0..5000_u64 {
            assert_eq!(blocks.record(usize::try_from(number).unwrap()), Some(&number.to_le_bytes()));
        }
        assert_eq!(blocks.record::<8>(5000), None);
        blocks.recycle(&mut pool);
        let octets: Vec<u8> = (0..50_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let mut blocks = Blocks::default();
        octets.chunks(24).for_each(|chunk| blocks.extend(chunk, &mut pool));
        assert_eq!(blocks.into_blocks().flatten().collect::<Vec<u8>>(), octets);
    }
}
