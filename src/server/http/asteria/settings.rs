//! What clients of this API could differ about.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How the API behaves where its manual leaves a choice.
#[derive(Debug, Clone)]
pub struct AsteriaSettings {
    /// Told at login.
    pub server_name: String,
    /// Told at login.
    pub server_id: Uuid,
    /// The HTTP status of code 4012.
    pub missing_status: MissingStatus,
    /// How the codes of errors are written.
    pub error_code: CodeForm,
    /// What `chainInfo` lists.
    pub chain_info: ChainInfo,
    /// What becomes of requests for keys and signatures that are not made.
    pub weak_requests: WeakRequests,
    /// The offset of the times in answers, in minutes east of UTC.
    pub utc_offset_minutes: i32,
    /// Octets of an uploaded file.
    pub max_upload: usize,
}

impl Default for AsteriaSettings {
    fn default() -> Self {
        Self {
            server_name: "revocache".to_owned(),
            server_id: Uuid::nil(),
            missing_status: MissingStatus::default(),
            error_code: CodeForm::default(),
            chain_info: ChainInfo::default(),
            weak_requests: WeakRequests::default(),
            utc_offset_minutes: 0,
            max_upload: 1 << 20,
        }
    }
}

/// The HTTP status of code 4012, which the manual prints as "403 Not Found".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingStatus {
    /// 403, the number it prints.
    #[default]
    Forbidden,
    /// 404, the words it prints.
    NotFound,
}

/// How the codes of errors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeForm {
    /// `3001`
    #[default]
    Number,
    /// `"3001"`
    Text,
}

/// What `chainInfo` lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainInfo {
    /// The issuer of each certificate of the chain: the sample of the manual, for a certificate whose CA is a root.
    #[default]
    Issuers,
    /// The subject of each certificate of the chain.
    Subjects,
}

/// What becomes of requests for RSA below 2048 bits and signatures with MD5 or SHA-1. The library that makes keys makes
/// neither, so there is no switch that would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeakRequests {
    /// They are refused with code 2101.
    #[default]
    Refuse,
    /// They get 2048 bits and SHA-256, so that old clients go on working.
    Strengthen,
}
