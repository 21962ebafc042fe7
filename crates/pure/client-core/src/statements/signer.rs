//! The signing of statements by an admin's client.

use anteroom_e2ee::{
    AdminKey, AdminPublicKey, AdminSecret, BarredList, Policy, SignedStatement, Signer,
    StatementError, StatementKey,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, Restrictions, RoomId, Timestamp, redacted_debug,
};

use crate::{AdminRights, Approval, Participant, StatementOmission};

/// The remaining time of a policy below which it is renewed, in seconds: half of the longest.
const RENEWAL_TIME: u64 = Policy::MAX_VALIDITY / 2;

/// Signs the statements of the admins of one room.
#[derive(Clone)]
pub struct StatementSigner {
    room: RoomId,
    key: AdminKey,
}

redacted_debug!(StatementSigner);

impl AdminRights {
    /// Returns the signer of a room's statements; `None` with the passkey alone.
    #[must_use]
    pub fn signer(&self, room: &RoomId) -> Option<StatementSigner> {
        match self {
            Self::Secret(secret) => Some(StatementSigner::new(secret, room)),
            Self::Passkey(_) => None,
        }
    }
}

impl StatementSigner {
    /// Creates the signer of a room's statements.
    #[must_use]
    pub fn new(secret: &AdminSecret, room: &RoomId) -> Self {
        let (room, key) = (*room, secret.admin_key(room));
        Self { room, key }
    }

    /// Returns the public key under which members verify.
    #[must_use]
    pub fn public(&self) -> AdminPublicKey {
        self.key.public()
    }

    /// Signs the policy after a decision about the lobby. It counts rather than `known`, the highest one that
    /// is known; what that one says of earlier approvals and of co-admins stays. The counter is at least the
    /// time, so that the decision counts rather than earlier ones that are withheld from this device.
    ///
    /// # Errors
    /// [`StatementError::Forbidden`] if no policy can follow.
    pub fn policy(
        &self,
        approval: Approval,
        known: Option<&SignedStatement<Policy>>,
        now: Timestamp,
    ) -> Result<AdminStatement, StatementError> {
        let known = known.map(SignedStatement::claimed);
        let next = known.map_or(Some(1), |known| known.counter.checked_add(1));
        let next = next.ok_or(StatementError::Forbidden)?;
        self.sign(&Policy {
            room: self.room,
            restrictions: approval.into(),
            counter: next.max(now.as_secs()),
            since: now,
            until: now.plus(Policy::MAX_VALIDITY),
            void_before: known.map_or(Timestamp::from_secs(0), |known| known.void_before),
            void_here: known.map_or(Timestamp::from_secs(0), |known| known.void_here),
            era: known.and_then(|known| known.era),
            co_admins: known.map_or_else(Vec::new, |known| known.co_admins.clone()),
        })
    }

    /// Signs a policy anew that holds, and not for long any more; `None` if it need not be renewed. Its counter
    /// stays, so that the renewal of a policy that another one has replaced never counts.
    ///
    /// # Errors
    /// [`StatementError::Forbidden`] if the policy cannot be signed.
    pub fn renewal(
        &self,
        known: &SignedStatement<Policy>,
        now: Timestamp,
    ) -> Result<Option<AdminStatement>, StatementError> {
        if !is_renewal_due(known.claimed(), now) {
            return Ok(None);
        }
        let renewed = Policy {
            since: now,
            until: now.plus(Policy::MAX_VALIDITY),
            ..known.claimed().clone()
        };
        self.sign(&renewed).map(Some)
    }

    /// Signs the approval of a device, which holds for 30 days. It is void neither by the newest policy nor by the
    /// entries of the call that name the device, whose times can be ahead of this clock.
    ///
    /// # Errors
    /// [`StatementOmission`]: the user or the member key of the device are not known, or the room service states another
    /// key than the device; the moment is so far ahead that members would take nobody in by the approval yet.
    pub fn approval(
        &self,
        device: &Participant,
        policy: Option<&SignedStatement<Policy>>,
        barred: &BarredList,
        now: Timestamp,
    ) -> Result<ApprovalStatement, StatementOmission> {
        let without_key = || StatementOmission::without_key(device);
        let user = device.user.clone().ok_or_else(without_key)?;
        let member_key = device.member_key().ok_or_else(without_key)?;
        let policy = policy.map_or(now, |policy| policy.claimed().void_before);
        let void_before = policy.max(barred.void_before_of(&user, &member_key));
        let issued = anteroom_e2ee::Approval::time_of(&Signer::Admin, now, void_before);
        let issued = issued.ok_or(StatementOmission::Early)?;
        let approval = anteroom_e2ee::Approval {
            room: self.room,
            user,
            member_key,
            issued,
            expires: issued.plus(anteroom_e2ee::Approval::DEFAULT_VALIDITY),
        };
        let signed = SignedStatement::sign(&approval, &StatementKey::Admin(&self.key));
        let signed = signed.map_err(|_| without_key())?;
        ApprovalStatement::new(signed.as_bytes()).map_err(|_| without_key())
    }

    fn sign(&self, policy: &Policy) -> Result<AdminStatement, StatementError> {
        let signed = SignedStatement::sign(policy, &StatementKey::Admin(&self.key))?;
        AdminStatement::new(signed.as_bytes()).map_err(|_| StatementError::Forbidden)
    }
}

/// Returns whether a policy has to be renewed. One that asks for approvals never has: it asks for them after
/// its end too. One that has ended has not either: an admin decides anew, and nobody who was shown an old policy
/// makes it hold again.
pub(super) fn is_renewal_due(policy: &Policy, now: Timestamp) -> bool {
    policy.restrictions == Restrictions::None
        && policy.since < now
        && now < policy.until
        && policy.until < now.plus(RENEWAL_TIME)
}

impl From<Approval> for Restrictions {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::Required => Self::AdminApproval,
            Approval::Off => Self::None,
        }
    }
}
