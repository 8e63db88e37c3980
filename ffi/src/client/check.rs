//! Questions to a server.

use revocache::client::ClientError;
use revocache::pki::Certificate;
use revocache::types::{SerialRef, Verdict};
use revocache::wire::{Outcome, Question, Target};

use super::connection::{revocache_client, revocache_client_issuer};
use super::request::{Asked, revocache_request};
use crate::batch::{Answers, REVOCACHE_MAX_BATCH, WHAT};
use crate::boundary::{answer, elements, required};
use crate::check::{Teller, check, read_cert_id, read_pair, revocache_cert_id, revocache_octets};
use crate::failure::{Failed, revocache_error};
use crate::result::revocache_result;
use crate::serial::read_serial;
use crate::verdict::{result_of, revocache_verdict};

/// Asks the server whether the certificate with this serial number is revoked.
///
/// serial: as for revocache_check_serial. request: may be NULL, for the defaults. verdict: may be NULL; else filled
/// whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error: UNREACHABLE, TIMED_OUT or REFUSED_BY_SERVER if there is no answer.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_check_serial(
    issuer: Option<&revocache_client_issuer>,
    serial: *const u8,
    serial_length: usize,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let issuer = required(issuer, "issuer")?;
        // SAFETY: passed on.
        let serial = unsafe { read_serial(serial, serial_length, asked.negative_serials) }?;
        let options = asked.for_server();
        let answer = issuer.server.wait(asked.limit, |session| async {
            Ok(session.0.ask_serial(issuer.handle, serial, &options).await?)
        })?;
        Ok(tell.answer(&answer))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

/// Asks the server whether this certificate is revoked. The question that can be answered most often: the certificate tells
/// its distribution points, its kind and its OCSP responders.
///
/// certificate, issuer: as for revocache_check_certificate. request: may be NULL, for the defaults. verdict: may be NULL;
/// else filled whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error: UNREACHABLE, TIMED_OUT or REFUSED_BY_SERVER if there is no answer.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_check_certificate(
    client: Option<&revocache_client>,
    certificate: *const u8,
    certificate_length: usize,
    issuer: *const u8,
    issuer_length: usize,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let client = required(client, "client")?;
        // SAFETY: passed on.
        let read = unsafe { read_pair(certificate, certificate_length, issuer, issuer_length) };
        let (certificate, issuer) = read?;
        let issuer = issuer.as_ref().map(Certificate::der);
        let target = Target::Certificate { certificate: certificate.der(), issuer };
        Ok(tell.answer(&ask(client, target, asked)?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

/// Asks the server whether the certificate that an OCSP CertID means is revoked.
///
/// request: may be NULL, for the defaults. verdict: may be NULL; else filled whatever the result. error: may be NULL.
///
/// Returns GOOD, REVOKED or UNKNOWN, or an error: UNREACHABLE, TIMED_OUT or REFUSED_BY_SERVER if there is no answer.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_check_cert_id(
    client: Option<&revocache_client>,
    cert_id: Option<&revocache_cert_id>,
    request: *const revocache_request,
    verdict: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    let body = |asked: &Asked, tell: &Teller<'_>| {
        let client = required(client, "client")?;
        // SAFETY: passed on.
        let (issuer, serial) = unsafe { read_cert_id(cert_id, asked.negative_serials) }?;
        Ok(tell.answer(&ask(client, Target::CertId { issuer, serial }, asked)?))
    };
    // SAFETY: passed on.
    check(verdict, error, || unsafe { Asked::read(request) }, body)
}

/// Asks the server about many serial numbers of one issuer at once: one round trip for some thousand of them.
///
/// serials, count, results, verdicts: as for revocache_check_batch. request: may be NULL, for the defaults; its deadline is
/// for all of them. error: may be NULL; about the first error.
///
/// Returns the worst result, as revocache_check_batch does. If there is no answer at all, every result is the error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_check_batch(
    issuer: Option<&revocache_client_issuer>,
    serials: *const revocache_octets,
    count: usize,
    request: *const revocache_request,
    results: *mut revocache_result,
    verdicts: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        // SAFETY: passed on.
        let mut answers = unsafe { Answers::new(results, verdicts, count) }?;
        // SAFETY: passed on.
        let asked = unsafe { Asked::read(request) };
        if let Ok(asked) = &asked {
            answers.judge_by(asked.on_unknown);
        }
        let done = asked.and_then(|asked| {
            let issuer = required(issuer, "issuer")?;
            // SAFETY: passed on.
            let serials = unsafe { elements(serials, count, REVOCACHE_MAX_BATCH, WHAT, "questions") }?;
            // SAFETY: passed on.
            unsafe { ask_batch(issuer, serials, &asked, &mut answers) }
        });
        match done {
            Ok(()) => answers.worst(),
            Err(failure) => {
                (0..count).for_each(|position| answers.set_failure(position, &failure));
                Err(failure)
            }
        }
    })
}

/// # Safety
/// Each of the serials is as its caller promises.
unsafe fn ask_batch(
    issuer: &revocache_client_issuer,
    given: &[revocache_octets],
    asked: &Asked,
    answers: &mut Answers<'_>,
) -> Result<(), Failed> {
    let (mut serials, mut positions) = (Vec::<SerialRef<'_>>::new(), Vec::new());
    for (position, view) in given.iter().enumerate() {
        // SAFETY: passed on.
        match unsafe { read_serial(view.data, view.length, asked.negative_serials) } {
            Ok(serial) => {
                serials.push(serial);
                positions.push(position);
            }
            Err(failure) => answers.fail(position, failure),
        }
    }
    let options = asked.for_server();
    let outcomes = issuer.server.wait(asked.limit, |session| async {
        Ok(session.0.ask_batch(issuer.handle, &serials, &options).await?)
    })?;
    for (position, outcome) in positions.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Verdict(verdict) => {
                let told = revocache_verdict::of(&verdict, asked.on_unknown);
                answers.set(position, result_of(&verdict.status), &told);
            }
            Outcome::Failed(code) => {
                let text = "no answer to one question of a batch".to_owned();
                answers.fail(position, ClientError::Refused { code, text }.into());
            }
            // The client waits for all.
            Outcome::Pending => {
                answers.fail(position, ClientError::WrongAnswer { expected: "every answer" }.into());
            }
        }
    }
    Ok(())
}

fn ask(client: &revocache_client, target: Target<'_>, asked: &Asked) -> Result<Verdict, Failed> {
    let question = Question { target, options: asked.for_server() };
    client.server.wait(asked.limit, |session| async { Ok(session.0.ask(&question).await?) })
}
