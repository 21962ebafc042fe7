//! The rate limits of client addresses, one for each operation.

use anteroom_http_server::ProblemKind;
use anteroom_runtime::WindowSize;

use super::{
    LoginLimits,
    problems::{
        LOGOUT_RATE_LIMITED, RATE_LIMITED, RESET_RATE_LIMITED, SIGN_UP_RATE_LIMITED,
        VERIFY_RATE_LIMITED,
    },
};

/// A limit of requests from one client address.
pub(crate) struct ClientLimit {
    /// The name of its windows. Operations with the same name share them.
    pub(crate) name: &'static str,
    /// The maximum number of requests.
    pub(crate) size: fn(&LoginLimits) -> WindowSize,
    /// The problem of refused requests.
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

/// Requests for a reset and confirmations share their windows, because each confirmation costs a
/// hash.
pub(crate) const RESET: ClientLimit = ClientLimit {
    name: "password reset",
    size: |limits| limits.reset,
    refusal: &RESET_RATE_LIMITED,
};

/// Logouts have a limit of their own, so that no other limit refuses them.
pub(crate) const LOGOUT: ClientLimit = ClientLimit {
    name: "logout",
    size: |limits| limits.logout,
    refusal: &LOGOUT_RATE_LIMITED,
};
