//! The problem kinds of the room service, and the problems of requests that are not decided or
//! refused.

pub(crate) use anteroom_http_server::problems::{
    BAD_REQUEST, INTERNAL, OVERLOADED, PAYLOAD_TOO_LARGE, UNAVAILABLE, UNPROCESSABLE,
};
use anteroom_http_server::{Problem, ProblemKind};
use http::StatusCode;

use crate::domain::{
    failure::{ClaimRefusal, DecisionFailure},
    links::AdminRefusal,
};

const CHALLENGE: &str = "Bearer realm=\"anteroom\"";

/// Declares problem kinds. Each constant is named as its code.
macro_rules! problem_kinds {
    ($($code:ident, $status:ident, $detail:literal;)+) => {$(
        pub(crate) const $code: ProblemKind = ProblemKind {
            code: stringify!($code),
            status: StatusCode::$status,
            detail: $detail,
        };
    )+};
}

problem_kinds! {
    ROOM_ID_INVALID, BAD_REQUEST, "Exactly one valid X-Room-Id is required.";
    ROOM_EPOCH_INVALID, BAD_REQUEST, "X-Epoch may stand once and is a decimal number.";
    ROOM_AUTHORIZATION_INVALID, BAD_REQUEST, "The Authorization header could not be read.";
    ROOM_UNAUTHORIZED, UNAUTHORIZED, "Authentication required for this room.";
    ROOM_FORBIDDEN, FORBIDDEN, "The presentation is not valid for this room.";
    ROOM_PASSKEY_WRONG, FORBIDDEN, "The admin passkey is not the one of this room.";
    CALL_START_FORBIDDEN, FORBIDDEN, "No call is on, and this token may not start one.";
    CALL_GUESTS_REFUSED, FORBIDDEN,
        "Guests may not join this call. Sign in with an account.";
    CALL_JOIN_INCOMPLETE, BAD_REQUEST,
        "A join needs iceUfrag, icePwd and dhePublicKey, and none of them may be empty.";
    CALL_JOIN_INVALID, UNPROCESSABLE_ENTITY,
        "dhePublicKey must be 32 bytes in hex, hkdfExtraInfo at most 256 bytes in hex, and \
        iceUfrag and icePwd at most 256 bytes long.";
    ROOM_PASSKEY_TOO_SHORT, BAD_REQUEST,
        "A new call link needs an adminPasskey of 16 to 32 bytes. Use random bytes.";
    CALL_LINK_NOT_FOUND, NOT_FOUND, "There is no such call link.";
    CALL_LINK_EXISTS, CONFLICT, "The room exists with another passkey or other parameters.";
    CALL_ON, CONFLICT, "This cannot change while a call is on.";
    CALL_END_UNSUPPORTED, CONFLICT,
        "Calls on media servers cannot be ended from here. Send the request without endCall \
        when the call is over.";
    ROOM_RATE_LIMITED, TOO_MANY_REQUESTS,
        "Too many wrong passkeys for this room. Please wait before trying again.";
    ROOM_VERIFICATION_LIMITED, TOO_MANY_REQUESTS,
        "Too many presentations come from this network. Please wait before trying again.";
    CALL_USE_SOCKET, CONFLICT, "Calls of this service are joined over its WebSocket.";
    CALL_LINK_PARAMS_INVALID, BAD_REQUEST,
        "A create needs valid zkparams, and an update takes none.";
    FIELD_TOO_LARGE, PAYLOAD_TOO_LARGE, "A member of the request body is too large.";
    CALL_FULL, PAYLOAD_TOO_LARGE, "The call is full.";
    CALL_MEDIA_UNAVAILABLE, SERVICE_UNAVAILABLE,
        "No media server can take the call at the moment. Please try again.";
    SOCKETS_EXHAUSTED, SERVICE_UNAVAILABLE, "Too many connections are open. Please try again.";
    ORIGIN_FORBIDDEN, FORBIDDEN, "Pages of this origin may not connect.";
    SOCKET_REQUIRED, UPGRADE_REQUIRED,
        "This address is a WebSocket with the subprotocol anteroom.v1.";
}

/// 401, with the authentication challenge.
pub(crate) fn unauthorized() -> Problem {
    Problem::new(&ROOM_UNAUTHORIZED).challenge(CHALLENGE)
}

impl From<DecisionFailure> for Problem {
    fn from(failure: DecisionFailure) -> Self {
        match failure {
            DecisionFailure::Unavailable => Self::new(&UNAVAILABLE),
            DecisionFailure::Internal => Self::new(&INTERNAL),
            DecisionFailure::Limited(after) => {
                Self::new(&ROOM_VERIFICATION_LIMITED).retry_after(after)
            }
            DecisionFailure::Overloaded => Self::new(&OVERLOADED),
        }
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Forbidden => Self::new(&ROOM_FORBIDDEN),
            ClaimRefusal::Failed(failure) => failure.into(),
        }
    }
}

impl From<AdminRefusal> for Problem {
    fn from(refusal: AdminRefusal) -> Self {
        match refusal {
            AdminRefusal::UnknownLink => unauthorized(),
            AdminRefusal::Claim(refusal) => refusal.into(),
            AdminRefusal::EndUnsupported => Self::new(&CALL_END_UNSUPPORTED),
            AdminRefusal::RateLimited(after) => Self::new(&ROOM_RATE_LIMITED).retry_after(after),
            AdminRefusal::WrongPasskey => Self::new(&ROOM_PASSKEY_WRONG),
            AdminRefusal::CallOn => Self::new(&CALL_ON),
        }
    }
}
