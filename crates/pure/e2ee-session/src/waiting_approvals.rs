//! Approvals of this device that do not count yet.

use std::collections::VecDeque;

use anteroom_e2ee::{Approval, SignedStatement, Signer};
use anteroom_protocol::Timestamp;

/// The maximum number of approvals of each kind that wait. The last ones are kept.
const MAX_WAITING: usize = 4;

/// Approvals of this device that do not count yet.
#[derive(Default)]
pub(crate) struct WaitingApprovals {
    /// Those of co-admins whom the known policy does not name.
    unnamed: VecDeque<SignedStatement<Approval>>,
    /// Those of the admin key of so late a time that others add by none of them.
    late: VecDeque<SignedStatement<Approval>>,
}

impl WaitingApprovals {
    /// Keeps an approval of a co-admin that the known policy does not name. The newer one can come later: the
    /// admin's client publishes it beside the call, while the group has it already and the co-admin decides.
    pub(crate) fn keep_unnamed(&mut self, approval: SignedStatement<Approval>) {
        if *approval.signer() != Signer::Admin {
            push(&mut self.unnamed, approval);
        }
    }

    /// Keeps an approval of the admin key until others add by it, and returns whether they do not yet. A removal gives
    /// such ones if its entry is of a late time, and they alone are not void in later eras.
    pub(crate) fn keeps_late(
        &mut self,
        approval: &SignedStatement<Approval>,
        now: Timestamp,
    ) -> bool {
        let is_late = *approval.signer() == Signer::Admin && now < approval.added_from();
        if is_late {
            push(&mut self.late, approval.clone());
        }
        is_late
    }

    /// Takes the approvals of co-admins, since there is another policy.
    pub(crate) fn take_unnamed(&mut self) -> VecDeque<SignedStatement<Approval>> {
        core::mem::take(&mut self.unnamed)
    }

    /// Takes the approvals by which others add at `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> VecDeque<SignedStatement<Approval>> {
        let late = core::mem::take(&mut self.late).into_iter();
        let (due, late) = late.partition(|approval| approval.added_from() <= now);
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
        for approval in own.late {
            push(&mut self.late, approval);
        }
    }
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
