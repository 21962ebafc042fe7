//! The devices of a call, as others receive them.

mod list;
mod participant;

use std::{collections::BTreeMap, sync::Arc};

use anteroom_protocol::DemuxId;

pub use self::participant::Participant;

use self::list::{List, without_hellos};
use crate::{
    membership::{Audience, Status},
    roster_revision::RosterRevision,
    seats::{Device, Seat, Seats},
};

/// The devices of a call, in the order of their joins. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Active devices. All carry a user id.
    pub active: Arc<Vec<Participant>>,
    /// Pending devices. A user who peeks receives them without user ids.
    pub pending: Arc<Vec<Participant>>,
    /// The number of pending devices, listed or not.
    pub pending_count: usize,
}

/// The view of a user who peeks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeekView {
    /// The numbers of devices.
    Counts {
        /// Active devices.
        active: usize,
        /// Pending devices.
        pending: usize,
    },
    /// The devices. Pending ones have no user ids, unless the user is an admin in the call.
    Devices(Roster),
}

/// A device in the changes of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// `status`.
    pub status: Status,
    /// The device.
    pub participant: Participant,
}

/// The changes of a roster since its last announcement.
///
/// A device that has received the whole roster in between may know some of them: an entry replaces the one
/// with its demux id, and a `left` device that is unknown has left already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterChanges {
    /// `joined`: devices that are new, in the order of their joins.
    pub joined: Vec<RosterEntry>,
    /// `changed`: known devices with a new state.
    pub changed: Vec<RosterEntry>,
    /// `left`: devices that are gone.
    pub left: Vec<DemuxId>,
    /// `pendingCount`: the number of pending devices.
    pub pending_count: usize,
}

/// The lists of devices as they are sent, and the changes in them since the last announcement.
#[derive(Debug, Default)]
pub(crate) struct Rosters {
    active: List,
    pending: List,
    for_everyone: UnannouncedChanges,
    for_admins: UnannouncedChanges,
}

/// The changes that an audience has not received.
#[derive(Debug, Default)]
pub(crate) struct UnannouncedChanges {
    /// The changed devices, and whether the audience knew each of them before.
    devices: BTreeMap<Seat, UnannouncedDevice>,
    /// Whether the number of pending devices has changed.
    count: bool,
    /// The revision of the roster with all changes so far.
    pub(crate) revision: RosterRevision,
    /// The revision of the roster with the announced changes.
    pub(crate) announced: RosterRevision,
}

#[derive(Clone, Copy, Debug)]
struct UnannouncedDevice {
    demux_id: DemuxId,
    was_known: bool,
}

impl UnannouncedChanges {
    fn record_change(&mut self, seat: Seat, device: UnannouncedDevice) {
        self.devices.entry(seat).or_insert(device);
        self.revision = self.revision.next();
    }

    fn record_count_change(&mut self) {
        self.count = true;
        self.revision = self.revision.next();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.devices.is_empty() && !self.count
    }

    fn clear(&mut self) {
        self.devices.clear();
        self.count = false;
        self.announced = self.revision;
    }
}

impl Rosters {
    /// Returns the view of a device in the call: guests receive only the number of pending devices.
    pub(crate) fn roster(&self, audience: Audience) -> Roster {
        let active = self.active.participants();
        Roster {
            active: match audience {
                Audience::Lobby => without_hellos(active),
                Audience::Everyone | Audience::Admins => active,
            },
            pending: match audience {
                Audience::Lobby | Audience::Everyone => Arc::default(),
                Audience::Admins => self.pending.participants(),
            },
            pending_count: self.pending.len(),
        }
    }

    /// Returns the view of a user who peeks: without hellos.
    pub(crate) fn peek_roster(&self, audience: Audience) -> Roster {
        let roster = self.roster(Audience::Admins);
        let roster = Roster {
            active: without_hellos(roster.active),
            pending: without_hellos(roster.pending),
            ..roster
        };
        match audience {
            Audience::Admins => roster,
            Audience::Lobby | Audience::Everyone => {
                let pending = roster.pending.iter().map(Participant::without_user);
                Roster {
                    pending: Arc::new(pending.collect()),
                    ..roster
                }
            }
        }
    }

    pub(crate) fn add(&mut self, seat: Seat, device: &Device) {
        let status = device.status();
        self.list(status).insert(seat, Participant::of(device));
        self.record_change(seat, device.demux_id, (None, Some(status)));
    }

    pub(crate) fn remove(&mut self, seat: Seat, device: &Device) {
        let status = device.status();
        self.list(status).remove(seat);
        self.record_change(seat, device.demux_id, (Some(status), None));
    }

    /// Moves a device that has become active from the pending list to the active one.
    pub(crate) fn activate(&mut self, seat: Seat, device: &Device) {
        self.pending.remove(seat);
        self.active.insert(seat, Participant::of(device));
        let change = (Some(Status::Pending), Some(Status::Active));
        self.record_change(seat, device.demux_id, change);
    }

    pub(crate) fn update(&mut self, seat: Seat, device: &Device) {
        let status = device.status();
        self.list(status).replace(seat, Participant::of(device));
        self.record_change(seat, device.demux_id, (Some(status), Some(status)));
    }

    pub(crate) fn has_unannounced_changes(&self) -> bool {
        !self.for_everyone.is_empty() || !self.for_admins.is_empty()
    }

    /// Returns whether the devices in the call have not received yet that this device is active.
    pub(crate) fn is_unannounced(&self, seat: Seat) -> bool {
        let device = self.for_everyone.devices.get(&seat);
        device.is_some_and(|device| !device.was_known)
    }

    /// Returns the changes that an audience has not received.
    pub(crate) fn changes(&self, audience: Audience, seats: &Seats) -> RosterChanges {
        let mut changes = RosterChanges {
            pending_count: self.pending.len(),
            ..RosterChanges::default()
        };
        for (seat, known) in &self.unannounced(audience).devices {
            let device = seats.get(*seat).filter(|device| match audience {
                Audience::Lobby | Audience::Everyone => device.status() == Status::Active,
                Audience::Admins => true,
            });
            let Some(device) = device else {
                changes.left.push(known.demux_id);
                continue;
            };
            let participant = Participant::of(device);
            let entry = RosterEntry {
                status: device.status(),
                participant: match audience {
                    Audience::Lobby => participant.without_hello(),
                    Audience::Everyone | Audience::Admins => participant,
                },
            };
            if known.was_known {
                changes.changed.push(entry);
            } else {
                changes.joined.push(entry);
            }
        }
        changes
    }

    pub(crate) fn mark_announced(&mut self) {
        self.for_everyone.clear();
        self.for_admins.clear();
    }

    pub(crate) const fn unannounced(&self, audience: Audience) -> &UnannouncedChanges {
        match audience {
            Audience::Lobby | Audience::Everyone => &self.for_everyone,
            Audience::Admins => &self.for_admins,
        }
    }

    const fn list(&mut self, status: Status) -> &mut List {
        match status {
            Status::Active => &mut self.active,
            Status::Pending => &mut self.pending,
        }
    }

    fn record_change(
        &mut self,
        seat: Seat,
        demux_id: DemuxId,
        (before, after): (Option<Status>, Option<Status>),
    ) {
        let device = |was_known| UnannouncedDevice {
            demux_id,
            was_known,
        };
        self.for_admins
            .record_change(seat, device(before.is_some()));
        let is = |when: Option<Status>, status| when == Some(status);
        if is(before, Status::Active) || is(after, Status::Active) {
            let was_known = is(before, Status::Active);
            self.for_everyone.record_change(seat, device(was_known));
        }
        if is(before, Status::Pending) != is(after, Status::Pending) {
            self.for_everyone.record_count_change();
            self.for_admins.record_count_change();
        }
    }
}
