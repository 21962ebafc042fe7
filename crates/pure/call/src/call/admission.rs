//! Joins: the admission of new devices, and the return of known ones.

use std::collections::BTreeMap;

use anteroom_protocol::{DemuxId, GroupEpoch, GuestAdmission, OpaqueUserId};
use subtle::ConstantTimeEq;

use super::{Call, Phase};
use crate::{
    ConnectionId, ErrorCode, Join, JoinAnswer, JoinRandomness, LeaveReason, Message, ResumeSecret,
    Role, Status,
    seats::{ConnectionState, Device, Seat},
};

/// The status of a new device, and the devices that lose their seats for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admission {
    pub(super) status: Status,
    freed_seats: Vec<(Seat, LeaveReason)>,
}

impl Call {
    pub(super) fn join(&mut self, join: Join) {
        let connection = join.connection;
        if self.seats.of_connection(connection).is_some() {
            self.send(connection, Message::Error(ErrorCode::AlreadyJoined));
            return;
        }
        if self.phase == Phase::New {
            self.phase = Phase::Waiting;
        }
        if let Some(seat) = self.seat_to_resume(&join) {
            self.resume(seat, &join);
        } else if let Err(answer) = self.take_seat(join) {
            self.send(connection, answer);
            self.close(connection, LeaveReason::Refused);
        }
    }

    fn take_seat(&mut self, join: Join) -> Result<(), Message> {
        let Admission {
            status,
            freed_seats,
        } = self.admission(&join)?;
        let demux_id = self.assign_demux_id(&join.randomness);
        let demux_id = demux_id.ok_or(Message::Error(ErrorCode::TryAgain))?;
        for (seat, reason) in freed_seats {
            self.remove_device(seat, reason);
        }
        let connection = join.connection;
        let user = self.users.known_as(&join.user);
        let mut device = Device::new(join, user.clone(), demux_id, status, self.now);
        if status == Status::Active {
            device.is_co_admin = device.role == Role::Guest && self.users.is_co_admin(&user);
            self.era_users.add(&user);
        }
        let seat = self.seats.take(device);
        if let Some(device) = self.seats.get(seat) {
            self.rosters.add(seat, device);
        }
        self.users.add_seat(&user, seat);
        self.activate_media(seat);
        if status == Status::Active {
            self.phase = Phase::Running;
        }
        self.send_joined(seat, connection, 0);
        self.tell_holds(seat);
        Ok(())
    }

    /// Returns the admission of a new device, or the message that refuses it.
    pub(super) fn admission(&self, join: &Join) -> Result<Admission, Message> {
        let (user, role) = (&join.user, join.role);
        if self.phase == Phase::Ended {
            return Err(Message::Error(ErrorCode::Ended));
        }
        if !self.link.is_open(self.now.timestamp()) {
            return Err(Message::Error(ErrorCode::Expired));
        }
        if self.users.is_blocked(user) {
            return Err(Message::Blocked);
        }
        let needs_approval = match (join.has_guest_account, self.link.guests) {
            (true, GuestAdmission::Refused) => {
                return Err(Message::Error(ErrorCode::GuestsRefused));
            }
            (true, GuestAdmission::Wait) => true,
            (true, GuestAdmission::AsAccounts) | (false, _) => self.moderation.asks_approval,
        };
        // The passkey opens a locked call: nobody else could unlock it.
        if role != Role::Admin && self.is_locked_for(user) {
            return Err(Message::Error(ErrorCode::Locked));
        }
        let is_admitted = || self.users.is_approved(user) || self.users.is_co_admin(user);
        let status = if !needs_approval || role == Role::Admin || is_admitted() {
            Status::Active
        } else {
            Status::Pending
        };
        let freed_seats = self.freed_seats(join, status).map_err(Message::Error)?;
        Ok(Admission {
            status,
            freed_seats,
        })
    }

    /// Returns the devices that lose their seats for a new one.
    fn freed_seats(
        &self,
        join: &Join,
        status: Status,
    ) -> Result<Vec<(Seat, LeaveReason)>, ErrorCode> {
        let (user, role) = (&join.user, join.role);
        let per_user = usize::try_from(self.limits.devices_per_user).unwrap_or(usize::MAX);
        let is_full = self.is_full(status)
            || (join.has_guest_account && status == Status::Pending && self.is_full_of_guests());
        let own_seat = self.longest_lost(user, status);
        let own = if self.users.seats(user).len() >= per_user {
            let other = match status {
                Status::Active => Status::Pending,
                Status::Pending => Status::Active,
            };
            let own = own_seat.or_else(|| self.longest_lost(user, other));
            Some(own.ok_or(ErrorCode::TooManyDevices)?)
        } else {
            own_seat.filter(|_| is_full)
        };
        let mut freed_seats = Vec::new();
        if is_full && own_seat.is_none() {
            let displaced = match (role, status) {
                (Role::Admin, Status::Active) => self.displacement_candidate(),
                _ => None,
            };
            freed_seats.push((displaced.ok_or(ErrorCode::Full)?, LeaveReason::Displaced));
        }
        let replaced = own.filter(|own| freed_seats.iter().all(|(seat, _)| seat != own));
        freed_seats.extend(replaced.map(|seat| (seat, LeaveReason::Replaced)));
        Ok(freed_seats)
    }

    /// Returns whether guest accounts have their share of the lobby: half of it, rounded down, and at
    /// least one place.
    fn is_full_of_guests(&self) -> bool {
        let share = (self.limits.max_devices / 2).max(1);
        self.seats.waiting_guests() >= usize::try_from(share).unwrap_or(usize::MAX)
    }

    /// Returns the user's seat of this status whose connection has been lost for longest.
    fn longest_lost(&self, user: &OpaqueUserId, status: Status) -> Option<Seat> {
        let seats = self.users.seats(user).iter();
        let lost = seats.filter_map(|seat| {
            let device = self.seats.get(*seat)?;
            let since = device.lost_since().filter(|_| device.status() == status)?;
            Some((since, *seat))
        });
        lost.min().map(|(_, seat)| seat)
    }

    /// Returns the active device that an admin displaces: the newest device of the user with most active
    /// devices, among the users without an admin device.
    fn displacement_candidate(&self) -> Option<Seat> {
        let mut guests: BTreeMap<&OpaqueUserId, (usize, Seat)> = BTreeMap::new();
        for (seat, device) in self.seats.iter() {
            if device.status() == Status::Active && !self.is_admin_here(&device.user) {
                let guest = guests.entry(&device.user).or_insert((0, seat));
                *guest = (guest.0 + 1, seat);
            }
        }
        guests.into_values().max().map(|(_, seat)| seat)
    }

    fn assign_demux_id(&mut self, randomness: &JoinRandomness) -> Option<DemuxId> {
        let seats = &self.seats;
        let free = randomness
            .demux_ids()
            .filter(|id| seats.of_demux_id(*id).is_none());
        self.demux_ids.assign(free)
    }

    /// Returns the seat of the same user and member key whose secret the client presents. Compares with all of
    /// the user's seats, so that the time taken reveals no partial match.
    pub(super) fn seat_to_resume(&self, join: &Join) -> Option<Seat> {
        let shown: &ResumeSecret = join.resume.as_ref()?;
        let mut found = None;
        for seat in self.users.seats(&join.user) {
            if let Some(device) = self.seats.get(*seat)
                && device.member == join.member
                && bool::from(device.resume.ct_eq(shown))
            {
                found = Some(*seat);
            }
        }
        found
    }

    fn resume(&mut self, seat: Seat, join: &Join) {
        let connected = ConnectionState::Connected(join.connection, self.now);
        let replaced = self.seats.set_connection_state(seat, connected);
        if let Some(connection) = replaced {
            self.close(connection, LeaveReason::Replaced);
        }
        if let Some(device) = self.seats.get_mut(seat) {
            device.resume = join.randomness.resume_secret();
            device.roster_form = join.roster;
        }
        if replaced.is_none() {
            self.update_entry(seat);
        }
        let missed = self.missed_commits(seat, join.have);
        self.send_joined(seat, join.connection, missed.len());
        for commit in missed {
            self.send(join.connection, commit);
        }
        self.tell_holds(seat);
    }

    /// Sends `joined`, which `missed_commits` commits follow.
    fn send_joined(&mut self, seat: Seat, connection: ConnectionId, missed_commits: usize) {
        self.note_whole_roster(seat);
        let Some(device) = self.seats.get(seat) else {
            return;
        };
        let joined = JoinAnswer {
            demux_id: device.demux_id,
            era_id: self.era_id,
            status: device.status(),
            is_admin: device.is_admin(),
            resume: device.resume.clone(),
            max_devices: self.limits.max_devices,
            devices_per_user: self.limits.devices_per_user,
            roster: self.roster(device.audience()),
            roster_revision: device.roster_revision,
            link: self.link.clone(),
            present: match device.status() {
                Status::Active => self.commits.present(),
                Status::Pending => GroupEpoch::default(),
            },
            missed_commits,
            statement: device.statement.clone(),
            moderation: self.moderation,
        };
        self.send(connection, Message::Joined(Box::new(joined)));
    }
}
