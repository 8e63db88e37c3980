//! Writes the seed corpora: `cargo run --example seeds` in this folder.

use std::fs;
use std::path::Path;

use revocache_testkit::{
    Authority, CertState, CrlBuilder, DistributionPoint, Entry, Extension, GeneralName, IdHash,
    IssuingDistributionPoint, Key, KeyKind, Name, OcspCertId, OcspRequest, OcspResponse, SingleResponse,
    StringKind, Time, der, oid, pem,
};

fn write(target: &str, name: &str, octets: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), octets).unwrap();
}

fn main() {
    let ca = Authority::root("Seed", KeyKind::Ed25519);
    let plain = ca.crl().number(1).entry(Entry::new(&[0, 0xff]).reason(1)).entry(Entry::new(&[2]));
    let scope = IssuingDistributionPoint {
        full_name: vec![GeneralName::uri("http://a.example/"), GeneralName::Directory(Name::new("x"))],
        only_user: true,
        reasons: Some(6),
        indirect: true,
        ..IssuingDistributionPoint::default()
    };
    let full = ca
        .crl()
        .number(5)
        .delta(4)
        .scope(&scope)
        .freshest(&[DistributionPoint::uri("http://b.example/")])
        .expired_certs_on_crl(1_600_000_000)
        .extension(Extension::new("1.2.3", &[5, 0]))
        .entry(Entry::new(&[3]).reason(8).invalidity_date(1_700_000_000))
        .entry(Entry::new(&[4]).certificate_issuer(&Name::new("Other")))
        .entry(Entry::new(&[5]).revoked_at(Time::generalized(1_700_000_000)));
    let relative = IssuingDistributionPoint { relative_name: Some(Name::new("rel")), ..Default::default() };
    let empty = CrlBuilder { empty_list: true, ..ca.crl().version1() };
    for (name, crl) in [
        ("plain", plain.clone()),
        ("full", full),
        ("relative", ca.crl().scope(&relative)),
        ("version1", ca.crl().version1().entry(Entry::new(&[1]))),
        ("empty", empty),
        ("pss", ca.crl().signature(revocache_testkit::Signature::RsaPssSha256)),
    ] {
        let der = crl.build(&ca.key);
        write("crl", name, &der);
        write("crl_differential", name, &der);
    }
    write(
        "crl",
        "certificate",
        &ca.leaf(&[7]).distribution_points(&[DistributionPoint::uri("http://a/")]).build(&ca),
    );
    write("name", "plain", &Name::new("Seed").der());
    for (name, kind) in
        [("bmp", StringKind::Bmp), ("universal", StringKind::Universal), ("teletex", StringKind::Teletex)]
    {
        write("name", name, &Name::empty().rdn(oid::COMMON_NAME, kind, "Straße  1").der());
    }
    let both = [(oid::COMMON_NAME, StringKind::Utf8.der(" #a,\u{212b}ﬁ")), ("1.2.3", vec![5, 0])];
    write("name", "multi", &Name::empty().rdn_of(&both).der());
    let text = format!("text\n{}\n{}", pem("CERTIFICATE", &[1, 2, 3, 4]), plain.build_pem(&ca.key));
    write("pem", "two", text.as_bytes());
    write("pem", "windows", pem("X509 CRL", &[9; 100]).replace('\n', "\r\n").as_bytes());
    write("pem", "bad", b"-----BEGIN A-----\nAQ=\n-----END A-----\n");
    qualified(&ca);
    ocsp();
    wire();
    containers();
}

/// Key stores of one key with its certificate, under 123456, and certificates without keys.
fn containers() {
    use revocache::keystore::pkcs12::{Pkcs12Strength, write_pkcs12};
    use revocache::keystore::{KeyEntry, PrivateKey, TrustedEntry, jks::write_jks, to_pem, write_pkcs7};
    use revocache::pki::Certificate;

    let ca = Authority::root("Seed", KeyKind::Ed25519);
    let key = Key::new(KeyKind::P256);
    let leaf = Authority::builder(&[7], &Name::new("leaf"), &key).build(&ca);
    let certificate = |der: &[u8]| Certificate::from_der(der).unwrap();
    let private = PrivateKey::from_pkcs8(key.pkcs8().to_vec().into()).unwrap();
    let chain = vec![certificate(&leaf), certificate(&ca.certificate)];
    let keys = [KeyEntry { alias: "server".to_owned(), key: private, chain: chain.clone() }];
    let trusted = [TrustedEntry { alias: "root".to_owned(), certificate: certificate(&ca.certificate) }];
    let quick = Pkcs12Strength { encryption: std::num::NonZeroU32::MIN, mac: std::num::NonZeroU32::MIN };
    write("pkcs12", "both", &write_pkcs12(&keys, &trusted, "123456", quick).unwrap());
    write("pkcs12", "trusted", &write_pkcs12(&[], &trusted, "123456", quick).unwrap());
    write("jks", "both", &write_jks(&keys, &trusted, "123456", "123456", 1).unwrap());
    write("jks", "trusted", &write_jks(&[], &trusted, "123456", "123456", 1).unwrap());
    let bundle = write_pkcs7(&chain);
    write("certificate_file", "x509", &leaf);
    write("certificate_file", "pkcs7", &bundle);
    write("certificate_file", "pem", to_pem("PKCS7", &bundle).as_bytes());
    write("certificate_file", "two", &[to_pem("CERTIFICATE", &leaf), to_pem("CERTIFICATE", &leaf)].concat().into_bytes());
    // The same in BER: the outermost length is left open.
    let content = bundle.get(4..).unwrap();
    write("certificate_file", "ber", &[&[0x30, 0x80], content, &[0, 0]].concat());
}

/// What a certificate of Ukraine says of its holder, alone and inside one.
fn qualified(ca: &Authority) {
    let attribute = |kind: &str, value: Vec<u8>| der::sequence(&[der::oid(kind), der::set(&[value])]);
    let attributes = der::sequence(&[
        attribute("1.2.804.2.1.1.1.11.1.4.1.1", StringKind::Printable.der("3456789012")),
        attribute("1.2.804.2.1.1.1.11.1.4.2.1", StringKind::Utf8.der("")),
        attribute("1.3.6.1.5.5.7.9.1", der::element(0x18, b"19900101120000Z")),
    ]);
    let statement = |id: &str, info: Vec<u8>| der::sequence(&[der::oid(id), info]);
    let kinds = der::sequence(&[der::oid("0.4.0.1862.1.6.2")]);
    let statements = der::sequence(&[
        statement("1.2.804.2.1.1.1.2.1", vec![]),
        statement("0.4.0.1862.1.4", vec![]),
        statement("0.4.0.1862.1.6", kinds),
    ]);
    let names = der::sequence(&[der::implicit(1, b"a@b"), der::implicit(7, &[127, 0, 0, 1])]);
    let purposes = der::sequence(&[der::oid("1.2.804.2.1.1.1.3.9")]);
    let certificate = ca
        .leaf(&[7])
        .extension(Extension::new("2.5.29.9", &attributes))
        .extension(Extension::new("1.3.6.1.5.5.7.1.3", &statements))
        .extension(Extension::new("2.5.29.17", &names))
        .extension(Extension::new("2.5.29.37", &purposes))
        .build(ca);
    write("qualified", "attributes", &attributes);
    write("qualified", "statements", &statements);
    write("qualified", "certificate", &certificate);
}

fn ocsp() {
    // The same CA as in the target, which knows its key.
    let ca = Authority::root_with(Name::new("Seed"), Key::ed25519(&[7; 32]));
    let id = OcspCertId::new(&ca, &[0x00, 0xff]);
    let longer = OcspCertId::with(IdHash::Sha256, &ca, &[0x12, 0x34]);
    let revoked = SingleResponse::new(id.clone(), CertState::revoked(1_700_000_000, Some(1)))
        .extension(Extension::invalidity_date(1_600_000_000))
        .extension(Extension::reason(1));
    let key = Key::ed25519(&[8; 32]);
    let delegate = ca.ocsp_delegate(&[9], &Name::new("Delegate"), &key).ocsp_nocheck().build(&ca);
    for (name, response, key) in [
        ("good", OcspResponse::by_name(&ca.name).answer(&id, CertState::Good), &ca.key),
        ("revoked", OcspResponse::by_key(&ca.key).single(revoked.clone()).nonce(&[5; 16]), &ca.key),
        (
            "several",
            OcspResponse::by_name(&ca.name)
                .answer(&longer, CertState::Unknown)
                .single(SingleResponse::new(id.clone(), CertState::Good).updates(1_738_000_000, None))
                .single(revoked)
                .extension(Extension::new("1.3.6.1.5.5.7.48.1.9", &[5, 0])),
            &ca.key,
        ),
        (
            "delegate",
            OcspResponse::by_name(&Name::new("Delegate")).answer(&id, CertState::Good).certificate(&delegate),
            &key,
        ),
    ] {
        write("ocsp_response", name, &response.build(key));
    }
    write("ocsp_response", "try_later", &OcspResponse::refusal(3));
    let plain = OcspRequest::new(&[id.clone()]);
    let full = OcspRequest {
        nonce: Some(vec![3; 32]),
        extensions: vec![Extension::new(
            "1.3.6.1.5.5.7.48.1.4",
            &der::sequence(&[der::oid(oid::OCSP_BASIC)]),
        )],
        single_extensions: vec![Extension::new("1.3.6.1.5.5.7.48.1.7", &der::sequence(&[]))],
        raw_head: [der::explicit(0, &der::integer(0)), der::explicit(1, &der::implicit(2, b"client"))]
            .concat(),
        ..OcspRequest::new(&[id, longer])
    };
    write("ocsp_request", "plain", &plain.der());
    write("ocsp_request", "full", &full.der());
    write("ocsp_path", "escaped", b"/MAMCAf8%3D");
    write("ocsp_path", "plain", b"MEIwQDA+MDwwOjAJBgUrDgMCGgUABBS=");
}

/// The examples of the protocol's document, one by one and as one stream.
fn wire() {
    let document = include_str!("../docs/protocol.md");
    let mut stream = vec![255, 7];
    for block in document.split("```wire ").skip(1) {
        let (name, body) = block.split_once('\n').unwrap();
        let (body, _) = body.split_once("```").unwrap();
        let octets: Vec<u8> = body
            .lines()
            .filter_map(|line| line.split_once('|'))
            .flat_map(|(octets, _)| octets.split_whitespace())
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect();
        stream.extend_from_slice(&octets);
        let message = match octets[2] >> 6 {
            0 => 3,
            _ => 4,
        };
        write("wire_frame", name, &[&octets[1..2], &octets[message..]].concat());
    }
    write("wire_stream", "all", &stream);
}
