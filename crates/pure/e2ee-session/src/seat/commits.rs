//! Commits that the room service tells, and the entry into groups.

use std::collections::BTreeMap;

use anteroom_e2ee::{
    AdmissionReason, CHANGE_DELAY, CommitEffect, CommitError, CommitRefusal, EpochChange,
    EpochFrames, GroupView, MAX_ADDS, Moment, RemovalReason,
};
use anteroom_protocol::{DemuxId, GroupEpoch, printable_name};

use super::{Seat, ToldCommit, bars::barred_by};
use crate::{
    COMMIT_HOLD,
    attempt::Attempt,
    event::{Event, LeaveReason},
    membership::Membership,
    output::Output,
    step::{Step, surroundings},
};

/// The maximum number of commits that wait behind one that is held.
const MAX_INBOX: usize = 64;

/// The number of the first connected members, besides the committer, that confirm at once after an admin's
/// removal.
const WITNESSES: usize = 2;

impl Seat {
    /// Takes a commit that the room service told.
    pub(super) fn receive_commit(
        &mut self,
        at: GroupEpoch,
        from: DemuxId,
        body: Vec<u8>,
        step: &mut Step<'_>,
    ) {
        self.present = self.present.max(at.next());
        if self.inbox.len() >= MAX_INBOX {
            self.leave(LeaveReason::MissedCommit, step);
            return;
        }
        let until = step.moment().plus(COMMIT_HOLD);
        self.inbox.push_back(ToldCommit {
            at,
            from,
            body,
            until,
        });
    }

    /// Processes the commits that were told. Returns the moment of the next look at one that is held.
    pub(super) fn take_commits(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        while let Some(told) = self.inbox.pop_front() {
            if let Some(held) = self.take_commit(told, step) {
                let look = self.hold(&held, step);
                self.inbox.push_front(held);
                return Some(look);
            }
        }
        self.open_early_messages(step);
        None
    }

    /// Processes a commit; returns it if it is held.
    fn take_commit(&mut self, told: ToldCommit, step: &mut Step<'_>) -> Option<ToldCommit> {
        if self.takes_start(&told, step) {
            return None;
        }
        let membership = self.membership.as_mut()?;
        let epoch = membership.group.epoch();
        if told.at < epoch {
            return None;
        }
        if told.at.group > epoch.group {
            self.leave(LeaveReason::NextGroup, step);
            self.follow_next_group(told.at.group, told.from, step);
            return None;
        }
        if told.at != epoch {
            self.leave(LeaveReason::MissedCommit, step);
            return None;
        }
        let received = membership.group.receive_commit(
            told.at,
            &told.body,
            &surroundings(step.options, &self.roster.history, step.time),
        );
        match received {
            Ok(change) => self.merge(told.at, change, step),
            Err(CommitError::Refused {
                refusal: CommitRefusal::Removal,
                ..
            }) if self.may_hold(&told, step.moment()) => return Some(told),
            Err(CommitError::Malformed) if self.given_up.contains(&told.body) => {
                // An own commit that the room service said it had not taken.
                self.leave(LeaveReason::MissedCommit, step);
            }
            Err(error) => self.refuse(&told, error, step),
        }
        None
    }

    /// Takes note of the start of a group that this device is not in (yet).
    pub(super) fn follow_next_group(&mut self, number: u32, starter: DemuxId, step: &mut Step<'_>) {
        if number > 1 {
            let is_own = false;
            step.tell(Event::NextGroup { number, is_own });
        }
        self.refusals.next_group();
        self.wait_after_start(starter, step);
    }

    /// Processes the commit of the group that this device starts; returns whether it was.
    fn takes_start(&mut self, told: &ToldCommit, step: &mut Step<'_>) -> bool {
        let is_start = |attempt: &mut Attempt| {
            let starts = attempt.start.is_some();
            starts && attempt.commit.epoch.group <= told.at.group
        };
        let Some(attempt) = self.attempt.take_if(is_start) else {
            if self.membership.is_none() && told.at.epoch == 0 {
                self.follow_next_group(told.at.group, told.from, step);
            }
            return false;
        };
        let own = attempt.commit.epoch == told.at && attempt.commit.body == told.body;
        let Some(mut group) = attempt.start.filter(|_| own) else {
            if self.membership.is_none() {
                self.follow_next_group(told.at.group, told.from, step);
            }
            return false;
        };
        let change = group.receive_commit(
            told.at,
            &told.body,
            &surroundings(step.options, &self.roster.history, step.time),
        );
        let Ok(change) = change else { return true };
        self.applicants.use_up(attempt.added);
        group.remember(&self.history());
        let own_leaf = self.own_leaf(step);
        let mut reasons: BTreeMap<_, _> = self
            .reason(&own_leaf, step)
            .map(|reason| (group.own_leaf(), reason))
            .into_iter()
            .collect();
        let entered = group.view().ok().and_then(|view| {
            reasons.extend(new_leaves(&change.effect, &view));
            Membership::new(group, reasons, step.moment()).ok()
        });
        if let Some((membership, frames)) = entered {
            self.leave(LeaveReason::NextGroup, step);
            self.enter(membership, frames, true, step);
        }
        true
    }

    /// Enters a group.
    pub(super) fn enter(
        &mut self,
        mut membership: Membership,
        frames: EpochFrames,
        is_own: bool,
        step: &mut Step<'_>,
    ) {
        membership.verify_certificates(step.options, step.time.now);
        let epoch = membership.group.epoch();
        self.note_first_epoch(epoch);
        let number = epoch.group;
        let is_next = number > 1 && (is_own || self.refusals.wanted_since().is_some());
        self.refusals.next_group();
        self.note_entry(&membership);
        if is_own || epoch.epoch == 1 {
            let starter = membership.welcome.map_or(self.demux, |(_, from)| from);
            self.wait_after_start(starter, step);
        }
        self.commit_after = None;
        self.give_up_attempt();
        self.inbox.clear();
        self.early_messages.clear();
        self.asking = None;
        self.welcome_failures = 0;
        self.add_limit = MAX_ADDS;
        for leaf in membership.view.leaves.values() {
            self.applicants.remove(leaf.demux_id);
        }
        self.applicants.reconsider();
        // The name may be a newer one than that of the leaf, whose key package went out before.
        let leaf = membership.view.leaves.get(&membership.group.own_leaf());
        let name = step.options.name.as_deref().and_then(printable_name);
        membership.has_new_name = leaf.is_some_and(|leaf| leaf.name != name);
        membership.name_at = membership
            .has_new_name
            .then(|| step.moment().plus(CHANGE_DELAY));
        let statements = membership.view.context.statements();
        let members = membership.statuses(&self.roster);
        self.membership = Some(membership);
        if is_next {
            step.tell(Event::NextGroup { number, is_own });
        }
        step.outputs.push_back(Output::FrameKeys(frames));
        step.tell(Event::Entered { epoch, members });
        self.learn(&statements, step);
        // Own statements that no group had yet.
        self.is_urgent |= self.known != self.shared;
    }

    /// Takes the effect of a commit that the group has merged.
    fn merge(&mut self, at: GroupEpoch, change: EpochChange, step: &mut Step<'_>) {
        let now = step.moment();
        // The start of the next group can be taken after a commit of this one.
        let attempt = self.attempt.take_if(|attempt| attempt.start.is_none());
        if let Some(attempt) = attempt {
            if change.is_own {
                self.applicants.use_up(attempt.added);
            } else {
                self.remember_given_up(attempt.commit.body);
            }
        }
        let EpochChange { effect, frames, .. } = change;
        let Some(frames) = frames else {
            self.leave_by_commit(&effect.removed, step);
            return;
        };
        let Some(membership) = &mut self.membership else {
            return;
        };
        let before = membership.view.clone();
        membership.welcome = None;
        if membership.change_epoch(at, &frames, now).is_err() {
            self.leave(LeaveReason::Failed, step);
            return;
        }
        membership.verify_certificates(step.options, step.time.now);
        let committer = effect.committer;
        membership.hear_commit(committer);
        if let Some(claims) = before.leaves.get(&committer) {
            self.refusals.merged(at, claims);
        }
        let reasons: Vec<_> = new_leaves(&effect, &membership.view).collect();
        let added: Vec<u32> = reasons.iter().map(|(leaf, _)| *leaf).collect();
        membership.reasons.extend(reasons);
        if !added.is_empty() && membership.has_new_name {
            membership.name_at = Some(now.plus(CHANGE_DELAY));
        }
        // A confirmation that this commit has crossed is repeated.
        let crossed = membership.confirmations.last_sent().is_some_and(|last| {
            now < last.plus(core::time::Duration::from_secs(1)) && membership.others() > 0
        });
        // The device that an entry names may have left before.
        let has_barred = effect.context.barred() != before.context.barred()
            || effect
                .removed
                .iter()
                .any(|(_, reason)| *reason == RemovalReason::Barred);
        let own = membership.group.own_leaf();
        let witnesses = membership.committers(&self.roster).into_iter();
        let mut witnesses = witnesses.filter(|leaf| *leaf != committer).take(WITNESSES);
        if crossed {
            membership.repeat_confirmation(now);
        }
        if has_barred && witnesses.any(|leaf| leaf == own) {
            membership.confirm_at = Some(now);
        }
        step.outputs.push_back(Output::FrameKeys(frames));
        // The reason why somebody comes in is told before it is seen.
        let lock = effect.context.lock();
        if let Some(lock) = lock.filter(|lock| before.context.lock() != Some(lock)) {
            step.tell(Event::Lock {
                is_on: lock.claimed().on,
                signer: *lock.signer(),
            });
        }
        for (leaf, reason) in effect.removed {
            if let Some(claims) = before.leaves.get(&leaf).cloned() {
                step.tell(Event::MemberRemoved {
                    signer: barred_by(&effect.context, &claims, reason),
                    leaf,
                    claims,
                    reason,
                    committer,
                });
            }
        }
        let Some(membership) = &self.membership else {
            return;
        };
        for leaf in added {
            if let Some(member) = membership.status(leaf, &self.roster) {
                self.applicants.remove(member.claims.demux_id);
                step.tell(Event::MemberAdded { member, committer });
            }
        }
        self.applicants.reconsider();
        self.add_limit = MAX_ADDS;
        if effect.context != before.context {
            self.learn(&effect.context.statements(), step);
            if let Some(membership) = &mut self.membership {
                membership.context_since = None;
                membership.renewal_look = None;
            }
        }
    }

    /// Leaves a group that a commit has taken this device out of.
    fn leave_by_commit(&mut self, removed: &[(u32, RemovalReason)], step: &mut Step<'_>) {
        let own = self.membership.as_ref();
        let own = own.map(|membership| membership.group.own_leaf());
        let mut reasons = removed.iter();
        let reason = reasons.find(|(leaf, _)| Some(*leaf) == own);
        let reason = reason.map_or(RemovalReason::Absent, |(_, reason)| *reason);
        self.is_barred = reason == RemovalReason::Barred;
        if self.is_barred {
            self.said.clear();
        }
        // The Welcome for the new leaf comes after the commit.
        let is_anew = reason == RemovalReason::AddedAnew;
        let asking = self.asking.take_if(|_| is_anew);
        self.leave(LeaveReason::Removed(reason), step);
        self.asking = asking;
    }

    /// Refuses a commit: leaves the group, and does not ask it again.
    fn refuse(&mut self, told: &ToldCommit, error: CommitError, step: &mut Step<'_>) {
        let membership = self.membership.as_ref();
        let is_removal = matches!(
            error,
            CommitError::Refused {
                refusal: CommitRefusal::Removal,
                ..
            }
        );
        let committer = match error {
            CommitError::Refused { committer, .. } => committer,
            _ => None,
        };
        let view = membership.map(|membership| &membership.view);
        let committer = committer.and_then(|leaf| view?.leaves.get(&leaf).cloned());
        let welcome = membership.and_then(Membership::doubtful_welcome);
        let welcome = welcome.filter(|_| committer.is_none());
        let (at, from) = welcome.unwrap_or((told.at, told.from));
        let sender = view.and_then(|view| view.leaf_of_device(from));
        let sender = sender.map(|(_, claims)| claims.clone());
        let users = membership.map(Membership::users).unwrap_or_default();
        self.send_refusal(at, step);
        step.tell(Event::CommitRefused {
            from: told.from,
            committer: committer.clone(),
            error,
        });
        let now = step.moment();
        self.leave(LeaveReason::RefusedCommit, step);
        let is_proven = committer.is_some();
        let culprit = committer.or(sender);
        // Rosters, clocks and histories differ between honest devices. The whole tree is checked on the way back.
        let group = at.group;
        self.refusals.leave_group(group, culprit.as_ref(), now);
        if from == self.demux {
            // Nobody else could have sent it but the room service, or a fault of this device.
            self.refusals.want_next(now);
        } else {
            // A committer whose roster alone leaves out a device is no liar, and it may be the later commit that
            // does not hold: most users leave the committer out, if they do.
            if is_removal || welcome.is_some() {
                self.refusals.want_next(now);
            } else {
                self.refusals.refused(culprit.as_ref(), from, now);
            }
            if let Some(culprit) = culprit {
                let user = &step.options.user;
                let refusals = &mut self.refusals;
                refusals.accuse(at, &culprit, is_proven, user, users);
            }
        }
        self.give_up_group(at.group);
    }
}

/// Returns the leaves that a commit has added.
fn new_leaves(
    effect: &CommitEffect,
    view: &GroupView,
) -> impl Iterator<Item = (u32, AdmissionReason)> {
    effect.added.iter().filter_map(|(added, reason)| {
        let (leaf, _) = view.leaf_of_key(&added.member_key)?;
        Some((leaf, *reason))
    })
}
