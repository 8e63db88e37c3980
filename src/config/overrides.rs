//! Environment variables over the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::error::ConfigError;
use super::parse::{most_alike, unknown_field};
use super::sections::Config;

const PREFIX: &str = "REVOCACHE_";
/// Sections whose keys have variables, inner ones first; lists of tables have none.
const SECTIONS: &[&str] = &[
    "http.admin",
    "http.pocketsign",
    "http.asteria",
    "http.cipher",
    "http.digicert",
    "asteria",
    "cipher",
    "keystore",
    "pocketsign",
    "data",
    "quic",
    "http",
    "sources",
    "trust",
    "policy",
    "ocsp",
    "fetch",
    "store",
    "digicert",
    "log",
    "test",
];

/// Variables that are meant for the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_variables(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Of some variables, those whose name is `REVOCACHE_SECTION_KEY` with a section that exists. Others of that
    /// prefix are for something else.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().filter(|(name, _)| parts(name).is_some()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Section and key of a variable's name.
fn parts(name: &str) -> Option<(&'static str, String)> {
    let lower = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    SECTIONS.iter().copied().find_map(|section| {
        let key = lower.strip_prefix(&section.replace('.', "_"))?.strip_prefix('_')?;
        (!key.is_empty()).then(|| (section, key.to_owned()))
    })
}

/// Applies the variables one by one, so that an error names the one that is wrong.
pub(super) fn apply_environment(
    text: &str,
    mut config: Config,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    // The text was read once without complaint.
    let mut table: Table = toml::from_str(text).unwrap_or_default();
    for (variable, value) in &environment.0 {
        let Some((section, key)) = parts(variable) else { continue };
        if let Some(section) = section_in(&mut table, section) {
            section.insert(key, value_of(value));
        }
        config = Config::deserialize(table.clone()).map_err(|error| {
            let message = match unknown_field(error.message()) {
                Some((key, known)) => match most_alike(&key, &known) {
                    Some(suggestion) => format!("no key '{key}'; did you mean '{suggestion}'?"),
                    None => format!("no key '{key}'; known are {}", known.join(", ")),
                },
                None => error.message().to_owned(),
            };
            ConfigError::Variable { variable: variable.clone(), message }
        })?;
    }
    Ok(config)
}

/// The table of a section, made if it is not there.
fn section_in<'t>(table: &'t mut Table, section: &str) -> Option<&'t mut Table> {
    section.split('.').try_fold(table, |table, name| {
        table.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
    })
}

/// A truth value, a number or a list where the text is one in TOML; else the text itself.
fn value_of(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}"));
    match parsed.ok().and_then(|mut table| table.remove("value")) {
        Some(value @ (Value::Boolean(_) | Value::Integer(_) | Value::Array(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}
