//! Whatever way a check takes, the answer is the same.
//!
//! A handle that was just made has no standing answer; one that was asked before has, for what it was asked. Here a warm
//! handle and fresh ones are asked the same, under every policy and about every time that could make a difference.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]
#![allow(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the functions under test are those of C"
)]

#[path = "support/handles.rs"]
mod handles;
#[path = "support/index.rs"]
mod index;

use std::ptr;

use handles::{issuer, open};
use revocache_ffi::{
    REVOCACHE_REFRESH_AUTOMATIC, revocache_check_serial, revocache_issuer, revocache_policy,
    revocache_result, revocache_verdict,
};
use revocache_testkit::{Authority, KeyKind, Random};

/// Checks of one kind after which a handle certainly has an answer standing for them.
const WARM: usize = 40;
const THIS_UPDATE: i64 = 1_737_500_000;
const NEXT_UPDATE: i64 = 1_738_500_000;
const DATES: index::Dates = index::Dates { this_update: THIS_UPDATE, next_update: NEXT_UPDATE };

/// A serial of so many octets, of which half have a top bit and so one more in front.
fn serial(number: u64, octets: usize) -> Vec<u8> {
    let mut serial = Random::new(number).octets(octets);
    serial[0] |= 1;
    if serial[0] >= 0x80 {
        serial.insert(0, 0);
    }
    serial
}

/// Listed ones and absent ones, and whatever looks like one of them and is another, or none.
fn questions(octets: usize) -> Vec<Vec<u8>> {
    let mut questions: Vec<Vec<u8>> = (0..60).chain(900_000..901_000).map(|n| serial(n, octets)).collect();
    for number in [0, 1, 2, 3] {
        let listed = serial(number, octets);
        let digits = &listed[usize::from(listed[0] == 0)..];
        questions.push([&[0][..], &listed].concat());
        questions.push([&[0, 0][..], &listed].concat());
        questions.push([&[1][..], digits].concat());
        questions.push([&[0x80][..], digits].concat());
        questions.push([&[0xff][..], digits].concat());
        questions.push(digits.to_vec());
    }
    questions.extend([1, 2, 8, 15, 16, 17, 18, 20, 21].map(|length| vec![0; length]));
    questions.extend([1, 2, 8, 15, 16, 17, 18, 20, 21].map(|length| vec![0xff; length]));
    questions.extend([1, 2, 8, 15, 16, 17, 18, 20, 21].map(|length| vec![0x11; length]));
    questions
}

/// The result, and the octets of the verdict.
type Told = (u32, Vec<u8>);

fn check(issuer: &revocache_issuer, serial: &[u8], policy: Option<&revocache_policy>) -> Told {
    const SIZE: usize = size_of::<revocache_verdict>();
    let mut verdict = [0xa5_u8; SIZE];
    verdict[..4].copy_from_slice(&(SIZE as u32).to_ne_bytes());
    let policy = policy.map_or(ptr::null(), ptr::from_ref);
    let (octets, length) = (serial.as_ptr(), serial.len());
    // SAFETY: all pointers are to variables of this function.
    let (result, without) = unsafe {
        let place = verdict.as_mut_ptr().cast();
        let result = revocache_check_serial(Some(issuer), octets, length, policy, place, ptr::null_mut());
        let without =
            revocache_check_serial(Some(issuer), octets, length, policy, ptr::null_mut(), ptr::null_mut());
        (result, without)
    };
    assert_eq!(result, without, "{serial:02x?}");
    (result as u32, verdict.to_vec())
}

fn policies() -> Vec<revocache_policy> {
    let times =
        [-5, 1, THIS_UPDATE - 1, THIS_UPDATE, NEXT_UPDATE - 1, NEXT_UPDATE, NEXT_UPDATE + 50, i64::MAX, 0];
    let mut policies = Vec::new();
    for (grace, life_without_next_update) in [(0, 0), (0, 604_800), (100, 0)] {
        for on_unknown in [0, 1] {
            for at in times {
                policies.push(revocache_policy {
                    size: size_of::<revocache_policy>() as u32,
                    on_unknown,
                    grace,
                    life_without_next_update,
                    at,
                    flags: 0,
                    reserved: 0,
                });
            }
        }
    }
    policies.push(revocache_policy { flags: 1, at: THIS_UPDATE, ..policies[0] });
    policies.push(revocache_policy { flags: 7, at: THIS_UPDATE, ..policies[0] });
    policies.push(revocache_policy { on_unknown: 2, at: THIS_UPDATE, ..policies[0] });
    policies
}

#[test]
fn a_warm_handle_says_what_a_fresh_one_says() {
    // Near tables, wide ones, and one of small serials.
    for octets in [16, 18, 3] {
        let place = tempfile::tempdir().unwrap();
        let ca = Authority::root("CA", KeyKind::P256);
        let listed: Vec<Vec<u8>> = (0..3_000).map(|number| serial(number, octets)).collect();
        index::publish(place.path(), DATES, &[(&ca.certificate, &listed)]);
        let index = open(place.path(), REVOCACHE_REFRESH_AUTOMATIC);
        let warm = issuer(&index, &ca.certificate);
        // Every page of the file is looked at.
        for serial in &listed {
            check(&warm, serial, Some(&revocache_policy { at: THIS_UPDATE, ..policies()[0] }));
        }
        let questions = questions(octets);
        let mut policies: Vec<Option<revocache_policy>> = policies().into_iter().map(Some).collect();
        policies.push(None);
        for (number, policy) in policies.iter().enumerate() {
            let policy = policy.as_ref();
            for _ in 0..WARM {
                check(&warm, &questions[70], policy);
            }
            let some = questions.iter().enumerate().filter(|(at, _)| number == 0 || at % 16 == number % 16);
            for (_, serial) in some {
                let fresh = check(&issuer(&index, &ca.certificate), serial, policy);
                assert_eq!(check(&warm, serial, policy), fresh, "{octets}: {serial:02x?} {policy:?}");
            }
        }
        // Two kinds of question in turns, of which at most one has an answer that stands.
        for serial in &questions {
            let (first, second) = (policies[3].as_ref(), policies[13].as_ref());
            let told = [first, second].map(|policy| check(&issuer(&index, &ca.certificate), serial, policy));
            assert_eq!([first, second].map(|policy| check(&warm, serial, policy)), told, "{serial:02x?}");
        }
    }
}

/// The answer that stood for the questions before is not one any more.
#[test]
fn a_warm_handle_sees_a_revocation_at_once() {
    let place = tempfile::tempdir().unwrap();
    let ca = Authority::root("CA", KeyKind::P256);
    let mut listed: Vec<Vec<u8>> = (0..500).map(|number| serial(number, 16)).collect();
    index::publish(place.path(), DATES, &[(&ca.certificate, &listed)]);
    let index = open(place.path(), REVOCACHE_REFRESH_AUTOMATIC);
    let warm = issuer(&index, &ca.certificate);
    let policy = revocache_policy { at: THIS_UPDATE, ..policies()[0] };
    for number in 500..520 {
        let asked = serial(number, 16);
        for _ in 0..WARM * 20 {
            assert_eq!(check(&warm, &asked, Some(&policy)).0, revocache_result::Good as u32);
        }
        listed.push(asked.clone());
        index::publish(place.path(), DATES, &[(&ca.certificate, &listed)]);
        assert_eq!(check(&warm, &asked, Some(&policy)).0, revocache_result::Revoked as u32);
        assert_eq!(check(&warm, &serial(number + 1, 16), Some(&policy)).0, revocache_result::Good as u32);
    }
}
