//! Announcements of the roster: their recipients and their times.

use core::cmp::Reverse;
use std::{collections::BTreeMap, sync::Arc};

use super::Call;
use crate::{Audience, ConnectionId, Message, Moment, RosterForm, seats::Seat};

/// The connections that receive changes.
#[derive(Default)]
struct Readers {
    /// The recipients, those with the largest view first.
    groups: BTreeMap<Reverse<Audience>, Group>,
    /// Devices that receive the hellos of others for the first time.
    lacking_hellos: Vec<Seat>,
}

/// The connections of an audience.
#[derive(Default)]
struct Group {
    /// Connections that receive the whole roster.
    whole: Vec<ConnectionId>,
    by_changes: Vec<ConnectionId>,
}

impl Call {
    /// Returns the moment of the next announcement, if there are changes to announce.
    pub(super) fn next_announcement(&self) -> Option<Moment> {
        let due = self
            .announced
            .map_or(self.now, |last| last.plus(self.limits.roster_interval));
        self.rosters.has_unannounced_changes().then_some(due)
    }

    pub(super) fn announce_roster_in_time(&mut self) {
        if self.next_announcement().is_some_and(|due| due <= self.now) {
            self.announce_roster();
        }
    }

    /// Announces the changes to all connected devices, except those that have received the whole roster
    /// since.
    pub(super) fn announce_roster(&mut self) {
        let Readers {
            groups,
            lacking_hellos,
        } = self.readers();
        for seat in lacking_hellos {
            if let Some(device) = self.seats.get_mut(seat) {
                device.lacks_hellos = false;
            }
        }
        for (Reverse(audience), group) in groups {
            if !(group.whole.is_empty() && group.by_changes.is_empty()) {
                self.announced = Some(self.now);
            }
            if !group.whole.is_empty() {
                let message = self.whole_roster(audience);
                self.broadcast(group.whole, message);
            }
            if !group.by_changes.is_empty() {
                let changes = self.rosters.changes(audience, &self.seats);
                let unannounced = self.rosters.unannounced(audience);
                let message = Message::Roster {
                    era_id: self.era_id,
                    since: unannounced.announced,
                    revision: unannounced.revision,
                    changes: Arc::new(changes),
                };
                self.broadcast(group.by_changes, message);
            }
        }
        self.rosters.mark_announced();
    }

    /// Returns the connections that receive the changes.
    fn readers(&self) -> Readers {
        let has_hellos = self.seats.has_hellos();
        let mut readers = Readers::default();
        for (seat, device) in self.seats.iter() {
            let audience = match device.audience() {
                // Without hellos both audiences have the same view, and share one message.
                Audience::Lobby if !has_hellos => Audience::Everyone,
                audience => audience,
            };
            let Some(connection) = device.connection() else {
                continue;
            };
            let changes = self.rosters.unannounced(audience);
            if device.roster_revision == changes.revision || changes.is_empty() {
                continue;
            }
            let group = readers.groups.entry(Reverse(audience)).or_default();
            match device.roster_form {
                RosterForm::Changes if !device.lacks_hellos => group.by_changes.push(connection),
                RosterForm::Whole | RosterForm::Changes => group.whole.push(connection),
            }
            if device.lacks_hellos {
                readers.lacking_hellos.push(seat);
            }
        }
        readers
    }

    pub(super) fn send_roster(&mut self, connection: ConnectionId) {
        let Some(seat) = self.seats.of_connection(connection) else {
            return;
        };
        if let Some(audience) = self.note_whole_roster(seat) {
            let message = self.whole_roster(audience);
            self.send(connection, message);
        }
    }

    /// Records that a device receives the whole roster now. Returns the device's audience.
    pub(super) fn note_whole_roster(&mut self, seat: Seat) -> Option<Audience> {
        let device = self.seats.get_mut(seat)?;
        let audience = device.audience();
        device.lacks_hellos = false;
        device.roster_revision = self.rosters.unannounced(audience).revision;
        Some(audience)
    }

    fn whole_roster(&self, audience: Audience) -> Message {
        Message::Participants {
            era_id: self.era_id,
            revision: self.rosters.unannounced(audience).revision,
            roster: self.roster(audience),
        }
    }
}
