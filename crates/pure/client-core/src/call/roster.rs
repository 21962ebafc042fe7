//! The devices of a call, and the application of changes to them.

use anteroom_protocol::DemuxId;
use anteroom_wire::rooms::socket::{DeviceBody, DeviceStatus, EntryBody};

use super::hello::HelloCodec;
use crate::{
    Participant, TransportFailure,
    rooms::participant::{parse_demux, participant, participants},
};

/// The devices of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// The devices in the call.
    pub active: Vec<Participant>,
    /// The devices in the lobby; empty for a device that is no admin.
    pub pending: Vec<Participant>,
    /// The number of devices in the lobby.
    pub pending_count: usize,
}

/// A change of a roster, as the room service sends it.
pub(crate) struct RosterChanges {
    /// The new state of devices, whether they are known already or not.
    entries: Vec<(DeviceStatus, Participant)>,
    left: Vec<DemuxId>,
    pending_count: usize,
}

impl Roster {
    /// Parses a whole roster.
    pub(crate) fn parse(
        active: &[DeviceBody<'_>],
        pending: &[DeviceBody<'_>],
        pending_count: Option<usize>,
        hellos: &HelloCodec,
    ) -> Result<Self, TransportFailure> {
        let pending = participants(pending, hellos)?;
        Ok(Self {
            active: participants(active, hellos)?,
            pending_count: pending_count.unwrap_or(pending.len()),
            pending,
        })
    }

    /// Applies changes. A known device that stays in the same list keeps its position in it.
    pub(crate) fn apply(&mut self, changes: RosterChanges) {
        for (status, participant) in changes.entries {
            let demux = participant.demux;
            let (list, other) = match status {
                DeviceStatus::Active => (&mut self.active, &mut self.pending),
                DeviceStatus::Pending => (&mut self.pending, &mut self.active),
            };
            other.retain(|known| known.demux != demux);
            match list.iter_mut().find(|known| known.demux == demux) {
                Some(known) => *known = participant,
                None => list.push(participant),
            }
        }
        for list in [&mut self.active, &mut self.pending] {
            list.retain(|known| !changes.left.contains(&known.demux));
        }
        self.pending_count = changes.pending_count;
    }
}

impl RosterChanges {
    /// Parses changes.
    pub(crate) fn parse(
        entries: &[EntryBody<'_>],
        left: &[u32],
        pending_count: usize,
        hellos: &HelloCodec,
    ) -> Result<Self, TransportFailure> {
        let entry = |entry: &EntryBody<'_>| {
            let participant = participant(&entry.device, hellos);
            participant.map(|participant| (entry.status, participant))
        };
        Ok(Self {
            entries: entries.iter().map(entry).collect::<Result<_, _>>()?,
            left: left
                .iter()
                .map(|id| parse_demux(*id))
                .collect::<Result<_, _>>()?,
            pending_count,
        })
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{Aci, RootKey};
    use serde_json::json;

    use super::*;

    fn participants(numbers: &[u32]) -> Vec<Participant> {
        let participant = |number: &u32| Participant {
            demux: DemuxId::new(*number).unwrap(),
            user: None,
            hand_raised_at: None,
            is_lost: false,
            is_admin: false,
            is_co_admin: false,
            is_guest: false,
            media: anteroom_protocol::media::PerSource::default(),
            name: None,
            member: None,
            stated_key: None,
        };
        numbers.iter().map(participant).collect()
    }

    #[test]
    fn changes_move_replace_add_and_remove_devices_and_may_come_twice() {
        let room =
            RootKey::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).unwrap();
        let hellos = HelloCodec::new(&room, Aci::from_bytes([7; 16]));
        let mut roster = Roster {
            active: participants(&[16, 32]),
            pending: participants(&[48, 64]),
            pending_count: 2,
        };
        for _ in 0..2 {
            let entries = json!([
                {"status": "active", "demuxId": 80},
                {"status": "active", "demuxId": 48},
                {"status": "active", "demuxId": 16, "handRaisedAt": 7, "lost": true,
                    "admin": true},
            ]);
            let entries: Vec<EntryBody<'_>> = serde_json::from_value(entries).unwrap();
            let changes = RosterChanges::parse(&entries, &[32, 96], 1, &hellos).unwrap();
            roster.apply(changes);
            let mut active = participants(&[16, 80, 48]);
            active[0].hand_raised_at = Some(7);
            active[0].is_lost = true;
            active[0].is_admin = true;
            let expected = Roster {
                active,
                pending: participants(&[64]),
                pending_count: 1,
            };
            assert_eq!(roster, expected);
        }
    }
}
