//! The body of a request, capped.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body_util::Limited;
use hyper::body::{Frame, SizeHint};

/// Whether a body has come to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Received(Option<Arc<AtomicBool>>);

/// A body that notes its end.
struct Noted<B> {
    inner: Limited<B>,
    ended: Arc<AtomicBool>,
}

impl Received {
    pub(super) fn is_complete(&self) -> bool {
        self.0.as_ref().is_none_or(|ended| ended.load(Ordering::Acquire))
    }
}

/// A body of at most `most` octets, and whether it is there; `None` if it says beforehand that it is longer. One that
/// turns out to be fails with an error that the extractors of axum answer by 413.
pub(super) fn capped<B>(body: B, most: u64) -> Option<(Body, Received)>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Some((Body::empty(), Received::default()));
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    if body.size_hint().lower() > most {
        return None;
    }
    let ended = Arc::new(AtomicBool::new(false));
    let noted = Noted { inner: Limited::new(body, limit), ended: Arc::clone(&ended) };
    Some((Body::new(noted), Received(Some(ended))))
}

impl<B> HttpBody for Noted<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        // After an error the client is not waited for either.
        if !matches!(frame, Some(Ok(_))) || self.inner.is_end_stream() {
            self.ended.store(true, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
