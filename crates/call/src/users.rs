//! What is remembered of users.

use std::collections::BTreeMap;

use crate::{OpaqueUserId, places::Place};

/// The users of a call: those with a place, and those an admin has decided on.
#[derive(Debug)]
pub(crate) struct Users {
    users: BTreeMap<OpaqueUserId, User>,
    remembered: usize,
    max_remembered: usize,
}

#[derive(Debug, Default)]
struct User {
    places: Vec<Place>,
    approved: bool,
    blocked: bool,
    denied: bool,
}

impl User {
    const fn is_remembered(&self) -> bool {
        self.approved || self.blocked || self.denied
    }
}

/// Whether a decision on a user could be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// It is new.
    New,
    /// It was the same before.
    Known,
    /// As many users are remembered as may be.
    Full,
}

impl Users {
    /// Begins with users approved before; those beyond the limit are left out.
    pub(crate) fn new(
        approved: impl IntoIterator<Item = OpaqueUserId>,
        max_remembered: usize,
    ) -> Self {
        let mut users = Self {
            users: BTreeMap::new(),
            remembered: 0,
            max_remembered,
        };
        for user in approved.into_iter().take(max_remembered) {
            users.approve(&user);
        }
        users
    }

    /// Makes these the approved users; those beyond the limit are left out.
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

    /// The id as it is kept, so that all of a user's devices share one.
    pub(crate) fn known_as(&self, user: OpaqueUserId) -> OpaqueUserId {
        match self.users.get_key_value(&user) {
            Some((known, _)) => known.clone(),
            None => user,
        }
    }

    /// Notes that a user has one more place.
    pub(crate) fn enter(&mut self, user: &OpaqueUserId, place: Place) {
        self.users
            .entry(user.clone())
            .or_default()
            .places
            .push(place);
    }

    /// Notes that a user has a place no longer.
    pub(crate) fn leave(&mut self, user: &OpaqueUserId, place: Place) {
        if let Some(known) = self.users.get_mut(user) {
            known.places.retain(|other| *other != place);
        }
        self.tidy(user);
    }

    /// The user's places in the order of the joins.
    pub(crate) fn places(&self, user: &OpaqueUserId) -> &[Place] {
        self.users.get(user).map_or(&[], |known| &known.places)
    }

    pub(crate) fn is_approved(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.approved)
    }

    pub(crate) fn is_blocked(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.blocked)
    }

    /// Whether the user has been denied in this era.
    pub(crate) fn was_denied(&self, user: &OpaqueUserId) -> bool {
        self.users.get(user).is_some_and(|known| known.denied)
    }

    pub(crate) fn approve(&mut self, user: &OpaqueUserId) -> Memory {
        self.remember(user, |known| &mut known.approved)
    }

    pub(crate) fn deny(&mut self, user: &OpaqueUserId) -> Memory {
        self.remember(user, |known| &mut known.denied)
    }

    pub(crate) fn block(&mut self, user: &OpaqueUserId) -> Memory {
        self.remember(user, |known| &mut known.blocked)
    }

    /// Forgets an approval; returns whether there was one.
    pub(crate) fn forget_approval(&mut self, user: &OpaqueUserId) -> bool {
        let Some(known) = self.users.get_mut(user) else {
            return false;
        };
        let was_remembered = known.is_remembered();
        let was_approved = core::mem::take(&mut known.approved);
        if was_remembered && !known.is_remembered() {
            self.remembered -= 1;
        }
        self.tidy(user);
        was_approved
    }

    fn remember(
        &mut self,
        user: &OpaqueUserId,
        mark: impl FnOnce(&mut User) -> &mut bool,
    ) -> Memory {
        let is_remembered = self.users.get(user).is_some_and(User::is_remembered);
        if !is_remembered {
            if self.remembered >= self.max_remembered {
                return Memory::Full;
            }
            self.remembered += 1;
        }
        let mark = mark(self.users.entry(user.clone()).or_default());
        if core::mem::replace(mark, true) {
            Memory::Known
        } else {
            Memory::New
        }
    }

    /// Drops a user of whom nothing is left to know.
    fn tidy(&mut self, user: &OpaqueUserId) {
        if self
            .users
            .get(user)
            .is_some_and(|known| known.places.is_empty() && !known.is_remembered())
        {
            self.users.remove(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ciphertext's hex with these digits in its first and its second half.
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
        assert_eq!(users.known_as(shifted.clone()).as_str(), user.as_str());
        assert!(users.forget_approval(&shifted));
        assert!(!users.is_approved(&user));
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
