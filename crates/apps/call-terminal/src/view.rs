//! A call as one participant sees it: events in, entries out.

mod admissions;
mod changed_devices;
mod connection;
mod decisions;
mod former_call;
mod group;
mod group_entries;
mod kept_outside;
mod labels;
mod lobby;
mod messages;
mod outsiders;
mod removals;
mod rights;
mod rows;
mod seat;
mod sent_commands;
mod sent_decisions;
mod typed_tags;
mod verification;
mod words;

use std::{collections::BTreeSet, mem, time::Duration};

use anteroom_client::{
    CallEvent, DemuxId, EraId, LinkState, OpaqueUserId, Participant, Recipient, Roster,
};
use anteroom_protocol::CallLinkSecretParams;

use self::{changed_devices::find, group::GroupView, lobby::Lobby, sent_commands::SentCommands};
pub(crate) use self::{
    connection::Connection,
    rows::{PresentRow, WaitingRow},
};
use crate::{
    entry::Entry,
    known_devices::KnownDevices,
    presence::{Change, PresenceChanges},
    quotation::quoted,
};

/// The time for which changes of presence are gathered before they are displayed.
const GATHERING: Duration = Duration::from_millis(500);

/// The state of the call, as far as it is known to this device.
///
/// Moments are the time since the command's start.
#[derive(Default)]
pub(crate) struct View {
    me: Option<DemuxId>,
    era: Option<EraId>,
    own_name: Option<String>,
    /// The secret params that decrypt account ids.
    room_params: Option<CallLinkSecretParams>,
    /// Whether people come without certificates by the link of the call.
    leaves_out_certificates: bool,
    room: String,
    /// The words for the state of the link.
    link: String,
    is_admin: bool,
    is_inside: bool,
    /// Whether the room service announced the end of the call, and therefore reserves no seat.
    was_ended: bool,
    lost_since: Option<Duration>,
    roster: Roster,
    known_devices: KnownDevices,
    lobby: Lobby,
    group: GroupView,
    greetings: Vec<Recipient>,
    /// The gathered changes of presence, and the moment at which they are displayed.
    gathered: PresenceChanges,
    /// The devices that this device sent away, until they are gone.
    dismissed: BTreeSet<DemuxId>,
    sent: SentCommands,
    /// The time of the last event or input.
    now: Duration,
    /// The accounts that this device did not let in, in this era.
    denied: BTreeSet<OpaqueUserId>,
    tell_at: Option<Duration>,
}

impl View {
    /// Creates the view of a participant with this name.
    pub(super) fn of(own_name: Option<String>) -> Self {
        Self {
            own_name,
            ..Self::default()
        }
    }

    /// Adds the secret params of the room, which decrypt account ids.
    pub(super) fn with_room(self, room_params: CallLinkSecretParams) -> Self {
        Self {
            room_params: Some(room_params),
            ..self
        }
    }

    pub(super) fn apply(&mut self, event: &CallEvent, now: Duration) -> Vec<Entry> {
        self.pass(now);
        let entries_of_event = self.event_entries(event, now);
        // The names that the lobby hid were gathered just before, and are displayed after this entry.
        if entries_of_event.is_empty() || matches!(event, CallEvent::Admitted { .. }) {
            return entries_of_event;
        }
        // Gathered arrivals precede the event.
        let mut entries = self.take_notices();
        entries.extend(entries_of_event);
        let later = match event {
            CallEvent::Joined(joined) => self.gather_roster(&joined.roster, now, Change::Present),
            CallEvent::Restored { roster, .. } => self.gather_roster(roster, now, Change::Joined),
            _ => Vec::new(),
        };
        if !later.is_empty() {
            entries.extend(self.take_notices());
        }
        entries.extend(later);
        entries
    }

    /// Returns the moment at which [`Self::tick`] has entries.
    pub(super) const fn deadline(&self) -> Option<Duration> {
        self.tell_at
    }

    /// Returns the gathered changes if their time has come.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Entry> {
        match self.tell_at {
            Some(moment) if moment <= now => self.take_notices(),
            _ => Vec::new(),
        }
    }

    /// Describes changes of presence with the current names.
    pub(super) fn describe(&self, changes: &PresenceChanges) -> String {
        changes.describe(&self.known_devices)
    }

    /// Takes the recipients that have not received this device's name yet.
    pub(super) fn take_greetings(&mut self) -> Vec<Recipient> {
        mem::take(&mut self.greetings)
    }

    /// Returns the account of a device, in a sentence.
    pub(super) fn account(&self, device: DemuxId) -> Entry {
        words::account(&self.known_devices, device, self.certificate(device))
    }

    pub(super) fn label(&self, device: DemuxId) -> String {
        self.known_devices.label(device)
    }

    /// Returns the room's name, or that it has none.
    pub(super) fn room(&self) -> &str {
        &self.room
    }

    /// Returns whether this device is in the call and can send messages.
    pub(super) const fn is_inside(&self) -> bool {
        self.is_inside
    }

    /// This device's tag and name.
    pub(super) fn own_label(&self) -> String {
        let tag = self.me.map(|me| self.known_devices.tag(me));
        let name = self.own_name.as_deref();
        let parts = [tag, name.map(|name| quoted(name, usize::MAX))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn connection(&self, now: Duration) -> Connection {
        match (self.lost_since, self.me) {
            (Some(since), _) => Connection::Lost(now.saturating_sub(since)),
            (None, None) => Connection::Joining,
            (None, Some(_)) if self.is_inside => Connection::Inside,
            (None, Some(_)) => Connection::Lobby(self.lobby.own_wait(now)),
        }
    }

    /// Takes note of the time.
    pub(super) fn pass(&mut self, now: Duration) {
        self.now = now;
        self.forget_sent();
    }

    fn event_entries(&mut self, event: &CallEvent, now: Duration) -> Vec<Entry> {
        let notice = |text: &str| vec![Entry::Notice(text.to_owned())];
        match event {
            CallEvent::Joined(joined) => self.join(joined, now),
            CallEvent::Roster(roster) => self.gather_roster(roster, now, Change::Joined),
            // An admin gives a newer statement to a device that is in.
            CallEvent::Admitted { .. } if self.is_inside => Vec::new(),
            CallEvent::Admitted { .. } => {
                self.enter();
                notice("You were let in.")
            }
            CallEvent::Link(link) => self.change_link(link),
            CallEvent::Message { from, message } => self.receive(*from, message, now),
            CallEvent::Unreadable { from, reason } => vec![Entry::Problem(format!(
                "What came as a message of {} is not shown: {reason}.",
                self.label(*from)
            ))],
            CallEvent::Refused { code, .. } if code == "ended" => {
                self.was_ended = true;
                notice("The room service has ended the call: it stops, or has lost it.")
            }
            CallEvent::Refused { code, message } => self.refused(code, message),
            CallEvent::StatementLeftOut { device, reason } => {
                self.note_approval(*device, None);
                let label = self.known_devices.decision_label(*device);
                vec![words::left_out(&label, *reason)]
            }
            CallEvent::Lost => {
                self.lost_since = Some(now);
                let mut entries = notice(words::lost(self.was_ended));
                entries.extend(self.unanswered_at_loss());
                entries
            }
            CallEvent::Unanswered => self.unanswered_at_end().into_iter().collect(),
            CallEvent::Restored { .. } => {
                self.lost_since = None;
                if self.is_inside {
                    return notice("The connection is back.");
                }
                // An admin let this device in while the connection was lost.
                self.enter();
                notice("The connection is back, and you were let in.")
            }
            CallEvent::Ended(ending) => vec![Entry::Notice(self.ending(ending))],
            event => self.group_entries(event),
        }
    }

    /// Applies a state of the link. A renewal of the admins' statement changes nothing that is displayed.
    fn change_link(&mut self, link: &LinkState) -> Vec<Entry> {
        self.room = words::room_title(&link.name);
        let text = words::link_change(link);
        if self.link == text {
            return Vec::new();
        }
        self.link.clone_from(&text);
        vec![Entry::Notice(text)]
    }

    fn enter(&mut self) {
        self.is_inside = true;
        self.greetings = vec![Recipient::All];
    }

    /// Applies a roster; `arrival` describes its new devices. Returns entries for the changes that are not
    /// gathered.
    fn gather_roster(&mut self, roster: &Roster, now: Duration, arrival: Change) -> Vec<Entry> {
        let before = mem::replace(&mut self.roster, roster.clone());
        self.confirm_sent();
        let all = || roster.active.iter().chain(&roster.pending);
        let present: Vec<_> = all().map(|one| (one.demux, one.is_admin)).collect();
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
                (true, false) => hands.push((other.demux, "lowered the hand.")),
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

    fn gather_until(&mut self, now: Duration) {
        if !self.gathered.is_empty() && self.tell_at.is_none() {
            self.tell_at = Some(now + GATHERING);
        }
    }

    /// Returns the gathered changes, whether their time has come or not.
    pub(super) fn take_notices(&mut self) -> Vec<Entry> {
        self.tell_at = None;
        let mut changes = mem::take(&mut self.gathered);
        let requests = changes.take_requests();
        let entry = |changes: PresenceChanges| {
            let text = self.describe(&changes);
            (!text.is_empty()).then_some(Entry::Presence { changes, text })
        };
        [changes, requests].into_iter().filter_map(entry).collect()
    }
}

#[cfg(test)]
pub(super) mod tests;
