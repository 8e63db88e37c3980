//! What a certificate says about its holder.

use super::profile::Attributes;
use crate::pki::Certificate;
use crate::pki::der::DerError;
use crate::types::UnixTime;

/// What a certificate says, in the form in which it is shown. Values are as the certificate has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateContent {
    /// The subject as RFC 4514 writes it.
    pub subject: String,
    /// `notBefore`.
    pub not_before: UnixTime,
    /// `notAfter`.
    pub not_after: UnixTime,
    /// The directory name of the list that speaks for it as RFC 4514 writes it, the URI where it has none, empty where it
    /// has neither.
    pub crl_distribution_point: String,
    /// The attributes of the holder, where the profile has them.
    pub attributes: Option<BasicAttributes>,
}

/// The four attributes (基本4情報) and the maps of substituted characters; a certificate may lack any of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasicAttributes {
    /// Family and given name, a full-width space between them.
    pub common_name: Option<String>,
    /// One digit for each character of the name: 1 where another character stands for it.
    pub substitute_character_of_common_name: Option<String>,
    /// 1 male, 2 female, 3 unknown.
    pub gender: Option<String>,
    /// Era and date: `EYYYYMMDD`, the year of the Gregorian calendar.
    pub date_of_birth: Option<String>,
    /// The address, prefecture first.
    pub address: Option<String>,
    /// One digit for each character of the address.
    pub substitute_character_of_address: Option<String>,
}

/// The arc of the six other names.
const ATTRIBUTES: &str = "1.2.392.200149.8.5.5.";

impl CertificateContent {
    /// Reads it.
    ///
    /// # Errors
    /// If an extension is malformed.
    pub(super) fn read(certificate: &Certificate, attributes: Attributes) -> Result<Self, DerError> {
        let directory = certificate.distribution_point_directory()?.map(|name| name.text().to_owned());
        let uri = || certificate.distribution_points().iter().flat_map(|point| &point.uris).next().cloned();
        Ok(Self {
            subject: certificate.subject().text().to_owned(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            crl_distribution_point: directory.or_else(uri).unwrap_or_default(),
            attributes: match attributes {
                Attributes::BasicFour => Some(BasicAttributes::read(certificate)?),
                Attributes::None => None,
            },
        })
    }
}

impl BasicAttributes {
    fn read(certificate: &Certificate) -> Result<Self, DerError> {
        let mut read = Self::default();
        for name in certificate.other_names()? {
            let place = match name.type_id.strip_prefix(ATTRIBUTES) {
                Some("1") => &mut read.common_name,
                Some("2") => &mut read.substitute_character_of_common_name,
                Some("3") => &mut read.gender,
                Some("4") => &mut read.date_of_birth,
                Some("5") => &mut read.address,
                Some("6") => &mut read.substitute_character_of_address,
                _ => continue,
            };
            // The first one counts; nobody issues two.
            place.get_or_insert(name.text);
        }
        Ok(read)
    }
}
