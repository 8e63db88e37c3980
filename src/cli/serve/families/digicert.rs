//! The API of DigiCert's CertCentral.

use std::path::Path;
use std::sync::Arc;

use axum::Router;

use super::super::error::ServeError;
use super::Shared;
use crate::cli::error::CliError;
use crate::config::Config;
use crate::fetch::dns::DnsClient;
use crate::fetch::http::HttpClient;
use crate::server::admin::AdminAccess;
use crate::server::http::digicert::{Digicert, router};
use crate::service::orders::{ControlCheck, Desk, Registry, Upstream};

/// Makes the routes; `None` if they are switched off.
pub(super) fn start(config: &Config, _: &Path, shared: &Shared) -> Result<Option<Router>, CliError> {
    let section = &config.digicert;
    if !section.enabled {
        return Ok(None);
    }
    let clock = Arc::clone(&shared.clock);
    let store = shared.store()?;
    let registry = Registry::new(store.clone(), Arc::clone(&clock));
    let upstream = match section.upstream_settings()? {
        Some(settings) => {
            let http = HttpClient::new(&config.upstream_http_settings()?).map_err(ServeError::Network)?;
            Some(Upstream::new(settings, http, Arc::clone(&clock)))
        }
        None => None,
    };
    let dns = DnsClient::new(&section.dns_settings()).map_err(ServeError::Dns)?;
    let control = ControlCheck::new(shared.http.clone(), dns, section.control_settings());
    let checker = Some(Arc::clone(&shared.checker));
    let desk = Desk::new(registry, upstream, checker, control, Arc::clone(&clock), section.desk_settings());
    let access = match &config.http.token_file {
        Some(file) => AdminAccess::from_file(file).map_err(ServeError::Token)?,
        None => AdminAccess::ThisMachine,
    };
    let digicert = Digicert::new(desk, section.settings(), access, Arc::new(store), clock);
    Ok(Some(router(Arc::new(digicert))))
}
