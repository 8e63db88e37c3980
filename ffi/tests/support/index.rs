//! Publishes an index made by hand: what `revocache build` does, without lists to read.

use std::num::NonZeroUsize;
use std::path::Path;

use revocache::index::{AuthorityFacts, Builder, FileFacts, KeyFacts, Listings, NameHashes};
use revocache::pki::{Certificate, sha1, sha256};
use revocache::publish::{IndexFolder, Publisher};
use revocache::types::{
    CrlFacts, CrlNumber, Listing, ReasonCode, Scope, SerialRef, SignatureAlgorithm, UnixTime,
};

/// Since when certificates are revoked: 2025-01-16T04:00:00Z.
pub(crate) const REVOKED_AT: i64 = 1_737_000_000;

/// When the lists are current.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dates {
    pub(crate) this_update: i64,
    pub(crate) next_update: i64,
}

/// Publishes the next generation: authorities by their certificates, each with the serials it has revoked for key
/// compromise. The CRL number is that of the generation, which is returned.
pub(crate) fn publish<S: AsRef<[u8]>>(
    folder: &Path,
    dates: Dates,
    authorities: &[(&Vec<u8>, &Vec<S>)],
) -> u64 {
    let mut publisher = Publisher::lock(IndexFolder::new(folder)).unwrap();
    let generation = publisher.current().next();
    let created_at = UnixTime::from_seconds(dates.this_update);
    let mut builder = Builder::new(FileFacts { generation: generation.0, created_at, secret: [0x3c; 32] });
    for (certificate, serials) in authorities {
        let id = builder.add_authority(facts_of(certificate));
        let crl = builder.add_crl(id, crl_facts(generation.0, dates, serials.len()));
        let mut listings = Listings::new();
        for serial in *serials {
            let listing = Listing {
                revoked_at: UnixTime::from_seconds(REVOKED_AT),
                reason: ReasonCode::KeyCompromise,
                invalidity_date: None,
            };
            listings.push(SerialRef::new(serial.as_ref()).unwrap(), listing);
        }
        builder.add_listings(crl, None, listings).unwrap();
    }
    let image = builder.finish::<Vec<u8>>(None).unwrap();
    publisher.publish(&image, generation, NonZeroUsize::MIN).unwrap();
    generation.0
}

fn crl_facts(number: u64, dates: Dates, entries: usize) -> CrlFacts {
    CrlFacts {
        this_update: UnixTime::from_seconds(dates.this_update),
        next_update: Some(UnixTime::from_seconds(dates.next_update)),
        crl_number: Some(CrlNumber::from(number)),
        base_crl_number: None,
        scope: Scope::default(),
        expired_certs_on_crl: None,
        freshest_crl_uris: Vec::new(),
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        signer_key: [0; 32],
        tbs_digest: Vec::new(),
        entries: entries as u64,
        size: 1000,
    }
}

fn facts_of(certificate: &[u8]) -> AuthorityFacts {
    let certificate = Certificate::from_der(certificate).unwrap();
    let (name, key) = (certificate.subject(), certificate.public_key());
    AuthorityFacts {
        name: name.key().clone(),
        display: name.to_string(),
        name_hashes: vec![NameHashes { sha1: sha1(name.der()), sha256: sha256(name.der()) }],
        keys: vec![KeyFacts {
            spki: key.spki().to_vec(),
            spki_sha256: *key.spki_sha256(),
            key_sha1: *key.key_sha1(),
            key_sha256: *key.key_sha256(),
            key_ids: certificate.subject_key_id().map(<[u8]>::to_vec).into_iter().collect(),
            certificates: vec![certificate.der().to_vec()],
        }],
    }
}
