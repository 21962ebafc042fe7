//! Connections without a call: one that receives packets, and some that are written each of them.

use core::net::SocketAddr;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Rtc,
    change::{SdpAnswer, SdpOffer},
    format::Codec,
    media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{Extension, ExtensionValues, RtpPacket, RtpWrite, Ssrc, Vp8Descriptor},
};

const SERVER: &str = "192.0.2.1:4000";

/// The layer of pictures that is sent.
const LAYER: &str = "q";

/// One connection, with both its ends.
struct Pair {
    server: Rtc,
    client: Rtc,
    address: SocketAddr,
    mid: Mid,
    /// The stream of the server.
    stream: Option<Ssrc>,
}

/// A sender and its viewers.
pub(crate) struct Connections {
    sender: Pair,
    viewers: Vec<Pair>,
    now: Instant,
    sequence: u64,
    codec: Codec,
}

impl Pair {
    fn new(number: usize, codec: Codec, direction: Direction, now: Instant) -> Self {
        let address: SocketAddr = format!("192.0.2.2:{}", 5_000 + number).parse().unwrap();
        let mut client = Rtc::builder().set_rtp_mode(true).build(now);
        client.add_local_candidate(Candidate::host(address, "udp").unwrap());
        // As the server of a call has them.
        let mut builder = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .clear_extension_map()
            .set_extension(1, Extension::AudioLevel)
            .set_extension(2, Extension::AbsoluteCaptureTime)
            .set_extension(4, Extension::RtpMid)
            .set_extension(10, Extension::RtpStreamId)
            .set_extension(11, Extension::RepairedRtpStreamId)
            .set_stats_interval(Some(Duration::from_secs(1)));
        if direction == Direction::SendOnly {
            builder = builder.set_extension(3, Extension::TransportSequenceNumber);
        }
        let mut server = builder.build(now);
        let candidate = Candidate::host(SERVER.parse().unwrap(), "udp");
        server.add_local_candidate(candidate.unwrap());
        let mut api = client.sdp_api();
        let kind = match codec {
            Codec::Opus => MediaKind::Audio,
            _ => MediaKind::Video,
        };
        let sends_layers = direction == Direction::SendOnly && codec == Codec::Vp8;
        let layers = sends_layers.then(|| {
            let mut layers = Simulcast::new();
            layers.add_send_layer(SimulcastLayer::new(LAYER));
            layers
        });
        let mid = api.add_media(kind, direction, None, None, layers);
        let (offer, pending) = api.apply().unwrap();
        let offer = SdpOffer::from_sdp_string(&offer.to_sdp_string()).unwrap();
        let answer = server.sdp_api().accept_offer(offer).unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer.to_sdp_string()).unwrap();
        client.sdp_api().accept_answer(pending, answer).unwrap();
        Self {
            server,
            client,
            address,
            mid,
            stream: None,
        }
    }

    /// Lets time pass for both ends.
    fn run(&mut self, now: Instant) {
        let mut waiting = VecDeque::new();
        for is_server in [false, true] {
            let end = self.end(is_server);
            end.handle_input(str0m::Input::Timeout(now)).unwrap();
            drain(end, |bytes| waiting.push_back((!is_server, bytes)));
        }
        while let Some((is_server, bytes)) = waiting.pop_front() {
            let server: SocketAddr = SERVER.parse().unwrap();
            let (from, to) = if is_server {
                (self.address, server)
            } else {
                (server, self.address)
            };
            let received = Receive::new(Protocol::Udp, from, to, &bytes).unwrap();
            let end = self.end(is_server);
            end.handle_input(str0m::Input::Receive(now, received))
                .unwrap();
            drain(end, |bytes| waiting.push_back((!is_server, bytes)));
        }
    }

    fn end(&mut self, is_server: bool) -> &mut Rtc {
        if is_server {
            &mut self.server
        } else {
            &mut self.client
        }
    }
}

/// Takes all that one end has to send.
pub(crate) fn drain(rtc: &mut Rtc, mut send: impl FnMut(Vec<u8>)) {
    loop {
        match rtc.poll_output().unwrap() {
            str0m::Output::Timeout(_) => return,
            str0m::Output::Transmit(datagram) => send(datagram.contents.to_vec()),
            str0m::Output::Event(_) => {}
        }
    }
}

impl Connections {
    /// Makes a sender of sounds or pictures and some viewers, and connects them.
    pub(crate) fn new(viewers: usize, sends_pictures: bool) -> Self {
        let mut now = Instant::now();
        let codec = if sends_pictures {
            Codec::Vp8
        } else {
            Codec::Opus
        };
        let sender = Pair::new(0, codec, Direction::SendOnly, now);
        let viewers =
            (1..=viewers).map(|number| Pair::new(number, codec, Direction::RecvOnly, now));
        let mut viewers: Vec<Pair> = viewers.collect();
        let mut sender = sender;
        for _ in 0..400 {
            now += Duration::from_millis(5);
            for pair in viewers.iter_mut().chain([&mut sender]) {
                pair.run(now);
            }
        }
        assert!(sender.server.is_connected());
        for viewer in &mut viewers {
            assert!(viewer.server.is_connected());
            let mut api = viewer.server.direct_api();
            let stream = api.stream_tx_by_mid(viewer.mid, None).unwrap();
            stream.set_rtx_cache(128, Duration::from_millis(500), Some(0.15));
            viewer.stream = Some(stream.ssrc());
        }
        Self {
            sender,
            viewers,
            now,
            sequence: 60_000,
            codec,
        }
    }

    /// Makes the datagrams of some packets.
    pub(crate) fn datagrams(&mut self, packets: usize) -> Vec<Vec<u8>> {
        let client = &mut self.sender.client;
        let params = client.codec_config();
        let codec = self.codec;
        let pt = params.find(|params| params.spec().codec == codec);
        let pt = pt.unwrap().pt();
        let picture = [
            0x90, 0xe0, 0x81, 1, 9, 0x20, 0x50, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0,
        ];
        for _ in 0..packets {
            self.sequence += 1;
            let payload = if codec == Codec::Opus {
                b"sound".as_slice()
            } else {
                &picture
            };
            let timestamp = u32::try_from(self.sequence).unwrap() * 960;
            let write = RtpWrite::new(pt, self.sequence.into(), timestamp, self.now, payload);
            let values = ExtensionValues {
                audio_level: (codec == Codec::Opus).then_some(-30),
                voice_activity: Some(true),
                ..ExtensionValues::default()
            };
            let mut api = client.direct_api();
            let layer = (codec == Codec::Vp8).then(|| Rid::from(LAYER));
            let stream = api.stream_tx_by_mid(self.sender.mid, layer).unwrap();
            stream.write_rtp(write.ext_vals(values).nackable(true));
        }
        crate::datagrams(client, self.now)
    }

    /// Takes a packet, and writes it to all viewers. Returns the number of datagrams for them.
    pub(crate) fn forward(&mut self, datagram: &[u8]) -> usize {
        let (from, to) = (self.sender.address, SERVER.parse().unwrap());
        let received = Receive::new(Protocol::Udp, from, to, datagram).unwrap();
        let input = str0m::Input::Receive(self.now, received);
        self.sender.server.handle_input(input).unwrap();
        loop {
            match self.sender.server.poll_output().unwrap() {
                str0m::Output::Timeout(_) => break,
                str0m::Output::Event(Event::RtpPacket(packet)) => {
                    for viewer in &mut self.viewers {
                        viewer.write(&packet);
                    }
                }
                _ => {}
            }
        }
        let mut sent = 0;
        for viewer in &mut self.viewers {
            let timeout = str0m::Input::Timeout(self.now);
            viewer.server.handle_input(timeout).unwrap();
            loop {
                match viewer.server.poll_output().unwrap() {
                    str0m::Output::Timeout(_) => break,
                    str0m::Output::Transmit(_) => sent += 1,
                    str0m::Output::Event(_) => {}
                }
            }
        }
        sent
    }
}

impl Pair {
    fn write(&mut self, packet: &RtpPacket) {
        let header = &packet.header;
        let values = ExtensionValues {
            audio_level: header.ext_vals.audio_level,
            voice_activity: header.ext_vals.voice_activity,
            ..ExtensionValues::default()
        };
        let descriptor = Vp8Descriptor::parse(&packet.payload).ok();
        let is_picture = packet.payload.len() > 5;
        let patch = descriptor.filter(|_| is_picture);
        let patch = patch.and_then(|descriptor| descriptor.patch().picture_id(7).build().ok());
        let mut write = RtpWrite::new(
            header.payload_type,
            packet.seq_no,
            header.timestamp,
            packet.timestamp,
            Arc::clone(&packet.payload),
        )
        .ext_vals(values)
        .nackable(is_picture);
        if let Some(patch) = patch {
            write = write.vp8_patch(patch);
        }
        let mut api = self.server.direct_api();
        let stream = api.stream_tx(&self.stream.unwrap()).unwrap();
        stream.write_rtp(write);
    }
}
