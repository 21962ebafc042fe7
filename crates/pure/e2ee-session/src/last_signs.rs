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
    /// Takes the last sign of a member. Where there is no room the oldest sign of a key that is in no leaf goes: who
    /// is in, and not heard for long, cannot be forgotten by others that come and go.
    pub(crate) fn set(
        &mut self,
        claims: &MemberLeaf,
        at: Moment,
        is_leaf: impl Fn(&[u8; 32]) -> bool,
    ) {
        let key = bytes(&claims.member_key);
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key) {
            let order = |(key, sign): &(&[u8; 32], &LastSign)| (is_leaf(key), sign.at);
            let oldest = self.keys.iter().min_by_key(order);
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
    use anteroom_protocol::{DemuxId, RootKey};

    use super::*;

    fn leaf(number: u16) -> MemberLeaf {
        let mut secret = [0; 32];
        secret[..2].copy_from_slice(&number.to_be_bytes());
        let root_key = RootKey::parse("bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz").unwrap();
        let room = root_key.room_id();
        MemberLeaf {
            user: OpaqueUserId::parse(&format!("{number:04x}")).unwrap(),
            demux_id: DemuxId::new(16).unwrap(),
            member_key: DeviceSecret::from_bytes(secret).member_key(&room).public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        }
    }

    const fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds))
    }

    #[test]
    fn a_member_that_is_in_and_unheard_is_not_forgotten_for_others_that_come_and_go() {
        let (member, mut signs) = (leaf(0), LastSigns::default());
        let key = bytes(&member.member_key);
        signs.set(&member, at(1), |one| *one == key);
        for number in 1..=1_100 {
            signs.set(&leaf(number), at(100), |one| *one == key);
        }
        assert_eq!(signs.keys.len(), MAX_KEYS);
        let of = signs.of(&BTreeMap::from([(3, member)]), at(200));
        assert_eq!(of, BTreeMap::from([(3, at(1))]));
    }
}
