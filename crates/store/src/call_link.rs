//! Call links, and what can become of a request about one.

use std::{fmt, sync::Arc};

use anteroom_protocol::{CallLinkPublicParams, DAY, Timestamp};
use rand_core::CryptoRng;

use crate::keys::PasskeyHash;

/// A room's id as it stands on the wire: 1 to 128 characters without a colon.
///
/// Two ids are the same room only if they are the same text. Sensitive: `Debug` shows nothing of
/// it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpaqueRoomId(Arc<str>);

impl OpaqueRoomId {
    /// The most characters (Unicode scalar values) an id has.
    pub const MAX_CHARACTERS: usize = 128;

    /// From the text as it stands.
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

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OpaqueRoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueRoomId(..)")
    }
}

/// The text is not a room's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a room id")]
pub struct OpaqueRoomIdError;

/// The opaque id of somebody in a room: 1 to 256 characters.
///
/// Sensitive: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The most characters (Unicode scalar values) an id has.
    pub const MAX_CHARACTERS: usize = 256;

    /// From the text as it stands.
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

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(..)")
    }
}

/// The text is not a user's opaque id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user id")]
pub struct UserIdError;

/// The epoch of a link: which of the links that one root key can have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u32);

impl Epoch {
    /// From its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Draws an epoch.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self(rng.next_u32())
    }

    /// The number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// Where a request looks for a link: one with an epoch is only found with that epoch, one without
/// only without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkAddress {
    /// The room.
    pub room: OpaqueRoomId,
    /// The epoch.
    pub epoch: Option<Epoch>,
}

/// Who may come in by a link without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkRestrictions {
    /// Everybody with the link.
    None,
    /// Admins and those an admin has approved.
    AdminApproval,
}

impl LinkRestrictions {
    /// The word on the wire and in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AdminApproval => "adminApproval",
        }
    }

    /// The restrictions of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "adminApproval" => Some(Self::AdminApproval),
            _ => None,
        }
    }
}

/// A link's name as its clients encrypted it: at most 288 bytes, possibly none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkName(Arc<[u8]>);

impl LinkName {
    /// The most bytes a name has.
    pub const MAX_LENGTH: usize = 288;

    /// From the bytes as they stand.
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

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, shared.
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

/// A link's name is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link's name has at most {} bytes", LinkName::MAX_LENGTH)]
pub struct LinkNameError;

/// A call link.
#[derive(Clone)]
pub struct CallLinkRecord {
    /// The room, which no other link has.
    pub room: OpaqueRoomId,
    /// The epoch, of links that have one.
    pub epoch: Option<Epoch>,
    /// The keyed hash of the admin passkey.
    pub passkey_hash: PasskeyHash,
    /// The public params that presentations are made under.
    pub zkparams: CallLinkPublicParams,
    /// Who may come in without being asked.
    pub restrictions: LinkRestrictions,
    /// The encrypted name.
    pub name: LinkName,
    /// Whether the link has been revoked.
    pub revoked: bool,
    /// When the link was created.
    pub created: Timestamp,
    /// The first moment at which it is expired.
    pub expiration: Timestamp,
    /// The first moment at which it is unknown.
    pub delete_at: Timestamp,
    /// How often whoever has the passkey has ended its call from outside.
    pub ended_calls: u32,
}

impl CallLinkRecord {
    /// How long a link is good for after its creation and after each start of a call: 90 days,
    /// in seconds.
    pub const VALIDITY: u64 = 90 * DAY;
    /// How long its record is kept after that: 90 days, in seconds.
    pub const RETENTION: u64 = 90 * DAY;

    /// A link that is being created now.
    #[must_use]
    pub fn new(address: LinkAddress, content: NewCallLink, now: Timestamp) -> Self {
        let expiration = now.plus(Self::VALIDITY);
        Self {
            room: address.room,
            epoch: address.epoch,
            passkey_hash: content.passkey_hash,
            zkparams: content.zkparams,
            restrictions: content.restrictions,
            name: content.name,
            revoked: content.revoked,
            created: now,
            expiration,
            delete_at: expiration.plus(Self::RETENTION),
            ended_calls: 0,
        }
    }

    /// The link as it is read at `now`: it ends no later than a link that is created at `now`. A
    /// clock that was ahead may have stored later ends.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let latest = now.plus(Self::VALIDITY);
        self.expiration = self.expiration.min(latest);
        self.delete_at = self.delete_at.min(latest.plus(Self::RETENTION));
        self
    }

    /// Where requests find it.
    #[must_use]
    pub fn address(&self) -> LinkAddress {
        LinkAddress {
            room: self.room.clone(),
            epoch: self.epoch,
        }
    }

    /// Whether one may still come in by it: neither revoked nor expired.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expiration
    }
}

impl fmt::Debug for CallLinkRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLinkRecord")
            .field("restrictions", &self.restrictions)
            .field("revoked", &self.revoked)
            .field("created", &self.created)
            .field("expiration", &self.expiration)
            .field("delete_at", &self.delete_at)
            .finish_non_exhaustive()
    }
}

/// What a request gives to create a link.
#[derive(Clone)]
pub struct NewCallLink {
    /// The keyed hash of the admin passkey.
    pub passkey_hash: PasskeyHash,
    /// The public params.
    pub zkparams: CallLinkPublicParams,
    /// Who may come in without being asked.
    pub restrictions: LinkRestrictions,
    /// The encrypted name.
    pub name: LinkName,
    /// Whether the link is revoked from the start.
    pub revoked: bool,
}

/// What a request changes of a link; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct LinkUpdate {
    /// Who may come in without being asked.
    pub restrictions: Option<LinkRestrictions>,
    /// The encrypted name.
    pub name: Option<LinkName>,
    /// Whether the link is revoked.
    pub revoked: Option<bool>,
    /// Whether the call that is on, or is waited for, ends with the update.
    pub end_call: bool,
}

/// What became of a create.
#[derive(Clone, Debug)]
pub enum CreateLinkOutcome {
    /// The link is new.
    Created(CallLinkRecord),
    /// The room has this link already, of the same passkey and zkparams: it is left as it stands
    /// here, its epoch included.
    Unchanged(CallLinkRecord),
    /// The room has a link of another passkey or other zkparams, or has had one that was deleted
    /// and would not be unknown yet; or another room has these zkparams.
    Conflict,
}

/// What became of an update.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
pub enum UpdateLinkOutcome {
    /// The link is now as it stands here.
    Updated(CallLinkRecord),
    /// There is no such link.
    UnknownRoom,
    /// The passkey is another.
    WrongPasskey,
    /// The restrictions would change while a call is on: nothing was changed.
    CallOn,
}

/// What became of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteLinkOutcome {
    /// The link is gone, with its approvals; until its `delete_at` the room is free for its passkey
    /// and zkparams alone.
    Deleted,
    /// There is no such link.
    UnknownRoom,
    /// The passkey is another.
    WrongPasskey,
    /// A call is on.
    CallOn,
}
