//! One device, which executes orders and keeps a journal.

use std::time::Duration;

use anteroom_client::{
    CallEvent, CallSession, Client, DemuxId, EndReason, OwnLink, PerSource, Source,
    media::{
        AudioLevel, MediaEvent, MediaEvents, MediaSender, OpusPacket, SendOutcome, SlotCounts,
    },
};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::journal::{Journal, packet};

/// The time that a sound plays.
const STEP: Duration = Duration::from_millis(20);
/// The time limit of a wait, much longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The loudness of all devices, in decibels below the loudest.
const LEVEL: u8 = 20;
const SLOTS: SlotCounts = SlotCounts { audio: 2, video: 1 };

/// A device. Dropping it leaves the call.
pub(crate) struct Talker {
    orders: mpsc::Sender<Order>,
    journal: watch::Receiver<Journal>,
}

enum Order {
    /// Say a sound every 20 ms from now on, or be silent.
    Talk(bool, oneshot::Sender<()>),
    Leave,
}

struct Actor {
    session: CallSession,
    sender: MediaSender,
    media: MediaEvents,
    journal: watch::Sender<Journal>,
    talks: bool,
}

impl Talker {
    /// Joins a call with media.
    pub(crate) async fn join(client: &Client, room: &OwnLink, as_admin: bool) -> Result<Self> {
        let session = match as_admin {
            true => client.join_as_admin(&room.link, &room.rights).await,
            false => client.join(&room.link).await,
        };
        let session = session.context("no place in a call with media")?;
        let started = session.start_media(SLOTS).await?;
        let (sender, media) = started.context("the media have been started before")?;
        let sources = PerSource {
            audio: true,
            ..PerSource::default()
        };
        session.publish(sources).await?;
        let (orders, queue) = mpsc::channel(8);
        let (journal, seen) = watch::channel(Journal::default());
        let actor = Actor {
            session,
            sender,
            media,
            journal,
            talks: false,
        };
        tokio::spawn(actor.run(queue));
        Ok(Self {
            orders,
            journal: seen,
        })
    }

    /// Lets it talk from now on, or be silent: then it has said its last sound.
    pub(crate) async fn talk(&self, talks: bool) -> Result<()> {
        let (done, receipt) = oneshot::channel();
        self.order(Order::Talk(talks, done)).await?;
        receipt.await.context("a device with media has ended")
    }

    /// Lets it leave, and waits until it has left.
    pub(crate) async fn leave(&self) -> Result<()> {
        self.order(Order::Leave).await?;
        self.wait_for("the end", |journal| journal.has_left).await
    }

    /// Returns something of the journal.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Journal) -> T) -> T {
        read(&self.journal.borrow())
    }

    /// Returns its seat, once it has one.
    pub(crate) async fn demux(&self) -> Result<DemuxId> {
        self.wait_for("a seat", |journal| journal.demux.is_some())
            .await?;
        self.read(|journal| journal.demux).context("no seat")
    }

    /// Waits until it hears what another one says.
    pub(crate) async fn until_heard(&self, sender: DemuxId) -> Result<()> {
        self.wait_for("a sound", |journal| journal.last(sender).is_some())
            .await
    }

    /// Waits until it has heard a sound of another one.
    pub(crate) async fn until_number(&self, sender: DemuxId, number: u32) -> Result<()> {
        self.wait_for("the last sound", |journal| {
            journal.last(sender).is_some_and(|last| last >= number)
        })
        .await
    }

    /// Waits until the journal satisfies the predicate.
    ///
    /// # Errors
    /// The device has a fault, or the wait takes too long.
    pub(crate) async fn wait_for(&self, what: &str, seen: impl Fn(&Journal) -> bool) -> Result<()> {
        let mut journal = self.journal.clone();
        let done = journal.wait_for(|journal| journal.fault.is_some() || seen(journal));
        let Ok(reached) = timeout(PATIENCE, done).await else {
            bail!("a device with media waits in vain for {what}");
        };
        match &reached.context("a device with media is gone")?.fault {
            Some(fault) => bail!("a device with media waited for {what}: {fault}"),
            None => Ok(()),
        }
    }

    async fn order(&self, order: Order) -> Result<()> {
        let sent = self.orders.send(order).await;
        ensure!(sent.is_ok(), "a device with media has ended");
        Ok(())
    }
}

impl Actor {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut clock = interval(STEP);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.media.next() => match event {
                    Some(event) => self.handle_media(event),
                    None => break self.blame("the media ended"),
                },
                event = self.session.next() => match event {
                    Some(event) => self.handle_event(event),
                    None => break self.blame("the call ended"),
                },
                order = orders.recv() => match order {
                    Some(Order::Talk(talks, done)) => {
                        self.talks = talks;
                        let _nobody_waits = done.send(());
                    }
                    Some(Order::Leave) | None => break,
                },
                _ = clock.tick(), if self.talks => self.speak().await,
            }
        }
        self.session.leave().await;
        self.journal.send_modify(|journal| journal.has_left = true);
    }

    /// Says the next sound, if it can be sealed and sent.
    async fn speak(&mut self) {
        let number = self.journal.borrow().said;
        let level = AudioLevel::below_loudest(LEVEL);
        let Some(packet) = OpusPacket::new(packet(number), level) else {
            return self.blame("its own sound is none");
        };
        let sent = self.sender.send_sound(Source::Audio, packet).await;
        // Before it is connected and in the group it says nothing, nor while nobody is there to hear it.
        match sent {
            Ok(SendOutcome::Sent) => self.journal.send_modify(|journal| journal.said += 1),
            Ok(SendOutcome::Unwatched) => {}
            _ if number == 0 => {}
            _ => self.blame(&format!("sound {number} was not sent: {sent:?}")),
        }
    }

    fn handle_media(&self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(frame) => {
                let moment = Instant::now();
                self.journal
                    .send_modify(|journal| journal.note(frame.sender, &frame.data, moment));
            }
            MediaEvent::Interrupted => self.blame("the connection for media was interrupted"),
            MediaEvent::Ended => self.blame("the connection for media ended"),
            _ => {}
        }
    }

    fn handle_event(&self, event: CallEvent) {
        match event {
            CallEvent::Joined(seat) => self.journal.send_modify(|journal| {
                journal.demux = Some(seat.demux);
                journal.active = seat.roster.active.len();
            }),
            CallEvent::Roster(roster) => self
                .journal
                .send_modify(|journal| journal.active = roster.active.len()),
            CallEvent::Lost => self.blame("the connection was lost"),
            CallEvent::Refused { code, .. } => self.blame(&format!("refused: {code}")),
            CallEvent::Ended(EndReason::Removed) => self.blame("it was removed"),
            CallEvent::Ended(end) => self.blame(&format!("the stay ended: {end:?}")),
            _ => {}
        }
    }

    fn blame(&self, fault: &str) {
        self.journal
            .send_modify(|journal| journal.blame(fault.to_owned()));
    }
}
