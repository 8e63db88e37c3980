//! PostgreSQL, for those who outgrow one machine.
//!
//! A write is a serializable transaction, so that operations may be written as if nobody else wrote, as with SQLite;
//! one that meets another is run again. Nothing here needs a session: statements are not prepared by name, nothing is
//! set, listened to or locked beyond a transaction. So poolers and distributed engines that speak the protocol do.

mod checks;
mod error;
mod tls;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Config;
use uuid::Uuid;

use self::checks::Waiting;
pub(super) use self::error::error;
use super::append::NewCheck;
use super::connection::{Connection, Link, Running};
use super::counts;
use super::error::StoreError;
use super::ids::Ids;
use super::migrate;
use super::settings::StoreSettings;

/// How often a write is run again because of others.
const ATTEMPTS: u32 = 12;
/// How often one of them may be that a key is taken: mostly that is so for good.
const REFUSALS: u32 = 2;
/// The wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(2);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// One database.
pub(super) struct Postgres {
    pooled: Arc<Pooled>,
    checks: mpsc::Sender<Waiting>,
    queue: usize,
}

/// Connections to it.
struct Pooled {
    pool: Pool,
    lock_wait: Duration,
    pool_size: usize,
    shards: Mutex<Vec<i64>>,
}

/// A number that no other transaction of this process has at the same time.
struct Shard<'p> {
    number: i64,
    free: &'p Mutex<Vec<i64>>,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub(super) async fn open(
        url: &str,
        settings: &StoreSettings,
        ids: &Arc<Ids>,
    ) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|_| StoreError::Url { reason: "it is not one of PostgreSQL".to_owned() })?;
        config.application_name("revocache").connect_timeout(settings.connect_timeout);
        let tls = tls::Tls::new(&settings.extra_roots)?;
        let manager =
            Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool_size = settings.pool.max(2);
        let pool = Pool::builder(manager)
            .max_size(pool_size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(settings.lock_wait))
            .create_timeout(Some(settings.connect_timeout))
            .build()
            .map_err(|failure| StoreError::Unavailable { reason: failure.to_string() })?;
        let shards = (0..i64::try_from(pool_size).unwrap_or(i64::MAX)).rev().collect();
        let pooled =
            Arc::new(Pooled { pool, lock_wait: settings.lock_wait, pool_size, shards: Mutex::new(shards) });
        let (checks, waiting) = mpsc::channel(settings.queue);
        let postgres = Self { pooled: Arc::clone(&pooled), checks, queue: settings.queue };
        postgres.migrate(settings.schema).await?;
        tokio::spawn(checks::run(pooled, Arc::clone(ids), waiting, settings.max_group.max(1)));
        Ok(postgres)
    }

    /// Runs an operation that reads. Each statement sees what is committed when it begins.
    pub(super) async fn read<A, T, F>(&self, arguments: &A, operation: &F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T>,
    {
        let mut connection = self.pooled.connection().await?;
        operation(&mut connection, arguments).await
    }

    /// Runs an operation in a transaction, again and again while others get in its way. Not to be cancelled: a
    /// transaction would stay open.
    pub(super) async fn write<A, T, F>(&self, arguments: &A, operation: &F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T>,
    {
        let mut wait = FIRST_WAIT;
        let mut refusals = 0;
        for _ in 1..ATTEMPTS {
            match self.attempt(arguments, operation).await {
                Err(StoreError::Conflict { .. }) => {}
                // A row of the same key may have come in between: then the operation sees it now.
                Err(StoreError::Constraint { .. }) if refusals < REFUSALS => refusals += 1,
                done => return done,
            }
            pause(&mut wait).await;
        }
        self.attempt(arguments, operation).await.map_err(|failure| match failure {
            StoreError::Conflict { .. } => StoreError::Conflict { attempts: ATTEMPTS },
            other => other,
        })
    }

    /// Keeps a check together with those that come at the same time.
    pub(super) async fn append(&self, check: NewCheck) -> Result<Option<Uuid>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.checks.try_send(Waiting { check, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded { limit: self.queue },
            mpsc::error::TrySendError::Closed(_) => StoreError::Ended,
        })?;
        answered.await.unwrap_or(Err(StoreError::Ended))
    }

    async fn attempt<A, T, F>(&self, arguments: &A, operation: &F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T>,
    {
        let mut connection = self.pooled.connection().await?;
        let shard = self.pooled.shard();
        connection.script("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
        let mut done = operation(&mut connection, arguments).await;
        if done.is_ok()
            && let Err(failure) = counts::flush(&mut connection, shard.number).await
        {
            done = Err(failure);
        }
        end(connection, done).await
    }

    async fn migrate(&self, up_to: Option<u32>) -> Result<(), StoreError> {
        self.write(&(), &prepare).await?;
        while self.write(&up_to, &step).await? {}
        Ok(())
    }
}

impl Pooled {
    async fn connection(&self) -> Result<Connection, StoreError> {
        let object = self.pool.get().await.map_err(|failure| self.refused(&failure))?;
        Ok(Connection::new(Link::Postgres(object)))
    }

    fn shard(&self) -> Shard<'_> {
        let free = self.shards.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Shard { number: free.unwrap_or(0), free: &self.shards }
    }

    fn refused(&self, failure: &PoolError) -> StoreError {
        match failure {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                StoreError::Overloaded { limit: self.pool_size }
            }
            PoolError::Timeout(_) => {
                let reason = format!("no connection within {} ms", self.lock_wait.as_millis());
                StoreError::Unavailable { reason }
            }
            PoolError::Backend(failure) => match error(failure) {
                StoreError::Statement { reason } => StoreError::Unavailable { reason },
                other => other,
            },
            other => StoreError::Unavailable { reason: other.to_string() },
        }
    }
}

impl Drop for Shard<'_> {
    fn drop(&mut self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}

/// Waits before another attempt, each time longer. Half of it is chance, so that the same two do not meet again.
async fn pause(wait: &mut Duration) {
    let chance = getrandom::u32().unwrap_or(u32::MAX / 2);
    tokio::time::sleep(wait.mul_f64(0.5 + 0.5 * f64::from(chance) / f64::from(u32::MAX))).await;
    *wait = (*wait * 2).min(LONGEST_WAIT);
}

fn prepare<'c>(connection: &'c mut Connection, (): &'c ()) -> Running<'c, ()> {
    Box::pin(migrate::prepare(connection))
}

fn step<'c>(connection: &'c mut Connection, up_to: &'c Option<u32>) -> Running<'c, bool> {
    Box::pin(migrate::step(connection, *up_to))
}

/// Commits what is done, or undoes what failed.
async fn end<T>(mut connection: Connection, done: Result<T, StoreError>) -> Result<T, StoreError> {
    let done = match done {
        Ok(found) => connection.script("COMMIT").await.map(|()| found),
        Err(failure) => Err(failure),
    };
    if done.is_err() && connection.script("ROLLBACK").await.is_err() {
        // Whoever gets the connection next must not be inside of this transaction.
        if let Link::Postgres(object) = connection.link {
            drop(Object::take(object));
        }
    }
    done
}
