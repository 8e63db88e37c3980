//! Which library this is.

use std::ffi::{CStr, c_char};

use crate::boundary::{path, quietly};

/// Version of the functions and structures of this header. It rises when a program compiled against an earlier one would
/// no longer work; what is only added leaves it. It is also the number in the library's soname, librevocache.so.0.
pub const REVOCACHE_ABI_VERSION: u32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// What this build can do.
const FEATURES: &[&str] = if cfg!(feature = "client") {
    &["crl", "signatures", "client", "ocsp"]
} else if cfg!(feature = "signatures") {
    &["crl", "signatures"]
} else {
    &["crl"]
};

/// The ABI version of the library that is loaded, to compare with REVOCACHE_ABI_VERSION of the header.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_abi_version() -> u32 {
    REVOCACHE_ABI_VERSION
}

/// The version of the library, such as "0.1.0": a NUL-terminated string that lives as long as the library is loaded and
/// must not be freed.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Whether the library can do something: "crl", answers from an index of CRLs; "signatures", finding the issuer of a
/// certificate by its signature; "client" and "ocsp", what revocache_client.h declares. A name it does not know, or NULL, gives false.
// SAFETY: no other symbol of this name exists in the library; the caller passes NULL or a terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_has_feature(name: *const c_char) -> bool {
    quietly(false, || {
        // SAFETY: passed on.
        let name = unsafe { path(name) };
        name.is_ok_and(|name| name.to_str().is_some_and(|name| FEATURES.contains(&name)))
    })
}
