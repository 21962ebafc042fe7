//! Lost connections, departures, and the end of the era.

use super::{Call, Phase};
use crate::{
    CloseReason, ConnectionId, DenialReason, Departure, ErrorCode, Fact, Message, Output, Status,
    seats::{Device, Seat},
};

impl Call {
    /// Applies the passing of time. A connection counts as lost from the moment at which the call notices it,
    /// so that after a pause of the whole process its clients still have time to reconnect.
    pub(super) fn advance(&mut self) {
        self.users.advance(self.now);
        while let Some(seat) = self.seats.due(self.now) {
            match self.seats.get(seat).and_then(Device::connection) {
                Some(connection) => {
                    self.lose(seat);
                    self.close(connection, CloseReason::Silent);
                }
                None => self.depart(seat, Departure::TimedOut),
            }
        }
        self.end_if_over();
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(seat) = self.seats.of_connection(connection) {
            self.lose(seat);
        }
    }

    fn lose(&mut self, seat: Seat) {
        self.seats.lose(seat, self.now);
        self.show_presence(seat);
    }

    /// Updates in the rosters whether the device is lost.
    pub(super) fn show_presence(&mut self, seat: Seat) {
        if let Some(device) = self.seats.get(seat) {
            self.rosters.update(seat, device);
        }
    }

    pub(super) fn leave(&mut self, seat: Seat) -> Result<(), ErrorCode> {
        self.depart(seat, Departure::Left);
        Ok(())
    }

    /// Ends a device's participation or wait.
    pub(super) fn depart(&mut self, seat: Seat, departure: Departure) {
        let Some(device) = self.seats.free(seat) else {
            return;
        };
        self.users.leave(&device.user, seat);
        if let Some(connection) = device.connection() {
            if let Some(message) = farewell(departure, device.status()) {
                self.send(connection, message);
            }
            self.close(connection, close_reason(departure));
        }
        self.fact(Fact::DeviceGone {
            demux_id: device.demux_id,
            status: device.status(),
            departure,
        });
        self.rosters.remove(seat, &device);
    }

    pub(super) fn end_if_over(&mut self) {
        let is_over = match self.phase {
            Phase::New | Phase::Ended => false,
            Phase::Waiting => self.seats.is_empty(),
            Phase::Running => self.seats.count(Status::Active) == 0,
        };
        if is_over {
            self.end(Departure::Ended);
        }
    }

    pub(super) fn end(&mut self, departure: Departure) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        for seat in self.seats.all() {
            self.depart(seat, departure);
        }
        self.fact(Fact::EraEnded);
    }

    fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.outputs.push_back(Output::Close { connection, reason });
    }
}

/// Returns the last message to a device.
fn farewell(departure: Departure, status: Status) -> Option<Message> {
    match (departure, status) {
        (Departure::Left | Departure::Replaced | Departure::TimedOut, _) => None,
        (Departure::Displaced, _) => Some(Message::Error(ErrorCode::Displaced)),
        (Departure::Denied, _) => Some(Message::Denied {
            reason: DenialReason::Admin,
        }),
        (Departure::Removed, _) => Some(Message::Removed),
        (Departure::Blocked, _) => Some(Message::Blocked),
        (Departure::Ended | Departure::Dismissed, Status::Pending) => Some(Message::Denied {
            reason: DenialReason::Ended,
        }),
        (Departure::Ended, Status::Active) => Some(Message::Error(ErrorCode::Ended)),
        (Departure::Dismissed, Status::Active) => Some(Message::Error(ErrorCode::EndedByAdmin)),
    }
}

const fn close_reason(departure: Departure) -> CloseReason {
    match departure {
        Departure::Left => CloseReason::Left,
        Departure::Denied => CloseReason::Denied,
        Departure::Removed => CloseReason::Removed,
        Departure::Blocked => CloseReason::Blocked,
        Departure::Replaced => CloseReason::Replaced,
        Departure::Displaced => CloseReason::Displaced,
        Departure::Dismissed => CloseReason::Dismissed,
        Departure::TimedOut => CloseReason::Silent,
        Departure::Ended => CloseReason::Ended,
    }
}
