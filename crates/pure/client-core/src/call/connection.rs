//! The times of a connection to a call, and the attempts to restore a lost one.

use std::time::Duration;

use rand_core::CryptoRng;

use crate::{RoomsError, TransportFailure};

/// The time between two pings.
pub const PING_EVERY: Duration = Duration::from_secs(10);
/// The silence after which a connection counts as lost. The room service answers every ping, and pings go out
/// every 10 seconds.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(25);
/// The longest time for which counters of received messages are held in memory before the replay store has
/// them.
pub const STORE_EVERY: Duration = Duration::from_secs(1);

/// The time during which a client tries to restore a lost connection. The room service reserves the seat for
/// half of it.
pub const RECONNECT_FOR: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The delays between the attempts to restore one connection.
#[derive(Debug)]
pub struct ReconnectDelays {
    next: Duration,
}

impl Default for ReconnectDelays {
    fn default() -> Self {
        Self { next: FIRST_DELAY }
    }
}

impl ReconnectDelays {
    /// Returns the delay after a failed attempt. Its random factor spreads the reconnections of many clients
    /// that lost the same node.
    pub fn draw<R: CryptoRng + ?Sized>(&mut self, rng: &mut R) -> Duration {
        let fraction = f64::from(rng.next_u32()) / f64::from(u32::MAX);
        let delay = self.next.mul_f64(0.5 + fraction);
        self.next = (self.next * 2).min(LONGEST_DELAY);
        delay
    }
}

/// Returns whether the same join may succeed a little later.
#[must_use]
pub fn may_pass(error: &RoomsError) -> bool {
    match error {
        RoomsError::Lost => true,
        RoomsError::Exchange(error) => matches!(
            error.failure,
            TransportFailure::Unreachable(_) | TransportFailure::TimedOut
        ),
        RoomsError::Problem(problem) => {
            problem.status.is_server_error() || problem.code == "ADDRESS_BUSY"
        }
        RoomsError::Refused { code, .. } => {
            matches!(
                code.as_str(),
                "try_again"
                    | "ended"
                    | "unavailable"
                    | "overloaded"
                    | "shutting_down"
                    | "rate_limited"
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn delays_double_up_to_a_bound_and_are_spread() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut delays = ReconnectDelays::default();
        for middle in [250, 500, 1000, 2000, 4000, 5000, 5000] {
            let middle = Duration::from_millis(middle);
            let delay = delays.draw(&mut rng);
            assert!(middle / 2 <= delay && delay <= middle * 3 / 2, "{delay:?}");
        }
    }
}
