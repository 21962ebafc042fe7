//! The decision whether a leaf may be in.

use anteroom_protocol::{OpaqueUserId, Restrictions, Timestamp};

use super::{admission::Admission, context::RoomContext, signed_approvals::SignedApprovals};
use crate::{
    Approval, Authority, MemberPublicKey, SignedStatement, Signer, StatementError, statements::due,
    time::CLOCK_TOLERANCE,
};

/// The claims of a leaf.
#[derive(Clone, Copy, Debug)]
pub struct LeafClaim<'l> {
    /// The user.
    pub user: &'l OpaqueUserId,
    /// The member key.
    pub member_key: &'l MemberPublicKey,
    /// The admission.
    pub admission: &'l Admission,
}

/// The relation of a leaf to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is in the group.
    Present,
    /// It is to be added, and its member key was in before.
    Returning,
    /// It is to be added, and was not in before.
    New,
}

/// The reason for which a leaf may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionReason {
    /// The link has no admin key: the room service decides.
    ServiceDecision,
    /// The policy asks for nothing.
    Open,
    /// An approval, with its signer.
    Approval(Signer),
    /// The member key is an admin's.
    Admin,
}

/// The reason for which a leaf may not be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The policy asks for an approval, and there is none.
    #[error("nobody has let this device in")]
    Missing,
    /// The approval does not count.
    #[error("its approval does not count: {0}")]
    Approval(StatementError),
    /// The approval is another user's.
    #[error("its approval is another user's")]
    OtherUser,
    /// The approval is of another member key.
    #[error("its approval is of another device")]
    OtherKey,
    /// The approval is issued in the future.
    #[error("its approval is of a later time")]
    Early,
    /// The approval has expired.
    #[error("its approval has expired")]
    Expired,
    /// The approval ends so soon that members with other clocks would not merge an Add by it.
    #[error("its approval ends within minutes")]
    Ending,
    /// The approval is from before a moment that an admin set.
    #[error("its approval was withdrawn")]
    Void,
    /// The admin key did not sign the member key for this era.
    #[error("the admin's key did not sign for it")]
    AdminSignature,
    /// An admin has put the user or the device out.
    #[error("an admin has put it out")]
    Barred,
    /// The call is locked.
    #[error("the call is locked")]
    Locked,
}

/// The circumstances of a decision. Members merge by their clocks what a device commits by its own.
#[derive(Clone, Copy)]
struct Circumstances<'s> {
    now: Timestamp,
    /// The time at which an approval, or a policy that asks for none, has to hold yet.
    until: Timestamp,
    /// Returns the time from which an approval counts whose time is ahead.
    from: fn(&SignedStatement<Approval>) -> Timestamp,
    /// The approvals whose signatures need not be verified again.
    signed: Option<&'s SignedApprovals<'s>>,
}

impl Circumstances<'_> {
    /// Returns those for what somebody has committed, or is in a group.
    fn of_merge(now: Timestamp) -> Self {
        Self {
            now,
            until: now,
            from: |approval| approval.claimed().issued.minus(CLOCK_TOLERANCE),
            signed: None,
        }
    }

    /// Returns those for whom the device adds.
    fn of_addition(now: Timestamp) -> Self {
        Self {
            now,
            until: due::holds_until(now),
            from: SignedStatement::added_from,
            signed: None,
        }
    }

    /// Returns those for whom the device takes out.
    fn of_removal(now: Timestamp) -> Self {
        Self {
            until: due::ended_by(now),
            ..Self::of_merge(now)
        }
    }
}

impl RoomContext {
    /// Decides whether a leaf may be in at `now`.
    ///
    /// 1. Without an admin key everybody may: nobody could sign.
    /// 2. An admin may, also if barred, and also under a lock: a leaked admin secret is mended by a new link
    ///    alone.
    /// 3. Else there is an approval that counts, or the policy asks for none.
    /// 4. No barred entry names the user and the device, unless the approval was issued after it.
    /// 5. Under a lock nobody is added who was not in before.
    ///
    /// The moment of a full list of barred entries counts for leaves that are to be added alone: entries are made at
    /// once with the Remove of those whom they name.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn admits(
        &self,
        claim: &LeafClaim<'_>,
        presence: Presence,
        now: Timestamp,
    ) -> Result<AdmissionReason, AdmissionError> {
        self.decide(claim, presence, Circumstances::of_merge(now))
    }

    /// Decides as [`Self::admits`] about a leaf of a tree whose approvals were verified together.
    pub(crate) fn admits_of(
        &self,
        signed: &SignedApprovals<'_>,
        claim: &LeafClaim<'_>,
        presence: Presence,
        now: Timestamp,
    ) -> Result<AdmissionReason, AdmissionError> {
        let at = Circumstances {
            signed: Some(signed),
            ..Circumstances::of_merge(now)
        };
        self.decide(claim, presence, at)
    }

    /// Decides as [`Self::admits`] whether a leaf may be added at `now`, or start a group, by whoever commits it.
    /// Others merge it, whose clocks differ: an approval of a later time has to be nearer than there, and neither an
    /// approval nor a policy that asks for none ends within [`CLOCK_TOLERANCE`].
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn may_add(
        &self,
        claim: &LeafClaim<'_>,
        presence: Presence,
        now: Timestamp,
    ) -> Result<AdmissionReason, AdmissionError> {
        self.decide(claim, presence, Circumstances::of_addition(now))
    }

    fn decide(
        &self,
        claim: &LeafClaim<'_>,
        presence: Presence,
        at: Circumstances<'_>,
    ) -> Result<AdmissionReason, AdmissionError> {
        let Some(authority) = self.authority() else {
            return Ok(AdmissionReason::ServiceDecision);
        };
        if let Admission::Admin(signature) = claim.admission {
            return signature
                .verify(authority.admin, self.room(), self.era(), claim.member_key)
                .map(|()| AdmissionReason::Admin)
                .map_err(|_| AdmissionError::AdminSignature);
        }
        let approved = self.approved(claim, &authority, presence, at);
        let is_open = self.restrictions_at(at.until) == Restrictions::None;
        let (reason, issued) = match approved {
            Ok((signer, issued)) => (AdmissionReason::Approval(signer), Some(issued)),
            Err(_) if is_open => (AdmissionReason::Open, None),
            Err(error) => return Err(error),
        };
        if self.bars(claim, issued) {
            return Err(AdmissionError::Barred);
        }
        if self.is_locked() && presence == Presence::New {
            return Err(AdmissionError::Locked);
        }
        Ok(reason)
    }

    /// Returns whether a barred entry puts out a leaf of the group. Its approval counts against entries that
    /// are older, and only as long as it holds.
    #[must_use]
    pub fn is_barred(&self, claim: &LeafClaim<'_>, now: Timestamp) -> bool {
        self.puts_out(claim, Circumstances::of_merge(now))
    }

    /// Decides as [`Self::is_barred`] whether a leaf may be taken out at `now` by whoever commits it: an approval has
    /// to have ended for longer than where others merge it, whose clocks differ.
    #[must_use]
    pub fn may_take_out(&self, claim: &LeafClaim<'_>, now: Timestamp) -> bool {
        self.puts_out(claim, Circumstances::of_removal(now))
    }

    fn puts_out(&self, claim: &LeafClaim<'_>, at: Circumstances<'_>) -> bool {
        let Some(authority) = self.authority() else {
            return false;
        };
        if let Admission::Admin(signature) = claim.admission {
            let key = claim.member_key;
            let verified = signature.verify(authority.admin, self.room(), self.era(), key);
            return verified.is_err() && self.bars(claim, None);
        }
        let approved = self.approved(claim, &authority, Presence::Present, at);
        self.bars(claim, approved.ok().map(|(_, issued)| issued))
    }

    /// Returns the signer of a leaf's approval and the time at which it was issued, if it counts.
    fn approved(
        &self,
        claim: &LeafClaim<'_>,
        authority: &Authority<'_>,
        presence: Presence,
        at: Circumstances<'_>,
    ) -> Result<(Signer, Timestamp), AdmissionError> {
        let signed = claim.admission.approval().ok_or(AdmissionError::Missing)?;
        let approval = self.verified(signed, authority, presence, at)?;
        if approval.user != *claim.user {
            return Err(AdmissionError::OtherUser);
        }
        if approval.member_key != *claim.member_key {
            return Err(AdmissionError::OtherKey);
        }
        Ok((*signed.signer(), approval.issued))
    }

    /// Verifies the signature and the times of an approval.
    fn verified<'a>(
        &self,
        approval: &'a SignedStatement<Approval>,
        authority: &Authority<'_>,
        presence: Presence,
        at: Circumstances<'_>,
    ) -> Result<&'a Approval, AdmissionError> {
        let signed = approval;
        let approval = match at.signed.is_some_and(|known| known.has(signed)) {
            true => signed.claimed(),
            false => signed
                .verify(self.room(), authority)
                .map_err(AdmissionError::Approval)?,
        };
        if at.now < (at.from)(signed) {
            return Err(AdmissionError::Early);
        }
        if at.until >= approval.expires {
            return Err(match at.now >= approval.expires {
                true => AdmissionError::Expired,
                false => AdmissionError::Ending,
            });
        }
        let by_policy = self.policy_void_before();
        let by_entries = (presence != Presence::Present).then(|| self.barred().void_before());
        let void_before = by_policy.into_iter().chain(by_entries).max();
        if void_before.is_some_and(|void_before| approval.issued < void_before) {
            return Err(AdmissionError::Void);
        }
        Ok(approval)
    }

    /// Returns the moment before which approvals are void by the policy. Its era is excepted only while the
    /// context shows the entry that the moment is from: a later group of the same era id may lack it.
    #[must_use]
    pub fn policy_void_before(&self) -> Option<Timestamp> {
        let policy = self.policy().map(SignedStatement::claimed)?;
        let has_entry = self.barred().has_admin_entry_from(policy.void_before);
        Some(match has_entry {
            true => policy.void_before_in(self.era()),
            false => policy.void_before,
        })
    }

    /// Returns whether a barred entry puts a leaf out. An approval counts against entries before it.
    fn bars(&self, claim: &LeafClaim<'_>, approved: Option<Timestamp>) -> bool {
        let mut entries = self.barred().entries().iter().map(SignedStatement::claimed);
        entries.any(|entry| {
            let is_later = approved.is_some_and(|issued| issued > entry.time);
            entry.names(claim.user, claim.member_key) && !is_later
        })
    }
}
