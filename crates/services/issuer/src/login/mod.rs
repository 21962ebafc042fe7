//! Logins: accounts with an email address and a password, their sessions and access tokens.
//!
//! An access token names a session, a session its device, and a device its account. Every request
//! reads all three from the database ([`crate::auth`]), so that a deletion or a disabled account
//! takes effect at once.

mod access_token;
mod attempt;
mod attempt_source;
pub(crate) mod confirm_reset;
mod cookie;
mod delay;
mod events;
mod hash_queue;
mod hasher;
mod identity;
pub(crate) mod jwks;
mod known_networks;
pub(crate) mod limits;
pub(crate) mod logout;
pub(crate) mod logout_all;
mod look_up;
pub(crate) mod mail;
pub(crate) mod mail_limits;
pub(crate) mod mail_request;
mod password;
mod password_check;
pub(crate) mod problems;
pub(crate) mod recent;
pub(crate) mod refresh;
mod refusals;
pub(crate) mod request_reset;
pub(crate) mod resend;
pub(crate) mod responses;
pub(crate) mod session;
mod settings;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
mod token_source;
mod user_agent;
pub(crate) mod verify_email;
pub(crate) mod wire;

use std::sync::Arc;

pub(crate) use self::{
    access_token::AccessClaims, attempt_source::AttemptSource, delay::DelayedAttempts,
    known_networks::KnownNetworks, limits::ClientLimit, token_source::TokenSource,
};
pub use self::{
    access_token::TOKEN_KEY_GRACE,
    delay::{Delay, TimerDelay},
    hash_queue::HashQueueLimits,
    hasher::{HashCost, HashCostError, PasswordHasher},
    identity::{ExternalIdentity, IdentityVerifier},
    known_networks::KnownNetworkLimits,
    mail::{MailSender, OutgoingMail},
    password::{Password, PasswordError},
    settings::{LoginLimits, LoginSettings, SignUp},
};

/// The parts of logins.
pub struct LoginParts {
    /// The settings of logins.
    pub settings: LoginSettings,
    /// The hasher of passwords.
    pub hasher: PasswordHasher,
    /// The timer of delayed attempts.
    pub delay: Arc<dyn Delay>,
    /// The receiver of mails. Without it sign-up and password reset are not possible.
    pub mail: Option<Arc<dyn MailSender>>,
    /// The verifier of other bearer tokens than those of this service.
    pub identities: Option<Arc<dyn IdentityVerifier>>,
}
