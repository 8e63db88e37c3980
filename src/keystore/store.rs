//! The store on disk, and who is told when it changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::archive::{ArchiveFile, pack};
use super::certificates::{read_certificate_file, to_der, to_pem};
use super::identity::{Contents, IdentityFile};
use super::pkcs12::Pkcs12Strength;
use super::seal::SealKey;
use super::{
    Anchor, CertificateFormat, ContainerError, ContainerLimits, ExportEncoding, Half, IssueRequest, KeyEntry,
    KeyStoreError, KeyVault, LiveIdentity, StorePasswords, anchors, disk, issue, read_container,
};
use crate::pki::Certificate;
use crate::types::Clock;

/// Octets of a file of the store, at most.
const MAX_FILE: u64 = 16 << 20;
/// The sealing key, where nothing else is said.
const SEAL: &str = "seal.key";

/// How a store is kept.
#[derive(Debug, Clone)]
pub struct KeyStoreSettings {
    /// The folder; made if it is not there, for its owner alone.
    pub folder: PathBuf,
    /// The file of the sealing key; made if it is not there. `None` for `seal.key` in the folder.
    pub seal_key: Option<PathBuf>,
    /// How dear a guess at a password is.
    pub strength: Pkcs12Strength,
    /// What uploaded files may cost.
    pub limits: ContainerLimits,
    /// Anchors in one half, at most. Default 1000.
    pub max_anchors: usize,
}

impl KeyStoreSettings {
    /// The usual settings for a folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            seal_key: None,
            strength: Pkcs12Strength::default(),
            limits: ContainerLimits::default(),
            max_anchors: 1000,
        }
    }
}

/// Who puts changes into effect.
pub trait KeyStoreObserver: Send + Sync {
    /// The identity of a half is another one, or gone.
    ///
    /// # Errors
    /// Why the change could not be put into effect.
    fn identity_changed(&self, half: Half, identity: Option<&LiveIdentity>) -> Result<(), String>;

    /// The anchors of a half are others.
    ///
    /// # Errors
    /// Why the change could not be put into effect.
    fn anchors_changed(&self, half: Half, anchors: &[Anchor]) -> Result<(), String>;
}

/// The store. One process at a time keeps it.
pub struct KeyStore {
    settings: KeyStoreSettings,
    seal: SealKey,
    clock: Arc<dyn Clock>,
    /// Held while anything is read or changed, so that observers hear of changes in their order.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    server: HalfState,
    client: HalfState,
    observers: Vec<Arc<dyn KeyStoreObserver>>,
}

#[derive(Default)]
struct HalfState {
    identity: Option<LiveIdentity>,
    anchors: Vec<Anchor>,
}

impl KeyStore {
    /// Opens a store, or makes an empty one, and unseals what it holds.
    ///
    /// # Errors
    /// [`KeyStoreError::Damaged`] and [`KeyStoreError::OtherSeal`] for a store that cannot be used: a server that came up
    /// with another identity or with nobody trusted would be worse than none.
    pub fn open(settings: KeyStoreSettings, clock: Arc<dyn Clock>) -> Result<Self, KeyStoreError> {
        disk::private_folder(&settings.folder)?;
        disk::sweep(&settings.folder)?;
        let seal_path = settings.seal_key.clone().unwrap_or_else(|| settings.folder.join(SEAL));
        let seal = SealKey::load_or_create(&seal_path)?;
        let store = Self { settings, seal, clock, state: Mutex::default() };
        let mut state = State::default();
        for half in Half::ALL {
            *state.half_mut(half) = store.load(half)?;
        }
        *store.lock() = state;
        Ok(store)
    }

    /// Tells an observer what there is, and from now on what changes.
    ///
    /// # Errors
    /// What the observer says.
    pub fn observe(&self, observer: Arc<dyn KeyStoreObserver>) -> Result<(), String> {
        let mut state = self.lock();
        for half in Half::ALL {
            let of = state.half(half);
            observer.identity_changed(half, of.identity.as_ref())?;
            observer.anchors_changed(half, &of.anchors)?;
        }
        state.observers.push(observer);
        Ok(())
    }

    /// The PKCS#12 container of key and certificates, for other programs; the key password opens it.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    pub fn key_container(&self, half: Half, passwords: &StorePasswords) -> Result<Vec<u8>, KeyStoreError> {
        let _state = self.lock();
        let (file, _) = self.open_both(half, passwords)?;
        Ok(file.keys_container().to_vec())
    }

    fn load(&self, half: Half) -> Result<HalfState, KeyStoreError> {
        let path = self.identity_path(half);
        let identity = match self.read_identity(half) {
            Ok(file) => {
                let Contents { key, chain } = file.open_sealed(half, &self.seal, &path)?;
                Some(LiveIdentity::new(&key, chain)?)
            }
            Err(KeyStoreError::Missing { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(HalfState { identity, anchors: self.read_anchors(half)? })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic leaves behind is what was on the disk before or after.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity_path(&self, half: Half) -> PathBuf {
        self.settings.folder.join(format!("{half}.identity"))
    }

    fn anchors_path(&self, half: Half) -> PathBuf {
        self.settings.folder.join(format!("{half}.anchors"))
    }

    fn read_identity(&self, half: Half) -> Result<IdentityFile, KeyStoreError> {
        let path = self.identity_path(half);
        match disk::read(&path, MAX_FILE)? {
            Some(octets) => IdentityFile::from_octets(&octets, &path),
            None => Err(KeyStoreError::Missing { what: "identity" }),
        }
    }

    fn read_anchors(&self, half: Half) -> Result<Vec<Anchor>, KeyStoreError> {
        let path = self.anchors_path(half);
        match disk::read(&path, MAX_FILE)? {
            Some(octets) => anchors::from_octets(half, &octets, &self.seal, &path),
            None => Ok(Vec::new()),
        }
    }

    /// Opens the identity with both passwords. Both are tried, so that a wrong one of them takes as long as the other.
    fn open_both(
        &self,
        half: Half,
        passwords: &StorePasswords,
    ) -> Result<(IdentityFile, Contents), KeyStoreError> {
        let file = self.read_identity(half)?;
        let path = self.identity_path(half);
        let store = file.open_store(&passwords.store, &path);
        let keys = file.open_keys(&passwords.key, &path);
        store?;
        Ok((file, keys?))
    }

    /// Keeps an identity and puts it into effect.
    fn keep(
        &self,
        state: &mut State,
        half: Half,
        contents: &Contents,
        request: Option<Vec<u8>>,
        passwords: &StorePasswords,
    ) -> Result<(), KeyStoreError> {
        // Before anything is written: what TLS cannot use does not replace what it uses.
        let live = LiveIdentity::new(&contents.key, contents.chain.clone())?;
        let file =
            IdentityFile::make(half, contents, request, passwords, self.settings.strength, &self.seal)?;
        disk::replace(&self.identity_path(half), &file.to_octets())?;
        state.half_mut(half).identity = Some(live);
        state.tell_identity(half)
    }

    fn keep_anchors(
        &self,
        state: &mut State,
        half: Half,
        anchors: Vec<Anchor>,
    ) -> Result<Vec<Anchor>, KeyStoreError> {
        disk::replace(&self.anchors_path(half), &anchors::to_octets(half, &anchors, &self.seal)?)?;
        state.half_mut(half).anchors.clone_from(&anchors);
        state.tell_anchors(half)?;
        Ok(anchors)
    }
}

impl State {
    fn half(&self, half: Half) -> &HalfState {
        match half {
            Half::Server => &self.server,
            Half::Client => &self.client,
        }
    }

    fn half_mut(&mut self, half: Half) -> &mut HalfState {
        match half {
            Half::Server => &mut self.server,
            Half::Client => &mut self.client,
        }
    }

    fn tell_identity(&self, half: Half) -> Result<(), KeyStoreError> {
        let identity = self.half(half).identity.as_ref();
        self.tell(|observer| observer.identity_changed(half, identity))
    }

    fn tell_anchors(&self, half: Half) -> Result<(), KeyStoreError> {
        let anchors = &self.half(half).anchors;
        self.tell(|observer| observer.anchors_changed(half, anchors))
    }

    /// Tells everybody, and then of the first who failed.
    fn tell(&self, tell: impl Fn(&dyn KeyStoreObserver) -> Result<(), String>) -> Result<(), KeyStoreError> {
        let outcomes: Vec<_> = self.observers.iter().map(|observer| tell(observer.as_ref())).collect();
        let failed = outcomes.into_iter().find_map(Result::err);
        failed.map_or(Ok(()), |reason| Err(KeyStoreError::NotInEffect { reason }))
    }
}

impl KeyVault for KeyStore {
    fn exists(&self, half: Half) -> Result<bool, KeyStoreError> {
        let _state = self.lock();
        match self.read_identity(half) {
            Ok(_) => Ok(true),
            Err(KeyStoreError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn show(&self, half: Half, store_password: &str) -> Result<Vec<Certificate>, KeyStoreError> {
        let file = {
            let _state = self.lock();
            self.read_identity(half)?
        };
        file.open_store(store_password, &self.identity_path(half))
    }

    fn create(
        &self,
        half: Half,
        request: &IssueRequest,
        passwords: &StorePasswords,
    ) -> Result<(), KeyStoreError> {
        let made = issue(request, self.clock.now())?;
        let contents = Contents { key: made.key, chain: vec![made.certificate] };
        self.keep(&mut self.lock(), half, &contents, Some(made.request), passwords)
    }

    fn delete(&self, half: Half, store_password: &str) -> Result<(), KeyStoreError> {
        let mut state = self.lock();
        let path = self.identity_path(half);
        self.read_identity(half)?.open_store(store_password, &path)?;
        disk::remove(&path)?;
        state.half_mut(half).identity = None;
        state.tell_identity(half)
    }

    fn import(
        &self,
        half: Half,
        container: &[u8],
        container_password: &str,
        passwords: &StorePasswords,
    ) -> Result<Vec<Certificate>, KeyStoreError> {
        let others = [passwords.key.as_str()];
        let container = read_container(container, container_password, &others, &self.settings.limits)?;
        let KeyEntry { key, chain, .. } =
            container.keys.into_iter().next().ok_or(ContainerError::Nothing { what: "private key" })?;
        if chain.is_empty() {
            return Err(ContainerError::Nothing { what: "certificate for the private key" }.into());
        }
        // A request belongs to a key that was made here; this one has none.
        self.keep(&mut self.lock(), half, &Contents { key, chain: chain.clone() }, None, passwords)?;
        Ok(chain)
    }

    fn request_archive(&self, half: Half, passwords: &StorePasswords) -> Result<Vec<u8>, KeyStoreError> {
        let (file, _) = {
            let _state = self.lock();
            self.open_both(half, passwords)?
        };
        let request = file.request.ok_or(KeyStoreError::NoRequest)?;
        let octets = to_pem("CERTIFICATE REQUEST", &request).into_bytes();
        pack(&[ArchiveFile { name: format!("{half}.csr"), octets }])
    }

    fn install(
        &self,
        half: Half,
        passwords: &StorePasswords,
        certificate: &[u8],
        chain: Option<&[u8]>,
    ) -> Result<(), KeyStoreError> {
        let mut state = self.lock();
        let (file, Contents { key, chain: stored }) = self.open_both(half, passwords)?;
        let mut given = read_certificate_file(certificate, &self.settings.limits)?;
        if let Some(chain) = chain {
            given.extend(read_certificate_file(chain, &self.settings.limits)?);
        }
        let own = stored.first().map(|certificate| certificate.public_key().spki().to_vec());
        let chain = path(given, own.as_deref(), self.settings.limits.chain)?;
        self.keep(&mut state, half, &Contents { key, chain }, file.request, passwords)
    }

    fn export_archive(
        &self,
        half: Half,
        store_password: &str,
        format: CertificateFormat,
        encoding: ExportEncoding,
    ) -> Result<Vec<u8>, KeyStoreError> {
        let chain = self.show(half, store_password)?;
        let encoded = |certificates: &[Certificate], label: &str| {
            let der = to_der(certificates, format);
            match encoding {
                ExportEncoding::Der => der,
                ExportEncoding::Pem => to_pem(label, &der).into_bytes(),
            }
        };
        let files: Vec<ArchiveFile> = match format {
            CertificateFormat::Pkcs7 => {
                vec![ArchiveFile { name: format!("{half}.p7b"), octets: encoded(&chain, "PKCS7") }]
            }
            CertificateFormat::X509 => (0..)
                .zip(&chain)
                .map(|(position, certificate)| {
                    let name = match position {
                        0 => format!("{half}.cer"),
                        above => format!("{half}-ca{above}.cer"),
                    };
                    let octets = encoded(std::slice::from_ref(certificate), "CERTIFICATE");
                    ArchiveFile { name, octets }
                })
                .collect(),
        };
        pack(&files)
    }

    fn anchors(&self, half: Half) -> Result<Vec<Anchor>, KeyStoreError> {
        let _state = self.lock();
        self.read_anchors(half)
    }

    fn remove_anchor(&self, half: Half, alias: &str) -> Result<Vec<Anchor>, KeyStoreError> {
        let mut state = self.lock();
        let mut anchors = self.read_anchors(half)?;
        let position = anchors.iter().position(|anchor| anchor.alias == alias);
        anchors.remove(position.ok_or(KeyStoreError::Missing { what: "certificate of that alias" })?);
        self.keep_anchors(&mut state, half, anchors)
    }

    fn add_anchors(&self, half: Half, file: &[u8]) -> Result<Vec<Anchor>, KeyStoreError> {
        let mut state = self.lock();
        let given = read_certificate_file(file, &self.settings.limits)?;
        let now = self.clock.now();
        for (position, certificate) in (1..).zip(&given) {
            if certificate.not_after() < now {
                let (subject, not_after) = (certificate.subject().to_string(), certificate.not_after());
                return Err(KeyStoreError::Expired { subject, not_after });
            }
            anchors::check(position, certificate)?;
        }
        let mut all = self.read_anchors(half)?;
        for anchor in anchors::named(given) {
            if all.iter().all(|known| known.certificate != anchor.certificate) {
                all.push(anchor);
            }
        }
        if all.len() > self.settings.max_anchors {
            return Err(KeyStoreError::TooManyAnchors { limit: self.settings.max_anchors });
        }
        self.keep_anchors(&mut state, half, all)
    }
}

/// Orders certificates into the chain of the one with this public key. What is not above it is left out; what is named
/// by nobody in the file is its author's business.
fn path(
    mut given: Vec<Certificate>,
    own: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Certificate>, KeyStoreError> {
    let is_own = |certificate: &Certificate| Some(certificate.public_key().spki()) == own;
    let position = given.iter().position(is_own).ok_or(KeyStoreError::OtherKey)?;
    let mut chain = vec![given.swap_remove(position)];
    while chain.len() < limit {
        let Some(last) = chain.last().filter(|last| !last.is_self_issued()) else { break };
        let above = given.iter().position(|certificate| certificate.subject() == last.issuer());
        match above {
            Some(position) => chain.push(given.swap_remove(position)),
            None => break,
        }
    }
    Ok(chain)
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyStore({})", Path::new(&self.settings.folder).display())
    }
}
