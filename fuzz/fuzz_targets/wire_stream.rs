//! Any octets as a stream, cut into pieces in two ways: the same frames, the same end, and bounded memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::wire::{Answer, FrameDecoder, Limits, Request, WireError};

/// Frames as (type, id, message), and why the stream ended.
type Read = (Vec<(u8, u64, Vec<u8>)>, Option<WireError>);

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, limit: usize) -> Read {
    let mut decoder = FrameDecoder::new(limit);
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => {
                    let _ = (Request::decode(&frame, &Limits::default()), Answer::decode(&frame));
                    frames.push((frame.frame_type.0, frame.request.number(), frame.message.to_vec()));
                }
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.is_empty());
        assert!(decoder.buffered() <= limit + 8);
    }
    (frames, decoder.finish().err())
}

fuzz_target!(|data: &[u8]| {
    let [limit, step, stream @ ..] = data else { return };
    let limit = usize::from(*limit) * 4 + 2;
    let whole = read(std::iter::once(stream), limit);
    let pieces = read(stream.chunks(usize::from(*step).max(1)), limit);
    // A frame that is cut at the end of the stream has arrived as far in both.
    assert_eq!(whole, pieces);
});
