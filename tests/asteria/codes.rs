//! Every error code that the manual lists for a function, each by a test that names it. Both halves are asked.
//!
//! `table.rs` makes `docs/asteria-errors.md` out of this file and sees that none is missing.

use std::sync::Arc;

use revocache::server::http::asteria::{Action, AsteriaSettings, Code, MissingStatus};
use serde_json::{Value, json};

use super::faulty::{Fault, Faulty};
use super::world::{Answer, Part, World, create_body, multipart};

/// What is wrong with a call.
enum Wrong {
    /// Nothing: the key store fails.
    Fault(Fault),
    /// It has no session.
    NoSession,
    /// A parameter is left out.
    Without(&'static str),
    /// A parameter has another value.
    With(&'static str, &'static str),
    /// A member of the JSON is another one; null leaves it out.
    Json(&'static str, Value),
    /// The file has no name.
    NoFileName,
    /// The file is empty.
    NoFileData,
    /// The body ends in its middle.
    CutOff,
}

use Wrong::{CutOff, Json, NoFileData, NoFileName, NoSession, With, Without};

fn fault(fault: Fault) -> Wrong {
    Wrong::Fault(fault)
}

/// Parameters that are right.
fn parameters(action: Action) -> Vec<(&'static str, &'static str)> {
    match action {
        Action::Exist | Action::CaList | Action::Create | Action::CaImport => vec![],
        Action::Show | Action::Delete => vec![("password", "123456")],
        Action::CaShow | Action::CaDelete => vec![("alias", "test")],
        Action::Export => vec![("password", "123456"), ("outputFormat", "X509"), ("dataFormat", "PEM")],
        Action::CsrDownload | Action::CsrResponseUpload => {
            vec![("password", "123456"), ("privateKeyPassword", "abcdef")]
        }
        Action::Import => {
            vec![("password", "987654"), ("privateKeyPassword", "zyxwvu"), ("filePassword", "123456")]
        }
    }
}

async fn call(world: &World, half: &str, action: Action, wrong: &Wrong) -> Answer {
    let function = format!("{half}/{}", action.path());
    let session = if matches!(wrong, NoSession) { "none" } else { &world.session };
    let mut parameters = parameters(action);
    match wrong {
        Without(name) => parameters.retain(|(known, _)| known != name),
        With(name, value) => {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        _ => {}
    }
    let encoded: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    match action {
        Action::Exist | Action::CaList | Action::CaShow => {
            world.get_as(session, &format!("{function}?{}", encoded.join("&"))).await
        }
        Action::Create => {
            let changes = match wrong {
                Json(key, value) => vec![(*key, value.clone())],
                _ => vec![],
            };
            world.post_as(session, &function, "application/json", create_body(&changes)).await
        }
        Action::Import | Action::CsrResponseUpload | Action::CaImport => {
            let file = match action {
                Action::Import => "filedata",
                Action::CaImport => "caFile",
                _ => "certFile",
            };
            let mut parts: Vec<Part<'_>> =
                parameters.iter().map(|(name, value)| Part::Field(name, value)).collect();
            parts.push(match wrong {
                NoFileName => Part::Field(file, "octets"),
                NoFileData => Part::File(file, "test.p12", b""),
                _ => Part::File(file, "test.p12", b"octets"),
            });
            let (kind, mut body) = multipart(&parts);
            if matches!(wrong, CutOff) {
                body.truncate(body.len() - 20);
            }
            world.post_as(session, &function, &kind, body).await
        }
        _ => world.form_as(session, &function, &encoded.join("&")).await,
    }
}

/// Asks both halves, and compares.
async fn answers(action: Action, code: Code, wrong: Wrong) {
    let fault = match wrong {
        Wrong::Fault(fault) => fault,
        _ => Fault::Panic,
    };
    let world = World::with(AsteriaSettings::default(), Some(Arc::new(Faulty(fault)))).await;
    for half in ["server", "client"] {
        let answer = call(&world, half, action, &wrong).await;
        let status = code.status(MissingStatus::Forbidden).as_u16();
        assert_eq!(answer.error(), (status, u64::from(code.number())), "{half}: {}", answer.text());
        // What only an operator should know stays in the log.
        assert!(!answer.text().contains("keystore/"), "{}", answer.text());
    }
}

macro_rules! codes {
    ($($name:ident: $action:ident, $code:ident, $wrong:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                answers(Action::$action, Code::$code, $wrong).await;
            }
        )*
    };
}

codes! {
    exist_3001: Exist, C3001, NoSession;
    exist_5102: Exist, C5102, fault(Fault::Panic);

    show_2002: Show, C2002, Without("password");
    show_2401: Show, C2401, fault(Fault::WrongPassword);
    show_3001: Show, C3001, NoSession;
    show_4012: Show, C4012, fault(Fault::Missing);
    show_5102: Show, C5102, fault(Fault::CannotRead);
    show_5304: Show, C5304, fault(Fault::Damaged);

    create_2101: Create, C2101, Json("keySize", json!(1024));
    create_2102: Create, C2102, Json("CN", Value::Null);
    create_2103: Create, C2103, Json("keySize", json!("256"));
    create_2107: Create, C2107, Json("privateKeyPassword", json!("12345"));
    create_3001: Create, C3001, NoSession;
    create_5002: Create, C5002, fault(Fault::CannotWrite);
    create_5101: Create, C5101, fault(Fault::NotInEffect);
    create_5102: Create, C5102, fault(Fault::Panic);
    create_5305: Create, C5305, fault(Fault::CannotRename);
    create_5306: Create, C5306, fault(Fault::OtherSeal);
    create_5307: Create, C5307, fault(Fault::Generate);
    create_5308: Create, C5308, fault(Fault::Unusable);
    create_5309: Create, C5309, fault(Fault::Issue);

    delete_2002: Delete, C2002, Without("password");
    delete_2401: Delete, C2401, fault(Fault::WrongPassword);
    delete_3001: Delete, C3001, NoSession;
    delete_4012: Delete, C4012, fault(Fault::Missing);
    delete_5002: Delete, C5002, fault(Fault::CannotWrite);
    delete_5101: Delete, C5101, fault(Fault::NotInEffect);
    delete_5102: Delete, C5102, fault(Fault::Panic);
    delete_5305: Delete, C5305, fault(Fault::CannotRename);
    delete_5306: Delete, C5306, fault(Fault::CannotDelete);

    import_2002: Import, C2002, Without("filePassword");
    import_2004: Import, C2004, With("password", "12345");
    import_2202: Import, C2202, NoFileName;
    import_2203: Import, C2203, NoFileData;
    import_2204: Import, C2204, fault(Fault::Unreadable);
    import_2301: Import, C2301, CutOff;
    import_2401: Import, C2401, fault(Fault::WrongPassword);
    import_3001: Import, C3001, NoSession;
    import_5002: Import, C5002, fault(Fault::CannotWrite);
    import_5101: Import, C5101, fault(Fault::NotInEffect);
    import_5102: Import, C5102, fault(Fault::Panic);
    import_5305: Import, C5305, fault(Fault::CannotRename);
    import_5306: Import, C5306, fault(Fault::Damaged);

    csr_download_2002: CsrDownload, C2002, Without("privateKeyPassword");
    csr_download_2401: CsrDownload, C2401, fault(Fault::WrongPassword);
    csr_download_3001: CsrDownload, C3001, NoSession;
    csr_download_4012: CsrDownload, C4012, fault(Fault::Missing);
    csr_download_5002: CsrDownload, C5002, fault(Fault::CannotWrite);
    csr_download_5006: CsrDownload, C5006, fault(Fault::Archive);
    csr_download_5102: CsrDownload, C5102, fault(Fault::CannotRead);
    csr_download_5310: CsrDownload, C5310, fault(Fault::NoRequest);

    csr_response_upload_2002: CsrResponseUpload, C2002, Without("password");
    csr_response_upload_2202: CsrResponseUpload, C2202, NoFileName;
    csr_response_upload_2203: CsrResponseUpload, C2203, NoFileData;
    csr_response_upload_2204: CsrResponseUpload, C2204, fault(Fault::Unreadable);
    csr_response_upload_2301: CsrResponseUpload, C2301, CutOff;
    csr_response_upload_2401: CsrResponseUpload, C2401, fault(Fault::WrongPassword);
    csr_response_upload_2801: CsrResponseUpload, C2801, fault(Fault::OtherKey);
    csr_response_upload_3001: CsrResponseUpload, C3001, NoSession;
    csr_response_upload_4012: CsrResponseUpload, C4012, fault(Fault::Missing);
    csr_response_upload_5002: CsrResponseUpload, C5002, fault(Fault::CannotWrite);
    csr_response_upload_5101: CsrResponseUpload, C5101, fault(Fault::NotInEffect);
    csr_response_upload_5102: CsrResponseUpload, C5102, fault(Fault::Panic);
    csr_response_upload_5305: CsrResponseUpload, C5305, fault(Fault::CannotRename);
    csr_response_upload_5306: CsrResponseUpload, C5306, fault(Fault::Damaged);

    export_2002: Export, C2002, Without("dataFormat");
    export_2003: Export, C2003, With("outputFormat", "x509");
    export_2401: Export, C2401, fault(Fault::WrongPassword);
    export_3001: Export, C3001, NoSession;
    export_4012: Export, C4012, fault(Fault::Missing);
    export_5001: Export, C5001, fault(Fault::CannotRead);
    export_5002: Export, C5002, fault(Fault::CannotWrite);
    export_5006: Export, C5006, fault(Fault::Archive);
    export_5102: Export, C5102, fault(Fault::Panic);
    export_5303: Export, C5303, fault(Fault::Damaged);
    export_5306: Export, C5306, fault(Fault::OtherSeal);

    ca_list_3001: CaList, C3001, NoSession;
    ca_list_5102: CaList, C5102, fault(Fault::Panic);
    ca_list_5304: CaList, C5304, fault(Fault::Damaged);
    ca_list_5306: CaList, C5306, fault(Fault::CannotRead);

    ca_show_2002: CaShow, C2002, Without("alias");
    ca_show_3001: CaShow, C3001, NoSession;
    ca_show_4012: CaShow, C4012, fault(Fault::Missing);
    ca_show_5102: CaShow, C5102, fault(Fault::Panic);
    ca_show_5304: CaShow, C5304, fault(Fault::Damaged);
    ca_show_5306: CaShow, C5306, fault(Fault::CannotRead);

    ca_delete_2002: CaDelete, C2002, Without("alias");
    ca_delete_3001: CaDelete, C3001, NoSession;
    ca_delete_4012: CaDelete, C4012, fault(Fault::Missing);
    ca_delete_5002: CaDelete, C5002, fault(Fault::CannotWrite);
    ca_delete_5102: CaDelete, C5102, fault(Fault::Panic);
    ca_delete_5304: CaDelete, C5304, fault(Fault::Damaged);
    ca_delete_5305: CaDelete, C5305, fault(Fault::CannotRename);
    ca_delete_5306: CaDelete, C5306, fault(Fault::OtherSeal);

    ca_import_2202: CaImport, C2202, NoFileName;
    ca_import_2203: CaImport, C2203, NoFileData;
    ca_import_2204: CaImport, C2204, fault(Fault::Unreadable);
    ca_import_2301: CaImport, C2301, CutOff;
    ca_import_2802: CaImport, C2802, fault(Fault::Expired);
    ca_import_3001: CaImport, C3001, NoSession;
    ca_import_5002: CaImport, C5002, fault(Fault::CannotWrite);
    ca_import_5102: CaImport, C5102, fault(Fault::Panic);
    ca_import_5304: CaImport, C5304, fault(Fault::Damaged);
    ca_import_5305: CaImport, C5305, fault(Fault::CannotRename);
    ca_import_5306: CaImport, C5306, fault(Fault::OtherSeal);
}

/// The manual prints "403 Not Found"; either half of it can be had.
#[tokio::test]
async fn the_status_of_4012_can_be_chosen() {
    for (missing_status, status) in [(MissingStatus::Forbidden, 403), (MissingStatus::NotFound, 404)] {
        let settings = AsteriaSettings { missing_status, ..AsteriaSettings::default() };
        let world = World::with(settings, Some(Arc::new(Faulty(Fault::Missing)))).await;
        assert_eq!(world.form("server/show", "password=123456").await.error(), (status, 4012));
    }
}

/// What comes first of several mistakes: session, role, presence, value, and only then what is stored.
#[tokio::test]
async fn mistakes_are_found_in_one_order() {
    let world = World::with(AsteriaSettings::default(), Some(Arc::new(Faulty(Fault::Missing)))).await;
    let developer = world.log_in("developer").await;
    assert_eq!(world.form_as("none", "server/export", "").await.error(), (403, 3001));
    assert_eq!(world.form_as(&developer, "server/export", "").await.error(), (403, 3003));
    assert_eq!(world.form("server/export", "dataFormat=x").await.error(), (400, 2002));
    let wrong = "password=1&outputFormat=X509&dataFormat=x";
    assert_eq!(world.form("server/export", wrong).await.error(), (400, 2003));
    let right = "password=1&outputFormat=X509&dataFormat=DER";
    assert_eq!(world.form("server/export", right).await.error(), (403, 4012));
    // In JSON: presence, type, value, length.
    let create = async |changes: &[(&str, Value)]| {
        let kind = "application/json";
        world.post_as(&world.session, "server/create", kind, create_body(changes)).await.error().1
    };
    let (missing, kind) = (("CN", Value::Null), ("keySize", json!("x")));
    let (value, length) = (("validPeriod", json!(0)), ("password", json!("12345")));
    assert_eq!(create(&[missing, kind.clone(), value.clone(), length.clone()]).await, 2102);
    assert_eq!(create(&[kind, value.clone(), length.clone()]).await, 2103);
    assert_eq!(create(&[value, length.clone()]).await, 2101);
    assert_eq!(create(&[length]).await, 2107);
}
