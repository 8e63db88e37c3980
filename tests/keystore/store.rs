//! The store on disk: what survives, what is refused, and who is told.

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use revocache::keystore::pkcs12::Pkcs12Strength;
use revocache::keystore::{
    Anchor, Half, IssueRequest, KeyAlgorithm, KeyStore, KeyStoreError, KeyStoreObserver, KeyStoreSettings,
    KeyVault, LiveIdentity, Purpose, SignatureDigest, StorePasswords, SubjectName, read_container,
};
use revocache::types::{Clock, FixedClock, Seconds, UnixTime};
use zeroize::Zeroizing;

use super::material::{MATERIAL, pem};
use crate::common::openssl;

const NOW: UnixTime = UnixTime::from_seconds(1_780_272_000);

fn settings(folder: &Path) -> KeyStoreSettings {
    let rounds = NonZeroU32::new(1000).unwrap();
    let strength = Pkcs12Strength { encryption: rounds, mac: rounds };
    KeyStoreSettings { strength, ..KeyStoreSettings::new(folder) }
}

fn open(folder: &Path) -> Result<KeyStore, KeyStoreError> {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(NOW));
    KeyStore::open(settings(folder), clock)
}

fn passwords() -> StorePasswords {
    let text = |text: &str| Zeroizing::new(text.to_owned());
    StorePasswords { store: text("store password"), key: text("key password") }
}

fn request(common_name: &str) -> IssueRequest {
    IssueRequest {
        subject: SubjectName { common_name: common_name.to_owned(), ..SubjectName::default() },
        algorithm: KeyAlgorithm::P256,
        digest: SignatureDigest::Sha256,
        valid: Seconds::days(30),
        purpose: Purpose::Server,
    }
}

fn shown(store: &KeyStore) -> String {
    store.show(Half::Server, "store password").unwrap()[0].subject().to_string()
}

/// Notes what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl KeyStoreObserver for Told {
    fn identity_changed(&self, half: Half, identity: Option<&LiveIdentity>) -> Result<(), String> {
        let subject = identity.map(|identity| identity.chain()[0].subject().to_string());
        self.0.lock().unwrap().push(format!("{half} {}", subject.unwrap_or_else(|| "nothing".to_owned())));
        Ok(())
    }
    fn anchors_changed(&self, half: Half, anchors: &[Anchor]) -> Result<(), String> {
        self.0.lock().unwrap().push(format!("{half} trusts {}", anchors.len()));
        Ok(())
    }
}

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn what_is_kept_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let told = Arc::new(Told::default());
    store.observe(Arc::<Told>::clone(&told)).unwrap();
    assert_eq!(told.take(), ["server nothing", "server trusts 0", "client nothing", "client trusts 0"]);
    store.create(Half::Server, &request("one"), &passwords()).unwrap();
    let anchors = store.add_anchors(Half::Client, pem("CERTIFICATE", &MATERIAL.root).as_bytes()).unwrap();
    assert_eq!(told.take(), ["server CN=one", "client trusts 1"]);
    drop(store);
    let store = open(folder.path()).unwrap();
    let told = Arc::new(Told::default());
    store.observe(Arc::<Told>::clone(&told)).unwrap();
    assert_eq!(told.take(), ["server CN=one", "server trusts 0", "client nothing", "client trusts 1"]);
    assert_eq!(store.anchors(Half::Client).unwrap(), anchors);
    store.delete(Half::Server, "store password").unwrap();
    store.remove_anchor(Half::Client, &anchors[0].alias).unwrap();
    assert_eq!(told.take(), ["server nothing", "client trusts 0"]);
    assert!(matches!(store.delete(Half::Server, "x"), Err(KeyStoreError::Missing { .. })));
}

/// A program that died between writing a new identity and putting it in place used to leave, in stores of two files, a
/// key without its certificate. Here whatever it left is one file that nobody looks at, and the old one is whole.
#[test]
fn a_write_that_was_interrupted_leaves_the_old_identity() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.create(Half::Server, &request("old"), &passwords()).unwrap();
    drop(store);
    let whole = fs::read(folder.path().join("server.identity")).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len()] {
        fs::write(folder.path().join(".writing-abc123"), &whole[..length]).unwrap();
        let store = open(folder.path()).unwrap();
        assert_eq!(shown(&store), "CN=old");
        assert!(!folder.path().join(".writing-abc123").exists());
    }
    // The place cannot be taken: the write fails, and what was in effect stays so.
    let store = open(folder.path()).unwrap();
    let told = Arc::new(Told::default());
    store.observe(Arc::<Told>::clone(&told)).unwrap();
    told.take();
    let aside = folder.path().join("aside");
    fs::rename(folder.path().join("server.identity"), &aside).unwrap();
    fs::create_dir_all(folder.path().join("server.identity/in the way")).unwrap();
    let failed = store.create(Half::Server, &request("new"), &passwords()).unwrap_err();
    assert!(matches!(failed, KeyStoreError::Io { action: "put in place", .. }), "{failed}");
    assert_eq!(told.take(), [""; 0]);
    fs::remove_dir_all(folder.path().join("server.identity")).unwrap();
    fs::rename(&aside, folder.path().join("server.identity")).unwrap();
    assert_eq!(shown(&store), "CN=old");
    // The folder is gone: nothing can be written.
    fs::remove_dir_all(folder.path()).unwrap();
    let failed = store.create(Half::Server, &request("new"), &passwords()).unwrap_err();
    assert!(matches!(failed, KeyStoreError::Io { action: "write", .. }), "{failed}");
}

#[test]
fn another_seal_or_a_changed_file_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.create(Half::Server, &request("one"), &passwords()).unwrap();
    store.create(Half::Client, &request("two"), &passwords()).unwrap();
    store.add_anchors(Half::Server, &MATERIAL.root).unwrap();
    drop(store);
    let path = |name: &str| folder.path().join(name);
    // The file of one half in the place of the other.
    let (server, client) =
        (fs::read(path("server.identity")).unwrap(), fs::read(path("client.identity")).unwrap());
    fs::write(path("server.identity"), &client).unwrap();
    assert!(matches!(open(folder.path()), Err(KeyStoreError::OtherSeal { .. })));
    // Any octet of it changed.
    for position in (0..server.len()).step_by(97) {
        let mut changed = server.clone();
        changed[position] ^= 1;
        fs::write(path("server.identity"), changed).unwrap();
        let refused = open(folder.path()).unwrap_err();
        assert!(
            matches!(refused, KeyStoreError::OtherSeal { .. } | KeyStoreError::Damaged { .. }),
            "{position}: {refused}"
        );
    }
    fs::write(path("server.identity"), &server).unwrap();
    let anchors = fs::read(path("server.anchors")).unwrap();
    fs::write(path("client.anchors"), &anchors).unwrap();
    assert!(matches!(open(folder.path()), Err(KeyStoreError::OtherSeal { .. })));
    fs::remove_file(path("client.anchors")).unwrap();
    assert!(open(folder.path()).is_ok());
    // Another key: told with both files, and nothing is overwritten.
    fs::remove_file(path("seal.key")).unwrap();
    let refused = open(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("server.identity") && refused.contains("seal.key"), "{refused}");
    assert_eq!(fs::read(path("server.identity")).unwrap(), server);
}

#[test]
fn nobody_else_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keystore");
    let store = open(&folder).unwrap();
    store.create(Half::Server, &request("one"), &passwords()).unwrap();
    store.add_anchors(Half::Server, &MATERIAL.root).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["seal.key", "server.identity", "server.anchors"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        let octets = fs::read(folder.join(file)).unwrap();
        // Neither a key in the clear nor a password.
        for secret in [&b"key password"[..], b"store password"] {
            assert!(!octets.windows(secret.len()).any(|window| window == secret), "{file}");
        }
    }
    assert!(!format!("{:?} {store:?}", passwords()).contains("password\""));
}

#[test]
fn each_password_opens_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.create(Half::Server, &request("one"), &passwords()).unwrap();
    assert!(matches!(store.show(Half::Server, "key password"), Err(KeyStoreError::WrongPassword)));
    let with = |store: &str, key: &str| StorePasswords {
        store: Zeroizing::new(store.to_owned()),
        key: Zeroizing::new(key.to_owned()),
    };
    for (wrong_store, wrong_key) in
        [("x", "key password"), ("store password", "x"), ("key password", "store password")]
    {
        let refused = store.request_archive(Half::Server, &with(wrong_store, wrong_key));
        assert!(matches!(refused, Err(KeyStoreError::WrongPassword)), "{wrong_store} {wrong_key}");
    }
    // The container with the key is one for other programs.
    let container = store.key_container(Half::Server, &passwords()).unwrap();
    let read = read_container(&container, "key password", &[], &Default::default()).unwrap();
    assert_eq!(read.keys[0].chain[0].subject().to_string(), "CN=one");
    let path = folder.path().join("key.p12");
    fs::write(&path, container).unwrap();
    let arguments = ["pkcs12", "-in", path.to_str().unwrap(), "-nodes", "-passin", "pass:key password"];
    if let Some(ran) = openssl(arguments) {
        assert!(ran.stdout.contains("BEGIN PRIVATE KEY"), "{ran:?}");
    }
}
