//! The records of a call's users.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use anteroom_protocol::OpaqueUserId;

use crate::{
    COMMITS_OF_USER_PER_SECOND, Moment, REFUSAL_BURST_OF_USER, REFUSALS_OF_USER_PER_SECOND,
    RELAY_BURST_OF_USER, RELAY_RATE_OF_USER, seats::Seat, token_bucket::TokenBucket,
};

type RelayBucket = TokenBucket<RELAY_BURST_OF_USER, RELAY_RATE_OF_USER>;

type CommitBucket = TokenBucket<COMMITS_OF_USER_PER_SECOND, COMMITS_OF_USER_PER_SECOND>;

type RefusalBucket = TokenBucket<REFUSAL_BURST_OF_USER, REFUSALS_OF_USER_PER_SECOND>;

/// The time after which an empty bucket of relays is full again. Those of commits and refusals are full by then.
const REFILL: Duration = Duration::from_secs((RELAY_BURST_OF_USER / RELAY_RATE_OF_USER) as u64 + 1);

/// The users of a call: those with a seat, and those an admin has decided on.
#[derive(Debug, Default)]
pub(crate) struct Users {
    users: BTreeMap<OpaqueUserId, User>,
    remembered: usize,
    max_remembered: usize,
    co_admins: usize,
    /// Users without a seat whose buckets are not full yet, each with the moment at which they will be. A user
    /// who comes back before then continues with the same buckets.
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
    approved: bool,
    blocked: bool,
    denied: bool,
    is_co_admin: bool,
}

impl Default for User {
    fn default() -> Self {
        Self {
            seats: Vec::new(),
            relays: RelayBucket::full(),
            commits: CommitBucket::full(),
            refusals: RefusalBucket::full(),
            approved: false,
            blocked: false,
            denied: false,
            is_co_admin: false,
        }
    }
}

impl User {
    const fn is_remembered(&self) -> bool {
        self.approved || self.blocked || self.denied
    }

    fn has_full_buckets(&self, now: Moment) -> bool {
        self.relays.is_full(now) && self.commits.is_full(now) && self.refusals.is_full(now)
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
        while self.spent.front().is_some_and(|(full, _)| *full <= now) {
            if let Some((_, user)) = self.spent.pop_front() {
                self.drop_if_empty(&user);
            }
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
        self.users.entry(user.clone()).or_default().seats.push(seat);
    }

    /// Records that a user has lost a seat.
    pub(crate) fn remove_seat(&mut self, user: &OpaqueUserId, seat: Seat) {
        if let Some(known) = self.users.get_mut(user) {
            known.seats.retain(|other| *other != seat);
            if known.seats.is_empty() && !known.has_full_buckets(self.now) {
                let full = self.now.plus(REFILL);
                self.spent.push_back((full, user.clone()));
            }
        }
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

    /// Drops a user's record if it holds nothing.
    fn drop_if_empty(&mut self, user: &OpaqueUserId) {
        let now = self.now;
        let is_empty = |known: &User| {
            known.seats.is_empty()
                && !known.is_remembered()
                && !known.is_co_admin
                && known.has_full_buckets(now)
        };
        if self.users.get(user).is_some_and(is_empty) {
            self.users.remove(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the hex of a ciphertext whose halves consist of these digits.
    fn ciphertext(first: char, second: char) -> OpaqueUserId {
        let half = |digit: char| digit.to_string().repeat(64);
        OpaqueUserId::parse(&format!("00{}{}", half(first), half(second))).unwrap()
    }

    #[test]
    fn a_user_who_shifts_the_second_half_stays_the_same_user() {
        let mut users = Users::new([], 8);
        let [user, shifted] = ['1', '2'].map(|second| ciphertext('a', second));
        let other = ciphertext('b', '1');
        users.approve(&user);
        users.deny(&user);
        users.block(&user);
        for (user, known) in [(&user, true), (&shifted, true), (&other, false)] {
            assert_eq!(users.is_approved(user), known);
            assert_eq!(users.was_denied(user), known);
            assert_eq!(users.is_blocked(user), known);
        }
        assert_eq!(users.known_as(&shifted).as_str(), user.as_str());
        assert!(users.forget_approval(&shifted));
        assert!(!users.is_approved(&user));
    }

    #[test]
    fn a_user_who_comes_back_has_the_bucket_of_before_until_it_is_full() {
        let mut users = Users::new([], 8);
        let user = ciphertext('a', '1');
        let mut seats = (1..).map(Seat::of_number);
        let at = |millis: u64| Moment::from_millis(1_000_000 + millis);
        users.advance(at(0));
        users.add_seat(&user, seats.next().unwrap());
        users.count_relay(&user, RELAY_BURST_OF_USER.into());
        for (millis, bytes) in [(0, 0), (1_000, u64::from(RELAY_RATE_OF_USER))] {
            users.advance(at(millis));
            for seat in users.seats(&user).to_vec() {
                users.remove_seat(&user, seat);
            }
            users.add_seat(&user, seats.next().unwrap());
            assert!(users.may_relay(&user, bytes));
            assert!(!users.may_relay(&user, bytes + 1));
        }
        for seat in users.seats(&user).to_vec() {
            users.remove_seat(&user, seat);
        }
        users.advance(at(1_000 + 5_000));
        assert!(users.users.is_empty() && users.spent.is_empty());
    }

    #[test]
    fn a_user_who_comes_back_has_the_commits_of_before() {
        let mut users = Users::new([], 8);
        let user = ciphertext('a', '1');
        let mut seats = (1..).map(Seat::of_number);
        users.advance(Moment::from_millis(1_000_000));
        for left in (0..COMMITS_OF_USER_PER_SECOND).rev() {
            let seat = seats.next().unwrap();
            users.add_seat(&user, seat);
            assert!(users.may_commit(&user));
            users.count_commit(&user);
            assert_eq!(users.may_commit(&user), left > 0);
            users.remove_seat(&user, seat);
        }
        users.advance(Moment::from_millis(1_005_000));
        assert!(users.users.is_empty() && users.spent.is_empty());
    }

    #[test]
    fn ids_of_another_length_count_as_a_whole() {
        let mut users = Users::new([], 8);
        let long =
            |last: &str| OpaqueUserId::parse(&format!("00{}{last}", "a".repeat(128))).unwrap();
        users.block(&long("1"));
        assert!(!users.is_blocked(&long("2")));
    }
}
