//! The sealed rows of the room service.

use anteroom_protocol::{
    AdminStatement, CallLinkPublicParams, EraId, GuestAdmission, Restrictions, Timestamp,
};
use rand_core::CryptoRng;

use super::{
    columns,
    row_sealer::{RowSealer, cannot_open},
};
use crate::{
    call_link::{CallLinkRecord, Epoch, LinkName, OpaqueRoomId, UserId},
    call_record::{CallKey, CallRecord, MediaAddress, NodeName},
    error::StoreError,
    keys::{BlindIndex, Keyring, PasskeyHash, RoomsStorageKeys, SealedValue},
};

/// A row of `call_links`.
#[derive(Clone, Debug)]
pub struct SealedCallLink {
    /// The blind index of the room id, which is the row's key.
    pub index: BlindIndex,
    /// The room id.
    pub room: SealedValue,
    /// The epoch.
    pub epoch: Option<Epoch>,
    /// The keyed hash of the admin passkey.
    pub passkey_hash: PasskeyHash,
    /// The public params. They are sealed so that they cannot be exchanged for others, and not to
    /// hide them.
    pub zkparams: SealedValue,
    /// The restriction of joins without approval.
    pub restrictions: Restrictions,
    /// The admission of guest accounts.
    pub guests: GuestAdmission,
    /// The encrypted name.
    pub name: SealedValue,
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
    /// The admins' newest statement; `None` in a row that is older than the column.
    pub admin_statement: Option<SealedValue>,
}

impl SealedCallLink {
    /// Seals a link.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        link: &CallLinkRecord,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let index = RoomsStorageKeys::of(keyring).room_index(&link.room);
        let row = RowSealer::new(keyring, &[index.as_bytes()]);
        Ok(Self {
            room: row.seal(columns::CALL_LINK_ROOM, link.room.as_str().as_bytes(), rng)?,
            epoch: link.epoch,
            passkey_hash: link.passkey_hash.clone(),
            zkparams: row.seal(columns::CALL_LINK_ZKPARAMS, &link.zkparams.to_bytes(), rng)?,
            restrictions: link.restrictions,
            guests: link.guests,
            name: Self::seal_name(index, &link.name, keyring, rng)?,
            revoked: link.revoked,
            created: link.created,
            expiration: link.expiration,
            delete_at: link.delete_at,
            ended_calls: link.ended_calls,
            admin_statement: Some(Self::seal_admin_statement(
                index,
                &link.admin_statement,
                keyring,
                rng,
            )?),
            index,
        })
    }

    /// Seals another name for a link.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal_name(
        index: BlindIndex,
        name: &LinkName,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<SealedValue, StoreError> {
        let row = RowSealer::new(keyring, &[index.as_bytes()]);
        row.seal(columns::CALL_LINK_NAME, name.as_bytes(), rng)
    }

    /// Seals another statement of a link's admins.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal_admin_statement(
        index: BlindIndex,
        statement: &AdminStatement,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<SealedValue, StoreError> {
        let row = RowSealer::new(keyring, &[index.as_bytes()]);
        row.seal(
            columns::CALL_LINK_ADMIN_STATEMENT,
            statement.as_bytes(),
            rng,
        )
    }

    /// Unseals the link.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved, the blind index included.
    pub fn open(&self, keyring: &Keyring) -> Result<CallLinkRecord, StoreError> {
        let row = RowSealer::new(keyring, &[self.index.as_bytes()]);
        let zkparams = row.open(columns::CALL_LINK_ZKPARAMS, &self.zkparams)?;
        let name = row.open(columns::CALL_LINK_NAME, &self.name)?;
        let admin_statement = match &self.admin_statement {
            Some(sealed) => {
                let opened = row.open(columns::CALL_LINK_ADMIN_STATEMENT, sealed)?;
                AdminStatement::new(opened.as_slice())
                    .map_err(|_| cannot_open(columns::CALL_LINK_ADMIN_STATEMENT))?
            }
            None => AdminStatement::default(),
        };
        Ok(CallLinkRecord {
            room: row.open_text(columns::CALL_LINK_ROOM, &self.room, OpaqueRoomId::parse)?,
            epoch: self.epoch,
            passkey_hash: self.passkey_hash.clone(),
            zkparams: CallLinkPublicParams::from_bytes(&zkparams)
                .map_err(|_| cannot_open(columns::CALL_LINK_ZKPARAMS))?,
            restrictions: self.restrictions,
            guests: self.guests,
            name: LinkName::new(name.as_slice())
                .map_err(|_| cannot_open(columns::CALL_LINK_NAME))?,
            revoked: self.revoked,
            created: self.created,
            expiration: self.expiration,
            delete_at: self.delete_at,
            ended_calls: self.ended_calls,
            admin_statement,
        })
    }
}

/// A row of `approvals`.
#[derive(Clone, Debug)]
pub struct SealedApproval {
    /// The room's blind index. Together with `user_index` it is the row's key.
    pub room: BlindIndex,
    /// The user's blind index.
    pub user_index: BlindIndex,
    /// The user.
    pub user: SealedValue,
}

impl SealedApproval {
    /// Seals an approval.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        room: &OpaqueRoomId,
        user: &UserId,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let keys = RoomsStorageKeys::of(keyring);
        let (room, user_index) = (keys.room_index(room), keys.user_index(room, user));
        let row = RowSealer::new(keyring, &[room.as_bytes(), user_index.as_bytes()]);
        Ok(Self {
            room,
            user_index,
            user: row.seal(columns::APPROVAL_USER, user.as_str().as_bytes(), rng)?,
        })
    }

    /// Unseals the user of the approval.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved, the blind indexes included.
    pub fn open(&self, keyring: &Keyring) -> Result<UserId, StoreError> {
        let row = RowSealer::new(keyring, &[self.room.as_bytes(), self.user_index.as_bytes()]);
        row.open_text(columns::APPROVAL_USER, &self.user, UserId::parse)
    }
}

/// A row of `calls`.
#[derive(Clone, Debug)]
pub struct SealedCall {
    /// The blind index of the call's key, which is the row's key.
    pub index: BlindIndex,
    /// The key.
    pub key: SealedValue,
    /// The era.
    pub era: EraId,
    /// The user that started the call.
    pub creator: SealedValue,
    /// The node that owns the call.
    pub node: NodeName,
    /// The media server of the call.
    pub media: Option<MediaAddress>,
    /// The time at which the call started.
    pub started: Timestamp,
    /// The time from which the record is invalid.
    pub lease_until: Option<Timestamp>,
}

impl SealedCall {
    /// Seals a call.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        call: &CallRecord,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let index = RoomsStorageKeys::of(keyring).call_index(&call.key);
        let row = call_row(index, call.era, keyring);
        Ok(Self {
            index,
            key: row.seal(columns::CALL_KEY, call.key.to_text().as_bytes(), rng)?,
            era: call.era,
            creator: row.seal(columns::CALL_CREATOR, call.creator.as_str().as_bytes(), rng)?,
            node: call.node.clone(),
            media: call.media.clone(),
            started: call.started,
            lease_until: call.lease_until,
        })
    }

    /// Unseals the call.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved, the blind index and the era
    /// included.
    pub fn open(&self, keyring: &Keyring) -> Result<CallRecord, StoreError> {
        let row = call_row(self.index, self.era, keyring);
        Ok(CallRecord {
            key: row.open_text(columns::CALL_KEY, &self.key, CallKey::parse)?,
            era: self.era,
            creator: row.open_text(columns::CALL_CREATOR, &self.creator, UserId::parse)?,
            node: self.node.clone(),
            media: self.media.clone(),
            started: self.started,
            lease_until: self.lease_until,
        })
    }
}

/// Returns the sealer of a call. The row's key includes the era, so that the values of one era are
/// never read as those of another.
fn call_row(index: BlindIndex, era: EraId, keyring: &Keyring) -> RowSealer<'_> {
    RowSealer::new(keyring, &[index.as_bytes(), era.as_bytes()])
}
