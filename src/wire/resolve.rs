//! Handles: a client gives an authority a short number for the life of the connection.
//!
//! The client chooses the number, so that it can ask with it in the same flight, before the answer to the `resolve`
//! is there.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_varint};
use super::question::{Handle, put_cert_id, read_cert_id, read_handle};
use crate::types::CertIdHash;

/// An authority as a client can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityRef<'a> {
    /// By its certificate (DER).
    Certificate(&'a [u8]),
    /// By the hashes of its name and key, as OCSP has them.
    CertId(CertIdHash),
    /// By its name (DER of the RDNSequence) and the SHA-256 of its SubjectPublicKeyInfo (DER).
    NameAndKey {
        /// DER of the name.
        name: &'a [u8],
        /// SHA-256 of the key.
        spki_sha256: [u8; 32],
    },
}

/// Gives an authority a handle. Doing so again changes nothing; giving the handle to another authority is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolve<'a> {
    /// The number, below the server's limit.
    pub handle: Handle,
    /// What it stands for.
    pub authority: AuthorityRef<'a>,
}

const CERTIFICATE: u8 = 1;
const CERT_ID: u8 = 2;
const NAME_AND_KEY: u8 = 3;

impl<'a> Resolve<'a> {
    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::RESOLVE, request);
        let out = frame.out();
        put_varint(out, u64::from(self.handle.0));
        match &self.authority {
            AuthorityRef::Certificate(der) => {
                out.push(CERTIFICATE);
                out.extend_from_slice(der);
            }
            AuthorityRef::CertId(hashes) => {
                out.push(CERT_ID);
                put_cert_id(out, hashes);
            }
            AuthorityRef::NameAndKey { name, spki_sha256 } => {
                out.push(NAME_AND_KEY);
                out.extend_from_slice(spki_sha256);
                out.extend_from_slice(name);
            }
        }
        frame.finish();
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let handle = read_handle(&mut reader)?;
        let authority = match reader.octet("kind of authority")? {
            CERTIFICATE => AuthorityRef::Certificate(reader.rest()),
            CERT_ID => AuthorityRef::CertId(read_cert_id(&mut reader)?),
            NAME_AND_KEY => {
                let spki_sha256 = *reader.array("hash of the key")?;
                AuthorityRef::NameAndKey { name: reader.rest(), spki_sha256 }
            }
            other => {
                return Err(WireError::BadValue { field: "kind of authority", value: u64::from(other) });
            }
        };
        reader.end()?;
        Ok(Self { handle, authority })
    }
}

/// Whether the server has anything of an authority at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The index knows the authority.
    Present,
    /// It does not: questions are answered `unknown` (`authority_unknown`) until a generation has it.
    Absent,
}

/// The handle is valid from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The handle of the request.
    pub handle: Handle,
    /// Whether the server has anything of the authority at the moment.
    pub presence: Presence,
}

impl Resolved {
    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::RESOLVED, request);
        put_varint(frame.out(), u64::from(self.handle.0));
        frame.out().push(match self.presence {
            Presence::Present => 1,
            Presence::Absent => 0,
        });
        frame.finish();
    }

    pub(super) fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let handle = read_handle(&mut reader)?;
        let presence = match reader.octet("presence")? {
            0 => Presence::Absent,
            1 => Presence::Present,
            other => return Err(WireError::BadValue { field: "presence", value: u64::from(other) }),
        };
        Ok(Self { handle, presence })
    }
}
