//! Organizations and their validations.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{OrganizationId, UserId};
use crate::types::{UnixTime, rfc3339};

/// Somebody who orders certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its number.
    pub id: OrganizationId,
    /// Its legal name.
    pub name: String,
    /// The name it is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed_name: Option<String>,
    /// The city of its place of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The state or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The country, two letters (ISO 3166-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// Whether it may order.
    #[serde(default)]
    pub status: OrganizationStatus,
    /// How far each validation is. One of each type.
    #[serde(default)]
    pub validations: Vec<OrganizationValidation>,
}

/// Whether an organization may order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationStatus {
    /// It may.
    #[default]
    Active,
    /// It may no longer.
    Inactive,
}

/// What is validated (glossary, "validation types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationType {
    /// Control over domains alone.
    Dv,
    /// The organization.
    Ov,
    /// The organization, at length.
    Ev,
    /// For code signing.
    Cs,
    /// For EV code signing.
    EvCs,
    /// For document signing.
    Ds,
    /// For secure email.
    Smime,
}

/// One validation of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationValidation {
    /// What is validated.
    #[serde(rename = "type")]
    pub kind: ValidationType,
    /// When it was completed the last time; absent while it is in progress for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub date_created: Option<UnixTime>,
    /// When it ends. Together with `date_created`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub validated_until: Option<UnixTime>,
    /// The components that are done while it is in progress, for the first time or again. Once it is completed all are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub verified: BTreeSet<Component>,
    /// People of the organization whose authority was verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified_contacts: Vec<VerifiedContact>,
}

/// What a validation is made of, in the order in which answers list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// What kind of organization it is (OV).
    OrganizationType,
    /// That it is in business (OV).
    OrganizationStatus,
    /// Its legal address (OV).
    AddressVerification,
    /// That it is on no list of bad actors (OV and EV).
    BlacklistFraud,
    /// That whoever asked may ask (OV).
    RequestAuthenticity,
    /// That it exists and operates (EV).
    OperationalExistence,
    /// Its place of business (EV).
    PlaceOfBusinessVerification,
    /// That its telephone number is its own (EV).
    PhoneNumberVerification,
    /// That the approver may approve (EV).
    ApproverVerification,
    /// That the approver is on no list of bad actors (EV).
    ApproverBlacklist,
}

/// Somebody whose authority was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedContact {
    /// The number of the user.
    pub user_id: UserId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// What they do there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// Email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the verification is done.
    pub status: Progress,
}

/// The two states of an organization's validation and of its components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Not done, or done too long ago.
    Pending,
    /// Done.
    Active,
}

/// How a validation stands at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationState {
    /// Whether it is done.
    pub status: Progress,
    /// When it was completed and when it ends or ended; `None` while in progress for the first time.
    pub period: Option<(UnixTime, UnixTime)>,
    /// Each component of its type.
    pub components: Vec<(Component, Progress)>,
}

impl ValidationType {
    /// Every type.
    pub const ALL: [Self; 7] = [Self::Dv, Self::Ov, Self::Ev, Self::Cs, Self::EvCs, Self::Ds, Self::Smime];

    /// The id in answers.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Dv => "dv",
            Self::Ov => "ov",
            Self::Ev => "ev",
            Self::Cs => "cs",
            Self::EvCs => "ev_cs",
            Self::Ds => "ds",
            Self::Smime => "smime",
        }
    }

    /// The friendly name.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dv => "DV",
            Self::Ov => "OV",
            Self::Ev => "EV",
            Self::Cs => "CS",
            Self::EvCs => "EV CS",
            Self::Ds => "DS",
            Self::Smime => "SMIME",
        }
    }

    /// The description.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Dv => "Domain Validation",
            Self::Ov => "Normal Organization Validation",
            Self::Ev => "Extended Organization Validation (EV)",
            Self::Cs => "Code Signing Organization Validation",
            Self::EvCs => "Code Signing Organization Extended Validation (EV CS)",
            Self::Ds => "Document Signing Validation",
            Self::Smime => "Secure Email Organization Validation",
        }
    }

    /// The components of a validation of this type, in the order in which answers list them.
    #[must_use]
    pub const fn components(self) -> &'static [Component] {
        use Component::{
            AddressVerification, ApproverBlacklist, ApproverVerification, BlacklistFraud,
            OperationalExistence, OrganizationStatus, OrganizationType, PhoneNumberVerification,
            PlaceOfBusinessVerification, RequestAuthenticity,
        };
        match self {
            Self::Dv => &[],
            Self::Ov | Self::Cs | Self::Ds | Self::Smime => &[
                OrganizationType,
                OrganizationStatus,
                AddressVerification,
                BlacklistFraud,
                RequestAuthenticity,
            ],
            Self::Ev | Self::EvCs => &[
                BlacklistFraud,
                OperationalExistence,
                PlaceOfBusinessVerification,
                PhoneNumberVerification,
                ApproverVerification,
                ApproverBlacklist,
            ],
        }
    }
}

impl Component {
    /// The member in `verification_details`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrganizationType => "organization_type",
            Self::OrganizationStatus => "organization_status",
            Self::AddressVerification => "address_verification",
            Self::BlacklistFraud => "blacklist_fraud",
            Self::RequestAuthenticity => "request_authenticity",
            Self::OperationalExistence => "operational_existence",
            Self::PlaceOfBusinessVerification => "place_of_business_verification",
            Self::PhoneNumberVerification => "phone_number_verification",
            Self::ApproverVerification => "approver_verification",
            Self::ApproverBlacklist => "approver_blacklist",
        }
    }
}

impl OrganizationValidation {
    /// One that has not begun.
    #[must_use]
    pub const fn untouched(kind: ValidationType) -> Self {
        Self {
            kind,
            date_created: None,
            validated_until: None,
            verified: BTreeSet::new(),
            verified_contacts: Vec::new(),
        }
    }

    /// How it stands at some time: active from its completion until just before its end. After the end it is pending
    /// again, with the times of the completion that has run out.
    #[must_use]
    pub fn state(&self, at: UnixTime) -> ValidationState {
        let period = self.date_created.zip(self.validated_until).filter(|(created, _)| *created <= at);
        let status = match period {
            Some((_, until)) if at < until => Progress::Active,
            _ => Progress::Pending,
        };
        let of = |component: &Component| match status {
            Progress::Active => Progress::Active,
            Progress::Pending if self.verified.contains(component) => Progress::Active,
            Progress::Pending => Progress::Pending,
        };
        let components = self.kind.components().iter().map(|component| (*component, of(component))).collect();
        ValidationState { status, period, components }
    }
}

impl Progress {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }
}

impl OrganizationStatus {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn a_validation_is_active_from_its_completion_until_the_second_it_ends() {
        let validation = OrganizationValidation {
            date_created: Some(at(100)),
            validated_until: Some(at(200)),
            verified: [Component::OrganizationType].into(),
            ..OrganizationValidation::untouched(ValidationType::Ov)
        };
        let first = |time: i64| validation.state(at(time)).components[0];
        let second = |time: i64| validation.state(at(time)).components[1];
        for (time, status, has_period) in [
            (99, Progress::Pending, false),
            (100, Progress::Active, true),
            (199, Progress::Active, true),
            (200, Progress::Pending, true),
        ] {
            let state = validation.state(at(time));
            assert_eq!((state.status, state.period.is_some()), (status, has_period), "{time}");
            assert_eq!(second(time), (Component::OrganizationStatus, status), "{time}");
            assert_eq!(first(time), (Component::OrganizationType, Progress::Active), "{time}");
        }
    }

    #[test]
    fn the_components_are_those_of_the_type() {
        let names = |kind: ValidationType| -> Vec<_> {
            kind.components().iter().map(|component| component.name()).collect()
        };
        assert_eq!(names(ValidationType::Dv), Vec::<&str>::new());
        assert_eq!(names(ValidationType::Ov).len(), 5);
        assert_eq!(names(ValidationType::Ev).len(), 6);
        assert!(names(ValidationType::Ov).contains(&"blacklist_fraud"));
        assert!(names(ValidationType::Ev).contains(&"blacklist_fraud"));
        for kind in ValidationType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.id());
            for component in kind.components() {
                assert_eq!(serde_json::to_value(component).unwrap(), component.name());
            }
        }
    }
}
