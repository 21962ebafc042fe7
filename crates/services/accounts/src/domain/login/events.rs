//! The events of logins, with exactly the members that the documentation lists.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{ClientAddress, Clock, Event, EventSink, Pseudonymizer};
use anteroom_store::{Email, Session};

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

/// The events of logins.
pub(crate) struct LoginEvents {
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether email and address are shown in the clear.
    pub(crate) is_personal: bool,
}

impl LoginEvents {
    pub(crate) fn success(&self, origin: &RequestOrigin, email: &Email, session: &Session) {
        let id = self.pseudonymizer.session(session.id.as_bytes());
        let event = self
            .event("login.success", email)
            .with("user_id", self.user_id(&session.aci))
            .with("session_id", id.to_string());
        self.sink.emit(self.with_origin(origin, event));
    }

    /// Emits a failed login. `attempt_count` is the number of consecutive failures from the same
    /// network or known device.
    pub(crate) fn failed(
        &self,
        origin: &RequestOrigin,
        email: &Email,
        attempt_count: u32,
        reason: FailureReason,
    ) {
        let event = self
            .event("login.failed", email)
            .with("attempt_count", attempt_count)
            .with("reason", reason.as_str());
        self.sink.emit(self.with_origin(origin, event));
    }

    /// Emits a lock. The account is `null` if the email has none.
    pub(crate) fn locked(
        &self,
        email: &Email,
        aci: Option<&Aci>,
        until: Timestamp,
        attempt_count: u32,
    ) {
        let event = self
            .event("login.locked", email)
            .with("user_id", aci.map(|aci| self.user_id(aci)))
            .with_time("lockout_until", until)
            .with("attempt_count", attempt_count);
        self.sink.emit(event);
    }

    pub(crate) fn unverified(&self, email: &Email, aci: &Aci) {
        let event = self
            .event("login.unverified", email)
            .with("user_id", self.user_id(aci));
        self.sink.emit(event);
    }

    pub(crate) fn guest_added(&self, aci: &Aci) {
        let event = Event::new("guest.added", self.clock.now());
        self.sink.emit(event.with("user_id", self.user_id(aci)));
    }

    /// Creates an event with the members that the events of an email have.
    fn event(&self, name: &'static str, email: &Email) -> Event {
        let now = self.clock.now();
        let shown = if self.is_personal {
            email.as_str().to_owned()
        } else {
            self.pseudonymizer.email(email.as_str()).to_string()
        };
        Event::new(name, now)
            .with("email", shown)
            .with_time("timestamp", now)
    }

    fn with_origin(&self, origin: &RequestOrigin, event: Event) -> Event {
        let address = if self.is_personal {
            origin.client.ip().to_string()
        } else {
            self.pseudonymizer.address(origin.client).to_string()
        };
        event
            .with("ip_address", address)
            .with("user_agent", origin.user_agent.as_str())
    }

    fn user_id(&self, aci: &Aci) -> String {
        self.pseudonymizer.account(aci).to_string()
    }
}
