//! The thread that writes.

use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::super::connection::{Connection, Link};
use super::super::counts;
use super::super::error::StoreError;
use super::super::job::{Job, Scope, at_once, run_guarded};
use super::super::settings::StoreSettings;

/// The writer's state between groups.
struct Writer {
    connection: Connection,
    /// Operations that one commit may hold.
    max_group: usize,
    lock_wait: Duration,
}

/// An operation of a group, and what came of it by itself.
type Ran = (Box<dyn Job>, Result<(), StoreError>);

/// Starts the thread, which ends with the channel.
pub(super) fn start(
    connection: Connection,
    jobs: Receiver<Box<dyn Job>>,
    settings: &StoreSettings,
) -> Result<(), StoreError> {
    let mut writer =
        Writer { connection, max_group: settings.max_group.max(1), lock_wait: settings.lock_wait };
    let run = move || {
        let mut group = Vec::with_capacity(writer.max_group);
        while let Ok(first) = jobs.recv() {
            writer.write_group(first, &jobs, &mut group);
        }
    };
    thread::Builder::new()
        .name("store-write".to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|failure| StoreError::Unavailable { reason: failure.to_string() })
}

impl Writer {
    /// Runs an operation, and those that wait meanwhile, in one transaction, and answers all once it is on disk.
    fn write_group(&mut self, first: Box<dyn Job>, waiting: &Receiver<Box<dyn Job>>, group: &mut Vec<Ran>) {
        self.connection.tally.clear();
        // Another process may have written in between.
        self.connection.tails.clear();
        if let Err(failure) = self.statement("BEGIN IMMEDIATE") {
            // Whoever waits would meet the same, one after another, each after the whole wait.
            first.answer(Err(failure.clone()));
            waiting.try_iter().take(self.max_group).for_each(|job| job.answer(Err(failure.clone())));
            return;
        }
        let mut next = Some(first);
        while let Some(mut job) = next {
            let done = self.run(job.as_mut());
            let is_lost = done.is_err() && self.is_ended();
            group.push((job, done));
            if is_lost {
                // Some failures (a full disk) end the transaction, and what ran before in it is gone as well.
                let failure = group.last().and_then(|(_, done)| done.clone().err());
                return self.answer(group, failure.as_ref());
            }
            next = if group.len() < self.max_group { waiting.try_recv().ok() } else { None };
        }
        let counted = at_once(counts::flush(&mut self.connection, 0));
        let failure = counted.and_then(|()| self.statement("COMMIT")).err();
        self.answer(group, failure.as_ref());
    }

    fn run(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        if job.scope() == Scope::Statement {
            return run_guarded(job, &mut self.connection);
        }
        // What single checks know of histories: an operation may remove some, and what it knows may be undone.
        self.connection.tails.clear();
        self.statement("SAVEPOINT operation")?;
        let counted = self.connection.tally.mark();
        let done = run_guarded(job, &mut self.connection);
        self.connection.tails.clear();
        if done.is_err() && !self.is_ended() {
            self.connection.tally.undo(counted);
            self.statement("ROLLBACK TO operation")?;
        }
        if !self.is_ended() {
            self.statement("RELEASE operation")?;
        }
        done
    }

    /// Tells everybody: what came of the operation, unless the transaction as a whole failed.
    fn answer(&mut self, group: &mut Vec<Ran>, failure: Option<&StoreError>) {
        if failure.is_some() && !self.is_ended() {
            let _ = self.statement("ROLLBACK");
        }
        for (job, done) in group.drain(..) {
            job.answer(match failure {
                Some(failure) => Err(failure.clone()),
                None => done,
            });
        }
    }

    fn statement(&mut self, sql: &str) -> Result<(), StoreError> {
        at_once(self.connection.execute(sql, &[])).map(drop).map_err(|failure| match failure {
            StoreError::Locked { .. } => StoreError::Locked { waited: self.lock_wait },
            other => other,
        })
    }

    /// Whether the transaction is over.
    fn is_ended(&self) -> bool {
        match &self.connection.link {
            Link::Sqlite(raw) => raw.is_autocommit(),
            Link::Postgres(_) => false,
        }
    }
}
