//! The decisions of admins about the whole call, about raised hands and about co-admins.

use anteroom_protocol::{DemuxId, GuestAdmission, OpaqueUserId};

use super::{Call, ModerationBucket, Phase};
use crate::{
    ConnectionId, ErrorCode, Message, Role, Status,
    seats::{Device, Seat},
};

impl Call {
    pub(super) fn lower_hand(&mut self, admin: Seat, target: DemuxId) -> Result<(), ErrorCode> {
        let target = self.target(admin, target)?;
        target.must_be(Status::Active)?;
        self.count_moderation(admin)?;
        if let Some(device) = self.seats.get_mut(target.seat)
            && device.hand_raised_at.take().is_some()
        {
            self.update_entry(target.seat);
        }
        Ok(())
    }

    pub(super) fn lock(&mut self, admin: Seat, is_locked: bool) -> Result<(), ErrorCode> {
        self.must_be_admin(admin)?;
        self.count_moderation(admin)?;
        if self.moderation.is_locked != is_locked {
            self.moderation.is_locked = is_locked;
            self.has_unasked |= !is_locked && !self.moderation.asks_approval;
            self.tell_moderation();
        }
        Ok(())
    }

    /// Asks those who join for an approval, or lets those in who wait for one.
    pub(super) fn set_approval(&mut self, admin: Seat, is_on: bool) -> Result<(), ErrorCode> {
        self.must_be_admin(admin)?;
        if !is_on && !self.link.is_open(self.now.timestamp()) {
            return Err(ErrorCode::Expired);
        }
        self.count_moderation(admin)?;
        if self.moderation.asks_approval != is_on {
            self.moderation.asks_approval = is_on;
            self.has_unasked = !is_on;
            self.tell_moderation();
        }
        Ok(())
    }

    /// Makes a user a co-admin, or takes that back.
    pub(super) fn set_co_admin(
        &mut self,
        admin: Seat,
        user: &OpaqueUserId,
        is_on: bool,
    ) -> Result<(), ErrorCode> {
        if self.seats.get(admin).map(|device| device.role) != Some(Role::Admin) {
            return Err(ErrorCode::Forbidden);
        }
        let is_active = |device: &Device| device.status() == Status::Active;
        if is_on && !self.devices_of(user).any(is_active) {
            return Err(ErrorCode::UnknownDevice);
        }
        self.count_moderation(admin)?;
        if self.users.is_co_admin(user) == is_on {
            return Ok(());
        }
        if is_on && self.users.co_admins() >= self.limits.max_co_admins {
            return Err(ErrorCode::TooManyCoAdmins);
        }
        self.users.set_co_admin(user, is_on);
        let seats = self.users.seats(user).to_vec();
        self.change_rights(&seats, is_on);
        Ok(())
    }

    /// Gives devices that have become active the rights of their users.
    pub(super) fn give_rights_to_co_admins(&mut self, activated: &[Seat]) {
        let is_co_admins = |seat: &&Seat| {
            let device = self.seats.get(**seat);
            device.is_some_and(|device| self.users.is_co_admin(&device.user))
        };
        let seats: Vec<Seat> = activated.iter().filter(is_co_admins).copied().collect();
        self.change_rights(&seats, true);
    }

    /// Forgets that a user is a co-admin and has been active, since somebody has sent the user away.
    pub(super) fn forget_user(&mut self, user: &OpaqueUserId) {
        self.era_users.remove(user);
        let seats = self.users.seats(user).to_vec();
        self.users.set_co_admin(user, false);
        self.change_rights(&seats, false);
    }

    /// Returns whether the lock keeps a user out.
    pub(super) fn is_locked_for(&self, user: &OpaqueUserId) -> bool {
        self.moderation.is_locked && !self.era_users.contains(user)
    }

    /// Lets the devices in that wait and need no approval any more, as far as there is room.
    pub(super) fn admit_unasked(&mut self) {
        let is_open = self.link.is_open(self.now.timestamp());
        if !self.has_unasked || self.phase != Phase::Running || !is_open {
            return;
        }
        let waits = |device: &Device| {
            let is_guests =
                device.has_guest_account && self.link.guests != GuestAdmission::AsAccounts;
            device.status() == Status::Pending && !is_guests
        };
        let devices = self.seats.iter();
        let unasked: Vec<(Seat, bool)> = devices
            .filter(|(_, device)| waits(device))
            .map(|(seat, device)| (seat, self.is_locked_for(&device.user)))
            .collect();
        let mut activated = Vec::new();
        for (seat, is_locked_out) in &unasked {
            if !is_locked_out && !self.is_full(Status::Active) {
                self.activate(*seat);
                activated.push(*seat);
            }
        }
        self.has_unasked = activated.len() < unasked.len();
        if !activated.is_empty() {
            self.tell_admitted(&activated);
        }
    }

    pub(super) fn must_be_admin(&self, sender: Seat) -> Result<(), ErrorCode> {
        let is_admin = self.seats.get(sender).is_some_and(Device::is_admin);
        is_admin.then_some(()).ok_or(ErrorCode::Forbidden)
    }

    pub(super) fn count_moderation(&mut self, sender: Seat) -> Result<(), ErrorCode> {
        let now = self.now;
        let device = self.seats.get_mut(sender).ok_or(ErrorCode::NotJoined)?;
        let limits = &mut self.moderation_limits;
        let limit = limits.entry(sender).or_insert(ModerationBucket::full());
        let is_granted = limit.try_take(now);
        device.note_limit(is_granted)
    }

    /// Tells everybody how the call is moderated now.
    fn tell_moderation(&mut self) {
        let moderation = self.moderation;
        for is_admin in [true, false] {
            let devices = self.seats.iter().map(|(_, device)| device);
            let devices = devices.filter(|device| device.is_admin() == is_admin);
            let connections: Vec<ConnectionId> = devices.filter_map(Device::connection).collect();
            let message = Message::Moderation {
                moderation,
                is_admin,
            };
            self.broadcast(connections, message);
        }
    }

    /// Gives active devices without the passkey the rights of admins, or takes them, and tells those whose rights
    /// have changed, with the roster that they may see now.
    fn change_rights(&mut self, seats: &[Seat], is_on: bool) {
        let mut changed = Vec::new();
        for seat in seats {
            let Some(device) = self.seats.get_mut(*seat) else {
                continue;
            };
            let has_rights = device.role == Role::Guest && device.status() == Status::Active;
            if has_rights && device.is_co_admin != is_on {
                device.is_co_admin = is_on;
                changed.extend(device.connection());
                self.update_entry(*seat);
            }
        }
        for connection in changed {
            let message = Message::Moderation {
                moderation: self.moderation,
                is_admin: is_on,
            };
            self.send(connection, message);
            self.send_roster(connection);
        }
    }
}
