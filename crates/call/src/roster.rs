//! Who is in the call, as others see it.

use core::mem;
use std::sync::Arc;

use crate::{
    DemuxId, Moment, OpaqueUserId,
    places::{Device, Place, Role, Status},
};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Anybody: does not see who is pending.
    Everyone,
    /// An admin who is in the call.
    Admins,
}

impl From<Role> for Audience {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admins,
            Role::Guest => Self::Everyone,
        }
    }
}

/// The devices of a call, in the order in which they joined. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Active devices; all have a user id.
    pub active: Arc<[Participant]>,
    /// Pending devices; they have a user id for [`Audience::Admins`] only.
    pub pending: Arc<[Participant]>,
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
}

/// The lists as they are sent.
#[derive(Debug, Default)]
pub(crate) struct Rosters {
    active: List,
    pending: List,
    pending_for_admins: List,
}

impl Rosters {
    pub(crate) fn roster(&self, audience: Audience) -> Roster {
        let pending = match audience {
            Audience::Everyone => &self.pending,
            Audience::Admins => &self.pending_for_admins,
        };
        Roster {
            active: self.active.published(),
            pending: pending.published(),
        }
    }

    /// Makes all changes ready to be sent.
    pub(crate) fn publish(&mut self) {
        self.active.publish();
        self.pending.publish();
        self.pending_for_admins.publish();
    }

    pub(crate) fn add(&mut self, place: Place, device: &Device) {
        let shown = Participant {
            demux_id: device.demux_id,
            opaque_user_id: Some(device.user.clone()),
            hand_raised_at: device.hand_raised_at,
        };
        match device.status() {
            Status::Active => self.active.insert(place, shown),
            Status::Pending => {
                self.pending.insert(place, shown.without_user());
                self.pending_for_admins.insert(place, shown);
            }
        }
    }

    pub(crate) fn remove(&mut self, place: Place, status: Status) {
        match status {
            Status::Active => self.active.remove(place),
            Status::Pending => {
                self.pending.remove(place);
                self.pending_for_admins.remove(place);
            }
        }
    }

    /// An active device raises or lowers its hand.
    pub(crate) fn set_hand(&mut self, place: Place, raised_at: Option<Moment>) {
        self.active.set_hand(place, raised_at);
    }
}

impl Participant {
    const fn without_user(&self) -> Self {
        Self {
            demux_id: self.demux_id,
            opaque_user_id: None,
            hand_raised_at: self.hand_raised_at,
        }
    }
}

/// One list, either shared with those it was sent to or being changed.
///
/// To count another owner of a thousand user ids and one less of each for the list before would be
/// most of the cost of an input. So the list before gives its ids to the next one, unless somebody
/// still holds it.
#[derive(Debug, Default)]
struct List {
    /// Whose the participants are, in the same order.
    places: Vec<Place>,
    participants: Participants,
}

#[derive(Debug)]
enum Participants {
    Published(Arc<[Participant]>),
    Changing(Vec<Participant>),
}

impl Default for Participants {
    fn default() -> Self {
        Self::Changing(Vec::new())
    }
}

impl List {
    fn published(&self) -> Arc<[Participant]> {
        match &self.participants {
            Participants::Published(list) => Arc::clone(list),
            Participants::Changing(list) => list.as_slice().into(),
        }
    }

    fn publish(&mut self) {
        if let Participants::Changing(list) = &mut self.participants {
            self.participants = Participants::Published(mem::take(list).into());
        }
    }

    /// Changes the list, taking it back from those it is shared with.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Participant>)) {
        let mut list = match mem::take(&mut self.participants) {
            Participants::Changing(list) => list,
            Participants::Published(shared) => taken_back(shared),
        };
        change(&mut list);
        self.participants = Participants::Changing(list);
    }

    fn insert(&mut self, place: Place, participant: Participant) {
        if let Err(index) = self.places.binary_search(&place) {
            self.places.insert(index, place);
            self.change(|list| list.insert(index, participant));
        }
    }

    fn remove(&mut self, place: Place) {
        if let Ok(index) = self.places.binary_search(&place) {
            self.places.remove(index);
            self.change(|list| {
                list.remove(index);
            });
        }
    }

    fn set_hand(&mut self, place: Place, raised_at: Option<Moment>) {
        if let Ok(index) = self.places.binary_search(&place) {
            self.change(|list| {
                if let Some(participant) = list.get_mut(index) {
                    participant.hand_raised_at = raised_at;
                }
            });
        }
    }
}

fn taken_back(mut shared: Arc<[Participant]>) -> Vec<Participant> {
    let mut list = Vec::with_capacity(shared.len() + 1);
    match Arc::get_mut(&mut shared) {
        Some(own) => list.extend(own.iter_mut().map(|participant| {
            let rest = participant.without_user();
            mem::replace(participant, rest)
        })),
        None => list.extend_from_slice(&shared),
    }
    list
}
