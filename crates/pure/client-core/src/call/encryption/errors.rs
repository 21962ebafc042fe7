//! The errors of the room service that answer messages of the session.

use anteroom_e2ee::{Approval, SignedStatement};
use anteroom_e2ee_session::{CommandError, CommitRejection, Input};
use anteroom_protocol::{ApprovalStatement, GroupEpoch};

use super::{Encryption, Surroundings};
use crate::call::event::StatementOmission;

impl Encryption {
    /// Takes an error of the room service. Returns whether it is the answer to a message of the session: one
    /// about a commit states the present epoch, all but the one about its length.
    pub(in super::super) fn take_error(
        &mut self,
        code: &str,
        present: Option<GroupEpoch>,
        of: Option<&str>,
        surroundings: Surroundings<'_>,
    ) -> bool {
        let rejection = match code {
            "rate_limited" => CommitRejection::RateLimited,
            _ => CommitRejection::Other,
        };
        let is_about_commit = of == Some("commit") || (of.is_none() && present.is_some());
        let input = match code {
            _ if !self.is_on => return false,
            "commits_dropped" => Input::CommitsDropped,
            _ if of == Some("refuse") => Input::RefusalRejected(rejection),
            "stale_commit" => Input::StaleCommit { present },
            _ if !self.awaits_commit => return false,
            "too_large" => Input::CommitRejected(rejection),
            _ if is_about_commit => Input::CommitRejected(rejection),
            _ => return false,
        };
        if !matches!(input, Input::RefusalRejected(_)) {
            self.awaits_commit = false;
        }
        self.handle(input, surroundings);
        true
    }
}

/// Returns an approval that the session has signed; none if this device has no right to.
///
/// # Errors
/// Approvals of now are void.
pub(super) fn signed_approval(
    signed: Result<SignedStatement<Approval>, CommandError>,
) -> Result<Option<ApprovalStatement>, StatementOmission> {
    match signed {
        Err(CommandError::Early) => Err(StatementOmission::Early),
        signed => Ok(signed
            .ok()
            .and_then(|signed| ApprovalStatement::new(signed.as_bytes()).ok())),
    }
}
