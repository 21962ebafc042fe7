//! The settings of a call's media, and the certificate of its connections.

use core::{fmt, net::SocketAddr};

use str0m::config::DtlsCert;

use crate::limits::MediaLimits;

/// The settings of a call's media.
#[derive(Clone, Debug)]
pub struct SfuSettings {
    /// The limits of what devices send.
    pub limits: MediaLimits,
    /// The addresses at which the connections are reached over UDP.
    pub addresses: Vec<SocketAddr>,
    /// The addresses at which the connections are reached over TCP, where UDP is blocked.
    pub tcp_addresses: Vec<SocketAddr>,
    /// The certificate of all connections.
    pub certificate: Certificate,
}

/// A self-signed certificate with its private key, for the DTLS of all connections of a process. Redacted in
/// `Debug`.
#[derive(Clone)]
pub struct Certificate(pub(crate) DtlsCert);

impl Certificate {
    /// Makes a new one. `None`: there is no randomness.
    #[must_use]
    pub fn generate() -> Option<Self> {
        let provider = str0m::crypto::from_feature_flags();
        provider.dtls_provider.generate_certificate().map(Self)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}
