//! The way of a packet from its sender into the slots of those who watch.

use super::CallMedia;
use crate::{
    device::SourceState,
    indexes::{DeviceIndex, SlotIndex},
    input::Input,
    limits::Verdict,
    output::Refusal,
    packet::{IncomingPacket, OutgoingPacket},
    slot::Forwarding,
    source::Source,
    time::Moment,
};

impl CallMedia {
    /// Takes a packet that arrived at `now`. Returns the packets that it becomes; afterwards the caller polls
    /// for outputs.
    pub fn receive(&mut self, now: Moment, packet: &IncomingPacket) -> &[OutgoingPacket] {
        self.now = self.now.max(now);
        self.buffers.outgoing.clear();
        let was_due = self.deadline.is_some_and(|deadline| deadline <= self.now);
        if was_due {
            self.handle(now, Input::TimePassed);
        }
        if self.admit(packet) {
            self.forward(packet);
            let packets = self.buffers.outgoing.len() as u64;
            self.counts.forwarded_packets += packets;
            self.counts.forwarded_bytes += packets * packet.bytes as u64;
        }
        if self.stale.sounds || self.stale.pictures || self.stale.reports {
            self.settle();
        }
        &self.buffers.outgoing
    }

    /// Counts a packet, and notes its facts. Returns whether it may be forwarded.
    fn admit(&mut self, packet: &IncomingPacket) -> bool {
        let now = self.now;
        let IncomingPacket { from, source, .. } = *packet;
        let Some(device) = self
            .devices
            .by_handle(from)
            .filter(|device| device.is_connected)
        else {
            return false;
        };
        let state = device.sources.of_mut(source);
        if !state.is_open() {
            return false;
        }
        match state.meter.count(packet.bytes, now) {
            Verdict::Pass => {}
            Verdict::Throttle => {
                self.counts.throttled_packets += 1;
                return false;
            }
            Verdict::Drop => {
                self.counts.throttled_packets += 1;
                state.is_dropped = true;
                self.refuse(from.id, Refusal::OverLimit(source));
                self.update_speaker(from.index);
                return false;
            }
        }
        if !self.meter.count(source, packet.bytes, now) {
            self.counts.throttled_packets += 1;
            return false;
        }
        if source.is_video() {
            note_picture(state, packet, now);
        } else if let (Source::Audio, Some(level)) = (source, packet.level)
            && self.speakers.hear(from.index, level, now)
        {
            // The packet itself goes to those who begin to hear the sender by it.
            self.stale.sounds = true;
            self.settle();
        }
        true
    }

    /// Offers a packet to all slots in which its source is to travel.
    fn forward(&mut self, packet: &IncomingPacket) {
        let Some(sender) = self.devices.by_handle(packet.from) else {
            return;
        };
        // The list is taken out while the viewers change.
        let state = sender.sources.of_mut(packet.source);
        let watchers = core::mem::take(&mut state.watchers);
        for (viewer, slot) in &watchers {
            self.offer(packet, *viewer, *slot);
        }
        if let Some(sender) = self.devices.by_handle(packet.from) {
            sender.sources.of_mut(packet.source).watchers = watchers;
        }
    }

    fn offer(&mut self, packet: &IncomingPacket, index: DeviceIndex, place: SlotIndex) {
        let now = self.now;
        let Some(to) = self.devices.handle(index) else {
            return;
        };
        let Some(device) = self.devices.get_mut(index) else {
            return;
        };
        let viewer = &mut device.viewer;
        let Some(slot) = viewer.slots.get_mut(place.number()) else {
            return;
        };
        let was_flowing = slot.current.is_some();
        let slot_numbers = match slot.offer(packet, now) {
            Forwarding::Skip => return,
            Forwarding::Continue(numbers) => numbers,
            Forwarding::Begin(numbers) => {
                self.counts.layer_switches += u64::from(was_flowing);
                if packet.source.is_video() {
                    viewer.is_changed = true;
                    self.stale.reports = true;
                }
                let is_tried = viewer
                    .trial
                    .is_some_and(|trial| trial.slot == place && trial.layer == packet.layer);
                if is_tried {
                    viewer.downlink.receive_layer(now);
                }
                numbers
            }
        };
        self.buffers.outgoing.push(OutgoingPacket {
            to,
            slot: place,
            slot_numbers,
        });
    }

    pub(super) fn key_frame_missed(&mut self, id: anteroom_protocol::DemuxId, slot: SlotIndex) {
        let now = self.now;
        self.counts.missed_key_frames += 1;
        let Some((index, _)) = self.device_mut(id) else {
            return;
        };
        // In a pause nothing can be missed, and before the first key frame one has been asked for.
        let Some(slot) = self.devices.slot(index, slot) else {
            return;
        };
        let (Some((sender, source, layer)), Some(_)) = (slot.flow(), slot.current) else {
            return;
        };
        if let Some(device) = self.devices.by_handle(sender).filter(|_| source.is_video()) {
            let requests = &mut device.sources.of_mut(source).key_frames;
            requests.of_mut(layer).request(now);
        }
    }
}

/// Notes the facts of a packet of a picture. A new height is reported with the next look, so that a sender
/// that changes it with each packet costs nobody a message for each.
fn note_picture(state: &mut SourceState, packet: &IncomingPacket, now: Moment) {
    state.layers.record(packet.layer, packet.bytes, now);
    if let Some(size) = packet.key_frame {
        state.key_frames.of_mut(packet.layer).receive();
        state.layers.set_height(packet.layer, size.height);
    }
}
