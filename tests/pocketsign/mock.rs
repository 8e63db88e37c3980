//! The mock authority, made once for all tests of this file.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use revocache::mock::{MockCertificate, MockFolder};
use revocache::pki::read_certificates;
use revocache::service::jpki::{Accepted, AcceptedAuthority, CertificateType, Profile};
use revocache::types::UnixTime;

use crate::common::{openssl, with_paths};

struct Made {
    folder: tempfile::TempDir,
    mock: MockFolder,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mock = MockFolder::open(folder.path(), UnixTime::now()).unwrap();
        Made { folder, mock }
    })
}

/// The mock authority.
pub fn mock() -> &'static MockFolder {
    &made().mock
}

/// Its folder.
pub fn folder() -> &'static std::path::Path {
    made().folder.path()
}

/// The certificate of this number of somebody.
pub fn certificate(person: &str, number: usize) -> &'static MockCertificate {
    &mock().person(person).unwrap().certificates[number]
}

/// Its DER encoding.
pub fn der(certificate: &MockCertificate) -> Vec<u8> {
    std::fs::read(mock().path(&certificate.certificate)).unwrap()
}

/// What a service that takes the mock authority's certificates accepts.
pub fn accepted() -> Accepted {
    let authority = |certificate_type, profile| AcceptedAuthority {
        profile: Profile::named(profile).unwrap(),
        anchors: read_certificates(std::fs::File::open(mock().authority_file(certificate_type)).unwrap())
            .unwrap(),
        intermediates: Vec::new(),
    };
    Accepted::new(vec![
        authority(CertificateType::CardDigitalSignature, "mock-signature"),
        authority(CertificateType::CardUserAuthentication, "mock-authentication"),
    ])
}

/// Digest and signature of a message by the key of a certificate, made by OpenSSL.
pub fn sign(certificate: &MockCertificate, hash: &str, message: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let run = |arguments: &[std::ffi::OsString]| {
        let mut child = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(message).ok()?;
        Some(child.wait_with_output().ok()?.stdout)
    };
    let key: PathBuf = mock().path(&certificate.key);
    let digest = run(&with_paths(&format!("dgst -{hash} -binary"), &[]))?;
    let signature = run(&with_paths(&format!("dgst -{hash}"), &[("-sign", &key)]))?;
    Some((digest, signature))
}

#[test]
fn openssl_takes_what_the_mock_authority_makes() {
    for (name, certificate_type) in [
        ("signature", CertificateType::CardDigitalSignature),
        ("authentication", CertificateType::CardUserAuthentication),
    ] {
        let authority = mock().authority_file(certificate_type);
        let ours = mock().people().iter().flat_map(|person| &person.certificates);
        for certificate in ours.filter(|it| it.certificate_type == certificate_type.name()) {
            let path = mock().path(&certificate.certificate);
            let arguments =
                with_paths("verify -no_check_time -x509_strict", &[("-CAfile", &authority), ("", &path)]);
            let arguments: Vec<_> = arguments.into_iter().filter(|argument| !argument.is_empty()).collect();
            let Some(ran) = openssl(arguments) else { return };
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
        for entry in std::fs::read_dir(mock().lists()).unwrap() {
            let path = entry.unwrap().path();
            if !path.file_name().unwrap().to_str().unwrap().starts_with(name) {
                continue;
            }
            let ran = openssl(with_paths(
                "crl -inform DER -noout -text",
                &[("-in", &path), ("-CAfile", &authority)],
            ));
            let ran = ran.unwrap();
            assert!(ran.stderr.contains("verify OK"), "{ran:?}");
            assert!(ran.stdout.contains("X509v3 Issuing Distribution Point: critical"), "{}", ran.stdout);
        }
    }
}

#[test]
fn opening_again_keeps_keys_and_certificates() {
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-r").arg(folder().join(".")).arg(copy.path()).status().unwrap();
    assert!(status.success());
    let again = MockFolder::open(copy.path(), UnixTime::now()).unwrap();
    assert_eq!(again.people(), mock().people());
    std::fs::write(copy.path().join("people.json"), b"{").unwrap();
    let error = MockFolder::open(copy.path(), UnixTime::now()).unwrap_err().to_string();
    assert!(error.contains("people.json") && error.contains("remove the folder"), "{error}");
}
