//! The next moment at which the passing of time has an effect.

use super::CallMedia;
use crate::{
    device::Device,
    source::{Layer, Source},
    time::Moment,
};

impl CallMedia {
    /// Returns the next deadline of all parts.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        let devices = self
            .devices
            .iter()
            .filter(|(_, device)| device.is_connected);
        let devices = devices.filter_map(|(_, device)| self.deadline_of(device));
        let parts = [self.speakers.next_deadline(), self.next_order()];
        parts.into_iter().flatten().chain(devices).min()
    }

    fn deadline_of(&self, device: &Device) -> Option<Moment> {
        let pictures = [Source::Camera, Source::Screen].map(|source| device.sources.of(source));
        let key_frames = pictures.iter().flat_map(|state| {
            let layers = Layer::ALL.iter();
            layers.filter_map(|layer| state.key_frames.of(*layer).next_deadline())
        });
        let is_watched = pictures.iter().any(|state| !state.watchers.is_empty());
        let look = is_watched.then_some(self.next_look);
        let trial = device
            .viewer
            .trial
            .and_then(|_| device.viewer.downlink.next_deadline(self.now));
        let parts = [device.demand.next_deadline(), look, trial];
        parts.into_iter().flatten().chain(key_frames).min()
    }
}
