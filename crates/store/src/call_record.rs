//! Calls that are on, and who has them.

use std::{fmt, sync::Arc};

use anteroom_protocol::Timestamp;

use crate::{
    call_link::{CallLinkRecord, OpaqueRoomId, OpaqueRoomIdError, UserId},
    keys::BlindIndex,
};

const LINK_PREFIX: &str = "adhoc:";

/// What a call is recorded under. A room has at most one call.
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
    /// What stands after the prefix, or the whole text without one, is not a room id.
    pub fn parse(text: &str) -> Result<Self, OpaqueRoomIdError> {
        match text.strip_prefix(LINK_PREFIX) {
            Some(room) => OpaqueRoomId::parse(room).map(Self::Link),
            None => OpaqueRoomId::parse(text).map(Self::Group),
        }
    }

    /// The text. It names the room: sensitive.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Link(room) => format!("{LINK_PREFIX}{}", room.as_str()),
            Self::Group(room) => room.as_str().to_owned(),
        }
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &OpaqueRoomId {
        match self {
            Self::Link(room) | Self::Group(room) => room,
        }
    }
}

/// The id of a call's era: 16 random bytes, as text 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallEra([u8; 16]);

impl CallEra {
    /// From bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Parses the text.
    ///
    /// # Errors
    /// Anything but 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, CallEraError> {
        let digits_alone = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 32 || !digits_alone {
            return Err(CallEraError);
        }
        u128::from_str_radix(text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| CallEraError)
    }
}

impl fmt::Display for CallEra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for CallEra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallEra({self})")
    }
}

/// The text is not an era's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an era id")]
pub struct CallEraError;

/// The name under which a node of the room service owns calls, such as its public address or its
/// region: 1 to 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// The most bytes a name has.
    pub const MAX_LENGTH: usize = 255;

    /// From the text as it stands.
    ///
    /// # Errors
    /// No byte, or more than [`Self::MAX_LENGTH`].
    pub fn parse(text: &str) -> Result<Self, NodeNameError> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(NodeNameError);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a media server as it is configured: 1 to 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaAddress(Arc<str>);

impl MediaAddress {
    /// The most bytes an address has.
    pub const MAX_LENGTH: usize = 255;

    /// From the text as it stands.
    ///
    /// # Errors
    /// No byte, or more than [`Self::MAX_LENGTH`].
    pub fn parse(text: &str) -> Result<Self, NodeNameError> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(NodeNameError);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a node or the address of a media server is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node's name or a media server's address has 1 to 255 bytes")]
pub struct NodeNameError;

/// A call: one era of a room.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The room.
    pub key: CallKey,
    /// The era.
    pub era: CallEra,
    /// Who started it.
    pub creator: UserId,
    /// The node that owns it.
    pub node: NodeName,
    /// The media server that carries it; `None` if the node itself does.
    pub media: Option<MediaAddress>,
    /// When it started.
    pub started: Timestamp,
    /// The first moment at which the record no longer holds, unless it is renewed before; `None`
    /// for a record that holds until it is ended.
    pub lease_until: Option<Timestamp>,
}

impl CallRecord {
    /// Whether the record holds.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.lease_until.is_none_or(|end| now < end)
    }
}

/// A link and the call that is on in its room.
#[derive(Clone, Debug)]
pub struct LinkWithCall {
    /// The link.
    pub link: CallLinkRecord,
    /// The call, if there is a live one.
    pub call: Option<CallRecord>,
}

/// What became of a start.
#[derive(Clone, Debug)]
pub enum StartEraOutcome {
    /// The era has started; the link, of call-link rooms, as it is since, with its expiration
    /// reset.
    Started {
        /// The call.
        call: CallRecord,
        /// The link.
        link: Option<CallLinkRecord>,
        /// What the start has done to the link's expiration.
        moved: Option<MovedExpiration>,
    },
    /// Another era is on: join that.
    Running {
        /// That call.
        call: CallRecord,
        /// The link, of call-link rooms.
        link: Option<CallLinkRecord>,
    },
    /// There is no such link.
    UnknownLink,
    /// The link is revoked or expired.
    ClosedLink(CallLinkRecord),
}

/// The expiration of a link, which the start of an era has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedExpiration {
    /// The expiration before the start.
    pub from: Timestamp,
    /// The expiration since the start.
    pub to: Timestamp,
}

/// Where a listing of all calls goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor(BlindIndex);

impl CallCursor {
    /// After the record of this blind index.
    #[must_use]
    pub const fn after(index: BlindIndex) -> Self {
        Self(index)
    }

    /// The blind index.
    #[must_use]
    pub const fn index(&self) -> &BlindIndex {
        &self.0
    }
}

/// A part of all calls.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// The calls, live or not.
    pub calls: Vec<CallRecord>,
    /// Where the next part begins; `None` after the last.
    pub next: Option<CallCursor>,
}
