//! `[keystore]` and `[asteria]`: what this server presents and trusts, and the API that changes it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::quantity::{CountIn, SizeIn};
use crate::keystore::{ContainerLimits, KeyStoreSettings};
use crate::server::http::asteria::{AsteriaSettings, ChainInfo, CodeForm, MissingStatus, WeakRequests};
use crate::server::quic::ClientDemand;

/// The folder in the data folder, where nothing else is said.
const FOLDER: &str = "keystore";

/// `[keystore]`: identities and trust stores that can be changed while the server runs. It is in use if the API is, or if
/// its folder exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeystoreSection {
    /// The folder; `None` for the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The file of the sealing key; `None` for one in the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<PathBuf>,
    /// Whether clients are asked for certificates.
    pub client_authentication: ClientAuthenticationWish,
    /// Octets of a file that is uploaded.
    pub max_upload: SizeIn<1024, { 16 << 20 }>,
    /// Rounds of key derivation that an uploaded container may ask for.
    pub max_rounds: CountIn<1000, 1_000_000_000>,
    /// Certificates in one trust store.
    pub max_anchors: CountIn<1, 100_000>,
}

/// Whether clients are asked for certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthenticationWish {
    /// Only if `client_ca` of the listener's section names roots.
    Off,
    /// They may show one, which must then be of a trusted authority.
    #[default]
    Optional,
    /// They must.
    Required,
}

/// `[asteria]`: the ASTERIA Warp MC API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AsteriaSection {
    /// Whether it is served.
    pub enabled: bool,
    /// Told at login.
    pub server_name: String,
    /// Told at login; `None` for one that is made at the first start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Uuid>,
    /// The HTTP status of code 4012.
    pub missing_status: MissingStatus,
    /// How the codes of errors are written.
    pub error_code: CodeForm,
    /// What `chainInfo` lists.
    pub chain_info: ChainInfo,
    /// What becomes of requests for keys and signatures that are not made any more.
    pub weak_requests: WeakRequests,
    /// The offset of the times in answers.
    pub utc_offset: UtcOffset,
    /// Sessions at once.
    pub max_sessions: CountIn<1, 1_000_000>,
}

/// An offset of local time, `+09:00`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset {
    minutes: i32,
}

impl KeystoreSection {
    /// The settings of the store for a data folder.
    #[must_use]
    pub fn settings(&self, data: &Path) -> KeyStoreSettings {
        let folder = self.folder.clone().unwrap_or_else(|| data.join(FOLDER));
        KeyStoreSettings {
            seal_key: self.seal_key.clone(),
            limits: ContainerLimits {
                octets: usize::try_from(self.max_upload.get()).unwrap_or(usize::MAX),
                iterations: u64::from(self.max_rounds.get()),
                ..ContainerLimits::default()
            },
            max_anchors: self.max_anchors.to_usize(),
            ..KeyStoreSettings::new(folder)
        }
    }

    /// What clients are asked for. `roots` tells whether the listener's own section demands certificates.
    #[must_use]
    pub fn demand(&self, roots: bool) -> ClientDemand {
        match self.client_authentication {
            _ if roots => ClientDemand::Required,
            ClientAuthenticationWish::Off => ClientDemand::None,
            ClientAuthenticationWish::Optional => ClientDemand::Optional,
            ClientAuthenticationWish::Required => ClientDemand::Required,
        }
    }
}

impl AsteriaSection {
    /// The settings of the API; `server_id` is the one that was made, if none is configured.
    #[must_use]
    pub fn settings(&self, server_id: Uuid, max_upload: usize) -> AsteriaSettings {
        AsteriaSettings {
            server_name: self.server_name.clone(),
            server_id: self.server_id.unwrap_or(server_id),
            missing_status: self.missing_status,
            error_code: self.error_code,
            chain_info: self.chain_info,
            weak_requests: self.weak_requests,
            utc_offset_minutes: self.utc_offset.minutes,
            max_upload,
        }
    }
}

impl Default for KeystoreSection {
    fn default() -> Self {
        Self {
            folder: None,
            seal_key: None,
            client_authentication: ClientAuthenticationWish::default(),
            max_upload: SizeIn::clamped(1 << 20),
            max_rounds: CountIn::clamped(4_000_000),
            max_anchors: CountIn::clamped(1000),
        }
    }
}

impl Default for AsteriaSection {
    fn default() -> Self {
        Self {
            enabled: false,
            server_name: "revocache".to_owned(),
            server_id: None,
            missing_status: MissingStatus::default(),
            error_code: CodeForm::default(),
            chain_info: ChainInfo::default(),
            weak_requests: WeakRequests::default(),
            utc_offset: UtcOffset::default(),
            max_sessions: CountIn::clamped(1000),
        }
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no offset from UTC such as +09:00 or -03:30");
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
        let number = |text: &str, below: i32| {
            let digits = text.len() == 2 && text.bytes().all(|octet| octet.is_ascii_digit());
            text.parse::<i32>().ok().filter(|number| digits && *number < below)
        };
        let (hours, minutes) = number(hours, 24).zip(number(minutes, 60)).ok_or_else(wrong)?;
        Ok(Self { minutes: sign * (hours * 60 + minutes) })
    }
}

impl From<UtcOffset> for String {
    fn from(offset: UtcOffset) -> Self {
        let (sign, minutes) = (if offset.minutes < 0 { '-' } else { '+' }, offset.minutes.abs());
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}
