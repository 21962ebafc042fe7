//! Lost connections, departures, and the end of the era.

use super::{Call, Phase};
use crate::{
    ConnectionId, DenialReason, ErrorCode, Fact, LeaveReason, Message, Output, Status,
    seats::{ConnectionState, Device, Seat},
};

impl Call {
    /// Applies the passing of time. A connection counts as lost from the moment at which the call notices it,
    /// so that after a pause of the whole process its clients still have time to reconnect.
    pub(super) fn advance(&mut self) {
        self.users.advance(self.now);
        while let Some(seat) = self.seats.due(self.now) {
            match self.seats.get(seat).and_then(Device::connection) {
                Some(connection) => {
                    self.mark_lost(seat);
                    self.close(connection, LeaveReason::Silent);
                }
                None => self.remove_device(seat, LeaveReason::TimedOut),
            }
        }
        self.end_if_over();
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(seat) = self.seats.of_connection(connection) {
            self.mark_lost(seat);
        }
    }

    fn mark_lost(&mut self, seat: Seat) {
        let lost = ConnectionState::Lost(self.now);
        self.seats.set_connection_state(seat, lost);
        self.update_entry(seat);
    }

    pub(super) fn update_entry(&mut self, seat: Seat) {
        if let Some(device) = self.seats.get(seat) {
            self.rosters.update(seat, device);
        }
    }

    pub(super) fn leave(&mut self, seat: Seat) -> Result<(), ErrorCode> {
        self.remove_device(seat, LeaveReason::Left);
        Ok(())
    }

    /// Ends a device's participation or wait.
    pub(super) fn remove_device(&mut self, seat: Seat, reason: LeaveReason) {
        self.remove_devices(&[seat], reason);
    }

    /// Removes devices together. Nobody is told before the media of all of them have ended.
    pub(super) fn remove_devices(&mut self, seats: &[Seat], reason: LeaveReason) {
        let mut removed = Vec::new();
        for seat in seats {
            let Some(device) = self.seats.free(*seat) else {
                continue;
            };
            self.users.remove_seat(&device.user, *seat);
            self.moderation_limits.remove(seat);
            self.media_limits.remove(seat);
            // At the end of the era all media have ended at once.
            if self.phase != Phase::Ended {
                self.remove_media(&device);
            }
            removed.push((*seat, device));
        }
        for (seat, device) in removed {
            self.announce_removal(seat, &device, reason);
        }
    }

    fn announce_removal(&mut self, seat: Seat, device: &Device, reason: LeaveReason) {
        if let Some(connection) = device.connection() {
            if let Some(message) = last_message(reason, device.status()) {
                self.send(connection, message);
            }
            self.close(connection, reason);
        }
        self.fact(Fact::DeviceGone {
            demux_id: device.demux_id,
            status: device.status(),
            reason,
        });
        self.rosters.remove(seat, device);
    }

    pub(super) fn end_if_over(&mut self) {
        let is_over = match self.phase {
            Phase::New | Phase::Ended => false,
            Phase::Waiting => self.seats.is_empty(),
            Phase::Running => self.seats.count(Status::Active) == 0,
        };
        if is_over {
            self.end(LeaveReason::Ended);
        }
    }

    pub(super) fn end(&mut self, reason: LeaveReason) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        self.close_media();
        let seats: Vec<Seat> = self.seats.iter().map(|(seat, _)| seat).collect();
        for seat in seats {
            self.remove_device(seat, reason);
        }
        self.fact(Fact::EraEnded);
    }

    pub(super) fn close(&mut self, connection: ConnectionId, reason: LeaveReason) {
        self.outputs.push_back(Output::Close { connection, reason });
    }
}

/// Returns the last message to a device.
fn last_message(reason: LeaveReason, status: Status) -> Option<Message> {
    match (reason, status) {
        (LeaveReason::Refused | LeaveReason::Left | LeaveReason::Replaced, _) => None,
        (LeaveReason::Silent | LeaveReason::TimedOut, _) => None,
        (LeaveReason::Displaced, _) => Some(Message::Error(ErrorCode::Displaced)),
        (LeaveReason::Denied, _) => Some(Message::Denied(DenialReason::Admin)),
        (LeaveReason::Removed, _) => Some(Message::Removed),
        (LeaveReason::Blocked, _) => Some(Message::Blocked),
        (LeaveReason::Ended | LeaveReason::Dismissed, Status::Pending) => {
            Some(Message::Denied(DenialReason::Ended))
        }
        (LeaveReason::Ended, Status::Active) => Some(Message::Error(ErrorCode::Ended)),
        (LeaveReason::Dismissed, Status::Active) => Some(Message::Error(ErrorCode::EndedByAdmin)),
    }
}
