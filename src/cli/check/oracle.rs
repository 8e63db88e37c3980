//! Who is asked: an index on this machine, or a server.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::cli::error::CliError;
use crate::cli::responders::http_client;
use crate::cli::runtime;
use crate::cli::server_options::Server;
use crate::client::{Client, ClientError, ClientSettings};
use crate::live::{Live, LiveSettings};
use crate::pki::Certificate;
use crate::publish::{IndexFolder, IndexReader};
use crate::service::{
    CheckSettings, Checker, DelegatesInIndex, Issuers, MethodPolicy, Options, Outcome, Question, Responders,
    Step,
};
use crate::types::{Clock, FixedClock, SystemClock, UnixTime};
use crate::wire::{self, AuthorityRef, ErrorClass, MethodChoice, Target};

/// Whoever answers.
pub(super) struct Oracle {
    runtime: Runtime,
    source: Source,
}

enum Source {
    Index(Checker),
    Server { client: Client, options: wire::Options },
}

impl Oracle {
    /// An index, and the responders that `method` asks for.
    pub(super) fn index(
        folder: &Path,
        method: MethodPolicy,
        ocsp_urls: &[String],
        at: Option<UnixTime>,
    ) -> Result<Self, CliError> {
        let reader = Arc::new(IndexReader::open(IndexFolder::new(folder))?);
        let clock: Arc<dyn Clock> = match at {
            Some(at) => Arc::new(FixedClock(at)),
            None => Arc::new(SystemClock),
        };
        let responders = match method {
            MethodPolicy::Crl => None,
            MethodPolicy::Ocsp | MethodPolicy::CrlThenOcsp => Some(responders(&reader, &clock, ocsp_urls)?),
        };
        let settings = CheckSettings {
            method,
            // Whoever runs the command is the operator.
            issuers: Issuers::AsGiven,
            responders: ocsp_urls.to_vec(),
            ..CheckSettings::default()
        };
        let checker = Checker::new(reader, clock, settings, responders);
        Ok(Self { runtime: runtime::new()?, source: Source::Index(checker) })
    }

    /// A server, which decides by itself where it looks unless `method` says so.
    pub(super) fn server(
        server: &Server,
        method: Option<MethodPolicy>,
        at: Option<UnixTime>,
    ) -> Result<Self, CliError> {
        let runtime = runtime::new()?;
        let (client, _) = runtime.block_on(server.connect(ClientSettings::default()))?;
        let method = match method {
            None => MethodChoice::ServerDefault,
            Some(MethodPolicy::Crl) => MethodChoice::Crl,
            Some(MethodPolicy::Ocsp) => MethodChoice::Ocsp,
            Some(MethodPolicy::CrlThenOcsp) => MethodChoice::CrlThenOcsp,
        };
        Ok(Self { runtime, source: Source::Server { client, options: wire::Options { method, at } } })
    }

    pub(super) fn ask(&self, question: &Question) -> Result<Outcome, CliError> {
        match &self.source {
            Source::Index(checker) => Ok(match checker.check_now(question, Options::default())? {
                Step::Done(outcome) => outcome,
                Step::Ask(pending) => self.runtime.block_on(checker.finish(pending)),
            }),
            Source::Server { client, options } => {
                let asked = self.runtime.block_on(ask_server(client, question, *options));
                let verdict = asked.map_err(|error| of_client(&error))?;
                Ok(Outcome { verdict, crl_cause: None, failure: None })
            }
        }
    }
}

fn responders(
    reader: &Arc<IndexReader>,
    clock: &Arc<dyn Clock>,
    ocsp_urls: &[String],
) -> Result<Arc<dyn Responders>, CliError> {
    let http = http_client(ocsp_urls.iter().map(String::as_str))?;
    let delegates = DelegatesInIndex::new(Arc::clone(reader), Arc::clone(clock));
    Ok(Arc::new(Live::new(LiveSettings::default(), http, Arc::clone(clock), delegates.parts())))
}

async fn ask_server(
    client: &Client,
    question: &Question,
    options: wire::Options,
) -> Result<crate::types::Verdict, ClientError> {
    match question {
        Question::Certificate { certificate, issuer } => {
            let issuer = issuer.as_ref().map(Certificate::der);
            let target = Target::Certificate { certificate: certificate.der(), issuer };
            client.ask(&wire::Question { target, options }).await
        }
        Question::Serial { issuer, serial } => {
            let resolved = client.resolve(&AuthorityRef::Certificate(issuer.der())).await?;
            client.ask_serial(resolved.handle, serial.as_ref(), &options).await
        }
        Question::CertId(id) => {
            let target = Target::CertId { issuer: id.issuer, serial: id.serial.as_ref() };
            client.ask(&wire::Question { target, options }).await
        }
        // Prepared in this process, and nothing to a server.
        Question::Named { .. } => Err(ClientError::WrongAnswer { expected: "a question of its own" }),
    }
}

/// What the question is to blame for is bad data; everything else is a server that does not serve.
fn of_client(error: &ClientError) -> CliError {
    match error {
        ClientError::Refused { code, .. } if code.class() == ErrorClass::Request => {
            CliError::Usage(error.to_string())
        }
        _ => CliError::Unavailable(error.to_string()),
    }
}
