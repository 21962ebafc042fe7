//! The room service's port to the media server.

use std::sync::Arc;

use anteroom_media::{
    CallEvents, CallHandle, LineError, MediaEvent as ServerEvent, MediaServer, OfferError,
    OfferRefusal as ServerRefusal, Refusal, UnavailableError,
};
use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};
use anteroom_rooms::{
    MediaBackend, MediaBusy, MediaConfig, MediaControl, MediaEnd, MediaEvent, MediaEvents,
    MediaUnavailable, OfferRefusal, OpenedMedia,
};
use async_trait::async_trait;

/// The audio slots that a device should offer: three for voices, and one for the sound of a screen.
const AUDIO_SLOTS: u32 = 4;

/// The maximum number of video slots of a device.
const VIDEO_SLOTS: u32 = 49;

/// The media server as the room service uses it.
pub(super) struct ServerBackend {
    pub(super) server: Arc<MediaServer>,
    /// The bits a second of a camera.
    pub(super) max_bitrate: u64,
}

impl MediaBackend for ServerBackend {
    fn config(&self) -> MediaConfig {
        MediaConfig {
            audio_slots: AUDIO_SLOTS,
            video_slots: VIDEO_SLOTS,
            max_bitrate: self.max_bitrate,
            codecs: vec!["opus", "VP8"],
        }
    }

    fn open_call(&self) -> Result<OpenedMedia, MediaUnavailable> {
        let (handle, events) = self.server.open_call().map_err(|error| match error {
            UnavailableError::Full => MediaUnavailable::Full,
            UnavailableError::Draining => MediaUnavailable::Stopping,
        })?;
        Ok(OpenedMedia {
            control: Box::new(ServerControl(handle)),
            events: Box::new(ServerEvents(events)),
        })
    }
}

struct ServerControl(CallHandle);

impl MediaControl for ServerControl {
    fn activate(&self, device: DemuxId, user: OpaqueUserId) {
        self.0.activate(device, user);
    }

    fn remove(&self, device: DemuxId) -> MediaEnd {
        Box::pin(self.0.remove(device).done())
    }

    fn offer(
        &self,
        device: DemuxId,
        session: u64,
        offer: SessionDescription,
    ) -> Result<(), MediaBusy> {
        let offered = self.0.offer(device, session, offer.into_text());
        offered.map_err(|_| MediaBusy)
    }

    fn view(&self, device: DemuxId, view: ViewRequest) {
        self.0.view(device, view);
    }

    fn publish(&self, device: DemuxId, sources: PerSource<bool>) {
        self.0.publish(device, sources);
    }

    fn mute(
        &self,
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), MediaBusy> {
        let ordered = self.0.mute(by, target, source, order);
        ordered.map_err(|_| MediaBusy)
    }

    fn close(self: Box<Self>) -> MediaEnd {
        Box::pin(self.0.close().done())
    }
}

struct ServerEvents(CallEvents);

#[async_trait]
impl MediaEvents for ServerEvents {
    async fn next(&mut self) -> Option<MediaEvent> {
        loop {
            if let Some(event) = event(self.0.next().await?) {
                return Some(event);
            }
        }
    }
}

/// Returns the event for the room service, which tells devices of orders itself.
fn event(event: ServerEvent) -> Option<MediaEvent> {
    Some(match event {
        ServerEvent::Answer {
            device,
            session,
            answer,
        } => MediaEvent::Answer {
            device,
            session,
            answer,
        },
        ServerEvent::OfferRefused { device, reason, .. } => MediaEvent::OfferRefused {
            device,
            reason: refusal(reason),
        },
        ServerEvent::Slots { device, slots } => MediaEvent::Slots { device, slots },
        ServerEvent::Send { device, wanted } => MediaEvent::Send { device, wanted },
        ServerEvent::Refused {
            device,
            reason: Refusal::OverLimit(source),
        } => MediaEvent::SourceDropped { device, source },
        ServerEvent::Refused {
            device,
            reason: Refusal::RateLimited,
        } => MediaEvent::RequestDropped { device },
        ServerEvent::Refused {
            device,
            reason: Refusal::TooManySlots,
        } => MediaEvent::OfferRefused {
            device,
            reason: OfferRefusal::TooManyLines,
        },
        ServerEvent::Speakers(speakers) => MediaEvent::Speakers(speakers),
        ServerEvent::Failed => MediaEvent::Failed,
        ServerEvent::Disconnected { device } => MediaEvent::Disconnected { device },
        ServerEvent::Muted { .. } => return None,
    })
}

const fn refusal(reason: ServerRefusal) -> OfferRefusal {
    let error = match reason {
        ServerRefusal::Offer(error) => error,
        ServerRefusal::Busy => return OfferRefusal::Busy,
    };
    match error {
        OfferError::NotActive => OfferRefusal::NotActive,
        OfferError::RateLimited => OfferRefusal::TooManyOffers,
        OfferError::Malformed => OfferRefusal::Malformed,
        OfferError::Lines(error) => match error {
            LineError::TooMany => OfferRefusal::TooManyLines,
            LineError::Mid => OfferRefusal::Mid,
            LineError::Kind => OfferRefusal::Kind,
            LineError::Direction => OfferRefusal::Direction,
            LineError::Sources => OfferRefusal::Sources,
            LineError::Layers => OfferRefusal::Layers,
            LineError::Changed => OfferRefusal::Changed,
        },
    }
}
