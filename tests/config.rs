//! The configuration: what it refuses, and what it says then.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{revocache, with_paths};
use revocache::config::{Config, DEFAULT_TEXT, Environment, Listen, NeedsRestart, PlaceListen};
use revocache::ingest::source::Place;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("revocache.toml"), &Environment::default())
        .map_err(|error| error.to_string())
}

fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment = Environment::from_variables(variables);
    Config::parse(text, Path::new("revocache.toml"), &environment).map_err(|error| error.to_string())
}

/// The default file without the marks that comment its keys out.
fn uncommented() -> String {
    let is_key = |line: &str| {
        let word = line.split([' ', '=', ']']).next().unwrap_or_default();
        line.starts_with("[[")
            || !word.is_empty()
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
    };
    let lines = DEFAULT_TEXT.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if is_key(key) => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_shows_every_key_with_its_default() {
    let as_written = parse(DEFAULT_TEXT).unwrap();
    assert_eq!(as_written, Config::default());

    let shown: toml::Table = toml::from_str(&uncommented()).unwrap();
    let mut shown_config = parse(&uncommented()).unwrap();
    let known = toml::Table::try_from(Config::default()).unwrap();
    for (section, keys) in known.iter().filter(|(_, value)| value.is_table()) {
        for (key, value) in keys.as_table().unwrap() {
            assert_eq!(shown[section].get(key), Some(value), "[{section}] {key}");
        }
    }
    // The keys without a default are shown with an example.
    let examples = [
        ("data", vec!["folder"]),
        ("quic", vec!["tls_certificate", "tls_key"]),
        ("http", vec!["token_file"]),
        ("fetch", vec!["proxy"]),
        ("keystore", vec!["folder", "seal_key"]),
        ("asteria", vec!["server_id"]),
        ("store", vec!["location"]),
        ("digicert", vec!["upstream", "upstream_key_file"]),
        ("test", vec!["at"]),
    ];
    for (section, keys) in examples {
        for key in keys {
            assert!(shown[section].get(key).is_some(), "[{section}] {key} is not shown");
        }
    }
    assert_eq!(shown_config.source.len(), 2);
    assert_eq!(shown_config.authority.len(), 1);
    assert_eq!(shown_config.pocketsign.authority.len(), 1);
    shown_config.source.clear();
    shown_config.authority.clear();
    shown_config.pocketsign.authority.clear();
    shown_config.data.folder = None;
    shown_config.quic.tls_certificate = None;
    shown_config.quic.tls_key = None;
    shown_config.http.token_file = None;
    shown_config.fetch.proxy = None;
    shown_config.keystore.folder = None;
    shown_config.keystore.seal_key = None;
    shown_config.asteria.server_id = None;
    shown_config.store.location = None;
    shown_config.digicert.upstream = None;
    shown_config.digicert.upstream_key_file = None;
    shown_config.test.at = None;
    assert_eq!(shown_config, Config::default());
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let error = parse("[sources]\npoll = \"1s\"\nmaximun = \"1h\"\n").unwrap_err();
    assert_eq!(error, "revocache.toml:3: unknown key 'maximun' in [sources]; did you mean 'maximum'?");
    let error = parse("[source]\n").unwrap_err();
    assert!(error.contains("revocache.toml:1"), "{error}");
    let error = parse("[polcy]\n").unwrap_err();
    assert!(error.contains("unknown key 'polcy'") && error.contains("did you mean 'policy'?"), "{error}");
    let error = parse("[log]\nzzz = 1\n").unwrap_err();
    assert!(error.contains("known are level, format"), "{error}");
    let error = parse("[[source]]\nname = \"a\"\nurl = \"http://a/\"\n").unwrap_err();
    assert!(error.contains("'url'") && error.contains("did you mean 'urls'?"), "{error}");
    let error = parse("[[authority]]\ncertificate = \"a\"\npartition = []\n").unwrap_err();
    assert!(error.contains("did you mean 'partitions'?"), "{error}");
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_its_limits() {
    for (text, parts) in [
        ("\n[sources]\nmaximum = \"10s", vec![":3:"]),
        (
            "[sources]\n\nminimum = \"10 weeks\"",
            vec![":3:", "sources.minimum", "'10 weeks' is not a duration"],
        ),
        ("[sources]\nminimum = \"2d\"", vec![":2:", "sources.minimum", "2d is not from 1s to 1d"]),
        ("[fetch]\nmax_size = \"64MB\"", vec!["fetch.max_size", "64KiB"]),
        ("[data]\nkeep = 0", vec!["data.keep", "0 is not from 1 to 1000"]),
        ("[quic]\nlisten = \"localhost\"", vec!["quic.listen", "127.0.0.1:4433", "off"]),
        ("[log]\nlevel = \"loud,=x=\"", vec!["log.level", "is not a log filter"]),
        ("[policy]\nmethod = \"guess\"", vec!["crl_then_ocsp"]),
        ("[test]\nat = \"yesterday\"", vec!["test.at", "RFC 3339"]),
        ("[[source]]\nname = \"a\"", vec!["at least one path or URL"]),
        ("[[source]]\nname = \"a\"\nurls = [\"ftp://a/\"]", vec!["source 'a'", "scheme"]),
        ("[[source]]\nname = \"a\"\nurls = [\"http://u:secret@a/\"]", vec!["password"]),
        ("[[source]]\nname = \"a\"\nurls = [\"http://a/\"]\npaths = [\"b\"]", vec!["make it two sources"]),
        (
            "[[source]]\nname = \"a\"\npaths = [\"b\"]\n[[source]]\nname = \"a\"\npaths = [\"c\"]",
            vec!["two sources are named 'a'"],
        ),
        ("[quic]\ntls_key = \"a\"", vec!["go together"]),
        ("[http.admin]\nprefix = \"ops\"", vec![":2:", "http.admin.prefix", "'ops'", "/pki/v1"]),
        ("[http.cipher]\nlisten = \"here\"", vec!["http.cipher.listen", "127.0.0.1:4433", "off", "shared"]),
        ("[http]\ncors_origins = [\"https://a.example/\"]", vec!["http.cors_origins", "console.example.org"]),
        ("[http]\nmax_head = \"1KiB\"", vec!["http.max_head", "1KiB is not from 8KiB to 1MiB"]),
    ] {
        let error = parse(text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{text}\n{error}");
        }
    }
}

#[test]
fn variables_override_keys_and_their_mistakes_are_named() {
    let text = "[log]\nlevel = \"warn\"\n[sources]\npoll = \"1s\"";
    let config = with_variables(
        text,
        &[
            ("REVOCACHE_LOG_LEVEL", "debug"),
            ("REVOCACHE_HTTP_LISTEN", "off"),
            ("REVOCACHE_HTTP_ADMIN_LISTEN", "127.0.0.1:9090"),
            ("REVOCACHE_HTTP_ADMIN_PREFIX", "/ops"),
            ("REVOCACHE_DATA_KEEP", "7"),
            ("REVOCACHE_QUIC_ZERO_RTT", "false"),
            ("REVOCACHE_SOURCES_MAX_FOUND", "0"),
            ("REVOCACHE_TRUST_ISSUERS", "[\"a\", \"b\"]"),
            ("REVOCACHE_SOMETHING_ELSE", "is not ours"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.log.level.as_str(), "debug");
    assert_eq!(config.http.listen, Listen::Off);
    let own = PlaceListen::Own(Listen::At("127.0.0.1:9090".parse().unwrap()));
    assert_eq!((config.http.admin.listen, config.http.admin.prefix.get().as_str()), (own, "/ops"));
    assert_eq!((config.data.keep.get(), config.quic.zero_rtt), (7, false));
    assert_eq!((config.sources.max_found.get(), config.trust.issuers.len()), (0, 2));
    assert_eq!(config.sources.poll.to_string(), "1s");

    let error = with_variables(text, &[("REVOCACHE_LOG_LEVEL", "info"), ("REVOCACHE_DATA_KEEP", "many")]);
    assert!(error.unwrap_err().starts_with("environment variable REVOCACHE_DATA_KEEP"));
    let error = with_variables(text, &[("REVOCACHE_LOG_LEVL", "info")]).unwrap_err();
    assert!(error.contains("REVOCACHE_LOG_LEVL") && error.contains("did you mean 'level'?"), "{error}");
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let text = "[trust]\nissuers = [\"cas\", \"/etc/cas\"]\n[[source]]\nname = \"a\"\npaths = [\"crls\"]";
    let config =
        Config::parse(text, Path::new("/etc/revocache/revocache.toml"), &Environment::default()).unwrap();
    assert_eq!(config.trust.issuers, [Path::new("/etc/revocache/cas"), Path::new("/etc/cas")]);
    assert_eq!(config.source[0].place, Place::files(vec!["/etc/revocache/crls".into()]).unwrap());
}

#[test]
fn what_a_running_server_cannot_take_over_is_told() {
    let before = parse("").unwrap();
    assert_eq!(before.needs_restart(&before), []);
    let after =
        parse("[quic]\nmax_batch = 5000\n[log]\nlevel = \"debug\"\n[policy]\ngrace = \"1h\"").unwrap();
    assert_eq!(before.needs_restart(&after), [NeedsRestart("quic")]);
}

#[test]
fn the_command_prints_the_default_and_checks_files() {
    let printed = revocache(["config", "--print-default"]);
    assert_eq!((printed.code, printed.stdout.as_str()), (Some(0), DEFAULT_TEXT));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocache.toml");
    fs::write(&file, &printed.stdout).unwrap();
    let ran = revocache(with_paths("config", &[("--check", &file)]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    fs::write(&file, "[htpp]\nlisten = \"off\"").unwrap();
    let ran = revocache(with_paths("config", &[("--check", &file)]));
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(ran.stderr.contains("revocache.toml:1: unknown key 'htpp'; did you mean 'http'?"), "{ran:?}");
    let ran = revocache(with_paths("config --json", &[("--check", &file)]));
    assert_eq!(ran.json()["valid"], false);
    fs::write(&file, "[[authority]]\ncertificate = \"none.pem\"\npartitions = [\"http://a/\"]").unwrap();
    let ran = revocache(with_paths("config", &[("--check", &file)]));
    assert_eq!(ran.code, Some(65), "what it names is looked at too: {ran:?}");
    assert!(ran.stderr.contains("none.pem"), "{ran:?}");
    let ran = revocache(with_paths("config", &[("--check", &folder.path().join("none.toml"))]));
    assert_eq!(ran.code, Some(74), "{ran:?}");
}
