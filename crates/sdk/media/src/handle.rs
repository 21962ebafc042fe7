//! The handles of the media of a call.

use anteroom_e2ee::EpochFrames;
use anteroom_protocol::media::{SessionDescription, Source, Wanted};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    call_media::{CallMedia, Offer},
    event::{FrameCounts, MediaEvent},
    frame::{OpusPacket, Vp8Frame},
    lines::SlotCounts,
    send_state::{SendError, SendOutcome},
    task::{Command, MediaTask, Ports},
};

/// The sending of frames. Clones are of the same media, which end with their [`MediaControl`].
#[derive(Clone, Debug)]
pub struct MediaSender {
    commands: mpsc::Sender<Command>,
    counts: watch::Receiver<FrameCounts>,
}

/// The events of the media, frames among them.
#[derive(Debug)]
pub struct MediaEvents {
    events: mpsc::Receiver<MediaEvent>,
    frames: mpsc::Receiver<MediaEvent>,
}

/// The call's end of the media: it brings what the call learns, and has the offers that the call is to pass on. When it
/// is dropped, the media end.
#[derive(Debug)]
pub struct MediaControl {
    commands: mpsc::Sender<Command>,
    offers: watch::Receiver<Option<Offer>>,
    _life: mpsc::Sender<()>,
}

/// Starts the media of a device in a call: a task without a connection yet. `first_session` is the number of its first
/// connection, higher than those of connections before it in the same seat.
///
/// Must be called within a tokio runtime.
#[must_use]
pub fn start(slots: SlotCounts, first_session: u64) -> (MediaControl, MediaSender, MediaEvents) {
    let media = CallMedia::new(slots, first_session, std::time::Instant::now());
    let (task, ports) = MediaTask::new(media);
    tokio::spawn(task.run());
    let Ports {
        commands,
        events,
        frames,
        offers,
        counts,
        life,
    } = ports;
    let sender = MediaSender {
        commands: commands.clone(),
        counts,
    };
    (
        MediaControl {
            commands,
            offers,
            _life: life,
        },
        sender,
        MediaEvents { events, frames },
    )
}

impl MediaControl {
    /// Makes a new connection: its offer follows.
    pub async fn open(&self) {
        self.push(Command::Open).await;
    }

    /// Looks for another way, after the network has changed: an offer follows.
    pub async fn restart(&self) {
        self.push(Command::Restart).await;
    }

    /// Says that the call's own connection was lost and is back: unless the one of the media works, another one is
    /// offered soon.
    pub async fn resume(&self) {
        self.push(Command::Resume).await;
    }

    /// Says that the media server has no connection of this device any more, or makes none at present. Another one is
    /// offered in time.
    pub async fn lose(&self) {
        self.push(Command::Lose).await;
    }

    /// Says that there were too many offers. Another one is made in time, however often.
    pub async fn postpone(&self) {
        self.push(Command::Postpone).await;
    }

    /// Says that an offer was refused for a reason that stays. Another one is offered in time, a few times.
    pub async fn refuse(&self) {
        self.push(Command::Refuse).await;
    }

    /// Ends the connection. Frames that come later are not taken.
    pub async fn close(&self) {
        self.push(Command::Close).await;
    }

    /// Takes the answer to an offer. One that is none is left out: the next offer follows in time.
    pub async fn answer(&self, session: u64, answer: SessionDescription) {
        self.push(Command::Answer(session, answer)).await;
    }

    /// Takes the keys of an epoch.
    pub async fn add_epoch(&self, frames: EpochFrames) {
        self.push(Command::Epoch(frames)).await;
    }

    /// Says whether the device may send. It may not while most of the others are not confirmed.
    pub async fn allow_sending(&self, may_send: bool) {
        self.push(Command::Allow(may_send)).await;
    }

    /// Takes the sources and layers that somebody sees or hears.
    pub async fn want(&self, wanted: Wanted) {
        self.push(Command::Want(wanted)).await;
    }

    /// Returns the next offer for the media server, the latest one of those that were not passed on; `None` after the
    /// end of the media. Dropping the future loses none.
    pub async fn next_offer(&mut self) -> Option<Offer> {
        loop {
            self.offers.changed().await.ok()?;
            let offer = self.offers.borrow_and_update().clone();
            if offer.is_some() {
                return offer;
            }
        }
    }

    async fn push(&self, command: Command) {
        // The task lives as long as this handle.
        let _over = self.commands.send(command).await;
    }
}

impl MediaSender {
    /// Seals and sends a packet of sound: of the microphone, or of the screen.
    ///
    /// # Errors
    /// [`SendError`]. The packet is lost; later ones may be sent.
    pub async fn send_sound(
        &self,
        source: Source,
        packet: OpusPacket,
    ) -> Result<SendOutcome, SendError> {
        let (reply, outcome) = oneshot::channel();
        self.push(Command::Sound(source, packet, reply)).await?;
        outcome.await.unwrap_or(Err(SendError::Over))
    }

    /// Seals and sends a frame of a picture: of the camera, or of the screen.
    ///
    /// # Errors
    /// [`SendError`]. The frame is lost, and the next one that is sent has to be a key frame.
    pub async fn send_picture(
        &self,
        source: Source,
        frame: Vp8Frame,
    ) -> Result<SendOutcome, SendError> {
        let (reply, outcome) = oneshot::channel();
        self.push(Command::Picture(source, frame, reply)).await?;
        outcome.await.unwrap_or(Err(SendError::Over))
    }

    /// Returns the numbers of frames since the start.
    #[must_use]
    pub fn counts(&self) -> FrameCounts {
        *self.counts.borrow()
    }

    async fn push(&self, command: Command) -> Result<(), SendError> {
        let pushed = self.commands.send(command).await;
        pushed.map_err(|_| SendError::Over)
    }
}

impl MediaEvents {
    /// Returns the next event: those of the connection before frames that wait. `None` after the end of the media.
    /// Dropping the future loses no event.
    ///
    /// The queue of frames is bounded: frames that find no room are dropped, and counted as unread.
    pub async fn next(&mut self) -> Option<MediaEvent> {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => Some(event),
            Some(frame) = self.frames.recv() => Some(frame),
            else => None,
        }
    }
}
