//! What is asked: serials that are ready before the measurement begins.

use crate::types::{Serial, SerialRef};
use crate::wire::{Batch, Handle, Options, Question, RequestId, Target};

/// Random serials, enough that neighbouring questions share nothing in a processor's caches.
const RANDOM_SERIALS: usize = 1 << 16;
/// Octets of a random serial, as many public CAs give.
const SERIAL_OCTETS: usize = 16;

/// The only handle that is used.
pub(super) const HANDLE: Handle = Handle(0);

/// The serials to ask about, over and over again; never none.
#[derive(Debug)]
pub(super) struct Questions {
    serials: Vec<Serial>,
    options: Options,
}

impl Questions {
    /// Asks about the serials given, or about random ones if there are none.
    ///
    /// # Errors
    /// If the system gives no random octets.
    pub(super) fn new(given: &[Serial]) -> std::io::Result<Self> {
        let serials = if given.is_empty() { random()? } else { given.to_vec() };
        Ok(Self { serials, options: Options::default() })
    }

    /// The questions in order, beginning somewhere that depends on the number of the asker.
    pub(super) fn from(&self, asker: usize) -> Cursor<'_> {
        // A large odd step keeps askers apart.
        let next = asker.wrapping_mul(40_503) % self.serials.len().max(1);
        Cursor { questions: self, next }
    }
}

fn random() -> std::io::Result<Vec<Serial>> {
    let mut octets = vec![0; RANDOM_SERIALS * SERIAL_OCTETS];
    getrandom::fill(&mut octets).map_err(|error| std::io::Error::other(error.to_string()))?;
    let serials = octets.chunks_exact_mut(SERIAL_OCTETS).map(|serial| {
        // Positive, and of full length.
        if let Some(first) = serial.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        Serial::new(serial).map_err(std::io::Error::other)
    });
    serials.collect()
}

/// Where an asker is.
#[derive(Debug)]
pub(super) struct Cursor<'q> {
    questions: &'q Questions,
    next: usize,
}

impl<'q> Cursor<'q> {
    fn serial(&mut self) -> SerialRef<'q> {
        let serials = &self.questions.serials;
        let serial = serials.get(self.next).map_or(SerialRef::ZERO, Serial::as_ref);
        self.next = if self.next + 1 < serials.len() { self.next + 1 } else { 0 };
        serial
    }

    /// Appends the next question.
    #[inline]
    pub(super) fn put(&mut self, request: RequestId, out: &mut Vec<u8>) {
        let target = Target::Serial { authority: HANDLE, serial: self.serial() };
        Question { target, options: self.questions.options }.encode(request, out);
    }

    /// Appends the next so many questions in one frame. `serials` is room for them that is used again.
    pub(super) fn put_batch(
        &mut self,
        count: usize,
        request: RequestId,
        serials: &mut Vec<SerialRef<'q>>,
        out: &mut Vec<u8>,
    ) {
        serials.clear();
        serials.extend((0..count).map(|_| self.serial()));
        Batch::encode_shared(request, &self.questions.options, HANDLE, serials, out);
    }
}
