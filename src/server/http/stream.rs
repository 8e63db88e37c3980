//! A connection that is given up when its client does not go on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use super::numbers::{Ended, HttpNumbers};

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the first request, and for the head of each.
    pub(super) head: Duration,
    /// Between two octets while nothing is worked on.
    pub(super) idle: Duration,
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] when its client takes too long.
///
/// One timer serves all that is waited for. It goes off at least every [`Patience::head`] and is then set anew, so that
/// a request costs no timer.
#[derive(Debug)]
pub(super) struct PatientStream<S> {
    stream: S,
    activity: Arc<Activity>,
    numbers: Arc<HttpNumbers>,
    patience: Patience,
    timer: Pin<Box<Sleep>>,
    opened: Instant,
    /// When an octet moved last.
    moved: Instant,
    /// When the first octet of a head came, and how many requests there were then.
    head: Option<(Instant, usize)>,
}

impl<S> PatientStream<S> {
    pub(super) fn new(
        stream: S,
        activity: Arc<Activity>,
        numbers: Arc<HttpNumbers>,
        patience: Patience,
    ) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + patience.head.min(patience.idle)));
        Self { stream, activity, numbers, patience, timer, opened: now, moved: now, head: None }
    }

    /// When it is given up as things are, and why.
    fn deadline(&self) -> Option<(Instant, Ended)> {
        if self.activity.is_working() {
            return None;
        }
        let begun = self.activity.begun();
        if begun == 0 {
            return Some((self.opened + self.patience.head, Ended::SlowHead));
        }
        match self.head {
            Some((since, before)) if before == begun && !self.activity.is_multiplexed() => {
                Some((since + self.patience.head, Ended::SlowHead))
            }
            _ => Some((self.moved + self.patience.idle, Ended::Idle)),
        }
    }

    /// Ready when it has been waited for too long.
    fn poll_given_up(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            let deadline = self.deadline();
            if let Some((_, why)) = deadline.filter(|(at, _)| *at <= now) {
                self.numbers.end(why);
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            let look = now + self.patience.head.min(self.patience.idle);
            self.timer.as_mut().reset(deadline.map_or(look, |(at, _)| at.min(look)));
        }
    }

    fn moved(&mut self) {
        self.moved = Instant::now();
    }

    /// What a transfer that waits comes to: an error, if it has waited too long.
    fn or_given_up<T>(
        &mut self,
        context: &mut Context<'_>,
        transfer: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if transfer.is_ready() {
            self.moved();
            return transfer;
        }
        self.poll_given_up(context).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = self.or_given_up(context, read);
        if buffer.filled().len() > before && !self.activity.is_working() {
            let begun = self.activity.begun();
            if self.head.is_none_or(|(_, before)| before != begun) {
                self.head = Some((self.moved, begun));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.or_given_up(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.or_given_up(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Version;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    fn pair() -> (DuplexStream, PatientStream<DuplexStream>, Arc<Activity>) {
        let (client, server) = duplex(1024);
        let activity = Arc::new(Activity::default());
        let stream = PatientStream::new(server, Arc::clone(&activity), Arc::default(), PATIENCE);
        (client, stream, activity)
    }

    async fn read_all(stream: &mut PatientStream<DuplexStream>) -> (Duration, io::ErrorKind) {
        let started = Instant::now();
        loop {
            match stream.read_u8().await {
                Ok(_) => {}
                Err(error) => return (started.elapsed(), error.kind()),
            }
        }
    }

    /// An octet every second, for ever.
    fn drip(mut client: DuplexStream) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_given_up() {
        let (_client, mut stream, _) = pair();
        assert_eq!(read_all(&mut stream).await, (PATIENCE.head, io::ErrorKind::TimedOut));
        let (client, mut stream, _) = pair();
        drip(client);
        assert_eq!(read_all(&mut stream).await, (PATIENCE.head, io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_request_it_may_idle_but_the_next_head_may_not_drip() {
        let (_client, mut stream, activity) = pair();
        drop(activity.begin(Version::HTTP_11));
        assert_eq!(read_all(&mut stream).await, (PATIENCE.idle, io::ErrorKind::TimedOut));
        let (client, mut stream, activity) = pair();
        drop(activity.begin(Version::HTTP_11));
        drip(client);
        assert_eq!(read_all(&mut stream).await, (PATIENCE.head, io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_worked_on_takes_its_time_and_other_frames_are_no_heads() {
        let (client, mut stream, activity) = pair();
        let working = activity.begin(Version::HTTP_11);
        let minutes = Duration::from_secs(600);
        assert!(tokio::time::timeout(minutes, read_all(&mut stream)).await.is_err());
        drop(working);
        let (took, _) = read_all(&mut stream).await;
        assert!(took <= PATIENCE.head, "idle for longer than that already: {took:?}");
        drop(client);

        let (client, mut stream, activity) = pair();
        drop(activity.begin(Version::HTTP_2));
        drip(client);
        assert!(tokio::time::timeout(minutes, read_all(&mut stream)).await.is_err());
    }
}
