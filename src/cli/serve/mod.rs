//! `revocache serve`: the daemon.
//!
//! [`daemon`] starts the parts in order and stops them in the reverse one; [`answering`] is what answers questions,
//! [`listeners`] is where protocols are plugged in, [`families`] the HTTP APIs, [`keeping`] the database; [`data`] is the data folder, [`logging`] the logs, [`notify`] a word to systemd.

mod answering;
mod daemon;
mod data;
mod error;
mod families;
mod keeping;
mod keys;
mod listeners;
mod logging;
mod mock;
mod notify;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use self::mock::Mock;
use super::config::of_config;
use super::error::CliError;
use super::exit::Exit;
use super::output::parse_time;
use crate::config::{Config, DEFAULT_TEXT, Environment, Listen};
use crate::types::UnixTime;

pub(super) use self::data::running;
pub(super) use self::error::ServeError;

/// The data folder where nothing else is said.
pub(super) const USUAL_DATA: &str = "revocache-data";
/// The configuration in a data folder.
pub(super) const CONFIG_FILE: &str = "revocache.toml";

/// Keep CRLs fresh and answer
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache serve
  revocache serve --config /etc/revocache/revocache.toml --data /var/lib/revocache
  revocache serve --data scratch --quic 127.0.0.1:0 --http 127.0.0.1:0 --json
  revocache serve --data scratch --mock        (docs/pocketsign.md goes on from there)

Everything is made on first start, a commented DIR/revocache.toml included. When it is ready it prints one line of JSON
on stdout; logs go to stderr. SIGTERM and SIGINT end it, SIGHUP reads the configuration again and refreshes every
source.")]
pub(super) struct Serve {
    /// Configuration [default: DIR/revocache.toml, made if it does not exist]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of everything that is kept [default: what the configuration says, else ./revocache-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen for QUIC; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    quic: Option<SocketAddr>,
    /// Where to listen for HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Make a mock authority with people, certificates and keys in DIR/mock, and serve the PocketSign Verify API for them
    #[arg(long)]
    mock: bool,
    /// For tests: the clock stands still at this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Write logs as JSON
    #[arg(long)]
    json: bool,
}

/// Where the configuration comes from, so that it can be read again.
#[derive(Debug, Clone)]
struct ConfigSource {
    path: PathBuf,
    quic: Option<SocketAddr>,
    http: Option<SocketAddr>,
    at: Option<UnixTime>,
    mock: Option<Mock>,
}

impl Serve {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let (quic, http, at) = (self.quic, self.http, self.at);
        let (mut source, data) = match &self.config {
            Some(path) => {
                let source = ConfigSource { path: path.clone(), quic, http, at, mock: None };
                let named = source.read()?.data.folder;
                let data = self.data.clone().or(named).unwrap_or_else(|| USUAL_DATA.into());
                (source, data)
            }
            None => {
                let data = self.data.clone().unwrap_or_else(|| USUAL_DATA.into());
                let path = data.join(CONFIG_FILE);
                data::make(&data)?;
                data::write_if_missing(&path, DEFAULT_TEXT)?;
                (ConfigSource { path, quic, http, at, mock: None }, data)
            }
        };
        if self.mock {
            let at = source.read()?.test.at;
            source.mock = Some(Mock::start(&data, at)?);
        }
        daemon::run(&source, &data, self.json)?;
        Ok(Exit::Good)
    }
}

impl ConfigSource {
    /// Reads the file and lets the command line have the last word.
    fn read(&self) -> Result<Config, CliError> {
        let mut config = Config::read(&self.path, &Environment::of_process()).map_err(of_config)?;
        if let Some(address) = self.quic {
            config.quic.listen = Listen::At(address);
        }
        if let Some(address) = self.http {
            config.http.listen = Listen::At(address);
        }
        config.test.at = self.at.or(config.test.at);
        if let Some(mock) = &self.mock {
            mock.add_to(&mut config)?;
        }
        Ok(config)
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
