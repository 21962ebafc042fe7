//! What a client is told that the call itself does not say.

use anteroom_service::OperationOutcome;

use crate::socket::outbox::Closing;

/// Why a message or a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not a message of this protocol.
    Invalid,
    /// A binary frame.
    Binary,
    /// A message that is too long to be read.
    TooLarge,
    /// A relay body that is too long.
    BodyTooLarge,
    /// No device can have this demux id.
    UnknownDevice,
    /// Something else came before `join`.
    NotJoined,
    /// No `join` came in time.
    JoinTimeout,
    /// The socket has given way to another before it has joined.
    GivenWay,
    /// As many sockets have joined as may, in all or from one address.
    Overloaded,
    /// There is no such link.
    UnknownLink,
    /// The link is revoked or expired, and no call is on.
    Expired,
    /// The presentation does not hold for the link.
    Forbidden,
    /// The user has joined too often, or has shown too many wrong passkeys.
    RateLimited,
    /// Too many presentations come from the client's network.
    NetworkLimited,
    /// The service cannot do it at the moment.
    Unavailable,
    /// The service cannot look at the link at the moment, and does not approve unseen.
    ApproveUnavailable,
    /// The service stops.
    ShuttingDown,
}

impl Refusal {
    /// `code`.
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

    /// `message`.
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

    /// The outcome of an operation that is refused with it.
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

    /// How the connection ends; `None` when it goes on.
    pub(crate) const fn closing(self) -> Option<Closing> {
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
        Some(Closing {
            code,
            words: self.code(),
        })
    }
}
