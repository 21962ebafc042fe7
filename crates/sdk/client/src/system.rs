//! The clock and the random number generator of a [`Client`](crate::Client).

use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_protocol::Timestamp;
use rand::rngs::SysRng;
use rand_core::{CryptoRng, UnwrapErr};

/// The clock and the random number generator that a client uses.
pub trait System: Send + Sync {
    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Returns a generator of unpredictable random numbers.
    fn rng(&self) -> Box<dyn CryptoRng + Send>;
}

/// The clock and the random numbers of the operating system. Drawing panics if the system provides none.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperatingSystem;

impl System for OperatingSystem {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that a client is given"
        )]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH);
        Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
    }

    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        Box::new(UnwrapErr(SysRng))
    }
}
