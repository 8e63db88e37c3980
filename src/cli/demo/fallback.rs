//! The part of the tour where CRLs cannot answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use time::OffsetDateTime;

use super::ca::DemoCa;
use super::steps::{build, describe, microseconds, only_certificate};
use super::tour::Demo;
use crate::cli::error::CliError;
use crate::cli::responders::http_client;
use crate::cli::runtime;
use crate::live::{Live, LiveSettings};
use crate::mock::{Known, Responder};
use crate::pki::Certificate;
use crate::publish::{IndexFolder, IndexReader};
use crate::service::{
    AuthoritySettings, CheckSettings, Checker, DelegatesInIndex, MethodPolicy, Options, Outcome, Question,
};
use crate::types::{ReasonCode, Serial, SystemClock};

/// What the fallback showed, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Fallback {
    crl_cause: Option<&'static str>,
    good: &'static str,
    revoked: &'static str,
    asked_microseconds: u64,
    remembered_microseconds: u64,
    upstream_requests: u64,
}

impl Demo {
    /// A CA that publishes no list, and a responder of it.
    pub(super) fn fallback(&self, place: &Path, folder: &IndexFolder) -> Result<Fallback, CliError> {
        let ca = DemoCa::new("Demo CA without lists")?;
        let certificate_file = place.join("listless-ca.pem");
        std::fs::write(&certificate_file, ca.certificate_pem())?;
        build(folder, &certificate_file, None)?;
        let issuer = only_certificate(ca.certificate_pem())?;
        let responder = Responder::start(&issuer, ca.key()?, Arc::new(SystemClock))?;
        responder.tell(Serial::from_u64(1), Known::Good);
        let at = OffsetDateTime::now_utc() - time::Duration::DAY;
        responder.tell(Serial::from_u64(2), Known::Revoked { at, reason: ReasonCode::KeyCompromise });

        let checker = checker(folder, &issuer, &responder.url())?;
        let runtime = runtime::new()?;
        let ask = |pem: &str| -> Result<(Outcome, u64), CliError> {
            let question = Question::Certificate { certificate: only_certificate(pem)?, issuer: None };
            let started = Instant::now();
            let outcome = runtime.block_on(checker.check(&question, Options::default()))?;
            Ok((outcome, microseconds(started.elapsed())))
        };
        let late = ca.issue("late.example", 1)?;
        let (good, asked) = ask(&late)?;
        let (revoked, _) = ask(&ca.issue("lost.example", 2)?)?;
        let (_, remembered) = ask(&late)?;
        self.say(
            "6. Another CA publishes no list. For its certificates revocache asks its OCSP responder, and verifies and \
             keeps\n   what it says:",
        );
        for (name, outcome) in [("late.pem", &good), ("lost.pem", &revoked)] {
            self.say(&format!("   {name:<12} {}", describe(&outcome.verdict)));
        }
        self.say(&format!(
            "   The first answer took {asked} µs, the same question again {remembered} µs; the responder saw {} requests.",
            responder.requests()
        ));
        Ok(Fallback {
            crl_cause: good.crl_cause.map(crate::types::Cause::name),
            good: good.verdict.status.name(),
            revoked: revoked.verdict.status.name(),
            asked_microseconds: asked,
            remembered_microseconds: remembered,
            upstream_requests: responder.requests(),
        })
    }
}

fn checker(folder: &IndexFolder, issuer: &Certificate, url: &str) -> Result<Checker, CliError> {
    let reader = Arc::new(IndexReader::open(folder.clone())?);
    let clock = Arc::new(SystemClock);
    // A responder on loopback is reached only because its URL is configured; a certificate could not name it.
    let http = http_client([url])?;
    let delegates = DelegatesInIndex::new(Arc::clone(&reader), clock.clone());
    let live = Live::new(LiveSettings::default(), http, SystemClock, delegates.parts());
    let settings = CheckSettings {
        authorities: vec![AuthoritySettings {
            issuer: issuer.clone(),
            method: Some(MethodPolicy::CrlThenOcsp),
            policy: None,
            responders: vec![url.to_owned()],
        }],
        ..CheckSettings::default()
    };
    Ok(Checker::new(reader, clock, settings, Some(Arc::new(live))))
}
