//! One device in a call, which executes orders and publishes its state.

use std::{fmt, sync::Arc, time::Duration};

use anteroom_client::{
    CallEvent, CallSession, DemuxId, EndReason, GroupError, JoinOptions, Recipient, RoomsClient,
    Roster, SeatInfo, SeatStatus,
};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::sequence::{Audience, NumberedMessage, SequenceTracker};
use crate::os;

const QUEUE: usize = 64;
/// The time limit of a wait, much longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device. Dropping it leaves the call.
pub(crate) struct Member {
    commands: mpsc::Sender<MemberCommand>,
    view: watch::Receiver<View>,
}

/// A device's state of the call and of itself.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) demux: DemuxId,
    pub(crate) status: SeatStatus,
    pub(crate) is_admin: bool,
    /// Whether the connection may be lost.
    pub(crate) braced: bool,
    /// The number of times it got a seat.
    pub(crate) joins: u32,
    /// The number of times it lost the connection.
    pub(crate) lost: u32,
    pub(crate) active: usize,
    pub(crate) pending: usize,
    /// The last round whose messages it received completely.
    pub(crate) complete: u32,
    /// The number of received messages.
    pub(crate) heard: u64,
    /// An unexpected event.
    pub(crate) fault: Option<String>,
    /// The reason why its participation ended.
    pub(crate) ended: Option<String>,
}

/// A round: every device sends `messages` numbered messages to all, and as many to the next device in the
/// list.
#[derive(Clone)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) members: Arc<[DemuxId]>,
    pub(crate) messages: u32,
    pub(crate) pace: Duration,
    /// Whether messages may be missing.
    pub(crate) gaps: bool,
}

/// An order to a device.
pub(crate) enum MemberCommand {
    Talk(Round),
    Approve(DemuxId),
    Remove(DemuxId),
    /// Expect the loss of the connection, once.
    Brace,
    Leave,
}

struct Actor {
    session: CallSession,
    view: watch::Sender<View>,
    sequence: SequenceTracker,
    round: Option<Round>,
    said: u32,
}

impl Member {
    /// Takes a seat in the call or in its lobby.
    pub(crate) async fn join(client: &RoomsClient, options: JoinOptions) -> Result<Self> {
        let mut session = client.join(options, Box::new(os::rng())).await?;
        let first = session.next().await;
        let Some(CallEvent::Joined(joined)) = first else {
            bail!("a join begins with something else: {first:?}");
        };
        let (sender, view) = watch::channel(View::new(&joined));
        let (commands, queue) = mpsc::channel(QUEUE);
        let actor = Actor {
            session,
            view: sender,
            sequence: SequenceTracker::default(),
            round: None,
            said: 0,
        };
        tokio::spawn(actor.run(queue));
        Ok(Self { commands, view })
    }

    pub(crate) fn view(&self) -> View {
        self.view.borrow().clone()
    }

    pub(crate) async fn order(&self, order: MemberCommand) -> Result<()> {
        let sent = self.commands.send(order).await;
        ensure!(sent.is_ok(), "a device has ended: {}", self.view());
        Ok(())
    }

    /// Waits until the device's state satisfies the predicate.
    ///
    /// # Errors
    /// The device has a fault, or the wait takes too long.
    pub(crate) async fn wait_for(&self, what: &str, seen: impl Fn(&View) -> bool) -> Result<View> {
        let mut view = self.view.clone();
        let done = view.wait_for(|view| view.fault.is_some() || seen(view));
        let reached = match timeout(PATIENCE, done).await {
            Ok(view) => view.context("a device is gone")?.clone(),
            Err(_) => bail!("a device waits in vain: {what}: {}", self.view()),
        };
        match &reached.fault {
            Some(fault) => bail!("{what}: {fault}: {reached}"),
            None => Ok(reached),
        }
    }
}

impl View {
    fn new(joined: &SeatInfo) -> Self {
        let mut view = Self {
            demux: joined.demux,
            status: joined.status,
            is_admin: joined.is_admin,
            braced: false,
            joins: 0,
            lost: 0,
            active: 0,
            pending: 0,
            complete: 0,
            heard: 0,
            fault: None,
            ended: None,
        };
        view.take_seat(joined);
        view
    }

    fn take_seat(&mut self, joined: &SeatInfo) {
        self.demux = joined.demux;
        self.status = joined.status;
        self.is_admin = joined.is_admin;
        self.braced = false;
        self.joins += 1;
        self.take_roster(&joined.roster);
    }

    fn take_roster(&mut self, roster: &Roster) {
        self.active = roster.active.len();
        self.pending = roster.pending_count;
    }

    fn blame(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "device {} is {:?}, joined {} times, lost {} times, sees {} active and {} pending, heard {} messages and all of round {}",
            self.demux,
            self.status,
            self.joins,
            self.lost,
            self.active,
            self.pending,
            self.heard,
            self.complete,
        )?;
        if let Some(ended) = &self.ended {
            write!(f, ", ended: {ended}")?;
        }
        Ok(())
    }
}

impl Actor {
    async fn run(mut self, mut commands: mpsc::Receiver<MemberCommand>) {
        let mut clock = interval_at(Instant::now(), PATIENCE);
        loop {
            tokio::select! {
                event = self.session.next() => match event {
                    Some(event) => self.handle_event(event),
                    None => return,
                },
                order = commands.recv() => match order {
                    Some(MemberCommand::Talk(round)) => clock = self.begin(round),
                    Some(MemberCommand::Approve(device)) => {
                        let outcome = self.session.approve(device).await;
                        self.check("approve", outcome);
                    }
                    Some(MemberCommand::Remove(device)) => {
                        let outcome = self.session.remove(device).await;
                        self.check("remove", outcome);
                    }
                    Some(MemberCommand::Brace) => self.view.send_modify(|view| view.braced = true),
                    Some(MemberCommand::Leave) | None => break,
                },
                _ = clock.tick(), if self.has_to_say() => self.speak().await,
            }
        }
        self.session.leave().await;
        self.view
            .send_modify(|view| view.ended = Some("left".to_owned()));
    }

    /// Starts to send messages. The devices start at different moments.
    fn begin(&mut self, round: Round) -> tokio::time::Interval {
        self.sequence.forget_before(round.number);
        let demux = self.view.borrow().demux;
        let place = round.members.iter().position(|member| *member == demux);
        let share = place.unwrap_or_default() as f64 / round.members.len().max(1) as f64;
        let start = Instant::now() + round.pace.mul_f64(share);
        let mut clock = interval_at(start, round.pace);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.said = 0;
        self.round = Some(round);
        self.look_for_completeness();
        clock
    }

    fn has_to_say(&self) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|round| self.said < round.messages)
    }

    async fn speak(&mut self) {
        let Some(round) = self.round.clone() else {
            return;
        };
        self.said += 1;
        let message = |audience| NumberedMessage {
            round: round.number,
            audience,
            gaps: round.gaps,
            number: self.said,
        };
        let demux = self.view.borrow().demux;
        let (to_all, to_one) = (message(Audience::All), message(Audience::One));
        let sent = self.session.send(Recipient::All, &to_all.to_bytes()).await;
        self.check("relay to all", sent);
        if let Some(next) = neighbour(&round.members, demux, CursorSide::After) {
            let to = Recipient::One(next);
            let sent = self.session.send(to, &to_one.to_bytes()).await;
            self.check("relay to one", sent);
        }
    }

    fn handle_event(&mut self, event: CallEvent) {
        match event {
            CallEvent::Joined(joined) => {
                self.view.send_modify(|view| view.take_seat(&joined));
            }
            CallEvent::Roster(roster) => {
                self.view.send_modify(|view| view.take_roster(&roster));
            }
            // An admin may have let the device in while its connection was lost.
            CallEvent::Restored { roster, .. } => self.view.send_modify(|view| {
                view.status = SeatStatus::Active;
                view.take_roster(&roster);
            }),
            CallEvent::Admitted { .. } => self
                .view
                .send_modify(|view| view.status = SeatStatus::Active),
            CallEvent::Message { from, message } => self.note(from, &message),
            CallEvent::Lost => {
                // Unsent messages of this round would have no recipient.
                self.round = None;
                if !self.view.borrow().braced {
                    self.blame("the connection was lost".to_owned());
                }
                self.view.send_modify(|view| view.lost += 1);
            }
            CallEvent::Ended(ending) => {
                if !matches!(ending, EndReason::Removed) {
                    self.blame("the stay ended".to_owned());
                }
                let ending = format!("{ending:?}");
                self.view.send_modify(|view| view.ended = Some(ending));
            }
            CallEvent::Link(_) => {}
            // A message to a device from before the kill was in transit, and arrives after it.
            CallEvent::Refused { code, .. } if self.is_between() && code == "unknown_device" => {}
            // The same message while it waited on this side: its device is of the former call.
            CallEvent::GroupRefused(GroupError::CallChanged) if self.is_between() => {}
            unexpected => self.blame(format!("{unexpected:?}")),
        }
    }

    fn note(&mut self, from: DemuxId, message: &[u8]) {
        let Some(message) = NumberedMessage::parse(message) else {
            self.blame(format!("{from} said what nobody says"));
            return;
        };
        if let Err(fault) = self.sequence.note(from, message) {
            self.blame(fault);
            return;
        }
        let heard = self.sequence.heard();
        self.view.send_modify(|view| view.heard = heard);
        let last = self.round.as_ref().map(|round| round.messages);
        if last == Some(message.number) {
            self.look_for_completeness();
        }
    }

    fn look_for_completeness(&mut self) {
        let Some(round) = &self.round else { return };
        let demux = self.view.borrow().demux;
        let last = |from, audience| self.sequence.last(round.number, from, audience);
        let all = round
            .members
            .iter()
            .filter(|from| **from != demux)
            .all(|from| last(*from, Audience::All) == round.messages);
        let one = neighbour(&round.members, demux, CursorSide::Before)
            .is_none_or(|from| last(from, Audience::One) == round.messages);
        if all && one {
            self.view.send_if_modified(|view| {
                let news = view.complete != round.number;
                view.complete = round.number;
                news
            });
        }
    }

    /// Returns whether the connection was lost and no round has started since.
    fn is_between(&self) -> bool {
        self.round.is_none() && self.view.borrow().lost > 0
    }

    fn check(&self, what: &str, outcome: Result<(), anteroom_client::RoomsError>) {
        if let Err(error) = outcome {
            self.blame(format!("{what}: {error}"));
        }
    }

    fn blame(&self, fault: String) {
        self.view.send_modify(|view| view.blame(fault));
    }
}

#[derive(Clone, Copy)]
enum CursorSide {
    Before,
    After,
}

/// Returns the neighbour of a device in the ring of members; `None` if it is the only one or not in the ring.
fn neighbour(members: &[DemuxId], demux: DemuxId, side: CursorSide) -> Option<DemuxId> {
    let place = members.iter().position(|member| *member == demux)?;
    let count = members.len();
    let place = match side {
        CursorSide::Before => place + count - 1,
        CursorSide::After => place + 1,
    };
    let neighbour = *members.get(place % count)?;
    (neighbour != demux).then_some(neighbour)
}
