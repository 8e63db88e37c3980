//! Index files that were cut, damaged or made by somebody else: an error or a right answer, never a wrong one.
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]
#![allow(unsafe_code, reason = "the functions under test are those of C")]

#[allow(dead_code, reason = "a part of it is used")]
#[path = "support/handles.rs"]
mod handles;
mod support;

use std::ffi::CString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

use revocache_ffi::{
    revocache_check_serial, revocache_index, revocache_open_file, revocache_open_folder, revocache_policy,
    revocache_result, revocache_verify,
};
use support::{AT, GOOD, REVOKED, World};

fn open(path: &Path) -> Result<Box<revocache_index>, revocache_result> {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    let mut place = MaybeUninit::uninit();
    // SAFETY: all pointers are to variables of this function.
    let result = unsafe { revocache_open_file(path.as_ptr(), Some(&mut place), null_mut()) };
    if result != revocache_result::Ok {
        return Err(result);
    }
    // SAFETY: set on success.
    Ok(unsafe { place.assume_init() }.unwrap())
}

/// What a file says of two serials, or the first error.
fn ask(path: &Path, ca: &[u8]) -> Result<[revocache_result; 2], revocache_result> {
    let index = open(path)?;
    let issuer = handles::issuer(&index, ca);
    // SAFETY: any octets make the structure.
    let mut policy: revocache_policy = unsafe { std::mem::zeroed() };
    policy.size = size_of::<revocache_policy>() as u32;
    policy.at = AT;
    Ok([GOOD, REVOKED].map(|serial| {
        let (serial, length) = (serial.as_ptr(), serial.len());
        // SAFETY: all pointers are to variables of this function.
        unsafe { revocache_check_serial(Some(&issuer), serial, length, &policy, null_mut(), null_mut()) }
    }))
}

const RIGHT: [revocache_result; 2] = [revocache_result::Good, revocache_result::Revoked];

#[test]
fn a_file_cut_anywhere_is_refused() {
    let world = World::new();
    let whole = fs::read(world.file(1)).unwrap();
    let path = world.path("cut.rvx");
    for length in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = open(&path).map(drop).unwrap_err();
        assert!(
            matches!(error, revocache_result::NotAnIndex | revocache_result::Damaged | revocache_result::Io),
            "{length}: {error:?}"
        );
    }
    let longer: Vec<u8> = whole.iter().copied().chain([0]).collect();
    fs::write(&path, longer).unwrap();
    assert_eq!(open(&path).map(drop), Err(revocache_result::Damaged));
}

#[test]
fn a_flipped_bit_is_an_error_or_makes_no_difference() {
    let world = World::new();
    let whole = fs::read(world.file(1)).unwrap();
    let path = world.path("flipped.rvx");
    let mut errors = 0;
    for position in (0..whole.len()).step_by(5) {
        let mut damaged = whole.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, damaged).unwrap();
        match ask(&path, &world.ca.certificate) {
            Err(error) => {
                assert!(error != revocache_result::Panic, "{position}");
                errors += 1;
            }
            Ok(answers) => {
                for (answer, right) in answers.into_iter().zip(RIGHT) {
                    assert!(
                        answer == right || answer == revocache_result::Damaged,
                        "{position}: {answer:?} instead of {right:?}"
                    );
                }
            }
        }
    }
    assert!(errors > 0);
    fs::write(&path, whole).unwrap();
    assert_eq!(ask(&path, &world.ca.certificate), Ok(RIGHT));
}

#[test]
fn verifying_finds_what_checks_have_not_met() {
    let world = World::new();
    let whole = fs::read(world.file(1)).unwrap();
    let path = world.path("damaged.rvx");
    let (mut opened, mut found) = (0, 0);
    for position in (0..whole.len()).step_by(101) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x80;
        fs::write(&path, damaged).unwrap();
        if let Ok(index) = open(&path) {
            opened += 1;
            // SAFETY: a valid index.
            let result = unsafe { revocache_verify(Some(&index), null_mut()) };
            assert_eq!(result, revocache_result::Damaged, "{position}");
            found += 1;
        }
    }
    assert!(opened > 0 && found == opened);
}

#[test]
fn foreign_files_are_refused() {
    let world = World::new();
    let path = world.path("foreign");
    let mut later = fs::read(world.file(1)).unwrap();
    // The version behind the signature.
    later[8] = 99;
    for (content, expected) in [
        (Vec::new(), &[revocache_result::NotAnIndex, revocache_result::Io][..]),
        (vec![0; 4096], &[revocache_result::NotAnIndex]),
        (world.ca.certificate.clone(), &[revocache_result::NotAnIndex]),
        (
            b"\x89RVX\r\n\x1a\n".repeat(600),
            &[revocache_result::NotAnIndex, revocache_result::Damaged, revocache_result::UnsupportedVersion],
        ),
        (later, &[revocache_result::UnsupportedVersion, revocache_result::Damaged]),
    ] {
        fs::write(&path, content).unwrap();
        let error = open(&path).map(drop).unwrap_err();
        assert!(expected.contains(&error), "{error:?} instead of {expected:?}");
    }
}

#[test]
fn a_damaged_control_page_is_told_apart() {
    let world = World::new();
    let control = world.index().join("control");
    let whole = fs::read(&control).unwrap();
    let folder = CString::new(world.index().as_os_str().as_bytes()).unwrap();
    let open = || {
        let mut place = MaybeUninit::uninit();
        // SAFETY: all pointers are to variables of this function; the handle is set on success.
        unsafe {
            let result =
                revocache_open_folder(folder.as_ptr(), std::ptr::null(), Some(&mut place), null_mut());
            if result == revocache_result::Ok {
                drop(place.assume_init());
            }
            result
        }
    };
    assert_eq!(open(), revocache_result::Ok);
    for content in [&whole[..10], b"", &[0xff; 64]] {
        fs::write(&control, content).unwrap();
        assert_eq!(open(), revocache_result::BadControlPage);
    }
    fs::remove_file(&control).unwrap();
    assert_eq!(open(), revocache_result::Ok, "the newest whole generation");
}
