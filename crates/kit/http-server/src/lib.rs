//! The HTTP server of both services: the listener, the middleware around a service's routes, problems.
//!
//! # Contract
//!
//! - [`with_middleware`] adds the same middleware to every router: request ids, log, metrics, budgets,
//!   timeouts and [`Problem`] documents. [`serve`] runs a router on a listener until it is stopped,
//!   and reports whether it stopped cleanly ([`DrainOutcome`]).
//! - Every wait, body and connection is bounded, in total and for each network of clients.
//! - No log line, metric label or problem contains a path, a query, a header, a body or an address.
//! - A handler's panic becomes a 500, and its message is dropped.

mod accept_failures;
mod activity;
mod answer_body;
mod body;
mod client_address;
mod connection;
mod description;
mod handshakes;
mod health;
mod limits;
mod metrics;
mod open_connections;
mod problem;
mod proxy_header;
mod request_budgets;
mod request_client;
mod routes;
mod serve;
mod shell;
mod tls;
mod unnamed_proxy;

pub use self::{
    body::{bounded_body, require_json},
    client_address::{NetworkError, TrustedProxies, client_address},
    description::{complete_description, description_router},
    health::health_router,
    limits::{ConnectionLimits, HttpLimits, ListenerKind, ListenerMetrics, ListenerSettings},
    metrics::metrics_router,
    open_connections::OpenConnections,
    problem::{Problem, ProblemDocument, ProblemKind, problems},
    proxy_header::ProxyHeader,
    request_client::{RequestClient, request_client},
    routes::{RouteOperation, is_probe},
    serve::{DrainOutcome, serve},
    shell::with_middleware,
    tls::{Tls, TlsError, TlsFiles},
};
