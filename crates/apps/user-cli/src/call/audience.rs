//! The others in a call, for commands that play and record.

use std::collections::BTreeSet;

use anteroom_client::{
    CallEvent, DemuxId, GroupState, Listing, MediaNotice, MuteOrder, Participant, Roster,
    SeatStatus, Source,
};
use anteroom_console::failure::Failure;

/// The others in a call.
#[derive(Debug, Default)]
pub(super) struct Audience {
    own: Option<DemuxId>,
    is_inside: bool,
    has_media: bool,
    devices: Vec<Participant>,
    group: GroupState,
    told: BTreeSet<String>,
}

impl Audience {
    /// Takes an event. Returns what a person is to know of it, each sentence once.
    pub(super) fn apply(&mut self, event: &CallEvent) -> Option<String> {
        let news = match event {
            CallEvent::Joined(seat) => {
                self.own = Some(seat.demux);
                self.is_inside = seat.status == SeatStatus::Active;
                self.has_media = seat.media.is_some();
                self.devices.clone_from(&seat.roster.active);
                let lobby = "You wait in the lobby: an admin has to let you in.";
                (!self.is_inside).then(|| lobby.to_owned())
            }
            CallEvent::Admitted { .. } => {
                self.is_inside = true;
                None
            }
            CallEvent::Roster(roster) | CallEvent::Restored { roster, .. } => {
                self.take_roster(roster);
                None
            }
            CallEvent::GroupChanged(state) => {
                self.group = (**state).clone();
                None
            }
            CallEvent::GroupRefused(error) => Some(format!("! {error}")),
            CallEvent::Media(MediaNotice::Muted { source, order, .. }) => {
                Some(self::order(*source, *order))
            }
            CallEvent::Refused { message, .. } => Some(format!("! {message}")),
            CallEvent::Lost => Some("The connection is lost, and is being restored.".to_owned()),
            _ => None,
        };
        news.filter(|news| self.told.len() < 64 && self.told.insert(news.clone()))
    }

    fn take_roster(&mut self, roster: &Roster) {
        self.devices.clone_from(&roster.active);
    }

    /// Returns whether the device is in the call, and not in its lobby.
    pub(super) const fn is_inside(&self) -> bool {
        self.is_inside
    }

    /// Returns whether the device is in a call without media.
    pub(super) const fn lacks_media(&self) -> bool {
        self.own.is_some() && !self.has_media
    }

    /// Returns whether this device is in a group with somebody who is there.
    pub(super) fn has_listeners(&self) -> bool {
        let mut others = self.group.members.iter().filter(|member| !member.is_own);
        self.is_inside && others.any(|member| member.listing == Listing::Listed)
    }

    /// Returns the others in the call.
    pub(super) fn others(&self) -> impl Iterator<Item = &Participant> {
        let devices = self.devices.iter();
        devices.filter(|one| Some(one.demux) != self.own)
    }

    /// Returns the name of a member, by its device.
    pub(super) fn name(&self, device: DemuxId) -> Option<String> {
        self.group.member(device)?.name.clone()
    }
}

/// Returns an order of an admin about a source of this device, in a sentence.
fn order(source: Source, order: MuteOrder) -> String {
    let source = match source {
        Source::Audio => "microphone",
        Source::Camera => "camera",
        Source::Screen => "screen",
        Source::ScreenAudio => "screen's sound",
    };
    match order {
        MuteOrder::Mute | MuteOrder::Hold => {
            format!("An admin has stopped your {source}: nobody gets what you send of it.")
        }
        MuteOrder::Release => format!("An admin lets you send your {source} again."),
    }
}

/// Returns the failure of a command whose calls have no media.
pub(super) fn no_media() -> Failure {
    Failure::failed("the calls of this room service carry no sound and picture")
        .next("Ask its operator, or say it in text with `anteroom call join`")
}
