//! Builds and questions from outside: what is accepted, what is refused and why, and what the answers are.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::ffi::OsStr;
use std::path::Path;

use common::world::{AT, DAY, FEBRUARY, World, codes, status};
use revocache_testkit::{
    Authority, CertificateBuilder, CrlBuilder, DistributionPoint, Entry, Extension, GeneralName,
    IssuingDistributionPoint, Key, KeyKind, Signature, pem,
};
use serde_json::Value;

fn ca(name: &str) -> Authority {
    Authority::root(name, KeyKind::P256)
}

fn entry(serial: u8) -> Entry {
    Entry::new(&[serial]).revoked_at(FEBRUARY - DAY).reason(1)
}

#[test]
fn a_list_answers_for_its_authority() {
    let (world, ca) = (World::new(), ca("Plain CA"));
    let list = ca.crl().number(31).entry(entry(7)).entry(Entry::new(&[0x00, 0xd4, 0x1d])).build(&ca.key);
    let ran = world.build_with(&[&ca.certificate], &[&list], &[]);
    let report = ran.json();
    assert_eq!(report["generation"], 1);
    assert_eq!(report["entries"], 2);
    assert_eq!(report["authorities"], 1);
    assert!(report["bytes"].as_u64().unwrap() > 0 && report["elapsed_ms"].is_u64());
    assert_eq!(report["issuers"], serde_json::json!({"accepted": 1, "ignored": []}));
    let crl = &report["crls"][0];
    for (member, value) in [
        ("accepted", Value::from(true)),
        ("code", "accepted".into()),
        ("issuer", "CN=Plain CA,O=Testkit,C=ZZ".into()),
        ("crl_number", "1f".into()),
        ("this_update", "2025-02-01T00:00:00Z".into()),
        ("next_update", "2025-03-01T00:00:00Z".into()),
        ("entries", 2.into()),
        ("delta", false.into()),
        ("indirect", false.into()),
        ("stale", false.into()),
    ] {
        assert_eq!(crl[member], value, "{member} in {crl}");
    }

    let revoked = world.check_certificate(&ca.leaf(&[7]).build(&ca));
    for (member, value) in [
        ("status", Value::from("revoked")),
        ("cause", Value::Null),
        ("revocation_reason", "key_compromise".into()),
        ("revoked_at", "2025-01-31T00:00:00Z".into()),
        ("invalidity_date", Value::Null),
        ("method", "crl".into()),
        ("this_update", "2025-02-01T00:00:00Z".into()),
        ("next_update", "2025-03-01T00:00:00Z".into()),
        ("crl_number", "1f".into()),
        ("issuer", "CN=Plain CA,O=Testkit,C=ZZ".into()),
        ("serial", "07".into()),
        ("generation", 1.into()),
    ] {
        assert_eq!(revoked[member], value, "{member} in {revoked}");
    }
    let good = world.check_certificate(&ca.leaf(&[8]).build(&ca));
    assert_eq!((&good["status"], &good["this_update"]), (&"good".into(), &"2025-02-01T00:00:00Z".into()));
    assert_eq!(good["revocation_reason"], Value::Null);
    // The serial whose sign octet other programs lost.
    assert_eq!(status(&world.check_certificate(&ca.leaf(&[0x00, 0xd4, 0x1d]).build(&ca))), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "00d41d", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "0000d41d", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "0xd41d", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "d41d", AT)), "good");
    assert_eq!(status(&world.check_serial(&ca.certificate, "07", "2025-03-01T00:00:00Z")), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "08", "2025-03-01T00:00:00Z")), "unknown stale");
    assert_eq!(
        status(&world.check_serial(&ca.certificate, "08", "2025-01-31T23:59:59Z")),
        "unknown not_yet_valid"
    );
    assert_eq!(
        status(&world.check_certificate(&ca_like(&ca).leaf(&[7]).build(&ca_like(&ca)))),
        "unknown authority_unknown"
    );
}

fn common_name(issuer: &Value) -> &str {
    issuer.as_str().unwrap().strip_prefix("CN=").unwrap().split(',').next().unwrap()
}

/// Another CA of the same name.
fn ca_like(ca: &Authority) -> Authority {
    Authority::root_with(ca.name.clone(), Key::new(KeyKind::P256))
}

#[test]
fn every_kind_of_refusal_has_its_code_and_the_good_list_is_published() {
    let (world, ca, stranger) = (World::new(), ca("Refusing CA"), ca("Stranger"));
    let silent = Key::new(KeyKind::P256);
    let list = || ca.crl().number(5).entry(entry(7));
    let certificate_without_crl_sign =
        CertificateBuilder::new(&[9], ca.name.clone(), &silent).ca(true).key_usage(&[5]).build(&ca);
    let mut flipped = list().build(&ca.key);
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let mut cut = list().build(&ca.key);
    cut.pop();
    let late = ca.crl().number(9).updates(FEBRUARY + 20 * DAY, None).build(&ca.key);
    let critical = list().extension(Extension::critical("1.2.3.4", &[5, 0])).build(&ca.key);
    let critical_entry =
        ca.crl().number(5).entry(entry(7).extension(Extension::critical("1.2.3.4", &[5, 0])));
    let sha1 = list().signature(Signature::EcdsaSha1).build(&ca.key);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("accepted", list().build(&ca.key)),
        ("malformed", b"<html>maintenance</html>".to_vec()),
        ("malformed", Vec::new()),
        ("malformed", cut),
        ("malformed", [list().build(&ca.key), vec![0]].concat()),
        ("bad_signature", flipped),
        ("bad_signature", list().build(&stranger.key)),
        ("unknown_issuer", stranger.crl().number(1).build(&stranger.key)),
        ("signer_not_allowed", list().build(&silent)),
        ("unsupported_algorithm", sha1),
        ("unsupported_critical_extension", critical),
        ("unsupported_critical_extension", critical_entry.build(&ca.key)),
        ("not_yet_valid", late),
        ("delta_without_base", ca.crl().number(9).delta(8).build(&ca.key)),
        ("malformed", ca.crl().number(9).updates(FEBRUARY, Some(FEBRUARY - 1)).build(&ca.key)),
        ("malformed", ca.crl().delta(8).build(&ca.key)),
        ("superseded", ca.crl().number(4).updates(FEBRUARY - DAY, Some(FEBRUARY + 40 * DAY)).build(&ca.key)),
    ];
    let crls: Vec<&[u8]> = cases.iter().map(|(_, crl)| crl.as_slice()).collect();
    let issuers: [&[u8]; 2] = [&ca.certificate, &certificate_without_crl_sign];
    let ran = world.build_with(&issuers, &crls, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = ran.json();
    let expected: Vec<&str> = cases.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes(&report), expected, "{report:#}");
    for crl in report["crls"].as_array().unwrap() {
        assert_eq!(crl["accepted"], crl["code"] == "accepted");
        if crl["accepted"] == false {
            assert!(crl["message"].as_str().unwrap().len() > 10, "a reason: {crl}");
        }
    }
    assert_eq!(status(&world.check_serial(&ca.certificate, "07", AT)), "revoked");

    // The same again in strict mode: nothing is published, and the exit code tells.
    let strict = world.build_with(&issuers, &crls, &["--strict"]);
    assert_eq!(strict.code, Some(65));
    assert_eq!(strict.json()["generation"], 1);
    assert_eq!(strict.json()["published"], false);
    assert_eq!(world.check_serial(&ca.certificate, "07", AT)["generation"], 1);
}

#[test]
fn an_older_list_is_refused_after_a_restart_and_a_forced_one_is_recorded() {
    let (world, ca) = (World::new(), ca("Rolling CA"));
    let issue = |number: u64, day: i64, serial: u8| {
        ca.crl()
            .number(number)
            .updates(FEBRUARY + day * DAY, Some(FEBRUARY + 40 * DAY))
            .entry(entry(serial))
            .build(&ca.key)
    };
    let (first, second) = (issue(1, 0, 1), issue(2, 1, 2));
    assert_eq!(world.build(&[&ca.certificate], &[&second]), ["accepted"]);
    // The index knows the issuer by now.
    assert_eq!(world.build(&[], &[&first]), ["rollback"]);
    assert_eq!(
        world.build(&[], &[&issue(1, 5, 1)]),
        ["rollback"],
        "a later date does not excuse a lower number"
    );
    assert_eq!(status(&world.check_serial(&ca.certificate, "02", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "01", AT)), "good");
    assert_eq!(world.build(&[], &[&second]), ["accepted"], "the same list again changes nothing");

    let forced = world.build_with(&[], &[&first], &["--force-rollback"]);
    assert_eq!(forced.json()["crls"][0]["forced"], true);
    assert_eq!(status(&world.check_serial(&ca.certificate, "01", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "02", AT)), "good");
    let events = std::fs::read_to_string(world.path("index/events.jsonl")).unwrap();
    let event: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!(event["event"], "forced_rollback");
}

#[test]
fn a_build_adds_to_what_is_there_and_diff_tells_what() {
    let (world, ca, other) = (World::new(), ca("First CA"), ca("Second CA"));
    let list = |ca: &Authority, number: u64, serials: &[u8]| {
        ca.crl().number(number).entries(serials.iter().map(|serial| entry(*serial))).build(&ca.key)
    };
    world.build(&[&ca.certificate], &[&list(&ca, 1, &[1, 2, 3])]);
    world.build(&[&other.certificate], &[&list(&other, 1, &[1, 9])]);
    world.build(&[], &[&list(&ca, 2, &[2, 3, 4, 5])]);
    for (authority, serial, expected) in [
        (&ca, "01", "good"),
        (&ca, "04", "revoked"),
        (&other, "01", "revoked"),
        (&other, "09", "revoked"),
        (&other, "04", "good"),
    ] {
        assert_eq!(status(&world.check_serial(&authority.certificate, serial, AT)), expected, "{serial}");
    }
    let diff = |arguments: &[&str]| {
        let ran = world.run("diff", &arguments.iter().map(OsStr::new).collect::<Vec<_>>());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report = ran.json();
        let list = |member: &str| -> Vec<String> {
            let entries = report[member].as_array().unwrap().iter();
            let mut texts: Vec<String> = entries
                .map(|entry| {
                    format!("{} {}", common_name(&entry["issuer"]), entry["serial"].as_str().unwrap())
                })
                .collect();
            texts.sort();
            texts
        };
        (report["from"].as_u64(), report["to"].as_u64(), list("added"), list("removed"))
    };
    let (from, to, added, removed) = diff(&[]);
    assert_eq!((from, to), (Some(2), Some(3)));
    assert_eq!(added, ["First CA 04", "First CA 05"]);
    assert_eq!(removed, ["First CA 01"]);
    let (_, _, added, removed) = diff(&["--from", "1", "--to", "3"]);
    assert_eq!(added, ["First CA 04", "First CA 05", "Second CA 01", "Second CA 09"]);
    assert_eq!(removed, ["First CA 01"]);
    let (_, _, added, removed) = diff(&["--from", "3", "--to", "2"]);
    assert_eq!((added.len(), removed.len()), (1, 2), "backwards it is the other way round");
    assert_eq!(world.run("diff", &["--from".as_ref(), "7".as_ref()]).code, Some(74));
    let verified = world.run("verify", &[]);
    assert_eq!((verified.code, verified.json()["ok"].clone()), (Some(0), Value::from(true)));
}

#[test]
fn deltas_apply_to_their_base_and_release_from_hold() {
    let (world, ca) = (World::new(), ca("Delta CA"));
    let base = ca.crl().number(10).entry(Entry::new(&[1]).reason(6)).entry(entry(2)).build(&ca.key);
    let delta = |number: u64, base: u64, day: i64| {
        ca.crl().number(number).delta(base).updates(FEBRUARY + day * DAY, Some(FEBRUARY + (day + 7) * DAY))
    };
    let first = delta(11, 10, 10).entry(Entry::new(&[1]).reason(8)).entry(entry(3)).build(&ca.key);
    assert_eq!(world.build(&[&ca.certificate], &[&first, &base]), ["accepted", "accepted"]);
    let at_day = |day: i64| format!("2025-02-{:02}T00:00:00Z", day + 1);
    for (serial, day, expected) in [
        ("01", 5, "revoked"),  // before the delta
        ("01", 12, "good"),    // released
        ("01", 20, "revoked"), // the delta is stale: it releases no more
        ("02", 12, "revoked"),
        ("03", 12, "revoked"),
        ("03", 20, "revoked"), // stale, and it still denies
        ("04", 12, "good"),
        ("04", 20, "good"), // the base is current without the delta
    ] {
        assert_eq!(
            status(&world.check_serial(&ca.certificate, serial, &at_day(day))),
            expected,
            "{serial} on day {day}"
        );
    }
    let dated = world.check_serial(&ca.certificate, "04", &at_day(12));
    assert_eq!((&dated["crl_number"], &dated["this_update"]), (&"0b".into(), &"2025-02-11T00:00:00Z".into()));
    // A newer delta replaces the older one; one for a base that is not in hand is refused.
    assert_eq!(
        world.build(
            &[],
            &[&delta(12, 10, 11).entry(entry(4)).build(&ca.key), &delta(13, 12, 12).build(&ca.key)]
        ),
        ["accepted", "delta_without_base"]
    );
    assert_eq!(status(&world.check_serial(&ca.certificate, "01", &at_day(12))), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "04", &at_day(12))), "revoked");
}

#[test]
fn a_certificate_needs_the_list_of_its_own_partition() {
    let (world, ca) = (World::new(), ca("Partitioned CA"));
    let at = |name: &str| format!("http://crl.example/{name}.crl");
    let list = |name: &str, serial: u8| {
        ca.crl()
            .number(1)
            .scope(&IssuingDistributionPoint::uri(&at(name)))
            .entry(entry(serial))
            .build(&ca.key)
    };
    let leaf = |serial: u8, names: &[&str]| {
        let points: Vec<DistributionPoint> =
            names.iter().map(|name| DistributionPoint::uri(&at(name))).collect();
        ca.leaf(&[serial]).distribution_points(&points).build(&ca)
    };
    assert_eq!(world.build(&[&ca.certificate], &[&list("a", 1), &list("b", 2)]), ["accepted", "accepted"]);
    assert_eq!(status(&world.check_certificate(&leaf(9, &["a"]))), "good");
    assert_eq!(status(&world.check_certificate(&leaf(9, &["c"]))), "unknown partition_missing");
    assert_eq!(status(&world.check_certificate(&leaf(9, &["c", "b"]))), "good", "any of its points will do");
    assert_eq!(status(&world.check_certificate(&leaf(1, &["a"]))), "revoked");
    assert_eq!(status(&world.check_certificate(&leaf(1, &["b"]))), "revoked", "listed is listed");
    assert_eq!(status(&world.check_serial(&ca.certificate, "01", AT)), "revoked");
    assert_eq!(
        status(&world.check_serial(&ca.certificate, "09", AT)),
        "unknown not_covered",
        "never a guess"
    );
}

#[test]
fn reasons_and_kinds_add_up() {
    let (world, ca) = (World::new(), ca("Reasoning CA"));
    let some = |reasons: u16| IssuingDistributionPoint { reasons: Some(reasons), ..Default::default() };
    let key = ca.crl().number(1).scope(&some(0b0_0000_0110)).build(&ca.key);
    let rest = ca.crl().number(1).scope(&some(0b1_1111_1000)).build(&ca.key);
    let leaf = ca.leaf(&[5]).build(&ca);
    world.build(&[&ca.certificate], &[&key]);
    assert_eq!(status(&world.check_certificate(&leaf)), "unknown not_covered");
    world.build(&[], &[&rest]);
    assert_eq!(status(&world.check_certificate(&leaf)), "good");

    let world = World::new();
    let users = IssuingDistributionPoint { only_user: true, ..Default::default() };
    world.build(&[&ca.certificate], &[&ca.crl().number(1).scope(&users).build(&ca.key)]);
    let below = ca.intermediate("Below", KeyKind::P256);
    assert_eq!(status(&world.check_certificate(&leaf)), "good");
    assert_eq!(status(&world.check_certificate(&below.certificate)), "unknown not_covered");
    assert_eq!(status(&world.check_serial(&ca.certificate, "05", AT)), "unknown not_covered");
}

#[test]
fn an_indirect_list_speaks_for_whoever_names_its_issuer() {
    let (world, ca, agency) = (World::new(), ca("Issuing CA"), ca("Revocation Agency"));
    let indirect = IssuingDistributionPoint { indirect: true, ..Default::default() };
    let list = agency
        .crl()
        .number(3)
        .scope(&indirect)
        .entry(entry(1))
        .entry(entry(2).certificate_issuer(&ca.name))
        .entry(entry(3)) // carried over: still of the CA
        .build(&agency.key);
    assert_eq!(world.build(&[&ca.certificate, &agency.certificate], &[&list]), ["accepted"]);
    let named = |serial: u8| {
        let point = DistributionPoint {
            crl_issuer: vec![GeneralName::Directory(agency.name.clone())],
            ..Default::default()
        };
        ca.leaf(&[serial]).distribution_points(&[point]).build(&ca)
    };
    for (serial, expected) in [(1, "good"), (2, "revoked"), (3, "revoked"), (4, "good")] {
        assert_eq!(status(&world.check_certificate(&named(serial))), expected, "serial {serial}");
    }
    assert_eq!(status(&world.check_certificate(&ca.leaf(&[2]).build(&ca))), "unknown not_covered");
    assert_eq!(status(&world.check_serial(&agency.certificate, "01", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&agency.certificate, "02", AT)), "good");
    assert_eq!(status(&world.check_serial(&ca.certificate, "03", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "04", AT)), "unknown not_covered");
}

#[test]
fn two_cas_of_one_name_never_mix_and_one_ca_of_two_keys_does() {
    let world = World::new();
    let (one, two) = (ca("Twin"), ca("Twin"));
    let lists = [
        one.crl().number(1).entry(entry(1)).build(&one.key),
        two.crl().number(1).entry(entry(2)).build(&two.key),
    ];
    let ran = world.build_with(&[&one.certificate, &two.certificate], &[&lists[0], &lists[1]], &[]);
    assert_eq!(ran.json()["authorities"], 2);
    assert_eq!(codes(&ran.json()), ["accepted", "accepted"]);
    for (ca, serial, expected) in
        [(&one, 1, "revoked"), (&one, 2, "good"), (&two, 1, "good"), (&two, 2, "revoked")]
    {
        assert_eq!(status(&world.check_certificate(&ca.leaf(&[serial]).build(ca))), expected);
        let mut anonymous = ca.leaf(&[serial]);
        anonymous.authority_key_id = false;
        assert_eq!(
            status(&world.check_certificate(&anonymous.build(ca))),
            expected,
            "told apart by the signature"
        );
        assert_eq!(status(&world.check_serial(&ca.certificate, &format!("{serial:02x}"), AT)), expected);
    }

    // The old key certifies the new one: the same CA, and a list by either key speaks for both.
    let world = World::new();
    let new = one.rollover(KeyKind::P384);
    let list = new.crl().number(2).entry(entry(1)).build(&new.key);
    let ran = world.build_with(&[&one.certificate, &new.certificate], &[&list], &[]);
    assert_eq!(ran.json()["authorities"], 1);
    assert_eq!(status(&world.check_certificate(&one.leaf(&[1]).build(&one))), "revoked");
    assert_eq!(status(&world.check_certificate(&new.leaf(&[2]).build(&new))), "good");

    // A separate signer of CRLs, certified by the CA's own parent.
    let (world, parent) = (World::new(), ca("Parent"));
    let issuing = parent.intermediate("Issuing", KeyKind::P256);
    let signer = Key::new(KeyKind::P256);
    let signer_certificate = issuing.crl_signer(&parent, &signer);
    let list = CrlBuilder::new(issuing.name.clone())
        .number(1)
        .authority_key_id(&signer.key_id())
        .entry(entry(1))
        .build(&signer);
    let ran =
        world.build_with(&[&parent.certificate, &issuing.certificate, &signer_certificate], &[&list], &[]);
    assert_eq!(codes(&ran.json()), ["accepted"], "{ran:?}");
    assert_eq!(ran.json()["authorities"], 2);
    assert_eq!(status(&world.check_certificate(&issuing.leaf(&[1]).build(&issuing))), "revoked");
}

#[test]
fn with_anchors_only_what_chains_to_them_counts() {
    let (world, root, stranger) = (World::new(), ca("Anchor"), ca("Unrelated"));
    let below = root.intermediate("Below", KeyKind::P256);
    let leaf = root.leaf(&[1]).build(&root);
    let anchor = world.file("anchor.cer", &root.certificate);
    let lists = [
        below.crl().number(1).entry(entry(1)).build(&below.key),
        stranger.crl().number(1).build(&stranger.key),
        root.crl().number(1).build(&root.key),
    ];
    let issuers: [&[u8]; 4] = [&below.certificate, &stranger.certificate, &leaf, b"no certificate"];
    let crls: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
    let ran = world.build_with(&issuers, &crls, &["--anchor", anchor.to_str().unwrap()]);
    let report = ran.json();
    assert_eq!(codes(&report), ["accepted", "unknown_issuer", "accepted"], "{report:#}");
    assert_eq!(report["issuers"]["accepted"], 2);
    let ignored: Vec<(&str, &str)> = report["issuers"]["ignored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["source"].as_str().unwrap().rsplit('/').next().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    let mut sorted = ignored.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [("issuer1.cer", "not_trusted"), ("issuer2.cer", "not_a_crl_issuer"), ("issuer3.cer", "malformed")]
    );
}

/// Anchors that could not be read used to count as no anchors, and without anchors every issuer is trusted.
#[test]
fn anchors_that_cannot_be_read_trust_nobody() {
    let (world, ca) = (World::new(), ca("Unanchored"));
    let anchor = world.file("anchor.cer", b"no certificate");
    let list = ca.crl().number(1).build(&ca.key);
    let ran = world.build_with(&[&ca.certificate], &[&list], &["--anchor", anchor.to_str().unwrap()]);
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(!world.path("index").exists());
}

#[test]
fn an_authority_without_lists_is_known_and_not_covered() {
    let (world, ca) = (World::new(), ca("Silent CA"));
    assert_eq!(world.build(&[&ca.certificate], &[]), [""; 0]);
    assert_eq!(status(&world.check_certificate(&ca.leaf(&[1]).build(&ca))), "unknown not_covered");
    assert_eq!(status(&world.check_serial(&ca.certificate, "01", AT)), "unknown not_covered");
}

#[test]
fn pem_files_may_hold_several_objects_and_answers_come_in_order() {
    let (world, one, two) = (World::new(), ca("PEM One"), ca("PEM Two"));
    let cas = [
        pem("CERTIFICATE", &one.certificate),
        "some text\n".to_owned(),
        pem("CERTIFICATE", &two.certificate),
    ]
    .concat();
    let lists =
        [one.crl().number(1).entry(entry(1)).build_pem(&one.key), two.crl().number(1).build_pem(&two.key)]
            .concat();
    let (cas, lists) = (world.file("cas.pem", cas.as_bytes()), world.file("lists.pem", lists.as_bytes()));
    let ran = world.run(
        "build",
        &[
            "--at".as_ref(),
            AT.as_ref(),
            "--issuer".as_ref(),
            cas.as_os_str(),
            "--crl".as_ref(),
            lists.as_os_str(),
        ],
    );
    let report = ran.json();
    assert_eq!(codes(&report), ["accepted", "accepted"], "{report:#}");
    assert!(report["crls"][1]["source"].as_str().unwrap().ends_with("lists.pem#2"));

    let chain = [one.leaf(&[2]).build(&one), one.leaf(&[1]).build(&one), ca("Nobody").certificate]
        .map(|der| pem("CERTIFICATE", &der))
        .concat();
    let chain = world.file("chain.pem", chain.as_bytes());
    let ran = world.run("check", &["--at".as_ref(), AT.as_ref(), "--cert".as_ref(), chain.as_os_str()]);
    let statuses: Vec<String> = ran.json_lines().iter().map(status).collect();
    assert_eq!(statuses, ["good", "revoked", "unknown authority_unknown"]);
    assert_eq!(ran.code, Some(1), "the worst answer");
}

#[test]
fn one_bad_file_among_hundreds_stops_nothing() {
    let world = World::new();
    let ca = ca("Busy CA");
    for number in 0..200_u8 {
        let scope = IssuingDistributionPoint::uri(&format!("http://crl.example/{number}"));
        let list = ca.crl().number(1).scope(&scope).entry(entry(number)).build(&ca.key);
        world.file(&format!("crls/{number:03}.crl"), if number == 77 { &list[..60] } else { &list });
    }
    let folder = world.path("crls");
    let issuer = world.file("ca.cer", &ca.certificate);
    let arguments: [&Path; 6] =
        ["--at".as_ref(), AT.as_ref(), "--issuer".as_ref(), &issuer, "--crl".as_ref(), &folder];
    let ran = world.run("build", &arguments.map(Path::as_os_str));
    let codes = codes(&ran.json());
    assert_eq!(codes.iter().filter(|code| *code == "accepted").count(), 199);
    assert_eq!(codes[77], "malformed");
    assert_eq!(ran.json()["entries"], 199);
    assert_eq!(status(&world.check_serial(&ca.certificate, "2a", AT)), "revoked");
    assert_eq!(status(&world.check_serial(&ca.certificate, "4d", AT)), "unknown not_covered");
}
