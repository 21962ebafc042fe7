//! The demand for what each device sends, and the requests for key frames.

use super::CallMedia;
use crate::{
    demand::Wanted,
    devices::Devices,
    indexes::DeviceIndex,
    output::{Message, Output},
    source::{Layer, Source},
};

impl CallMedia {
    /// Tells senders what is wanted of them, if that has changed.
    pub(super) fn tell_demand(&mut self) {
        let now = self.now;
        if self.stale.demand {
            self.stale.demand = false;
            self.watch();
        }
        for (_, device) in self.devices.iter_mut() {
            if !device.is_connected {
                continue;
            }
            let Some(wanted) = device.demand.change(now) else {
                continue;
            };
            let screen_layers = if wanted.screen {
                Layer::High.count()
            } else {
                0
            };
            device.sources.camera.want(wanted.camera_layers, now);
            device.sources.screen.want(screen_layers, now);
            self.outputs.push_back(Output::Send {
                to: device.id,
                message: Message::Send(wanted),
            });
        }
    }

    /// Notes what is watched of each device now.
    fn watch(&mut self) {
        let mut watched = core::mem::take(&mut self.buffers.watched);
        watched.clear();
        watched.resize(self.devices.places(), Wanted::default());
        for (index, device) in self.devices.iter() {
            let flows = device.viewer.slots.iter();
            for (sender, source, layer) in flows
                .filter_map(|slot| Some((slot.flow()?, slot.current)))
                .map(|((sender, source, layer), current)| {
                    (sender, source, Some(layer).max(current))
                })
            {
                let Some(wanted) = watched.get_mut(sender.index.number()) else {
                    continue;
                };
                match source {
                    Source::Audio => wanted.audio = true,
                    Source::ScreenAudio => wanted.screen_audio = true,
                    Source::Screen => wanted.screen = true,
                    Source::Camera => {
                        let layers = layer.map_or(0, Layer::count);
                        wanted.camera_layers = wanted.camera_layers.max(layers);
                    }
                }
            }
            if let Some(wanted) = watched.get_mut(index.number()) {
                wanted.audio |= is_listened_to(&self.devices, index);
            }
        }
        for (index, device) in self.devices.iter_mut() {
            let watched = watched.get(index.number()).copied().unwrap_or_default();
            device.demand.watch(watched, self.now);
        }
        self.buffers.watched = watched;
    }

    /// Asks senders for the key frames that are due, as long as a slot is to show the layer.
    pub(super) fn request_key_frames(&mut self) {
        let now = self.now;
        let mut due = Vec::new();
        for (index, device) in self.devices.iter_mut() {
            for source in [Source::Camera, Source::Screen] {
                for layer in Layer::ALL {
                    let requests = device.sources.of_mut(source).key_frames.of_mut(layer);
                    if requests.take_due(now) {
                        due.push((index, source, layer));
                    }
                }
            }
        }
        for (index, source, layer) in due {
            let Some(from) = self.devices.handle(index) else {
                continue;
            };
            if self.is_shown(index, source, layer) {
                self.counts.requested_key_frames += 1;
                self.outputs.push_back(Output::RequestKeyFrame {
                    from,
                    source,
                    layer,
                });
            } else if let Some(device) = self.devices.get_mut(index) {
                device
                    .sources
                    .of_mut(source)
                    .key_frames
                    .of_mut(layer)
                    .cancel();
            }
        }
    }

    /// Returns whether a slot is to show this layer.
    fn is_shown(&self, index: DeviceIndex, source: Source, layer: Layer) -> bool {
        let Some(device) = self.devices.get(index) else {
            return false;
        };
        let watchers = &device.sources.of(source).watchers;
        watchers.iter().any(|(viewer, slot)| {
            let slot = self.devices.slot(*viewer, *slot);
            let flow = slot.and_then(crate::slot::Slot::flow);
            flow.is_some_and(|(_, _, other)| other == layer)
        })
    }
}

/// Returns whether anybody would hear the device if it spoke: its level decides about that, so it has to send
/// even while others have all slots.
fn is_listened_to(devices: &Devices, index: DeviceIndex) -> bool {
    let Some(speaker) = devices.get(index) else {
        return false;
    };
    let mut others = devices.iter().filter(|(other, _)| *other != index);
    others.any(|(_, other)| {
        !other.viewer.audio_places.is_empty() && !other.view.audio_without.contains(&speaker.id)
    })
}
