//! Co-admins.

use anteroom_protocol::OpaqueUserId;

use crate::MemberPublicKey;

/// A user who may sign approvals, barred entries and locks in the era of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoAdmin {
    /// The user.
    pub user: OpaqueUserId,
    /// The member key with which the user signs.
    pub member_key: MemberPublicKey,
}
