//! Approvals.

use anteroom_protocol::{DAY, OpaqueUserId, ParseError, RoomId, Timestamp};

use super::{
    due,
    frame::{SignedStatement, Statement, private::Body},
};
use crate::{
    MemberPublicKey, Signer,
    encoding::{Reader, Writer},
    labels,
};

/// An approval: members take in a device only with one, where the policy asks for it. It is of no use to
/// anybody without the member key.
///
/// Body: `room id (32) || user || member key (32) || issued (8) || expires (8)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The room.
    pub room: RoomId,
    /// The user.
    pub user: OpaqueUserId,
    /// The member key of the user's device.
    pub member_key: MemberPublicKey,
    /// The moment of the decision.
    pub issued: Timestamp,
    /// The moment from which the approval is of no use, after `issued`.
    pub expires: Timestamp,
}

impl Approval {
    /// The time for which an approval holds by default, in seconds.
    pub const DEFAULT_VALIDITY: u64 = 30 * DAY;

    /// Returns the time of an approval that a signer gives at `now`: not before the moment until which approvals are
    /// void. `None` if that is so late that others would add nobody by it yet.
    #[must_use]
    pub fn time_of(signer: &Signer, now: Timestamp, void_before: Timestamp) -> Option<Timestamp> {
        let issued = now.max(void_before);
        (due::added_from(signer, issued) <= now).then_some(issued)
    }
}

impl SignedStatement<Approval> {
    /// Returns the time from which a device adds whom the approval lets in, and starts a group by it. Members
    /// merge by their clocks what a device adds by its own.
    #[must_use]
    pub fn added_from(&self) -> Timestamp {
        due::added_from(self.signer(), self.claimed().issued)
    }
}

impl Statement for Approval {
    const MAX_LENGTH: usize = 512;

    fn room(&self) -> &RoomId {
        &self.room
    }
}

impl Body for Approval {
    const KIND: u8 = 1;
    const LABEL: &'static [u8] = labels::APPROVAL;
    const BY_CO_ADMINS: bool = true;

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fixed(self.room.as_bytes());
        writer.user(&self.user);
        writer.key(&self.member_key);
        writer.time(self.issued);
        writer.time(self.expires);
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let approval = Self {
            room: reader.room()?,
            user: reader.user()?,
            member_key: reader.key()?,
            issued: reader.time()?,
            expires: reader.time()?,
        };
        if approval.expires <= approval.issued {
            return Err(ParseError);
        }
        Ok(approval)
    }
}
