//! The call: its inputs, its outputs and its queries.

mod admission;
mod announcements;
mod decisions;
mod groups;
mod holds;
mod media;
mod messages;
mod moderation;
mod presence;

use core::time::Duration;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use anteroom_protocol::{EraId, LinkState, OpaqueUserId, Restrictions};

use crate::{
    Audience, Command, ConnectionId, ErrorCode, Fact, GroupRequest, Input, Join, LeaveReason,
    MAX_CO_ADMINS, MODERATION_BURST, Message, Moderation, Moment, Output, PeekView,
    RELAY_RATE_OF_CALL, ROSTER_INTERVAL, Role, Roster, Status,
    commit_log::CommitLog,
    demux_ids::DemuxIds,
    era_users::EraUsers,
    media_limits::MediaLimits,
    roster::Rosters,
    seats::{Device, Seat, Seats},
    token_bucket::TokenBucket,
    users::Users,
};

type RelayBucket = TokenBucket<RELAY_RATE_OF_CALL, RELAY_RATE_OF_CALL>;

type ModerationBucket = TokenBucket<MODERATION_BURST, 1>;

/// The limits of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of active devices, and of pending devices.
    pub max_devices: u32,
    /// The maximum number of devices of one user, active and pending together.
    pub devices_per_user: u32,
    /// The minimum time between announcements of the roster.
    pub roster_interval: Duration,
    /// The maximum number of users whose approvals, denials and blocks are stored in an era, of those who have
    /// been active in it and may return under a lock, and of those of whom an admin holds a source.
    pub max_remembered_users: usize,
    /// The maximum number of co-admins in an era.
    pub max_co_admins: usize,
    /// Whether a media server carries sound and picture of the call.
    pub has_media: bool,
}

impl Limits {
    /// Returns the limits of a call of `max_devices` devices: five for each user, 65,536 stored users, eight
    /// co-admins, an announcement of the roster every 250 ms, and no media.
    #[must_use]
    pub const fn of_devices(max_devices: u32) -> Self {
        Self {
            max_devices,
            devices_per_user: 5,
            roster_interval: ROSTER_INTERVAL,
            max_remembered_users: 65_536,
            max_co_admins: MAX_CO_ADMINS,
            has_media: false,
        }
    }

    fn max_devices(&self) -> usize {
        usize::try_from(self.max_devices).unwrap_or(usize::MAX)
    }
}

/// The lobby of a room and then one era of it. The crate's documentation has the contract and the rules.
#[derive(Debug)]
pub struct Call {
    era_id: EraId,
    limits: Limits,
    link: Arc<LinkState>,
    seats: Seats,
    users: Users,
    demux_ids: DemuxIds,
    rosters: Rosters,
    moderation: Moderation,
    /// The rate limits of decisions about the call, about raised hands and about co-admins, of the devices that
    /// have made some.
    moderation_limits: BTreeMap<Seat, ModerationBucket>,
    /// The rate limits of requests about media, of the devices that have made some.
    media_limits: BTreeMap<Seat, MediaLimits>,
    /// The users who have been active in the era and not been sent away since.
    era_users: EraUsers,
    /// Whether devices wait that need no approval any more.
    has_unasked: bool,
    phase: Phase,
    now: Moment,
    outputs: VecDeque<Output>,
    /// The rate limit of relays, in bytes.
    relays: RelayBucket,
    commits: CommitLog,
    /// The moment of the last announcement of the roster.
    announced: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No device has asked to join.
    New,
    /// No device has been active: the era has not started.
    Waiting,
    /// A device has been active: the era has started.
    Running,
    /// The era is over.
    Ended,
}

impl Call {
    /// Creates a call without devices, which waits for the device that starts its era.
    ///
    /// `link` is the link as it was read; `approved` are the users whom [`Fact::UserApproved`] has named for this link before.
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
            moderation: Moderation {
                is_locked: false,
                asks_approval: link.restrictions == Restrictions::AdminApproval,
            },
            moderation_limits: BTreeMap::new(),
            media_limits: BTreeMap::new(),
            era_users: EraUsers::new(limits.max_remembered_users),
            has_unasked: false,
            link: Arc::new(link),
            seats: Seats::default(),
            users: Users::new(approved, limits.max_remembered_users),
            demux_ids: DemuxIds::default(),
            rosters: Rosters::default(),
            phase: Phase::New,
            now: Moment::default(),
            outputs: VecDeque::new(),
            relays: RelayBucket::full(),
            commits: CommitLog::default(),
            announced: None,
        }
    }

    /// Handles an input that arrived at `now`. A moment before that of an earlier input counts as that of the
    /// earlier one.
    ///
    /// Call [`Self::poll_output`] until it returns [`Output::Wait`] before the next input.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = self.now.max(now);
        self.advance();
        match input {
            Input::Join(join) => self.join(join),
            Input::Command {
                connection,
                command,
            } => self.command(connection, command),
            Input::Disconnected(connection) => self.disconnected(connection),
            Input::LinkChanged(link) => self.link_changed(link),
            Input::ApprovedUsers(users) => self.approved_users(users),
            Input::End => self.end(LeaveReason::Ended),
            Input::Dismiss => self.end(LeaveReason::Dismissed),
            Input::RosterMissed(connection) => self.send_roster(connection),
            Input::SourceDropped { device, source } => self.source_dropped(device, source),
            Input::TimePassed => {}
        }
        self.end_if_over();
        self.admit_unasked();
        self.announce_roster_in_time();
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> Output {
        let wait = Output::Wait(self.next_deadline());
        self.outputs.pop_front().unwrap_or(wait)
    }

    /// Returns whether the era is over. An ended era refuses joins; the caller sends them to another one.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Returns whether this join would start the era: no device has been active, and this one would become
    /// active. Evaluated at the moment of the last input.
    #[must_use]
    pub fn would_start(&self, join: &Join) -> bool {
        matches!(self.phase, Phase::New | Phase::Waiting)
            && self.status_after(join) == Some(Status::Active)
    }

    /// Returns whether this join would wait in the lobby. Evaluated at the moment of the last input.
    #[must_use]
    pub fn would_wait(&self, join: &Join) -> bool {
        self.status_after(join) == Some(Status::Pending)
    }

    /// Returns whether this join resumes a seat.
    #[must_use]
    pub fn would_resume(&self, join: &Join) -> bool {
        self.seat_to_resume(join).is_some()
    }

    /// Returns the status that this join would give its device; `None` if it would be refused. Before the
    /// start of the era a device that resumes is pending.
    fn status_after(&self, join: &Join) -> Option<Status> {
        match self.seat_to_resume(join) {
            Some(seat) => self.seats.get(seat).map(Device::status),
            None => {
                let admission = self.admission(join);
                admission.ok().map(|admission| admission.status)
            }
        }
    }

    /// Returns whether the era has started: a device is or was active.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Returns whether the device of this connection has the rights of an admin now.
    #[must_use]
    pub fn is_admin(&self, connection: ConnectionId) -> bool {
        let seat = self.seats.of_connection(connection);
        let device = seat.and_then(|seat| self.seats.get(seat));
        device.is_some_and(Device::is_admin)
    }

    /// Returns the number of devices with a seat of this status, lost ones included.
    #[must_use]
    pub fn device_count(&self, status: Status) -> usize {
        self.seats.count(status)
    }

    /// Returns the devices in the call, as `audience` receives them.
    #[must_use]
    pub fn roster(&self, audience: Audience) -> Roster {
        self.rosters.roster(audience)
    }

    /// Returns the view of a user who peeks. Blocked users see numbers only, and so do users who could not
    /// join because the link is closed, unless an active device of the user is in the call.
    #[must_use]
    pub fn peek_view(&self, user: &OpaqueUserId, is_admitted: bool) -> PeekView {
        let is_inside = self
            .devices_of(user)
            .any(|device| device.status() == Status::Active);
        let may_join = is_admitted && self.link.is_open(self.now.timestamp());
        if self.users.is_blocked(user) || !(may_join || is_inside) {
            return PeekView::Counts {
                active: self.seats.count(Status::Active),
                pending: self.seats.count(Status::Pending),
            };
        }
        let audience = if self.decides_here(user) {
            Audience::Admins
        } else {
            Audience::Everyone
        };
        PeekView::Devices(self.rosters.peek_roster(audience))
    }

    fn command(&mut self, connection: ConnectionId, command: Command) {
        let Some(seat) = self.seats.of_connection(connection) else {
            self.send(connection, Message::Error(ErrorCode::NotJoined));
            return;
        };
        self.seats.record_activity(seat, self.now);
        // A device waits for its commit to come back, so that it receives every error of one.
        let of = match &command {
            Command::Commit(_) => Some(GroupRequest::Commit),
            Command::Refuse(_) => Some(GroupRequest::Refuse),
            _ => None,
        };
        let was_limited = of.is_none() && self.seats.get(seat).is_some_and(Device::is_limited);
        let result = match command {
            Command::Leave => self.leave(seat),
            Command::RaiseHand { raised } => self.raise_hand(seat, raised),
            Command::Relay { to, body } => self.relay(seat, to, body),
            Command::Commit(commit) => self.commit(seat, commit),
            Command::Refuse(at) => self.refuse(seat, at),
            Command::Approve { device, statement } => self.approve(seat, device, statement),
            Command::Deny(target) => self.deny(seat, target),
            Command::Remove(target) => self.remove(seat, target),
            Command::Block(target) => self.block(seat, target),
            Command::LowerHand(target) => self.lower_hand(seat, target),
            Command::Lock { is_locked } => self.lock(seat, is_locked),
            Command::Approval { is_on } => self.set_approval(seat, is_on),
            Command::CoAdmin { user, is_on } => self.set_co_admin(seat, &user, is_on),
            Command::Offer { session, offer } => self.offer(seat, session, offer),
            Command::View(view) => self.view(seat, view),
            Command::Publish(sources) => self.publish(seat, sources),
            Command::Mute {
                target,
                source,
                order,
            } => self.mute(seat, target, source, order),
            Command::Participants => self.participants(seat, connection),
            Command::Ping => self.ping(seat, connection),
        };
        match (result, of) {
            (Ok(()), _) => {}
            // The device received an error when the first message was dropped.
            (Err(ErrorCode::RateLimited), None) if was_limited => {
                self.outputs.push_back(Output::Dropped(connection));
            }
            // The lobby learns nothing of the group.
            (Err(code), Some(of)) if code != ErrorCode::NotActive => {
                let present = self.commits.present();
                self.send(connection, Message::GroupError { of, code, present });
            }
            (Err(code), _) => self.send(connection, Message::Error(code)),
        }
    }

    fn link_changed(&mut self, link: LinkState) {
        let other_rules = link.restrictions != self.link.restrictions;
        let restrictions = match self.phase {
            // No device has joined under other restrictions.
            Phase::New => link.restrictions,
            Phase::Waiting if other_rules => return self.end(LeaveReason::Ended),
            Phase::Waiting | Phase::Running | Phase::Ended => self.link.restrictions,
        };
        if self.phase == Phase::New {
            self.moderation.asks_approval = restrictions == Restrictions::AdminApproval;
        }
        let link = LinkState {
            restrictions,
            ..link
        };
        if link == *self.link {
            return;
        }
        self.link = Arc::new(link);
        let devices = self.seats.iter();
        let everybody = devices
            .filter_map(|(_, device)| device.connection())
            .collect();
        self.broadcast(everybody, Message::Link(Arc::clone(&self.link)));
    }

    fn approved_users(&mut self, users: Vec<OpaqueUserId>) {
        if matches!(self.phase, Phase::New | Phase::Waiting) {
            self.users.set_approved(users);
        }
    }

    /// Returns whether a device of the user has the rights of an admin.
    fn decides_here(&self, user: &OpaqueUserId) -> bool {
        self.devices_of(user).any(Device::is_admin)
    }

    /// Returns whether a device of the user is in the call with the passkey.
    fn is_admin_here(&self, user: &OpaqueUserId) -> bool {
        self.devices_of(user)
            .any(|device| device.role == Role::Admin)
    }

    fn devices_of(&self, user: &OpaqueUserId) -> impl Iterator<Item = &Device> {
        let seats = self.users.seats(user).iter();
        seats.filter_map(|seat| self.seats.get(*seat))
    }

    fn is_full(&self, status: Status) -> bool {
        self.seats.count(status) >= self.limits.max_devices()
    }

    fn next_deadline(&self) -> Option<Moment> {
        let announcement = self.next_announcement();
        let deadlines = [self.seats.next_deadline(), announcement];
        deadlines.into_iter().flatten().min()
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
