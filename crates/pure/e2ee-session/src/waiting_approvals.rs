//! Approvals of this device that do not count yet.

use std::collections::VecDeque;

use anteroom_e2ee::{Approval, SignedStatement, Signer};
use anteroom_protocol::Timestamp;

/// The maximum number of approvals of each kind that wait.
const MAX_WAITING: usize = 4;

/// Approvals of this device that do not count yet.
#[derive(Default)]
pub(crate) struct WaitingApprovals {
    /// Those of co-admins whom the known policy does not name, the last ones that came.
    unnamed: VecDeque<SignedStatement<Approval>>,
    /// Those of the admin key of so late a time that others add by none of them, the latest ones: every member can
    /// send the others again.
    late: Vec<SignedStatement<Approval>>,
}

impl WaitingApprovals {
    /// Keeps an approval of a co-admin that the known policy does not name. The newer one can come later: the
    /// admin's client publishes it beside the call, while the group has it already and the co-admin decides.
    pub(crate) fn keep_unnamed(&mut self, approval: SignedStatement<Approval>) {
        if *approval.signer() != Signer::Admin {
            push(&mut self.unnamed, approval);
        }
    }

    /// Keeps an approval until others add by it, and returns whether it was not kept yet, and is one of the latest.
    pub(crate) fn keep_late(&mut self, approval: &SignedStatement<Approval>) -> bool {
        let issued = |one: &SignedStatement<Approval>| one.claimed().issued;
        if self.late.contains(approval) {
            return false;
        }
        self.late.push(approval.clone());
        self.late.sort_by_key(issued);
        let surplus = self.late.len().saturating_sub(MAX_WAITING);
        self.late.drain(..surplus);
        self.late.contains(approval)
    }

    /// Takes the approvals of co-admins, since there is another policy.
    pub(crate) fn take_unnamed(&mut self) -> VecDeque<SignedStatement<Approval>> {
        core::mem::take(&mut self.unnamed)
    }

    /// Takes the approvals by which others add at `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<SignedStatement<Approval>> {
        let late = core::mem::take(&mut self.late).into_iter();
        let (late, due) = late.partition(|approval| is_late(approval, now));
        self.late = late;
        due
    }

    /// Returns the time from which others add by one of the approvals.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.late.iter().map(SignedStatement::added_from).min()
    }

    /// Keeps the approvals of a former seat before those of this one. Those of co-admins are of one era.
    pub(crate) fn keep_former(&mut self, former: Self, is_same_era: bool) {
        let own = core::mem::replace(
            self,
            Self {
                unnamed: VecDeque::new(),
                late: former.late,
            },
        );
        if is_same_era {
            self.unnamed = former.unnamed;
        }
        for approval in own.unnamed {
            push(&mut self.unnamed, approval);
        }
        for approval in &own.late {
            self.keep_late(approval);
        }
    }
}

/// Returns whether an approval of the admin key is of so late a time that others do not add by it yet. A removal gives
/// such ones if its entry is of a late time, and they alone are not void in later eras.
pub(crate) fn is_late(approval: &SignedStatement<Approval>, now: Timestamp) -> bool {
    *approval.signer() == Signer::Admin && now < approval.added_from()
}

fn push(waiting: &mut VecDeque<SignedStatement<Approval>>, approval: SignedStatement<Approval>) {
    if waiting.contains(&approval) {
        return;
    }
    waiting.push_back(approval);
    if waiting.len() > MAX_WAITING {
        waiting.pop_front();
    }
}
