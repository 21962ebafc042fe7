//! The messages of devices to other devices, and requests for the roster.

use anteroom_protocol::DemuxId;

use super::Call;
use crate::{
    ConnectionId, ErrorCode, MIN_RELAY_COST, Message, RelayBody, RelayTarget, Status,
    seats::{Device, Seat},
};

impl Call {
    pub(super) fn ping(&mut self, seat: Seat, connection: ConnectionId) -> Result<(), ErrorCode> {
        let device = self.seats.get_mut(seat).ok_or(ErrorCode::NotJoined)?;
        // Before this answer the device has learnt all of its messages.
        device.forget_limit();
        let rosters = self.rosters.unannounced(device.audience());
        let roster_revision = rosters.announced;
        self.send(connection, Message::Pong { roster_revision });
        Ok(())
    }

    pub(super) fn participants(
        &mut self,
        seat: Seat,
        connection: ConnectionId,
    ) -> Result<(), ErrorCode> {
        let now = self.now;
        let device = self.seats.get_mut(seat).ok_or(ErrorCode::NotJoined)?;
        let is_granted = device.roster_requests.try_take(now);
        device.note_limit(is_granted)?;
        self.send_roster(connection);
        Ok(())
    }

    pub(super) fn raise_hand(&mut self, seat: Seat, raised: bool) -> Result<(), ErrorCode> {
        let now = self.now;
        let device = self.active(seat)?;
        let is_granted = device.hands.try_take(now);
        device.note_limit(is_granted)?;
        if raised == device.hand_raised_at.is_some() {
            return Ok(());
        }
        device.hand_raised_at = raised.then_some(now);
        self.update_entry(seat);
        Ok(())
    }

    pub(super) fn relay(
        &mut self,
        seat: Seat,
        to: RelayTarget,
        body: RelayBody,
    ) -> Result<(), ErrorCode> {
        let sender = self.active(seat)?;
        let (from, user) = (sender.demux_id, sender.user.clone());
        let length = u64::try_from(body.as_bytes().len()).unwrap_or(u64::MAX);
        let cost = length.max(u64::from(MIN_RELAY_COST));
        let is_granted = self.users.may_relay(&user, cost) && self.relays.holds(cost, self.now);
        self.active(seat)?.note_limit(is_granted)?;
        self.users.count_relay(&user, cost);
        self.relays.take(cost, self.now);
        self.deliver(from, to, body)
    }

    /// Announces the sender to the recipients that have not received its entry, and sends the message.
    fn deliver(
        &mut self,
        from: DemuxId,
        to: RelayTarget,
        body: RelayBody,
    ) -> Result<(), ErrorCode> {
        match to {
            RelayTarget::All => {
                self.announce_sender(from);
                let others = self
                    .seats
                    .iter()
                    .map(|(_, device)| device)
                    .filter(|device| device.status() == Status::Active && device.demux_id != from)
                    .filter_map(Device::connection)
                    .collect();
                self.broadcast(others, Message::Relay { from, body });
            }
            RelayTarget::One(target) => {
                let seat = self.seats.of_demux_id(target);
                let device = seat.and_then(|seat| self.seats.get(seat));
                let device = device.ok_or(ErrorCode::UnknownDevice)?;
                if device.status() != Status::Active {
                    return Err(ErrorCode::NotActive);
                }
                let connection = device.connection().ok_or(ErrorCode::Unreachable)?;
                self.announce_sender(from);
                self.send(connection, Message::Relay { from, body });
            }
        }
        Ok(())
    }

    pub(super) fn announce_sender(&mut self, sender: DemuxId) {
        let seat = self.seats.of_demux_id(sender);
        if seat.is_some_and(|seat| self.rosters.is_unannounced(seat)) {
            self.announce_roster();
        }
    }

    pub(super) fn active(&mut self, seat: Seat) -> Result<&mut Device, ErrorCode> {
        self.seats
            .get_mut(seat)
            .filter(|device| device.status() == Status::Active)
            .ok_or(ErrorCode::NotActive)
    }
}
