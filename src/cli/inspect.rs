//! `revocache inspect`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::certificates;
use super::error::CliError;
use super::exit::Exit;
use super::output::{ScopeJson, count, print_json, size};
use crate::fetch::SourceFile;
use crate::index::{Authority, Encoding};
use crate::pki::crl::{CrlContents, CrlError, CrlLimits, CrlReader, CrlVersion};
use crate::pki::{Certificate, DistributionPoint, for_each_crl};
use crate::publish::{IndexFolder, IndexReader, MappedIndex};
use crate::types::{CertificateKind, CrlFacts, to_hex};

/// Show what a CRL, a certificate or an index says, without judging it
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["crl", "cert", "index"]))]
#[command(after_help = "Examples:
  revocache inspect --crl list.crl
  revocache inspect --crl list.crl --entries --json
  revocache inspect --cert server.pem
  revocache inspect --index idx

A CRL is read as strictly as `build` reads it, but its signature is not checked: nobody says who issued it.")]
pub(super) struct Inspect {
    /// A CRL (DER or PEM)
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    /// A certificate (DER or PEM)
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The folder of an index
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// With --crl: every entry too
    #[arg(long, requires = "crl")]
    entries: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct CrlJson {
    issuer: String,
    version: u8,
    crl_number: Option<String>,
    base_crl_number: Option<String>,
    this_update: String,
    next_update: Option<String>,
    entries: u64,
    delta: bool,
    signature_algorithm: String,
    authority_key_id: Option<String>,
    scope: ScopeJson,
    freshest_crl: Vec<String>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_certificates: Option<Vec<EntryJson>>,
}

#[derive(Debug, Serialize)]
struct EntryJson {
    serial: String,
    revoked_at: String,
    revocation_reason: &'static str,
    invalidity_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_issuer: Option<String>,
}

#[derive(Debug, Serialize)]
struct CertificateJson {
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    kind: &'static str,
    may_sign_crls: bool,
    subject_key_id: Option<String>,
    authority_key_id: Option<String>,
    spki_sha256: String,
    distribution_points: Vec<DistributionPointJson>,
    ocsp_urls: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DistributionPointJson {
    names: Vec<String>,
    reasons: Option<Vec<&'static str>>,
    crl_issuers: Vec<String>,
}

#[derive(Debug, Serialize)]
struct IndexJson {
    generation: u64,
    created_at: String,
    entries: u64,
    bytes: u64,
    authorities: Vec<AuthorityJson>,
}

#[derive(Debug, Serialize)]
struct AuthorityJson {
    name: String,
    keys: Vec<String>,
    entries: u64,
    encoding: Option<&'static str>,
    crls: Vec<IndexedCrlJson>,
}

#[derive(Debug, Serialize)]
struct IndexedCrlJson {
    crl_number: Option<String>,
    this_update: String,
    next_update: Option<String>,
    entries: u64,
    delta: bool,
    signature_algorithm: &'static str,
    scope: ScopeJson,
}

impl Inspect {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        if let Some(path) = &self.crl {
            self.inspect_crls(path)?;
        }
        if let Some(path) = &self.cert {
            for certificate in certificates::load(path)? {
                let json = CertificateJson::from(&certificate);
                if self.json { print_json(&json)? } else { print_certificate(&json)? }
            }
        }
        if let Some(path) = &self.index {
            let index = IndexReader::open(IndexFolder::new(path))?.current();
            let json = IndexJson::from(&*index);
            if self.json { print_json(&json)? } else { print_index(&json)? }
        }
        Ok(Exit::Good)
    }

    fn inspect_crls(&self, path: &Path) -> Result<(), CliError> {
        let (file, _) = SourceFile { path: path.into() }.open()?;
        let mut read = Vec::new();
        for_each_crl(file, CrlLimits::default(), |reader| {
            read.push(reader.and_then(|reader| read_crl(reader, self.entries)));
        })
        .map_err(|error| CliError::data(path, error))?;
        if read.is_empty() {
            return Err(CliError::data(path, "no CRL in this file"));
        }
        for crl in read {
            let json = crl.map_err(|error| CliError::data(path, error))?;
            if self.json { print_json(&json)? } else { print_crl(&json)? }
        }
        Ok(())
    }
}

fn read_crl<R: io::Read>(mut reader: CrlReader<R>, with_entries: bool) -> Result<CrlJson, CrlError> {
    let mut entries = with_entries.then(Vec::new);
    if let Some(entries) = &mut entries {
        while let Some(entry) = reader.next_entry()? {
            entries.push(EntryJson {
                serial: entry.serial.to_string(),
                revoked_at: entry.revoked_at.to_string(),
                revocation_reason: entry.reason.name(),
                invalidity_date: entry.invalidity_date.map(|time| time.to_string()),
                certificate_issuer: entry.certificate_issuer.map(ToString::to_string),
            });
        }
    }
    Ok(CrlJson::new(reader.finish()?.untrusted(), entries))
}

impl CrlJson {
    fn new(crl: &CrlContents, entries: Option<Vec<EntryJson>>) -> Self {
        let CrlContents { header, extensions, .. } = crl;
        let authority_key_id = extensions.authority_key_id.as_ref().and_then(|id| id.key_id.as_deref());
        Self {
            issuer: header.issuer.to_string(),
            version: match header.version {
                CrlVersion::V1 => 1,
                CrlVersion::V2 => 2,
            },
            crl_number: extensions.crl_number.as_ref().map(ToString::to_string),
            base_crl_number: extensions.base_crl_number.as_ref().map(ToString::to_string),
            this_update: header.this_update.to_string(),
            next_update: header.next_update.map(|time| time.to_string()),
            entries: crl.entries,
            delta: extensions.base_crl_number.is_some(),
            signature_algorithm: header.signature_algorithm.to_string(),
            authority_key_id: authority_key_id.map(to_hex),
            scope: ScopeJson::from(&extensions.scope),
            freshest_crl: extensions.freshest_crl_uris(),
            bytes: crl.size,
            revoked_certificates: entries,
        }
    }
}

impl From<&Certificate> for CertificateJson {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
            kind: match certificate.kind() {
                CertificateKind::User => "user",
                CertificateKind::Ca => "ca",
                CertificateKind::Attribute => "attribute",
            },
            may_sign_crls: certificate.may_sign_crls(),
            subject_key_id: certificate.subject_key_id().map(to_hex),
            authority_key_id: certificate.authority_key_id().and_then(|id| id.key_id.as_deref()).map(to_hex),
            spki_sha256: to_hex(certificate.public_key().spki_sha256()),
            distribution_points: certificate.distribution_points().iter().map(Into::into).collect(),
            ocsp_urls: certificate.ocsp_urls().to_vec(),
        }
    }
}

impl From<&DistributionPoint> for DistributionPointJson {
    fn from(point: &DistributionPoint) -> Self {
        let texts = |keys: &[crate::types::NameKey]| keys.iter().map(crate::pki::display_name_key).collect();
        Self {
            names: texts(&point.names),
            reasons: point.reasons.map(crate::types::ReasonSet::names),
            crl_issuers: texts(&point.crl_issuers),
        }
    }
}

impl From<&MappedIndex> for IndexJson {
    fn from(index: &MappedIndex) -> Self {
        let authorities = index.authorities().map(|authority| AuthorityJson::new(index, &authority));
        Self {
            generation: index.generation(),
            created_at: index.created_at().to_string(),
            entries: index.entries(),
            bytes: index.len_bytes(),
            authorities: authorities.collect(),
        }
    }
}

impl AuthorityJson {
    fn new(index: &MappedIndex, authority: &Authority<'_>) -> Self {
        let table = index.table(authority.id(), None);
        Self {
            name: authority.display().to_owned(),
            keys: authority.keys().map(|key| to_hex(key.spki_sha256)).collect(),
            entries: table.as_ref().map_or(0, crate::index::Table::len),
            encoding: table.as_ref().map(|table| match table.encoding() {
                Encoding::Ordinal => "ordinal",
                Encoding::Hashed => "hashed",
            }),
            crls: index.crls_of(authority.id()).map(|(_, crl)| IndexedCrlJson::from(crl)).collect(),
        }
    }
}

impl From<&CrlFacts> for IndexedCrlJson {
    fn from(crl: &CrlFacts) -> Self {
        Self {
            crl_number: crl.crl_number.as_ref().map(ToString::to_string),
            this_update: crl.this_update.to_string(),
            next_update: crl.next_update.map(|time| time.to_string()),
            entries: crl.entries,
            delta: crl.is_delta(),
            signature_algorithm: crl.signature_algorithm.name(),
            scope: ScopeJson::from(&crl.scope),
        }
    }
}

fn print_crl(crl: &CrlJson) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let kind = if crl.delta { "delta CRL" } else { "CRL" };
    writeln!(out, "{kind} of {}", crl.issuer)?;
    writeln!(out, "  number       {}", crl.crl_number.as_deref().unwrap_or("none"))?;
    if let Some(base) = &crl.base_crl_number {
        writeln!(out, "  base number  {base}")?;
    }
    writeln!(out, "  this update  {}", crl.this_update)?;
    writeln!(out, "  next update  {}", crl.next_update.as_deref().unwrap_or("not announced"))?;
    writeln!(out, "  entries      {}", count(crl.entries, "entry", "entries"))?;
    writeln!(out, "  signature    {}, not checked", crl.signature_algorithm)?;
    let scope = crl.scope.sentence();
    writeln!(out, "  speaks for   {}", if scope.is_empty() { "everything of its issuer" } else { &scope })?;
    writeln!(out, "  size         {}", size(crl.bytes))?;
    for entry in crl.revoked_certificates.iter().flatten() {
        let issuer =
            entry.certificate_issuer.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
        writeln!(out, "  {} {} {}{issuer}", entry.revoked_at, entry.serial, entry.revocation_reason)?;
    }
    Ok(())
}

fn print_certificate(certificate: &CertificateJson) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "certificate of {} ({})", certificate.subject, certificate.kind)?;
    writeln!(out, "  issuer       {}", certificate.issuer)?;
    writeln!(out, "  serial       {}", certificate.serial)?;
    writeln!(out, "  valid        {} to {}", certificate.not_before, certificate.not_after)?;
    writeln!(out, "  key          {}", certificate.spki_sha256)?;
    for point in &certificate.distribution_points {
        let names = [point.names.as_slice(), point.crl_issuers.as_slice()].concat().join(" ");
        let reasons = point.reasons.as_ref().map(|reasons| format!(" ({})", reasons.join(", ")));
        writeln!(out, "  CRL at       {names}{}", reasons.unwrap_or_default())?;
    }
    for url in &certificate.ocsp_urls {
        writeln!(out, "  OCSP at      {url}")?;
    }
    Ok(())
}

fn print_index(index: &IndexJson) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "generation {} of {}: {} in {}, {}",
        index.generation,
        index.created_at,
        count(index.entries, "revoked certificate", "revoked certificates"),
        count(u64::try_from(index.authorities.len()).unwrap_or(u64::MAX), "authority", "authorities"),
        size(index.bytes)
    )?;
    for authority in &index.authorities {
        let encoding = authority.encoding.map(|encoding| format!(", {encoding}")).unwrap_or_default();
        writeln!(out, "{}", authority.name)?;
        writeln!(
            out,
            "  {}{encoding}",
            count(authority.entries, "revoked certificate", "revoked certificates")
        )?;
        for crl in &authority.crls {
            let kind = if crl.delta { "delta" } else { "CRL  " };
            let number = crl.crl_number.as_deref().unwrap_or("-");
            let next = crl.next_update.as_deref().unwrap_or("not announced");
            let scope = crl.scope.sentence();
            writeln!(out, "  {kind} {number:<8} {} to {next}  {scope}", crl.this_update)?;
        }
    }
    Ok(())
}
