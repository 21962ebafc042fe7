//! The others in a call, for commands that play and record.

use std::collections::BTreeSet;

use anteroom_client::{
    CallEvent, DemuxId, GroupState, Listing, MediaNotice, MuteOrder, Participant, Roster,
    SeatStatus, Source, media::MediaEvent,
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
    /// Whether the connection to the media server is interrupted.
    is_interrupted: bool,
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

    /// Takes an event of the media. Returns what a person is to know of it.
    pub(super) fn apply_media(&mut self, event: &MediaEvent) -> Option<String> {
        match event {
            MediaEvent::Interrupted | MediaEvent::Ended => {
                self.is_interrupted = true;
                let text = "Sound and picture are interrupted: another way to the media server is looked for.";
                Some(text.to_owned())
            }
            MediaEvent::Connected { .. } => {
                let was_interrupted = std::mem::take(&mut self.is_interrupted);
                was_interrupted.then(|| "Sound and picture are back.".to_owned())
            }
            MediaEvent::GivenUp(reason) => {
                self.is_interrupted = true;
                Some(format!("! {reason}"))
            }
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use anteroom_client::media::GiveUpReason;

    use super::*;

    #[test]
    fn an_interruption_and_its_end_are_told() {
        let mut audience = Audience::default();
        let connected = MediaEvent::Connected { slots: Vec::new() };
        let given_up = MediaEvent::GivenUp(GiveUpReason::Unreachable);
        for (event, expected) in [
            (&connected, None),
            (&MediaEvent::Interrupted, Some("interrupted")),
            (&connected, Some("back")),
            (&connected, None),
            (&MediaEvent::Interrupted, Some("interrupted")),
            (&given_up, Some("join again")),
            (&connected, Some("back")),
        ] {
            let told = audience.apply_media(event);
            let is_as_expected = match (&told, expected) {
                (Some(told), Some(expected)) => told.contains(expected),
                (told, expected) => told.is_none() && expected.is_none(),
            };
            assert!(is_as_expected, "{event:?}: {told:?}");
        }
    }
}
