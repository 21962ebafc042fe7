//! The HTTP shell around a service's routes, and the listener in front of it.

mod accept_failures;
mod address_group;
mod body;
mod client_address;
mod description;
mod newcomers;
mod serve;
mod shell;
mod tls;
mod unnamed_proxy;

use std::time::Duration;

pub use self::{
    address_group::AddressGroup,
    body::{bounded_body, require_json},
    client_address::{ClientAddress, NetworkError, ProxyHeader, TrustedProxies, client_address},
    description::complete_description,
    serve::{Drained, serve},
    shell::harden,
    tls::{Tls, TlsError, TlsFiles},
};

/// What one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// From a request's head to its answer.
    pub request_timeout: Duration,
    /// For the body to arrive; shorter than `request_timeout`.
    pub body_timeout: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Requests in flight; one more is refused.
    pub concurrent_requests: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(10),
            body_bytes: 64 * 1024,
            concurrent_requests: 1_024,
        }
    }
}

/// What one listener and its connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// For the head of a request to arrive; also how long a connection may stay idle.
    pub header_timeout: Duration,
    /// Open connections. One more takes the place of the oldest that has not asked for anything
    /// yet; without such a one it waits, and those after it in the operating system's queue.
    pub connections: usize,
    /// The largest head of a request, in bytes; at least 8192.
    pub header_bytes: u32,
    /// How long requests in flight may go on after the shutdown.
    pub shutdown_grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            connections: 4_096,
            header_bytes: 16 * 1024,
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// What one listener is like.
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    /// What it and its connections may take.
    pub limits: ConnectionLimits,
    /// Who is believed about the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// The certificate; without one, nothing is encrypted.
    pub tls: Option<Tls>,
}

impl From<ConnectionLimits> for ListenerSettings {
    fn from(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }
}
