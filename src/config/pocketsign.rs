//! `[pocketsign]`: the PocketSign Verify API.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::apply::{ApplyError, certificates};
use super::sections::Config;
use crate::service::AuthoritySettings;
use crate::service::jpki::{Accepted, AcceptedAuthority, Attributes, CertificateType, Profile};

/// `[pocketsign]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PocketSignSection {
    /// Whether the API is served.
    pub enabled: bool,
    /// How version 1 spells the results of verifications.
    pub results: Results,
    /// What version 2 does with fields it does not know.
    pub unknown_fields: UnknownFields,
    /// The folder of the mock authority, with `serve --mock`.
    #[serde(skip)]
    pub mock: Option<PathBuf>,
    /// Whose certificates are accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authority: Vec<AcceptedSection>,
}

/// How version 1 spells the results of verifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Results {
    /// As its schema does: `RESULT_OK`.
    #[default]
    Schema,
    /// As its prose does: `ok`.
    Prose,
}

/// What version 2 does with fields it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownFields {
    /// It passes over them.
    #[default]
    Ignore,
    /// It refuses the request.
    Refuse,
}

/// `[[pocketsign.authority]]`: an authority whose certificates are accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedSection {
    /// The shipped profile that the rest starts from.
    pub profile: ProfileName,
    /// Files of its certificates, or of the roots it is below.
    pub certificates: Vec<PathBuf>,
    /// Files of certificates in between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intermediates: Vec<PathBuf>,
    /// Its responders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ocsp_urls: Vec<String>,
    /// What kind its certificates are, in place of the profile's.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub certificate_type: Option<TypeName>,
    /// Attributes of the issuer's name, in place of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Vec<String>>,
    /// Policies in dotted decimal, in place of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// Whether certificates carry the attributes of their holder, in place of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<bool>,
}

/// The name of a shipped profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

/// The name of a kind of certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TypeName(CertificateType);

impl PocketSignSection {
    /// The authorities that are in force: none while the API is off.
    pub(super) fn in_force(&self) -> &[AcceptedSection] {
        if self.enabled { &self.authority } else { &[] }
    }

    /// The files that paths in it name.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.authority
            .iter_mut()
            .flat_map(|authority| authority.certificates.iter_mut().chain(&mut authority.intermediates))
    }
}

impl Config {
    /// Whose certificates the PocketSign Verify API accepts. Reads their certificates.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn accepted(&self) -> Result<Accepted, ApplyError> {
        let authorities = self.pocketsign.in_force().iter().map(AcceptedSection::authority);
        authorities.collect::<Result<_, _>>().map(Accepted::new)
    }

    /// What is particular about these authorities when certificates are checked: their responders.
    pub(super) fn accepted_settings(&self) -> Result<Vec<AuthoritySettings>, ApplyError> {
        let mut settings = Vec::new();
        for section in self.pocketsign.in_force() {
            for path in section.certificates.iter().chain(&section.intermediates) {
                settings.extend(certificates(path)?.into_iter().map(|issuer| AuthoritySettings {
                    issuer,
                    method: None,
                    policy: None,
                    responders: section.ocsp_urls.clone(),
                }));
            }
        }
        Ok(settings)
    }
}

impl AcceptedSection {
    /// A section that takes everything else from a shipped profile.
    ///
    /// # Errors
    /// If there is no such profile.
    pub fn new(profile: &str, certificates: Vec<PathBuf>, ocsp_urls: Vec<String>) -> Result<Self, String> {
        Ok(Self {
            profile: profile.to_owned().try_into()?,
            certificates,
            intermediates: Vec::new(),
            ocsp_urls,
            certificate_type: None,
            issuer: None,
            policies: None,
            attributes: None,
        })
    }

    fn authority(&self) -> Result<AcceptedAuthority, ApplyError> {
        let read = |paths: &[PathBuf]| {
            let files = paths.iter().map(|path| certificates(path)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, ApplyError>(files.concat())
        };
        Ok(AcceptedAuthority {
            profile: self.profile(),
            anchors: read(&self.certificates)?,
            intermediates: read(&self.intermediates)?,
        })
    }

    fn profile(&self) -> Profile {
        let ProfileName(name) = &self.profile;
        // The name is one of those there are.
        let shipped = Profile::named(name).unwrap_or(Profile {
            certificate_type: CertificateType::CardUserAuthentication,
            issuer: Vec::new(),
            policies: Vec::new(),
            attributes: Attributes::None,
        });
        let attributes = |carries| if carries { Attributes::BasicFour } else { Attributes::None };
        Profile {
            certificate_type: self.certificate_type.map_or(shipped.certificate_type, |TypeName(it)| it),
            issuer: self.issuer.clone().unwrap_or(shipped.issuer),
            policies: self.policies.clone().unwrap_or(shipped.policies),
            attributes: self.attributes.map_or(shipped.attributes, attributes),
        }
    }
}

impl TryFrom<String> for ProfileName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match Profile::named(&name) {
            Some(_) => Ok(Self(name)),
            None => Err(format!("'{name}' is no profile; there are {}", Profile::NAMES.join(", "))),
        }
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TypeName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let names = CertificateType::ALL.map(CertificateType::name).join(", ");
        CertificateType::from_name(&name).map(Self).ok_or_else(|| format!("'{name}' is none of {names}"))
    }
}

impl From<TypeName> for String {
    fn from(name: TypeName) -> Self {
        name.0.name().to_owned()
    }
}
