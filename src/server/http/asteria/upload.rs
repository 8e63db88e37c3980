//! Uploads: `multipart/form-data` (RFC 7578) with a few short fields and one or two files.

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use zeroize::Zeroizing;

use super::code::{Code, Failure};
use super::parameters::Parameters;

/// Parts of one upload; calls have four.
const MAX_PARTS: usize = 16;
/// Octets of a field that is no file.
const MAX_FIELD: usize = 4096;

/// What was uploaded.
pub(super) struct Upload {
    pub(super) parameters: Parameters,
    files: Vec<Uploaded>,
}

/// One part that could be a file.
struct Uploaded {
    name: String,
    has_file_name: bool,
    octets: Bytes,
}

impl Upload {
    /// Reads an upload. The names in `files` are of parts that are files, each of at most `limit` octets. Parts that
    /// nobody asked for are passed over.
    pub(super) async fn read(request: Request<Body>, files: &[&str], limit: usize) -> Result<Self, Failure> {
        let unreadable = |reason: String| Failure::with(Code::C2301, reason);
        // The bounds here are of each part; the edge has one for the body.
        let whole = files.len().saturating_mul(limit).saturating_add(MAX_PARTS * MAX_FIELD);
        let mut request = request;
        DefaultBodyLimit::max(whole).apply(&mut request);
        let mut parts =
            Multipart::from_request(request, &()).await.map_err(|error| unreadable(error.body_text()))?;
        let mut upload = Self { parameters: Parameters::default(), files: Vec::new() };
        let mut count = 0;
        while let Some(mut part) = parts.next_field().await.map_err(|error| unreadable(error.body_text()))? {
            count += 1;
            if count > MAX_PARTS {
                return Err(unreadable(format!("more than {MAX_PARTS} parts")));
            }
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = files.contains(&name.as_str());
            let has_file_name = part.file_name().is_some_and(|name| !name.is_empty());
            let octets = collect(&mut part, if is_file { limit } else { MAX_FIELD }, &name).await?;
            if is_file {
                upload.files.push(Uploaded { name, has_file_name, octets: octets.into() });
            } else if let Ok(text) = String::from_utf8(octets) {
                upload.parameters.push(name, Zeroizing::new(text));
            }
        }
        Ok(upload)
    }

    /// A file that must be there: code 2202 without a file name, 2203 without data.
    pub(super) fn file(&self, name: &str) -> Result<Bytes, Failure> {
        match self.files.iter().find(|file| file.name == name) {
            None => Err(Failure::with(Code::C2202, name)),
            Some(file) if !file.has_file_name => Err(Failure::with(Code::C2202, name)),
            Some(file) if file.octets.is_empty() => Err(Failure::with(Code::C2203, name)),
            Some(file) => Ok(file.octets.clone()),
        }
    }

    /// A file that may be left out. Browsers send a part without name and data for one that was not chosen.
    pub(super) fn optional_file(&self, name: &str) -> Result<Option<Bytes>, Failure> {
        match self.files.iter().find(|file| file.name == name) {
            None => Ok(None),
            Some(file) if !file.has_file_name && file.octets.is_empty() => Ok(None),
            Some(_) => self.file(name).map(Some),
        }
    }
}

async fn collect(part: &mut Field<'_>, limit: usize, name: &str) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    while let Some(chunk) =
        part.chunk().await.map_err(|error| Failure::with(Code::C2301, error.body_text()))?
    {
        if octets.len() + chunk.len() > limit {
            let name: String = name.chars().take(64).collect();
            return Err(Failure::with(Code::C2301, format!("part '{name}' has more than {limit} octets")));
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}
