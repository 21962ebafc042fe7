//! Commits of the groups of the era, and refusals of commits.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::{GroupEpoch, OpaqueUserId};

use super::Call;
use crate::{
    Commit, ConnectionId, ErrorCode, Message, Role, Status,
    commit_log::{CommitPlace, Starter, TakenCommit},
    seats::{Device, Seat},
};

impl Call {
    /// Takes a commit, and sends it to every active device.
    pub(super) fn commit(&mut self, seat: Seat, commit: Commit) -> Result<(), ErrorCode> {
        let sender = self.active(seat)?;
        let (from, role, group) = (sender.demux_id, sender.role, sender.group);
        let user = sender.user.clone();
        let place = self.commits.place(commit.at);
        let place = place.ok_or(ErrorCode::StaleCommit)?;
        let starter = match place {
            CommitPlace::Present if group == commit.at.group => None,
            CommitPlace::Present => return Err(ErrorCode::Forbidden),
            CommitPlace::NextGroup => Some(self.starter(role).ok_or(ErrorCode::Forbidden)?),
        };
        if commit.added_devices() > self.limits.max_devices() {
            return Err(ErrorCode::UnknownDevice);
        }
        let is_granted = place == CommitPlace::NextGroup || self.users.may_commit(&user);
        if !(is_granted && self.commits.may_take(starter, self.now)) {
            return Err(ErrorCode::RateLimited);
        }
        if place == CommitPlace::Present {
            self.users.count_commit(&user);
        }
        let mut readers = Vec::new();
        let mut newcomers = Vec::new();
        // The devices of the group among them, whose leaves are made anew. They get the commit too, so that a
        // committer cannot keep it from a member.
        let mut anew = Vec::new();
        // The devices that a roster names before the commit: the sender and those that the commit adds.
        let mut named = vec![seat];
        for (seat, device) in self.seats.iter() {
            let is_new = commit.adds(device.demux_id) && device.demux_id != from;
            if is_new && device.status() == Status::Active {
                named.push(seat);
            }
            match active_connection(device) {
                Some(connection) if is_new => {
                    if device.group == commit.at.group {
                        anew.push(connection);
                    }
                    newcomers.push((seat, connection));
                }
                Some(connection) => readers.push(connection),
                None => {}
            }
        }
        if named.iter().any(|seat| self.rosters.is_unannounced(*seat)) {
            self.announce_roster();
        }
        for (seat, _) in &newcomers {
            if let Some(device) = self.seats.get_mut(*seat) {
                device.refused_group = 0;
            }
        }
        let added = newcomers.iter().map(|(seat, _)| *seat);
        for seat in added.chain([seat]) {
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
        self.commits.take(taken, starter, self.now);
        let commit_message = Message::Commit { at, from, body };
        self.broadcast(readers, commit_message.clone());
        if let Some(welcome) = welcome {
            let newcomers = newcomers.into_iter().map(|(_, connection)| connection);
            let message = Message::Welcome {
                at: at.next(),
                from,
                body: welcome.body,
            };
            self.broadcast(newcomers.collect(), message);
        }
        self.broadcast(anew, commit_message);
        Ok(())
    }

    /// Passes on that a commit of the present group does not hold, once for each device and group, and again after
    /// a Welcome. It counts for the user, who could otherwise refuse again with every new device.
    pub(super) fn refuse(&mut self, seat: Seat, at: GroupEpoch) -> Result<(), ErrorCode> {
        let present = self.commits.present();
        let device = self.active(seat)?;
        if at.group != present.group || at.epoch >= present.epoch {
            return Err(ErrorCode::StaleCommit);
        }
        if device.group != at.group {
            return Err(ErrorCode::Forbidden);
        }
        if device.refused_group == at.group {
            return Ok(());
        }
        let (from, user) = (device.demux_id, device.user.clone());
        if !self.users.try_refuse(&user) {
            return Err(ErrorCode::RateLimited);
        }
        self.active(seat)?.refuse(at);
        let devices = self.seats.iter().map(|(_, device)| device);
        let readers = devices.filter_map(active_connection).collect();
        self.broadcast(readers, Message::Refuse { at, from });
        Ok(())
    }

    /// Returns the commits that an active device of the group has missed, as messages. None are returned beyond
    /// the limit: a device that resumes its seat again and again would be sent a MiB each time.
    pub(super) fn missed_commits(&mut self, seat: Seat, have: Option<GroupEpoch>) -> Vec<Message> {
        let now = self.now;
        let (Ok(device), Some(have)) = (self.active(seat), have) else {
            return Vec::new();
        };
        if device.group != have.group {
            return Vec::new();
        }
        let missed = self.commits.since(have);
        let missed: Vec<Message> = missed
            .map(|TakenCommit { at, from, body }| Message::Commit {
                at: *at,
                from: *from,
                body: body.clone(),
            })
            .collect();
        let is_granted = missed.is_empty()
            || self
                .active(seat)
                .is_ok_and(|device| device.missed_commits.try_take(now));
        if is_granted { missed } else { Vec::new() }
    }

    /// Returns as what a device may start the next group: an admin, or any device while no admin is active, no
    /// device of the present group is connected, or most of its users refuse a commit of it. A commit of the
    /// only admin can be among those. Whoever starts a group chooses its users, so refusals do not lead from one
    /// group to the next without an admin.
    fn starter(&self, role: Role) -> Option<Starter> {
        let present = self.commits.present().group;
        let devices = || self.seats.iter().map(|(_, device)| device);
        let has_admin =
            devices().any(|device| device.role == Role::Admin && device.status() == Status::Active);
        let has_member = || {
            devices().any(|device| device.group == present && active_connection(device).is_some())
        };
        if role == Role::Admin {
            return Some(Starter::Admin);
        }
        if present == 0 || !has_admin || !has_member() {
            return Some(Starter::Anybody);
        }
        let refuses = self.commits.heeds_refusals(self.now) && self.most_refuse();
        refuses.then_some(Starter::Refuser)
    }

    /// Returns whether more than half of the users in the present group refuse one commit of it, and two at
    /// least.
    fn most_refuse(&self) -> bool {
        let present = self.commits.present().group;
        let devices = self.seats.iter().map(|(_, device)| device);
        let members =
            devices.filter(|device| device.group == present && device.status() == Status::Active);
        let mut users = BTreeSet::new();
        let mut refusers: BTreeMap<GroupEpoch, BTreeSet<&OpaqueUserId>> = BTreeMap::new();
        for device in members {
            users.insert(&device.user);
            for at in device.refused(present) {
                refusers.entry(at).or_default().insert(&device.user);
            }
        }
        let mut refusers = refusers.values().map(BTreeSet::len);
        refusers.any(|refusers| refusers > 1 && 2 * refusers > users.len())
    }
}

fn active_connection(device: &Device) -> Option<ConnectionId> {
    let connection = device.connection();
    connection.filter(|_| device.status() == Status::Active)
}
