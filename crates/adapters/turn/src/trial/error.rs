//! The failures of a test.

use std::io;

/// The reason why a test failed. No variant contains a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The URL needs a transport that tests do not support: TLS over UDP.
    #[error("trials do not know this transport")]
    Transport,
    /// The host has no address.
    #[error("the host's name leads nowhere")]
    Host,
    /// The connection failed.
    #[error("there is no connection")]
    Unreachable(#[source] io::Error),
    /// The TLS handshake failed.
    #[error("there is no TLS connection")]
    Tls(#[source] io::Error),
    /// No answer arrived.
    #[error("no answer came")]
    Silent,
    /// The relay refuses the credentials: 401 or 441, or 437 and other codes of the specification.
    #[error("the relay refuses with {0}")]
    Refused(u16),
    /// The answer is malformed.
    #[error("the answer makes no sense")]
    Malformed,
}
