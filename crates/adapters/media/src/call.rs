//! One call on its thread: its media, its commands, and the events that come of them.

use std::{collections::HashMap, sync::Arc, time::Instant};

use anteroom_protocol::{
    DemuxId,
    media::{SessionDescription, SlotReport, ViewRequest},
};
use anteroom_sfu::{
    DeviceOffer, OfferError, OfferKind, Sfu, SfuOutput,
    input::{Input, View, Wish},
    output::{Message, Output},
};
use str0m::net::Transmit;

use crate::{
    call_port::CallPort,
    client_key::ClientKey,
    command::Command,
    event::{MediaEvent, OfferRefusal},
    offers::{OfferJob, OfferQueue},
    routes::Routes,
    statistics::MediaCounts,
};

/// A call on its thread.
pub(crate) struct Call {
    pub(crate) port: Arc<CallPort>,
    pub(crate) sfu: Sfu,
    /// The newest connection of each device.
    connections: HashMap<DemuxId, u64>,
    /// The last view of each device: it may come before the connection that has its slots.
    views: HashMap<DemuxId, ViewRequest>,
    /// Whether there may be something to send.
    pub(crate) is_dirty: bool,
    /// The moment at which the call wants to know the time.
    pub(crate) deadline: Option<Instant>,
}

/// The rest of a thread that a call needs.
pub(crate) struct Surroundings<'a> {
    pub(crate) routes: &'a mut Routes,
    pub(crate) counts: &'a mut MediaCounts,
    pub(crate) offers: &'a OfferQueue,
    pub(crate) now: Instant,
}

/// An output of a call that is for the sockets.
pub(crate) enum SocketOutput {
    /// Send a datagram for a connection.
    Transmit(ClientKey, Transmit),
    /// Nothing more is sent for a connection.
    Close(ClientKey),
}

impl Call {
    pub(crate) fn new(port: Arc<CallPort>, now: Instant) -> Self {
        let settings = port.thread().settings.clone();
        Self {
            port,
            sfu: Sfu::new(settings, now),
            connections: HashMap::new(),
            views: HashMap::new(),
            is_dirty: false,
            deadline: None,
        }
    }

    /// Returns whether a connection is the newest of its device.
    pub(crate) fn has(&self, key: ClientKey) -> bool {
        self.connections.get(&key.device) == Some(&key.connection)
    }

    /// Returns the connections that there are.
    pub(crate) fn connections(&self) -> Vec<ClientKey> {
        let connections = self.connections.iter();
        let keys = connections.map(|(device, connection)| self.key(*device, *connection));
        keys.collect()
    }

    fn key(&self, device: DemuxId, connection: u64) -> ClientKey {
        ClientKey {
            call: self.port.number,
            device,
            connection,
        }
    }

    /// Carries a command out.
    pub(crate) fn handle(&mut self, command: Command, around: &mut Surroundings<'_>) {
        let now = around.now;
        match command {
            Command::Activate { device, user } => {
                self.sfu.handle(now, Input::Activate { device, user });
            }
            // The receipt is sent when the sockets have been told: see `Router::take_commands`.
            Command::Deactivate { device, .. } => self.deactivate(device, around),
            Command::Offer {
                device,
                session,
                offer,
            } => self.offer(device, session, offer, around),
            Command::Attach {
                device,
                session,
                answered,
            } => {
                let answer = answered.answer.clone();
                match self.sfu.attach(now, device, *answered) {
                    Ok(connection) => {
                        self.connect(device, connection, around);
                        self.answer(device, session, answer);
                    }
                    Err(error) => self.refuse(device, session, error.into(), around),
                }
            }
            Command::Reoffer {
                device,
                session,
                offer,
            } => self.answer_again(device, session, *offer, around),
            Command::View { device, view } => {
                self.view(device, &view, now);
                if self.sfu.is_active(device) {
                    self.views.insert(device, view);
                }
            }
            Command::Publish { device, sources } => {
                self.sfu.handle(now, Input::Publish { device, sources });
            }
            Command::Mute {
                by,
                target,
                source,
                order,
            } => {
                let input = Input::Mute {
                    by,
                    target,
                    source,
                    order,
                };
                self.sfu.handle(now, input);
            }
        }
    }

    fn deactivate(&mut self, device: DemuxId, around: &Surroundings<'_>) {
        around.offers.forget(self.port.number, device);
        self.views.remove(&device);
        self.sfu.handle(around.now, Input::Deactivate(device));
    }

    fn offer(
        &mut self,
        device: DemuxId,
        session: u64,
        offer: String,
        around: &mut Surroundings<'_>,
    ) {
        match self.sfu.admit_offer(around.now, device, session) {
            Ok(kind) => {
                let job = OfferJob {
                    port: Arc::clone(&self.port),
                    device,
                    session,
                    kind,
                    offer,
                };
                let is_full = kind == OfferKind::First && self.port.thread().is_full();
                if is_full || !around.offers.push(job) {
                    self.refuse(device, session, OfferRefusal::Busy, around);
                }
            }
            Err(error) => self.refuse(device, session, error.into(), around),
        }
    }

    /// Answers a later offer of a session.
    fn answer_again(
        &mut self,
        device: DemuxId,
        session: u64,
        offer: DeviceOffer,
        around: &mut Surroundings<'_>,
    ) {
        // A new connection may have come meanwhile. Nobody waits for an answer about the former one.
        if self.sfu.session(device) != Some(session) {
            return;
        }
        let now = around.now;
        let answer = self.sfu.answer_again(now, device, offer);
        // ICE may be restarted even if the offer is refused.
        let connection = self.connections.get(&device).copied();
        if let Some((connection, name)) = connection.zip(self.sfu.path_user(device)) {
            let key = self.key(device, connection);
            around.routes.rename(key, name, now);
        }
        match answer {
            Ok(answer) => {
                self.view_again(device, now);
                self.answer(device, session, answer);
            }
            Err(error) => self.refuse(device, session, error.into(), around),
        }
    }

    fn connect(&mut self, device: DemuxId, connection: u64, around: &mut Surroundings<'_>) {
        around.counts.connections += 1;
        if let Some(before) = self.connections.insert(device, connection) {
            around.routes.remove(self.key(device, before));
        }
        self.port.events.forget_states(device);
        if let Some(name) = self.sfu.path_user(device) {
            around.routes.add(self.key(device, connection), name);
        }
        self.view_again(device, around.now);
    }

    /// Takes the last view of a device again, since there are slots that it may name.
    fn view_again(&mut self, device: DemuxId, now: Instant) {
        if let Some(view) = self.views.remove(&device) {
            self.view(device, &view, now);
            self.views.insert(device, view);
        }
    }

    fn view(&mut self, device: DemuxId, view: &ViewRequest, now: Instant) {
        let wishes = view.slots.iter().filter_map(|wish| {
            Some(Wish {
                slot: self.sfu.slot_of(device, &wish.mid)?,
                subject: wish.subject,
                source: wish.source,
                height: wish.height,
            })
        });
        let view = View {
            wishes: wishes.collect(),
            audio_without: view.audio_without.clone(),
        };
        self.sfu.handle(now, Input::View { device, view });
    }

    fn answer(&self, device: DemuxId, session: u64, answer: String) {
        self.port.events.push(MediaEvent::Answer {
            device,
            session,
            answer: SessionDescription::new(answer),
        });
    }

    fn refuse(
        &self,
        device: DemuxId,
        session: u64,
        reason: OfferRefusal,
        around: &mut Surroundings<'_>,
    ) {
        around.counts.refused_offers += 1;
        self.port.events.push(MediaEvent::OfferRefused {
            device,
            session,
            reason,
        });
    }

    /// Passes the outputs on: events to their queue, and the others to the sockets.
    pub(crate) fn drain(&mut self, mut output: impl FnMut(SocketOutput)) {
        self.is_dirty = false;
        loop {
            match self.sfu.poll_output() {
                SfuOutput::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                SfuOutput::Transmit { to, datagram } => {
                    if let Some(connection) = self.connections.get(&to) {
                        output(SocketOutput::Transmit(self.key(to, *connection), datagram));
                    }
                }
                SfuOutput::End { device, connection } => {
                    let key = self.key(device, connection);
                    // Another one may have replaced it.
                    if self.has(key) {
                        self.connections.remove(&device);
                        self.disconnected(device);
                    }
                    output(SocketOutput::Close(key));
                }
                SfuOutput::Call(Output::Send { to, message }) => {
                    let event = self.event(to, message);
                    self.port.events.push(event);
                }
                SfuOutput::Call(Output::Speakers(speakers)) => {
                    self.port.events.push(MediaEvent::Speakers(speakers));
                }
                SfuOutput::Call(Output::RequestKeyFrame { .. } | Output::Wait(_)) => {}
            }
        }
    }

    fn disconnected(&self, device: DemuxId) {
        if self.sfu.is_active(device) {
            let event = MediaEvent::Disconnected { device };
            self.port.events.push(event);
        } else {
            self.port.events.forget(device);
        }
    }

    fn event(&self, device: DemuxId, message: Message) -> MediaEvent {
        match message {
            Message::Slots(slots) => {
                let slots = slots.into_iter().filter_map(|state| {
                    Some(SlotReport {
                        mid: self.sfu.mid_of(device, state.slot)?,
                        device: state.device,
                        source: state.source,
                        pause: state.pause,
                        height: state.height,
                    })
                });
                let slots = slots.collect();
                MediaEvent::Slots { device, slots }
            }
            Message::Send(wanted) => MediaEvent::Send { device, wanted },
            Message::Muted { by, source, order } => MediaEvent::Muted {
                device,
                by,
                source,
                order,
            },
            Message::Refused(reason) => MediaEvent::Refused { device, reason },
        }
    }
}

impl Drop for Call {
    /// Tells the reader of the events, whatever ended the call.
    fn drop(&mut self) {
        self.port.events.close();
        self.port.thread().forget_call();
    }
}

impl From<OfferError> for OfferRefusal {
    fn from(error: OfferError) -> Self {
        Self::Offer(error)
    }
}
