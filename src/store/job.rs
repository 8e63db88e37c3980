//! Operations on their way to a connection and back.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::connection::{Connection, Running};
use super::error::StoreError;

/// How much an operation can leave behind when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// One statement, which is done or not.
    Statement,
    /// Several, which are undone together.
    Operation,
}

/// An operation that waits for a thread of the database.
pub(super) trait Job: Send {
    /// Whether it has to be undone when it fails.
    fn scope(&self) -> Scope;

    /// Runs it, and keeps what it found.
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError>;

    /// Tells whoever asked: what it found, or that it is not to count.
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

/// An operation with its arguments.
pub(super) struct Operation<A, T, F> {
    arguments: A,
    operation: F,
    found: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<A, T, F> Operation<A, T, F> {
    pub(super) fn new(arguments: A, operation: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (answer, answered) = oneshot::channel();
        (Self { arguments, operation, found: None, answer }, answered)
    }
}

impl<A, T, F> Job for Operation<A, T, F>
where
    A: Send,
    T: Send,
    F: for<'c> Fn(&'c mut Connection, &'c A) -> Running<'c, T> + Send,
{
    fn scope(&self) -> Scope {
        Scope::Operation
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        self.found = Some(at_once((self.operation)(connection, &self.arguments))?);
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { found, answer, .. } = *self;
        // Who no longer waits is not told.
        let _ = answer.send(done.and_then(|()| found.ok_or(StoreError::Ended)));
    }
}

/// Runs a job; one that panics fails, and takes nobody else with it.
pub(super) fn run_guarded(job: &mut dyn Job, connection: &mut Connection) -> Result<(), StoreError> {
    catch_unwind(AssertUnwindSafe(|| job.run(connection))).unwrap_or(Err(StoreError::Ended))
}

/// The outcome of a future that waits for nothing, as those of a SQLite connection do.
pub(super) fn at_once<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        // It waited for something else, and nobody will wake it here.
        Poll::Pending => Err(StoreError::Ended),
    }
}
