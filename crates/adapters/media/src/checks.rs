//! The limits of checks of paths (STUN) from addresses that have proven nothing yet.
//!
//! 1. A check is answered once, or not at all.
//! 2. An address has ten checks a second, with bursts of twenty; all addresses of a thread have two thousand
//!    together. Only checks that name a connection count, so that guesses use up nothing.
//! 3. A connection has 32 addresses at once, and one more in thirty seconds: each costs some checks of our own and
//!    a place in its memory.
//!
//! Addresses share meters by their hash, with a key of the process: the memory is the same however many there are.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
};

use anteroom_sfu::{time::Moment, token_bucket::TokenBucket};

/// The number of meters of addresses.
const METERS: usize = 1_024;

/// The meters of checks from addresses that are not proven.
pub(crate) struct CheckMeters {
    all: TokenBucket,
    addresses: Vec<TokenBucket>,
    hasher: RandomState,
}

impl CheckMeters {
    pub(crate) fn new() -> Self {
        Self {
            all: TokenBucket::new(2_000, 2_000),
            addresses: vec![TokenBucket::new(20, 10); METERS],
            hasher: RandomState::new(),
        }
    }

    /// Counts a check from an address. Returns whether it is within the limits.
    pub(crate) fn count(&mut self, from: SocketAddr, now: Moment) -> bool {
        let hash = usize::try_from(self.hasher.hash_one(from) % METERS as u64);
        let meter = hash.ok().and_then(|place| self.addresses.get_mut(place));
        meter.is_some_and(|meter| meter.try_take(1, now)) && self.all.try_take(1, now)
    }
}

/// The tokens of a new address of a connection: one token is added in a second.
const NEW_ADDRESS: u64 = 30;

/// The meter of a connection's new addresses.
pub(crate) struct AddressMeter(TokenBucket);

impl AddressMeter {
    pub(crate) const fn new() -> Self {
        Self(TokenBucket::new(32 * NEW_ADDRESS, 1))
    }

    /// Counts a new address. Returns whether it is within the limit.
    pub(crate) fn count(&mut self, now: Moment) -> bool {
        self.0.try_take(NEW_ADDRESS, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> SocketAddr {
        SocketAddr::from((number.to_be_bytes(), 1_000))
    }

    #[test]
    fn an_address_has_a_burst_and_a_rate() {
        let mut meters = CheckMeters::new();
        let now = Moment::from_millis(5_000);
        let passed = (0..100).filter(|_| meters.count(address(7), now)).count();
        assert_eq!(passed, 20);
        let later = Moment::from_millis(6_000);
        let passed = (0..100).filter(|_| meters.count(address(7), later)).count();
        assert_eq!(passed, 10);
    }

    #[test]
    fn all_addresses_have_a_limit_together() {
        let mut meters = CheckMeters::new();
        let now = Moment::from_millis(5_000);
        let passed = (0..100_000).filter(|number| meters.count(address(*number), now));
        assert_eq!(passed.count(), 2_000);
    }

    #[test]
    fn a_connection_has_some_addresses_at_once_and_few_later() {
        let mut meter = AddressMeter::new();
        let count = |meter: &mut AddressMeter, second: u64| {
            let now = Moment::from_millis(second * 1_000);
            (0..100).filter(|_| meter.count(now)).count()
        };
        assert_eq!(count(&mut meter, 0), 32);
        assert_eq!(count(&mut meter, 29), 0);
        assert_eq!(count(&mut meter, 60), 2);
    }
}
