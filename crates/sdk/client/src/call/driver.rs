//! The task behind a [`CallSession`](crate::CallSession): keeps the connection open, restores it after a
//! loss, seals and opens messages.

mod counter_writer;
mod messages;
mod refusal;

use std::time::Duration;

use rand_core::CryptoRng;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use zeroize::Zeroizing;

use self::{
    counter_writer::CounterWriter,
    refusal::{may_pass, refusal},
};
use super::{
    CallEvent, DemuxId, EndReason, EraId, EraKey, HelloCodec, JoinOptions, MessageOpener,
    MessageSealer, Recipient, Roster, SeatInfo, SeatStatus,
    socket::{Socket, redirected, socket_url},
};
use crate::{
    LinkState, RoomsClient, RoomsError,
    rooms::{
        parse_demux, parse_era, passkey_text,
        wire::{FromRoom, JoinedBody, Target, ToRoom},
    },
    wire,
};

const PING_EVERY: Duration = Duration::from_secs(10);
/// The silence after which a connection counts as lost. The room service answers every ping, and pings go out
/// every 10 seconds.
const SILENCE_LIMIT: Duration = Duration::from_secs(25);
/// The time during which the client tries to restore a lost connection. The room service reserves the seat
/// for half of it.
const RECONNECT_FOR: Duration = Duration::from_secs(60);
/// The longest time for which counters of received messages are held in memory before the replay store has
/// them.
const STORE_EVERY: Duration = Duration::from_secs(1);
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
const MAX_REDIRECTS: usize = 3;
/// The value of a `join`'s roster member that asks for changes of the roster instead of whole rosters.
const ROSTER_CHANGES: &str = "delta";
/// The maximum length of a text from the room service that is passed to the caller, in characters.
const MAX_TEXT_CHARS: usize = 300;

pub(crate) enum Command {
    Send {
        to: Recipient,
        message: Zeroizing<Vec<u8>>,
    },
    RaiseHand(bool),
    Approve(DemuxId),
    Deny(DemuxId),
    Remove(DemuxId),
    Block(DemuxId),
    Reconnect,
}

pub(crate) struct Driver {
    client: RoomsClient,
    options: JoinOptions,
    hellos: HelloCodec,
    rng: Box<dyn CryptoRng + Send>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<CallEvent>,
    resume_state: Option<ResumeState>,
    /// Whether messages were received whose counters the replay store does not have yet.
    has_unstored: bool,
    counter_writer: CounterWriter,
}

/// The state that outlives a connection: everything that resuming the seat needs.
struct ResumeState {
    demux: DemuxId,
    era: EraId,
    resume: Zeroizing<String>,
    sealer: MessageSealer,
    opener: MessageOpener,
    roster: Roster,
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
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<CallEvent>,
    ) -> Self {
        Self {
            client,
            hellos: HelloCodec::new(&options.room, options.pass.aci()),
            options,
            rng,
            commands,
            events,
            resume_state: None,
            has_unstored: false,
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
            match asked.unwrap_or(Err(RoomsError::TimedOut))? {
                FromRoom::Joined(joined) => {
                    self.apply_joined(*joined).await?;
                    return Ok(socket);
                }
                FromRoom::Redirect { url: target } => {
                    url = redirected(&url, &target)?;
                    socket.close().await;
                }
                // A room service without support for features refuses members of `join` that it does not
                // know.
                FromRoom::Error { code, .. } if code == "invalid_message" && has_features => {
                    has_features = false;
                }
                FromRoom::Error { code, message } => {
                    return Err(refusal(&code, &message, socket.time()));
                }
                FromRoom::Blocked => {
                    let message = "an admin has blocked this user in this call";
                    return Err(refusal("blocked", message, socket.time()));
                }
                _ => return Err(RoomsError::Malformed("it does not answer the join")),
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
        // Gives the counters back, so that the next session in this era goes on with them.
        self.resume_state = None;
        self.emit(CallEvent::Ended(end_reason)).await;
    }

    async fn ask(
        &mut self,
        socket: &mut Socket,
        has_features: bool,
    ) -> Result<FromRoom, RoomsError> {
        let room = &self.options.room;
        let presentation = self.options.pass.present(room, &mut *self.rng)?;
        let passkey = self.options.passkey.as_ref().map(passkey_text);
        let hello = match &self.options.name {
            Some(name) if has_features => self.hellos.seal(name, &mut *self.rng)?,
            _ => None,
        };
        socket
            .send(&ToRoom::Join {
                room_id: &room.room_id().to_hex(),
                epoch: room.epoch(),
                auth: &presentation,
                admin_passkey: passkey.as_ref().map(|passkey| passkey.as_str()),
                resume: self
                    .resume_state
                    .as_ref()
                    .map(|resume_state| resume_state.resume.as_str()),
                roster: has_features.then_some(ROSTER_CHANGES),
                hello: hello.as_deref(),
            })
            .await?;
        loop {
            match socket.receive().await? {
                FromRoom::Unknown => {}
                answer => return Ok(answer),
            }
        }
    }

    /// Stores the seat that the room service has assigned, and emits `Joined` or `Restored`.
    async fn apply_joined(&mut self, body: JoinedBody) -> Result<(), RoomsError> {
        let demux = parse_demux(body.demux_id)?;
        let era = parse_era(&body.era_id)?;
        let status = match body.status.as_str() {
            "active" => SeatStatus::Active,
            "pending" => SeatStatus::Pending,
            _ => return Err(RoomsError::Malformed("the status is unknown")),
        };
        let roster = Roster::parse(
            &body.participants,
            &body.pending,
            body.pending_count,
            &self.hellos,
        )?;
        let link = LinkState::parse(&body.call_link_state, &self.options.room)?;
        self.store_all_counters().await;
        let previous = self
            .resume_state
            .take()
            .filter(|resume_state| resume_state.era == era);
        let key = || EraKey::derive(&self.options.room, era);
        let same_seat = previous
            .as_ref()
            .is_some_and(|resume_state| resume_state.demux == demux);
        // The counters continue from the previous connection, so that no message is accepted twice.
        let (sealer, opener) = match previous {
            Some(resume_state) if same_seat => (resume_state.sealer, resume_state.opener),
            Some(resume_state) => (MessageSealer::new(key(), demux), resume_state.opener),
            None => {
                let room = self.options.room.room_id();
                let counters = self.client.replays.read(room, era).await?;
                let opener = MessageOpener::with_counters(key(), counters);
                (MessageSealer::new(key(), demux), opener)
            }
        };
        self.resume_state = Some(ResumeState {
            demux,
            era,
            resume: Zeroizing::new(body.resume),
            sealer,
            opener,
            roster: roster.clone(),
        });
        let event = if same_seat && status == SeatStatus::Active {
            CallEvent::Restored(roster)
        } else {
            CallEvent::Joined(Box::new(SeatInfo {
                demux,
                era,
                status,
                is_admin: body.is_admin,
                max_devices: body.max_devices,
                roster,
                link,
                features: body.features,
            }))
        };
        self.emit(event).await;
        Ok(())
    }

    async fn restore(&mut self) -> Result<Socket, RoomsError> {
        let deadline = Instant::now() + RECONNECT_FOR;
        let mut delay = FIRST_DELAY;
        loop {
            match self.join().await {
                Ok(socket) => return Ok(socket),
                Err(error) if !may_pass(&error) || Instant::now() >= deadline => return Err(error),
                Err(_) => {}
            }
            // The random factor spreads the reconnections of many clients that lost the same node.
            sleep(delay.mul_f64(0.5 + self.fraction())).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }

    /// Returns a random number from 0 to 1.
    fn fraction(&mut self) -> f64 {
        f64::from(self.rng.next_u32()) / f64::from(u32::MAX)
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
                        Ok(message) => self.handle_message(message).await,
                        Err(RoomsError::Lost) => return Interruption::Lost,
                        Err(error) => return Interruption::Over(EndReason::Failed(error)),
                    }
                }
                Some(command) = self.commands.recv() => self.send_command(socket, command).await,
                _ = ping.tick() => {
                    if last_received.elapsed() > SILENCE_LIMIT {
                        return Interruption::Lost;
                    }
                    sent(socket.send(&ToRoom::Ping).await)
                }
                _ = store.tick(), if self.has_unstored => {
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

    /// Sends the queued commands and `leave`. If that fails the connection is gone anyway.
    async fn leave(&mut self, socket: &mut Socket) {
        while let Ok(command) = self.commands.try_recv() {
            if self.send_command(socket, command).await.is_err() {
                return;
            }
        }
        let _ = socket.send(&ToRoom::Leave).await;
    }

    async fn send_command(
        &mut self,
        socket: &mut Socket,
        command: Command,
    ) -> Result<(), Interruption> {
        let message = match command {
            Command::Send { to, message } => match self.seal(to, &message) {
                Ok(relay) => relay,
                Err(error) => return Err(Interruption::Over(EndReason::Failed(error))),
            },
            Command::RaiseHand(raised) => ToRoom::RaiseHand { raised },
            Command::Approve(device) => ToRoom::Approve {
                demux_id: device.number(),
            },
            Command::Deny(device) => ToRoom::Deny {
                demux_id: device.number(),
            },
            Command::Remove(device) => ToRoom::Remove {
                demux_id: device.number(),
            },
            Command::Block(device) => ToRoom::Block {
                demux_id: device.number(),
            },
            Command::Reconnect => return Err(Interruption::Lost),
        };
        sent(socket.send(&message).await)
    }

    fn seal(&mut self, to: Recipient, message: &[u8]) -> Result<ToRoom<'static>, RoomsError> {
        let resume_state = self.resume_state.as_mut().ok_or(RoomsError::Over)?;
        let body = resume_state.sealer.seal(message, &mut *self.rng)?;
        let to = match to {
            Recipient::All => Target::All("all"),
            Recipient::One(device) => Target::One(device.number()),
        };
        let body = wire::encode(&body);
        Ok(ToRoom::Relay { to, body })
    }

    async fn emit(&mut self, event: CallEvent) {
        // Sending fails if the session was dropped; `stopped` then ends the task.
        let _ = self.events.send(event).await;
    }
}

fn sent(outcome: Result<(), RoomsError>) -> Result<(), Interruption> {
    outcome.map_err(|_| Interruption::Lost)
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the session was dropped, which stops the task too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
