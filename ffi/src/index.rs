//! Opening an index, and keeping it fresh.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::boundary::{Structure, answer, give, path, quietly, read_structure, required};
use crate::failure::{Failure, revocache_error};
use crate::generations::{Generations, Refresh};
use crate::result::revocache_result;

/// A newer generation is noticed before every check: one atomic load. The check that notices it opens it.
pub const REVOCACHE_REFRESH_AUTOMATIC: u32 = 0;
/// A newer generation is opened by revocache_refresh alone. Checks then never make a system call.
pub const REVOCACHE_REFRESH_ON_REQUEST: u32 = 1;

/// How an index is opened. Clear it, set `size`, then what differs from the default; or pass NULL for the defaults.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_options {
    /// sizeof(revocache_options).
    pub size: u32,
    /// REVOCACHE_REFRESH_AUTOMATIC or REVOCACHE_REFRESH_ON_REQUEST.
    pub refresh: u32,
}

// SAFETY: repr(C), begins with its size, two u32.
unsafe impl Structure for revocache_options {
    const NAME: &'static str = "revocache_options";
    const LEAST: usize = 8;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// An opened index: owned by whoever opened it, to be freed with revocache_index_free. Any number of threads may use it
/// at the same time, and so may the child of a fork.
pub struct revocache_index {
    pub(crate) generations: Arc<Generations>,
}

/// Opens the index in a folder and follows it from generation to generation.
///
/// The folder is the one that `revocache build --index` was told; reading it is all this needs. A relative path is made
/// absolute, so that a later chdir does not matter. The index is mapped, not loaded: its pages are shared with all other
/// processes, and a few kilobytes are private.
///
/// path: NUL-terminated. options: may be NULL. index: set on success only; free it with revocache_index_free. error: may
/// be NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error: NO_INDEX for a folder without one.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_open_folder(
    path: *const c_char,
    options: *const revocache_options,
    index: Option<&mut MaybeUninit<Option<Box<revocache_index>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let index = required(index, "index")?;
        // SAFETY: passed on.
        let refresh = match unsafe { read_structure(options) }?.map_or(0, |options| options.refresh) {
            REVOCACHE_REFRESH_AUTOMATIC => Refresh::Automatic,
            REVOCACHE_REFRESH_ON_REQUEST => Refresh::OnRequest,
            found => return Err(Failure::Value { what: "refresh", found, allowed: "0 or 1" }.into()),
        };
        // SAFETY: passed on.
        let path = unsafe { self::path(path) }?;
        let generations = Arc::new(Generations::of_folder(path, refresh)?);
        give(index, revocache_index { generations });
        Ok(revocache_result::Ok)
    })
}

/// Opens one index file, such as one that was copied to this machine, and stays with it.
///
/// The file must not be changed or shortened while it is open: a shortened file ends the process with SIGBUS. Replace it
/// by renaming another over it.
///
/// path: NUL-terminated. index: set on success only; free it with revocache_index_free. error: may be NULL.
///
/// Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_open_file(
    path: *const c_char,
    index: Option<&mut MaybeUninit<Option<Box<revocache_index>>>>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let index = required(index, "index")?;
        // SAFETY: passed on.
        let path = unsafe { self::path(path) }?;
        give(index, revocache_index { generations: Arc::new(Generations::of_file(path)?) });
        Ok(revocache_result::Ok)
    })
}

/// Frees an index. NULL is fine. No other thread may be using it; issuer handles made from it stay valid and keep what
/// they need.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or owned by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_index_free(index: Option<Box<revocache_index>>) {
    quietly((), || drop(index));
}

/// Opens the generation in force if it is another than the one opened. Where it is not, this is one atomic load. After
/// it, all checks through this index and its issuers are answered from the new generation.
///
/// If it fails, checks go on with the generation opened before. With REVOCACHE_REFRESH_AUTOMATIC there is no need to
/// call it, but it tells why a newer generation is not used.
///
/// Opening a generation opens and maps a file (openat, fstat, mmap, munmap, close, membarrier), and looks every issuer
/// handle up again.
///
/// error: may be NULL. Returns REVOCACHE_RESULT_OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_refresh(
    index: Option<&revocache_index>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        required(index, "index")?.generations.refresh()?;
        Ok(revocache_result::Ok)
    })
}

/// The number of the generation that checks are answered from now, without looking for a newer one; 0 for NULL.
// SAFETY: no other symbol of this name exists in the library; the pointer is NULL or an index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_generation(index: Option<&revocache_index>) -> u64 {
    quietly(0, || index.map_or(0, |index| index.generations.reading().snapshot().generation()))
}

/// Checks the whole file of the generation in force against its check sums and itself. It reads all of it, which takes
/// about a second per gigabyte; checks find damage by themselves, where they read.
///
/// error: may be NULL. Returns REVOCACHE_RESULT_OK, or an error: DAMAGED says where.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_verify(
    index: Option<&revocache_index>,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        // A share of its own, so that a generation can be replaced meanwhile.
        let snapshot = required(index, "index")?.generations.reading().snapshot().clone();
        snapshot.verify()?;
        Ok(revocache_result::Ok)
    })
}
