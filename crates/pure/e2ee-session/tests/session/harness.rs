//! Sessions, the state machine of the room service between them, and a clock in milliseconds.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_call::{
    Call, Command as Say, Commit, CommitBody, ConnectionId, ErrorCode, GroupRequest,
    Input as CallInput, Join, JoinRandomness, Limits, Message as Told, Output as CallOutput,
    Participant, RelayBody, RelayTarget, ResumeSecret, Role, Roster, RosterForm, Status, Welcome,
    WelcomeBody,
};
use anteroom_e2ee::{FrameContext, FrameOpener, FrameSealer, FrameTag, MemberPublicKey, Moment};
use anteroom_e2ee_session::{
    Command, CommandError, CommitRejection, Event, Input, JoinedSeat, Message, Output,
    RosterDevice, SeatStatus, Session, SessionOptions, SessionTime, TextReach,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, GroupEpoch, GuestAdmission, LinkState, Restrictions, Timestamp,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;

use crate::people::{ERA, rng, system_time};

/// The way of a message, one direction.
const LATENCY: u64 = 20;

/// The time between two pings of a client.
const PING_INTERVAL: u64 = 10_000;

/// A message on its way.
#[expect(clippy::large_enum_variant, reason = "there are few of them at a time")]
pub(crate) enum Hop {
    ToService(Message),
    ToSession(Told),
}

/// A device with its session.
pub(crate) struct Device {
    pub(crate) session: Session,
    pub(crate) events: Vec<Event>,
    pub(crate) sealer: FrameSealer,
    pub(crate) opener: FrameOpener,
    pub(crate) demux: Option<DemuxId>,
    options_user: anteroom_protocol::OpaqueUserId,
    member: MemberPublicKey,
    role: Role,
    connection: Option<ConnectionId>,
    resume: Option<ResumeSecret>,
    next_ping: u64,
}

type Filter = Box<dyn FnMut(usize, &Hop) -> bool>;

/// A call of sessions.
pub(crate) struct Harness {
    pub(crate) devices: Vec<Device>,
    pub(crate) now: u64,
    call: Call,
    rng: ChaCha20Rng,
    connections: u64,
    /// The messages on their way, by time and number.
    hops: BTreeMap<(u64, u64), (usize, ConnectionId, Hop)>,
    number: u64,
    /// The devices whose connections are dead, which the room service has yet to notice.
    dead: BTreeSet<usize>,
    /// Returns whether a message to or from a device passes.
    filter: Filter,
    call_wait: Option<u64>,
    start: Timestamp,
}

impl Harness {
    pub(crate) fn new() -> Self {
        let start = system_time();
        let link = LinkState {
            restrictions: Restrictions::None,
            guests: GuestAdmission::Wait,
            name: [].into(),
            revoked: false,
            expiration: start.plus(90 * 86_400),
            delete_at: start.plus(180 * 86_400),
            admin_statement: AdminStatement::default(),
        };
        Self {
            devices: Vec::new(),
            now: 1_000,
            call: Call::new(ERA, link, [], Limits::of_devices(100)),
            rng: rng(99),
            connections: 0,
            hops: BTreeMap::new(),
            number: 0,
            dead: BTreeSet::new(),
            filter: Box::new(|_, _| true),
            call_wait: None,
            start,
        }
    }

    /// Lets devices join, 10 ms one after the other.
    pub(crate) fn of(options: impl IntoIterator<Item = SessionOptions>) -> Self {
        let mut call = Self::new();
        for options in options {
            call.join(options);
            call.run(10);
        }
        call
    }

    pub(crate) fn filter(&mut self, filter: impl FnMut(usize, &Hop) -> bool + 'static) {
        self.filter = Box::new(filter);
    }

    pub(crate) fn time(&self) -> SessionTime {
        SessionTime {
            now: self.start.plus(self.now / 1_000),
            moment: Moment::new(Duration::from_millis(self.now)),
        }
    }

    /// Lets a new device join. Returns its number.
    pub(crate) fn join(&mut self, options: SessionOptions) -> usize {
        let role = match options.admin_key {
            Some(_) => Role::Admin,
            None => Role::Guest,
        };
        self.devices.push(Device {
            options_user: options.user.clone(),
            member: options.member_key.public(),
            session: Session::new(options),
            events: Vec::new(),
            sealer: FrameSealer::new(),
            opener: FrameOpener::new(),
            demux: None,
            role,
            connection: None,
            resume: None,
            next_ping: self.now + PING_INTERVAL,
        });
        let device = self.devices.len() - 1;
        self.connect(device);
        device
    }

    /// Connects a device, which resumes its seat if it had one.
    pub(crate) fn connect(&mut self, device: usize) {
        self.connections += 1;
        let connection = ConnectionId::new(self.connections);
        let one = &mut self.devices[device];
        one.connection = Some(connection);
        let randomness = JoinRandomness::random(&mut self.rng);
        let join = Join {
            connection,
            user: one.options_user.clone(),
            role: one.role,
            has_guest_account: false,
            resume: one.resume.clone(),
            roster: RosterForm::Whole,
            hello: None,
            member: Some(one.member.named()),
            have: one.session.have(),
            randomness,
        };
        self.call(CallInput::Join(join));
    }

    /// Breaks the connection of a device. Messages on their way are lost.
    pub(crate) fn disconnect(&mut self, device: usize) {
        if let Some(connection) = self.devices[device].connection.take() {
            self.call(CallInput::Disconnected(connection));
            self.session(device, Input::Disconnected);
        }
    }

    /// Lets a connection go dead: nothing passes, and the room service has to notice.
    pub(crate) fn cut(&mut self, device: usize) {
        self.dead.insert(device);
    }

    /// Mends a connection that was dead.
    pub(crate) fn mend(&mut self, device: usize) {
        self.dead.remove(&device);
    }

    /// Lets a device leave the call.
    pub(crate) fn leave(&mut self, device: usize) {
        let connection = self.devices[device].connection.take();
        if let Some(connection) = connection {
            self.say(connection, Say::Leave);
            self.session(device, Input::Disconnected);
        }
    }

    /// Gives a command to a session.
    pub(crate) fn command(&mut self, device: usize, command: Command) {
        self.try_command(device, command).unwrap();
    }

    pub(crate) fn try_command(
        &mut self,
        device: usize,
        command: Command,
    ) -> Result<(), CommandError> {
        let time = self.time();
        let session = &mut self.devices[device].session;
        let done = session.command(command, time, &mut self.rng);
        self.drain(device);
        done
    }

    /// Says that the words that a device was shown match.
    pub(crate) fn words_match(
        &mut self,
        device: usize,
        epoch: GroupEpoch,
    ) -> Result<(), CommandError> {
        let done = self.devices[device].session.words_match(epoch);
        self.drain(device);
        done
    }

    /// Sends a message in the name of a device.
    pub(crate) fn send_as(&mut self, device: usize, message: Message) {
        let connection = self.devices[device].connection.unwrap();
        self.send(device, connection, Hop::ToService(message));
    }

    /// Gives an input to a session.
    pub(crate) fn session(&mut self, device: usize, input: Input) {
        let time = self.time();
        let session = &mut self.devices[device].session;
        session.handle(input, time, &mut self.rng);
        self.drain(device);
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        loop {
            let hop = self.hops.first_key_value().map(|((at, _), _)| *at);
            let ticks = self
                .devices
                .iter()
                .filter_map(|one| one.session.next_tick());
            let tick = ticks.min().map(millis_of);
            let pings = self.devices.iter().filter(|one| one.connection.is_some());
            let ping = pings.map(|one| one.next_ping).min();
            let next = [hop, tick, ping, self.call_wait]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.act();
        }
        self.now = end;
    }

    /// Lets time pass for nobody.
    pub(crate) const fn advance(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Does one thing that is due.
    fn act(&mut self) {
        let now = self.now;
        if self
            .hops
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= now)
        {
            let (_, (device, connection, hop)) = self.hops.pop_first().unwrap();
            let passes =
                self.devices[device].connection == Some(connection) && !self.dead.contains(&device);
            if passes && (self.filter)(device, &hop) {
                self.deliver(device, connection, hop);
            }
            return;
        }
        if self.call_wait.is_some_and(|wait| wait <= now) {
            self.call(CallInput::TimePassed);
            return;
        }
        for device in 0..self.devices.len() {
            let one = &mut self.devices[device];
            if let Some(connection) = one.connection.filter(|_| one.next_ping <= now) {
                one.next_ping = now + PING_INTERVAL;
                if !self.dead.contains(&device) {
                    self.say(connection, Say::Ping);
                }
                return;
            }
            let tick = one.session.next_tick().map(millis_of);
            if tick.is_some_and(|tick| tick <= now) {
                self.session(device, Input::TimePassed);
                let after = self.devices[device].session.next_tick().map(millis_of);
                assert!(
                    after.is_none_or(|after| after > now),
                    "{device} does not wait"
                );
                return;
            }
        }
    }

    fn deliver(&mut self, device: usize, connection: ConnectionId, hop: Hop) {
        match hop {
            Hop::ToService(message) => self.say_message(connection, message),
            Hop::ToSession(told) => {
                for input in self.inputs(device, told) {
                    self.session(device, input);
                }
            }
        }
    }

    fn say_message(&mut self, connection: ConnectionId, message: Message) {
        self.say(
            connection,
            match message {
                Message::Commit(commit) => Say::Commit(Commit {
                    at: commit.epoch,
                    body: CommitBody::new(commit.body).unwrap(),
                    welcome: commit.welcome.map(|(to, body)| Welcome {
                        to: to.into_iter().collect(),
                        body: WelcomeBody::new(body).unwrap(),
                    }),
                }),
                Message::Refuse(at) => Say::Refuse(at),
                Message::RelayTo(to, body) => Say::Relay {
                    to: RelayTarget::One(to),
                    body: RelayBody::new(body).unwrap(),
                },
                Message::Relay(_, body) => Say::Relay {
                    to: RelayTarget::All,
                    body: RelayBody::new(body).unwrap(),
                },
                Message::RosterRequest => Say::Participants,
                // A change of the link, over HTTP.
                Message::Policy(_) => return,
            },
        );
    }

    fn say(&mut self, connection: ConnectionId, command: Say) {
        self.call(CallInput::Command {
            connection,
            command,
        });
    }

    fn call(&mut self, input: CallInput) {
        let now = anteroom_call::Moment::from_millis(self.now);
        self.call.handle(now, input);
        loop {
            match self.call.poll_output() {
                CallOutput::Send { to, message } => self.told(to, message),
                CallOutput::Broadcast { to, message } => {
                    for to in to {
                        self.told(to, message.clone());
                    }
                }
                CallOutput::Close { connection, .. } => {
                    let device = self.device_of(connection);
                    if let Some(device) = device {
                        self.devices[device].connection = None;
                    }
                }
                CallOutput::Wait(until) => {
                    self.call_wait = until.map(anteroom_call::Moment::as_millis);
                    return;
                }
                CallOutput::Dropped(_) | CallOutput::Media(_) | CallOutput::Fact(_) => {}
            }
        }
    }

    fn device_of(&self, connection: ConnectionId) -> Option<usize> {
        let mut devices = self.devices.iter();
        devices.position(|one| one.connection == Some(connection))
    }

    fn told(&mut self, to: ConnectionId, message: Told) {
        if let Some(device) = self.device_of(to) {
            self.send(device, to, Hop::ToSession(message));
        }
    }

    fn send(&mut self, device: usize, connection: ConnectionId, hop: Hop) {
        self.number += 1;
        let key = (self.now + LATENCY, self.number);
        self.hops.insert(key, (device, connection, hop));
    }

    fn inputs(&mut self, device: usize, told: Told) -> Vec<Input> {
        match told {
            Told::Joined(joined) => {
                let one = &mut self.devices[device];
                one.demux = Some(joined.demux_id);
                one.resume = Some(joined.resume.clone());
                vec![Input::Joined(JoinedSeat {
                    demux_id: joined.demux_id,
                    era: joined.era_id,
                    is_active: joined.status == Status::Active,
                    present: started(joined.present),
                    missed: joined.missed_commits,
                    statement: joined.statement.map(|one| one.as_bytes().to_vec()),
                    roster: devices(&joined.roster),
                })]
            }
            Told::Participants { roster, .. } => vec![Input::Roster(devices(&roster))],
            Told::Admitted { present, statement } => vec![Input::Admitted {
                present: started(present),
                statement: statement.map(|one| one.as_bytes().to_vec()),
            }],
            Told::Relay { from, body } => vec![Input::Relay {
                from,
                body: body.as_bytes().to_vec(),
            }],
            Told::Commit { at, from, body } => vec![Input::Commit {
                at,
                from,
                body: body.as_bytes().to_vec(),
            }],
            Told::Welcome { at, from, body } => vec![Input::Welcome {
                at,
                from,
                body: body.as_bytes().to_vec(),
            }],
            Told::Refuse { at, from } => vec![Input::Refuse { at, from }],
            Told::GroupError { of, code, present } => {
                let rejection = match code {
                    ErrorCode::RateLimited => CommitRejection::RateLimited,
                    _ => CommitRejection::Other,
                };
                vec![match (of, code) {
                    (GroupRequest::Refuse, _) => Input::RefusalRejected(rejection),
                    (GroupRequest::Commit, ErrorCode::StaleCommit) => Input::StaleCommit {
                        present: started(present),
                    },
                    (GroupRequest::Commit, _) => Input::CommitRejected(rejection),
                }]
            }
            _ => Vec::new(),
        }
    }

    fn drain(&mut self, device: usize) {
        let moment = self.time().moment;
        loop {
            let one = &mut self.devices[device];
            match one.session.poll_output() {
                None => return,
                Some(Output::Event(event)) => one.events.push(event),
                Some(Output::FrameKeys(frames)) => {
                    let added = frames.has_new_members;
                    let sealer = &mut one.sealer;
                    // A device that is a new leaf of an epoch seals anew.
                    if frames.stayed.is_empty() {
                        *sealer = FrameSealer::new();
                    }
                    sealer
                        .add_epoch(&frames.key, frames.own_leaf, added, moment)
                        .unwrap();
                    one.opener
                        .add_epoch(frames.key, frames.leaves, &frames.stayed, moment)
                        .unwrap();
                }
                Some(Output::Send(message)) => {
                    if let Some(connection) = one.connection {
                        self.send(device, connection, Hop::ToService(message));
                    }
                }
            }
        }
    }
}

impl Harness {
    /// Checks that devices are in one epoch of one group, that these are its members, and that each opens what
    /// each of the others seals.
    pub(crate) fn agree(&mut self, devices: &[usize]) {
        self.run(500);
        let have = |call: &Self, device: usize| call.devices[device].session.have();
        let epoch = have(self, devices[0]);
        assert!(epoch.is_some(), "{:#?}", self.devices[devices[0]].events);
        let expected: BTreeSet<Option<DemuxId>> = devices
            .iter()
            .map(|device| self.devices[*device].demux)
            .collect();
        for device in devices {
            let events = &self.devices[*device].events;
            assert_eq!(
                have(self, *device),
                epoch,
                "{device} of {devices:?}: {events:#?}"
            );
            let members = self.devices[*device].session.members();
            let members: BTreeSet<_> = members
                .iter()
                .map(|member| Some(member.claims.demux_id))
                .collect();
            assert_eq!(members, expected, "{device}");
            assert!(self.devices[*device].session.may_send());
        }
        let moment = self.time().moment;
        for from in devices {
            let sealer = &mut self.devices[*from].sealer;
            let frame = sealer
                .seal(FrameContext::Camera, b"picture", 0, moment)
                .unwrap();
            for to in devices.iter().filter(|to| *to != from) {
                let opened = self.devices[*to]
                    .opener
                    .open(FrameTag(0), &frame, 0, moment);
                assert_eq!(opened.map(|opened| opened.epoch), Ok(epoch.unwrap()));
            }
        }
    }

    pub(crate) fn epoch(&self, device: usize) -> Option<GroupEpoch> {
        self.devices[device].session.have()
    }

    /// Returns whether members can still ask a device for a text.
    pub(crate) fn text_reach(&self, device: usize, number: u32) -> TextReach {
        self.devices[device].session.text_reach(number)
    }

    /// Returns the texts that a device was told.
    pub(crate) fn texts(&self, device: usize) -> Vec<String> {
        let events = self.devices[device].events.iter();
        let texts = events.filter_map(|event| match event {
            Event::Text { text, .. } => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the texts that a device was told as said earlier.
    pub(crate) fn late_texts(&self, device: usize) -> Vec<String> {
        let events = self.devices[device].events.iter();
        let texts = events.filter_map(|event| match event {
            Event::Text { text, is_late, .. } => is_late.then(|| text.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the events of a device since the last call.
    pub(crate) fn take_events(&mut self, device: usize) -> VecDeque<Event> {
        core::mem::take(&mut self.devices[device].events).into()
    }

    pub(crate) fn random(&mut self, most: usize) -> usize {
        let number = usize::try_from(self.rng.next_u32()).unwrap();
        number % most
    }
}

fn millis_of(moment: Moment) -> u64 {
    // A tick at a fraction of a millisecond is due in the next one.
    u64::try_from(moment.since_start().as_micros().div_ceil(1_000)).unwrap()
}

fn started(present: GroupEpoch) -> Option<GroupEpoch> {
    (present.group > 0).then_some(present)
}

fn devices(roster: &Roster) -> Vec<RosterDevice> {
    let device = |one: &Participant, status| RosterDevice {
        demux_id: one.demux_id,
        user: one.opaque_user_id.clone(),
        member_key: one
            .member
            .and_then(|key| MemberPublicKey::from_bytes(key.as_bytes()).ok()),
        status,
        is_admin: one.is_admin,
    };
    let active = roster.active.iter().map(|one| {
        let status = if one.is_lost {
            SeatStatus::Lost
        } else {
            SeatStatus::Active
        };
        device(one, status)
    });
    let pending = roster
        .pending
        .iter()
        .map(|one| device(one, SeatStatus::Pending));
    active.chain(pending).collect()
}
