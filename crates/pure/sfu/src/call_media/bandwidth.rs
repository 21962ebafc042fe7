//! The layers of each viewer's pictures within its bandwidth, and trials of larger ones.

use anteroom_protocol::DemuxId;

use super::{CallMedia, Pictured};
use crate::{
    allocation::Picture,
    device::PictureTrial,
    downlink::TrialOutcome,
    indexes::{DeviceIndex, SlotIndex},
    output::Pause,
    slot::{Assignment, AssignmentState},
    source::Layer,
};

/// The bits a second that a sound is taken to need.
const SOUND: u64 = 48_000;

impl CallMedia {
    /// Shares the bandwidth of a viewer among the pictures in the buffers, and assigns their layers.
    pub(super) fn allocate(&mut self, viewer: DeviceIndex) {
        self.fix_trial(viewer);
        let now = self.now;
        let Some(device) = self.devices.get_mut(viewer) else {
            return;
        };
        let slots = device.viewer.slots.iter();
        let sounds =
            slots.filter(|slot| slot.flow().is_some_and(|(_, source, _)| !source.is_video()));
        let sounds = (sounds.count() as u64).saturating_mul(SOUND);
        let downlink = &device.viewer.downlink;
        let (floor, budget) = (downlink.floor(now), downlink.budget(now));
        let pictures = &self.buffers.pictures;
        let allocation = &mut self.buffers.allocation;
        allocation.allocate_above(floor, budget, sounds, pictures);
        let layers = self.buffers.allocation.layers().iter();
        let rates = pictures
            .iter()
            .zip(layers)
            .map(|(picture, layer)| picture.rate(*layer));
        let need = sounds.saturating_add(rates.sum());
        device.viewer.need = need;
        device.viewer.downlink.note_need(need);
        let trial = self.begin_trial(viewer, need);
        for place in 0..self.buffers.pictured.len() {
            let tried = trial.filter(|(tried, _)| *tried == place);
            let layer = match tried {
                Some((_, layer)) => Some(layer),
                None => self
                    .buffers
                    .allocation
                    .layers()
                    .get(place)
                    .copied()
                    .flatten(),
            };
            if let Some(pictured) = self.buffers.pictured.get(place).copied() {
                self.end_surplus(viewer, place, pictured.slot, layer);
                self.assign_layer(viewer, pictured, layer);
            }
        }
    }

    /// Keeps the layer of the picture on trial, or ends the trial if the picture is not shown any more.
    fn fix_trial(&mut self, viewer: DeviceIndex) {
        let Some(device) = self.devices.get_mut(viewer) else {
            return;
        };
        let Some(trial) = device.viewer.trial else {
            return;
        };
        let pictured = self.buffers.pictured.iter();
        let place = pictured.clone().position(|picture| {
            picture.slot == trial.slot
                && picture.sender == trial.sender
                && picture.source == trial.source
        });
        let picture = place.and_then(|place| self.buffers.pictures.get_mut(place));
        match picture {
            Some(picture) if picture.layers().any(|(layer, _)| layer == trial.layer) => {
                picture.fixed = Some(trial.layer);
            }
            _ => {
                device.viewer.downlink.abandon_trial(self.now);
                device.viewer.trial = None;
                self.permit.give_back(viewer);
            }
        }
    }

    /// Begins a trial, if a picture is smaller than it is wished and the viewer may. Returns the place of the
    /// picture, and its layer.
    fn begin_trial(&mut self, viewer: DeviceIndex, need: u64) -> Option<(usize, Layer)> {
        let (allocation, pictures) = (&self.buffers.allocation, &self.buffers.pictures);
        let layer_of = |place: usize| allocation.layers().get(place).copied().flatten();
        let next_of = |place: usize| {
            let picture: &Picture = pictures.get(place)?;
            let next = picture.next_layer(layer_of(place))?;
            picture.fixed.is_none().then_some((place, next))
        };
        // Pictures that are paused come first, as they do in the allocation.
        let order = allocation.order().iter().copied();
        let paused = order.clone().filter(|place| layer_of(*place).is_none());
        let mut candidates = paused.chain(order).filter_map(next_of);
        let (place, (layer, more)) = candidates.next()?;
        let pictured = *self.buffers.pictured.get(place)?;
        let waits = (0..pictures.len()).any(|place| self.waits(viewer, place, layer_of(place)));
        let device = self.devices.get_mut(viewer)?;
        let is_paused = layer_of(place).is_none();
        let may_try = device.viewer.downlink.may_try(need, is_paused, self.now);
        if waits || !may_try || !self.permit.is_free() {
            return None;
        }
        self.permit.take(viewer);
        device.viewer.downlink.begin_trial(need, more, self.now);
        device.viewer.need = need.saturating_add(more);
        device.viewer.trial = Some(PictureTrial {
            slot: pictured.slot,
            sender: pictured.sender,
            source: pictured.source,
            layer,
        });
        Some((place, layer))
    }

    /// Returns whether the layer that is allocated to a picture does not travel yet, and is to be expected: a
    /// trial of more begins when what fits travels.
    fn waits(&self, viewer: DeviceIndex, place: usize, layer: Option<Layer>) -> bool {
        let (Some(pictured), Some(layer)) = (self.buffers.pictured.get(place), layer) else {
            return false;
        };
        let slot = self.devices.slot(viewer, pictured.slot);
        let travels = slot.is_some_and(|slot| {
            slot.flow() == Some((pictured.sender, pictured.source, layer))
                && slot.current == Some(layer)
        });
        let sender = self.devices.get(pictured.sender.index);
        let layers = sender.map(|sender| &sender.sources.of(pictured.source).layers);
        !travels && layers.is_some_and(|layers| layers.is_live(layer, self.now))
    }

    /// Ends the layer that travels at once, if the bandwidth is the reason for a smaller one.
    fn end_surplus(
        &mut self,
        viewer: DeviceIndex,
        place: usize,
        slot: SlotIndex,
        layer: Option<Layer>,
    ) {
        let Some(picture) = self.buffers.pictures.get(place) else {
            return;
        };
        let device = self.devices.get_mut(viewer);
        let slots = device.map(|device| &mut device.viewer.slots);
        let slot = slots.and_then(|slots| slots.get_mut(slot.number()));
        let Some(slot) = slot else { return };
        let travels = slot.current;
        let is_wished = picture.layers().any(|(other, _)| Some(other) == travels);
        if travels > layer && is_wished {
            slot.end_layer();
        }
    }

    /// Assigns a layer to a picture.
    fn assign_layer(&mut self, viewer: DeviceIndex, pictured: Pictured, layer: Option<Layer>) {
        let pause = AssignmentState::Pause(Pause::Bandwidth);
        let assignment = Assignment {
            device: pictured.sender.id,
            source: pictured.source,
            state: layer.map_or(pause, |layer| AssignmentState::Flow(pictured.sender, layer)),
        };
        if !self.devices.assign(viewer, pictured.slot, Some(assignment)) {
            return;
        }
        self.stale.demand = true;
        let slot = self.devices.slot(viewer, pictured.slot);
        let travels = slot.and_then(|slot| slot.current);
        if let Some(layer) = layer.filter(|layer| travels != Some(*layer))
            && let Some(sender) = self.devices.by_handle(pictured.sender)
        {
            let state = sender.sources.of_mut(pictured.source);
            state.key_frames.of_mut(layer).request(self.now);
        }
    }

    pub(super) fn estimate(&mut self, id: DemuxId, bits: u64) {
        let now = self.now;
        if let Some((index, device)) = self.device_mut(id) {
            let viewer = &mut device.viewer;
            let outcome = viewer.downlink.estimate(bits, viewer.need, now);
            self.end_trial(index, outcome);
            self.stale.viewers.push(index);
        }
    }

    pub(super) fn loss(&mut self, id: DemuxId, thousandths: u32) {
        let now = self.now;
        if let Some((index, device)) = self.device_mut(id) {
            let outcome = device.viewer.downlink.loss(thousandths, now);
            self.end_trial(index, outcome);
            self.stale.viewers.push(index);
        }
    }

    /// Ends the trials that are over.
    pub(super) fn advance_trials(&mut self) {
        for number in 0..self.devices.places() {
            let index = DeviceIndex::new(number);
            let now = self.now;
            let Some(device) = self.devices.get_mut(index) else {
                continue;
            };
            let outcome = device.viewer.downlink.advance(now);
            self.end_trial(index, outcome);
        }
    }

    /// Ends a trial, if there is an outcome. The budget after it decides about the layer.
    fn end_trial(&mut self, viewer: DeviceIndex, outcome: Option<TrialOutcome>) {
        if outcome.is_none() {
            return;
        }
        if let Some(device) = self.devices.get_mut(viewer) {
            device.viewer.trial = None;
        }
        self.permit.give_back(viewer);
        self.stale.viewers.push(viewer);
    }
}
