//! The metrics, against what `docs/operations.md` says of them: whoever writes an alert reads it there.

use std::collections::{BTreeMap, BTreeSet};

use super::serve_support::request;
use super::{Site, check};
use crate::common::{revocache, with_paths};

/// The labels of each metric, by the name of its samples.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// The rows of the tables, each of which begins with names such as `revocache_source_failures{source,origin}`.
fn documented() -> Labels {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `revocache_")?.split(" | ").next());
    let mut names = Labels::new();
    for cell in cells {
        for name in format!("`revocache_{cell}").split(", ") {
            let name = name.trim().trim_matches('`');
            assert!(name.starts_with("revocache_"), "{name}: each is written out");
            let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            let before = names.insert(name.to_owned(), labels.map(str::to_owned).collect());
            assert_eq!(before, None, "{name} is told twice");
        }
    }
    names
}

/// The samples of an exposition; no label has quotes in its value.
fn shown(exposition: &str) -> Labels {
    let histograms: Vec<&str> = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram"))
        .collect();
    let mut names = Labels::new();
    for line in exposition.lines().filter(|line| !line.starts_with('#')) {
        let sample = line.rsplit_once(' ').unwrap().0;
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let histogram = histograms.iter().find(|base| {
            name.strip_prefix(**base).is_some_and(|end| ["_bucket", "_count", "_sum"].contains(&end))
        });
        // A name and its value in quotes take turns.
        let labels = labels.split('"').step_by(2).map(|label| label.trim_matches([',', '=', '}']).to_owned());
        let labels = labels.filter(|label| !label.is_empty() && label != "le");
        names.entry(histogram.copied().unwrap_or(name).to_owned()).or_default().extend(labels);
    }
    names
}

#[test]
fn every_metric_is_documented_and_every_documented_one_is_there() {
    let site = Site::new();
    site.publish(1, &[7]);
    // Nobody answers there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("[[authority]]\ncertificate = {:?}\n", site.path("ca.cer"));
    let daemon = site.start_with(&format!(
        "[cipher]\nenabled = true\n[pocketsign]\nenabled = true\n[asteria]\nenabled = true\n[digicert]\nenabled = true\n\
         {issuer}ocsp_urls = [\"http://127.0.0.1:{port}/\"]\npartitions = [\"http://127.0.0.1:{port}/1.crl\"]\n"
    ));
    let asked = check(&daemon, &["--cert", &site.text("1.cer"), "--method", "ocsp"]);
    assert_eq!(asked.json()["cause"], "ocsp_unavailable", "{asked:?}");
    let data = site.path("data");
    revocache(with_paths("tenant create acme", &[("--data", &data)]));
    let token = revocache(with_paths("token create --tenant acme", &[("--data", &data)]));
    let bearer = format!("Authorization: Bearer {}\r\n", token.stdout.trim());
    assert_eq!(request(daemon.http, "GET", "/users", &bearer).0, 200, "{token:?}");
    let (shown, documented) = (shown(&daemon.get("/metrics").1), documented());
    for (name, labels) in &shown {
        assert_eq!(documented.get(name), Some(labels), "{name} in docs/operations.md and as it is");
    }
    for name in documented.keys() {
        assert!(shown.contains_key(name), "{name} is in docs/operations.md and not there");
    }
    daemon.stop();
}
