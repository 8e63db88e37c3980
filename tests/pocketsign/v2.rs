//! Version 2: the Connect protocol, and what every method answers.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use crate::api::{Answer, Client, base64, merged, server};
use crate::mock::{certificate, der, sign};

fn client(name: &str) -> Client {
    server().tenant(name)
}

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect()
}

/// The message to verify a signature over "a contract".
fn signed(person: &str, number: usize) -> Value {
    let signer = certificate(person, number);
    let (digest, signature) = sign(signer, "sha384", b"a contract").expect("openssl is installed");
    json!({
        "certificate": base64(&der(signer)),
        "hashAlgorithm": "HASH_ALGORITHM_SHA384",
        "digest": base64(&digest),
        "signature": base64(&signature),
    })
}

fn verify(client: &Client, person: &str, number: usize, more: Value) -> Answer {
    client.call("VerificationService/Verify", merged(signed(person, number), more))
}

/// An error of the Connect protocol with this status and code; its details.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Vec<Value> {
    let json = answer.expect(status);
    assert_eq!(json["code"], code, "{json}");
    assert!(!json["message"].as_str().unwrap().is_empty());
    assert!(answer.head.contains("content-type: application/json"));
    json["details"].as_array().cloned().unwrap_or_default()
}

/// The reason in the only detail of an error, which its protobuf and its form for people agree on.
#[track_caller]
fn reason(details: &[Value]) -> &str {
    let [detail] = details else { panic!("{details:?}") };
    assert_eq!(detail["type"], "google.rpc.ErrorInfo");
    let octets = STANDARD_NO_PAD.decode(detail["value"].as_str().unwrap()).unwrap();
    let reason = detail["debug"]["reason"].as_str().unwrap();
    assert_eq!(detail["debug"]["domain"], "verify.p8n.app");
    // Field 1 of the message is the reason.
    assert_eq!((octets[0], usize::from(octets[1])), (0x0a, reason.len()));
    assert_eq!(&octets[2..2 + reason.len()], reason.as_bytes());
    reason
}

/// The fields of violations, and their rules.
#[track_caller]
fn violations(details: &[Value]) -> Vec<(String, String)> {
    let [detail] = details else { panic!("{details:?}") };
    assert_eq!(detail["type"], "buf.validate.Violations");
    STANDARD_NO_PAD.decode(detail["value"].as_str().unwrap()).unwrap();
    let field = |violation: &Value| {
        let elements = violation["field"]["elements"].as_array().unwrap();
        let names = elements.iter().map(|element| element["fieldName"].as_str().unwrap());
        (names.collect::<Vec<_>>().join("."), violation["ruleId"].as_str().unwrap().to_owned())
    };
    detail["debug"]["violations"].as_array().unwrap().iter().map(field).collect()
}

#[test]
fn all_fourteen_methods() {
    let client = client("v2");
    let verified = verify(&client, "hanako", 2, json!({ "identifyUser": true })).expect(200);
    assert_eq!(
        members(&verified),
        ["verification", "certificate", "certificateStatus", "certificateContent", "user", "isNewUser"]
    );
    assert_eq!(members(&verified["certificate"]), ["id", "type", "createdAt"]);
    assert_eq!(verified["certificate"]["type"], "TYPE_JPKI_CARD_DIGITAL_SIGNATURE");
    assert_eq!(verified["verification"]["result"], "RESULT_OK");
    assert_eq!(verified["verification"]["hashAlgorithm"], "HASH_ALGORITHM_SHA384");
    assert_eq!(verified["isNewUser"], true);
    let status = &verified["certificateStatus"];
    assert_eq!(members(status), ["id", "status", "checkMethod", "checkPurpose", "createdAt"]);
    assert_eq!(status["status"], "STATUS_GOOD");
    assert_eq!(status["checkMethod"], "CHECK_METHOD_CRL");
    assert_eq!(status["checkPurpose"], "CHECK_PURPOSE_SIGNATURE_VERIFICATION");
    let content = &verified["certificateContent"];
    assert_eq!(
        members(content),
        ["subject", "validity", "crlDistributionPoint", "jpkiCardDigitalSignatureContent"]
    );
    assert_eq!(members(&content["validity"]), ["notBefore", "notAfter"]);
    assert_eq!(content["jpkiCardDigitalSignatureContent"]["commonName"], "佐藤　花子");

    let id = |name: &str| verified[name]["id"].as_str().unwrap().to_owned();
    let (verification, certificate, status, user) =
        (id("verification"), id("certificate"), id("certificateStatus"), id("user"));
    let kept = client.call("VerificationService/GetVerification", json!({ "verification_id": verification }));
    let kept = kept.expect(200);
    assert_eq!(members(&kept), ["verification", "certificate", "certificateStatus", "user"]);
    assert_eq!(kept["verification"], verified["verification"]);
    let filter = json!({
        "certificateIds": [certificate],
        "certificate_types": ["TYPE_JPKI_CARD_DIGITAL_SIGNATURE", 2],
        "user_ids": [user],
        "created_since": "2020-01-01T00:00:00.5+09:00",
    });
    let listed =
        client.call("VerificationService/ListVerifications", json!({ "filter": filter })).expect(200);
    assert_eq!(listed, json!({ "nextPageToken": "", "totalSize": 1, "responses": [kept] }));

    let got =
        client.call("CertificateService/GetCertificate", json!({ "certificateId": certificate })).expect(200);
    assert_eq!(got, json!({ "certificate": verified["certificate"], "user": verified["user"] }));
    let listed =
        client.call("CertificateService/ListCertificates", json!({ "filter": { "userIds": [user] } }));
    assert_eq!(listed.expect(200)["responses"], json!([got]));
    let check = json!({ "certificateId": certificate, "checkMethod": "CHECK_METHOD_OCSP" });
    let checked = client.call("CertificateService/CheckCertificateStatus", check).expect(200);
    assert_eq!(members(&checked), ["certificate", "certificateStatus", "user"]);
    assert_eq!(checked["certificateStatus"]["checkPurpose"], "CHECK_PURPOSE_LIVENESS_CHECK");
    assert!(checked["certificateStatus"]["sourceUpdatedAt"].is_string());
    let one =
        client.call("CertificateService/GetCertificateStatus", json!({ "certificateStatusId": status }));
    assert_eq!(one.expect(200), json!({ "certificateStatus": verified["certificateStatus"] }));
    let history = client.call(
        "CertificateService/ListCertificateStatuses",
        json!({ "filter": { "certificateIds": [certificate] } }),
    );
    assert_eq!(
        history.expect(200),
        json!({
            "nextPageToken": "",
            "totalSize": 2,
            "responses": [
                { "certificateStatus": verified["certificateStatus"] },
                { "certificateStatus": checked["certificateStatus"] },
            ],
        })
    );

    let got = client.call("UserService/GetUser", json!({ "userId": user })).expect(200);
    assert_eq!(got, json!({ "user": verified["user"] }));
    let listed = client.call("UserService/ListUsers", json!({})).expect(200);
    assert_eq!(listed, json!({ "nextPageToken": "", "totalSize": 1, "responses": [got] }));
    let check = json!({ "userId": user, "certificateType": "TYPE_JPKI_CARD_DIGITAL_SIGNATURE" });
    let checked = client.call("UserService/CheckUserStatus", check).expect(200);
    assert_eq!(members(&checked), ["certificate", "certificateStatus", "user"]);
    let other = json!({ "userId": user, "certificateType": "TYPE_JPKI_CARD_USER_AUTHENTICATION" });
    refused(&client.call("UserService/CheckUserStatus", other), 404, "not_found");

    for (method, field, id) in [
        ("VerificationService/DeleteVerification", "verificationId", &verification),
        ("CertificateService/DeleteCertificate", "certificateId", &certificate),
        ("UserService/DeleteUser", "userId", &user),
    ] {
        assert_eq!(client.call(method, json!({ field: id })).expect(200), json!({}));
        refused(&client.call(method, json!({ field: id })), 404, "not_found");
    }
    refused(
        &client.call("CertificateService/GetCertificateStatus", json!({ "certificateStatusId": status })),
        404,
        "not_found",
    );
}

#[test]
fn an_authentication_certificate_has_content_of_its_own() {
    let answer = verify(&client("v2-authentication"), "taro", 1, json!({ "check_method": 2 })).expect(200);
    let content = &answer["certificateContent"];
    assert_eq!(content["jpkiCardUserAuthenticationContent"], json!({}));
    assert_eq!(answer["certificate"]["type"], "TYPE_JPKI_CARD_USER_AUTHENTICATION");
    assert_eq!(answer["certificateStatus"]["checkMethod"], "CHECK_METHOD_OCSP");
}

#[test]
fn revoked_certificates_have_reason_and_dates() {
    let answer = verify(&client("v2-revoked"), "saburo", 0, json!({})).expect(200);
    assert_eq!(answer["verification"]["result"], "RESULT_CERTIFICATE_REVOKED");
    let status = &answer["certificateStatus"];
    assert_eq!(status["status"], "STATUS_REVOKED");
    // The zero value is a reason, and there.
    assert_eq!(status["revocationReason"], "CRL_REASON_UNSPECIFIED");
    assert!(status["revokedAt"].is_string() && status["sourceUpdatedAt"].is_string());
    let expired = verify(&client("v2-expired"), "fumi", 0, json!({})).expect(200);
    assert_eq!(expired["verification"]["result"], "RESULT_CERTIFICATE_EXPIRED");
    assert!(expired.get("certificateStatus").is_none() && expired["certificateContent"].is_object());
}

#[test]
fn pages_follow_each_other_and_tokens_keep_to_their_filter() {
    let client = client("v2-pages");
    for (person, number) in [("taro", 0), ("taro", 1), ("hanako", 0), ("hanako", 1), ("ichiro", 0)] {
        client.stored(person, number, false);
    }
    let list = |body: Value| client.call("CertificateService/ListCertificates", body);
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = list(json!({ "pageSize": 2, "pageToken": token })).expect(200);
        assert_eq!(page["totalSize"], 5);
        seen.extend(page["responses"].as_array().unwrap().iter().map(|it| it["certificate"]["id"].clone()));
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
        let other = json!({ "pageToken": token, "filter": { "certificateTypes": [1] } });
        let details = refused(&list(other), 400, "invalid_argument");
        assert_eq!(violations(&details)[0].0, "page_token");
        let elsewhere = client.call("UserService/ListUsers", json!({ "pageToken": token }));
        refused(&elsewhere, 400, "invalid_argument");
    }
    assert_eq!(seen.len(), 5);
    seen.dedup();
    assert_eq!(seen.len(), 5);
    assert_eq!(list(json!({ "pageSize": 5000 })).expect(200)["responses"].as_array().unwrap().len(), 5);
}

#[test]
fn causes_come_as_details() {
    let client = client("v2-causes");
    let invalid = verify(&client, "taro", 0, json!({ "certificate": base64(b"no certificate") }));
    assert_eq!(reason(&refused(&invalid, 400, "invalid_argument")), "ERROR_REASON_INVALID_CERTIFICATE");
    let authority = crate::mock::accepted().authorities()[0].anchors[0].der().to_vec();
    let unsupported = verify(&client, "taro", 0, json!({ "certificate": base64(&authority) }));
    assert_eq!(
        reason(&refused(&unsupported, 400, "invalid_argument")),
        "ERROR_REASON_UNSUPPORTED_CERTIFICATE"
    );
    let silent = verify(&client, "mika", 0, json!({ "checkMethod": "CHECK_METHOD_OCSP" }));
    assert_eq!(reason(&refused(&silent, 503, "unavailable")), "ERROR_REASON_OCSP_REQUEST_FAILED");
    assert_eq!(refused(&verify(&client, "mika", 0, json!({})), 500, "internal"), Vec::<Value>::new());
    let unlinked = verify(&client, "kazuo", 0, json!({ "identifyUser": true }));
    let details = refused(&unlinked, 400, "failed_precondition");
    assert_eq!(reason(&details), "ERROR_REASON_ASSOCIATED_CERTIFICATE_NOT_EXISTS");
    assert_eq!(client.call("VerificationService/ListVerifications", json!({})).expect(200)["totalSize"], 0);
}

#[test]
fn every_violation_is_told_at_once() {
    let client = client("v2-violations");
    let bad = json!({
        "pageSize": -1,
        "pageToken": "x",
        "filter": { "userIds": ["x", "019373b5-7c00-7000-8000-000000000000"], "certificateTypes": [0, 9] },
    });
    let details = refused(&client.call("CertificateService/ListCertificates", bad), 400, "invalid_argument");
    let found = violations(&details);
    for expected in [
        ("page_size", "int32.gte"),
        ("page_token", "page_token.same_filter"),
        ("filter.user_ids", "string.uuid"),
        ("filter.certificate_types", "enum.not_in"),
        ("filter.certificate_types", "enum.defined_only"),
    ] {
        assert!(found.contains(&(expected.0.to_owned(), expected.1.to_owned())), "{expected:?} in {found:?}");
    }
    let empty =
        violations(&refused(&client.call("VerificationService/Verify", json!({})), 400, "invalid_argument"));
    let fields: Vec<&str> = empty.iter().map(|(field, _)| field.as_str()).collect();
    assert!(fields.contains(&"certificate") && fields.contains(&"hash_algorithm"), "{fields:?}");
    let short = verify(&client, "taro", 0, json!({ "digest": base64(&[1; 32]) }));
    let details = refused(&short, 400, "invalid_argument");
    assert_eq!(violations(&details), [("digest".to_owned(), "bytes.len".to_owned())]);
    for (method, field) in [
        ("CertificateService/GetCertificate", "certificate_id"),
        ("CertificateService/DeleteCertificate", "certificate_id"),
        ("CertificateService/CheckCertificateStatus", "certificate_id"),
        ("CertificateService/GetCertificateStatus", "certificate_status_id"),
        ("UserService/GetUser", "user_id"),
        ("UserService/DeleteUser", "user_id"),
        ("UserService/CheckUserStatus", "user_id"),
        ("VerificationService/GetVerification", "verification_id"),
        ("VerificationService/DeleteVerification", "verification_id"),
    ] {
        for id in ["", "x", "' OR 1=1 --", "{019373b5-7c00-7000-8000-000000000000}"] {
            let details = refused(&client.call(method, json!({ field: id })), 400, "invalid_argument");
            assert_eq!(violations(&details)[0].0, field, "{method} {id}");
        }
        let nothing = json!({ field: "019373b5-7c00-7000-8000-000000000000" });
        refused(&client.call(method, nothing), 404, "not_found");
    }
}

#[test]
fn messages_that_cannot_be_read_are_refused() {
    let client = client("v2-malformed");
    let path = "/pocketsign.verify.v2.UserService/ListUsers";
    for text in [
        "",
        "[]",
        "null",
        "{",
        r#"{"pageSize": "x"}"#,
        r#"{"pageSize": 1.5}"#,
        r#"{"pageSize": true}"#,
        r#"{"pageSize": 1, "page_size": 1}"#,
        r#"{"pageToken": 7}"#,
        r#"{"filter": []}"#,
        r#"{"filter": {"createdSince": "yesterday"}}"#,
        r#"{"filter": {"createdSince": 7}}"#,
    ] {
        refused(&client.post_text(path, text), 400, "invalid_argument");
    }
    client.post_text(path, r#"{"colour": "red", "pageSize": null}"#).expect(200);
    for text in
        [r#"{"certificateTypes": "TYPE_X"}"#, r#"{"certificateTypes": ["TYPE_X"]}"#, r#"{"userIds": [7]}"#]
    {
        let text = format!(r#"{{"filter": {text}}}"#);
        let path = "/pocketsign.verify.v2.CertificateService/ListCertificates";
        refused(&client.post_text(path, &text), 400, "invalid_argument");
    }
}

#[test]
fn the_protocol_has_rules_of_its_own() {
    let client = client("v2-protocol");
    let path = "/pocketsign.verify.v2.UserService/ListUsers";
    let send = |headers: &str| client.send("POST", path, headers, b"{}");
    let json = "Content-Type: application/json\r\n";
    send(&format!("{json}Connect-Protocol-Version: 1\r\nConnect-Timeout-Ms: 10000\r\n")).expect(200);
    send("Content-Type: application/json; charset=utf-8\r\n").expect(200);
    refused(&send(&format!("{json}Connect-Protocol-Version: 2\r\n")), 400, "invalid_argument");
    refused(&send(&format!("{json}Connect-Timeout-Ms: soon\r\n")), 400, "invalid_argument");
    refused(&send(&format!("{json}Connect-Timeout-Ms: 0\r\n")), 504, "deadline_exceeded");
    refused(&send(&format!("{json}Content-Encoding: gzip\r\n")), 501, "unimplemented");
    for media in ["application/proto", "application/grpc", "text/plain", "application/connect+json"] {
        let answer = send(&format!("Content-Type: {media}\r\n"));
        assert_eq!(answer.status, 415, "{media}");
        assert!(answer.head.contains("accept-post: application/json"), "{}", answer.head);
    }
    assert_eq!(send("").status, 415);
    assert_eq!(client.get(path).status, 405);
    for method in ["UserService/Nothing", "CertificateService/Verify", "VerificationService/getVerification"]
    {
        refused(&client.call(method, json!({})), 501, "unimplemented");
    }
    assert_eq!(client.call("Nobody/Nothing", json!({})).status, 404);
}
