//! The approvals of a whole tree, verified together.

use std::collections::BTreeSet;

use super::{admission::Admission, context::RoomContext};
use crate::{Approval, SignedStatement, Signer, statements::are_all_signed};

/// The least number of approvals that are verified together: below it each for itself costs less.
const MIN_BATCH: usize = 3;

/// The approvals whose signatures by the admin key are known to hold.
#[derive(Debug, Default)]
pub(crate) struct SignedApprovals<'a>(BTreeSet<&'a [u8]>);

impl SignedApprovals<'_> {
    /// Returns whether the signature of an approval is known to hold.
    pub(super) fn has(&self, approval: &SignedStatement<Approval>) -> bool {
        self.0.contains(approval.as_bytes())
    }
}

impl RoomContext {
    /// Returns the approvals of the admin key among admissions, if all of their signatures hold. Else it returns
    /// none, and each is verified for itself, which tells the one that does not hold.
    pub(crate) fn signed_approvals<'a>(
        &self,
        admissions: impl Iterator<Item = &'a Admission>,
    ) -> SignedApprovals<'a> {
        let of_admin: Vec<&SignedStatement<Approval>> = admissions
            .filter_map(Admission::approval)
            .filter(|approval| *approval.signer() == Signer::Admin)
            .collect();
        match self.authority() {
            Some(authority)
                if of_admin.len() >= MIN_BATCH
                    && are_all_signed(&of_admin, self.room(), authority.admin) =>
            {
                SignedApprovals(
                    of_admin
                        .into_iter()
                        .map(SignedStatement::as_bytes)
                        .collect(),
                )
            }
            _ => SignedApprovals::default(),
        }
    }
}
