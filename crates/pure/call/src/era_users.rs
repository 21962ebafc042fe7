//! The users who have been active in the era, whom a lock does not keep out.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use anteroom_protocol::OpaqueUserId;

/// A set of users, of whom it keeps eight bytes each: an era has many who come once and go. Of 65,536 users one
/// shares them with another user with a probability of 2^-33, and a lock lets the other one in then.
#[derive(Debug)]
pub(crate) struct EraUsers {
    /// In ascending order.
    digests: Vec<u64>,
    most: usize,
}

impl EraUsers {
    /// Creates a set of at most `most` users.
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            digests: Vec::new(),
            most,
        }
    }

    /// Adds a user, unless the set is full.
    pub(crate) fn add(&mut self, user: &OpaqueUserId) {
        let digest = digest(user);
        if let Err(index) = self.digests.binary_search(&digest)
            && self.digests.len() < self.most
        {
            self.digests.insert(index, digest);
        }
    }

    pub(crate) fn remove(&mut self, user: &OpaqueUserId) {
        if let Ok(index) = self.digests.binary_search(&digest(user)) {
            self.digests.remove(index);
        }
    }

    pub(crate) fn contains(&self, user: &OpaqueUserId) -> bool {
        self.digests.binary_search(&digest(user)).is_ok()
    }
}

fn digest(user: &OpaqueUserId) -> u64 {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u32) -> OpaqueUserId {
        OpaqueUserId::parse(&format!("{number:08x}")).unwrap()
    }

    #[test]
    fn a_set_has_the_users_that_were_added_up_to_its_bound() {
        let mut users = EraUsers::new(100);
        for number in 0..101 {
            users.add(&user(number));
            users.add(&user(number / 2));
        }
        assert_eq!(users.digests.len(), 100);
        assert!((0..100).all(|number| users.contains(&user(number))));
        assert!(!users.contains(&user(100)));
        users.remove(&user(7));
        users.remove(&user(100));
        assert!(!users.contains(&user(7)));
        users.add(&user(100));
        assert!(users.contains(&user(100)));
    }
}
