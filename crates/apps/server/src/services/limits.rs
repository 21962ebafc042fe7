//! The limiter of a service.

use std::{num::NonZeroUsize, sync::Arc};

use anteroom_runtime::{LocalLimiter, RateLimiter};

/// The maximum number of accounts, addresses or users whose limits are stored: 100 to 300 bytes each.
const LIMITED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// Opens the rate limits of a service.
pub(super) fn open_limits() -> Arc<dyn RateLimiter> {
    Arc::new(LocalLimiter::new(LIMITED))
}
