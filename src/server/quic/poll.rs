//! Looking whether a future is ready without waiting for it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// The result of a future that is ready, `None` for one that is not. The task is woken when it is.
pub(super) async fn ready<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
