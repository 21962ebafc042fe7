//! The task behind a [`CallSession`](crate::CallSession): keeps the connection open, and restores it after a
//! loss.

mod counter_writer;

use anteroom_client_core::call::{
    command::Command,
    connection::{
        PING_EVERY, RECONNECT_FOR, ReconnectDelays, SILENCE_LIMIT, STORE_EVERY, may_pass,
    },
    join::{JoinAnswer, JoinedSeat, MAX_REDIRECTS},
    participation::{MessageEffect, Participation},
    socket_url::{redirected, socket_url},
};
use rand_core::CryptoRng;
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use self::counter_writer::CounterWriter;
use super::socket::Socket;
use crate::{
    CallEvent, EndReason, EraId, JoinOptions, ReplayStoreError, RoomsClient, RoomsError,
    SenderCounters, TransportFailure,
};

/// A command of a session to its task.
pub(crate) enum SessionCommand {
    /// For the room service.
    Call(Command),
    /// An event of the session itself, after those of earlier commands.
    Event(CallEvent),
    /// Drops the connection and restores it.
    Reconnect,
}

pub(crate) struct Driver {
    client: RoomsClient,
    participation: Participation,
    rng: Box<dyn CryptoRng + Send>,
    commands: mpsc::Receiver<SessionCommand>,
    events: mpsc::Sender<CallEvent>,
    counter_writer: CounterWriter,
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
        rng: Box<dyn CryptoRng + Send>,
        commands: mpsc::Receiver<SessionCommand>,
        events: mpsc::Sender<CallEvent>,
    ) -> Self {
        Self {
            client,
            participation: Participation::new(options),
            rng,
            commands,
            events,
            counter_writer: CounterWriter::default(),
        }
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
                Interruption::Over(end_reason) => {
                    socket.close().await;
                    break end_reason;
                }
                Interruption::Lost => drop(socket),
            }
            self.emit(CallEvent::Lost).await;
            let restored = tokio::select! {
                restored = self.restore() => restored,
                () = stopped(&mut stopping) => break EndReason::Left,
            };
            match restored {
                Ok(restored) => socket = restored,
                Err(error) => break EndReason::Failed(error),
            }
        };
        self.store_all_counters().await;
        let Self {
            participation,
            events,
            ..
        } = self;
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
        socket.send(&join).await?;
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
        let event = self.participation.enter(seat, counters);
        self.emit(event).await;
        Ok(())
    }

    /// Returns the counters that earlier sessions in the era have received, on a thread that may block.
    async fn stored_counters(&mut self, era: EraId) -> Result<SenderCounters, ReplayStoreError> {
        let (memory, room) = (self.client.replays.clone(), self.participation.room());
        let read = spawn_blocking(move || memory.of(room, era)).await;
        read.unwrap_or_else(|_| Err(ReplayStoreError::new("reading it was broken off")))
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
        loop {
            let outcome = tokio::select! {
                message = socket.receive() => {
                    last_received = Instant::now();
                    match message {
                        Ok(message) => self.handle_message(&message).await,
                        Err(RoomsError::Lost) => return Interruption::Lost,
                        Err(error) => return Interruption::Over(EndReason::Failed(error)),
                    }
                }
                Some(command) = self.commands.recv() => self.send_command(socket, command).await,
                _ = ping.tick() => {
                    if last_received.elapsed() > SILENCE_LIMIT {
                        return Interruption::Lost;
                    }
                    self.send(socket, &Command::Ping).await
                }
                _ = store.tick(), if self.participation.unstored_counters().is_some() => {
                    self.store_counters();
                    Ok(())
                }
                () = stopped(stopping) => {
                    self.leave(socket).await;
                    return Interruption::Over(EndReason::Left);
                }
            };
            if let Err(interruption) = outcome {
                return interruption;
            }
        }
    }

    async fn handle_message(&mut self, text: &str) -> Result<(), Interruption> {
        match self.participation.receive(text) {
            Ok(MessageEffect::Nothing) => Ok(()),
            Ok(MessageEffect::Event(event)) => {
                self.emit(event).await;
                Ok(())
            }
            Ok(MessageEffect::Moved) => Err(Interruption::Lost),
            Ok(MessageEffect::End(end_reason)) => Err(Interruption::Over(end_reason)),
            Err(error) => Err(Interruption::Over(EndReason::Failed(error))),
        }
    }

    /// Sends the queued commands and `leave`. If that fails the connection is gone anyway.
    async fn leave(&mut self, socket: &mut Socket) {
        while let Ok(command) = self.commands.try_recv() {
            if self.send_command(socket, command).await.is_err() {
                return;
            }
        }
        let _ = self.send(socket, &Command::Leave).await;
    }

    async fn send_command(
        &mut self,
        socket: &mut Socket,
        command: SessionCommand,
    ) -> Result<(), Interruption> {
        match command {
            SessionCommand::Call(command) => {
                let reduction = self.participation.reduction(&command);
                self.send(socket, &command).await?;
                if let Some(event) = reduction {
                    self.emit(event).await;
                }
                Ok(())
            }
            SessionCommand::Event(event) => {
                self.emit(event).await;
                Ok(())
            }
            SessionCommand::Reconnect => Err(Interruption::Lost),
        }
    }

    async fn send(&mut self, socket: &mut Socket, command: &Command) -> Result<(), Interruption> {
        let message = self.participation.message(command, &mut *self.rng);
        let message = message.map_err(|error| Interruption::Over(EndReason::Failed(error)))?;
        let sent = socket.send(&message).await;
        sent.map_err(|_| Interruption::Lost)
    }

    /// Starts to let the store of replays know of what was received. What is received during a write
    /// is for the next one.
    fn store_counters(&mut self) {
        let Some((era, counters)) = self.participation.unstored_counters() else {
            return;
        };
        if self.counter_writer.is_busy() {
            return;
        }
        let room = self.participation.room();
        if let Some(write) = self.client.replays.write(room, era, counters) {
            self.counter_writer.start(write);
        }
        self.participation.mark_stored();
    }

    /// Returns when the store of replays knows of all that was received.
    async fn store_all_counters(&mut self) {
        self.counter_writer.finish().await;
        self.store_counters();
        self.counter_writer.finish().await;
    }

    async fn emit(&mut self, event: CallEvent) {
        // Sending fails if the session was dropped; `stopped` then ends the task.
        let _ = self.events.send(event).await;
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the session was dropped, which stops the task too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
