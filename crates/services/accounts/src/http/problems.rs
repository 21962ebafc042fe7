//! The problem kinds of logins.
//!
//! `…_RATE_LIMITED` is for a client address with too many requests, `…_VALIDATION_ERROR` for a body
//! in which a member is missing, of the wrong type or out of its bounds.

use anteroom_http_server::{Problem, ProblemKind, problems};
use http::StatusCode;

use crate::domain::failure::Failure;

/// The authentication challenge of a login's tokens.
const CHALLENGE: &str = "Bearer realm=\"anteroom\"";

/// Email or password is wrong. The answer does not show which.
pub(crate) const INVALID_CREDENTIALS: ProblemKind = ProblemKind {
    code: "LOGIN_INVALID_CREDENTIALS",
    status: StatusCode::UNAUTHORIZED,
    detail: "Invalid email or password",
};

/// The email has too many failures.
pub(crate) const ACCOUNT_LOCKED: ProblemKind = ProblemKind {
    code: "LOGIN_ACCOUNT_LOCKED",
    status: StatusCode::LOCKED,
    detail: "Account temporarily locked. Please try again later.",
};

pub(crate) const EMAIL_NOT_VERIFIED: ProblemKind = ProblemKind {
    code: "LOGIN_EMAIL_NOT_VERIFIED",
    status: StatusCode::FORBIDDEN,
    detail: "Please verify your email address to continue",
};

pub(crate) const ACCOUNT_DISABLED: ProblemKind = ProblemKind {
    code: "LOGIN_ACCOUNT_DISABLED",
    status: StatusCode::FORBIDDEN,
    detail: "This account has been disabled. Please contact support.",
};

pub(crate) const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "LOGIN_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many login attempts. Please wait a moment.",
};

pub(crate) const VALIDATION_ERROR: ProblemKind = ProblemKind {
    code: "LOGIN_VALIDATION_ERROR",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Please check your input and try again",
};

/// The change needs a session that began within the last minutes, or the password.
pub(crate) const RECENT_REQUIRED: ProblemKind = ProblemKind {
    code: "LOGIN_RECENT_REQUIRED",
    status: StatusCode::FORBIDDEN,
    detail: "This needs your password again. Please send it along, or log in and try again within \
             5 minutes.",
};

/// The refresh token is unknown, used or too old, or its session has ended.
pub(crate) const SESSION_ENDED: ProblemKind = ProblemKind {
    code: "LOGIN_SESSION_ENDED",
    status: StatusCode::UNAUTHORIZED,
    detail: "The session has ended. Please log in again.",
};

pub(crate) const SIGN_UP_CLOSED: ProblemKind = ProblemKind {
    code: "SIGNUP_CLOSED",
    status: StatusCode::FORBIDDEN,
    detail: "Sign-up is closed. Please ask the operator for an account.",
};

/// The invite code is missing, unknown, used or too old.
pub(crate) const INVITE_INVALID: ProblemKind = ProblemKind {
    code: "SIGNUP_INVITE_INVALID",
    status: StatusCode::FORBIDDEN,
    detail: "This invite code is not valid. Please ask for a new one.",
};

pub(crate) const SIGN_UP_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "SIGNUP_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many sign-ups. Please wait a moment.",
};

pub(crate) const SIGN_UP_VALIDATION_ERROR: ProblemKind = ProblemKind {
    code: "SIGNUP_VALIDATION_ERROR",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Please check your input and try again",
};

pub(crate) const VERIFY_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "VERIFY_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many verification attempts. Please wait a moment.",
};

pub(crate) const VERIFY_VALIDATION_ERROR: ProblemKind = ProblemKind {
    code: "VERIFY_VALIDATION_ERROR",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Please check your input and try again",
};

/// The token of a sign-up's mail is unknown or too old.
pub(crate) const VERIFY_LINK_INVALID: ProblemKind = ProblemKind {
    code: "VERIFY_LINK_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "This link is not valid any more. Please ask for a new one.",
};

pub(crate) const RESET_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "RESET_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many password resets. Please wait a moment.",
};

pub(crate) const RESET_VALIDATION_ERROR: ProblemKind = ProblemKind {
    code: "RESET_VALIDATION_ERROR",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Please check your input and try again",
};

/// The token of a reset's mail is unknown, used or too old.
pub(crate) const RESET_LINK_INVALID: ProblemKind = ProblemKind {
    code: "RESET_LINK_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "This link is not valid any more. Please ask for a new one.",
};

pub(crate) const LOGOUT_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "LOGOUT_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many logouts. Please wait a moment.",
};

pub(crate) const LOGOUT_VALIDATION_ERROR: ProblemKind = ProblemKind {
    code: "LOGOUT_VALIDATION_ERROR",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Please check your input and try again",
};

/// The request shows no session that could end.
pub(crate) const LOGOUT_UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "LOGOUT_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to log out.",
};

/// The caller is a guest, who gets credentials to use call links, and relays, and nothing else.
pub const GUEST_NOT_ALLOWED: ProblemKind = ProblemKind {
    code: "GUEST_NOT_ALLOWED",
    status: StatusCode::FORBIDDEN,
    detail: "Guests join calls, and nothing else. Please sign up for an account.",
};

/// The settings allow no guests: none is added, and none of before gets credentials.
pub const GUESTS_OFF: ProblemKind = ProblemKind {
    code: "GUESTS_OFF",
    status: StatusCode::FORBIDDEN,
    detail: "Guests cannot join here. Please sign up, or ask the operator for an account.",
};

/// Returns a 401 of the login, with its authentication challenge.
pub(crate) fn refused(kind: &'static ProblemKind) -> Problem {
    Problem::new(kind).challenge(CHALLENGE)
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => Self::new(&problems::UNAVAILABLE),
            Failure::Overloaded(after) => Self::new(&problems::OVERLOADED).retry_after(after),
            Failure::Internal => Self::new(&problems::INTERNAL),
        }
    }
}
