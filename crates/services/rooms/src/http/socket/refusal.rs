//! The refusals of the socket itself, apart from those of the call.

use anteroom_runtime::OperationOutcome;

use crate::domain::calls::send_queue::ClosingFrame;

/// The reason why a message or a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The message is not one of this protocol.
    Invalid,
    /// The message is a binary frame.
    Binary,
    /// The message is too long.
    TooLarge,
    /// The body of a relay is too long.
    BodyTooLarge,
    /// The demux id is not a possible one.
    UnknownDevice,
    /// The first message is not `join`.
    NotJoined,
    /// No `join` arrived in time.
    JoinTimeout,
    /// The socket was closed, before it joined, to make room for another.
    GivenWay,
    /// The number of joined sockets is at its maximum, in total or for one address.
    Overloaded,
    /// The link does not exist.
    UnknownLink,
    /// The link is revoked or expired, and there is no call.
    Expired,
    /// The presentation does not hold for the link.
    Forbidden,
    /// The user has joined too often, or has shown too many wrong passkeys.
    RateLimited,
    /// The client's network has sent too many presentations.
    NetworkLimited,
    /// The service is not available at the moment.
    Unavailable,
    /// The link cannot be read at the moment, and without it no approval is made.
    ApproveUnavailable,
    /// The service is stopping.
    ShuttingDown,
}

impl Refusal {
    /// The `code` of the error message.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid_message",
            Self::Binary => "binary_refused",
            Self::TooLarge | Self::BodyTooLarge => "too_large",
            Self::UnknownDevice => "unknown_device",
            Self::NotJoined => "not_joined",
            Self::JoinTimeout => "join_timeout",
            Self::GivenWay | Self::Overloaded => "overloaded",
            Self::UnknownLink => "unknown_link",
            Self::Expired => "expired",
            Self::Forbidden => "presentation_invalid",
            Self::RateLimited | Self::NetworkLimited => "rate_limited",
            Self::Unavailable | Self::ApproveUnavailable => "unavailable",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// The `message` of the error message.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Invalid => "The message could not be read.",
            Self::Binary => "Messages are text, not binary.",
            Self::TooLarge => "The message is too large.",
            Self::BodyTooLarge => "The relayed body is too large.",
            Self::UnknownDevice => "There is no such device in the call.",
            Self::NotJoined => "The first message must be a join.",
            Self::JoinTimeout => "No join came in time.",
            Self::GivenWay | Self::Overloaded => "Too many connections are open. Please try again.",
            Self::UnknownLink => "There is no such call link.",
            Self::Expired => "The call link is no longer valid.",
            Self::Forbidden => "The presentation is not valid for this room.",
            Self::NetworkLimited => {
                "Too many presentations come from this network. Please wait a moment."
            }
            Self::RateLimited => "Too many joins or wrong passkeys. Please wait a minute.",
            Self::Unavailable | Self::ApproveUnavailable => {
                "The service cannot answer at the moment. Please try again."
            }
            Self::ShuttingDown => "The service is stopping. Please join again.",
        }
    }

    /// Returns the outcome of an operation that this refusal ends.
    pub(crate) const fn outcome(self) -> OperationOutcome {
        match self {
            Self::Unavailable | Self::ApproveUnavailable | Self::ShuttingDown => {
                OperationOutcome::Failed
            }
            _ => OperationOutcome::Refused,
        }
    }

    /// Returns how the connection is closed; `None` if it stays open.
    pub(crate) const fn closing(self) -> Option<ClosingFrame> {
        let code = match self {
            Self::BodyTooLarge | Self::UnknownDevice | Self::ApproveUnavailable => return None,
            Self::Invalid | Self::NotJoined | Self::JoinTimeout => 1002,
            Self::Binary => 1003,
            Self::TooLarge => 1009,
            Self::UnknownLink
            | Self::Expired
            | Self::Forbidden
            | Self::RateLimited
            | Self::NetworkLimited => 1008,
            Self::Unavailable | Self::GivenWay | Self::Overloaded => 1013,
            Self::ShuttingDown => 1012,
        };
        Some(ClosingFrame {
            code,
            words: self.code(),
        })
    }
}
