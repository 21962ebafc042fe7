//! The events of logins, with exactly the members that the documentation lists.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{ClientAddress, Event};
use anteroom_store::{Email, Session};
use http::HeaderMap;

use super::user_agent;
use crate::issuer::IssuerState;

/// The origin of a request, as events show it.
pub(super) struct RequestOrigin {
    client: ClientAddress,
    user_agent: String,
}

impl RequestOrigin {
    pub(super) fn new(client: ClientAddress, headers: &HeaderMap) -> Self {
        Self {
            client,
            user_agent: user_agent::family(headers),
        }
    }
}

/// The reason why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureReason {
    InvalidCredentials,
    Locked,
    Disabled,
    RefreshTokenReused,
}

impl FailureReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::RefreshTokenReused => "refresh_token_reused",
        }
    }
}

pub(super) fn success(
    issuer: &IssuerState,
    origin: &RequestOrigin,
    email: &Email,
    session: &Session,
) {
    let id = issuer.pseudonymizer.session(session.id.as_bytes());
    let event = event(issuer, "login.success", email)
        .with("user_id", user_id(issuer, &session.aci))
        .with("session_id", id.to_string());
    issuer.emit_event(from(issuer, origin, event));
}

/// Emits a failed login. `attempt_count` is the number of consecutive failures from the same
/// network or known device.
pub(super) fn failed(
    issuer: &IssuerState,
    origin: &RequestOrigin,
    email: &Email,
    attempt_count: u32,
    reason: FailureReason,
) {
    let event = event(issuer, "login.failed", email)
        .with("attempt_count", attempt_count)
        .with("reason", reason.as_str());
    issuer.emit_event(from(issuer, origin, event));
}

/// Emits a lock. The account is `null` if the email has none.
pub(super) fn locked(
    issuer: &IssuerState,
    email: &Email,
    aci: Option<&Aci>,
    until: Timestamp,
    attempt_count: u32,
) {
    let event = event(issuer, "login.locked", email)
        .with("user_id", aci.map(|aci| user_id(issuer, aci)))
        .with_time("lockout_until", until)
        .with("attempt_count", attempt_count);
    issuer.emit_event(event);
}

pub(super) fn unverified(issuer: &IssuerState, email: &Email, aci: &Aci) {
    let event = event(issuer, "login.unverified", email).with("user_id", user_id(issuer, aci));
    issuer.emit_event(event);
}

/// Creates an event with the members that all of these events have.
fn event(issuer: &IssuerState, name: &'static str, email: &Email) -> Event {
    let now = issuer.now();
    let shown = if issuer.login.settings.personal_events {
        email.as_str().to_owned()
    } else {
        issuer.pseudonymizer.email(email.as_str()).to_string()
    };
    Event::new(name, now)
        .with("email", shown)
        .with_time("timestamp", now)
}

fn from(issuer: &IssuerState, origin: &RequestOrigin, event: Event) -> Event {
    let address = if issuer.login.settings.personal_events {
        origin.client.ip().to_string()
    } else {
        issuer.pseudonymizer.address(origin.client).to_string()
    };
    event
        .with("ip_address", address)
        .with("user_agent", origin.user_agent.as_str())
}

fn user_id(issuer: &IssuerState, aci: &Aci) -> String {
    issuer.pseudonymizer.account(aci).to_string()
}
