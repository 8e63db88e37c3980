//! Who the holder is, by the numbers that Ukraine gives people and companies.

use super::super::labels;
use super::{Pairs, Places};
use crate::pki::Certificate;
use crate::pki::der::DerError;

/// The number of the taxpayer's card; for those who refuse one, the passport.
const TAXPAYER: &str = "1.2.804.2.1.1.1.11.1.4.1.1";
/// The code of the legal person.
const COMPANY: &str = "1.2.804.2.1.1.1.11.1.4.2.1";
/// The record number in the demographic register.
const DEMOGRAPHIC: &str = "1.2.804.2.1.1.1.11.1.4.11.1";

pub(super) struct PersonalData {
    custom_id: Option<String>,
    passport: Option<String>,
    taxpayer: Option<String>,
    company: Option<String>,
    demographic: Option<String>,
}

impl PersonalData {
    pub(super) fn of(certificate: &Certificate, places: &Places) -> Result<Self, DerError> {
        let attributes = certificate.directory_attributes()?;
        // An empty text is how some authorities write that there is none.
        let text = |oid: &str| attributes.text(oid).filter(|text| !text.is_empty()).map(str::to_owned);
        let at = |place: &Option<String>| place.as_deref().and_then(text);
        let (passport, taxpayer) = match text(TAXPAYER) {
            Some(number) if is_passport(&number) => (Some(number), None),
            number => (None, number),
        };
        Ok(Self {
            custom_id: at(&places.custom_id),
            passport: at(&places.passport).or(passport),
            taxpayer,
            company: text(COMPANY),
            demographic: text(DEMOGRAPHIC),
        })
    }

    pub(super) fn fill(self, pairs: Pairs) -> Pairs {
        pairs
            .pair("customId", labels::CUSTOM_ID, self.custom_id)
            .pair("passport", labels::PASSPORT, self.passport)
            .pair("drfou", labels::TAXPAYER, self.taxpayer)
            .pair("edrpou", labels::COMPANY, self.company)
            .pair("eddrun", labels::DEMOGRAPHIC, self.demographic)
    }
}

/// Whether a text is a passport's: two letters and six digits, or the nine digits of a card. Taxpayers' numbers have
/// ten.
fn is_passport(text: &str) -> bool {
    const BOOKLET_DIGITS: usize = 6;
    const CARD_DIGITS: usize = 9;
    let mut rest = text.chars();
    let letters = rest.by_ref().take(2).filter(|character| character.is_alphabetic()).count();
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit());
    letters == 2 && digits(rest.as_str(), BOOKLET_DIGITS) || digits(text, CARD_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passport_is_told_from_a_taxpayers_number() {
        for (text, expected) in [
            ("КН000006", true),
            ("АА123456", true),
            ("000123456", true),
            ("3456789012", false),
            ("КН00006", false),
            ("К1234567", false),
            ("TINUA-3456789012", false),
            ("", false),
        ] {
            assert_eq!(is_passport(text), expected, "{text}");
        }
    }
}
