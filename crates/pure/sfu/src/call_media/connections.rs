//! Devices that become active, connect, disconnect and stop being active.

use anteroom_protocol::DemuxId;

use super::CallMedia;
use crate::{
    indexes::{DeviceIndex, SlotIndex},
    input::{Connection, SlotKind},
    output::{Pause, Refusal},
    slot::{Assignment, AssignmentState, Slot},
    source::Source,
};

/// The maximum number of slots of a device.
pub(crate) const MAX_SLOTS: usize = 64;

impl CallMedia {
    pub(super) fn deactivate(&mut self, device: DemuxId) {
        if let Some(index) = self.devices.index_of(device) {
            self.detach(index);
            self.devices.remove(index);
        }
    }

    pub(super) fn disconnect(&mut self, device: DemuxId) {
        if let Some(index) = self.devices.index_of(device) {
            self.detach(index);
        }
    }

    pub(super) fn connect(&mut self, id: DemuxId, connection: Connection) {
        let Some(index) = self.devices.index_of(id) else {
            return;
        };
        if connection.slots.len() > MAX_SLOTS {
            return self.refuse(id, Refusal::TooManySlots);
        }
        self.detach(index);
        if let Some(device) = self.devices.get_mut(index) {
            device.connect(connection, &self.limits, self.now);
        }
        self.update_speaker(index);
    }

    pub(super) fn add_slots(&mut self, id: DemuxId, slots: &[SlotKind]) {
        let Some((index, device)) = self.device_mut(id) else {
            return;
        };
        if !device.is_connected {
            return;
        }
        if device.viewer.slots.len() + slots.len() > MAX_SLOTS {
            return self.refuse(id, Refusal::TooManySlots);
        }
        device
            .viewer
            .slots
            .extend(slots.iter().copied().map(Slot::new));
        device.viewer.name_audio_slots(&device.view);
        self.stale.viewers.push(index);
        self.stale.demand = true;
    }

    /// Ends everything that travels from and to a device.
    fn detach(&mut self, index: DeviceIndex) {
        let Some(device) = self.devices.get_mut(index) else {
            return;
        };
        let id = device.id;
        let slots = device.viewer.slots.len();
        let watchers = Source::ALL.map(|source| {
            let state = device.sources.of_mut(source);
            (source, core::mem::take(&mut state.watchers))
        });
        for slot in (0..slots).map(SlotIndex::new) {
            self.devices.assign(index, slot, None);
        }
        for (source, watchers) in watchers {
            let gone = Assignment {
                device: id,
                source,
                state: AssignmentState::Pause(Pause::Gone),
            };
            for (viewer, slot) in watchers {
                self.devices.assign(viewer, slot, Some(gone));
            }
        }
        if let Some(device) = self.devices.get_mut(index) {
            device.disconnect();
        }
        self.permit.give_back(index);
        self.update_speaker(index);
        self.stale.mark_all();
    }

    /// Brings the ranking of speakers in step with whether the device may be heard.
    pub(super) fn update_speaker(&mut self, index: DeviceIndex) {
        let Some(device) = self.devices.get(index) else {
            return;
        };
        let may_speak = device.is_connected && device.sources.audio.is_open();
        if may_speak && !self.speakers.contains(index) {
            self.speakers.add(index, device.user_index);
        } else if !may_speak {
            self.speakers.remove(index);
            self.speaker_order.retain(|other| *other != index);
        }
        self.stale.mark_all();
    }
}
