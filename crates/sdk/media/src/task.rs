//! The task behind a [`MediaHandle`](crate::MediaHandle): moves datagrams between the ways and the media.

use std::{collections::BTreeSet, time::Instant};

use anteroom_e2ee::EpochFrames;
use anteroom_protocol::media::{SessionDescription, Source, Wanted};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot, watch,
    },
    time::{Instant as TokioInstant, sleep_until},
};

use crate::{
    call_media::{CallMedia, MediaOutput, Offer},
    event::{FrameCounts, MediaEvent},
    frame::{OpusPacket, Vp8Frame},
    lines::SlotNumber,
    send_state::{SendError, SendOutcome},
    ways::{Arrival, Ends, Ways},
};

/// The number of events that wait beside frames. More are those of a reader who is gone.
const EVENTS: usize = 64;
/// The number of frames that wait: half a second of a large call. More are dropped.
const FRAMES: usize = 1_024;
/// The number of commands that wait.
const COMMANDS: usize = 64;

/// A command of a handle.
pub(crate) enum Command {
    Open,
    Restart,
    Resume,
    Lose,
    Postpone,
    Refuse,
    Close,
    Answer(u64, SessionDescription),
    Epoch(EpochFrames),
    Allow(bool),
    Want(Wanted),
    Sound(Source, OpusPacket, Reply),
    Picture(Source, Vp8Frame, Reply),
}

pub(crate) type Reply = oneshot::Sender<Result<SendOutcome, SendError>>;

/// The ends of the queues of a task.
pub(crate) struct Ports {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) events: mpsc::Receiver<MediaEvent>,
    pub(crate) frames: mpsc::Receiver<MediaEvent>,
    pub(crate) offers: watch::Receiver<Option<Offer>>,
    pub(crate) counts: watch::Receiver<FrameCounts>,
    /// Ends the task when it is dropped.
    pub(crate) life: mpsc::Sender<()>,
}

/// The task.
pub(crate) struct MediaTask {
    media: CallMedia,
    ways: Ways,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<MediaEvent>,
    frames: mpsc::Sender<MediaEvent>,
    offers: watch::Sender<Option<Offer>>,
    counts: watch::Sender<FrameCounts>,
    life: mpsc::Receiver<()>,
    unread: u64,
    /// The slots whose last frame has found no room.
    gaps: BTreeSet<SlotNumber>,
    /// The latest event about the connection, if it has found no room.
    untold: Option<MediaEvent>,
}

impl MediaTask {
    pub(crate) fn new(media: CallMedia) -> (Self, Ports) {
        let (command_sender, commands) = mpsc::channel(COMMANDS);
        let (events, event_receiver) = mpsc::channel(EVENTS);
        let (frames, frame_receiver) = mpsc::channel(FRAMES);
        let (offers, offer_receiver) = watch::channel(None);
        let (life_sender, life) = mpsc::channel(1);
        let (counts, count_receiver) = watch::channel(FrameCounts::default());
        let task = Self {
            media,
            ways: Ways::new(),
            commands,
            events,
            frames,
            offers,
            counts,
            life,
            unread: 0,
            gaps: BTreeSet::new(),
            untold: None,
        };
        let ports = Ports {
            commands: command_sender,
            events: event_receiver,
            frames: frame_receiver,
            offers: offer_receiver,
            counts: count_receiver,
            life: life_sender,
        };
        (task, ports)
    }

    /// Runs until the control is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let wake = self.drain();
            let wake = TokioInstant::from_std(wake);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.perform(command),
                    None => return,
                },
                None = self.life.recv() => return,
                Some(arrival) = self.ways.next() => self.take(arrival),
                () = sleep_until(wake) => self.media.advance(Instant::now()),
            }
        }
    }

    fn perform(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Open => self.media.open(now),
            Command::Restart => self.media.restart(now),
            Command::Resume => self.media.resume(now),
            Command::Lose => self.media.lose(now),
            Command::Postpone => self.media.postpone(now),
            Command::Refuse => self.media.refuse(now),
            Command::Close => {
                self.media.close();
                // One that was not passed on yet is void.
                self.offers.send_replace(None);
            }
            Command::Answer(session, answer) => {
                // The offer is made again in time after an answer that is none.
                let _refused = self.media.answer(session, answer.as_str(), now);
            }
            Command::Epoch(frames) => self.media.add_epoch(frames, now),
            Command::Allow(may_send) => self.media.allow_sending(may_send),
            Command::Want(wanted) => self.media.want(wanted),
            Command::Sound(source, packet, reply) => {
                // The asker may have gone.
                let _gone = reply.send(self.media.send_sound(source, &packet, now));
            }
            Command::Picture(source, frame, reply) => {
                let _gone = reply.send(self.media.send_picture(source, &frame, now));
            }
        }
    }

    fn take(&mut self, arrival: Arrival) {
        let now = Instant::now();
        match arrival {
            Arrival::Open(ends, way) => {
                self.ways.add(ends, way);
                self.media.add_way(ends.local, ends.is_tcp, now);
            }
            Arrival::Datagram(ends, bytes) => {
                let both = (ends.remote, ends.local);
                self.media.receive(ends.is_tcp, both, &bytes, now);
            }
        }
    }

    /// Carries the outputs of the media out. Returns the moment at which they are to be asked again.
    fn drain(&mut self) -> Instant {
        let wake = loop {
            let now = Instant::now();
            match self.media.poll_output(now) {
                MediaOutput::Wait(at) => break at,
                MediaOutput::CloseWays => self.ways.close(),
                MediaOutput::RenewWays => self.ways.renew(),
                MediaOutput::CloseFormerWays => self.ways.close_former(),
                MediaOutput::OpenWay(server) => self.ways.open(server),
                MediaOutput::Transmit(datagram) => {
                    let ends = Ends {
                        local: datagram.source,
                        remote: datagram.destination,
                        is_tcp: datagram.proto == str0m::net::Protocol::Tcp,
                    };
                    self.ways.send(ends, &datagram.contents);
                }
                // A later offer makes an earlier one void that was not passed on yet.
                MediaOutput::Offer(offer) => drop(self.offers.send_replace(Some(offer))),
                MediaOutput::Event(event) => self.tell(event),
            }
        };
        self.tell_again();
        let mut counts = self.media.frame_counts();
        counts.unread = self.unread;
        self.counts.send_if_modified(|told| {
            let has_changed = *told != counts;
            *told = counts;
            has_changed
        });
        wake
    }

    fn tell(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(mut frame) => {
                let slot = frame.slot;
                frame.has_gap |= self.gaps.remove(&slot);
                if self.frames.try_send(MediaEvent::Frame(frame)).is_err() {
                    self.unread += 1;
                    self.gaps.insert(slot);
                }
            }
            MediaEvent::Connected { .. }
            | MediaEvent::Interrupted
            | MediaEvent::Ended
            | MediaEvent::GivenUp(_) => {
                // The latest one counts.
                self.untold = Some(event);
                self.tell_again();
            }
            event => {
                // The media server asks again for a key frame that nobody makes.
                let _asked_again = self.events.try_send(event);
            }
        }
    }

    fn tell_again(&mut self) {
        if let Some(event) = self.untold.take()
            && let Err(TrySendError::Full(event)) = self.events.try_send(event)
        {
            self.untold = Some(event);
        }
    }
}
