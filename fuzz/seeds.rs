//! Writes the seed corpora: `cargo run --example seeds` in this folder.

use std::fs;
use std::path::Path;

use revocache_testkit::{
    Authority, CrlBuilder, DistributionPoint, Entry, Extension, GeneralName, IssuingDistributionPoint, KeyKind, Name,
    StringKind, Time, oid, pem,
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
    write("crl", "certificate", &ca.leaf(&[7]).distribution_points(&[DistributionPoint::uri("http://a/")]).build(&ca));
    write("name", "plain", &Name::new("Seed").der());
    for (name, kind) in [("bmp", StringKind::Bmp), ("universal", StringKind::Universal), ("teletex", StringKind::Teletex)] {
        write("name", name, &Name::empty().rdn(oid::COMMON_NAME, kind, "Straße  1").der());
    }
    let both = [(oid::COMMON_NAME, StringKind::Utf8.der(" #a,\u{212b}ﬁ")), ("1.2.3", vec![5, 0])];
    write("name", "multi", &Name::empty().rdn_of(&both).der());
    let text = format!("text\n{}\n{}", pem("CERTIFICATE", &[1, 2, 3, 4]), plain.build_pem(&ca.key));
    write("pem", "two", text.as_bytes());
    write("pem", "windows", pem("X509 CRL", &[9; 100]).replace('\n', "\r\n").as_bytes());
    write("pem", "bad", b"-----BEGIN A-----\nAQ=\n-----END A-----\n");
    wire();
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
