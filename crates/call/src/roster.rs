//! Who is in the call, as others see it.

mod list;

use std::{collections::BTreeMap, sync::Arc};

use self::list::{List, without_hellos};
use crate::{
    DemuxId, Hello, Moment, OpaqueUserId,
    places::{Device, Place, Places, Role, Status},
};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// A guest in the lobby: learns no hello, and otherwise as much as everyone.
    Lobby,
    /// Anybody in the call: learns how many devices are pending.
    Everyone,
    /// An admin who is in the call: learns which devices are pending.
    Admins,
}

/// The devices of a call, in the order in which they joined. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Active devices; all have a user id.
    pub active: Arc<[Participant]>,
    /// Pending devices. Those who only look see them without user ids.
    pub pending: Arc<[Participant]>,
    /// How many devices are pending, shown or not.
    pub pending_count: usize,
}

/// The view of a user who peeks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// How many devices there are.
    Counts {
        /// Active devices.
        active: usize,
        /// Pending devices.
        pending: usize,
    },
    /// The devices; pending ones without user ids unless an admin in the call looks.
    Devices(Roster),
}

/// A device of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// `demuxId`.
    pub demux_id: DemuxId,
    /// `opaqueUserId`.
    pub opaque_user_id: Option<OpaqueUserId>,
    /// `handRaisedAt`: since when the hand is up.
    pub hand_raised_at: Option<Moment>,
    /// `lost`: whether the connection is lost and the place is kept.
    pub is_lost: bool,
    /// `admin`: whether the device may decide about others.
    pub is_admin: bool,
    /// `hello`: what the device has said of itself.
    pub hello: Option<Hello>,
}

/// A device among the changes of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// `status`.
    pub status: Status,
    /// The device.
    pub participant: Participant,
}

/// The changes of a roster since its last announcement.
///
/// A reader who was told the whole roster in between may know some of it: an entry replaces the one
/// with its demux id, and a device that is unknown has left already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterChanges {
    /// `joined`: devices that were not there, in the order in which they joined.
    pub joined: Vec<RosterEntry>,
    /// `changed`: devices that were there and are otherwise now.
    pub changed: Vec<RosterEntry>,
    /// `left`: devices that are not there.
    pub left: Vec<DemuxId>,
    /// `pendingCount`: how many devices are pending.
    pub pending_count: usize,
}

/// The lists as they are sent, and what has changed in them since they were announced.
#[derive(Debug, Default)]
pub(crate) struct Rosters {
    active: List,
    pending: List,
    for_everyone: News,
    for_admins: News,
}

/// The changes that an audience has not been told.
#[derive(Debug, Default)]
struct News {
    /// Devices that have changed, and whether the audience was told of them before.
    devices: BTreeMap<Place, UnannouncedDevice>,
    /// Whether the number of pending devices has changed.
    count: bool,
    /// Counts the changes.
    revision: u64,
}

#[derive(Clone, Copy, Debug)]
struct UnannouncedDevice {
    demux_id: DemuxId,
    was_known: bool,
}

impl News {
    fn touch(&mut self, place: Place, touched: UnannouncedDevice) {
        self.devices.entry(place).or_insert(touched);
        self.revision += 1;
    }

    fn touch_count(&mut self) {
        self.count = true;
        self.revision += 1;
    }

    fn is_empty(&self) -> bool {
        self.devices.is_empty() && !self.count
    }

    fn clear(&mut self) {
        self.devices.clear();
        self.count = false;
    }
}

impl Rosters {
    /// What those in the call are told: guests only how many devices are pending.
    pub(crate) fn roster(&self, audience: Audience) -> Roster {
        let active = self.active.published();
        Roster {
            active: match audience {
                Audience::Lobby => without_hellos(active),
                Audience::Everyone | Audience::Admins => active,
            },
            pending: match audience {
                Audience::Lobby | Audience::Everyone => Arc::new([]),
                Audience::Admins => self.pending.published(),
            },
            pending_count: self.pending.len(),
        }
    }

    /// What those who only look are shown: no hellos.
    pub(crate) fn seen_by(&self, audience: Audience) -> Roster {
        let roster = self.roster(Audience::Admins);
        let roster = Roster {
            active: without_hellos(roster.active),
            pending: without_hellos(roster.pending),
            ..roster
        };
        match audience {
            Audience::Admins => roster,
            Audience::Lobby | Audience::Everyone => Roster {
                pending: roster
                    .pending
                    .iter()
                    .map(Participant::without_user)
                    .collect(),
                ..roster
            },
        }
    }

    /// Makes all changes ready to be sent.
    pub(crate) fn publish(&mut self) {
        self.active.publish();
        self.pending.publish();
    }

    pub(crate) fn add(&mut self, place: Place, device: &Device) {
        let status = device.status();
        self.list(status).insert(place, Participant::of(device));
        self.touch(place, device.demux_id, (None, Some(status)));
    }

    pub(crate) fn remove(&mut self, place: Place, device: &Device) {
        let status = device.status();
        self.list(status).remove(place);
        self.touch(place, device.demux_id, (Some(status), None));
    }

    /// Moves a device that is active now from the pending ones.
    pub(crate) fn admit(&mut self, place: Place, device: &Device) {
        self.pending.remove(place);
        self.active.insert(place, Participant::of(device));
        let change = (Some(Status::Pending), Some(Status::Active));
        self.touch(place, device.demux_id, change);
    }

    /// Shows a device as it is now, in the list that it is in.
    pub(crate) fn update(&mut self, place: Place, device: &Device) {
        let status = device.status();
        self.list(status).replace(place, Participant::of(device));
        self.touch(place, device.demux_id, (Some(status), Some(status)));
    }

    /// Counts the changes that an audience may see.
    pub(crate) const fn revision(&self, audience: Audience) -> u64 {
        match audience {
            Audience::Lobby | Audience::Everyone => self.for_everyone.revision,
            Audience::Admins => self.for_admins.revision,
        }
    }

    pub(crate) fn has_news(&self) -> bool {
        !self.for_everyone.is_empty() || !self.for_admins.is_empty()
    }

    pub(crate) fn has_news_for(&self, audience: Audience) -> bool {
        !self.news(audience).is_empty()
    }

    /// Whether those in the call have not been told yet that this device is active.
    pub(crate) fn is_unannounced(&self, place: Place) -> bool {
        let touched = self.for_everyone.devices.get(&place);
        touched.is_some_and(|touched| !touched.was_known)
    }

    /// The changes that an audience has not been told.
    pub(crate) fn changes(&self, audience: Audience, places: &Places) -> RosterChanges {
        let mut changes = RosterChanges {
            pending_count: self.pending.len(),
            ..RosterChanges::default()
        };
        for (place, touched) in &self.news(audience).devices {
            let device = places.get(*place).filter(|device| match audience {
                Audience::Lobby | Audience::Everyone => device.status() == Status::Active,
                Audience::Admins => true,
            });
            let Some(device) = device else {
                changes.left.push(touched.demux_id);
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
            if touched.was_known {
                changes.changed.push(entry);
            } else {
                changes.joined.push(entry);
            }
        }
        changes
    }

    /// All changes have been announced.
    pub(crate) fn clear_news(&mut self) {
        self.for_everyone.clear();
        self.for_admins.clear();
    }

    const fn news(&self, audience: Audience) -> &News {
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

    fn touch(
        &mut self,
        place: Place,
        demux_id: DemuxId,
        (before, after): (Option<Status>, Option<Status>),
    ) {
        let touched = |was_known| UnannouncedDevice {
            demux_id,
            was_known,
        };
        self.for_admins.touch(place, touched(before.is_some()));
        let is = |when: Option<Status>, status| when == Some(status);
        if is(before, Status::Active) || is(after, Status::Active) {
            let was_known = is(before, Status::Active);
            self.for_everyone.touch(place, touched(was_known));
        }
        if is(before, Status::Pending) != is(after, Status::Pending) {
            self.for_everyone.touch_count();
            self.for_admins.touch_count();
        }
    }
}

impl Participant {
    fn of(device: &Device) -> Self {
        Self {
            demux_id: device.demux_id,
            opaque_user_id: Some(device.user.clone()),
            hand_raised_at: device.hand_raised_at,
            is_lost: device.lost_since().is_some(),
            is_admin: device.role == Role::Admin,
            hello: device.hello.clone(),
        }
    }

    fn without_hello(self) -> Self {
        Self {
            hello: None,
            ..self
        }
    }

    const fn without_user(&self) -> Self {
        Self {
            demux_id: self.demux_id,
            opaque_user_id: None,
            hand_raised_at: self.hand_raised_at,
            is_lost: self.is_lost,
            is_admin: self.is_admin,
            hello: None,
        }
    }
}
