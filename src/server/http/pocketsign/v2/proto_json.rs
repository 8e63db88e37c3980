//! Reading messages in the JSON of protobuf (<https://protobuf.dev/programming-guides/json/>).
//!
//! A field goes by its name in lowerCamelCase or as the schema has it, `null` is as good as absent, bytes may be of
//! either base64 alphabet with or without padding, numbers may be strings, and an enum may be a name or a number. What is
//! not of the type of its field is an error of the message as a whole; what is, and breaks a rule of the schema, is a
//! violation, and all of those are told at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::base64::decode_lenient;
use super::connect::{Code, ConnectError};
use super::details::{Detail, FieldViolation};

/// Places in a repeated field.
const MAX_REPEATED: usize = 1000;

/// What is done with fields that the schema does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownFields {
    /// They are passed over, as servers of the Connect protocol do: a newer client works.
    #[default]
    Ignore,
    /// They are an error, as the specification of the JSON has it where nothing else is said.
    Refuse,
}

/// The values of an enum by name; the number is the place.
pub(super) type Names = &'static [&'static str];

/// A message that is being read.
pub(super) struct MessageReader {
    fields: Map<String, Value>,
    /// The way to this message, with a dot behind it; empty for the outermost.
    prefix: String,
    known: BTreeSet<&'static str>,
    unknown: UnknownFields,
    violations: Vec<FieldViolation>,
}

impl MessageReader {
    /// Reads the outermost message.
    pub(super) fn new(body: &[u8], unknown: UnknownFields) -> Result<Self, ConnectError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self::of(fields, String::new(), unknown)),
            Ok(_) => Err(malformed("the message is a JSON object")),
            Err(error) => Err(malformed(&format!("the message is not JSON: {error}"))),
        }
    }

    const fn of(fields: Map<String, Value>, prefix: String, unknown: UnknownFields) -> Self {
        Self { fields, prefix, known: BTreeSet::new(), unknown, violations: Vec::new() }
    }

    /// Notes a violation.
    pub(super) fn violate(&mut self, field: &str, rule: &'static str, message: impl Into<String>) {
        let field = format!("{}{field}", self.prefix);
        self.violations.push(FieldViolation { field, rule, message: message.into() });
    }

    /// Ends reading: an error if a field was not known, or a rule was broken.
    pub(super) fn finish(mut self) -> Result<(), ConnectError> {
        self.check_unknown()?;
        if self.violations.is_empty() {
            return Ok(());
        }
        let message = self.violations.iter().map(|it| format!("{}: {}", it.field, it.message));
        let message = format!("validation error: {}", message.collect::<Vec<_>>().join("; "));
        let violations = std::mem::take(&mut self.violations);
        Err(ConnectError::new(Code::InvalidArgument, message).with(Detail::Violations(violations)))
    }

    /// A string; empty if absent.
    pub(super) fn string(&mut self, name: &'static str) -> Result<String, ConnectError> {
        match self.take(name)? {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.mistyped(name, "a string")),
        }
    }

    /// An id: a UUID. Absent ones are violations as well; the nil UUID stands for them.
    pub(super) fn id(&mut self, name: &'static str) -> Result<Uuid, ConnectError> {
        let text = self.string(name)?;
        Ok(self.uuid(name, &text))
    }

    /// Octets; none if absent.
    pub(super) fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, ConnectError> {
        let text = self.string(name)?;
        decode_lenient(&text).ok_or_else(|| self.mistyped(name, "base64"))
    }

    /// A truth value; false if absent.
    pub(super) fn boolean(&mut self, name: &'static str) -> Result<bool, ConnectError> {
        match self.take(name)? {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(self.mistyped(name, "a boolean")),
        }
    }

    /// A number of 32 bits; 0 if absent.
    pub(super) fn int32(&mut self, name: &'static str) -> Result<i32, ConnectError> {
        let Some(value) = self.take(name)? else { return Ok(0) };
        int32(&value).ok_or_else(|| self.mistyped(name, "a whole number of 32 bits"))
    }

    /// A value of an enum; the first one if absent. A number that the schema does not have is a violation, and taken for
    /// the first one.
    pub(super) fn enumeration(&mut self, name: &'static str, names: Names) -> Result<usize, ConnectError> {
        let Some(value) = self.take(name)? else { return Ok(0) };
        self.enum_value(name, &value, names)
    }

    /// The values of a repeated enum.
    pub(super) fn enumerations(
        &mut self,
        name: &'static str,
        names: Names,
    ) -> Result<Vec<usize>, ConnectError> {
        let values = self.repeated(name)?;
        let place =
            |(place, value): (usize, &Value)| self.enum_value(&format!("{name}[{place}]"), value, names);
        values.iter().enumerate().map(place).collect()
    }

    /// Repeated ids.
    pub(super) fn ids(&mut self, name: &'static str) -> Result<Vec<Uuid>, ConnectError> {
        let values = self.repeated(name)?;
        let mut ids = Vec::with_capacity(values.len());
        for (place, value) in values.iter().enumerate() {
            let Some(text) = value.as_str() else { return Err(self.mistyped(name, "a list of strings")) };
            ids.push(self.uuid(&format!("{name}[{place}]"), text));
        }
        Ok(ids)
    }

    /// A point in time, if there is one.
    pub(super) fn timestamp(&mut self, name: &'static str) -> Result<Option<OffsetDateTime>, ConnectError> {
        let expected = "a time such as 2024-01-02T03:04:05.678Z (RFC 3339)";
        match self.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) => {
                let time = OffsetDateTime::parse(&text, &Rfc3339);
                time.map(Some).map_err(|_| self.mistyped(name, expected))
            }
            Some(_) => Err(self.mistyped(name, expected)),
        }
    }

    /// Reads a message in a field with `read`; an absent one as if it were empty.
    pub(super) fn message<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, ConnectError>,
    ) -> Result<T, ConnectError> {
        let fields = match self.take(name)? {
            None => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(self.mistyped(name, "an object")),
        };
        let mut inner = Self::of(fields, format!("{}{name}.", self.prefix), self.unknown);
        let result = read(&mut inner)?;
        inner.check_unknown()?;
        self.violations.append(&mut inner.violations);
        Ok(result)
    }

    /// Takes a field by either name.
    fn take(&mut self, name: &'static str) -> Result<Option<Value>, ConnectError> {
        self.known.insert(name);
        let camel = camel_case(name);
        let by_schema = self.fields.remove(name);
        let by_json = if camel == name { None } else { self.fields.remove(&camel) };
        match (by_schema, by_json) {
            (Some(_), Some(_)) => Err(malformed(&format!("{}{name} is there twice", self.prefix))),
            (Some(Value::Null) | None, None) | (None, Some(Value::Null)) => Ok(None),
            (Some(value), None) | (None, Some(value)) => Ok(Some(value)),
        }
    }

    fn repeated(&mut self, name: &'static str) -> Result<Vec<Value>, ConnectError> {
        match self.take(name)? {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) if values.len() > MAX_REPEATED => {
                let message = format!("at most {MAX_REPEATED} values; there are {}", values.len());
                self.violate(name, "repeated.max_items", message);
                Ok(Vec::new())
            }
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(self.mistyped(name, "a list")),
        }
    }

    fn enum_value(&mut self, name: &str, value: &Value, names: Names) -> Result<usize, ConnectError> {
        match value {
            Value::String(text) => names.iter().position(|known| known == text).ok_or_else(|| {
                malformed(&format!("{}{name} is one of {}, not '{text}'", self.prefix, names.join(", ")))
            }),
            Value::Number(_) => {
                let number = int32(value).ok_or_else(|| self.mistyped(name, "a name or a number"))?;
                match usize::try_from(number).ok().filter(|number| *number < names.len()) {
                    Some(number) => Ok(number),
                    None => {
                        self.violate(
                            name,
                            "enum.defined_only",
                            "value must be one of the defined enum values",
                        );
                        Ok(0)
                    }
                }
            }
            _ => Err(self.mistyped(name, "a name or a number")),
        }
    }

    fn uuid(&mut self, field: &str, text: &str) -> Uuid {
        // The form with hyphens only: the library reads others too.
        let form = |text: &str| text.len() == 36;
        match Uuid::try_parse(text).ok().filter(|_| form(text)) {
            Some(id) => id,
            None if text.is_empty() => {
                self.violate(field, "string.uuid_empty", "value is empty, which is not a valid UUID");
                Uuid::nil()
            }
            None => {
                self.violate(field, "string.uuid", "value must be a valid UUID");
                Uuid::nil()
            }
        }
    }

    fn mistyped(&self, name: &str, expected: &str) -> ConnectError {
        malformed(&format!("{}{name} is {expected}", self.prefix))
    }

    fn check_unknown(&self) -> Result<(), ConnectError> {
        match self.fields.keys().next() {
            Some(field) if self.unknown == UnknownFields::Refuse => {
                let known: Vec<&str> = self.known.iter().copied().collect();
                let message = format!("{}{field} is no field; there are {}", self.prefix, known.join(", "));
                Err(malformed(&message))
            }
            _ => Ok(()),
        }
    }
}

fn malformed(message: &str) -> ConnectError {
    ConnectError::new(Code::InvalidArgument, message)
}

/// A number of 32 bits: a JSON number without a fraction, or a string of one.
fn int32(value: &Value) -> Option<i32> {
    let whole = |number: f64| {
        // Every whole number of 32 bits is exact as a double, which prints without an exponent.
        (number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok()).flatten()
    };
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(number) => i32::try_from(number).ok(),
            None => number.as_f64().and_then(whole),
        },
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// `page_size` as `pageSize`.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        match character {
            '_' => raise = true,
            other if raise => {
                camel.push(other.to_ascii_uppercase());
                raise = false;
            }
            other => camel.push(other),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> MessageReader {
        MessageReader::new(text.as_bytes(), UnknownFields::Ignore).unwrap()
    }

    #[test]
    fn both_spellings_and_null_are_read() {
        for text in
            [r#"{"pageSize": 7}"#, r#"{"page_size": 7}"#, r#"{"pageSize": "7"}"#, r#"{"page_size": 7.0}"#]
        {
            assert_eq!(reader(text).int32("page_size").unwrap(), 7, "{text}");
        }
        for text in [r#"{"pageSize": null}"#, "{}", r#"{"page_size": null}"#] {
            assert_eq!(reader(text).int32("page_size").unwrap(), 0, "{text}");
        }
        for text in [
            r#"{"pageSize": 1, "page_size": 1}"#,
            r#"{"pageSize": 1.5}"#,
            r#"{"pageSize": 4294967296}"#,
            r#"{"pageSize": 1e30}"#,
            r#"{"pageSize": []}"#,
        ] {
            assert!(reader(text).int32("page_size").is_err(), "{text}");
        }
    }

    #[test]
    fn octets_are_read_in_either_alphabet() {
        for text in ["-_8=", "+/8=", "-_8", "+/8"] {
            let mut message = reader(&format!(r#"{{"digest": "{text}"}}"#));
            assert_eq!(message.bytes("digest").unwrap(), [0xfb, 0xff], "{text}");
        }
        assert!(reader(r#"{"digest": "a"}"#).bytes("digest").is_err());
    }

    #[test]
    fn enums_are_names_or_numbers_and_stay_within_the_schema() {
        const NAMES: Names = &["X_UNSPECIFIED", "X_ONE"];
        assert_eq!(reader(r#"{"x": "X_ONE"}"#).enumeration("x", NAMES).unwrap(), 1);
        assert_eq!(reader(r#"{"x": 1}"#).enumeration("x", NAMES).unwrap(), 1);
        assert!(reader(r#"{"x": "X_TWO"}"#).enumeration("x", NAMES).is_err());
        let mut message = reader(r#"{"x": 2}"#);
        assert_eq!(message.enumeration("x", NAMES).unwrap(), 0);
        assert!(message.finish().is_err());
    }

    #[test]
    fn unknown_fields_pass_or_not() {
        let text = br#"{"filter": {"colour": 1}}"#;
        let read = |unknown| {
            let mut message = MessageReader::new(text, unknown)?;
            message.message("filter", |filter| filter.string("name"))?;
            message.finish()
        };
        assert!(read(UnknownFields::Ignore).is_ok());
        assert!(read(UnknownFields::Refuse).is_err());
    }
}
