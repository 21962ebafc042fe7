//! The devices of a call and their seats.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_protocol::{ApprovalStatement, DemuxId, GroupEpoch, Hello, MemberKey, OpaqueUserId};

use crate::{
    ConnectionId, HAND_BURST, HANDS_PER_SECOND, MISSED_COMMITS_BURST, Moment, ROSTER_REQUEST_BURST,
    ResumeSecret, SEAT_RESERVATION, SILENCE_LIMIT,
    error_code::ErrorCode,
    input::Join,
    membership::{Audience, Role, RosterForm, Status},
    roster_revision::RosterRevision,
    sources::SourceStates,
    token_bucket::TokenBucket,
};

/// The number of refused commits that are remembered of a device. Whoever welcomes devices to refuse again cannot
/// part in time those who refuse one commit.
const MAX_REFUSED: usize = 4;

/// The number of a seat, in the order of the joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seat(u64);

#[cfg(test)]
impl Seat {
    pub(crate) const fn of_number(number: u64) -> Self {
        Self(number)
    }
}

type HandBucket = TokenBucket<HAND_BURST, HANDS_PER_SECOND>;
type RosterRequestBucket = TokenBucket<ROSTER_REQUEST_BURST, 1>;
type MissedCommitBucket = TokenBucket<MISSED_COMMITS_BURST, 1>;

/// A device with a seat.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) demux_id: DemuxId,
    pub(crate) user: OpaqueUserId,
    pub(crate) role: Role,
    /// Whether the device is active without the passkey, and its user a co-admin.
    pub(crate) is_co_admin: bool,
    pub(crate) has_guest_account: bool,
    pub(crate) hello: Option<Hello>,
    pub(crate) member: Option<MemberKey>,
    /// The newest statement that an admin has given the device.
    pub(crate) statement: Option<ApprovalStatement>,
    pub(crate) hand_raised_at: Option<Moment>,
    pub(crate) sources: SourceStates,
    pub(crate) resume: ResumeSecret,
    pub(crate) hands: HandBucket,
    pub(crate) roster_requests: RosterRequestBucket,
    /// The rate limit of answers with missed commits.
    pub(crate) missed_commits: MissedCommitBucket,
    /// Whether a limit has dropped the device's last message.
    is_limited: bool,
    pub(crate) roster_form: RosterForm,
    /// The revision of the whole roster that the device received last.
    pub(crate) roster_revision: RosterRevision,
    /// Whether the device was admitted and has not received the hellos of the devices that were active
    /// before.
    pub(crate) lacks_hellos: bool,
    /// The number of the last group that the device has started or been welcomed to. 0: none.
    pub(crate) group: u32,
    /// The number of the group of which the device has refused a commit since it was last welcomed. 0: none.
    pub(crate) refused_group: u32,
    /// The last commits that the device has refused.
    refused: VecDeque<GroupEpoch>,
    status: Status,
    connection_state: ConnectionState,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ConnectionState {
    /// The connection, and the moment of its last message.
    Connected(ConnectionId, Moment),
    /// The moment at which the connection was lost.
    Lost(Moment),
}

impl Device {
    /// Creates the device of a join. `user` is the shared id of its user.
    pub(crate) fn new(
        join: Join,
        user: OpaqueUserId,
        demux_id: DemuxId,
        status: Status,
        now: Moment,
    ) -> Self {
        Self {
            demux_id,
            user,
            role: join.role,
            is_co_admin: false,
            has_guest_account: join.has_guest_account,
            hello: join.hello,
            member: join.member,
            statement: None,
            hand_raised_at: None,
            sources: SourceStates::default(),
            resume: join.randomness.resume_secret(),
            hands: HandBucket::full(),
            roster_requests: RosterRequestBucket::full(),
            missed_commits: MissedCommitBucket::full(),
            is_limited: false,
            roster_form: join.roster,
            roster_revision: RosterRevision::default(),
            lacks_hellos: false,
            group: 0,
            refused_group: 0,
            refused: VecDeque::new(),
            status,
            connection_state: ConnectionState::Connected(join.connection, now),
        }
    }

    /// Records that the device refuses a commit.
    pub(crate) fn refuse(&mut self, at: GroupEpoch) {
        self.refused_group = at.group;
        if !self.refused.contains(&at) {
            self.refused.push_back(at);
        }
        if self.refused.len() > MAX_REFUSED {
            self.refused.pop_front();
        }
    }

    /// Returns the last commits of a group that the device has refused.
    pub(crate) fn refused(&self, group: u32) -> impl Iterator<Item = GroupEpoch> {
        let refused = self.refused.iter().copied();
        refused.filter(move |at| at.group == group)
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    const fn is_waiting_guest(&self) -> bool {
        self.has_guest_account && matches!(self.status, Status::Pending)
    }

    pub(crate) const fn audience(&self) -> Audience {
        match self.status {
            _ if self.is_admin() => Audience::Admins,
            Status::Active => Audience::Everyone,
            Status::Pending => Audience::Lobby,
        }
    }

    /// Returns whether the device has the rights of an admin: by the passkey, or as a co-admin's.
    pub(crate) const fn is_admin(&self) -> bool {
        matches!(self.role, Role::Admin) || self.is_co_admin
    }

    /// Records whether a limit has passed the device's last message.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`] if it has not.
    pub(crate) const fn note_limit(&mut self, is_granted: bool) -> Result<(), ErrorCode> {
        self.is_limited = !is_granted;
        match is_granted {
            true => Ok(()),
            false => Err(ErrorCode::RateLimited),
        }
    }

    /// Lets the next message beyond a limit be refused with an error, even if one was before.
    pub(crate) const fn forget_limit(&mut self) {
        self.is_limited = false;
    }

    /// Returns whether a limit has dropped the device's last message, and no ping was answered since.
    pub(crate) const fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Returns the device's connection, unless it is lost.
    pub(crate) const fn connection(&self) -> Option<ConnectionId> {
        match self.connection_state {
            ConnectionState::Connected(connection, _) => Some(connection),
            ConnectionState::Lost(_) => None,
        }
    }

    pub(crate) const fn lost_since(&self) -> Option<Moment> {
        match self.connection_state {
            ConnectionState::Connected(..) => None,
            ConnectionState::Lost(since) => Some(since),
        }
    }

    /// Returns the moment at which the connection counts as lost, or the seat of a lost connection is freed.
    fn deadline(&self) -> Moment {
        match self.connection_state {
            ConnectionState::Connected(_, last_activity) => last_activity.plus(SILENCE_LIMIT),
            ConnectionState::Lost(since) => since.plus(SEAT_RESERVATION),
        }
    }
}

/// The seats of a call, with indexes by demux id, connection and deadline.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    devices: BTreeMap<Seat, Device>,
    by_demux_id: BTreeMap<DemuxId, Seat>,
    by_connection: BTreeMap<ConnectionId, Seat>,
    deadlines: BTreeSet<(Moment, Seat)>,
    active: usize,
    /// The number of active devices with a hello.
    active_hellos: usize,
    /// The number of pending devices of guest accounts.
    waiting_guests: usize,
    next: u64,
}

impl Seats {
    /// Assigns the next seat to the device.
    pub(crate) fn take(&mut self, device: Device) -> Seat {
        let seat = Seat(self.next);
        self.next += 1;
        self.by_demux_id.insert(device.demux_id, seat);
        if let Some(connection) = device.connection() {
            self.by_connection.insert(connection, seat);
        }
        self.deadlines.insert((device.deadline(), seat));
        if device.status == Status::Active {
            self.active += 1;
            self.active_hellos += usize::from(device.hello.is_some());
        }
        self.waiting_guests += usize::from(device.is_waiting_guest());
        self.devices.insert(seat, device);
        seat
    }

    pub(crate) fn free(&mut self, seat: Seat) -> Option<Device> {
        let device = self.devices.remove(&seat)?;
        self.by_demux_id.remove(&device.demux_id);
        if let Some(connection) = device.connection() {
            self.by_connection.remove(&connection);
        }
        self.deadlines.remove(&(device.deadline(), seat));
        if device.status == Status::Active {
            self.active -= 1;
            self.active_hellos -= usize::from(device.hello.is_some());
        }
        self.waiting_guests -= usize::from(device.is_waiting_guest());
        Some(device)
    }

    pub(crate) fn get(&self, seat: Seat) -> Option<&Device> {
        self.devices.get(&seat)
    }

    pub(crate) fn get_mut(&mut self, seat: Seat) -> Option<&mut Device> {
        self.devices.get_mut(&seat)
    }

    pub(crate) fn of_demux_id(&self, demux_id: DemuxId) -> Option<Seat> {
        self.by_demux_id.get(&demux_id).copied()
    }

    pub(crate) fn of_connection(&self, connection: ConnectionId) -> Option<Seat> {
        self.by_connection.get(&connection).copied()
    }

    /// Iterates over all devices in the order of their joins.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Seat, &Device)> {
        self.devices.iter().map(|(seat, device)| (*seat, device))
    }

    pub(crate) fn count(&self, status: Status) -> usize {
        match status {
            Status::Active => self.active,
            Status::Pending => self.devices.len() - self.active,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Changes a device from pending to active.
    pub(crate) fn activate(&mut self, seat: Seat) {
        if let Some(device) = self.devices.get_mut(&seat)
            && device.status == Status::Pending
        {
            self.waiting_guests -= usize::from(device.is_waiting_guest());
            device.status = Status::Active;
            self.active += 1;
            self.active_hellos += usize::from(device.hello.is_some());
        }
    }

    /// Returns the number of pending devices of guest accounts.
    pub(crate) const fn waiting_guests(&self) -> usize {
        self.waiting_guests
    }

    /// Returns whether an active device has a hello.
    pub(crate) const fn has_hellos(&self) -> bool {
        self.active_hellos > 0
    }

    /// Records a message of the device's connection.
    pub(crate) fn record_activity(&mut self, seat: Seat, now: Moment) {
        if let Some(connection) = self.get(seat).and_then(Device::connection) {
            self.set_connection_state(seat, ConnectionState::Connected(connection, now));
        }
    }

    /// Returns a seat whose deadline has passed.
    pub(crate) fn due(&self, now: Moment) -> Option<Seat> {
        let (deadline, seat) = self.deadlines.first()?;
        (*deadline <= now).then_some(*seat)
    }

    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Sets the connection state of a device. Returns its former connection, unless it was lost.
    pub(crate) fn set_connection_state(
        &mut self,
        seat: Seat,
        connection_state: ConnectionState,
    ) -> Option<ConnectionId> {
        let device = self.devices.get_mut(&seat)?;
        let connection_before = device.connection();
        let deadline_before = device.deadline();
        device.connection_state = connection_state;
        if device.deadline() != deadline_before {
            self.deadlines.remove(&(deadline_before, seat));
            self.deadlines.insert((device.deadline(), seat));
        }
        if device.connection() != connection_before {
            if let Some(connection) = connection_before {
                self.by_connection.remove(&connection);
            }
            if let Some(connection) = device.connection() {
                self.by_connection.insert(connection, seat);
            }
        }
        connection_before
    }
}
