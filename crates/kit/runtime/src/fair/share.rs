//! The maximum numbers of callers in shares.

use std::{collections::HashMap, hash::Hash};

use crate::{AddressGroup, ClientAddress};

/// A share of all callers, with the maximum number of its callers that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share<K> {
    /// The key of the share.
    pub key: K,
    /// The maximum number of waiting callers.
    pub most: usize,
}

/// The error for a maximum that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// A share of the caller's path is full. Other shares have room.
    #[error("too many of the same share wait")]
    Share,
    /// The queue is full.
    #[error("too many wait")]
    Queue,
}

/// Returns the shares of a client's [networks](ClientAddress::groups), the widest first.
pub fn network_shares(
    client: ClientAddress,
    most: impl Fn(&AddressGroup) -> usize,
) -> Vec<Share<AddressGroup>> {
    let share = |key: AddressGroup| Share {
        most: most(&key),
        key,
    };
    let mut shares: Vec<_> = client.groups().map(share).collect();
    shares.reverse();
    shares
}

/// The number of callers of each share. A share without callers takes no memory.
#[derive(Debug)]
pub struct ShareCounts<K> {
    most: usize,
    all: usize,
    by_key: HashMap<K, usize>,
}

impl<K: Clone + Eq + Hash> ShareCounts<K> {
    /// Creates counts with a maximum of `most` callers in total.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            all: 0,
            by_key: HashMap::new(),
        }
    }

    /// Counts a caller in all shares of its path, or in none of them.
    ///
    /// # Errors
    /// [`QueueFull`] when a maximum is reached.
    pub fn enter(&mut self, path: &[Share<K>]) -> Result<(), QueueFull> {
        let has_room = |share: &Share<K>| {
            let count = self.by_key.get(&share.key).copied();
            count.unwrap_or(0) < share.most
        };
        if !path.iter().all(has_room) {
            return Err(QueueFull::Share);
        }
        if self.all >= self.most {
            return Err(QueueFull::Queue);
        }
        self.all = self.all.saturating_add(1);
        for share in path {
            let count = self.by_key.entry(share.key.clone()).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    /// Undoes [`ShareCounts::enter`] for a path with these keys.
    pub fn leave<'a>(&mut self, path: impl IntoIterator<Item = &'a K>)
    where
        K: 'a,
    {
        self.all = self.all.saturating_sub(1);
        for key in path {
            match self.by_key.get_mut(key) {
                Some(count @ 2..) => *count = count.saturating_sub(1),
                Some(_) => drop(self.by_key.remove(key)),
                None => {}
            }
        }
    }

    /// Returns the number of callers.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(address: &str) -> Vec<Share<AddressGroup>> {
        let client = ClientAddress::new(address.parse().unwrap());
        network_shares(client, |group| match group.factor() {
            1 => 2,
            4 => 3,
            _ => 4,
        })
    }

    #[test]
    fn a_network_of_each_width_has_its_own_bound_and_leaves_the_rest_to_others() {
        let mut counts = ShareCounts::new(6);
        for (address, expected) in [
            ("2001:db8::1", Ok(())),
            ("2001:db8::2", Ok(())),
            ("2001:db8::3", Err(QueueFull::Share)),
            ("2001:db8:0:1::1", Ok(())),
            ("2001:db8:0:2::1", Err(QueueFull::Share)),
            ("2001:db8:0:100::1", Ok(())),
            ("2001:db8:0:200::1", Err(QueueFull::Share)),
            ("192.0.2.1", Ok(())),
            ("192.0.2.1", Ok(())),
            ("192.0.2.2", Err(QueueFull::Queue)),
        ] {
            assert_eq!(counts.enter(&path(address)), expected, "{address}");
        }
    }

    #[test]
    fn shares_without_callers_take_no_memory() {
        let mut counts = ShareCounts::new(1);
        for number in 0..100 {
            let path = path(&format!("2001:db8:{number}::1"));
            counts.enter(&path).unwrap();
            counts.leave(path.iter().map(|share| &share.key));
        }
        assert_eq!((counts.all(), counts.by_key.len()), (0, 0));
    }
}
