//! The media of a device in a call, without sockets and clock: one connection after the other, and the keys of frames.

mod sending;

use core::{net::SocketAddr, time::Duration};
use std::{collections::VecDeque, time::Instant};

use anteroom_e2ee::{EpochFrames, Moment};
use anteroom_protocol::{
    media::{SessionDescription, Source, Wanted},
    redacted_debug,
};
use str0m::net::Transmit;

use crate::{
    broken_pictures::BrokenPictures,
    candidates::ServerAddress,
    connection::{Connection, ConnectionOutput, DescriptionError},
    event::{FrameCounts, MediaEvent, Slot},
    frame::ReceivedFrame,
    keys::FrameKeys,
    layer::Layer,
    lines::{SlotCounts, SlotKind, SlotNumber},
    send_state::SendState,
};

/// The time without a connection over UDP after which TCP is tried too.
const TCP_DELAY: Duration = Duration::from_secs(2);

/// The time from an offer within which the connection has to work.
const PATIENCE: Duration = Duration::from_secs(15);

/// The minimum time between two offers: the media server takes one in five seconds.
const OFFER_INTERVAL: Duration = Duration::from_secs(5);

/// The maximum time between two offers that lead to nothing.
const MAX_OFFER_INTERVAL: Duration = Duration::from_secs(60);

/// An output of the media.
pub(crate) enum MediaOutput {
    /// There is nothing to do until then.
    Wait(Instant),
    /// The ways to the media server are given up.
    CloseWays,
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
    /// The moment of the next offer, unless the connection works by then.
    offer_due: Option<Instant>,
    offer_interval: Duration,
    last_offer: Option<Instant>,
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
            offer_due: None,
            offer_interval: OFFER_INTERVAL,
            last_offer: None,
            sending: SendState::default(),
            broken: BrokenPictures::default(),
            waiting: VecDeque::new(),
        }
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment::new(now.saturating_duration_since(self.start))
    }

    /// Makes a new connection.
    pub(crate) fn open(&mut self, now: Instant) {
        let Some((connection, text)) = Connection::new(self.counts, now) else {
            return;
        };
        self.connection = Some(connection);
        self.session += 1;
        self.waiting.push_back(MediaOutput::CloseWays);
        self.offer(text, now);
    }

    /// Looks for another way of the connection, or makes a new one.
    pub(crate) fn restart(&mut self, now: Instant) {
        match self.connection.as_mut().and_then(Connection::restart) {
            Some(text) => self.offer(text, now),
            None => self.open(now),
        }
    }

    /// Ends the connection, and makes no other.
    pub(crate) fn close(&mut self) {
        self.connection = None;
        (self.tcp, self.offer_due) = (None, None);
        self.sending.interrupt();
        self.waiting.push_back(MediaOutput::CloseWays);
    }

    fn offer(&mut self, text: String, now: Instant) {
        self.tcp = None;
        self.last_offer = Some(now);
        self.offer_due = Some(now + PATIENCE.max(self.offer_interval));
        self.offer_interval = (self.offer_interval * 2).min(MAX_OFFER_INTERVAL);
        let offer = Offer {
            session: self.session,
            offer: SessionDescription::new(text),
        };
        self.waiting.push_back(MediaOutput::Offer(offer));
    }

    /// Takes the answer to an offer. One to a connection that was replaced is left out.
    pub(crate) fn answer(
        &mut self,
        session: u64,
        answer: &str,
        now: Instant,
    ) -> Result<(), DescriptionError> {
        let is_present = session == self.session;
        let Some(connection) = self.connection.as_mut().filter(|_| is_present) else {
            return Ok(());
        };
        let addresses = match connection.answer(answer) {
            Ok(addresses) => addresses,
            Err(error) => {
                self.offer_again(now);
                return Err(error);
            }
        };
        self.waiting.push_back(MediaOutput::CloseWays);
        let (tcp, udp): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|one| one.is_tcp);
        self.waiting
            .extend(udp.iter().copied().map(MediaOutput::OpenWay));
        let delay = if udp.is_empty() {
            Duration::ZERO
        } else {
            TCP_DELAY
        };
        self.tcp = Some((now + delay, tcp));
        Ok(())
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
        if self.offer_due.take_if(|due| now >= *due).is_some() && !is_connected {
            self.restart(now);
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
                None => ConnectionOutput::Wait(now + MAX_OFFER_INTERVAL),
            };
            match output {
                ConnectionOutput::Wait(at) => return MediaOutput::Wait(self.next_moment(at)),
                ConnectionOutput::Transmit(datagram) => return MediaOutput::Transmit(datagram),
                ConnectionOutput::Connected => self.take_connection(),
                ConnectionOutput::Interrupted => {
                    self.tell(MediaEvent::Interrupted);
                    self.offer_again(now);
                }
                ConnectionOutput::Ended => {
                    self.connection = None;
                    self.sending.interrupt();
                    self.tell(MediaEvent::Ended);
                    self.offer_again(now);
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
        let others = [tcp, held, self.offer_due];
        others.into_iter().flatten().fold(at, Instant::min)
    }

    fn take_connection(&mut self) {
        self.tcp = None;
        self.offer_due = None;
        self.offer_interval = OFFER_INTERVAL;
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

    /// Makes the next offer as soon as the media server takes it.
    fn offer_again(&mut self, now: Instant) {
        let earliest = self.last_offer.map_or(now, |last| last + OFFER_INTERVAL);
        self.offer_due = Some(earliest.max(now));
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
