//! Removals: the barred entries that this device signs, now or once they can be of the time that they need.

use anteroom_e2ee::{
    AdmissionReason, Approval, BarredEntry, CLOCK_TOLERANCE, ContextChange, MemberLeaf,
    MemberPublicKey, Moment, Policy, SignedStatement, Signer,
};
use anteroom_protocol::{DemuxId, OpaqueUserId, Timestamp};

use super::Seat;
use crate::{
    error::CommandError,
    event::{BarState, Event},
    input::BarScope,
    membership::Membership,
    output::Message,
    pending_bar::{PendingBar, WaitingRemoval},
    step::{Step, earlier},
};

/// The time by which an approval may be ahead for a removal to be of its time, in seconds: members merge an entry of the
/// admin key that is up to 16 minutes ahead, and approvals of the second after it are given.
const MAX_LEAD: u64 = CLOCK_TOLERANCE + 120;

/// The maximum number of removals that wait. Of more, the oldest is told as not confirmed.
const MAX_WAITING: usize = 64;

/// The maximum time between two looks at the removals that wait.
const LOOK_INTERVAL: core::time::Duration = core::time::Duration::from_secs(60);

impl Seat {
    /// Puts a device, or its user, out of the group. A removal that has to be of a later time than an entry can be now
    /// waits, and is signed then.
    pub(super) fn bar(
        &mut self,
        device: DemuxId,
        scope: BarScope,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        let membership = self.membership()?;
        self.check_connection()?;
        let own = membership.group.own_leaf();
        let found = membership.view.leaf_of_device(device);
        let found = found.filter(|(leaf, _)| *leaf != own);
        let (_, claims) = found.ok_or(CommandError::UnknownMember)?;
        let claims = claims.clone();
        let mut entry = BarredEntry {
            room: *self.known.room(),
            user: claims.user.clone(),
            member_key: (scope == BarScope::Device).then_some(claims.member_key),
            time: step.time.now,
        };
        if entry.names(&step.options.user, &step.options.member_key.public()) {
            return Err(CommandError::OwnDevice);
        }
        let signer = self.signer(step.options)?;
        entry.time = self.removal_time(&entry, membership);
        // A removal that is written again does not wait for longer.
        if let Some(waiting) = self.removals.iter().find(|one| one.is_of(&entry)) {
            entry.time = entry.time.min(waiting.entry.time);
        }
        let (signed, change) = self.signed_entry(&entry, step)?;
        let latest = BarredEntry::latest_time(&signer, step.time.now);
        let seconds = entry.time.as_secs().saturating_sub(latest.as_secs());
        if seconds > 0 {
            self.keep_removal(WaitingRemoval { claims, entry }, step);
            let needs_admin = signer != Signer::Admin;
            return Err(CommandError::EarlyRemoval {
                seconds,
                needs_admin,
            });
        }
        self.put_out(claims, (&entry, signed), change, step);
        Ok(())
    }

    /// Signs an entry, which is to count.
    fn signed_entry(
        &self,
        entry: &BarredEntry,
        step: &Step<'_>,
    ) -> Result<(SignedStatement<BarredEntry>, ContextChange), CommandError> {
        let signed = self.sign(entry, step.options)?;
        let change = ContextChange {
            barred: vec![signed.clone()],
            ..ContextChange::default()
        };
        // Beyond a number the entries of a co-admin do not count.
        let known = self.known.with(&change);
        let counts =
            known.barred().entries().contains(&signed) || entry.time < known.barred().void_before();
        match counts {
            true => Ok((signed, change)),
            false => Err(CommandError::TooManyBarred),
        }
    }

    /// Commits an entry at once, with what an admin signs besides.
    fn put_out(
        &mut self,
        claims: MemberLeaf,
        (entry, signed): (&BarredEntry, SignedStatement<BarredEntry>),
        mut change: ContextChange,
        step: &mut Step<'_>,
    ) {
        let time = entry.time;
        // One that waits for the same would only come later.
        self.removals.retain(|one| !one.is_of(entry));
        let mut approved = self.approved_members(step);
        approved.retain(|(one, _)| {
            let mut entries = self.removals.iter().map(|waiting| &waiting.entry);
            let is_named = |entry: &BarredEntry| entry.names(&one.user, &one.member_key);
            // Those who are about to be put out would come back by it.
            !is_named(entry) && !entries.any(is_named)
        });
        let change_policy = |policy: &mut Policy| {
            // An approval of the entry's own second is void too.
            policy.void_before = policy.void_before.max(time.plus(1));
            policy
                .co_admins
                .retain(|one| !entry.names(&one.user, &one.member_key));
        };
        if let Ok(policy) = self.policy(step, change_policy) {
            step.send(Message::Policy(policy.clone()));
            change.policy = Some(policy);
            // In later eras approvals from before are void: those who are in by one get new ones.
            if !approved.is_empty() {
                self.send_approvals(&approved, time.plus(1), step);
            }
        }
        self.bars.push(PendingBar {
            claims,
            entry: signed,
            since: step.moment(),
            is_told: false,
        });
        self.commit_at_once(&change, step);
    }

    /// Keeps a removal until it can be signed, in the place of one of the same.
    fn keep_removal(&mut self, removal: WaitingRemoval, step: &mut Step<'_>) {
        let entry = &removal.entry;
        self.removals.retain(|one| !one.is_of(entry));
        if self.removals.len() >= MAX_WAITING {
            step.tell(not_confirmed(self.removals.remove(0)));
        }
        self.removals.push(removal);
    }

    /// Signs the removals that have waited for their time: those too of devices that have left the group meanwhile, by
    /// the service's word or their own, and would come back. Returns the moment of the next look.
    pub(super) fn carry_out_removals(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        self.membership
            .as_ref()
            .filter(|_| !self.removals.is_empty())?;
        let now = step.time.now;
        // The right to sign may have ended.
        let latest = self.signer(step.options).ok();
        let latest = latest.map(|signer| BarredEntry::latest_time(&signer, now));
        let mut next = None;
        let admins = self.known.barred().entries().iter();
        let admins = admins.filter(|entry| *entry.signer() == Signer::Admin);
        let admins: Vec<_> = admins.map(|entry| entry.claimed().clone()).collect();
        // An admin has done it meanwhile, and may let the device in again.
        self.removals
            .retain(|removal| !admins.iter().any(|entry| removal.is_done_by(entry)));
        for WaitingRemoval { claims, mut entry } in self.removals.clone() {
            // Meanwhile others may have been given approvals, also by the removal before this one.
            entry.time = entry.time.max(self.given_time(now));
            let wait = latest.map(|latest| entry.time.as_secs().saturating_sub(latest.as_secs()));
            if let Some(seconds) = wait.filter(|seconds| *seconds > 0) {
                let wait = core::time::Duration::from_secs(seconds).min(LOOK_INTERVAL);
                next = earlier(next, Some(step.moment().plus(wait)));
                continue;
            }
            let shown = self.membership.as_ref().map(|membership| {
                let probe = BarredEntry {
                    time: now,
                    ..entry.clone()
                };
                self.removal_time(&probe, membership)
            });
            // For approvals that leaves show it waits once: what came later, and needs more, is another decision.
            let possible = shown.into_iter().chain(latest).min();
            entry.time = possible.map_or(entry.time, |possible| possible.max(entry.time));
            match self.signed_entry(&entry, step) {
                Ok((signed, change)) => self.put_out(claims, (&entry, signed), change, step),
                Err(_) => {
                    self.removals.retain(|one| !one.is_of(&entry));
                    step.tell(not_confirmed(WaitingRemoval { claims, entry }));
                }
            }
        }
        next
    }

    /// Takes back the removals that wait of a device that the person lets in. Those of a user for another device of the
    /// user stay: whose device it is says the room service.
    pub(crate) fn withdraw_removals(&mut self, user: &OpaqueUserId, member_key: &MemberPublicKey) {
        self.removals.retain(|one| {
            one.claims.member_key != *member_key || !one.entry.names(user, member_key)
        });
    }

    /// Takes the events of the removals that wait, since they are not signed any more.
    pub(crate) fn give_up_waiting_removals(&mut self) -> Vec<Event> {
        let removals = core::mem::take(&mut self.removals);
        removals.into_iter().map(not_confirmed).collect()
    }

    /// Returns the time that an entry of now needs: not earlier than the approvals that those whom it names
    /// may have, by one of which they would come back. An approval in a leaf can be ahead, by a clock that was; and
    /// others are given after a removal, or by another admin's device, not earlier than the moment from which they are
    /// not void.
    fn removal_time(&self, entry: &BarredEntry, membership: &Membership) -> Timestamp {
        let now = entry.time;
        let leaves = membership.view.leaves.iter();
        let named = leaves.filter(|(_, one)| entry.names(&one.user, &one.member_key));
        let shown = named.filter_map(|(leaf, one)| {
            let approval = one.admission.approval()?;
            self.lets_in(approval, one, membership.reasons.get(leaf))
                .then_some(approval.claimed().issued)
        });
        let near = shown.filter(|issued| *issued <= now.plus(MAX_LEAD));
        near.fold(self.given_time(now), Timestamp::max)
    }

    /// Returns the time of the latest approvals that an admin may have given to members, if they are not far ahead.
    fn given_time(&self, now: Timestamp) -> Timestamp {
        let entries = self.known.barred().entries().iter();
        let by_admin = entries.filter(|entry| *entry.signer() == Signer::Admin);
        let given = by_admin.map(|entry| entry.claimed().time.plus(1));
        let policy = self.known.policy().map(SignedStatement::claimed);
        let given = given.chain(policy.map(|policy| policy.void_before));
        let issued = given.chain([self.last_issued]);
        let near = issued.filter(|issued| *issued <= now.plus(MAX_LEAD));
        near.fold(now, Timestamp::max)
    }

    /// Returns whether an approval has let a leaf in, or will: in an open room a leaf can show whatever, of a time that
    /// would put its removal off, or that of another device.
    fn lets_in(
        &self,
        approval: &SignedStatement<Approval>,
        leaf: &MemberLeaf,
        reason: Option<&AdmissionReason>,
    ) -> bool {
        if let Some(AdmissionReason::Approval(_)) = reason {
            return true;
        }
        let claimed = approval.claimed();
        let is_own = claimed.user == leaf.user && claimed.member_key == leaf.member_key;
        is_own && *approval.signer() == Signer::Admin && self.is_signed(approval)
    }

    /// Returns whether the signature of an approval holds.
    fn is_signed(&self, approval: &SignedStatement<Approval>) -> bool {
        let authority = self.known.authority();
        authority.is_some_and(|authority| approval.verify(self.known.room(), &authority).is_ok())
    }

    /// Takes note of the time of approvals that this device, or another one of an admin, gives to members. One that is
    /// far ahead lets nobody in for long.
    pub(super) fn note_issued(&mut self, issued: Timestamp, now: Timestamp) {
        if issued <= now.plus(MAX_LEAD) {
            self.last_issued = self.last_issued.max(issued);
        }
    }

    /// Takes note of the latest one of the approvals that a member sends to all.
    pub(super) fn note_approvals(
        &mut self,
        approvals: &[SignedStatement<Approval>],
        now: Timestamp,
    ) {
        let by_admin = approvals
            .iter()
            .filter(|one| *one.signer() == Signer::Admin);
        let latest = by_admin.max_by_key(|one| one.claimed().issued);
        let latest = latest.filter(|one| self.last_issued < one.claimed().issued);
        if let Some(latest) = latest.filter(|latest| self.is_signed(latest)) {
            self.note_issued(latest.claimed().issued, now);
        }
    }
}

fn not_confirmed(removal: WaitingRemoval) -> Event {
    let (claims, state) = (removal.claims, BarState::NotConfirmed);
    Event::Barred { claims, state }
}
