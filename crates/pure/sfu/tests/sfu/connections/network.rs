//! A call with devices that have connections of their own, in memory and with a clock of its own.

use core::net::SocketAddr;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    Certificate, Path, Sfu, SfuOutput, SfuSettings,
    indexes::SlotIndex,
    input::{Input, Subject, View, Wish},
    limits::MediaLimits,
    output::{Message, Output, Pause, SlotState},
    source::{PerSource, Source},
};
use str0m::{
    Candidate, Event, Rtc,
    change::{SdpAnswer, SdpApi},
    format::Codec,
    media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RawPacket, RtpPacket, RtpWrite, rtcp::Rtcp},
};

/// A device with a connection to the call.
pub(crate) struct Client {
    pub(crate) id: DemuxId,
    pub(crate) rtc: Rtc,
    pub(crate) address: SocketAddr,
    pub(crate) audio: Mid,
    pub(crate) camera: Mid,
    /// The m-lines of its slots: two for sound, two for pictures.
    pub(crate) slots: Vec<Mid>,
    pub(crate) packets: Vec<RtpPacket>,
    /// The layers for which a key frame was asked.
    pub(crate) key_frame_requests: Vec<Option<Rid>>,
    /// The number of the last packet of each stream.
    pub(crate) sequences: HashMap<(Mid, Option<Rid>), u64>,
    /// The slots as the call has told them.
    pub(crate) told: Vec<SlotState>,
    /// All pauses that it was told.
    pub(crate) pauses: Vec<Pause>,
    pub(crate) datagrams: usize,
    /// The transport-wide feedback that it has received, and sent.
    pub(crate) feedback: (usize, usize),
}

/// A call, its devices, and the time.
pub(crate) struct Network {
    pub(crate) sfu: Sfu,
    pub(crate) clients: Vec<Client>,
    pub(crate) now: Instant,
    /// The device to which the next packet of media gets lost.
    pub(crate) loses_next: Option<usize>,
    /// The device whose datagrams get lost, in both directions.
    pub(crate) cut_off: Option<usize>,
    /// Bytes that somebody else sends from the address of the newest device in each step.
    pub(crate) forgeries: Vec<Vec<u8>>,
    /// The devices whose connections have ended.
    pub(crate) ended: Vec<DemuxId>,
}

/// The number of the first connection of each device.
pub(crate) const SESSION: u64 = 1;

pub(crate) const SERVER: &str = "192.0.2.1:4000";

impl Network {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let settings = SfuSettings {
            limits: MediaLimits::default(),
            addresses: vec![SERVER.parse().unwrap()],
            tcp_addresses: vec![SERVER.parse().unwrap()],
            certificate: Certificate::generate().unwrap(),
        };
        assert_eq!(format!("{:?}", settings.certificate), "Certificate(..)");
        Self {
            sfu: Sfu::new(settings, now),
            clients: Vec::new(),
            now,
            loses_next: None,
            cut_off: None,
            forgeries: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Lets a device join and connect.
    pub(crate) fn join(&mut self) -> usize {
        self.join_with(None)
    }

    /// Lets a device join and connect, with these layers of its camera.
    pub(crate) fn join_with(&mut self, layers: Option<Simulcast>) -> usize {
        let number = self.clients.len();
        let device = self.activate(number);
        let address = format!("192.0.2.2:{}", 5_000 + number).parse().unwrap();
        let client = self.connect(device, address, SESSION, layers);
        self.clients.push(client);
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        self.sfu
            .handle(self.now, Input::Publish { device, sources });
        self.run_until_connected(number);
        number
    }

    /// Lets a device become active.
    pub(crate) fn activate(&mut self, number: usize) -> DemuxId {
        let device = DemuxId::new(u32::try_from(number).unwrap() * 16 + 16).unwrap();
        let user = OpaqueUserId::parse(&format!("{number:02x}")).unwrap();
        self.sfu.handle(self.now, Input::Activate { device, user });
        device
    }

    /// Makes the text of an offer with layers of the camera.
    pub(crate) fn text_of_an_offer(&self) -> String {
        let mut rtc = Rtc::builder().build(self.now);
        rtc.add_local_candidate(Candidate::host("192.0.2.2:5000".parse().unwrap(), "udp").unwrap());
        let mut layers = Simulcast::new();
        for name in ["q", "h"] {
            layers.add_send_layer(SimulcastLayer::new(name));
        }
        let mut api = rtc.sdp_api();
        api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        api.add_media(
            MediaKind::Video,
            Direction::SendOnly,
            None,
            None,
            Some(layers),
        );
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        api.apply().unwrap().0.to_sdp_string()
    }

    /// Lets a device make a new connection with another number.
    pub(crate) fn connect_again(&mut self, number: usize, session: u64) {
        let (device, address) = (self.clients[number].id, self.clients[number].address);
        self.clients[number] = self.connect(device, address, session, None);
        self.run_until_connected(number);
    }

    /// Makes the first offer of a connection.
    fn connect(
        &mut self,
        device: DemuxId,
        address: SocketAddr,
        session: u64,
        layers: Option<Simulcast>,
    ) -> Client {
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .enable_raw_packets(true)
            .build(self.now);
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
            .offer(self.now, device, session, &offer.to_sdp_string())
            .unwrap();
        check_answer(&answer);
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        Client {
            id: device,
            rtc,
            address,
            audio,
            camera,
            slots: slots.to_vec(),
            packets: Vec::new(),
            key_frame_requests: Vec::new(),
            sequences: HashMap::new(),
            told: Vec::new(),
            pauses: Vec::new(),
            datagrams: 0,
            feedback: (0, 0),
        }
    }

    /// Lets a device make a later offer of its connection. Returns the answer as text.
    pub(crate) fn offer_again<T>(
        &mut self,
        number: usize,
        change: impl FnOnce(&mut SdpApi) -> T,
    ) -> (T, String) {
        let client = &mut self.clients[number];
        let mut api = client.rtc.sdp_api();
        let changed = change(&mut api);
        let (offer, pending) = api.apply().unwrap();
        let offer = offer.to_sdp_string();
        let text = self
            .sfu
            .offer(self.now, client.id, SESSION, &offer)
            .unwrap();
        let answer = SdpAnswer::from_sdp_string(&text).unwrap();
        client.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        self.run(500);
        (changed, text)
    }

    /// Lets time pass until the connection of a device works, ten seconds at most.
    fn run_until_connected(&mut self, number: usize) {
        for _ in 0..2_000 {
            if self.clients[number].rtc.is_connected() {
                return self.run(500);
            }
            self.run(5);
        }
        panic!("not connected");
    }

    pub(crate) fn run(&mut self, millis: u64) {
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
    pub(crate) fn drain(&mut self, number: usize) {
        loop {
            let client = &mut self.clients[number];
            match client.rtc.poll_output().unwrap() {
                str0m::Output::Timeout(_) => return,
                str0m::Output::Transmit(_) if self.cut_off == Some(number) => {}
                str0m::Output::Transmit(datagram) => {
                    let path = Path {
                        protocol: datagram.proto,
                        local: datagram.destination,
                        remote: datagram.source,
                    };
                    self.sfu
                        .receive(self.now, client.id, path, &datagram.contents);
                }
                str0m::Output::Event(Event::RtpPacket(packet)) => client.packets.push(packet),
                str0m::Output::Event(Event::KeyframeRequest(request)) => {
                    assert_eq!(request.mid, client.camera);
                    client.key_frame_requests.push(request.rid);
                }
                str0m::Output::Event(Event::RawPacket(packet)) => match *packet {
                    RawPacket::RtcpRx(Rtcp::Twcc(_)) => client.feedback.0 += 1,
                    RawPacket::RtcpTx(Rtcp::Twcc(_)) => client.feedback.1 += 1,
                    _ => {}
                },
                str0m::Output::Event(_) => {}
            }
        }
    }

    /// Carries what the call sends to the devices.
    pub(crate) fn deliver(&mut self) {
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
                    if self.cut_off == Some(number) {
                        continue;
                    }
                    let is_rtp = matches!(datagram.contents.get(..2), Some([128..=191, kind]) if kind & 0x7f < 64 || kind & 0x7f >= 96);
                    if self.loses_next == Some(number) && is_rtp {
                        self.loses_next = None;
                        continue;
                    }
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
                        client
                            .pauses
                            .extend(slots.iter().filter_map(|state| state.pause));
                        client.told = slots;
                    }
                }
                SfuOutput::Call(_) => {}
                SfuOutput::End { device, .. } => self.ended.push(device),
            }
        }
    }

    /// Sends bytes of somebody else that say that they are from the address of a device.
    pub(crate) fn forge(&mut self, number: usize, bytes: &[u8]) {
        let client = &self.clients[number];
        let path = Path {
            protocol: Protocol::Udp,
            local: SERVER.parse().unwrap(),
            remote: client.address,
        };
        self.sfu.receive(self.now, client.id, path, bytes);
    }

    /// Lets a device send a packet.
    pub(crate) fn send(&mut self, number: usize, source: Source, payload: &[u8]) {
        self.send_layer(number, source, None, payload);
    }

    /// Lets a device send a packet of a layer.
    pub(crate) fn send_layer(
        &mut self,
        number: usize,
        source: Source,
        layer: Option<Rid>,
        payload: &[u8],
    ) {
        self.write(number, source, layer, payload);
        self.run(20);
    }

    /// Lets a device send a packet of a layer, in no time.
    pub(crate) fn send_layer_at_once(
        &mut self,
        number: usize,
        source: Source,
        layer: Option<Rid>,
        payload: &[u8],
    ) {
        self.write(number, source, layer, payload);
        let input = str0m::Input::Timeout(self.now);
        self.clients[number].rtc.handle_input(input).unwrap();
        self.drain(number);
        self.deliver();
    }

    fn write(&mut self, number: usize, source: Source, layer: Option<Rid>, payload: &[u8]) {
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
        let sequence = client.sequences.entry((mid, layer)).or_insert(60_000);
        *sequence += 1;
        let sequence = *sequence;
        let values = ExtensionValues {
            audio_level: (source == Source::Audio).then_some(-30),
            voice_activity: Some(false),
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, sequence.into(), 1_000, now, payload).ext_vals(values);
        let mut api = client.rtc.direct_api();
        api.stream_tx_by_mid(mid, layer).unwrap().write_rtp(write);
    }

    /// The payloads that a device has received, with the m-line, the sequence number, and the audio level.
    pub(crate) fn received(&mut self, number: usize) -> Vec<(Mid, u64, Option<i8>, Vec<u8>)> {
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

    pub(crate) fn view(&mut self, number: usize, device: usize, slot: SlotIndex, height: u16) {
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
pub(crate) fn check_answer(answer: &str) {
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
        // Receivers without transport-wide feedback measure by the times at which packets were sent.
        assert!(section.contains("abs-send-time"), "{section}");
        check_ssrcs(section);
        for codec in ["VP9", "AV1", "H264", "red"] {
            assert!(!section.contains(&format!(" {codec}/")), "{section}");
        }
    }
    assert!(answer.contains(&SERVER.replace(':', " ")));
}

/// The SSRCs of media come before all those of retransmissions.
fn check_ssrcs(section: &str) {
    let numbers = |prefix: &str| -> Vec<u32> {
        let lines = section.lines().filter_map(|line| line.strip_prefix(prefix));
        let words = lines.flat_map(|line| line.split(' '));
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let groups = numbers("a=ssrc-group:FID ");
    let named = numbers("a=ssrc:");
    for pair in groups.chunks(2) {
        assert!(pair[0] < 1 << 31 && pair[1] >= 1 << 31, "{section}");
        assert!(pair.iter().all(|ssrc| named.contains(ssrc)), "{section}");
    }
    let is_retransmission = |ssrc: &u32| groups.chunks(2).any(|pair| pair[1] == *ssrc);
    let media = named.iter().filter(|ssrc| !is_retransmission(ssrc));
    assert!(media.max() < Some(&(1 << 31)), "{section}");
    let device_receives = section.contains("\r\na=sendonly\r\n");
    let is_video = section.starts_with("video");
    assert_eq!(!groups.is_empty(), device_receives && is_video, "{section}");
}

/// A packet of a key frame of 320 x 180, with a picture id and TL0PICIDX.
pub(crate) fn key_frame(picture_id: u16, tl0_index: u8) -> Vec<u8> {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let mut payload = vec![0x90, 0xe0, high, low, tl0_index, 0x20];
    payload.extend([0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    payload
}
