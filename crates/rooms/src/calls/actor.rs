//! The task of one room: first its lobby, then its call.

mod lobby;
mod outputs;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anteroom_call::{Call, ConnectionId, Input, Join, Moment, OpaqueUserId, Status};
use anteroom_service::Admission;
use anteroom_store::{CallEra, LinkAddress};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    Taken, ToCall,
    end::EndSignal,
    keeper::{Generation, Kept},
};
use crate::{peek::Present, rooms::Core, socket::outbox::Outbox};

/// The time after which a room that nobody joins is closed.
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// The state of the task: the room's call, the send queues of its clients, and the connection to
/// the task that writes the call's facts.
pub(super) struct Actor {
    core: Arc<Core>,
    address: LinkAddress,
    era: CallEra,
    inbox: mpsc::Receiver<ToCall>,
    end: Arc<EndSignal>,
    outboxes: HashMap<ConnectionId, Outbox>,
    /// `None` before the first join.
    call: Option<Call>,
    /// `None` before the start of the era.
    kept: Option<Kept>,
    /// The generation of the link that the lobby belongs to.
    generation: Option<Generation>,
    /// The time of the call's next timer, or of the end of a room without a join.
    until: Option<Moment>,
    /// Whether the task is to end: the room accepts no more joins.
    over: bool,
}

/// The events that wake the task.
enum Event {
    Told(ToCall),
    /// The call ends, and clients may come back.
    End,
    /// The call ends, and clients stay away.
    Dismissal,
    /// The keeper has read the link.
    News,
    /// A periodic check of a room whose era has not started.
    Look,
    Alarm,
}

impl Actor {
    pub(super) fn new(
        core: &Arc<Core>,
        address: LinkAddress,
        era: CallEra,
        inbox: mpsc::Receiver<ToCall>,
        end: Arc<EndSignal>,
    ) -> Self {
        Self {
            until: Some(core.moment().plus(FIRST_JOIN)),
            core: Arc::clone(core),
            address,
            era,
            inbox,
            end,
            outboxes: HashMap::new(),
            call: None,
            kept: None,
            generation: None,
            over: false,
        }
    }

    /// Runs until the call is over and its record is removed, or until the lobby is empty.
    pub(super) async fn run(mut self) {
        let every = self.core.settings.leases.lobby_look;
        let mut looks = interval_at(Instant::now() + every, every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over() {
            match self.next(&mut looks).await {
                Event::Told(message) => self.told(message).await,
                Event::End => self.finish(Input::End).await,
                Event::Dismissal => self.finish(Input::Dismiss).await,
                Event::News => self.hear_news().await,
                Event::Look => {
                    self.look().await;
                }
                Event::Alarm if self.call.is_none() => self.over = true,
                Event::Alarm => self.handle(Input::TimePassed).await,
            }
        }
        // Closes the inbox before the record is removed, so that no later message reaches this
        // call.
        drop((self.inbox, self.outboxes));
        if let Some(kept) = self.kept {
            kept.finish().await;
        }
    }

    async fn next(&mut self, looks: &mut Interval) -> Event {
        const NEVER: Duration = Duration::from_secs(86_400);
        let alarm = self
            .until
            .map_or_else(|| Instant::now() + NEVER, |at| self.core.instant_of(at));
        let lobby = self.call.is_some() && self.kept.is_none();
        let news = async {
            let changed = match &mut self.kept {
                Some(kept) => kept.news.changed().await.is_ok(),
                None => false,
            };
            // A keeper that has ended sends no news. The end of the call arrives by another way.
            if !changed {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            message = self.inbox.recv() => message.map_or(Event::End, Event::Told),
            is_dismissal = self.end.notified() => match is_dismissal {
                true => Event::Dismissal,
                false => Event::End,
            },
            () = news => Event::News,
            _ = looks.tick(), if lobby => Event::Look,
            () = sleep_until(alarm) => Event::Alarm,
        }
    }

    fn is_over(&self) -> bool {
        self.over || self.call.as_ref().is_some_and(Call::is_ended)
    }

    async fn told(&mut self, message: ToCall) {
        // Handles a link that was read before this message was sent, so that the message is decided
        // by that link.
        let has_changed = |kept: &Kept| kept.news.has_changed().unwrap_or(false);
        if self.kept.as_ref().is_some_and(has_changed) {
            self.hear_news().await;
        }
        match message {
            ToCall::Join {
                join,
                outbox,
                taken,
            } => {
                let connection = join.connection;
                let answer = self.join(*join, outbox).await;
                let is_limited = matches!(answer, Some(Taken::RateLimited));
                if let Some(answer) = answer {
                    // A caller that no longer waits for the answer has disconnected.
                    if taken.send(answer).is_err() {
                        self.outboxes.remove(&connection);
                        self.handle(Input::Disconnected { connection }).await;
                    }
                }
                self.give_up_if_empty(is_limited).await;
            }
            ToCall::Command {
                connection,
                command,
                operation,
            } => {
                let input = Input::Command {
                    connection,
                    command,
                };
                let outcome = self.answer(connection, input).await;
                if let Some(operation) = operation {
                    operation.end(outcome);
                }
            }
            ToCall::Disconnected { connection } => {
                self.outboxes.remove(&connection);
                self.handle(Input::Disconnected { connection }).await;
            }
            ToCall::Look(looked) => match &self.kept {
                // The keeper refuses the request when its queue is full: the caller gets no answer.
                Some(kept) => drop(kept.looks.try_send(looked)),
                None => {
                    if self.look().await {
                        let _ = looked.send(());
                    }
                }
            },
            // A failure to send means that the caller no longer waits.
            ToCall::Peek {
                user,
                link_is_open,
                reply,
            } => drop(reply.send(self.present(&user, link_is_open))),
        }
    }

    /// Handles a join. Returns `None` if the call has ended, so that another call has to handle the
    /// join.
    async fn join(&mut self, join: Join, outbox: Outbox) -> Option<Taken> {
        // A call whose time has ended accepts no more joins.
        self.handle(Input::TimePassed).await;
        if self.is_over() {
            return None;
        }
        if self.kept.is_none()
            && let Some(refusal) = self.open(&join).await
        {
            return Some(refusal);
        }
        if self.is_over() {
            return None;
        }
        if self
            .call
            .as_ref()
            .is_some_and(|call| call.would_wait(&join))
        {
            let size = self.core.settings.sockets.lobby_joins;
            let counted = self.core.count("lobby", join.user.as_str(), size).await;
            if counted != Admission::Granted {
                return Some(Taken::RateLimited);
            }
        }
        let connection = join.connection;
        self.outboxes.insert(connection, outbox);
        let outcome = self.answer(connection, Input::Join(join)).await;
        let call = self.call.as_ref();
        let is_admin = call.is_some_and(|call| call.is_admin(connection));
        Some(Taken::Here { is_admin, outcome })
    }

    /// Ends a lobby without pending devices, and an era without an active device, after a join. A
    /// join that the limit refused ends no lobby: other clients may be about to join.
    async fn give_up_if_empty(&mut self, is_limited: bool) {
        let (waiting, started) = self.call.as_ref().map_or((0, false), |call| {
            (call.device_count(Status::Pending), call.has_started())
        });
        let has_sense = match self.kept {
            Some(_) => started,
            None => waiting > 0,
        };
        if has_sense || self.is_over() {
            return;
        }
        if is_limited && self.kept.is_none() {
            self.await_first_join();
        } else {
            self.finish(Input::End).await;
        }
    }

    /// Resets the room to its state before the first join.
    fn await_first_join(&mut self) {
        self.call = None;
        self.generation = None;
        self.until = Some(self.core.moment().plus(FIRST_JOIN));
    }

    /// Gives the call the link that its keeper has read.
    async fn hear_news(&mut self) {
        let news = self.kept.as_mut();
        let link = news.map(|kept| kept.news.borrow_and_update().clone());
        if let Some(link) = link {
            self.handle(Input::LinkChanged(link)).await;
        }
    }

    /// Ends the call for all clients, and the task.
    async fn finish(&mut self, end: Input) {
        self.handle(end).await;
        self.over = true;
    }

    fn present(&self, user: &OpaqueUserId, link_is_open: bool) -> Present {
        let view = self
            .call
            .as_ref()
            .map(|call| call.peek_view(user, link_is_open));
        view.map_or_else(Present::default, Present::of_view)
    }
}
