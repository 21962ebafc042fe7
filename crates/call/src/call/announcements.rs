//! Announcements of the roster: their receivers and their moments.

use std::sync::Arc;

use super::Call;
use crate::{Audience, ConnectionId, Message, Moment, RosterForm, places::Place};

impl Call {
    /// When changes of the roster are to be announced, if there are any.
    pub(super) fn next_announcement(&self) -> Option<Moment> {
        let due = self
            .announced
            .map_or(self.now, |last| last.plus(self.limits.roster_interval));
        self.rosters.has_news().then_some(due)
    }

    pub(super) fn announce_roster_in_time(&mut self) {
        if self.next_announcement().is_some_and(|due| due <= self.now) {
            self.announce_roster();
        }
    }

    /// Tells everybody connected what has changed, except who was told the whole since.
    pub(super) fn announce_roster(&mut self) {
        let mut readers = [(); 4].map(|()| Vec::new());
        let [guests, guests_by_changes, admins, admins_by_changes] = &mut readers;
        for (_, device) in self.places.iter() {
            let audience = Audience::from(device.role);
            let Some(connection) = device.connection() else {
                continue;
            };
            if device.roster_revision == self.rosters.revision(audience)
                || !self.rosters.has_news_for(audience)
            {
                continue;
            }
            match (audience, device.roster_form) {
                (Audience::Everyone, RosterForm::Whole) => guests.push(connection),
                (Audience::Everyone, RosterForm::Changes) => guests_by_changes.push(connection),
                (Audience::Admins, RosterForm::Whole) => admins.push(connection),
                (Audience::Admins, RosterForm::Changes) => admins_by_changes.push(connection),
            }
        }
        let [guests, guests_by_changes, admins, admins_by_changes] = readers;
        for (audience, whole, by_changes) in [
            (Audience::Admins, admins, admins_by_changes),
            (Audience::Everyone, guests, guests_by_changes),
        ] {
            if !(whole.is_empty() && by_changes.is_empty()) {
                self.announced = Some(self.now);
            }
            if !whole.is_empty() {
                let message = self.whole_roster(audience);
                self.broadcast(whole, message);
            }
            if !by_changes.is_empty() {
                let changes = self.rosters.changes(audience, &self.places);
                let message = Message::Roster {
                    era_id: self.era_id,
                    changes: Arc::new(changes),
                };
                self.broadcast(by_changes, message);
            }
        }
        self.rosters.clear_news();
    }

    /// Tells a device the whole roster.
    pub(super) fn tell_roster(&mut self, connection: ConnectionId) {
        let Some(place) = self.places.of_connection(connection) else {
            return;
        };
        if let Some(audience) = self.note_whole_roster(place) {
            let message = self.whole_roster(audience);
            self.send(connection, message);
        }
    }

    /// Notes that a device is told the whole roster now; gives it the audience it belongs to.
    pub(super) fn note_whole_roster(&mut self, place: Place) -> Option<Audience> {
        let device = self.places.get_mut(place)?;
        let audience = Audience::from(device.role);
        device.roster_revision = self.rosters.revision(audience);
        Some(audience)
    }

    fn whole_roster(&mut self, audience: Audience) -> Message {
        self.rosters.publish();
        Message::Participants {
            era_id: self.era_id,
            roster: self.roster(audience),
        }
    }
}
