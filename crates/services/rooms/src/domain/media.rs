//! The port to the media server of this process, which carries sound and picture of calls.
//!
//! The server of the program implements it over the sockets and threads that carry packets. The room's task alone
//! uses it: it says who is active, passes offers and views on, and awaits the end of a device's media before anybody
//! is told that the device is gone.

mod refusal;

use std::{future::Future, pin::Pin};

use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{
        MuteOrder, MuteTarget, PerSource, SessionDescription, SlotReport, Source, ViewRequest,
        Wanted,
    },
};
use async_trait::async_trait;

pub use self::refusal::{MediaUnavailable, OfferRefusal};

/// A media server in this process.
pub trait MediaBackend: Send + Sync {
    /// Returns the media that calls have. Clients learn it with `joined`.
    fn config(&self) -> MediaConfig;

    /// Opens the media of a call.
    ///
    /// # Errors
    /// The server takes no call now.
    fn open_call(&self) -> Result<OpenedMedia, MediaUnavailable>;
}

/// The media that a call has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// The number of audio slots that a device should offer.
    pub audio_slots: u32,
    /// The maximum number of video slots that a device may offer.
    pub video_slots: u32,
    /// The maximum bits a second of a device's camera, all layers together.
    pub max_bitrate: u64,
    /// The codecs that a device may send, by their names in SDP.
    pub codecs: Vec<&'static str>,
}

/// The media of a call that were opened just now.
pub struct OpenedMedia {
    /// The way to the media.
    pub control: Box<dyn MediaControl>,
    /// The way back.
    pub events: Box<dyn MediaEvents>,
}

/// Completes when not one packet more travels.
pub type MediaEnd = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The media of a call. No method waits. When it is dropped, the media end.
pub trait MediaControl: Send + Sync {
    /// Makes a device active: it may connect.
    fn activate(&self, device: DemuxId, user: OpaqueUserId);

    /// Ends everything of a device. Once the returned future completes, not one packet more is sent to the device
    /// or taken from it. The end does not depend on whether the future is polled.
    fn remove(&self, device: DemuxId) -> MediaEnd;

    /// Passes the offer of a device on. The answer is an event.
    ///
    /// # Errors
    /// Too many of its offers wait.
    fn offer(
        &self,
        device: DemuxId,
        session: u64,
        offer: SessionDescription,
    ) -> Result<(), MediaBusy>;

    /// Says what a device wants to see and hear where. It may say so before its connection works.
    fn view(&self, device: DemuxId, view: ViewRequest);

    /// Says what a device sends.
    fn publish(&self, device: DemuxId, sources: PerSource<bool>);

    /// Gives an order of an admin about what others send.
    ///
    /// # Errors
    /// Too many orders wait.
    fn mute(
        &self,
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), MediaBusy>;

    /// Ends the media of the call. Once the returned future completes, not one packet more travels.
    fn close(self: Box<Self>) -> MediaEnd;
}

/// The request is not taken: too many of its kind wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaBusy;

/// The events of a call's media.
#[async_trait]
pub trait MediaEvents: Send + Sync {
    /// Returns the next event. `None`: the media of the call have ended. Dropping the returned future loses no event.
    async fn next(&mut self) -> Option<MediaEvent>;
}

/// An event of a call's media. Orders of admins are no events: the call itself tells devices of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// The answer to an offer.
    Answer {
        /// The device.
        device: DemuxId,
        /// The number of the connection.
        session: u64,
        /// The answer.
        answer: SessionDescription,
    },
    /// An offer is not answered.
    OfferRefused {
        /// The device.
        device: DemuxId,
        /// The reason.
        reason: OfferRefusal,
    },
    /// The states of a device's slots, whole. Empty slots are not named.
    Slots {
        /// The device.
        device: DemuxId,
        /// The states.
        slots: Vec<SlotReport>,
    },
    /// The sources and layers that a device is to send.
    Send {
        /// The device.
        device: DemuxId,
        /// The sources and layers.
        wanted: Wanted,
    },
    /// A source was beyond its limit for too long. It is dropped until the device publishes it anew.
    SourceDropped {
        /// The device.
        device: DemuxId,
        /// The source.
        source: Source,
    },
    /// A request of a device was not carried out: it sends too many.
    RequestDropped {
        /// The device.
        device: DemuxId,
    },
    /// The connection of a device has ended, and no other has replaced it.
    Disconnected {
        /// The device.
        device: DemuxId,
    },
    /// The speakers, loudest first.
    Speakers(Vec<DemuxId>),
    /// The media of the call have ended since a part of the server failed.
    Failed,
}
