//! One slot of a viewer: what is assigned to it, and the stream that travels in it.

use core::time::Duration;

use anteroom_protocol::DemuxId;

use crate::{
    device_handle::DeviceHandle,
    input::SlotKind,
    output::Pause,
    packet::IncomingPacket,
    rewriting::{SlotNumbers, SlotStream},
    source::{Layer, Source},
    time::Moment,
};

/// The minimum time between two switches of the layer in a slot.
pub(crate) const SWITCH_INTERVAL: Duration = Duration::from_secs(1);

/// A slot of a viewer.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) kind: SlotKind,
    pub(crate) stream: SlotStream,
    pub(crate) assignment: Option<Assignment>,
    /// The layer that travels.
    pub(crate) current: Option<Layer>,
    /// The moment of the last switch to a layer of the same source.
    switched: Option<Moment>,
}

/// The source that is assigned to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The device as it is named to the viewer.
    pub(crate) device: DemuxId,
    pub(crate) source: Source,
    pub(crate) state: AssignmentState,
}

/// Whether the source travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssignmentState {
    /// It is to travel, in this layer.
    Flow(DeviceHandle, Layer),
    /// It does not.
    Pause(Pause),
}

impl Assignment {
    /// Returns the sender and the layer, if the source is to travel.
    pub(crate) const fn flow(&self) -> Option<(DeviceHandle, Layer)> {
        match self.state {
            AssignmentState::Flow(sender, layer) => Some((sender, layer)),
            AssignmentState::Pause(_) => None,
        }
    }
}

/// The outcome of offering a packet to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarding {
    /// The packet begins a layer or a source in the slot.
    Begin(SlotNumbers),
    /// The packet continues what travels.
    Continue(SlotNumbers),
    /// The packet is not for the slot.
    Skip,
}

impl Slot {
    pub(crate) fn new(kind: SlotKind) -> Self {
        Self {
            kind,
            stream: SlotStream::default(),
            assignment: None,
            current: None,
            switched: None,
        }
    }

    /// Returns the sender, source and layer that are to travel.
    pub(crate) fn flow(&self) -> Option<(DeviceHandle, Source, Layer)> {
        let assignment = self.assignment?;
        let (sender, layer) = assignment.flow()?;
        Some((sender, assignment.source, layer))
    }

    /// Assigns a source. Another one than before, or none, ends what travels.
    pub(crate) fn assign(&mut self, assignment: Option<Assignment>) {
        let before = self.flow().map(|(sender, source, _)| (sender, source));
        self.assignment = assignment;
        let now = self.flow().map(|(sender, source, _)| (sender, source));
        if before != now {
            self.stream.pause();
            self.current = None;
            self.switched = None;
        }
    }

    /// Ends the layer that travels, since the link is full: what would still be sent of it keeps the key frame of
    /// the smaller one from arriving.
    pub(crate) const fn end_layer(&mut self) {
        self.stream.pause();
        self.current = None;
    }

    /// Returns the moment until which the layer stays, if it was switched less than a second ago.
    pub(crate) fn stays_until(&self, now: Moment) -> Option<Moment> {
        let end = self.switched.map(|at| at.plus(SWITCH_INTERVAL));
        end.filter(|end| now < *end)
    }

    /// Offers a packet of the assigned source.
    pub(crate) fn offer(&mut self, packet: &IncomingPacket, now: Moment) -> Forwarding {
        let Some((_, source, layer)) = self.flow() else {
            return Forwarding::Skip;
        };
        if packet.layer == layer && self.current != Some(layer) {
            // Sound begins with any packet.
            if source.is_video() && packet.key_frame.is_none() {
                return self.go_on(packet, now);
            }
            if self.current.is_some() {
                self.switched = Some(now);
            }
            self.current = Some(layer);
            return Forwarding::Begin(self.stream.switch(source, packet.numbers, now));
        }
        self.go_on(packet, now)
    }

    fn go_on(&mut self, packet: &IncomingPacket, now: Moment) -> Forwarding {
        if self.current != Some(packet.layer) {
            return Forwarding::Skip;
        }
        let forwarded = self.stream.forward(packet.numbers, now);
        forwarded.map_or(Forwarding::Skip, Forwarding::Continue)
    }
}
