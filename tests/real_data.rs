//! The main job on real CRLs of real CAs, with OpenSSL as the oracle.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{OpensslEntry, Ran, files, openssl, openssl_entries, real_data, revocache, rfc3339, with_paths};
use serde_json::Value;

const AT: &str = "2025-02-25T00:00:00Z";

struct Built {
    data: PathBuf,
    folder: tempfile::TempDir,
    report: Value,
}

impl Built {
    fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    fn check(&self, arguments: &[&std::ffi::OsStr]) -> Ran {
        let index = self.index();
        let fixed = [
            "check".as_ref(),
            "--json".as_ref(),
            "--at".as_ref(),
            AT.as_ref(),
            "--index".as_ref(),
            index.as_os_str(),
        ];
        revocache(fixed.iter().chain(arguments))
    }

    fn crls(&self) -> BTreeMap<String, &Value> {
        let name = |crl: &Value| {
            Path::new(crl["source"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned()
        };
        self.report["crls"].as_array().unwrap().iter().map(|crl| (name(crl), crl)).collect()
    }
}

fn build(extra: &[&str]) -> Option<Built> {
    let data = real_data()?;
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index");
    let (issuers, certs, crls) = (data.join("issuers"), data.join("certs"), data.join("crls"));
    let mut arguments = vec!["build".as_ref(), "--json".as_ref(), "--at".as_ref(), AT.as_ref()];
    for (flag, path) in [("--index", &index), ("--issuer", &issuers), ("--issuer", &certs), ("--crl", &crls)]
    {
        arguments.extend([flag.as_ref(), path.as_os_str()]);
    }
    arguments.extend(extra.iter().map(|text| std::ffi::OsStr::new(*text)));
    let ran = revocache(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = ran.json();
    Some(Built { data, folder, report })
}

#[test]
fn each_list_is_accepted_or_refused_for_its_own_reason() {
    let Some(built) = build(&[]) else { return };
    let crls = built.crls();
    assert_eq!(crls.len(), files(&built.data.join("crls")).len(), "one report a file");
    for (name, crl) in &crls {
        let expected = match name.as_str() {
            // Issued after the time of the build.
            "accvraiz1-19.crl" | "accvraiz1-20.crl" => "not_yet_valid",
            "accvraiz1-18.crl" => "accepted",
            name if name.starts_with("accvraiz1") => "superseded",
            // Signed with SHA-1.
            "belgium-root-ca2.crl" | "pt-ecraizestado.crl" => "unsupported_algorithm",
            _ => "accepted",
        };
        assert_eq!(crl["code"], expected, "{name}: {crl}");
        assert_eq!(crl["accepted"], expected == "accepted", "{name}");
    }
    for stale in ["ee-govca2018.crl", "entrust-qtsp1.crl"] {
        assert_eq!(crls[stale]["stale"], true, "{stale}");
    }
    assert_eq!(crls["amazon-r2m02.crl"]["stale"], false);
    assert_eq!(crls["amazon-r2m02.crl"]["crl_number"], "055e");
    assert_eq!(crls["amazon-r2m02.crl"]["this_update"], "2025-02-22T23:05:35Z");
}

#[test]
fn sha1_is_accepted_when_it_is_allowed() {
    let Some(built) = build(&["--allow-sha1"]) else { return };
    let crls = built.crls();
    assert_eq!(crls["belgium-root-ca2.crl"]["code"], "accepted");
    assert_eq!(crls["pt-ecraizestado.crl"]["code"], "accepted");
}

#[test]
fn every_list_is_read_as_openssl_reads_it() {
    let Some(data) = real_data() else { return };
    for path in files(&data.join("crls")) {
        let Some(expected) = openssl_entries(&path) else { return };
        let ran = revocache(with_paths("inspect --json --entries", &[("--crl", &path)]));
        let json = ran.json();
        assert_eq!(json["entries"], expected.len(), "{}", path.display());
        let entries = json["revoked_certificates"].as_array().unwrap();
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(&expected) {
            assert_eq!(magnitude(&entry["serial"]), expected.serial.to_lowercase(), "{}", path.display());
            assert_eq!(entry["revoked_at"], expected.revoked_at);
            assert_eq!(entry["revocation_reason"], expected.reason);
        }
        let facts =
            openssl(with_paths("crl -inform DER -noout -lastupdate -nextupdate", &[("-in", &path)])).unwrap();
        let (last, next) = facts.stdout.trim().split_once('\n').unwrap();
        assert_eq!(json["this_update"], rfc3339(last.strip_prefix("lastUpdate=").unwrap()));
        assert_eq!(json["next_update"], rfc3339(next.strip_prefix("nextUpdate=").unwrap()));
    }
}

#[test]
fn every_listed_serial_is_revoked_with_its_date_and_reason() {
    let Some(built) = build(&[]) else { return };
    let mut asked = 0;
    for (name, crl) in built.crls() {
        if crl["accepted"] == false {
            continue;
        }
        let Some(entries) = openssl_entries(&built.data.join("crls").join(&name)) else { return };
        let Some(issuer) = issuer_of(&built.data, &name) else { panic!("no issuer for {name}") };
        for batch in entries.chunks(1000) {
            let serials: Vec<String> = batch.iter().map(|entry| format!("0x{}", entry.serial)).collect();
            let mut arguments = vec!["--issuer".as_ref(), issuer.as_os_str(), "--serial".as_ref()];
            arguments.extend(serials.iter().map(std::ffi::OsStr::new));
            let ran = built.check(&arguments);
            assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
            for (answer, entry) in ran.json_lines().iter().zip(batch) {
                assert_eq!(answer["status"], "revoked", "{name} {entry:?}");
                assert_eq!(answer["revoked_at"], entry.revoked_at);
                assert_eq!(answer["revocation_reason"], entry.reason);
                assert_eq!(answer["this_update"], crl["this_update"]);
                assert_eq!(magnitude(&answer["serial"]), entry.serial.to_lowercase());
                asked += 1;
            }
        }
    }
    assert!(asked > 28_000, "only {asked} serials were asked about");
}

/// The demonstration sites and the intermediates, each against the text of the CRL its own distribution point names.
#[test]
fn certificates_are_answered_as_the_lists_say() {
    let Some(built) = build(&[]) else { return };
    let lists = files(&built.data.join("crls"));
    let amazon =
        lists.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("amazon"));
    let entries: Vec<OpensslEntry> =
        amazon.flat_map(|path| openssl_entries(path).unwrap_or_default()).collect();
    let mut seen = BTreeMap::new();
    for path in files(&built.data.join("certs")) {
        let ran = built.check(&["--cert".as_ref(), path.as_os_str()]);
        let answer = ran.json();
        let status = answer["status"].as_str().unwrap().to_owned();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = openssl_listing(&entries, answer["serial"].as_str().unwrap());
        match status.as_str() {
            "revoked" => {
                let listing = listed.unwrap_or_else(|| panic!("{name} is revoked, but no list says so"));
                assert_eq!(answer["revoked_at"], listing.revoked_at, "{name}");
                assert_eq!(answer["revocation_reason"], listing.reason, "{name}");
                assert_eq!(ran.code, Some(1));
            }
            "good" => {
                assert_eq!(listed, None, "{name} is listed");
                assert_eq!(answer["method"], "crl");
                assert!(
                    answer["this_update"].is_string() && answer["next_update"].is_string(),
                    "{name}: {answer}"
                );
                assert_eq!(ran.code, Some(0));
            }
            _ => {
                assert!(answer["cause"].is_string(), "{name}: {answer}");
                assert_eq!(listed, None, "{name} is listed");
                assert_eq!(ran.code, Some(2));
            }
        }
        seen.insert(name, status);
    }
    for root in 1..=4 {
        for (site, expected) in [("valid", "good"), ("revoked", "revoked"), ("expired", "good")] {
            let name = format!("amazon-{site}.rootca{root}.demo.amazontrust.com");
            // Some of the twelve are not in the collection.
            if let Some(status) = seen.get(&name) {
                assert_eq!(status, expected, "{name}");
            }
        }
    }
}

fn magnitude(serial: &Value) -> String {
    let octets = serial.as_str().unwrap();
    if octets == "00" { octets.to_owned() } else { octets.strip_prefix("00").unwrap_or(octets).to_owned() }
}

/// What the lists of Amazon, as OpenSSL prints them, say of a serial.
fn openssl_listing(entries: &[OpensslEntry], serial: &str) -> Option<OpensslEntry> {
    let wanted = magnitude(&Value::from(serial)).to_uppercase();
    entries.iter().find(|entry| entry.serial == wanted).cloned()
}

/// The issuer's certificate, by OpenSSL's word that it signed.
fn issuer_of(data: &Path, crl: &str) -> Option<PathBuf> {
    let crl = data.join("crls").join(crl);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    files(&data.join("issuers")).into_iter().find(|issuer| {
        let pem = openssl(with_paths("x509 -inform DER", &[("-in", issuer)])).unwrap();
        std::fs::write(&file, pem.stdout).unwrap();
        // Without the two `-no` flags the system's own roots would verify lists as well.
        let flags = "crl -inform DER -noout -no-CApath -no-CAstore";
        let verified = openssl(with_paths(flags, &[("-CAfile", &file), ("-in", &crl)])).unwrap();
        verified.stderr.contains("verify OK")
    })
}
