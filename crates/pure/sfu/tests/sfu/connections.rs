//! Devices over real connections, in memory and with a clock of its own: offers and answers, sound and
//! pictures in their slots, requests for key frames, estimates, and the end of a seat.

use core::net::SocketAddr;
use std::time::{Duration, Instant};

use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    OfferError, Sfu, SfuOutput,
    description::LineError,
    indexes::SlotIndex,
    input::{Input, Subject, View, Wish},
    limits::MediaLimits,
    output::{Message, Output, SlotState},
    source::{PerSource, Source},
};
use str0m::{
    Candidate, Event, Rtc,
    bwe::Bitrate,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpPacket, RtpWrite},
};

/// A device with a connection to the call.
struct Client {
    id: DemuxId,
    rtc: Rtc,
    address: SocketAddr,
    audio: Mid,
    camera: Mid,
    /// The m-lines of its slots: two for sound, two for pictures.
    slots: Vec<Mid>,
    packets: Vec<RtpPacket>,
    key_frame_requests: usize,
    sequence: u64,
    /// The slots as the call has told them.
    told: Vec<SlotState>,
    datagrams: usize,
}

/// A call, its devices, and the time.
struct Network {
    sfu: Sfu,
    clients: Vec<Client>,
    now: Instant,
    /// Bytes that somebody else sends from the address of the newest device in each step.
    forgeries: Vec<Vec<u8>>,
}

const SERVER: &str = "192.0.2.1:4000";

impl Network {
    fn new() -> Self {
        let now = Instant::now();
        let addresses = vec![SERVER.parse().unwrap()];
        Self {
            sfu: Sfu::new(MediaLimits::default(), addresses, now),
            clients: Vec::new(),
            now,
            forgeries: Vec::new(),
        }
    }

    /// Lets a device join and connect.
    fn join(&mut self) -> usize {
        self.join_with(None)
    }

    /// Lets a device join and connect, with these layers of its camera.
    fn join_with(&mut self, layers: Option<Simulcast>) -> usize {
        let number = self.clients.len();
        let device = DemuxId::new(u32::try_from(number).unwrap() * 16 + 16).unwrap();
        let user = OpaqueUserId::parse(&format!("{number:02x}")).unwrap();
        self.sfu.handle(self.now, Input::Activate { device, user });
        let address = format!("192.0.2.2:{}", 5_000 + number).parse().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut api = rtc.sdp_api();
        let audio = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, layers);
        let kinds = [
            MediaKind::Audio,
            MediaKind::Audio,
            MediaKind::Video,
            MediaKind::Video,
        ];
        let slots = kinds.map(|kind| api.add_media(kind, Direction::RecvOnly, None, None, None));
        let (offer, pending) = api.apply().unwrap();
        let answer = self
            .sfu
            .offer(self.now, device, &offer.to_sdp_string())
            .unwrap();
        check_answer(&answer);
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        self.clients.push(Client {
            id: device,
            rtc,
            address,
            audio,
            camera,
            slots: slots.to_vec(),
            packets: Vec::new(),
            key_frame_requests: 0,
            sequence: 0,
            told: Vec::new(),
            datagrams: 0,
        });
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        self.sfu
            .handle(self.now, Input::Publish { device, sources });
        self.run_until("connected", |network| {
            network.clients[number].rtc.is_connected()
        });
        self.run(500);
        number
    }

    /// Lets time pass until something has come, ten seconds at most.
    fn run_until(&mut self, goal: &str, is_reached: impl Fn(&Self) -> bool) {
        for _ in 0..2_000 {
            if is_reached(self) {
                return;
            }
            self.run(5);
        }
        panic!("not {goal}");
    }

    fn run(&mut self, millis: u64) {
        for _ in 0..millis.div_ceil(5) {
            self.now += Duration::from_millis(5);
            for bytes in self.forgeries.clone() {
                self.forge(self.clients.len() - 1, &bytes);
            }
            for number in 0..self.clients.len() {
                self.clients[number]
                    .rtc
                    .handle_input(str0m::Input::Timeout(self.now))
                    .unwrap();
                self.drain(number);
            }
            self.sfu.pass_time(self.now);
            self.deliver();
        }
    }

    /// Carries what a device sends to the call.
    fn drain(&mut self, number: usize) {
        loop {
            let client = &mut self.clients[number];
            match client.rtc.poll_output().unwrap() {
                str0m::Output::Timeout(_) => return,
                str0m::Output::Transmit(datagram) => {
                    let received = Receive::new(
                        datagram.proto,
                        datagram.source,
                        datagram.destination,
                        &datagram.contents,
                    );
                    self.sfu.receive(self.now, client.id, received.unwrap());
                }
                str0m::Output::Event(Event::RtpPacket(packet)) => client.packets.push(packet),
                str0m::Output::Event(Event::KeyframeRequest(request)) => {
                    assert_eq!(request.mid, client.camera);
                    client.key_frame_requests += 1;
                }
                str0m::Output::Event(_) => {}
            }
        }
    }

    /// Carries what the call sends to the devices.
    fn deliver(&mut self) {
        self.sfu.flush(self.now);
        loop {
            match self.sfu.poll_output() {
                SfuOutput::Wait(_) => return,
                SfuOutput::Transmit { to, datagram } => {
                    let number = self
                        .clients
                        .iter()
                        .position(|client| client.id == to)
                        .unwrap();
                    let client = &mut self.clients[number];
                    assert_eq!(datagram.destination, client.address);
                    client.datagrams += 1;
                    let received = Receive::new(
                        Protocol::Udp,
                        datagram.source,
                        datagram.destination,
                        &datagram.contents,
                    );
                    let input = str0m::Input::Receive(self.now, received.unwrap());
                    client.rtc.handle_input(input).unwrap();
                    self.drain(number);
                }
                SfuOutput::Call(Output::Send {
                    to,
                    message: Message::Slots(slots),
                }) => {
                    let client = self.clients.iter_mut().find(|client| client.id == to);
                    if let Some(client) = client {
                        client.told = slots;
                    }
                }
                SfuOutput::Call(_) => {}
            }
        }
    }

    /// Sends bytes of somebody else that say that they are from the address of a device.
    fn forge(&mut self, number: usize, bytes: &[u8]) {
        let client = &self.clients[number];
        let received = Receive::new(
            Protocol::Udp,
            client.address,
            SERVER.parse().unwrap(),
            bytes,
        );
        if let Ok(received) = received {
            self.sfu.receive(self.now, client.id, received);
        }
    }

    /// Lets a device send a packet.
    fn send(&mut self, number: usize, source: Source, payload: &[u8]) {
        self.send_layer(number, source, None, payload);
    }

    /// Lets a device send a packet of a layer.
    fn send_layer(&mut self, number: usize, source: Source, layer: Option<Rid>, payload: &[u8]) {
        let now = self.now;
        let client = &mut self.clients[number];
        let (mid, codec) = match source {
            Source::Audio => (client.audio, Codec::Opus),
            _ => (client.camera, Codec::Vp8),
        };
        let pt = client
            .rtc
            .codec_config()
            .find(|params| params.spec().codec == codec)
            .unwrap()
            .pt();
        client.sequence += 1;
        let sequence = 60_000 + client.sequence;
        let values = ExtensionValues {
            audio_level: (source == Source::Audio).then_some(-30),
            voice_activity: Some(false),
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, sequence.into(), 1_000, now, payload).ext_vals(values);
        let mut api = client.rtc.direct_api();
        api.stream_tx_by_mid(mid, layer).unwrap().write_rtp(write);
        self.run(20);
    }

    /// The payloads that a device has received, with the m-line, the sequence number, and the audio level.
    fn received(&mut self, number: usize) -> Vec<(Mid, u64, Option<i8>, Vec<u8>)> {
        let client = &mut self.clients[number];
        let packets = core::mem::take(&mut client.packets);
        let facts = packets.into_iter().map(|packet| {
            let mut api = client.rtc.direct_api();
            let mid = api.stream_rx(&packet.header.ssrc).unwrap().mid();
            (
                mid,
                *packet.seq_no,
                packet.header.ext_vals.audio_level,
                packet.payload.to_vec(),
            )
        });
        facts.collect()
    }

    fn view(&mut self, number: usize, device: usize, slot: SlotIndex, height: u16) {
        let wish = Wish {
            slot,
            subject: Subject::Device(self.clients[device].id),
            source: Source::Camera,
            height,
        };
        let view = View {
            wishes: vec![wish],
            audio_without: Vec::new(),
        };
        let device = self.clients[number].id;
        self.sfu.handle(self.now, Input::View { device, view });
        self.run(50);
    }
}

/// Feedback is offered on the lines on which the device sends, and no codec but the two.
fn check_answer(answer: &str) {
    let sections: Vec<&str> = answer.split("\r\nm=").skip(1).collect();
    assert_eq!(sections.len(), 6);
    for section in sections {
        let device_sends = section.contains("\r\na=recvonly\r\n");
        assert!(device_sends || section.contains("\r\na=sendonly\r\n"));
        assert_eq!(
            section.contains("transport-wide-cc"),
            device_sends,
            "{section}"
        );
        assert_eq!(section.contains(" transport-cc"), device_sends, "{section}");
        for codec in ["VP9", "AV1", "H264", "red"] {
            assert!(!section.contains(&format!(" {codec}/")), "{section}");
        }
    }
    assert!(answer.contains(&SERVER.replace(':', " ")));
}

/// A packet of a key frame of 320 x 180, with a picture id and TL0PICIDX.
fn key_frame(picture_id: u16, tl0_index: u8) -> Vec<u8> {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let mut payload = vec![0x90, 0xe0, high, low, tl0_index, 0x20];
    payload.extend([0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    payload
}

#[test]
fn sound_and_pictures_travel_in_the_slots_of_the_others() {
    let mut network = Network::new();
    for _ in 0..3 {
        network.join();
    }
    network.send(0, Source::Audio, b"hello");
    for viewer in [1, 2] {
        let received = network.received(viewer);
        assert_eq!(received.len(), 1);
        let (mid, sequence, level, payload) = &received[0];
        assert!(network.clients[viewer].slots[..2].contains(mid));
        assert_eq!(
            (*sequence, *level, payload.as_slice()),
            (1, Some(-30), b"hello".as_slice())
        );
    }
    assert!(network.received(0).is_empty());
    // A picture that nobody wishes goes nowhere; one that is wished is asked for, and begins with a key frame.
    network.send(0, Source::Camera, &key_frame(500, 1));
    assert!(network.received(1).is_empty());
    let mid = network.clients[1].slots[3];
    let device = network.clients[1].id;
    let slot = network.sfu.slot_of(device, &mid.to_string()).unwrap();
    assert_eq!(network.sfu.mid_of(device, slot), Some(mid.to_string()));
    let requests = network.clients[0].key_frame_requests;
    network.view(1, 0, slot, 180);
    assert_eq!(network.clients[0].key_frame_requests, requests + 1);
    network.send(0, Source::Camera, &key_frame(600, 7));
    network.send(0, Source::Camera, &key_frame(601, 8));
    let expected = [
        (mid, 1, None, key_frame(600, 7)),
        (mid, 2, None, key_frame(601, 8)),
    ];
    assert_eq!(network.received(1), expected);
    assert!(network.received(2).is_empty());
    assert!(
        network.clients[1]
            .told
            .iter()
            .any(|state| state.slot == slot && state.height == Some(180))
    );
    // Another picture in the same slot: sequence numbers and picture ids go on.
    network.view(1, 2, slot, 180);
    network.send(2, Source::Camera, &key_frame(9_000, 80));
    assert_eq!(network.received(1), [(mid, 3, None, key_frame(602, 9))]);
}

#[test]
fn layers_are_told_by_their_names_and_asked_for_one_by_one() {
    let mut network = Network::new();
    let mut layers = Simulcast::new();
    for name in ["q", "h", "f"] {
        layers.add_send_layer(SimulcastLayer::new(name));
    }
    network.join_with(Some(layers));
    network.join();
    let [low, high] = ["q", "f"].map(Rid::from);
    let slot = SlotIndex::new(2);
    network.send_layer(0, Source::Camera, Some(low), &key_frame(1, 1));
    network.send_layer(0, Source::Camera, Some(high), &key_frame(70, 70));
    network.received(1);
    network.view(1, 0, slot, 180);
    network.send_layer(0, Source::Camera, Some(high), &key_frame(71, 71));
    assert!(network.received(1).is_empty(), "another layer is wished");
    network.send_layer(0, Source::Camera, Some(low), &key_frame(2, 2));
    let mid = network.clients[1].slots[2];
    assert_eq!(network.received(1), [(mid, 1, None, key_frame(2, 2))]);
    network.run(1_200);
    let device = network.clients[1].id;
    network.sfu.handle(
        network.now,
        Input::Estimate {
            device,
            bits: 100_000_000,
        },
    );
    let requests = network.clients[0].key_frame_requests;
    network.view(1, 0, slot, 720);
    assert_eq!(network.clients[0].key_frame_requests, requests + 1);
    network.send_layer(0, Source::Camera, Some(low), &key_frame(3, 3));
    network.send_layer(0, Source::Camera, Some(high), &key_frame(72, 72));
    let expected = [
        (mid, 2, None, key_frame(3, 3)),
        (mid, 3, None, key_frame(4, 4)),
    ];
    assert_eq!(network.received(1), expected);
}

#[test]
fn a_device_that_is_active_no_longer_is_sent_no_datagram_more() {
    let mut network = Network::new();
    for _ in 0..3 {
        network.join();
    }
    let device = network.clients[1].id;
    network.send(0, Source::Audio, b"before");
    assert_eq!(network.received(1).len(), 1);
    // Something is on its way when the seat ends.
    network.sfu.pass_time(network.now + Duration::from_secs(2));
    network.sfu.handle(network.now, Input::Deactivate(device));
    network.clients[1].datagrams = 0;
    network.clients[2].packets.clear();
    network.send(0, Source::Audio, b"after");
    network.send(1, Source::Audio, b"from outside");
    network.run(3_000);
    assert_eq!(network.clients[1].datagrams, 0);
    assert!(network.received(1).is_empty());
    let heard: Vec<Vec<u8>> = network
        .received(2)
        .into_iter()
        .map(|(.., payload)| payload)
        .collect();
    assert_eq!(heard, [b"after".to_vec()]);
    assert_eq!(network.sfu.slot_of(device, "x"), None);
}

#[test]
fn the_receivers_estimate_pauses_pictures() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    network.send(0, Source::Camera, &key_frame(1, 1));
    assert_eq!(network.received(1).len(), 1);
    let client = &mut network.clients[1];
    let mid = client.slots[2];
    let mut api = client.rtc.direct_api();
    api.stream_rx_by_mid(mid, None)
        .unwrap()
        .request_remb(Bitrate::bps(20_000));
    network.run(2_000);
    network.send(0, Source::Camera, &key_frame(2, 2));
    assert!(network.received(1).is_empty());
    let pause = network.clients[1].told.iter().find_map(|state| state.pause);
    assert_eq!(pause, Some(anteroom_sfu::output::Pause::Bandwidth));
}

/// The bytes that datagrams begin with, by their kind: STUN, DTLS, RTP and RTCP, and nothing.
const BEGINNINGS: [&[u8]; 10] = [
    &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 20],
    &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40],
    &[21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2],
    // Alerts: the handshake has failed, and the other end has closed.
    &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40],
    &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
    &[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9],
    &[0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 1],
    &[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9],
    &[],
];

#[test]
fn datagrams_of_others_end_no_connection() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    for round in 0..2_000_usize {
        let mut bytes = BEGINNINGS[round % BEGINNINGS.len()].to_vec();
        let length = if round % 3 == 0 {
            0
        } else {
            usize::from(next())
        };
        bytes.extend((0..length).map(|_| next()));
        network.forge(round / 10 % 2, &bytes);
        if round % 50 == 0 {
            network.run(5);
        }
    }
    network.run(1_000);
    for (sender, viewer) in [(0, 1), (1, 0)] {
        network.clients[viewer].packets.clear();
        network.send(sender, Source::Audio, b"still here");
        let received = network.received(viewer);
        assert_eq!(received.len(), 1, "from {sender}");
        assert_eq!(received[0].3, b"still here");
    }
}

#[test]
fn datagrams_of_others_prevent_no_connection() {
    let mut network = Network::new();
    network.join();
    // Records of DTLS that are too short, too long, of another version, or of no known kind.
    for bytes in [
        &[22, 0xfe, 0xfd][..],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 1],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4],
        &[22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1],
        &[63, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1],
        &[
            23, 0xfe, 0xfd, 0, 9, 0, 0, 0, 0, 0, 1, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1,
        ],
        // An alert that says that the handshake has failed.
        &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40],
        &[0x80, 96, 0],
        &[0x81, 201, 0xff, 0xff, 0, 0, 0, 1],
    ] {
        network.forgeries.push(bytes.to_vec());
    }
    let number = network.join();
    network.forgeries.clear();
    network.send(number, Source::Audio, b"through it all");
    assert_eq!(network.received(0).len(), 1);
}

#[test]
fn offers_that_are_none_and_too_many_of_them_are_refused() {
    let mut network = Network::new();
    let number = network.join();
    let (now, device) = (network.now, network.clients[number].id);
    let stranger = DemuxId::new(4_096).unwrap();
    assert_eq!(
        network.sfu.offer(now, stranger, "").unwrap_err(),
        OfferError::NotActive
    );
    let error = network.sfu.offer(now, device, "v=0\r\n").unwrap_err();
    assert_eq!(error, OfferError::Malformed);
    let line = "m=text 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=sendonly\r\n";
    let error = network.sfu.offer(now, device, line).unwrap_err();
    assert_eq!(error, OfferError::Lines(LineError::Kind));
    let errors: Vec<OfferError> = (0..4)
        .filter_map(|_| network.sfu.offer(now, device, "").err())
        .collect();
    assert_eq!(errors.last(), Some(&OfferError::RateLimited));
    // The connection that there is goes on.
    let other = network.join();
    network.send(number, Source::Audio, b"still here");
    assert_eq!(network.received(other).len(), 1);
}
