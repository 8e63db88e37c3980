//! One run of a build.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Progress;
use super::authorities::{Authorities, Given};
use super::carry::{Published, take_over};
use super::crls::{Candidate, Source, read_source};
use super::error::IngestError;
use super::report::{BuildReport, CrlReport, IssuersReport, SourceCode};
use super::request::{BuildRequest, Rejections};
use super::select::{Known, Outcome, Selection, select};
use crate::fetch::{SourceFile, walk};
use crate::index::{AuthorityId, BuildError, Builder, FileFacts, Image, Listings};
use crate::pki::AlgorithmPolicy;
use crate::publish::{Event, Generation, MappedIndex, Publisher};
use crate::types::{CrlFacts, NameKey, UnixTime};

/// Builds the next generation from what is published and what is given, and publishes it.
///
/// # Errors
/// [`IngestError`], and then nothing changed. A refused CRL is not an error but part of the report.
pub fn build(request: &BuildRequest, progress: &dyn Progress) -> Result<BuildReport, IngestError> {
    run(request, progress, Publication::Always)
}

/// As [`build()`], but publishes nothing if the next generation would know what the one in force knows already: no
/// list that stands is new, and no certificate of an authority is. The first generation is always published.
///
/// # Errors
/// As [`build()`].
pub fn build_if_changed(request: &BuildRequest, progress: &dyn Progress) -> Result<BuildReport, IngestError> {
    run(request, progress, Publication::OfChanges)
}

/// When a run publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Publication {
    Always,
    OfChanges,
}

fn run(
    request: &BuildRequest,
    progress: &dyn Progress,
    publication: Publication,
) -> Result<BuildReport, IngestError> {
    let started = Instant::now();
    // Everything named must be there before anything is made or locked.
    let files = walk(&request.crls)?;
    let given = Given::read(&request.anchors, &request.issuers)?;
    let mut publisher = Publisher::lock(request.folder.clone())?;
    let previous = publisher.open_current()?;
    let (authorities, issuers) = Authorities::gather(given, previous.as_ref(), request.algorithms);
    let sources = read_sources(&files, &authorities, request.algorithms, progress)?;

    let published = Published::of(previous.as_ref(), &authorities);
    let decided = decide(sources, &published, request);
    let refused = decided
        .reports
        .iter()
        .any(|report| !matches!(report.code(), SourceCode::Accepted | SourceCode::Superseded));
    if refused && request.rejections == Rejections::PublishNothing {
        return Ok(unpublished(&publisher, previous.as_ref(), issuers, decided.reports, started));
    }
    if publication == Publication::OfChanges
        && previous.as_ref().is_some_and(|index| decided.brings_nothing_new(index, &published, &authorities))
    {
        return Ok(unpublished(&publisher, previous.as_ref(), issuers, decided.reports, started));
    }

    for (source, forced) in &decided.forced {
        let detail = "an older list replaced the published one, as demanded";
        publisher.record(&Event {
            at: request.at,
            what: "forced_rollback",
            source,
            detail: &format!("{detail}: {forced}"),
        })?;
    }
    let generation = publisher.current().next();
    let image = build_image(
        generation,
        request.at,
        &authorities,
        decided.standing,
        &published,
        &decided.stays,
        previous.as_ref(),
    )?;
    publisher.publish(&image, generation, request.keep)?;
    Ok(BuildReport {
        generation: generation.0,
        published: true,
        entries: image.entries(),
        authorities: count(authorities.len()),
        bytes: image.len(),
        elapsed_ms: milliseconds(started),
        issuers,
        crls: decided.reports,
    })
}

/// What was decided of the sources.
struct Decided {
    reports: Vec<CrlReport>,
    standing: Vec<Candidate>,
    /// Whether each published CRL stays.
    stays: Vec<bool>,
    /// Sources of forced rollbacks, and what they forced in.
    forced: Vec<(String, String)>,
}

impl Decided {
    /// Whether an index of what was decided would say what `previous` says.
    fn brings_nothing_new(
        &self,
        previous: &MappedIndex,
        published: &Published,
        authorities: &Authorities,
    ) -> bool {
        let published = published.known();
        let is_published =
            |candidate: &Candidate| published.iter().any(|known| same_issue(known.crl, &candidate.facts));
        let is_given =
            |crl: &CrlFacts| self.standing.iter().any(|candidate| same_issue(&candidate.facts, crl));
        previous.crls().count() == published.len()
            && self.standing.iter().all(is_published)
            && published.iter().zip(&self.stays).all(|(known, stays)| *stays || is_given(known.crl))
            && authorities.facts().eq(previous.authorities().map(|authority| authority.to_facts()))
    }
}

/// Whether two lists are one: the digest of what was signed, and who signed it, tell.
fn same_issue(left: &CrlFacts, right: &CrlFacts) -> bool {
    left.tbs_digest == right.tbs_digest && left.signer_key == right.signer_key
}

fn read_sources(
    files: &[SourceFile],
    authorities: &Authorities,
    algorithms: AlgorithmPolicy,
    progress: &dyn Progress,
) -> Result<Vec<Source>, IngestError> {
    let mut octets = 0_u64;
    for file in files {
        octets = octets.saturating_add(file.open()?.1);
    }
    progress.begin("reading CRLs", octets);
    let mut sources = Vec::new();
    for file in files {
        sources.extend(read_source(file, authorities, algorithms, progress)?);
    }
    progress.end();
    Ok(sources)
}

fn decide(sources: Vec<Source>, published: &Published, request: &BuildRequest) -> Decided {
    let candidates: Vec<Known<'_>> = sources
        .iter()
        .filter_map(|source| source.outcome.as_ref().ok())
        .map(|candidate| Known { authority: candidate.authority, crl: &candidate.facts })
        .collect();
    let Selection { stays, outcomes } =
        select(&published.known(), &candidates, request.at, request.rollbacks);
    let mut outcomes = outcomes.into_iter();
    let mut decided = Decided { reports: Vec::new(), standing: Vec::new(), stays, forced: Vec::new() };
    for Source { source, issuer, outcome } in sources {
        let (candidate, outcome) = match outcome {
            Err(refusal) => {
                decided.reports.push(CrlReport::rejected(source, refusal.code, refusal.message, issuer));
                continue;
            }
            Ok(candidate) => (candidate, outcomes.next().unwrap_or(Outcome::Duplicate)),
        };
        let (code, message) = match outcome {
            Outcome::Stands { forced } => {
                let name = issuer.unwrap_or_default();
                if forced {
                    decided.forced.push((
                        source.clone(),
                        format!("thisUpdate {} of {name}", candidate.facts.this_update),
                    ));
                }
                decided.reports.push(CrlReport::accepted(source, name, &candidate.facts, request.at, forced));
                decided.standing.push(candidate);
                continue;
            }
            Outcome::Duplicate => {
                let name = issuer.unwrap_or_default();
                decided.reports.push(CrlReport::accepted(source, name, &candidate.facts, request.at, false));
                continue;
            }
            Outcome::Superseded(message) => (SourceCode::Superseded, message),
            Outcome::Rollback(message) => (SourceCode::Rollback, message),
            Outcome::DeltaWithoutBase(message) => (SourceCode::DeltaWithoutBase, message),
            Outcome::NotYetValid => {
                let begins = candidate.facts.this_update;
                (SourceCode::NotYetValid, format!("begins at {begins}, and the build is for {}", request.at))
            }
        };
        decided.reports.push(CrlReport::rejected(source, code, message, issuer));
    }
    decided
}

fn build_image(
    generation: Generation,
    created_at: UnixTime,
    authorities: &Authorities,
    standing: Vec<Candidate>,
    published: &Published,
    stays: &[bool],
    previous: Option<&MappedIndex>,
) -> Result<Image, IngestError> {
    let mut secret = [0_u8; 32];
    // The operating system's generator: that of the cryptographic library would first gather jitter for 25 ms.
    getrandom::fill(&mut secret).map_err(IngestError::NoRandomness)?;
    let mut builder = Builder::new(FileFacts { generation: generation.0, created_at, secret });
    let ids: Vec<AuthorityId> = authorities.facts().map(|facts| builder.add_authority(facts)).collect();
    let mut add = |authority: usize, facts: CrlFacts, listings: BTreeMap<Option<NameKey>, Listings>| {
        // Positions were given out by the same list of authorities.
        if let Some(id) = ids.get(authority) {
            let crl = builder.add_crl(*id, facts);
            for (certificate_issuer, listings) in listings {
                builder.add_listings(crl, certificate_issuer, listings)?;
            }
        }
        Ok::<(), BuildError>(())
    };
    if let Some(previous) = previous {
        for (authority, facts, listings) in take_over(previous, published, stays)? {
            add(authority, facts, listings)?;
        }
    }
    for candidate in standing {
        add(candidate.authority, candidate.facts, candidate.listings)?;
    }
    Ok(builder.finish(previous)?)
}

fn unpublished(
    publisher: &Publisher,
    previous: Option<&MappedIndex>,
    issuers: IssuersReport,
    crls: Vec<CrlReport>,
    started: Instant,
) -> BuildReport {
    BuildReport {
        generation: publisher.current().0,
        published: false,
        entries: previous.map_or(0, MappedIndex::entries),
        authorities: previous.map_or(0, |index| count(index.authorities().count())),
        bytes: previous.map_or(0, MappedIndex::len_bytes),
        elapsed_ms: milliseconds(started),
        issuers,
        crls,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn milliseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
