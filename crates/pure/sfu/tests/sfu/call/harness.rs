//! A call's media with a clock, devices that are easy to name, and the outputs sorted by kind.

use std::collections::BTreeMap;

use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    CallMedia, IncomingPacket, OutgoingPacket,
    audio_level::AudioLevel,
    demand::Wanted,
    indexes::SlotIndex,
    input::{
        Codec, Connection, Input, MuteOrder, MuteTarget, Sending, SlotKind, Subject, View, Wish,
    },
    limits::MediaLimits,
    output::{Message, Output, Refusal, SlotState},
    rewriting::{PacketNumbers, SlotNumbers, Vp8Numbers},
    source::{Layer, PerSource, Source},
    time::Moment,
    vp8::PictureSize,
};

/// The slots of a connection of the harness: three for sound, one for a screen's sound, four for pictures.
pub(crate) const SLOTS: [SlotKind; 8] = [
    SlotKind::Audio,
    SlotKind::Audio,
    SlotKind::Audio,
    SlotKind::Audio,
    SlotKind::Video,
    SlotKind::Video,
    SlotKind::Video,
    SlotKind::Video,
];

/// The slot of the screen's sound, and the first slot of pictures.
pub(crate) const SCREEN_SOUND: usize = 3;
pub(crate) const FIRST_PICTURE: usize = 4;

/// The device of a small number.
pub(crate) fn id(number: u32) -> DemuxId {
    DemuxId::new(number * 16 + 16).unwrap()
}

/// The small number of a device.
pub(crate) fn number(id: DemuxId) -> u32 {
    id.number() / 16 - 1
}

/// A connection with layers of the camera, the screen and the sounds.
pub(crate) fn connection(camera_layers: u8, screen_layers: u8) -> Connection {
    let sending = |layers, codec| Some(Sending { layers, codec });
    Connection {
        slots: SLOTS.to_vec(),
        sources: PerSource {
            audio: sending(1, Codec::Opus),
            camera: sending(camera_layers, Codec::Vp8),
            screen: sending(screen_layers, Codec::Vp8),
            screen_audio: sending(1, Codec::Opus),
        },
        decodes: vec![Codec::Opus, Codec::Vp8],
    }
}

pub(crate) const EVERYTHING: PerSource<bool> = PerSource {
    audio: true,
    camera: true,
    screen: true,
    screen_audio: true,
};

/// A wish for a device's source in the slot of this number.
pub(crate) fn wish(slot: usize, device: u32, source: Source, height: u16) -> Wish {
    Wish {
        slot: SlotIndex::new(slot),
        subject: Subject::Device(id(device)),
        source,
        height,
    }
}

/// Limits that nobody reaches.
pub(crate) fn no_limits() -> MediaLimits {
    let mut limits = MediaLimits {
        call_bits: u64::from(u32::MAX) * 1_000,
        ..MediaLimits::default()
    };
    for source in Source::ALL {
        limits.sources.of_mut(source).bits = u64::from(u32::MAX);
        limits.sources.of_mut(source).packets = u64::from(u32::MAX);
    }
    limits
}

/// The call under test.
pub(crate) struct Call {
    pub(crate) media: CallMedia,
    pub(crate) micros: u64,
    /// The state of the slots as each device was told it last.
    pub(crate) slots: BTreeMap<u32, Vec<SlotState>>,
    /// The states of slots, with the microsecond and the device.
    pub(crate) slot_log: Vec<(u64, u32, Vec<SlotState>)>,
    /// The packets that were received: the viewer, the slot, and the sequence number.
    pub(crate) received: Vec<(u32, usize, u64)>,
    /// The demand as each device was told it last.
    pub(crate) wanted: BTreeMap<u32, Wanted>,
    /// The lists of speakers, oldest first.
    pub(crate) speakers: Vec<Vec<u32>>,
    /// Orders of admins, as the device, the source and the order.
    pub(crate) muted: Vec<(u32, Source, MuteOrder)>,
    pub(crate) refusals: Vec<(u32, Refusal)>,
    /// Requests for key frames, as the sender, the source and the layer.
    pub(crate) key_frames: Vec<(u32, Source, Layer)>,
    pub(crate) deadline: Option<Moment>,
    /// The last sequence number of each device's source and layer.
    sequences: BTreeMap<(u32, Source, Layer), u64>,
}

impl Call {
    pub(crate) fn new(limits: MediaLimits) -> Self {
        Self {
            media: CallMedia::new(limits),
            micros: 1_000_000,
            slots: BTreeMap::new(),
            slot_log: Vec::new(),
            received: Vec::new(),
            wanted: BTreeMap::new(),
            speakers: Vec::new(),
            muted: Vec::new(),
            refusals: Vec::new(),
            key_frames: Vec::new(),
            deadline: None,
            sequences: BTreeMap::new(),
        }
    }

    /// A call of devices of different users who are connected, publish everything, and have bandwidth.
    pub(crate) fn of(devices: u32) -> Self {
        let mut call = Self::new(no_limits());
        for device in 0..devices {
            call.join(device);
        }
        call
    }

    pub(crate) fn join(&mut self, device: u32) {
        self.activate(device, device);
        self.connect(device, connection(3, 2));
        self.publish(device, EVERYTHING);
        self.estimate(device, 1_000_000_000);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_micros(self.micros)
    }

    pub(crate) fn handle(&mut self, input: Input) {
        let now = self.now();
        self.media.handle(now, input);
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        loop {
            match self.media.poll_output() {
                Output::Send { to, message } => {
                    let to = number(to);
                    match message {
                        Message::Slots(slots) => {
                            self.slot_log.push((self.micros, to, slots.clone()));
                            self.slots.insert(to, slots);
                        }
                        Message::Send(wanted) => {
                            self.wanted.insert(to, wanted);
                        }
                        Message::Muted { source, order, .. } => {
                            self.muted.push((to, source, order));
                        }
                        Message::Refused(refusal) => self.refusals.push((to, refusal)),
                    }
                }
                Output::Speakers(speakers) => {
                    self.speakers
                        .push(speakers.into_iter().map(number).collect());
                }
                Output::RequestKeyFrame {
                    from,
                    source,
                    layer,
                } => {
                    self.key_frames.push((number(from.device()), source, layer));
                }
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    /// Lets the time pass, with all deadlines in between.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.micros + millis * 1_000;
        while let Some(next) = self.deadline.filter(|next| next.as_micros() <= end) {
            assert!(
                next.as_micros() > self.micros || self.media_moves(next),
                "stuck at {next:?}"
            );
            self.micros = self.micros.max(next.as_micros());
            self.handle(Input::TimePassed);
        }
        self.micros = end;
        self.handle(Input::TimePassed);
    }

    /// Returns whether handling a deadline that is due leads to a later one.
    fn media_moves(&mut self, deadline: Moment) -> bool {
        self.handle(Input::TimePassed);
        self.deadline
            .is_none_or(|next| next > deadline && next > self.now())
    }

    pub(crate) fn activate(&mut self, device: u32, user: u32) {
        let user = OpaqueUserId::parse(&format!("{user:02x}")).unwrap();
        self.handle(Input::Activate {
            device: id(device),
            user,
        });
    }

    pub(crate) fn deactivate(&mut self, device: u32) {
        self.handle(Input::Deactivate(id(device)));
        self.slots.remove(&device);
        self.wanted.remove(&device);
    }

    pub(crate) fn connect(&mut self, device: u32, connection: Connection) {
        self.slots.remove(&device);
        self.wanted.remove(&device);
        self.handle(Input::Connect {
            device: id(device),
            connection,
        });
    }

    pub(crate) fn publish(&mut self, device: u32, sources: PerSource<bool>) {
        self.handle(Input::Publish {
            device: id(device),
            sources,
        });
    }

    pub(crate) fn view(&mut self, device: u32, wishes: &[Wish]) {
        self.view_without(device, wishes, &[]);
    }

    pub(crate) fn view_without(&mut self, device: u32, wishes: &[Wish], without: &[u32]) {
        let view = View {
            wishes: wishes.to_vec(),
            audio_without: without.iter().copied().map(id).collect(),
        };
        self.handle(Input::View {
            device: id(device),
            view,
        });
    }

    pub(crate) fn estimate(&mut self, device: u32, bits: u64) {
        self.handle(Input::Estimate {
            device: id(device),
            bits,
        });
    }

    pub(crate) fn mute(&mut self, by: u32, device: u32, source: Source, order: MuteOrder) {
        self.handle(Input::Mute {
            by: id(by),
            target: MuteTarget::One(id(device)),
            source,
            order,
        });
    }

    /// Makes a packet with the next sequence number. `None`: the device is not active.
    pub(crate) fn packet(
        &mut self,
        device: u32,
        source: Source,
        layer: Layer,
    ) -> Option<IncomingPacket> {
        let from = self.media.handle_of(id(device))?;
        let sequence = self.sequences.entry((device, source, layer)).or_insert(500);
        *sequence += 1;
        Some(IncomingPacket {
            from,
            source,
            layer,
            bytes: 1_000,
            level: (source == Source::Audio).then_some(AudioLevel::from_dbov(-90)),
            key_frame: None,
            numbers: PacketNumbers {
                sequence: *sequence,
                timestamp: 7,
                vp8: Vp8Numbers::default(),
            },
        })
    }

    pub(crate) fn receive(&mut self, packet: &IncomingPacket) -> Vec<OutgoingPacket> {
        let now = self.now();
        let outgoing = self.media.receive(now, packet).to_vec();
        self.received.extend(outgoing.iter().map(|packet| {
            let sequence = packet.slot_numbers.numbers.sequence;
            (number(packet.to.device()), packet.slot.number(), sequence)
        }));
        self.drain();
        outgoing
    }

    /// Sends a packet, of pictures the first one of a key frame. Returns who receives it in which slot, with
    /// the numbers.
    pub(crate) fn begin(
        &mut self,
        device: u32,
        source: Source,
        layer: Layer,
    ) -> Vec<(u32, usize, SlotNumbers)> {
        let Some(mut packet) = self.packet(device, source, layer) else {
            return Vec::new();
        };
        let height = 180 << (layer.count() - 1);
        packet.key_frame = source.is_video().then_some(PictureSize {
            width: height * 2,
            height,
        });
        sorted(self.receive(&packet))
    }

    /// Sends a packet that begins nothing.
    pub(crate) fn go_on(
        &mut self,
        device: u32,
        source: Source,
        layer: Layer,
    ) -> Vec<(u32, usize, SlotNumbers)> {
        let Some(packet) = self.packet(device, source, layer) else {
            return Vec::new();
        };
        sorted(self.receive(&packet))
    }

    /// Lets a device talk for a while after a silence.
    pub(crate) fn talk(&mut self, device: u32, millis: u64) {
        for packet in 0..millis / 20 {
            self.pass(20);
            let level = if packet >= 25 && packet % 8 < 6 {
                -30
            } else {
                -90
            };
            if let Some(mut packet) = self.packet(device, Source::Audio, Layer::Low) {
                packet.level = Some(AudioLevel::from_dbov(level));
                self.receive(&packet);
            }
        }
    }

    /// The state of a slot as the device knows it.
    pub(crate) fn slot(&self, device: u32, slot: usize) -> Option<SlotState> {
        let slots = self.slots.get(&device)?;
        slots
            .iter()
            .copied()
            .find(|state| state.slot.number() == slot)
    }
}

fn sorted(outgoing: Vec<OutgoingPacket>) -> Vec<(u32, usize, SlotNumbers)> {
    let mut list: Vec<_> = outgoing
        .into_iter()
        .map(|packet| {
            (
                number(packet.to.device()),
                packet.slot.number(),
                packet.slot_numbers,
            )
        })
        .collect();
    list.sort_by_key(|(viewer, slot, _)| (*viewer, *slot));
    list
}

/// Returns the viewers and slots of outgoing packets.
pub(crate) fn places(outgoing: &[(u32, usize, SlotNumbers)]) -> Vec<(u32, usize)> {
    outgoing
        .iter()
        .map(|(viewer, slot, _)| (*viewer, *slot))
        .collect()
}

/// Lets the senders send all layers that are wanted of their cameras for a while: key frames when they are
/// asked for, and a packet of each layer every 20 ms, of the bitrates that are usual.
pub(crate) fn send(call: &mut Call, senders: &[u32], millis: u64) -> Vec<(u32, usize, Layer, u64)> {
    let mut received = Vec::new();
    for _ in 0..millis / 20 {
        call.pass(20);
        for sender in senders {
            let wanted = call
                .wanted
                .get(sender)
                .map_or(3, |wanted| wanted.camera_layers);
            for layer in Layer::ALL
                .into_iter()
                .filter(|layer| layer.count() <= wanted)
            {
                let asked = call.key_frames.len();
                call.key_frames
                    .retain(|one| *one != (*sender, Source::Camera, layer));
                let is_key_frame = call.key_frames.len() < asked;
                let Some(mut packet) = call.packet(*sender, Source::Camera, layer) else {
                    continue;
                };
                packet.bytes = match layer {
                    Layer::Low => 375,
                    Layer::Middle => 1_250,
                    Layer::High => 3_750,
                };
                packet.key_frame = is_key_frame.then_some(PictureSize {
                    width: 320 << (layer.count() - 1),
                    height: 180 << (layer.count() - 1),
                });
                for one in call.receive(&packet) {
                    let to = number(one.to.device());
                    received.push((
                        to,
                        one.slot.number(),
                        layer,
                        one.slot_numbers.numbers.sequence,
                    ));
                }
            }
        }
    }
    received
}

/// Returns the height that travels in a slot.
pub(crate) fn height(call: &Call, viewer: u32, slot: usize) -> Option<u16> {
    call.slot(viewer, slot).and_then(|state| state.height)
}
