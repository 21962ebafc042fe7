//! Parts for tests: a mock clock, seeded randomness, services and other servers on free ports.
//!
//! # Contract
//!
//! - Every server listens on a free port of the loopback interface and stops when its value is dropped.
//! - Time and randomness are deterministic: a [`MockClock`] shows the set moment, and [`SeededEntropy`] gives
//!   the same bytes in every run.
//! - A test service fails the test if it has logged a sensitive value or written one to its database in the
//!   clear ([`LogGuard`]).
//! - All functions panic if they cannot do their work: a test that cannot be set up has failed.
//! - Only tests use this crate.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod account;
mod api_page;
mod captured_log;
mod certificate;
mod clock;
mod delays;
mod entropy;
mod events;
mod issuer;
mod log_guard;
mod login;
mod login_options;
mod lying_issuer;
mod lying_rooms;
mod mails;
mod media_server;
mod metrics;
mod name_server;
mod native_client;
mod native_lobby;
mod oidc_provider;
mod relay_provider;
mod reverse_proxy;
mod room_link;
mod rooms;
mod router_server;
mod routes;
mod shaped_path;
mod smtp_server;
mod sql;
mod turn;
mod webhook_receiver;

pub use self::{
    account::TestAccount,
    api_page::assert_api_page,
    captured_log::CapturedLog,
    certificate::TestCertificate,
    clock::MockClock,
    delays::RecordedDelays,
    entropy::SeededEntropy,
    events::CapturedEvents,
    issuer::{TestIssuer, TestIssuerOptions},
    log_guard::LogGuard,
    login::TestLogin,
    login_options::TestLoginOptions,
    lying_issuer::{LyingIssuer, ReceivedRequest, ServedParams},
    lying_rooms::{Hop, HttpHop, LyingRooms},
    mails::{CapturedMails, MailCall},
    media_server::{AnnouncedClient, FakeMediaServer, MediaCallback},
    metrics::metrics_text,
    name_server::NameServer,
    native_client::{NativeAnswer, NativeClient, RoomsTransport},
    native_lobby::run_native_lobby,
    oidc_provider::{OidcAlgorithm, OidcKey, OidcProvider},
    relay_provider::{ProviderBehaviour, ProviderQuestion, RelayProvider},
    reverse_proxy::{ReverseProxy, ReverseProxyOptions},
    room_link::{TestLink, TestPresenter},
    rooms::{TestMediaBackend, TestRooms, TestRoomsOptions},
    routes::listed_routes,
    shaped_path::{LinkShape, ShapedPath},
    smtp_server::{ReceivedMail, SmtpServer, SmtpServerOptions},
    sql::execute_sql,
    turn::TurnServer,
    webhook_receiver::{ReceivedEvent, WebhookReceiver},
};

/// Creates an HTTP client for requests to servers of the same test.
fn http_client() -> reqwest::Client {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have installed a provider at the same moment; either one works.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let client = reqwest::Client::builder().no_proxy().build();
    client.expect("an HTTP client")
}
