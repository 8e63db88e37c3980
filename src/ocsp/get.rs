//! Requests in the path of a GET (RFC 6960 appendix A.1, RFC 5019 section 5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::request_reader::{MAX_REQUEST_OCTETS, RequestError};

/// Octets of a whole URL up to which RFC 5019 section 5 has clients use GET.
const MAX_URL: usize = 255;
/// Three octets become four characters, and each of those up to three when it is escaped.
const MAX_PATH: usize = 4 * MAX_REQUEST_OCTETS;

/// What follows the responder's URL in a GET (RFC 6960 appendix A.1): base64, percent-encoded, behind a slash unless
/// the URL ends in one. Appended to `responder` it gives the URL to get.
///
/// `None` if that URL would have more than 255 octets (RFC 5019 section 5), or if `responder` has a query or a
/// fragment, behind which a path has no place. Such a request goes by POST.
#[must_use]
pub fn get_path(responder: &str, request: &[u8]) -> Option<String> {
    // A request longer than the limit would be so in base64 as well: nothing to encode.
    if responder.contains(['?', '#']) || request.len() > MAX_URL {
        return None;
    }
    let mut path = String::with_capacity(MAX_URL);
    if !responder.ends_with('/') {
        path.push('/');
    }
    for character in STANDARD.encode(request).chars() {
        match character {
            '+' => path.push_str("%2B"),
            '/' => path.push_str("%2F"),
            '=' => path.push_str("%3D"),
            plain => path.push(plain),
        }
    }
    (responder.len() + path.len() <= MAX_URL).then_some(path)
}

/// The DER request in the path of a GET, with or without the slash in front of it.
///
/// Unescaped `+`, `/` and `=` are accepted, because clients send them. Neither length nor content is that of a request
/// for certain: [`super::OcspRequest::parse`] tells.
///
/// # Errors
/// [`RequestError::TooLarge`] and [`RequestError::BadPath`].
pub fn request_from_path(path: &str) -> Result<Vec<u8>, RequestError> {
    if path.len() > MAX_PATH {
        return Err(RequestError::TooLarge { octets: path.len(), limit: MAX_PATH });
    }
    // No request starts with a slash: its first octet is 30, the first character M.
    let text = path.trim_start_matches('/');
    let mut characters = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (character, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (escaped(*high, *low).ok_or(RequestError::BadPath)?, after),
            (b'%', _) => return Err(RequestError::BadPath),
            _ => (*first, after),
        };
        characters.push(character);
        rest = after;
    }
    STANDARD.decode(characters).map_err(|_| RequestError::BadPath)
}

/// The octet of two hexadecimal digits.
fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
