//! The body of a request, capped.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body_util::Limited;
use hyper::body::{Frame, SizeHint};

/// Whether a body is waited for.
#[derive(Debug, Clone, Default)]
pub(super) struct Awaited(Option<Arc<AtomicBool>>);

/// A body that notes whether it is waited for.
struct Noted<B> {
    inner: Limited<B>,
    awaited: Arc<AtomicBool>,
}

impl Awaited {
    /// Whether there may be a body to wait for.
    pub(super) fn may_be(&self) -> bool {
        self.0.is_some()
    }

    /// Whether somebody wants more of it than there is. Nobody does before reading it, or after its end.
    pub(super) fn is(&self) -> bool {
        self.0.as_ref().is_some_and(|awaited| awaited.load(Ordering::Relaxed))
    }
}

/// A body of at most `most` octets, and whether it is waited for; `None` if it says beforehand that it is longer. One that
/// turns out to be fails with an error that the extractors of axum answer by 413.
pub(super) fn capped<B>(body: B, most: u64) -> Option<(Body, Awaited)>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Some((Body::empty(), Awaited::default()));
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    if body.size_hint().lower() > most {
        return None;
    }
    let awaited = Arc::new(AtomicBool::new(false));
    let noted = Noted { inner: Limited::new(body, limit), awaited: Arc::clone(&awaited) };
    Some((Body::new(noted), Awaited(Some(awaited))))
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
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        self.awaited.store(frame.is_pending(), Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
