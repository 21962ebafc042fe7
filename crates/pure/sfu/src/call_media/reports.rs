//! Reports of slots and speakers.

use super::CallMedia;
use crate::{
    device::Device,
    indexes::{DeviceIndex, SlotIndex},
    output::{Message, Output, SlotState},
    slot::AssignmentState,
};

impl CallMedia {
    /// Reports the slots that have changed, and the speakers.
    pub(super) fn report(&mut self) {
        self.for_all(Self::report_slots);
        let devices = &self.devices;
        if let Some(speakers) = self.speakers.report(self.now) {
            let devices = speakers.iter().filter_map(|index| devices.get(*index));
            let speakers = devices.map(|device| device.id).collect();
            self.outputs.push_back(Output::Speakers(speakers));
        }
    }

    fn report_slots(&mut self, index: DeviceIndex) {
        let Some(device) = self
            .devices
            .get(index)
            .filter(|device| device.viewer.is_changed)
        else {
            return;
        };
        let states: Vec<SlotState> = self.states(device).collect();
        let Some(device) = self.devices.get_mut(index) else {
            return;
        };
        device.viewer.is_changed = false;
        if device.viewer.reported != states {
            device.viewer.reported.clone_from(&states);
            let to = device.id;
            self.send(to, Message::Slots(states));
        }
    }

    fn states<'a>(&'a self, device: &'a Device) -> impl Iterator<Item = SlotState> + 'a {
        let slots = (0..).map(SlotIndex::new).zip(&device.viewer.slots);
        slots.filter_map(|(place, slot)| {
            let assignment = slot.assignment?;
            let (pause, height) = match assignment.state {
                AssignmentState::Pause(pause) => (Some(pause), None),
                AssignmentState::Flow(sender, _) => {
                    let travels = slot.current.filter(|_| assignment.source.is_video());
                    let sender = self.devices.get(sender.index).zip(travels);
                    let height = sender.map(|(sender, layer)| {
                        sender.sources.of(assignment.source).layers.height(layer)
                    });
                    (None, height)
                }
            };
            Some(SlotState {
                slot: place,
                device: assignment.device,
                source: assignment.source,
                pause,
                height,
            })
        })
    }
}
