//! The problem kinds that several endpoints share.

use anteroom_http_server::ProblemKind;
use http::StatusCode;

/// The caller of a call-link endpoint is not authenticated.
pub(crate) const CALL_LINK_UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "CALL_LINK_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to create call links.",
};

/// The range is missing, malformed or not allowed.
pub(crate) const INVALID_RANGE: ProblemKind = ProblemKind {
    code: "GROUP_CRED_INVALID_RANGE",
    status: StatusCode::BAD_REQUEST,
    detail: "Invalid redemption time range. Range must be day-aligned, start at yesterday or \
             later, and span at most 7 days.",
};

/// The account has requested too many batches of either kind.
pub(crate) const BATCHES_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many requests for a batch of credentials. Please wait before trying again.",
};
