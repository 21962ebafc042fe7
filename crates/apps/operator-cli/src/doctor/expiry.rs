//! The future validity of a certificate.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anteroom_protocol::{DAY, Timestamp};
use rustls::{
    ClientConfig, CommonState,
    client::danger::ServerCertVerifier as _,
    crypto::{CryptoProvider, ring},
    pki_types::{ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

/// The number of days before the expiry. A working renewal takes place much earlier.
pub(super) const DAYS: u64 = 14;
const LIMIT: Duration = Duration::from_secs(10);

/// Returns whether the certificate at an address, which is valid now, will have expired in [`DAYS`] days;
/// `None` if that cannot be determined.
pub(super) async fn expires_soon(host: &str, address: SocketAddr, now: Timestamp) -> Option<bool> {
    timeout(LIMIT, check_expiry(host, address, now))
        .await
        .ok()
        .flatten()
}

async fn check_expiry(host: &str, address: SocketAddr, now: Timestamp) -> Option<bool> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(Arc::clone(&provider)).ok()?);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let stream = TcpStream::connect(address).await.ok()?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name.clone(), stream).await.ok()?;
    let state: &CommonState = stream.get_ref().1;
    let (own, chain) = state.peer_certificates()?.split_first()?;
    let later = now.plus(DAYS * DAY).as_secs();
    let later = UnixTime::since_unix_epoch(Duration::from_secs(later));
    let outcome = verifier.verify_server_cert(own, chain, &name, &[], later);
    Some(outcome.is_err())
}
