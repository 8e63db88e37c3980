//! Digesting the signed part, on a second thread where the list is large enough to be worth one.
//!
//! SHA-256 takes about as long as reading and parsing together, and depends on nothing but the octets.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use aws_lc_rs::digest::{Algorithm, Context, Digest};

/// Pieces under way between the threads; bounds the memory to so many buffers of the window.
const PIECES: usize = 4;

/// A digest in the making.
pub(super) enum Digester {
    Here(Context),
    Beside(Worker),
}

/// The thread, and the buffers that go to it and come back.
pub(super) struct Worker {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<Digest>,
}

impl Digester {
    /// Digests on the thread of the caller.
    pub(super) fn here(algorithm: &'static Algorithm) -> Self {
        Self::Here(Context::new(algorithm))
    }

    /// Digests on a thread of its own, or here if the system does not give one.
    pub(super) fn beside(algorithm: &'static Algorithm) -> Self {
        let (full, pieces) = sync_channel::<Vec<u8>>(PIECES);
        let (give_back, empty): (Sender<Vec<u8>>, _) = channel();
        let work = move || {
            let mut context = Context::new(algorithm);
            for piece in pieces {
                context.update(&piece);
                // Nobody takes it back once the list has been read.
                let _ = give_back.send(piece);
            }
            context.finish()
        };
        match thread::Builder::new().name("crl-digest".to_owned()).spawn(work) {
            Ok(thread) => Self::Beside(Worker { full, empty, thread }),
            Err(_) => Self::here(algorithm),
        }
    }

    /// Goes on with these octets.
    ///
    /// # Errors
    /// If the thread has died.
    pub(super) fn update(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Here(context) => context.update(octets),
            Self::Beside(worker) => {
                let mut piece = worker.empty.try_recv().unwrap_or_default();
                piece.clear();
                piece.extend_from_slice(octets);
                worker.full.send(piece).map_err(|_| died())?;
            }
        }
        Ok(())
    }

    /// The digest of everything.
    ///
    /// # Errors
    /// If the thread has died.
    pub(super) fn finish(self) -> io::Result<Digest> {
        match self {
            Self::Here(context) => Ok(context.finish()),
            Self::Beside(Worker { full, thread, .. }) => {
                // The thread ends when no more pieces can come.
                drop(full);
                thread.join().map_err(|_| died())
            }
        }
    }
}

fn died() -> io::Error {
    io::Error::other("the digesting thread died")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, SHA384, digest};

    #[test]
    fn here_and_beside_agree() {
        let octets: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        for algorithm in [&SHA256, &SHA384] {
            for mut digester in [Digester::here(algorithm), Digester::beside(algorithm)] {
                for piece in octets.chunks(77_777) {
                    digester.update(piece).unwrap();
                }
                assert_eq!(digester.finish().unwrap().as_ref(), digest(algorithm, &octets).as_ref());
            }
        }
    }

    #[test]
    fn a_digest_that_nobody_wants_any_more_ends_its_thread() {
        let mut digester = Digester::beside(&SHA256);
        digester.update(b"begun").unwrap();
        drop(digester);
    }
}
