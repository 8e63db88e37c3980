//! Containers that were made to do harm, or broke.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use revocache::keystore::jks::write_jks;
use revocache::keystore::pkcs12::{Pkcs12Strength, write_pkcs12};
use revocache::keystore::{ContainerError, ContainerLimits, read_container};

use super::containers::FAST;
use super::material::MATERIAL;

fn read(octets: &[u8]) -> Result<revocache::keystore::Container, ContainerError> {
    read_container(octets, "123456", &[], &ContainerLimits::default())
}

/// A digest for a Java KeyStore whose body was changed by somebody who knows the password.
fn resealed(mut body: Vec<u8>) -> Vec<u8> {
    let mut sealed: Vec<u8> = "123456".encode_utf16().flat_map(u16::to_be_bytes).collect();
    sealed.extend_from_slice(b"Mighty Aphrodite");
    sealed.extend_from_slice(&body);
    body.extend(revocache::pki::sha1(&sealed));
    body
}

fn jks() -> Vec<u8> {
    write_jks(&[MATERIAL.entry("server")], &[MATERIAL.trusted("root")], "123456", "123456", 1).unwrap()
}

/// A file of a few hundred octets asks for as many rounds as it likes; who reads it must not make them first.
#[test]
fn bombs_of_rounds_cost_nothing() {
    let rounds = |rounds| NonZeroU32::new(rounds).unwrap();
    let strong = Pkcs12Strength { encryption: rounds(1), mac: rounds(1) };
    let octets = write_pkcs12(&[MATERIAL.entry("server")], &[], "123456", strong).unwrap();
    // The last octets are the count of rounds of the code, INTEGER 1.
    assert!(octets.ends_with(&[0x02, 0x01, 0x01]));
    assert!(read(&octets).is_ok());
    let keys: Vec<_> = (0..60).map(|number| MATERIAL.entry(&number.to_string())).collect();
    let many = Pkcs12Strength { encryption: rounds(100_000), mac: rounds(1) };
    let heavy = write_pkcs12(&keys, &[], "123456", Pkcs12Strength { encryption: rounds(1), ..many }).unwrap();
    assert!(read(&heavy).is_ok());
    // Every part within bounds, the sum beyond them: what is refused is the part that goes too far.
    let limits = ContainerLimits { iterations: 20, ..ContainerLimits::default() };
    let started = Instant::now();
    let refused = read_container(&heavy, "123456", &[], &limits);
    assert!(matches!(refused, Err(ContainerError::TooManyRounds { limit: 20 })), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn sizes_and_counts_are_bounded() {
    let usual = ContainerLimits::default();
    let entries: Vec<_> = (0..9).map(|number| MATERIAL.trusted(&number.to_string())).collect();
    let p12 = write_pkcs12(&[MATERIAL.entry("server")], &entries, "123456", FAST).unwrap();
    let jks = write_jks(&[MATERIAL.entry("server")], &entries, "123456", "123456", 1).unwrap();
    for octets in [&p12, &jks] {
        for (limits, what) in [
            (ContainerLimits { octets: 1000, ..usual }, "octets"),
            (ContainerLimits { entries: 4, ..usual }, "entries"),
            (ContainerLimits { entry_octets: 200, ..usual }, "octets of one key or certificate"),
        ] {
            let refused = read_container(octets, "123456", &[], &limits).unwrap_err();
            assert!(
                matches!(&refused, ContainerError::TooMany { what: found, .. } if *found == what),
                "{refused}"
            );
        }
    }
    let limits = ContainerLimits { chain: 2, ..usual };
    let refused = read_container(&jks, "123456", &[], &limits).unwrap_err();
    assert_eq!(refused.to_string(), "more than 2 certificates behind one key in one container");
    // PKCS#12 has certificates in a heap, and the chain ends where it is long enough.
    assert_eq!(read_container(&p12, "123456", &[], &limits).unwrap().keys[0].chain.len(), 2);
}

/// Java knows more kinds of entries than the two that are read; one that is passed over would be a key lost in silence.
#[test]
fn unknown_entries_of_a_java_key_store_are_refused() {
    let octets = jks();
    let mut body = octets[..octets.len() - 20].to_vec();
    body[15] = 3;
    let refused = read(&resealed(body)).unwrap_err();
    assert!(refused.to_string().starts_with("an entry of type 3 ('server') is not read"), "{refused}");
    let mut jceks = octets.clone();
    jceks[..4].fill(0xce);
    assert!(read(&jceks).unwrap_err().to_string().starts_with("JCEKS is not read"));
    let mut newer = octets[..octets.len() - 20].to_vec();
    newer[7] = 3;
    assert!(matches!(read(&resealed(newer)), Err(ContainerError::Unsupported { .. })));
}

/// A count that a file announces is believed by nobody: 2^32-1 entries in 12 octets.
#[test]
fn announced_counts_allocate_nothing() {
    let huge = resealed([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff].to_vec());
    assert!(matches!(read(&huge), Err(ContainerError::TooMany { what: "entries", .. })));
    let mut body = jks();
    body.truncate(body.len() - 20);
    // Length of the first key, behind head, type, name and date.
    let position = 12 + 4 + 2 + "server".len() + 8;
    body[position..position + 4].fill(0xff);
    assert!(matches!(read(&resealed(body)), Err(ContainerError::TooMany { .. })));
}

#[test]
fn no_damage_goes_unnoticed_or_makes_a_panic() {
    let rounds = NonZeroU32::new(1).unwrap();
    let quick = Pkcs12Strength { encryption: rounds, mac: rounds };
    let p12 =
        write_pkcs12(&[MATERIAL.entry("server")], &[MATERIAL.trusted("root")], "123456", quick).unwrap();
    for octets in [p12, jks()] {
        for position in (0..octets.len()).step_by(7) {
            let mut damaged = octets.clone();
            damaged[position] ^= 0x20;
            assert!(read(&damaged).is_err(), "octet {position} of {}", octets.len());
            assert!(read(&octets[..position]).is_err());
        }
    }
    for octets in
        [&b""[..], b"not a container", b"PK\x03\x04", &[0x30], &[0x30, 0x80], &[0xfe, 0xed, 0xfe, 0xed]]
    {
        assert!(read(octets).is_err());
    }
}
