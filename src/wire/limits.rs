//! What a server allows and offers, as it says in its `hello`.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_varint, to_u64};

/// The most a server takes. The defaults are the least that every server takes, so a client can begin before the
/// server's `hello` arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a frame behind its length.
    pub max_frame: usize,
    /// Questions in one batch.
    pub max_batch: usize,
    /// Authorities with a handle on one connection; handles are below this number.
    pub max_handles: u32,
    /// Requests of one connection that wait for an answer.
    pub max_open: u32,
}

impl Limits {
    /// The longest frame that a server may allow; a client needs no more memory for one either.
    pub const FRAME_CEILING: usize = 1 << 24;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_frame: 65_536, max_batch: 4_096, max_handles: 1_024, max_open: 4_096 }
    }
}

/// What a server can do beyond answering from CRLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u64);

impl Features {
    /// Asks OCSP responders.
    pub const OCSP: Self = Self(1);
    /// Answers questions about other times (`at`).
    pub const TIME: Self = Self(2);
    /// Takes subscriptions.
    pub const SUBSCRIBE: Self = Self(4);

    /// Every feature of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is there.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The first frame of a server, on a unidirectional stream of its own: what it allows and offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// What it allows.
    pub limits: Limits,
    /// What it offers.
    pub features: Features,
    /// The generation in force when it was written.
    pub generation: u64,
}

const MAX_FRAME: u64 = 1;
const MAX_BATCH: u64 = 2;
const MAX_HANDLES: u64 = 3;
const MAX_OPEN: u64 = 4;
const FEATURES: u64 = 5;
const GENERATION: u64 = 6;

impl Hello {
    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::HELLO, RequestId::NONE);
        for (setting, value) in [
            (MAX_FRAME, to_u64(self.limits.max_frame)),
            (MAX_BATCH, to_u64(self.limits.max_batch)),
            (MAX_HANDLES, u64::from(self.limits.max_handles)),
            (MAX_OPEN, u64::from(self.limits.max_open)),
            (FEATURES, self.features.0),
            (GENERATION, self.generation),
        ] {
            put_varint(frame.out(), setting);
            put_varint(frame.out(), value);
        }
        frame.finish();
    }

    /// Reads the pairs of setting and value. Unknown settings are passed over, absent ones have their defaults;
    /// limits below the defaults are not allowed.
    pub(super) fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut hello = Self { limits: Limits::default(), features: Features::default(), generation: 0 };
        let mut reader = Reader::new(message);
        while !reader.is_empty() {
            let setting = reader.varint("setting")?;
            let value = reader.varint("value of a setting")?;
            let limits = &mut hello.limits;
            match setting {
                MAX_FRAME => raise(&mut limits.max_frame, value, "longest frame")?,
                MAX_BATCH => raise(&mut limits.max_batch, value, "largest batch")?,
                MAX_HANDLES => raise(&mut limits.max_handles, value, "number of handles")?,
                MAX_OPEN => raise(&mut limits.max_open, value, "number of open requests")?,
                FEATURES => hello.features = Features(value),
                GENERATION => hello.generation = value,
                _ => {}
            }
        }
        Ok(hello)
    }
}

fn raise<T: TryFrom<u64> + Ord + Copy>(
    limit: &mut T,
    value: u64,
    field: &'static str,
) -> Result<(), WireError> {
    let announced = T::try_from(value).ok().filter(|announced| *announced >= *limit);
    *limit = announced.ok_or(WireError::BadValue { field, value })?;
    Ok(())
}
