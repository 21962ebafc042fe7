//! The last attempts of mails, which decoys are drawn from.

use std::{collections::VecDeque, time::Duration};

use rand_core::CryptoRng;

/// The attempts that are remembered.
const MOST_RECORDS: usize = 64;

/// The attempt of a decoy before any mail was tried.
const TYPICAL: AttemptRecord = AttemptRecord {
    time: Duration::from_secs(1),
    is_temporary: false,
};

/// An attempt of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptRecord {
    /// Its length.
    pub(crate) time: Duration,
    /// Whether it failed and another one may help.
    pub(crate) is_temporary: bool,
}

/// The last attempts.
#[derive(Default)]
pub(crate) struct AttemptHistory(VecDeque<AttemptRecord>);

impl AttemptHistory {
    pub(crate) fn note(&mut self, record: AttemptRecord) {
        if self.0.len() >= MOST_RECORDS {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }

    /// One of the last attempts, each as likely as the others.
    pub(crate) fn draw(&self, rng: &mut (dyn CryptoRng + Send)) -> AttemptRecord {
        let drawn = usize::try_from(rng.next_u32()).unwrap_or_default();
        let index = drawn.checked_rem(self.0.len());
        let record = index.and_then(|index| self.0.get(index));
        record.copied().unwrap_or(TYPICAL)
    }
}

#[cfg(test)]
mod tests {
    use anteroom_service::Entropy as _;
    use anteroom_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn the_last_64_attempts_are_drawn_from_and_before_the_first_one_a_typical_one() {
        let entropy = SeededEntropy::new(1);
        let mut history = AttemptHistory::default();
        assert_eq!(history.draw(&mut *entropy.rng()), TYPICAL);
        for second in 0..100 {
            history.note(AttemptRecord {
                time: Duration::from_secs(second),
                is_temporary: second % 2 == 0,
            });
        }
        let mut drawn: Vec<_> = (0..10_000)
            .map(|_| history.draw(&mut *entropy.rng()).time.as_secs())
            .collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, (36..100).collect::<Vec<_>>());
    }
}
