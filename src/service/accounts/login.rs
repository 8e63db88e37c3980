//! Logging in, and who is calling.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::password::{is_password, nobodys_hash};
use super::session::{Caller, Session, SessionId, Sessions};
use super::throttle::Throttle;
use super::{AccountName, PasswordCost, PasswordError, Role};
use crate::store::{Store, StoreError};
use crate::types::{Clock, Seconds, UnixTime};

/// How logging in works.
#[derive(Debug, Clone)]
pub struct AccountsSettings {
    /// Sessions at once, at most; past that the one that would end first ends. Default 1000.
    pub max_sessions: usize,
    /// Passwords checked at once, at most: each takes 19 MiB. Default 4.
    pub checks_at_once: usize,
    /// What a wrong name costs; that of a wrong password is in its hash.
    pub cost: PasswordCost,
}

impl Default for AccountsSettings {
    fn default() -> Self {
        Self { max_sessions: 1000, checks_at_once: 4, cost: PasswordCost::default() }
    }
}

/// Somebody who logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session; shown this once.
    pub session: SessionId,
    /// Who it is.
    pub caller: Caller,
}

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// No such account, or another password: which of the two is not told.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// Too many failures.
    #[error("too many failures; try again in {} s", .retry_after.0)]
    Throttled {
        /// How long to wait.
        retry_after: Seconds,
    },
    /// The accounts cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of this server failed.
    #[error("nobody can log in: {reason}")]
    Internal {
        /// What.
        reason: String,
    },
}

/// Why a session does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// There is none of this id, or it has ended.
    #[error("not logged in, or not any more")]
    None,
    /// The accounts cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The accounts of this server, and who is logged in. Cloning is cheap.
#[derive(Clone)]
pub struct Accounts(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: AccountsSettings,
    checks: Semaphore,
    nobody: String,
    sessions: Mutex<Sessions>,
    throttle: Mutex<Throttle>,
}

impl Accounts {
    /// The accounts in this store.
    ///
    /// # Errors
    /// [`PasswordError::Hash`] if the library does not hash.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        settings: AccountsSettings,
    ) -> Result<Self, PasswordError> {
        let nobody = nobodys_hash(settings.cost)?;
        Ok(Self(Arc::new(Parts {
            store,
            clock,
            checks: Semaphore::new(settings.checks_at_once.max(1)),
            settings,
            nobody,
            sessions: Mutex::default(),
            throttle: Mutex::new(Throttle::new()),
        })))
    }

    /// Logs in. The session ends when it was not used for `idle`.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(
        &self,
        name: &str,
        password: Zeroizing<String>,
        peer: Option<IpAddr>,
        idle: Seconds,
    ) -> Result<LoggedIn, LoginError> {
        let parts = &self.0;
        // What cannot be a name is a wrong one, and takes its time as the others do.
        let parsed: Option<AccountName> = name.parse().ok();
        let counted = match &parsed {
            Some(name) => name.clone(),
            None => "?".parse().map_err(|_| LoginError::Wrong)?,
        };
        self.not_throttled(&counted, peer)?;
        let account = match &parsed {
            Some(name) => parts.store.account_named(name.as_str()).await?,
            None => None,
        };
        let internal = |reason: &dyn fmt::Display| LoginError::Internal { reason: reason.to_string() };
        let _check = parts.checks.acquire().await.map_err(|error| internal(&error))?;
        // Again, because others of this caller may have failed while it waited for its turn.
        self.not_throttled(&counted, peer)?;
        let hash = account.as_ref().map_or(&parts.nobody, |account| &account.password).clone();
        let is_right = tokio::task::spawn_blocking(move || is_password(&password, &hash))
            .await
            .map_err(|error| internal(&error))?;
        let now = parts.clock.now();
        let role = account.as_ref().and_then(|account| Role::of_code(account.role));
        let (Some(account), Some(name), Some(role), true) = (account, parsed, role, is_right) else {
            self.throttle().failed(&counted, peer, now);
            return Err(LoginError::Wrong);
        };
        self.throttle().succeeded(&name, peer);
        let session = SessionId::random().ok_or_else(|| internal(&"the system gives no random octets"))?;
        let kept = Session {
            account: account.id,
            name: name.clone(),
            version: account.version,
            idle,
            ends: now.plus(idle),
        };
        self.sessions().add(&session, kept, now, parts.settings.max_sessions);
        Ok(LoggedIn { session, caller: Caller { name, role } })
    }

    /// Who is calling with this session, whose time begins anew.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn caller(&self, session: &str) -> Result<Caller, SessionError> {
        let kept = self.sessions().touch(session, self.now()).ok_or(SessionError::None)?;
        let account = self.0.store.account_named(kept.name.as_str()).await?;
        let still = account.filter(|account| account.id == kept.account && account.version == kept.version);
        match still.and_then(|account| Role::of_code(account.role)) {
            Some(role) => Ok(Caller { name: kept.name, role }),
            None => {
                self.sessions().remove(session);
                Err(SessionError::None)
            }
        }
    }

    /// Ends a session.
    pub fn log_out(&self, session: &str) {
        self.sessions().remove(session);
    }

    fn not_throttled(&self, name: &AccountName, peer: Option<IpAddr>) -> Result<(), LoginError> {
        match self.throttle().wait(name, peer, self.now()) {
            Some(retry_after) => Err(LoginError::Throttled { retry_after }),
            None => Ok(()),
        }
    }

    fn now(&self) -> UnixTime {
        self.0.clock.now()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}
