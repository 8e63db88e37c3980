//! Opening a container, and finding the certificate of a key in it.

use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::contents::{KeyEntry, open};
use super::error::TicketError;
use super::key_type::KeyType;
use super::registry::Tickets;
use crate::pki::Certificate;
use crate::types::{CertificateKind, UnixTime};

/// The certificate of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// That of its issuer, if the container has it.
    pub issuer: Option<Certificate>,
}

impl Tickets {
    /// The certificate of the key of a type in the container of a ticket; `None` if the container has none.
    ///
    /// Opening takes a processor for a while, so it is done beside the runtime, and for few at a time.
    ///
    /// # Errors
    /// [`TicketError`]. A wrong password counts, whether or not anybody waits for the answer.
    pub async fn key_certificate(
        self: &Arc<Self>,
        ticket: Uuid,
        key_type: KeyType,
        password: Zeroizing<String>,
    ) -> Result<Option<KeyCertificate>, TicketError> {
        let container = self.container(ticket)?;
        let turn = Arc::clone(&self.openings).acquire_owned().await.map_err(|_| TicketError::Stopped)?;
        let tickets = Arc::clone(self);
        let opening = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let opened = open(&container, &password, &tickets.settings);
            match &opened {
                Ok(_) => tickets.note_password(ticket, &container, true)?,
                Err(TicketError::WrongPassword) => tickets.note_password(ticket, &container, false)?,
                Err(_) => {}
            }
            opened
        });
        let entries = opening.await.map_err(|_| TicketError::Stopped)??;
        Ok(choose(&entries, key_type, self.now()))
    }
}

/// Of the certificates of keys that are of the type, the one that is valid now; of several the youngest. An old key
/// that was kept to read old messages does not stand in the way of the new one.
fn choose(entries: &[KeyEntry], key_type: KeyType, now: UnixTime) -> Option<KeyCertificate> {
    let mut best: Option<(Certificate, &KeyEntry)> = None;
    for entry in entries {
        for certificate in own_certificates(entry).filter(|certificate| key_type.fits(certificate)) {
            let better = best.as_ref().is_none_or(|(best, _)| rank(certificate, now) > rank(best, now));
            if better {
                best = Some((certificate.clone(), entry));
            }
        }
    }
    best.map(|(certificate, entry)| {
        let issuer = issuer_of(&certificate, entry);
        KeyCertificate { certificate, issuer }
    })
}

fn rank(certificate: &Certificate, now: UnixTime) -> (bool, UnixTime) {
    let is_valid = certificate.not_before() <= now && now <= certificate.not_after();
    (is_valid, certificate.not_before())
}

/// The certificates of the key's holder: the first, and others of the same holder that some authorities put beside it,
/// such as that of the key for agreement. Those of authorities are not.
fn own_certificates(entry: &KeyEntry) -> impl Iterator<Item = &Certificate> {
    let (first, rest) = entry.chain.split_first().unzip();
    let others = rest.into_iter().flatten().filter(move |other| {
        other.kind() == CertificateKind::User && first.is_some_and(|first| other.subject() == first.subject())
    });
    first.into_iter().chain(others)
}

/// The issuer's certificate among those that came along.
fn issuer_of(certificate: &Certificate, entry: &KeyEntry) -> Option<Certificate> {
    let mut above = entry.chain.iter().filter(|it| it.kind() == CertificateKind::Ca || it.is_old_root());
    above.find(|issuer| issuer.subject() == certificate.issuer()).cloned()
}
