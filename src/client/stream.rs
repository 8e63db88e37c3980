//! One request on a stream of its own.

use quinn::Connection;

use super::error::ClientError;
use super::pipeline::take;
use super::slots::{Awaited, Response, Slots, check_length};
use crate::wire::{FrameDecoder, Limits, RequestId};

/// Sends a request and reads until its answer is complete. `None` if the stream broke.
pub(super) async fn request(
    connection: &Connection,
    max_frame: usize,
    awaited: Awaited,
    write: impl FnOnce(RequestId, &mut Vec<u8>),
) -> Option<Result<Response, ClientError>> {
    let mut slots = Slots::default();
    let number = match slots.open(awaited) {
        Ok(number) => number,
        Err(error) => return Some(Err(error)),
    };
    let mut out = Vec::new();
    write(RequestId::from(number), &mut out);
    if let Err(error) = check_length(&mut out, 0, max_frame) {
        return Some(Err(error));
    }
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    send.write_all(&out).await.ok()?;
    send.finish().ok()?;
    let mut decoder = FrameDecoder::new(Limits::FRAME_CEILING);
    while let Some(piece) = recv.read_chunk(usize::MAX, true).await.ok()? {
        let mut input = &piece.bytes[..];
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => {
                    if let Err(error) = take(&mut slots, &frame) {
                        return Some(Err(error));
                    }
                }
                Ok(None) => break,
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
    slots.result(number)
}
