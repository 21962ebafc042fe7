//! The HTTP shell around a service's routes, and the listener in front of it.

mod accept_failures;
mod activity;
mod address_group;
mod answer_body;
mod body;
mod client_address;
mod connection;
mod description;
mod handshakes;
mod limits;
mod open_connections;
mod request_budgets;
mod serve;
mod shell;
mod tls;
mod unnamed_proxy;

pub use self::{
    address_group::AddressGroup,
    body::{bounded_body, require_json},
    client_address::{ClientAddress, NetworkError, ProxyHeader, TrustedProxies, client_address},
    description::{complete_description, description_router},
    limits::{ConnectionLimits, HttpLimits, ListenerKind, ListenerMetrics, ListenerSettings},
    open_connections::OpenConnections,
    serve::{DrainOutcome, serve},
    shell::harden,
    tls::{Tls, TlsError, TlsFiles},
};
