//! A certificate that signs itself, and clients that trust it.

use std::{fs, path::Path, sync::Arc};

use anyhow::Result;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

const NAME: &str = "localhost";

/// Connects clients that trust the service with the certificate.
pub(super) struct Certificate(TlsConnector);

impl Certificate {
    /// Creates a certificate, and writes it and its key to files.
    pub(super) fn write(certificate: &Path, key: &Path) -> Result<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()])?;
        fs::write(certificate, cert.pem())?;
        fs::write(key, signing_key.serialize_pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Opens a new connection to a service that must accept it.
    pub(super) async fn connect(&self, host: &str) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(host).await?;
        let name = ServerName::try_from(NAME)?;
        Ok(self.0.connect(name, stream).await?)
    }
}
