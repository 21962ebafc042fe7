//! The rate limits of client addresses, one for each operation.

use anteroom_service::{ProblemKind, WindowSize};

use super::{
    LoginLimits,
    problems::{
        LOGOUT_RATE_LIMITED, RATE_LIMITED, RESET_RATE_LIMITED, SIGN_UP_RATE_LIMITED,
        VERIFY_RATE_LIMITED,
    },
};

/// A limit of requests from one client address.
pub(crate) struct ClientLimit {
    /// The name of its windows: operations of one name share them.
    pub(crate) name: &'static str,
    /// How many requests it lets through.
    pub(crate) size: fn(&LoginLimits) -> WindowSize,
    /// The answer to all others.
    pub(crate) refusal: &'static ProblemKind,
}

pub(crate) const LOGIN: ClientLimit = ClientLimit {
    name: "login",
    size: |limits| limits.login,
    refusal: &RATE_LIMITED,
};

pub(crate) const REFRESH: ClientLimit = ClientLimit {
    name: "refresh",
    size: |limits| limits.token,
    refusal: &RATE_LIMITED,
};

pub(crate) const SIGN_UP: ClientLimit = ClientLimit {
    name: "sign-up",
    size: |limits| limits.sign_up,
    refusal: &SIGN_UP_RATE_LIMITED,
};

pub(crate) const VERIFY: ClientLimit = ClientLimit {
    name: "verify email",
    size: |limits| limits.token,
    refusal: &VERIFY_RATE_LIMITED,
};

pub(crate) const RESEND: ClientLimit = ClientLimit {
    name: "resend verification",
    size: |limits| limits.reset,
    refusal: &VERIFY_RATE_LIMITED,
};

/// Asking for a reset and confirming it share their windows, since each confirmation costs a hash.
pub(crate) const RESET: ClientLimit = ClientLimit {
    name: "password reset",
    size: |limits| limits.reset,
    refusal: &RESET_RATE_LIMITED,
};

/// No other limit refuses a logout.
pub(crate) const LOGOUT: ClientLimit = ClientLimit {
    name: "logout",
    size: |limits| limits.logout,
    refusal: &LOGOUT_RATE_LIMITED,
};
