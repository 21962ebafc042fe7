//! Commands of the person.

use anteroom_e2ee::{
    AdminKey, AdmissionReason, CoAdmin, ContextChange, Lock, MemberLeaf, Policy, SignedStatement,
    Signer, Statement, StatementKey,
};
use anteroom_protocol::{Restrictions, Timestamp, printable_name};

use super::Seat;
use crate::{
    content::Content, error::CommandError, input::Command, membership::Membership,
    options::SessionOptions, output::Message, step::Step,
};

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
    pub(super) fn approved_members(&self, step: &Step<'_>) -> Vec<(MemberLeaf, Signer)> {
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
    pub(super) fn send_approvals(
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
    pub(super) fn policy(
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
    pub(super) fn commit_at_once(&mut self, change: &ContextChange, step: &mut Step<'_>) {
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
