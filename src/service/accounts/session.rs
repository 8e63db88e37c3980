//! Sessions: in memory, as long as they are used.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::rand;
use uuid::Uuid;

use super::{AccountName, Role};
use crate::pki::sha256;
use crate::types::{Seconds, UnixTime};

/// Octets of an id.
const OCTETS: usize = 16;

/// The id of a session: 128 random bits as 32 upper-case hexadecimal digits. Shown once, and kept as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(String);

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub name: AccountName,
    /// What it may do.
    pub role: Role,
}

impl SessionId {
    pub(super) fn random() -> Option<Self> {
        let mut octets = [0; OCTETS];
        rand::fill(&mut octets).ok()?;
        Some(Self(crate::types::to_hex(&octets).to_uppercase()))
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// What is kept of a session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) account: Uuid,
    pub(super) name: AccountName,
    /// The password it was made with.
    pub(super) version: i64,
    pub(super) idle: Seconds,
    pub(super) ends: UnixTime,
}

/// The sessions, by the hashes of their ids: who sees the memory cannot use them, and looking one up tells nothing by the
/// time it takes.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<[u8; 32], Session>);

impl Sessions {
    /// Adds a session. Past `limit` the one that would end first makes room.
    pub(super) fn add(&mut self, id: &SessionId, session: Session, now: UnixTime, limit: usize) {
        if self.0.len() >= limit {
            self.0.retain(|_, session| session.ends > now);
        }
        while self.0.len() >= limit.max(1) {
            let first = self.0.iter().min_by_key(|(_, session)| session.ends).map(|(key, _)| *key);
            match first {
                Some(key) => self.0.remove(&key),
                None => break,
            };
        }
        self.0.insert(key(id.as_str()), session);
    }

    /// Finds a session that has not ended, and lets its time begin anew.
    pub(super) fn touch(&mut self, id: &str, now: UnixTime) -> Option<Session> {
        let key = key(id);
        let session = self.0.get_mut(&key)?;
        if session.ends <= now {
            self.0.remove(&key);
            return None;
        }
        session.ends = now.plus(session.idle);
        Some(session.clone())
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.0.remove(&key(id));
    }
}

fn key(id: &str) -> [u8; 32] {
    sha256(id.as_bytes())
}
