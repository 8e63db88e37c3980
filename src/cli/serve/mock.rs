//! `--mock`: an authority that exists nowhere else, so that clients can be written without cards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ServeError;
use crate::cli::error::CliError;
use crate::config::{AcceptedSection, Config, SourceSection};
use crate::mock::{MockAuthorities, MockFolder};
use crate::service::jpki::CertificateType;
use crate::types::{Clock, FixedClock, SystemClock, UnixTime};

/// Where it is kept, in the data folder.
const FOLDER: &str = "mock";
/// The source of its lists.
const SOURCE: &str = "mock";

/// What a mock authority adds to the configuration. Its responders answer as long as this is there.
#[derive(Debug, Clone)]
pub(super) struct Mock {
    folder: PathBuf,
    lists: PathBuf,
    accepted: Vec<AcceptedSection>,
    _responders: Arc<MockAuthorities>,
}

impl Mock {
    /// Makes the authority, or opens the one that was made before, and starts its responders.
    pub(super) fn start(data: &Path, at: Option<UnixTime>) -> Result<Self, CliError> {
        let clock: Arc<dyn Clock> = match at {
            Some(at) => Arc::new(FixedClock(at)),
            None => Arc::new(SystemClock),
        };
        let folder = data.join(FOLDER);
        let mock = MockFolder::open(&folder, clock.now()).map_err(ServeError::Mock)?;
        let responders = mock.start_responders(&clock).map_err(ServeError::Mock)?;
        let mut accepted = Vec::new();
        for (certificate_type, responder) in &responders.responders {
            let profile = match certificate_type {
                CertificateType::CardDigitalSignature => "mock-signature",
                CertificateType::CardUserAuthentication => "mock-authentication",
            };
            let certificate = absolute(&mock.authority_file(*certificate_type))?;
            let section = AcceptedSection::new(profile, vec![certificate], vec![responder.url()]);
            accepted.push(section.map_err(CliError::Usage)?);
        }
        let lists = absolute(&mock.lists())?;
        Ok(Self { folder: absolute(&folder)?, lists, accepted, _responders: Arc::new(responders) })
    }

    /// Adds it to a configuration.
    pub(super) fn add_to(&self, config: &mut Config) -> Result<(), CliError> {
        config.pocketsign.enabled = true;
        config.pocketsign.mock = Some(self.folder.clone());
        config.pocketsign.authority.extend(self.accepted.iter().cloned());
        let source = SourceSection::files(SOURCE, vec![self.lists.clone()]).map_err(CliError::Usage)?;
        config.source.push(source);
        Ok(())
    }
}

fn absolute(path: &Path) -> Result<PathBuf, ServeError> {
    std::path::absolute(path).map_err(ServeError::data("find", path))
}
