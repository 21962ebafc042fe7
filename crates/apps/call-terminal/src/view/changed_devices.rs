//! Devices of a roster that the roster before told otherwise.

use anteroom_client::{DemuxId, Participant};

/// Returns the device with a number.
pub(super) fn find(list: &[Participant], device: DemuxId) -> Option<&Participant> {
    list.iter().find(|participant| participant.demux == device)
}

/// Returns whether a device has another user or another member key than before, which honest room services
/// never tell.
fn is_other(before: &Participant, now: &Participant) -> bool {
    before.user != now.user || before.member_key() != now.member_key()
}

/// Returns whether a device in the lobby was not there before, or was told otherwise.
pub(super) fn waits_anew(before: &[Participant], now: &Participant) -> bool {
    find(before, now.demux).is_none_or(|before| is_other(before, now))
}

/// Returns the devices that have another user or another member key than before.
pub(super) fn changed<'r>(
    before: &'r [Participant],
    now: &'r [Participant],
) -> impl Iterator<Item = DemuxId> + 'r {
    let changed = now
        .iter()
        .filter(|now| find(before, now.demux).is_some_and(|before| is_other(before, now)));
    changed.map(|now| now.demux)
}
