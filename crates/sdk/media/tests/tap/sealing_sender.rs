//! A device with the product's media, which seals its frames.

use core::time::Duration;

use anteroom_client_media::{
    AudioLevel, EpochFrames, Layer, MediaControl, MediaEvent, MediaEvents, MediaSender, OpusPacket,
    SendOutcome, SessionDescription, SlotCounts, Source, Vp8Frame, start,
};

use crate::{
    programs::{Player, within},
    server::Server,
    streams::{PayloadTypes, TappedStreams},
};

/// The device.
pub(crate) struct SealingSender {
    control: MediaControl,
    sender: MediaSender,
    _events: MediaEvents,
    types: PayloadTypes,
    shown: Duration,
}

impl SealingSender {
    /// Connects a device to the server's call.
    pub(crate) async fn connect(server: &mut Server) -> Self {
        let (mut control, sender, mut events) = start(SlotCounts { audio: 1, video: 1 }, 1);
        control.open().await;
        let offer = within(control.next_offer()).await.unwrap();
        let text = offer.offer.into_text();
        let types = PayloadTypes::of_offer(&text);
        let answer = within(server.answer(offer.session, text)).await;
        control
            .answer(offer.session, SessionDescription::new(answer))
            .await;
        within(async {
            while !matches!(events.next().await.unwrap(), MediaEvent::Connected { .. }) {}
        })
        .await;
        Self {
            control,
            sender,
            _events: events,
            types,
            shown: Duration::ZERO,
        }
    }

    /// Gives the device the keys of an epoch.
    pub(crate) async fn add_epoch(&self, epoch: &EpochFrames) {
        self.control.add_epoch(epoch.clone()).await;
    }

    /// Returns what the tap has of the device.
    pub(crate) fn tapped(&self) -> TappedStreams {
        TappedStreams::tapped(self.types)
    }
}

impl Player for SealingSender {
    async fn say(&mut self, packet: &[u8]) {
        let packet = OpusPacket::new(packet.to_vec(), AudioLevel::below_loudest(10)).unwrap();
        let sent = self.sender.send_sound(Source::Audio, packet).await;
        assert_eq!(sent, Ok(SendOutcome::Sent));
    }

    async fn show(&mut self, frame: &[u8], after: Duration) {
        self.shown += after;
        let frame = Vp8Frame {
            data: frame.to_vec().into(),
            time: self.shown,
            layer: Layer::Low,
        };
        let sent = self.sender.send_picture(Source::Camera, frame).await;
        assert_eq!(sent, Ok(SendOutcome::Sent));
    }

    async fn rest(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
