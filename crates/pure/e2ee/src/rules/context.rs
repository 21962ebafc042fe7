//! The context of a room that all members of a group share.

use anteroom_protocol::{EraId, ParseError, Restrictions, RoomId, Timestamp};

use super::{barred_list::BarredList, context_change::ContextChange, context_error::ContextError};
use crate::{
    AdminPublicKey, Authority, CoAdmin, Lock, MemberPublicKey, Policy, SignedStatement, Signer,
    Statement as _,
    encoding::{Reader, Writer},
};

const VERSION: u8 = 1;

/// The context of a room in an era.
///
/// Encoding: `01 || room id (32) || era id (16) || admin key: 00, or 01 and the key (32) || length (2), 0
/// for none, || policy || void before (8) || number of barred entries (1) || each: length (2), entry ||
/// length (2), 0 for none, || lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomContext {
    room: RoomId,
    era: EraId,
    admin: Option<AdminPublicKey>,
    policy: Option<SignedStatement<Policy>>,
    /// The co-admins of the era by the policy, without those whom an admin has put out.
    co_admins: Vec<CoAdmin>,
    barred: BarredList,
    lock: Option<SignedStatement<Lock>>,
}

impl RoomContext {
    /// Creates the context of a room without statements.
    #[must_use]
    pub fn new(room: RoomId, era: EraId, admin: Option<AdminPublicKey>) -> Self {
        Self {
            room,
            era,
            admin,
            policy: None,
            co_admins: Vec::new(),
            barred: BarredList::default(),
            lock: None,
        }
    }

    /// Returns the room.
    #[must_use]
    pub const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Returns the era.
    #[must_use]
    pub const fn era(&self) -> EraId {
        self.era
    }

    /// Returns the admin key of the link; `None` if the lobby is the room service's word alone.
    #[must_use]
    pub const fn admin(&self) -> Option<&AdminPublicKey> {
        self.admin.as_ref()
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> Option<&SignedStatement<Policy>> {
        self.policy.as_ref()
    }

    /// Returns the barred entries.
    #[must_use]
    pub const fn barred(&self) -> &BarredList {
        &self.barred
    }

    /// Returns the newest lock, on or off.
    #[must_use]
    pub const fn lock(&self) -> Option<&SignedStatement<Lock>> {
        self.lock.as_ref()
    }

    /// Returns the condition for being let in at `now`. An admin key without a policy means approval; without
    /// an admin key nobody could sign one.
    #[must_use]
    pub fn restrictions_at(&self, now: Timestamp) -> Restrictions {
        match (&self.admin, &self.policy) {
            (None, _) => Restrictions::None,
            (Some(_), None) => Restrictions::AdminApproval,
            (Some(_), Some(policy)) => policy.claimed().restrictions_at(now),
        }
    }

    /// Returns whether a lock is on.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        let lock = self.lock.as_ref();
        lock.is_some_and(|lock| lock.claimed().on)
    }

    /// Returns the keys whose statements count; `None` without an admin key. A co-admin whom an entry of the
    /// admin key names has none in this era.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'_>> {
        Some(Authority {
            admin: self.admin.as_ref()?,
            co_admins: &self.co_admins,
        })
    }

    /// Returns whether an entry of the admin key names a co-admin, who then is none.
    #[must_use]
    pub fn bars_co_admin(&self, co_admin: &CoAdmin) -> bool {
        let entries = self.barred.entries().iter();
        let mut by_admin = entries.filter(|entry| *entry.signer() == Signer::Admin);
        by_admin.any(|entry| {
            let entry = entry.claimed();
            entry.names(&co_admin.user, &co_admin.member_key)
        })
    }

    /// Computes the co-admins anew, after the policy or the barred entries have changed.
    fn choose_co_admins(&mut self) {
        let policy = self.policy.as_ref().map(SignedStatement::claimed);
        let named = policy.map_or(&[][..], |policy| policy.co_admins_in(self.era));
        let co_admins = named.iter().filter(|one| !self.bars_co_admin(one));
        self.co_admins = co_admins.cloned().collect();
    }

    /// Returns the context that statements lead to. Of policies and locks the newer one stays. Statements that
    /// do not count are left out, also ones of a co-admin whom the new policy does not name any more, or whom
    /// an entry of the admin key names.
    #[must_use]
    pub fn with(&self, change: &ContextChange) -> Self {
        let mut next = self.clone();
        if let (Some(admin), Some(policy)) = (&self.admin, &change.policy) {
            let counts = policy
                .verify(&self.room, &Authority::of_admin(admin))
                .is_ok();
            let known = self.policy.as_ref();
            if counts && known.is_none_or(|known| policy.supersedes(known)) {
                next.policy = Some(policy.clone());
            }
        }
        let room = &self.room;
        let admin = self.admin.as_ref().map(Authority::of_admin);
        next.barred = self.barred.by_admin(&change.barred, |entry| {
            admin.is_some_and(|admin| entry.verify(room, &admin).is_ok())
        });
        next.choose_co_admins();
        let authority = next.authority();
        let is_valid_lock = |lock: &&SignedStatement<Lock>| {
            authority.is_some_and(|authority| {
                lock.claimed().era == self.era && lock.verify(room, &authority).is_ok()
            })
        };
        let locks = self.lock.iter().chain(&change.lock).filter(is_valid_lock);
        let lock = locks.reduce(|one, other| if other.supersedes(one) { other } else { one });
        let lock = lock.cloned();
        let by_admin = next.barred.clone();
        let barred = match &authority {
            Some(authority) => {
                by_admin.with_co_admins(&self.barred, &change.barred, room, authority)
            }
            None => by_admin,
        };
        next.lock = lock;
        next.barred = barred;
        next
    }

    /// Verifies that every statement in the context counts.
    ///
    /// # Errors
    /// [`ContextError::Statement`].
    pub fn verify(&self) -> Result<(), ContextError> {
        let counts = match self.authority() {
            None => self.without_statements(),
            Some(authority) => {
                let admin = Authority::of_admin(authority.admin);
                let policy = self.policy.as_ref();
                let lock = self.lock.as_ref();
                let room = &self.room;
                policy.is_none_or(|policy| policy.verify(room, &admin).is_ok())
                    && lock.is_none_or(|lock| {
                        lock.claimed().era == self.era && lock.verify(room, &authority).is_ok()
                    })
                    && self
                        .barred
                        .entries()
                        .iter()
                        .all(|one| one.claimed().room() == room)
                    && self.barred.all_count(&authority)
            }
        };
        if counts {
            Ok(())
        } else {
            Err(ContextError::Statement)
        }
    }

    /// Verifies that the context is of one's own link and era, that its statements count, and that it lacks no
    /// statement that one knows. A newcomer asks this of a group before it is in.
    ///
    /// # Errors
    /// [`ContextError`], with [`ContextError::Stale`] if `known` would change the context.
    pub fn matches(&self, own: &Self, known: &ContextChange) -> Result<(), ContextError> {
        if self.room != own.room || self.era != own.era {
            return Err(ContextError::OtherRoom);
        }
        match (&self.admin, &own.admin) {
            (Some(_), None) => return Err(ContextError::AdminMissingFromLink),
            (theirs, ours) if theirs != ours => return Err(ContextError::OtherAdmin),
            _ => {}
        }
        self.verify()?;
        if self.with(known) == *self {
            Ok(())
        } else {
            Err(ContextError::Stale)
        }
    }

    /// Returns the statements in the context.
    #[must_use]
    pub fn statements(&self) -> ContextChange {
        ContextChange {
            policy: self.policy.clone(),
            barred: self.barred.entries().to_vec(),
            lock: self.lock.clone(),
        }
    }

    /// Returns the statements in the context that others take at `now` from the device with the member key `own`:
    /// without barred entries and a lock of a later time than they allow.
    #[must_use]
    pub fn statements_at(&self, now: Timestamp, own: &MemberPublicKey) -> ContextChange {
        let mut statements = self.statements();
        statements
            .barred
            .retain(|entry| entry.due_from(Some(own)) <= now);
        statements
            .lock
            .take_if(|lock| lock.due_from(Some(own)) > now);
        statements
    }

    /// Verifies that the context is what `before` becomes by the statements that the context has, none of which
    /// is new and of a later time than members merge at `now`.
    ///
    /// # Errors
    /// [`ContextError::Unfounded`], [`ContextError::Early`].
    pub fn follows(&self, before: &Self, now: Timestamp) -> Result<(), ContextError> {
        if *self != before.with(&self.statements()) {
            return Err(ContextError::Unfounded);
        }
        self.verify_new_times(now, &before.barred, before.lock.as_ref())
    }

    /// Verifies that no barred entry, and no lock, is of a later time than members merge at `now`. A newcomer asks
    /// this of a group before it is in.
    ///
    /// # Errors
    /// [`ContextError::Early`].
    pub fn verify_times(&self, now: Timestamp) -> Result<(), ContextError> {
        self.verify_new_times(now, &BarredList::default(), None)
    }

    fn verify_new_times(
        &self,
        now: Timestamp,
        barred: &BarredList,
        lock: Option<&SignedStatement<Lock>>,
    ) -> Result<(), ContextError> {
        let new_lock = self.lock.as_ref().filter(|new| Some(*new) != lock);
        let has_early_lock = new_lock.is_some_and(|lock| lock.is_early(now));
        if has_early_lock || self.barred.is_early(barred, now) {
            return Err(ContextError::Early);
        }
        Ok(())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u8(VERSION);
        writer.fixed(self.room.as_bytes());
        writer.fixed(self.era.as_bytes());
        writer.u8(u8::from(self.admin.is_some()));
        if let Some(admin) = &self.admin {
            writer.fixed(admin.as_bytes());
        }
        writer.bytes(self.policy.as_ref().map_or(&[], SignedStatement::as_bytes));
        self.barred.write(&mut writer);
        writer.bytes(self.lock.as_ref().map_or(&[], SignedStatement::as_bytes));
        writer.finish()
    }

    /// Parses the bytes. No signature is verified.
    ///
    /// # Errors
    /// [`ContextError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ContextError> {
        Self::read(bytes).map_err(|_| ContextError::Malformed)
    }

    fn read(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(VERSION)?;
        let (room, era) = (reader.room()?, reader.era()?);
        let admin = reader.flag()?.then(|| reader.fixed::<32>()).transpose()?;
        let admin = admin
            .map(|key| AdminPublicKey::from_bytes(&key))
            .transpose();
        let mut context = Self {
            room,
            era,
            admin: admin.map_err(|_| ParseError)?,
            policy: optional(reader.bytes(Policy::MAX_LENGTH)?)?,
            co_admins: Vec::new(),
            barred: BarredList::read(&mut reader)?,
            lock: optional(reader.bytes(Lock::MAX_LENGTH)?)?,
        };
        reader.finish()?;
        context.choose_co_admins();
        Ok(context)
    }

    fn without_statements(&self) -> bool {
        self.policy.is_none() && self.lock.is_none() && self.barred == BarredList::default()
    }
}

fn optional<S: crate::Statement>(bytes: &[u8]) -> Result<Option<SignedStatement<S>>, ParseError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    SignedStatement::parse(bytes)
        .map(Some)
        .map_err(|_| ParseError)
}
