//! Names for accounts and rooms that say nothing to who does not hold the key.

use std::fmt;

use anteroom_protocol::Aci;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ClientAddress;

/// An account or a room in events and logs: 16 bytes, shown as base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pseudonym([u8; 16]);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// A rate-limit bucket's name: blind, so that a store of buckets learns no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey([u8; 32]);

impl LimitKey {
    /// The bytes, for a store of buckets outside the process.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Makes [`Pseudonym`]s and [`LimitKey`]s with HMAC-SHA256 under the event key.
#[derive(Clone)]
pub struct Pseudonymizer {
    keyed: Hmac<Sha256>,
}

impl Pseudonymizer {
    /// Under this event key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller's copy is to be wiped"
    )]
    pub fn new(event_key: Zeroizing<[u8; 32]>) -> Self {
        Self {
            keyed: Hmac::new_from_slice(event_key.as_slice()).expect("any length is a key"),
        }
    }

    /// The account's name in events and logs: the first 16 bytes of HMAC(event key, ACI bytes).
    #[must_use]
    pub fn account(&self, aci: &Aci) -> Pseudonym {
        let mut mac = self.keyed.clone();
        mac.update(aci.as_bytes());
        shortened(mac)
    }

    /// The room's name in events and logs: the first 16 bytes of HMAC(event key, "room", 0, id).
    #[must_use]
    pub fn room(&self, room: &str) -> Pseudonym {
        let mut mac = self.keyed.clone();
        mac.update(b"room\0");
        mac.update(room.as_bytes());
        shortened(mac)
    }

    /// The name of the account's bucket of the limit `limit`.
    ///
    /// The message is longer than the 16 bytes of [`Pseudonymizer::account`], and the limit's name
    /// is followed by a zero byte: no two inputs meet.
    #[must_use]
    pub fn limit_key(&self, limit: &'static str, aci: &Aci) -> LimitKey {
        let mut mac = self.keyed.clone();
        mac.update(b"rate limit\0");
        mac.update(limit.as_bytes());
        mac.update(&[0]);
        mac.update(aci.as_bytes());
        LimitKey(mac.finalize().into_bytes().into())
    }

    /// The name of the bucket of the limit `limit` for everyone in a client's
    /// [limit group](ClientAddress::limit_group).
    #[must_use]
    pub fn client_limit_key(&self, limit: &'static str, client: ClientAddress) -> LimitKey {
        let mut mac = self.keyed.clone();
        mac.update(b"client limit\0");
        mac.update(limit.as_bytes());
        mac.update(&[0]);
        mac.update(&client.limit_group());
        LimitKey(mac.finalize().into_bytes().into())
    }

    /// The name of the bucket of the limit `limit` for a room's user, who is not an account here.
    #[must_use]
    pub fn room_limit_key(&self, limit: &'static str, user: &str) -> LimitKey {
        let mut mac = self.keyed.clone();
        mac.update(b"room limit\0");
        mac.update(limit.as_bytes());
        mac.update(&[0]);
        mac.update(user.as_bytes());
        LimitKey(mac.finalize().into_bytes().into())
    }
}

fn shortened(mac: Hmac<Sha256>) -> Pseudonym {
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    let mut first = [0; 16];
    first.copy_from_slice(tag.first_chunk::<16>().unwrap_or(&[0; 16]));
    Pseudonym(first)
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonymizer(byte: u8) -> Pseudonymizer {
        Pseudonymizer::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_pseudonym_is_the_start_of_the_keyed_hash_of_the_account_id() {
        // HMAC-SHA256(32 x 0b, 00 01 .. 0f), computed with another implementation.
        let aci = Aci::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap()));
        assert_eq!(
            pseudonymizer(0x0b).account(&aci).to_string(),
            "g5JkKoHIN0kKp0Oz6au05w"
        );
    }

    #[test]
    fn names_differ_between_accounts_keys_and_limits() {
        let (one, two) = (Aci::from_bytes([1; 16]), Aci::from_bytes([2; 16]));
        let (p, q) = (pseudonymizer(1), pseudonymizer(2));
        assert_eq!(p.account(&one), pseudonymizer(1).account(&one));
        assert_ne!(p.account(&one), p.account(&two));
        assert_ne!(p.account(&one), q.account(&one));
        assert_ne!(p.limit_key("a", &one), p.limit_key("b", &one));
        assert_ne!(p.limit_key("a", &one), p.limit_key("a", &two));
        let client = |text: &str| ClientAddress::new(text.parse().unwrap());
        let (near, far) = (client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(
            p.client_limit_key("a", near),
            p.client_limit_key("a", client("2001:db8::2"))
        );
        assert_ne!(p.client_limit_key("a", near), p.client_limit_key("a", far));
        assert_ne!(p.client_limit_key("a", near), p.client_limit_key("b", near));
        assert_ne!(p.client_limit_key("a", near), q.client_limit_key("a", near));
        assert_ne!(p.room("a"), p.room("b"));
        assert_ne!(p.room("a"), q.room("a"));
        assert_ne!(p.room_limit_key("a", "u"), p.room_limit_key("b", "u"));
        assert_ne!(p.room_limit_key("a", "u"), p.room_limit_key("a", "v"));
    }
}
