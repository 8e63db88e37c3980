//! The threads that read.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::super::connection::Connection;
use super::super::error::StoreError;
use super::super::job::{Job, at_once, run_guarded};

/// Starts a thread for each connection; they end with the channel.
pub(super) fn start(connections: Vec<Connection>, jobs: Receiver<Box<dyn Job>>) -> Result<(), StoreError> {
    let jobs = Arc::new(Mutex::new(jobs));
    for (number, connection) in connections.into_iter().enumerate() {
        let jobs = Arc::clone(&jobs);
        thread::Builder::new()
            .name(format!("store-read-{number}"))
            .spawn(move || run(connection, &jobs))
            .map_err(|failure| StoreError::Unavailable { reason: failure.to_string() })?;
    }
    Ok(())
}

fn run(mut connection: Connection, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
    loop {
        // One thread waits for the next job, the others for their turn to wait.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        // One transaction, so that all statements of an operation see the same state.
        let done = at_once(connection.execute("BEGIN", &[]))
            .and_then(|_| run_guarded(job.as_mut(), &mut connection))
            .and_then(|()| at_once(connection.execute("COMMIT", &[])).map(drop));
        if done.is_err() {
            // Not begun, or ended already: then there is nothing to undo.
            let _ = at_once(connection.execute("ROLLBACK", &[]));
        }
        job.answer(done);
    }
}
