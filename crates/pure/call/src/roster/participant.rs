//! A device of a call, as others receive it.

use anteroom_protocol::{DemuxId, Hello, MemberKey, OpaqueUserId, media::PerSource};

use crate::{Moment, membership::Role, seats::Device};

/// A device of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// `demuxId`.
    pub demux_id: DemuxId,
    /// `opaqueUserId`.
    pub opaque_user_id: Option<OpaqueUserId>,
    /// `handRaisedAt`: the moment at which the hand was raised.
    pub hand_raised_at: Option<Moment>,
    /// `lost`: whether the connection is lost and the seat reserved.
    pub is_lost: bool,
    /// `admin`: whether the device has joined with the passkey.
    pub is_admin: bool,
    /// `coadmin`: whether the device has the rights of an admin without the passkey.
    pub is_co_admin: bool,
    /// `guest`: whether the user has a guest account.
    pub has_guest_account: bool,
    /// `hello`: the hello of the device's join.
    pub hello: Option<Hello>,
    /// `member`: the member key of the device's join.
    pub member: Option<MemberKey>,
    /// `media`: what the device sends.
    pub sends: PerSource<bool>,
}

impl Participant {
    pub(super) fn of(device: &Device) -> Self {
        Self {
            demux_id: device.demux_id,
            opaque_user_id: Some(device.user.clone()),
            hand_raised_at: device.hand_raised_at,
            is_lost: device.lost_since().is_some(),
            is_admin: device.role == Role::Admin,
            is_co_admin: device.is_co_admin,
            has_guest_account: device.has_guest_account,
            hello: device.hello.clone(),
            member: device.member,
            sends: device.sources.sent(),
        }
    }

    pub(super) fn without_hello(self) -> Self {
        Self {
            hello: None,
            ..self
        }
    }

    /// Returns the entry as a user who peeks may see it: without hello, whatever the order.
    pub(super) const fn without_user(&self) -> Self {
        Self {
            demux_id: self.demux_id,
            opaque_user_id: None,
            hand_raised_at: self.hand_raised_at,
            is_lost: self.is_lost,
            is_admin: self.is_admin,
            is_co_admin: self.is_co_admin,
            has_guest_account: self.has_guest_account,
            hello: None,
            member: None,
            sends: self.sends,
        }
    }
}
