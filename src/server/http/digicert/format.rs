//! JSON or XML: what a client wants, and what it sends.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::errors::ApiError;
use super::xml::{read_document, write_document};

/// The most entries of `Accept` that are looked at.
const MAX_ACCEPT: usize = 32;

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

impl Format {
    /// What the client wants: by `Accept`; where that leaves it open, what it says it sends; else JSON.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(Self, u16)> = None;
        for entry in accepted.flat_map(|value| value.split(',')).take(MAX_ACCEPT) {
            let mut parts = entry.split(';').map(str::trim);
            let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/json" => Self::Json,
                "application/xml" | "text/xml" => Self::Xml,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
            if quality > best.map_or(0, |(_, quality)| quality) {
                best = Some((format, quality));
            }
        }
        best.map_or_else(|| Self::sent(headers), |(format, _)| format)
    }

    /// What the client says it sends.
    fn sent(headers: &HeaderMap) -> Self {
        let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = sent.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_xml = ["application/xml", "text/xml"].iter().any(|it| essence.eq_ignore_ascii_case(it));
        if is_xml { Self::Xml } else { Self::Json }
    }

    /// Reads a body; `None` if there is none.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Option<Value>, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(None);
        }
        let bad = |message: String| ApiError::BadRequest { message };
        match Self::sent(headers) {
            Self::Xml => read_document(body).map_err(|error| bad(error.to_string())),
            Self::Json => serde_json::from_slice(body)
                .map_err(|error| bad(format!("The request body is not valid JSON: {error}"))),
        }
        .map(Some)
    }

    /// A response with this document.
    pub(super) fn respond(self, status: StatusCode, document: &Value) -> Response<Body> {
        let (kind, octets) = match self {
            Self::Json => ("application/json", document.to_string().into_bytes()),
            Self::Xml => ("application/xml", write_document(document)),
        };
        let mut response = Response::new(Body::from(octets));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // Which of the two it is depends on both.
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, content-type"));
        response
    }

    /// A response with this error.
    pub(super) fn refuse(self, error: &ApiError) -> Response<Body> {
        let mut response = self.respond(error.status(), &error.document());
        if let Some(seconds) = error.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.0.into());
        }
        response
    }
}

/// A quality from 0 to 1 in thousandths (RFC 9110 section 12.4.2); 0 for what is none.
fn thousandths(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(quality) if quality >= 1.0 => 1000,
        Ok(quality) if quality > 0.0 => {
            let digits = text.split_once('.').map_or("", |(_, digits)| digits);
            let padded: String = digits.chars().chain("000".chars()).take(3).collect();
            padded.parse().unwrap_or(0)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: Option<&str>, content: Option<&str>) -> Format {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::ACCEPT, accept), (header::CONTENT_TYPE, content)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        Format::wanted(&headers)
    }

    #[test]
    fn the_client_says_what_it_wants() {
        for (accept, content, expected) in [
            (None, None, Format::Json),
            (None, Some("application/json"), Format::Json),
            (None, Some("application/xml; charset=utf-8"), Format::Xml),
            (Some("*/*"), Some("application/xml"), Format::Xml),
            (Some("application/xml"), Some("application/json"), Format::Xml),
            (Some("text/xml"), None, Format::Xml),
            (Some("application/json"), Some("application/xml"), Format::Json),
            (Some("text/html, application/xml;q=0.9, application/json;q=0.8, */*;q=0.1"), None, Format::Xml),
            (Some("application/xml;q=0.5, application/json"), None, Format::Json),
            (Some("application/xml;q=0"), None, Format::Json),
            (Some("image/png"), None, Format::Json),
        ] {
            assert_eq!(wanted(accept, content), expected, "{accept:?} {content:?}");
        }
        assert_eq!(["1", "0.5", "0.125", "0", "x", "-1"].map(thousandths), [1000, 500, 125, 0, 0, 0]);
    }
}
