//! The media of a call as they have been told, and the rules that always hold about it.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_call::{Audience, Call, Fact, LeaveReason, MediaCommand, Output, Status};
use anteroom_protocol::{
    DemuxId,
    media::{MuteOrder, MuteTarget, PerSource, Source},
};

use crate::script::{MutedDevices, letter, letters, order_word};

/// The media of a call, as simple as they can be: the devices that may send and receive, with the sources that each
/// publishes, those that are muted, and those that are held.
#[derive(Debug, Default)]
pub(crate) struct MediaMirror(BTreeMap<DemuxId, [BTreeSet<Source>; 3]>);

impl MediaMirror {
    /// Follows an output. A device that is gone has no media by then.
    pub(crate) fn follow(&mut self, output: &Output) {
        match output {
            Output::Media(command) => self.obey(command),
            Output::Fact(Fact::DeviceGone { demux_id, .. }) => {
                assert!(!self.0.contains_key(demux_id), "{demux_id} is gone");
            }
            Output::Fact(Fact::EraEnded) => assert!(self.0.is_empty(), "the era has ended"),
            Output::Send { message, .. } | Output::Broadcast { message, .. } => {
                self.check_told(message);
            }
            Output::Close {
                reason: LeaveReason::Ended | LeaveReason::Dismissed,
                ..
            } => assert!(self.0.is_empty(), "the era has ended"),
            Output::Fact(_) | Output::Dropped(_) | Output::Close { .. } | Output::Wait(_) => {}
        }
    }

    /// Checks that no device that a roster does not list has media.
    fn check_told(&self, message: &anteroom_call::Message) {
        let listed: BTreeSet<DemuxId> = match message {
            anteroom_call::Message::Participants { roster, .. } => {
                roster.active.iter().map(|device| device.demux_id).collect()
            }
            anteroom_call::Message::Roster { changes, .. } => {
                let gone = |device| !changes.left.contains(device);
                return assert!(self.0.keys().all(gone), "a roster says that it is gone");
            }
            _ => return,
        };
        let is_listed = |device| listed.contains(device);
        assert!(self.0.keys().all(is_listed), "{:?}, {listed:?}", self.0);
    }

    fn obey(&mut self, command: &MediaCommand) {
        match command {
            MediaCommand::Activate { device, .. } => {
                let before = self.0.insert(*device, Default::default());
                assert!(before.is_none(), "{device} is active already");
            }
            MediaCommand::Remove(device) => {
                assert!(self.0.remove(device).is_some(), "{device} is not active");
            }
            MediaCommand::Offer { device, .. } | MediaCommand::View { device, .. } => {
                assert!(self.0.contains_key(device), "{device} is not active");
            }
            MediaCommand::Publish { device, sources } => {
                let [published, muted, _] = self.0.get_mut(device).unwrap();
                for source in Source::ALL {
                    if !sources.of(source) {
                        published.remove(&source);
                    } else if published.insert(source) {
                        muted.remove(&source);
                    }
                }
            }
            MediaCommand::Mute {
                by,
                target,
                source,
                order,
            } => {
                for (id, [_, muted, held]) in &mut self.0 {
                    let is_named = match target {
                        MuteTarget::One(device) => id == device,
                        MuteTarget::AllBut(others) => id != by && !others.contains(id),
                    };
                    if is_named && *order == MuteOrder::Release {
                        held.remove(source);
                    } else if is_named {
                        muted.insert(*source);
                    }
                    if is_named && *order == MuteOrder::Hold {
                        held.insert(*source);
                    }
                }
            }
            MediaCommand::Close => self.0.clear(),
        }
    }

    /// Returns the state without what makes no difference: a muted source that is not published goes on when it is.
    fn effective(&self) -> BTreeMap<DemuxId, [BTreeSet<Source>; 3]> {
        let mut devices = self.0.clone();
        for [published, muted, _] in devices.values_mut() {
            muted.retain(|source| published.contains(source));
        }
        devices
    }

    /// Checks that the devices with media are those that are active and have a member key, that others see what each
    /// sends, and that media that are opened anew come to the same state.
    pub(crate) fn check(&self, call: &Call) {
        let mut anew = Self::default();
        let commands = call.media_commands();
        let is_order = |command: &&MediaCommand| matches!(command, MediaCommand::Mute { .. });
        assert!(commands.iter().filter(is_order).count() <= 16);
        for command in &commands {
            anew.obey(command);
        }
        assert_eq!(anew.effective(), self.effective());
        let roster = call.roster(Audience::Admins);
        assert!(self.0.len() <= call.device_count(Status::Active));
        for device in roster.active.iter() {
            let Some([published, muted, held]) = self.0.get(&device.demux_id) else {
                assert_eq!(device.sends, PerSource::default());
                continue;
            };
            let is_stopped = |source| muted.contains(&source) || held.contains(&source);
            let sent = |source| published.contains(&source) && !is_stopped(source);
            assert_eq!(device.sends, PerSource::from_fn(sent));
            assert!(device.member.is_some(), "its media are not sealed");
        }
    }
}

pub(crate) fn media_text(command: &MediaCommand) -> String {
    let number = |device: &DemuxId| device.number() >> 4;
    match command {
        MediaCommand::Activate { device, user } => {
            format!("media +{}{}", number(device), user.as_str())
        }
        MediaCommand::Remove(device) => format!("media -{}", number(device)),
        MediaCommand::Offer {
            device, session, ..
        } => format!("media offer {} {session}", number(device)),
        MediaCommand::View { device, .. } => format!("media view {}", number(device)),
        MediaCommand::Publish { device, sources } => {
            format!("media publish {} {}", number(device), letters(sources))
        }
        MediaCommand::Mute {
            by,
            target,
            source,
            order,
        } => {
            let devices = match target {
                MuteTarget::One(device) => MutedDevices::One(number(device)),
                MuteTarget::AllBut(others) => {
                    MutedDevices::AllBut(others.iter().map(number).collect())
                }
            };
            let (word, letter) = (order_word(*order), letter(*source));
            format!("media {word} {devices} {letter} by {}", number(by))
        }
        MediaCommand::Close => "media close".to_owned(),
    }
}
