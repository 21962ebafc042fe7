//! Rate limits: token buckets, and sliding windows for limits that must hold in any span of time.

mod admission;
mod bucket;
mod network;
mod window;

use std::num::{NonZeroU32, NonZeroUsize};

use anteroom_protocol::Timestamp;
use async_trait::async_trait;
use parking_lot::Mutex;

pub use self::{
    admission::Admission,
    bucket::{BucketSize, BucketTake},
    network::{network_buckets, network_windows},
    window::WindowSize,
};
use self::{bucket::Buckets, window::Windows};
use crate::LimitKey;

/// The state of buckets and windows.
///
/// An implementation whose storage is unavailable decides on its own: there are no errors.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes tokens from all of these buckets at the time `now`, or from none of them if one has
    /// too few.
    async fn take_from_all(&self, takes: &[BucketTake], now: Timestamp) -> Admission;

    /// Counts a request in all of these windows at the time `now`, or in none of them if one is
    /// full. A refused request does not count.
    async fn take_in_windows(
        &self,
        windows: &[(LimitKey, WindowSize)],
        now: Timestamp,
    ) -> Admission;

    /// Takes tokens for work that is complete. A bucket with fewer tokens becomes empty.
    async fn charge(&self, takes: &[BucketTake], now: Timestamp);

    /// Returns a token that was taken for a request that does not count.
    async fn refund(&self, key: &LimitKey, size: BucketSize, now: Timestamp);

    /// Takes a token from the bucket `key` of the size `size` at the time `now`.
    async fn take(&self, key: &LimitKey, size: BucketSize, now: Timestamp) -> Admission {
        let take = BucketTake {
            key: *key,
            size,
            tokens: NonZeroU32::MIN,
        };
        self.take_from_all(&[take], now).await
    }

    /// Counts a request in the window `key` of the size `size` at the time `now`.
    async fn take_in_window(&self, key: &LimitKey, size: WindowSize, now: Timestamp) -> Admission {
        self.take_in_windows(&[(*key, size)], now).await
    }
}

/// Buckets and windows in the memory of this process.
#[derive(Debug)]
pub struct LocalLimiter {
    buckets: Mutex<Buckets>,
    windows: Mutex<Windows>,
}

impl LocalLimiter {
    /// Keeps at most `most` buckets that are not full, and as many windows. A further bucket
    /// replaces the one that would be full first, whose loss matters least. A further window
    /// replaces the one whose last use is the oldest.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        Self {
            buckets: Mutex::new(Buckets::new(most)),
            windows: Mutex::new(Windows::new(most)),
        }
    }
}

#[async_trait]
impl RateLimiter for LocalLimiter {
    async fn take_from_all(&self, takes: &[BucketTake], now: Timestamp) -> Admission {
        self.buckets.lock().take(takes, now)
    }

    async fn take_in_windows(
        &self,
        windows: &[(LimitKey, WindowSize)],
        now: Timestamp,
    ) -> Admission {
        self.windows.lock().take(windows, now)
    }

    async fn charge(&self, takes: &[BucketTake], now: Timestamp) {
        self.buckets.lock().charge(takes, now);
    }

    async fn refund(&self, key: &LimitKey, size: BucketSize, now: Timestamp) {
        self.buckets.lock().refund(key, size, now);
    }
}
