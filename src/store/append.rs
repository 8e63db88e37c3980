//! The check that is made most: one row for a certificate that is stored.

use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::connection::Connection;
use super::error::StoreError;
use super::handle::{Engine, Store};
use super::ids::Ids;
use super::job::{Job, Scope, at_once};
use super::tenants::TenantId;
use super::verify::{CheckFacts, insert_check};

/// A check to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCheck {
    /// Whose it is.
    pub tenant: TenantId,
    /// The certificate.
    pub certificate: Uuid,
    /// What was found.
    pub facts: CheckFacts,
}

impl Store {
    /// Keeps a check and tells its id once it is on disk; `None` if the certificate is not there (any more). Many at the
    /// same time share a commit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_check(&self, check: NewCheck) -> Result<Option<Uuid>, StoreError> {
        match self.engine() {
            Engine::Sqlite(sqlite) => {
                let (answer, answered) = oneshot::channel();
                sqlite.write(Box::new(Append { check, ids: self.ids(), kept: None, answer }))?;
                answered.await.unwrap_or(Err(StoreError::Ended))
            }
            Engine::Postgres(postgres) => postgres.append(check).await,
        }
    }
}

struct Append {
    check: NewCheck,
    ids: Arc<Ids>,
    kept: Option<Uuid>,
    answer: oneshot::Sender<Result<Option<Uuid>, StoreError>>,
}

impl Job for Append {
    fn scope(&self) -> Scope {
        Scope::Statement
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        let NewCheck { tenant, certificate, facts } = &self.check;
        // Here, so that ids rise with the numbers of a history.
        let id = self.ids.next();
        let is_kept = at_once(insert_check(connection, *certificate, id, *tenant, facts))?;
        self.kept = is_kept.then_some(id);
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { kept, answer, .. } = *self;
        let _ = answer.send(done.map(|()| kept));
    }
}
