//! Commits of the groups of the era, and refusals of commits.

use anteroom_protocol::GroupEpoch;

use super::Call;
use crate::{
    Commit, ConnectionId, ErrorCode, Message, Role, Status,
    commit_log::{CommitPlace, TakenCommit},
    seats::{Device, Seat},
};

impl Call {
    /// Takes a commit, and sends it to every active device.
    pub(super) fn commit(&mut self, seat: Seat, commit: Commit) -> Result<(), ErrorCode> {
        let sender = self.active(seat)?;
        let (from, role) = (sender.demux_id, sender.role);
        let place = self.commits.place(commit.at);
        let place = place.ok_or(ErrorCode::StaleCommit)?;
        if place == CommitPlace::NextGroup && !self.may_start_group(role) {
            return Err(ErrorCode::Forbidden);
        }
        if !self.commits.may_take(place, self.now) {
            return Err(ErrorCode::RateLimited);
        }
        let mut readers = Vec::new();
        let mut newcomers = Vec::new();
        for (seat, device) in self.seats.iter() {
            let Some(connection) = active_connection(device) else {
                continue;
            };
            if commit.adds(device.demux_id) && device.demux_id != from {
                newcomers.push((seat, connection));
            } else {
                readers.push(connection);
            }
        }
        // The roster that names the new members precedes the commit that adds them.
        let added = newcomers.iter().map(|(seat, _)| *seat);
        let members: Vec<Seat> = added.chain([seat]).collect();
        if members
            .iter()
            .any(|seat| self.rosters.is_unannounced(*seat))
        {
            self.announce_roster();
        }
        for seat in members {
            if let Some(device) = self.seats.get_mut(seat) {
                device.group = commit.at.group;
            }
        }
        let Commit { at, body, welcome } = commit;
        let taken = TakenCommit {
            at,
            from,
            body: body.clone(),
        };
        self.commits.take(taken, self.now);
        self.broadcast(readers, Message::Commit { at, from, body });
        if let Some(welcome) = welcome {
            let newcomers = newcomers.into_iter().map(|(_, connection)| connection);
            let message = Message::Welcome {
                at: at.next(),
                from,
                body: welcome.body,
            };
            self.broadcast(newcomers.collect(), message);
        }
        Ok(())
    }

    /// Passes on that a commit of the present group does not hold, once for each device and group.
    pub(super) fn refuse(&mut self, seat: Seat, at: GroupEpoch) -> Result<(), ErrorCode> {
        let present = self.commits.present();
        let device = self.active(seat)?;
        if at.group != present.group || at.epoch >= present.epoch {
            return Err(ErrorCode::StaleCommit);
        }
        if device.refused_group == at.group {
            return Ok(());
        }
        device.refused_group = at.group;
        let from = device.demux_id;
        self.announce_sender(from);
        let devices = self.seats.iter().map(|(_, device)| device);
        let readers = devices.filter_map(active_connection).collect();
        self.broadcast(readers, Message::Refuse { at, from });
        Ok(())
    }

    /// Returns the commits that an active device has missed, as messages.
    pub(super) fn missed_commits(&self, seat: Seat, have: Option<GroupEpoch>) -> Vec<Message> {
        let device = self.seats.get(seat);
        let is_active = device.is_some_and(|device| device.status() == Status::Active);
        let have = have.filter(|_| is_active);
        let missed = have.into_iter().flat_map(|have| self.commits.since(have));
        missed
            .map(|TakenCommit { at, from, body }| Message::Commit {
                at: *at,
                from: *from,
                body: body.clone(),
            })
            .collect()
    }

    /// Returns whether a device may start the next group: an admin, or any device while no admin is active or
    /// no device of the present group is connected.
    fn may_start_group(&self, role: Role) -> bool {
        let present = self.commits.present().group;
        let devices = || self.seats.iter().map(|(_, device)| device);
        let has_admin =
            devices().any(|device| device.role == Role::Admin && device.status() == Status::Active);
        let has_member = || {
            devices().any(|device| device.group == present && active_connection(device).is_some())
        };
        role == Role::Admin || present == 0 || !has_admin || !has_member()
    }
}

fn active_connection(device: &Device) -> Option<ConnectionId> {
    let connection = device.connection();
    connection.filter(|_| device.status() == Status::Active)
}
