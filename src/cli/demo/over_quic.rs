//! The part of the tour where another machine asks.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio::sync::oneshot;

use super::ca::DemoCa;
use super::{Demo, build, describe, failed, microseconds, only_certificate};
use crate::cli::exit::CliError;
use crate::client::{Client, ClientSettings, ServerTrust};
use crate::pki::Certificate;
use crate::publish::{IndexFolder, IndexReader};
use crate::server::Answers;
use crate::server::quic::{ClientAuthentication, Identity, IdentitySwitch, QuicServer, QuicSettings};
use crate::service::{CheckSettings, Checker, MethodPolicy};
use crate::types::{SystemClock, Verdict, to_hex};
use crate::wire::{Options, Question, Target};

/// The serial of the certificate that is revoked while a client watches.
const WATCHED: u64 = 3;

/// What was shown over QUIC, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct OverQuic {
    before: &'static str,
    after: &'static str,
    round_trip_microseconds: u64,
    noticed_microseconds: u64,
}

impl Demo {
    /// A server, a client, and a revocation between two questions.
    pub(super) fn over_quic(
        &self,
        ca: &mut DemoCa,
        place: &Path,
        folder: &IndexFolder,
    ) -> Result<OverQuic, CliError> {
        let pem = ca.issue("watched.example", WATCHED)?;
        let certificate = only_certificate(&pem)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let (server, fingerprint) = serve(folder)?;
            let address = server.local_address();
            let (stop, stopped) = oneshot::channel::<()>();
            let running = Arc::clone(&server);
            let task = tokio::spawn(async move {
                running
                    .run(async {
                        let _ = stopped.await;
                    })
                    .await;
            });
            let trust = ServerTrust::Fingerprint(fingerprint);
            let client = Client::connect(address, trust, ClientSettings::default()).await.map_err(failed)?;
            let before = ask(&client, &certificate).await?;
            let started = Instant::now();
            let again = ask(&client, &certificate).await?;
            let round_trip = microseconds(started.elapsed());
            self.say(&format!(
                "7. A server listens for QUIC at {address}, with a certificate of its own (SHA-256 {}…). A client \n   \
                 that knows this fingerprint asks, and has its answer after {round_trip} µs:\n   {:<12} {}",
                to_hex(fingerprint.get(..4).unwrap_or_default()),
                "watched.pem",
                describe(&again)
            ));

            let mut news = client.subscribe(&[]).await.map_err(failed)?;
            ca.revoke(WATCHED);
            std::fs::write(place.join("list.crl"), ca.crl()?)?;
            build(folder, &place.join("ca.pem"), Some(&place.join("list.crl")))?;
            let published = Instant::now();
            // The first notice tells the generation that was there before.
            let mut after = before;
            while after.generation == before.generation {
                news.next().await.ok_or_else(|| failed("the server is gone"))?.map_err(failed)?;
                after = ask(&client, &certificate).await?;
            }
            let noticed = microseconds(published.elapsed());
            self.say(&format!(
                "   watched.example is revoked, and a new list published. The server tells the client, which asks again \
                 and knows\n   after {noticed} µs:\n   {:<12} {}",
                "watched.pem",
                describe(&after)
            ));
            client.close().await;
            let _ = stop.send(());
            let _ = task.await;
            Ok(OverQuic {
                before: before.status.name(),
                after: after.status.name(),
                round_trip_microseconds: round_trip,
                noticed_microseconds: noticed,
            })
        })
    }
}

/// A server of the index in `folder`, and the fingerprint of its certificate.
fn serve(folder: &IndexFolder) -> Result<(Arc<QuicServer<Answers>>, [u8; 32]), CliError> {
    let reader = Arc::new(IndexReader::open(folder.clone())?);
    let settings = CheckSettings { method: MethodPolicy::Crl, ..CheckSettings::default() };
    let checker = Arc::new(Checker::new(reader, Arc::new(SystemClock), settings, None));
    let answers = Arc::new(Answers::new(checker, folder.clone()));
    let (identity, _) = Identity::self_signed(&["localhost"]).map_err(failed)?;
    let fingerprint = identity.fingerprint();
    let settings = QuicSettings { address: ([127, 0, 0, 1], 0).into(), ..QuicSettings::default() };
    let identity = Arc::new(IdentitySwitch::new(identity));
    let following = Arc::clone(&answers);
    tokio::spawn(async move { following.follow().await });
    let server =
        QuicServer::bind(settings, &identity, ClientAuthentication::None, answers).map_err(failed)?;
    Ok((Arc::new(server), fingerprint))
}

async fn ask(client: &Client, certificate: &Certificate) -> Result<Verdict, CliError> {
    let target = Target::Certificate { certificate: certificate.der(), issuer: None };
    client.ask(&Question { target, options: Options::default() }).await.map_err(failed)
}
