//! The task of one room: first its lobby, then its call.

mod lobby;
mod media;
mod outputs;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anteroom_call::{Call, ConnectionId, Input, Join, Moment, PeekView, Roster, Status};
use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_runtime::ClientAddress;
use anteroom_store::LinkAddress;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    call_media::CallMedia,
    commit_texts::CommitTexts,
    context::CallContext,
    handle::{CallJoinOutcome, CallMessage, EndSignal},
    lease::{Generation, LeaseHandle},
    send_queue::SendQueue,
};
use crate::{MediaEvent, domain::failure::JoinRefusal};

/// The time after which a room that nobody joins is closed.
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// The state of the task: the room's call, the send queues of its clients, and the connection to
/// the task that writes the call's facts.
pub(super) struct CallActor {
    context: Arc<CallContext>,
    address: LinkAddress,
    era: EraId,
    inbox: mpsc::Receiver<CallMessage>,
    end: Arc<EndSignal>,
    send_queues: HashMap<ConnectionId, SendQueue>,
    commit_texts: CommitTexts,
    media: CallMedia,
    /// `None` before the first join.
    call: Option<Call>,
    /// `None` before the start of the era.
    lease: Option<LeaseHandle>,
    /// The generation of the link that the lobby belongs to.
    generation: Option<Generation>,
    /// The time of the call's next timer, or of the end of a room without a join.
    until: Option<Moment>,
    /// Whether the task is to end: the room accepts no more joins.
    over: bool,
}

/// The events that wake the task.
enum ActorEvent {
    Message(CallMessage),
    /// The input ends the call.
    End(Input),
    /// The lease task has read the link.
    LinkRead,
    /// An event of the media. `None`: they have ended by themselves.
    Media(Option<MediaEvent>),
    /// A periodic check of a room whose era has not started.
    LobbyCheck,
    Alarm,
}

impl CallActor {
    pub(super) fn new(
        context: &Arc<CallContext>,
        address: LinkAddress,
        era: EraId,
        inbox: mpsc::Receiver<CallMessage>,
        end: Arc<EndSignal>,
    ) -> Self {
        Self {
            until: Some(context.timeline.moment().plus(FIRST_JOIN)),
            context: Arc::clone(context),
            address,
            era,
            inbox,
            end,
            send_queues: HashMap::new(),
            commit_texts: CommitTexts::default(),
            media: CallMedia::new(context.media.clone()),
            call: None,
            lease: None,
            generation: None,
            over: false,
        }
    }

    /// Runs until the call is over and its record is removed, or until the lobby is empty.
    pub(super) async fn run(mut self) {
        let every = self.context.leases.lobby_refresh;
        let mut checks = interval_at(Instant::now() + every, every);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over() {
            match self.next(&mut checks).await {
                ActorEvent::Message(message) => self.handle_message(message).await,
                ActorEvent::End(input) => self.finish(input).await,
                ActorEvent::LinkRead => self.apply_link().await,
                ActorEvent::Media(event) => self.handle_media(event).await,
                ActorEvent::LobbyCheck => {
                    self.refresh_lobby().await;
                }
                ActorEvent::Alarm if self.call.is_none() => self.over = true,
                ActorEvent::Alarm => self.handle(Input::TimePassed).await,
            }
        }
        // Closes the inbox before the record is removed, so that no later message reaches this
        // call.
        drop((self.inbox, self.send_queues));
        if let Some(lease) = self.lease {
            lease.finish().await;
        }
    }

    async fn next(&mut self, checks: &mut Interval) -> ActorEvent {
        const NEVER: Duration = Duration::from_secs(86_400);
        let alarm = self.until.map_or_else(
            || Instant::now() + NEVER,
            |at| self.context.timeline.instant_of(at),
        );
        let lobby = self.call.is_some() && self.lease.is_none();
        let link_read = async {
            let changed = match &mut self.lease {
                Some(lease) => lease.link.changed().await.is_ok(),
                None => false,
            };
            // A lease task that has ended sends no link. The end of the call arrives by another way.
            if !changed {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            message = self.inbox.recv() => {
                message.map_or(ActorEvent::End(Input::End), ActorEvent::Message)
            }
            input = self.end.notified() => ActorEvent::End(input),
            () = link_read => ActorEvent::LinkRead,
            event = self.media.next_event() => ActorEvent::Media(event),
            _ = checks.tick(), if lobby => ActorEvent::LobbyCheck,
            () = sleep_until(alarm) => ActorEvent::Alarm,
        }
    }

    fn is_over(&self) -> bool {
        self.over || self.call.as_ref().is_some_and(Call::is_ended)
    }

    async fn handle_message(&mut self, message: CallMessage) {
        // Handles a link that was read before this message was sent, so that the message is decided
        // by that link.
        let has_changed = |lease: &LeaseHandle| lease.link.has_changed().unwrap_or(false);
        if self.lease.as_ref().is_some_and(has_changed) {
            self.apply_link().await;
        }
        match message {
            CallMessage::Join {
                join,
                client,
                send_queue,
                reply,
            } => {
                let connection = join.connection;
                let answer = self.join(*join, client, send_queue).await;
                let is_limited = matches!(answer, Some(Err(JoinRefusal::Limited(_))));
                if let Some(answer) = answer {
                    // A caller that no longer waits for the answer has disconnected.
                    if reply.send(answer).is_err() {
                        self.send_queues.remove(&connection);
                        self.handle(Input::Disconnected(connection)).await;
                    }
                }
                self.end_if_empty(is_limited).await;
            }
            CallMessage::Command {
                connection,
                command,
                operation,
                is_handled,
            } => {
                let input = Input::Command {
                    connection,
                    command,
                };
                let outcome = self.answer(connection, input).await;
                if let Some(operation) = operation {
                    operation.end(outcome);
                }
                drop(is_handled);
            }
            CallMessage::Disconnected(connection) => {
                self.send_queues.remove(&connection);
                self.handle(Input::Disconnected(connection)).await;
            }
            CallMessage::IsAdmin { connection, reply } => {
                let call = self.call.as_ref();
                let _ = reply.send(call.is_some_and(|call| call.is_admin(connection)));
            }
            CallMessage::ReadLink(reply) => match &self.lease {
                // The lease task refuses the request when its queue is full: the caller gets no answer.
                Some(lease) => drop(lease.link_reads.try_send(reply)),
                None => {
                    if self.refresh_lobby().await {
                        let _ = reply.send(());
                    }
                }
            },
            // A failure to send means that the caller no longer waits.
            CallMessage::Peek {
                user,
                is_admitted,
                reply,
            } => drop(reply.send(self.peek(&user, is_admitted))),
        }
    }

    /// Handles a join. Returns `None` if the call has ended, so that another call has to handle the
    /// join.
    async fn join(
        &mut self,
        join: Join,
        client: ClientAddress,
        send_queue: SendQueue,
    ) -> Option<CallJoinOutcome> {
        // A call whose time has ended accepts no more joins.
        self.handle(Input::TimePassed).await;
        if self.is_over() {
            return None;
        }
        let prepared = match self.lease {
            Some(_) => self.count_guest(&join, client).await,
            None => self.prepare_join(&join, client).await,
        };
        if let Err(refusal) = prepared {
            return Some(Err(refusal));
        }
        if self.is_over() {
            return None;
        }
        let call = self.call.as_ref();
        if call.is_some_and(|call| call.would_wait(&join)) {
            let (limits, size) = (&self.context.rooms.limits, self.context.lobby_joins);
            let counted = limits.count("lobby", join.user.as_str(), size).await;
            if let Err(after) = counted {
                return Some(Err(JoinRefusal::Limited(after)));
            }
        }
        let connection = join.connection;
        self.send_queues.insert(connection, send_queue);
        Some(Ok(self.answer(connection, Input::Join(join)).await))
    }

    /// Counts a join with a guest account, unless it resumes a seat.
    async fn count_guest(&self, join: &Join, client: ClientAddress) -> Result<(), JoinRefusal> {
        let call = self.call.as_ref();
        if join.has_guest_account && !call.is_some_and(|call| call.would_resume(join)) {
            let counted = self.context.rooms.limits.count_guest_join(client).await;
            counted.map_err(JoinRefusal::Limited)?;
        }
        Ok(())
    }

    /// Ends a lobby without pending devices, and an era without an active device, after a join. A
    /// join that the limit refused ends no lobby: other clients may be about to join.
    async fn end_if_empty(&mut self, is_limited: bool) {
        let (waiting, started) = self.call.as_ref().map_or((0, false), |call| {
            (call.device_count(Status::Pending), call.has_started())
        });
        let has_members = match self.lease {
            Some(_) => started,
            None => waiting > 0,
        };
        if has_members || self.is_over() {
            return;
        }
        if is_limited && self.lease.is_none() {
            self.await_first_join();
        } else {
            self.finish(Input::End).await;
        }
    }

    /// Resets the room to its state before the first join.
    fn await_first_join(&mut self) {
        self.call = None;
        self.commit_texts = CommitTexts::default();
        self.generation = None;
        self.until = Some(self.context.timeline.moment().plus(FIRST_JOIN));
    }

    /// Gives the call the link that its lease task has read.
    async fn apply_link(&mut self) {
        let lease = self.lease.as_mut();
        let link = lease.map(|lease| lease.link.borrow_and_update().clone());
        if let Some(link) = link {
            self.handle(Input::LinkChanged(link)).await;
        }
    }

    /// Ends the call for all clients, and the task.
    async fn finish(&mut self, end: Input) {
        self.handle(end).await;
        self.over = true;
    }

    fn peek(&self, user: &OpaqueUserId, is_admitted: bool) -> PeekView {
        let nobody = || PeekView::Devices(Roster::default());
        let call = self.call.as_ref();
        call.map_or_else(nobody, |call| call.peek_view(user, is_admitted))
    }
}
