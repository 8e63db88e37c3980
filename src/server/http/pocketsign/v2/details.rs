//! The details of errors: protobuf messages in base64, with a form for people beside them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use prost::Message;
use serde::Serialize;
use serde_json::{Value, json};

/// Whose reasons they are, unless the configuration says otherwise.
pub(crate) const DOMAIN: &str = "verify.p8n.app";

/// Names of `pocketsign.verify.v2.ErrorReason` that occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorReason {
    InvalidCertificate,
    UnsupportedCertificate,
    OcspRequestFailed,
    AssociatedCertificateNotExists,
}

impl ErrorReason {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::InvalidCertificate => "ERROR_REASON_INVALID_CERTIFICATE",
            Self::UnsupportedCertificate => "ERROR_REASON_UNSUPPORTED_CERTIFICATE",
            Self::OcspRequestFailed => "ERROR_REASON_OCSP_REQUEST_FAILED",
            Self::AssociatedCertificateNotExists => "ERROR_REASON_ASSOCIATED_CERTIFICATE_NOT_EXISTS",
        }
    }
}

/// One detail of an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Detail {
    /// What went wrong, of the things this service has names for.
    Reason(ErrorReason),
    /// Which fields of the request break which rules.
    Violations(Vec<FieldViolation>),
}

/// A field that breaks a rule of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldViolation {
    /// The field by the names of the schema, such as `filter.user_ids[2]`.
    pub(super) field: String,
    /// The rule, such as `string.uuid`.
    pub(super) rule: &'static str,
    /// What is demanded.
    pub(super) message: String,
}

/// A detail in the JSON of an error.
#[derive(Debug, Serialize)]
pub(super) struct DetailJson {
    #[serde(rename = "type")]
    message_type: &'static str,
    value: String,
    debug: Value,
}

impl Detail {
    pub(super) fn json(&self) -> DetailJson {
        match self {
            Self::Reason(reason) => {
                let info = ErrorInfo {
                    reason: reason.name().to_owned(),
                    domain: DOMAIN.to_owned(),
                    metadata: BTreeMap::new(),
                };
                DetailJson {
                    message_type: "google.rpc.ErrorInfo",
                    value: STANDARD_NO_PAD.encode(info.encode_to_vec()),
                    debug: json!({ "reason": info.reason, "domain": info.domain }),
                }
            }
            Self::Violations(violations) => {
                let shown: Vec<Value> = violations.iter().map(FieldViolation::debug).collect();
                let message =
                    Violations { violations: violations.iter().map(FieldViolation::message).collect() };
                DetailJson {
                    message_type: "buf.validate.Violations",
                    value: STANDARD_NO_PAD.encode(message.encode_to_vec()),
                    debug: json!({ "violations": shown }),
                }
            }
        }
    }
}

impl FieldViolation {
    /// The steps from the message to the field: names, with a place where a field is repeated.
    fn steps(&self) -> Vec<(String, Option<u64>)> {
        let step = |part: &str| match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((name, place)) => (name.to_owned(), place.parse().ok()),
            None => (part.to_owned(), None),
        };
        self.field.split('.').map(step).collect()
    }

    fn message(&self) -> Violation {
        let element = |(name, index)| FieldPathElement {
            field_name: Some(name),
            subscript: Option::map(index, field_path_element::Subscript::Index),
        };
        Violation {
            rule_id: Some(self.rule.to_owned()),
            message: Some(self.message.clone()),
            field: Some(FieldPath { elements: self.steps().into_iter().map(element).collect() }),
        }
    }

    fn debug(&self) -> Value {
        let element = |(name, index): (String, Option<u64>)| match index {
            // 64 bits are a string in the JSON of protobuf.
            Some(index) => json!({ "fieldName": name, "index": index.to_string() }),
            None => json!({ "fieldName": name }),
        };
        let elements: Vec<Value> = self.steps().into_iter().map(element).collect();
        json!({ "field": { "elements": elements }, "ruleId": self.rule, "message": self.message })
    }
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

/// `buf.validate.Violations`.
#[derive(Clone, PartialEq, Message)]
struct Violations {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<Violation>,
}

/// `buf.validate.Violation`, without what is known only to whoever has the schema.
#[derive(Clone, PartialEq, Message)]
struct Violation {
    #[prost(string, optional, tag = "2")]
    rule_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    message: Option<String>,
    #[prost(message, optional, tag = "5")]
    field: Option<FieldPath>,
}

/// `buf.validate.FieldPath`.
#[derive(Clone, PartialEq, Message)]
struct FieldPath {
    #[prost(message, repeated, tag = "1")]
    elements: Vec<FieldPathElement>,
}

/// `buf.validate.FieldPathElement`.
#[derive(Clone, PartialEq, Message)]
struct FieldPathElement {
    #[prost(string, optional, tag = "2")]
    field_name: Option<String>,
    #[prost(oneof = "field_path_element::Subscript", tags = "6")]
    subscript: Option<field_path_element::Subscript>,
}

mod field_path_element {
    /// Which of a repeated field is meant.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Subscript {
        #[prost(uint64, tag = "6")]
        Index(u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_info_is_the_message_of_googles_schema() {
        let json = Detail::Reason(ErrorReason::OcspRequestFailed).json();
        assert_eq!(json.message_type, "google.rpc.ErrorInfo");
        assert!(!json.value.ends_with('='));
        let octets = STANDARD_NO_PAD.decode(&json.value).unwrap();
        // Field 1 and field 2, both length-delimited.
        let reason = b"ERROR_REASON_OCSP_REQUEST_FAILED";
        let mut expected = vec![0x0a, 32];
        expected.extend_from_slice(reason);
        expected.extend_from_slice(&[0x12, 14]);
        expected.extend_from_slice(DOMAIN.as_bytes());
        assert_eq!(octets, expected);
        assert_eq!(json.debug, json!({ "reason": "ERROR_REASON_OCSP_REQUEST_FAILED", "domain": DOMAIN }));
    }

    #[test]
    fn a_violation_tells_the_way_to_the_field() {
        let violation = FieldViolation {
            field: "filter.user_ids[2]".to_owned(),
            rule: "string.uuid",
            message: "value must be a valid UUID".to_owned(),
        };
        let json = Detail::Violations(vec![violation]).json();
        assert_eq!(
            json.debug["violations"][0]["field"]["elements"],
            json!([{ "fieldName": "filter" }, { "fieldName": "user_ids", "index": "2" }])
        );
        let octets = STANDARD_NO_PAD.decode(&json.value).unwrap();
        let read = Violations::decode(octets.as_slice()).unwrap();
        assert_eq!(read.violations[0].rule_id.as_deref(), Some("string.uuid"));
    }
}
