//! Locks.

use anteroom_protocol::{EraId, ParseError, RoomId, Timestamp};

use super::{
    due,
    frame::{SignedStatement, Statement, private::Body},
};
use crate::{
    MemberPublicKey,
    encoding::{Reader, Writer},
    labels,
};

/// The lock of a call: while it is on, nobody comes in who was not in before.
///
/// Body: `room id (32) || era id (16) || on: 00 or 01 || time (8)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The room.
    pub room: RoomId,
    /// The era.
    pub era: EraId,
    /// Whether the call is locked.
    pub on: bool,
    /// The moment of the decision.
    pub time: Timestamp,
}

impl SignedStatement<Lock> {
    /// Returns whether this lock counts rather than another one of the era: it is later, or at the same time
    /// has the higher bytes.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        let time = |lock: &Self| lock.claimed().time;
        (time(self), self.as_bytes()) > (time(other), other.as_bytes())
    }

    /// Returns the time from which a device takes the lock from others, commits it, and starts groups with it;
    /// `own` is the member key of a co-admin whose device it is.
    #[must_use]
    pub fn due_from(&self, own: Option<&MemberPublicKey>) -> Timestamp {
        due::due_from(self.signer(), self.claimed().time, own)
    }

    /// Returns whether the lock is of a later time than members merge at `now`.
    #[must_use]
    pub fn is_early(&self, now: Timestamp) -> bool {
        due::is_early(self.signer(), self.claimed().time, now)
    }

    /// Returns the time from which a device that knows the lock enters no group that lacks it.
    #[must_use]
    pub fn demanded_from(&self) -> Timestamp {
        due::demanded_from(self.signer(), self.claimed().time)
    }
}

impl Statement for Lock {
    const MAX_LENGTH: usize = 256;

    fn room(&self) -> &RoomId {
        &self.room
    }
}

impl Body for Lock {
    const KIND: u8 = 4;
    const LABEL: &'static [u8] = labels::LOCK;
    const BY_CO_ADMINS: bool = true;

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fixed(self.room.as_bytes());
        writer.fixed(self.era.as_bytes());
        writer.u8(u8::from(self.on));
        writer.time(self.time);
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            room: reader.room()?,
            era: reader.era()?,
            on: reader.flag()?,
            time: reader.time()?,
        })
    }
}
