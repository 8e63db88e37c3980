//! Families put together to what one address serves.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use tower::util::MapFutureLayer;
use tower_http::cors::{AllowHeaders, AllowMethods, CorsLayer};

use super::numbers::{Answers, HttpNumbers};
use super::rejection::Rejection;
use super::request_id::REQUEST_ID;
use super::settings::Cors;

/// Characters of a prefix.
const MAX_PREFIX: usize = 200;

/// A family with its place.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Its name in metrics.
    pub name: &'static str,
    /// What its paths begin with.
    pub prefix: Prefix,
    /// Its routes.
    pub router: Router,
    /// The web pages that may use it.
    pub cors: Cors,
}

/// What the paths of a family begin with: nothing, or segments such as `/pki/v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Prefix(String);

/// Why a text is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no path prefix: empty, or segments of letters, digits and -._~ such as /pki/v1, at most {MAX_PREFIX} characters"
)]
pub struct PrefixError {
    /// As given.
    pub text: String,
}

/// Two families want the same path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the paths of {family} overlap with those of {others} at the same address; give one of them a prefix, or a listener of its own"
)]
pub struct Overlap {
    /// The family that does not fit.
    pub family: &'static str,
    /// Those that are there already.
    pub others: String,
}

/// One router of all mounts, each of whose answers are counted. What none of them serves is answered by 404.
///
/// # Errors
/// [`Overlap`].
pub fn mount(mounts: Vec<Mount>, numbers: &HttpNumbers) -> Result<Router, Overlap> {
    // Families of one prefix are merged before they are nested: the router takes each prefix once.
    let mut by_prefix: BTreeMap<Prefix, Router> = BTreeMap::new();
    let mut names = Vec::new();
    for Mount { name, prefix, router, cors } in mounts {
        let router = with_cors(counted(router, numbers.family(name)), cors).reset_fallback();
        let there = by_prefix.remove(&prefix).unwrap_or_default();
        let merged = joined(name, &names, || there.merge(router))?;
        by_prefix.insert(prefix, merged);
        names.push(name);
    }
    let mut all = by_prefix.remove(&Prefix::default()).unwrap_or_default();
    for (prefix, router) in by_prefix {
        let name = names.last().copied().unwrap_or_default();
        all = joined(name, &names, || all.nest(&prefix.0, router))?;
    }
    let nothing = Router::new().fallback(async || Rejection::NotFound);
    Ok(all.merge(counted(nothing, numbers.family("none"))))
}

/// Axum panics when paths overlap.
fn joined(
    family: &'static str,
    others: &[&'static str],
    join: impl FnOnce() -> Router,
) -> Result<Router, Overlap> {
    catch_unwind(AssertUnwindSafe(join)).map_err(|_| {
        let others = others.iter().filter(|other| **other != family).copied().collect::<Vec<_>>();
        Overlap { family, others: others.join(", ") }
    })
}

/// Counts what is answered, and how long it took.
fn counted(router: Router, answers: Arc<Answers>) -> Router {
    router.layer(MapFutureLayer::new(move |answer| {
        let answers = Arc::clone(&answers);
        async move {
            let begun = Instant::now();
            let answered: Result<Response, _> = answer.await;
            if let Ok(response) = &answered {
                answers.record(response.status(), begun.elapsed());
            }
            answered
        }
    }))
}

fn with_cors(router: Router, cors: Cors) -> Router {
    if cors.origins.is_empty() {
        return router;
    }
    router.layer(
        CorsLayer::new()
            .allow_origin(cors.origins)
            .allow_methods(AllowMethods::list([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ]))
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([REQUEST_ID]),
    )
}

impl Prefix {
    /// As text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet))
        };
        let segments = text.strip_prefix('/').map(|segments| segments.split('/').all(is_segment));
        if text.len() <= MAX_PREFIX && (text.is_empty() || segments == Some(true)) {
            return Ok(Self(text.to_owned()));
        }
        Err(PrefixError { text: text.chars().take(MAX_PREFIX).collect() })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    fn at(name: &'static str, prefix: &str, path: &str) -> Mount {
        let router = Router::new().route(path, get(async || "here"));
        Mount { name, prefix: prefix.parse().unwrap(), router, cors: Cors::default() }
    }

    #[test]
    fn prefixes_are_plain_segments() {
        for text in ["", "/a", "/pki/v1", "/a-b._~9"] {
            assert_eq!(text.parse::<Prefix>().unwrap().as_str(), text);
        }
        for text in
            ["a", "/", "/a/", "//a", "/a b", "/{id}", "/%41", "/..", "/é", &format!("/{}", "x".repeat(200))]
        {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }

    #[test]
    fn families_that_want_the_same_path_are_told_apart_by_prefixes() {
        let numbers = HttpNumbers::default();
        let overlap = mount(vec![at("a", "", "/x"), at("b", "", "/x")], &numbers).unwrap_err();
        assert_eq!((overlap.family, overlap.others.as_str()), ("b", "a"));
        let apart = [at("a", "", "/x"), at("b", "/b", "/x"), at("c", "/b", "/y"), at("d", "/b/d", "/x")];
        assert!(mount(Vec::from(apart), &numbers).is_ok());
    }
}
