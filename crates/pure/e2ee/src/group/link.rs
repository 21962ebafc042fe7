//! The part of a link and an era that a group needs.

use anteroom_protocol::{EraId, RootKey, redacted_debug};

use super::handshake::HandshakeKey;
use crate::{AdminPublicKey, EraPsk, RoomContext};

/// The keys and the context that every holder of the link derives for an era.
#[derive(Clone)]
pub struct GroupLink {
    pub(super) psk: EraPsk,
    pub(super) handshake: HandshakeKey,
    pub(super) context: RoomContext,
}

redacted_debug!(GroupLink);

impl GroupLink {
    /// Derives the keys of an era from the link's root key and, where the link has one, its admin key.
    #[must_use]
    pub fn new(root_key: &RootKey, era: EraId, admin: Option<AdminPublicKey>) -> Self {
        Self {
            psk: EraPsk::derive(root_key, era),
            handshake: HandshakeKey::derive(root_key, era),
            context: RoomContext::new(root_key.room_id(), era, admin),
        }
    }

    /// Returns the key of the era's handshake bodies.
    #[must_use]
    pub const fn handshake(&self) -> &HandshakeKey {
        &self.handshake
    }

    /// Returns the context of the room without statements.
    #[must_use]
    pub const fn context(&self) -> &RoomContext {
        &self.context
    }
}
