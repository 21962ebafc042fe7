//! The statements about a room that a device keeps.

use anteroom_e2ee::{
    AdminPublicKey, Approval, Authority, MemberPublicKey, Policy, SignedStatement, Signer,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, CallLink, EraId, OpaqueUserId, Restrictions, RoomId,
    Timestamp, redacted_debug,
};
use serde::{Deserialize, Serialize};

use super::{
    signer::is_renewal_due,
    store::{RoomMark, StatementStore},
};
use crate::{Error, StatementStoreError, wire};

/// The maximum number of approvals: those of a person's devices and accounts on one machine, by an admin and
/// by co-admins.
const MOST_APPROVALS: usize = 16;

/// The maximum number of approvals of a later time than members add by.
const MOST_LATE_APPROVALS: usize = 16;

/// The highest policy that this device has seen of a room, and its approvals. Everything in it is signed by
/// the admin key of the room's link, or by co-admins.
#[derive(Clone, PartialEq, Eq)]
pub struct RoomStatements {
    room: RoomId,
    admin: AdminPublicKey,
    policy: Option<SignedStatement<Policy>>,
    /// The newest ones last.
    approvals: Vec<SignedStatement<Approval>>,
    /// Those of the admin key of a later time than members added by when they came, the newest ones last.
    late_approvals: Vec<SignedStatement<Approval>>,
}

redacted_debug!(RoomStatements);

/// A policy that the room service shows, beside the highest one that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyComparison {
    /// It is the same, or there is none and none was seen.
    Equal,
    /// It counts rather than the one that was seen, and is kept now.
    Newer,
    /// One that counts more was seen: the room service withholds it, or somebody with the passkey has
    /// replaced it.
    Older,
    /// It is no policy of the room's admins.
    Invalid,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    approvals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    late_approvals: Vec<String>,
}

impl RoomStatements {
    /// Creates the record of a room without statements.
    #[must_use]
    pub const fn new(room: RoomId, admin: AdminPublicKey) -> Self {
        Self {
            room,
            admin,
            policy: None,
            approvals: Vec::new(),
            late_approvals: Vec::new(),
        }
    }

    /// Returns what is stored of the room of a link; `None` if the link has no admin key.
    ///
    /// # Errors
    /// [`Error::LinkAdmin`] if the link's admin key is none; [`Error::Statements`] if the store cannot be
    /// read, or what it has does not make sense.
    pub fn load(link: &CallLink, store: &dyn StatementStore) -> Result<Option<Self>, Error> {
        let Some(named) = &link.admin else {
            return Ok(None);
        };
        let admin = AdminPublicKey::from_bytes(named.as_bytes()).map_err(|_| Error::LinkAdmin)?;
        let mut statements = Self::new(link.root_key.room_id(), admin);
        if let Some(stored) = store.load(&statements.mark())? {
            statements.add(&stored)?;
        }
        Ok(Some(statements))
    }

    /// Adds these statements to those that are stored.
    pub fn keep(&self, store: &dyn StatementStore) {
        store.update(&self.mark(), &mut |stored| {
            let mut merged = self.clone();
            if let Some(stored) = stored {
                merged.add(stored)?;
            }
            Ok(merged.to_bytes())
        });
    }

    /// Returns the statements without the approvals of a member key.
    pub(super) fn without_approvals(&self, member_key: &MemberPublicKey) -> Self {
        let mut others = self.clone();
        for approvals in [&mut others.approvals, &mut others.late_approvals] {
            approvals.retain(|approval| approval.claimed().member_key != *member_key);
        }
        others
    }

    /// Returns the key of the room in a store.
    #[must_use]
    pub fn mark(&self) -> RoomMark {
        RoomMark::of(&self.room, &self.admin)
    }

    /// Returns the highest policy that was seen.
    #[must_use]
    pub const fn policy(&self) -> Option<&SignedStatement<Policy>> {
        self.policy.as_ref()
    }

    /// Returns the highest policy as the room service stores it; empty if there is none.
    #[must_use]
    pub fn admin_statement(&self) -> AdminStatement {
        let policy = self.policy.as_ref();
        policy
            .and_then(|policy| AdminStatement::new(policy.as_bytes()).ok())
            .unwrap_or_default()
    }

    /// Returns the condition for being let in at `now`. Without a policy it is approval.
    #[must_use]
    pub fn restrictions_at(&self, now: Timestamp) -> Restrictions {
        let policy = self.policy.as_ref();
        policy.map_or(Restrictions::AdminApproval, |policy| {
            policy.claimed().restrictions_at(now)
        })
    }

    /// Returns whether an admin has to renew the policy.
    #[must_use]
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        let policy = self.policy.as_ref();
        policy.is_some_and(|policy| is_renewal_due(policy.claimed(), now))
    }

    /// Returns the approvals of a member key that have not ended and do not wait for their time, the newest first.
    /// Those of a co-admin count in the era of the policy that names the co-admin.
    pub fn approvals(
        &self,
        member_key: &MemberPublicKey,
        now: Timestamp,
    ) -> impl Iterator<Item = &SignedStatement<Approval>> {
        let late = self.late_approvals.iter();
        let due = late.filter(|approval| approval.added_from() <= now);
        let all = self.approvals.iter().chain(due);
        let mut due: Vec<_> = all
            .filter(|approval| is_open(approval, member_key, now))
            .collect();
        due.sort_by_key(|approval| order(approval));
        due.dedup();
        due.into_iter().rev()
    }

    /// Returns the approvals of a member key that wait, since members do not add by them yet.
    pub fn late_approvals(
        &self,
        member_key: &MemberPublicKey,
        now: Timestamp,
    ) -> impl Iterator<Item = &SignedStatement<Approval>> {
        let late = self.late_approvals.iter();
        late.filter(move |approval| {
            now < approval.added_from() && is_open(approval, member_key, now)
        })
    }

    /// Compares a policy that the room service shows, and keeps it if it counts.
    pub fn see_policy(&mut self, shown: &AdminStatement) -> PolicyComparison {
        if shown.is_empty() {
            return match self.policy {
                Some(_) => PolicyComparison::Older,
                None => PolicyComparison::Equal,
            };
        }
        match self.verified_policy(shown.as_bytes()) {
            Some(policy) => self.add_policy(policy),
            None => PolicyComparison::Invalid,
        }
    }

    /// Keeps an approval of a device that an admin has signed, or a co-admin of the era. Returns whether it
    /// is one. One by which members do not add at `now`, since it is of a later time, is kept beside the others until
    /// they do: it is newer than all that are signed until then. Of a co-admin none is kept so.
    pub fn see_approval(
        &mut self,
        shown: &ApprovalStatement,
        user: &OpaqueUserId,
        member_key: &MemberPublicKey,
        era: EraId,
        now: Timestamp,
    ) -> bool {
        let Ok(approval) = SignedStatement::<Approval>::parse(shown.as_bytes()) else {
            return false;
        };
        let policy = self.policy.as_ref().map(SignedStatement::claimed);
        let authority = Authority {
            admin: &self.admin,
            co_admins: policy.map_or(&[], |policy| policy.co_admins_in(era)),
        };
        let is_good = approval
            .verify(&self.room, &authority)
            .is_ok_and(|approval| approval.user == *user && approval.member_key == *member_key);
        match approval.added_from() <= now {
            _ if !is_good => return false,
            true => self.add_approval(approval),
            false if *approval.signer() == Signer::Admin => self.add_late_approval(approval),
            false => return false,
        }
        true
    }

    /// Returns the bytes to be stored, sealed: they show the user's id in the room.
    fn to_bytes(&self) -> Vec<u8> {
        let encoded = |approvals: &[SignedStatement<Approval>]| {
            let approvals = approvals.iter();
            approvals
                .map(|approval| wire::encode(approval.as_bytes()))
                .collect()
        };
        let body = Body {
            policy: self
                .policy
                .as_ref()
                .map(|policy| wire::encode(policy.as_bytes())),
            approvals: encoded(&self.approvals),
            late_approvals: encoded(&self.late_approvals),
        };
        // Texts alone are always serialized.
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Adds what was stored.
    fn add(&mut self, stored: &[u8]) -> Result<(), StatementStoreError> {
        let damaged = || StatementStoreError::new("it is damaged");
        let body: Body = serde_json::from_slice(stored).map_err(|_| damaged())?;
        if let Some(policy) = body.policy {
            let bytes = wire::decode(&policy).map_err(|_| damaged())?;
            self.add_policy(self.verified_policy(&bytes).ok_or_else(damaged)?);
        }
        let parse = |approval: &String| {
            let bytes = wire::decode(approval).map_err(|_| damaged())?;
            SignedStatement::parse(&bytes).map_err(|_| damaged())
        };
        for approval in &body.approvals {
            self.add_approval(parse(approval)?);
        }
        for approval in &body.late_approvals {
            self.add_late_approval(parse(approval)?);
        }
        Ok(())
    }

    fn verified_policy(&self, bytes: &[u8]) -> Option<SignedStatement<Policy>> {
        let policy = SignedStatement::<Policy>::parse(bytes).ok()?;
        let authority = Authority::of_admin(&self.admin);
        policy.verify(&self.room, &authority).ok()?;
        Some(policy)
    }

    fn add_policy(&mut self, policy: SignedStatement<Policy>) -> PolicyComparison {
        match &self.policy {
            Some(known) if *known == policy => PolicyComparison::Equal,
            Some(known) if !policy.supersedes(known) => PolicyComparison::Older,
            _ => {
                self.policy = Some(policy);
                PolicyComparison::Newer
            }
        }
    }

    /// Keeps the newest approval of each member key by the admin, and the newest by co-admins. Of too many those
    /// go that end first, so that ended ones make room.
    fn add_approval(&mut self, approval: SignedStatement<Approval>) {
        let place = |approval: &SignedStatement<Approval>| {
            let is_by_admin = matches!(approval.signer(), Signer::Admin);
            (approval.claimed().member_key, is_by_admin)
        };
        let is_same = |known: &SignedStatement<Approval>| place(known) == place(&approval);
        let is_newer = |known: &SignedStatement<Approval>| order(known) >= order(&approval);
        if self
            .approvals
            .iter()
            .any(|known| is_same(known) && is_newer(known))
        {
            return;
        }
        self.approvals.retain(|known| !is_same(known));
        self.late_approvals.retain(|known| *known != approval);
        self.approvals.push(approval);
        self.approvals.sort_by_key(order);
        if self.approvals.len() > MOST_APPROVALS {
            let ends = self.approvals.iter().map(|known| known.claimed().expires);
            let first = ends.enumerate().min_by_key(|(_, expires)| *expires);
            first.map(|(index, _)| self.approvals.remove(index));
        }
    }

    /// Keeps an approval beside the others. Of too many those of the earliest time go.
    fn add_late_approval(&mut self, approval: SignedStatement<Approval>) {
        if self.approvals.contains(&approval) || self.late_approvals.contains(&approval) {
            return;
        }
        self.late_approvals.push(approval);
        self.late_approvals.sort_by_key(order);
        let surplus = self
            .late_approvals
            .len()
            .saturating_sub(MOST_LATE_APPROVALS);
        self.late_approvals.drain(..surplus);
    }
}

fn is_open(
    approval: &SignedStatement<Approval>,
    member_key: &MemberPublicKey,
    now: Timestamp,
) -> bool {
    let approval = approval.claimed();
    approval.member_key == *member_key && now < approval.expires
}

fn order(approval: &SignedStatement<Approval>) -> (Timestamp, Timestamp) {
    (approval.claimed().issued, approval.claimed().expires)
}
