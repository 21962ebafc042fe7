//! A call as a person has read of it: a command counts in that call, and about that device.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::{DemuxId, EraId};

use super::{
    command::{Command, CommandOrigin, DeviceKey},
    event::CallEvent,
    group::GroupState,
    roster::Roster,
};

/// The number of remembered devices beyond which those are forgotten that the last roster does not list.
const MOST_DEVICES: usize = 4096;

/// A call as the events tell of it that a person has read.
#[derive(Debug)]
pub struct KnownCall {
    era: EraId,
    knows_loss: bool,
    /// The keys that rosters have stated of devices last, and those of former members that no roster has listed.
    keys: HashMap<DemuxId, Option<MemberPublicKey>>,
    /// The keys in the leaves of the group, which count before the word of the room service.
    members: HashMap<DemuxId, MemberPublicKey>,
}

impl KnownCall {
    /// Creates the state of a person that has read nothing yet in an era.
    #[must_use]
    pub fn new(era: EraId) -> Self {
        Self {
            era,
            knows_loss: false,
            keys: HashMap::new(),
            members: HashMap::new(),
        }
    }

    /// Takes an event that the person reads.
    pub fn read(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Joined(seat) => {
                if seat.era != self.era {
                    *self = Self::new(seat.era);
                }
                self.knows_loss = false;
                self.read_roster(&seat.roster);
            }
            CallEvent::Restored { roster, .. } => {
                self.knows_loss = false;
                self.read_roster(roster);
            }
            CallEvent::Lost => self.knows_loss = true,
            CallEvent::Roster(roster) => self.read_roster(roster),
            CallEvent::GroupChanged(state) => self.read_group(state),
            _ => {}
        }
    }

    /// Returns the era of the last seat that the person has read of.
    #[must_use]
    pub const fn era(&self) -> EraId {
        self.era
    }

    /// Returns the origin of a command that the person gives now.
    #[must_use]
    pub fn origin(&self, command: &Command) -> CommandOrigin {
        let device = command.device();
        CommandOrigin {
            era: self.era,
            knows_loss: self.knows_loss,
            device_key: device.map_or(DeviceKey::Unread, |device| self.key(device)),
        }
    }

    fn key(&self, device: DemuxId) -> DeviceKey {
        match (self.members.get(&device), self.keys.get(&device)) {
            (Some(key), _) | (None, Some(Some(key))) => DeviceKey::Member(*key),
            (None, Some(None)) => DeviceKey::Missing,
            (None, None) => DeviceKey::Unread,
        }
    }

    fn read_roster(&mut self, roster: &Roster) {
        let devices = || roster.active.iter().chain(&roster.pending);
        if self.keys.len().saturating_add(devices().count()) > MOST_DEVICES {
            let listed: HashSet<DemuxId> = devices().map(|one| one.demux).collect();
            self.keys.retain(|device, _| listed.contains(device));
        }
        // Of two entries with one number the first one counts.
        for one in devices().rev() {
            self.keys.insert(one.demux, one.member_key());
        }
    }

    fn read_group(&mut self, state: &GroupState) {
        let members = state.members.iter().rev();
        let members = members.map(|one| (one.claims.demux_id, one.claims.member_key));
        for (device, key) in mem::replace(&mut self.members, members.collect()) {
            if !self.members.contains_key(&device) && self.keys.len() < MOST_DEVICES {
                self.keys.entry(device).or_insert(Some(key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_e2ee::{Admission, AdmissionReason, DeviceSecret, MemberLeaf};
    use anteroom_e2ee_session::{CertificateStatus, Listing, MemberStatus};
    use anteroom_protocol::{Aci, OpaqueUserId, RootKey, media::PerSource};

    use super::*;
    use crate::Participant;

    const ERA: EraId = EraId::from_bytes([7; 16]);

    fn room() -> RootKey {
        RootKey::from_bytes(&[0x13; 16]).unwrap()
    }

    fn key(person: u8) -> MemberPublicKey {
        let secret = DeviceSecret::from_bytes([person; 32]);
        secret.member_key(&room().room_id()).public()
    }

    fn user(person: u8) -> OpaqueUserId {
        let params = room().secret_params();
        OpaqueUserId::of_ciphertext(&params.encrypt(&Aci::from_bytes([person; 16]).into()))
    }

    fn demux(number: u32) -> DemuxId {
        DemuxId::new(16 * number).unwrap()
    }

    /// Returns an event with a roster of devices with their numbers and keys.
    fn roster(devices: &[(u32, Option<u8>)]) -> CallEvent {
        let active = devices.iter().map(|(number, person)| Participant {
            demux: demux(*number),
            user: person.map(user),
            hand_raised_at: None,
            is_lost: false,
            is_admin: false,
            is_co_admin: false,
            is_guest: false,
            media: PerSource::default(),
            name: None,
            member: person.map(|person| key(person).named()),
            stated_key: person.map(key),
        });
        CallEvent::Roster(Roster {
            active: active.collect(),
            pending: Vec::new(),
            pending_count: 0,
        })
    }

    /// Returns an event with the leaves of a group.
    fn group(members: &[(u32, u8)]) -> CallEvent {
        let members = members.iter().map(|(number, person)| MemberStatus {
            leaf: *number,
            claims: MemberLeaf {
                user: user(*person),
                demux_id: demux(*number),
                member_key: key(*person),
                admission: Admission::None,
                serial: 1,
                name: None,
                certificate: None,
            },
            name: None,
            reason: AdmissionReason::Open,
            is_own: false,
            is_confirmed: true,
            is_compared: false,
            certificate: CertificateStatus::Missing,
            listing: Listing::Listed,
        });
        CallEvent::GroupChanged(Box::new(GroupState {
            members: members.collect(),
            ..GroupState::default()
        }))
    }

    #[test]
    fn the_key_of_a_device_is_that_of_its_leaf_and_else_that_of_the_last_roster() {
        let mut known = KnownCall::new(ERA);
        let read = |known: &mut KnownCall, event: CallEvent, expected: [DeviceKey; 3]| {
            known.read(&event);
            let keys = [2, 3, 4].map(|number| {
                let command = Command::Remove(demux(number));
                known.origin(&command).device_key
            });
            assert_eq!(keys, expected, "{event:?}");
        };
        let of = |person| DeviceKey::Member(key(person));
        let (unread, missing) = (DeviceKey::Unread, DeviceKey::Missing);
        read(&mut known, CallEvent::Lost, [unread, unread, unread]);
        let listed = roster(&[(2, Some(2)), (3, None), (2, Some(9))]);
        read(&mut known, listed, [of(2), missing, unread]);
        // The leaves say otherwise.
        read(
            &mut known,
            group(&[(2, 5), (4, 4)]),
            [of(5), missing, of(4)],
        );
        read(&mut known, roster(&[(2, Some(6))]), [of(5), missing, of(4)]);
        // The key of a member that has left is remembered.
        read(&mut known, group(&[]), [of(6), missing, of(4)]);
        read(&mut known, roster(&[]), [of(6), missing, of(4)]);
        assert_eq!(known.origin(&Command::Ping).device_key, unread);
    }

    #[test]
    fn of_very_many_devices_those_are_forgotten_that_are_not_listed() {
        let mut known = KnownCall::new(ERA);
        for start in (1_u32..100_000).step_by(1_000) {
            let devices: Vec<_> = (start..start + 1_000).map(|one| (one, None)).collect();
            known.read(&roster(&devices));
            assert!(known.keys.len() <= MOST_DEVICES);
            let last = Command::Deny(demux(start + 999));
            assert_eq!(known.origin(&last).device_key, DeviceKey::Missing);
        }
    }
}
