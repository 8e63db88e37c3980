//! Answering questions.

use std::ptr;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::issuer::issuer_certificate;
use super::method::MethodPolicy;
use super::named::{AuthorityName, NamedAuthority};
use super::outcome::Outcome;
use super::question::{Options, Question};
use super::responders::Responders;
use super::serving::{Prepared, Serving};
use super::settings::{CheckSettings, Issuers};
use crate::index::{AuthorityId, IndexError};
use crate::live::{Issuer, LiveAnswer, LiveError, LiveQuestion, ResponderUrls};
use crate::ocsp::CertStatus;
use crate::policy::{check_certificate_of, check_serial, resolve_certificate, resolve_issuer};
use crate::publish::{IndexReader, Snapshot};
use crate::types::{Cause, Clock, Method, SerialRef, Status, Verdict};

/// Answers questions from an index, and from responders where policy says so. To be shared by any number of threads.
pub struct Checker {
    reader: Arc<IndexReader>,
    clock: Arc<dyn Clock>,
    responders: Option<Arc<dyn Responders>>,
    serving: ArcSwap<Serving>,
}

/// Where a question stands once the index was asked.
pub enum Step {
    /// It is answered.
    Done(Outcome),
    /// A responder has to be asked.
    Ask(Pending),
}

/// Where the next of many questions stand.
pub enum Told<'v> {
    /// So many of them are about serials that no list has. The verdict is the same whenever this is told in one call.
    Unlisted(&'v Verdict, usize),
    /// As for one question alone.
    Step(Step),
}

/// A question that waits for a responder; [`Checker::finish`] asks it.
pub struct Pending {
    responders: Arc<dyn Responders>,
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
        let serving = ArcSwap::from_pointee(Serving::new(reader.current(), Arc::new(settings)));
        Self { reader, clock, responders, serving }
    }

    /// Replaces the settings for all questions from now on.
    pub fn set_settings(&self, settings: CheckSettings) {
        let settings = Arc::new(settings);
        // Not a plain store: a generation may come in this moment, and neither may undo the other.
        self.serving.rcu(|serving| Serving::new(Arc::clone(&serving.index), Arc::clone(&settings)));
    }

    /// The index that questions are answered from.
    #[must_use]
    pub fn index(&self) -> Snapshot {
        Arc::clone(&self.serving().index)
    }

    /// The generation in force: one atomic load, unless there is a new one to be opened.
    #[must_use]
    pub fn generation(&self) -> u64 {
        if self.reader.is_outdated() {
            self.move_on();
        }
        self.serving.load().index.generation()
    }

    /// Whether responders can be asked.
    #[must_use]
    pub fn has_responders(&self) -> bool {
        self.responders.is_some()
    }

    /// Prepares an authority for many questions, and tells whether the index has it now.
    #[must_use]
    pub fn name_authority(&self, name: AuthorityName) -> (NamedAuthority, bool) {
        let named = NamedAuthority::new(name);
        let is_known = named.within(&self.serving()).is_some();
        (named, is_known)
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
        let index = &serving.index;
        let authority = authority_of(&serving, question);
        let exception = authority.and_then(|authority| serving.exceptions.of(authority));
        let settings = &serving.settings;
        let method = options.method.or(exception.and_then(|it| it.method)).unwrap_or(settings.method);
        let crl = match method {
            MethodPolicy::Ocsp => None,
            MethodPolicy::Crl | MethodPolicy::CrlThenOcsp => {
                let policy = exception.and_then(|it| it.policy).unwrap_or(settings.policy);
                let at = options.at.unwrap_or_else(|| self.clock.now());
                Some(match question {
                    Question::Certificate { certificate, .. } => {
                        check_certificate_of(index, authority, certificate, at, &policy)?
                    }
                    _ => check_serial(index, authority, question.serial().as_ref(), at, &policy)?,
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
        let Some((responders, live)) = self.live_question(&serving, authority, question) else {
            // Nobody to ask: what the CRLs say stands.
            let no_responder = || unknown(index.generation(), Cause::OcspNoResponder);
            return Ok(Step::Done(Outcome::of_crls(crl.unwrap_or_else(no_responder))));
        };
        let remembered = responders.remembered(&live);
        let pending = Pending {
            responders: Arc::clone(responders),
            question: live,
            crl_cause,
            generation: index.generation(),
        };
        Ok(match remembered {
            Some(answer) => Step::Done(pending.outcome(Ok(answer))),
            None => Step::Ask(pending),
        })
    }

    /// Answers many questions about serials of one authority, as [`Checker::check_now`] does each, and tells in their
    /// order where they stand. The fast path of servers: where CRLs tell, it neither locks nor allocates, and loads what
    /// several questions need ahead.
    pub fn check_serials(
        &self,
        authority: &NamedAuthority,
        serials: &[SerialRef<'_>],
        options: Options,
        mut tell: impl FnMut(Result<Told<'_>, IndexError>),
    ) {
        let serving = self.serving();
        let prepared = authority.within(&serving).and_then(|authority| serving.prepared(authority));
        let at_length = |serial: &SerialRef<'_>| {
            let question =
                Question::Named { authority: authority.clone(), serial: SerialRef::to_owned(*serial) };
            self.check_now(&question, options).map(Told::Step)
        };
        let method = prepared.map(|prepared| options.method.unwrap_or(prepared.method));
        match prepared {
            Some(Prepared { view, .. }) if method != Some(MethodPolicy::Ocsp) => {
                let at = options.at.unwrap_or_else(|| self.clock.now());
                let may_ask = method == Some(MethodPolicy::CrlThenOcsp) && self.responders.is_some();
                let unlisted = view.unlisted(at);
                view.check_runs(serials, at, |positions, verdict| match verdict {
                    Ok(Verdict { status: Status::Unknown(_), .. }) if may_ask => {
                        let run = serials.get(positions).unwrap_or_default();
                        run.iter().for_each(|serial| tell(at_length(serial)));
                    }
                    Ok(verdict) if ptr::eq(unlisted, verdict) => {
                        tell(Ok(Told::Unlisted(verdict, positions.len())));
                    }
                    Ok(verdict) => tell(Ok(Told::Step(Step::Done(Outcome::of_crls(*verdict))))),
                    Err(error) => tell(Err(error)),
                });
            }
            _ => serials.iter().for_each(|serial| tell(at_length(serial))),
        }
    }

    /// Answers a question by asking a responder now, whatever is remembered and whatever the policy is.
    pub async fn check_anew(&self, question: &Question) -> Outcome {
        let serving = self.serving();
        let generation = serving.index.generation();
        let authority = authority_of(&serving, question);
        let Some((responders, live)) = self.live_question(&serving, authority, question) else {
            return Outcome::of_crls(unknown(generation, Cause::OcspNoResponder));
        };
        let responders = Arc::clone(responders);
        // The generation may be replaced while the responder is waited for.
        drop(serving);
        let told = responders.ask_anew(&live).await;
        Pending { responders, question: live, crl_cause: None, generation }.outcome(told)
    }

    /// Asks the responder a question waits for.
    pub async fn finish(&self, pending: Pending) -> Outcome {
        let told = pending.responders.ask(&pending.question).await;
        pending.outcome(told)
    }

    /// Whom to ask, and what; `None` if there is nobody.
    fn live_question(
        &self,
        serving: &Serving,
        authority: Option<AuthorityId>,
        question: &Question,
    ) -> Option<(&Arc<dyn Responders>, LiveQuestion)> {
        let responders = self.responders.as_ref()?;
        let settings = &serving.settings;
        if authority.is_none() && settings.issuers == Issuers::InIndex {
            return None;
        }
        let exception = authority.and_then(|authority| serving.exceptions.of(authority));
        let configured = exception.map(|it| it.responders.as_slice()).unwrap_or_default();
        let named: &[String] = match question {
            Question::Certificate { certificate, .. } => certificate.ocsp_urls(),
            Question::Serial { .. } | Question::CertId(_) | Question::Named { .. } => &[],
        };
        let urls = ResponderUrls::new(configured.iter().chain(&settings.responders).chain(named));
        if urls.is_empty() {
            return None;
        }
        let issuer = Issuer::new(issuer_certificate(&serving.index, authority, question)?);
        Some((responders, LiveQuestion::new(&issuer, question.serial().clone(), &urls)))
    }

    /// The generation in force, with the settings resolved in it.
    #[inline]
    fn serving(&self) -> Arc<Serving> {
        if self.reader.is_outdated() {
            self.move_on();
        }
        self.serving.load_full()
    }

    #[cold]
    fn move_on(&self) {
        // An index that cannot be opened leaves the one before in force; whoever publishes is told, and tries again.
        let Ok(index) = self.reader.refreshed() else { return };
        if !Arc::ptr_eq(&index, &self.serving.load().index) {
            self.serving.rcu(|serving| Serving::new(Arc::clone(&index), Arc::clone(&serving.settings)));
        }
    }
}

/// The authority that a question is about, if the generation has it.
fn authority_of(serving: &Arc<Serving>, question: &Question) -> Option<AuthorityId> {
    let index = &serving.index;
    match question {
        Question::Certificate { certificate, issuer: None } => resolve_certificate(index, certificate),
        Question::Certificate { issuer: Some(issuer), .. } | Question::Serial { issuer, .. } => {
            resolve_issuer(index, issuer)
        }
        Question::CertId(id) => index.authority_by_cert_id(&id.issuer),
        Question::Named { authority, .. } => authority.within(serving),
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

const fn unknown(generation: u64, cause: Cause) -> Verdict {
    Verdict {
        status: Status::Unknown(cause),
        method: Method::Ocsp,
        this_update: None,
        next_update: None,
        crl_number: None,
        generation,
    }
}
