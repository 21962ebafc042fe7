//! The holds of admins. They are of users, for the rest of the era: a user whose microphone is held brings no other one
//! by joining again or with a second device.
//!
//! The device of an admin, and each one that an order leaves out, stands for its user.

use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{MuteOrder, Source},
};

use super::Call;
use crate::{Message, Status, seats::Seat};

impl Call {
    /// Returns the other seats of a user whose devices may send and receive.
    pub(super) fn other_seats_with_media(&self, user: &OpaqueUserId, seat: Seat) -> Vec<Seat> {
        let seats = self.users.seats(user).iter().copied();
        let others = seats.filter(|other| *other != seat);
        let has_media = |seat: &Seat| {
            let device = self.seats.get(*seat);
            device.is_some_and(|device| self.carries(device))
        };
        others.filter(has_media).collect()
    }

    /// Records that a source of a user is held, or is no longer.
    pub(super) fn record_hold(
        &mut self,
        user: &OpaqueUserId,
        source: Source,
        by: DemuxId,
        order: MuteOrder,
    ) {
        match order {
            MuteOrder::Mute => {}
            MuteOrder::Hold => self.users.hold(user, source, by),
            MuteOrder::Release => self.users.release(user, source),
        }
    }

    /// Records that a source of all users in the call is held, or of all users is no longer, but for those of the
    /// admin's device and of others. Returns all devices that are left out beside the admin's.
    pub(super) fn record_holds(
        &mut self,
        by: DemuxId,
        mut others: Vec<DemuxId>,
        source: Source,
        order: MuteOrder,
    ) -> Vec<DemuxId> {
        let devices = self.seats.iter().map(|(_, device)| device);
        let devices = devices.filter(|device| device.status() == Status::Active);
        let devices: Vec<(DemuxId, OpaqueUserId)> = devices
            .map(|device| (device.demux_id, device.user.clone()))
            .collect();
        let left_out = devices
            .iter()
            .filter(|(device, _)| *device == by || others.contains(device));
        let left_out: Vec<OpaqueUserId> = left_out.map(|(_, user)| user.clone()).collect();
        for (device, user) in devices {
            if !left_out.contains(&user) {
                self.record_hold(&user, source, by, order);
            } else if device != by && !others.contains(&device) {
                others.push(device);
            }
        }
        if order == MuteOrder::Release {
            self.users.release_all_but(&left_out, source);
        }
        others
    }

    /// Holds the sources of a device that has come in, as those of its user are held.
    pub(super) fn hold_activated(&mut self, seat: Seat) {
        let Some(device) = self.seats.get(seat) else {
            return;
        };
        let (id, user) = (device.demux_id, device.user.clone());
        for source in Source::ALL {
            if self.users.holder(&user, source).is_some() {
                self.order_one(seat, id, source, MuteOrder::Hold);
                self.change_sources(seat, |device| device.sources.obey(source, MuteOrder::Hold));
            }
        }
    }

    /// Tells a device that has come in or come back which of its sources are held.
    pub(super) fn tell_holds(&mut self, seat: Seat) {
        let device = self.seats.get(seat);
        let Some(device) = device.filter(|device| self.carries(device)) else {
            return;
        };
        let holds = Source::ALL.map(|source| {
            let holder = self.users.holder(&device.user, source);
            Some((holder?, source))
        });
        let Some(connection) = device.connection() else {
            return;
        };
        for (by, source) in holds.into_iter().flatten() {
            let order = MuteOrder::Hold;
            self.send(connection, Message::Muted { by, source, order });
        }
    }
}
