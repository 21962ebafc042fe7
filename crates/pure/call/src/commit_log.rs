//! The order of the commits of an era, and the last ones of the present group.

use std::collections::VecDeque;

use anteroom_protocol::{DemuxId, GroupEpoch};

use crate::{
    COMMITS_PER_SECOND, CommitBody, GROUP_INTERVAL, KEPT_COMMIT_BYTES, KEPT_COMMITS, Moment,
    REFUSAL_INTERVAL, token_bucket::TokenBucket,
};

type CommitBucket = TokenBucket<COMMITS_PER_SECOND, COMMITS_PER_SECOND>;

/// A commit that the call has taken.
#[derive(Clone, Debug)]
pub(crate) struct TakenCommit {
    /// The epoch that it ended.
    pub(crate) at: GroupEpoch,
    pub(crate) from: DemuxId,
    pub(crate) body: CommitBody,
}

/// The place of a commit in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitPlace {
    /// The commit ends the present epoch.
    Present,
    /// The commit starts the next group.
    NextGroup,
}

/// The right by which a device starts the next group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Starter {
    Admin,
    /// Everybody may start it.
    Anybody,
    /// Most users refuse a commit of the present group, and an admin is active.
    Refuser,
}

/// The order of commits: the present epoch, and the commits that led there.
#[derive(Debug)]
pub(crate) struct CommitLog {
    present: GroupEpoch,
    /// The last commits of the present group, the oldest first, without a gap up to the present.
    commits: VecDeque<TakenCommit>,
    bytes: usize,
    /// The start of the present group.
    started: Option<Moment>,
    /// The last start of a group by an admin.
    started_by_admin: Option<Moment>,
    /// The last start of a group for refusals, if no admin has started one since.
    started_by_refusers: Option<Moment>,
    rate: CommitBucket,
}

impl Default for CommitLog {
    fn default() -> Self {
        Self {
            present: GroupEpoch::default(),
            commits: VecDeque::new(),
            bytes: 0,
            started: None,
            started_by_admin: None,
            started_by_refusers: None,
            rate: CommitBucket::full(),
        }
    }
}

impl CommitLog {
    /// Returns the present epoch.
    pub(crate) const fn present(&self) -> GroupEpoch {
        self.present
    }

    /// Returns the place of a commit; `None` if it is not for the present epoch, and starts no group.
    pub(crate) fn place(&self, at: GroupEpoch) -> Option<CommitPlace> {
        if at.epoch == 0 && self.present.group.checked_add(1) == Some(at.group) {
            Some(CommitPlace::NextGroup)
        } else {
            (at == self.present && at.group > 0).then_some(CommitPlace::Present)
        }
    }

    /// Returns whether the limits of the call let a commit pass, which starts a group or goes to the present one.
    /// Commits to the present group cannot delay the start of the next one, nor can others that of an admin.
    pub(crate) fn may_take(&self, starter: Option<Starter>, now: Moment) -> bool {
        let last = match starter {
            None => return self.rate.holds(1, now),
            Some(Starter::Admin) => self.started_by_admin,
            Some(Starter::Anybody | Starter::Refuser) => self.started,
        };
        last.is_none_or(|last| now.since(last) >= GROUP_INTERVAL)
    }

    /// Returns whether refusals can lead to the next group while an admin is active.
    pub(crate) fn heeds_refusals(&self, now: Moment) -> bool {
        let last = self.started_by_refusers;
        last.is_none_or(|last| now.since(last) >= REFUSAL_INTERVAL)
    }

    /// Takes a commit that has a place: its next epoch is the present one.
    pub(crate) fn take(&mut self, commit: TakenCommit, starter: Option<Starter>, now: Moment) {
        if let Some(starter) = starter {
            self.commits.clear();
            self.bytes = 0;
            self.started = Some(now);
            match starter {
                Starter::Admin => {
                    self.started_by_admin = Some(now);
                    self.started_by_refusers = None;
                }
                Starter::Anybody => {}
                Starter::Refuser => self.started_by_refusers = Some(now),
            }
        } else {
            self.rate.take(1, now);
        }
        self.present = commit.at.next();
        self.bytes += commit.body.as_bytes().len();
        self.commits.push_back(commit);
        while self.commits.len() > KEPT_COMMITS || self.bytes > KEPT_COMMIT_BYTES {
            let Some(oldest) = self.commits.pop_front() else {
                return;
            };
            self.bytes -= oldest.body.as_bytes().len();
        }
    }

    /// Returns the commits since an epoch, if the call still has all of them.
    pub(crate) fn since(&self, have: GroupEpoch) -> impl Iterator<Item = &TakenCommit> {
        let epochs = (have.group == self.present.group)
            .then(|| self.present.epoch.checked_sub(have.epoch))
            .flatten();
        let known = self.commits.len();
        let missed = epochs
            .and_then(|epochs| usize::try_from(epochs).ok())
            .filter(|missed| *missed <= known);
        self.commits.iter().skip(known - missed.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_an_earlier_group_are_dropped() {
        let mut log = CommitLog::default();
        let commit = |group, epoch| TakenCommit {
            at: GroupEpoch { group, epoch },
            from: DemuxId::new(16).unwrap(),
            body: CommitBody::new(*b"sealed").unwrap(),
        };
        for (group, epoch) in [(1, 0), (1, 1), (2, 0)] {
            let starter = (epoch == 0).then_some(Starter::Anybody);
            log.take(commit(group, epoch), starter, Moment::default());
        }
        assert_eq!((log.commits.len(), log.bytes), (1, 6));
        assert_eq!(log.present(), GroupEpoch { group: 2, epoch: 1 });
    }

    #[test]
    fn no_group_follows_the_last_number() {
        let mut log = CommitLog {
            present: GroupEpoch {
                group: u32::MAX - 1,
                epoch: 7,
            },
            ..CommitLog::default()
        };
        let last = GroupEpoch {
            group: u32::MAX,
            epoch: 0,
        };
        assert_eq!(log.place(last), Some(CommitPlace::NextGroup));
        log.present = last.next();
        assert_eq!(log.place(last.next()), Some(CommitPlace::Present));
        for group in [u32::MAX, 0, 1] {
            assert_eq!(log.place(GroupEpoch { group, epoch: 0 }), None);
        }
    }
}
