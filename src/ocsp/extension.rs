//! Extensions of requests, responses and single responses: each once, and few of them.

use crate::pki::der::{DerError, Element, Reader, cap, tag};
use crate::pki::extension::Extension;

/// Extensions in one place; RFC 6960 defines nine for all places together.
const MAX_EXTENSIONS: usize = 32;

/// Calls `each` with every extension of an `[n] EXPLICIT Extensions`, in order.
///
/// # Errors
/// For malformed DER, an empty list, an extension that occurs twice, more than [`MAX_EXTENSIONS`], and whatever `each`
/// returns.
pub(super) fn for_each_extension<'a, E: From<DerError>>(
    wrapper: Element<'a>,
    mut each: impl FnMut(&Extension<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut outer = wrapper.reader();
    let list = outer.read(tag::SEQUENCE)?;
    outer.finish()?;
    let mut reader = list.reader();
    if reader.is_empty() {
        return Err(list.broken("a list of extensions has at least one").into());
    }
    let mut number = 0;
    while !reader.is_empty() {
        cap(number, MAX_EXTENSIONS, "extensions", reader.offset())?;
        number += 1;
        let extension = Extension::read(&mut reader)?;
        refuse_repetition(list, &extension)?;
        each(&extension)?;
    }
    Ok(())
}

/// RFC 5280 section 4.2: no extension twice. The ones before are read again, which needs no memory; the cap on
/// their number bounds the work.
fn refuse_repetition(list: Element<'_>, extension: &Extension<'_>) -> Result<(), DerError> {
    let mut earlier: Reader<'_> = list.reader();
    while earlier.offset() < extension.offset {
        if Extension::read(&mut earlier)?.oid == extension.oid {
            return Err(DerError::rule(extension.offset, "the same extension occurs twice"));
        }
    }
    Ok(())
}

/// The nonce in its extension: an OCTET STRING of its own (RFC 9654 section 2.1).
pub(super) fn read_nonce<'a>(extension: &Extension<'a>) -> Result<&'a [u8], DerError> {
    Ok(extension.value(tag::OCTET_STRING)?.content)
}
