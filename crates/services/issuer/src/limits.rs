//! The limits of accounts.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_runtime::{BucketSize, WorkLimits};

/// The sizes of the rate limits, per account. One device has a third of each but of `work`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerLimits {
    /// Create credentials.
    pub create_auth: BucketSize,
    /// Batches of credentials, of either kind.
    pub batches: BucketSize,
    /// Credentials for relays.
    pub relays: BucketSize,
    /// Credentials for relays that a guest requests, whose one device has all of them. The guests of
    /// one network (IPv4 address, IPv6 /64) have ten times as many; wider ones more.
    pub relays_of_guests: BucketSize,
    /// The limits of waiting zero-knowledge work.
    pub work: WorkLimits,
}

impl Default for IssuerLimits {
    fn default() -> Self {
        const HUNDRED: NonZeroU32 = NonZeroU32::new(100).unwrap();
        const QUARTER_OF_AN_HOUR: NonZeroU64 = NonZeroU64::new(900).unwrap();
        const TEN_MINUTES: NonZeroU64 = NonZeroU64::new(600).unwrap();
        const FORTY_EIGHT: NonZeroU32 = NonZeroU32::new(48).unwrap();
        const HALF_AN_HOUR: NonZeroU64 = NonZeroU64::new(1_800).unwrap();
        const SIX: NonZeroU32 = NonZeroU32::new(6).unwrap();
        Self {
            create_auth: BucketSize::new(HUNDRED, QUARTER_OF_AN_HOUR),
            batches: BucketSize::new(FORTY_EIGHT, HALF_AN_HOUR),
            relays: BucketSize::new(HUNDRED, TEN_MINUTES),
            relays_of_guests: BucketSize::new(SIX, TEN_MINUTES),
            work: WorkLimits::default(),
        }
    }
}
