//! The reasons why a device gets no media, with the codes and sentences that it is told.

use anteroom_call::ErrorCode;

/// The code of everything about an offer that its device can mend.
const REFUSED: &str = "media_refused";

/// The code of everything that the device cannot mend.
const UNAVAILABLE: &str = "media_unavailable";

/// The code of too many slots.
const TOO_MANY_SLOTS: &str = "too_many_slots";

/// The reason why a call has no media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaUnavailable {
    /// The server has as many calls as it can carry.
    Full,
    /// The server is about to stop.
    Stopping,
    /// The media of the call failed, and may be opened anew.
    Failed,
    /// The media of the call failed too often.
    FailedOften,
    /// The connection of the device has ended.
    Disconnected,
}

impl MediaUnavailable {
    /// Returns the stable code for clients.
    #[must_use]
    pub const fn code(self) -> &'static str {
        UNAVAILABLE
    }

    /// Returns the text for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Full => {
                "The server carries sound and picture of as many calls as it can. The call goes on without; try again later."
            }
            Self::Stopping => {
                "The server is about to stop, so it opens no sound and picture any more. Try again in a minute."
            }
            Self::Failed => {
                "Sound and picture of the call have ended, because a part of the server failed. The call goes on; offer a new connection."
            }
            Self::FailedOften => {
                "Sound and picture of the call failed several times. The call goes on without; try again in a minute."
            }
            Self::Disconnected => {
                "Your connection for sound and picture has ended. The call goes on; offer a new connection."
            }
        }
    }
}

/// The reason why an offer is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferRefusal {
    /// The device is not active.
    NotActive,
    /// The device makes too many offers.
    TooManyOffers,
    /// The text is no offer.
    Malformed,
    /// The offer has more m-lines than a connection may have.
    TooManyLines,
    /// An m-line has no mid, or one that another has.
    Mid,
    /// An m-line is neither for sound nor for pictures.
    Kind,
    /// An m-line is for both directions, or for none.
    Direction,
    /// There are more m-lines to send on than sources.
    Sources,
    /// A source has more layers than it may have.
    Layers,
    /// A later offer of the same connection has other m-lines than the earlier one, or new ones to send on.
    Changed,
    /// The server has too much to do.
    Busy,
}

impl OfferRefusal {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::NotActive,
        Self::TooManyOffers,
        Self::Malformed,
        Self::TooManyLines,
        Self::Mid,
        Self::Kind,
        Self::Direction,
        Self::Sources,
        Self::Layers,
        Self::Changed,
        Self::Busy,
    ];

    /// Returns the stable code for clients.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooManyLines => TOO_MANY_SLOTS,
            Self::Busy => UNAVAILABLE,
            Self::NotActive => ErrorCode::NotActive.as_str(),
            Self::TooManyOffers => ErrorCode::TooManyOffers.as_str(),
            Self::Malformed
            | Self::Mid
            | Self::Kind
            | Self::Direction
            | Self::Sources
            | Self::Layers
            | Self::Changed => REFUSED,
        }
    }

    /// Returns the text for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotActive => {
                "The device is not active in the call, so it has no sound and picture."
            }
            Self::TooManyOffers => ErrorCode::TooManyOffers.message(),
            Self::Malformed => {
                "The offer could not be read. Send the session description untouched."
            }
            Self::TooManyLines => {
                "The offer has more slots than a connection may have. Offer fewer slots."
            }
            Self::Mid => "The offer has an m-line without a mid of its own. Give each m-line one.",
            Self::Kind => {
                "The offer has an m-line that is neither audio nor video. Offer sound and pictures alone."
            }
            Self::Direction => {
                "The offer has an m-line that is not for one direction. Make each one sendonly or recvonly."
            }
            Self::Sources => {
                "The offer sends on too many m-lines. Offer at most a microphone, a camera, a screen and its sound."
            }
            Self::Layers => {
                "The offer has a source with too many layers. Offer at most three of a camera and two of a screen."
            }
            Self::Changed => {
                "The offer changes the m-lines of its connection. Add only m-lines to receive on, or offer a new session."
            }
            Self::Busy => "The server has too much to do at the moment. Try again later.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_tells_what_happened_and_what_to_do() {
        let mut told: Vec<&str> = OfferRefusal::ALL.map(OfferRefusal::message).to_vec();
        told.extend(
            [
                MediaUnavailable::Full,
                MediaUnavailable::Stopping,
                MediaUnavailable::Failed,
                MediaUnavailable::FailedOften,
                MediaUnavailable::Disconnected,
            ]
            .map(MediaUnavailable::message),
        );
        let count = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), count);
        for message in told {
            assert!(message.ends_with('.') && message.len() < 140, "{message}");
        }
    }
}
