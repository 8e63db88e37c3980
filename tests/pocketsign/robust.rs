//! Bad input, too much of it, and a database that cannot.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use revocache::server::http::pocketsign::{PocketSignSettings, ResultSpelling, v2};
use serde_json::{Value, json};

use crate::api::{Answer, Api, base64, server};
use crate::common::disk::SmallDisk;

const METHODS: [&str; 14] = [
    "CertificateService/GetCertificate",
    "CertificateService/ListCertificates",
    "CertificateService/DeleteCertificate",
    "CertificateService/CheckCertificateStatus",
    "CertificateService/GetCertificateStatus",
    "CertificateService/ListCertificateStatuses",
    "UserService/GetUser",
    "UserService/ListUsers",
    "UserService/DeleteUser",
    "UserService/CheckUserStatus",
    "VerificationService/Verify",
    "VerificationService/GetVerification",
    "VerificationService/ListVerifications",
    "VerificationService/DeleteVerification",
];

const FIELDS: [&str; 22] = [
    "certificate",
    "certificate_id",
    "certificateId",
    "certificate_status_id",
    "user_id",
    "verificationId",
    "page_size",
    "pageToken",
    "filter",
    "user_ids",
    "certificateTypes",
    "created_since",
    "createdUntil",
    "hash_algorithm",
    "hashAlgorithm",
    "digest",
    "signature",
    "check_method",
    "status_check_method",
    "identify_user",
    "identifyUser",
    "certificate_type",
];

/// Values that are of the right type now and then.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("crl".to_owned()),
        Just("sha256".to_owned()),
        Just("CHECK_METHOD_OCSP".to_owned()),
        Just("HASH_ALGORITHM_SHA256".to_owned()),
        Just("019373b5-7c00-7000-8000-000000000000".to_owned()),
        Just("9999-12-31T23:59:59.999999999Z".to_owned()),
        Just("0000-01-01T00:00:00+23:59".to_owned()),
        Just("' OR 1=1; DROP TABLE users; --".to_owned()),
        Just("\u{0}".to_owned()),
        Just(base64(&[0x30; 32])),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3_i64..20).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&FIELDS[..]), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

/// Whatever is sent is answered with something below 500.
#[test]
fn no_body_makes_the_server_fail() {
    let client = server().tenant("robust");
    let stored = client.stored("taro", 0, true);
    let message = prop::collection::vec((prop::sample::select(&FIELDS[..]), value()), 0..8);
    let message = message.prop_map(|members| -> Value {
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    });
    let case = (any::<prop::sample::Index>(), prop_oneof![9 => message, 1 => value()]);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&case, |(place, body)| {
        let mut paths: Vec<String> =
            METHODS.iter().map(|method| format!("/pocketsign.verify.v2.{method}")).collect();
        paths.push("/verifications".to_owned());
        paths.push("/certificates/status".to_owned());
        paths.push(format!("/certificates/{stored}/status"));
        let path = place.get(&paths);
        let answer = client.post(path, body.clone());
        prop_assert!(answer.status < 500, "{path} {body}: {answer:?}");
        prop_assert!(answer.json().is_object());
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn no_query_makes_the_server_fail() {
    let client = server().tenant("robust-queries");
    for value in [
        "%00",
        "%ff",
        "%27%22--",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "1e3",
        "NaN",
        "%F0%9F%98%80",
        "019373b5-7c00-7000-8000-000000000000",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00%2B23:59",
        "",
    ] {
        for name in [
            "limit",
            "offset",
            "user_id",
            "certificate_id",
            "type",
            "latest",
            "created_since",
            "created_until",
            "%5B%5D",
        ] {
            for path in ["/certificates", "/users", "/verifications"] {
                let answer = client.get(&format!("{path}?{name}={value}"));
                assert!(answer.status < 500, "{path}?{name}={value}: {answer:?}");
            }
        }
    }
}

#[test]
fn bodies_have_a_limit() {
    let small = Api::start(PocketSignSettings { max_body: 4096, ..PocketSignSettings::default() });
    let client = small.tenant("small");
    let long = json!({ "certificate": base64(&[0x30; 4000]), "status_check_method": "crl" });
    client.post("/certificates/status", long.clone()).refused(413, "invalid_argument");
    let answer = client.call("VerificationService/Verify", long);
    assert_eq!(answer.expect(429)["code"], "resource_exhausted");
    client.get("/users").expect(200);
}

#[test]
fn settings_change_the_spelling_and_unknown_fields() {
    let settings = PocketSignSettings {
        results: ResultSpelling::Prose,
        unknown_fields: v2::UnknownFields::Refuse,
        ..PocketSignSettings::default()
    };
    let other = Api::start(settings);
    let client = other.tenant("prose");
    let result = |person, more| {
        let answer = client.verify(person, 0, more).expect(200);
        answer["verification"]["result"].as_str().unwrap().to_owned()
    };
    assert_eq!(result("taro", json!({})), "ok");
    assert_eq!(result("taro", json!({ "digest": base64(&[0; 32]) })), "signature_did_not_match");
    assert_eq!(result("jiro", json!({})), "certificate_has_been_revoked");
    assert_eq!(result("fumi", json!({})), "certificate_has_expired");
    let kept = client.get("/verifications").expect(200);
    assert_eq!(kept["results"][0]["verification"]["result"], "ok");
    let unknown = client.call("UserService/ListUsers", json!({ "colour": "red" }));
    assert!(unknown.expect(400)["message"].as_str().unwrap().contains("colour"));
}

#[test]
fn a_locked_database_is_503_and_nothing_is_lost() {
    let api = Api::start_waiting(PocketSignSettings::default(), Duration::from_millis(100));
    let client = api.tenant("locked");
    let id = client.stored("taro", 0, false);
    let path = format!("/certificates/{id}/status");
    let check = json!({ "status_check_method": "crl" });
    let other = rusqlite::Connection::open(&api.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    client.post(&path, check.clone()).refused(503, "internal_error");
    let call = client.call("CertificateService/CheckCertificateStatus", json!({ "certificateId": id }));
    assert_eq!(call.expect(503)["code"], "unavailable");
    // What only reads goes on.
    assert_eq!(client.get(&path).expect(200)["total"], 1);
    other.execute_batch("ROLLBACK").unwrap();
    client.post(&path, check).expect(200);
    assert_eq!(client.get(&path).expect(200)["total"], 2);
    assert!(api.counted("v1", "check_certificate", "unavailable") >= 1);
}

#[test]
fn a_full_disk_is_503_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::new("3m") else { return };
    let api = Api::start_in(disk.path());
    let client = api.tenant("cramped");
    let id = client.stored("taro", 0, false);
    let path = format!("/certificates/{id}/status");
    let check = json!({ "status_check_method": "crl" });
    let status_id = |answer: &Value| answer["certificate_status"]["id"].as_str().unwrap().to_owned();
    let kept = || {
        let mut kept = BTreeSet::new();
        loop {
            let page = client.get(&format!("{path}?limit=100&offset={}", kept.len())).expect(200);
            let results = page["results"].as_array().unwrap();
            kept.extend(results.iter().map(status_id));
            if results.is_empty() {
                assert_eq!(page["total"], kept.len());
                return kept;
            }
        }
    };
    let mut acknowledged = kept();
    let mut refused = 0;
    while refused < 3 {
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let ask = || client.post(&path, check.clone());
            let running: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
            running.into_iter().map(|it| it.join().unwrap()).collect()
        });
        for answer in answers {
            if answer.status == 200 {
                acknowledged.insert(status_id(&answer.json()));
            } else {
                answer.refused(503, "internal_error");
                refused += 1;
            }
        }
    }
    let call = client.call("CertificateService/CheckCertificateStatus", json!({ "certificateId": id }));
    assert_eq!(call.expect(503)["code"], "unavailable");
    assert_eq!(kept(), acknowledged, "what only reads goes on");
    disk.remount("size=64m");
    acknowledged.insert(status_id(&client.post(&path, check).expect(200)));
    assert_eq!(kept(), acknowledged);
}

/// Ten thousand requests at once: each is answered, and what was acknowledged is there.
#[test]
fn ten_thousand_at_once() {
    const CLIENTS: u64 = 10_000;
    let api = server();
    let client = api.tenant("crowd");
    let id = client.stored("taro", 0, true);
    let url = format!("http://{}/certificates/{id}/status", api.address);
    let (mut done, mut refused) = (0, 0);
    api.runtime.block_on(async {
        // Many requests on each connection, as HTTP/2 allows: a process may not open so many sockets.
        let http = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
        // One before all, which learns how many streams the server allows; who does not wait for that is disconnected.
        let first = http.get(&url).bearer_auth(client.token.as_deref().unwrap()).send().await.unwrap();
        assert_eq!(first.status().as_u16(), 200);
        first.bytes().await.unwrap();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            let request = http.post(&url).bearer_auth(client.token.as_deref().unwrap());
            let request = request.header("content-type", "application/json");
            let request = request.body(r#"{"status_check_method": "crl"}"#);
            running.spawn(async {
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                // Read to the end: a client that drops a thousand bodies on their way ends the connection itself.
                answer.bytes().await.unwrap();
                status
            });
        }
        while let Some(status) = running.join_next().await {
            match status.unwrap() {
                200 => done += 1,
                // More writes wait than are allowed to.
                503 => refused += 1,
                other => panic!("{other}"),
            }
        }
    });
    assert_eq!(done + refused, CLIENTS);
    assert!(done > CLIENTS / 2, "{done} done, {refused} refused");
    let history = client.get(&format!("/certificates/{id}/status?limit=1")).expect(200);
    assert_eq!(history["total"], done + 1);
}
