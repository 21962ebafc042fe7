//! The operating system: time, randomness, and the limits of the process.

use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{Clock, Entropy};
use rand::rngs::SysRng;
use rand_core::{CryptoRng, UnwrapErr};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct OsClock;

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

/// Returns the time of the system's clock.
pub fn now() -> Timestamp {
    OsClock.now()
}

/// The system's random numbers. Drawing panics if the system provides none.
#[derive(Clone, Copy, Debug)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        Box::new(rng())
    }
}

/// Returns a generator for use on the spot.
pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Excludes the memory of this process, which contains keys and passwords, from core dumps and from access by
/// other processes of the same user. Logs a refusal of the system.
#[cfg(target_os = "linux")]
pub fn protect_memory() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

    let no_core = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let refused = set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .and(setrlimit(Resource::Core, no_core));
    if let Err(error) = refused {
        tracing::warn!(
            %error,
            "the memory of this process cannot be kept out of core dumps: see that none are written"
        );
    }
}

/// Does nothing on systems without this function.
#[cfg(not(target_os = "linux"))]
pub const fn protect_memory() {}

/// Raises the limit of open files to the system's maximum, since every connection uses one. Returns the
/// limit; `None` if there is none.
pub fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}
