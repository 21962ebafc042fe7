//! The task behind a [`CallSession`](crate::CallSession): keeps the connection open, and restores it after a
//! loss.

mod counter_writer;
mod counters;
mod departure;
mod ending;
mod event_sender;
mod link_publisher;
mod waits;

use std::sync::Arc;

use anteroom_client_core::{
    Moment, SessionTime,
    call::{
        command::Command,
        connection::{
            PING_EVERY, RECONNECT_FOR, ReconnectDelays, SILENCE_LIMIT, STORE_EVERY, may_pass,
        },
        join::{JoinAnswer, JoinedSeat, MAX_REDIRECTS},
        participation::{MessageEffect, Participation, ParticipationEffect},
        socket_url::{redirected, socket_url},
    },
};
use rand_core::CryptoRng;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use self::{
    counter_writer::CounterWriter,
    departure::Departure,
    event_sender::send,
    link_publisher::LinkPublisher,
    waits::{moment, stopped},
};
use super::{
    command_queue::CommandQueue, session_command::SessionCommand, session_media::SessionMedia,
    socket::Socket,
};
use crate::{
    CallEvent, EndReason, EraId, JoinOptions, LinkChange, RoomsClient, RoomsError, SenderCounters,
    System, TransportFailure,
};

pub(crate) struct Driver {
    client: RoomsClient,
    options: JoinOptions,
    participation: Participation,
    rng: Box<dyn CryptoRng + Send>,
    system: Arc<dyn System>,
    /// The start of the monotonic clock.
    start: Instant,
    commands: CommandQueue,
    events: mpsc::Sender<CallEvent>,
    counter_writer: CounterWriter,
    /// The changes of the link, from the first one on.
    publisher: Option<LinkPublisher>,
    media: SessionMedia,
}

/// The reason for giving up a connection.
enum Interruption {
    Lost,
    Over(EndReason),
}

impl Driver {
    pub(crate) fn new(
        client: RoomsClient,
        options: JoinOptions,
        (rng, system): (Box<dyn CryptoRng + Send>, Arc<dyn System>),
        commands: CommandQueue,
        events: mpsc::Sender<CallEvent>,
    ) -> Self {
        Self {
            client,
            participation: Participation::new(options.clone()),
            options,
            rng,
            system,
            start: Instant::now(),
            commands,
            events,
            counter_writer: CounterWriter::default(),
            publisher: None,
            media: SessionMedia::default(),
        }
    }

    /// States that the link of the room names an admin key.
    pub(crate) fn name_admin(&mut self) {
        self.participation.name_admin();
    }

    /// Returns the era of the seat.
    pub(crate) fn era(&self) -> Option<EraId> {
        self.participation.era()
    }

    /// Connects and sends `join`. Resumes the former seat if the room service still reserves it.
    pub(crate) async fn join(&mut self) -> Result<Socket, RoomsError> {
        let mut url = socket_url(self.client.base_url())?;
        let mut has_features = true;
        for _ in 0..=MAX_REDIRECTS {
            let mut socket = Socket::open(&self.client, &url, &mut *self.rng).await?;
            let limit = self.client.timeouts.request;
            let asked = timeout(limit, self.ask(&mut socket, has_features)).await;
            match asked.unwrap_or(Err(TransportFailure::TimedOut.into()))? {
                JoinAnswer::Joined(seat) => {
                    self.enter(*seat).await?;
                    return Ok(socket);
                }
                JoinAnswer::Redirect(target) => {
                    url = redirected(&url, &target)?;
                    socket.close().await;
                }
                JoinAnswer::NoFeatures => has_features = false,
            }
        }
        Err(RoomsError::Redirected)
    }

    /// Serves the call until it ends, the session is dropped, or the connection cannot be restored.
    pub(crate) async fn run(mut self, mut socket: Socket, mut stopping: watch::Receiver<bool>) {
        let end_reason = loop {
            match self.serve(&mut socket, &mut stopping).await {
                Interruption::Over(EndReason::Left) => {
                    self.leave(socket).await;
                    break EndReason::Left;
                }
                Interruption::Over(end_reason) => {
                    socket.close().await;
                    break end_reason;
                }
                Interruption::Lost => drop(socket),
            }
            let time = self.time();
            self.participation.disconnect(time, &mut *self.rng);
            self.emit(CallEvent::Lost).await;
            for event in self.participation.take_events() {
                self.emit(event).await;
            }
            let restored = tokio::select! {
                restored = self.restore() => restored,
                () = stopped(&mut stopping) => break EndReason::Left,
            };
            match restored {
                Ok(restored) => socket = restored,
                Err(error) => break EndReason::Failed(error),
            }
        };
        // A device that was sent away sends nothing more, however late the application takes the last events.
        self.media = SessionMedia::default();
        self.store_all_counters().await;
        self.give_up().await;
        let Self {
            participation,
            events,
            publisher,
            ..
        } = self;
        if let Some(publisher) = publisher {
            publisher.finish(&events).await;
        }
        // Gives the counters back, so that the next session in this era goes on with them.
        drop(participation);
        // Sending fails if the session was dropped.
        let _ = events.send(CallEvent::Ended(end_reason)).await;
    }

    async fn ask(
        &mut self,
        socket: &mut Socket,
        has_features: bool,
    ) -> Result<JoinAnswer, RoomsError> {
        let join = self.participation.join(has_features, &mut *self.rng)?;
        let mut limit = self.client.timeouts.request;
        socket.send(&join, &mut limit).await?;
        loop {
            let (text, time) = (socket.receive().await?, socket.time);
            let answer = self
                .participation
                .read_join_answer(&text, has_features, time)?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    /// Takes the seat that the room service has assigned, and emits `Joined` or `Restored`.
    async fn enter(&mut self, seat: JoinedSeat) -> Result<(), RoomsError> {
        self.store_all_counters().await;
        let counters = if self.participation.continues_era(seat.era()) {
            SenderCounters::default()
        } else {
            self.stored_counters(seat.era()).await?
        };
        let time = self.time();
        let event = self
            .participation
            .enter(seat, counters, time, &mut *self.rng);
        self.emit(event).await;
        Ok(())
    }

    async fn restore(&mut self) -> Result<Socket, RoomsError> {
        let deadline = Instant::now() + RECONNECT_FOR;
        let mut delays = ReconnectDelays::default();
        loop {
            match self.join().await {
                Ok(socket) => return Ok(socket),
                Err(error) if !may_pass(&error) || Instant::now() >= deadline => return Err(error),
                Err(_) => {}
            }
            sleep(delays.draw(&mut *self.rng)).await;
        }
    }

    async fn serve(
        &mut self,
        socket: &mut Socket,
        stopping: &mut watch::Receiver<bool>,
    ) -> Interruption {
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut store = interval(STORE_EVERY);
        store.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_received = Instant::now();
        self.commands.begin();
        let mut departure: Option<Departure> = None;
        loop {
            if let Err(interruption) = self.carry_out(socket).await {
                return interruption;
            }
            if let Err(interruption) = self.depart(socket, departure.as_mut()).await {
                return interruption;
            }
            self.commands.advance(self.participation.progress());
            let takes_relays = self.participation.takes_relays();
            let takes_admissions = self.participation.takes_admissions();
            let tick = self.participation.next_tick();
            let tick = tick.map(|moment| self.start + moment.since_start());
            let outcome = tokio::select! {
                message = socket.receive() => {
                    last_received = Instant::now();
                    match message {
                        Ok(message) => self.handle_message(&message).await,
                        Err(RoomsError::Lost) => return Interruption::Lost,
                        Err(error) => return Interruption::Over(EndReason::Failed(error)),
                    }
                }
                Some(command) = self.commands.next(takes_relays, takes_admissions) => {
                    self.send_command(socket, command).await
                }
                offer = self.media.next_offer() => self.send(socket, Command::Media(offer)).await,
                _ = ping.tick() => {
                    if last_received.elapsed() > SILENCE_LIMIT {
                        return Interruption::Lost;
                    }
                    self.send(socket, Command::Ping).await
                }
                () = moment(tick) => {
                    let time = self.time();
                    self.participation.tick(time, &mut *self.rng);
                    match self.participation.lacks_pong(time.moment) {
                        true => Err(Interruption::Lost),
                        false => Ok(()),
                    }
                }
                _ = store.tick(), if self.participation.unstored_counters().is_some() => {
                    self.store_counters();
                    Ok(())
                }
                () = stopped(stopping), if departure.is_none() => {
                    departure = Some(Departure::new());
                    Ok(())
                }
                () = moment(departure.as_ref().map(Departure::until)) => {
                    Err(Interruption::Over(EndReason::Left))
                }
            };
            if let Err(interruption) = outcome {
                return interruption;
            }
        }
    }

    async fn handle_message(&mut self, text: &str) -> Result<(), Interruption> {
        let time = self.time();
        match self.participation.receive(text, time, &mut *self.rng) {
            Ok(MessageEffect::Nothing) => Ok(()),
            Ok(MessageEffect::Event(event)) => {
                self.emit(event).await;
                Ok(())
            }
            Ok(MessageEffect::Media(effect)) => {
                self.media.carry_out(effect).await;
                Ok(())
            }
            Ok(MessageEffect::Moved) => Err(Interruption::Lost),
            Ok(MessageEffect::End(end_reason)) => Err(Interruption::Over(end_reason)),
            Err(error) => Err(Interruption::Over(EndReason::Failed(error))),
        }
    }

    async fn send_command(
        &mut self,
        socket: &mut Socket,
        command: SessionCommand,
    ) -> Result<(), Interruption> {
        match command {
            SessionCommand::Call(origin, command) => {
                let time = self.time();
                let done = self
                    .participation
                    .perform_of(origin, command, time, &mut *self.rng);
                done.map_err(|error| Interruption::Over(EndReason::Failed(error)))?;
                self.carry_out(socket).await
            }
            SessionCommand::Event(event) => {
                self.emit(event).await;
                Ok(())
            }
            SessionCommand::Media(opening) => {
                self.media.start(opening).await;
                Ok(())
            }
            SessionCommand::Reconnect => Err(Interruption::Lost),
        }
    }

    async fn send(&mut self, socket: &mut Socket, command: Command) -> Result<(), Interruption> {
        self.perform(command)?;
        self.carry_out(socket).await
    }

    fn perform(&mut self, command: Command) -> Result<(), Interruption> {
        let time = self.time();
        let done = self.participation.perform(command, time, &mut *self.rng);
        done.map_err(|error| Interruption::Over(EndReason::Failed(error)))
    }

    /// Sends the messages of the participation, and emits its events. While messages do not go out, nothing else is
    /// done: no longer than a request may take for all of them together.
    async fn carry_out(&mut self, socket: &mut Socket) -> Result<(), Interruption> {
        let mut limit = self.client.timeouts.request.min(SILENCE_LIMIT);
        loop {
            let effect = self.participation.poll_effect();
            let effect = effect.map_err(|error| Interruption::Over(EndReason::Failed(error)))?;
            match effect {
                None if self.participation.wants_ping() => self.perform(Command::Ping)?,
                None => return Ok(()),
                Some(ParticipationEffect::Send(message)) => {
                    if socket.send(&message, &mut limit).await.is_err() {
                        return Err(self.read_rest(socket).await);
                    }
                }
                Some(ParticipationEffect::Event(event)) => self.emit(event).await,
                Some(ParticipationEffect::Publish(change)) => self.publish(change),
                Some(ParticipationEffect::Media(effect)) => self.media.carry_out(effect).await,
            }
        }
    }

    /// Changes the link beside the call.
    fn publish(&mut self, change: LinkChange) {
        let publisher = self.publisher.get_or_insert_with(|| {
            let (client, options) = (self.client.clone(), self.options.clone());
            LinkPublisher::start(
                client,
                options,
                self.system.clone(),
                self.events.downgrade(),
            )
        });
        publisher.publish(change);
    }

    fn time(&self) -> SessionTime {
        SessionTime {
            now: self.system.now(),
            moment: Moment::new(self.start.elapsed()),
        }
    }

    async fn emit(&mut self, event: CallEvent) {
        self.media.observe(&event).await;
        send(event, &self.events, &mut self.commands).await;
    }
}
