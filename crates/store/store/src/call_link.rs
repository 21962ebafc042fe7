//! Call links, and the outcomes of requests about them.

use std::{fmt, sync::Arc};

use anteroom_protocol::{
    AdminStatement, CallLinkPublicParams, DAY, GuestAdmission, OpaqueUserId, Restrictions,
    Timestamp,
};
use rand_core::CryptoRng;

use crate::{keys::PasskeyHash, opaque_debug::opaque_debug};

/// The id of a room as it is on the wire: 1 to 128 characters without a colon.
///
/// Two ids name the same room only if their texts are equal. Sensitive: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpaqueRoomId(Arc<str>);

impl OpaqueRoomId {
    /// The maximum number of characters (Unicode scalar values).
    pub const MAX_CHARACTERS: usize = 128;

    /// Parses the text, and does not normalize it.
    ///
    /// # Errors
    /// No character or more than [`Self::MAX_CHARACTERS`], or a colon.
    pub fn parse(text: &str) -> Result<Self, OpaqueRoomIdError> {
        let characters = text.chars().count();
        if characters == 0 || characters > Self::MAX_CHARACTERS || text.contains(':') {
            return Err(OpaqueRoomIdError);
        }
        Ok(Self(text.into()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

opaque_debug!(OpaqueRoomId);

/// The error for a text that is not a room's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a room id")]
pub struct OpaqueRoomIdError;

/// The opaque id of a user in a room: 1 to 256 characters.
///
/// Sensitive: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The maximum number of characters (Unicode scalar values).
    pub const MAX_CHARACTERS: usize = 256;

    /// Parses the text, and does not normalize it.
    ///
    /// # Errors
    /// No character, or more than [`Self::MAX_CHARACTERS`].
    pub fn parse(text: &str) -> Result<Self, UserIdError> {
        let characters = text.chars().count();
        if characters == 0 || characters > Self::MAX_CHARACTERS {
            return Err(UserIdError);
        }
        Ok(Self(text.into()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&OpaqueUserId> for UserId {
    fn from(user: &OpaqueUserId) -> Self {
        Self(user.as_str().into())
    }
}

opaque_debug!(UserId);

/// The error for a text that is not a user's opaque id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user id")]
pub struct UserIdError;

/// The epoch of a link. It tells apart the links that one root key can have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u32);

impl Epoch {
    /// Creates the epoch from its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Draws a random epoch.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self(rng.next_u32())
    }

    /// Returns the number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// The address of a link. A link with an epoch is found only with that epoch, and a link without
/// one only without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkAddress {
    /// The room.
    pub room: OpaqueRoomId,
    /// The epoch; `None` for a link without one.
    pub epoch: Option<Epoch>,
}

/// The name of a link, encrypted by its clients: 0 to 288 bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkName(Arc<[u8]>);

impl LinkName {
    /// The maximum number of bytes.
    pub const MAX_LENGTH: usize = 288;

    /// Creates the name from the encrypted bytes.
    ///
    /// # Errors
    /// More than [`Self::MAX_LENGTH`] bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<Self, LinkNameError> {
        let bytes = bytes.into();
        if bytes.len() > Self::MAX_LENGTH {
            return Err(LinkNameError);
        }
        Ok(Self(bytes))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes without a copy.
    #[must_use]
    pub fn to_shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkName({} bytes)", self.0.len())
    }
}

/// The error for a name that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link's name has at most {} bytes", LinkName::MAX_LENGTH)]
pub struct LinkNameError;

/// A call link.
#[derive(Clone)]
pub struct CallLinkRecord {
    /// The room. A room has at most one link.
    pub room: OpaqueRoomId,
    /// The epoch; `None` for a link without one.
    pub epoch: Option<Epoch>,
    /// The keyed hash of the admin passkey.
    pub passkey_hash: PasskeyHash,
    /// The public params under which presentations are made.
    pub zkparams: CallLinkPublicParams,
    /// The restriction of joins without approval.
    pub restrictions: Restrictions,
    /// The admission of guest accounts.
    pub guests: GuestAdmission,
    /// The encrypted name.
    pub name: LinkName,
    /// Whether the link is revoked.
    pub revoked: bool,
    /// The time at which the link was created.
    pub created: Timestamp,
    /// The time from which the link is expired.
    pub expiration: Timestamp,
    /// The time from which the link is unknown.
    pub delete_at: Timestamp,
    /// The number of times that a request with the passkey ended the link's call.
    pub ended_calls: u32,
    /// The admins' newest statement.
    pub admin_statement: AdminStatement,
}

impl CallLinkRecord {
    /// The time for which a link is valid after its creation and after each start of a call: 90
    /// days, in seconds.
    pub const VALIDITY: u64 = 90 * DAY;
    /// The time for which an expired link's record is kept: 90 days, in seconds.
    pub const RETENTION: u64 = 90 * DAY;

    /// Creates the record of a link that is created at `now`.
    #[must_use]
    pub fn new(address: LinkAddress, content: NewCallLink, now: Timestamp) -> Self {
        let expiration = now.plus(Self::VALIDITY);
        Self {
            room: address.room,
            epoch: address.epoch,
            passkey_hash: content.passkey_hash,
            zkparams: content.zkparams,
            restrictions: content.restrictions,
            guests: content.guests,
            name: content.name,
            revoked: content.revoked,
            created: now,
            expiration,
            delete_at: expiration.plus(Self::RETENTION),
            ended_calls: 0,
            admin_statement: content.admin_statement,
        }
    }

    /// Returns the link as it is at `now`: it ends no later than a link that is created at `now`. A
    /// clock that was ahead may have stored later ends.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let latest = now.plus(Self::VALIDITY);
        self.expiration = self.expiration.min(latest);
        self.delete_at = self.delete_at.min(latest.plus(Self::RETENTION));
        self
    }

    /// Returns the address under which requests find the link.
    #[must_use]
    pub fn address(&self) -> LinkAddress {
        LinkAddress {
            room: self.room.clone(),
            epoch: self.epoch,
        }
    }

    /// Returns whether the link admits new members: it is neither revoked nor expired.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expiration
    }
}

impl fmt::Debug for CallLinkRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLinkRecord")
            .field("restrictions", &self.restrictions)
            .field("guests", &self.guests)
            .field("revoked", &self.revoked)
            .field("created", &self.created)
            .field("expiration", &self.expiration)
            .field("delete_at", &self.delete_at)
            .finish_non_exhaustive()
    }
}

/// The content of a request to create a link.
#[derive(Clone)]
pub struct NewCallLink {
    /// The keyed hash of the admin passkey.
    pub passkey_hash: PasskeyHash,
    /// The public params.
    pub zkparams: CallLinkPublicParams,
    /// The restriction of joins without approval.
    pub restrictions: Restrictions,
    /// The admission of guest accounts.
    pub guests: GuestAdmission,
    /// The encrypted name.
    pub name: LinkName,
    /// Whether the link is revoked from the start.
    pub revoked: bool,
    /// The admins' statement.
    pub admin_statement: AdminStatement,
}

/// The changes of an update. `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct LinkUpdate {
    /// The restriction of joins without approval.
    pub restrictions: Option<Restrictions>,
    /// The admission of guest accounts.
    pub guests: Option<GuestAdmission>,
    /// The encrypted name.
    pub name: Option<LinkName>,
    /// Whether the link is revoked.
    pub revoked: Option<bool>,
    /// The admins' statement. An empty one removes it.
    pub admin_statement: Option<AdminStatement>,
    /// Whether the update ends the call or lobby of the link.
    pub end_call: bool,
}

/// The outcome of a create.
#[derive(Clone, Debug)]
pub enum CreateLinkOutcome {
    /// The link is new.
    Created(CallLinkRecord),
    /// The room has this link already, with the same passkey and zkparams. It is unchanged,
    /// including its epoch.
    Unchanged(CallLinkRecord),
    /// The room has a link with another passkey or other zkparams, or had one that was deleted and
    /// whose `delete_at` has not passed; or another room has these zkparams.
    Conflict,
}

/// The outcome of an update.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
pub enum UpdateLinkOutcome {
    /// The link was changed to this record.
    Updated(CallLinkRecord),
    /// The link does not exist.
    UnknownRoom,
    /// The passkey is wrong.
    WrongPasskey,
    /// The restrictions would change during a call. Nothing was changed.
    CallOn,
}

/// The outcome of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteLinkOutcome {
    /// The link and its approvals are deleted. Until its `delete_at` the room can be created only
    /// with the same passkey and zkparams.
    Deleted,
    /// The link does not exist.
    UnknownRoom,
    /// The passkey is wrong.
    WrongPasskey,
    /// The link has a call.
    CallOn,
}
