//! Authorities, CRLs and tables are found by everything they are known by.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect"
)]

mod index_support;

use index_support::{authority_facts, crl_facts, file_facts, listing};
use revocache::index::{AuthorityId, BuildError, Builder, Index, IndexError, Listings};
use revocache::types::{CertIdHash, NameKey, ReasonCode, Serial};

fn one_listing(serial: u64) -> Listings {
    let mut listings = Listings::new();
    listings.push(Serial::from_u64(serial).as_ref(), listing(1_700_000_000, ReasonCode::Unspecified));
    listings
}

#[test]
fn facts_come_back_as_they_went_in() {
    let mut builder = Builder::new(file_facts(7));
    let authorities: Vec<AuthorityId> =
        (0..50).map(|number| builder.add_authority(authority_facts(number))).collect();
    // The CRLs of an authority are not neighbours.
    let crls: Vec<_> = (0..120_usize)
        .map(|number| builder.add_crl(authorities[number * 7 % 50], crl_facts(number as u64)))
        .collect();
    let index = Index::open(builder.finish::<Vec<u8>>(None).unwrap().to_vec()).unwrap();
    assert_eq!(index.generation(), 7);
    assert_eq!(index.created_at(), file_facts(7).created_at);
    assert_eq!(index.secret(), file_facts(7).secret);
    assert_eq!(index.previous_generation(), None);
    assert_eq!((index.authorities().count(), index.crls().count(), index.tables().count()), (50, 120, 0));
    for (number, id) in (0..50_u8).zip(&authorities) {
        let facts = authority_facts(number);
        assert_eq!(index.authority(*id).unwrap().to_facts(), facts);
        let named: Vec<_> = index.authorities_named(&facts.name).map(|authority| authority.id()).collect();
        assert_eq!(named, [*id]);
        let with_key: Vec<_> =
            index.authorities_with_key(&[number; 32]).map(|authority| authority.id()).collect();
        assert_eq!(with_key, [*id]);
        let sha1 = CertIdHash::Sha1 { name: [number; 20], key: [number ^ 0x0f; 20] };
        assert_eq!(index.authority_by_cert_id(&sha1), Some(*id));
        let sha256 = CertIdHash::Sha256 { name: [number ^ 0xff; 32], key: [number ^ 0xf0; 32] };
        assert_eq!(index.authority_by_cert_id(&sha256), Some(*id));
        let mixed = CertIdHash::Sha1 { name: [number; 20], key: [number ^ 0x0e; 20] };
        assert_eq!(index.authority_by_cert_id(&mixed), None);
        let own: Vec<_> = index.crls_of(*id).map(|(crl, _)| crl).collect();
        let expected: Vec<_> = crls
            .iter()
            .enumerate()
            .filter(|(crl, _)| crl * 7 % 50 == usize::from(number))
            .map(|(_, id)| *id)
            .collect();
        assert_eq!(own, expected);
    }
    for (number, id) in crls.iter().enumerate() {
        assert_eq!(index.crl(*id), Some(&crl_facts(number as u64)));
        assert_eq!(index.authority_of_crl(*id), Some(authorities[number * 7 % 50]));
    }
    assert_eq!(index.authorities_named(&NameKey::from_octets(*b"nobody")).count(), 0);
    index.verify().unwrap();
}

#[test]
fn two_authorities_may_share_a_name() {
    let mut builder = Builder::new(file_facts(1));
    let mut second = authority_facts(2);
    second.name = authority_facts(1).name;
    let ids = [builder.add_authority(authority_facts(1)), builder.add_authority(second.clone())];
    let index = Index::open(builder.finish::<Vec<u8>>(None).unwrap().to_vec()).unwrap();
    let named: Vec<_> = index.authorities_named(&second.name).map(|authority| authority.id()).collect();
    assert_eq!(named, ids);
}

#[test]
fn tables_of_other_issuers_are_found_from_both_sides() {
    let mut builder = Builder::new(file_facts(1));
    let issuer = |name: &[u8]| NameKey::from_octets(name);
    let ids: Vec<_> = (0..3).map(|number| builder.add_authority(authority_facts(number))).collect();
    let crls: Vec<_> = ids.iter().map(|id| builder.add_crl(*id, crl_facts(1))).collect();
    builder.add_listings(crls[2], Some(issuer(b"x")), one_listing(1)).unwrap();
    builder.add_listings(crls[0], Some(issuer(b"x")), one_listing(2)).unwrap();
    builder.add_listings(crls[0], Some(issuer(b"b")), one_listing(3)).unwrap();
    builder.add_listings(crls[0], None, one_listing(4)).unwrap();
    let index = Index::open(builder.finish::<Vec<u8>>(None).unwrap().to_vec()).unwrap();
    let (x, b) = (issuer(b"x"), issuer(b"b"));
    let listers = |name| index.tables_for_issuer(name).map(|table| table.authority()).collect::<Vec<_>>();
    assert_eq!(listers(&x), [ids[0], ids[2]]);
    assert_eq!(listers(&b), [ids[0]]);
    assert_eq!(listers(&issuer(b"c")), []);
    let has = |id, name: Option<&NameKey>, serial| {
        index.table(id, name).is_some_and(|table| table.contains(Serial::from_u64(serial).as_ref()).unwrap())
    };
    assert!(
        has(ids[2], Some(&x), 1)
            && has(ids[0], Some(&x), 2)
            && has(ids[0], Some(&b), 3)
            && has(ids[0], None, 4)
    );
    assert!(!has(ids[0], None, 3) && !has(ids[0], Some(&x), 4) && !has(ids[1], None, 4));
    let issuers: Vec<_> = index.tables_of(ids[0]).map(|table| table.certificate_issuer()).collect();
    assert_eq!(issuers, [None, Some(b), Some(x)]);
}

#[test]
fn a_table_that_vanished_says_what_it_had() {
    let build = |with_entries: bool, previous: Option<&Index<Vec<u8>>>| {
        let mut builder = Builder::new(file_facts(if with_entries { 1 } else { 2 }));
        // The second build numbers the authorities differently.
        if !with_entries {
            builder.add_authority(authority_facts(9));
        }
        let id = builder.add_authority(authority_facts(3));
        let crl = builder.add_crl(id, crl_facts(1));
        if with_entries {
            builder.add_listings(crl, None, one_listing(77)).unwrap();
        }
        (Index::open(builder.finish(previous).unwrap().to_vec()).unwrap(), id)
    };
    let (old, _) = build(true, None);
    let (new, id) = build(false, Some(&old));
    let table = new.table(id, None).unwrap();
    assert!(table.is_empty() && !table.contains(Serial::from_u64(77).as_ref()).unwrap());
    assert_eq!(table.removed().unwrap().unwrap().cardinality(), 1);
    new.verify().unwrap();
}

#[test]
fn ids_of_other_builders_are_refused() {
    let mut large = Builder::new(file_facts(1));
    let authorities: Vec<_> = (0..3).map(|number| large.add_authority(authority_facts(number))).collect();
    let crl = large.add_crl(authorities[2], crl_facts(0));
    let mut small = Builder::new(file_facts(1));
    assert!(matches!(
        small.add_listings(crl, None, Listings::new()),
        Err(BuildError::UnknownId { what: "CRL", .. })
    ));
    small.add_crl(authorities[2], crl_facts(0));
    assert!(matches!(small.finish::<Vec<u8>>(None), Err(BuildError::UnknownId { what: "authority", id: 2 })));
}

#[test]
fn what_is_no_index_is_told_apart() {
    assert_eq!(Index::open(b"".as_slice()).unwrap_err(), IndexError::NotAnIndex);
    assert_eq!(Index::open([0x30_u8; 5000].as_slice()).unwrap_err(), IndexError::NotAnIndex);
    let mut file = Builder::new(file_facts(1)).finish::<Vec<u8>>(None).unwrap().to_vec();
    Index::open(file.as_slice()).unwrap().verify().unwrap();
    assert!(matches!(Index::open(&file[..file.len() - 1]), Err(IndexError::WrongLength { .. })));
    for found in [1, 2, 4] {
        file[8] = found;
        let refused = Index::open(file.as_slice()).unwrap_err();
        assert_eq!(refused, IndexError::UnsupportedVersion { found: found.into() });
    }
}
