//! The folder of a mock authority.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{KeyPair, PublicKeyData};
use serde::{Deserialize, Serialize};

use super::authority::{MockAuthority, MockError, key_id, new_key, read, write};
use super::der::{self, DirectoryName, Entry, Extension};
use super::people::{Fate, PEOPLE, Person, Planned};
use super::responder::{Known, Responder};
use crate::pki::{Certificate, read_certificates};
use crate::service::jpki::{CertificateType, MOCK_AUTHENTICATION_POLICY, MOCK_SIGNATURE_POLICY};
use crate::types::{Clock, ReasonCode, Seconds, Serial, UnixTime};

/// The list of everybody.
const PEOPLE_FILE: &str = "people.json";
const DAY: u32 = 86_400;
/// Days between a revocation and the making of the mock authority.
const REVOKED_BEFORE: u32 = 10;
/// digitalSignature and nonRepudiation.
const SIGNATURE_USAGE: u8 = 0b1100_0000;
/// digitalSignature.
const AUTHENTICATION_USAGE: u8 = 0b1000_0000;
/// The first serial; small and rising, as those of JPKI.
const FIRST_SERIAL: u32 = 1_000_001;

/// A mock authority in a folder.
#[derive(Debug, Clone)]
pub struct MockFolder {
    folder: PathBuf,
    people: Vec<MockPerson>,
}

/// The two authorities with their responders, until the program ends.
#[derive(Debug)]
pub struct MockAuthorities {
    /// The responder of each type.
    pub responders: Vec<(CertificateType, Responder)>,
}

/// Somebody with certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MockPerson {
    /// Short name.
    pub id: String,
    /// Full name.
    pub name: String,
    /// What is particular about the certificates.
    pub story: String,
    /// Whether the link source knows the person.
    pub linked: bool,
    /// The certificates in the order of issue.
    pub certificates: Vec<MockCertificate>,
}

/// A certificate of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MockCertificate {
    /// `jpki_card_digital_signature` or `jpki_card_user_authentication`.
    #[serde(rename = "type")]
    pub certificate_type: String,
    /// The certificate in DER; relative to the folder.
    pub certificate: PathBuf,
    /// Its key in PEM; relative to the folder.
    pub key: PathBuf,
    /// The serial in hexadecimal.
    pub serial: String,
    /// What lists and responder say.
    pub state: CertificateState,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<String>,
    /// Since when it is revoked (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    prefecture: String,
    city: String,
}

/// What lists and responder say of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// It is not revoked. It may have expired.
    Good,
    /// It is revoked.
    Revoked,
    /// Neither tells.
    Untold,
}

#[derive(Debug, Serialize, Deserialize)]
struct Everybody {
    people: Vec<MockPerson>,
}

/// A short name of a person, and the certificates that are theirs, in DER.
pub type PersonLink = (String, Vec<Vec<u8>>);

impl MockFolder {
    /// Opens a folder, or makes what is in it; the lists are signed anew for `now`.
    ///
    /// # Errors
    /// [`MockError`].
    pub fn open(folder: &Path, now: UnixTime) -> Result<Self, MockError> {
        let people_file = folder.join(PEOPLE_FILE);
        let people = if people_file.exists() {
            let damaged = |error: serde_json::Error| MockError::Damaged {
                path: people_file.clone(),
                reason: error.to_string(),
            };
            serde_json::from_slice::<Everybody>(&read(&people_file)?).map_err(damaged)?.people
        } else {
            make(folder, now)?
        };
        let opened = Self { folder: folder.into(), people };
        for certificate_type in CertificateType::ALL {
            opened.write_lists(certificate_type, now)?;
        }
        Ok(opened)
    }

    /// Everybody.
    #[must_use]
    pub fn people(&self) -> &[MockPerson] {
        &self.people
    }

    /// The person of this short name.
    #[must_use]
    pub fn person(&self, id: &str) -> Option<&MockPerson> {
        self.people.iter().find(|person| person.id == id)
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }

    /// The certificate of an authority (PEM).
    #[must_use]
    pub fn authority_file(&self, certificate_type: CertificateType) -> PathBuf {
        authority_file(&self.folder, certificate_type, "pem")
    }

    /// The folder of the lists.
    #[must_use]
    pub fn lists(&self) -> PathBuf {
        self.folder.join("crls")
    }

    /// Which certificates are of one person: for each linked person a short name and the certificates in DER.
    ///
    /// # Errors
    /// [`MockError::File`].
    pub fn links(&self) -> Result<Vec<PersonLink>, MockError> {
        let certificates = |person: &MockPerson| {
            person
                .certificates
                .iter()
                .map(|it| read(&self.path(&it.certificate)))
                .collect::<Result<Vec<_>, _>>()
        };
        let linked = self.people.iter().filter(|person| person.linked);
        linked.map(|person| Ok((person.id.clone(), certificates(person)?))).collect()
    }

    /// Starts a responder for each authority, at a free port of loopback.
    ///
    /// # Errors
    /// [`MockError`].
    pub fn start_responders(&self, clock: &Arc<dyn Clock>) -> Result<MockAuthorities, MockError> {
        let mut responders = Vec::new();
        for certificate_type in CertificateType::ALL {
            let authority = self.authority(certificate_type)?;
            let responder = Responder::start(&authority.certificate, authority.key, Arc::clone(clock))
                .map_err(MockError::Responder)?;
            for certificate in self.of_type(certificate_type) {
                let known = match certificate.state {
                    CertificateState::Good => Known::Good,
                    CertificateState::Untold => continue,
                    CertificateState::Revoked => {
                        let (at, reason) = self.revocation(certificate)?;
                        Known::Revoked { at: der::time_of(at), reason }
                    }
                };
                responder.tell(self.serial(certificate)?, known);
            }
            responders.push((certificate_type, responder));
        }
        Ok(MockAuthorities { responders })
    }

    fn of_type(&self, certificate_type: CertificateType) -> impl Iterator<Item = &MockCertificate> {
        let certificates = self.people.iter().flat_map(|person| &person.certificates);
        certificates.filter(move |certificate| certificate.certificate_type == certificate_type.name())
    }

    fn authority(&self, certificate_type: CertificateType) -> Result<MockAuthority, MockError> {
        load_authority(&self.folder, certificate_type)
    }

    /// One list for each municipality that tells.
    fn write_lists(&self, certificate_type: CertificateType, now: UnixTime) -> Result<(), MockError> {
        let authority = self.authority(certificate_type)?;
        let mut lists: BTreeMap<(&str, &str), Vec<Entry>> = BTreeMap::new();
        for certificate in self.of_type(certificate_type) {
            if certificate.state == CertificateState::Untold {
                continue;
            }
            let entries = lists.entry((&certificate.prefecture, &certificate.city)).or_default();
            if certificate.state == CertificateState::Revoked {
                let (revoked_at, reason) = self.revocation(certificate)?;
                let serial = self.serial(certificate)?.octets().to_vec();
                entries.push(Entry { serial, revoked_at, reason });
            }
        }
        for ((prefecture, city), entries) in lists {
            let point = authority.distribution_point(prefecture, city);
            let list = authority.list(&point, entries, now)?;
            let name = format!("{}-{prefecture}-{city}.crl", short(certificate_type));
            write(&self.lists().join(name), &list)?;
        }
        Ok(())
    }

    fn serial(&self, certificate: &MockCertificate) -> Result<Serial, MockError> {
        Serial::parse(&certificate.serial).map_err(|error| self.damaged(error.to_string()))
    }

    fn revocation(&self, certificate: &MockCertificate) -> Result<(UnixTime, ReasonCode), MockError> {
        let named = certificate.revocation_reason.as_deref().unwrap_or_default();
        let reason = ReasonCode::ALL.into_iter().find(|reason| reason.name() == named);
        let reason = reason.ok_or_else(|| self.damaged(format!("'{named}' is no reason")))?;
        let at = UnixTime::parse_rfc3339(certificate.revoked_at.as_deref().unwrap_or_default())
            .map_err(|error| self.damaged(error.to_string()))?;
        Ok((at, reason))
    }

    fn damaged(&self, reason: String) -> MockError {
        MockError::Damaged { path: self.folder.join(PEOPLE_FILE), reason }
    }
}

/// Makes authorities and people.
fn make(folder: &Path, now: UnixTime) -> Result<Vec<MockPerson>, MockError> {
    let mut keys = keys(PEOPLE.iter().map(|person| person.certificates.len()).sum())?.into_iter();
    let mut authorities = Vec::new();
    for certificate_type in CertificateType::ALL {
        let authority = MockAuthority::new(certificate_type, now)?;
        write(&authority_file(folder, certificate_type, "key"), authority.key.serialize_pem().as_bytes())?;
        write(
            &authority_file(folder, certificate_type, "pem"),
            pem("CERTIFICATE", authority.certificate.der()).as_bytes(),
        )?;
        authorities.push(authority);
    }
    let mut people = Vec::new();
    let mut serial = FIRST_SERIAL;
    for person in &PEOPLE {
        let mut certificates = Vec::new();
        for (number, planned) in person.certificates.iter().enumerate() {
            let authority = authorities.iter().find(|it| it.certificate_type == planned.certificate_type);
            let (Some(authority), Some(key)) = (authority, keys.next()) else { continue };
            certificates.push(issue(folder, authority, &key, person, *planned, number, serial, now)?);
            serial += 1;
        }
        people.push(MockPerson {
            id: person.id.to_owned(),
            name: person.name.to_owned(),
            story: person.story.to_owned(),
            linked: person.linked,
            certificates,
        });
    }
    let everybody = Everybody { people };
    let text = serde_json::to_string_pretty(&everybody).map_err(std::io::Error::from);
    let path = folder.join(PEOPLE_FILE);
    // Last, so that a start that was cut off is made anew.
    match text {
        Ok(text) => write(&path, text.as_bytes())?,
        Err(source) => return Err(MockError::File { action: "write", path, source }),
    }
    Ok(everybody.people)
}

#[allow(clippy::too_many_arguments, reason = "everything that makes one certificate differ from another")]
fn issue(
    folder: &Path,
    authority: &MockAuthority,
    key: &KeyPair,
    person: &Person,
    planned: Planned,
    number: usize,
    serial: u32,
    now: UnixTime,
) -> Result<MockCertificate, MockError> {
    let is_signature = planned.certificate_type == CertificateType::CardDigitalSignature;
    let octets = serial.to_be_bytes();
    // Opaque, as on cards: it names nobody.
    let common_name = format!("{serial:08X}{:05}", number + 1);
    let subject = if is_signature {
        DirectoryName::country().locality(person.prefecture).locality(person.city).common_name(&common_name)
    } else {
        DirectoryName::country().common_name(&common_name)
    };
    let days = |days: u32| i64::from(days) * i64::from(DAY);
    let not_before = UnixTime::from_seconds(now.seconds() - days(planned.age));
    let mut extensions = vec![authority.authority_key_id()];
    if is_signature {
        extensions.push(Extension::key_usage(SIGNATURE_USAGE, 2));
        extensions.push(attributes(person));
    } else {
        extensions.push(Extension::key_usage(AUTHENTICATION_USAGE, 1));
    }
    let policy = if is_signature { MOCK_SIGNATURE_POLICY } else { MOCK_AUTHENTICATION_POLICY };
    extensions.extend([
        Extension::issuer_alt_name(&DirectoryName::country().organization("模擬認証サービス")),
        Extension::distribution_point(&authority.distribution_point(person.prefecture, person.city)),
        Extension::policy(&arcs(policy), "http://mock.invalid/cps.html"),
        Extension::subject_key_id(&key_id(key)),
    ]);
    let certificate = authority.issue(&der::Certificate {
        serial: octets.get(octets.iter().position(|octet| *octet != 0).unwrap_or(0)..).unwrap_or(&octets),
        issuer: &authority.name,
        subject: &subject,
        not_before,
        not_after: not_before.plus(Seconds(planned.life * DAY)),
        public_key_info: key.subject_public_key_info(),
        extensions,
    })?;
    let serial = Certificate::from_der(&certificate)?.serial().to_string();
    let name = format!("people/{}/{}-{}", person.id, number + 1, short(planned.certificate_type));
    let (certificate_file, key_file) =
        (PathBuf::from(format!("{name}.der")), PathBuf::from(format!("{name}.key")));
    write(&folder.join(&certificate_file), &certificate)?;
    write(&folder.join(&key_file), key.serialize_pem().as_bytes())?;
    let (state, revocation_reason) = match planned.fate {
        Fate::Good => (CertificateState::Good, None),
        Fate::Revoked(reason) => (CertificateState::Revoked, Some(reason.name().to_owned())),
        Fate::Untold => (CertificateState::Untold, None),
    };
    let revoked_at = UnixTime::from_seconds(now.seconds() - days(REVOKED_BEFORE));
    Ok(MockCertificate {
        certificate_type: planned.certificate_type.name().to_owned(),
        certificate: certificate_file,
        key: key_file,
        serial,
        state,
        revoked_at: revocation_reason.is_some().then(|| revoked_at.to_string()),
        revocation_reason,
        prefecture: person.prefecture.to_owned(),
        city: person.city.to_owned(),
    })
}

/// The six other names in the order of a real certificate.
fn attributes(person: &Person) -> Extension {
    let arc = |last: u64| vec![1, 2, 392, 200_149, 8, 5, 5, last];
    let address_map = "0".repeat(person.address.chars().count());
    Extension::other_names(&[
        (arc(1), person.name),
        (arc(4), person.date_of_birth),
        (arc(3), person.gender),
        (arc(5), person.address),
        (arc(2), person.name_map),
        (arc(6), &address_map),
    ])
}

/// So many keys, made by every processor there is.
fn keys(count: usize) -> Result<Vec<KeyPair>, MockError> {
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let made: Mutex<Vec<Result<KeyPair, MockError>>> = Mutex::default();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let made = &made;
            scope.spawn(move || {
                for _ in (worker..count).step_by(workers) {
                    let key = new_key();
                    made.lock().unwrap_or_else(PoisonError::into_inner).push(key);
                }
            });
        }
    });
    made.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

fn load_authority(folder: &Path, certificate_type: CertificateType) -> Result<MockAuthority, MockError> {
    let path = authority_file(folder, certificate_type, "pem");
    let damaged = |reason: String| MockError::Damaged { path: path.clone(), reason };
    let certificates =
        read_certificates(read(&path)?.as_slice()).map_err(|error| damaged(error.to_string()))?;
    let certificate = certificates.into_iter().next().ok_or_else(|| damaged("no certificate".to_owned()))?;
    let key = read(&authority_file(folder, certificate_type, "key"))?;
    let key = KeyPair::from_pem(&String::from_utf8_lossy(&key))?;
    Ok(MockAuthority::load(certificate_type, certificate, key))
}

fn authority_file(folder: &Path, certificate_type: CertificateType, suffix: &str) -> PathBuf {
    folder.join("authorities").join(format!("{}.{suffix}", short(certificate_type)))
}

const fn short(certificate_type: CertificateType) -> &'static str {
    match certificate_type {
        CertificateType::CardDigitalSignature => "signature",
        CertificateType::CardUserAuthentication => "authentication",
    }
}

/// The arcs of a dotted object identifier.
fn arcs(dotted: &str) -> Vec<u64> {
    dotted.split('.').filter_map(|arc| arc.parse().ok()).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
