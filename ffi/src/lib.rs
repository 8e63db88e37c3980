//! The C ABI of revocache.
//!
//! So far it tells which version it is: two functions without arguments, state or allocation, to be called from any
//! thread at any time. The calls that open an index and ask it follow; until then the ABI version is 0 and promises
//! nothing.
#![allow(unsafe_code, reason = "exporting a C symbol is unsafe by declaration: its name must be unique")]

use std::ffi::{CStr, c_char};

/// Version of the functions and structures of this header. It rises when a program compiled against an earlier one
/// would no longer work; 0 is not stable.
pub const REVOCACHE_ABI_VERSION: u32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The ABI version of the library that is loaded, to compare with REVOCACHE_ABI_VERSION of the header.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_abi_version() -> u32 {
    REVOCACHE_ABI_VERSION
}

/// The version of the library, such as "0.1.0": a NUL-terminated string that lives as long as the library is
/// loaded and must not be freed.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_version() -> *const c_char {
    VERSION.as_ptr()
}
