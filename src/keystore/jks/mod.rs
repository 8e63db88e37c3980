//! Java KeyStore files (JKS): read in full, written so that `keytool` reads them.
//!
//! The format is Sun's and has no specification but its source: `0xFEEDFEED`, a version, entries, and SHA-1 over the
//! password, the words `Mighty Aphrodite` and all of it. Private keys are protected by a stream made of SHA-1 over
//! password and salt; certificates are not encrypted at all. Neither protects much today: files are read to get keys
//! out of them, and what this program keeps is never kept so.
//!
//! Names are in Java's modified UTF-8. Entries of other types than private keys and trusted certificates are refused,
//! as is JCEKS, its successor with serialized Java objects inside.

mod protector;
mod reader;
mod utf;
mod writer;

use zeroize::Zeroizing;

pub use self::protector::ProtectedKey;
pub use self::reader::read_jks;
pub use self::writer::write_jks;

/// The first octets of a JKS file.
pub const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// The first octets of a JCEKS file, which is not read.
pub(super) const MAGIC_JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
/// The versions there are; the first has no types of certificates.
const VERSION_1: u32 = 1;
const VERSION_2: u32 = 2;
const PRIVATE_KEY: u32 = 1;
const TRUSTED: u32 = 2;
/// The only type of certificates there is.
const X509: &str = "X.509";
const FORMAT: &str = "Java KeyStore";
/// Octets of SHA-1.
const DIGEST: usize = 20;

/// A Java KeyStore whose digest was right.
#[derive(Debug)]
pub struct Jks {
    /// The entries in the order of the file.
    pub entries: Vec<JksEntry>,
}

/// One entry.
#[derive(Debug)]
pub struct JksEntry {
    /// Its name; Java folds it to lower case.
    pub alias: String,
    /// When it was made: milliseconds since 1970.
    pub created_ms: u64,
    /// What it holds.
    pub content: JksContent,
}

/// What an entry holds.
#[derive(Debug)]
pub enum JksContent {
    /// A private key and the certificates for it (DER), its own first.
    PrivateKey {
        /// The key, still protected by its own password.
        key: ProtectedKey,
        /// Certificates.
        chain: Vec<Vec<u8>>,
    },
    /// A certificate (DER) that is trusted.
    Trusted {
        /// The certificate.
        certificate: Vec<u8>,
    },
}

/// A password as the format hashes it: UTF-16, most significant octet first.
fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    // Reserved at once, so that growing leaves no copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    for unit in password.encode_utf16() {
        octets.extend_from_slice(&unit.to_be_bytes());
    }
    octets
}

/// SHA-1 over several parts.
fn sha1(parts: &[&[u8]]) -> [u8; DIGEST] {
    use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// The digest at the end of a file.
fn store_digest(password: &str, body: &[u8]) -> [u8; DIGEST] {
    sha1(&[&utf16(password), b"Mighty Aphrodite", body])
}
