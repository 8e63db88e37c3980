//! Live OCSP: what the lists cannot tell is asked of a responder.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use revocache::fetch::http::{AddressPolicy, HttpClient, HttpSettings};
use revocache::live::{Live, LiveSettings, NonceUse};
use revocache::policy::Policy;
use revocache::publish::{IndexFolder, IndexReader};
use revocache::service::{CheckSettings, Checker, DelegatesInIndex, Issuers, MethodPolicy, Question};
use revocache::types::{CertId, Clock, Seconds, SystemClock};

use super::hosted::{Guest, Hosted};
use super::request::{
    Asked, REVOCACHE_ASK_CRL, REVOCACHE_ASK_CRL_THEN_OCSP, REVOCACHE_ASK_DEFAULT, REVOCACHE_ASK_OCSP,
    milliseconds, revocache_request,
};
use crate::boundary::{Structure, answer, elements, give, path, quietly, read_structure, required, text};
use crate::check::{Teller, check, read_cert_id, read_pair, revocache_cert_id};
use crate::failure::{Failed, Failure, revocache_error};
use crate::issuer::read_certificate;
use crate::result::revocache_result;
use crate::serial::read_serial;
use crate::verdict::revocache_verdict;

/// In `flags`: responders may have private and loopback addresses. Without it only those that `responders` names may; URLs
/// in certificates are written by strangers, and must not lead into your network.
pub const REVOCACHE_LIVE_PRIVATE_ADDRESSES: u32 = 1;
/// In `flags`: questions carry a nonce (RFC 9654). Most responders sign in advance and ignore it.
pub const REVOCACHE_LIVE_NONCE: u32 = 2;

/// The most responders that may be named.
pub const REVOCACHE_MAX_RESPONDERS: usize = 8;

/// How responders are asked. Clear it, set `size`, then what differs from the default; or pass NULL for the defaults.
/// Nothing in it is kept behind the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_live_options {
    /// sizeof(revocache_live_options).
    pub size: u32,
    /// Where to look, unless the request says otherwise. REVOCACHE_ASK_DEFAULT: as REVOCACHE_ASK_CRL_THEN_OCSP.
    pub method: u32,
    /// As in revocache_policy.
    pub grace: u32,
    /// As in revocache_policy.
    pub life_without_next_update: u32,
    /// The longest that asking may take for one question, in milliseconds, whatever the number of responders. 0: 3,000.
    pub budget_ms: u32,
    /// REVOCACHE_LIVE_PRIVATE_ADDRESSES, REVOCACHE_LIVE_NONCE, or 0.
    pub flags: u32,
    /// URLs (http or https), each NUL-terminated: they are asked before those that certificates name.
    pub responders: *const *const c_char,
    /// How many, at most REVOCACHE_MAX_RESPONDERS.
    pub responder_count: usize,
}

// SAFETY: repr(C), begins with its size, six u32, a pointer and a usize without padding on machines of 32 and 64 bits; any
// octets make a pointer, which is followed only where the caller promises what is behind it.
unsafe impl Structure for revocache_live_options {
    const NAME: &'static str = "revocache_live_options";
    const LEAST: usize = 24 + 2 * size_of::<usize>();

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// An opened index with OCSP responders behind it: owned by whoever opened it, to be freed with revocache_live_free. Any
/// number of threads may use it at the same time.
///
/// Verified answers are kept until their nextUpdate; whoever asks the same at the same time waits for one request; a
/// responder that fails is left alone for a while.
pub struct revocache_live {
    checker: Hosted<Checker>,
}

/// Opens the index in a folder and follows it, as revocache_open_folder does, and starts a thread that waits for the network
/// until the handle is freed.
///
/// path: NUL-terminated. options: may be NULL. live: set on success only; free it with revocache_live_free. error: may be
/// NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_live_open(
    path: *const c_char,
    options: *const revocache_live_options,
    live: Option<&mut MaybeUninit<Option<Box<revocache_live>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let live = required(live, "live")?;
        // SAFETY: passed on.
        let options = unsafe { read_structure(options) }?.unwrap_or(revocache_live_options::NONE);
        // SAFETY: passed on.
        let urls = unsafe { options.urls() }?;
        let (http, settings, checks) = (options.http(&urls)?, options.live()?, options.checks(urls)?);
        // SAFETY: passed on.
        let path = unsafe { self::path(path) }?;
        // A daemon that changes its directory must not look for the next generation elsewhere.
        let path = std::path::absolute(path)
            .map_err(|source| Failure::Io { action: "find the current directory", source })?;
        let reader = Arc::new(IndexReader::open(IndexFolder::new(path))?);
        let checker = Hosted::start(async {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let delegates = DelegatesInIndex::new(Arc::clone(&reader), Arc::clone(&clock));
            let responders = Live::new(settings, http, Arc::clone(&clock), delegates.parts());
            Ok(Checker::new(reader, clock, checks, Some(Arc::new(responders))))
        })?;
        give(live, revocache_live { checker });
        Ok(revocache_result::Ok)
    })
}

/// Ends the thread of a revocache_live. NULL is fine. No other thread may be using it. In a process that was forked off,
/// this forgets the handle.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or owned by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_live_free(live: Option<Box<revocache_live>>) {
    quietly((), || drop(live));
}

/// Is this certificate revoked? Responders that the certificate names are asked after those of the options.
///
/// certificate, issuer: as for revocache_check_certificate; an OCSP question needs the issuer's certificate, from here or
/// from the index. request: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may
/// be NULL; with UNKNOWN it tells what a responder did, where one was asked.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_live_check_certificate(
    live: Option<&revocache_live>,
    certificate: *const u8,
    certificate_length: usize,
    issuer: *const u8,
    issuer_length: usize,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let live = required(live, "live")?;
        // SAFETY: passed on.
        let read = unsafe { read_pair(certificate, certificate_length, issuer, issuer_length) };
        let (certificate, issuer) = read?;
        ask(live, &Question::Certificate { certificate, issuer }, asked, tell, error)
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

/// Is the certificate of this issuer and serial number revoked?
///
/// issuer: the issuer's certificate, DER. serial: as for revocache_check_serial. request: may be NULL, for the defaults.
/// verdict: may be NULL; else filled whatever the result. error: may be NULL; with UNKNOWN it tells what a responder did,
/// where one was asked.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_live_check_serial(
    live: Option<&revocache_live>,
    issuer: *const u8,
    issuer_length: usize,
    serial: *const u8,
    serial_length: usize,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let live = required(live, "live")?;
        // SAFETY: passed on.
        let issuer = unsafe { read_certificate(issuer, issuer_length, "the issuer's certificate") }?;
        // SAFETY: passed on.
        let serial = unsafe { read_serial(serial, serial_length, asked.negative_serials) }?.to_owned();
        ask(live, &Question::Serial { issuer, serial }, asked, tell, error)
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

/// Is the certificate that an OCSP CertID means revoked? A responder can be asked only about issuers of the index, whose
/// certificate it has.
///
/// request: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL; with
/// UNKNOWN it tells what a responder did, where one was asked.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_live_check_cert_id(
    live: Option<&revocache_live>,
    cert_id: Option<&revocache_cert_id>,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let live = required(live, "live")?;
        // SAFETY: passed on.
        let (issuer, serial) = unsafe { read_cert_id(cert_id, asked.negative_serials) }?;
        let serial = serial.to_owned();
        ask(live, &Question::CertId(CertId { issuer, serial }), asked, tell, error)
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

impl Guest for Checker {
    // Nobody waits for an answer any more.
    async fn leave(self) {}
}

fn ask(
    live: &revocache_live,
    question: &Question,
    asked: &Asked,
    tell: &Teller<'_>,
    error: *mut revocache_error,
) -> Result<revocache_result, Failed> {
    let options = asked.for_checker();
    let outcome =
        live.checker.wait(asked.limit, |checker| async { Ok(checker.check(question, options).await?) })?;
    if let Some(failure) = outcome.failure {
        Failure::Responder(failure).tell(error);
    }
    Ok(tell.answer(&outcome.verdict))
}

impl revocache_live_options {
    const NONE: Self = Self {
        size: 0,
        method: REVOCACHE_ASK_DEFAULT,
        grace: 0,
        life_without_next_update: 0,
        budget_ms: 0,
        flags: 0,
        responders: std::ptr::null(),
        responder_count: 0,
    };

    /// # Safety
    /// Its responders are as many strings that end with NUL.
    unsafe fn urls(&self) -> Result<Vec<String>, Failed> {
        const WHAT: &str = "responders";
        // SAFETY: passed on.
        let urls = unsafe {
            elements(self.responders, self.responder_count, REVOCACHE_MAX_RESPONDERS, WHAT, "URLs")
        }?;
        urls.iter()
            .map(|url| {
                // SAFETY: passed on.
                Ok(unsafe { text(*url, "the URL of a responder") }?.to_owned())
            })
            .collect()
    }

    fn http(&self, urls: &[String]) -> Result<HttpClient, Failed> {
        let unusable = |error: String| Failure::Setup { what: "the options", reason: error };
        let mut addresses = AddressPolicy::public_only();
        if self.flags & REVOCACHE_LIVE_PRIVATE_ADDRESSES != 0 {
            addresses = addresses.with_private();
        }
        // Whoever names a URL means it, wherever it leads.
        for url in urls {
            addresses = addresses.with_url(url).map_err(|error| unusable(error.to_string()))?;
        }
        let http = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() });
        Ok(http.map_err(|error| unusable(error.to_string()))?)
    }

    fn live(&self) -> Result<LiveSettings, Failed> {
        let known = REVOCACHE_LIVE_PRIVATE_ADDRESSES | REVOCACHE_LIVE_NONCE;
        if self.flags & !known != 0 {
            return Err(Failure::Value { what: "flags", found: self.flags, allowed: "0 to 3" }.into());
        }
        let defaults = LiveSettings::default();
        let nonce = if self.flags & REVOCACHE_LIVE_NONCE == 0 { NonceUse::Never } else { NonceUse::Always };
        let budget = milliseconds(self.budget_ms).unwrap_or(defaults.budget);
        Ok(LiveSettings { budget, nonce, ..defaults })
    }

    fn checks(&self, responders: Vec<String>) -> Result<CheckSettings, Failed> {
        let method = match self.method {
            REVOCACHE_ASK_DEFAULT | REVOCACHE_ASK_CRL_THEN_OCSP => MethodPolicy::CrlThenOcsp,
            REVOCACHE_ASK_CRL => MethodPolicy::Crl,
            REVOCACHE_ASK_OCSP => MethodPolicy::Ocsp,
            found => return Err(Failure::Value { what: "method", found, allowed: "0 to 3" }.into()),
        };
        let life_without_next_update = match self.life_without_next_update {
            0 => Policy::default().life_without_next_update,
            seconds => Seconds(seconds),
        };
        Ok(CheckSettings {
            method,
            policy: Policy { grace: Seconds(self.grace), life_without_next_update },
            // The host is the operator.
            issuers: Issuers::AsGiven,
            responders,
            authorities: Vec::new(),
        })
    }
}
