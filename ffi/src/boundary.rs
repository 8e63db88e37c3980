//! The boundary kit: what every entry point needs and nothing else may do.
//!
//! *Panics* stop in [`answer`]. *NULL* is looked for before anything is touched: a parameter of C that must not be NULL
//! becomes a reference or a slice through the functions here, or a [`Failure::Null`]. *Handles* are `Option<&T>` and
//! `Option<Box<T>>` in the signatures: Rust guarantees that they are one pointer, NULL being `None`, so that ownership
//! is a matter of types. *Structures* that may grow carry their size and are read whole or written as [`OutStruct`]: a
//! shorter one, of a program compiled against an earlier header, is never read or written behind its end.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::{Failed, Failure, revocache_error};
use crate::result::revocache_result;

/// The largest size a structure may claim. A later version may be larger than ours, but not as large as garbage.
const LARGEST_STRUCTURE: usize = 4096;

/// Octets of a path or another string, with the NUL that ends it.
const LONGEST_STRING: usize = 4096;

/// Runs the body of an entry point: a panic becomes a result, a failure is told.
#[inline(always)]
pub(crate) fn answer<F>(error: *mut revocache_error, body: F) -> revocache_result
where
    F: FnOnce() -> Result<revocache_result, Failed>,
{
    // A panic leaves no shared state half changed: what checks share is replaced whole, by one pointer.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(result)) => result,
        Ok(Err(failure)) => failure.tell(error),
        Err(payload) => panicked(payload),
    }
}

/// Runs the body of an entry point that returns nothing.
#[inline(always)]
pub(crate) fn quietly<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        panicked(payload);
        fallback
    })
}

#[cold]
fn panicked(payload: Box<dyn std::any::Any + Send>) -> revocache_result {
    // Dropping it could panic again.
    std::mem::forget(payload);
    revocache_result::Panic
}

/// A parameter that must not be NULL.
#[inline(always)]
pub(crate) fn required<T>(parameter: Option<T>, what: &'static str) -> Result<T, Failed> {
    match parameter {
        Some(parameter) => Ok(parameter),
        None => Err(Failure::Null { what }.into()),
    }
}

/// Octets of the caller. NULL is fine for none. Nothing is read of more than `limit`.
///
/// # Safety
/// Not NULL, `pointer` is the start of `length` octets that nobody changes during the call.
#[inline(always)]
pub(crate) unsafe fn octets<'a>(
    pointer: *const u8,
    length: usize,
    limit: usize,
    what: &'static str,
) -> Result<&'a [u8], Failed> {
    // SAFETY: passed on.
    unsafe { elements(pointer, length, limit, what, "octets") }
}

/// An array of the caller, as [`octets`].
///
/// # Safety
/// As [`octets`]; any octets make a `T`, and the pointer is aligned for it.
#[inline(always)]
pub(crate) unsafe fn elements<'a, T>(
    pointer: *const T,
    length: usize,
    limit: usize,
    what: &'static str,
    unit: &'static str,
) -> Result<&'a [T], Failed> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::Null { what }.into());
    }
    if length > limit {
        return Err(Failure::TooLong { what, found: length, unit, limit }.into());
    }
    if !pointer.is_aligned() {
        return Err(Failure::Value { what, found: 0, allowed: "an aligned pointer" }.into());
    }
    // SAFETY: not NULL, aligned, and the caller promises the elements.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// An array of the caller to be written, as [`elements`]. What is in it is not read.
///
/// # Safety
/// Not NULL, `pointer` is the start of `length` elements that nobody else uses during the call.
pub(crate) unsafe fn out_elements<'a, T>(
    pointer: *mut T,
    length: usize,
    limit: usize,
    what: &'static str,
    unit: &'static str,
) -> Result<&'a mut [MaybeUninit<T>], Failed> {
    // SAFETY: passed on; nothing is read through it.
    unsafe { elements(pointer.cast_const().cast::<MaybeUninit<T>>(), length, limit, what, unit) }?;
    if length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: `elements` found it not NULL and aligned; the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// A path of the caller.
///
/// # Safety
/// As [`string`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char) -> Result<&'a std::path::Path, Failed> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: passed on.
    let path = unsafe { string(pointer, "the path") }?;
    Ok(std::path::Path::new(std::ffi::OsStr::from_bytes(path.to_bytes())))
}

/// A text of the caller, in UTF-8.
///
/// # Safety
/// As [`string`].
#[cfg(feature = "client")]
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a str, Failed> {
    // SAFETY: passed on.
    let text = unsafe { string(pointer, what) }?.to_str();
    text.map_err(|_| Failure::Setup { what, reason: "it is not UTF-8".to_owned() }.into())
}

/// A string of the caller.
///
/// # Safety
/// Not NULL, `pointer` is the start of a string that NUL ends, which nobody changes during the call.
unsafe fn string<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a CStr, Failed> {
    if pointer.is_null() {
        return Err(Failure::Null { what }.into());
    }
    // SAFETY: reads up to the NUL that the caller promises, or to the limit.
    let length = unsafe { libc::strnlen(pointer, LONGEST_STRING) };
    if length == LONGEST_STRING {
        return Err(
            Failure::TooLong { what, found: length, unit: "octets", limit: LONGEST_STRING - 1 }.into()
        );
    }
    // SAFETY: there is a NUL, it was found a moment ago.
    Ok(unsafe { CStr::from_ptr(pointer) })
}

/// Hands a new handle to the caller.
pub(crate) fn give<T>(place: &mut MaybeUninit<Option<Box<T>>>, handle: T) {
    // What was there is not dropped: it is no handle, but whatever the caller's variable held.
    place.write(Some(Box::new(handle)));
}

/// A structure of C that grows at its end and begins with its size.
///
/// # Safety
/// The type is `repr(C)`, begins with a `u32` that holds its size, has no padding, and any octets are one.
pub(crate) unsafe trait Structure: Copy {
    /// For messages.
    const NAME: &'static str;
    /// The size of its first version.
    const LEAST: usize;

    /// Sets the size field.
    fn set_size(&mut self, size: u32);
}

/// Reads a structure of the caller; fields that its version does not have are zero. `None` for NULL.
///
/// # Safety
/// Not NULL, `pointer` is the start of as many octets as the structure's size field says.
#[inline(always)]
pub(crate) unsafe fn read_structure<T: Structure>(pointer: *const T) -> Result<Option<T>, Failed> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: every version of the structure begins with its size.
    let size = unsafe { stated_size::<T>(pointer.cast()) }?;
    let length = usize::try_from(size).unwrap_or(0);
    if length == size_of::<T>() {
        // SAFETY: as long as stated, and any octets make a `T`.
        return Ok(Some(unsafe { pointer.read_unaligned() }));
    }
    // SAFETY: passed on.
    unsafe { read_other_version(pointer, length) }.map(Some)
}

/// # Safety
/// `pointer` is the start of `length` octets.
#[cold]
unsafe fn read_other_version<T: Structure>(pointer: *const T, length: usize) -> Result<T, Failed> {
    // SAFETY: the caller promises the octets.
    let octets = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    let (known, unknown) = octets.split_at(length.min(size_of::<T>()));
    if unknown.iter().any(|octet| *octet != 0) {
        return Err(Failure::UnknownFields { what: T::NAME }.into());
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` is no longer than a `T`, and a new variable overlaps nothing.
    unsafe { std::ptr::copy_nonoverlapping(known.as_ptr(), value.as_mut_ptr().cast(), known.len()) };
    // SAFETY: all octets are set, and any octets make a `T`.
    Ok(unsafe { value.assume_init() })
}

/// A place on the stack for an argument that only ways need which are seldom taken. On the others it takes no register
/// then, nor the saving of one for the caller, which would cost a tenth of a check.
pub(crate) struct Aside<T>(T);

impl<T: Copy> Aside<T> {
    /// The place, with what nobody will ask for.
    #[inline(always)]
    pub(crate) const fn new(nothing: T) -> Self {
        Self(nothing)
    }

    /// Puts an argument there.
    #[inline(always)]
    pub(crate) fn put(&mut self, argument: T) {
        // SAFETY: a variable of ours. Volatile, as the argument would be kept in a register else.
        unsafe { std::ptr::write_volatile(&raw mut self.0, argument) };
    }

    /// Takes it from there.
    #[inline(always)]
    pub(crate) fn take(&self) -> T {
        // SAFETY: a variable of ours.
        unsafe { std::ptr::read_volatile(&raw const self.0) }
    }
}

/// Where the caller wants a structure written.
#[derive(Debug)]
pub(crate) struct OutStruct<'a, T> {
    place: *mut T,
    size: u32,
    caller: PhantomData<&'a mut T>,
}

impl<T: Structure> OutStruct<'_, T> {
    /// A place that may be NULL, which is `None`.
    #[inline(always)]
    pub(crate) fn optional(place: *mut T) -> Result<Option<Self>, Failed> {
        if place.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, so by the contract of the C interface the structure is there, as its size field says.
        let size = unsafe { stated_size::<T>(place.cast_const().cast()) }?;
        Ok(Some(Self { place, size, caller: PhantomData }))
    }

    /// A place that may be NULL, for a structure of this library's version; `None` for one of another.
    #[inline(always)]
    pub(crate) fn usual<'a>(place: *mut T) -> Option<UsualOut<'a, T>> {
        if !place.is_null() {
            // SAFETY: not NULL, so by the contract of the C interface the structure is there and begins with its size.
            let size = unsafe { place.cast_const().cast::<u32>().read_unaligned() };
            if !usize::try_from(size).is_ok_and(|size| size == size_of::<T>()) {
                return None;
            }
        }
        Some(UsualOut { place, caller: PhantomData })
    }

    /// A place that must not be NULL.
    pub(crate) fn required(place: *mut T) -> Result<Self, Failed> {
        required(Self::optional(place)?, T::NAME)
    }

    /// Writes what fits; the size field stays as the caller set it.
    #[inline(always)]
    pub(crate) fn write(&self, mut value: T) {
        value.set_size(self.size);
        if self.length() >= size_of::<T>() {
            // SAFETY: the caller owns as many octets as the size field says, which is a `T` at least.
            unsafe { self.place.write_unaligned(value) };
        } else {
            self.write_shorter(&value);
        }
    }

    #[cold]
    fn write_shorter(&self, value: &T) {
        let from = std::ptr::from_ref(value).cast::<u8>();
        // SAFETY: the caller owns as many octets as the size field says; the value is longer and has no padding.
        unsafe { std::ptr::copy_nonoverlapping(from, self.place.cast::<u8>(), self.length()) };
    }

    #[inline(always)]
    fn length(&self) -> usize {
        // Sizes are at most `LARGEST_STRUCTURE`.
        usize::try_from(self.size).unwrap_or(0)
    }
}

/// Where the caller wants a structure of this library's version written, or nowhere.
#[derive(Debug)]
pub(crate) struct UsualOut<'a, T> {
    place: *mut T,
    caller: PhantomData<&'a mut T>,
}

impl<T: Structure> UsualOut<'_, T> {
    /// As [`UsualOut::write`], and then changes what was written. That takes the place in the caller's memory, which need not
    /// be aligned, and keeps the size.
    #[inline(always)]
    pub(crate) fn write_and(self, value: &T, change: impl FnOnce(*mut T)) {
        let place = self.place;
        self.write(value);
        if !place.is_null() {
            change(place);
        }
    }

    /// Writes a value that has its size set.
    #[inline(always)]
    pub(crate) fn write(self, value: &T) {
        if !self.place.is_null() {
            // SAFETY: the caller owns as many octets as the size field says, which is a `T`.
            unsafe { self.place.write_unaligned(*value) };
        }
    }
}

/// Where the caller wants many structures of one size written. The size field of the first counts.
#[derive(Debug)]
pub(crate) struct OutArray<'a, T> {
    first: OutStruct<'a, T>,
    count: usize,
}

impl<T: Structure> OutArray<'_, T> {
    /// An array that may be NULL, which is `None`; else of at least one element.
    pub(crate) fn optional(first: *mut T, count: usize) -> Result<Option<Self>, Failed> {
        Ok(OutStruct::optional(first)?.map(|first| Self { first, count }))
    }

    /// Writes the same to neighbours; none behind the last.
    pub(crate) fn fill(&self, positions: Range<usize>, mut value: T) {
        value.set_size(self.first.size);
        let length = self.first.length();
        for position in positions.start..positions.end.min(self.count) {
            // Inside the caller's array, as below.
            let place = self.first.place.cast::<u8>().wrapping_add(position.wrapping_mul(length)).cast::<T>();
            if length >= size_of::<T>() {
                // SAFETY: the caller owns as many octets of each element as the first one's size field says.
                unsafe { place.write_unaligned(value) };
            } else {
                OutStruct { place, size: self.first.size, caller: PhantomData }.write_shorter(&value);
            }
        }
    }

    /// The place of one element, `None` behind the last.
    #[inline(always)]
    pub(crate) fn at(&self, position: usize) -> Option<OutStruct<'_, T>> {
        if position >= self.count {
            return None;
        }
        // Inside the caller's array, whose elements are as far apart as the first one says it is long.
        let place =
            self.first.place.cast::<u8>().wrapping_add(position.wrapping_mul(self.first.length())).cast();
        Some(OutStruct { place, size: self.first.size, caller: PhantomData })
    }
}

/// # Safety
/// `pointer` is the start of a `u32`, aligned or not.
#[inline(always)]
unsafe fn stated_size<T: Structure>(pointer: *const u32) -> Result<u32, Failed> {
    // SAFETY: passed on.
    let found = unsafe { pointer.read_unaligned() };
    match usize::try_from(found) {
        Ok(size) if (T::LEAST..=LARGEST_STRUCTURE).contains(&size) => Ok(found),
        _ => Err(Failure::Size { what: T::NAME, found, least: T::LEAST, most: LARGEST_STRUCTURE }.into()),
    }
}
