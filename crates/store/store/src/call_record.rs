//! The records of calls and their owners.

use std::sync::Arc;

use anteroom_protocol::{EraId, Timestamp};

use crate::{
    call_link::{CallLinkRecord, OpaqueRoomId, OpaqueRoomIdError, UserId},
    keys::BlindIndex,
};

const LINK_PREFIX: &str = "adhoc:";

/// The key of a call's record. A room has at most one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallKey {
    /// The room of a call link: `adhoc:<room id>`.
    Link(OpaqueRoomId),
    /// A group's room: its id alone.
    Group(OpaqueRoomId),
}

impl CallKey {
    /// Parses the text.
    ///
    /// # Errors
    /// The text after the prefix, or the whole text without a prefix, is not a room id.
    pub fn parse(text: &str) -> Result<Self, OpaqueRoomIdError> {
        match text.strip_prefix(LINK_PREFIX) {
            Some(room) => OpaqueRoomId::parse(room).map(Self::Link),
            None => OpaqueRoomId::parse(text).map(Self::Group),
        }
    }

    /// Returns the text. Sensitive: it names the room.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Link(room) => format!("{LINK_PREFIX}{}", room.as_str()),
            Self::Group(room) => room.as_str().to_owned(),
        }
    }

    /// Returns the room.
    #[must_use]
    pub const fn room(&self) -> &OpaqueRoomId {
        match self {
            Self::Link(room) | Self::Group(room) => room,
        }
    }
}

/// Defines a text of 1 to 255 bytes from the configuration.
macro_rules! configured_text {
    ($(#[$doc:meta])* pub struct $name:ident;) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The maximum number of bytes.
            pub const MAX_LENGTH: usize = 255;

            /// Parses the text, and does not normalize it.
            ///
            /// # Errors
            /// No byte, or more than [`Self::MAX_LENGTH`].
            pub fn parse(text: &str) -> Result<Self, NodeNameError> {
                if text.is_empty() || text.len() > Self::MAX_LENGTH {
                    return Err(NodeNameError);
                }
                Ok(Self(text.into()))
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

configured_text! {
    /// The name under which a node of the room service owns calls, for example its public address
    /// or its region: 1 to 255 bytes.
    pub struct NodeName;
}
configured_text! {
    /// The address of a media server as it is configured: 1 to 255 bytes.
    pub struct MediaAddress;
}

/// The error for a node's name or a media server's address that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node's name or a media server's address has 1 to 255 bytes")]
pub struct NodeNameError;

/// A call: one era of a room.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The room.
    pub key: CallKey,
    /// The era.
    pub era: EraId,
    /// The user that started the call.
    pub creator: UserId,
    /// The node that owns the call.
    pub node: NodeName,
    /// The media server of the call; `None` if the node itself carries it.
    pub media: Option<MediaAddress>,
    /// The time at which the call started.
    pub started: Timestamp,
    /// The time from which the record is invalid, unless its lease is renewed before; `None` for a
    /// record that is valid until it is ended.
    pub lease_until: Option<Timestamp>,
}

impl CallRecord {
    /// Returns whether the record is valid at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.lease_until.is_none_or(|end| now < end)
    }
}

/// A link and the call in its room.
#[derive(Clone, Debug)]
pub struct LinkWithCall {
    /// The link.
    pub link: CallLinkRecord,
    /// The call; `None` if the room has no live one.
    pub call: Option<CallRecord>,
}

/// The outcome of a start.
#[derive(Clone, Debug)]
pub enum StartEraOutcome {
    /// The era has started. The link of a call-link room has a new expiration.
    Started {
        /// The call.
        call: CallRecord,
        /// The link after the start; `None` for a group's room.
        link: Option<CallLinkRecord>,
        /// The effect of the start on the link's expiration.
        expiration_change: Option<ExpirationChange>,
    },
    /// The room has another era, which the client can join.
    Running {
        /// The call of that era.
        call: CallRecord,
        /// The link; `None` for a group's room.
        link: Option<CallLinkRecord>,
    },
    /// The link does not exist.
    UnknownLink,
    /// The link is revoked or expired.
    ClosedLink(CallLinkRecord),
}

/// The change of a link's expiration by the start of an era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpirationChange {
    /// The expiration before the start.
    pub from: Timestamp,
    /// The expiration after the start.
    pub to: Timestamp,
}

/// The position of a listing of all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor(BlindIndex);

impl CallCursor {
    /// Creates the position after the record of this blind index.
    #[must_use]
    pub const fn after(index: BlindIndex) -> Self {
        Self(index)
    }

    /// Returns the blind index.
    #[must_use]
    pub const fn index(&self) -> &BlindIndex {
        &self.0
    }
}

/// A page of a listing of all calls.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// The calls, live or not.
    pub calls: Vec<CallRecord>,
    /// The position of the next page; `None` after the last.
    pub next: Option<CallCursor>,
}
