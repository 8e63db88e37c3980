//! What the server asks for answers.

use std::borrow::Cow;
use std::future::Future;

use tokio::sync::watch;

use crate::types::{CertIdHash, Serial, SerialRef, Verdict};
use crate::wire::{AuthorityRef, ErrorCode, Features, InfoHead, InfoWriter, Options, Presence, RequestId};

/// Whoever knows the answers. Shared by all connections; must not block.
pub trait Answerer: Send + Sync + 'static {
    /// An authority as this answerer keeps it for as long as a connection lasts, whatever generations come. Equal for
    /// equal authorities, and small: a client may have a thousand.
    type Authority: Clone + PartialEq + Send + Sync + 'static;

    /// Finds an authority. One that is not known at the moment is no error: questions about it are `unknown` until it
    /// is.
    ///
    /// # Errors
    /// [`Refusal`] if what names the authority cannot be read.
    fn resolve(&self, authority: &AuthorityRef<'_>) -> Result<(Self::Authority, Presence), Refusal>;

    /// Answers from what is at hand, in microseconds, or says that it takes longer.
    fn answer_now(&self, asked: &Asked<'_, Self::Authority>) -> Reply;

    /// Answers several questions about serials of one authority, by calls of `reply` in their order. At most a few
    /// dozen at a time.
    fn answer_serials(
        &self,
        authority: &Self::Authority,
        serials: &[SerialRef<'_>],
        options: &Options,
        mut reply: impl FnMut(GroupReply<'_>),
    ) {
        for serial in serials {
            let about = About::Serial { authority, serial: *serial };
            reply(GroupReply::Own(self.answer_now(&Asked { about, options: *options })));
        }
    }

    /// Answers a question for which [`Answerer::answer_now`] said [`Reply::Later`]. Dropped when nobody waits any
    /// more.
    fn answer_later(
        &self,
        question: LateQuestion<Self::Authority>,
    ) -> impl Future<Output = Result<Verdict, Refusal>> + Send;

    /// Writes a page of what there is: [`InfoStart::begin`] with the facts at its top, then one authority after the
    /// other from number [`InfoStart::first`] until the writer takes no more.
    fn info(&self, page: InfoStart<'_>);

    /// The generation in force, as it changes.
    fn generations(&self) -> watch::Receiver<u64>;

    /// The serials of an authority that changed between two generations; `None` if that cannot be told.
    fn changes(
        &self,
        authority: Self::Authority,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Option<ChangedSerials>> + Send;

    /// What this answerer can do beyond answering from CRLs; [`Features::OCSP`] or nothing.
    fn features(&self) -> Features;
}

/// A question as the answerer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a, A> {
    /// About which certificate.
    pub about: About<'a, A>,
    /// How to answer.
    pub options: Options,
}

/// The certificate in question.
#[derive(Debug, Clone, Copy)]
pub enum About<'a, A> {
    /// By its authority and serial.
    Serial {
        /// The authority.
        authority: &'a A,
        /// The serial.
        serial: SerialRef<'a>,
    },
    /// By an OCSP CertID.
    CertId {
        /// Hashes of the issuer.
        issuer: CertIdHash,
        /// The serial.
        serial: SerialRef<'a>,
    },
    /// Itself. Neither certificate has been looked at.
    Certificate {
        /// The certificate (DER).
        certificate: &'a [u8],
        /// The certificate of its issuer (DER).
        issuer: Option<&'a [u8]>,
    },
}

/// A question that is answered later: an [`Asked`] that owns its parts.
#[derive(Debug, Clone)]
pub struct LateQuestion<A> {
    /// About which certificate.
    pub about: LateAbout<A>,
    /// How to answer.
    pub options: Options,
}

/// The certificate in a question that is answered later.
#[derive(Debug, Clone)]
pub enum LateAbout<A> {
    /// By its authority and serial.
    Serial {
        /// The authority.
        authority: A,
        /// The serial.
        serial: Serial,
    },
    /// By an OCSP CertID.
    CertId {
        /// Hashes of the issuer.
        issuer: CertIdHash,
        /// The serial.
        serial: Serial,
    },
    /// Itself.
    Certificate {
        /// The certificate (DER).
        certificate: Box<[u8]>,
        /// The certificate of its issuer (DER).
        issuer: Option<Box<[u8]>>,
    },
}

impl<A: Clone> Asked<'_, A> {
    /// The same question, to be kept.
    #[must_use]
    pub fn to_late(&self) -> LateQuestion<A> {
        let about = match self.about {
            About::Serial { authority, serial } => {
                LateAbout::Serial { authority: authority.clone(), serial: serial.to_owned() }
            }
            About::CertId { issuer, serial } => LateAbout::CertId { issuer, serial: serial.to_owned() },
            About::Certificate { certificate, issuer } => {
                LateAbout::Certificate { certificate: certificate.into(), issuer: issuer.map(Into::into) }
            }
        };
        LateQuestion { about, options: self.options }
    }
}

/// What there is to say of a question at once.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The answer.
    Verdict(Verdict),
    /// There will be none.
    Refused(Refusal),
    /// It takes longer: somebody else has to be asked.
    Later,
}

/// What there is to say of the next of several questions that were asked together.
#[derive(Debug)]
pub enum GroupReply<'v> {
    /// The verdict of most, for so many of them in a row. It is the same one whenever it comes in a group, so that it is
    /// written once.
    Usual(&'v Verdict, usize),
    /// As of one question that was asked alone.
    Own(Reply),
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The same for people.
    pub text: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with this text.
    pub fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The serials of one authority that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedSerials {
    /// Listed now.
    pub added: Vec<Serial>,
    /// No longer listed.
    pub removed: Vec<Serial>,
}

/// A page that is about to be written.
#[derive(Debug)]
pub struct InfoStart<'o> {
    request: RequestId,
    first: u32,
    most: usize,
    out: &'o mut Vec<u8>,
}

impl<'o> InfoStart<'o> {
    pub(super) fn new(request: RequestId, first: u32, most: usize, out: &'o mut Vec<u8>) -> Self {
        Self { request, first, most, out }
    }

    /// The first authority that is wanted, counted from 0.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Begins the page.
    #[must_use]
    pub fn begin(self, head: &InfoHead<'_>) -> InfoWriter<'o> {
        InfoWriter::begin(self.request, head, self.first, self.most, self.out)
    }
}
