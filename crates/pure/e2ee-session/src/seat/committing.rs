//! Own commits: what is to be committed, when, and what becomes of it.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    Applicant, CommitRefusal, ContextChange, GroupChange, GroupFailure, GroupView, Moment,
    Surroundings,
};
use anteroom_protocol::{DemuxId, GroupEpoch};

use super::Seat;
use crate::{
    ADD_DELAY, COMMITTER_PATIENCE, RESEND_INTERVAL,
    applicants::UsedKeyPackage,
    attempt::Attempt,
    event::{Event, LeaveReason},
    input::CommitRejection,
    output::Message,
    step::{Step, earlier, surroundings},
};

/// The time for which nothing is committed after the rejection of a commit.
const REJECTION_PAUSE: Duration = Duration::from_millis(500);

/// The same after one that could not be made.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// The maximum number of own commits that are remembered as given up.
const MAX_GIVEN_UP: usize = 8;

/// What is to be committed, and when.
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
        let work = self.work(step)?;
        let now = step.moment();
        let due = self
            .commit_after
            .map_or(work.due, |after| work.due.max(after));
        if now < due {
            return Some(due);
        }
        self.commit_work(work, step);
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
        let next = membership.next_context(&self.known, step.time.now).clone();
        if next.barred.contains(&own) {
            return None;
        }
        let mut due = None;
        let mut remove = next.barred;
        if next.is_changed || !remove.is_empty() {
            let since = *self.context_since.get_or_insert(now);
            let turn = if self.is_urgent {
                now
            } else {
                since.plus(patience)
            };
            due = earlier(due, Some(turn));
        } else {
            self.is_urgent = false;
            self.context_since = None;
        }
        for (leaf, claims) in &membership.view.leaves {
            if let Some(since) = self
                .roster
                .gone_since(claims.demux_id)
                .filter(|_| *leaf != own)
            {
                let absent = membership.removal_of(*leaf, since);
                due = earlier(due, Some(absent.plus(patience)));
                if now >= absent {
                    remove.insert(*leaf);
                }
            }
        }
        let asked = self.decide(&remove, step);
        due = earlier(due, asked.map(|asked| asked.plus(ADD_DELAY).plus(patience)));
        Some(Work {
            due: due?,
            remove,
            changes_context: next.is_changed,
        })
    }

    /// Decides about the devices that ask to be added. Returns the moment at which the first one asked that
    /// may be in.
    fn decide(&mut self, remove: &BTreeSet<u32>, step: &mut Step<'_>) -> Option<Moment> {
        let membership = self.membership.as_ref()?;
        let number = membership.group.epoch().group;
        let next = membership.next.as_ref()?;
        let mut first = None;
        let mut view = None;
        for device in self.applicants.in_order() {
            let application = self.applicants.get(device)?;
            let leaf = application.applicant.leaf().clone();
            let in_tree = &membership.view.leaves;
            let is_in = in_tree
                .values()
                .any(|one| one.member_key == leaf.member_key && one.demux_id == leaf.demux_id);
            let asks = application.group <= number
                && self.roster.is_connected(device)
                && !self.refusals.leaves_out(&leaf)
                && (!is_in || application.is_repeated);
            if !asks {
                continue;
            }
            let asked = application.first;
            let decision = match application.decision {
                Some(decision) => decision,
                None => {
                    let view = view.get_or_insert_with(|| {
                        let mut view = membership.view.clone();
                        view.context = next.context.clone();
                        view.leaves.retain(|leaf, _| !remove.contains(leaf));
                        view
                    });
                    let around = surroundings(step.options, &self.roster.history, step.time);
                    admits(view, &leaf, &around)
                }
            };
            if let Some(application) = self.applicants.get_mut(device) {
                application.decision = Some(decision);
            }
            match decision {
                Ok(()) => first = earlier(first, Some(asked)),
                Err(CommitRefusal::Duplicate) => {}
                Err(refusal) => {
                    if self.applicants.is_untold(&leaf.member_key, refusal) {
                        let claims = leaf;
                        step.tell(Event::NotAdmitted { claims, refusal });
                    }
                }
            }
        }
        first
    }

    /// Returns the devices that a commit adds to a group, and the leaves that it takes out for them.
    pub(super) fn additions(
        &self,
        mut view: GroupView,
        own: u32,
        number: u32,
        step: &Step<'_>,
    ) -> (
        Vec<Applicant>,
        BTreeSet<u32>,
        Vec<DemuxId>,
        Vec<UsedKeyPackage>,
    ) {
        let around = surroundings(step.options, &self.roster.history, step.time);
        let (mut add, mut remove) = (Vec::new(), BTreeSet::new());
        let (mut devices, mut used) = (Vec::new(), Vec::new());
        let mut free = u32::MAX;
        for device in self.applicants.in_order() {
            if add.len() >= self.add_limit {
                break;
            }
            let Some(application) = self.applicants.get(device) else {
                continue;
            };
            let leaf = application.applicant.leaf();
            let former = view.leaves.iter();
            let former = former
                .filter(|(_, one)| one.member_key == leaf.member_key)
                .map(|(index, one)| (*index, one.demux_id))
                .next();
            let is_in = former.is_some_and(|(_, demux)| demux == device);
            let asks = application.group <= number
                && self.roster.is_connected(device)
                && !self.refusals.leaves_out(leaf)
                && former.is_none_or(|(index, _)| index != own)
                && (!is_in || application.is_repeated);
            if !asks || admits(&view, leaf, &around).is_err() {
                continue;
            }
            if let Some((index, _)) = former {
                view.leaves.remove(&index);
                remove.insert(index);
            }
            view.leaves.insert(free, leaf.clone());
            free -= 1;
            add.push(application.applicant.clone());
            devices.push(device);
            used.extend(application.key_package());
        }
        (add, remove, devices, used)
    }

    fn commit_work(&mut self, work: Work, step: &mut Step<'_>) {
        let Some(membership) = &self.membership else {
            return;
        };
        let Some(next) = &membership.next else { return };
        let mut view = membership.view.clone();
        view.context = next.context.clone();
        view.leaves.retain(|leaf, _| !work.remove.contains(leaf));
        let epoch = membership.group.epoch();
        let own = membership.group.own_leaf();
        let (add, anew, devices, used) = self.additions(view, own, epoch.group, step);
        let context = if work.changes_context {
            self.known.statements()
        } else {
            ContextChange::default()
        };
        let change = GroupChange {
            add,
            remove: &work.remove | &anew,
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
                    added: used,
                    resend: step.moment().plus(RESEND_INTERVAL),
                });
                step.send(Message::Commit(commit));
            }
            Err(failure) => self.commit_failed(failure, &devices, step),
        }
    }

    /// Takes note that a commit could not be made.
    pub(super) fn commit_failed(
        &mut self,
        failure: GroupFailure,
        devices: &[DemuxId],
        step: &mut Step<'_>,
    ) {
        self.commit_after = Some(step.moment().plus(FAILURE_PAUSE));
        match failure {
            GroupFailure::TooLong if devices.len() > 1 => self.add_limit = devices.len() / 2,
            GroupFailure::Mls => self.leave(LeaveReason::Failed, step),
            GroupFailure::Pending => {
                if let Some(membership) = &mut self.membership {
                    membership.group.cancel_commit();
                }
            }
            _ => {
                for device in devices {
                    self.applicants.remove(*device);
                }
            }
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
        let is_start = |attempt: &mut Attempt| attempt.start.is_some();
        // A commit of the group stays until the one that was taken comes, which may be itself.
        self.attempt.take_if(is_start);
        if self.epoch() == Some(present) {
            self.give_up_attempt();
        }
    }

    /// Takes note that a commit was not taken.
    pub(super) fn receive_rejection(&mut self, rejection: CommitRejection, step: &mut Step<'_>) {
        let is_start = self.attempt.as_ref();
        let is_start = is_start.is_some_and(|attempt| attempt.start.is_some());
        self.give_up_attempt();
        let now = step.moment();
        if is_start && rejection == CommitRejection::Forbidden {
            self.start_after = Some(now.plus(crate::GROUP_INTERVAL));
        } else if is_start {
            self.start_after = Some(now.plus(FAILURE_PAUSE));
        } else {
            self.commit_after = Some(now.plus(REJECTION_PAUSE));
        }
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

/// Decides whether a device could be added. Its former leaf, if it has one, goes.
fn admits(
    view: &GroupView,
    leaf: &anteroom_e2ee::MemberLeaf,
    around: &Surroundings<'_>,
) -> Result<(), CommitRefusal> {
    let has_former = view
        .leaves
        .values()
        .any(|one| one.member_key == leaf.member_key);
    if !has_former {
        return view.admits(leaf, around).map(drop);
    }
    let mut view = view.clone();
    view.leaves
        .retain(|_, one| one.member_key != leaf.member_key);
    view.admits(leaf, around).map(drop)
}
