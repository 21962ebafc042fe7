//! The networks with a recent login.
//!
//! The process keeps them in memory only, as keyed hashes without an account: a reader with the
//! event key who guesses a network learns that a login came from it.

use std::num::{NonZeroU64, NonZeroUsize};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{ClientAddress, LimitKey, Pseudonymizer, TimedMap};
use parking_lot::Mutex;

/// The limits of the known networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownNetworkLimits {
    /// The maximum number of known networks. A further one replaces the one whose last use is the
    /// oldest.
    pub most: NonZeroUsize,
    /// The time for which a network is known after the last login or refresh, in seconds.
    pub seconds: NonZeroU64,
}

impl Default for KnownNetworkLimits {
    fn default() -> Self {
        Self {
            most: const { NonZeroUsize::new(10_000).unwrap() },
            seconds: const { NonZeroU64::new(7 * 24 * 60 * 60).unwrap() },
        }
    }
}

/// The known networks: IPv4 addresses and IPv6 /64s.
pub(crate) struct KnownNetworks {
    seconds: NonZeroU64,
    /// The time of the last login from each.
    times: Mutex<TimedMap<LimitKey, Timestamp>>,
}

impl KnownNetworks {
    pub(crate) fn new(limits: KnownNetworkLimits) -> Self {
        Self {
            seconds: limits.seconds,
            times: Mutex::new(TimedMap::new(limits.most)),
        }
    }

    /// Records a login from the client's network.
    pub(crate) fn note(&self, keys: &Pseudonymizer, client: ClientAddress, now: Timestamp) {
        let Some(key) = network_key(keys, client) else {
            return;
        };
        let mut seen = self.times.lock();
        seen.forget_until(now.minus(self.seconds.get()));
        seen.set(key, now, ());
    }

    /// Returns whether a login came from the client's network recently.
    pub(crate) fn knows(
        &self,
        keys: &Pseudonymizer,
        client: ClientAddress,
        now: Timestamp,
    ) -> bool {
        let Some(key) = network_key(keys, client) else {
            return false;
        };
        let mut seen = self.times.lock();
        seen.forget_until(now.minus(self.seconds.get()));
        match seen.time(&key) {
            // A clock that was ahead makes no network known for longer than the limit.
            Some(last) if last > now => {
                seen.set(key, now, ());
                true
            }
            last => last.is_some(),
        }
    }
}

/// Returns the key of the narrowest network; `None` for a client without a known address.
fn network_key(keys: &Pseudonymizer, client: ClientAddress) -> Option<LimitKey> {
    if client == ClientAddress::UNKNOWN {
        return None;
    }
    let narrowest = client.groups().next()?;
    Some(keys.network_limit_key("known network", &narrowest))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn networks(most: usize) -> KnownNetworks {
        KnownNetworks::new(KnownNetworkLimits {
            most: most.try_into().unwrap(),
            seconds: 100.try_into().unwrap(),
        })
    }

    fn keys() -> Pseudonymizer {
        Pseudonymizer::new(Zeroizing::new([1; 32]))
    }

    fn client(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().unwrap())
    }

    #[test]
    fn a_network_is_known_for_some_time_after_its_last_login() {
        let (networks, keys) = (networks(10), keys());
        networks.note(&keys, client("192.0.2.1"), START);
        networks.note(&keys, client("2001:db8::1"), START.plus(50));
        for (address, after, known) in [
            ("192.0.2.1", 0, true),
            ("192.0.2.2", 0, false),
            ("192.0.2.1", 99, true),
            ("192.0.2.1", 100, false),
            ("2001:db8::2", 149, true),
            ("2001:db8:0:1::1", 149, false),
            ("2001:db8::2", 150, false),
        ] {
            let knows = networks.knows(&keys, client(address), START.plus(after));
            assert_eq!(knows, known, "{address} {after}");
        }
        assert!(networks.times.lock().is_empty());
    }

    #[test]
    fn a_clock_that_was_ahead_makes_nothing_known_for_longer() {
        let (networks, keys) = (networks(10), keys());
        networks.note(&keys, client("192.0.2.1"), START.plus(1_000_000));
        for (after, known) in [(0, true), (99, true), (100, false)] {
            let knows = networks.knows(&keys, client("192.0.2.1"), START.plus(after));
            assert_eq!(knows, known, "{after}");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_latest_networks_stay() {
        let (networks, keys) = (networks(3), keys());
        let address = |number: u64| client(&format!("192.0.2.{number}"));
        for number in 0..50 {
            networks.note(&keys, address(number), START.plus(number));
            assert!(networks.times.lock().len() <= 3);
        }
        for number in 0..50 {
            let knows = networks.knows(&keys, address(number), START.plus(50));
            assert_eq!(knows, number >= 47, "{number}");
        }
    }

    #[test]
    fn a_client_without_an_address_is_in_no_known_network() {
        let (networks, keys) = (networks(3), keys());
        networks.note(&keys, ClientAddress::UNKNOWN, START);
        assert!(!networks.knows(&keys, ClientAddress::UNKNOWN, START));
    }
}
