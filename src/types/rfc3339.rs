//! Times in documents, as RFC 3339 writes them: for serde's `with` and `serialize_with`.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use super::time::UnixTime;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde's `with`")]
pub(crate) fn serialize<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

pub(crate) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    UnixTime::parse_rfc3339(&text).map_err(D::Error::custom)
}

/// The same for what may be missing.
pub(crate) mod option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::UnixTime;

    #[allow(clippy::ref_option, reason = "the signature is that of serde's `with`")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<UnixTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<UnixTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| UnixTime::parse_rfc3339(&text).map_err(D::Error::custom)).transpose()
    }
}
