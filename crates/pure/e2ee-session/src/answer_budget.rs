//! The limit of the answers with which a device says texts again.

use core::time::Duration;
use std::collections::VecDeque;

use anteroom_e2ee::Moment;

/// The number of answers to one member in a second.
const MEMBER_ANSWERS: usize = 2;

/// The number of answers in a second. Each of them takes a key of the sender's ratchet from all members, and
/// members open no message that is 1,000 keys ahead of the last one that they have opened.
const ANSWERS: usize = 16;

/// The length of the answers in a second: half of what the room service takes from a user.
const RATE: u64 = 32 * 1024;

/// The length of the answers at once: the longest one.
const BURST: u64 = 64 * 1024;

/// The least length that counts, as at the room service.
const MIN_LENGTH: u64 = 1024;

const SECOND: Duration = Duration::from_secs(1);

/// The answers that a device has given lately.
#[derive(Default)]
pub(crate) struct AnswerBudget {
    /// The answers of the last second, with the member keys.
    recent: VecDeque<(Moment, [u8; 32])>,
    /// The length that has no time yet, at the moment of the last answer.
    spent: u64,
    last: Option<Moment>,
}

impl AnswerBudget {
    /// Returns the length of an answer that a member can get now; `None` for no answer.
    pub(crate) fn available(&mut self, member: &[u8; 32], now: Moment) -> Option<usize> {
        let is_over = |(at, _): &mut (Moment, [u8; 32])| now >= at.plus(SECOND);
        while self.recent.pop_front_if(is_over).is_some() {}
        let of_member = self.recent.iter().filter(|(_, one)| one == member);
        if self.recent.len() >= ANSWERS || of_member.count() >= MEMBER_ANSWERS {
            return None;
        }
        let available = BURST.saturating_sub(self.spent_at(now));
        let available = (available >= MIN_LENGTH).then_some(available)?;
        usize::try_from(available).ok()
    }

    /// Takes note of an answer to a member.
    pub(crate) fn spend(&mut self, member: [u8; 32], length: usize, now: Moment) {
        let length = u64::try_from(length).unwrap_or(BURST).max(MIN_LENGTH);
        self.spent = self.spent_at(now).saturating_add(length);
        self.last = Some(now);
        self.recent.push_back((now, member));
    }

    fn spent_at(&self, now: Moment) -> u64 {
        let last = self.last.unwrap_or(now).since_start();
        let since = now.since_start().saturating_sub(last).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.spent
            .saturating_sub(since.saturating_mul(RATE) / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    #[test]
    fn a_member_gets_two_answers_in_a_second_and_all_together_sixteen() {
        let mut budget = AnswerBudget::default();
        for _ in 0..2 {
            assert!(budget.available(&[1; 32], at(0)).is_some());
            budget.spend([1; 32], 100, at(0));
        }
        assert_eq!(budget.available(&[1; 32], at(999)), None);
        for member in 2..16 {
            assert!(budget.available(&[member; 32], at(500)).is_some());
            budget.spend([member; 32], 100, at(500));
        }
        assert_eq!(budget.available(&[16; 32], at(999)), None);
        assert!(budget.available(&[1; 32], at(1_000)).is_some());
    }

    #[test]
    fn the_length_of_answers_is_half_of_what_the_room_service_takes() {
        let mut budget = AnswerBudget::default();
        assert_eq!(budget.available(&[1; 32], at(0)), Some(64 * 1024));
        budget.spend([1; 32], 64 * 1024, at(0));
        assert_eq!(budget.available(&[2; 32], at(10)), None);
        assert_eq!(budget.available(&[2; 32], at(500)), Some(16 * 1024));
        budget.spend([2; 32], 1, at(500));
        assert_eq!(budget.available(&[3; 32], at(500)), Some(15 * 1024));
        assert_eq!(budget.available(&[3; 32], at(9_000)), Some(64 * 1024));
    }
}
