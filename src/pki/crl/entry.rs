//! One entry of the list (RFC 5280 sections 5.1.2.6 and 5.3).
//!
//! There are two readers of the same syntax. The short one knows only the shapes nearly every entry has, by their
//! octets, and gives up on anything else; the long one reads every shape and reports what is wrong. Whatever the
//! short one accepts, the long one accepts with the same result.

use super::super::der::{Element, Reader, tag};
use super::super::extension::Extension;
use super::super::name::Name;
use super::super::oid;
use super::super::time::{is_time, read_time, utc_time};
use super::error::CrlError;
use crate::types::{ReasonCode, SerialRef, UnixTime};

/// One revoked certificate, borrowed from the reader until the next one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// The serial number of the certificate.
    pub serial: SerialRef<'a>,
    /// `revocationDate`.
    pub revoked_at: UnixTime,
    /// `reasonCode`, [`ReasonCode::Unspecified`] if there is none.
    pub reason: ReasonCode,
    /// `invalidityDate` (RFC 5280 section 5.3.2).
    pub invalidity_date: Option<UnixTime>,
    /// Who issued the certificate, if it is not the issuer of the list: `certificateIssuer` of this entry or of the
    /// last one before it that had one (RFC 5280 section 5.3.3).
    pub certificate_issuer: Option<&'a Name>,
}

/// What an entry says, with the serial as a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Octets of the entry.
    pub(super) size: usize,
    /// Where in the entry the octets of the serial start.
    pub(super) serial_start: usize,
    /// How many they are.
    pub(super) serial_length: usize,
    pub(super) revoked_at: UnixTime,
    pub(super) reason: ReasonCode,
    pub(super) invalidity_date: Option<UnixTime>,
}

/// What precedes the code in entry extensions that are a reasonCode and nothing else:
/// SEQUENCE { SEQUENCE { OID reasonCode, OCTET STRING { ENUMERATED.
const REASON_HEAD: [u8; 13] = [0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, 0x0a, 1];

/// Reads an entry of a common shape from the start of `available`: a serial, a UTCTime and at most a reason.
#[inline]
pub(super) fn read_common(available: &[u8], extensions_allowed: bool) -> Option<Step> {
    const LONG_FORM: u8 = 0x80;
    let [tag::SEQUENCE, length, rest @ ..] = available else { return None };
    if *length >= LONG_FORM {
        return None;
    }
    let content = rest.get(..usize::from(*length))?;
    let [tag::INTEGER, serial_length, rest @ ..] = content else { return None };
    if *serial_length >= LONG_FORM || *serial_length == 0 {
        return None;
    }
    let serial_length = usize::from(*serial_length);
    let [tag::UTC_TIME, 13, rest @ ..] = rest.get(serial_length..)? else { return None };
    let (time, extensions) = rest.split_first_chunk::<13>()?;
    let reason = if extensions.is_empty() {
        ReasonCode::Unspecified
    } else {
        let (code, head) = <&[u8; 14]>::try_from(extensions).ok()?.split_last()?;
        if head != REASON_HEAD || !extensions_allowed {
            return None;
        }
        ReasonCode::from_code(*code)?
    };
    let revoked_at = utc_time(time).ok()?;
    Some(Step {
        size: content.len() + 2,
        serial_start: 4,
        serial_length,
        revoked_at,
        reason,
        invalidity_date: None,
    })
}

/// Reads an entry of any shape; with it the `GeneralNames` of its certificateIssuer, if it has one.
pub(super) fn read_any<'a>(
    entry: Element<'a>,
    extensions_allowed: bool,
    max_extensions: u32,
) -> Result<(Step, Option<Element<'a>>), CrlError> {
    let mut reader = entry.reader();
    let serial = reader.read(tag::INTEGER)?;
    if !reader.peek().is_some_and(is_time) {
        reader.read(tag::UTC_TIME)?;
    }
    let revoked_at = read_time(reader.any()?)?;
    let mut step = Step {
        size: entry.raw.len(),
        serial_start: entry.raw.len() - entry.content.len() + serial.raw.len() - serial.content.len(),
        serial_length: serial.content.len(),
        revoked_at,
        reason: ReasonCode::Unspecified,
        invalidity_date: None,
    };
    let mut issuer = None;
    if let Some(extensions) = reader.optional(tag::SEQUENCE)? {
        if !extensions_allowed {
            return Err(CrlError::broken(extensions.offset, "a list without version 2 has no extensions"));
        }
        issuer = read_extensions(extensions, &mut step, max_extensions)?;
    }
    reader.finish()?;
    Ok((step, issuer))
}

fn read_extensions<'a>(
    extensions: Element<'a>,
    step: &mut Step,
    max_extensions: u32,
) -> Result<Option<Element<'a>>, CrlError> {
    let mut issuer = None;
    let mut reader = extensions.reader();
    let mut number = 0;
    while !reader.is_empty() {
        let extension = Extension::read(&mut reader)?;
        refuse_repetition(extensions, &extension)?;
        number += 1;
        if number > max_extensions {
            return Err(CrlError::LimitExceeded {
                offset: extension.offset,
                limit: "max_entry_extensions",
                maximum: u64::from(max_extensions),
                found: u64::from(number),
            });
        }
        match extension.oid {
            oid::REASON_CODE => {
                let value = extension.value(tag::ENUMERATED)?;
                step.reason = match value.content {
                    [code] => ReasonCode::from_code(*code),
                    _ => None,
                }
                .ok_or_else(|| value.broken("reasonCode is one of 0 to 6 and 8 to 10"))?;
            }
            oid::INVALIDITY_DATE => {
                step.invalidity_date = Some(read_time(extension.value(tag::GENERALIZED_TIME)?)?);
            }
            oid::CERTIFICATE_ISSUER => issuer = Some(extension.value(tag::SEQUENCE)?),
            other if extension.critical => {
                return Err(CrlError::UnsupportedCriticalExtension {
                    offset: extension.offset,
                    oid: oid::dotted(other),
                    in_entry: true,
                });
            }
            oid::HOLD_INSTRUCTION => {
                // What to do about a held certificate was left to the parties, and RFC 5280 dropped it.
                extension.value(tag::OID)?.oid()?;
            }
            _ => {}
        }
    }
    Ok(issuer)
}

/// RFC 5280 section 4.2: no extension twice. The ones before are read again, which needs no memory; the cap on
/// their number bounds the work.
fn refuse_repetition(extensions: Element<'_>, extension: &Extension<'_>) -> Result<(), CrlError> {
    let mut earlier: Reader<'_> = extensions.reader();
    while earlier.offset() < extension.offset {
        if Extension::read(&mut earlier)?.oid == extension.oid {
            return Err(CrlError::broken(extension.offset, "an entry has the same extension twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASON: [u8; 14] = [0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, 0x0a, 1, 1];

    fn entry(serial: &[u8], time: &[u8], extensions: &[u8]) -> Vec<u8> {
        let mut content = vec![2, u8::try_from(serial.len()).unwrap()];
        content.extend(serial);
        content.extend([0x17, u8::try_from(time.len()).unwrap()]);
        content.extend(time);
        content.extend(extensions);
        let mut der = vec![0x30, u8::try_from(content.len()).unwrap()];
        der.extend(content);
        der
    }

    /// Every octet of common entries replaced by every other: the two readers never disagree.
    #[test]
    fn the_short_reader_accepts_nothing_the_long_one_does_not() {
        let mut accepted = 0;
        for extensions in [&[][..], &REASON] {
            let original = entry(&[0x00, 0x9a, 0x10], b"250225120000Z", extensions);
            for position in 0..original.len() {
                for octet in 0..=255 {
                    let mut changed = original.clone();
                    changed[position] = octet;
                    for allowed in [true, false] {
                        let Some(short) = read_common(&changed, allowed) else { continue };
                        let element = Reader::new(&changed).any().unwrap();
                        let (long, issuer) = read_any(element, allowed, 32).unwrap();
                        assert_eq!((short, None), (long, issuer.map(|issuer| issuer.offset)));
                        accepted += 1;
                    }
                }
            }
        }
        assert!(accepted > 2000, "only {accepted} were accepted");
    }

    #[test]
    fn an_entry_that_goes_on_is_not_common() {
        let mut der = entry(&[1], b"250225120000Z", &[]);
        assert!(read_common(&der, true).is_some());
        assert!(read_common(&der[..der.len() - 1], true).is_none());
        der.extend([0x05, 0x00]);
        assert!(read_common(&der, true).is_some(), "what follows belongs to the next entry");
        let inside = entry(&[1], b"250225120000Z", &[0x05, 0x00]);
        assert!(read_common(&inside, true).is_none());
        assert!(read_any(Reader::new(&inside).any().unwrap(), true, 32).is_err());
    }
}
