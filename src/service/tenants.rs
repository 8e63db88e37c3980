//! Tokens: making them, and telling whose they are.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lru::LruCache;
use uuid::Uuid;

use crate::store::{NewToken, Store, StoreError, TenantId, TokenHash, TokenOwner};
use crate::types::UnixTime;

/// A token in clear. It is shown once; what is kept is its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

/// A token that was made.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// The token.
    pub secret: SecretToken,
}

/// Tells whose tokens are.
pub struct Authenticator {
    store: Store,
    memory: Duration,
    remembered: Mutex<LruCache<TokenHash, Remembered>>,
}

#[derive(Clone, Copy)]
struct Remembered {
    owner: TokenOwner,
    at: Instant,
}

/// What tokens begin with, so that people and scanners of source code recognize one.
const PREFIX: &str = "rvc_";
/// Random octets of a token.
const RANDOM: usize = 32;
/// The longest text that is looked at as a token.
const MAX_TOKEN: usize = 256;
/// Tokens that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// The use of a token is noted once in so many seconds.
const USE: i64 = 3600;

/// Makes a token of a tenant.
///
/// # Errors
/// [`StoreError`], also if the system gives no random numbers.
pub async fn issue_token(
    store: &Store,
    tenant: TenantId,
    name: &str,
    expires_at: Option<UnixTime>,
) -> Result<IssuedToken, StoreError> {
    let secret = SecretToken::random()?;
    let hash = TokenHash::of(&secret.0);
    let id = store.add_token(NewToken { tenant, name: name.to_owned(), hash, expires_at }).await?;
    Ok(IssuedToken { id, secret })
}

/// Makes a tenant and a token, if there is no tenant yet: what a first start offers.
///
/// # Errors
/// [`StoreError`].
pub async fn first_tenant(store: &Store) -> Result<Option<(String, IssuedToken)>, StoreError> {
    const NAME: &str = "default";
    if !store.tenants().await?.is_empty() {
        return Ok(None);
    }
    let tenant = match store.create_tenant(NAME).await {
        Ok(tenant) => tenant,
        // Another server started at the same time, and has printed its token.
        Err(StoreError::Constraint { .. }) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let token = issue_token(store, tenant.id, "first start", None).await?;
    Ok(Some((tenant.name, token)))
}

impl SecretToken {
    fn random() -> Result<Self, StoreError> {
        let mut octets = [0; RANDOM];
        getrandom::fill(&mut octets).map_err(|failure| StoreError::Unavailable {
            reason: format!("the system gives no random numbers: {failure}"),
        })?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(octets))))
    }

    /// The token in clear.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}

impl Authenticator {
    /// Over this database. What was looked up counts for `memory`.
    #[must_use]
    pub fn new(store: Store, memory: Duration) -> Self {
        Self { store, memory, remembered: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Whose a token is; `None` for one that is unknown, expired or revoked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authenticate(&self, token: &str) -> Result<Option<TenantId>, StoreError> {
        if token.len() > MAX_TOKEN {
            return Ok(None);
        }
        // By its hash: how long the search takes tells something about the hash, and nothing about the token.
        let hash = TokenHash::of(token);
        let Some(owner) = self.owner(hash).await? else { return Ok(None) };
        let now = self.store.now();
        if owner.is_revoked || owner.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Ok(None);
        }
        Ok(Some(owner.tenant))
    }

    async fn owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let remembered = self.lock().get(&hash).copied();
        if let Some(Remembered { owner, at }) = remembered
            && at.elapsed() < self.memory
        {
            return Ok(Some(owner));
        }
        let Some(owner) = self.store.token_owner(hash).await? else {
            self.lock().pop(&hash);
            return Ok(None);
        };
        self.lock().put(hash, Remembered { owner, at: Instant::now() });
        self.note_use(&owner);
        Ok(Some(owner))
    }

    /// Notes the hour a token is used in, without making anybody wait.
    fn note_use(&self, owner: &TokenOwner) {
        let now = self.store.now().seconds();
        let hour = UnixTime::from_seconds(now - now.rem_euclid(USE));
        if owner.last_used_at.is_none_or(|last| last < hour) {
            let (store, token) = (self.store.clone(), owner.token);
            tokio::spawn(async move {
                if let Err(failure) = store.note_token_use(token, hour).await {
                    tracing::debug!(%failure, "the use of a token could not be noted");
                }
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<TokenHash, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
