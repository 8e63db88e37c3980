//! Whose a request is.

use axum::http::{HeaderMap, header};

use super::PocketSign;
use super::failure::Failure;
use crate::store::TenantId;

/// The tenant of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) tenant: TenantId,
}

/// Why a request is turned away at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has no token, or one that does not count.
    Token,
    /// Whether its token counts cannot be told now.
    Failed(Failure),
}

impl Refused {
    /// What is said of a token that does not count. Why it does not is nobody's business.
    pub(super) const NO_TOKEN: &str = "send a valid token as Authorization: Bearer";
}

impl PocketSign {
    /// Whose a request with these headers is.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refused> {
        let token = bearer(headers).ok_or(Refused::Token)?;
        let found = self.service.authenticate(token).await.map_err(|error| Refused::Failed(error.into()))?;
        let tenant = found.ok_or(Refused::Token)?;
        Ok(Caller { tenant })
    }
}

/// The token of the header (RFC 6750 section 2.1); the scheme in any case (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_token_counts() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer  abc "])), Some("abc"));
        for wrong in [&[][..], &["Bearer"], &["Bearer "], &["abc"], &["Basic abc"], &["Bearer a", "Bearer b"]]
        {
            assert_eq!(bearer(&headers(wrong)), None, "{wrong:?}");
        }
    }
}
