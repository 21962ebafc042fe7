//! A call's media over the connections of its devices: [`CallMedia`] decides, str0m carries out.

mod offers;
mod paths;

use std::{collections::VecDeque, time::Instant};

use anteroom_protocol::DemuxId;
use str0m::{
    Event, IceConnectionState,
    bwe::BweKind,
    media::Mid,
    net::{Receive, Transmit},
    rtp::RtpPacket,
};

use crate::{
    CallMedia, DeviceHandle, IncomingPacket, SfuSettings,
    indexes::{DeviceIndex, SlotIndex},
    input::Input,
    measurements::{Measurement, SfuCounts},
    output::Output,
    path::Path,
    peer::Peer,
    source::{Layer, Source},
    time::Moment,
};

pub use self::offers::{AnsweredOffer, OfferKind};

/// An output of a call's media.
#[derive(Debug)]
pub enum SfuOutput {
    /// Send a datagram for a device.
    Transmit {
        /// The device.
        to: DemuxId,
        /// The datagram with its addresses.
        datagram: Transmit,
    },
    /// Send messages of the call's media.
    Call(Output),
    /// A connection has ended: nothing more is sent for it.
    End {
        /// The device.
        device: DemuxId,
        /// The number that [`Sfu::attach`] gave the connection.
        connection: u64,
    },
    /// There are no more outputs. Call [`Sfu::pass_time`] at this moment, unless something else comes first.
    Wait(Option<Instant>),
}

/// A call's media over the connections of its devices.
///
/// 1. [`Self::handle`] takes what happens in the call, [`Self::offer`] the offer of a device, and
///    [`Self::receive`] a datagram from it. The first offer of a connection takes milliseconds: it can be answered
///    elsewhere, between [`Self::admit_offer`] and [`Self::attach`], and a later one read there.
/// 2. After as many of them as there are, [`Self::flush`] gives the packets that they have become to the
///    connections, and [`Self::poll_output`] is called until it says to wait.
pub struct Sfu {
    media: CallMedia,
    /// The connections, by the index of the device, with the device.
    peers: Vec<Option<(DemuxId, Peer)>>,
    settings: SfuSettings,
    start: Instant,
    outputs: VecDeque<SfuOutput>,
    /// The devices whose connections have something to send.
    dirty: Vec<DeviceIndex>,
    spare: Vec<DeviceIndex>,
    /// The key frames that senders are to be asked for.
    key_frames: Vec<(DeviceHandle, Source, Layer)>,
    /// The number of the newest connection.
    newest_connection: u64,
}

impl Sfu {
    /// Creates the media of a call without devices.
    #[must_use]
    pub fn new(settings: SfuSettings, start: Instant) -> Self {
        Self {
            media: CallMedia::new(settings.limits),
            peers: Vec::new(),
            settings,
            start,
            outputs: VecDeque::new(),
            dirty: Vec::new(),
            spare: Vec::new(),
            key_frames: Vec::new(),
            newest_connection: 0,
        }
    }

    /// Handles an input of the call. Connections are none: they come by [`Self::offer`] and end by themselves.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let ends = match &input {
            Input::Deactivate(device) | Input::Disconnect(device) => Some(*device),
            _ => None,
        };
        if let Some(device) = ends {
            self.close(device);
        }
        self.media.handle(self.moment(now), input);
        self.take_outputs();
    }

    /// Takes a datagram that came over a path for the connection of a device.
    pub fn receive(&mut self, now: Instant, device: DemuxId, path: Path, bytes: &[u8]) {
        let moment = self.moment(now);
        let Some(handle) = self.media.handle_of(device) else {
            return;
        };
        let Some((_, peer)) = self.peer_mut(handle) else {
            return;
        };
        if !peer.limits.receive(bytes, moment) {
            return;
        }
        let Ok(datagram) = Receive::new(path.protocol, path.remote, path.local, bytes) else {
            return;
        };
        // The connection has room for one packet, so it is drained after each datagram.
        // Anybody can send a datagram from any address: one that is refused ends nothing.
        let _refused = peer.rtc.handle_input(str0m::Input::Receive(now, datagram));
        let is_alive = peer.rtc.is_alive();
        self.drain(handle, now, is_alive);
    }

    /// Lets the time pass for the call and for the connections that wait for it.
    pub fn pass_time(&mut self, now: Instant) {
        self.media.handle(self.moment(now), Input::TimePassed);
        self.take_outputs();
        let peers = (0..).map(DeviceIndex::new).zip(&self.peers);
        let due =
            peers.filter(|(_, peer)| peer.as_ref().is_some_and(|(_, peer)| peer.timeout <= now));
        self.dirty.extend(due.map(|(index, _)| index));
        self.end_unproven(now);
        self.flush(now);
    }

    /// Gives the packets that have been written to the connections.
    pub fn flush(&mut self, now: Instant) {
        for (from, source, layer) in core::mem::take(&mut self.key_frames) {
            if let Some((_, peer)) = self.peer_mut(from) {
                peer.request_key_frame(source, layer);
                self.dirty.push(from.index);
            }
        }
        // Two lists are used in turn, so that none is made anew.
        let spare = core::mem::take(&mut self.spare);
        let mut dirty = core::mem::replace(&mut self.dirty, spare);
        dirty.sort_unstable();
        dirty.dedup();
        for index in dirty.drain(..) {
            let Some(Some((id, peer))) = self.peers.get_mut(index.number()) else {
                continue;
            };
            let handle = DeviceHandle { index, id: *id };
            let is_alive = peer.rtc.handle_input(str0m::Input::Timeout(now));
            self.drain(handle, now, is_alive.is_ok());
        }
        self.spare = dirty;
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> SfuOutput {
        let next = self.outputs.pop_front();
        next.unwrap_or_else(|| SfuOutput::Wait(self.deadline()))
    }

    /// Returns the counts since the last time.
    pub const fn take_counts(&mut self) -> SfuCounts {
        self.media.take_counts()
    }

    /// Returns what connections have measured since the last time: a few hundred at most.
    pub fn take_measurements(&mut self) -> impl Iterator<Item = Measurement> + '_ {
        self.media.take_measurements()
    }

    /// Returns the slot of an m-line of a device, by the name that its offer has for it.
    #[must_use]
    pub fn slot_of(&self, device: DemuxId, mid: &str) -> Option<SlotIndex> {
        self.peer(device)?.slot_of(Mid::from(mid))
    }

    /// Returns the name of the m-line of a slot.
    #[must_use]
    pub fn mid_of(&self, device: DemuxId, slot: SlotIndex) -> Option<String> {
        Some(self.peer(device)?.mid_of(slot)?.to_string())
    }

    fn peer(&self, device: DemuxId) -> Option<&Peer> {
        let mut peers = self.peers.iter().flatten();
        let found = peers.find(|(id, _)| *id == device);
        found.map(|(_, peer)| peer)
    }

    fn peer_mut(&mut self, handle: DeviceHandle) -> Option<&mut (DemuxId, Peer)> {
        let peer = self.peers.get_mut(handle.index.number())?.as_mut()?;
        (peer.0 == handle.id).then_some(peer)
    }

    /// Ends a connection in this step: not even what waits is sent.
    fn close(&mut self, device: DemuxId) {
        let mut ended = None;
        for place in &mut self.peers {
            if let Some((_, peer)) = place.take_if(|(id, _)| *id == device) {
                ended = Some(peer.number);
            }
        }
        self.outputs.retain(|output| match output {
            SfuOutput::Transmit { to, .. } => *to != device,
            _ => true,
        });
        let end = ended.map(|connection| SfuOutput::End { device, connection });
        self.outputs.extend(end);
    }

    /// Takes all that a connection has to say.
    fn drain(&mut self, handle: DeviceHandle, now: Instant, is_alive: bool) {
        let moment = self.moment(now);
        let mut is_alive = is_alive;
        while is_alive {
            let Some((_, peer)) = self.peer_mut(handle) else {
                return;
            };
            match peer.rtc.poll_output() {
                Ok(str0m::Output::Timeout(at)) => {
                    peer.timeout = at;
                    let loss = peer.loss.take();
                    return self.take_loss(handle.id, loss, now);
                }
                Ok(str0m::Output::Transmit(datagram)) => {
                    is_alive = peer.limits.send(datagram.contents.len(), moment);
                    let to = handle.id;
                    self.outputs.push_back(SfuOutput::Transmit { to, datagram });
                }
                Ok(str0m::Output::Event(event)) => is_alive = self.take_event(handle, event, now),
                Err(_) => is_alive = false,
            }
        }
        self.handle(now, Input::Disconnect(handle.id));
    }

    /// Takes the loss that a device has reported.
    fn take_loss(&mut self, device: DemuxId, loss: Option<u32>, now: Instant) {
        if let Some(thousandths) = loss {
            let input = Input::Loss {
                device,
                thousandths,
            };
            self.media.handle(self.moment(now), input);
            self.take_outputs();
        }
    }

    /// Takes an event of a connection. Returns whether the connection goes on.
    fn take_event(&mut self, handle: DeviceHandle, event: Event, now: Instant) -> bool {
        self.measure_round_trip(&event);
        let device = handle.id;
        let input = match event {
            Event::RtpPacket(packet) => {
                self.forward(handle, &packet, now);
                return true;
            }
            Event::Connected => {
                let connection = self.peer_mut(handle).map(|(_, peer)| peer.begin());
                connection.map(|connection| Input::Connect { device, connection })
            }
            Event::MediaAdded(_) => {
                if let Some((_, peer)) = self.peer_mut(handle) {
                    peer.find_streams();
                }
                None
            }
            Event::KeyframeRequest(request) => {
                let peer = self.peer_mut(handle);
                let slot = peer.and_then(|(_, peer)| peer.slot_of(request.mid));
                slot.map(|slot| Input::KeyFrameMissed { device, slot })
            }
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                let bits = estimate.as_u64();
                Some(Input::Estimate { device, bits })
            }
            Event::MediaEgressStats(statistics) => {
                if let Some((_, peer)) = self.peer_mut(handle) {
                    peer.take_statistics(&statistics);
                }
                None
            }
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) => {
                if let Some((_, peer)) = self.peer_mut(handle) {
                    peer.proof_due = None;
                }
                None
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                // A connection that has not worked yet may still do.
                return self
                    .peer_mut(handle)
                    .is_some_and(|(_, peer)| !peer.has_begun);
            }
            Event::Closed => return false,
            _ => None,
        };
        if let Some(input) = input {
            self.media.handle(self.moment(now), input);
            self.take_outputs();
        }
        true
    }

    /// Measures the time of a check of a path and its answer, which each connection makes now and then.
    fn measure_round_trip(&mut self, event: &Event) {
        let Event::PeerStats(statistics) = event else {
            return;
        };
        let pair = statistics.selected_candidate_pair.as_ref();
        if let Some(time) = pair.and_then(|pair| pair.current_round_trip_time) {
            self.media.measure(Measurement::RoundTrip(time));
        }
    }

    /// Forwards a packet to all who watch its source.
    fn forward(&mut self, from: DeviceHandle, packet: &RtpPacket, now: Instant) {
        let moment = self.moment(now);
        let ssrc = packet.header.ssrc;
        let stream = self.peer_mut(from).and_then(|(_, peer)| {
            if let Some(number) = packet.header.ext_vals.transport_cc {
                peer.limits.verify(number);
            }
            peer.stream(ssrc)
        });
        let incoming = stream.and_then(|(source, layer)| {
            // A picture whose first bytes are not as they must be is nothing that anybody can show.
            IncomingPacket::read(from, source, layer, packet)
        });
        let Some(incoming) = incoming else { return };
        for outgoing in self.media.receive(moment, &incoming) {
            let index = outgoing.to.index;
            let peer = self.peers.get_mut(index.number()).and_then(Option::as_mut);
            if let Some((_, peer)) = peer.filter(|(id, _)| *id == outgoing.to.id) {
                peer.write(outgoing.slot, packet, &outgoing.slot_numbers);
                self.dirty.push(index);
            }
        }
        self.take_outputs();
    }

    /// Takes the outputs of the call.
    fn take_outputs(&mut self) {
        loop {
            match self.media.poll_output() {
                Output::Wait(_) => return,
                Output::RequestKeyFrame {
                    from,
                    source,
                    layer,
                } => self.key_frames.push((from, source, layer)),
                output => self.outputs.push_back(SfuOutput::Call(output)),
            }
        }
    }

    fn deadline(&mut self) -> Option<Instant> {
        let call = match self.media.poll_output() {
            Output::Wait(moment) => moment.map(|moment| self.instant(moment)),
            _ => None,
        };
        let peers = self.peers.iter().flatten();
        let proofs = peers.clone().filter_map(|(_, peer)| peer.proof_due);
        let peers = peers.map(|(_, peer)| peer.timeout);
        peers.chain(proofs).chain(call).min()
    }

    fn moment(&self, now: Instant) -> Moment {
        let passed = now.saturating_duration_since(self.start);
        Moment::default().plus(passed)
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.start + moment.since(Moment::default())
    }
}
