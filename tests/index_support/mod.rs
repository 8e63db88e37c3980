//! What the tests of the index share: facts with few words, and a model that is too simple to be wrong.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use revocache::index::{
    AuthorityFacts, Builder, CrlId, FileFacts, Image, Index, IndexError, KeyFacts, Listings, NameHashes,
    Table,
};
use revocache::types::{
    CrlFacts, CrlNumber, KindScope, Listing, NameKey, ReasonCode, ReasonSet, Scope, Serial,
    SignatureAlgorithm, UnixTime,
};

pub fn file_facts(generation: u64) -> FileFacts {
    FileFacts { generation, created_at: UnixTime::from_seconds(1_767_225_600), secret: [0x5a; 32] }
}

pub fn authority_facts(number: u8) -> AuthorityFacts {
    AuthorityFacts {
        name: NameKey::from_octets(vec![b'a', number]),
        display: format!("CN=Authority {number}"),
        name_hashes: vec![NameHashes { sha1: [number; 20], sha256: [number ^ 0xff; 32] }],
        keys: vec![KeyFacts {
            spki: vec![number; 91],
            spki_sha256: [number; 32],
            key_sha1: [number ^ 0x0f; 20],
            key_sha256: [number ^ 0xf0; 32],
            key_ids: vec![vec![number; 20], vec![]],
            certificates: vec![vec![0x30, number], vec![0x30; 300]],
        }],
    }
}

pub fn crl_facts(number: u64) -> CrlFacts {
    CrlFacts {
        this_update: UnixTime::from_seconds(1_767_225_600),
        next_update: (number.is_multiple_of(2)).then(|| UnixTime::from_seconds(1_767_830_400)),
        crl_number: Some(CrlNumber::from(number)),
        base_crl_number: (number % 3 == 1).then(|| CrlNumber::from(0)),
        scope: Scope {
            distribution_points: vec![NameKey::from_octets(*b"http://crl.example/a")],
            kinds: KindScope::User,
            only_some_reasons: (number % 5 == 2).then(|| ReasonSet::from_bits(6)),
            indirect: number % 2 == 1,
        },
        expired_certs_on_crl: (number == 4).then(|| UnixTime::from_seconds(-7)),
        freshest_crl_uris: vec!["http://crl.example/delta".to_owned()],
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        signer_key: [9; 32],
        tbs_digest: vec![8; 32],
        entries: number,
        size: 1000 + number,
    }
}

pub fn listing(seconds: i64, reason: ReasonCode) -> Listing {
    Listing { revoked_at: UnixTime::from_seconds(seconds), reason, invalidity_date: None }
}

/// What a table should say: every serial with the listing of each CRL.
pub type Model = BTreeMap<Serial, BTreeMap<CrlId, Listing>>;

/// One statement of one CRL.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Which of the CRLs, counted as the test counts them.
    pub crl: usize,
    pub serial: Serial,
    pub listing: Listing,
}

pub fn model_of(statements: &[Statement], crls: &[CrlId]) -> Model {
    let mut model = Model::new();
    for statement in statements {
        let said = model.entry(statement.serial.clone()).or_default();
        let new = statement.listing;
        said.entry(crls[statement.crl])
            .and_modify(|old| {
                let rank = |listing: &Listing| {
                    let invalidity = listing.invalidity_date;
                    let removed = listing.reason == ReasonCode::RemoveFromCrl;
                    (removed, listing.revoked_at, listing.reason.code(), invalidity.is_none(), invalidity)
                };
                if rank(&new) < rank(old) {
                    *old = new;
                }
            })
            .or_insert(new);
    }
    model
}

/// Builds one table for one authority from statements of several CRLs.
pub fn build_one(
    statements: &[Statement],
    crl_count: usize,
    tune: impl FnOnce(&mut Builder),
    previous: Option<&Index<Vec<u8>>>,
) -> (Image, Vec<CrlId>) {
    let generation = previous.map_or(1, |index| index.generation() + 1);
    let mut builder = Builder::new(file_facts(generation));
    tune(&mut builder);
    let authority = builder.add_authority(authority_facts(1));
    let crls: Vec<CrlId> = (0..crl_count)
        .map(|number| builder.add_crl(authority, crl_facts(number.try_into().unwrap())))
        .collect();
    let mut listings: Vec<Listings> = crls.iter().map(|_| Listings::new()).collect();
    for statement in statements {
        listings[statement.crl].push(statement.serial.as_ref(), statement.listing);
    }
    for (crl, listings) in crls.iter().zip(listings) {
        if !listings.is_empty() {
            builder.add_listings(*crl, None, listings).unwrap();
        }
    }
    (builder.finish(previous).unwrap(), crls)
}

/// What a table says of a serial.
pub fn said_of(table: &Table<'_>, serial: &Serial) -> Result<Option<BTreeMap<CrlId, Listing>>, IndexError> {
    match table.find(serial.as_ref())? {
        None => Ok(None),
        Some(found) => found.listings().collect::<Result<BTreeMap<_, _>, _>>().map(Some),
    }
}

/// Serials that are not in a model: neighbours of those that are, and of other lengths.
pub fn absent_from(model: &Model) -> Vec<Serial> {
    let mut absent: Vec<Serial> = Vec::new();
    for serial in model.keys() {
        let octets = serial.octets();
        let mut next = octets.to_vec();
        *next.last_mut().unwrap() ^= 1;
        let mut longer = octets.to_vec();
        longer.push(0);
        let mut wider = vec![1];
        wider.extend_from_slice(octets);
        for candidate in [next, longer, wider, octets[1..].to_vec()] {
            absent.extend(Serial::new(&candidate).ok());
        }
    }
    absent.extend([0, 1, 0xffff_ffff, u64::MAX].map(Serial::from_u64));
    absent.extend([Serial::new(&[0xff]).unwrap(), Serial::new(&[0x7f; 21]).unwrap()]);
    absent.retain(|serial| !model.contains_key(serial));
    absent
}

/// A small file with every kind of part: both encodings, two CRLs, rows, exceptions, filters, an indirect table.
pub fn varied_file() -> (Vec<u8>, Vec<(Option<NameKey>, Model)>) {
    let mut builder = Builder::new(file_facts(3));
    builder.filter_load(40).bucket_load(20);
    let authority = builder.add_authority(authority_facts(1));
    builder.add_authority(authority_facts(2));
    let crls = [builder.add_crl(authority, crl_facts(1)), builder.add_crl(authority, crl_facts(2))];
    let mut tables = Vec::new();
    for issuer in [None, Some(NameKey::from_octets(*b"other")), Some(NameKey::from_octets(*b"third"))] {
        let number = |i: u64| match &issuer {
            // Long and odd serials in one table, small ones in the next, sequential ones in the last.
            None if i.is_multiple_of(9) => {
                Serial::new(&vec![0x7f; 21 + usize::try_from(i).unwrap()]).unwrap()
            }
            None if i % 9 == 1 => Serial::new(&[0x80 + u8::try_from(i).unwrap()]).unwrap(),
            None => {
                let mut octets = vec![0x11; 16];
                octets[..8].copy_from_slice(&(i + 1).wrapping_mul(0x1234_5678_9abc_def1).to_le_bytes());
                octets.insert(0, 0);
                Serial::new(&octets).unwrap()
            }
            Some(name) if name.octets() == b"other" => Serial::from_u64(i * 7919 % 200_000),
            Some(_) => Serial::from_u64(500 + i),
        };
        let mut statements = Vec::new();
        for i in 0..36_u64 {
            let date =
                if i.is_multiple_of(7) { -1_000_000 } else { 1_700_000_000 } + i64::try_from(i).unwrap();
            let mut said = listing(date, ReasonCode::ALL[usize::try_from(i % 10).unwrap()]);
            said.invalidity_date = (i.is_multiple_of(11)).then_some(UnixTime::from_seconds(77));
            statements.push(Statement {
                crl: usize::from(i.is_multiple_of(3)),
                serial: number(i),
                listing: said,
            });
            if i.is_multiple_of(5) {
                statements.push(Statement { crl: 1, serial: number(i), listing: said });
            }
        }
        let mut listings = [Listings::new(), Listings::new()];
        for statement in &statements {
            listings[statement.crl].push(statement.serial.as_ref(), statement.listing);
        }
        for (crl, listings) in crls.iter().zip(listings) {
            builder.add_listings(*crl, issuer.clone(), listings).unwrap();
        }
        tables.push((issuer, model_of(&statements, &crls)));
    }
    (builder.finish::<Vec<u8>>(None).unwrap().to_vec(), tables)
}

/// Asks an index whatever it can be asked and ignores the answers; nothing may panic.
pub fn exercise<B: AsRef<[u8]>>(index: &Index<B>) {
    for authority in index.authorities() {
        let facts = authority.to_facts();
        let _ = index.authorities_named(&facts.name).count();
        for key in &facts.keys {
            let _ = index.authorities_with_key(&key.spki_sha256).count();
        }
        let _ = index.crls_of(authority.id()).count();
    }
    for table in index.tables() {
        let mut questions: Vec<Serial> = [0, 1, 77, 500, 0xffff_ffff, u64::MAX].map(Serial::from_u64).into();
        questions.extend(
            [&[0x80][..], &[0x7f; 21], &[0x7f; 20], &[0x81; 600]].map(|octets| Serial::new(octets).unwrap()),
        );
        for record in table.iter().take(3000) {
            let Ok(record) = record else { break };
            let _ = record.found().listings().take(1000).count();
            questions.extend(record.serial().ok().map(revocache::types::SerialRef::to_owned));
            let _ = table.record_at(record.ordinal());
        }
        for serial in &questions {
            if let Ok(Some(found)) = table.find(serial.as_ref()) {
                let _ = found.listings().take(1000).count();
            }
        }
        let questions: Vec<_> = questions.iter().map(Serial::as_ref).collect();
        table.find_batch(&questions, |_, _| ());
        for crl in table.crls() {
            let _ = table.crl_set(crl).map(|set| set.map(|set| set.to_bitmap()));
        }
        let _ = (table.added(), table.removed(), table.serial_bitmap());
    }
    let _ = index.verify();
}
