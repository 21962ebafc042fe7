//! The refusals of the socket itself, apart from those of the call.

use anteroom_runtime::OperationOutcome;

use crate::domain::calls::send_queue::ClosingFrame;

/// Declares the refusals: the name in Rust, the `code` of the error message, the status code with which
/// the connection is closed unless it stays open, and the `message` of the error message.
macro_rules! refusals {
    ($($(#[$doc:meta])+ $refusal:ident, $code:literal, $closing:expr, $message:literal;)+) => {
        /// The reason why a message or a connection is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[$doc])+ $refusal,)+
        }

        impl Refusal {
            /// The `code` of the error message.
            pub(crate) const fn code(self) -> &'static str {
                match self {
                    $(Self::$refusal => $code,)+
                }
            }

            /// The `message` of the error message.
            pub(crate) const fn message(self) -> &'static str {
                match self {
                    $(Self::$refusal => $message,)+
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
    Invalid, "invalid_message", Some(1002), "The message could not be read.";
    /// The message is a binary frame.
    Binary, "binary_refused", Some(1003), "Messages are text, not binary.";
    /// The message is too long.
    TooLarge, "too_large", Some(1009), "The message is too large.";
    /// The body of a relay is too long.
    BodyTooLarge, "too_large", None, "The relayed body is too large.";
    /// The demux id is not a possible one.
    UnknownDevice, "unknown_device", None, "There is no such device in the call.";
    /// The first message is not `join`.
    NotJoined, "not_joined", Some(1002), "The first message must be a join.";
    /// No `join` arrived in time.
    JoinTimeout, "join_timeout", Some(1002), "No join came in time.";
    /// The socket was closed, before it joined, to make room for another.
    GivenWay, "overloaded", Some(1013), "Too many connections are open. Please try again.";
    /// The number of joined sockets is at its maximum, in total or for one address.
    Overloaded, "overloaded", Some(1013), "Too many connections are open. Please try again.";
    /// The link does not exist.
    UnknownLink, "unknown_link", Some(1008), "There is no such call link.";
    /// The link is revoked or expired, and there is no call.
    Expired, "expired", Some(1008), "The call link is no longer valid.";
    /// The presentation does not hold for the link.
    Forbidden, "presentation_invalid", Some(1008), "The presentation is not valid for this room.";
    /// The user has joined too often, or has shown too many wrong passkeys.
    RateLimited, "rate_limited", Some(1008),
        "Too many joins or wrong passkeys. Please wait a minute.";
    /// The client's network has sent too many presentations.
    NetworkLimited, "rate_limited", Some(1008),
        "Too many presentations come from this network. Please wait a moment.";
    /// The service is not available at the moment.
    Unavailable, "unavailable", Some(1013),
        "The service cannot answer at the moment. Please try again.";
    /// The link cannot be read at the moment, and without it no approval is made.
    ApproveUnavailable, "unavailable", None,
        "The service cannot answer at the moment. Please try again.";
    /// The service is stopping.
    ShuttingDown, "shutting_down", Some(1012), "The service is stopping. Please join again.";
}

impl Refusal {
    /// Returns the outcome of an operation that this refusal ends.
    pub(crate) const fn outcome(self) -> OperationOutcome {
        match self {
            Self::Unavailable | Self::ApproveUnavailable | Self::ShuttingDown => {
                OperationOutcome::Failed
            }
            Self::Invalid
            | Self::Binary
            | Self::TooLarge
            | Self::BodyTooLarge
            | Self::UnknownDevice
            | Self::NotJoined
            | Self::JoinTimeout
            | Self::GivenWay
            | Self::Overloaded
            | Self::UnknownLink
            | Self::Expired
            | Self::Forbidden
            | Self::RateLimited
            | Self::NetworkLimited => OperationOutcome::Refused,
        }
    }
}
