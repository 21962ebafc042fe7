//! The problem kinds that several endpoints share.

use anteroom_http_server::ProblemKind;
use http::StatusCode;

/// The caller of a call-link endpoint is not authenticated.
pub(crate) const CALL_LINK_UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "CALL_LINK_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to create call links.",
};
