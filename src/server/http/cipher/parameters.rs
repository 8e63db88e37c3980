//! Parameters of a request: open ones, and protected ones in their place.
//!
//! What comes in is secret. It is gathered in memory that is overwritten when it is let go of; what the HTTP library
//! below had in its buffers meanwhile is beyond reach.

use std::fmt;

use axum::body::{Body, HttpBody};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use zeroize::Zeroizing;

use super::protected::{ProtectedError, ProtectedKeys};
use super::texts::Cause;
use crate::types::Clock;

/// Secret octets.
pub(super) type SecretOctets = Zeroizing<Vec<u8>>;

/// A secret text.
pub(super) struct Secret(Zeroizing<String>);

/// The parameters of every method. Members that are not known are passed over, as clients send some for other methods.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    key_store_password: Option<Secret>,
    base64_data: Option<Secret>,
    secret_key: Option<String>,
    encrypted_data: Option<String>,
}

impl Parameters {
    /// Reads the parameters of a request of this ticket: those that are protected win over open ones of their name.
    pub(super) fn read(
        body: &[u8],
        keys: &ProtectedKeys,
        ticket: &str,
        clock: &dyn Clock,
    ) -> Result<Self, Cause> {
        let open: Self =
            serde_json::from_slice(body).map_err(|error| Cause::NotParameters(place_of(&error)))?;
        let (secret_key, encrypted_data) = match (&open.secret_key, &open.encrypted_data) {
            (None, None) => return Ok(open),
            (Some(secret_key), Some(encrypted_data)) => (secret_key, encrypted_data),
            _ => return Err(Cause::Protected(ProtectedError::HalfThere)),
        };
        let octets = keys.open(secret_key, encrypted_data, ticket, clock).map_err(Cause::Protected)?;
        let protected: Self =
            serde_json::from_slice(&octets).map_err(|_| Cause::Protected(ProtectedError::NotParameters))?;
        Ok(Self {
            key_store_password: protected.key_store_password.or(open.key_store_password),
            base64_data: protected.base64_data.or(open.base64_data),
            secret_key: None,
            encrypted_data: None,
        })
    }

    /// `keyStorePassword`.
    pub(super) fn password(self) -> Result<Zeroizing<String>, Cause> {
        self.key_store_password.map(|Secret(text)| text).ok_or(Cause::Missing("keyStorePassword"))
    }

    /// `base64Data`, decoded.
    pub(super) fn data(self) -> Result<SecretOctets, Cause> {
        const NAME: &str = "base64Data";
        let Secret(text) = self.base64_data.ok_or(Cause::Missing(NAME))?;
        // Lines, as `base64` and `openssl` write them, are nobody's mistake.
        let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
        digits.extend(text.bytes().filter(|octet| !octet.is_ascii_whitespace()));
        let mut octets = Zeroizing::new(vec![0; digits.len() / 4 * 3 + 3]);
        let length = STANDARD.decode_slice(&*digits, &mut octets).map_err(|_| Cause::NotBase64(NAME))?;
        Ok(moved(octets.get(..length).unwrap_or_default(), length))
    }
}

/// Gathers a body of at most `limit` octets.
pub(super) async fn gather(mut body: Body, limit: usize) -> Result<SecretOctets, Cause> {
    /// What is reserved on somebody's word.
    const AT_FIRST: usize = 16 << 10;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Cause::TooLarge(limit));
    }
    let mut octets: SecretOctets = Zeroizing::new(Vec::with_capacity(announced.clamp(1024, AT_FIRST)));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Cause::Broken)?.into_data() else { continue };
        let length = octets.len().saturating_add(data.len());
        if length > limit {
            return Err(Cause::TooLarge(limit));
        }
        if length > octets.capacity() {
            octets = moved(&octets, length.saturating_mul(2).min(limit).max(announced));
        }
        octets.extend_from_slice(&data);
    }
    // What is kept is counted, and has no more room than it needs.
    let length = octets.len();
    Ok(moved(&octets, length))
}

/// The octets in another place of this size. A vector that grows by itself leaves what it held behind.
fn moved(octets: &[u8], capacity: usize) -> SecretOctets {
    let mut place = Zeroizing::new(Vec::with_capacity(capacity));
    place.extend_from_slice(octets);
    place
}

/// Where JSON is wrong, without repeating any of it.
fn place_of(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a member is of a wrong type" } else { "not JSON" };
    format!("{what}, line {} column {}", error.line(), error.column())
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret(Zeroizing::new(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Secret, E> {
                Ok(Secret(Zeroizing::new(text)))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Result<Vec<u8>, Cause> {
        let body = serde_json::json!({ "base64Data": text }).to_string();
        let parameters: Parameters = serde_json::from_slice(body.as_bytes()).unwrap();
        parameters.data().map(|octets| octets.to_vec())
    }

    #[test]
    fn base64_may_have_lines_and_nothing_else() {
        assert_eq!(data("AQID"), Ok(vec![1, 2, 3]));
        assert_eq!(data("AQ\r\nID\nBA=="), Ok(vec![1, 2, 3, 4]));
        assert_eq!(data(""), Ok(vec![]));
        for wrong in ["AQI", "AQ_-", "data:;base64,AQID", "AQIDB"] {
            assert_eq!(data(wrong), Err(Cause::NotBase64("base64Data")), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_body_is_gathered_up_to_its_cap() {
        let gathered = gather(Body::from(vec![7; 50_000]), 50_000).await.unwrap();
        assert_eq!((gathered.len(), gathered.capacity()), (50_000, 50_000));
        assert!(gathered.iter().all(|octet| *octet == 7));
        assert_eq!(gather(Body::from(vec![7; 11]), 10).await, Err(Cause::TooLarge(10)));
        assert_eq!(gather(Body::empty(), 10).await.unwrap().capacity(), 0);
    }

    #[test]
    fn what_is_said_of_bad_json_repeats_none_of_it() {
        let error = serde_json::from_str::<Parameters>("{\"keyStorePassword\": secret}").err().unwrap();
        assert_eq!(place_of(&error), "not JSON, line 1 column 22");
        let error = serde_json::from_str::<Parameters>("{\"keyStorePassword\": 12345}").err().unwrap();
        assert!(place_of(&error).starts_with("a member is of a wrong type"));
    }
}
