//! The refusals of the socket itself, apart from those of the call.

use anteroom_runtime::OperationOutcome;

use crate::domain::{
    calls::send_queue::ClosingFrame,
    failure::{ClaimRefusal, DecisionFailure, JoinRefusal},
};

/// Declares the refusals: the name in Rust, the outcome of an operation that the refusal ends, the
/// `code` of the error message, the status code with which the connection is closed unless it stays
/// open, and the `message` of the error message.
macro_rules! refusals {
    ($($(#[$doc:meta])+ $refusal:ident, $outcome:ident, $code:literal, $closing:expr, $message:literal;)+) => {
        /// The reason why a message or a connection is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[$doc])+ $refusal,)+
        }

        impl Refusal {
            pub(crate) const fn code(self) -> &'static str {
                match self {
                    $(Self::$refusal => $code,)+
                }
            }

            pub(crate) const fn message(self) -> &'static str {
                match self {
                    $(Self::$refusal => $message,)+
                }
            }

            /// Returns the outcome of an operation that this refusal ends.
            pub(crate) const fn outcome(self) -> OperationOutcome {
                match self {
                    $(Self::$refusal => OperationOutcome::$outcome,)+
                }
            }

            /// Returns how the connection is closed; `None` if it stays open.
            pub(crate) fn closing(self) -> Option<ClosingFrame> {
                let code: Option<u16> = match self {
                    $(Self::$refusal => $closing,)+
                };
                code.map(|code| ClosingFrame { code, words: self.code() })
            }
        }
    };
}

refusals! {
    /// The message is not one of this protocol.
    Invalid, Refused, "invalid_message", Some(1002), "The message could not be read.";
    /// The message is a binary frame.
    Binary, Refused, "binary_refused", Some(1003), "Messages are text, not binary.";
    /// The message is too long.
    TooLarge, Refused, "too_large", Some(1009), "The message is too large.";
    /// The body of a relay is too long.
    BodyTooLarge, Refused, "too_large", None, "The relayed body is too large.";
    /// The body of a commit or of a Welcome is too long.
    CommitTooLarge, Refused, "too_large", None, "The commit or its Welcome is too large.";
    /// An offer or a view has more slots than a connection may have.
    TooManySlots, Refused, "too_many_slots", None,
        "There are more slots than a connection may have. Use fewer slots.";
    /// The demux id is not a possible one.
    UnknownDevice, Refused, "unknown_device", None, "There is no such device in the call.";
    /// The first message is not `join`.
    NotJoined, Refused, "not_joined", Some(1002), "The first message must be a join.";
    /// No `join` arrived in time.
    JoinTimeout, Refused, "join_timeout", Some(1002), "No join came in time.";
    /// The socket was closed, before it joined, to make room for another.
    Evicted, Refused, "overloaded", Some(1013), "Too many connections are open. Please try again.";
    /// The number of joined sockets is at its maximum, in total or for one address.
    Overloaded, Refused, "overloaded", Some(1013), "Too many connections are open. Please try again.";
    /// The link does not exist.
    UnknownLink, Refused, "unknown_link", Some(1008), "There is no such call link.";
    /// The link is revoked or expired, and there is no call.
    Expired, Refused, "expired", Some(1008), "The call link is no longer valid.";
    /// The presentation does not hold for the link.
    Forbidden, Refused, "presentation_invalid", Some(1008), "The presentation is not valid for this room.";
    /// The link admits no guest accounts.
    GuestsRefused, Refused, "guests_refused", Some(1008),
        "Guests may not join this call. Sign in with an account.";
    /// The user has joined too often, or has shown too many wrong passkeys.
    RateLimited, Refused, "rate_limited", Some(1008),
        "Too many joins or wrong passkeys. Please wait a minute.";
    /// The client's network has sent too many presentations.
    NetworkLimited, Refused, "rate_limited", Some(1008),
        "Too many presentations come from this network. Please wait a moment.";
    /// The service is not available at the moment.
    Unavailable, Failed, "unavailable", Some(1013),
        "The service cannot answer at the moment. Please try again.";
    /// The link cannot be read at the moment, and without it nobody is let in.
    LinkUnavailable, Failed, "unavailable", None,
        "The service cannot answer at the moment. Please try again.";
    /// The service is stopping.
    ShuttingDown, Failed, "shutting_down", Some(1012), "The service is stopping. Please join again.";
}

impl From<JoinRefusal> for Refusal {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::UnknownLink => Self::UnknownLink,
            JoinRefusal::Claim(ClaimRefusal::Forbidden) => Self::Forbidden,
            JoinRefusal::Claim(ClaimRefusal::Failed(failure)) => match failure {
                DecisionFailure::Limited(_) => Self::NetworkLimited,
                DecisionFailure::Unavailable
                | DecisionFailure::Internal
                | DecisionFailure::Overloaded => Self::Unavailable,
            },
            JoinRefusal::Limited(_) => Self::RateLimited,
            JoinRefusal::Closed => Self::Expired,
            JoinRefusal::GuestsRefused => Self::GuestsRefused,
            // These come from the rules of joins on media servers.
            JoinRefusal::UseSocket | JoinRefusal::StartForbidden => Self::Forbidden,
            JoinRefusal::Elsewhere(_) | JoinRefusal::Full | JoinRefusal::MediaUnavailable => {
                Self::Unavailable
            }
        }
    }
}
