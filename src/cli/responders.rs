//! Reaching the OCSP responders that a command line names.

use super::error::CliError;
use crate::fetch::http::{AddressPolicy, HttpClient, HttpSettings};

/// A client that goes to public addresses, and to these URLs wherever they lead: whoever types a URL means it.
pub(super) fn http_client<'u>(urls: impl IntoIterator<Item = &'u str>) -> Result<HttpClient, CliError> {
    let addresses = urls
        .into_iter()
        .try_fold(AddressPolicy::public_only(), AddressPolicy::with_url)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() })
        .map_err(|error| CliError::Unavailable(error.to_string()))
}
