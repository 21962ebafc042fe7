//! A fake of a media server: it writes down what it is told, and tells what a test says. No packet travels.

use std::sync::Arc;

use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};
use anteroom_rooms::{
    MediaBackend, MediaBusy, MediaConfig, MediaControl, MediaEnd, MediaEvent, MediaEvents,
    MediaUnavailable, OpenedMedia,
};
use anteroom_testkit::{TestMediaBackend, TestRooms, TestRoomsOptions};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::{
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    time::timeout,
};

use crate::client::PATIENCE;

/// The fake of a media server. Clones are the same.
#[derive(Clone)]
pub(crate) struct FakeMedia(Arc<State>);

struct State {
    told: Mutex<Vec<String>>,
    has_changed: Notify,
    /// The events of the call that was opened last.
    events: Mutex<Option<UnboundedSender<MediaEvent>>>,
    unavailable: Mutex<Option<MediaUnavailable>>,
    /// Whether offers and orders find no room.
    is_busy: Mutex<bool>,
    /// Whether ends wait.
    holds_ends: watch::Sender<bool>,
}

impl FakeMedia {
    /// Starts a room service with the fake.
    pub(crate) async fn start() -> (Self, TestRooms) {
        let fake = Self(Arc::new(State {
            told: Mutex::default(),
            has_changed: Notify::new(),
            events: Mutex::default(),
            unavailable: Mutex::default(),
            is_busy: Mutex::default(),
            holds_ends: watch::Sender::new(false),
        }));
        let rooms = TestRooms::start_with(TestRoomsOptions {
            media: Some(TestMediaBackend(Arc::new(fake.clone()))),
            ..TestRoomsOptions::default()
        })
        .await;
        (fake, rooms)
    }

    /// Returns what the media have been told since the last time, up to this line.
    pub(crate) async fn told_until(&self, last: &str) -> Vec<String> {
        let coming = async {
            loop {
                let changed = self.0.has_changed.notified();
                {
                    let mut told = self.0.told.lock();
                    if let Some(at) = told.iter().position(|line| line == last) {
                        return told.drain(..=at).collect();
                    }
                }
                changed.await;
            }
        };
        match timeout(PATIENCE, coming).await {
            Ok(told) => told,
            Err(_) => panic!("not told {last}: {:?}", self.0.told.lock()),
        }
    }

    /// Returns all that the media have been told since the last time.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.told.lock())
    }

    pub(crate) fn tells(&self, event: MediaEvent) {
        let events = self.0.events.lock();
        events.as_ref().unwrap().send(event).unwrap();
    }

    /// Ends the media without a word.
    pub(crate) fn vanishes(&self) {
        *self.0.events.lock() = None;
    }

    pub(crate) fn set_unavailable(&self, reason: Option<MediaUnavailable>) {
        *self.0.unavailable.lock() = reason;
    }

    pub(crate) fn set_busy(&self, is_busy: bool) {
        *self.0.is_busy.lock() = is_busy;
    }

    pub(crate) fn hold_ends(&self, holds: bool) {
        self.0.holds_ends.send_replace(holds);
    }

    fn write(&self, line: String) {
        self.0.told.lock().push(line);
        self.0.has_changed.notify_waiters();
    }

    fn end(&self, what: &str) -> MediaEnd {
        self.write(what.to_owned());
        let (fake, ended) = (self.clone(), format!("{what} done"));
        let mut holds = self.0.holds_ends.subscribe();
        Box::pin(async move {
            let _ = holds.wait_for(|holds| !holds).await;
            fake.write(ended);
        })
    }

    fn room(&self) -> Result<(), MediaBusy> {
        let is_busy = *self.0.is_busy.lock();
        if is_busy { Err(MediaBusy) } else { Ok(()) }
    }
}

impl MediaBackend for FakeMedia {
    fn config(&self) -> MediaConfig {
        MediaConfig {
            audio_slots: 4,
            video_slots: 49,
            max_bitrate: 3_000_000,
            codecs: vec!["opus", "VP8"],
        }
    }

    fn open_call(&self) -> Result<OpenedMedia, MediaUnavailable> {
        if let Some(reason) = *self.0.unavailable.lock() {
            return Err(reason);
        }
        self.write("open".to_owned());
        let (sender, events) = unbounded_channel();
        *self.0.events.lock() = Some(sender);
        Ok(OpenedMedia {
            control: Box::new(FakeControl(self.clone())),
            events: Box::new(FakeEvents(events)),
        })
    }
}

struct FakeControl(FakeMedia);

impl MediaControl for FakeControl {
    fn activate(&self, device: DemuxId, _user: OpaqueUserId) {
        self.0.write(format!("+{device}"));
    }

    fn remove(&self, device: DemuxId) -> MediaEnd {
        self.0.end(&format!("-{device}"))
    }

    fn offer(
        &self,
        device: DemuxId,
        session: u64,
        offer: SessionDescription,
    ) -> Result<(), MediaBusy> {
        self.0.room()?;
        let length = offer.as_str().len();
        self.0
            .write(format!("offer {device} {session} of {length} bytes"));
        Ok(())
    }

    fn view(&self, device: DemuxId, view: ViewRequest) {
        let mids: Vec<String> = view.slots.into_iter().map(|wish| wish.mid).collect();
        self.0.write(format!("view {device} {}", mids.join(",")));
    }

    fn publish(&self, device: DemuxId, sources: PerSource<bool>) {
        let sent = Source::ALL.into_iter().filter(|one| *sources.of(*one));
        let sent: Vec<Source> = sent.collect();
        self.0.write(format!("publish {device} {sent:?}"));
    }

    fn mute(
        &self,
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), MediaBusy> {
        self.0.room()?;
        let target = match target {
            MuteTarget::One(device) => device.to_string(),
            MuteTarget::AllBut(others) => format!("all but {}", others.len()),
        };
        self.0
            .write(format!("{order:?} {source:?} of {target} by {by}"));
        Ok(())
    }

    fn close(self: Box<Self>) -> MediaEnd {
        self.0.end("close")
    }
}

struct FakeEvents(UnboundedReceiver<MediaEvent>);

#[async_trait]
impl MediaEvents for FakeEvents {
    async fn next(&mut self) -> Option<MediaEvent> {
        self.0.recv().await
    }
}
