//! The members of a call, as a user may see them.

use anteroom_call::{Participant, PeekView};
use anteroom_protocol::OpaqueUserId;
use anteroom_wire::rooms::ParticipantBody;

/// The members of a call.
#[derive(Debug, Default)]
pub(crate) struct PeekParticipants {
    pub(crate) active: Vec<ParticipantBody>,
    pub(crate) pending: Vec<ParticipantBody>,
    /// The numbers of active and pending devices, if the members themselves are not to be shown.
    pub(crate) counts: Option<(usize, usize)>,
}

impl PeekParticipants {
    pub(crate) const fn of_devices(
        active: Vec<ParticipantBody>,
        pending: Vec<ParticipantBody>,
    ) -> Self {
        Self {
            active,
            pending,
            counts: None,
        }
    }

    pub(crate) const fn of_counts(active: usize, pending: usize) -> Self {
        Self {
            active: Vec::new(),
            pending: Vec::new(),
            counts: Some((active, pending)),
        }
    }

    pub(crate) fn of_view(view: PeekView) -> Self {
        match view {
            PeekView::Counts { active, pending } => Self::of_counts(active, pending),
            PeekView::Devices(roster) => Self::of_devices(
                roster.active.iter().map(device).collect(),
                roster.pending.iter().map(device).collect(),
            ),
        }
    }
}

fn device(participant: &Participant) -> ParticipantBody {
    let user = participant.opaque_user_id.as_ref();
    ParticipantBody {
        opaque_user_id: user.map(OpaqueUserId::as_str).map(str::to_owned),
        demux_id: participant.demux_id.value(),
    }
}
