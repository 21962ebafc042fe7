//! The rosters of the room service: who came, waits and left since the one before.

use std::{mem, time::Duration};

use anteroom_client::{DemuxId, Participant, Recipient, Roster};

use super::{
    View,
    changed_devices::{self, find},
    lobby, words,
};
use crate::{entry::Entry, presence::Change, role::Role};

/// The time for which changes of presence are gathered before they are displayed.
pub(super) const GATHERING: Duration = Duration::from_millis(500);

impl View {
    /// Applies a roster; `arrival` describes its new devices. Returns entries for the changes that are not
    /// gathered.
    pub(super) fn gather_roster(
        &mut self,
        roster: &Roster,
        now: Duration,
        arrival: Change,
    ) -> Vec<Entry> {
        let before = mem::replace(&mut self.roster, roster.clone());
        let lowered = self.own_hand_lowered(&before);
        self.confirm_sent();
        let all = || roster.active.iter().chain(&roster.pending);
        let present: Vec<_> = all().map(|one| (one.demux, Role::listed(one))).collect();
        self.known_devices.set_present(&present);
        self.known_devices.set_waiting(&roster.pending);
        let room = self.room_params.as_ref();
        let named: Vec<DemuxId> = all()
            .filter(|one| self.known_devices.introduce(one, room))
            .map(|one| one.demux)
            .collect();
        let is_first_sight = arrival == Change::Present;
        for device in changed_devices::changed(&before.pending, &roster.pending) {
            self.lobby.forget(device);
        }
        let waiting = roster.pending.iter().map(|one| one.demux);
        self.lobby.set_waiting(waiting, now, is_first_sight);

        let mut gathered = mem::take(&mut self.gathered);
        let waited = before.pending.iter().filter(|_| lobby::is_known(roster));
        for gone in before.active.iter().chain(waited) {
            if !all().any(|other| other.demux == gone.demux)
                && !self.known_devices.is_own(gone.demux)
                && !self.dismissed.remove(&gone.demux)
            {
                gathered.add(gone.demux, Change::Left);
            }
        }
        let mut hands = Vec::new();
        for other in self.others(&roster.active) {
            let known = find(&before.active, other.demux);
            if known.is_none() {
                gathered.add(other.demux, arrival);
                if self.is_inside && self.greetings != [Recipient::All] {
                    self.greetings.push(Recipient::One(other.demux));
                }
            }
            match (known.is_some_and(|known| known.is_lost), other.is_lost) {
                (false, true) => gathered.add(other.demux, Change::ConnectionLost),
                (true, false) => gathered.add(other.demux, Change::ConnectionRestored),
                _ => {}
            }
            let had_raised = known.is_some_and(|known| known.hand_raised_at.is_some());
            let has_raised = other.hand_raised_at.is_some();
            match (had_raised, has_raised) {
                (false, true) => hands.push((other.demux, "raised a hand.")),
                (true, false) => hands.push((other.demux, "has the hand down again.")),
                _ => {}
            }
        }
        for other in self.others(&roster.pending) {
            if changed_devices::waits_anew(&before.pending, &other) {
                gathered.add(other.demux, Change::Waiting);
            }
        }
        for device in named {
            if !self.known_devices.is_own(device) {
                gathered.add(device, Change::Named);
            }
        }
        let is_guest = self.is_inside && !self.is_admin && !self.is_told_lobby();
        if is_guest && roster.pending_count > before.pending_count {
            gathered.set_waiting_count(roster.pending_count);
        }
        self.gathered = gathered;
        self.gather_until(now);
        let entry = |(device, what): (DemuxId, &str)| {
            Entry::Notice(format!("{} {what}", self.label(device)))
        };
        let mut entries: Vec<Entry> = hands.into_iter().map(entry).collect();
        entries.extend(lowered);
        entries.extend(self.changed_service_co_admins(&before));
        let changed = changed_devices::changed(&before.pending, &roster.pending);
        let changed =
            changed.map(|device| words::other_account(&self.known_devices.decision_label(device)));
        entries.extend(changed);
        entries.extend(self.tell_of_outsiders());
        entries.extend(self.tell_of_missing_admin());
        entries
    }

    fn others(&self, list: &[Participant]) -> Vec<Participant> {
        let is_own = |one: &&Participant| self.known_devices.is_own(one.demux);
        list.iter().filter(|one| !is_own(one)).cloned().collect()
    }

    pub(super) fn gather_until(&mut self, now: Duration) {
        if !self.gathered.is_empty() && self.tell_at.is_none() {
            self.tell_at = Some(now + GATHERING);
        }
    }
}
