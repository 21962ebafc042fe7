//! Mock clock, seeded randomness and servers on free ports, for tests only.
//!
//! Everything here panics when it cannot do its work: a test that cannot be set up has failed.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod certificate;
mod clock;
mod delays;
mod entropy;
mod events;
mod issuer;
mod log_guard;
mod login;
mod mails;
mod media_server;
mod name_server;
mod oidc_provider;
mod relay_provider;
mod room_link;
mod rooms;
mod smtp_server;
mod turn;
mod webhook_receiver;

pub use self::{
    certificate::TestCertificate,
    clock::MockClock,
    delays::RecordedDelays,
    entropy::SeededEntropy,
    events::CapturedEvents,
    issuer::{TestAccount, TestIssuer, TestIssuerOptions},
    log_guard::LogGuard,
    login::{TestLogin, TestLoginOptions},
    mails::CapturedMails,
    media_server::{AnnouncedClient, FakeMediaServer},
    name_server::NameServer,
    oidc_provider::{OidcAlgorithm, OidcKey, OidcProvider},
    relay_provider::{ProviderBehaviour, ProviderQuestion, RelayProvider},
    room_link::TestLink,
    rooms::{TestRooms, TestRoomsOptions},
    smtp_server::{ReceivedMail, SmtpServer, SmtpServerOptions},
    turn::TurnServer,
    webhook_receiver::{ReceivedEvent, WebhookReceiver},
};
