//! `revocache cipher`: what clients of the Cipher API need and shells cannot do.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use crate::server::http::cipher::{ProtectedSettings, Sealed};

/// Octets of settings and of parameters; a container in Base64 is among the latter.
const MAX_FILE: u64 = 128 << 20;

/// Help clients of the Cipher API
#[derive(Debug, Args)]
pub(super) struct CipherCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Encrypt parameters for a server, so that nobody between here and there can read them
    Seal(Seal),
}

/// Encrypt parameters for a server
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  curl -s http://localhost:8080/api/v1/protectedParameters/settings > settings.json
  echo '{\"keyStorePassword\":\"12345678\"}' | revocache cipher seal --json --settings settings.json --ticket UUID

The parameters are a JSON object and come from stdin, where they are in no list of processes. What is printed is the
body of the request: the members secretKey and encryptedData. See docs/cipher.md.")]
struct Seal {
    /// What the server says at /api/v1/protectedParameters/settings
    #[arg(long, value_name = "FILE")]
    settings: PathBuf,
    /// The session that the parameters are for
    #[arg(long, value_name = "UUID")]
    ticket: Uuid,
    /// The parameters [default: stdin]
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl CipherCommand {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        match &self.command {
            Command::Seal(seal) => seal.run(),
        }
    }
}

impl Seal {
    fn run(&self) -> Result<Exit, CliError> {
        let settings = read(Some(&self.settings))?;
        let settings: ProtectedSettings =
            serde_json::from_slice(&settings).map_err(|error| CliError::data(&self.settings, error))?;
        let parameters = read(self.parameters.as_deref())?;
        let named = || self.parameters.clone().unwrap_or_else(|| "stdin".into());
        let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&parameters);
        if is_object.is_err() {
            // What the parser says would repeat a part of a secret.
            return Err(CliError::data(named(), "not a JSON object of parameters"));
        }
        let sealed = settings
            .seal(&parameters, &self.ticket.hyphenated().to_string())
            .map_err(|error| CliError::data(&self.settings, error))?;
        if self.json {
            print_json(&sealed)?;
        } else {
            let Sealed { secret_key, encrypted_data } = sealed;
            println!("secretKey      {secret_key}\nencryptedData  {encrypted_data}");
        }
        Ok(Exit::Good)
    }
}

/// A file, or stdin.
fn read(path: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut octets = Zeroizing::new(Vec::new());
    let named = |path: Option<&Path>| path.map_or_else(|| "stdin".into(), PathBuf::from);
    let read = match path {
        Some(path) => fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut octets)),
        None => io::stdin().lock().take(MAX_FILE).read_to_end(&mut octets),
    };
    read.map_err(|error| CliError::data(named(path), error))?;
    Ok(octets)
}
