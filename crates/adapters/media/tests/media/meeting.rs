//! A media server, a call, and its devices.

use core::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anteroom_media::{
    CallEvents, CallHandle, ListenAddresses, MediaCounts, MediaEvent, MediaServer, MediaSettings,
    SlotWish, ViewRequest,
};
use anteroom_media_device::Client;
use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    input::Subject,
    source::{PerSource, Source},
};
use mio::{Events, Poll};
use tokio::runtime::{Builder, Runtime};

/// The time after which a test fails that waits for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call and its devices.
pub(crate) struct Meeting {
    pub(crate) call: CallHandle,
    events: CallEvents,
    runtime: Runtime,
    poll: Poll,
    pub(crate) clients: Vec<Client>,
    /// The events that were not answers for devices.
    pub(crate) log: Vec<MediaEvent>,
    /// Whether answers are kept from the devices, as if they were lost. They are in the log.
    pub(crate) keeps_answers: bool,
    /// The address from which devices send.
    pub(crate) from: SocketAddr,
}

/// The settings of a server on free ports of the loopback interface, with one thread that is never too busy.
pub(crate) fn settings() -> MediaSettings {
    let mut settings = MediaSettings {
        listen: ListenAddresses {
            ipv4: Some(Ipv4Addr::LOCALHOST),
            ipv6: None,
            port: 0,
        },
        public_addresses: vec![Ipv4Addr::LOCALHOST.into()],
        threads: 1,
        ..MediaSettings::default()
    };
    settings.load.percent = 101;
    settings
}

/// Starts a server.
pub(crate) fn server() -> MediaServer {
    MediaServer::start(&settings()).unwrap()
}

/// Waits until the counts are so: threads add them at the end of a round.
pub(crate) fn until_counts(server: &MediaServer, is_so: impl Fn(&MediaCounts) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so(&server.counts()) {
        assert!(Instant::now() < deadline, "{:?}", server.counts());
        std::thread::yield_now();
    }
}

pub(crate) fn id(number: usize) -> DemuxId {
    DemuxId::new(u32::try_from(number).unwrap() * 16 + 16).unwrap()
}

impl Meeting {
    pub(crate) fn new(server: &MediaServer) -> Self {
        let (call, events) = server.open_call().unwrap();
        Self {
            call,
            events,
            runtime: Builder::new_current_thread().build().unwrap(),
            poll: Poll::new().unwrap(),
            clients: Vec::new(),
            log: Vec::new(),
            keeps_answers: false,
            from: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// Lets so many devices join over UDP.
    pub(crate) fn of(server: &MediaServer, devices: usize) -> Self {
        let mut meeting = Self::new(server);
        for _ in 0..devices {
            meeting.join(false);
        }
        meeting
    }

    /// Lets a device join and connect. It publishes its microphone and its camera.
    pub(crate) fn join(&mut self, over_tcp: bool) -> usize {
        let number = self.begin(over_tcp);
        self.until_connected(number);
        number
    }

    /// Lets a device join, and make its offer.
    pub(crate) fn begin(&mut self, over_tcp: bool) -> usize {
        let number = self.clients.len();
        let device = id(number);
        let user = OpaqueUserId::parse(&format!("{number:02x}")).unwrap();
        self.call.activate(device, user);
        self.publish(number);
        let token = number + 1;
        let (client, offer) = Client::new(device, over_tcp, self.from, self.poll.registry(), token);
        self.clients.push(client);
        self.call.offer(device, 1, offer).unwrap();
        number
    }

    /// Says that a device sends its microphone and its camera.
    pub(crate) fn publish(&self, number: usize) {
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        self.call.publish(id(number), sources);
    }

    /// Replaces the connection of a device by a new one.
    pub(crate) fn connect_again(&mut self, number: usize, session: u64) {
        let token = 100 + number;
        let device = id(number);
        let (mut client, offer) =
            Client::new(device, false, self.from, self.poll.registry(), token);
        client.session = session;
        self.clients[number] = client;
        self.call.offer(device, session, offer).unwrap();
        self.until_connected(number);
    }

    /// Restarts the ICE of a device.
    pub(crate) fn restart(&mut self, number: usize) {
        let client = &mut self.clients[number];
        client.answer.clear();
        let (session, offer) = (client.session, client.restart_offer());
        self.call.offer(id(number), session, offer).unwrap();
        self.until("the answer", |meeting| {
            !meeting.clients[number].answer.is_empty()
        });
    }

    pub(crate) fn until_connected(&mut self, number: usize) {
        self.until("a connection", |meeting| {
            meeting.clients[number].is_connected
        });
    }

    /// Carries everything on until something is so.
    pub(crate) fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut events = Events::with_capacity(64);
        loop {
            self.take_events();
            for client in &mut self.clients {
                client.pump();
            }
            if is_so(self) {
                return;
            }
            let now = Instant::now();
            assert!(now < deadline, "waited for {what}: {:?}", self.log);
            let timeouts = self.clients.iter().map(Client::timeout);
            let next = timeouts.min().unwrap_or(deadline);
            let wait = next.saturating_duration_since(now);
            // Events of the call wake nobody here.
            let wait = wait.min(Duration::from_millis(5));
            self.poll.poll(&mut events, Some(wait)).unwrap();
        }
    }

    fn take_events(&mut self) {
        let next = |events: &mut CallEvents| {
            self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    event = events.next() => event,
                    () = std::future::ready(()) => None,
                }
            })
        };
        while let Some(event) = next(&mut self.events) {
            match event {
                MediaEvent::Answer {
                    device,
                    session,
                    answer,
                } if !self.keeps_answers => {
                    let mut clients = self.clients.iter_mut();
                    let client = clients
                        .find(|client| client.id == device && client.session == session)
                        .unwrap();
                    client.take_answer(&answer.into_text(), self.poll.registry());
                }
                event => self.log.push(event),
            }
        }
    }

    /// Lets a device see the camera of another in its first slot for pictures.
    pub(crate) fn watch(&mut self, viewer: usize, sender: usize) {
        self.watch_in(2, viewer, sender);
    }

    /// Lets a device watch another one in a slot.
    pub(crate) fn watch_in(&mut self, slot: usize, viewer: usize, sender: usize) {
        let mid = self.clients[viewer].slots[slot].to_string();
        let view = ViewRequest {
            slots: vec![SlotWish {
                mid,
                subject: Subject::Device(id(sender)),
                source: Source::Camera,
                height: 180,
            }],
            audio_without: Vec::new(),
        };
        self.call.view(id(viewer), view);
    }

    /// Lets a device say something until the others hear it.
    pub(crate) fn say_until_heard(&mut self, sender: usize, listeners: &[usize]) {
        let mut number = 0_u32;
        let mut heard = vec![false; listeners.len()];
        self.until("a sound", |meeting| {
            number += 1;
            let payload = [b"sound ".as_slice(), &number.to_be_bytes()].concat();
            meeting.clients[sender].say(&payload);
            for (heard, listener) in heard.iter_mut().zip(listeners) {
                let packets = meeting.clients[*listener].heard();
                *heard |= packets.iter().any(|packet| packet.starts_with(b"sound "));
            }
            heard.iter().all(|heard| *heard)
        });
    }

    /// Lets a device show pictures until another sees one.
    pub(crate) fn show_until_seen(&mut self, sender: usize, viewer: usize) {
        let mut number = 0_u8;
        self.until("a picture", |meeting| {
            number = number.wrapping_add(1) & 0x7f;
            meeting.clients[sender].show(number);
            let packets = meeting.clients[viewer].heard();
            packets.iter().any(|packet| packet.len() == 16)
        });
    }
}
