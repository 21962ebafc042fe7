//! The rows of logins, and the outcomes of requests about them.

use anteroom_protocol::{Aci, Timestamp};

use super::{Email, PasswordVerifier, Session, TokenHash};
use crate::account::Account;

/// The credentials with which a person signs in to an account: an email address and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub aci: Aci,
    /// The address. It belongs to one account only.
    pub email: Email,
    /// The verifier of the password.
    pub verifier: PasswordVerifier,
    /// Whether the address is confirmed.
    pub verified: bool,
    /// The time at which the login was added.
    pub created: Timestamp,
}

/// A sign-up that is not confirmed. An address can have several, each with a password of its own.
#[derive(Clone, Debug)]
pub struct PendingSignUp {
    /// The hash of the token in the sign-up's mail.
    pub token: TokenHash,
    /// The account, whose address is not confirmed.
    pub aci: Aci,
    /// The verifier of its password.
    pub verifier: PasswordVerifier,
    /// The time from which the sign-up is invalid.
    pub expires: Timestamp,
}

/// A sign-up with an address that already has an account. It gives no access. Because of it a login
/// with the sign-up's password is answered as for an unconfirmed address.
#[derive(Clone, Debug)]
pub struct ShadowSignUp {
    /// The account that has the address.
    pub aci: Aci,
    /// The verifier of the sign-up's password.
    pub verifier: PasswordVerifier,
    /// The time from which the shadow is invalid.
    pub expires: Timestamp,
}

/// An account in a list.
#[derive(Clone, Debug)]
pub struct AccountSummary {
    /// The account.
    pub account: Account,
    /// The address of the account's login; `None` if it has none.
    pub email: Option<Email>,
    /// Whether the address is confirmed.
    pub verified: bool,
    /// The number of the account's devices.
    pub devices: u32,
}

/// The outcome of the exchange of a refresh token.
#[derive(Clone, Debug)]
pub enum RotateOutcome {
    /// The session continues with the next token.
    Rotated(Session),
    /// The token was used before, at this time, which is recent enough: the session continues with
    /// the same next token.
    Repeated(Session, Timestamp),
    /// The token was used before: the session has ended.
    Reused(Session),
    /// The session has expired.
    Expired,
    /// The token is unknown.
    Unknown,
}

/// The outcome of the use of a sign-up's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The address is confirmed.
    Confirmed(Aci),
    /// The address was confirmed before, with this same token.
    Repeated,
    /// The token is unknown or expired, or the address was confirmed in another way.
    Invalid,
}

/// The maximum lifetimes of stored rows from now on, in seconds. A clock that was ahead has stored
/// rows with a later end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLifetimes {
    /// Failures and locks.
    pub lock: u64,
    /// Sessions.
    pub session: u64,
    /// Remembered sessions.
    pub remembered_session: u64,
    /// The links of sign-ups.
    pub sign_up: u64,
    /// The links of password resets.
    pub reset: u64,
}
