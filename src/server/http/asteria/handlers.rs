//! From a call to its answer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, header};
use tokio::sync::Semaphore;

use super::answer::{Format, Success};
use super::code::{Code, Failure};
use super::create::{self, MIN_PASSWORD};
use super::function::{Action, Call, Function};
use super::parameters::{Parameters, read_text};
use super::settings::AsteriaSettings;
use super::upload::Upload;
use super::{SESSION_HEADER, auth, certificate};
use crate::keystore::{
    CertificateFormat, ContainerError, ExportEncoding, KeyStoreError, KeyVault, StorePasswords,
};
use crate::pki::Certificate;
use crate::service::accounts::{Accounts, Caller, SessionError};
use crate::service::audit::{AuditEvent, AuditLog, AuditOutcome};

/// The name of this API in the audit log.
const FAMILY: &str = "asteria";
/// Calls that make keys or derive them at once; more wait.
const WORKERS: usize = 2;

/// What the API needs.
pub struct Asteria {
    vault: Arc<dyn KeyVault>,
    pub(super) accounts: Accounts,
    audit: Arc<dyn AuditLog>,
    pub(super) settings: AsteriaSettings,
    workers: Semaphore,
}

impl Asteria {
    /// The API over these keys, for these accounts.
    #[must_use]
    pub fn new(
        vault: Arc<dyn KeyVault>,
        accounts: Accounts,
        audit: Arc<dyn AuditLog>,
        settings: AsteriaSettings,
    ) -> Self {
        Self { vault, accounts, audit, settings, workers: Semaphore::new(WORKERS) }
    }

    pub(super) async fn record(
        &self,
        actor: &str,
        peer: Option<IpAddr>,
        action: &str,
        target: &str,
        outcome: AuditOutcome,
        detail: String,
    ) {
        let event = AuditEvent {
            family: FAMILY,
            actor: actor.strip_prefix('/').unwrap_or(actor).to_owned(),
            peer,
            action: action.to_owned(),
            target: target.to_owned(),
            outcome,
            detail,
        };
        self.audit.log(event).await;
    }

    /// Does something with the keys, on a thread that may take its time.
    async fn with_vault<T: Send + 'static>(
        &self,
        function: Function,
        work: impl FnOnce(&dyn KeyVault) -> Result<T, KeyStoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let vault = Arc::clone(&self.vault);
        let _worker = self.workers.acquire().await.map_err(|_| Failure::from(Code::C5102))?;
        match tokio::task::spawn_blocking(move || work(vault.as_ref())).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                let code = function.action.code_of(&error);
                if code.number() >= 5000 {
                    tracing::error!(%function, %error, code = code.number(), "a call failed");
                }
                Err(Failure { code, detail: for_callers(&error) })
            }
            Err(error) => {
                tracing::error!(%function, %error, "a call ended early");
                Err(Code::C5102.into())
            }
        }
    }
}

/// What a caller may know of an error: what is wrong with the request, nothing of files on this server.
fn for_callers(error: &KeyStoreError) -> Option<String> {
    match error {
        KeyStoreError::Container(ContainerError::WrongPassword) | KeyStoreError::WrongPassword => None,
        KeyStoreError::Container(_)
        | KeyStoreError::Key(_)
        | KeyStoreError::Expired { .. }
        | KeyStoreError::TooManyAnchors { .. }
        | KeyStoreError::NoRequest => Some(error.to_string()),
        _ => None,
    }
}

/// Any call of this API.
pub(super) async fn call(
    State(asteria): State<Arc<Asteria>>,
    Path(call): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let Some((path, format)) = Format::of_call(&call) else {
        return Format::Json.answer(&Err(Code::C4001.into()), &asteria.settings);
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let method = request.method().clone();
    let (allowed, outcome) = match path {
        "auth/login" => (Method::POST, login(&asteria, request, peer).await),
        "auth/logout" => (Method::POST, logout(&asteria, &request)),
        _ => match path.strip_prefix("certificate/").and_then(Function::of_path) {
            Some(function) => {
                let allowed = match function.action.call() {
                    Call::Get => Method::GET,
                    Call::PostForm | Call::PostJson | Call::PostMultipart => Method::POST,
                };
                if method == allowed {
                    (allowed, certificate_call(&asteria, function, request, peer).await)
                } else {
                    (allowed, Err(Code::C4002.into()))
                }
            }
            None => return format.answer(&Err(Code::C4001.into()), &asteria.settings),
        },
    };
    let mut response = format.answer(&outcome, &asteria.settings);
    if let Err(Failure { code: Code::C4002, .. }) = outcome
        && let Ok(allow) = HeaderValue::from_str(allowed.as_str())
    {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

async fn login(asteria: &Asteria, request: Request<Body>, peer: Option<IpAddr>) -> Result<Success, Failure> {
    if request.method() != Method::POST {
        return Err(Code::C4002.into());
    }
    let (parts, body) = request.into_parts();
    let parameters = Parameters::of_form(&parts.headers, body).await?;
    auth::log_in(asteria, &parameters, peer).await
}

fn logout(asteria: &Asteria, request: &Request<Body>) -> Result<Success, Failure> {
    if request.method() != Method::POST {
        return Err(Code::C4002.into());
    }
    // Logging out of a session that has ended is what its owner wants.
    if let Some(session) = session(request.headers()) {
        asteria.accounts.log_out(session);
    }
    Ok(Success::empty())
}

fn session(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_HEADER).and_then(|value| value.to_str().ok())
}

async fn certificate_call(
    asteria: &Asteria,
    function: Function,
    request: Request<Body>,
    peer: Option<IpAddr>,
) -> Result<Success, Failure> {
    let session = session(request.headers()).map(str::to_owned);
    let caller = caller(asteria, session.as_deref()).await?;
    let mut target = String::new();
    let outcome = if function.action.allows(caller.role) {
        perform(asteria, function, request, &mut target).await
    } else {
        Err(Failure::with(Code::C3003, caller.role.to_string()))
    };
    if function.action.is_audited() {
        let (how, detail) = match &outcome {
            Ok(_) => (AuditOutcome::Done, String::new()),
            Err(failure) if failure.code.number() < 5000 => {
                (AuditOutcome::Refused, failure.code.number().to_string())
            }
            Err(failure) => (AuditOutcome::Failed, failure.code.number().to_string()),
        };
        let action = format!("certificate/{function}");
        asteria.record(caller.name.as_str(), peer, &action, &target, how, detail).await;
    }
    outcome
}

async fn caller(asteria: &Asteria, session: Option<&str>) -> Result<Caller, Failure> {
    let session = session.ok_or(Code::C3001)?;
    asteria.accounts.caller(session).await.map_err(|error| match error {
        SessionError::None => Code::C3001.into(),
        other => {
            tracing::error!(error = %other, "no session can be looked up");
            Code::C5102.into()
        }
    })
}

/// Does what a call asks for; `target` becomes what it was about.
async fn perform(
    asteria: &Asteria,
    function: Function,
    request: Request<Body>,
    target: &mut String,
) -> Result<Success, Failure> {
    match function.action {
        Action::Exist => {
            let exist = asteria.with_vault(function, move |vault| vault.exists(function.half)).await?;
            Ok(Success::one("exist", exist.into()))
        }
        Action::Show => show(asteria, function, request).await,
        Action::Create => create_call(asteria, function, request).await,
        Action::Delete => {
            let parameters = form(request, &["password"]).await?;
            let password = parameters.secret("password");
            asteria.with_vault(function, move |vault| vault.delete(function.half, &password)).await?;
            Ok(Success::empty())
        }
        Action::Import => import(asteria, function, request).await,
        Action::CsrDownload => {
            let passwords = passwords(&form(request, &["password", "privateKeyPassword"]).await?);
            let octets = asteria
                .with_vault(function, move |vault| vault.request_archive(function.half, &passwords))
                .await?;
            Ok(Success::Archive { name: "csr.zip", octets })
        }
        Action::CsrResponseUpload => install(asteria, function, request).await,
        Action::Export => export(asteria, function, request).await,
        Action::CaList => {
            let anchors = asteria.with_vault(function, move |vault| vault.anchors(function.half)).await?;
            Ok(Success::one("certificate", certificate::summaries(&anchors, &asteria.settings)))
        }
        Action::CaShow => {
            let query = request.uri().query().unwrap_or_default().to_owned();
            ca_show(asteria, function, &query).await
        }
        Action::CaDelete => {
            let parameters = form(request, &["alias"]).await?;
            let alias = parameters.get("alias").unwrap_or_default().to_owned();
            target.clone_from(&alias);
            let left =
                asteria.with_vault(function, move |vault| vault.remove_anchor(function.half, &alias)).await?;
            Ok(Success::one("certificate", certificate::summaries(&left, &asteria.settings)))
        }
        Action::CaImport => {
            let upload = Upload::read(request, &["caFile"], asteria.settings.max_upload).await?;
            let file = upload.file("caFile")?;
            let all =
                asteria.with_vault(function, move |vault| vault.add_anchors(function.half, &file)).await?;
            Ok(Success::one("certificate", certificate::summaries(&all, &asteria.settings)))
        }
    }
}

async fn form(request: Request<Body>, demanded: &[&str]) -> Result<Parameters, Failure> {
    let (parts, body) = request.into_parts();
    let parameters = Parameters::of_form(&parts.headers, body).await?;
    parameters.demand(demanded)?;
    Ok(parameters)
}

fn passwords(parameters: &Parameters) -> StorePasswords {
    StorePasswords { store: parameters.secret("password"), key: parameters.secret("privateKeyPassword") }
}

async fn show(asteria: &Asteria, function: Function, request: Request<Body>) -> Result<Success, Failure> {
    let parameters = form(request, &["password"]).await?;
    let password = parameters.secret("password");
    let chain = asteria.with_vault(function, move |vault| vault.show(function.half, &password)).await?;
    shown(asteria, &chain)
}

/// The detail of an identity.
fn shown(asteria: &Asteria, chain: &[Certificate]) -> Result<Success, Failure> {
    let detail = certificate::with_chain(chain, &asteria.settings);
    Ok(Success::one("certificate", detail.map_err(|_| Failure::from(Code::C5304))?))
}

async fn create_call(
    asteria: &Asteria,
    function: Function,
    request: Request<Body>,
) -> Result<Success, Failure> {
    let body = read_text(request.into_body()).await?;
    let wanted = create::read(&body, function.half, asteria.settings.weak_requests)?;
    let work = move |vault: &dyn KeyVault| vault.create(function.half, &wanted.request, &wanted.passwords);
    asteria.with_vault(function, work).await?;
    Ok(Success::empty())
}

async fn import(asteria: &Asteria, function: Function, request: Request<Body>) -> Result<Success, Failure> {
    let upload = Upload::read(request, &["filedata"], asteria.settings.max_upload).await?;
    upload.parameters.demand(&["password", "privateKeyPassword", "filePassword"])?;
    for name in ["password", "privateKeyPassword"] {
        if upload.parameters.secret(name).chars().count() < MIN_PASSWORD {
            return Err(Failure::with(Code::C2004, name));
        }
    }
    let file = upload.file("filedata")?;
    let (passwords, of_file) = (passwords(&upload.parameters), upload.parameters.secret("filePassword"));
    let work = move |vault: &dyn KeyVault| vault.import(function.half, &file, &of_file, &passwords);
    let chain = asteria.with_vault(function, work).await?;
    shown(asteria, &chain)
}

async fn install(asteria: &Asteria, function: Function, request: Request<Body>) -> Result<Success, Failure> {
    let upload = Upload::read(request, &["certFile", "chainFile"], asteria.settings.max_upload).await?;
    upload.parameters.demand(&["password", "privateKeyPassword"])?;
    let (file, chain) = (upload.file("certFile")?, upload.optional_file("chainFile")?);
    let passwords = passwords(&upload.parameters);
    let work = move |vault: &dyn KeyVault| vault.install(function.half, &passwords, &file, chain.as_deref());
    asteria.with_vault(function, work).await?;
    Ok(Success::empty())
}

async fn export(asteria: &Asteria, function: Function, request: Request<Body>) -> Result<Success, Failure> {
    let parameters = form(request, &["password", "outputFormat", "dataFormat"]).await?;
    let wrong = |what| Failure::with(Code::C2003, what);
    let format = match parameters.get("outputFormat") {
        Some("X509") => CertificateFormat::X509,
        Some("PKCS7") => CertificateFormat::Pkcs7,
        _ => return Err(wrong("outputFormat is X509 or PKCS7")),
    };
    let encoding = match parameters.get("dataFormat") {
        Some("PEM") => ExportEncoding::Pem,
        Some("DER") => ExportEncoding::Der,
        _ => return Err(wrong("dataFormat is PEM or DER")),
    };
    let password = parameters.secret("password");
    let work = move |vault: &dyn KeyVault| vault.export_archive(function.half, &password, format, encoding);
    let octets = asteria.with_vault(function, work).await?;
    Ok(Success::Archive { name: "certs.zip", octets })
}

async fn ca_show(asteria: &Asteria, function: Function, query: &str) -> Result<Success, Failure> {
    let parameters = Parameters::of_query(query);
    parameters.demand(&["alias"])?;
    let anchors = asteria.with_vault(function, move |vault| vault.anchors(function.half)).await?;
    let alias = parameters.get("alias");
    let anchor = anchors.iter().find(|anchor| Some(anchor.alias.as_str()) == alias).ok_or(Code::C4012)?;
    let detail = certificate::detail(&anchor.certificate, &asteria.settings);
    Ok(Success::one("certificate", detail.map_err(|_| Failure::from(Code::C5304))?.into()))
}

impl fmt::Debug for Asteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asteria").field("settings", &self.settings).finish_non_exhaustive()
    }
}
