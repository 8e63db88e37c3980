//! A handle with a runtime of its own.
//!
//! *Threads.* The runtime has one thread, which waits for the network on behalf of all who ask. It is started with the
//! handle and ends with it; whoever asks waits on its own thread.
//!
//! *Fork.* A child has the memory of the handle and not its thread, so that an answer would never come. The handle knows
//! its process, refuses to be used in another, and when it is freed there, it leaves everything where it is: what the
//! parent shares with the child, such as the socket, is the parent's.

use std::future::Future;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::failure::{Failed, Failure};

/// How long a value may take to leave.
const GOODBYE: Duration = Duration::from_millis(100);
/// How long the end of a handle waits for its thread after that.
const END: Duration = Duration::from_secs(1);

/// Leaves signals to the threads of the host.
fn block_signals() {
    let mut all = MaybeUninit::uninit();
    // SAFETY: it fills the set, which is a variable of ours.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled above; where the old one goes may be NULL.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut()) };
}

/// What has something to do in its runtime before that ends.
pub(super) trait Guest {
    /// Does it.
    fn leave(self) -> impl Future<Output = ()>;
}

/// A value and the runtime it lives in.
pub(super) struct Hosted<T: Guest> {
    value: ManuallyDrop<T>,
    runtime: ManuallyDrop<Runtime>,
    process: u32,
}

impl<T: Guest> Hosted<T> {
    /// Starts a runtime and makes the value in it.
    pub(super) fn start(make: impl Future<Output = Result<T, Failed>>) -> Result<Self, Failed> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("revocache").on_thread_start(block_signals).enable_all();
        let runtime = builder.build();
        let runtime =
            runtime.map_err(|source| Failure::Io { action: "start a thread for the network", source })?;
        match runtime.block_on(make) {
            Ok(value) => Ok(Self {
                value: ManuallyDrop::new(value),
                runtime: ManuallyDrop::new(runtime),
                process: std::process::id(),
            }),
            Err(failure) => {
                runtime.shutdown_timeout(END);
                Err(failure)
            }
        }
    }

    /// Waits for what is asked of the value, for no longer than `limit`.
    pub(super) fn wait<'h, F, O>(
        &'h self,
        limit: Option<Duration>,
        ask: impl FnOnce(&'h T) -> F,
    ) -> Result<O, Failed>
    where
        F: Future<Output = Result<O, Failed>>,
    {
        self.check_process()?;
        let asked = ask(&self.value);
        self.runtime.block_on(async {
            match limit {
                None => asked.await,
                Some(limit) => {
                    timeout(limit, asked).await.unwrap_or_else(|_| Err(Failure::Deadline { limit }.into()))
                }
            }
        })
    }

    fn check_process(&self) -> Result<(), Failed> {
        let found = std::process::id();
        if found == self.process {
            Ok(())
        } else {
            Err(Failure::WrongProcess { made_in: self.process, found }.into())
        }
    }
}

impl<T: Guest> Drop for Hosted<T> {
    fn drop(&mut self) {
        if self.check_process().is_err() {
            return;
        }
        // SAFETY: this is the end of `self`, and nothing below looks at it again.
        let runtime = unsafe { ManuallyDrop::take(&mut self.runtime) };
        // SAFETY: as above.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        // What does not get done in this time is the end of the connection, which the server's idle timeout is as well.
        let _ = runtime.block_on(async { timeout(GOODBYE, value.leave()).await });
        runtime.shutdown_timeout(END);
    }
}
