//! A device with a connection of its own, over UDP or TCP.

use core::net::SocketAddr;
use std::time::{Duration, Instant};

use anteroom_protocol::DemuxId;
use mio::{
    Interest, Registry, Token,
    net::{TcpStream, UdpSocket},
};
use str0m::{
    Candidate, Event, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    ice::{StunMessage, TransId},
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive, TcpType, Transmit},
    rtp::{ExtensionValues, RtpPacket, RtpWrite},
};

use crate::{
    checks::candidates,
    sealing::{SealingKeys, header_length},
    tcp::TcpTransport,
};

/// The time between two packets that a device sends.
const PACKET_INTERVAL: Duration = Duration::from_millis(10);

/// The way of a device's datagrams.
enum Transport {
    Udp(UdpSocket),
    Tcp(TcpTransport),
}

/// A device with a connection to a call.
pub struct Client {
    /// Its seat.
    pub id: DemuxId,
    /// Its connection.
    pub rtc: Rtc,
    transport: Option<Transport>,
    over_tcp: bool,
    pending: Option<SdpPendingOffer>,
    /// The number of the connection.
    pub session: u64,
    audio: Mid,
    camera: Mid,
    /// The m-lines of its slots: two for sound, two for pictures.
    pub slots: Vec<Mid>,
    /// The packets that have come.
    pub packets: Vec<RtpPacket>,
    /// Whether its connection works.
    pub is_connected: bool,
    /// The datagrams that have come.
    pub datagrams: usize,
    /// The checks of its that were answered, by their ids.
    pub answered_checks: Vec<TransId>,
    /// The number of key frames that it was asked for.
    pub key_frame_requests: usize,
    /// The datagrams that it has sent, if they are kept.
    pub sent: Option<Vec<Vec<u8>>>,
    /// The keys with which it seals.
    pub keys: SealingKeys,
    /// Whether it is silent: it sends nothing, whatever comes.
    pub is_silent: bool,
    timeout: Instant,
    sequence: u64,
    last_packet: Option<Instant>,
    token: usize,
    /// The answer as it came.
    pub answer: String,
}

impl Client {
    /// Makes a connection and its first offer.
    pub fn new(
        id: DemuxId,
        over_tcp: bool,
        from: SocketAddr,
        registry: &Registry,
        token: usize,
    ) -> (Self, String) {
        let now = Instant::now();
        let keys = SealingKeys::default();
        let builder = Rtc::builder().set_crypto_provider(keys.provider());
        let mut rtc = builder.set_rtp_mode(true).build(now);
        let transport = (!over_tcp).then(|| {
            let mut socket = UdpSocket::bind(from).unwrap();
            registry
                .register(&mut socket, Token(token), Interest::READABLE)
                .unwrap();
            let address = socket.local_addr().unwrap();
            rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
            Transport::Udp(socket)
        });
        let mut api = rtc.sdp_api();
        let audio = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        let kinds = [
            MediaKind::Audio,
            MediaKind::Audio,
            MediaKind::Video,
            MediaKind::Video,
        ];
        let slots = kinds.map(|kind| api.add_media(kind, Direction::RecvOnly, None, None, None));
        let (offer, pending) = api.apply().unwrap();
        let client = Self {
            id,
            rtc,
            transport,
            over_tcp,
            pending: Some(pending),
            session: 1,
            audio,
            camera,
            slots: slots.to_vec(),
            packets: Vec::new(),
            is_connected: false,
            datagrams: 0,
            answered_checks: Vec::new(),
            key_frame_requests: 0,
            sent: None,
            keys,
            is_silent: false,
            timeout: now,
            sequence: 60_000,
            last_packet: None,
            token,
            answer: String::new(),
        };
        (client, offer.to_sdp_string())
    }

    /// Makes the offer of a restart of ICE.
    pub fn restart_offer(&mut self) -> String {
        let mut api = self.rtc.sdp_api();
        api.ice_restart(true);
        let (offer, pending) = api.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Offers one more slot for pictures.
    pub fn offer_slot(&mut self) -> String {
        let mut api = self.rtc.sdp_api();
        let slot = api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        self.slots.push(slot);
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Takes an answer. Over TCP the device connects to the address that it names.
    pub fn take_answer(&mut self, answer: &str, registry: &Registry) {
        answer.clone_into(&mut self.answer);
        let parsed = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, parsed).unwrap();
        if self.over_tcp && self.transport.is_none() {
            let address = candidates(answer, "tcp")[0];
            let stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_nonblocking(true).unwrap();
            let local = stream.local_addr().unwrap();
            let mut stream = TcpStream::from_std(stream);
            registry
                .register(&mut stream, Token(self.token), Interest::READABLE)
                .unwrap();
            let candidate = Candidate::builder().tcp().host(local);
            let candidate = candidate.tcptype(TcpType::Active).build().unwrap();
            self.rtc.add_local_candidate(candidate);
            self.transport = Some(Transport::Tcp(TcpTransport {
                stream,
                received: Vec::new(),
                waiting: Vec::new(),
                at_once: usize::MAX,
                reads: true,
            }));
        }
    }

    /// Returns its connection over TCP.
    pub fn tcp(&mut self) -> &mut TcpTransport {
        match &mut self.transport {
            Some(Transport::Tcp(tcp)) => tcp,
            _ => panic!("not over TCP"),
        }
    }

    /// Returns the moment at which the device wants to know the time.
    pub fn timeout(&self) -> Instant {
        self.timeout
    }

    /// Sends what waits, takes what has come, and lets the time pass.
    pub fn pump(&mut self) {
        self.drain();
        while let Some((bytes, from, to, protocol)) = self.read() {
            self.datagrams += 1;
            if let Ok(check) = StunMessage::parse(&bytes)
                && check.is_successful_binding_response()
            {
                self.answered_checks.push(check.trans_id());
            }
            if let Ok(received) = Receive::new(protocol, from, to, &bytes) {
                let input = str0m::Input::Receive(Instant::now(), received);
                self.rtc.handle_input(input).unwrap();
                self.drain();
            }
        }
        let now = Instant::now();
        if now >= self.timeout {
            self.rtc.handle_input(str0m::Input::Timeout(now)).unwrap();
            self.drain();
        }
    }

    fn read(&mut self) -> Option<(Vec<u8>, SocketAddr, SocketAddr, Protocol)> {
        match self.transport.as_mut()? {
            Transport::Udp(socket) => {
                let mut bytes = vec![0; 2_048];
                let (length, from) = socket.recv_from(&mut bytes).ok()?;
                bytes.truncate(length);
                Some((bytes, from, socket.local_addr().unwrap(), Protocol::Udp))
            }
            Transport::Tcp(tcp) => {
                let frame = tcp.read()?;
                let (from, to) = (tcp.stream.peer_addr().ok()?, tcp.stream.local_addr().ok()?);
                Some((frame, from, to, Protocol::Tcp))
            }
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                str0m::Output::Timeout(at) => {
                    self.timeout = at;
                    break;
                }
                str0m::Output::Transmit(datagram) => self.write(&datagram),
                str0m::Output::Event(Event::Connected) => self.is_connected = true,
                str0m::Output::Event(Event::RtpPacket(packet)) => self.packets.push(packet),
                str0m::Output::Event(Event::KeyframeRequest(_)) => self.key_frame_requests += 1,
                str0m::Output::Event(_) => {}
            }
        }
        if let Some(Transport::Tcp(tcp)) = &mut self.transport {
            tcp.write_waiting();
        }
    }

    fn write(&mut self, datagram: &Transmit) {
        if self.is_silent {
            return;
        }
        if let Some(sent) = &mut self.sent {
            sent.push(datagram.contents.to_vec());
        }
        match &mut self.transport {
            Some(Transport::Udp(socket)) => {
                let _lost = socket.send_to(&datagram.contents, datagram.destination);
            }
            Some(Transport::Tcp(tcp)) => tcp.push(&datagram.contents),
            None => {}
        }
    }

    /// Sends bytes to the server, as they are. Over UDP only.
    pub fn send_raw(&self, bytes: &[u8]) {
        if let Some(Transport::Udp(socket)) = &self.transport {
            let to = candidates(&self.answer, "udp")[0];
            socket.send_to(bytes, to).unwrap();
        }
    }

    /// Sends a sound. Returns whether it did: the last one may be too recent.
    pub fn say(&mut self, payload: &[u8]) -> bool {
        self.publish(self.audio, Codec::Opus, payload)
    }

    /// Returns the header of a packet of sound with another stream and number.
    pub fn header(&mut self, stream: u32, number: u16) -> Vec<u8> {
        self.sent = Some(Vec::new());
        self.say_now(b"a sound for its header");
        let sent = self.sent.take().unwrap();
        let mut packet = sent.into_iter().find(|bytes| bytes[0] >= 128).unwrap();
        packet.truncate(header_length(&packet));
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        packet[8..12].copy_from_slice(&stream.to_be_bytes());
        packet
    }

    /// Seals a packet and sends it.
    pub fn send_packet(&self, packet: &[u8]) {
        self.send_raw(&self.keys.seal_packet(packet));
    }

    /// Seals a report as the one with a number and sends it.
    pub fn send_report(&self, report: &[u8], number: u32) {
        self.send_raw(&self.keys.seal_report(report, number));
    }

    /// Sends a sound, however recent the last one is.
    pub fn say_now(&mut self, payload: &[u8]) {
        self.last_packet = None;
        self.say(payload);
    }

    /// Sends a large packet of a picture, however recent the last one is.
    pub fn show_large(&mut self, number: u8) {
        self.last_packet = None;
        let mut frame = picture(number);
        frame.resize(1_100, number);
        self.publish(self.camera, Codec::Vp8, &frame);
    }

    /// Sends the first packet of a picture of 320 x 180, a key frame.
    pub fn show(&mut self, number: u8) {
        self.publish(self.camera, Codec::Vp8, &picture(number));
    }

    /// Sends a packet, unless the last one was sent so recently that the sender would be throttled.
    fn publish(&mut self, mid: Mid, codec: Codec, payload: &[u8]) -> bool {
        let now = Instant::now();
        let last = self.last_packet;
        if last.is_some_and(|last| now.duration_since(last) < PACKET_INTERVAL) {
            return false;
        }
        self.last_packet = Some(now);
        let params = self.rtc.codec_config();
        let pt = params.find(|params| params.spec().codec == codec);
        let pt = pt.unwrap().pt();
        self.sequence += 1;
        let values = ExtensionValues {
            audio_level: (codec == Codec::Opus).then_some(-30),
            voice_activity: Some(true),
            ..ExtensionValues::default()
        };
        let timestamp = u32::try_from(self.sequence * 960 % (1 << 30)).unwrap();
        let write = RtpWrite::new(pt, self.sequence.into(), timestamp, now, payload);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        stream.write_rtp(write.ext_vals(values));
        self.rtc.handle_input(str0m::Input::Timeout(now)).unwrap();
        self.drain();
        true
    }

    /// Takes the payloads that have come.
    pub fn heard(&mut self) -> Vec<Vec<u8>> {
        let packets = core::mem::take(&mut self.packets);
        packets
            .iter()
            .map(|packet| packet.payload.to_vec())
            .collect()
    }
}

/// The first packet of a key frame of 320 x 180, with a picture id and TL0PICIDX.
fn picture(number: u8) -> Vec<u8> {
    let descriptor = [0x90, 0xe0, 0x80, number, number, 0x20];
    let header = [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0];
    [descriptor.as_slice(), &header].concat()
}
