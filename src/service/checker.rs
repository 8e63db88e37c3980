//! Answering questions.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::issuer::issuer_certificate;
use super::method::MethodPolicy;
use super::outcome::Outcome;
use super::question::{Options, Question};
use super::responders::Responders;
use super::settings::{CheckSettings, Exceptions, Issuers};
use crate::index::{AuthorityId, IndexError};
use crate::live::{Issuer, LiveAnswer, LiveError, LiveQuestion, ResponderUrls};
use crate::ocsp::CertStatus;
use crate::policy::{check_certificate, check_serial, resolve_certificate, resolve_issuer};
use crate::publish::{IndexReader, Snapshot};
use crate::types::{Cause, Clock, Method, Status, Verdict};

/// Answers questions from an index, and from responders where policy says so. To be shared by any number of threads.
pub struct Checker {
    reader: Arc<IndexReader>,
    clock: Arc<dyn Clock>,
    responders: Option<Arc<dyn Responders>>,
    settings: ArcSwap<CheckSettings>,
    serving: ArcSwap<Serving>,
}

/// One generation, with the settings as it numbers authorities.
struct Serving {
    index: Snapshot,
    exceptions: Exceptions,
}

/// Where a question stands once the index was asked.
pub enum Step {
    /// It is answered.
    Done(Outcome),
    /// A responder has to be asked.
    Ask(Pending),
}

/// A question that waits for a responder; [`Checker::finish`] asks it.
pub struct Pending {
    question: LiveQuestion,
    crl_cause: Option<Cause>,
    generation: u64,
}

impl Checker {
    /// A checker over the index that `reader` follows. Without responders every question is answered from CRLs.
    #[must_use]
    pub fn new(
        reader: Arc<IndexReader>,
        clock: Arc<dyn Clock>,
        settings: CheckSettings,
        responders: Option<Arc<dyn Responders>>,
    ) -> Self {
        let index = reader.current();
        let exceptions = Exceptions::resolve(&settings, &index);
        Self {
            reader,
            clock,
            responders,
            settings: ArcSwap::from_pointee(settings),
            serving: ArcSwap::from_pointee(Serving { index, exceptions }),
        }
    }

    /// Replaces the settings for all questions from now on.
    pub fn set_settings(&self, settings: CheckSettings) {
        let index = self.reader.current();
        let exceptions = Exceptions::resolve(&settings, &index);
        self.settings.store(Arc::new(settings));
        self.serving.store(Arc::new(Serving { index, exceptions }));
    }

    /// The index that questions are answered from.
    #[must_use]
    pub fn index(&self) -> Snapshot {
        Arc::clone(&self.serving().index)
    }

    /// Answers a question, asking a responder if need be.
    ///
    /// # Errors
    /// [`IndexError`] if the index turns out to be damaged where the answer lies.
    pub async fn check(&self, question: &Question, options: Options) -> Result<Outcome, IndexError> {
        match self.check_now(question, options)? {
            Step::Done(outcome) => Ok(outcome),
            Step::Ask(pending) => Ok(self.finish(pending).await),
        }
    }

    /// Answers a question as far as that takes no waiting: from the index, or from a remembered OCSP answer.
    ///
    /// # Errors
    /// As [`Checker::check`].
    pub fn check_now(&self, question: &Question, options: Options) -> Result<Step, IndexError> {
        let serving = self.serving();
        let settings = self.settings.load();
        let index = &serving.index;
        let authority = match question {
            Question::Certificate { certificate, issuer: None } => resolve_certificate(index, certificate),
            Question::Certificate { issuer: Some(issuer), .. } | Question::Serial { issuer, .. } => {
                resolve_issuer(index, issuer)
            }
            Question::CertId(id) => index.authority_by_cert_id(&id.issuer),
        };
        let exception = authority.and_then(|authority| serving.exceptions.of(authority));
        let method = options.method.or(exception.and_then(|it| it.method)).unwrap_or(settings.method);
        let crl = match method {
            MethodPolicy::Ocsp => None,
            MethodPolicy::Crl | MethodPolicy::CrlThenOcsp => {
                let policy = exception.and_then(|it| it.policy).unwrap_or(settings.policy);
                let at = options.at.unwrap_or_else(|| self.clock.now());
                Some(match question {
                    Question::Certificate { certificate, issuer } => {
                        check_certificate(index, certificate, issuer.as_ref(), at, &policy)?
                    }
                    Question::Serial { serial, .. } => {
                        check_serial(index, authority, serial.as_ref(), at, &policy)?
                    }
                    Question::CertId(id) => check_serial(index, authority, id.serial.as_ref(), at, &policy)?,
                })
            }
        };
        let crl_cause = match crl {
            Some(Verdict { status: Status::Unknown(cause), .. }) if method == MethodPolicy::CrlThenOcsp => {
                Some(cause)
            }
            Some(settled) => return Ok(Step::Done(Outcome::of_crls(settled))),
            None => None,
        };
        let exception = exception.map(|it| it.responders.as_slice()).unwrap_or_default();
        let Some(live) = self.live_question(&settings, index, authority, question, exception) else {
            // Nobody to ask: what the CRLs say stands.
            let no_responder = || unknown(index.generation(), Cause::OcspNoResponder);
            return Ok(Step::Done(Outcome::of_crls(crl.unwrap_or_else(no_responder))));
        };
        let pending = Pending { question: live, crl_cause, generation: index.generation() };
        let remembered = self.responders.as_ref().and_then(|it| it.remembered(&pending.question));
        Ok(match remembered {
            Some(answer) => Step::Done(pending.outcome(Ok(answer))),
            None => Step::Ask(pending),
        })
    }

    /// Asks the responder a question waits for.
    pub async fn finish(&self, pending: Pending) -> Outcome {
        match &self.responders {
            Some(responders) => {
                let told = responders.ask(&pending.question).await;
                pending.outcome(told)
            }
            None => Outcome::of_crls(unknown(
                pending.generation,
                pending.crl_cause.unwrap_or(Cause::OcspNoResponder),
            )),
        }
    }

    fn live_question(
        &self,
        settings: &CheckSettings,
        index: &Snapshot,
        authority: Option<AuthorityId>,
        question: &Question,
        exception: &[String],
    ) -> Option<LiveQuestion> {
        self.responders.as_ref()?;
        if authority.is_none() && settings.issuers == Issuers::InIndex {
            return None;
        }
        let named: &[String] = match question {
            Question::Certificate { certificate, .. } => certificate.ocsp_urls(),
            Question::Serial { .. } | Question::CertId(_) => &[],
        };
        let urls = ResponderUrls::new(exception.iter().chain(&settings.responders).chain(named));
        if urls.is_empty() {
            return None;
        }
        let issuer = Issuer::new(issuer_certificate(index, authority, question)?);
        Some(LiveQuestion::new(&issuer, question.serial().clone(), &urls))
    }

    /// The generation in force, with the settings resolved in it.
    fn serving(&self) -> Arc<Serving> {
        if self.reader.is_outdated()
            && let Ok(index) = self.reader.refreshed()
            && !Arc::ptr_eq(&index, &self.serving.load().index)
        {
            let exceptions = Exceptions::resolve(&self.settings.load(), &index);
            self.serving.store(Arc::new(Serving { index, exceptions }));
        }
        self.serving.load_full()
    }
}

impl Pending {
    fn outcome(self, told: Result<LiveAnswer, LiveError>) -> Outcome {
        let (verdict, failure) = match told {
            Ok(told) => (verdict(self.generation, &told), None),
            Err(failure) => (unknown(self.generation, cause_of(&failure)), Some(failure)),
        };
        Outcome { verdict, crl_cause: self.crl_cause, failure }
    }
}

fn verdict(generation: u64, told: &LiveAnswer) -> Verdict {
    let status = match told.answer.status {
        CertStatus::Good => Status::Good,
        CertStatus::Revoked(revocation) => Status::Revoked(revocation),
        CertStatus::Unknown => Status::Unknown(Cause::OcspUnknown),
    };
    Verdict {
        status,
        method: Method::Ocsp,
        this_update: Some(told.answer.this_update),
        next_update: told.answer.next_update,
        crl_number: None,
        generation,
    }
}

const fn cause_of(failure: &LiveError) -> Cause {
    match failure {
        LiveError::NoResponder => Cause::OcspNoResponder,
        LiveError::Unauthorized { .. } => Cause::OcspUnauthorized,
        LiveError::Refused { .. } | LiveError::Replayed { .. } => Cause::OcspRefused,
        LiveError::Unavailable { .. }
        | LiveError::Overloaded { .. }
        | LiveError::TimedOut { .. }
        | LiveError::Aborted => Cause::OcspUnavailable,
    }
}

fn unknown(generation: u64, cause: Cause) -> Verdict {
    Verdict {
        status: Status::Unknown(cause),
        method: Method::Ocsp,
        this_update: None,
        next_update: None,
        crl_number: None,
        generation,
    }
}
