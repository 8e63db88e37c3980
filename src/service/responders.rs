//! What the service needs of whoever asks responders.

use std::future::Future;
use std::pin::Pin;

use crate::live::{Live, LiveAnswer, LiveError, LiveQuestion, Upstream};
use crate::types::Clock;

/// Asks OCSP responders.
pub trait Responders: Send + Sync {
    /// An answer that is still good from an earlier question, without waiting.
    fn remembered(&self, question: &LiveQuestion) -> Option<LiveAnswer>;

    /// Asks, within the time that was set for it.
    fn ask<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>>;

    /// As [`Responders::ask`], whatever is remembered.
    fn ask_anew<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>>;
}

impl<U: Upstream, C: Clock + 'static> Responders for Live<U, C> {
    fn remembered(&self, question: &LiveQuestion) -> Option<LiveAnswer> {
        self.cached(question)
    }

    fn ask<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>> {
        Box::pin(Live::ask(self, question))
    }

    fn ask_anew<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>> {
        Box::pin(Live::ask_anew(self, question))
    }
}
