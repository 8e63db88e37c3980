//! Questions: one certificate, named in one of three ways.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_counted, put_time, put_varint};
use crate::types::{CertIdHash, SerialRef, UnixTime};

/// A short number that stands for an authority on one connection. The client chooses it in a
/// [`Resolve`](super::Resolve); generations may change without touching what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u32);

/// Which sources a question may be answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MethodChoice {
    /// As the server is configured.
    #[default]
    ServerDefault,
    /// CRLs alone.
    Crl,
    /// An OCSP responder alone.
    Ocsp,
    /// CRLs, and OCSP where they cannot tell.
    CrlThenOcsp,
}

/// How a question is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// From which sources.
    pub method: MethodChoice,
    /// As of when; `None` for now. Servers refuse others unless they are set up for it.
    pub at: Option<UnixTime>,
}

const METHOD_BITS: u8 = 0b0000_0011;
const AT_BIT: u8 = 0b0000_0100;

impl Options {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let method = match self.method {
            MethodChoice::ServerDefault => 0,
            MethodChoice::Crl => 1,
            MethodChoice::Ocsp => 2,
            MethodChoice::CrlThenOcsp => 3,
        };
        match self.at {
            None => out.push(method),
            Some(at) => {
                out.push(method | AT_BIT);
                put_time(out, at);
            }
        }
    }

    #[inline(always)]
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let bits = reader.octet("options")?;
        let unknown = bits & !(METHOD_BITS | AT_BIT);
        if unknown != 0 {
            return Err(WireError::UnknownBits { field: "options", bits: unknown });
        }
        let method = match bits & METHOD_BITS {
            0 => MethodChoice::ServerDefault,
            1 => MethodChoice::Crl,
            2 => MethodChoice::Ocsp,
            _ => MethodChoice::CrlThenOcsp,
        };
        let at = if bits & AT_BIT == 0 { None } else { Some(reader.time("time of the question")?) };
        Ok(Self { method, at })
    }
}

/// The certificate in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// By the handle of its authority, and its serial.
    Serial {
        /// Stands for the authority.
        authority: Handle,
        /// The serial.
        serial: SerialRef<'a>,
    },
    /// By an OCSP CertID (RFC 6960 section 4.1.1).
    CertId {
        /// Hashes of the issuer.
        issuer: CertIdHash,
        /// The serial.
        serial: SerialRef<'a>,
    },
    /// Itself. The best way to ask, because its distribution points and kind are known.
    Certificate {
        /// The certificate (DER).
        certificate: &'a [u8],
        /// The certificate of its issuer (DER), which settles which of several authorities of one name is meant.
        issuer: Option<&'a [u8]>,
    },
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// About which certificate.
    pub target: Target<'a>,
    /// How to answer.
    pub options: Options,
}

impl<'a> Question<'a> {
    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let frame_type = match self.target {
            Target::Serial { .. } => FrameType::ASK_SERIAL,
            Target::CertId { .. } => FrameType::ASK_CERT_ID,
            Target::Certificate { .. } => FrameType::ASK_CERTIFICATE,
        };
        let mut frame = FrameWriter::begin(out, frame_type, request);
        let out = frame.out();
        self.options.put(out);
        match self.target {
            Target::Serial { authority, serial } => {
                put_varint(out, u64::from(authority.0));
                out.extend_from_slice(serial.octets());
            }
            Target::CertId { issuer, serial } => {
                put_cert_id(out, &issuer);
                out.extend_from_slice(serial.octets());
            }
            Target::Certificate { certificate, issuer } => {
                put_counted(out, certificate);
                out.extend_from_slice(issuer.unwrap_or_default());
            }
        }
        frame.finish();
    }

    /// Reads the message of a frame of type [`FrameType::ASK_SERIAL`], for those who read many of them in a row;
    /// [`Request::decode`](super::Request::decode) reads all.
    ///
    /// # Errors
    /// [`WireError`], with which the request alone fails.
    #[inline(always)]
    pub fn decode_serial(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let options = Options::read(&mut reader)?;
        let authority = read_handle(&mut reader)?;
        let serial = SerialRef::new(reader.rest())?;
        Ok(Self { target: Target::Serial { authority, serial }, options })
    }

    /// The octets in front of the serial in a message of type [`FrameType::ASK_SERIAL`], where they are two as in nearly
    /// every one, and the octets of the serial. Messages with the same two ask about the same authority in the same way.
    #[inline(always)]
    #[must_use]
    pub fn split_serial(message: &'a [u8]) -> Option<([u8; 2], &'a [u8])> {
        let (head @ [options, handle], serial) = message.split_first_chunk()?;
        (options & AT_BIT == 0 && *handle < 0x40).then_some((*head, serial))
    }

    pub(super) fn decode_cert_id(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let options = Options::read(&mut reader)?;
        let issuer = read_cert_id(&mut reader)?;
        let serial = SerialRef::new(reader.rest())?;
        Ok(Self { target: Target::CertId { issuer, serial }, options })
    }

    pub(super) fn decode_certificate(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let options = Options::read(&mut reader)?;
        let certificate = reader.counted("certificate")?;
        let issuer = Some(reader.rest()).filter(|issuer| !issuer.is_empty());
        Ok(Self { target: Target::Certificate { certificate, issuer }, options })
    }
}

#[inline]
pub(super) fn read_handle(reader: &mut Reader<'_>) -> Result<Handle, WireError> {
    reader.varint_up_to(u64::from(u32::MAX), "handle").map(Handle)
}

/// Hash function codes of a CertID.
const SHA1: u8 = 1;
const SHA256: u8 = 2;

pub(super) fn put_cert_id(out: &mut Vec<u8>, hashes: &CertIdHash) {
    let (code, name, key): (u8, &[u8], &[u8]) = match hashes {
        CertIdHash::Sha1 { name, key } => (SHA1, name, key),
        CertIdHash::Sha256 { name, key } => (SHA256, name, key),
    };
    out.push(code);
    out.extend_from_slice(name);
    out.extend_from_slice(key);
}

pub(super) fn read_cert_id(reader: &mut Reader<'_>) -> Result<CertIdHash, WireError> {
    const NAME: &str = "hash of the issuer's name";
    const KEY: &str = "hash of the issuer's key";
    match reader.octet("hash function")? {
        SHA1 => Ok(CertIdHash::Sha1 { name: *reader.array(NAME)?, key: *reader.array(KEY)? }),
        SHA256 => Ok(CertIdHash::Sha256 { name: *reader.array(NAME)?, key: *reader.array(KEY)? }),
        other => Err(WireError::BadValue { field: "hash function", value: u64::from(other) }),
    }
}
