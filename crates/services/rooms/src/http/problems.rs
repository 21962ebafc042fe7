//! The problem kinds of the room service.

use anteroom_http_server::{Problem, ProblemKind};
use http::StatusCode;

/// The authentication challenge.
const CHALLENGE: &str = "Bearer realm=\"anteroom\"";

pub(crate) const ROOM_ID_INVALID: ProblemKind = ProblemKind {
    code: "ROOM_ID_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "Exactly one valid X-Room-Id is required.",
};

pub(crate) const EPOCH_INVALID: ProblemKind = ProblemKind {
    code: "ROOM_EPOCH_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "X-Epoch may stand once and is a decimal number.",
};

pub(crate) const AUTHORIZATION_INVALID: ProblemKind = ProblemKind {
    code: "ROOM_AUTHORIZATION_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "The Authorization header could not be read.",
};

pub(crate) const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "ROOM_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required for this room.",
};

pub(crate) const FORBIDDEN: ProblemKind = ProblemKind {
    code: "ROOM_FORBIDDEN",
    status: StatusCode::FORBIDDEN,
    detail: "The presentation is not valid for this room.",
};

pub(crate) const PASSKEY_WRONG: ProblemKind = ProblemKind {
    code: "ROOM_PASSKEY_WRONG",
    status: StatusCode::FORBIDDEN,
    detail: "The admin passkey is not the one of this room.",
};

pub(crate) const START_FORBIDDEN: ProblemKind = ProblemKind {
    code: "CALL_START_FORBIDDEN",
    status: StatusCode::FORBIDDEN,
    detail: "No call is on, and this token may not start one.",
};

pub(crate) const JOIN_INCOMPLETE: ProblemKind = ProblemKind {
    code: "CALL_JOIN_INCOMPLETE",
    status: StatusCode::BAD_REQUEST,
    detail: "A join needs iceUfrag, icePwd and dhePublicKey, and none of them may be empty.",
};

pub(crate) const JOIN_INVALID: ProblemKind = ProblemKind {
    code: "CALL_JOIN_INVALID",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "dhePublicKey must be 32 bytes in hex, hkdfExtraInfo at most 256 bytes in hex, and \
             iceUfrag and icePwd at most 256 bytes long.",
};

pub(crate) const PASSKEY_TOO_SHORT: ProblemKind = ProblemKind {
    code: "ROOM_PASSKEY_TOO_SHORT",
    status: StatusCode::BAD_REQUEST,
    detail: "A new call link needs an adminPasskey of 16 to 32 bytes. Use random bytes.",
};

pub(crate) const LINK_UNKNOWN: ProblemKind = ProblemKind {
    code: "CALL_LINK_NOT_FOUND",
    status: StatusCode::NOT_FOUND,
    detail: "There is no such call link.",
};

pub(crate) const LINK_EXISTS: ProblemKind = ProblemKind {
    code: "CALL_LINK_EXISTS",
    status: StatusCode::CONFLICT,
    detail: "The room exists with another passkey or other parameters.",
};

pub(crate) const CALL_ON: ProblemKind = ProblemKind {
    code: "CALL_ON",
    status: StatusCode::CONFLICT,
    detail: "This cannot change while a call is on.",
};

pub(crate) const CALL_END_UNSUPPORTED: ProblemKind = ProblemKind {
    code: "CALL_END_UNSUPPORTED",
    status: StatusCode::CONFLICT,
    detail: "Calls on media servers cannot be ended from here. Send the request without endCall \
             when the call is over.",
};

pub(crate) const PASSKEY_RATE_LIMITED: ProblemKind = ProblemKind {
    code: "ROOM_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many wrong passkeys for this room. Please wait before trying again.",
};

pub(crate) const VERIFICATIONS_LIMITED: ProblemKind = ProblemKind {
    code: "ROOM_VERIFICATION_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many presentations come from this network. Please wait before trying again.",
};

pub(crate) const USE_SOCKET: ProblemKind = ProblemKind {
    code: "CALL_USE_SOCKET",
    status: StatusCode::CONFLICT,
    detail: "Calls of this service are joined over its WebSocket.",
};

pub(crate) const ZKPARAMS_INVALID: ProblemKind = ProblemKind {
    code: "CALL_LINK_PARAMS_INVALID",
    status: StatusCode::BAD_REQUEST,
    detail: "A create needs valid zkparams, and an update takes none.",
};

pub(crate) const FIELD_TOO_LARGE: ProblemKind = ProblemKind {
    code: "FIELD_TOO_LARGE",
    status: StatusCode::PAYLOAD_TOO_LARGE,
    detail: "A member of the request body is too large.",
};

pub(crate) const CALL_FULL: ProblemKind = ProblemKind {
    code: "CALL_FULL",
    status: StatusCode::PAYLOAD_TOO_LARGE,
    detail: "The call is full.",
};

pub(crate) const MEDIA_UNAVAILABLE: ProblemKind = ProblemKind {
    code: "CALL_MEDIA_UNAVAILABLE",
    status: StatusCode::SERVICE_UNAVAILABLE,
    detail: "No media server can take the call at the moment. Please try again.",
};

pub(crate) const TOO_MANY_SOCKETS: ProblemKind = ProblemKind {
    code: "SOCKETS_EXHAUSTED",
    status: StatusCode::SERVICE_UNAVAILABLE,
    detail: "Too many connections are open. Please try again.",
};

pub(crate) const ORIGIN_FORBIDDEN: ProblemKind = ProblemKind {
    code: "ORIGIN_FORBIDDEN",
    status: StatusCode::FORBIDDEN,
    detail: "Pages of this origin may not connect.",
};

pub(crate) const SOCKET_REQUIRED: ProblemKind = ProblemKind {
    code: "SOCKET_REQUIRED",
    status: StatusCode::UPGRADE_REQUIRED,
    detail: "This address is a WebSocket with the subprotocol anteroom.v1.",
};

/// 401, with the authentication challenge.
pub(crate) fn unauthorized() -> Problem {
    Problem::new(&UNAUTHORIZED).challenge(CHALLENGE)
}
