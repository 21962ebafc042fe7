//! The media of one call: inputs, packets and outputs.

mod audio;
mod bandwidth;
mod connections;
mod deadlines;
mod demands;
mod forwarding;
mod orders;
mod reports;
mod video;

use core::time::Duration;
use std::collections::VecDeque;

use anteroom_protocol::DemuxId;

use crate::{
    allocation::{Allocation, Picture},
    demand::Wanted,
    device_handle::DeviceHandle,
    devices::Devices,
    downlink::TrialPermit,
    indexes::{DeviceIndex, SlotIndex},
    input::Input,
    limits::{CallMeter, MediaLimits},
    measurements::SfuCounts,
    output::{Message, Output, Refusal},
    packet::OutgoingPacket,
    source::{Layer, Source},
    speaker::Speakers,
    time::Moment,
};

/// The time between two looks at bitrates, while pictures travel.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// The media of one call. The crate's documentation has the contract.
#[derive(Debug)]
pub struct CallMedia {
    limits: MediaLimits,
    /// The largest layer that may travel.
    largest: Layer,
    meter: CallMeter,
    devices: Devices,
    speakers: Speakers,
    /// The order of the speakers for pictures, which changes once a second at most.
    speaker_order: Vec<DeviceIndex>,
    /// The moment of the last change of that order.
    ordered: Option<Moment>,
    permit: TrialPermit,
    now: Moment,
    /// The next moment at which bitrates and layers are looked at again.
    next_look: Moment,
    deadline: Option<Moment>,
    outputs: VecDeque<Output>,
    stale: Stale,
    buffers: Buffers,
    counts: SfuCounts,
}

/// The decisions that are to be made again.
#[derive(Debug, Default)]
struct Stale {
    /// Those about the sounds of all viewers.
    sounds: bool,
    /// Those about the pictures of all viewers.
    pictures: bool,
    /// Those about these viewers.
    viewers: Vec<DeviceIndex>,
    /// Those about the demand.
    demand: bool,
    /// Something is to be reported.
    reports: bool,
}

impl Stale {
    const fn mark_all(&mut self) {
        self.sounds = true;
        self.pictures = true;
        self.demand = true;
    }
}

/// Buffers that are used again.
#[derive(Debug, Default)]
struct Buffers {
    outgoing: Vec<OutgoingPacket>,
    pictures: Vec<Picture>,
    pictured: Vec<Pictured>,
    allocation: Allocation,
    watched: Vec<Wanted>,
}

/// A picture that a viewer may be sent.
#[derive(Clone, Copy, Debug)]
struct Pictured {
    slot: SlotIndex,
    sender: DeviceHandle,
    source: Source,
}

impl CallMedia {
    /// Creates the media of a call without devices.
    #[must_use]
    pub fn new(limits: MediaLimits) -> Self {
        Self {
            limits,
            largest: Layer::High,
            meter: CallMeter::new(&limits),
            devices: Devices::default(),
            speakers: Speakers::default(),
            speaker_order: Vec::new(),
            ordered: None,
            permit: TrialPermit::default(),
            now: Moment::default(),
            next_look: Moment::default(),
            deadline: None,
            outputs: VecDeque::new(),
            stale: Stale::default(),
            buffers: Buffers::default(),
            counts: SfuCounts::default(),
        }
    }

    /// Handles an input that arrived at `now`. A moment before that of an earlier input counts as that one.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = self.now.max(now);
        self.advance();
        match input {
            Input::Activate { device, user } => {
                if self.devices.index_of(device).is_none() {
                    self.devices.add(device, user, &self.limits);
                }
            }
            Input::Deactivate(device) => self.deactivate(device),
            Input::Connect { device, connection } => self.connect(device, connection),
            Input::AddSlots { device, slots } => self.add_slots(device, &slots),
            Input::Disconnect(device) => self.disconnect(device),
            Input::View { device, view } => self.view(device, view),
            Input::Publish { device, sources } => self.publish(device, sources),
            Input::Mute {
                by,
                target,
                source,
                order,
            } => self.mute(by, &target, source, order),
            Input::Estimate { device, bits } => self.estimate(device, bits),
            Input::Loss {
                device,
                thousandths,
            } => self.loss(device, thousandths),
            Input::KeyFrameMissed { device, slot } => self.key_frame_missed(device, slot),
            Input::Largest(layer) => {
                self.largest = layer;
                self.stale.mark_all();
            }
            Input::TimePassed => {}
        }
        self.settle();
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> Output {
        let wait = Output::Wait(self.deadline);
        self.outputs.pop_front().unwrap_or(wait)
    }

    /// Returns the handle of an active device, for its packets.
    #[must_use]
    pub fn handle_of(&self, device: DemuxId) -> Option<DeviceHandle> {
        self.devices.handle(self.devices.index_of(device)?)
    }

    /// Returns the counts since the last time.
    pub const fn take_counts(&mut self) -> SfuCounts {
        self.counts.take()
    }

    /// Counts an offer of a device. Returns whether it may be answered; a device that is not active may not.
    pub fn may_offer(&mut self, device: DemuxId, now: Moment) -> bool {
        let index = self.devices.index_of(device);
        let device = index.and_then(|index| self.devices.get_mut(index));
        device.is_some_and(|device| device.requests.offer(now))
    }

    /// Lets the time pass until now.
    fn advance(&mut self) {
        let may_order = self.next_order().is_some_and(|next| next <= self.now);
        if self.speakers.advance(self.now) || may_order {
            self.stale.sounds = true;
        }
        if self.now >= self.next_look {
            self.stale.pictures = true;
        }
        self.advance_trials();
    }

    /// Makes all decisions again that are stale.
    fn settle(&mut self) {
        if self.stale.sounds {
            self.order_speakers();
            self.for_all(Self::assign_sounds);
        }
        if self.stale.pictures {
            self.next_look = self.now.plus(LOOK_INTERVAL);
            self.for_all(Self::assign_pictures);
        }
        let mut viewers = core::mem::take(&mut self.stale.viewers);
        for viewer in viewers.drain(..) {
            self.assign_sounds(viewer);
            self.assign_pictures(viewer);
        }
        self.stale = Stale {
            viewers,
            demand: self.stale.demand,
            ..Stale::default()
        };
        self.tell_demand();
        self.request_key_frames();
        self.report();
        self.deadline = self.next_deadline();
    }

    fn for_all(&mut self, decide: impl Fn(&mut Self, DeviceIndex)) {
        for number in 0..self.devices.places() {
            decide(self, DeviceIndex::new(number));
        }
    }

    fn send(&mut self, to: DemuxId, message: Message) {
        self.outputs.push_back(Output::Send { to, message });
    }

    fn refuse(&mut self, to: DemuxId, refusal: Refusal) {
        self.send(to, Message::Refused(refusal));
    }
}
