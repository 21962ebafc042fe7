//! Names for accounts and rooms that reveal nothing without the key.

use std::{fmt, net::IpAddr, sync::Arc};

use anteroom_protocol::{Aci, Timestamp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{AddressGroup, ClientAddress};

/// The name of an account or a room in events and logs: 16 bytes, shown as base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pseudonym([u8; 16]);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Pseudonym {
    /// Returns the bytes, for storage.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The key of a rate-limit bucket. It is a keyed hash, so that a store of buckets learns no
/// account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey([u8; 32]);

impl LimitKey {
    /// Returns the bytes, for a store of buckets outside the process.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Creates [`Pseudonym`]s and [`LimitKey`]s with HMAC-SHA256 under the event key.
///
/// A newer event key changes all of them: old events can no longer be joined with new ones, and
/// rate limits restart.
#[derive(Clone)]
pub struct Pseudonymizer {
    event_key: Arc<dyn Fn() -> Zeroizing<[u8; 32]> + Send + Sync>,
}

impl Pseudonymizer {
    /// Creates pseudonyms under this event key.
    #[must_use]
    pub fn new(event_key: Zeroizing<[u8; 32]>) -> Self {
        Self::following(move || event_key.clone())
    }

    /// Creates pseudonyms under the event key that `current` returns. It is called for each name.
    #[must_use]
    pub fn following(current: impl Fn() -> Zeroizing<[u8; 32]> + Send + Sync + 'static) -> Self {
        Self {
            event_key: Arc::new(current),
        }
    }

    /// Returns the account's name in events and logs: the first 16 bytes of HMAC(event key, ACI
    /// bytes).
    #[must_use]
    pub fn account(&self, aci: &Aci) -> Pseudonym {
        shortened(self.hash(&[aci.as_bytes()]))
    }

    /// Returns a name of the account that changes each day, for receivers that must not follow the
    /// account: the first 16 bytes of HMAC(event key, "daily", 0, `purpose`, 0, day, ACI bytes),
    /// with the day as its midnight in 8 bytes.
    #[must_use]
    pub fn daily(&self, purpose: &'static str, aci: &Aci, now: Timestamp) -> Pseudonym {
        let day = now.start_of_day().as_secs().to_be_bytes();
        shortened(self.named_hash(b"daily\0", purpose, &[&day, aci.as_bytes()]))
    }

    /// Returns the hundredth of all accounts that an account is in, 0 to 99. It is constant for a
    /// `purpose` under the same event key, and independent between purposes.
    #[must_use]
    pub fn percentile(&self, purpose: &'static str, aci: &Aci) -> u8 {
        let tag = self.named_hash(b"percentile\0", purpose, &[aci.as_bytes()]);
        // The bias of the remainder of 64 random bits is below one in 10^17.
        let drawn = u64::from_be_bytes(*tag.first_chunk().unwrap_or(&[0; 8]));
        u8::try_from(drawn % 100).unwrap_or_default()
    }

    /// Returns the room's name in events and logs: the first 16 bytes of HMAC(event key, "room", 0,
    /// id).
    #[must_use]
    pub fn room(&self, room: &str) -> Pseudonym {
        shortened(self.hash(&[b"room\0", room.as_bytes()]))
    }

    /// Returns an email address's name in events: the first 16 bytes of HMAC(event key, "email", 0,
    /// address).
    #[must_use]
    pub fn email(&self, email: &str) -> Pseudonym {
        shortened(self.hash(&[b"email\0", email.as_bytes()]))
    }

    /// Returns a session's name in events: the first 16 bytes of HMAC(event key, "session", 0, id).
    #[must_use]
    pub fn session(&self, id: &[u8; 16]) -> Pseudonym {
        shortened(self.hash(&[b"session\0", id]))
    }

    /// Returns the name of a client's address in events: the first 16 bytes of HMAC(event key,
    /// "address", 0, the 16 bytes of the address), with IPv4 mapped to IPv6.
    #[must_use]
    pub fn address(&self, client: ClientAddress) -> Pseudonym {
        let bytes = match client.ip() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        shortened(self.hash(&[b"address\0", &bytes]))
    }

    /// Returns the key of the account's bucket of the limit `limit`.
    ///
    /// The message is longer than the 16 bytes of [`Pseudonymizer::account`], and a zero byte
    /// follows the limit's name, so that no two inputs are equal.
    #[must_use]
    pub fn limit_key(&self, limit: &'static str, aci: &Aci) -> LimitKey {
        LimitKey(self.named_hash(b"rate limit\0", limit, &[aci.as_bytes()]))
    }

    /// Returns the key of the account's bucket of the limit `limit` in one of the account's epochs.
    /// Each epoch has another bucket.
    #[must_use]
    pub fn epoch_limit_key(&self, limit: &'static str, aci: &Aci, epoch: u32) -> LimitKey {
        let account = [aci.as_bytes(), &epoch.to_be_bytes()[..]];
        LimitKey(self.named_hash(b"epoch limit\0", limit, &account))
    }

    /// Returns the key of the bucket of the limit `limit` for one device of the account, in one of
    /// the account's epochs. A device that was added later has another bucket, even with the number
    /// of a deleted one.
    #[must_use]
    pub fn device_limit_key(
        &self,
        limit: &'static str,
        aci: &Aci,
        epoch: u32,
        device: (u32, Timestamp),
    ) -> LimitKey {
        let (number, added) = device;
        let device: [&[u8]; 4] = [
            aci.as_bytes(),
            &epoch.to_be_bytes(),
            &number.to_be_bytes(),
            &added.as_secs().to_be_bytes(),
        ];
        LimitKey(self.named_hash(b"device limit\0", limit, &device))
    }

    /// Returns the key of the bucket of the limit `limit` for a network.
    ///
    /// The factor tells a network apart from the first of its parts, whose bytes are the same.
    #[must_use]
    pub fn network_limit_key(&self, limit: &'static str, network: &AddressGroup) -> LimitKey {
        let network: [&[u8]; 2] = [&network.factor().to_be_bytes(), network.network()];
        LimitKey(self.named_hash(b"client limit\0", limit, &network))
    }

    /// Returns the key of the bucket of the limit `limit` for an email address.
    #[must_use]
    pub fn email_limit_key(&self, limit: &'static str, email: &str) -> LimitKey {
        LimitKey(self.named_hash(b"email limit\0", limit, &[email.as_bytes()]))
    }

    /// Returns the key of the window of the limit `limit` for all requests together.
    #[must_use]
    pub fn total_limit_key(&self, limit: &'static str) -> LimitKey {
        LimitKey(self.named_hash(b"total limit\0", limit, &[]))
    }

    /// Returns the key of the bucket of the limit `limit` for a room's user, who is not an account
    /// here.
    #[must_use]
    pub fn room_limit_key(&self, limit: &'static str, user: &str) -> LimitKey {
        LimitKey(self.named_hash(b"room limit\0", limit, &[user.as_bytes()]))
    }

    /// Returns HMAC(event key, `kind`, `name`, 0, `of`).
    fn named_hash(&self, kind: &[u8], name: &'static str, of: &[&[u8]]) -> [u8; 32] {
        self.hash(&[&[kind, name.as_bytes(), &[0]], of].concat())
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let key = (self.event_key)();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("any length is a key");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn shortened(tag: [u8; 32]) -> Pseudonym {
    Pseudonym(*tag.first_chunk().unwrap_or(&[0; 16]))
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    fn pseudonymizer(byte: u8) -> Pseudonymizer {
        Pseudonymizer::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_pseudonym_is_the_start_of_the_keyed_hash_of_the_account_id() {
        // HMAC-SHA256(32 x 0b, 00 01 .. 0f), computed with an independent implementation.
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
        let epoch = |epoch| p.epoch_limit_key("a", &one, epoch);
        assert_ne!(epoch(0), epoch(1));
        let device = |epoch, number, added| {
            p.device_limit_key("a", &one, epoch, (number, Timestamp::from_secs(added)))
        };
        assert_eq!(device(1, 2, 3), device(1, 2, 3));
        for other in [device(0, 2, 3), device(1, 1, 3), device(1, 2, 4)] {
            assert_ne!(device(1, 2, 3), other);
        }
        let client = |text: &str| ClientAddress::new(text.parse().unwrap());
        let near = client("2001:db8::1");
        let neighbour = client("2001:db8::2");
        assert_eq!(p.address(near), p.address(client("2001:db8::1")));
        assert_ne!(p.address(near), p.address(neighbour), "not the network");
        assert_ne!(p.address(near), q.address(near));
        let v4 = client("192.0.2.1");
        assert_eq!(p.address(v4), p.address(client("::ffff:192.0.2.1")));
        let network = |text: &str, width: usize| client(text).groups().nth(width).unwrap();
        let [narrow, wide] = [0, 2].map(|width| network("2001:db8::1", width));
        assert_eq!(
            p.network_limit_key("a", &narrow),
            p.network_limit_key("a", &network("2001:db8::2", 0))
        );
        assert_eq!(narrow.network(), wide.network());
        for (key, other) in [
            (("a", &narrow), ("a", &wide)),
            (("a", &narrow), ("a", &network("2001:db8:0:1::1", 0))),
            (("a", &narrow), ("b", &narrow)),
        ] {
            let [key, other] = [key, other].map(|(limit, of)| p.network_limit_key(limit, of));
            assert_ne!(key, other);
        }
        assert_eq!(p.email_limit_key("a", "x"), p.email_limit_key("a", "x"));
        assert_ne!(p.email_limit_key("a", "x"), p.email_limit_key("a", "y"));
        assert_ne!(p.email_limit_key("a", "x"), p.email_limit_key("b", "x"));
        assert_ne!(p.email_limit_key("a", "x"), p.room_limit_key("a", "x"));
        assert_ne!(
            p.network_limit_key("a", &narrow),
            q.network_limit_key("a", &narrow)
        );
        let at = Timestamp::from_secs;
        let day = p.daily("a", &one, at(86_400));
        assert_eq!(day, p.daily("a", &one, at(2 * 86_400 - 1)));
        for other in [
            p.daily("a", &one, at(86_399)),
            p.daily("a", &one, at(2 * 86_400)),
            p.daily("b", &one, at(86_400)),
            p.daily("a", &two, at(86_400)),
            q.daily("a", &one, at(86_400)),
            p.account(&one),
        ] {
            assert_ne!(day, other);
        }
        assert_eq!(p.email("a"), pseudonymizer(1).email("a"));
        assert_ne!(p.email("a"), p.email("b"));
        assert_ne!(p.email("a"), q.email("a"));
        assert_ne!(p.email("a"), p.room("a"));
        assert_ne!(p.session(&[1; 16]), p.session(&[2; 16]));
        assert_ne!(p.session(&[1; 16]), p.account(&one));
        assert_ne!(p.room("a"), p.room("b"));
        assert_ne!(p.room("a"), q.room("a"));
        assert_ne!(p.room_limit_key("a", "u"), p.room_limit_key("b", "u"));
        assert_ne!(p.room_limit_key("a", "u"), p.room_limit_key("a", "v"));
    }

    #[test]
    fn names_follow_the_key() {
        let byte = Arc::new(AtomicU8::new(1));
        let current = Arc::clone(&byte);
        let following =
            Pseudonymizer::following(move || Zeroizing::new([current.load(Ordering::Relaxed); 32]));
        let aci = Aci::from_bytes([7; 16]);
        assert_eq!(following.account(&aci), pseudonymizer(1).account(&aci));
        byte.store(2, Ordering::Relaxed);
        assert_eq!(following.account(&aci), pseudonymizer(2).account(&aci));
    }

    #[test]
    fn accounts_are_spread_over_the_percentiles_and_stay_in_theirs() {
        let p = pseudonymizer(1);
        let aci = |n: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            Aci::from_bytes(bytes)
        };
        let mut counts = [0_u32; 100];
        let mut moved = 0;
        for n in 0..10_000 {
            let drawn = p.percentile("a", &aci(n));
            assert_eq!(drawn, p.percentile("a", &aci(n)));
            counts[usize::from(drawn)] += 1;
            moved += u32::from(drawn != p.percentile("b", &aci(n)));
        }
        // Each count is 100 give or take 10. A difference of ten times that does not happen by
        // chance.
        assert!(
            counts.iter().all(|count| (1..200).contains(count)),
            "{counts:?}"
        );
        assert!(moved > 9_000, "{moved}");
    }
}
