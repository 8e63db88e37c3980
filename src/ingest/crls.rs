//! Reading one source of CRLs: parse, stage the entries, verify the signature.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};

use super::Progress;
use super::authorities::Authorities;
use super::report::SourceCode;
use crate::fetch::{FetchError, SourceFile};
use crate::index::Listings;
use crate::pki::crl::{CrlError, CrlLimits, CrlReader, UnverifiedCrl};
use crate::pki::{AlgorithmPolicy, BundleError, Sha1, SignatureError, for_each_crl};
use crate::types::{CrlFacts, Listing, NameKey};

/// A list of this many octets takes longer to digest than a thread to start, many times over.
const WORTH_A_THREAD: u64 = 2 << 20;

/// A CRL whose signature verifies, with its entries staged.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Position of its authority.
    pub(super) authority: usize,
    pub(super) facts: CrlFacts,
    /// The entries by the issuer of the certificates; `None` for the authority's own.
    pub(super) listings: BTreeMap<Option<NameKey>, Listings>,
}

/// Why one CRL is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: SourceCode,
    pub(super) message: String,
}

/// What one object of a source turned out to be.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) source: String,
    pub(super) issuer: Option<String>,
    pub(super) outcome: Result<Candidate, Refusal>,
}

/// Reads every CRL of a file.
///
/// # Errors
/// [`FetchError`] if the file cannot be opened. Whatever is wrong with its contents is in the result.
pub(super) fn read_source(
    file: &SourceFile,
    authorities: &Authorities,
    algorithms: AlgorithmPolicy,
    progress: &dyn Progress,
) -> Result<Vec<Source>, FetchError> {
    let (input, _) = file.open()?;
    let mut found: Vec<Source> = Vec::new();
    let limits = CrlLimits { digest_beside_above: WORTH_A_THREAD, ..CrlLimits::default() };
    let bundle = for_each_crl(Metered { input, progress }, limits, |reader| {
        let issuer = Cell::new(None);
        let outcome = reader.map_err(Refusal::from).and_then(|reader| {
            issuer.set(Some(reader.header().issuer.text().to_owned()));
            read_crl(reader, authorities, algorithms)
        });
        found.push(Source { source: file.name(), issuer: issuer.take(), outcome });
    });
    if let Err(error) = bundle {
        found.push(Source { source: file.name(), issuer: None, outcome: Err(Refusal::from(error)) });
    }
    if found.is_empty() {
        let message = "no CRL in this file".to_owned();
        let outcome = Err(Refusal { code: SourceCode::Malformed, message });
        found.push(Source { source: file.name(), issuer: None, outcome });
    }
    if found.len() > 1 {
        for (position, read) in found.iter_mut().enumerate() {
            read.source = format!("{}#{}", read.source, position + 1);
        }
    }
    Ok(found)
}

fn read_crl<R: Read>(
    mut reader: CrlReader<R>,
    authorities: &Authorities,
    algorithms: AlgorithmPolicy,
) -> Result<Candidate, Refusal> {
    // What cannot end well is refused before millions of entries are read.
    let algorithm = reader.header().supported_algorithm()?;
    if algorithm.uses_sha1() && algorithms.sha1 == Sha1::Refused {
        return Err(SignatureError::NotAllowed { algorithm }.into());
    }
    let issuer = reader.header().issuer.clone();
    if !authorities.has_name(issuer.key()) {
        return Err(Refusal {
            code: SourceCode::UnknownIssuer,
            message: format!("no authority named {issuer} is known; give its certificate with --issuer"),
        });
    }
    let listings = stage_entries(&mut reader, issuer.key())?;
    let crl = reader.finish()?;
    let (authority, facts) = verify(&crl, authorities, algorithms)?;
    refuse_contradictions(&facts)?;
    Ok(Candidate { authority, facts, listings })
}

fn stage_entries<R: Read>(
    reader: &mut CrlReader<R>,
    issuer: &NameKey,
) -> Result<BTreeMap<Option<NameKey>, Listings>, CrlError> {
    let mut listings: BTreeMap<Option<NameKey>, Listings> = BTreeMap::new();
    let mut own = Listings::new();
    while let Some(entry) = reader.next_entry()? {
        let listing = Listing {
            revoked_at: entry.revoked_at,
            reason: entry.reason,
            invalidity_date: entry.invalidity_date,
        };
        match entry.certificate_issuer.map(crate::pki::Name::key).filter(|name| *name != issuer) {
            None => own.push(entry.serial, listing),
            Some(name) => listings.entry(Some(name.clone())).or_default().push(entry.serial, listing),
        }
    }
    if !own.is_empty() {
        listings.insert(None, own);
    }
    Ok(listings)
}

/// What no single field shows: such a list could neither be dated nor put in order.
fn refuse_contradictions(crl: &CrlFacts) -> Result<(), Refusal> {
    let message = if crl.next_update.is_some_and(|next| next < crl.this_update) {
        "its nextUpdate is before its thisUpdate"
    } else if crl.is_delta() && crl.crl_number.is_none() {
        "a delta CRL without a CRL number (RFC 5280 section 5.2.4)"
    } else {
        return Ok(());
    };
    Err(Refusal { code: SourceCode::Malformed, message: message.to_owned() })
}

/// Finds the authority and key that signed the list, and whether that key may.
fn verify(
    crl: &UnverifiedCrl,
    authorities: &Authorities,
    algorithms: AlgorithmPolicy,
) -> Result<(usize, CrlFacts), Refusal> {
    let contents = crl.untrusted();
    let issuer = &contents.header.issuer;
    let wanted = contents.extensions.authority_key_id.as_ref().and_then(|id| id.key_id.as_deref());
    let mut candidates = authorities.keys_named(issuer.key());
    // The key the list names comes first; the others are tried as well, because the identifier is only a hint.
    candidates.sort_by_key(|candidate| wanted.is_none_or(|wanted| !candidate.has_id(wanted)));
    let names_a_known_key = wanted.is_none_or(|wanted| candidates.iter().any(|key| key.has_id(wanted)));
    let mut last_error = SignatureError::BadSignature;
    for candidate in candidates {
        match crl.verify(candidate.key(), &algorithms) {
            Ok(_) if !candidate.may_sign_crls() => {
                return Err(Refusal {
                    code: SourceCode::SignerNotAllowed,
                    message: format!(
                        "signed by a key of {issuer} whose certificate has a key usage without cRLSign (RFC 5280 \
                         section 4.2.1.3)"
                    ),
                });
            }
            Ok(verified) => return Ok((candidate.authority, verified.facts())),
            Err(SignatureError::KeyDoesNotFit { .. } | SignatureError::BadSignature) => {}
            Err(error) => last_error = error,
        }
    }
    if !names_a_known_key && last_error == SignatureError::BadSignature {
        return Err(Refusal {
            code: SourceCode::UnknownIssuer,
            message: format!(
                "signed by a key of {issuer} that is not known: a new key, a separate CRL signer, or another CA of \
                 that name; give its certificate with --issuer"
            ),
        });
    }
    Err(last_error.into())
}

impl From<CrlError> for Refusal {
    fn from(error: CrlError) -> Self {
        let code = match &error {
            CrlError::UnsupportedCriticalExtension { .. } => SourceCode::UnsupportedCriticalExtension,
            CrlError::UnsupportedAlgorithm { .. } => SourceCode::UnsupportedAlgorithm,
            CrlError::LimitExceeded { .. } => SourceCode::LimitExceeded,
            // What a PEM block holds beside base64 arrives as an error of its input.
            CrlError::Io { source, .. } if source.kind() != io::ErrorKind::InvalidData => {
                SourceCode::Unreadable
            }
            _ => SourceCode::Malformed,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        let code = match &error {
            SignatureError::UnsupportedAlgorithm { .. } | SignatureError::NotAllowed { .. } => {
                SourceCode::UnsupportedAlgorithm
            }
            _ => SourceCode::BadSignature,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<BundleError> for Refusal {
    fn from(error: BundleError) -> Self {
        let code = match &error {
            BundleError::Io(_) | BundleError::Pem(crate::pki::pem::PemError::Io { .. }) => {
                SourceCode::Unreadable
            }
            _ => SourceCode::Malformed,
        };
        Self { code, message: error.to_string() }
    }
}

/// Tells the progress of what is read through it.
struct Metered<'a, R> {
    input: R,
    progress: &'a dyn Progress,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.input.read(buffer)?;
        self.progress.advance(u64::try_from(octets).unwrap_or_default());
        Ok(octets)
    }
}
