//! The barred entries of a group's context.

use anteroom_protocol::{OpaqueUserId, ParseError, RoomId, Timestamp};

use crate::{
    Authority, BarredEntry, MemberPublicKey, SignedStatement, Signer, Statement as _,
    encoding::{Reader, Writer},
};

/// The maximum number of barred entries. Beyond it the oldest of the admin key go: with as many of the admin key,
/// approvals of newcomers from before the first are void.
pub const MAX_BARRED: usize = 64;

/// The maximum number of entries of a co-admin. Later ones do not count.
pub const MAX_BARRED_BY_CO_ADMIN: usize = 8;

/// Barred entries in strictly ascending order of time and bytes, at most [`MAX_BARRED`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BarredList {
    entries: Vec<SignedStatement<BarredEntry>>,
}

impl BarredList {
    /// Returns the entries.
    #[must_use]
    pub fn entries(&self) -> &[SignedStatement<BarredEntry>] {
        &self.entries
    }

    /// Returns the moment before which approvals of newcomers are void, because entries may have gone: the second
    /// after the first one, if there are [`MAX_BARRED`] of the admin key; else 0. No entry of the admin key goes
    /// before, and one that goes is not later than the first. So nobody has to remember, or to sign, the moment.
    #[must_use]
    pub fn void_before(&self) -> Timestamp {
        let is_by_admin = |entry: &_| is_by(entry, &Signer::Admin);
        let is_full = self.entries.len() == MAX_BARRED && self.entries.iter().all(is_by_admin);
        let first = self.entries.first().filter(|_| is_full);
        // An approval of the entry's own second is void too.
        first.map_or(Timestamp::from_secs(0), |first| {
            first.claimed().time.plus(1)
        })
    }

    /// Returns the moment before which an approval of a device does not let it in again: after the entries that name
    /// it, and not before [`Self::void_before`].
    #[must_use]
    pub fn void_before_of(&self, user: &OpaqueUserId, member_key: &MemberPublicKey) -> Timestamp {
        let entries = self.entries.iter().map(SignedStatement::claimed);
        let named = entries.filter(|entry| entry.names(user, member_key));
        let moments = named.map(|entry| entry.time.plus(1));
        moments.fold(self.void_before(), Timestamp::max)
    }

    /// Returns whether an entry, if it counts, can change the list: it is not in it, and it is not beyond the
    /// first [`MAX_BARRED_BY_CO_ADMIN`] of its co-admin.
    #[must_use]
    pub fn can_take(&self, entry: &SignedStatement<BarredEntry>) -> bool {
        let by_same = |one: &&SignedStatement<BarredEntry>| is_by(one, entry.signer());
        let last = match entry.signer() {
            Signer::Admin => None,
            Signer::CoAdmin(_) => {
                let mut of_one = self.entries.iter().filter(by_same);
                of_one.nth(MAX_BARRED_BY_CO_ADMIN - 1)
            }
        };
        last.is_none_or(|last| order(entry) < order(last)) && !self.entries.contains(entry)
    }

    /// Adds entries of the admin key, and leaves out the oldest ones beyond [`MAX_BARRED`], those of co-admins and
    /// those that do not count. The result depends on the set of entries alone, not on their order.
    pub(super) fn by_admin(
        &self,
        added: &[SignedStatement<BarredEntry>],
        counts: impl Fn(&SignedStatement<BarredEntry>) -> bool,
    ) -> Self {
        let is_by_admin = |entry: &_| is_by(entry, &Signer::Admin) && counts(entry);
        let mut entries = self.chosen(added, is_by_admin);
        let surplus = entries.len().saturating_sub(MAX_BARRED);
        entries.drain(..surplus);
        Self { entries }
    }

    /// Adds the entries of co-admins in another list and in `added`, which go nowhere when there are too many:
    /// of each co-admin the first [`MAX_BARRED_BY_CO_ADMIN`] count, and of all as many of the first as there is
    /// room for. So a co-admin neither drives out an entry nor moves the moment.
    pub(super) fn with_co_admins(
        mut self,
        other: &Self,
        added: &[SignedStatement<BarredEntry>],
        room: &RoomId,
        authority: &Authority<'_>,
    ) -> Self {
        let mut entries = Vec::new();
        for one in authority.co_admins {
            let signer = Signer::CoAdmin(one.member_key);
            let counts = |entry: &SignedStatement<BarredEntry>| {
                is_by(entry, &signer) && entry.verify(room, authority).is_ok()
            };
            let mut of_one = other.chosen(added, counts);
            of_one.truncate(MAX_BARRED_BY_CO_ADMIN);
            entries.extend(of_one);
        }
        sort(&mut entries);
        entries.truncate(MAX_BARRED.saturating_sub(self.entries.len()));
        self.entries.extend(entries);
        sort(&mut self.entries);
        self
    }

    /// Returns the entries of the list and others that count, in their order.
    fn chosen(
        &self,
        added: &[SignedStatement<BarredEntry>],
        counts: impl Fn(&SignedStatement<BarredEntry>) -> bool,
    ) -> Vec<SignedStatement<BarredEntry>> {
        let entries = self.entries.iter().chain(added);
        let mut entries: Vec<_> = entries.filter(|entry| counts(entry)).cloned().collect();
        sort(&mut entries);
        entries.dedup();
        entries
    }

    /// Returns whether an entry that is new since another list is of a later time than members merge at `now`.
    pub(super) fn is_early(&self, before: &Self, now: Timestamp) -> bool {
        let entries = self.entries.iter();
        let mut new = entries.filter(|one| !before.entries.contains(one));
        new.any(|entry| entry.is_early(now))
    }

    /// Returns whether the admin key has signed an entry that makes approvals from before a moment void: one of
    /// the second before it, or a later one.
    pub(super) fn has_admin_entry_from(&self, moment: Timestamp) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| is_by(entry, &Signer::Admin) && entry.claimed().time.plus(1) >= moment)
    }

    /// Returns whether all entries count, and no co-admin has too many.
    pub(super) fn all_count(&self, authority: &Authority<'_>) -> bool {
        let are_few = authority.co_admins.iter().all(|one| {
            let signer = Signer::CoAdmin(one.member_key);
            let entries = self.entries.iter().filter(|entry| is_by(entry, &signer));
            entries.count() <= MAX_BARRED_BY_CO_ADMIN
        });
        are_few
            && self.entries.iter().all(|entry| {
                let room = entry.claimed().room();
                entry.verify(room, authority).is_ok()
            })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.time(self.void_before());
        writer.u8(u8::try_from(self.entries.len()).unwrap_or(u8::MAX));
        for entry in &self.entries {
            writer.bytes(entry.as_bytes());
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let void_before = reader.time()?;
        let number = usize::from(reader.u8()?);
        if number > MAX_BARRED {
            return Err(ParseError);
        }
        let mut entries: Vec<SignedStatement<BarredEntry>> = Vec::with_capacity(number);
        for _ in 0..number {
            let bytes = reader.bytes(BarredEntry::MAX_LENGTH)?;
            let entry = SignedStatement::parse(bytes).map_err(|_| ParseError)?;
            if entries
                .last()
                .is_some_and(|last| order(last) >= order(&entry))
            {
                return Err(ParseError);
            }
            entries.push(entry);
        }
        let list = Self { entries };
        match list.void_before() == void_before {
            true => Ok(list),
            false => Err(ParseError),
        }
    }
}

fn is_by(entry: &SignedStatement<BarredEntry>, signer: &Signer) -> bool {
    entry.signer() == signer
}

fn sort(entries: &mut [SignedStatement<BarredEntry>]) {
    entries.sort_by(|one, other| order(one).cmp(&order(other)));
}

fn order(entry: &SignedStatement<BarredEntry>) -> (Timestamp, &[u8]) {
    (entry.claimed().time, entry.as_bytes())
}
