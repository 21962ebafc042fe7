//! The decisions of co-admins that were taken lately.

use std::{collections::VecDeque, mem, time::Duration};

use anteroom_e2ee::{MemberPublicKey, Moment};
use anteroom_e2ee_session::{CoAdminDecision, MAX_WAITING, Verdict};
use anteroom_protocol::DemuxId;

/// The time for which a co-admin's decision that is said again is left out.
const REPEAT_PAUSE: Duration = Duration::from_secs(2);
/// The time in which as many decisions of a co-admin are taken as devices wait in a lobby that is told.
const PERIOD: Duration = Duration::from_secs(10);

/// The decisions of co-admins that were taken lately. A co-admin can send many, and each makes the device of an
/// admin send a message, and stands on its screen.
#[derive(Default)]
pub(super) struct DecisionLog {
    taken: VecDeque<LogEntry>,
}

struct LogEntry {
    at: Moment,
    by: MemberPublicKey,
    device: DemuxId,
    member_key: MemberPublicKey,
    verdict: mem::Discriminant<Verdict>,
}

impl DecisionLog {
    /// Returns whether a decision of the co-admin with a member key is to be taken now, and takes note of it.
    pub(super) fn takes(
        &mut self,
        by: &MemberPublicKey,
        decision: &CoAdminDecision,
        now: Moment,
    ) -> bool {
        self.taken.retain(|one| one.at.plus(PERIOD) > now);
        let verdict = mem::discriminant(&decision.verdict);
        let of_co_admin = || self.taken.iter().filter(|one| one.by == *by);
        let is_repeated = of_co_admin().any(|one| {
            one.device == decision.device
                && one.member_key == decision.member_key
                && one.verdict == verdict
                && one.at.plus(REPEAT_PAUSE) > now
        });
        if is_repeated || of_co_admin().count() >= MAX_WAITING {
            return false;
        }
        self.taken.push_back(LogEntry {
            at: now,
            by: *by,
            device: decision.device,
            member_key: decision.member_key,
            verdict,
        });
        true
    }
}
