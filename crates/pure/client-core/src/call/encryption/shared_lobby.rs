//! The lobby as admins tell co-admins of it.

use std::time::Duration;

use anteroom_e2ee::{AdmissionReason, Moment};
use anteroom_e2ee_session::WaitingDevice;
use anteroom_protocol::{DemuxId, EraId};

use super::{co_admin_keys::CoAdminKeys, decision_log::DecisionLog};
use crate::{
    call::{group::GroupState, roster::Roster},
    statements::DeviceRecords,
};

/// The time between two changes of the lobby that a device tells, so that those who come to wait and go do not
/// use up what it may send.
const TELL_PAUSE: Duration = Duration::from_secs(2);
/// The time after which a lobby that has not changed is told again.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// The lobby as this device tells it, or is told of it.
#[derive(Default)]
pub(super) struct SharedLobby {
    /// Whether this device has the passkey.
    pub(super) has_passkey: bool,
    /// Whether the room service takes the decisions of this device, and shows it the lobby.
    pub(super) has_service_rights: bool,
    /// Whether this device has the admin key.
    pub(super) has_admin_key: bool,
    /// Whether the room service delivers statements.
    pub(super) has_statements: bool,
    pub(super) own: Option<DemuxId>,
    pub(super) era: Option<EraId>,
    pub(super) roster: Roster,
    /// The devices of the era as they were first stated.
    pub(super) records: DeviceRecords,
    /// The co-admins of the era as their leaves have shown them.
    pub(super) co_admin_keys: CoAdminKeys,
    /// The devices in the lobby, as an admin's device has told a co-admin.
    pub(super) waiting: Vec<WaitingDevice>,
    /// The lobby that this device of an admin has told last.
    pub(super) told: Option<ToldLobby>,
    /// The moment at which this device has told it.
    pub(super) told_at: Option<Moment>,
    /// The moment at which this device has to tell it again.
    pub(super) due: Option<Moment>,
    /// The decisions of co-admins that this device has taken lately.
    pub(super) decisions: DecisionLog,
}

/// A lobby that an admin's device has told.
#[derive(PartialEq, Eq)]
pub(super) struct ToldLobby {
    pub(super) devices: Vec<WaitingDevice>,
    /// The leaves of the co-admins that were told, with their serial numbers.
    pub(super) co_admins: Vec<(u32, u64)>,
}

impl SharedLobby {
    /// Returns the lobby if it has to be told now: one that has changed, but not soon after the last, and one in
    /// which somebody waits from time to time, since a message can be lost.
    pub(super) fn due_lobby(&mut self, next: ToldLobby, now: Moment) -> Option<Vec<WaitingDevice>> {
        let is_empty = next.devices.is_empty();
        let has_changed = self.told.as_ref() != Some(&next);
        let told = self.told.as_ref();
        if is_empty && (!has_changed || told.is_none_or(|told| told.devices.is_empty())) {
            self.told = Some(next);
            return None;
        }
        let pause = if has_changed { TELL_PAUSE } else { TELL_AGAIN };
        if let Some(due) = self.told_at.map(|told_at| told_at.plus(pause))
            && due > now
        {
            self.due = Some(due);
            return None;
        }
        self.told_at = Some(now);
        self.due = (!is_empty).then(|| now.plus(TELL_AGAIN));
        let devices = next.devices.clone();
        self.told = Some(next);
        Some(devices)
    }

    /// Returns the device that passes the decisions of co-admins on: of the connected admins in the group the one
    /// longest in the call.
    pub(super) fn admin_device(&self, state: &GroupState) -> Option<DemuxId> {
        let mut active = self.roster.active.iter();
        let admin = active.find(|one| {
            let member = state.member(one.demux);
            let has_key = member.is_some_and(|member| member.reason == AdmissionReason::Admin);
            one.is_admin && !one.is_lost && has_key
        });
        admin.map(|admin| admin.demux)
    }
}
