//! The lobby as admins tell co-admins of it.

use anteroom_e2ee::AdmissionReason;
use anteroom_e2ee_session::WaitingDevice;
use anteroom_protocol::DemuxId;

use crate::{
    call::{group::GroupState, roster::Roster},
    statements::DeviceRecords,
};

/// The lobby as this device tells it, or is told of it.
#[derive(Default)]
pub(super) struct SharedLobby {
    /// Whether this device has the passkey.
    pub(super) has_passkey: bool,
    /// Whether this device has the admin key.
    pub(super) has_admin_key: bool,
    /// Whether the room service delivers statements.
    pub(super) has_statements: bool,
    pub(super) own: Option<DemuxId>,
    pub(super) roster: Roster,
    /// The devices of the era as they were first stated.
    pub(super) records: DeviceRecords,
    /// The devices in the lobby, as an admin's device has told a co-admin.
    pub(super) waiting: Vec<WaitingDevice>,
    /// The lobby that this device of an admin has told last.
    pub(super) told: Option<ToldLobby>,
}

/// A lobby that an admin's device has told.
#[derive(PartialEq, Eq)]
pub(super) struct ToldLobby {
    pub(super) devices: Vec<WaitingDevice>,
    /// The leaves of the co-admins that were told, with their serial numbers.
    pub(super) co_admins: Vec<(u32, u64)>,
}

impl SharedLobby {
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
