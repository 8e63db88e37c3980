//! A server to ask, and issuers it was told of.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use revocache::client::Client;
use revocache::wire::{AuthorityRef, Handle};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::hosted::{Guest, Hosted};
use super::options::{Place, revocache_client_options};
use crate::boundary::{answer, give, quietly, read_structure, required};
use crate::failure::{Failed, Failure, revocache_error};
use crate::issuer::{read_certificate, read_hashes};
use crate::result::revocache_result;

/// A revocache server to ask over QUIC: owned by whoever connected, to be freed with revocache_client_free. Any number of
/// threads may use it at the same time; what they ask together travels together. A connection that is lost is made again.
pub struct revocache_client {
    pub(super) server: Arc<Hosted<Session>>,
}

/// An issuer of certificates that the server was told of: owned by whoever made it, to be freed with
/// revocache_client_issuer_free. It outlives the connection, and the client it was made from.
pub struct revocache_client_issuer {
    pub(super) server: Arc<Hosted<Session>>,
    pub(super) handle: Handle,
}

/// What a client and its issuers share.
pub(super) struct Session(pub(super) Client);

impl Guest for Session {
    async fn leave(self) {
        self.0.close().await;
    }
}

/// Connects to a revocache server (`revocache serve`), and starts a thread that waits for the network until the client is
/// freed.
///
/// server: HOST:PORT, NUL-terminated, such as "127.0.0.1:4433", "[::1]:4433" or "crl.example:4433". A name is looked up
/// once; its addresses are tried in their order. options: must not be NULL, because it says how the server is known.
/// client: set on success only; free it with revocache_client_free. error: may be NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error: UNREACHABLE if nobody answers as the server that is meant.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_connect(
    server: *const c_char,
    options: *const revocache_client_options,
    client: Option<&mut MaybeUninit<Option<Box<revocache_client>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let client = required(client, "client")?;
        // SAFETY: passed on.
        let place = unsafe { Place::read(server) }?;
        // SAFETY: passed on.
        let options = required(unsafe { read_structure(options) }?, "options")?;
        // SAFETY: passed on.
        let settings = unsafe { options.settings(&place) }?;
        // SAFETY: passed on.
        let trust = unsafe { options.trust() }?;
        let server = Hosted::start(async {
            let failed = |reason: String| Failure::NoAddress { host: place.host.clone(), reason };
            let looked_up =
                timeout(settings.connect_timeout, lookup_host((place.host.as_str(), place.port))).await;
            let addresses = match looked_up {
                Ok(addresses) => addresses.map_err(|error| failed(error.to_string()))?,
                Err(_) => return Err(failed("the name service does not answer in time".to_owned()).into()),
            };
            let mut failure = failed("its name has none".to_owned());
            for address in addresses {
                match Client::connect(address, trust.clone(), settings.clone()).await {
                    Ok(client) => return Ok(Session(client)),
                    Err(error) => failure = error.into(),
                }
            }
            Err(failure.into())
        })?;
        give(client, revocache_client { server: Arc::new(server) });
        Ok(revocache_result::Ok)
    })
}

/// Ends the connections and the thread of a client, once its issuers are freed, too. NULL is fine. No other thread may be
/// using it. In a process that was forked off, this forgets the client and leaves its connections to the parent.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or owned by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_free(client: Option<Box<revocache_client>>) {
    quietly((), || drop(client));
}

/// Makes a handle for the issuer with this certificate, and tells the server of it. An issuer that the server does not know
/// is no error: checks answer UNKNOWN with the cause REVOCACHE_CAUSE_AUTHORITY_UNKNOWN, until it does.
///
/// Make one per issuer, not per check: the server takes a limited number.
///
/// certificate: DER, copied. issuer: set on success only; free it with revocache_client_issuer_free. error: may be NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_issuer_new(
    client: Option<&revocache_client>,
    certificate: *const u8,
    certificate_length: usize,
    issuer: Option<&mut MaybeUninit<Option<Box<revocache_client_issuer>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let (client, issuer) = (required(client, "client")?, required(issuer, "issuer")?);
        const WHAT: &str = "the certificate";
        // SAFETY: passed on.
        let certificate = unsafe { read_certificate(certificate, certificate_length, WHAT) }?;
        give(issuer, resolve(client, &AuthorityRef::Certificate(certificate.der()))?);
        Ok(revocache_result::Ok)
    })
}

/// Makes a handle for the issuer that an OCSP CertID means (RFC 6960 section 4.1.1), as revocache_client_issuer_new does.
///
/// name_hash: issuerNameHash, of the DER of the issuer's name. key_hash: issuerKeyHash, of the content of the BIT STRING
/// of the issuer's key. hash_length: the length of each, 20 for SHA-1 or 32 for SHA-256.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_issuer_new_by_cert_id(
    client: Option<&revocache_client>,
    name_hash: *const u8,
    key_hash: *const u8,
    hash_length: usize,
    issuer: Option<&mut MaybeUninit<Option<Box<revocache_client_issuer>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let (client, issuer) = (required(client, "client")?, required(issuer, "issuer")?);
        // SAFETY: passed on.
        let hashes = unsafe { read_hashes(name_hash, key_hash, hash_length) }?;
        give(issuer, resolve(client, &AuthorityRef::CertId(hashes))?);
        Ok(revocache_result::Ok)
    })
}

/// Frees an issuer. NULL is fine. No other thread may be using it.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or owned by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_issuer_free(issuer: Option<Box<revocache_client_issuer>>) {
    quietly((), || drop(issuer));
}

/// Asks the server for the number of the generation that it answers from.
///
/// generation: set on success only. error: may be NULL. Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_client_generation(
    client: Option<&revocache_client>,
    generation: Option<&mut u64>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let (client, generation) = (required(client, "client")?, required(generation, "generation")?);
        let info = client.server.wait(None, |session| async { Ok(session.0.info().await?) })?;
        *generation = info.generation;
        Ok(revocache_result::Ok)
    })
}

fn resolve(
    client: &revocache_client,
    authority: &AuthorityRef<'_>,
) -> Result<revocache_client_issuer, Failed> {
    let resolved = client.server.wait(None, |session| async { Ok(session.0.resolve(authority).await?) })?;
    Ok(revocache_client_issuer { server: Arc::clone(&client.server), handle: resolved.handle })
}
