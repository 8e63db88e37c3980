//! Version 1: what every operation answers.

use serde_json::{Value, json};

use crate::api::{Client, base64, merged, server, signed};
use crate::mock::{certificate, der};

fn client(name: &str) -> Client {
    server().tenant(name)
}

/// The names of an object's members, in their order.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect()
}

#[track_caller]
fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
    revocache::types::UnixTime::parse_rfc3339(text).unwrap();
    assert!(text.ends_with('Z'), "{text}");
}

/// The example of "check a certificate by its id": every field, under its name, of its type, in its order.
#[test]
fn the_first_example_of_the_reference() {
    let client = client("seed-1");
    let id = client.stored("makoto", 0, false);
    let body = json!({ "status_check_method": "crl", "identify_user": true });
    let answer = client.post(&format!("/certificates/{id}/status"), body).expect(200);
    assert_eq!(members(&answer), ["certificate", "certificate_status", "user", "is_new_user"]);
    let stored = &answer["certificate"];
    assert_eq!(members(stored), ["id", "type", "latest", "created_at"]);
    assert_eq!(stored["id"], id.as_str());
    assert_eq!(stored["type"], "jpki_card_digital_signature");
    assert_eq!(stored["latest"], true);
    assert_time(&stored["created_at"]);
    let status = &answer["certificate_status"];
    let all = [
        "id",
        "status",
        "check_method",
        "check_purpose",
        "source_updated_at",
        "revoked_at",
        "revocation_reason",
        "created_at",
    ];
    assert_eq!(members(status), all);
    assert_eq!(status["status"], "revoked");
    assert_eq!(status["check_method"], "crl");
    assert_eq!(status["check_purpose"], "liveness_check");
    assert_eq!(status["revocation_reason"], "key_compromise");
    assert_eq!(status["revoked_at"], certificate("makoto", 0).revoked_at.as_deref().unwrap());
    for time in ["source_updated_at", "revoked_at", "created_at"] {
        assert_time(&status[time]);
    }
    assert_eq!(members(&answer["user"]), ["id", "created_at"]);
    assert_time(&answer["user"]["created_at"]);
    assert_eq!(answer["is_new_user"], true);
    for object in [stored, status, &answer["user"]] {
        assert_eq!(object["id"].as_str().unwrap().len(), 36);
    }
}

/// The example of "get the history of its checks".
#[test]
fn the_second_example_of_the_reference() {
    let client = client("seed-2");
    let verified = client.verify("taro", 0, json!({})).expect(200);
    let id = verified["certificate"]["id"].as_str().unwrap().to_owned();
    let path = format!("/certificates/{id}/status");
    client.post(&path, json!({ "status_check_method": "ocsp" })).expect(200);
    let history = client.get(&path).expect(200);
    assert_eq!(members(&history), ["total", "limit", "offset", "results"]);
    assert_eq!(
        (&history["total"], &history["limit"], &history["offset"]),
        (&json!(2), &json!(20), &json!(0))
    );
    let results = history["results"].as_array().unwrap();
    assert_eq!(members(&results[0]), ["certificate_status"]);
    let (first, second) = (&results[0]["certificate_status"], &results[1]["certificate_status"]);
    // A good answer of a list has no source_updated_at, one of a responder has; neither has what only a revoked one has.
    assert_eq!(members(first), ["id", "status", "check_method", "check_purpose", "created_at"]);
    assert_eq!(
        members(second),
        ["id", "status", "check_method", "check_purpose", "source_updated_at", "created_at"]
    );
    assert_eq!((&first["status"], &second["status"]), (&json!("good"), &json!("good")));
    assert_eq!((&first["check_method"], &second["check_method"]), (&json!("crl"), &json!("ocsp")));
    assert_eq!(first["check_purpose"], "signature_verification");
    assert_eq!(second["check_purpose"], "liveness_check");
    assert_eq!(first, &verified["certificate_status"]);

    let page = client.get(&format!("{path}?limit=1&offset=1")).expect(200);
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(page["results"], json!([{ "certificate_status": second }]));
    let beyond = client.get(&format!("{path}?limit=500&offset=7")).expect(200);
    assert_eq!(
        (&beyond["limit"], &beyond["offset"], &beyond["results"]),
        (&json!(100), &json!(7), &json!([]))
    );
    assert_eq!(client.get(&format!("{path}?limit=0")).expect(200)["results"], json!([]));
}

#[test]
fn a_verification_tells_what_the_certificate_says() {
    let client = client("verify");
    let answer = client.verify("taro", 0, json!({ "identify_user": true })).expect(200);
    assert_eq!(
        members(&answer),
        ["verification", "certificate", "certificate_status", "certificate_content", "user", "is_new_user"]
    );
    let verification = &answer["verification"];
    assert_eq!(
        members(verification),
        ["id", "result", "hash_algorithm", "digest", "signature", "created_at"]
    );
    assert_eq!(verification["result"], "RESULT_OK");
    let request = signed("taro", 0);
    for field in ["hash_algorithm", "digest", "signature"] {
        assert_eq!(verification[field], request[field]);
    }
    let content = &answer["certificate_content"];
    assert_eq!(
        members(content),
        ["subject", "validity", "crl_distribution_point", "subject_alternative_name"]
    );
    assert_eq!(members(&content["validity"]), ["not_before", "not_after"]);
    assert_eq!(
        content["subject_alternative_name"],
        json!({
            "common_name": "山田　太郎",
            "substitute_character_of_common_name": "00000",
            "gender": "1",
            "date_of_birth": "419900102",
            "address": "東京都千代田区千代田１－１",
            "substitute_character_of_address": "0000000000000",
        })
    );
    // What was kept has no content.
    let id = verification["id"].as_str().unwrap();
    let kept = client.get(&format!("/verifications/{id}")).expect(200);
    assert_eq!(members(&kept), ["verification", "certificate", "certificate_status", "user"]);
    for part in ["verification", "certificate", "certificate_status", "user"] {
        assert_eq!(kept[part], answer[part], "{part}");
    }
    assert_eq!(client.get("/verifications").expect(200)["results"], json!([kept]));
}

#[test]
fn results_are_no_errors_and_the_first_failure_decides() {
    let client = client("results");
    let result = |answer: &Value| answer["verification"]["result"].as_str().unwrap().to_owned();
    let expired = client.verify("fumi", 0, json!({ "signature": base64(b"nonsense") })).expect(200);
    assert_eq!(result(&expired), "RESULT_CERTIFICATE_EXPIRED");
    assert!(expired.get("certificate_status").is_none() && expired["certificate_content"].is_object());
    let mismatch = client.verify("makoto", 0, json!({ "digest": base64(&[7; 32]) })).expect(200);
    assert_eq!(result(&mismatch), "RESULT_SIGNATURE_MISMATCH");
    assert!(mismatch.get("certificate_status").is_none());
    let revoked = client.verify("makoto", 0, json!({ "status_check_method": "ocsp" })).expect(200);
    assert_eq!(result(&revoked), "RESULT_CERTIFICATE_REVOKED");
    assert_eq!(revoked["certificate_status"]["status"], "revoked");
    assert_eq!(revoked["certificate_status"]["check_purpose"], "signature_verification");
    assert_eq!(revoked["certificate"]["id"], mismatch["certificate"]["id"]);
    assert_eq!(client.get("/verifications").expect(200)["total"], 3);
    // An expired certificate can be checked; its validity is the client's business then.
    let id = expired["certificate"]["id"].as_str().unwrap();
    let path = format!("/certificates/{id}/status");
    let checked = client.post(&path, json!({ "status_check_method": "crl" })).expect(200);
    assert_eq!(checked["certificate_status"]["status"], "good");
}

#[test]
fn every_reason_comes_from_lists_and_from_responders() {
    let client = client("reasons");
    for (person, reason) in [
        ("hanako", "affiliation_changed"),
        ("ichiro", "superseded"),
        ("makoto", "key_compromise"),
        ("kenji", "ca_compromise"),
        ("yoko", "cessation_of_operation"),
        ("jiro", "certificate_hold"),
        ("saburo", "unspecified"),
    ] {
        for method in ["crl", "ocsp"] {
            let body =
                json!({ "certificate": base64(&der(certificate(person, 0))), "status_check_method": method });
            let answer = client.post("/certificates/status", body).expect(200);
            let status = &answer["certificate_status"];
            assert_eq!(status["revocation_reason"], reason, "{person} {method}");
            assert_eq!(status["check_method"], method);
            assert!(status["source_updated_at"].is_string());
        }
    }
}

#[test]
fn one_person_is_one_user_over_kinds_and_renewals() {
    let client = client("identity");
    let check = |person: &str, number, identify| {
        let body = json!({
            "certificate": base64(&der(certificate(person, number))),
            "status_check_method": "crl",
            "identify_user": identify,
        });
        client.post("/certificates/status", body).expect(200)
    };
    let before = check("hanako", 2, false);
    assert_eq!(before["certificate"]["latest"], false);
    assert!(before.get("user").is_none() && before.get("is_new_user").is_none());
    let old = check("hanako", 0, true);
    assert_eq!(old["is_new_user"], true);
    let other_kind = check("hanako", 1, true);
    assert_eq!(other_kind["is_new_user"], false);
    assert_eq!(other_kind["user"], old["user"]);
    assert!(other_kind["certificate_content"].get("subject_alternative_name").is_none());
    let newest = check("hanako", 2, true);
    assert_eq!(newest["user"], old["user"]);
    assert_eq!(newest["certificate"]["latest"], true);
    // The order of issue counts, not that of storage: the new one was stored first.
    let id = old["certificate"]["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/certificates/{id}")).expect(200)["certificate"]["latest"], false);

    let user = old["user"]["id"].as_str().unwrap();
    let path = format!("/users/{user}/status");
    let of_user = client.post(&path, json!({ "status_check_method": "crl" })).expect(200);
    assert_eq!(members(&of_user), ["certificate", "certificate_status", "user"]);
    assert_eq!(of_user["certificate"]["id"], newest["certificate"]["id"]);
    let kind = json!({ "status_check_method": "crl", "certificate_type": "jpki_card_user_authentication" });
    let of_kind = client.post(&path, kind).expect(200);
    assert_eq!(of_kind["certificate"]["id"], other_kind["certificate"]["id"]);

    // Another tenant knows the same person by another id.
    let elsewhere = server().tenant("identity-elsewhere");
    let body = json!({
        "certificate": base64(&der(certificate("hanako", 0))),
        "status_check_method": "crl",
        "identify_user": true,
    });
    let there = elsewhere.post("/certificates/status", body).expect(200);
    assert_eq!(there["is_new_user"], true);
    assert_ne!(there["user"]["id"], old["user"]["id"]);
    assert_ne!(there["certificate"]["id"], old["certificate"]["id"]);
}

#[test]
fn what_is_deleted_is_gone_with_what_belongs_to_it() {
    let client = client("deletions");
    let verified = client.verify("ichiro", 2, json!({ "identify_user": true })).expect(200);
    let id = |name: &str| verified[name]["id"].as_str().unwrap().to_owned();
    let (verification, old, user) = (id("verification"), id("certificate"), id("user"));
    let gone = client.delete(&format!("/certificates/{old}"));
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    client.get(&format!("/certificates/{old}/status")).refused(404, "no_such_entry");
    client.get(&format!("/certificates/{old}")).refused(404, "no_such_entry");
    client.delete(&format!("/certificates/{old}")).refused(404, "no_such_entry");
    let kept = client.get(&format!("/verifications/{verification}")).expect(200);
    assert_eq!(members(&kept)[0], "verification");
    assert!(kept.get("certificate").is_none() && kept.get("certificate_status").is_none());
    // Stored again it is another one, of the same user.
    let again = client.verify("ichiro", 2, json!({ "identify_user": true })).expect(200);
    assert_ne!(again["certificate"]["id"], old.as_str());
    assert_eq!((&again["user"]["id"], &again["is_new_user"]), (&json!(user), &json!(false)));

    client.delete(&format!("/users/{user}")).expect(204);
    client.get(&format!("/users/{user}")).refused(404, "no_such_entry");
    let certificate = again["certificate"]["id"].as_str().unwrap();
    let left = client.get(&format!("/certificates/{certificate}")).expect(200);
    assert_eq!(members(&left), ["certificate"]);
    assert_eq!(left["certificate"]["latest"], false);
    let anew = client.verify("ichiro", 2, json!({ "identify_user": true })).expect(200);
    assert_eq!(anew["is_new_user"], true);
    assert_ne!(anew["user"]["id"], user.as_str());

    client.delete(&format!("/verifications/{verification}")).expect(204);
    client.get(&format!("/verifications/{verification}")).refused(404, "no_such_entry");
    assert_eq!(client.get("/verifications").expect(200)["total"], 2);
}

#[test]
fn lists_are_narrowed_by_filters() {
    let client = client("filters");
    let mine = client.stored("taro", 0, true);
    let other = client.stored("taro", 1, true);
    let stranger = client.stored("kazuo", 0, false);
    let ids = |path: &str| -> Vec<String> {
        let page = client.get(path).expect(200);
        let results = page["results"].as_array().unwrap();
        assert_eq!(page["total"], results.len());
        results.iter().map(|result| result["certificate"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("/certificates"), [mine.clone(), other.clone(), stranger.clone()]);
    assert_eq!(ids("/certificates?type=jpki_card_user_authentication"), [other.as_str()]);
    let user = client.get("/users").expect(200)["results"][0]["user"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ids(&format!("/certificates?user_id={user}")), [mine.clone(), other.clone()]);
    assert_eq!(ids("/certificates?latest=false"), [stranger.as_str()]);
    assert_eq!(
        ids(&format!("/certificates?certificate_id={mine},{stranger}&colour=red")),
        [mine.clone(), stranger]
    );
    assert_eq!(ids("/certificates?created_until=2020-01-01T00:00:00Z"), Vec::<String>::new());
    assert_eq!(ids("/certificates?created_since=2020-01-01T00:00:00%2B09:00").len(), 3);
    client.verify("taro", 0, json!({})).expect(200);
    client.verify("kazuo", 0, json!({})).expect(200);
    let total = |path: &str| client.get(path).expect(200)["total"].clone();
    assert_eq!(total("/verifications"), 2);
    assert_eq!(total(&format!("/verifications?certificate_id={mine}")), 1);
    assert_eq!(total(&format!("/verifications?user_id={user}")), 1);
    assert_eq!(total("/verifications?certificate_type=jpki_card_user_authentication"), 0);
    assert_eq!(total("/users?created_since=2020-01-01T00:00:00Z"), 1);
}

#[test]
fn what_nobody_tells_is_an_error_and_never_good() {
    let client = client("unknown");
    let check = |method: &str| {
        let body =
            json!({ "certificate": base64(&der(certificate("mika", 0))), "status_check_method": method });
        client.post("/certificates/status", body)
    };
    check("crl").refused(500, "internal_error");
    check("ocsp").refused(500, "ocsp_request_failed");
    assert!(check("crl").json()["message"].as_str().unwrap().contains("partition"));
    client.verify("mika", 0, json!({})).refused(500, "internal_error");
    assert_eq!(client.get("/verifications").expect(200)["total"], 0);
    assert!(server().counted("v1", "check_content", "undecided") >= 2);
    assert!(server().counted("v1", "verify", "undecided") >= 1);
    assert!(server().counted("v1", "check_content", "ocsp_request_failed") >= 1);
}

#[test]
fn a_user_who_cannot_be_identified_is_an_error_and_nothing_is_kept() {
    let client = client("unlinked");
    client.verify("kazuo", 0, json!({ "identify_user": true })).refused(400, "invalid_argument");
    assert_eq!(client.get("/verifications").expect(200)["total"], 0);
    client.verify("kazuo", 0, json!({})).expect(200);
}

#[test]
fn every_error_has_its_code_and_status() {
    let client = client("errors");
    let sign = signed("taro", 0);
    let wrong = |change: Value| client.post("/verifications", merged(sign.clone(), change));
    for field in ["certificate", "hash_algorithm", "digest", "signature", "status_check_method"] {
        wrong(json!({ field: null })).refused(400, "invalid_argument");
        wrong(json!({ field: 7 })).refused(400, "invalid_argument");
        wrong(json!({ field: ["x"] })).refused(400, "invalid_argument");
    }
    for change in [
        json!({ "hash_algorithm": "sha1" }),
        json!({ "hash_algorithm": "SHA256" }),
        json!({ "hash_algorithm": "sha512" }),
        json!({ "status_check_method": "unknown" }),
        json!({ "digest": base64(&[1; 31]) }),
        json!({ "digest": "not base64!" }),
        json!({ "signature": "" }),
        json!({ "signature": base64(&[1; 2000]) }),
        json!({ "identify_user": "true" }),
    ] {
        wrong(change).refused(400, "invalid_argument");
    }
    wrong(json!({ "certificate": base64(b"no certificate") })).refused(400, "invalid_certificate");
    wrong(json!({ "certificate": "" })).refused(400, "invalid_certificate");
    let authority = crate::mock::accepted().authorities()[0].anchors[0].der().to_vec();
    wrong(json!({ "certificate": base64(&authority) })).refused(400, "unsupported_certificate");
    for text in ["", "{", "[]", "null", "\"x\"", "{\"a\":1}"] {
        client.post_text("/verifications", text).refused(400, "invalid_argument");
    }
    client
        .send("POST", "/verifications", "Content-Type: text/plain\r\n", b"{}")
        .refused(415, "invalid_argument");

    let nothing = "019373b5-7c00-7000-8000-000000000000";
    let check = json!({ "status_check_method": "crl" });
    for id in
        [nothing, "x", "1%20OR%201=1", "%27;DROP%20TABLE%20users;--", "00000000-0000-0000-0000-000000000000"]
    {
        for kind in ["verifications", "certificates", "users"] {
            client.get(&format!("/{kind}/{id}")).refused(404, "no_such_entry");
            client.delete(&format!("/{kind}/{id}")).refused(404, "no_such_entry");
        }
        for kind in ["certificates", "users"] {
            client.post(&format!("/{kind}/{id}/status"), check.clone()).refused(404, "no_such_entry");
        }
        client.get(&format!("/certificates/{id}/status")).refused(404, "no_such_entry");
    }
    for query in
        ["limit=-1", "limit=x", "offset=1.5", "user_id=x", "type=x", "latest=maybe", "created_since=x"]
    {
        client.get(&format!("/certificates?{query}")).refused(400, "invalid_argument");
    }
    let stored = client.stored("taro", 0, false);
    client
        .post(&format!("/certificates/{stored}/status"), json!({ "status_check_method": "CRL" }))
        .refused(400, "invalid_argument");
    let unsupported = client.send("PUT", "/certificates", "", b"");
    assert_eq!(unsupported.status, 405);
}

#[test]
fn certificates_of_one_kind_only_leave_the_other_unfound() {
    let client = client("one-kind");
    let body = json!({
        "certificate": base64(&der(certificate("taro", 1))),
        "status_check_method": "crl",
        "identify_user": true,
    });
    let stored = client.post("/certificates/status", body).expect(200);
    let path = format!("/users/{}/status", stored["user"]["id"].as_str().unwrap());
    let of_kind = json!({ "status_check_method": "crl", "certificate_type": "jpki_card_digital_signature" });
    client.post(&path, of_kind).refused(404, "no_such_entry");
    let any = client.post(&path, json!({ "status_check_method": "crl" })).expect(200);
    assert_eq!(any["certificate"]["id"], stored["certificate"]["id"]);
}

#[test]
fn by_ocsp_the_responder_is_asked_each_time() {
    let server = server();
    let asked =
        || -> u64 { server.authorities.responders.iter().map(|(_, responder)| responder.requests()).sum() };
    let client = client("each-time");
    let id = client.stored("ichiro", 3, false);
    let check = json!({ "status_check_method": "ocsp" });
    let before = asked();
    for _ in 0..3 {
        client.post(&format!("/certificates/{id}/status"), check.clone()).expect(200);
    }
    // Others may ask meanwhile; these have asked at least.
    assert!(asked() >= before + 3);
    let history = client.get(&format!("/certificates/{id}/status")).expect(200);
    assert_eq!(history["total"], 4);
}
