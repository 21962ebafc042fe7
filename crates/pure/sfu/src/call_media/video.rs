//! The pictures of each viewer, and the screen's sound, as it wishes to see and hear them.

use core::cmp::Reverse;

use super::{CallMedia, Pictured};
use crate::{
    allocation::{Picture, Priority},
    device::Device,
    device_handle::DeviceHandle,
    indexes::{DeviceIndex, SlotIndex},
    input::{SlotKind, Subject, Wish},
    output::Pause,
    slot::{Assignment, AssignmentState},
    source::{Layer, PerLayer, Source},
};

impl CallMedia {
    /// Assigns the slots of a viewer that are not left to the active speakers.
    pub(super) fn assign_pictures(&mut self, viewer: DeviceIndex) {
        self.buffers.pictures.clear();
        self.buffers.pictured.clear();
        let Some(device) = self.devices.get_mut(viewer) else {
            return;
        };
        // The heights of senders may have changed.
        device.viewer.is_changed = true;
        for number in 0..device.viewer.slots.len() {
            let place = SlotIndex::new(number);
            let Some(device) = self.devices.get(viewer) else {
                return;
            };
            let Some(slot) = device.viewer.slots.get(number) else {
                return;
            };
            if device.viewer.audio_places.contains(&place) {
                continue;
            }
            let mut wishes = device.view.wishes.iter();
            let wish = wishes.find(|wish| wish.slot == place);
            let wish = wish.filter(|wish| slot.kind.fits(wish.source)).copied();
            let assignment = match (wish, slot.kind) {
                (Some(wish), SlotKind::Video) => match self.resolve(viewer, &wish) {
                    Resolution::Sender(sender) => {
                        self.consider(viewer, &wish, sender);
                        continue;
                    }
                    Resolution::Other(assignment) => assignment,
                },
                (Some(wish), SlotKind::Audio) if wish.source == Source::ScreenAudio => {
                    match self.resolve(viewer, &wish) {
                        Resolution::Sender(sender) => Some(Assignment {
                            device: sender.id,
                            source: wish.source,
                            state: AssignmentState::Flow(sender, Layer::Low),
                        }),
                        Resolution::Other(assignment) => assignment,
                    }
                }
                _ => None,
            };
            self.stale.demand |= self.devices.assign(viewer, place, assignment);
        }
        self.allocate(viewer);
    }

    /// Finds the sender of a wish.
    fn resolve(&self, viewer: DeviceIndex, wish: &Wish) -> Resolution {
        let index = match wish.subject {
            Subject::Device(id) => self.devices.index_of(id),
            Subject::Speaker(rank) => {
                let order = self.speaker_order.iter().copied();
                order.filter(|speaker| *speaker != viewer).nth(rank)
            }
        };
        let sender = index.and_then(|index| self.devices.handle(index));
        let device = sender.map(|sender| sender.id);
        let named = match wish.subject {
            Subject::Device(id) => Some(id),
            Subject::Speaker(_) => device,
        };
        // Nobody is shown to itself.
        let named = named.filter(|_| index != Some(viewer));
        match (named, sender) {
            (Some(_), Some(sender)) if self.pause(viewer, sender, wish.source).is_none() => {
                Resolution::Sender(sender)
            }
            (named, sender) => {
                let pause = sender.and_then(|sender| self.pause(viewer, sender, wish.source));
                Resolution::Other(named.map(|device| Assignment {
                    device,
                    source: wish.source,
                    state: AssignmentState::Pause(pause.unwrap_or(Pause::Gone)),
                }))
            }
        }
    }

    /// Returns the reason why a source cannot travel to a viewer.
    fn pause(&self, viewer: DeviceIndex, sender: DeviceHandle, source: Source) -> Option<Pause> {
        let device = self
            .devices
            .get(sender.index)
            .filter(|device| device.is_connected);
        let Some(device) = device else {
            return Some(Pause::Gone);
        };
        let state = device.sources.of(source);
        if !state.is_open() {
            return Some(Pause::Muted);
        }
        let viewer = self.devices.get(viewer);
        let decodes = viewer.zip(state.codec());
        let decodes = decodes.is_some_and(|(viewer, codec)| viewer.viewer.decodes.contains(&codec));
        (!decodes).then_some(Pause::Codec)
    }

    /// Adds a picture to those that the bandwidth of the viewer is shared among.
    fn consider(&mut self, viewer: DeviceIndex, wish: &Wish, sender: DeviceHandle) {
        let (Some(slot), Some(device)) = (
            self.devices.slot(viewer, wish.slot),
            self.devices.get(sender.index),
        ) else {
            return;
        };
        let flow = slot.flow();
        let flow = flow.filter(|(other, source, _)| *other == sender && *source == wish.source);
        let layer = flow.map(|(_, _, layer)| layer);
        let is_speaker = matches!(wish.subject, Subject::Speaker(0));
        let is_first = self.speaker_order.first() == Some(&sender.index);
        let stays_until = slot.stays_until(self.now);
        let picture = Picture {
            priority: match wish.source {
                Source::Screen => Priority::Screen,
                _ if is_speaker || is_first => Priority::Speaker,
                _ => Priority::Height(Reverse(wish.height)),
            },
            rates: self.rates(device, wish.source, layer),
            wanted: {
                let layers = &device.sources.of(wish.source).layers;
                layers.suiting(wish.height).min(self.largest)
            },
            fixed: layer.filter(|_| stays_until.is_some()),
        };
        self.next_look = stays_until.map_or(self.next_look, |end| end.min(self.next_look));
        self.buffers.pictures.push(picture);
        self.buffers.pictured.push(Pictured {
            slot: wish.slot,
            sender,
            source: wish.source,
        });
    }

    /// Returns the bits a second that the layers of a source count. Layers above the one that travels count a
    /// tenth more, so that small changes of bitrates switch nothing back and forth. The smallest one counts a
    /// fifth less while it travels: receivers estimate 15 % less than they received when a link was full, and
    /// that is no reason to pause.
    fn rates(
        &self,
        device: &Device,
        source: Source,
        travels: Option<Layer>,
    ) -> PerLayer<Option<u64>> {
        let state = device.sources.of(source);
        PerLayer::from_fn(|layer| {
            let rate = state.layers.bitrate(layer, self.now);
            let counts = if Some(layer) > travels {
                rate.saturating_add(rate / 10)
            } else if layer == Layer::Low {
                rate - rate / 5
            } else {
                rate
            };
            state.can_send(layer, self.now).then_some(counts)
        })
    }
}

/// The sender of a wish, or what the slot has instead.
enum Resolution {
    Sender(DeviceHandle),
    Other(Option<Assignment>),
}
