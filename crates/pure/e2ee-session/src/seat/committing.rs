//! Own commits: what is to be committed, when, and what becomes of it.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{ContextChange, GroupChange, GroupFailure, GroupView, Moment};
use anteroom_protocol::{DemuxId, GroupEpoch};

use super::Seat;
use crate::{
    ADD_DELAY, COMMITTER_PATIENCE, REMOVAL_DELAY, RESEND_INTERVAL,
    attempt::Attempt,
    event::{LeaveReason, Listing},
    input::CommitRejection,
    output::Message,
    step::{Step, earlier, surroundings},
};

/// The time after which a commit is sent again that came too soon after others.
const REJECTION_PAUSE: Duration = Duration::from_millis(500);

/// The same after one that could not be made.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// The same after one that could not be made with the devices that it adds: one of fewer is made.
const NARROWING_PAUSE: Duration = Duration::from_millis(100);

/// The maximum number of own commits that are remembered as given up.
const MAX_GIVEN_UP: usize = 8;

/// The parts of the next commit, and the moment at which they are due.
struct Work {
    due: Moment,
    remove: BTreeSet<u32>,
    changes_context: bool,
}

impl Seat {
    /// Commits what is due, if it is this device's turn. Returns the moment at which something will be.
    pub(super) fn commit_what_is_due(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let is_present = self.epoch() == Some(self.present);
        if self.attempt.is_some() || !is_present || !self.inbox.is_empty() {
            return None;
        }
        let work = self.work(step);
        let membership = self.membership.as_ref()?;
        let look = membership.next_look(step.time);
        let Some(work) = work else { return look };
        let now = step.moment();
        let due = self
            .commit_after
            .map_or(work.due, |after| work.due.max(after));
        if now < due {
            return earlier(look, Some(due));
        }
        self.commit_work(&work, step);
        // The answer comes before that, or the commit could not be made.
        self.commit_after
    }

    /// Returns what is to be committed, and the moment from which it is this device's turn.
    fn work(&mut self, step: &mut Step<'_>) -> Option<Work> {
        let now = step.moment();
        let membership = self.membership.as_mut()?;
        let committers = membership.committers(&self.roster);
        let own = membership.group.own_leaf();
        let rank = committers.iter().position(|leaf| *leaf == own);
        let patience = patience(rank.unwrap_or(committers.len()));
        let own_key = step.options.member_key.public();
        let next = membership.next_context(&self.known, &own_key, step.time.now);
        if next.barred.contains(&own) {
            return None;
        }
        let mut due = None;
        let mut remove = next.barred.clone();
        let changes_context = next.is_changed;
        if changes_context || !remove.is_empty() {
            let since = *membership.context_since.get_or_insert(now);
            let turn = if self.is_urgent {
                now
            } else {
                since.plus(patience)
            };
            due = earlier(due, Some(turn));
        } else {
            self.is_urgent = false;
            membership.context_since = None;
        }
        for leaf in membership.view.leaves.keys() {
            let absent = membership.absent_from(*leaf, &self.roster);
            if let Some(absent) = absent.filter(|_| *leaf != own) {
                due = earlier(due, Some(absent.plus(patience)));
                if now >= absent {
                    remove.insert(*leaf);
                }
            }
        }
        let max_devices = step.options.max_devices;
        for (leaf, gone) in self.taken_places(max_devices) {
            due = earlier(due, Some(gone.plus(patience)));
            if now >= gone {
                remove.insert(leaf);
            }
        }
        let asked = self.first_asked(&remove, step);
        due = earlier(due, asked.map(|asked| asked.plus(ADD_DELAY).plus(patience)));
        Some(Work {
            due: due?,
            remove,
            changes_context,
        })
    }

    /// Returns the leaves of the group that take the place of a device that asks, and that the roster lists with its
    /// user and key, with the moments from which they may be taken out: those under its number with another user or
    /// key, and, if its user has no leaf left, all of the user that the roster does not list. Others say nothing of
    /// such a leaf: its frames and messages can come from any place, and it can be made anew at any time.
    fn taken_places(&self, max_devices: usize) -> Vec<(u32, Moment)> {
        let Some(membership) = &self.membership else {
            return Vec::new();
        };
        let leaves = &membership.view.leaves;
        let own = membership.group.own_leaf();
        let asking = self.applicants.leaves();
        let asking = asking.filter(|asking| self.roster.listing(asking) == Listing::Listed);
        let (mut devices, mut users) = (BTreeSet::new(), BTreeSet::new());
        for asking in asking {
            devices.insert(asking.demux_id);
            let others = leaves.values().filter(|claims| {
                claims.user == asking.user && claims.member_key != asking.member_key
            });
            if others.count() >= max_devices {
                users.insert(&asking.user);
            }
        }
        let others = leaves.iter().filter(|(leaf, _)| **leaf != own);
        let taken = others.filter_map(|(leaf, claims)| {
            let takes = devices.contains(&claims.demux_id) || users.contains(&claims.user);
            let since = takes.then(|| self.roster.unlisted_since(claims))??;
            Some((*leaf, since.plus(REMOVAL_DELAY)))
        });
        taken.collect()
    }

    /// Returns the moment at which the first device asked that may be in the group after its next commit.
    fn first_asked(&mut self, remove: &BTreeSet<u32>, step: &mut Step<'_>) -> Option<Moment> {
        if self.applicants.is_empty() {
            return None;
        }
        let membership = self.membership.as_ref()?;
        let number = membership.group.epoch().group;
        let before = membership.view.clone();
        let mut view = GroupView {
            context: membership.next.as_ref()?.context.clone(),
            ..before.clone()
        };
        view.leaves.retain(|leaf, _| !remove.contains(leaf));
        self.decide(number, &before, &view, step)
    }

    /// Decides about the devices that ask to be added to a group. Returns the moment at which the first one
    /// asked that may be in.
    pub(super) fn decide(
        &mut self,
        number: u32,
        before: &GroupView,
        view: &GroupView,
        step: &mut Step<'_>,
    ) -> Option<Moment> {
        let mut first = None;
        let own = step.options.member_key.public();
        for device in self.applicants.in_order() {
            let application = self.applicants.get(device)?;
            let leaf = application.applicant.leaf().clone();
            if !self.may_ask(application, number, before, step.moment(), &own) {
                continue;
            }
            let asked = application.first;
            let decision = match application.decision {
                Some(decision) => decision,
                None => {
                    let around = surroundings(step.options, &self.roster.history, step.time);
                    self.admits(view, &leaf, &around)
                }
            };
            if let Some(application) = self.applicants.get_mut(device) {
                application.decision = Some(decision);
            }
            match decision {
                Ok(()) => first = earlier(first, Some(asked)),
                Err(refusal) => {
                    self.hint_to_applicant(device, &leaf, refusal, step);
                    self.tell_refusal(device, refusal, step);
                }
            }
        }
        first
    }

    fn commit_work(&mut self, work: &Work, step: &mut Step<'_>) {
        let Some(membership) = &self.membership else {
            return;
        };
        let Some(next) = &membership.next else { return };
        let mut view = membership.view.clone();
        view.context = next.context.clone();
        view.leaves.retain(|leaf, _| !work.remove.contains(leaf));
        let epoch = membership.group.epoch();
        let group = &membership.group;
        let additions = self.additions(group, view, epoch.group, step);
        let context = if work.changes_context {
            let own = step.options.member_key.public();
            self.known.statements_at(step.time.now, &own)
        } else {
            ContextChange::default()
        };
        self.applicants.reject(&additions.bad);
        let change = GroupChange {
            add: additions.add,
            remove: &work.remove | &additions.remove,
            context,
        };
        let Some(membership) = &mut self.membership else {
            return;
        };
        let around = surroundings(&*step.options, &self.roster.history, step.time);
        let made = membership.group.commit(&change, &around, &mut *step.rng);
        match made {
            Ok(commit) => {
                self.commit_after = None;
                self.attempt = Some(Attempt {
                    commit: commit.clone(),
                    start: None,
                    added: additions.used,
                    resend: step.moment().plus(RESEND_INTERVAL),
                });
                step.send(Message::Commit(commit));
            }
            Err(failure) => self.commit_failed(failure, &additions.devices, step),
        }
    }

    /// Takes note that a commit could not be made. A device that others let fail never leaves its group for it.
    pub(super) fn commit_failed(
        &mut self,
        failure: GroupFailure,
        devices: &[DemuxId],
        step: &mut Step<'_>,
    ) {
        let pause = match devices {
            [] => FAILURE_PAUSE,
            _ => NARROWING_PAUSE,
        };
        self.commit_after = Some(step.moment().plus(pause));
        match (failure, devices) {
            (GroupFailure::Pending, _) => {
                if let Some(membership) = &mut self.membership {
                    membership.group.cancel_commit();
                }
            }
            (GroupFailure::Mls, []) => self.leave(LeaveReason::Failed, step),
            (_, []) => {}
            (_, [device]) => self.applicants.reject(&[*device]),
            _ => self.add_limit = devices.len() / 2,
        }
    }

    /// Sends a commit again that was not answered. Returns the moment of the next time.
    pub(super) fn resend(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let attempt = self.attempt.as_mut()?;
        if step.moment() >= attempt.resend {
            attempt.resend = step.moment().plus(RESEND_INTERVAL);
            let commit = attempt.commit.clone();
            step.send(Message::Commit(commit));
        }
        self.attempt.as_ref().map(|attempt| attempt.resend)
    }

    /// Takes note that a commit was for another epoch than the present one.
    pub(super) fn receive_stale(&mut self, present: GroupEpoch) {
        self.present = present;
        // A commit of the group stays until the one that was taken comes, which may be itself. One that was
        // made for the present epoch is not the one that the error is about.
        let is_late = |attempt: &mut Attempt| {
            let next = present.group.saturating_add(1);
            attempt.start.is_some() && attempt.commit.epoch.group != next
        };
        self.attempt.take_if(is_late);
    }

    /// Takes note that a commit was not taken.
    pub(super) fn receive_rejection(&mut self, rejection: CommitRejection, step: &mut Step<'_>) {
        let now = step.moment();
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        if rejection == CommitRejection::RateLimited {
            // The same commit is sent again: it may have been taken after all.
            let pause = match attempt.start {
                Some(_) => RESEND_INTERVAL,
                None => REJECTION_PAUSE,
            };
            attempt.resend = now.plus(pause);
            return;
        }
        if attempt.start.is_some() {
            self.start_after = Some(now.plus(crate::GROUP_INTERVAL));
        }
        self.commit_after = Some(now.plus(FAILURE_PAUSE));
        self.give_up_attempt();
    }

    /// Forgets the own commit that has yet to come back.
    pub(super) fn give_up_attempt(&mut self) {
        let Some(attempt) = self.attempt.take() else {
            return;
        };
        if attempt.start.is_none() {
            if let Some(membership) = &mut self.membership {
                membership.group.cancel_commit();
            }
            self.remember_given_up(attempt.commit.body);
        }
    }

    pub(super) fn remember_given_up(&mut self, body: Vec<u8>) {
        self.given_up.push_back(body);
        if self.given_up.len() > MAX_GIVEN_UP {
            self.given_up.pop_front();
        }
    }
}

/// Returns the time for which a device of a rank waits for those before it.
pub(super) fn patience(rank: usize) -> Duration {
    COMMITTER_PATIENCE.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX))
}
