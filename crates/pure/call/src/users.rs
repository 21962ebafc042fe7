//! The records of a call's users.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use anteroom_protocol::{
    DemuxId, OpaqueUserId,
    media::{PerSource, Source},
};

use crate::{
    COMMITS_OF_USER_PER_SECOND, Moment, OFFER_BURST_OF_USER, OFFER_INTERVAL, OFFERS_OF_USER,
    REFUSAL_BURST_OF_USER, REFUSALS_OF_USER_PER_SECOND, RELAY_BURST_OF_USER, RELAY_RATE_OF_USER,
    seats::Seat, token_bucket::TokenBucket,
};

type RelayBucket = TokenBucket<RELAY_BURST_OF_USER, RELAY_RATE_OF_USER>;

type CommitBucket = TokenBucket<COMMITS_OF_USER_PER_SECOND, COMMITS_OF_USER_PER_SECOND>;

type RefusalBucket = TokenBucket<REFUSAL_BURST_OF_USER, REFUSALS_OF_USER_PER_SECOND>;

/// An offer for each interval, so that the tokens of a second are an integer.
type OfferBucket = TokenBucket<{ OFFER_BURST_OF_USER * OFFER_INTERVAL }, OFFERS_OF_USER>;

/// The time after which an empty bucket of relays is full again, and those of commits and refusals. The bucket of offers
/// may take several times as long.
const REFILL: Duration = Duration::from_secs((RELAY_BURST_OF_USER / RELAY_RATE_OF_USER) as u64 + 1);

/// The users of a call: those with a seat, and those an admin has decided on.
#[derive(Debug, Default)]
pub(crate) struct Users {
    users: BTreeMap<OpaqueUserId, User>,
    remembered: usize,
    max_remembered: usize,
    co_admins: usize,
    /// The number of users of whom a source is held.
    held: usize,
    /// Users who had no seat and buckets that were not full, each once, with the moment at which that is looked at
    /// again. A user who comes back before the buckets are full continues with them.
    spent: VecDeque<(Moment, OpaqueUserId)>,
    now: Moment,
}

#[derive(Debug)]
struct User {
    seats: Vec<Seat>,
    /// The rate limit of relays, in bytes.
    relays: RelayBucket,
    /// The rate limit of commits.
    commits: CommitBucket,
    /// The rate limit of refusals of commits.
    refusals: RefusalBucket,
    /// The rate limit of offers of connections for media.
    offers: OfferBucket,
    /// Whether the user is among the spent ones.
    is_spent: bool,
    approved: bool,
    blocked: bool,
    denied: bool,
    is_co_admin: bool,
    /// The sources that are held, each with the admin's device that has said so.
    holds: Option<Box<PerSource<Option<DemuxId>>>>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            seats: Vec::new(),
            relays: RelayBucket::full(),
            commits: CommitBucket::full(),
            refusals: RefusalBucket::full(),
            offers: OfferBucket::full(),
            is_spent: false,
            approved: false,
            blocked: false,
            denied: false,
            is_co_admin: false,
            holds: None,
        }
    }
}

impl User {
    const fn is_remembered(&self) -> bool {
        self.approved || self.blocked || self.denied
    }

    fn has_full_buckets(&self, now: Moment) -> bool {
        self.relays.is_full(now)
            && self.commits.is_full(now)
            && self.refusals.is_full(now)
            && self.offers.is_full(now)
    }
}

/// Whether a decision on a user could be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreOutcome {
    /// The decision is new.
    New,
    /// The same decision was stored before.
    Known,
    /// The limit of stored users is reached.
    Full,
}

impl Users {
    /// Creates the records of users approved before; those beyond the limit are dropped.
    pub(crate) fn new(
        approved: impl IntoIterator<Item = OpaqueUserId>,
        max_remembered: usize,
    ) -> Self {
        let mut users = Self {
            max_remembered,
            ..Self::default()
        };
        for user in approved.into_iter().take(max_remembered) {
            users.approve(&user);
        }
        users
    }

    /// Drops the users without a seat whose buckets are full again.
    pub(crate) fn advance(&mut self, now: Moment) {
        self.now = now;
        while self.spent.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, user)) = self.spent.pop_front() {
                if let Some(known) = self.users.get_mut(&user) {
                    known.is_spent = false;
                }
                self.note_spent(&user);
                self.drop_if_empty(&user);
            }
        }
    }

    /// Notes a user without a seat whose buckets are not full.
    fn note_spent(&mut self, user: &OpaqueUserId) {
        let now = self.now;
        if let Some(known) = self.users.get_mut(user)
            && !known.is_spent
            && known.seats.is_empty()
            && !known.has_full_buckets(now)
        {
            known.is_spent = true;
            self.spent.push_back((now.plus(REFILL), user.clone()));
        }
    }

    /// Returns whether the user may send this many bytes of relays.
    pub(crate) fn may_relay(&self, user: &OpaqueUserId, bytes: u64) -> bool {
        let known = self.users.get(user);
        known.is_some_and(|known| known.relays.holds(bytes, self.now))
    }

    /// Counts the bytes of a relay that the user sends.
    pub(crate) fn count_relay(&mut self, user: &OpaqueUserId, bytes: u64) {
        let now = self.now;
        if let Some(known) = self.users.get_mut(user) {
            known.relays.take(bytes, now);
        }
    }

    /// Returns whether the user may commit.
    pub(crate) fn may_commit(&self, user: &OpaqueUserId) -> bool {
        let known = self.users.get(user);
        known.is_some_and(|known| known.commits.holds(1, self.now))
    }

    /// Counts a commit of the user.
    pub(crate) fn count_commit(&mut self, user: &OpaqueUserId) {
        let now = self.now;
        if let Some(known) = self.users.get_mut(user) {
            known.commits.take(1, now);
        }
    }

    /// Returns whether the user may offer a connection for media.
    pub(crate) fn may_offer(&self, user: &OpaqueUserId) -> bool {
        let known = self.users.get(user);
        known.is_some_and(|known| known.offers.holds(OFFER_INTERVAL.into(), self.now))
    }

    /// Counts an offer of the user.
    pub(crate) fn count_offer(&mut self, user: &OpaqueUserId) {
        let now = self.now;
        if let Some(known) = self.users.get_mut(user) {
            known.offers.take(OFFER_INTERVAL.into(), now);
        }
    }

    /// Counts a refusal of the user. Returns whether the user may refuse.
    pub(crate) fn try_refuse(&mut self, user: &OpaqueUserId) -> bool {
        let now = self.now;
        let known = self.users.get_mut(user);
        known.is_some_and(|known| known.refusals.try_take(now))
    }

    /// Replaces the approved users; those beyond the limit are dropped.
    pub(crate) fn set_approved(&mut self, approved: Vec<OpaqueUserId>) {
        let forgotten: Vec<OpaqueUserId> = self
            .users
            .iter()
            .filter(|(_, user)| user.approved)
            .map(|(id, _)| id.clone())
            .collect();
        for user in forgotten {
            self.forget_approval(&user);
        }
        for user in approved {
            self.approve(&user);
        }
    }

    /// Returns the stored id of the user, so that all of a user's devices share one.
    pub(crate) fn known_as(&self, user: &OpaqueUserId) -> OpaqueUserId {
        let known = self.users.get_key_value(user);
        known.map_or(user, |(known, _)| known).clone()
    }

    pub(crate) fn add_seat(&mut self, user: &OpaqueUserId, seat: Seat) {
        let known = self.users.entry(user.clone()).or_default();
        // Most users have one device: room for four would cost each of them.
        known.seats.reserve_exact(1);
        known.seats.push(seat);
    }

    /// Records that a user has lost a seat.
    pub(crate) fn remove_seat(&mut self, user: &OpaqueUserId, seat: Seat) {
        if let Some(known) = self.users.get_mut(user) {
            known.seats.retain(|other| *other != seat);
        }
        self.note_spent(user);
        self.drop_if_empty(user);
    }

    pub(crate) fn is_co_admin(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.is_co_admin)
    }

    /// Returns the number of co-admins, those without a seat included.
    pub(crate) const fn co_admins(&self) -> usize {
        self.co_admins
    }

    /// Makes a user a co-admin, or takes that back.
    pub(crate) fn set_co_admin(&mut self, user: &OpaqueUserId, is_on: bool) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        match (core::mem::replace(&mut known.is_co_admin, is_on), is_on) {
            (false, true) => self.co_admins += 1,
            (true, false) => self.co_admins -= 1,
            (true, true) | (false, false) => {}
        }
        self.drop_if_empty(user);
    }

    /// Returns the user's seats in the order of the joins.
    pub(crate) fn seats(&self, user: &OpaqueUserId) -> &[Seat] {
        self.users.get(user).map_or(&[], |known| &known.seats)
    }

    pub(crate) fn is_approved(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.approved)
    }

    pub(crate) fn is_blocked(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.blocked)
    }

    /// Returns whether the user has been denied in this era.
    pub(crate) fn was_denied(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.denied)
    }

    pub(crate) fn approve(&mut self, user: &OpaqueUserId) -> StoreOutcome {
        self.remember(user, |known| &mut known.approved)
    }

    pub(crate) fn deny(&mut self, user: &OpaqueUserId) -> StoreOutcome {
        self.remember(user, |known| &mut known.denied)
    }

    pub(crate) fn block(&mut self, user: &OpaqueUserId) -> StoreOutcome {
        self.remember(user, |known| &mut known.blocked)
    }

    /// Drops an approval. Returns whether there was one.
    pub(crate) fn forget_approval(&mut self, user: &OpaqueUserId) -> bool {
        let Some(known) = self.users.get_mut(user) else {
            return false;
        };
        let was_remembered = known.is_remembered();
        let was_approved = core::mem::take(&mut known.approved);
        if was_remembered && !known.is_remembered() {
            self.remembered -= 1;
        }
        self.drop_if_empty(user);
        was_approved
    }

    fn remember(
        &mut self,
        user: &OpaqueUserId,
        mark: impl FnOnce(&mut User) -> &mut bool,
    ) -> StoreOutcome {
        let is_remembered = self.users.get(user).is_some_and(User::is_remembered);
        if !is_remembered {
            if self.remembered >= self.max_remembered {
                return StoreOutcome::Full;
            }
            self.remembered += 1;
        }
        let mark = mark(self.users.entry(user.clone()).or_default());
        if core::mem::replace(mark, true) {
            StoreOutcome::Known
        } else {
            StoreOutcome::New
        }
    }

    /// Holds a source of a user for the rest of the era, unless as many users are held as may be remembered.
    pub(crate) fn hold(&mut self, user: &OpaqueUserId, source: Source, by: DemuxId) {
        let is_full = self.held >= self.max_remembered;
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        if known.holds.is_none() && is_full {
            return;
        }
        self.held += usize::from(known.holds.is_none());
        let holds = known.holds.get_or_insert_default();
        *holds.of_mut(source) = Some(by);
    }

    /// Ends the hold of a source of a user.
    pub(crate) fn release(&mut self, user: &OpaqueUserId, source: Source) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        if let Some(holds) = &mut known.holds {
            *holds.of_mut(source) = None;
            if **holds == PerSource::default() {
                known.holds = None;
                self.held -= 1;
            }
        }
        self.drop_if_empty(user);
    }

    /// Ends the holds of a source of all users but some, also of those without a seat.
    pub(crate) fn release_all_but(&mut self, others: &[OpaqueUserId], source: Source) {
        let held = self.users.iter().filter(|(_, known)| known.holds.is_some());
        let held = held.map(|(user, _)| user.clone());
        let held: Vec<OpaqueUserId> = held.filter(|user| !others.contains(user)).collect();
        for user in held {
            self.release(&user, source);
        }
    }

    /// Returns the admin's device that holds a source of a user.
    pub(crate) fn holder(&self, user: &OpaqueUserId, source: Source) -> Option<DemuxId> {
        *self.users.get(user)?.holds.as_ref()?.of(source)
    }

    /// Drops a user's record if it holds nothing.
    fn drop_if_empty(&mut self, user: &OpaqueUserId) {
        let now = self.now;
        let is_empty = |known: &User| {
            known.seats.is_empty()
                && !known.is_remembered()
                && !known.is_co_admin
                && known.holds.is_none()
                && known.has_full_buckets(now)
        };
        if self.users.get(user).is_some_and(is_empty) {
            self.users.remove(user);
        }
    }
}

#[cfg(test)]
mod tests;
