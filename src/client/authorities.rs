//! The authorities of a client, and their handles.

use std::sync::RwLock;

use crate::types::CertIdHash;
use crate::wire::{AuthorityRef, Handle, RequestId, Resolve};

/// An authority as the client keeps it, to name it again on another connection.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Certificate(Box<[u8]>),
    CertId(CertIdHash),
    NameAndKey { name: Box<[u8]>, spki_sha256: [u8; 32] },
}

impl Named {
    fn of(authority: &AuthorityRef<'_>) -> Self {
        match *authority {
            AuthorityRef::Certificate(der) => Self::Certificate(der.into()),
            AuthorityRef::CertId(hashes) => Self::CertId(hashes),
            AuthorityRef::NameAndKey { name, spki_sha256 } => {
                Self::NameAndKey { name: name.into(), spki_sha256 }
            }
        }
    }

    fn as_ref(&self) -> AuthorityRef<'_> {
        match self {
            Self::Certificate(der) => AuthorityRef::Certificate(der),
            Self::CertId(hashes) => AuthorityRef::CertId(*hashes),
            Self::NameAndKey { name, spki_sha256 } => {
                AuthorityRef::NameAndKey { name, spki_sha256: *spki_sha256 }
            }
        }
    }
}

/// All authorities that were resolved; the handle is the position. They are never forgotten, so that a handle stays
/// good.
#[derive(Debug, Default)]
pub(super) struct Authorities(RwLock<Vec<Named>>);

impl Authorities {
    /// The handle of an authority, which is a new one for a new authority.
    pub(super) fn handle(&self, authority: &AuthorityRef<'_>) -> Handle {
        let named = Named::of(authority);
        let mut all = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let position = all.iter().position(|known| *known == named).unwrap_or_else(|| {
            all.push(named);
            all.len() - 1
        });
        Handle(u32::try_from(position).unwrap_or(u32::MAX))
    }

    /// Appends the request that gives a handle its meaning; `false` for a handle that was never given.
    pub(super) fn resolve(&self, handle: Handle, request: RequestId, out: &mut Vec<u8>) -> bool {
        let all = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let named = usize::try_from(handle.0).ok().and_then(|position| all.get(position));
        if let Some(named) = named {
            Resolve { handle, authority: named.as_ref() }.encode(request, out);
        }
        named.is_some()
    }
}
