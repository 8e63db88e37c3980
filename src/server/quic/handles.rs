//! The handles of one connection: written once, then read by every stream without a lock.

use std::sync::OnceLock;

use crate::wire::{ErrorCode, Handle};

use super::answerer::Refusal;

/// Handles in a block, which is made when its first handle is given.
const BLOCK: usize = 64;

type Block<A> = OnceLock<Box<[OnceLock<A>]>>;

/// What the handles of one connection stand for.
#[derive(Debug)]
pub(super) struct Handles<A> {
    blocks: Box<[Block<A>]>,
    most: u32,
}

impl<A: Clone + PartialEq> Handles<A> {
    /// Room for handles below `most`.
    pub(super) fn new(most: u32) -> Self {
        let blocks = usize::try_from(most).unwrap_or(usize::MAX).div_ceil(BLOCK);
        Self { blocks: (0..blocks).map(|_| OnceLock::new()).collect(), most }
    }

    /// What a handle stands for.
    #[inline]
    pub(super) fn get(&self, handle: Handle) -> Option<&A> {
        let number = usize::try_from(handle.0).ok()?;
        self.blocks.get(number / BLOCK)?.get()?.get(number % BLOCK)?.get()
    }

    /// Gives a handle its meaning, once and for all.
    pub(super) fn bind(&self, handle: Handle, authority: &A) -> Result<(), Refusal> {
        let number = usize::try_from(handle.0).unwrap_or(usize::MAX);
        let block = self.blocks.get(number / BLOCK).filter(|_| handle.0 < self.most);
        let block = block.map(|block| block.get_or_init(|| (0..BLOCK).map(|_| OnceLock::new()).collect()));
        let Some(place) = block.and_then(|block| block.get(number % BLOCK)) else {
            return Err(Refusal::new(
                ErrorCode::TooMany,
                format!("handles are below {}, and this is {}", self.most, handle.0),
            ));
        };
        if place.get_or_init(|| authority.clone()) == authority {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::HandleInUse, "the handle stands for another authority"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_keeps_its_meaning() {
        let handles = Handles::new(100);
        assert_eq!(handles.get(Handle(3)), None);
        assert_eq!(handles.bind(Handle(3), &"a"), Ok(()));
        assert_eq!(handles.bind(Handle(3), &"a"), Ok(()));
        assert_eq!(handles.bind(Handle(3), &"b").unwrap_err().code, ErrorCode::HandleInUse);
        assert_eq!(handles.get(Handle(3)), Some(&"a"));
        assert_eq!(handles.get(Handle(4)), None);
        assert_eq!(handles.bind(Handle(99), &"c"), Ok(()));
        for outside in [100, 127, 128, u32::MAX] {
            assert_eq!(handles.bind(Handle(outside), &"d").unwrap_err().code, ErrorCode::TooMany);
            assert_eq!(handles.get(Handle(outside)), None);
        }
    }
}
