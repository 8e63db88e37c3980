//! All messages of each side.

use super::batch::Batch;
use super::error::WireError;
use super::failure::Failure;
use super::frame::{Frame, FrameClass, FrameType, FrameWriter, RequestId};
use super::info::{InfoPage, InfoRequest};
use super::limits::{Hello, Limits};
use super::question::Question;
use super::resolve::{Resolve, Resolved};
use super::subscription::{Changes, GenerationNotice, Subscribe};
use super::verdict::decode_verdict;
use super::verdicts::BatchVerdicts;
use crate::types::Verdict;

/// What a client sends. Each request is ended by exactly one answer or [`Failure`], except that a batch may have
/// several frames and a subscription goes on until it is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// One question; a [`Verdict`] answers it.
    Ask(Question<'a>),
    /// Many questions; [`BatchVerdicts`] answer them.
    Batch(Batch<'a>),
    /// Gives an authority a handle; [`Resolved`] answers it.
    Resolve(Resolve<'a>),
    /// Asks what the server has; an [`InfoPage`] answers it.
    Info(InfoRequest),
    /// Asks to be told of changes; [`GenerationNotice`] and [`Changes`] do.
    Subscribe(Subscribe<'a>),
    /// Ends the request with the id of the frame. It has no answer of its own.
    Cancel,
}

impl<'a> Request<'a> {
    /// Reads the message of a frame. `None` for a frame that may be left unread.
    ///
    /// # Errors
    /// [`WireError`], with which the request alone fails.
    #[inline]
    pub fn decode(frame: &Frame<'a>, limits: &Limits) -> Result<Option<Self>, WireError> {
        let message = frame.message;
        Ok(Some(match frame.frame_type {
            FrameType::ASK_SERIAL => Self::Ask(Question::decode_serial(message)?),
            FrameType::ASK_CERT_ID => Self::Ask(Question::decode_cert_id(message)?),
            FrameType::ASK_CERTIFICATE => Self::Ask(Question::decode_certificate(message)?),
            FrameType::ASK_BATCH | FrameType::ASK_MIXED_BATCH => {
                Self::Batch(Batch::decode(frame.frame_type, message, limits.max_batch)?)
            }
            FrameType::RESOLVE => Self::Resolve(Resolve::decode(message)?),
            FrameType::INFO => Self::Info(InfoRequest::decode(message)?),
            FrameType::SUBSCRIBE => Self::Subscribe(Subscribe::decode(message, limits.max_handles)?),
            FrameType::CANCEL => match message.len() {
                0 => Self::Cancel,
                octets => return Err(WireError::Trailing { octets }),
            },
            frame_type => return ignored(frame_type),
        }))
    }
}

/// What a server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// What the server allows and offers.
    Hello(Hello),
    /// The server is about to stop: open requests are answered, new ones belong elsewhere.
    Goaway,
    /// Answer to a question.
    Verdict(Verdict),
    /// Answers to a batch.
    BatchVerdicts(BatchVerdicts<'a>),
    /// A handle is valid.
    Resolved(Resolved),
    /// A page of what the server has.
    Info(InfoPage<'a>),
    /// A generation is in force.
    Generation(GenerationNotice),
    /// Serials came or went.
    Changes(Changes<'a>),
    /// A request has no answer.
    Failure(Failure<'a>),
}

impl<'a> Answer<'a> {
    /// Reads the message of a frame. `None` for a frame that may be left unread.
    ///
    /// # Errors
    /// [`WireError::UnexpectedType`] for a type that this version does not know and may not pass over; other errors
    /// concern the one request.
    #[inline]
    pub fn decode(frame: &Frame<'a>) -> Result<Option<Self>, WireError> {
        let message = frame.message;
        Ok(Some(match frame.frame_type {
            FrameType::HELLO => Self::Hello(Hello::decode(message)?),
            FrameType::GOAWAY => Self::Goaway,
            FrameType::VERDICT => Self::Verdict(decode_verdict(message)?),
            FrameType::BATCH_VERDICTS => Self::BatchVerdicts(BatchVerdicts::decode(message)?),
            FrameType::RESOLVED => Self::Resolved(Resolved::decode(message)?),
            FrameType::INFO_PAGE => Self::Info(InfoPage::decode(message)?),
            FrameType::GENERATION => Self::Generation(GenerationNotice::decode(message)?),
            FrameType::CHANGES => Self::Changes(Changes::decode(message)?),
            FrameType::ERROR => Self::Failure(Failure::decode(message)?),
            frame_type => return ignored(frame_type),
        }))
    }
}

/// Appends the frame that ends a request.
pub fn encode_cancel(request: RequestId, out: &mut Vec<u8>) {
    FrameWriter::begin(out, FrameType::CANCEL, request).finish();
}

/// Appends the frame by which a server says that it is about to stop.
pub fn encode_goaway(out: &mut Vec<u8>) {
    FrameWriter::begin(out, FrameType::GOAWAY, RequestId::NONE).finish();
}

fn ignored<T>(frame_type: FrameType) -> Result<Option<T>, WireError> {
    match frame_type.class() {
        FrameClass::Ignorable => Ok(None),
        _ => Err(WireError::UnexpectedType { frame_type }),
    }
}
