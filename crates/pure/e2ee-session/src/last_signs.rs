//! The last signs of members, whose leaves may be made anew.

use std::collections::BTreeMap;

use anteroom_e2ee::{CONFIRMATION_LIMIT, MemberLeaf, MemberPublicKey, Moment};
use anteroom_protocol::OpaqueUserId;

/// The maximum number of member keys that are remembered.
const MAX_KEYS: usize = 1024;

/// The last signs of those who are or were in the group. Who was not heard for long is not confirmed either with
/// a leaf that is made anew, until it is heard: the room service could have it made again and again.
#[derive(Debug, Default)]
pub(crate) struct LastSigns {
    keys: BTreeMap<[u8; 32], LastSign>,
}

#[derive(Debug)]
struct LastSign {
    user: OpaqueUserId,
    at: Moment,
}

impl LastSigns {
    /// Takes the last sign of a member.
    pub(crate) fn set(&mut self, claims: &MemberLeaf, at: Moment) {
        let key = bytes(&claims.member_key);
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key) {
            let oldest = self.keys.iter().min_by_key(|(_, sign)| sign.at);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| self.keys.remove(&key));
        }
        let user = claims.user.clone();
        self.keys.insert(key, LastSign { user, at });
    }

    /// Returns the last signs of leaves whose member keys were in. A new key of a user has that of the user's
    /// other keys, if none of them was heard in time.
    pub(crate) fn of(
        &self,
        leaves: &BTreeMap<u32, MemberLeaf>,
        now: Moment,
    ) -> BTreeMap<u32, Moment> {
        let signs = leaves.iter().filter_map(|(leaf, claims)| {
            let of_key = self
                .keys
                .get(&bytes(&claims.member_key))
                .map(|sign| sign.at);
            let at = of_key.or_else(|| {
                let of_user = self.keys.values().filter(|sign| sign.user == claims.user);
                let latest = of_user.map(|sign| sign.at).max();
                latest.filter(|at| now >= at.plus(CONFIRMATION_LIMIT))
            });
            Some((*leaf, at?))
        });
        signs.collect()
    }
}

fn bytes(key: &MemberPublicKey) -> [u8; 32] {
    *key.as_bytes()
}
