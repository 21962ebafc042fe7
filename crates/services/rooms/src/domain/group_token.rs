//! Tokens for group calls, which another service issues to the members of a group.
//!
//! `2:<user id hex>:<group id hex>:<unix seconds>:<0|1>:<hex of the first 10 bytes of
//! HMAC-SHA256(key, everything before the last colon)>`. A `1` may start a call.

use std::fmt;

use anteroom_protocol::{HOUR, OpaqueUserId, Timestamp};
use anteroom_store::OpaqueRoomId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::room_id::{is_hex, parse_room};

/// The time for which a token is valid.
const VALID: u64 = 30 * HOUR;
/// The tolerance, in seconds, for a clock of the token's issuer that is ahead. A token with a later
/// time would be valid for longer.
const CLOCK_SKEW: u64 = 600;
const TAG_LENGTH: usize = 10;

/// The key that authenticates group tokens. `Debug` does not show it.
#[derive(Clone)]
pub struct GroupCallKey(Zeroizing<Vec<u8>>);

impl GroupCallKey {
    /// The minimum length of the key, in bytes.
    pub const MIN_LENGTH: usize = 16;

    /// Creates the key; `None` if it is shorter than [`Self::MIN_LENGTH`].
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        (bytes.len() >= Self::MIN_LENGTH).then_some(Self(bytes))
    }

    fn tag(&self, message: &str) -> [u8; TAG_LENGTH] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        mac.update(message.as_bytes());
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        *whole.first_chunk().unwrap_or(&[0; TAG_LENGTH])
    }
}

impl fmt::Debug for GroupCallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupCallKey(..)")
    }
}

/// A well-formed token that is not verified.
pub(crate) struct GroupToken {
    member: GroupMember,
    issued: Timestamp,
    signed: String,
    tag: [u8; TAG_LENGTH],
}

/// A member of a group, from a verified token.
#[derive(Clone, Debug)]
pub(crate) struct GroupMember {
    pub(crate) user: OpaqueUserId,
    pub(crate) group: OpaqueRoomId,
    pub(crate) may_start: bool,
}

impl GroupToken {
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let (signed, tag) = token.rsplit_once(':')?;
        let mut fields = signed.split(':');
        let mut next = || fields.next();
        let (version, user, group) = (next()?, next()?, next()?);
        let (issued, may_start) = (next()?, next()?);
        if version != "2" || next().is_some() {
            return None;
        }
        let user = hex::decode(user).ok().filter(|user| !user.is_empty())?;
        let group = parse_room(group).filter(is_hex)?;
        if !issued.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            member: GroupMember {
                user: OpaqueUserId::parse(&hex::encode(user)).ok()?,
                group,
                may_start: match may_start {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                },
            },
            issued: Timestamp::from_secs(issued.parse().ok()?),
            signed: signed.to_owned(),
            tag: hex::decode(tag).ok()?.try_into().ok()?,
        })
    }

    /// Returns the member if the token was made with this key in the last 30 hours.
    pub(crate) fn verify(&self, key: &GroupCallKey, now: Timestamp) -> Option<GroupMember> {
        let genuine: bool = key.tag(&self.signed).ct_eq(&self.tag).into();
        let fresh = self.issued <= now.plus(CLOCK_SKEW) && now < self.issued.plus(VALID);
        (genuine && fresh).then(|| self.member.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn key(byte: u8) -> GroupCallKey {
        GroupCallKey::new(Zeroizing::new(vec![byte; 32])).unwrap()
    }

    fn signed(fields: &str) -> String {
        format!("{fields}:{}", hex::encode(key(0x0b).tag(fields)))
    }

    #[test]
    fn the_tag_is_the_start_of_hmac_sha256() {
        // Computed with an independent implementation.
        assert_eq!(
            hex::encode(key(0x0b).tag("2:aa:bb:1700000000:1")),
            "ad14836a00d596c316d9"
        );
    }

    #[test]
    fn a_token_is_good_for_30_hours_under_its_key() {
        let token = GroupToken::parse(&signed("2:aa:BB:1700000000:1")).unwrap();
        for (key, now, good) in [
            (key(0x0b), NOW, true),
            (key(0x0b), NOW.minus(600), true),
            (key(0x0b), NOW.minus(601), false),
            (key(0x0b), NOW.plus(30 * HOUR - 1), true),
            (key(0x0b), NOW.plus(30 * HOUR), false),
            (key(0x0c), NOW, false),
        ] {
            assert_eq!(token.verify(&key, now).is_some(), good, "{now:?}");
        }
        let member = token.verify(&key(0x0b), NOW).unwrap();
        assert_eq!(member.user.as_str(), "aa");
        assert_eq!(member.group.as_str(), "bb");
        assert!(member.may_start);
    }

    #[test]
    fn every_field_is_signed_and_none_may_be_malformed() {
        let good = signed("2:aa:bb:1700000000:0");
        for (changed, parses) in [
            (good.replace("2:aa", "2:ab"), true),
            (good.replace(":bb:", ":bc:"), true),
            (good.replace(":1700000000:", ":1700000001:"), true),
            (good.replace(":0:", ":1:"), true),
            (signed("1:aa:bb:1700000000:0"), false),
            (signed("2::bb:1700000000:0"), false),
            (signed("2:aa::1700000000:0"), false),
            (signed("2:ag:bb:1700000000:0"), false),
            (signed("2:aa:bb:+1700000000:0"), false),
            (signed("2:aa:bb:1700000000:2"), false),
            (signed("2:aa:bb:1700000000"), false),
            (signed("2:aa:bb:1700000000:0:0"), false),
            (format!("{good}00"), false),
            (String::new(), false),
        ] {
            let token = GroupToken::parse(&changed);
            assert_eq!(token.is_some(), parses, "{changed}");
            let verified = token.and_then(|token| token.verify(&key(0x0b), NOW));
            assert!(verified.is_none(), "{changed}");
        }
    }
}
