//! A device that does not seal its frames, which the product cannot be.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::SdpAnswer,
    format::{Codec, PayloadParams},
    media::{Direction, Frequency, MediaKind, MediaTime, Mid},
    net::{Protocol, Receive},
};
use tokio::net::UdpSocket;

use crate::{
    programs::{Player, within},
    server::Server,
    streams::{PayloadTypes, TappedStreams},
};

/// The device.
pub(crate) struct UnsealedSender {
    rtc: Rtc,
    socket: UdpSocket,
    audio: Mid,
    camera: Mid,
    types: PayloadTypes,
    is_connected: bool,
    timeout: Instant,
    said: u64,
    shown: Duration,
}

impl UnsealedSender {
    /// Connects a device to the server's call. Its own packets are not tapped.
    pub(crate) async fn connect(server: &mut Server) -> Self {
        let now = Instant::now();
        let mut rtc = Rtc::builder()
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let mut api = rtc.sdp_api();
        let [audio, camera] = [MediaKind::Audio, MediaKind::Video]
            .map(|kind| api.add_media(kind, Direction::SendOnly, None, None, None));
        let (offer, pending) = api.apply().unwrap();
        let offer = offer.to_sdp_string();
        let types = PayloadTypes::of_offer(&offer);
        let answer = within(server.answer(1, offer)).await;
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        let mut sender = Self {
            rtc,
            socket,
            audio,
            camera,
            types,
            is_connected: false,
            timeout: now,
            said: 0,
            shown: Duration::ZERO,
        };
        within(async {
            while !sender.is_connected {
                sender.step(Instant::now() + Duration::from_millis(5)).await;
            }
        })
        .await;
        sender
    }

    /// Waits until the tap has something.
    pub(crate) async fn until_tapped(
        &mut self,
        wanted: impl Fn(&TappedStreams) -> bool,
    ) -> TappedStreams {
        within(async {
            loop {
                let tapped = TappedStreams::tapped(self.types);
                if wanted(&tapped) {
                    return tapped;
                }
                self.step(Instant::now() + Duration::from_millis(5)).await;
            }
        })
        .await
    }

    /// Takes a datagram, or lets the time pass until a moment at most.
    async fn step(&mut self, until: Instant) {
        self.drain().await;
        let mut bytes = [0; 2_048];
        let next = tokio::time::Instant::from_std(until.min(self.timeout));
        let input = tokio::select! {
            received = self.socket.recv_from(&mut bytes) => {
                let (length, from) = received.unwrap();
                let to = self.socket.local_addr().unwrap();
                let received = Receive::new(Protocol::Udp, from, to, &bytes[..length]).unwrap();
                Input::Receive(Instant::now(), received)
            }
            () = tokio::time::sleep_until(next) => Input::Timeout(Instant::now()),
        };
        self.rtc.handle_input(input).unwrap();
        self.drain().await;
    }

    async fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                Output::Transmit(datagram) => {
                    let (bytes, to) = (&datagram.contents, datagram.destination);
                    self.socket.send_to(bytes, to).await.unwrap();
                }
                Output::Event(Event::Connected) => self.is_connected = true,
                Output::Event(_) => {}
            }
        }
    }

    async fn write(&mut self, mid: Mid, codec: Codec, time: MediaTime, data: &[u8]) {
        let writer = self.rtc.writer(mid).unwrap();
        let is_wanted = |params: &&PayloadParams| params.spec().codec == codec;
        let pt = writer.payload_params().find(is_wanted).unwrap().pt();
        let now = Instant::now();
        writer.write(pt, now, time, data.to_vec()).unwrap();
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain().await;
    }
}

impl Player for UnsealedSender {
    async fn say(&mut self, packet: &[u8]) {
        let time = MediaTime::new(self.said * 960, Frequency::FORTY_EIGHT_KHZ);
        self.said += 1;
        self.write(self.audio, Codec::Opus, time, packet).await;
    }

    async fn show(&mut self, frame: &[u8], after: Duration) {
        self.shown += after;
        let ticks = u64::try_from(self.shown.as_millis()).unwrap() * 90;
        let time = MediaTime::from_90khz(ticks);
        self.write(self.camera, Codec::Vp8, time, frame).await;
    }

    async fn rest(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            self.step(until).await;
        }
    }
}
