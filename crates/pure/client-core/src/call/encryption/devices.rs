//! The devices of a roster, as the session reads them.

use anteroom_e2ee_session::{RosterDevice, SeatStatus};
use anteroom_protocol::DemuxId;

use crate::{Participant, call::roster::Roster};

/// Returns the entry of a device in the call.
pub(in crate::call) fn listed(roster: &Roster, device: DemuxId) -> Option<&Participant> {
    let mut devices = roster.active.iter();
    devices.find(|one| one.demux == device)
}

/// Returns the roster as the session reads it.
pub(super) fn devices(roster: &Roster) -> Vec<RosterDevice> {
    let device = |one: &Participant, is_active: bool| RosterDevice {
        demux_id: one.demux,
        user: one.user.clone(),
        member_key: one.member_key(),
        status: match (is_active, one.is_lost) {
            (true, false) => SeatStatus::Active,
            (true, true) => SeatStatus::Lost,
            (false, _) => SeatStatus::Pending,
        },
        is_admin: one.is_admin,
    };
    let active = roster.active.iter().map(|one| device(one, true));
    let pending = roster.pending.iter().map(|one| device(one, false));
    active.chain(pending).collect()
}
