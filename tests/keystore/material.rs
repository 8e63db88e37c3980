//! A key with a chain, made once, and the programs that say what is right.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use revocache::keystore::{KeyEntry, PrivateKey, TrustedEntry};
use revocache::pki::Certificate;
use revocache_testkit::{Authority, Key, KeyKind, Name};
use zeroize::Zeroizing;

use crate::common::skipped;

/// A leaf, its issuer and their root.
pub struct Material {
    pub key: Key,
    pub leaf: Vec<u8>,
    pub intermediate: Vec<u8>,
    pub root: Vec<u8>,
}

pub static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
    let root = Authority::root("Keystore Root", KeyKind::P256);
    let issuer = root.intermediate("Keystore CA", KeyKind::P256);
    let key = Key::new(KeyKind::Rsa);
    let builder = Authority::builder(&[0x12, 0x34], &Name::new("keystore.example"), &key);
    let leaf = builder.build(&issuer);
    Material { key, leaf, intermediate: issuer.certificate.clone(), root: root.certificate.clone() }
});

pub fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

impl Material {
    pub fn private(&self) -> PrivateKey {
        PrivateKey::from_pkcs8(Zeroizing::new(self.key.pkcs8().to_vec())).unwrap()
    }

    pub fn chain(&self) -> Vec<Certificate> {
        [&self.leaf, &self.intermediate, &self.root].into_iter().map(|der| certificate(der)).collect()
    }

    pub fn entry(&self, alias: &str) -> KeyEntry {
        KeyEntry { alias: alias.to_owned(), key: self.private(), chain: self.chain() }
    }

    pub fn trusted(&self, alias: &str) -> TrustedEntry {
        TrustedEntry { alias: alias.to_owned(), certificate: certificate(&self.root) }
    }

    /// Writes `leaf.key`, `leaf.crt` and `chain.crt` (PEM) for OpenSSL.
    pub fn write_pem(&self, folder: &Path) {
        std::fs::write(folder.join("leaf.key"), pem("PRIVATE KEY", self.key.pkcs8())).unwrap();
        std::fs::write(folder.join("leaf.crt"), pem("CERTIFICATE", &self.leaf)).unwrap();
        let chain = pem("CERTIFICATE", &self.intermediate) + &pem("CERTIFICATE", &self.root);
        std::fs::write(folder.join("chain.crt"), chain).unwrap();
    }
}

pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Runs `keytool`; `None`, visibly, where there is none.
pub fn keytool<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Option<String> {
    // The small collector starts a little sooner.
    let quick = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-Duser.language=en"];
    match Command::new("keytool").args(quick).args(arguments).current_dir(folder).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            Some(text)
        }
        Err(error) => {
            skipped(&format!("the keytool program cannot be run ({error})"));
            None
        }
    }
}
