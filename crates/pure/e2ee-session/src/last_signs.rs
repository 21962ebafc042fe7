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
    /// Takes the last sign of a member. Where there are too many, the oldest of those that are in no leaf of
    /// `present` is forgotten.
    pub(crate) fn set<T>(
        &mut self,
        claims: &MemberLeaf,
        at: Moment,
        present: &BTreeMap<[u8; 32], T>,
    ) {
        let key = bytes(&claims.member_key);
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key) {
            let oldest = self.keys.iter();
            let oldest = oldest.min_by_key(|(key, sign)| (present.contains_key(*key), sign.at));
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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use anteroom_e2ee::{Admission, DeviceSecret};
    use anteroom_protocol::{DemuxId, RoomId};

    use super::*;

    fn claims(number: usize) -> MemberLeaf {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&number.to_be_bytes());
        let member_key = DeviceSecret::from_bytes(secret).member_key(&RoomId::from_bytes([1; 32]));
        MemberLeaf {
            user: OpaqueUserId::parse(&"ab".repeat(65)).unwrap(),
            demux_id: DemuxId::new(16).unwrap(),
            member_key: member_key.public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        }
    }

    #[test]
    fn no_number_of_passing_keys_drives_out_the_sign_of_a_member() {
        let at = |secs| Moment::new(Duration::from_secs(secs));
        let member = claims(0);
        let present = BTreeMap::from([(bytes(&member.member_key), ())]);
        let mut signs = LastSigns::default();
        signs.set(&member, at(1), &present);
        for number in 1..=MAX_KEYS {
            signs.set(&claims(number), at(100), &present);
        }
        assert_eq!(signs.keys.len(), MAX_KEYS);
        let leaves = BTreeMap::from([(0, member)]);
        assert_eq!(signs.of(&leaves, at(101)), BTreeMap::from([(0, at(1))]));
    }
}
