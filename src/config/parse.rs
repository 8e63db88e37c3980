//! From text to a configuration, with errors that name the place.

use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use super::error::{ConfigError, UnknownKey};
use super::overrides::{Environment, apply_environment};
use super::sections::Config;

/// Octets of a configuration file.
const MAX_FILE: u64 = 4 << 20;
/// How alike two keys must be for one to be a suggestion for the other, from 0 to 1.
const ALIKE: f64 = 0.7;

impl Config {
    /// Reads a file and applies the environment. Relative paths in it start at the folder of the file.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the line and the key.
    pub fn read(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read { path: path.into(), source };
        let mut text = String::new();
        let file = fs::File::open(path).map_err(read)?;
        let octets = file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(read)?;
        if u64::try_from(octets).unwrap_or(u64::MAX) > MAX_FILE {
            return Err(ConfigError::TooLarge { path: path.into(), limit: MAX_FILE });
        }
        Self::parse(&text, path, environment)
    }

    /// The defaults with the environment over them, where there is no file.
    ///
    /// # Errors
    /// [`ConfigError::Variable`].
    pub fn of_environment(environment: &Environment) -> Result<Self, ConfigError> {
        apply_environment("", Self::default(), environment)
    }

    /// As [`Config::read`], of a text that came from `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| explain(&error, text, path))?;
        if !environment.is_empty() {
            config = apply_environment(text, config, environment)?;
        }
        if let Some(name) = config.doubled_source() {
            return Err(ConfigError::DoubledSource { path: path.into(), name: name.to_string() });
        }
        if config.quic.tls_certificate.is_some() != config.quic.tls_key.is_some() {
            return Err(ConfigError::HalfAnIdentity { path: path.into() });
        }
        if let Some(problem) = config.digicert.contradiction() {
            return Err(ConfigError::Contradiction { path: path.into(), problem });
        }
        config.resolve_paths(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }
}

/// Turns an error of the TOML library into one that tells the next step.
fn explain(error: &toml::de::Error, text: &str, path: &Path) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let line = text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
    match unknown_field(error.message()) {
        Some((key, known)) => ConfigError::UnknownKey(Box::new(UnknownKey {
            path: path.into(),
            line,
            suggestion: most_alike(&key, &known),
            key,
            section: section_at(text, &span),
            known,
        })),
        None => ConfigError::Value {
            path: path.into(),
            line,
            key: key_at(text, &span),
            message: error.message().to_owned(),
        },
    }
}

/// The field, and those that are known, of serde's message about an unknown one.
pub(super) fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (field, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((field.to_owned(), known))
}

pub(super) fn most_alike(key: &str, known: &[String]) -> Option<String> {
    let alike = |name: &String| strsim::jaro_winkler(key, name);
    let best = known.iter().max_by(|left, right| alike(left).total_cmp(&alike(right)))?;
    (alike(best) >= ALIKE).then(|| best.clone())
}

/// The section that a place in the text is in.
fn section_at(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or_default();
    let mut headers = before.lines().map(str::trim_start).filter(|line| line.starts_with('['));
    let header = headers.next_back().unwrap_or_default();
    header.trim_start_matches('[').split(']').next().unwrap_or_default().trim().to_owned()
}

/// The key of the line that a value is in, with its section.
fn key_at(text: &str, span: &Range<usize>) -> Option<String> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.starts_with('#'))?;
    let section = section_at(text, span);
    Some(if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") })
}
