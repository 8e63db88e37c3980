//! TLS to PostgreSQL, by rustls.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Stream;

use super::super::error::StoreError;

/// Makes TLS connections. The server's certificate is always verified; who wants none says `sslmode=disable`.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

/// TLS to one server.
pub(super) struct ToServer {
    connector: TlsConnector,
    /// `None` for a socket of this machine, which needs no TLS.
    name: Option<ServerName<'static>>,
}

/// A TLS connection.
pub(super) struct Secured<S>(Stream<S>);

impl Tls {
    pub(super) fn new(extra_roots: &[Vec<u8>]) -> Result<Self, StoreError> {
        let wrong = |reason: String| StoreError::Url { reason };
        let mut roots = rustls::RootCertStore::empty();
        for (number, root) in (1..).zip(extra_roots) {
            roots
                .add(CertificateDer::from_slice(root))
                .map_err(|failure| wrong(format!("root certificate {number} of [store]: {failure}")))?;
        }
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|failure| wrong(failure.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type TlsConnect = ToServer;
    type Error = Infallible;

    fn make_tls_connect(&mut self, domain: &str) -> Result<ToServer, Self::Error> {
        // Asked also where the address says that there is to be no TLS, and of a socket without a name.
        Ok(ToServer { connector: self.0.clone(), name: ServerName::try_from(domain.to_owned()).ok() })
    }
}

impl<S> TlsConnect<S> for ToServer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = self.name.ok_or_else(|| io::Error::other("TLS needs the name of the server"))?;
            self.connector.connect(name, stream).await.map(Secured)
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Secured<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // The hash would be that of the certificate's signature (RFC 5929); servers do without.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
