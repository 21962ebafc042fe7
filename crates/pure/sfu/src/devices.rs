//! The active devices of a call, by index.

use anteroom_protocol::{DemuxId, OpaqueUserId};

use crate::{
    device::{Device, handle_of},
    device_handle::DeviceHandle,
    indexes::{DeviceIndex, SlotIndex, UserIndex},
    limits::MediaLimits,
    slot::{Assignment, Slot},
};

/// The active devices of a call.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    devices: Vec<Option<Device>>,
    /// The index of the next user.
    next_user: usize,
}

impl Devices {
    /// Adds a device. It has the first free index.
    pub(crate) fn add(&mut self, id: DemuxId, user: OpaqueUserId, limits: &MediaLimits) {
        let known = self.iter().find(|(_, device)| device.user == user);
        let user_index = known.map(|(_, device)| device.user_index);
        let user_index = user_index.unwrap_or_else(|| {
            self.next_user += 1;
            UserIndex::new(self.next_user)
        });
        let device = Some(Device::new(id, user, user_index, limits));
        match self.devices.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = device,
            None => self.devices.push(device),
        }
    }

    /// Takes a device out. Nothing may refer to its index any more.
    pub(crate) fn remove(&mut self, index: DeviceIndex) {
        if let Some(place) = self.devices.get_mut(index.number()) {
            *place = None;
        }
    }

    pub(crate) fn index_of(&self, id: DemuxId) -> Option<DeviceIndex> {
        let mut found = self.iter().filter(|(_, device)| device.id == id);
        found.next().map(|(index, _)| index)
    }

    pub(crate) fn get(&self, index: DeviceIndex) -> Option<&Device> {
        self.devices.get(index.number())?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: DeviceIndex) -> Option<&mut Device> {
        self.devices.get_mut(index.number())?.as_mut()
    }

    /// Returns the device of a handle, unless it has gone.
    pub(crate) fn by_handle(&mut self, handle: DeviceHandle) -> Option<&mut Device> {
        let device = self.get_mut(handle.index)?;
        (device.id == handle.id).then_some(device)
    }

    pub(crate) fn handle(&self, index: DeviceIndex) -> Option<DeviceHandle> {
        Some(handle_of(index, self.get(index)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (DeviceIndex, &Device)> {
        let indexes = (0..).map(DeviceIndex::new);
        let devices = indexes.zip(&self.devices);
        devices.filter_map(|(index, device)| Some((index, device.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (DeviceIndex, &mut Device)> {
        let indexes = (0..).map(DeviceIndex::new);
        let devices = indexes.zip(&mut self.devices);
        devices.filter_map(|(index, device)| Some((index, device.as_mut()?)))
    }

    /// Returns the number of indexes in use, with gaps.
    pub(crate) fn places(&self) -> usize {
        self.devices.len()
    }

    pub(crate) fn slot(&self, viewer: DeviceIndex, slot: SlotIndex) -> Option<&Slot> {
        self.get(viewer)?.viewer.slots.get(slot.number())
    }

    pub(crate) fn slot_mut(&mut self, viewer: DeviceIndex, slot: SlotIndex) -> Option<&mut Slot> {
        self.get_mut(viewer)?.viewer.slots.get_mut(slot.number())
    }

    /// Assigns a source to a slot, and keeps the lists of watchers in step. Returns whether the assignment is
    /// another one than before.
    pub(crate) fn assign(
        &mut self,
        viewer: DeviceIndex,
        place: SlotIndex,
        assignment: Option<Assignment>,
    ) -> bool {
        let Some(slot) = self.slot_mut(viewer, place) else {
            return false;
        };
        if slot.assignment == assignment {
            return false;
        }
        let before = slot.flow();
        slot.assign(assignment);
        let after = slot.flow();
        if let Some((sender, source, _)) = before
            && let Some(device) = self.by_handle(sender)
        {
            let watchers = &mut device.sources.of_mut(source).watchers;
            watchers.retain(|watcher| *watcher != (viewer, place));
        }
        if let Some((sender, source, _)) = after
            && let Some(device) = self.by_handle(sender)
        {
            device.sources.of_mut(source).watchers.push((viewer, place));
        }
        if let Some(device) = self.get_mut(viewer) {
            device.viewer.is_changed = true;
        }
        true
    }
}
