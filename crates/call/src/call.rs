//! The call itself: its inputs, its outputs and what it answers when asked.

mod admission;
mod decisions;
mod messages;
mod presence;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    Audience, Command, ConnectionId, EraId, ErrorCode, Fact, Input, Join, LinkState, Message,
    Moment, OpaqueUserId, Output, Role, Roster, Status,
    demux_ids::DemuxIds,
    places::{Device, Places},
    roster::Rosters,
    users::Users,
};

/// How large a call may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many devices may be active, and again how many pending.
    pub max_devices: u32,
    /// How many users' approvals, denials and blocks are remembered in an era.
    pub max_remembered_users: usize,
}

impl Limits {
    /// A call of this many devices that remembers 65,536 users.
    #[must_use]
    pub const fn of_devices(max_devices: u32) -> Self {
        Self {
            max_devices,
            max_remembered_users: 65_536,
        }
    }
}

/// One era of a room. See the crate's documentation for the contract and the rules.
#[derive(Debug)]
pub struct Call {
    era_id: EraId,
    limits: Limits,
    link: Arc<LinkState>,
    places: Places,
    users: Users,
    demux_ids: DemuxIds,
    rosters: Rosters,
    phase: Phase,
    now: Moment,
    outputs: VecDeque<Output>,
    /// Whether the rosters have changed since they were last announced.
    roster_changed: bool,
    /// Who has just been told the roster with its `joined`.
    newcomer: Option<ConnectionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody has asked to join.
    New,
    /// Nobody has been active: the era is yet to start.
    Waiting,
    /// Somebody has been active: the era is on.
    Running,
    /// Nobody will be any more.
    Ended,
}

impl Call {
    /// A new era that nobody has joined. Its first input should be the join that starts it.
    ///
    /// `link` is the link as the start of the era has left it, with its new expiration; `approved`
    /// are the users whom [`Fact::UserApproved`] has named for this link before.
    #[must_use]
    pub fn new(
        era_id: EraId,
        link: LinkState,
        approved: impl IntoIterator<Item = OpaqueUserId>,
        limits: Limits,
    ) -> Self {
        Self {
            era_id,
            limits,
            link: Arc::new(link),
            places: Places::default(),
            users: Users::new(approved, limits.max_remembered_users),
            demux_ids: DemuxIds::default(),
            rosters: Rosters::default(),
            phase: Phase::New,
            now: Moment::from_millis(0),
            outputs: VecDeque::new(),
            roster_changed: false,
            newcomer: None,
        }
    }

    /// Takes in what happened at `now`. A moment before that of an earlier input counts as that.
    ///
    /// Call [`Self::poll_output`] until it says [`Output::Wait`] before the next input.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = self.now.max(now);
        self.advance();
        match input {
            Input::Join(join) => self.join(join),
            Input::Command {
                connection,
                command,
            } => self.command(connection, command),
            Input::Disconnected { connection } => self.disconnected(connection),
            Input::LinkChanged(link) => self.link_changed(link),
            Input::ApprovedUsers(users) => self.approved_users(users),
            Input::End => self.end(),
            Input::TimePassed => {}
        }
        self.end_if_over();
        self.announce_roster();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Wait {
            until: self.places.next_deadline(),
        })
    }

    /// The era.
    #[must_use]
    pub const fn era_id(&self) -> EraId {
        self.era_id
    }

    /// Whether the era is over. Joins are then refused: another era takes them.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Whether this join would be the one that starts the era: nobody has been active, and whoever
    /// joins would be. Time counts as of the last input.
    #[must_use]
    pub fn would_start(&self, join: &Join) -> bool {
        matches!(self.phase, Phase::New | Phase::Waiting)
            && self.place_to_resume(join).is_none()
            && self.admission(&join.user, join.role) == Ok(Status::Active)
    }

    /// Whether the era has started: somebody is active or has been.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether an admin has joined by this connection.
    #[must_use]
    pub fn is_admin(&self, connection: ConnectionId) -> bool {
        let place = self.places.of_connection(connection);
        let device = place.and_then(|place| self.places.get(place));
        device.is_some_and(|device| device.role == Role::Admin)
    }

    /// The link as the call knows it.
    #[must_use]
    pub fn link(&self) -> &LinkState {
        &self.link
    }

    /// How many devices may be active, and again how many pending.
    #[must_use]
    pub const fn max_devices(&self) -> u32 {
        self.limits.max_devices
    }

    /// How many devices have a place of this status, lost ones included.
    #[must_use]
    pub fn device_count(&self, status: Status) -> usize {
        self.places.count(status)
    }

    /// Who is there, as `audience` may see it.
    #[must_use]
    pub fn roster(&self, audience: Audience) -> Roster {
        self.rosters.roster(audience)
    }

    /// As whom a user who only looks may look: an admin who is in the call sees more.
    #[must_use]
    pub fn audience_of(&self, user: &OpaqueUserId) -> Audience {
        if self.is_admin_here(user) {
            Audience::Admins
        } else {
            Audience::Everyone
        }
    }

    fn command(&mut self, connection: ConnectionId, command: Command) {
        let Some(place) = self.places.of_connection(connection) else {
            self.send(connection, Message::Error(ErrorCode::NotJoined));
            return;
        };
        self.places.heard(place, self.now);
        let result = match command {
            Command::Leave => self.leave(place),
            Command::RaiseHand { raised } => self.raise_hand(place, raised),
            Command::Relay { to, body } => self.relay(place, to, body),
            Command::Approve(target) => self.approve(place, target),
            Command::Deny(target) => self.deny(place, target),
            Command::Remove(target) => self.remove(place, target),
            Command::Block(target) => self.block(place, target),
            Command::Ping => self.pong(connection),
        };
        if let Err(code) = result {
            self.send(connection, Message::Error(code));
        }
    }

    fn link_changed(&mut self, link: LinkState) {
        let other_rules = link.restrictions != self.link.restrictions;
        let restrictions = match self.phase {
            // Nobody has come in under other rules.
            Phase::New => link.restrictions,
            Phase::Waiting if other_rules => return self.end(),
            Phase::Waiting | Phase::Running | Phase::Ended => self.link.restrictions,
        };
        let link = LinkState {
            restrictions,
            ..link
        };
        if link == *self.link {
            return;
        }
        self.link = Arc::new(link);
        let everybody = self.places.iter().filter_map(Device::connection).collect();
        self.broadcast(everybody, Message::Link(Arc::clone(&self.link)));
    }

    fn approved_users(&mut self, users: Vec<OpaqueUserId>) {
        if matches!(self.phase, Phase::New | Phase::Waiting) {
            self.users.set_approved(users);
        }
    }

    /// Whether a device of the user is in the call as an admin.
    fn is_admin_here(&self, user: &OpaqueUserId) -> bool {
        self.users
            .places(user)
            .iter()
            .filter_map(|place| self.places.get(*place))
            .any(|device| device.role == Role::Admin)
    }

    fn is_full(&self, status: Status) -> bool {
        let max_devices = usize::try_from(self.limits.max_devices).unwrap_or(usize::MAX);
        self.places.count(status) >= max_devices
    }

    /// Tells everybody connected who is there, if that has changed.
    fn announce_roster(&mut self) {
        let newcomer = self.newcomer.take();
        if !core::mem::take(&mut self.roster_changed) {
            return;
        }
        self.rosters.publish();
        let mut guests = Vec::with_capacity(self.places.count(Status::Active));
        let mut admins = Vec::new();
        for device in self.places.iter() {
            let Some(connection) = device.connection() else {
                continue;
            };
            if newcomer == Some(connection) {
                continue;
            }
            match device.role {
                Role::Admin => admins.push(connection),
                Role::Guest => guests.push(connection),
            }
        }
        for (role, to) in [(Role::Admin, admins), (Role::Guest, guests)] {
            if !to.is_empty() {
                let message = Message::Participants {
                    era_id: self.era_id,
                    roster: self.roster(role.into()),
                };
                self.broadcast(to, message);
            }
        }
    }

    fn send(&mut self, to: ConnectionId, message: Message) {
        self.outputs.push_back(Output::Send { to, message });
    }

    fn broadcast(&mut self, to: Vec<ConnectionId>, message: Message) {
        if !to.is_empty() {
            self.outputs.push_back(Output::Broadcast { to, message });
        }
    }

    fn fact(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Fact(fact));
    }
}
