//! What devices say to each other.

use super::Call;
use crate::{
    ConnectionId, ErrorCode, Message, RelayBody, RelayTarget, Status,
    places::{Device, Place},
    token_bucket::Allowance,
};

impl Call {
    pub(super) fn pong(&mut self, connection: ConnectionId) -> Result<(), ErrorCode> {
        self.send(connection, Message::Pong);
        Ok(())
    }

    pub(super) fn raise_hand(&mut self, place: Place, raised: bool) -> Result<(), ErrorCode> {
        let now = self.now;
        let device = self.active(place)?;
        match device.messages.take(now) {
            Allowance::Granted => {}
            Allowance::Refused => return Err(ErrorCode::RateLimited),
            Allowance::RefusedAgain => return Ok(()),
        }
        if raised != device.hand_raised_at.is_some() {
            let raised_at = raised.then_some(now);
            device.hand_raised_at = raised_at;
            self.rosters.set_hand(place, raised_at);
            self.roster_changed = true;
        }
        Ok(())
    }

    pub(super) fn relay(
        &mut self,
        place: Place,
        to: RelayTarget,
        body: RelayBody,
    ) -> Result<(), ErrorCode> {
        let now = self.now;
        let sender = self.active(place)?;
        let from = sender.demux_id;
        match sender.messages.take(now) {
            Allowance::Granted => {}
            Allowance::Refused => return Err(ErrorCode::RateLimited),
            Allowance::RefusedAgain => return Ok(()),
        }
        match to {
            RelayTarget::All => {
                let others = self
                    .places
                    .iter()
                    .filter(|device| device.status() == Status::Active && device.demux_id != from)
                    .filter_map(Device::connection)
                    .collect();
                self.broadcast(others, Message::Relay { from, body });
            }
            RelayTarget::One(target) => {
                let place = self.places.of_demux_id(target);
                let device = place.and_then(|place| self.places.get(place));
                let device = device.ok_or(ErrorCode::UnknownDevice)?;
                if device.status() != Status::Active {
                    return Err(ErrorCode::NotActive);
                }
                let connection = device.connection().ok_or(ErrorCode::Unreachable)?;
                self.send(connection, Message::Relay { from, body });
            }
        }
        Ok(())
    }

    fn active(&mut self, place: Place) -> Result<&mut Device, ErrorCode> {
        self.places
            .get_mut(place)
            .filter(|device| device.status() == Status::Active)
            .ok_or(ErrorCode::NotActive)
    }
}
