//! TLS for a listener. The certificate may change while it runs.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The maximum size of a file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The paths of the certificate and the key, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by its chain to a trusted authority.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// The reason why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The kind of the error.
        kind: std::io::ErrorKind,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate (PEM)", .0.display())]
    NoCertificate(PathBuf),
    /// A file holds no private key.
    #[error("{} holds no private key (PEM)", .0.display())]
    NoKey(PathBuf),
    /// The key is of an unknown kind, or belongs to another certificate.
    #[error("the key in {} is not that of the certificate", .0.display())]
    Mismatch(PathBuf),
}

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1, with a certificate from files. Clones share it.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    /// The hash of the files that were read last, valid or not.
    seen: Mutex<Option<[u8; 32]>>,
}

/// The certificate of new connections.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl Tls {
    /// Reads the certificate and the key.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let content = Content::read(&files)?;
        let certified = content.certified(&files, &provider)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(certified)));
        let resolver = Arc::clone(&current) as Arc<dyn ResolvesServerCert>;
        let config = ServerConfig::builder_with_provider(provider);
        let config = config
            .with_safe_default_protocol_versions()
            // The provider has cipher suites for all versions.
            .map_err(|_| TlsError::Mismatch(files.key.clone()))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(Inner {
            files,
            config: Arc::new(config),
            current,
            seen: Mutex::new(Some(content.digest())),
        })))
    }

    /// Reads the files again if they changed. New connections use the new certificate, and open
    /// ones continue. Returns whether there is a new one.
    ///
    /// # Errors
    /// When the new files cannot be used; the old certificate stays. The same files are not read
    /// twice: they fail once, and then count as unchanged.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let inner = &self.0;
        let mut seen = inner.seen.lock();
        let content = match Content::read(&inner.files) {
            Ok(content) => content,
            Err(error) => return seen.take().map_or(Ok(false), |_| Err(error)),
        };
        let digest = content.digest();
        if seen.replace(digest) == Some(digest) {
            return Ok(false);
        }
        let provider = ring::default_provider();
        let certified = content.certified(&inner.files, &provider)?;
        inner.current.0.store(Arc::new(certified));
        Ok(true)
    }

    /// Reloads on a thread that may block, because the files may be on a disk that hangs. Logs the
    /// result.
    pub async fn refresh(&self) {
        let tls = self.clone();
        match tokio::task::spawn_blocking(move || tls.reload()).await {
            Ok(Ok(true)) => tracing::info!("there is a new TLS certificate"),
            Ok(Err(error)) => tracing::error!(%error, "the new TLS certificate cannot be used"),
            // The files are unchanged, or the process is ending.
            Ok(Ok(false)) | Err(_) => {}
        }
    }

    /// Returns the configuration of handshakes.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

struct Content {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Content {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: Zeroizing::new(read(&files.key)?),
        })
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(Sha256::digest(&self.certificate))
            .chain_update(Sha256::digest(self.key.as_slice()))
            .finalize()
            .into()
    }

    fn certified(
        &self,
        files: &TlsFiles,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(files.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::NoKey(files.key.clone()))?;
        CertifiedKey::from_der(chain, key, provider)
            .map_err(|_| TlsError::Mismatch(files.key.clone()))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |kind| TlsError::Unreadable {
        path: path.to_owned(),
        kind,
    };
    let metadata = fs::metadata(path).map_err(|error| unreadable(error.kind()))?;
    if metadata.len() > MAX_FILE {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge));
    }
    fs::read(path).map_err(|error| unreadable(error.kind()))
}
