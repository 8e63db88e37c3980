//! The table of links: which certificates belong to one person.

use super::super::connection::Connection;
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::value::Row;
use super::records::CertificateName;

/// A certificate of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whatever tells persons apart where the links come from. Nobody sees it in answers.
    pub person: String,
    /// The certificate.
    pub certificate: CertificateName,
}

impl Store {
    /// Adds links, each behind those its person has: links are given in the order in which the certificates were issued.
    /// A certificate that is linked already is given to the person named now. Tells how many are new or changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_links(&self, links: Vec<Link>) -> Result<u64, StoreError> {
        self.write(links, |connection, links| Box::pin(add(connection, links))).await
    }

    /// The certificates of the person a certificate belongs to, in the order in which they were issued; none if nothing
    /// is known of the certificate.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn linked_certificates(
        &self,
        certificate: CertificateName,
    ) -> Result<Vec<CertificateName>, StoreError> {
        self.read(certificate, |connection, certificate| Box::pin(linked(connection, certificate))).await
    }

    /// Links by person and place, those of one person or of all, behind a place in this order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn links(
        &self,
        person: Option<String>,
        after: Option<Link>,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError> {
        self.read((person, after, limit), |connection, (person, after, limit)| {
            Box::pin(links(connection, person.as_deref(), after.as_ref(), *limit))
        })
        .await
    }
}

async fn add(connection: &mut Connection, links: &[Link]) -> Result<u64, StoreError> {
    let mut changed = 0;
    for Link { person, certificate } in links {
        changed += connection
            .execute(
                "INSERT INTO links (issuer_name_hash, serial, person, place) VALUES (?1, ?2, ?3, \
                 (SELECT COALESCE(MAX(place), 0) + 1 FROM links WHERE person = ?3)) \
                 ON CONFLICT (issuer_name_hash, serial) DO UPDATE \
                 SET person = excluded.person, place = excluded.place WHERE links.person <> excluded.person",
                &[
                    certificate.issuer_name_hash.as_slice().into(),
                    certificate.serial.as_slice().into(),
                    person.as_str().into(),
                ],
            )
            .await?;
    }
    Ok(changed)
}

async fn linked(
    connection: &mut Connection,
    certificate: &CertificateName,
) -> Result<Vec<CertificateName>, StoreError> {
    connection
        .rows(
            "SELECT o.issuer_name_hash, o.serial FROM links l JOIN links o ON o.person = l.person \
             WHERE l.issuer_name_hash = ?1 AND l.serial = ?2 ORDER BY o.place",
            &[certificate.issuer_name_hash.as_slice().into(), certificate.serial.as_slice().into()],
            |row| name(row, 0),
        )
        .await
}

async fn links(
    connection: &mut Connection,
    person: Option<&str>,
    after: Option<&Link>,
    limit: u32,
) -> Result<Vec<Link>, StoreError> {
    // The place of the link to continue behind is looked up, so that the caller need not know of places.
    let (from_person, from_place) = match after {
        Some(Link { person, certificate }) => {
            let place = connection
                .first(
                    "SELECT place FROM links WHERE issuer_name_hash = ?1 AND serial = ?2",
                    &[certificate.issuer_name_hash.as_slice().into(), certificate.serial.as_slice().into()],
                    |row| row.integer(0),
                )
                .await?;
            (person.as_str(), place.unwrap_or(i64::MAX))
        }
        None => ("", 0),
    };
    connection
        .rows(
            "SELECT person, issuer_name_hash, serial FROM links \
             WHERE (person, place) > (?1, ?2) AND person = COALESCE(?3, person) \
             ORDER BY person, place LIMIT ?4",
            &[from_person.into(), from_place.into(), person.into(), i64::from(limit).into()],
            |row| Ok(Link { person: row.text(0)?, certificate: name(row, 1)? }),
        )
        .await
}

/// The name in the two columns from `first` on.
pub(super) fn name(row: &Row<'_>, first: usize) -> Result<CertificateName, StoreError> {
    let hash = row.bytes(first)?;
    let issuer_name_hash = hash
        .try_into()
        .map_err(|_| StoreError::Corrupt { reason: "a hash of an issuer without 32 octets".to_owned() })?;
    Ok(CertificateName { issuer_name_hash, serial: row.bytes(first + 1)? })
}
