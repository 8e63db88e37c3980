//! From certificates to the authorities of the new index.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::error::IngestError;
use super::report::{IgnoredIssuer, IssuersReport};
use crate::fetch::walk;
use crate::index::{AuthorityFacts, KeyFacts, NameHashes};
use crate::pki::authority::{Authority, AuthorityKey, Candidate, Standing, group_authorities};
use crate::pki::{AlgorithmPolicy, Certificate, PublicKey, read_certificates, sha1, sha256};
use crate::publish::MappedIndex;
use crate::types::NameKey;

/// The authorities of the new index: those of the generation in force, and those that were given.
#[derive(Debug, Default)]
pub(super) struct Authorities {
    list: Vec<Authority>,
    by_name: HashMap<NameKey, Vec<usize>>,
}

/// One key that may have signed a CRL.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignerKey<'a> {
    /// Position of the authority it belongs to.
    pub(super) authority: usize,
    key: &'a AuthorityKey,
}

impl SignerKey<'_> {
    pub(super) fn key(&self) -> &PublicKey {
        &self.key.key
    }

    /// Whether one of its certificates has this subject key identifier.
    pub(super) fn has_id(&self, id: &[u8]) -> bool {
        self.key.certificates.iter().any(|certificate| certificate.subject_key_id() == Some(id))
    }

    pub(super) fn may_sign_crls(&self) -> bool {
        self.key.may_sign_crls
    }
}

/// The certificates that were given to a build, read and not yet judged.
#[derive(Debug, Default)]
pub(super) struct Given {
    certificates: Vec<GivenCertificate>,
    has_anchors: bool,
    /// Files that hold no certificate.
    ignored: Vec<IgnoredIssuer>,
}

#[derive(Debug)]
struct GivenCertificate {
    source: String,
    candidate: Candidate,
}

impl Given {
    /// Reads the files at these paths.
    pub(super) fn read(anchors: &[PathBuf], issuers: &[PathBuf]) -> Result<Self, IngestError> {
        let mut given = Self::default();
        given.read_all(anchors, Standing::Anchor)?;
        given.has_anchors = !given.certificates.is_empty();
        if !anchors.is_empty() && !given.has_anchors {
            return Err(IngestError::NoAnchor);
        }
        given.read_all(issuers, Standing::Given)?;
        Ok(given)
    }

    fn read_all(&mut self, paths: &[PathBuf], standing: Standing) -> Result<(), IngestError> {
        for file in walk(paths)? {
            let ignored = |message: String| IgnoredIssuer {
                source: file.name(),
                code: "malformed",
                message: Some(message),
            };
            match read_certificates(file.open()?.0) {
                Ok(certificates) if certificates.is_empty() => {
                    self.ignored.push(ignored("no certificate in this file".to_owned()));
                }
                Ok(certificates) => {
                    self.certificates.extend(certificates.into_iter().map(|certificate| GivenCertificate {
                        source: file.name(),
                        candidate: Candidate { certificate, standing },
                    }));
                }
                Err(error) => self.ignored.push(ignored(error.to_string())),
            }
        }
        Ok(())
    }
}

impl Authorities {
    /// Joins the certificates that were given with those the index already holds.
    ///
    /// Certificates of the index were accepted once and stay; anchors decide only over those given with them.
    pub(super) fn gather(
        given: Given,
        previous: Option<&MappedIndex>,
        algorithms: AlgorithmPolicy,
    ) -> (Self, IssuersReport) {
        let mut report = IssuersReport { accepted: 0, ignored: given.ignored };
        let mut accepted: Vec<Candidate> = previous.map(certificates_of).unwrap_or_default();
        let known = accepted.len();
        let judged: Vec<Candidate> =
            accepted.iter().chain(given.certificates.iter().map(|given| &given.candidate)).cloned().collect();
        let judgement = group_authorities(&judged, &algorithms);
        let rejected: HashMap<usize, _> = judgement.rejected.into_iter().collect();
        let mut distinct = HashSet::new();
        for (place, given) in (known..).zip(given.certificates) {
            match rejected.get(&place) {
                Some(rejection) => {
                    let code = rejection.code();
                    report.ignored.push(IgnoredIssuer { source: given.source, code, message: None });
                }
                None => {
                    distinct.insert(given.candidate.certificate.der().to_vec());
                    accepted.push(Candidate { standing: Standing::Given, ..given.candidate });
                }
            }
        }
        report.accepted = u64::try_from(distinct.len()).unwrap_or(u64::MAX);
        // Anchors may have judged certificates of the index as well, which is not for them to do.
        let list = if given.has_anchors {
            group_authorities(&accepted, &algorithms).authorities
        } else {
            judgement.authorities
        };
        let mut by_name: HashMap<NameKey, Vec<usize>> = HashMap::new();
        for (place, authority) in list.iter().enumerate() {
            by_name.entry(authority.name.key().clone()).or_default().push(place);
        }
        (Self { list, by_name }, report)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn has_name(&self, name: &NameKey) -> bool {
        self.by_name.contains_key(name)
    }

    /// The keys of every authority of this name.
    pub(super) fn keys_named(&self, name: &NameKey) -> Vec<SignerKey<'_>> {
        let places = self.by_name.get(name).into_iter().flatten().copied();
        let of = |place: usize| self.list.get(place).into_iter().flat_map(|authority| &authority.keys);
        places.flat_map(|authority| of(authority).map(move |key| SignerKey { authority, key })).collect()
    }

    /// The authority of this name that has the key with this SHA-256.
    pub(super) fn place(&self, name: &NameKey, spki_sha256: &[u8; 32]) -> Option<usize> {
        let keys = self.keys_named(name);
        keys.iter().find(|signer| signer.key().spki_sha256() == spki_sha256).map(|signer| signer.authority)
    }

    /// The authorities as the index stores them, in order.
    pub(super) fn facts(&self) -> impl Iterator<Item = AuthorityFacts> {
        self.list.iter().map(|authority| AuthorityFacts {
            name: authority.name.key().clone(),
            display: authority.name.to_string(),
            name_hashes: name_hashes(authority),
            keys: authority.keys.iter().map(key_facts).collect(),
        })
    }
}

/// An authority's name may be encoded differently in its certificates, and OCSP hashes the encoding.
fn name_hashes(authority: &Authority) -> Vec<NameHashes> {
    let certificates = authority.keys.iter().flat_map(|key| &key.certificates);
    let mut encodings: Vec<&[u8]> = certificates.map(|certificate| certificate.subject().der()).collect();
    encodings.sort_unstable();
    encodings.dedup();
    encodings.into_iter().map(|der| NameHashes { sha1: sha1(der), sha256: sha256(der) }).collect()
}

fn key_facts(key: &AuthorityKey) -> KeyFacts {
    let mut key_ids: Vec<Vec<u8>> = key
        .certificates
        .iter()
        .filter_map(|certificate| certificate.subject_key_id())
        .map(<[u8]>::to_vec)
        .collect();
    key_ids.sort_unstable();
    key_ids.dedup();
    let mut certificates: Vec<Vec<u8>> =
        key.certificates.iter().map(|certificate| certificate.der().to_vec()).collect();
    certificates.sort_unstable();
    certificates.dedup();
    KeyFacts {
        spki: key.key.spki().to_vec(),
        spki_sha256: *key.key.spki_sha256(),
        key_sha1: *key.key.key_sha1(),
        key_sha256: *key.key.key_sha256(),
        key_ids,
        certificates,
    }
}

/// The certificates the index holds. It stored what was parsed before, so that nothing is lost here; what cannot be
/// parsed any more was written by a later version and belongs to no key of this one.
fn certificates_of(index: &MappedIndex) -> Vec<Candidate> {
    let keys = index.authorities().flat_map(|authority| authority.keys());
    let certificates = keys.flat_map(|key| key.certificates());
    certificates
        .filter_map(|der| Certificate::from_der(der).ok())
        .map(|certificate| Candidate { certificate, standing: Standing::Given })
        .collect()
}
