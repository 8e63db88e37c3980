//! The requests of version 1.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::base64::decode_lenient;
use super::error::ApiError;
use super::objects::{CheckMethod, HashAlgorithm, Page};
use crate::service::jpki::CertificateType;
use crate::service::verify::{Created, Listed, Slice};
use crate::types::UnixTime;

/// A signature to verify.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct VerifyRequest {
    /// The certificate (X.509) in DER, in base64.
    #[schema(value_type = String, format = Byte)]
    pub(super) certificate: Octets,
    /// The hash of the digest.
    pub(super) hash_algorithm: HashAlgorithm,
    /// The digest, in base64.
    #[schema(value_type = String, format = Byte)]
    pub(super) digest: Octets,
    /// The signature, in base64.
    #[schema(value_type = String, format = Byte)]
    pub(super) signature: Octets,
    /// How the certificate is checked.
    pub(super) status_check_method: CheckMethod,
    /// Whether the user is to be identified, and to get an id.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) identify_user: bool,
}

/// A certificate to check.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CheckCertificateRequest {
    /// The certificate (X.509) in DER, in base64.
    #[schema(value_type = String, format = Byte)]
    pub(super) certificate: Octets,
    /// How it is checked.
    pub(super) status_check_method: CheckMethod,
    /// Whether the user is to be identified, and to get an id.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) identify_user: bool,
}

/// How to check a certificate that was stored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CheckStatusRequest {
    /// How it is checked.
    pub(super) status_check_method: CheckMethod,
    /// Whether the user is to be identified, and to get an id.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) identify_user: bool,
}

/// How to check the newest certificate of a user.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CheckUserRequest {
    /// How it is checked.
    pub(super) status_check_method: CheckMethod,
    /// Of which kind the certificate is.
    #[serde(default)]
    #[schema(value_type = Option<super::objects::CertificateType>)]
    pub(super) certificate_type: Option<NamedType>,
}

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "read from the query by Query, which reports what is wrong with it")]
pub(super) struct PageParameters {
    /// At most so many; more than 100 are taken for 100.
    #[param(minimum = 0, default = 20, required = false)]
    pub(super) limit: i64,
    /// From this place on.
    #[param(minimum = 0, default = 0, required = false)]
    pub(super) offset: i64,
}

/// When the results were made.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "for the document; read by Query, which reports what is wrong")]
pub(super) struct CreatedParameters {
    /// Created at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_since: Option<String>,
    /// Created before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    created_until: Option<String>,
}

/// Octets in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Octets(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode_lenient(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not base64"))
    }
}

/// A kind of certificate by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamedType(pub(super) CertificateType);

impl<'de> Deserialize<'de> for NamedType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        CertificateType::from_name(&text).map(Self).ok_or_else(|| {
            let names = CertificateType::ALL.map(CertificateType::name).join(", ");
            serde::de::Error::custom(format!("'{text}' is none of {names}"))
        })
    }
}

/// Reads a body.
pub(super) fn read_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, ApiError> {
    let media = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let is_json = |text: &str| {
        text.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
    };
    // A client that says nothing means JSON: there is nothing else.
    if media.is_some_and(|text| !is_json(text)) {
        let error = ApiError::invalid("the body has to be application/json");
        return Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let body = body.map_err(|rejection| {
        // Larger than the limit, or cut off on the way.
        ApiError::invalid(rejection.body_text()).with_status(rejection.status())
    })?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::invalid(format!("the body is not what it should be: {error}")))
}

impl PageParameters {
    /// The part in the words of the service.
    pub(super) fn slice(self) -> Slice {
        // Neither is negative.
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        Slice { limit: number(self.limit), offset: number(self.offset) }
    }

    /// A page of what was found.
    pub(super) fn with<T, U>(self, found: Listed<T>, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            total: i64::try_from(found.total).unwrap_or(i64::MAX),
            limit: self.limit,
            offset: self.offset,
            results: found.results.into_iter().map(show).collect(),
        }
    }
}

/// The parameters of a query, to be taken one by one. Those that are not known are passed over.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Parameters in `application/x-www-form-urlencoded`.
    pub(super) fn new(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// Every value of a parameter; several may come with commas between them.
    fn all<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(|(name, _)| names.contains(&name.trim_end_matches("[]")));
        named.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The last value of a parameter, even an empty one.
    fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// `limit` and `offset` in effect.
    pub(super) fn page(&self) -> Result<PageParameters, ApiError> {
        let number = |name: &str, usual: i64| match self.last(name) {
            None => Ok(usual),
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|number| *number >= 0 && text.bytes().all(|octet| octet.is_ascii_digit()))
                .ok_or_else(|| {
                    ApiError::invalid(format!("{name} is a whole number from 0 up, not '{text}'"))
                }),
        };
        Ok(PageParameters {
            limit: number("limit", USUAL_LIMIT)?.min(MAX_LIMIT),
            offset: number("offset", 0)?,
        })
    }

    /// Ids.
    pub(super) fn ids(&self, names: &[&str]) -> Result<Vec<Uuid>, ApiError> {
        let name = names.first().copied().unwrap_or_default();
        let id = |text: &str| {
            Uuid::try_parse(text).map_err(|_| ApiError::invalid(format!("{name} is a UUID, not '{text}'")))
        };
        self.all(names).map(id).collect()
    }

    /// Kinds of certificate.
    pub(super) fn types(&self, names: &[&str]) -> Result<Vec<CertificateType>, ApiError> {
        let kind = |text: &str| {
            CertificateType::from_name(text).ok_or_else(|| {
                let names = CertificateType::ALL.map(CertificateType::name).join(", ");
                ApiError::invalid(format!("'{text}' is none of {names}"))
            })
        };
        self.all(names).map(kind).collect()
    }

    /// A truth value.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.last(name) {
            None | Some("") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(ApiError::invalid(format!("{name} is true or false, not '{text}'"))),
        }
    }

    /// The span in which results were made.
    pub(super) fn created(&self) -> Result<Created, ApiError> {
        Ok(Created { since: self.time("created_since")?, until: self.time("created_until")? })
    }

    /// A point in time.
    fn time(&self, name: &str) -> Result<Option<UnixTime>, ApiError> {
        let Some(text) = self.last(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        // An unescaped plus of an offset arrives as a space.
        UnixTime::parse_rfc3339(&text.replace(' ', "+"))
            .map(Some)
            .map_err(|error| ApiError::invalid(format!("{name}: {error}")))
    }
}

/// Results on a page where nothing else is said.
pub(super) const USUAL_LIMIT: i64 = 20;
/// Results on a page at most.
pub(super) const MAX_LIMIT: i64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_limits_that_are_told() {
        let page = |query| Query::new(Some(query)).page().map(|page| (page.limit, page.offset));
        assert_eq!(page("").unwrap(), (20, 0));
        assert_eq!(page("limit=7&offset=40").unwrap(), (7, 40));
        assert_eq!(page("limit=9999").unwrap(), (100, 0));
        assert_eq!(page("limit=0").unwrap(), (0, 0));
        for wrong in [
            "limit=-1",
            "limit=1.5",
            "limit=x",
            "limit=",
            "offset=-1",
            "offset=+1",
            "offset=99999999999999999999",
        ] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_may_be_repeated_and_unknown_ones_are_passed_over() {
        let id = Uuid::from_u128(7);
        let query = Query::new(Some(&format!("user_id={id}&user_id[]={id},{id}&colour=red&latest=true")));
        assert_eq!(query.ids(&["user_id"]).unwrap(), [id, id, id]);
        assert_eq!(query.boolean("latest").unwrap(), Some(true));
        assert!(Query::new(Some("latest=1")).boolean("latest").is_err());
        assert!(Query::new(Some("user_id='; drop table users")).ids(&["user_id"]).is_err());
        assert!(Query::new(Some("created_since=yesterday")).time("created_since").is_err());
    }
}
