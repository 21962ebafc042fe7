//! The start of groups, and refusals of other devices.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{ContextChange, EraHistory, Group, GroupChange, GroupStart, GroupView, Moment};
use anteroom_protocol::{DemuxId, GroupEpoch};

use super::{Seat, committing::patience};
use crate::{
    ADD_DELAY, GROUP_INTERVAL, GROUP_SILENCE, KEY_PACKAGE_INTERVAL, RESEND_INTERVAL,
    attempt::Attempt,
    event::Event,
    input::RosterDevice,
    output::Message,
    step::{Step, earlier, surroundings},
};

/// The time after a refusal in which the key packages for the next group come.
const REFUSAL_DELAY: Duration = Duration::from_millis(500);

/// The time after a start that could not be made.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

impl Seat {
    /// Takes note that a commit does not hold to another device.
    pub(super) fn receive_refuse(&mut self, at: GroupEpoch, from: DemuxId, step: &mut Step<'_>) {
        if from == self.demux {
            self.receive_own_refusal(at);
            return;
        }
        let Some(membership) = &self.membership else {
            let mut connected = self.roster.connected();
            let refuser = connected.find(|one| one.demux_id == from);
            if let Some(user) = refuser.and_then(|refuser| refuser.user.clone()) {
                self.refusals.join_accusation(at, &user);
            }
            return;
        };
        let refuser = membership.view.leaf_of_device(from);
        let is_present = at.group == membership.group.epoch().group;
        if !is_present {
            return;
        }
        // Only members refuse; others have nothing to refuse.
        let Some((_, refuser)) = refuser else { return };
        let users = membership.users();
        let now = step.moment();
        self.refusals.refused_by_other(at, refuser, &users, now);
        if self.refusals.tells(at, from) {
            step.tell(Event::RefusedByOther { from, at });
        }
    }

    /// Starts a group, if there is a reason and it is this device's turn. Returns the moment at which it will
    /// be.
    pub(super) fn start_group(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        if self.attempt.is_some() || self.is_barred || !self.inbox.is_empty() {
            return None;
        }
        // A device whose own commit most users refuse leaves the start to them.
        let own = step.options.member_key.public();
        if self.refusals.is_condemned(&own) || self.first_seat(step).is_some() {
            return None;
        }
        let since = self.start_reason(step)?;
        let now = step.moment();
        let due = since.plus(patience(self.start_rank()));
        let due = self.start_after.map_or(due, |after| due.max(after));
        if now < due {
            return Some(due);
        }
        self.start(step);
        self.start_after.filter(|after| now < *after)
    }

    /// Returns the moment since which the next group is to be started; `None` if there is no reason.
    fn start_reason(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let has_reason = self.membership.is_none() || self.refusals.wanted_since().is_some();
        if !has_reason || self.applicants.is_empty() {
            return None;
        }
        let number = self.present.group.saturating_add(1);
        if !self.may_be_in(step) {
            return None;
        }
        let view = GroupView {
            leaves: BTreeMap::from([(0, self.own_leaf(step))]),
            context: self.known.clone(),
            history: self.history_of_start(),
        };
        let asked = self.decide(number, &view, &view, step)?;
        if self.present.group == 0 {
            return Some(asked.plus(ADD_DELAY));
        }
        if let Some(wanted) = self.refusals.wanted_since() {
            return Some(asked.max(wanted.plus(REFUSAL_DELAY)));
        }
        let since = self.asking.as_ref()?.since;
        let silent = self.group_message.map_or(since, |last| last.max(since));
        let mut devices = 1;
        let mut asked = vec![since];
        for device in self.rivals().filter(|one| one.demux_id != self.demux) {
            devices += 1;
            asked.extend(self.applicants.get(device.demux_id).map(|one| one.since));
        }
        asked.sort_unstable();
        let all_ask = asked.get(devices - 1);
        let all_ask = all_ask.map(|since| since.plus(KEY_PACKAGE_INTERVAL));
        // Messages of a few keep no group that most ask in vain.
        let most_ask = asked.get(devices / 2).copied();
        let dead = earlier(most_ask, Some(silent))?.plus(GROUP_SILENCE);
        earlier(all_ask, Some(dead))
    }

    /// Waits after the start of a group by a device, as the room service demands. It lets an admin start the next
    /// one at once after one of a device that is no admin's.
    pub(super) fn wait_after_start(&mut self, starter: DemuxId, step: &Step<'_>) {
        let is_admin = |device: DemuxId| {
            let mut connected = self.roster.connected();
            connected.any(|one| one.demux_id == device && one.is_admin)
        };
        if is_admin(starter) || !is_admin(self.demux) {
            self.start_after = Some(step.moment().plus(GROUP_INTERVAL));
        }
    }

    /// Returns the connected devices that can be in a group: of those with one user and one member key the first.
    fn rivals(&self) -> impl Iterator<Item = &RosterDevice> {
        let mut known = BTreeSet::new();
        let connected = self.roster.connected();
        connected.filter(move |device| {
            let key = device.member_key.as_ref();
            let is_left_out = self.refusals.leaves_out_key(device.demux_id, key);
            let pair = device.user.as_ref().zip(key);
            let is_first =
                pair.is_none_or(|(user, key)| known.insert((user.as_str(), key.as_bytes())));
            device.demux_id == self.demux || (key.is_some() && !is_left_out && is_first)
        })
    }

    /// Returns the number of devices that start a group before this one. The next group is an admin's to start
    /// before all others.
    fn start_rank(&self) -> usize {
        let mut devices: Vec<&RosterDevice> = self.rivals().collect();
        if self.present.group > 0 {
            devices.sort_by_key(|device| !device.is_admin);
        }
        let own = devices.iter().position(|one| one.demux_id == self.demux);
        own.unwrap_or(devices.len())
    }

    /// Returns the history of the group that this device would start.
    fn history_of_start(&self) -> EraHistory {
        let history = self.history();
        if self.present.group == 0 && history.is_empty() {
            EraHistory::of_founder()
        } else {
            history
        }
    }

    fn start(&mut self, step: &mut Step<'_>) {
        let number = self.present.group.saturating_add(1);
        let leaf = self.new_leaf(step);
        let own = step.options.member_key.public();
        let start = GroupStart {
            link: self.link.clone(),
            member_key: step.options.member_key.clone(),
            leaf: &leaf,
            number,
            context: &self.known.statements_at(step.time.now, &own),
            history: self.history_of_start(),
        };
        let now = step.moment();
        let around = surroundings(&*step.options, &self.roster.history, step.time);
        let Ok(group) = Group::start(start, &around, &mut *step.rng) else {
            self.start_after = Some(now.plus(GROUP_INTERVAL));
            return;
        };
        self.start_after = Some(now.plus(FAILURE_PAUSE));
        self.commit_start(group, number, step);
    }

    fn commit_start(&mut self, mut group: Group, number: u32, step: &mut Step<'_>) {
        let Ok(view) = group.view() else { return };
        let additions = self.additions(&group, view, number, step);
        self.applicants.reject(&additions.bad);
        if additions.add.is_empty() {
            return;
        }
        let change = GroupChange {
            add: additions.add,
            context: ContextChange::default(),
            ..GroupChange::default()
        };
        let around = surroundings(&*step.options, &self.roster.history, step.time);
        match group.commit(&change, &around, &mut *step.rng) {
            Ok(commit) => {
                self.attempt = Some(Attempt {
                    commit: commit.clone(),
                    start: Some(group),
                    added: additions.used,
                    resend: step.moment().plus(RESEND_INTERVAL),
                });
                step.send(Message::Commit(commit));
            }
            Err(failure) => {
                self.commit_failed(failure, &additions.devices, step);
                self.start_after = self.commit_after;
            }
        }
    }
}
