//! TLS 1.3 for the server.

use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;

use super::error::QuicError;
use super::identity::IdentitySwitch;
use super::peer::ClientAuthentication;
use super::settings::{EarlyData, QuicSettings};
use crate::server::tls::{self, TlsError};
use crate::wire::ALPN;

/// The configuration of all connections, for the query protocol and one that shares the port.
///
/// Sessions are kept by the server and each is resumed once, so that a replayed first flight finds no session and
/// its 0-RTT data is not even decrypted. Only copies that reach several servers, or a server before the original, are
/// left to the rules of the protocol.
pub(super) fn config(
    settings: &QuicSettings,
    identity: &Arc<IdentitySwitch>,
    clients: &ClientAuthentication,
    other: Option<&[u8]>,
) -> Result<QuicServerConfig, QuicError> {
    let mut tls = tls::config(&[&rustls::version::TLS13], identity, clients, settings.max_sessions)?;
    tls.alpn_protocols = [ALPN].into_iter().chain(other).map(<[u8]>::to_vec).collect();
    // QUIC knows only these two values (RFC 9001 section 4.6.1).
    tls.max_early_data_size = match settings.early_data {
        EarlyData::Refuse => 0,
        EarlyData::Questions => u32::MAX,
    };
    // The suites of the provider include the one that initial packets are protected with.
    QuicServerConfig::try_from(tls)
        .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())).into())
}
