//! How far the validation for an order is, field for field and second for second.

use revocache::server::http::digicert::{DigicertSettings, EndedDomain};
use serde_json::{Value, json};

use super::world::{Plan, World};

/// The documented sample, with the comma and the brace it lacks.
fn sample() -> Value {
    serde_json::from_str(
        r#"{
  "order_id": "112211",
  "order_status": "issued",
  "organization_id": "12345",
  "organization_name": "Example Organization",
  "organization_validations": [
    {
      "type": "ov",
      "name": "OV",
      "description": "Normal Organization Validation",
      "date_created": "2018-04-25T21:52:33+00:00",
      "validated_until": "2019-04-25T21:52:33+00:00",
      "status": "pending",
      "verification_details": {
             "organization_type": "pending",
             "organization_status": "pending",
             "address_verification": "pending",
             "blacklist_fraud": "pending",
             "request_authenticity": "pending"
      }
    }
  ],
  "dns_name_validations": [
    {
      "domain_id": "1234",
      "name_scope": "example.com",
      "approval_scope": "subdomains",
      "status": "approved",
      "method": "email",
      "dns_names": [
        "sub.example.com"
      ],
      "approval_expiration_date": "2020-09-11T16:27:39+00:00"
    }
  ]
}"#,
    )
    .unwrap()
}

#[tokio::test]
async fn the_documented_sample_is_answered_field_for_field() {
    let world = World::new().await;
    let reply =
        world.get_with("order/certificate/112211/validation", &[("content-type", "application/json")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    // As text, so that the order of the members counts as well.
    assert_eq!(reply.body, sample().to_string());
    // Not an answer that could be anybody's.
    let again = world.get("order/certificate/112211/validation?unknown=1&include_risk_check=false").await;
    assert_eq!(again.json(), sample());
}

#[tokio::test]
async fn an_ev_order_has_the_components_of_ev_and_its_contacts() {
    let world = World::new().await;
    let document = world.get("order/certificate/112212/validation").await.json();
    assert_eq!(document["order_status"], "pending");
    assert_eq!(document["order_name_scope"], "base_domain");
    assert_eq!(document["order_dcv_method"], "email");
    let validations = document["organization_validations"].as_array().unwrap();
    assert_eq!(validations.len(), 1);
    let expected = json!({
        "type": "ev", "name": "EV", "description": "Extended Organization Validation (EV)",
        "date_created": "2019-01-01T00:00:00+00:00", "validated_until": "2020-01-01T00:00:00+00:00",
        "status": "active",
        "verified_contacts": [{"user_id": "9", "name": "Vera Fied", "first_name": "Vera", "last_name": "Fied",
                               "job_title": "CEO", "status": "active"}],
        "verification_details": {
            "blacklist_fraud": "active", "operational_existence": "active", "place_of_business_verification": "active",
            "phone_number_verification": "active", "approver_verification": "active", "approver_blacklist": "active"}
    });
    assert_eq!(validations[0].to_string(), expected.to_string());
}

#[tokio::test]
async fn a_dv_order_has_no_organization_and_always_a_risk_check() {
    let world = World::new().await;
    let document = world.get("order/certificate/112213/validation").await.json();
    let expected = json!({
        "order_id": "112213", "order_status": "pending",
        "dns_name_validations": [{
            "domain_id": "1235", "name_scope": "fresh.example", "approval_scope": "fqdn", "status": "pending",
            "method": "dns-txt-token", "dns_names": ["fresh.example"]}],
        "risk_check": {"status": "pending"}
    });
    assert_eq!(document.to_string(), expected.to_string());
}

#[tokio::test]
async fn others_have_a_risk_check_only_when_they_ask() {
    let world = World::new().await;
    world
        .import(json!({"orders": [{
        "id": 9, "status": "pending", "date_created": "2019-05-03T10:00:00Z", "organization_id": 12345,
        "product": {"name_id": "ssl_ov", "name": "OV", "validation_type": "ov"},
        "certificate": {"id": 9}, "risk_check": "active"}]}))
        .await;
    let asked = |query: &'static str| world.get(query);
    let without = asked("order/certificate/9/validation").await.json();
    assert_eq!(without.get("risk_check"), None);
    let with = asked("order/certificate/9/validation?include_risk_check=true").await.json();
    assert_eq!(with["risk_check"], json!({"status": "active"}));
    assert_eq!(with["dns_name_validations"], json!([]));
}

#[tokio::test]
async fn while_in_progress_for_the_first_time_there_are_no_times() {
    let world = World::new().await;
    let document = world.get("order/certificate/112214/validation").await.json();
    assert_eq!(document["order_status"], "processing");
    let expected = json!([{
        "type": "ov", "name": "OV", "description": "Normal Organization Validation", "status": "pending",
        "verification_details": {
            "organization_type": "active", "organization_status": "pending", "address_verification": "pending",
            "blacklist_fraud": "active", "request_authenticity": "pending"}}]);
    assert_eq!(document["organization_validations"], expected);
    // The domains are in the order of the order.
    let ids: Vec<&str> = document["dns_name_validations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|domain| domain["domain_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["1235", "1234"]);
}

#[tokio::test]
async fn a_validation_that_has_not_begun_is_pending() {
    let world = World::new().await;
    world.import(json!({"organizations": [{"id": 12345, "name": "Example Organization"}]})).await;
    let document = world.get("order/certificate/112212/validation").await.json();
    let validation = &document["organization_validations"][0];
    assert_eq!((&validation["type"], &validation["status"]), (&json!("ev"), &json!("pending")));
    assert_eq!(validation["verification_details"].as_object().unwrap().len(), 6);
    assert_eq!(validation.get("date_created"), None);
}

#[tokio::test]
async fn statuses_turn_at_their_second() {
    let world = World::new().await;
    let organization = |document: &Value| document["organization_validations"][0]["status"].clone();
    let detail = |document: &Value| {
        document["organization_validations"][0]["verification_details"]["request_authenticity"].clone()
    };
    let domain = |document: &Value| document["dns_name_validations"][0]["status"].clone();
    for (at, expected) in [
        ("2018-04-25T21:52:32Z", ["issued", "pending", "pending", "pending"]),
        ("2018-04-25T21:52:33Z", ["issued", "active", "active", "pending"]),
        ("2018-06-11T16:27:38Z", ["issued", "active", "active", "pending"]),
        ("2018-06-11T16:27:39Z", ["issued", "active", "active", "approved"]),
        ("2019-04-25T21:52:32Z", ["issued", "active", "active", "approved"]),
        ("2019-04-25T21:52:33Z", ["issued", "pending", "pending", "approved"]),
        ("2020-04-26T11:59:59Z", ["issued", "pending", "pending", "approved"]),
        ("2020-04-26T12:00:00Z", ["expired", "pending", "pending", "approved"]),
        ("2020-09-11T16:27:38Z", ["expired", "pending", "pending", "approved"]),
        ("2020-09-11T16:27:39Z", ["expired", "pending", "pending", "expired"]),
    ] {
        world.clock.set(at);
        let document = world.get("order/certificate/112211/validation").await.json();
        let found =
            [document["order_status"].clone(), organization(&document), detail(&document), domain(&document)];
        assert_eq!(found, expected.map(Value::from), "{at}");
    }
    // What has ended keeps its times, what has not begun has none.
    world.clock.set("2021-01-01T00:00:00Z");
    let document = world.get("order/certificate/112211/validation").await.json();
    assert_eq!(document["dns_name_validations"][0]["approval_expiration_date"], "2020-09-11T16:27:39+00:00");
    world.clock.set("2018-01-01T00:00:00Z");
    let document = world.get("order/certificate/112211/validation").await.json();
    assert_eq!(document["organization_validations"][0].get("validated_until"), None);
    assert_eq!(document["dns_name_validations"][0].get("approval_expiration_date"), None);
}

#[tokio::test]
async fn an_ended_domain_can_be_called_pending() {
    let settings = DigicertSettings { ended_domain: EndedDomain::Pending, ..DigicertSettings::default() };
    let world = World::with(Plan { at: "2021-01-01T00:00:00Z", settings, ..Plan::default() }).await;
    let document = world.get("order/certificate/112211/validation").await.json();
    assert_eq!(document["dns_name_validations"][0]["status"], "pending");
}
