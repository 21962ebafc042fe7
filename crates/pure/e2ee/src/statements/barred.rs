//! Barred entries.

use anteroom_protocol::{OpaqueUserId, ParseError, RoomId, Timestamp};

use super::{
    due,
    frame::{SignedStatement, Statement, private::Body},
};
use crate::{
    MemberPublicKey, Signer,
    encoding::{Reader, Writer},
    labels,
};

/// The entry of a user, or of one device of a user, whom an admin has removed or blocked. An approval that is
/// issued after it lets the user in again.
///
/// Body: `room id (32) || user || member key: 00, or 01 and the key (32) || time (8)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarredEntry {
    /// The room.
    pub room: RoomId,
    /// The user.
    pub user: OpaqueUserId,
    /// The member key of the one device; `None` for all devices of the user.
    pub member_key: Option<MemberPublicKey>,
    /// The moment of the decision.
    pub time: Timestamp,
}

impl BarredEntry {
    /// Returns whether the entry is about a device.
    #[must_use]
    pub fn names(&self, user: &OpaqueUserId, member_key: &MemberPublicKey) -> bool {
        self.user == *user && self.member_key.is_none_or(|key| key == *member_key)
    }

    /// Returns the latest time of an entry that the device of its signer commits at `now`.
    #[must_use]
    pub fn latest_time(signer: &Signer, now: Timestamp) -> Timestamp {
        due::latest_entry(signer, now)
    }
}

impl SignedStatement<BarredEntry> {
    /// Returns the time from which a device takes the entry from others, commits it, and starts groups with it;
    /// `own` is the member key of a co-admin whose device it is.
    #[must_use]
    pub fn due_from(&self, own: Option<&MemberPublicKey>) -> Timestamp {
        due::entry_due_from(self.signer(), self.claimed().time, own)
    }

    /// Returns whether the entry is of a later time than members merge at `now`.
    #[must_use]
    pub fn is_early(&self, now: Timestamp) -> bool {
        due::is_early(self.signer(), self.claimed().time, now)
    }

    /// Returns the time from which a device that knows the entry enters no group that lacks it.
    #[must_use]
    pub fn demanded_from(&self) -> Timestamp {
        due::demanded_from(self.signer(), self.claimed().time)
    }
}

impl Statement for BarredEntry {
    const MAX_LENGTH: usize = 512;

    fn room(&self) -> &RoomId {
        &self.room
    }
}

impl Body for BarredEntry {
    const KIND: u8 = 3;
    const LABEL: &'static [u8] = labels::BARRED;
    const BY_CO_ADMINS: bool = true;

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fixed(self.room.as_bytes());
        writer.user(&self.user);
        writer.u8(u8::from(self.member_key.is_some()));
        if let Some(key) = &self.member_key {
            writer.key(key);
        }
        writer.time(self.time);
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            room: reader.room()?,
            user: reader.user()?,
            member_key: reader.flag()?.then(|| reader.key()).transpose()?,
            time: reader.time()?,
        })
    }
}
