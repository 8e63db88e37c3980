//! `[cipher]`: the Cipher API.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::{Deserialize, Serialize};

use super::quantity::{CountIn, DurationIn, SizeIn};
use super::quantity::{DAY, HOUR, MINUTE, SECOND};
use crate::server::http::cipher::{
    CipherSettings, Labels, Language, NameValues, Places, Profile, Style, Zone,
};
use crate::service::tickets::TicketSettings;

/// `[cipher]`: the Cipher API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CipherSection {
    /// Whether it is served.
    pub enabled: bool,
    /// The language at the start.
    pub language: LanguageCode,
    /// How faithful Ukrainian descriptions are to the service that clients know.
    pub labels: LabelStyle,
    /// How values of names are written.
    pub names: NameStyle,
    /// In which time dates are.
    pub zone: ZoneName,
    /// Whether what is told of a certificate includes its revocation.
    pub revocation: bool,
    /// After which a ticket that nobody uses is deleted.
    pub idle: DurationIn<SECOND, DAY>,
    /// Tickets at once.
    pub max_tickets: CountIn<1, 1_000_000>,
    /// Octets of one container.
    pub max_container: SizeIn<1024, { 64 << 20 }>,
    /// Octets of all containers.
    pub max_octets: SizeIn<1024, { 64 << 30 }>,
    /// Wrong passwords in a row that cost the container.
    pub max_wrong_passwords: CountIn<1, 1000>,
    /// Containers opened at once.
    pub max_openings: CountIn<1, 1024>,
    /// Rounds of key derivation that opening a container may take.
    pub max_iterations: CountIn<1, 1_000_000_000>,
    /// After which the key of protected parameters is replaced.
    pub protected_key: DurationIn<MINUTE, { 30 * DAY }>,
    /// The directory attribute with the external identifier.
    pub custom_id: ObjectId,
    /// The directory attribute with the passport.
    pub passport: ObjectId,
    /// The policy of starting certificates.
    pub temporary_policy: ObjectId,
    /// What the profile of a certificate is.
    pub profile: ProfileSource,
}

/// A language by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageCode(Language);

/// A zone by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(Zone);

/// An object identifier in dotted decimal, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(String);

/// How faithful Ukrainian descriptions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelStyle {
    /// Letter by letter.
    #[default]
    Faithful,
    /// With the slips mended.
    Corrected,
}

/// How values of names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameStyle {
    /// In quotes where they have special characters.
    #[default]
    Quoted,
    /// The same, cut off before the first comma.
    Cut,
    /// As they are.
    Plain,
}

/// What the profile of a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileSource {
    /// The version of X.509.
    #[default]
    Version,
    /// Not known.
    None,
}

impl Default for CipherSection {
    fn default() -> Self {
        Self {
            enabled: false,
            language: LanguageCode::default(),
            labels: LabelStyle::default(),
            names: NameStyle::default(),
            zone: ZoneName::default(),
            revocation: false,
            idle: DurationIn::clamped(30 * MINUTE),
            max_tickets: CountIn::clamped(10_000),
            max_container: SizeIn::clamped(1 << 20),
            max_octets: SizeIn::clamped(64 << 20),
            max_wrong_passwords: CountIn::clamped(10),
            max_openings: CountIn::clamped(2),
            max_iterations: CountIn::clamped(4_000_000),
            protected_key: DurationIn::clamped(24 * HOUR),
            custom_id: ObjectId::default(),
            passport: ObjectId::default(),
            temporary_policy: ObjectId::default(),
            profile: ProfileSource::default(),
        }
    }
}

impl CipherSection {
    /// The bounds of tickets.
    #[must_use]
    pub fn ticket_settings(&self) -> TicketSettings {
        let octets = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        TicketSettings {
            max_tickets: NonZeroUsize::new(self.max_tickets.to_usize()).unwrap_or(NonZeroUsize::MIN),
            idle: self.idle.seconds(),
            max_container: octets(self.max_container.get()),
            max_octets: octets(self.max_octets.get()),
            max_wrong_passwords: NonZeroU32::new(self.max_wrong_passwords.get()).unwrap_or(NonZeroU32::MIN),
            openings: NonZeroUsize::new(self.max_openings.to_usize()).unwrap_or(NonZeroUsize::MIN),
            max_iterations: u64::from(self.max_iterations.get()),
        }
    }

    /// How the service speaks and shows.
    #[must_use]
    pub fn settings(&self) -> CipherSettings {
        let place = |ObjectId(oid): &ObjectId| Some(oid.clone()).filter(|oid| !oid.is_empty());
        CipherSettings {
            language: self.language.0,
            protected_key: self.protected_key.seconds(),
            style: Style {
                zone: self.zone.0,
                labels: match self.labels {
                    LabelStyle::Faithful => Labels::Faithful,
                    LabelStyle::Corrected => Labels::Corrected,
                },
                name_values: match self.names {
                    NameStyle::Quoted => NameValues::Quoted,
                    NameStyle::Cut => NameValues::Cut,
                    NameStyle::Plain => NameValues::Plain,
                },
                places: Places {
                    custom_id: place(&self.custom_id),
                    passport: place(&self.passport),
                    temporary_policy: place(&self.temporary_policy),
                    profile: match self.profile {
                        ProfileSource::Version => Profile::Version,
                        ProfileSource::None => Profile::Unknown,
                    },
                },
            },
        }
    }
}

impl TryFrom<String> for LanguageCode {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        code.parse()
            .map(Self)
            .map_err(|error: crate::server::http::cipher::UnknownLanguage| error.to_string())
    }
}

impl From<LanguageCode> for String {
    fn from(LanguageCode(language): LanguageCode) -> Self {
        language.code().to_owned()
    }
}

impl TryFrom<String> for ZoneName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = Zone::ALL.map(Zone::name).join(", ");
        Zone::named(&name).map(Self).ok_or_else(|| format!("'{name}' is none of {known}"))
    }
}

impl From<ZoneName> for String {
    fn from(ZoneName(zone): ZoneName) -> Self {
        zone.name().to_owned()
    }
}

impl TryFrom<String> for ObjectId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_arc = |arc: &str| {
            !arc.is_empty()
                && arc.bytes().all(|octet| octet.is_ascii_digit())
                && (arc == "0" || !arc.starts_with('0'))
        };
        if text.is_empty() || text.contains('.') && text.split('.').all(is_arc) {
            Ok(Self(text))
        } else {
            Err(format!(
                "'{text}' is no object identifier in dotted decimal such as 1.2.804.2.1.1.1.11.1.4.1.1"
            ))
        }
    }
}

impl From<ObjectId> for String {
    fn from(ObjectId(text): ObjectId) -> Self {
        text
    }
}
