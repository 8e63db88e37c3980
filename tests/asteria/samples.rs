//! The samples of the manual, field for field.

use md5::Digest;
use revocache::keystore::pkcs12::write_pkcs12;
use revocache::server::http::asteria::{AsteriaSettings, ChainInfo, CodeForm, WeakRequests};
use revocache_testkit::{Authority, CertificateBuilder, Key, KeyKind, Name, StringKind};
use serde_json::{Value, json};

use super::material::{SAMPLE, ca_name, name, pem, subject};
use super::world::{FAST, Part, World, create_body};

fn colons(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

/// The detail in the sample of `import` and `show`; what depends on the octets of the certificate is computed.
fn sample_detail() -> Value {
    json!({
        "subject": {
            "C": "JP", "ST": "StateName", "L": "LocalityName", "O": "OrganizationName", "OU": "UnitName",
            "CN": "subject"
        },
        "issuer": {
            "C": "JP", "ST": "CaState", "L": "CaCity", "O": "CaOrg", "OU": "CaUnit", "CN": "CA"
        },
        "notBefore": "2013-01-13 09:56:53",
        "notAfter": "2013-04-13 09:56:53",
        "version": "3",
        "signatureAlgorithm": "SHA256withECDSA",
        "usage": {
            "digitalSignature": true, "nonRepudiation": false, "keyEncipherment": false,
            "dataEncipherment": false, "keyAgreement": true, "keyCertSign": false, "cRLSign": false,
            "encipherOnly": true, "decipherOnly": false
        },
        "fingerprintSha1": colons(&revocache::pki::sha1(&SAMPLE.leaf)),
        "fingerprintMd5": colons(&md5::Md5::digest(&SAMPLE.leaf)),
        "serialNumber": "1378947413351",
        "chainInfo": [
            "CN=CA,OU=CaUnit,O=CaOrg,L=CaCity,ST=CaState,C=JP",
            "CN=CA,OU=CaUnit,O=CaOrg,L=CaCity,ST=CaState,C=JP"
        ]
    })
}

async fn import(world: &World, half: &str) -> Value {
    let parts = [
        Part::Field("filePassword", "123456"),
        Part::Field("password", "987654"),
        Part::Field("privateKeyPassword", "zyxwvu"),
        Part::File("filedata", "test.p12", &SAMPLE.p12()),
    ];
    world.upload(&format!("{half}/import"), &parts).await.data()
}

#[tokio::test]
async fn import_and_show_answer_the_sample() {
    let world = World::new().await;
    for half in ["server", "client"] {
        assert_eq!(world.get(&format!("{half}/exist")).await.data(), json!({ "exist": false }));
        let expected = json!({ "certificate": sample_detail() });
        let imported = import(&world, half).await;
        assert_eq!(imported, expected);
        // In the order of the sample as well.
        assert_eq!(imported.to_string(), expected.to_string());
        assert_eq!(
            world.get(&format!("{half}/exist")).await.text(),
            r#"{"result":{"status":"success","data":{"exist":true}}}"#
        );
        let shown = world.form(&format!("{half}/show"), "password=987654").await.data();
        assert_eq!(shown, expected);
        assert_eq!(world.form(&format!("{half}/show"), "password=123456").await.error(), (400, 2401));
    }
    // The subjects of the chain, for clients that take the manual so.
    let settings = AsteriaSettings { chain_info: ChainInfo::Subjects, ..AsteriaSettings::default() };
    let world = World::with(settings, None).await;
    let chain = &import(&world, "server").await["certificate"]["chainInfo"];
    assert_eq!(chain[0], "CN=subject,OU=UnitName,O=OrganizationName,L=LocalityName,ST=StateName,C=JP");
    assert_eq!(chain[1], "CN=CA,OU=CaUnit,O=CaOrg,L=CaCity,ST=CaState,C=JP");
}

/// The sample is of version 1, as `openssl x509 -req` makes certificates without extensions; TLS libraries that read no
/// such certificates can present them all the same.
#[tokio::test]
async fn a_certificate_of_version_1_is_imported() {
    let world = World::new().await;
    let key = Key::new(KeyKind::Rsa);
    let mut builder = CertificateBuilder::new(&[1, 0x41], subject(), &key);
    builder.version3 = false;
    let leaf = builder.build(&SAMPLE.ca);
    let mut entry = SAMPLE.entry();
    entry.key = revocache::keystore::PrivateKey::from_pkcs8(key.pkcs8().to_vec().into()).unwrap();
    entry.chain[0] = super::material::certificate(&leaf);
    let p12 = write_pkcs12(&[entry], &[], "123456", FAST).unwrap();
    let parts = [
        Part::Field("filePassword", "123456"),
        Part::Field("password", "987654"),
        Part::Field("privateKeyPassword", "zyxwvu"),
        Part::File("filedata", "test.p12", &p12),
    ];
    let detail = world.upload("server/import", &parts).await.data();
    assert_eq!(detail["certificate"]["version"], "1");
    assert_eq!(detail["certificate"]["serialNumber"], "321");
}

#[tokio::test]
async fn the_sample_of_create_works_where_weak_requests_are_strengthened() {
    let settings = AsteriaSettings { weak_requests: WeakRequests::Strengthen, ..AsteriaSettings::default() };
    let world = World::with(settings, None).await;
    let body = br#"{
    "certificate": {
        "C": "JP",
        "ST": "StateName",
        "L": "LocalityName",
        "O": "OrganizationName",
        "OU": "UnitName",
        "CN": "subject",
        "password": "123456",
        "privateKeyPassword": "123456",
        "keySize": 1024,
        "keyAlgorithm": "RSA",
        "validPeriod": 30,
        "signatureAlgorithm": "md5WithRSAEncryption"
    }
}"#;
    let kind = "application/json; charset=UTF-8";
    let answer = world.post_as(&world.session, "server/create", kind, body.to_vec()).await;
    assert_eq!(answer.text(), r#"{"result":{"status":"success","data":{}}}"#);
    assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
    let shown = &world.form("server/show", "password=123456").await.data()["certificate"];
    assert_eq!(shown["subject"], sample_detail()["subject"]);
    assert_eq!(shown["issuer"], shown["subject"]);
    assert_eq!(shown["signatureAlgorithm"], "SHA256withRSA");
    assert_eq!(shown["notBefore"], "2026-06-01 00:00:00");
    assert_eq!(shown["notAfter"], "2026-07-01 00:00:00");
    // Without that, what the sample asks for is refused.
    let world = World::new().await;
    let answer = world.post_as(&world.session, "server/create", kind, body.to_vec()).await;
    assert_eq!(answer.error(), (400, 2101));
}

/// Version 1 has no extensions: nine booleans, all false.
#[tokio::test]
async fn authorities_are_listed_shown_and_deleted_as_in_the_samples() {
    let world = World::new().await;
    let certum = Name::empty()
        .rdn("2.5.4.6", StringKind::Printable, "PL")
        .rdn("2.5.4.10", StringKind::Printable, "Unizeto Sp. z o.o.")
        .rdn("2.5.4.3", StringKind::Printable, "Certum CA");
    let key = Key::new(KeyKind::P256);
    let mut root = CertificateBuilder::new(&[1, 0, 0x20], certum.clone(), &key);
    root.version3 = false;
    // 2002-06-11T19:46:39Z and 2027-06-11T19:46:39Z.
    (root.not_before, root.not_after) = (1_023_824_799.into(), 1_812_743_199.into());
    let root = root.build_with(&certum, &key);
    let ca = Authority::root_with(
        name(["JP", "csState", "caCity", "caOrg", "caUnit", "ca"]),
        Key::new(KeyKind::P256),
    );
    let below = Authority::builder(&[9], &subject(), &Key::new(KeyKind::P256)).build(&ca);
    for half in ["server", "client"] {
        assert_eq!(world.get(&format!("{half}/ca/list")).await.data(), json!({ "certificate": [] }));
        let import = format!("{half}/ca/import");
        world.upload(&import, &[Part::File("caFile", "test.cer", &root)]).await.data();
        let text = pem("CERTIFICATE", &below);
        let all = world.upload(&import, &[Part::File("caFile", "test.cer", text.as_bytes())]).await.data();
        let aliases: Vec<&str> = (0..2).map(|at| all["certificate"][at]["alias"].as_str().unwrap()).collect();
        let expected = json!({ "certificate": [
            {
                "alias": aliases[0],
                "subject": "CN=Certum CA,O=Unizeto Sp. z o.o.,C=PL",
                "issuer": "CN=Certum CA,O=Unizeto Sp. z o.o.,C=PL",
                "notBefore": "2002-06-11 19:46:39",
                "notAfter": "2027-06-11 19:46:39"
            },
            {
                "alias": aliases[1],
                "subject": "CN=subject,OU=UnitName,O=OrganizationName,L=LocalityName,ST=StateName,C=JP",
                "issuer": "CN=ca,OU=caUnit,O=caOrg,L=caCity,ST=csState,C=JP",
                "notBefore": "2024-01-01 00:00:00",
                "notAfter": "2034-01-01 00:00:00"
            }
        ] });
        assert_eq!(all, expected);
        assert_eq!(all.to_string(), expected.to_string());
        assert!(uuid::Uuid::parse_str(aliases[0]).is_ok());
        assert_eq!(world.get(&format!("{half}/ca/list")).await.data(), expected);
        let shown = world.get(&format!("{half}/ca/show?alias={}", aliases[0])).await.data();
        let shown = shown["certificate"].as_object().unwrap();
        assert_eq!(shown["version"], "1");
        assert_eq!(shown["serialNumber"], "65568");
        assert!(shown["usage"].as_object().unwrap().values().all(|flag| flag == false));
        assert_eq!(shown["usage"].as_object().unwrap().len(), 9);
        assert!(!shown.contains_key("chainInfo"));
        assert_eq!(shown["subject"], json!({ "C": "PL", "O": "Unizeto Sp. z o.o.", "CN": "Certum CA" }));
        let left = world.form(&format!("{half}/ca/delete"), &format!("alias={}", aliases[0])).await.data();
        assert_eq!(left["certificate"], json!([expected["certificate"][1]]));
        let again = world.form(&format!("{half}/ca/delete"), &format!("alias={}", aliases[0])).await;
        assert_eq!(again.error(), (403, 4012));
    }
}

#[tokio::test]
async fn xml_has_what_json_has() {
    let world = World::new().await;
    let answer = world.get("server/exist.xml").await;
    assert_eq!(
        answer.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><result><status>success</status><data><exist>false</exist></data></result>"
    );
    assert_eq!(answer.header("content-type"), "application/xml; charset=UTF-8");
    assert_eq!(world.get("server/exist.json").await.data(), json!({ "exist": false }));
    let answer = world.form("server/show.xml", "password=1").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("<error><code>4012</code><message>[4012]"), "{}", answer.text());
    import(&world, "server").await;
    let text = world.form("server/show.xml", "password=987654").await.text().to_owned();
    let ca = "<chainInfo>CN=CA,OU=CaUnit,O=CaOrg,L=CaCity,ST=CaState,C=JP</chainInfo>";
    assert!(text.contains(&format!("{ca}{ca}")), "{text}");
    assert!(text.contains("<subject><C>JP</C><ST>StateName</ST>"), "{text}");
    assert!(text.contains("<serialNumber>1378947413351</serialNumber>"), "{text}");
    // A name cannot break out of its element, nor smuggle in what XML cannot say.
    let tricky = name(["JP", "]]>", "&amp;", "<!ENTITY x>", "\u{1}", "<script>"]);
    let evil = Authority::root_with(tricky, Key::new(KeyKind::P256));
    world.upload("server/ca/import", &[Part::File("caFile", "a", &evil.certificate)]).await.data();
    let text = world.get("server/ca/list.xml").await.text().to_owned();
    assert!(!text.contains("<!ENTITY") && !text.contains("<script>"), "{text}");
    let mut reader = quick_xml::Reader::from_str(&text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
}

/// Times in the zone of the server, and codes as text, for clients that want them so.
#[tokio::test]
async fn choices_are_followed() {
    let settings = AsteriaSettings {
        utc_offset_minutes: 9 * 60,
        error_code: CodeForm::Text,
        ..AsteriaSettings::default()
    };
    let world = World::with(settings, None).await;
    let detail = import(&world, "server").await;
    assert_eq!(detail["certificate"]["notBefore"], "2013-01-13 18:56:53");
    let error = world.form("server/show", "").await.json();
    assert_eq!(error["result"]["error"]["code"], "2002");
}

/// Signatures that Java has a name for, made by OpenSSL where this program would not.
#[tokio::test]
async fn algorithms_have_their_names_in_java() {
    if crate::common::openssl(["version"]).is_none() {
        return;
    }
    let world = World::new().await;
    use revocache_testkit::Signature as S;
    let rsa = Key::new(KeyKind::Rsa);
    for (signature, name) in [
        (S::RsaPkcs1Sha1, "SHA1withRSA"),
        (S::RsaPkcs1Sha256, "SHA256withRSA"),
        (S::RsaPkcs1Sha512, "SHA512withRSA"),
        (S::RsaPssSha256, "RSASSA-PSS"),
    ] {
        let builder = Authority::builder(&[3], &ca_name(), &rsa).signature(signature);
        let root = builder.build_with(&ca_name(), &rsa);
        let all = world.upload("client/ca/import", &[Part::File("caFile", "a", &root)]).await.data();
        let alias =
            all["certificate"].as_array().unwrap().last().unwrap()["alias"].as_str().unwrap().to_owned();
        let shown = world.get(&format!("client/ca/show?alias={alias}")).await.data();
        assert_eq!(shown["certificate"]["signatureAlgorithm"], name);
    }
}

#[tokio::test]
async fn what_is_no_function_is_told() {
    let world = World::new().await;
    for path in ["server/nothing", "server", "server/exist/", "server/exist.yaml", "middle/exist"] {
        assert_eq!(world.get(path).await.error(), (404, 4001), "{path}");
    }
    let answer = world.form("server/exist", "").await;
    assert_eq!(answer.error(), (405, 4002));
    assert_eq!(answer.header("allow"), "GET");
    let answer = world.get("server/show").await;
    assert_eq!(answer.error(), (405, 4002));
    assert_eq!(answer.header("allow"), "POST");
    let big = format!("password={}", "x".repeat(70_000));
    assert_eq!(world.form("server/show", &big).await.error(), (400, 2001));
    let other = world.post_as(&world.session, "server/show", "text/plain", b"password=123456".to_vec());
    assert_eq!(other.await.error(), (400, 2002));
    let body = create_body(&[]);
    let answer = world.post_as(&world.session, "client/create", "application/json", body[..20].to_vec());
    assert_eq!(answer.await.error(), (400, 2101));
}
