//! Self-signed certificates.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair, date_time_ymd,
    generate_simple_self_signed,
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use time::OffsetDateTime;

/// A self-signed certificate for `localhost`, `127.0.0.1` and `::1`. Clients must be told to trust it.
pub struct TestCertificate(CertifiedKey<KeyPair>);

impl TestCertificate {
    /// Creates a certificate.
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    pub fn new() -> Self {
        Self::for_names(&["localhost", "127.0.0.1", "::1"])
    }

    /// Creates a certificate for other names.
    ///
    /// # Panics
    /// A text is no name, or the system provides no randomness.
    #[must_use]
    pub fn for_names(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Self(generate_simple_self_signed(names).expect("a certificate"))
    }

    /// Creates a certificate that claims to be an authority's, as the defaults of some programs do.
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    pub fn of_authority() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        Self(CertifiedKey { cert, signing_key })
    }

    /// Creates an expired certificate for the names of [`Self::new`].
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    pub fn expired() -> Self {
        Self::until(date_time_ymd(2021, 1, 1))
    }

    /// Creates a certificate for the names of [`Self::new`] that expires after the given time.
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "programs that are tested as a process have the system's clock"
    )]
    pub fn good_for(time: Duration) -> Self {
        Self::until((SystemTime::now() + time).into())
    }

    fn until(not_after: OffsetDateTime) -> Self {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = not_after;
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        Self(CertifiedKey { cert, signing_key })
    }

    /// Returns the certificate as PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.0.cert.pem()
    }

    /// Returns the private key as PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.0.signing_key.serialize_pem()
    }

    /// Writes certificate and key to files.
    ///
    /// # Panics
    /// A file cannot be written.
    pub fn write(&self, certificate: &Path, key: &Path) {
        std::fs::write(certificate, self.certificate_pem()).expect("a writable file");
        std::fs::write(key, self.key_pem()).expect("a writable file");
    }

    /// Returns the configuration of a TLS server with this certificate.
    ///
    /// # Panics
    /// Never: key and certificate match.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.0.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of the provider")
            .with_no_client_auth()
            .with_single_cert(vec![self.0.cert.der().clone()], key)
            .expect("a key of the certificate");
        Arc::new(config)
    }
}

impl Default for TestCertificate {
    fn default() -> Self {
        Self::new()
    }
}
