//! Policies.

use anteroom_protocol::{DAY, EraId, ParseError, Restrictions, RoomId, Timestamp};

use super::{
    co_admin::CoAdmin,
    frame::{SignedStatement, Statement, private::Body},
};
use crate::{
    encoding::{Reader, Writer},
    labels,
};

/// The policy of a room. The room service stores it with the link and cannot make one.
///
/// Body: `room id (32) || restrictions: 00 none, 01 approval || counter (8) || since (8) || until (8) || void
/// before (8) || void here (8) || era: 00, or 01 and the era id (16) || number of co-admins (1) || each: user,
/// member key (32)`.
/// The co-admins stand in strictly ascending order of their member keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The room.
    pub room: RoomId,
    /// The condition for being let in.
    pub restrictions: Restrictions,
    /// The number of the policy: of two the higher one counts.
    pub counter: u64,
    /// The moment of the decision.
    pub since: Timestamp,
    /// The moment from which [`Restrictions::None`] is approval again: after `since`, and at most
    /// [`Self::MAX_VALIDITY`] later.
    pub until: Timestamp,
    /// Approvals issued before this moment are void in all eras, and in [`Self::era`] too unless its group
    /// shows the barred entry that the moment is from.
    pub void_before: Timestamp,
    /// Approvals issued before this moment are void in [`Self::era`] in any case: the [`Self::void_before`] of
    /// the eras before it. Not later than that one; 0 without an era.
    pub void_here: Timestamp,
    /// The era in which the policy was made; `None` if no call was on.
    pub era: Option<EraId>,
    /// The co-admins of [`Self::era`], at most [`Self::MAX_CO_ADMINS`]; none without an era.
    pub co_admins: Vec<CoAdmin>,
}

impl Policy {
    /// The maximum time from `since` to `until`, in seconds.
    pub const MAX_VALIDITY: u64 = 90 * DAY;

    /// The maximum number of co-admins.
    pub const MAX_CO_ADMINS: usize = 8;

    /// Returns the condition that holds at `now`: `none` until [`Self::until`], then approval.
    #[must_use]
    pub fn restrictions_at(&self, now: Timestamp) -> Restrictions {
        match self.restrictions {
            Restrictions::None if now < self.until => Restrictions::None,
            Restrictions::None | Restrictions::AdminApproval => Restrictions::AdminApproval,
        }
    }

    /// Returns the co-admins who count in an era.
    #[must_use]
    pub fn co_admins_in(&self, era: EraId) -> &[CoAdmin] {
        if self.era == Some(era) {
            &self.co_admins
        } else {
            &[]
        }
    }

    /// Returns the moment before which approvals are void in an era whose group shows the barred entry that
    /// [`Self::void_before`] is from; in other groups it is that one.
    #[must_use]
    pub fn void_before_in(&self, era: EraId) -> Timestamp {
        if self.era == Some(era) {
            self.void_here
        } else {
            self.void_before
        }
    }
}

impl SignedStatement<Policy> {
    /// Returns whether this policy counts rather than another one of the room: it has the higher counter, at
    /// equal counters the later `since`, then the higher bytes, so that all members decide alike.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        let order = |policy: &Self| (policy.claimed().counter, policy.claimed().since);
        (order(self), self.as_bytes()) > (order(other), other.as_bytes())
    }
}

impl Statement for Policy {
    const MAX_LENGTH: usize = 1024;

    fn room(&self) -> &RoomId {
        &self.room
    }
}

impl Body for Policy {
    const KIND: u8 = 2;
    const LABEL: &'static [u8] = labels::POLICY;
    const BY_CO_ADMINS: bool = false;

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fixed(self.room.as_bytes());
        writer.u8(u8::from(self.restrictions == Restrictions::AdminApproval));
        writer.u64(self.counter);
        writer.time(self.since);
        writer.time(self.until);
        writer.time(self.void_before);
        writer.time(self.void_here);
        writer.u8(u8::from(self.era.is_some()));
        if let Some(era) = &self.era {
            writer.fixed(era.as_bytes());
        }
        writer.u8(u8::try_from(self.co_admins.len()).unwrap_or(u8::MAX));
        let mut co_admins: Vec<&CoAdmin> = self.co_admins.iter().collect();
        co_admins.sort_by_key(|one| *one.member_key.as_bytes());
        for one in co_admins {
            writer.user(&one.user);
            writer.key(&one.member_key);
        }
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let room = reader.room()?;
        let restrictions = if reader.flag()? {
            Restrictions::AdminApproval
        } else {
            Restrictions::None
        };
        let counter = reader.u64()?;
        let (since, until) = (reader.time()?, reader.time()?);
        let (void_before, void_here) = (reader.time()?, reader.time()?);
        let era = reader.flag()?.then(|| reader.era()).transpose()?;
        let number = usize::from(reader.u8()?);
        let too_long = until <= since || until > since.plus(Self::MAX_VALIDITY);
        if too_long || number > Self::MAX_CO_ADMINS || (era.is_none() && number > 0) {
            return Err(ParseError);
        }
        let latest = era.map_or(Timestamp::from_secs(0), |_| void_before);
        if void_here > latest {
            return Err(ParseError);
        }
        let mut co_admins: Vec<CoAdmin> = Vec::with_capacity(number);
        for _ in 0..number {
            let one = CoAdmin {
                user: reader.user()?,
                member_key: reader.key()?,
            };
            let last = co_admins.last().map(|one| *one.member_key.as_bytes());
            if last.is_some_and(|last| last >= *one.member_key.as_bytes()) {
                return Err(ParseError);
            }
            co_admins.push(one);
        }
        Ok(Self {
            room,
            restrictions,
            counter,
            since,
            until,
            void_before,
            void_here,
            era,
            co_admins,
        })
    }
}
