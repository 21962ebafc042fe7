//! A call as one participant sees it: events in, entries out.

mod admissions;
mod changed_devices;
mod connection;
mod decisions;
mod entrance;
mod former_call;
mod group;
mod group_entries;
mod kept_outside;
mod labels;
mod lobby;
mod media;
mod messages;
mod moderation;
mod outsiders;
mod put_out;
mod removals;
mod rights;
mod rosters;
mod rows;
mod seat;
mod sent_commands;
mod sent_decisions;
mod silence;
mod silence_news;
mod typed_tags;
mod verification;
mod words;

use std::{collections::BTreeSet, mem, time::Duration};

use anteroom_client::{
    Approval, CallEvent, DemuxId, EraId, GroupEvent, LinkState, OpaqueUserId, Recipient, Roster,
};
use anteroom_protocol::CallLinkSecretParams;

pub(crate) use self::{
    connection::Connection,
    rows::{PresentRow, WaitingRow},
};
use self::{group::GroupView, lobby::Lobby, sent_commands::SentCommands};
use crate::{
    entry::Entry,
    known_devices::KnownDevices,
    presence::{Change, PresenceChanges},
    quotation::quoted,
};

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
    /// Whether the link asks for no approval.
    is_open: bool,
    is_admin: bool,
    is_inside: bool,
    /// Whether the room service announced the end of the call, and therefore reserves no seat.
    was_ended: bool,
    lost_since: Option<Duration>,
    roster: Roster,
    /// The devices that speak, loudest first.
    speakers: Vec<DemuxId>,
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
        // Gathered arrivals precede the event, and what somebody says precedes the departure.
        let author = author_of(event);
        let departure = author.and_then(|author| self.gathered.take_departure(author));
        let tell_at = self.tell_at;
        let mut entries = self.take_notices();
        if let Some((author, departure)) = author.zip(departure) {
            self.gathered.put_departure(author, departure);
            self.tell_at = tell_at;
        }
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

    /// Returns the account of this device, in a sentence.
    pub(super) fn own_account(&self) -> Option<Entry> {
        self.me.map(|me| self.account(me))
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
            CallEvent::Media(notice) => {
                self.take_media(notice);
                Vec::new()
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
            event => {
                let entries = self.group_entries(event);
                self.gather_silence(now);
                entries
            }
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
        self.is_open = link.approval == Approval::Off;
        vec![Entry::Notice(text)]
    }

    fn enter(&mut self) {
        self.is_inside = true;
        self.greetings = vec![Recipient::All];
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
        // An event is a line.
        let sentences = changes.sentences().into_iter();
        let sentences = sentences.chain([requests]).filter_map(entry);
        let mut entries: Vec<Entry> = sentences.collect();
        entries.extend(self.silence_entries());
        entries
    }
}

/// Returns the device whose text an event is.
fn author_of(event: &CallEvent) -> Option<DemuxId> {
    match event {
        CallEvent::Message { from, .. } => Some(*from),
        CallEvent::Group(event) => match &**event {
            GroupEvent::Text { claims, .. } => Some(claims.demux_id),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
