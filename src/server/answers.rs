//! The checking service, as the query protocol asks it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::quic::{
    About, Answerer, Asked, ChangedSerials, GroupReply, InfoStart, LateAbout, LateQuestion, PeerJudge,
    Refusal, Reply,
};
use crate::index::IndexError;
use crate::pki::{Certificate, Name};
use crate::publish::{ChangeKind, Generation, IndexFolder, changes, open_generation};
use crate::service::{AuthorityName, Checker, MethodPolicy, NamedAuthority, Question, Step, Told};
use crate::telemetry::LookupMetrics;
use crate::types::{CertId, SerialRef, Status, Verdict};
use crate::wire::{
    AuthorityInfo, AuthorityRef, ErrorCode, Features, InfoHead, MethodChoice, Options, Presence,
};

/// How often it is looked whether another process has published a generation: one atomic load.
const LOOK: Duration = Duration::from_millis(5);

/// Is told of a certificate.
type Unjudged = dyn Fn(&Certificate) + Send + Sync;

/// Answers the query protocol from a [`Checker`].
pub struct Answers {
    checker: Arc<Checker>,
    folder: IndexFolder,
    generations: watch::Sender<u64>,
    lookups: Arc<LookupMetrics>,
    /// Told of certificates that the lists cannot judge; their distribution points may name lists that can.
    unjudged: Option<Box<Unjudged>>,
}

impl Answers {
    /// Answers from `checker`, whose index is in `folder`.
    #[must_use]
    pub fn new(checker: Arc<Checker>, folder: IndexFolder) -> Self {
        let generations = watch::Sender::new(checker.index().generation());
        Self { checker, folder, generations, lookups: Arc::default(), unjudged: None }
    }

    /// Tells `unjudged` of each certificate that the lists cannot judge. It is called on the way of an answer and must
    /// not wait.
    #[must_use]
    pub fn telling(self, unjudged: impl Fn(&Certificate) + Send + Sync + 'static) -> Self {
        Self { unjudged: Some(Box::new(unjudged)), ..self }
    }

    /// Counts of the answers, for whoever shows them.
    #[must_use]
    pub fn lookups(&self) -> Arc<LookupMetrics> {
        Arc::clone(&self.lookups)
    }

    /// Tells subscribers of new generations, for as long as it runs.
    pub async fn follow(&self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let generation = self.checker.generation();
            self.generations.send_if_modified(|known| {
                let is_new = *known != generation;
                *known = generation;
                is_new
            });
        }
    }

    #[inline]
    fn reply(&self, step: Result<Step, IndexError>) -> Reply {
        match step {
            Ok(Step::Done(outcome)) => {
                self.lookups.count(&outcome.verdict.status, outcome.verdict.method);
                Reply::Verdict(outcome.verdict)
            }
            Ok(Step::Ask(_)) => Reply::Later,
            Err(error) => Reply::Refused(damaged(&error)),
        }
    }
}

impl Answerer for Answers {
    type Authority = NamedAuthority;

    fn resolve(&self, authority: &AuthorityRef<'_>) -> Result<(NamedAuthority, Presence), Refusal> {
        let name = match authority {
            AuthorityRef::Certificate(der) => AuthorityName::Certificate(certificate(der)?),
            AuthorityRef::CertId(hashes) => AuthorityName::CertId(*hashes),
            AuthorityRef::NameAndKey { name, spki_sha256 } => {
                let name = Name::from_der(name)
                    .map_err(|error| Refusal::new(ErrorCode::Malformed, error.to_string()))?;
                AuthorityName::NameAndKey { name: name.key().clone(), spki_sha256: *spki_sha256 }
            }
        };
        let (named, is_known) = self.checker.name_authority(name);
        Ok((named, if is_known { Presence::Present } else { Presence::Absent }))
    }

    fn answer_now(&self, asked: &Asked<'_, NamedAuthority>) -> Reply {
        let question = match asked.about {
            About::Serial { authority, serial } => {
                let mut reply = Reply::Later;
                self.answer_serials(authority, &[serial], &asked.options, |told| {
                    reply = match told {
                        GroupReply::Usual(verdict, _) => Reply::Verdict(*verdict),
                        GroupReply::Own(own) => own,
                    };
                });
                return reply;
            }
            About::CertId { issuer, serial } => {
                Question::CertId(CertId { issuer, serial: serial.to_owned() })
            }
            About::Certificate { certificate, issuer } => match about_certificate(certificate, issuer) {
                Ok(question) => question,
                Err(refusal) => return Reply::Refused(refusal),
            },
        };
        let step = self.checker.check_now(&question, options(&asked.options));
        if let (Some(unjudged), Question::Certificate { certificate, .. }) = (&self.unjudged, &question)
            && is_unjudged(&step)
        {
            unjudged(certificate);
        }
        self.reply(step)
    }

    fn answer_serials(
        &self,
        authority: &NamedAuthority,
        serials: &[SerialRef<'_>],
        asked: &Options,
        mut tell: impl FnMut(GroupReply<'_>),
    ) {
        let started = is_sampled(serials).then(Instant::now);
        self.checker.check_serials(authority, serials, options(asked), |told| match told {
            Ok(Told::Unlisted(verdict, count)) => {
                let number = u64::try_from(count).unwrap_or(u64::MAX);
                self.lookups.count_many(&verdict.status, verdict.method, number);
                tell(GroupReply::Usual(verdict, count));
            }
            Ok(Told::Step(step)) => tell(GroupReply::Own(self.reply(Ok(step)))),
            Err(error) => tell(GroupReply::Own(self.reply(Err(error)))),
        });
        if let Some(started) = started {
            let each = started.elapsed() / u32::try_from(serials.len()).unwrap_or(u32::MAX).max(1);
            self.lookups.record(each);
        }
    }

    async fn answer_later(&self, late: LateQuestion<NamedAuthority>) -> Result<Verdict, Refusal> {
        let question = match late.about {
            LateAbout::Serial { authority, serial } => Question::Named { authority, serial },
            LateAbout::CertId { issuer, serial } => Question::CertId(CertId { issuer, serial }),
            LateAbout::Certificate { certificate, issuer } => {
                about_certificate(&certificate, issuer.as_deref())?
            }
        };
        let outcome = self.checker.check(&question, options(&late.options)).await;
        let verdict = outcome.map_err(|error| damaged(&error))?.verdict;
        self.lookups.count(&verdict.status, verdict.method);
        Ok(verdict)
    }

    fn info(&self, page: InfoStart<'_>) {
        let index = self.checker.index();
        let first = usize::try_from(page.first()).unwrap_or(usize::MAX);
        let mut writer = page.begin(&InfoHead {
            server: concat!("revocache/", env!("CARGO_PKG_VERSION")),
            generation: index.generation(),
            built_at: index.created_at(),
            authorities: u32::try_from(index.authorities().count()).unwrap_or(u32::MAX),
        });
        for authority in index.authorities().skip(first) {
            let crls = index.crls_of(authority.id()).map(|(_, crl)| crl);
            let fits = writer.push(&AuthorityInfo {
                name: authority.display(),
                spki_sha256: authority.keys().next().map(|key| *key.spki_sha256),
                crls: u64::try_from(crls.clone().count()).unwrap_or(u64::MAX),
                entries: index.tables_of(authority.id()).map(|table| table.len()).sum(),
                this_update: crls.clone().map(|crl| crl.this_update).min(),
                next_update: crls.clone().filter_map(|crl| crl.next_update).min(),
                crl_number: crls.filter_map(|crl| crl.crl_number).max(),
            });
            if !fits {
                break;
            }
        }
        writer.finish();
    }

    fn generations(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }

    async fn changes(&self, authority: NamedAuthority, from: u64, to: u64) -> Option<ChangedSerials> {
        let folder = self.folder.clone();
        // Reads two files from end to end in the worst case.
        tokio::task::spawn_blocking(move || changed_serials(&folder, &authority, from, to)).await.ok()?
    }

    fn features(&self) -> Features {
        if self.checker.has_responders() { Features::OCSP } else { Features::default() }
    }
}

fn changed_serials(
    folder: &IndexFolder,
    authority: &NamedAuthority,
    from: u64,
    to: u64,
) -> Option<ChangedSerials> {
    let open = |number| open_generation(folder, Generation(number)).ok();
    let (from, to) = (open(from)?, open(to)?);
    let (before, after) = (authority.name().resolve(&from), authority.name().resolve(&to));
    let mut changed = ChangedSerials::default();
    changes(&from, &to, |change| {
        let (own, serials) = match change.kind {
            ChangeKind::Added => (after, &mut changed.added),
            ChangeKind::Removed => (before, &mut changed.removed),
        };
        // A serial in an indirect CRL is of another authority than the one that lists it.
        if own == Some(change.authority_id) && change.certificate_issuer.is_none() {
            serials.push(change.serial);
        }
    })
    .ok()?;
    Some(changed)
}

fn options(asked: &Options) -> crate::service::Options {
    let method = match asked.method {
        MethodChoice::ServerDefault => None,
        MethodChoice::Crl => Some(MethodPolicy::Crl),
        MethodChoice::Ocsp => Some(MethodPolicy::Ocsp),
        MethodChoice::CrlThenOcsp => Some(MethodPolicy::CrlThenOcsp),
    };
    crate::service::Options { method, at: asked.at }
}

/// Reading the clock takes as long as some lookups, so only one in 64 single questions and one in 32 groups are timed.
#[inline]
fn is_sampled(serials: &[SerialRef<'_>]) -> bool {
    let every = if serials.len() > 1 { 32 } else { 64 };
    serials.first().and_then(|serial| serial.octets().last()).is_some_and(|octet| octet % every == 0)
}

/// Whether no list could tell.
fn is_unjudged(step: &Result<Step, IndexError>) -> bool {
    match step {
        Ok(Step::Done(outcome)) => outcome.crl_cause.is_some() || outcome.cause().is_some(),
        Ok(Step::Ask(_)) => true,
        Err(_) => false,
    }
}

fn damaged(error: &IndexError) -> Refusal {
    Refusal::new(ErrorCode::IndexUnavailable, error.to_string())
}

fn certificate(der: &[u8]) -> Result<Certificate, Refusal> {
    Certificate::from_der(der).map_err(|error| Refusal::new(ErrorCode::BadCertificate, error.to_string()))
}

fn about_certificate(der: &[u8], issuer: Option<&[u8]>) -> Result<Question, Refusal> {
    let issuer = issuer.map(certificate).transpose()?;
    Ok(Question::Certificate { certificate: certificate(der)?, issuer })
}

/// Refuses clients whose certificate is revoked. One whose state is unknown is let in: its path to a configured root
/// was checked, and that root need not be among the authorities whose CRLs are kept.
pub struct RevokedClients(pub Arc<Checker>);

impl PeerJudge for RevokedClients {
    fn judge(&self, chain: &[&[u8]]) -> Result<(), Refusal> {
        let Some((own, issuers)) = chain.split_first() else { return Ok(()) };
        let question = about_certificate(own, issuers.first().copied())?;
        // From CRLs and remembered answers alone: a handshake waits for nobody.
        match self
            .0
            .check_now(&question, crate::service::Options::default())
            .map_err(|error| damaged(&error))?
        {
            Step::Done(outcome) if matches!(outcome.verdict.status, Status::Revoked(_)) => {
                Err(Refusal::new(ErrorCode::Forbidden, "the client's certificate is revoked"))
            }
            Step::Done(_) | Step::Ask(_) => Ok(()),
        }
    }
}
