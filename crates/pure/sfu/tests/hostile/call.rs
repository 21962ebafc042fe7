//! A call with devices that have connections of their own, in memory and with a clock of its own.

use core::net::SocketAddr;
use std::time::{Duration, Instant};

use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    Certificate, Path, Sfu, SfuOutput, SfuSettings,
    indexes::SlotIndex,
    input::{Input, Subject, View, Wish},
    limits::MediaLimits,
    source::{PerSource, Source},
};
use str0m::{
    Candidate, Event, Rtc,
    bwe::Bitrate,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, KeyframeRequestKind, MediaKind, Mid, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpWrite},
};

const SERVER: &str = "192.0.2.1:4000";

/// The names of the layers of a camera.
const LAYERS: [&str; 2] = ["q", "h"];

/// A device with its connection.
pub(crate) struct Device {
    pub(crate) id: DemuxId,
    pub(crate) rtc: Rtc,
    address: SocketAddr,
    audio: Mid,
    camera: Mid,
    slots: Vec<Mid>,
    sequence: u64,
    /// The datagrams that it has sent.
    pub(crate) sent: Vec<Vec<u8>>,
    /// The number of sounds that it has heard.
    heard: usize,
    /// The bytes that it was sent.
    received: usize,
    /// The stream and the number of the last picture that it has received.
    picture: Option<(u32, u16)>,
    /// Whether the server has ended its connection.
    pub(crate) has_ended: bool,
}

/// A call and its devices.
pub(crate) struct Call {
    pub(crate) sfu: Sfu,
    pub(crate) settings: SfuSettings,
    pub(crate) devices: Vec<Device>,
    pub(crate) now: Instant,
}

/// Makes the connection of a device with its first offer.
pub(crate) fn offer(rtc: &mut Rtc) -> (String, str0m::change::SdpPendingOffer, [Mid; 2], Vec<Mid>) {
    let mut layers = Simulcast::new();
    for name in LAYERS {
        layers.add_send_layer(SimulcastLayer::new(name));
    }
    let mut api = rtc.sdp_api();
    let audio = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let layers = Some(layers);
    let camera = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, layers);
    let kinds = [MediaKind::Audio, MediaKind::Audio, MediaKind::Video];
    let slots = kinds.map(|kind| api.add_media(kind, Direction::RecvOnly, None, None, None));
    let (offer, pending) = api.apply().unwrap();
    (
        offer.to_sdp_string(),
        pending,
        [audio, camera],
        slots.to_vec(),
    )
}

impl Call {
    /// Makes a call in which so many devices are connected.
    pub(crate) fn of(devices: usize) -> Self {
        Self::with(devices, MediaLimits::default())
    }

    /// Makes a call with these limits in which so many devices are connected.
    pub(crate) fn with(devices: usize, limits: MediaLimits) -> Self {
        let now = Instant::now();
        let settings = SfuSettings {
            limits,
            addresses: vec![SERVER.parse().unwrap()],
            tcp_addresses: Vec::new(),
            certificate: Certificate::generate().unwrap(),
        };
        let mut call = Self {
            sfu: Sfu::new(settings.clone(), now),
            settings,
            devices: Vec::new(),
            now,
        };
        for _ in 0..devices {
            let number = call.begin();
            for _ in 0..400 {
                call.run(5);
            }
            assert!(call.devices[number].rtc.is_connected());
        }
        call
    }

    /// Lets a device become active and make its offer.
    pub(crate) fn begin(&mut self) -> usize {
        let number = self.devices.len();
        let device = self.connect(number);
        self.devices.push(device);
        number
    }

    /// Lets a device leave, and come again with another connection.
    pub(crate) fn begin_again(&mut self, number: usize) {
        let device = self.devices[number].id;
        self.sfu.handle(self.now, Input::Deactivate(device));
        while !matches!(self.sfu.poll_output(), SfuOutput::Wait(_)) {}
        self.devices[number] = self.connect(number);
    }

    fn connect(&mut self, number: usize) -> Device {
        let id = DemuxId::new(u32::try_from(number).unwrap() * 16 + 16).unwrap();
        let user = OpaqueUserId::parse(&format!("{number:02x}")).unwrap();
        let device = id;
        self.sfu.handle(self.now, Input::Activate { device, user });
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        self.sfu
            .handle(self.now, Input::Publish { device, sources });
        let address = format!("192.0.2.2:{}", 5_000 + number).parse().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let (offer, pending, [audio, camera], slots) = offer(&mut rtc);
        let answer = self.sfu.offer(self.now, id, 1, &offer).unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        Device {
            id,
            rtc,
            address,
            audio,
            camera,
            slots,
            sequence: 60_000,
            sent: Vec::new(),
            heard: 0,
            received: 0,
            picture: None,
            has_ended: false,
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        for number in 0..self.devices.len() {
            // A device that is confused by what others send in its name goes on as it can.
            let _error = self.devices[number]
                .rtc
                .handle_input(str0m::Input::Timeout(self.now));
            self.drain(number);
        }
        self.sfu.pass_time(self.now);
        self.deliver();
    }

    fn drain(&mut self, number: usize) {
        loop {
            let device = &mut self.devices[number];
            match device.rtc.poll_output() {
                Ok(str0m::Output::Timeout(_)) | Err(_) => return,
                Ok(str0m::Output::Transmit(datagram)) => {
                    let bytes = datagram.contents.to_vec();
                    device.sent.push(bytes.clone());
                    self.forge(number, &bytes);
                }
                Ok(str0m::Output::Event(Event::RtpPacket(packet))) => {
                    device.heard += usize::from(&*packet.payload == b"sound");
                    if packet.payload.len() != 5 {
                        let header = &packet.header;
                        device.picture = Some((*header.ssrc, header.sequence_number));
                    }
                }
                Ok(str0m::Output::Event(_)) => {}
            }
        }
    }

    /// Sends bytes in the name of a device.
    pub(crate) fn forge(&mut self, number: usize, bytes: &[u8]) {
        let device = &self.devices[number];
        let path = Path {
            protocol: Protocol::Udp,
            local: SERVER.parse().unwrap(),
            remote: device.address,
        };
        self.sfu.receive(self.now, device.id, path, bytes);
    }

    /// Carries what the call sends to the devices.
    pub(crate) fn deliver(&mut self) {
        self.sfu.flush(self.now);
        loop {
            match self.sfu.poll_output() {
                SfuOutput::Wait(_) => return,
                SfuOutput::Transmit { to, datagram } => {
                    let mut numbers = 0..self.devices.len();
                    let number = numbers.find(|number| self.devices[*number].id == to);
                    let number = number.unwrap();
                    let device = &mut self.devices[number];
                    assert_eq!(datagram.destination, device.address, "nobody else is sent");
                    device.received += datagram.contents.len();
                    let (from, to) = (datagram.source, datagram.destination);
                    let received = Receive::new(Protocol::Udp, from, to, &datagram.contents);
                    let input = str0m::Input::Receive(self.now, received.unwrap());
                    let _error = device.rtc.handle_input(input);
                    self.drain(number);
                }
                SfuOutput::Call(_) => {}
                SfuOutput::End { device, .. } => {
                    let mut devices = self.devices.iter_mut();
                    let device = devices.find(|other| other.id == device).unwrap();
                    device.has_ended = true;
                }
            }
        }
    }

    /// Returns the number of bytes that a device was sent.
    pub(crate) fn received_bytes(&self, number: usize) -> usize {
        self.devices[number].received
    }

    /// Returns the stream and the number of the last picture that a device has received.
    pub(crate) fn last_picture(&self, number: usize) -> Option<(u32, u16)> {
        self.devices[number].picture
    }

    /// Lets a device send a sound, or a key frame of a layer.
    pub(crate) fn send(&mut self, number: usize, layer: Option<usize>) {
        let picture = [
            0x90, 0xe0, 0x81, 1, 9, 0x20, 0x50, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0,
        ];
        let payload = layer.map_or(b"sound".as_slice(), |_| &picture);
        self.write(number, layer, payload);
    }

    /// Lets a device send a long packet of a picture.
    pub(crate) fn send_long(&mut self, number: usize) {
        let mut picture = vec![
            0x90, 0xe0, 0x81, 1, 9, 0x20, 0x51, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0,
        ];
        picture.resize(1_200, 0);
        self.write(number, Some(0), &picture);
    }

    fn write(&mut self, number: usize, layer: Option<usize>, payload: &[u8]) {
        let now = self.now;
        let device = &mut self.devices[number];
        let codec = layer.map_or(Codec::Opus, |_| Codec::Vp8);
        let mid = layer.map_or(device.audio, |_| device.camera);
        let rid = layer.map(|layer| Rid::from(LAYERS[layer]));
        let params = device.rtc.codec_config();
        let pt = params.find(|params| params.spec().codec == codec);
        let pt = pt.unwrap().pt();
        device.sequence += 1;
        let sequence = device.sequence;
        let values = ExtensionValues {
            audio_level: layer.is_none().then_some(-30),
            voice_activity: Some(true),
            ..ExtensionValues::default()
        };
        let timestamp = u32::try_from(sequence).unwrap() * 960;
        let write = RtpWrite::new(pt, sequence.into(), timestamp, now, payload);
        let mut api = device.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(mid, rid) {
            stream.write_rtp(write.ext_vals(values).nackable(true));
        }
    }

    /// Lets a device see the camera of another.
    pub(crate) fn watch(&mut self, viewer: usize, sender: usize) {
        let wish = Wish {
            slot: SlotIndex::new(2),
            subject: Subject::Device(self.devices[sender].id),
            source: Source::Camera,
            height: 180,
        };
        let view = View {
            wishes: vec![wish],
            audio_without: Vec::new(),
        };
        let device = self.devices[viewer].id;
        self.sfu.handle(self.now, Input::View { device, view });
    }

    /// Lets a device ask for a key frame, and tell its bandwidth.
    pub(crate) fn report(&mut self, number: usize) {
        let device = &mut self.devices[number];
        let mid = device.slots[2];
        let mut api = device.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            stream.request_remb(Bitrate::bps(700_000));
        }
    }

    /// Lets a device speak until another one hears it.
    pub(crate) fn speak(&mut self, sender: usize, listener: usize) {
        let before = self.devices[listener].heard;
        for _ in 0..100 {
            self.send(sender, None);
            self.run(20);
            if self.devices[listener].heard > before {
                return;
            }
        }
        panic!("{sender} is not heard by {listener}");
    }
}
