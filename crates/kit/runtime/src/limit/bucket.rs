//! Token buckets.
//!
//! The state of a bucket is the time at which it would be full. Each taken token moves that time
//! one refill interval into the future, but no further than the time in which an empty bucket
//! fills. A bucket whose time has passed is full, which equals an unused one, and needs no memory.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use anteroom_protocol::Timestamp;

use super::admission::Admission;
use crate::{LimitKey, RetryAfter, TimedMap};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The capacity of a bucket and its refill rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketSize {
    capacity: NonZeroU32,
    /// The time in which one token is refilled, in microseconds.
    interval: NonZeroU64,
}

impl BucketSize {
    /// Creates a size of `capacity` tokens, of which one is refilled every `refill` seconds.
    #[must_use]
    pub const fn new(capacity: NonZeroU32, refill: NonZeroU64) -> Self {
        const SECOND: NonZeroU64 = NonZeroU64::new(MICROS_PER_SECOND).unwrap();
        Self {
            capacity,
            interval: refill.saturating_mul(SECOND),
        }
    }

    /// Creates a size of `capacity` tokens, of which `rate` are refilled every second; at most one
    /// per microsecond.
    #[must_use]
    pub fn per_second(capacity: NonZeroU32, rate: NonZeroU32) -> Self {
        let micros = MICROS_PER_SECOND / u64::from(rate.get());
        Self {
            capacity,
            interval: NonZeroU64::new(micros).unwrap_or(NonZeroU64::MIN),
        }
    }

    /// Returns `factor` times the tokens, with `factor` times the refill rate.
    #[must_use]
    pub fn times(self, factor: NonZeroU32) -> Self {
        let interval = self.interval.get() / u64::from(factor.get());
        Self {
            capacity: self.capacity.saturating_mul(factor),
            interval: NonZeroU64::new(interval).unwrap_or(NonZeroU64::MIN),
        }
    }

    /// Returns the `parts`-th part of the tokens, at least one, with the same refill rate.
    #[must_use]
    pub fn share(self, parts: NonZeroU32) -> Self {
        let capacity = self.capacity.get() / parts.get();
        Self {
            capacity: NonZeroU32::new(capacity).unwrap_or(NonZeroU32::MIN),
            ..self
        }
    }

    /// Returns the tokens of a full bucket.
    #[must_use]
    pub const fn capacity(self) -> NonZeroU32 {
        self.capacity
    }

    /// Returns the time in which this number of tokens is refilled, in microseconds.
    const fn micros_for(self, tokens: NonZeroU32) -> u64 {
        self.interval.get().saturating_mul(tokens.get() as u64)
    }

    /// Returns the time in which an empty bucket fills, in microseconds.
    const fn micros_to_fill(self) -> u64 {
        self.micros_for(self.capacity)
    }
}

/// The tokens that a request takes from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketTake {
    /// The bucket.
    pub key: LimitKey,
    /// The bucket's size.
    pub size: BucketSize,
    /// The number of tokens.
    pub tokens: NonZeroU32,
}

/// A time, in microseconds since 1970.
type Micros = u64;

const fn micros(time: Timestamp) -> Micros {
    time.as_secs().saturating_mul(MICROS_PER_SECOND)
}

/// The buckets of all keys, each with the moment at which it is full.
#[derive(Debug)]
pub(super) struct Buckets(TimedMap<LimitKey, Micros>);

impl Buckets {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self(TimedMap::new(most))
    }

    /// Takes tokens from all buckets, or from none.
    pub(super) fn take(&mut self, takes: &[BucketTake], now: Timestamp) -> Admission {
        let now = micros(now);
        self.0.forget_until(now);
        let wait = takes.iter().map(|take| self.wait(take, now)).max();
        if let Some(wait @ 1..) = wait {
            let seconds = wait.div_ceil(MICROS_PER_SECOND);
            return Admission::Limited(RetryAfter::from_secs(seconds));
        }
        self.move_all(takes, now);
        Admission::Granted
    }

    pub(super) fn charge(&mut self, takes: &[BucketTake], now: Timestamp) {
        let now = micros(now);
        self.0.forget_until(now);
        self.move_all(takes, now);
    }

    pub(super) fn refund(&mut self, key: &LimitKey, size: BucketSize, now: Timestamp) {
        if let Some(full_at) = self.0.time(key) {
            let full_at = full_at.saturating_sub(size.interval.get());
            self.0.set(*key, full_at, ());
        }
        self.0.forget_until(micros(now));
    }

    /// Returns the time until the bucket has the tokens, in microseconds; 0 if it has them.
    fn wait(&mut self, take: &BucketTake, now: Micros) -> u64 {
        let Some(full_at) = self.0.time(&take.key) else {
            let missing = take.tokens.get().saturating_sub(take.size.capacity.get());
            return NonZeroU32::new(missing).map_or(0, |missing| take.size.micros_for(missing));
        };
        let horizon = now.saturating_add(take.size.micros_to_fill());
        // A clock that was set back refuses a caller for no longer than an empty bucket does.
        let full_at = full_at.clamp(now, horizon);
        self.0.set(take.key, full_at, ());
        full_at
            .saturating_add(take.size.micros_for(take.tokens))
            .saturating_sub(horizon)
    }

    fn move_all(&mut self, takes: &[BucketTake], now: Micros) {
        for take in takes {
            let horizon = now.saturating_add(take.size.micros_to_fill());
            let full_at = self.0.time(&take.key).unwrap_or(now).max(now);
            let next = full_at.saturating_add(take.size.micros_for(take.tokens));
            self.0.set(take.key, next.min(horizon), ());
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Aci;
    use zeroize::Zeroizing;

    use super::*;
    use crate::Pseudonymizer;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn size(capacity: u32, refill: u64) -> BucketSize {
        BucketSize::new(
            NonZeroU32::new(capacity).unwrap(),
            NonZeroU64::new(refill).unwrap(),
        )
    }

    fn buckets(most: usize) -> Buckets {
        Buckets::new(NonZeroUsize::new(most).unwrap())
    }

    fn tokens(key: LimitKey, size: BucketSize, tokens: u32) -> BucketTake {
        BucketTake {
            key,
            size,
            tokens: tokens.try_into().unwrap(),
        }
    }

    fn one(key: LimitKey, size: BucketSize) -> BucketTake {
        tokens(key, size, 1)
    }

    fn key(byte: u8) -> LimitKey {
        Pseudonymizer::new(Zeroizing::new([0; 32])).limit_key("test", &Aci::from_bytes([byte; 16]))
    }

    fn limited(seconds: u64) -> Admission {
        Admission::Limited(RetryAfter::from_secs(seconds))
    }

    #[test]
    fn a_bucket_gives_its_capacity_at_once_and_then_one_token_per_interval() {
        let (mut buckets, size) = (buckets(10), size(100, 900));
        for _ in 0..100 {
            assert_eq!(
                buckets.take(&[one(key(1), size)], START),
                Admission::Granted
            );
        }
        for (after, expected) in [
            (0, limited(900)),
            (1, limited(899)),
            (899, limited(1)),
            (900, Admission::Granted),
            (900, limited(900)),
            (2_700, Admission::Granted),
            (2_700, Admission::Granted),
            (2_700, limited(900)),
        ] {
            assert_eq!(
                buckets.take(&[one(key(1), size)], START.plus(after)),
                expected,
                "{after}"
            );
        }
    }

    #[test]
    fn a_bucket_that_rested_long_enough_is_full_and_no_fuller() {
        let (mut buckets, size) = (buckets(10), size(3, 10));
        for _ in 0..3 {
            assert_eq!(
                buckets.take(&[one(key(1), size)], START),
                Admission::Granted
            );
        }
        let later = START.plus(1_000_000);
        for _ in 0..3 {
            assert_eq!(
                buckets.take(&[one(key(1), size)], later),
                Admission::Granted
            );
        }
        assert_eq!(buckets.take(&[one(key(1), size)], later), limited(10));
    }

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again_and_a_full_bucket_stays_full() {
        let (mut buckets, size) = (buckets(10), size(2, 10));
        for _ in 0..3 {
            assert_eq!(
                buckets.take(&[one(key(1), size)], START),
                Admission::Granted
            );
            buckets.refund(&key(1), size, START);
        }
        buckets.refund(&key(1), size, START);
        for expected in [Admission::Granted, Admission::Granted, limited(10)] {
            assert_eq!(buckets.take(&[one(key(1), size)], START), expected);
        }
    }

    #[test]
    fn callers_do_not_share_a_bucket() {
        let (mut buckets, size) = (buckets(10), size(1, 10));
        assert_eq!(
            buckets.take(&[one(key(1), size)], START),
            Admission::Granted
        );
        assert_eq!(buckets.take(&[one(key(1), size)], START), limited(10));
        assert_eq!(
            buckets.take(&[one(key(2), size)], START),
            Admission::Granted
        );
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer_than_an_empty_bucket() {
        let (mut buckets, size) = (buckets(10), size(2, 10));
        for _ in 0..2 {
            buckets.take(&[one(key(1), size)], START.plus(1_000_000));
        }
        assert_eq!(buckets.take(&[one(key(1), size)], START), limited(10));
        assert_eq!(
            buckets.take(&[one(key(1), size)], START.plus(9)),
            limited(1)
        );
        assert_eq!(
            buckets.take(&[one(key(1), size)], START.plus(10)),
            Admission::Granted
        );
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_buckets_stay() {
        let (mut buckets, size) = (buckets(2), size(2, 10));
        for _ in 0..2 {
            buckets.take(&[one(key(1), size)], START);
        }
        for other in 2..50 {
            assert_eq!(
                buckets.take(&[one(key(other), size)], START),
                Admission::Granted
            );
            assert!(buckets.0.len() <= 2);
        }
        assert_eq!(buckets.take(&[one(key(1), size)], START), limited(10));
        buckets.take(&[one(key(1), size)], START.plus(100));
        assert_eq!(buckets.0.len(), 1);
    }

    #[test]
    fn tokens_come_back_many_a_second_where_the_size_says_so() {
        let rate = BucketSize::per_second(100.try_into().unwrap(), 20.try_into().unwrap());
        let mut buckets = buckets(10);
        let take = |buckets: &mut Buckets, number, after| {
            buckets.take(&[tokens(key(1), rate, number)], START.plus(after))
        };
        assert_eq!(take(&mut buckets, 100, 0), Admission::Granted);
        assert_eq!(take(&mut buckets, 1, 0), limited(1));
        assert_eq!(take(&mut buckets, 21, 1), limited(1));
        assert_eq!(take(&mut buckets, 20, 1), Admission::Granted);
        assert_eq!(take(&mut buckets, 100, 1), limited(5));
        assert_eq!(take(&mut buckets, 100, 6), Admission::Granted);
        assert_eq!(take(&mut buckets, 101, 100), limited(1), "never granted");
    }

    #[test]
    fn a_request_takes_from_all_its_buckets_or_from_none() {
        let (narrow, wide) = (size(2, 10), size(2, 10).times(4.try_into().unwrap()));
        let mut buckets = buckets(10);
        let mut take = |number| buckets.take(&[one(key(number), narrow), one(key(0), wide)], START);
        for number in [1, 1, 2, 2, 3, 3, 4, 4] {
            assert_eq!(take(number), Admission::Granted, "{number}");
        }
        for number in [1, 5, 6] {
            assert_ne!(take(number), Admission::Granted, "{number}");
        }
        assert_eq!(buckets.0.len(), 5, "the refused ones left no trace");
        assert_eq!(
            buckets.take(&[one(key(5), narrow)], START),
            Admission::Granted
        );
        // The wide bucket refills four times as fast.
        let mut take =
            |after| buckets.take(&[one(key(7), narrow), one(key(0), wide)], START.plus(after));
        assert_eq!(take(2), limited(1));
        assert_eq!(take(3), Admission::Granted);
    }

    #[test]
    fn a_charge_empties_a_bucket_and_does_not_go_below() {
        let (mut buckets, size) = (buckets(10), size(10, 1));
        buckets.charge(&[tokens(key(1), size, 1_000)], START);
        assert_eq!(buckets.take(&[one(key(1), size)], START), limited(1));
        let later = START.plus(1);
        assert_eq!(
            buckets.take(&[one(key(1), size)], later),
            Admission::Granted
        );
    }
}
