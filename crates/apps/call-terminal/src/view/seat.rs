//! The seats of this device.

use std::time::Duration;

use anteroom_client::{Approval, RoomName, Roster, SeatInfo, SeatStatus};

use super::{View, changed_devices::find, group::GroupView, lobby::Lobby, words};
use crate::{entry::Entry, known_devices::KnownDevices, quotation::quoted};

/// The feature of room services that take decisions about the whole call.
const MODERATION: &str = "moderation";

impl View {
    /// Applies a seat, and says where it is and what of a former one does not count there.
    pub(super) fn join(&mut self, joined: &SeatInfo, now: Duration) -> Vec<Entry> {
        let other_era = self.era.is_some_and(|era| era != joined.era);
        let former = other_era.then(|| self.former_call());
        if self.era == Some(joined.era) {
            // Tags and names of the era stay valid; only the seat is new.
            self.known_devices.set_own(joined.demux);
        } else {
            self.known_devices = KnownDevices::of_era(joined.demux);
            self.group = GroupView::default();
            self.lobby = Lobby::default();
            self.denied.clear();
        }
        let lost_hand = self.lost_hand(joined);
        self.me = Some(joined.demux);
        self.era = Some(joined.era);
        self.is_admin = joined.is_admin;
        self.is_inside = false;
        self.was_ended = false;
        self.lost_since = None;
        self.roster = Roster::default();
        self.greetings = Vec::new();
        self.dismissed.clear();
        self.sent.clear();
        self.room = words::room_title(&joined.link.name);
        self.link = words::link_change(&joined.link);
        self.group.asks_by_link = joined.link.approval == Approval::Required;
        self.group.has_moderation = joined.features.iter().any(|one| one == MODERATION);
        self.is_open = joined.link.approval == Approval::Off;
        let room = match &joined.link.name {
            RoomName::Known(name) => quoted(name, usize::MAX),
            RoomName::None | RoomName::Unreadable => "a call without a name".to_owned(),
        };
        let text = match joined.status {
            SeatStatus::Active => {
                self.enter();
                let role = if joined.is_admin { ", as an admin" } else { "" };
                format!("You are in {room}{role}.")
            }
            SeatStatus::Pending => {
                self.lobby.begin_own_wait(now);
                format!("You wait in the lobby of {room} until an admin lets you in.")
            }
        };
        let ended = former
            .iter()
            .flat_map(|former| self.ended_decisions(former));
        let entries = std::iter::once(Entry::Notice(text)).chain(ended);
        entries.chain(lost_hand).collect()
    }

    /// Says that the hand was raised at the seat before, in the same call, and is not at this one.
    fn lost_hand(&self, joined: &SeatInfo) -> Option<Entry> {
        let is_raised = |device, roster: &Roster| {
            let own = find(&roster.active, device);
            own.is_some_and(|own| own.hand_raised_at.is_some())
        };
        let was_raised = self.me.is_some_and(|me| is_raised(me, &self.roster));
        let is_lost =
            self.era == Some(joined.era) && was_raised && !is_raised(joined.demux, &joined.roster);
        is_lost.then(|| {
            let text =
                "Your former place was given up, and your hand is not raised any more: /hand raises it again.";
            Entry::Notice(text.to_owned())
        })
    }
}
