//! A call of sessions over the state machine of the room service, which may lie.
//!
//! [`Stage`] carries every message from a session to the call and back at once, in order, and lets time pass
//! by the deadlines of all of them. A [`Lie`] sees each message on its way, and drops, changes, holds or adds
//! any: a service can do no more.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use anteroom_call::{
    Call, Command as Say, Commit, CommitBody, ConnectionId, ErrorCode, GroupRequest,
    Input as CallInput, Join, JoinRandomness, Limits, Message as CallMessage, Moment as CallMoment,
    Output as CallOutput, Participant, RelayBody, RelayTarget, Roster, RosterForm, Status, Welcome,
    WelcomeBody,
};
use anteroom_e2ee::{MemberPublicKey, Moment};
use anteroom_e2ee_session::{
    Command, CommandError, CommitRejection, Input, JoinedSeat, Message, Output, RosterDevice,
    SeatStatus, SessionTime,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, DAY, DemuxId, GroupEpoch, GuestAdmission, LinkState,
    Timestamp,
};
use rand_chacha::ChaCha20Rng;

use crate::people::{Room, TestUser, rng, system_time};

/// The interval of pings. The service takes a connection without a message for 30 s for lost.
const PING_INTERVAL: u64 = 10_000;

/// A message on its way. People have numbers, in the order in which they came.
#[expect(
    clippy::large_enum_variant,
    reason = "a test matches messages, and few are on their way"
)]
#[derive(Clone, Debug)]
pub(crate) enum Hop {
    /// From a person to the service.
    ToService(usize, Message),
    /// From the service to a person.
    ToPerson(usize, Input),
}

/// A lie: each message that the service receives or sends goes through it, and its result in its place.
pub(crate) type Lie = Box<dyn FnMut(Hop) -> Vec<Hop>>;

/// A call of sessions.
pub(crate) struct Stage {
    pub(crate) room: Room,
    pub(crate) people: Vec<TestUser>,
    /// All messages that arrived, for services that keep them.
    pub(crate) record: Vec<Hop>,
    call: Call,
    link: LinkState,
    lie: Option<Lie>,
    hops: VecDeque<Hop>,
    /// Milliseconds since the start.
    millis: u64,
    start: Timestamp,
    next_connection: u64,
    next_ping: u64,
    /// The service's randomness, the same in every call.
    service_rng: ChaCha20Rng,
    /// The randomness of the people.
    pub(crate) rng: ChaCha20Rng,
}

impl Stage {
    /// Creates a call of a room without people.
    pub(crate) fn new(room: Room) -> Self {
        let start = system_time();
        let policy = room
            .policy
            .as_ref()
            .map(|policy| policy.as_bytes().to_vec());
        let link = LinkState {
            restrictions: room.restrictions,
            guests: GuestAdmission::default(),
            name: [].into(),
            revoked: false,
            expiration: start.plus(90 * DAY),
            delete_at: start.plus(120 * DAY),
            admin_statement: AdminStatement::new(policy.unwrap_or_default()).unwrap(),
        };
        let limits = Limits::of_devices(200);
        Self {
            call: Call::new(room.era, link.clone(), [], limits),
            link,
            room,
            people: Vec::new(),
            record: Vec::new(),
            lie: None,
            hops: VecDeque::new(),
            millis: 0,
            start,
            next_connection: 1,
            next_ping: PING_INTERVAL,
            service_rng: rng(1),
            rng: rng(2),
        }
    }

    /// Lets the service lie from now on.
    pub(crate) fn lie(&mut self, lie: impl FnMut(Hop) -> Vec<Hop> + 'static) {
        self.lie = Some(Box::new(lie));
    }

    pub(crate) fn be_honest(&mut self) {
        self.lie = None;
    }

    pub(crate) fn now(&self) -> SessionTime {
        SessionTime {
            now: self.start.plus(self.millis / 1_000),
            moment: moment_of(self.millis),
        }
    }

    /// Returns the time by a person's clock.
    pub(crate) fn now_of(&self, who: usize) -> SessionTime {
        let now = self.now();
        SessionTime {
            now: now.now.plus(self.people[who].ahead),
            ..now
        }
    }

    fn call_now(&self) -> CallMoment {
        CallMoment::from_millis(self.start.as_secs() * 1_000 + self.millis)
    }

    /// Lets a person come with a new connection, and returns the person's number.
    pub(crate) fn join(&mut self, person: TestUser) -> usize {
        self.people.push(person);
        let number = self.people.len() - 1;
        self.connect(number);
        number
    }

    /// Connects a person: to its seat, if it had one.
    pub(crate) fn connect(&mut self, who: usize) {
        let connection = ConnectionId::new(self.next_connection);
        self.next_connection += 1;
        let person = &mut self.people[who];
        person.connection = Some(connection);
        person.is_over = false;
        let join = Join {
            connection,
            user: person.user.clone(),
            role: person.role,
            has_guest_account: false,
            resume: person.resume.take(),
            roster: RosterForm::Whole,
            hello: None,
            member: Some(person.member_key.public().named()),
            have: person.session.have(),
            randomness: JoinRandomness::random(&mut self.service_rng),
        };
        self.call(CallInput::Join(join));
        self.deliver();
    }

    /// Breaks a person's connection.
    pub(crate) fn disconnect(&mut self, who: usize) {
        if let Some(connection) = self.people[who].connection.take() {
            self.call(CallInput::Disconnected(connection));
        }
        self.hear(who, Input::Disconnected);
        self.deliver();
    }

    /// Lets a person leave.
    pub(crate) fn leave(&mut self, who: usize) {
        self.say(who, Say::Leave);
        self.people[who].connection = None;
        self.people[who].is_over = true;
        self.deliver();
    }

    /// Gives a command of a person to the service, as clients of people without this layer do.
    pub(crate) fn say(&mut self, who: usize, command: Say) {
        if let Some(connection) = self.people[who].connection {
            let input = CallInput::Command {
                connection,
                command,
            };
            self.call(input);
        }
    }

    /// Lets an admin admit a waiting person, with a statement or without.
    pub(crate) fn approve(&mut self, admin: usize, waiting: usize, statement: Option<&[u8]>) {
        let device = self.people[waiting].demux.unwrap();
        let statement = statement.map(|bytes| ApprovalStatement::new(bytes).unwrap());
        self.say(admin, Say::Approve { device, statement });
        self.deliver();
    }

    /// Gives a command of a person to its session.
    pub(crate) fn command(&mut self, who: usize, command: Command) {
        self.try_command(who, command).unwrap();
    }

    pub(crate) fn try_command(&mut self, who: usize, command: Command) -> Result<(), CommandError> {
        let now = self.now_of(who);
        let person = &mut self.people[who];
        let done = person.session.command(command, now, &mut self.rng);
        self.collect(who);
        self.deliver();
        done
    }

    /// Lets the service tell a person something of its own.
    pub(crate) fn tell(&mut self, to: usize, input: Input) {
        self.hear(to, input);
        self.deliver();
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.millis + millis;
        loop {
            self.deliver();
            let next = self.next_deadline().min(end);
            self.millis = self.millis.max(next);
            self.pass();
            if self.millis >= end {
                self.deliver();
                return;
            }
        }
    }

    /// Returns the next moment at which something is due: at least a millisecond later than now.
    fn next_deadline(&mut self) -> u64 {
        let sessions = self.people.iter().filter(|person| !person.is_over);
        let tick = sessions.filter_map(|person| person.session.next_tick());
        let tick = tick.min().map(|tick| self.millis_of(tick));
        let call = match self.call.poll_output() {
            CallOutput::Wait(moment) => moment,
            other => panic!("an output is left: {other:?}"),
        };
        let call = call.map(|moment| moment.as_millis() - self.start.as_secs() * 1_000);
        let next = tick.into_iter().chain(call).chain([self.next_ping]).min();
        next.unwrap().max(self.millis + 1)
    }

    /// Returns the first millisecond that is not before a moment, within the next ten minutes.
    fn millis_of(&self, moment: Moment) -> u64 {
        let (mut early, mut late) = (self.millis, self.millis + 600_000);
        while early < late {
            let middle = u64::midpoint(early, late);
            if moment_of(middle) >= moment {
                late = middle;
            } else {
                early = middle + 1;
            }
        }
        early
    }

    /// Tells the call and all sessions that time has passed.
    fn pass(&mut self) {
        if self.millis >= self.next_ping {
            self.next_ping = self.millis + PING_INTERVAL;
            for who in 0..self.people.len() {
                self.say(who, Say::Ping);
            }
        }
        self.call(CallInput::TimePassed);
        let now = self.now().moment;
        for who in 0..self.people.len() {
            let tick = self.people[who].session.next_tick();
            if !self.people[who].is_over && tick.is_some_and(|tick| now >= tick) {
                self.hear(who, Input::TimePassed);
            }
        }
    }

    /// Delivers all messages that are on their way.
    fn deliver(&mut self) {
        let mut count = 0;
        while let Some(hop) = self.hops.pop_front() {
            count += 1;
            assert!(count < 200_000, "messages without an end");
            let hops = match &mut self.lie {
                Some(lie) => lie(hop),
                None => vec![hop],
            };
            for hop in hops {
                self.record.push(hop.clone());
                match hop {
                    Hop::ToService(from, message) => self.take(from, message),
                    Hop::ToPerson(to, input) => self.hear(to, input),
                }
            }
        }
    }

    /// Gives a message of a session to the service.
    fn take(&mut self, from: usize, message: Message) {
        let command = match message {
            Message::Commit(commit) => {
                let welcome = commit.welcome.map(|(to, body)| Welcome {
                    to: to.into_iter().collect::<BTreeSet<DemuxId>>(),
                    body: WelcomeBody::new(body).unwrap(),
                });
                Say::Commit(Commit {
                    at: commit.epoch,
                    body: CommitBody::new(commit.body).unwrap(),
                    welcome,
                })
            }
            Message::Refuse(at) => Say::Refuse(at),
            Message::RosterRequest => Say::Participants,
            Message::RelayTo(to, body) => Say::Relay {
                to: RelayTarget::One(to),
                body: RelayBody::new(body).unwrap(),
            },
            Message::Relay(_, body) => Say::Relay {
                to: RelayTarget::All,
                body: RelayBody::new(body).unwrap(),
            },
            Message::Policy(policy) => {
                self.link.admin_statement = AdminStatement::new(policy.as_bytes()).unwrap();
                self.call(CallInput::LinkChanged(self.link.clone()));
                return;
            }
        };
        self.say(from, command);
    }

    /// Gives an input to a session, and collects what it wants to send.
    fn hear(&mut self, who: usize, input: Input) {
        let now = self.now_of(who);
        let person = &mut self.people[who];
        if let Some(inbox) = &mut person.inbox {
            inbox.push(input);
            return;
        }
        person.session.handle(input, now, &mut self.rng);
        self.collect(who);
    }

    fn collect(&mut self, who: usize) {
        let now = self.now();
        let person = &mut self.people[who];
        while let Some(output) = person.session.poll_output() {
            match output {
                Output::Send(message) if person.connection.is_some() => {
                    self.hops.push_back(Hop::ToService(who, message));
                }
                Output::Send(_) => {}
                Output::FrameKeys(frames) => person.take_frames(frames, now.moment),
                Output::Event(event) => {
                    person.keep(&event);
                    person.events.push(event);
                }
            }
        }
    }

    /// Gives an input to the call, and puts what it sends on the way.
    fn call(&mut self, input: CallInput) {
        self.call.handle(self.call_now(), input);
        loop {
            match self.call.poll_output() {
                CallOutput::Send { to, message } => self.send(&[to], &message),
                CallOutput::Broadcast { to, message } => self.send(&to, &message),
                CallOutput::Close { connection, .. } => {
                    let of_connection =
                        |person: &&mut TestUser| person.connection == Some(connection);
                    if let Some(person) = self.people.iter_mut().find(of_connection) {
                        person.connection = None;
                    }
                }
                CallOutput::Dropped(_) | CallOutput::Media(_) | CallOutput::Fact(_) => {}
                CallOutput::Wait(_) => break,
            }
        }
    }

    fn send(&mut self, to: &[ConnectionId], message: &CallMessage) {
        for connection in to {
            let mut people = self.people.iter_mut().enumerate();
            let person = people.find(|(_, person)| person.connection == Some(*connection));
            let Some((who, person)) = person else {
                continue;
            };
            if let CallMessage::Joined(answer) = message {
                person.demux = Some(answer.demux_id);
                person.resume = Some(answer.resume.clone());
            }
            if matches!(
                message,
                CallMessage::Removed | CallMessage::Blocked | CallMessage::Denied(_)
            ) {
                person.is_over = true;
            }
            for input in inputs(message) {
                self.hops.push_back(Hop::ToPerson(who, input));
            }
        }
    }
}

/// Returns the moment of the sessions' clock.
const fn moment_of(millis: u64) -> Moment {
    Moment::new(Duration::from_millis(1_000_000 + millis))
}

/// Returns the inputs of a session for a message of the service.
fn inputs(message: &CallMessage) -> Vec<Input> {
    let input = match message {
        CallMessage::Joined(answer) => {
            let seat = Input::Joined(JoinedSeat {
                demux_id: answer.demux_id,
                era: answer.era_id,
                is_active: answer.status == Status::Active,
                present: started(answer.present),
                missed: answer.missed_commits,
                statement: statement_bytes(answer.statement.as_ref()),
                roster: devices(&answer.roster),
            });
            // The state of the link is known before the seat.
            return policy_of(&answer.link).into_iter().chain([seat]).collect();
        }
        CallMessage::Participants { roster, .. } => Input::Roster(devices(roster)),
        CallMessage::Admitted { present, statement } => Input::Admitted {
            present: started(*present),
            statement: statement_bytes(statement.as_ref()),
        },
        CallMessage::NewStatement { present, statement } => Input::Admitted {
            present: started(*present),
            statement: statement_bytes(Some(statement)),
        },
        CallMessage::Link(link) => return policy_of(link).into_iter().collect(),
        CallMessage::Relay { from, body } => Input::Relay {
            from: *from,
            body: body.as_bytes().to_vec(),
        },
        CallMessage::Commit { at, from, body } => Input::Commit {
            at: *at,
            from: *from,
            body: body.as_bytes().to_vec(),
        },
        CallMessage::Welcome { at, from, body } => Input::Welcome {
            at: *at,
            from: *from,
            body: body.as_bytes().to_vec(),
        },
        CallMessage::Refuse { at, from } => Input::Refuse {
            at: *at,
            from: *from,
        },
        CallMessage::GroupError {
            of: GroupRequest::Commit,
            code: ErrorCode::StaleCommit,
            present,
        } => Input::StaleCommit {
            present: started(*present),
        },
        CallMessage::GroupError { of, code, .. } => {
            let rejection = match code {
                ErrorCode::RateLimited => CommitRejection::RateLimited,
                _ => CommitRejection::Other,
            };
            match of {
                GroupRequest::Commit => Input::CommitRejected(rejection),
                GroupRequest::Refuse => Input::RefusalRejected(rejection),
            }
        }
        _ => return Vec::new(),
    };
    vec![input]
}

fn started(present: GroupEpoch) -> Option<GroupEpoch> {
    (present.group > 0).then_some(present)
}

fn statement_bytes(statement: Option<&ApprovalStatement>) -> Option<Vec<u8>> {
    statement.map(|statement| statement.as_bytes().to_vec())
}

fn policy_of(link: &LinkState) -> Option<Input> {
    let statement = link.admin_statement.as_bytes();
    (!statement.is_empty()).then(|| Input::Policy(statement.to_vec()))
}

fn devices(roster: &Roster) -> Vec<RosterDevice> {
    let active = roster.active.iter().map(|one| {
        let status = match one.is_lost {
            true => SeatStatus::Lost,
            false => SeatStatus::Active,
        };
        device(one, status)
    });
    let pending = roster.pending.iter();
    let pending = pending.map(|one| device(one, SeatStatus::Pending));
    active.chain(pending).collect()
}

fn device(one: &Participant, status: SeatStatus) -> RosterDevice {
    let key = one
        .member
        .map(|key| MemberPublicKey::from_bytes(key.as_bytes()));
    RosterDevice {
        demux_id: one.demux_id,
        user: one.opaque_user_id.clone(),
        member_key: key.transpose().unwrap(),
        status,
        is_admin: one.is_admin,
    }
}
