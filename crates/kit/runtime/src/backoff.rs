//! The pauses between attempts.

use std::time::Duration;

/// The pauses after failed attempts, each a multiple of the one before.
///
/// There is no random part: a process makes few attempts at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The multiple.
    pub factor: u32,
    /// The maximum pause.
    pub longest: Duration,
}

impl Default for Backoff {
    /// A second to five minutes, each twice as long as the one before.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            factor: 2,
            longest: Duration::from_secs(300),
        }
    }
}

impl Backoff {
    /// Returns the pause after a failure that `failures` others came before.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let factor = self.factor.saturating_pow(failures);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let backoff = Backoff::default();
        for (failures, seconds) in [(0, 1), (1, 2), (2, 4), (8, 256), (9, 300), (u32::MAX, 300)] {
            assert_eq!(backoff.pause(failures).as_secs(), seconds, "{failures}");
        }
    }
}
