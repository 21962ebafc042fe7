//! Commands of the person.

use anteroom_e2ee::{
    Approval, BarredEntry, CoAdmin, ContextChange, Lock, Policy, SignedStatement, Statement,
    StatementKey,
};
use anteroom_protocol::{DemuxId, Restrictions, Timestamp};

use super::Seat;
use crate::{
    MAX_TEXT,
    content::Content,
    error::CommandError,
    input::{BarScope, Command},
    membership::Membership,
    options::SessionOptions,
    output::Message,
    pending_bar::PendingBar,
    step::Step,
    text::{clean_name, clean_text},
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
            Command::WordsMatch(_) => Err(CommandError::NoWords),
        }
    }

    fn say(&mut self, text: &str, step: &mut Step<'_>) -> Result<(), CommandError> {
        if self.membership.is_none() {
            return Err(CommandError::NotInGroup);
        }
        self.check_connection()?;
        if !self.may_send() {
            return Err(CommandError::Stopped);
        }
        let text = clean_text(text);
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(CommandError::Text);
        }
        self.send_content(&Content::Text(text), step);
        Ok(())
    }

    /// Changes the name. The next leaf has it; the members of the present group are told.
    fn set_name(&mut self, name: &str, step: &mut Step<'_>) {
        let name = clean_name(name);
        step.options.name = name;
        self.has_new_name = self.membership.is_some();
        if let Some(membership) = &mut self.membership {
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
        let mut leaves = membership.view.leaves.iter();
        let found = leaves.find(|(leaf, claims)| claims.demux_id == device && **leaf != own);
        let (_, claims) = found.ok_or(CommandError::UnknownMember)?;
        let claims = claims.clone();
        let time = step.time.now;
        let entry = BarredEntry {
            room: *self.known.room(),
            user: claims.user.clone(),
            member_key: (scope == BarScope::Device).then_some(claims.member_key),
            time,
        };
        if entry.names(&step.options.user, &step.options.member_key.public()) {
            return Err(CommandError::OwnDevice);
        }
        let signed = self.sign(&entry, step.options)?;
        let mut change = ContextChange {
            barred: vec![signed.clone()],
            ..ContextChange::default()
        };
        let others = self.membership()?.view.leaves.values();
        let stay: Vec<_> = others
            .filter(|one| !entry.names(&one.user, &one.member_key))
            .cloned()
            .collect();
        if let Ok(policy) = self.policy(step, |policy| policy.void_before = time) {
            // In later eras approvals from before are void: those who are in get new ones.
            let approvals = stay.iter().filter_map(|one| {
                let approval = Approval {
                    room: entry.room,
                    user: one.user.clone(),
                    member_key: one.member_key,
                    issued: time.plus(1),
                    expires: time.plus(Approval::DEFAULT_VALIDITY),
                };
                self.sign(&approval, step.options).ok()
            });
            let approvals = Content::Approvals(approvals.collect());
            step.send(Message::Policy(policy.clone()));
            change.policy = Some(policy);
            self.send_content(&approvals, step);
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

    fn set_co_admins(
        &mut self,
        co_admins: Vec<CoAdmin>,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        self.membership()?;
        let policy = self.policy(step, |policy| policy.co_admins = co_admins)?;
        step.send(Message::Policy(policy.clone()));
        let change = ContextChange {
            policy: Some(policy),
            ..ContextChange::default()
        };
        self.commit_at_once(&change, step);
        Ok(())
    }

    /// Signs the next policy of the room, for this era. Its counter is at least the time, so that it counts rather
    /// than earlier ones that are withheld; what has ended does not hold again.
    fn policy(
        &self,
        step: &Step<'_>,
        change: impl FnOnce(&mut Policy),
    ) -> Result<SignedStatement<Policy>, CommandError> {
        let admin = self.known.admin().ok_or(CommandError::NoAdminKey)?;
        let key = step.options.admin_key.as_ref();
        let key = key.filter(|key| key.public() == *admin);
        let key = key.ok_or(CommandError::NotAdmin)?;
        let now = step.time.now;
        let known = self.known.policy().map(SignedStatement::claimed);
        let next = known.map_or(1, |known| known.counter.saturating_add(1));
        let mut policy = Policy {
            room: *self.known.room(),
            restrictions: known.map_or(Restrictions::AdminApproval, |known| {
                known.restrictions_at(now)
            }),
            counter: next.max(now.as_secs()),
            since: now,
            until: now.plus(Policy::MAX_VALIDITY),
            void_before: known.map_or(Timestamp::from_secs(0), |known| known.void_before),
            era: Some(self.era),
            co_admins: known.map_or_else(Vec::new, |known| known.co_admins_in(self.era).to_vec()),
        };
        change(&mut policy);
        SignedStatement::sign(&policy, &StatementKey::Admin(key)).map_err(CommandError::Statement)
    }

    /// Signs a statement with the admin key, or as a co-admin with the member key.
    pub(super) fn sign<S: Statement>(
        &self,
        statement: &S,
        options: &SessionOptions,
    ) -> Result<SignedStatement<S>, CommandError> {
        let authority = self.known.authority().ok_or(CommandError::NoAdminKey)?;
        let admin = options.admin_key.as_ref();
        let admin = admin.filter(|key| key.public() == *authority.admin);
        let key = match admin {
            Some(admin) => StatementKey::Admin(admin),
            None => {
                let own = options.member_key.public();
                authority.co_admin(&own).ok_or(CommandError::NotAdmin)?;
                StatementKey::CoAdmin(&options.member_key)
            }
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
