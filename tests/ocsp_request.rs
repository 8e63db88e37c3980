//! OCSP requests: written so that others read them, read so that nothing odd gets by.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
mod ocsp_support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::{Decode, Encode};
use ocsp_support::{certificate, with_one_too_many};
use proptest::prelude::*;
use revocache::ocsp::{
    MAX_REQUESTS, Nonce, NonceError, OcspRequest, RequestError, encode_request, get_path, request_from_path,
};
use revocache::types::{CertId, CertIdHash, Serial};
use revocache_testkit::{Authority, Extension, IdHash, KeyKind, OcspCertId, der as write, oid};

type Written = revocache_testkit::OcspRequest;

fn sha1(name: u8, key: u8, serial: &[u8]) -> CertId {
    let issuer = CertIdHash::Sha1 { name: [name; 20], key: [key; 20] };
    CertId { issuer, serial: Serial::new(serial).unwrap() }
}

fn sha256(name: u8, key: u8, serial: &[u8]) -> CertId {
    let issuer = CertIdHash::Sha256 { name: [name; 32], key: [key; 32] };
    CertId { issuer, serial: Serial::new(serial).unwrap() }
}

fn cert_id() -> impl Strategy<Value = CertId> {
    // As CAs make them: not negative, up to 20 octets, half of them with the top bit behind a zero.
    let serial = prop::collection::vec(any::<u8>(), 1..=19).prop_map(|mut octets| {
        octets.insert(0, 0);
        octets
    });
    (any::<bool>(), any::<u8>(), any::<u8>(), serial).prop_map(|(longer, name, key, serial)| {
        if longer { sha256(name, key, &serial) } else { sha1(name, key, &serial) }
    })
}

fn nonce() -> impl Strategy<Value = Option<Nonce>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 1..=128))
        .prop_map(|octets| octets.map(|octets| Nonce::new(&octets).unwrap()))
}

proptest! {
    /// x509-ocsp reads what is written here, writes the same octets, and says the same of them.
    #[test]
    fn x509_ocsp_reads_the_same(ids in prop::collection::vec(cert_id(), 1..6), nonce in nonce()) {
        let request = encode_request(&ids, nonce.as_ref());
        let theirs = x509_ocsp::OcspRequest::from_der(&request).unwrap();
        prop_assert_eq!(&theirs.to_der().unwrap(), &request);
        let found = theirs.nonce().map(|nonce| nonce.0.as_bytes().to_vec());
        prop_assert_eq!(found, nonce.map(|nonce| nonce.octets().to_vec()));
        prop_assert_eq!(theirs.tbs_request.request_list.len(), ids.len());
        for (their, own) in theirs.tbs_request.request_list.iter().zip(&ids) {
            let (function, name, key) = match &own.issuer {
                CertIdHash::Sha1 { name, key } => (oid::SHA1, name.to_vec(), key.to_vec()),
                CertIdHash::Sha256 { name, key } => (oid::SHA256, name.to_vec(), key.to_vec()),
            };
            prop_assert_eq!(their.req_cert.hash_algorithm.oid.to_string(), function);
            prop_assert_eq!(their.req_cert.issuer_name_hash.as_bytes(), &name);
            prop_assert_eq!(their.req_cert.issuer_key_hash.as_bytes(), &key);
            prop_assert_eq!(their.req_cert.serial_number.as_bytes(), own.serial.octets());
        }
    }

    #[test]
    fn what_is_written_is_read(ids in prop::collection::vec(cert_id(), 1..6), nonce in nonce()) {
        let request = encode_request(&ids, nonce.as_ref());
        let read = OcspRequest::parse(&request).unwrap();
        prop_assert_eq!(read.cert_ids.iter().map(|id| id.to_cert_id().unwrap()).collect::<Vec<_>>(), &ids[..]);
        for (raw, id) in read.cert_ids.iter().zip(&ids) {
            prop_assert_eq!(raw.raw, id.der());
        }
        prop_assert_eq!(read.nonce, nonce.clone());
        let kit = Written::read(&request).unwrap();
        prop_assert_eq!(kit.nonce, nonce.map(|nonce| nonce.octets().to_vec()));
        prop_assert_eq!(kit.cert_ids.len(), ids.len());
    }

    /// The path of a GET leads back to the request, and only in URLs of at most 255 octets.
    #[test]
    fn a_path_leads_back_to_its_request(
        request in prop::collection::vec(any::<u8>(), 1..260),
        host in "[a-z]{1,40}",
        slash in any::<bool>(),
    ) {
        let responder = format!("http://{host}.example{}", if slash { "/" } else { "" });
        let escaped: usize =
            STANDARD.encode(&request).chars().map(|c| if c.is_alphanumeric() { 1 } else { 3 }).sum();
        let length = responder.len() + usize::from(!slash) + escaped;
        match get_path(&responder, &request) {
            Some(path) => {
                let url = format!("{responder}{path}");
                prop_assert!(url.len() <= 255 && url.len() == length);
                prop_assert!(path.trim_start_matches('/').chars().all(|c| c.is_alphanumeric() || c == '%'));
                prop_assert_eq!(path.starts_with('/'), !slash);
                if request[0] < 0xfc {
                    prop_assert_eq!(request_from_path(&path).unwrap(), request);
                }
            }
            None => prop_assert!(length > 255),
        }
    }

    #[test]
    fn no_path_breaks_the_reader(path in "[A-Za-z0-9+/=% -]{0,60}") {
        let _ = request_from_path(&path);
    }
}

#[test]
fn identifiers_are_hashes_of_the_issuer() {
    for kind in [KeyKind::Rsa, KeyKind::P384] {
        let ca = Authority::root("Issuer", kind);
        let issuer = certificate(&ca.certificate);
        let serial = Serial::new(&[0, 0xff]).unwrap();
        for (id, hash) in [
            (CertId::sha1(&issuer, &serial), IdHash::Sha1),
            (CertId::sha256(&issuer, &serial), IdHash::Sha256),
        ] {
            assert_eq!(id.der(), OcspCertId::with(hash, &ca, &[0, 0xff]).der());
        }
    }
}

#[test]
fn openssl_reads_and_writes_the_same_request() {
    let ca = Authority::root("Issuer", KeyKind::P256);
    let leaf = ca.leaf(&[0x00, 0x9a, 0xbc]).build(&ca);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("ca.pem"), revocache_testkit::pem("CERTIFICATE", &ca.certificate)).unwrap();
    std::fs::write(file("leaf.pem"), revocache_testkit::pem("CERTIFICATE", &leaf)).unwrap();
    let issuer = certificate(&ca.certificate);
    let serial = certificate(&leaf).serial().clone();
    for (flag, id) in
        [("-sha1", CertId::sha1(&issuer, &serial)), ("-sha256", CertId::sha256(&issuer, &serial))]
    {
        let words = format!("ocsp -no_nonce {flag}");
        let arguments = common::with_paths(
            &words,
            &[("-issuer", &file("ca.pem")), ("-cert", &file("leaf.pem")), ("-reqout", &file("theirs.der"))],
        );
        let Some(ran) = common::openssl(arguments) else { return };
        assert!(file("theirs.der").exists(), "{ran:?}");
        let theirs = std::fs::read(file("theirs.der")).unwrap();
        assert_eq!(encode_request(std::slice::from_ref(&id), None), theirs, "{flag}");
        assert_eq!(OcspRequest::parse(&theirs).unwrap().cert_ids[0].to_cert_id().unwrap(), id);

        let nonce = Nonce::new(&[0xa5; 32]).unwrap();
        std::fs::write(file("own.der"), encode_request(&[id.clone(), id], Some(&nonce))).unwrap();
        let arguments = common::with_paths("ocsp -req_text", &[("-reqin", &file("own.der"))]);
        let text = common::openssl(arguments).unwrap().stdout;
        assert_eq!(text.matches("Serial Number: 9ABC").count(), 2, "{text}");
        assert!(text.contains("OCSP Nonce") && text.contains("0420A5A5A5"), "{text}");
    }
}

#[test]
fn nonces_have_1_to_128_octets() {
    assert_eq!(Nonce::new(&[]), Err(NonceError::Length { octets: 0 }));
    assert_eq!(Nonce::new(&[0; 129]), Err(NonceError::Length { octets: 129 }));
    assert!(Nonce::new(&[0; 128]).is_ok());
    let (one, other) = (Nonce::random().unwrap(), Nonce::random().unwrap());
    assert_eq!(one.octets().len(), 32);
    assert_ne!(one, other);
}

#[test]
fn a_url_with_a_query_takes_no_path() {
    let request = [0x30, 0x03, 0x02, 0x01, 0xff];
    assert_eq!(get_path("http://a.example", &request).unwrap(), "/MAMCAf8%3D");
    assert_eq!(get_path("http://a.example/ocsp/", &request).unwrap(), "MAMCAf8%3D");
    assert_eq!(get_path("http://a.example/?ca=1", &request), None);
    assert_eq!(get_path("http://a.example/#x", &request), None);
    let exactly = get_path("http://aaa.example", &[0; 177]).unwrap();
    assert_eq!("http://aaa.example".len() + exactly.len(), 255);
    assert_eq!(get_path("http://aaaa.example", &[0; 177]), None);
    for path in ["/MAMCAf8%3D", "MAMCAf8=", "//MAMCAf8%3d"] {
        assert_eq!(request_from_path(path).unwrap(), request);
    }
    for path in ["MAMCAf8", "MAMCAf8%", "MAMCAf8%3", "MAMCAf8%zz", "MAMC Af8=", "MAMCAf8%3D/x", "MAMCAf9="] {
        assert_eq!(request_from_path(path), Err(RequestError::BadPath), "{path}");
    }
    let long = "A".repeat(4 * 64 * 1024 + 1);
    assert_eq!(request_from_path(&long).unwrap_err().code(), "limit_exceeded");
}

fn written() -> Written {
    let ca = Authority::root("Issuer", KeyKind::P256);
    Written::new(&[OcspCertId::new(&ca, &[0, 0x80])])
}

#[track_caller]
fn assert_code(request: &Written, code: &str) {
    let der = request.der();
    let error = OcspRequest::parse(&der).expect_err("the request must be refused");
    assert_eq!(error.code(), code, "{error}");
}

#[test]
fn every_part_a_client_may_add_is_read() {
    let plain = written();
    let signature = write::sequence(&[
        write::sequence(&[write::oid("1.2.840.10045.4.3.2")]),
        write::bit_string(&[1, 2, 3]),
        write::explicit(0, &write::sequence(&[])),
    ]);
    let name = write::explicit(1, &write::implicit(2, b"client.example"));
    let full = Written {
        raw_head: [write::explicit(0, &write::integer(0)), name].concat(),
        raw_tail: write::explicit(0, &signature),
        nonce: Some(vec![3; 16]),
        extensions: vec![Extension::new(
            "1.3.6.1.5.5.7.48.1.4",
            &write::sequence(&[write::oid(oid::OCSP_BASIC)]),
        )],
        single_extensions: vec![Extension::new("1.3.6.1.5.5.7.48.1.7", &write::sequence(&[]))],
        ..plain.clone()
    };
    let (der, bare) = (full.der(), plain.der());
    let read = OcspRequest::parse(&der).unwrap();
    assert!(read.signed && !OcspRequest::parse(&bare).unwrap().signed);
    assert_eq!(read.nonce.unwrap().octets(), [3; 16]);
    assert_eq!(read.cert_ids[0].serial.to_string(), "0080");
    assert_eq!(read.cert_ids[0].raw, plain.cert_ids[0].der());

    // The algorithm and the certificates of the signature are not looked at, nor are the values of the two unknown
    // extensions, in which are two elements each. Everything else is.
    let accepted = with_one_too_many(&der).iter().filter(|der| OcspRequest::parse(der).is_ok()).count();
    assert_eq!(accepted, 6);

    // A hash function nobody knows: what it names is unknown, and the request is answered so.
    let mut other = plain;
    other.cert_ids[0].algorithm = write::sequence(&[write::oid("2.16.840.1.101.3.4.2.3"), vec![5, 0]]);
    other.cert_ids[0].key_hash = vec![1; 64];
    let der = other.der();
    let read = OcspRequest::parse(&der).unwrap();
    assert_eq!((read.cert_ids[0].issuer, read.cert_ids[0].to_cert_id()), (None, None));
}

#[test]
fn odd_requests_are_refused() {
    let plain = written();
    let with = |change: &dyn Fn(&mut Written)| {
        let mut request = plain.clone();
        change(&mut request);
        request
    };
    assert_code(&with(&|request| request.cert_ids.clear()), "malformed");
    assert_code(&with(&|request| request.cert_ids[0].serial.clear()), "malformed");
    assert_code(&with(&|request| request.cert_ids[0].name_hash.push(0)), "malformed");
    assert_code(&with(&|request| request.raw_tail = vec![5, 0]), "malformed");
    assert_code(&with(&|request| request.raw_tail = write::explicit(0, &[5, 0])), "malformed");
    assert_code(&with(&|request| request.raw_head = write::explicit(0, &write::integer(1))), "malformed");
    assert_code(&with(&|request| request.nonce = Some(vec![])), "bad_nonce");
    assert_code(&with(&|request| request.nonce = Some(vec![1; 129])), "bad_nonce");
    let unknown = Extension::critical("1.2.3", &[5, 0]);
    let code = "unsupported_critical_extension";
    assert_code(&with(&|request| request.extensions = vec![unknown.clone()]), code);
    assert_code(&with(&|request| request.single_extensions = vec![unknown.clone()]), code);
    let harmless = Extension::new("1.2.3", &[5, 0]);
    assert_code(&with(&|request| request.extensions = vec![harmless.clone(); 2]), "malformed");
    let id = plain.cert_ids[0].clone();
    assert_code(&with(&|request| request.cert_ids = vec![id.clone(); MAX_REQUESTS + 1]), "limit_exceeded");
    assert!(
        OcspRequest::parse(&with(&|request| request.cert_ids = vec![id.clone(); MAX_REQUESTS]).der()).is_ok()
    );
    let large = Extension::new("1.2.3", &write::octet_string(&vec![0; 70_000]));
    assert_code(&with(&|request| request.extensions = vec![large.clone()]), "limit_exceeded");
    let der = plain.der();
    for length in 0..der.len() {
        assert!(OcspRequest::parse(&der[..length]).is_err());
    }
}

/// The ocsp crate's own parser accepts what it encoded; it is used for nothing else.
#[test]
fn the_ocsp_crate_reads_what_it_helped_to_write() {
    let ids = [sha1(1, 2, &[0, 0xff]), sha1(3, 4, &[0x7f])];
    let request = encode_request(&ids, Some(&Nonce::new(&[9; 16]).unwrap()));
    let theirs = ::ocsp::request::OcspRequest::parse(&request).unwrap();
    let serials: Vec<_> = theirs.extract_cert_sn().into_iter().cloned().collect();
    assert_eq!(serials, [vec![0, 0xff], vec![0x7f]]);
}
