//! The query protocol `revocache/1`: messages and framing, without any I/O.
//!
//! A client asks over QUIC whether certificates are revoked. Requests and answers are *frames* that follow each other
//! on bidirectional streams; a request id tells which answer belongs to which request, so that answers may come in any
//! order. The framing is the same on a stream that is opened for one question and on one that stays open for a
//! million, and in datagrams.
//!
//! Both directions work on plain buffers. Writers append to a `Vec<u8>` that the caller keeps, readers return views
//! into the buffer they are given: [`FrameDecoder`] cuts a stream into [`Frame`]s, [`Request::decode`] and
//! [`Answer::decode`] read what is in one. Neither allocates for a question, and nothing is ever allocated by a length
//! that a peer announces.
//!
//! `docs/protocol.md` specifies the protocol, with examples that the tests check against this module.
//!
//! ```
//! use revocache::types::Serial;
//! use revocache::wire::{Frame, Handle, Limits, Options, Question, Request, RequestId, Target};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let serial = Serial::parse("00ff")?;
//! let target = Target::Serial { authority: Handle(3), serial: serial.as_ref() };
//! let question = Question { target, options: Options::default() };
//! let mut octets = Vec::new();
//! question.encode(RequestId::from(5), &mut octets);
//! assert_eq!(octets, [6, 1, 5, 0, 3, 0x00, 0xff]);
//!
//! let limits = Limits::default();
//! let frame = Frame::take(&mut octets.as_slice(), limits.max_frame)?.ok_or("more octets are needed")?;
//! assert_eq!(Request::decode(&frame, &limits)?, Some(Request::Ask(question)));
//! # Ok(())
//! # }
//! ```

mod batch;
mod code;
mod error;
mod failure;
mod frame;
mod info;
mod limits;
mod message;
mod octets;
mod question;
mod resolve;
mod source;
mod subscription;
mod verdict;
mod verdicts;

/// The protocol's name in the TLS handshake (RFC 7301).
pub const ALPN: &[u8] = b"revocache/1";

pub use self::batch::Batch;
pub use self::code::{CloseCode, ErrorClass, ErrorCode};
pub use self::error::WireError;
pub use self::failure::Failure;
pub use self::frame::{Frame, FrameClass, FrameDecoder, FrameType, RequestId};
pub use self::info::{AuthorityInfo, InfoHead, InfoPage, InfoRequest, InfoWriter};
pub use self::limits::{Features, Hello, Limits};
pub use self::message::{Answer, Request, encode_cancel, encode_goaway};
pub use self::question::{Handle, MethodChoice, Options, Question, Target};
pub use self::resolve::{AuthorityRef, Presence, Resolve, Resolved};
pub use self::subscription::{Change, Changes, GenerationNotice, Subscribe};
pub use self::verdict::{Outcome, RepeatedVerdict, encode_verdict};
pub use self::verdicts::{BatchVerdicts, BatchWriter, Outcomes};
