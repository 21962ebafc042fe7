//! Requests of devices, and orders of admins about what others send.

use anteroom_protocol::DemuxId;

use super::{CallMedia, connections::MAX_SLOTS};
use crate::{
    indexes::DeviceIndex,
    input::{MuteOrder, MuteTarget, View},
    output::{Message, Refusal},
    source::{PerSource, Source},
};

impl CallMedia {
    pub(super) fn view(&mut self, id: DemuxId, view: View) {
        let now = self.now;
        let view = self.bounded(view);
        let Some((index, device)) = self.device_mut(id) else {
            return;
        };
        if !device.requests.view(now) {
            return self.refuse(id, Refusal::RateLimited);
        }
        device.view = view;
        device.viewer.name_audio_slots(&device.view);
        self.stale.viewers.push(index);
        self.stale.demand = true;
    }

    /// Returns the view with one wish for each slot, the last one, and with devices that are in the call.
    fn bounded(&self, view: View) -> View {
        let mut wishes = Vec::new();
        for wish in view.wishes.into_iter().rev() {
            let is_named = wishes
                .iter()
                .any(|other: &crate::input::Wish| other.slot == wish.slot);
            if wish.slot.number() < MAX_SLOTS && !is_named {
                wishes.push(wish);
            }
        }
        let mut audio_without = view.audio_without;
        audio_without.sort_unstable();
        audio_without.dedup();
        audio_without.retain(|device| self.devices.index_of(*device).is_some());
        View {
            wishes,
            audio_without,
        }
    }

    pub(super) fn publish(&mut self, id: DemuxId, sources: PerSource<bool>) {
        let (now, limits) = (self.now, self.limits);
        let Some((index, device)) = self.device_mut(id) else {
            return;
        };
        if !device.requests.publication(now) {
            return self.refuse(id, Refusal::RateLimited);
        }
        for source in Source::ALL {
            let limit = *limits.sources.of(source);
            let state = device.sources.of_mut(source);
            state.publish(*sources.of(source), limit);
        }
        self.update_speaker(index);
    }

    pub(super) fn mute(
        &mut self,
        by: DemuxId,
        target: &MuteTarget,
        source: Source,
        order: MuteOrder,
    ) {
        let devices = self.devices.iter();
        let named = devices.filter(|(_, device)| match target {
            MuteTarget::One(id) => device.id == *id,
            MuteTarget::AllBut(others) => device.id != by && !others.contains(&device.id),
        });
        let named: Vec<(DeviceIndex, DemuxId)> =
            named.map(|(index, device)| (index, device.id)).collect();
        for (index, id) in named {
            if let Some(device) = self.devices.get_mut(index) {
                device.sources.of_mut(source).obey(order);
            }
            self.update_speaker(index);
            self.send(id, Message::Muted { by, source, order });
        }
    }

    pub(super) fn device_mut(
        &mut self,
        id: DemuxId,
    ) -> Option<(DeviceIndex, &mut crate::device::Device)> {
        let index = self.devices.index_of(id)?;
        Some((index, self.devices.get_mut(index)?))
    }
}
