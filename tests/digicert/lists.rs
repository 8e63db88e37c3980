//! Order info, lists and status changes.

use serde_json::{Value, json};

use super::world::World;

fn ids(document: &Value) -> Vec<i64> {
    document["orders"].as_array().unwrap().iter().map(|order| order["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn order_info_has_what_clients_read() {
    let world = World::new().await;
    let reply = world.get("order/certificate/112211?include_caa_status=true").await;
    let expected = json!({
        "id": 112_211,
        "certificate": {
            "id": 501, "thumbprint": "AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12", "serial_number": "0A1B2C",
            "common_name": "example.com", "dns_names": ["example.com", "sub.example.com"],
            "date_created": "2018-04-20T10:00:00+00:00", "date_issued": "2018-04-26T00:00:00+00:00",
            "valid_from": "2018-04-26", "valid_till": "2020-04-26", "days_remaining": 330,
            "organization": {"id": 12345}, "organization_units": [], "signature_hash": "sha256", "key_size": 2048
        },
        "status": "issued", "is_renewal": false, "is_renewed": false, "date_created": "2018-04-20T10:00:00+00:00",
        "organization": {"id": 12345, "name": "Example Organization", "city": "Lehi", "state": "Utah",
                         "country": "US", "status": "active"},
        "validity_years": 2, "container": {"id": 7, "name": "Web"},
        "product": {"name_id": "ssl_ov", "name": "Product ov", "type": "ssl_certificate", "validation_type": "ov",
                    "validation_name": "OV", "validation_description": "Normal Organization Validation"},
        "user": {"id": 1, "first_name": "ada", "last_name": "Doe", "email": "ada@example.com"},
        "requests": [{"id": 71, "date": "2018-04-20T10:00:00+00:00", "type": "new_request", "status": "approved",
                      "comments": "please"}],
        "payment_method": "balance", "allow_duplicates": false
    });
    assert_eq!(reply.body, expected.to_string());
    // Before it is issued there is no date of that.
    let pending = world.get("order/certificate/112213").await.json();
    assert_eq!(pending["certificate"].get("date_issued"), None);
    assert_eq!(pending.get("organization"), None);
}

#[tokio::test]
async fn order_info_is_found_by_number_thumbprint_and_serial() {
    let world = World::new().await;
    for reference in [
        "112211",
        "AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12",
        "ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12",
        "0a1b2c",
        "00:0A:1B:2C",
        "000A1B2C",
    ] {
        let document = world.get(&format!("order/certificate/{reference}")).await.json();
        assert_eq!(document["id"], 112_211, "{reference}");
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let world = World::new().await;
    let asked = async |query: &str| world.get(&format!("order/certificate?{query}")).await.json();
    let all = asked("").await;
    assert_eq!(ids(&all), [112_211, 112_212, 112_213, 112_214]);
    assert_eq!(all["page"], json!({"total": 4, "limit": 1000, "offset": 0}));
    let first = json!({
        "id": 112_211,
        "certificate": {"id": 501, "common_name": "example.com", "dns_names": ["example.com", "sub.example.com"],
                        "valid_till": "2020-04-26", "days_remaining": 330, "signature_hash": "sha256"},
        "status": "issued", "is_renewed": false, "date_created": "2018-04-20T10:00:00+00:00",
        "organization": {"id": 12345, "name": "Example Organization"}, "validity_years": 2,
        "container": {"id": 7, "name": "Web"},
        "product": {"name_id": "ssl_ov", "name": "Product ov", "type": "ssl_certificate"}
    });
    assert_eq!(all["orders"][0].to_string(), first.to_string());
    for (query, expected) in [
        ("filters[status]=pending", &[112_212, 112_213][..]),
        ("filters[status][0]=pending&filters[status][1]=processing", &[112_212, 112_213, 112_214]),
        ("filters[status]=expired", &[]),
        ("filters[product_name_id]=ssl_dv", &[112_213]),
        ("filters[common_name]=EXAMPLE.com", &[112_211, 112_212]),
        ("filters[common_name]=%25.example", &[112_213, 112_214]),
        ("filters[common_name]=%25_%25", &[]),
        ("organization_id=23456", &[112_214]),
        ("user_id=4", &[112_212]),
        ("filters[date_created]=2019-05-02...2019-05-03", &[112_213, 112_214]),
        ("filters[valid_till]=%3C2021-01-01", &[112_211]),
        ("sort=-order_id&limit=2", &[112_214, 112_213]),
        ("sort=order_id&limit=2&offset=3", &[112_214]),
        ("sort=-date_created", &[112_214, 112_213, 112_212, 112_211]),
        ("sort=common_name", &[112_211, 112_212, 112_213, 112_214]),
        ("sort=-product_name", &[112_214, 112_211, 112_212, 112_213]),
        ("sort=-status", &[112_214, 112_213, 112_212, 112_211]),
        ("sort=-valid_till&limit=1", &[112_211]),
        ("sort=-validity_years&limit=1", &[112_211]),
    ] {
        assert_eq!(ids(&asked(query).await), expected, "{query}");
    }
    let page = asked("filters[status]=pending&limit=1&offset=1").await;
    assert_eq!(page["page"], json!({"total": 2, "limit": 1, "offset": 1}));
}

#[tokio::test]
async fn filters_know_which_orders_have_expired_by_now() {
    let world = World::new().await;
    let asked = async |query: &str| ids(&world.get(&format!("order/certificate?{query}")).await.json());
    world.clock.set("2020-04-26T11:59:59Z");
    assert_eq!(asked("filters[status]=issued").await, [112_211]);
    world.clock.set("2020-04-26T12:00:00Z");
    assert_eq!(asked("filters[status]=issued").await, Vec::<i64>::new());
    assert_eq!(asked("filters[status]=expired").await, [112_211]);
}

#[tokio::test]
async fn status_changes_are_those_of_the_span_also_by_time_alone() {
    let world = World::new().await;
    let asked = async |span: &str| {
        let path = format!("order/certificate/status-changes?filters[status_last_updated]={span}");
        world.get(&path).await.json()
    };
    let created = asked("2019-05-01+10:00:00...2019-05-02+09:59:59").await;
    assert_eq!(created["orders"], json!([{"order_id": 112_212, "certificate_id": 502, "status": "pending"}]));
    assert_eq!(asked("2019-05-31...2020-05-01").await["orders"], json!([]));
    // The administrator takes an order back: that is a change of now.
    let part =
        revocache::service::orders::Reference { kind: revocache::service::orders::Kind::Order, id: 112_212 };
    world.registry.change(part, json!({"status": "canceled"})).await.unwrap();
    let canceled = json!([{"order_id": 112_212, "certificate_id": 502, "status": "canceled"}]);
    assert_eq!(asked("2019-06-01...2019-06-01").await["orders"], canceled);
    // A certificate ends, and with it the status.
    world.clock.set("2020-04-27T00:00:00Z");
    let expired = json!([{"order_id": 112_211, "certificate_id": 501, "status": "expired"}]);
    assert_eq!(asked("2020-04-26T12:00:00Z...2020-04-26T12:00:00Z").await["orders"], expired);
}
