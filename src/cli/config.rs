//! `revocache config`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use crate::config::{Config, ConfigError, DEFAULT_TEXT, Environment};

/// Print the default configuration, or check a file
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["print_default", "check"]))]
#[command(after_help = "Examples:
  revocache config --print-default > /etc/revocache/revocache.toml
  revocache config --check /etc/revocache/revocache.toml

Checking applies the environment as well (REVOCACHE_SECTION_KEY), and reads the certificates that the file names.")]
pub(super) struct ConfigCommand {
    /// Print the default configuration with an explanation of every key
    #[arg(long)]
    print_default: bool,
    /// A configuration to check
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Checked {
    valid: bool,
    message: Option<String>,
    sources: usize,
    authorities: usize,
}

impl ConfigCommand {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let Some(path) = &self.check else {
            print!("{DEFAULT_TEXT}");
            return Ok(Exit::Good);
        };
        let checked = check(path);
        if self.json {
            let counts = checked.as_ref().map_or((0, 0), |it| (it.source.len(), it.authority.len()));
            print_json(&Checked {
                valid: checked.is_ok(),
                message: checked.as_ref().err().map(ToString::to_string),
                sources: counts.0,
                authorities: counts.1,
            })?;
            return Ok(checked.map_or_else(|error| error.exit(), |_| Exit::Good));
        }
        let config = checked?;
        println!(
            "{} is valid: {}, {}",
            path.display(),
            super::output::count(u64::try_from(config.source.len()).unwrap_or(0), "source", "sources"),
            super::output::count(
                u64::try_from(config.authority.len()).unwrap_or(0),
                "authority",
                "authorities"
            )
        );
        Ok(Exit::Good)
    }
}

fn check(path: &Path) -> Result<Config, CliError> {
    let config = Config::read(path, &Environment::of_process()).map_err(of_config)?;
    config.sources_settings(Path::new(""))?;
    config.network_settings()?;
    config.ocsp_http_settings()?;
    Ok(config)
}

pub(super) fn of_config(error: ConfigError) -> CliError {
    match error {
        ConfigError::Read { path, source } => CliError::Fetch(crate::fetch::FetchError { path, source }),
        error => CliError::Config(error),
    }
}
