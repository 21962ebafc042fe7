//! The only place that asks the operating system for the time and for randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_protocol::Timestamp;
use anteroom_service::{Clock, Entropy};
use rand::rngs::SysRng;
use rand_core::{CryptoRng, UnwrapErr};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsClock;

impl Clock for OsClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that everything else is given"
        )]
        let now = SystemTime::now();
        Timestamp::from_secs(
            now.duration_since(UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_secs()),
        )
    }
}

/// The system's random numbers. A system without any is beyond help: drawing panics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        Box::new(rng())
    }
}

/// A generator for use on the spot.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
