//! Serial numbers of the caller.

use revocache::types::{MAX_SERIAL_OCTETS, SerialRef};

use crate::boundary::octets;
use crate::failure::{Failed, Failure};
use crate::policy::NegativeSerials;

/// A serial as a caller gives it.
///
/// # Safety
/// As [`octets`].
#[inline(always)]
pub(crate) unsafe fn read_serial<'a>(
    pointer: *const u8,
    length: usize,
    negative: NegativeSerials,
) -> Result<SerialRef<'a>, Failed> {
    // SAFETY: passed on.
    if let Some(serial) = unsafe { usual_serial(pointer, length) } {
        return Ok(serial);
    }
    // SAFETY: passed on.
    let serial = SerialRef::new(unsafe { octets(pointer, length, MAX_SERIAL_OCTETS, "the serial number") }?)?;
    if negative == NegativeSerials::Refused && serial.octets().first().is_some_and(|first| *first >= 0x80) {
        return Err(Failure::NegativeSerial.into());
    }
    Ok(serial)
}

/// A serial that is not negative and has its shortest form, of two octets or more.
///
/// # Safety
/// As [`octets`].
#[inline(always)]
pub(crate) unsafe fn usual_serial<'a>(pointer: *const u8, length: usize) -> Option<SerialRef<'a>> {
    if pointer.is_null() || !(2..=MAX_SERIAL_OCTETS).contains(&length) {
        return None;
    }
    // SAFETY: not NULL, and the caller promises the octets.
    let octets = unsafe { std::slice::from_raw_parts(pointer, length) };
    // The sign bit is not set, and the eight bits behind it are not all the same.
    let is_usual = octets.first_chunk().is_some_and(|first| i16::from_be_bytes(*first) >> 7 > 0);
    if is_usual { SerialRef::new(octets).ok() } else { None }
}
