//! A participant: a device of the SDK, which joins, talks, shows pictures, and takes note of what it hears and sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anteroom_client::{
    AdminRights, CallEvent, CallLink, CallSession, Client, DemuxId, EndReason, PerSource,
    RoomsError, SlotWish, Source, Subject, ViewRequest, Wanted,
    media::{Layer, MediaEvent, MediaEvents, MediaSender, SendOutcome, SlotCounts, SlotKind},
};
use anyhow::{Result, bail};
use tokio::{
    sync::{mpsc, watch},
    time::interval,
};

use crate::{
    output::say,
    picture::{self, Decoders},
    record::Record,
    sound::{self, FRAME, Mark, Tone},
};

/// The slots of a participant: three for voices and one for the sound of a screen, and few for pictures.
const SLOTS: SlotCounts = SlotCounts { audio: 4, video: 4 };

/// The frames of a silence of which one is sent.
const SILENT_FRAMES: u64 = 20;

/// The ticks between two pictures.
const PICTURE_TICKS: u64 = 5;

/// An order to a participant.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Joins the call.
    Join {
        /// Whether somebody talks, so that the time to the first frame is one of the join.
        is_timed: bool,
    },
    /// Leaves the call.
    Leave,
    /// Says frames, as a turn.
    Talk(Talk),
    /// Shows the cameras of devices, each in a slot, in these heights.
    View(Vec<(DemuxId, u16)>),
    /// Removes a device from the call.
    Remove(DemuxId),
}

/// The words of a participant in a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) turn: u32,
    pub(crate) frames: u32,
    /// The frames of a packet.
    pub(crate) in_packet: u32,
}

/// The state of a participant.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The device's number while it is in the call.
    pub(crate) demux: Option<DemuxId>,
    /// Whether its media are connected.
    pub(crate) is_connected: bool,
    /// Whether it has its connection to the room service.
    pub(crate) has_socket: bool,
    /// The members of its group.
    pub(crate) members: BTreeSet<DemuxId>,
    /// The devices that it has in its roster.
    pub(crate) roster: BTreeSet<DemuxId>,
    /// The reasons why its visits have ended.
    pub(crate) ends: Vec<&'static str>,
    /// The frames that it has opened.
    pub(crate) opened: u64,
}

impl State {
    /// Returns whether the device is in the call and hears others of the group.
    pub(crate) fn is_settled(&self) -> bool {
        let is_member = self.demux.is_some_and(|own| self.members.contains(&own));
        is_member && self.is_connected && self.has_socket
    }
}

/// A participant.
pub(crate) struct Participant {
    pub(crate) number: u32,
    pub(crate) client: Client,
    pub(crate) link: CallLink,
    /// The rights of the admin.
    pub(crate) rights: Option<AdminRights>,
    pub(crate) record: Record,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) state: watch::Sender<State>,
}

/// One visit of a participant in the call.
struct Visit {
    call: CallSession,
    sender: MediaSender,
    media: MediaEvents,
    tone: Tone,
    /// The names of the slots for pictures.
    slots: Vec<String>,
    view: Vec<(DemuxId, u16)>,
    decoders: Decoders,
    wanted: Wanted,
    /// The layers that begin with a key frame.
    key_frames: BTreeMap<Layer, bool>,
    /// The turn, and the number of its next frame.
    turn: Option<(Talk, u32)>,
    ticks: u64,
    start: Instant,
    /// The moment of the join, until the first frame is heard.
    asked: Option<Instant>,
}

impl Participant {
    /// Executes orders until there is nobody who gives them.
    ///
    /// # Errors
    /// The participant cannot join, or its call ends with an error.
    pub(crate) async fn live(mut self) -> Result<()> {
        while let Some(order) = self.orders.recv().await {
            if let Order::Join { is_timed } = order {
                let ended = self.visit(is_timed).await;
                self.state.send_modify(|state| {
                    let mut ends = core::mem::take(&mut state.ends);
                    ends.extend(ended.as_ref().ok());
                    *state = State {
                        ends,
                        ..State::default()
                    };
                });
                ended?;
            }
        }
        Ok(())
    }

    /// Visits the call once. Returns the reason of its end.
    async fn visit(&mut self, is_timed: bool) -> Result<&'static str> {
        let asked = Instant::now();
        let call = match &self.rights {
            Some(rights) => self.client.join_as_admin(&self.link, rights).await?,
            None => self.client.join(&self.link).await?,
        };
        let Some((sender, media)) = call.start_media(SLOTS).await? else {
            bail!("the call has no media");
        };
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        call.publish(sources).await?;
        let mut visit = Visit {
            call,
            sender,
            media,
            tone: Tone::read()?,
            slots: Vec::new(),
            view: Vec::new(),
            decoders: Decoders::default(),
            wanted: Wanted::ALL,
            key_frames: Layer::ALL.map(|layer| (layer, true)).into(),
            turn: None,
            ticks: 0,
            start: asked,
            asked: is_timed.then_some(asked),
        };
        let mut ticks = interval(FRAME);
        loop {
            tokio::select! {
                event = visit.call.next() => {
                    if let Some(end) = self.take_event(event)? {
                        return Ok(end);
                    }
                }
                // The end of the media is followed by that of the call.
                Some(event) = visit.media.next() => self.take_media(&mut visit, event).await?,
                order = self.orders.recv() => match order {
                    None | Some(Order::Leave) => {
                        visit.call.leave().await;
                        return Ok("left");
                    }
                    Some(order) => or_over(visit.perform(order).await)?,
                },
                _ = ticks.tick() => visit.send(self.number, &self.record).await?,
            }
        }
    }

    /// Takes an event of the call. Returns the reason of its end, if it ends.
    fn take_event(&self, event: Option<CallEvent>) -> Result<Option<&'static str>> {
        let Some(event) = event else {
            bail!("the events of {} are over", self.number);
        };
        match event {
            CallEvent::Ended(EndReason::Left) => return Ok(Some("left")),
            CallEvent::Ended(EndReason::Removed) => return Ok(Some("removed")),
            CallEvent::Ended(reason) => bail!("{} is out: {reason:?}", self.number),
            CallEvent::Joined(seat) => {
                if self.state.borrow().demux.is_some() {
                    say(&format!("{} has joined anew by itself", self.number))?;
                }
                self.state.send_modify(|state| {
                    state.demux = Some(seat.demux);
                    state.has_socket = true;
                    state.roster = seat.roster.active.iter().map(|one| one.demux).collect();
                });
            }
            CallEvent::Roster(roster) => self.state.send_modify(|state| {
                state.roster = roster.active.iter().map(|one| one.demux).collect();
            }),
            CallEvent::Restored { roster, .. } => self.state.send_modify(|state| {
                state.has_socket = true;
                state.roster = roster.active.iter().map(|one| one.demux).collect();
            }),
            CallEvent::Lost => self.state.send_modify(|state| state.has_socket = false),
            CallEvent::GroupChanged(group) => self.state.send_modify(|state| {
                let members = group.members.iter();
                state.members = members.map(|one| one.claims.demux_id).collect();
            }),
            event @ (CallEvent::Refused { .. } | CallEvent::GroupRefused(_)) => {
                say(&format!("{} is told {event:?}", self.number))?;
            }
            _ => {}
        }
        Ok(None)
    }

    async fn take_media(&self, visit: &mut Visit, event: MediaEvent) -> Result<()> {
        match event {
            MediaEvent::Connected { slots } => {
                let slots = slots.into_iter();
                let pictures = slots.filter(|slot| slot.kind == SlotKind::Video);
                visit.slots = pictures.map(|slot| slot.mid).collect();
                self.state.send_modify(|state| state.is_connected = true);
                or_over(visit.tell_view().await)?;
            }
            MediaEvent::Interrupted | MediaEvent::Ended => {
                self.state.send_modify(|state| state.is_connected = false);
            }
            MediaEvent::Wanted(wanted) => visit.wanted = wanted,
            MediaEvent::KeyFrameWanted { layer, .. } => {
                visit.key_frames.insert(layer, true);
            }
            MediaEvent::Frame(frame) => {
                let now = Instant::now();
                self.state.send_if_modified(|state| {
                    state.opened += 1;
                    false
                });
                if frame.source == Source::Camera {
                    if let Some(mark) = visit.decoders.take(&frame) {
                        self.record.see(self.number, mark);
                    }
                } else if let Some(mark) = sound::mark(&frame.data) {
                    let frames = sound::frames(&frame.data);
                    self.record.hear(self.number, mark, frames, now);
                    if let Some(asked) = visit.asked.take() {
                        self.record.join(self.number, now - asked);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns the result of a command, but that the call is over: its end follows as an event.
fn or_over(done: Result<(), RoomsError>) -> Result<(), RoomsError> {
    match done {
        Err(RoomsError::Over) => Ok(()),
        done => done,
    }
}

impl Visit {
    async fn perform(&mut self, order: Order) -> Result<(), RoomsError> {
        match order {
            Order::Talk(talk) => self.turn = Some((talk, 0)),
            Order::View(view) => {
                self.view = view;
                self.tell_view().await?;
            }
            Order::Remove(device) => self.call.remove(device).await?,
            Order::Join { .. } | Order::Leave => {}
        }
        Ok(())
    }

    async fn tell_view(&self) -> Result<(), RoomsError> {
        let slots = self.view.iter().zip(&self.slots);
        let slots = slots.map(|((device, height), mid)| SlotWish {
            mid: mid.clone(),
            subject: Subject::Device(*device),
            source: Source::Camera,
            height: *height,
        });
        let view = ViewRequest {
            slots: slots.collect(),
            audio_without: Vec::new(),
        };
        self.call.view(view).await
    }

    /// Sends what is due at a tick.
    async fn send(&mut self, own: u32, record: &Record) -> Result<()> {
        self.ticks += 1;
        match &mut self.turn {
            Some((talk, next)) => {
                let mark = Mark {
                    speaker: own,
                    turn: talk.turn,
                    frame: *next,
                };
                if next.is_multiple_of(talk.in_packet) {
                    let packet = self.tone.packet(mark, talk.in_packet)?;
                    let now = Instant::now();
                    let sent = self.sender.send_sound(Source::Audio, packet).await;
                    record.say(talk.turn, now, sent == Ok(SendOutcome::Sent));
                }
                *next += 1;
                if *next == talk.frames {
                    self.turn = None;
                }
            }
            None if self.ticks.is_multiple_of(SILENT_FRAMES) => {
                if let Some(silence) = sound::silence() {
                    // A silence that is lost is one, too.
                    let _lost = self.sender.send_sound(Source::Audio, silence).await;
                }
            }
            None => {}
        }
        if self.ticks.is_multiple_of(PICTURE_TICKS) {
            let turn = self.turn.map_or(0, |(talk, _)| talk.turn);
            let mark = Mark {
                speaker: own,
                turn,
                frame: 0,
            };
            self.send_pictures(mark).await;
        }
        Ok(())
    }

    async fn send_pictures(&mut self, mark: Mark) {
        let time = self.start.elapsed();
        let layers = Layer::ALL.into_iter();
        for layer in layers.take(self.wanted.camera_layers.into()) {
            let is_key = self.key_frames.insert(layer, false).unwrap_or(true);
            let frame = picture::frame(layer, is_key, time, mark);
            let sent = self.sender.send_picture(Source::Camera, frame).await;
            if sent != Ok(SendOutcome::Sent) {
                self.key_frames.insert(layer, true);
            }
        }
    }
}

/// The time after which a participant that has been asked for something has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
