//! Whose a request is, and what belongs to others.

use std::time::{Duration, Instant};

use revocache::store::TokenHash;
use revocache::types::{Seconds, UnixTime};
use serde_json::json;

use crate::api::{base64, server};
use crate::mock::{certificate, der};

#[test]
fn without_a_token_that_counts_nothing_is_told() {
    let good = server().tenant("tokens");
    good.get("/users").expect(200);
    let token = good.token.clone().unwrap();
    let none = good.with_token(None);
    let mut answers =
        vec![none.get("/users"), none.get("/certificates/x"), none.post("/verifications", json!({}))];
    let longer = format!("{token}x");
    for wrong in ["", "x", longer.as_str(), &token[..token.len() - 1], "' OR 1=1 --"] {
        answers.push(good.with_token(Some(wrong)).get("/users"));
    }
    for header in [format!("Authorization: Basic {token}\r\n"), format!("Authorization: {token}\r\n")] {
        answers.push(none.send("GET", "/users", &header, b""));
    }
    answers.push(good.send("GET", "/users", &format!("Authorization: Bearer {token}\r\n"), b""));
    for answer in answers {
        answer.refused(401, "authentication_failed");
        assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
    }
    let answer = none.call("UserService/ListUsers", json!({}));
    assert_eq!(answer.expect(401)["code"], "unauthenticated");
    // The scheme in any case, and nothing else is needed.
    none.send("GET", "/users", &format!("authorization: bearer {token}\r\n"), b"").expect(200);
}

#[test]
fn revoked_and_expired_tokens_do_not_count() {
    let server = server();
    let past = UnixTime::from_seconds(UnixTime::now().seconds() - 1);
    server.tenant_until("expired-token", Some(past)).get("/users").refused(401, "authentication_failed");
    let hour = UnixTime::now().plus(Seconds(3600));
    let client = server.tenant_until("revoked-token", Some(hour));
    client.get("/users").expect(200);
    server.runtime.block_on(async {
        let hash = TokenHash::of(client.token.as_deref().unwrap());
        let owner = server.store.token_owner(hash).await.unwrap().unwrap();
        assert!(server.store.revoke_token(owner.token).await.unwrap());
    });
    // The server may remember a token for a second.
    let started = Instant::now();
    while client.get("/users").status == 200 && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    client.get("/users").refused(401, "authentication_failed");
}

#[test]
fn what_belongs_to_another_tenant_does_not_exist() {
    let (mine, other) = (server().tenant("mine"), server().tenant("another"));
    let verified = mine.verify("taro", 0, json!({ "identify_user": true })).expect(200);
    let id = |name: &str| verified[name]["id"].as_str().unwrap().to_owned();
    let (verification, stored, user) = (id("verification"), id("certificate"), id("user"));
    let check = json!({ "status_check_method": "crl" });
    for answer in [
        other.get(&format!("/verifications/{verification}")),
        other.get(&format!("/certificates/{stored}")),
        other.get(&format!("/certificates/{stored}/status")),
        other.get(&format!("/users/{user}")),
        other.post(&format!("/certificates/{stored}/status"), check.clone()),
        other.post(&format!("/users/{user}/status"), check),
        other.delete(&format!("/verifications/{verification}")),
        other.delete(&format!("/certificates/{stored}")),
        other.delete(&format!("/users/{user}")),
    ] {
        answer.refused(404, "no_such_entry");
        // In the words that are used for what never existed.
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(!message.contains("tenant"), "{message}");
    }
    for path in ["/verifications", "/certificates", "/users"] {
        assert_eq!(other.get(path).expect(200)["total"], 0);
        assert_eq!(
            other.get(&format!("{path}?certificate_id={stored}&user_id={user}")).expect(200)["total"],
            0
        );
    }
    let named = json!({ "filter": { "certificateIds": [stored] } });
    let listed = other.call("CertificateService/ListCertificateStatuses", named).expect(200);
    assert_eq!(listed["totalSize"], 0);
    assert_eq!(mine.get(&format!("/certificates/{stored}/status")).expect(200)["total"], 1);
    // The same certificate is another record there.
    let body = json!({ "certificate": base64(&der(certificate("taro", 0))), "status_check_method": "crl" });
    let theirs = other.post("/certificates/status", body).expect(200);
    assert_ne!(theirs["certificate"]["id"], stored.as_str());
}

/// Who asks for a certificate of another tenant learns nothing: neither from the answer nor from how long it takes.
#[test]
fn an_id_of_another_tenant_is_answered_as_one_that_never_was() {
    const PAIRS: usize = 400;
    let (mine, other) = (server().tenant("keeper"), server().tenant("prober"));
    let theirs = mine.stored("taro", 0, true);
    // Known to the server's memory, where that of another tenant must not be found either.
    let check = json!({ "status_check_method": "crl" });
    mine.post(&format!("/certificates/{theirs}/status"), check.clone()).expect(200);
    let nobodys = uuid::Uuid::now_v7().to_string();
    let probe = |id: &str| {
        let begun = Instant::now();
        let answer = other.post(&format!("/certificates/{id}/status"), check.clone());
        let took = begun.elapsed();
        answer.refused(404, "no_such_entry");
        (answer.body, took)
    };
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    let mut ratios = Vec::new();
    // Other tests run at the same time: what they disturb is measured again.
    for _ in 0..5 {
        let (mut of_theirs, mut of_nobodys) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            let ids = [&theirs, &nobodys];
            let (first, second) = (probe(ids[pair % 2]), probe(ids[1 - pair % 2]));
            assert_eq!(first.0, second.0);
            let (their, nobody) = if pair % 2 == 0 { (first, second) } else { (second, first) };
            of_theirs.push(their.1);
            of_nobodys.push(nobody.1);
        }
        let ratio = median(&mut of_theirs) / median(&mut of_nobodys);
        if (0.9..1.1).contains(&ratio) {
            return;
        }
        ratios.push(ratio);
    }
    panic!("medians of {PAIRS} requests each differ: {ratios:?}");
}
