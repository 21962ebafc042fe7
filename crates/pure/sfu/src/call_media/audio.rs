//! The sounds of each viewer, and the order of the speakers for its pictures.

use core::time::Duration;

use super::CallMedia;
use crate::{
    indexes::{DeviceIndex, SlotIndex},
    slot::{Assignment, AssignmentState},
    source::{Layer, Source},
    time::Moment,
};

/// The minimum time between two changes of the order of speakers for pictures.
const ORDER_INTERVAL: Duration = Duration::from_secs(1);

impl CallMedia {
    /// Assigns the audio slots of a viewer that are left to the active speakers.
    pub(super) fn assign_sounds(&mut self, viewer: DeviceIndex) {
        let Some(device) = self.devices.get_mut(viewer) else {
            return;
        };
        // They are taken out, since they are compared with other devices.
        let mut audio = core::mem::take(&mut device.viewer.audio);
        let Some(device) = self.devices.get(viewer) else {
            return;
        };
        audio.assign(self.speakers.ranking(), |other| {
            other != viewer && self.may_hear(device, other)
        });
        for (number, sender) in audio.slots().iter().enumerate() {
            let sender = sender.and_then(|sender| self.devices.handle(sender));
            let assignment = sender.map(|sender| Assignment {
                device: sender.id,
                source: Source::Audio,
                state: AssignmentState::Flow(sender, Layer::Low),
            });
            let place = self.audio_place(viewer, number);
            if let Some(place) = place {
                self.stale.demand |= self.devices.assign(viewer, place, assignment);
            }
        }
        if let Some(device) = self.devices.get_mut(viewer) {
            device.viewer.audio = audio;
        }
    }

    fn may_hear(&self, viewer: &crate::device::Device, sender: DeviceIndex) -> bool {
        self.devices.get(sender).is_some_and(|sender| {
            let codec = sender.sources.audio.codec();
            let decodes = codec.is_some_and(|codec| viewer.viewer.decodes.contains(&codec));
            decodes && !viewer.view.audio_without.contains(&sender.id)
        })
    }

    fn audio_place(&self, viewer: DeviceIndex, number: usize) -> Option<SlotIndex> {
        let places = &self.devices.get(viewer)?.viewer.audio_places;
        places.get(number).copied()
    }

    /// Brings the order of speakers for pictures up to date, if it is time.
    pub(super) fn order_speakers(&mut self) {
        if self.is_order_current() || self.next_order().is_some_and(|next| next > self.now) {
            return;
        }
        let ranking = self.speakers.ranking();
        self.speaker_order.clear();
        self.speaker_order.extend(ranking.map(|rank| rank.device));
        self.ordered = Some(self.now);
        self.stale.pictures = true;
    }

    /// Returns the moment at which the order of speakers changes next, if it is to change.
    pub(super) fn next_order(&self) -> Option<Moment> {
        if self.is_order_current() {
            return None;
        }
        let ranking = self.speakers.ranking().map(|rank| rank.device);
        // Additions at the end take nobody's rank.
        let is_addition = ranking
            .take(self.speaker_order.len())
            .eq(self.speaker_order.iter().copied());
        let last = self.ordered.filter(|_| !is_addition);
        Some(last.map_or(self.now, |at| at.plus(ORDER_INTERVAL)))
    }

    fn is_order_current(&self) -> bool {
        let ranking = self.speakers.ranking().map(|rank| rank.device);
        ranking.eq(self.speaker_order.iter().copied())
    }
}
