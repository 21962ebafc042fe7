//! The limit of the answers with which a device says texts again.

use core::time::Duration;
use std::collections::VecDeque;

use anteroom_e2ee::Moment;
use anteroom_protocol::OpaqueUserId;

/// The number of answers with texts in a second. Each of them takes a key of the sender's ratchet from all
/// members, and members open no message that is 1,000 keys ahead of the last one that they have opened.
const ANSWERS: usize = 16;

/// The number of them to one user.
const USER_ANSWERS: usize = 4;

/// The number of answers without texts in a second. A newcomer asks for texts from before it came, and asks no
/// more after one answer.
const EMPTY_ANSWERS: usize = 8;

/// The number of them to one user.
const EMPTY_USER_ANSWERS: usize = 2;

/// The length of the answers in a second: half of what the room service takes from a user.
const RATE: u64 = 32 * 1024;

/// The length of the answers at once: the longest one.
const BURST: u64 = 64 * 1024;

/// The least length that counts, as at the room service.
const MIN_LENGTH: u64 = 1024;

const SECOND: Duration = Duration::from_secs(1);

/// The user whose devices share a part of the answers; `None` for all the leaves together that the roster does not
/// list with their users and keys. A user has any number of member keys, and a leaf names the user whom its
/// maker likes.
pub(crate) type Asker = Option<OpaqueUserId>;

/// The answers that a device has given lately.
#[derive(Default)]
pub(crate) struct AnswerBudget {
    with_texts: RecentAnswers,
    empty: RecentAnswers,
    /// The length that has no time yet, at the moment of the last answer.
    spent: u64,
    last: Option<Moment>,
}

/// The answers of the last second.
#[derive(Default)]
struct RecentAnswers(VecDeque<(Moment, Asker)>);

impl AnswerBudget {
    /// Returns the length of an answer with texts that somebody can get now; `None` for no answer.
    pub(crate) fn available(&mut self, asker: &Asker, now: Moment) -> Option<usize> {
        if !self
            .with_texts
            .has_room(asker, (ANSWERS, USER_ANSWERS), now)
        {
            return None;
        }
        let available = BURST.saturating_sub(self.spent_at(now));
        let available = (available >= MIN_LENGTH).then_some(available)?;
        usize::try_from(available).ok()
    }

    /// Returns whether somebody can get an answer without texts now.
    pub(crate) fn may_deny(&mut self, asker: &Asker, now: Moment) -> bool {
        let most = (EMPTY_ANSWERS, EMPTY_USER_ANSWERS);
        self.empty.has_room(asker, most, now)
    }

    /// Takes note of an answer.
    pub(crate) fn spend(&mut self, asker: Asker, has_texts: bool, length: usize, now: Moment) {
        let length = u64::try_from(length).unwrap_or(BURST).max(MIN_LENGTH);
        self.spent = self.spent_at(now).saturating_add(length);
        self.last = Some(now);
        let answers = if has_texts {
            &mut self.with_texts
        } else {
            &mut self.empty
        };
        answers.0.push_back((now, asker));
    }

    fn spent_at(&self, now: Moment) -> u64 {
        let last = self.last.unwrap_or(now).since_start();
        let since = now.since_start().saturating_sub(last).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.spent
            .saturating_sub(since.saturating_mul(RATE) / 1_000)
    }
}

impl RecentAnswers {
    /// Returns whether another answer is below the numbers of all and of one user.
    fn has_room(&mut self, asker: &Asker, (all, of_user): (usize, usize), now: Moment) -> bool {
        let is_over = |(at, _): &mut (Moment, Asker)| now >= at.plus(SECOND);
        while self.0.pop_front_if(is_over).is_some() {}
        let of_one = self.0.iter().filter(|(_, one)| one == asker);
        self.0.len() < all && of_one.count() < of_user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    fn user(number: u8) -> Asker {
        OpaqueUserId::parse(&format!("{number:02x}")).ok()
    }

    #[test]
    fn a_user_gets_four_answers_with_texts_in_a_second_and_all_together_sixteen() {
        let mut budget = AnswerBudget::default();
        for _ in 0..4 {
            assert!(budget.available(&user(1), at(0)).is_some());
            budget.spend(user(1), true, 100, at(0));
        }
        assert_eq!(budget.available(&user(1), at(999)), None);
        for number in [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4] {
            assert!(budget.available(&user(number), at(500)).is_some());
            budget.spend(user(number), true, 100, at(500));
        }
        assert_eq!(budget.available(&user(5), at(999)), None);
        assert!(budget.available(&user(1), at(1_000)).is_some());
    }

    #[test]
    fn answers_without_texts_take_none_of_those_with_texts() {
        let mut budget = AnswerBudget::default();
        for number in [1, 1, 2, 2, 3, 3, 4, 4] {
            assert!(budget.may_deny(&user(number), at(0)));
            budget.spend(user(number), false, 100, at(0));
            assert!(budget.available(&user(number), at(0)).is_some());
        }
        assert!(!budget.may_deny(&user(5), at(999)));
        assert!(budget.available(&user(5), at(999)).is_some());
        assert!(budget.may_deny(&user(1), at(1_000)));
        budget.spend(user(1), false, 100, at(1_000));
        budget.spend(user(1), false, 100, at(1_000));
        assert!(!budget.may_deny(&user(1), at(1_000)));
        assert!(budget.may_deny(&user(5), at(1_000)));
    }

    #[test]
    fn the_length_of_answers_is_half_of_what_the_room_service_takes() {
        let mut budget = AnswerBudget::default();
        assert_eq!(budget.available(&user(1), at(0)), Some(64 * 1024));
        budget.spend(user(1), true, 64 * 1024, at(0));
        assert_eq!(budget.available(&user(2), at(10)), None);
        assert_eq!(budget.available(&user(2), at(500)), Some(16 * 1024));
        budget.spend(user(2), true, 1, at(500));
        assert_eq!(budget.available(&user(3), at(500)), Some(15 * 1024));
        assert_eq!(budget.available(&user(3), at(9_000)), Some(64 * 1024));
    }
}
