//! The events of logins, with exactly the members that the documentation lists.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{ClientAddress, Event};
use anteroom_store::{Email, Session};

use crate::state::AccountsState;

/// The origin of a request, as events show it.
pub(crate) struct RequestOrigin {
    pub(crate) client: ClientAddress,
    /// The family of the client's program.
    pub(crate) user_agent: String,
}

/// The reason why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureReason {
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

pub(crate) fn success(
    accounts: &AccountsState,
    origin: &RequestOrigin,
    email: &Email,
    session: &Session,
) {
    let id = accounts.pseudonymizer.session(session.id.as_bytes());
    let event = event(accounts, "login.success", email)
        .with("user_id", user_id(accounts, &session.aci))
        .with("session_id", id.to_string());
    accounts.emit_event(from(accounts, origin, event));
}

/// Emits a failed login. `attempt_count` is the number of consecutive failures from the same
/// network or known device.
pub(crate) fn failed(
    accounts: &AccountsState,
    origin: &RequestOrigin,
    email: &Email,
    attempt_count: u32,
    reason: FailureReason,
) {
    let event = event(accounts, "login.failed", email)
        .with("attempt_count", attempt_count)
        .with("reason", reason.as_str());
    accounts.emit_event(from(accounts, origin, event));
}

/// Emits a lock. The account is `null` if the email has none.
pub(crate) fn locked(
    accounts: &AccountsState,
    email: &Email,
    aci: Option<&Aci>,
    until: Timestamp,
    attempt_count: u32,
) {
    let event = event(accounts, "login.locked", email)
        .with("user_id", aci.map(|aci| user_id(accounts, aci)))
        .with_time("lockout_until", until)
        .with("attempt_count", attempt_count);
    accounts.emit_event(event);
}

pub(crate) fn unverified(accounts: &AccountsState, email: &Email, aci: &Aci) {
    let event = event(accounts, "login.unverified", email).with("user_id", user_id(accounts, aci));
    accounts.emit_event(event);
}

/// Creates an event with the members that all of these events have.
fn event(accounts: &AccountsState, name: &'static str, email: &Email) -> Event {
    let now = accounts.now();
    let shown = if accounts.login.settings.personal_events {
        email.as_str().to_owned()
    } else {
        accounts.pseudonymizer.email(email.as_str()).to_string()
    };
    Event::new(name, now)
        .with("email", shown)
        .with_time("timestamp", now)
}

fn from(accounts: &AccountsState, origin: &RequestOrigin, event: Event) -> Event {
    let address = if accounts.login.settings.personal_events {
        origin.client.ip().to_string()
    } else {
        accounts.pseudonymizer.address(origin.client).to_string()
    };
    event
        .with("ip_address", address)
        .with("user_agent", origin.user_agent.as_str())
}

fn user_id(accounts: &AccountsState, aci: &Aci) -> String {
    accounts.pseudonymizer.account(aci).to_string()
}
