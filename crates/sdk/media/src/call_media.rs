//! The media of a device in a call, without sockets and clock: one connection after the other, and the keys of frames.

mod connecting;
mod sending;

use core::{net::SocketAddr, time::Duration};
use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    time::Instant,
};

use anteroom_e2ee::{EpochFrames, Moment};
use anteroom_protocol::{
    media::{SessionDescription, Source, Wanted},
    redacted_debug,
};
use str0m::net::Transmit;

use crate::{
    attempts::{Attempts, NextAttempt},
    broken_pictures::BrokenPictures,
    candidates::ServerAddress,
    connection::Connection,
    connection_output::ConnectionOutput,
    event::{FrameCounts, GiveUpReason, MediaEvent, Slot},
    frame::ReceivedFrame,
    keys::FrameKeys,
    layer::Layer,
    lines::{SlotCounts, SlotKind, SlotNumber},
    send_state::SendState,
};

/// The time after which media without a connection look at their time.
const IDLE: Duration = Duration::from_secs(60);

/// An output of the media.
pub(crate) enum MediaOutput {
    /// There is nothing to do until then.
    Wait(Instant),
    /// The ways to the media server are given up.
    CloseWays,
    /// Others are opened beside the ways that there are, which go on until [`Self::CloseFormerWays`].
    RenewWays,
    /// The ways before the last renewal are given up.
    CloseFormerWays,
    /// A way to the media server is to be opened: [`CallMedia::add_way`] follows.
    OpenWay(ServerAddress),
    /// A datagram is to be sent.
    Transmit(Transmit),
    /// An offer for the media server.
    Offer(Offer),
    /// An event for the application.
    Event(MediaEvent),
}

/// An offer for the media server, which its answer follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The number of the connection: another one replaces the one before.
    pub session: u64,
    /// The description (SDP).
    pub offer: SessionDescription,
    /// The names of its slots in their order: those of another connection are others.
    pub slots: Vec<String>,
}

/// The media of a device in a call.
pub(crate) struct CallMedia {
    counts: SlotCounts,
    start: Instant,
    keys: FrameKeys,
    connection: Option<Connection>,
    session: u64,
    /// The addresses that are tried over TCP if UDP does not work by then.
    tcp: Option<(Instant, Vec<ServerAddress>)>,
    /// Whether the device is to have a connection.
    is_open: bool,
    attempts: Attempts,
    sending: SendState,
    broken: BrokenPictures,
    waiting: VecDeque<MediaOutput>,
}

redacted_debug!(CallMedia);

impl CallMedia {
    /// Creates the media of a device that has no connection yet.
    pub(crate) fn new(counts: SlotCounts, first_session: u64, now: Instant) -> Self {
        Self {
            counts,
            start: now,
            keys: FrameKeys::default(),
            connection: None,
            session: first_session.saturating_sub(1),
            tcp: None,
            is_open: false,
            attempts: Attempts::new(RandomState::new().hash_one(first_session)),
            sending: SendState::default(),
            broken: BrokenPictures::default(),
            waiting: VecDeque::new(),
        }
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment::new(now.saturating_duration_since(self.start))
    }

    /// Adds the near end of a way that was opened.
    pub(crate) fn add_way(&mut self, local: SocketAddr, is_tcp: bool, now: Instant) {
        if let Some(connection) = &mut self.connection {
            connection.add_way(local, is_tcp);
            connection.advance(now);
        }
    }

    /// Takes the keys of an epoch.
    pub(crate) fn add_epoch(&mut self, frames: EpochFrames, now: Instant) {
        let moment = self.moment(now);
        self.keys.add_epoch(frames, moment);
        self.take_held(now);
    }

    /// Says whether the device may send: it may not while its group may be another one than that of the others.
    pub(crate) fn allow_sending(&mut self, may_send: bool) {
        self.sending.allow(may_send);
    }

    /// Takes the sources and layers that somebody sees or hears.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        for (source, layer) in self.sending.want(wanted) {
            self.tell(MediaEvent::KeyFrameWanted { source, layer });
        }
        self.tell(MediaEvent::Wanted(wanted));
    }

    /// Takes a datagram.
    pub(crate) fn receive(
        &mut self,
        is_tcp: bool,
        ends: (SocketAddr, SocketAddr),
        bytes: &[u8],
        now: Instant,
    ) {
        if let Some(connection) = &mut self.connection {
            connection.receive(is_tcp, ends, bytes, now);
        }
    }

    /// Lets the time pass.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.take_held(now);
        let is_connected = self.is_connected();
        if let Some((_, addresses)) = self.tcp.take_if(|(due, _)| now >= *due)
            && !is_connected
        {
            let ways = addresses.into_iter().map(MediaOutput::OpenWay);
            self.waiting.extend(ways);
        }
        match self.attempts.take_due(now) {
            // The offer was one of another way.
            Some(_) if is_connected => self.attempts.succeed(now),
            Some(NextAttempt::Offer) => self.connect(now),
            Some(NextAttempt::GiveUp) => self.give_up(GiveUpReason::Unreachable),
            None => {}
        }
        if let Some(connection) = &mut self.connection {
            connection.advance(now);
        }
    }

    /// Returns whether the connection works.
    pub(crate) fn is_connected(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(Connection::is_connected)
    }

    /// Returns the numbers of frames.
    pub(crate) const fn frame_counts(&self) -> FrameCounts {
        self.keys.counts
    }

    /// Returns the next output, until it is [`MediaOutput::Wait`].
    pub(crate) fn poll_output(&mut self, now: Instant) -> MediaOutput {
        loop {
            if let Some(output) = self.waiting.pop_front() {
                return output;
            }
            let output = match &mut self.connection {
                Some(connection) => connection.poll_output(now),
                None => ConnectionOutput::Wait(now + IDLE),
            };
            match output {
                ConnectionOutput::Wait(at) => return MediaOutput::Wait(self.next_moment(at)),
                ConnectionOutput::Transmit(datagram) => return MediaOutput::Transmit(datagram),
                ConnectionOutput::Begun => {
                    // The media server takes a new connection to send everything.
                    if self.sending.wanted != Wanted::ALL {
                        self.want(Wanted::ALL);
                    }
                    self.take_connection(now);
                }
                ConnectionOutput::Connected => self.take_connection(now),
                ConnectionOutput::Interrupted => {
                    // The media server gives it up after the same time, so that there is nothing to restart.
                    self.sending.interrupt();
                    self.tell(MediaEvent::Interrupted);
                    self.attempts.fail(now);
                }
                ConnectionOutput::Ended => {
                    self.disconnect();
                    self.tell(MediaEvent::Ended);
                    self.attempts.fail(now);
                }
                ConnectionOutput::Frame(sealed) => {
                    let moment = self.moment(now);
                    let frame = self.keys.open(&sealed, moment);
                    if sealed.kind == SlotKind::Video {
                        // A held frame may open yet; the request does no harm.
                        let has_gap = sealed.lost > 0 || frame.is_none();
                        let is_key = frame.as_ref().is_some_and(ReceivedFrame::is_key_frame);
                        let asks = self.broken.take(sealed.slot, has_gap, is_key, now);
                        if let Some(connection) = self.connection.as_mut().filter(|_| asks) {
                            connection.request_key_frame(sealed.slot);
                        }
                    }
                    if let Some(frame) = frame {
                        self.tell(MediaEvent::Frame(frame));
                    }
                }
                ConnectionOutput::KeyFrame(source, layer) => {
                    if self.sending.sends(source, layer) {
                        self.tell(MediaEvent::KeyFrameWanted { source, layer });
                    }
                }
            }
        }
    }

    fn next_moment(&self, at: Instant) -> Instant {
        let tcp = self.tcp.as_ref().map(|(due, _)| *due);
        let held = self.keys.held_until();
        let held = held.map(|until| self.start + until.since_start());
        let others = [tcp, held, self.attempts.due()];
        others.into_iter().flatten().fold(at, Instant::min)
    }

    fn take_connection(&mut self, now: Instant) {
        self.tcp = None;
        self.attempts.succeed(now);
        self.waiting.push_back(MediaOutput::CloseFormerWays);
        let slots = self.connection.as_ref().map(Connection::slots);
        let slots = slots.unwrap_or_default().into_iter().enumerate();
        let slots = slots.map(|(number, (kind, mid))| Slot {
            number: SlotNumber(number),
            kind,
            mid,
        });
        let slots = slots.collect();
        self.tell(MediaEvent::Connected { slots });
        self.want_key_frames();
    }

    fn take_held(&mut self, now: Instant) {
        let moment = self.moment(now);
        for frame in self.keys.take_held(moment) {
            self.tell(MediaEvent::Frame(frame));
        }
    }

    fn tell(&mut self, event: MediaEvent) {
        self.waiting.push_back(MediaOutput::Event(event));
    }

    /// Tells the encoders of pictures that others need key frames of everything that is sent.
    fn want_key_frames(&mut self) {
        for source in [Source::Camera, Source::Screen] {
            for layer in Layer::ALL {
                if self.sending.sends(source, layer) {
                    self.tell(MediaEvent::KeyFrameWanted { source, layer });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
