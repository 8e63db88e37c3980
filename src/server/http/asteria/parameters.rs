//! Parameters in URLs and forms.

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use zeroize::{Zeroize, Zeroizing};

use super::code::{Code, Failure};

/// Octets of a form or of JSON; the longest of them has a few hundred.
pub(super) const MAX_TEXT: usize = 64 << 10;
/// Parameters that are read; calls have three.
const MAX_PARAMETERS: usize = 32;

/// What a call carries, by name. An empty value counts as none, and of several the first counts. Values are wiped when
/// they are dropped: some are passwords.
#[derive(Default)]
pub(super) struct Parameters(Vec<(String, Zeroizing<String>)>);

impl Parameters {
    pub(super) fn of_query(query: &str) -> Self {
        Self::decode(query.as_bytes())
    }

    /// The parameters of a form. A body of another type has none.
    pub(super) async fn of_form(headers: &HeaderMap, body: Body) -> Result<Self, Failure> {
        if !is_kind(headers, "application/x-www-form-urlencoded") {
            return Ok(Self::default());
        }
        let octets = read_text(body).await?;
        Ok(Self::decode(&octets))
    }

    fn decode(octets: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(octets).take(MAX_PARAMETERS);
        Self(pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect())
    }

    pub(super) fn push(&mut self, name: String, value: Zeroizing<String>) {
        self.0.push((name, value));
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Demands that all of these are set: code 2002 names those that are not.
    pub(super) fn demand(&self, names: &[&str]) -> Result<(), Failure> {
        let missing: Vec<&str> = names.iter().copied().filter(|name| self.get(name).is_none()).collect();
        if missing.is_empty() { Ok(()) } else { Err(Failure::with(Code::C2002, missing.join(", "))) }
    }

    /// The value of a parameter that was demanded.
    pub(super) fn secret(&self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.get(name).unwrap_or_default().to_owned())
    }
}

/// Reads a short body. It may hold passwords, so it is wiped when it is dropped.
pub(super) async fn read_text(body: Body) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let octets = to_bytes(body, MAX_TEXT).await.map_err(|_| {
        Failure::with(Code::C2001, format!("the body is cut off or has more than {MAX_TEXT} octets"))
    })?;
    let text = Zeroizing::new(octets.to_vec());
    if let Ok(mut only) = octets.try_into_mut() {
        only.as_mut().zeroize();
    }
    Ok(text)
}

/// Whether a body is of a media type, whatever its parameters.
pub(super) fn is_kind(headers: &HeaderMap, kind: &str) -> bool {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    sent.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}
