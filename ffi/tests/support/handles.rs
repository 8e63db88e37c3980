//! Handles, made through the functions of C.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

use revocache_ffi::{
    revocache_index, revocache_issuer, revocache_issuer_new, revocache_open_folder, revocache_options,
    revocache_result,
};

/// An opened folder; how it refreshes is a number of the header.
pub(crate) fn open(folder: &Path, refresh: u32) -> Box<revocache_index> {
    let path = CString::new(folder.as_os_str().as_bytes()).unwrap();
    let options = revocache_options { size: size_of::<revocache_options>() as u32, refresh };
    let mut place = MaybeUninit::uninit();
    // SAFETY: all pointers are to variables of this function.
    let result = unsafe { revocache_open_folder(path.as_ptr(), &options, Some(&mut place), null_mut()) };
    assert_eq!(result, revocache_result::Ok);
    // SAFETY: set on success.
    unsafe { place.assume_init() }.unwrap()
}

/// The issuer with this certificate.
pub(crate) fn issuer(index: &revocache_index, ca: &[u8]) -> Box<revocache_issuer> {
    let mut place = MaybeUninit::uninit();
    // SAFETY: all pointers are to variables of this function.
    let result =
        unsafe { revocache_issuer_new(Some(index), ca.as_ptr(), ca.len(), Some(&mut place), null_mut()) };
    assert_eq!(result, revocache_result::Ok);
    // SAFETY: set on success.
    unsafe { place.assume_init() }.unwrap()
}
