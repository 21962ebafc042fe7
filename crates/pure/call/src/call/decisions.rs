//! The decisions of admins.

use anteroom_protocol::{ApprovalStatement, DemuxId, OpaqueUserId};

use super::{Call, Phase};
use crate::{
    ErrorCode, Fact, LeaveReason, Message, Role, Status,
    seats::{Device, Seat},
    users::StoreOutcome,
};

/// The device that a decision is about.
pub(super) struct DecisionTarget {
    pub(super) seat: Seat,
    pub(super) user: OpaqueUserId,
    status: Status,
}

impl Call {
    /// Admits the device and the other pending devices of its user. The statement is of the key of the one
    /// device, and reaches no other. An active device receives the statement alone.
    pub(super) fn approve(
        &mut self,
        admin: Seat,
        target: DemuxId,
        statement: Option<ApprovalStatement>,
    ) -> Result<(), ErrorCode> {
        let target = self.target(admin, target)?;
        if target.status == Status::Active
            && let Some(statement) = statement
        {
            self.give_statement(target.seat, statement);
            return Ok(());
        }
        target.must_be(Status::Pending)?;
        if !self.link.is_open(self.now.timestamp()) {
            return Err(ErrorCode::Expired);
        }
        if self.is_locked_for(&target.user) {
            return Err(ErrorCode::Locked);
        }
        if self.is_full(Status::Active) {
            return Err(ErrorCode::Full);
        }
        let outcome = self.users.approve(&target.user);
        if outcome == StoreOutcome::New {
            self.fact(Fact::UserApproved(target.user.clone()));
        }
        self.activate(target.seat);
        let mut activated = vec![target.seat];
        for seat in self.users.seats(&target.user).to_vec() {
            let is_pending = |device: &Device| device.status() == Status::Pending;
            if self.seats.get(seat).is_some_and(is_pending) && !self.is_full(Status::Active) {
                self.activate(seat);
                activated.push(seat);
            }
        }
        if let Some(device) = self.seats.get_mut(target.seat) {
            // A device whose connection is lost receives it when it resumes the seat.
            device.statement = statement;
        }
        self.tell_admitted(&activated);
        error_if_full(outcome)
    }

    /// Tells devices that have become active, after the roster that announces them.
    pub(super) fn tell_admitted(&mut self, activated: &[Seat]) {
        self.announce_roster();
        let present = self.commits.present();
        for seat in activated {
            let Some(device) = self.seats.get(*seat) else {
                continue;
            };
            let statement = device.statement.clone();
            if let Some(connection) = device.connection() {
                self.send(connection, Message::Admitted { present, statement });
            }
            self.tell_holds(*seat);
        }
        self.give_rights_to_co_admins(activated);
    }

    /// Gives an active device a newer statement, such as one in place of an expired one. Nothing else changes:
    /// nobody is told, and no approval is recorded. A device whose connection is lost receives it when it
    /// resumes the seat.
    fn give_statement(&mut self, seat: Seat, statement: ApprovalStatement) {
        let present = self.commits.present();
        let Some(device) = self.seats.get_mut(seat) else {
            return;
        };
        device.statement = Some(statement.clone());
        if let Some(connection) = device.connection() {
            self.send(connection, Message::NewStatement { present, statement });
        }
    }

    pub(super) fn deny(&mut self, admin: Seat, target: DemuxId) -> Result<(), ErrorCode> {
        let target = self.target(admin, target)?;
        target.must_be(Status::Pending)?;
        if self.users.was_denied(&target.user) && !self.decides_here(&target.user) {
            return self.block_user(&target.user);
        }
        let outcome = self.users.deny(&target.user);
        self.remove_device(target.seat, LeaveReason::Denied);
        error_if_full(outcome)
    }

    pub(super) fn remove(&mut self, admin: Seat, target: DemuxId) -> Result<(), ErrorCode> {
        let target = self.target(admin, target)?;
        target.must_be(Status::Active)?;
        let own = self.seats.get(admin).map(|device| &device.user) == Some(&target.user);
        if !own && self.is_admin_here(&target.user) {
            return Err(ErrorCode::TargetIsAdmin);
        }
        self.forget_approval(&target.user);
        self.remove_device(target.seat, LeaveReason::Removed);
        if !own {
            self.forget_user(&target.user);
        }
        Ok(())
    }

    pub(super) fn block(&mut self, admin: Seat, target: DemuxId) -> Result<(), ErrorCode> {
        let target = self.target(admin, target)?;
        // A co-admin who blocked the own user could not take that back.
        let own = self.seats.get(admin).map(|device| &device.user) == Some(&target.user);
        if own || self.is_admin_here(&target.user) {
            return Err(ErrorCode::TargetIsAdmin);
        }
        self.block_user(&target.user)
    }

    fn block_user(&mut self, user: &OpaqueUserId) -> Result<(), ErrorCode> {
        self.forget_approval(user);
        let outcome = self.users.block(user);
        let seats = self.users.seats(user).to_vec();
        self.remove_devices(&seats, LeaveReason::Blocked);
        self.forget_user(user);
        error_if_full(outcome)
    }

    pub(super) fn target(
        &self,
        sender: Seat,
        target: DemuxId,
    ) -> Result<DecisionTarget, ErrorCode> {
        self.must_be_admin(sender)?;
        let seat = self.seats.of_demux_id(target);
        let (seat, device) = seat
            .and_then(|seat| Some((seat, self.seats.get(seat)?)))
            .ok_or(ErrorCode::UnknownDevice)?;
        Ok(DecisionTarget {
            seat,
            user: device.user.clone(),
            status: device.status(),
        })
    }

    pub(super) fn activate(&mut self, seat: Seat) {
        let has_hellos = self.seats.has_hellos();
        self.seats.activate(seat);
        self.phase = Phase::Running;
        if let Some(device) = self.seats.get_mut(seat) {
            // An admin has received them all the time.
            device.lacks_hellos = has_hellos && device.role == Role::Guest;
            self.rosters.activate(seat, device);
            self.era_users.add(&device.user);
        }
        self.activate_media(seat);
    }

    fn forget_approval(&mut self, user: &OpaqueUserId) {
        if self.users.forget_approval(user) {
            self.fact(Fact::ApprovalForgotten(user.clone()));
        }
    }
}

impl DecisionTarget {
    pub(super) fn must_be(&self, status: Status) -> Result<(), ErrorCode> {
        match status {
            _ if self.status == status => Ok(()),
            Status::Active => Err(ErrorCode::NotActive),
            Status::Pending => Err(ErrorCode::NotPending),
        }
    }
}

fn error_if_full(outcome: StoreOutcome) -> Result<(), ErrorCode> {
    match outcome {
        StoreOutcome::New | StoreOutcome::Known => Ok(()),
        StoreOutcome::Full => Err(ErrorCode::TooManyUsers),
    }
}
