//! Commands of the person.

use anteroom_e2ee::{
    AdminKey, AdmissionReason, Approval, BarredEntry, CLOCK_TOLERANCE, CoAdmin, ContextChange,
    Lock, MemberLeaf, Policy, SignedStatement, Signer, Statement, StatementKey,
};
use anteroom_protocol::{DemuxId, Restrictions, Timestamp, printable_name};

use super::Seat;
use crate::{
    content::Content,
    error::CommandError,
    input::{BarScope, Command},
    membership::Membership,
    options::SessionOptions,
    output::Message,
    pending_bar::PendingBar,
    step::Step,
};

/// The time by which an approval may be ahead for a removal to be of its time, in seconds: members merge an entry of the
/// admin key that is up to 16 minutes ahead, and approvals of the second after it are given.
const MAX_LEAD: u64 = CLOCK_TOLERANCE + 120;

impl Seat {
    /// Carries out a command.
    pub(crate) fn command(
        &mut self,
        command: Command,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        match command {
            Command::Say(text) => self.say(&text, step),
            Command::SetName(name) => {
                self.set_name(&name, step);
                Ok(())
            }
            Command::Lock(on) => self.lock(on, step),
            Command::Bar { device, scope } => self.bar(device, scope, step),
            Command::SetCoAdmins(co_admins) => self.set_co_admins(co_admins, step),
            Command::TellLobby(waiting) => self.tell_lobby(waiting, step),
            Command::Decide { device, verdict } => self.send_decision(&device, verdict, step),
        }
    }

    /// Changes the name. The next leaf has it; the members of the present group are told.
    fn set_name(&mut self, name: &str, step: &mut Step<'_>) {
        let name = printable_name(name);
        step.options.name = name;
        if let Some(membership) = &mut self.membership {
            membership.has_new_name = true;
            membership.name_at = Some(step.moment());
        }
    }

    fn lock(&mut self, on: bool, step: &mut Step<'_>) -> Result<(), CommandError> {
        let lock = Lock {
            room: *self.known.room(),
            era: self.era,
            on,
            time: self.statement_time(step),
        };
        // A person who cannot lock the call is told that, and not to wait for a group.
        let lock = self.sign(&lock, step.options)?;
        self.membership()?;
        let change = ContextChange {
            lock: Some(lock),
            ..ContextChange::default()
        };
        self.commit_at_once(&change, step);
        Ok(())
    }

    fn bar(
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
        let time = self.removal_time(&entry, membership, step.options)?;
        entry.time = time;
        let signed = self.sign(&entry, step.options)?;
        let mut change = ContextChange {
            barred: vec![signed.clone()],
            ..ContextChange::default()
        };
        // Beyond a number the entries of a co-admin do not count.
        let known = self.known.with(&change);
        let counts =
            known.barred().entries().contains(&signed) || time < known.barred().void_before();
        if !counts {
            return Err(CommandError::TooManyBarred);
        }
        let mut approved = self.approved_members(step);
        approved.retain(|(one, _)| !entry.names(&one.user, &one.member_key));
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
        Ok(())
    }

    /// Returns the time of an entry that is made now: not earlier than the approvals that those whom it names
    /// may have. An approval in a leaf can be ahead, by a clock that was; and others are given after a removal, or by
    /// another admin's device, not earlier than the moment from which they are not void.
    ///
    /// # Errors
    /// [`CommandError::EarlyRemoval`]: an entry of that time is not committed yet, and whom an earlier one puts out
    /// comes back by such an approval.
    fn removal_time(
        &self,
        entry: &BarredEntry,
        membership: &Membership,
        options: &SessionOptions,
    ) -> Result<Timestamp, CommandError> {
        let now = entry.time;
        let latest = BarredEntry::latest_time(&self.signer(options)?, now);
        let entries = self.known.barred().entries().iter();
        let by_admin = entries.filter(|entry| *entry.signer() == Signer::Admin);
        let given = by_admin.map(|entry| entry.claimed().time.plus(1));
        let policy = self.known.policy().map(SignedStatement::claimed);
        let given = given.chain(policy.map(|policy| policy.void_before));
        let leaves = membership.view.leaves.iter();
        let named = leaves.filter(|(_, one)| entry.names(&one.user, &one.member_key));
        let shown = named.filter_map(|(leaf, one)| {
            let approval = one.admission.approval()?;
            self.lets_in(approval, membership.reasons.get(leaf))
                .then_some(approval.claimed().issued)
        });
        let issued = given.chain(shown).chain([self.last_issued]);
        let near = issued.filter(|issued| *issued <= now.plus(MAX_LEAD));
        let time = near.fold(now, Timestamp::max);
        match time.as_secs().saturating_sub(latest.as_secs()) {
            0 => Ok(time),
            seconds => Err(CommandError::EarlyRemoval { seconds }),
        }
    }

    /// Returns whether an approval has let a leaf in, or will: in an open room a leaf can show whatever, of a time that
    /// would put its removal off.
    fn lets_in(
        &self,
        approval: &SignedStatement<Approval>,
        reason: Option<&AdmissionReason>,
    ) -> bool {
        if let Some(AdmissionReason::Approval(_)) = reason {
            return true;
        }
        *approval.signer() == Signer::Admin && self.is_signed(approval)
    }

    /// Returns whether the signature of an approval holds.
    fn is_signed(&self, approval: &SignedStatement<Approval>) -> bool {
        let authority = self.known.authority();
        authority.is_some_and(|authority| approval.verify(self.known.room(), &authority).is_ok())
    }

    /// Takes note of the time of approvals that this device, or another one of an admin, gives to members. One that is
    /// far ahead lets nobody in for long.
    fn note_issued(&mut self, issued: Timestamp, now: Timestamp) {
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

    fn set_co_admins(
        &mut self,
        co_admins: Vec<CoAdmin>,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        self.membership()?;
        self.check_connection()?;
        if co_admins.iter().any(|one| self.known.bars_co_admin(one)) {
            return Err(CommandError::Barred);
        }
        // Newcomers would refuse those whom a former co-admin has let in.
        let remains = |signer: &Signer| match signer {
            Signer::Admin => true,
            Signer::CoAdmin(key) => co_admins.iter().any(|one| one.member_key == *key),
        };
        let mut let_in = self.approved_members(step);
        let_in.retain(|(_, signer)| !remains(signer));
        let policy = self.policy(step, |policy| policy.co_admins = co_admins)?;
        step.send(Message::Policy(policy.clone()));
        if !let_in.is_empty() {
            // Those from before a removal of a later time are void in later eras.
            let void_before = self.known.policy().map(|one| one.claimed().void_before);
            let issued = void_before.map_or(step.time.now, |moment| moment.max(step.time.now));
            self.send_approvals(&let_in, issued, step);
        }
        let change = ContextChange {
            policy: Some(policy),
            ..ContextChange::default()
        };
        self.commit_at_once(&change, step);
        Ok(())
    }

    /// Returns the members that came in by an approval which counted for the group then, each with its signer: they
    /// alone get new ones with a change. Nobody has let in a member without an approval, or with one that did not
    /// count; one that has ended is over; and an entry puts out whom it names, also before its commit.
    ///
    /// The statements that the device knows run ahead of those of the group, and by them approvals are void, or of no
    /// co-admin, whose members have not come in anew yet: they are not asked.
    fn approved_members(&self, step: &Step<'_>) -> Vec<(MemberLeaf, Signer)> {
        let Some(Membership { view, reasons, .. }) = self.membership.as_ref() else {
            return Vec::new();
        };
        let now = step.time.now;
        let holds = |one: &MemberLeaf| {
            let approval = one.admission.approval();
            approval.is_some_and(|approval| now < approval.claimed().expires)
                && !self.known.is_barred(&one.claim(), now)
        };
        let approved = reasons.iter().filter_map(|(leaf, reason)| match reason {
            AdmissionReason::Approval(signer) => Some((view.leaves.get(leaf)?.clone(), *signer)),
            _ => None,
        });
        approved.filter(|(one, _)| holds(one)).collect()
    }

    /// Sends new approvals to members.
    fn send_approvals(
        &mut self,
        members: &[(MemberLeaf, Signer)],
        issued: Timestamp,
        step: &mut Step<'_>,
    ) {
        self.note_issued(issued, step.time.now);
        let approvals = members.iter().filter_map(|(one, _)| {
            let device = (&one.user, &one.member_key);
            self.sign_approval(device, issued, step.options).ok()
        });
        let approvals = Content::Approvals(approvals.collect());
        self.send_content(&approvals, step);
    }

    /// Signs the next policy of the room, for this era. Its counter is at least the time, so that it counts rather
    /// than earlier ones that are withheld; what has ended does not hold again.
    fn policy(
        &self,
        step: &Step<'_>,
        change: impl FnOnce(&mut Policy),
    ) -> Result<SignedStatement<Policy>, CommandError> {
        self.known.admin().ok_or(CommandError::NoAdminKey)?;
        let key = self.admin_key(step.options);
        let key = key.ok_or(CommandError::NotAdmin)?;
        let now = step.time.now;
        let known = self.known.policy().map(SignedStatement::claimed);
        let next = known.map_or(1, |known| known.counter.saturating_add(1));
        let none = Timestamp::from_secs(0);
        let authority = self.known.authority();
        let co_admins = authority.map_or(&[][..], |authority| authority.co_admins);
        let mut policy = Policy {
            room: *self.known.room(),
            restrictions: known.map_or(Restrictions::AdminApproval, |known| {
                known.restrictions_at(now)
            }),
            counter: next.max(now.as_secs()),
            since: now,
            until: now.plus(Policy::MAX_VALIDITY),
            void_before: known.map_or(none, |known| known.void_before),
            void_here: self.known.policy_void_before().unwrap_or(none),
            era: Some(self.era),
            co_admins: co_admins.to_vec(),
        };
        change(&mut policy);
        SignedStatement::sign(&policy, &StatementKey::Admin(key)).map_err(CommandError::Statement)
    }

    /// Returns by whom this device signs: the admin key, or the co-admin whose device it is.
    pub(super) fn signer(&self, options: &SessionOptions) -> Result<Signer, CommandError> {
        let authority = self.known.authority().ok_or(CommandError::NoAdminKey)?;
        if self.admin_key(options).is_some() {
            return Ok(Signer::Admin);
        }
        let own = options.member_key.public();
        authority.co_admin(&own).ok_or(CommandError::NotAdmin)?;
        Ok(Signer::CoAdmin(own))
    }

    /// Returns the admin key of the link, if this device has it.
    pub(super) fn admin_key<'o>(&self, options: &'o SessionOptions) -> Option<&'o AdminKey> {
        let key = options.admin_key.as_ref();
        key.filter(|key| self.known.admin() == Some(&key.public()))
    }

    /// Signs a statement with the admin key, or as a co-admin with the member key.
    pub(super) fn sign<S: Statement>(
        &self,
        statement: &S,
        options: &SessionOptions,
    ) -> Result<SignedStatement<S>, CommandError> {
        self.signer(options)?;
        let key = match self.admin_key(options) {
            Some(admin) => StatementKey::Admin(admin),
            None => StatementKey::CoAdmin(&options.member_key),
        };
        SignedStatement::sign(statement, &key).map_err(CommandError::Statement)
    }

    /// Takes own statements, which are committed without waiting for a turn.
    fn commit_at_once(&mut self, change: &ContextChange, step: &mut Step<'_>) {
        self.is_urgent = true;
        self.know(change, step);
    }

    /// Returns the time of a lock: later than the one before, also within a second.
    fn statement_time(&self, step: &Step<'_>) -> Timestamp {
        let before = self.known.lock().map(|lock| lock.claimed().time.plus(1));
        before.map_or(step.time.now, |before| before.max(step.time.now))
    }

    pub(super) fn check_connection(&self) -> Result<(), CommandError> {
        let is_in_call = self.is_connected() && self.is_active;
        is_in_call.then_some(()).ok_or(CommandError::NotConnected)
    }

    pub(super) fn membership(&self) -> Result<&Membership, CommandError> {
        let membership = self.membership.as_ref();
        membership.ok_or_else(|| self.missing_group())
    }

    /// Returns the reason why this device is in no group.
    pub(crate) fn missing_group(&self) -> CommandError {
        match self.roster.has_others(self.demux) {
            true => CommandError::NotInGroup,
            false => CommandError::Alone,
        }
    }
}
