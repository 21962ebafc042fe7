//! Rate limits: token buckets, and sliding windows where a number must hold for any span of time.
//!
//! A bucket is kept as the one moment at which it would be full again. A taken token moves that
//! moment one refill interval further; it may not move further away than a whole bucket's worth. A
//! bucket whose moment has passed is full, that is, the same as one that was never used, and needs
//! no memory.

mod window;

use std::{
    collections::{BTreeSet, HashMap},
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    sync::{Mutex, PoisonError},
};

use anteroom_protocol::Timestamp;
use async_trait::async_trait;

pub use self::window::WindowSize;
use self::window::Windows;
use crate::{LimitKey, RetryAfter};

/// A bucket's capacity and how fast it refills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketSize {
    capacity: NonZeroU32,
    refill: NonZeroU64,
}

impl BucketSize {
    /// `capacity` tokens, one of which comes back every `refill` seconds.
    #[must_use]
    pub const fn new(capacity: NonZeroU32, refill: NonZeroU64) -> Self {
        Self { capacity, refill }
    }

    /// Seconds that an empty bucket takes to be full.
    const fn seconds_to_fill(self) -> u64 {
        self.refill.get().saturating_mul(self.capacity.get() as u64)
    }
}

/// Whether a caller may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A token was taken.
    Granted,
    /// The bucket is empty; the next token comes back then.
    Limited(RetryAfter),
}

/// Keeps buckets and windows.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes a token from the bucket `key`, which has the size `size`, at the time `now`.
    ///
    /// An implementation whose store is gone decides by itself: there is no error.
    async fn take(&self, key: &LimitKey, size: BucketSize, now: Timestamp) -> Admission;

    /// Counts a request in the window `key`, which has the size `size`, at the time `now`. A refused
    /// request does not count.
    ///
    /// An implementation whose store is gone decides by itself: there is no error.
    async fn take_in_window(&self, key: &LimitKey, size: WindowSize, now: Timestamp) -> Admission;

    /// Gives a token back that was taken for something that does not count after all.
    async fn give_back(&self, key: &LimitKey, size: BucketSize, now: Timestamp);
}

/// Buckets and windows in the memory of this process.
#[derive(Debug)]
pub struct LocalLimiter {
    most: NonZeroUsize,
    buckets: Mutex<Buckets>,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<LimitKey, Timestamp>,
    by_time: BTreeSet<(Timestamp, LimitKey)>,
}

impl LocalLimiter {
    /// Keeps at most `most` buckets that are not full, and as many windows. One bucket more pushes
    /// out the fullest, which is the one whose loss gives away least; one window more, the one that
    /// was used last the longest ago.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        Self {
            most,
            buckets: Mutex::default(),
            windows: Mutex::default(),
        }
    }

    fn take_now(&self, key: &LimitKey, size: BucketSize, now: Timestamp) -> Admission {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.forget_full(now);
        let horizon = now.plus(size.seconds_to_fill());
        // A clock that was set back must not lock a caller out for longer than an empty bucket does.
        let full_at = buckets
            .full_at
            .get(key)
            .map_or(now, |at| (*at).clamp(now, horizon));
        let next = full_at.plus(size.refill.get());
        if next > horizon {
            buckets.set(*key, full_at, self.most);
            let wait = next.as_secs().saturating_sub(horizon.as_secs());
            return Admission::Limited(RetryAfter::from_secs(wait));
        }
        buckets.set(*key, next, self.most);
        Admission::Granted
    }
}

impl Buckets {
    fn forget_full(&mut self, now: Timestamp) {
        while let Some((full_at, key)) = self.by_time.first().copied() {
            if full_at > now {
                break;
            }
            self.by_time.pop_first();
            self.full_at.remove(&key);
        }
    }

    fn set(&mut self, key: LimitKey, full_at: Timestamp, most: NonZeroUsize) {
        if let Some(before) = self.full_at.insert(key, full_at) {
            self.by_time.remove(&(before, key));
        }
        self.by_time.insert((full_at, key));
        if self.full_at.len() > most.get()
            && let Some((_, fullest)) = self.by_time.pop_first()
        {
            self.full_at.remove(&fullest);
        }
    }
}

#[async_trait]
impl RateLimiter for LocalLimiter {
    async fn take(&self, key: &LimitKey, size: BucketSize, now: Timestamp) -> Admission {
        self.take_now(key, size, now)
    }

    async fn take_in_window(&self, key: &LimitKey, size: WindowSize, now: Timestamp) -> Admission {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.take(key, size, now, self.most)
    }

    async fn give_back(&self, key: &LimitKey, size: BucketSize, now: Timestamp) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.full_at.get(key).copied() {
            buckets.set(*key, full_at.minus(size.refill.get()), self.most);
        }
        buckets.forget_full(now);
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

    fn limiter(most: usize) -> LocalLimiter {
        LocalLimiter::new(NonZeroUsize::new(most).unwrap())
    }

    fn key(byte: u8) -> LimitKey {
        Pseudonymizer::new(Zeroizing::new([0; 32])).limit_key("test", &Aci::from_bytes([byte; 16]))
    }

    fn limited(seconds: u64) -> Admission {
        Admission::Limited(RetryAfter::from_secs(seconds))
    }

    #[test]
    fn a_bucket_gives_its_capacity_at_once_and_then_one_token_per_interval() {
        let (limiter, size) = (limiter(10), size(100, 900));
        for _ in 0..100 {
            assert_eq!(limiter.take_now(&key(1), size, START), Admission::Granted);
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
                limiter.take_now(&key(1), size, START.plus(after)),
                expected,
                "{after}"
            );
        }
    }

    #[test]
    fn a_bucket_that_rested_long_enough_is_full_and_no_fuller() {
        let (limiter, size) = (limiter(10), size(3, 10));
        for _ in 0..3 {
            assert_eq!(limiter.take_now(&key(1), size, START), Admission::Granted);
        }
        let later = START.plus(1_000_000);
        for _ in 0..3 {
            assert_eq!(limiter.take_now(&key(1), size, later), Admission::Granted);
        }
        assert_eq!(limiter.take_now(&key(1), size, later), limited(10));
    }

    #[tokio::test]
    async fn a_token_that_is_given_back_can_be_taken_again_and_a_full_bucket_stays_full() {
        let (limiter, size) = (limiter(10), size(2, 10));
        for _ in 0..3 {
            assert_eq!(limiter.take_now(&key(1), size, START), Admission::Granted);
            limiter.give_back(&key(1), size, START).await;
        }
        limiter.give_back(&key(1), size, START).await;
        for expected in [Admission::Granted, Admission::Granted, limited(10)] {
            assert_eq!(limiter.take_now(&key(1), size, START), expected);
        }
    }

    #[test]
    fn callers_do_not_share_a_bucket() {
        let (limiter, size) = (limiter(10), size(1, 10));
        assert_eq!(limiter.take_now(&key(1), size, START), Admission::Granted);
        assert_eq!(limiter.take_now(&key(1), size, START), limited(10));
        assert_eq!(limiter.take_now(&key(2), size, START), Admission::Granted);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer_than_an_empty_bucket() {
        let (limiter, size) = (limiter(10), size(2, 10));
        for _ in 0..2 {
            limiter.take_now(&key(1), size, START.plus(1_000_000));
        }
        assert_eq!(limiter.take_now(&key(1), size, START), limited(10));
        assert_eq!(limiter.take_now(&key(1), size, START.plus(9)), limited(1));
        assert_eq!(
            limiter.take_now(&key(1), size, START.plus(10)),
            Admission::Granted
        );
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_buckets_stay() {
        let (limiter, size) = (limiter(2), size(2, 10));
        for _ in 0..2 {
            limiter.take_now(&key(1), size, START);
        }
        for other in 2..50 {
            assert_eq!(
                limiter.take_now(&key(other), size, START),
                Admission::Granted
            );
            assert!(limiter.buckets.lock().unwrap().full_at.len() <= 2);
        }
        assert_eq!(limiter.take_now(&key(1), size, START), limited(10));
        limiter.take_now(&key(1), size, START.plus(100));
        let buckets = limiter.buckets.lock().unwrap();
        assert_eq!((buckets.full_at.len(), buckets.by_time.len()), (1, 1));
    }
}
