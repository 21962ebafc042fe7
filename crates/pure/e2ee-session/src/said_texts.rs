//! The texts that this device has said, for members that a message did not reach.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_e2ee::{GroupMessage, Moment, ReplyKey};
use anteroom_protocol::{EraId, GroupEpoch, redacted_debug};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    answer_budget::{AnswerBudget, Asker},
    text_numbers::{MAX_TEXTS, NumberSet, TextNumbers, TextRun},
};

/// The time for which a text can be said again.
pub(crate) const TEXT_RETENTION: Duration = Duration::from_secs(120);

/// The maximum length of the texts that can be said again, together.
const MAX_LENGTH: usize = 64 * 1024;

/// The length of what an answer has besides the texts.
const OVERHEAD: usize = 1 + 8 + NumberSet::LENGTH + ReplyKey::OVERHEAD;

/// The maximum length of the texts in one answer, with their numbers and lengths.
const MAX_ANSWER: usize = GroupMessage::MAX_CONTENT - OVERHEAD;

/// The length of what an answer has before each text: number, epoch and length.
const TEXT_FRAME: usize = 4 + TextEpoch::LENGTH + 4;

/// The minimum time between two answers to a member with the same text. Requests that have waited for a device
/// that was stopped come at once, and so would its answers, all in an epoch of before.
const ANSWER_INTERVAL: Duration = Duration::from_secs(1);

/// The number of answers to one member that have a text in them. A member cannot let it be said without end.
const MAX_ANSWERS: u8 = 4;

/// The place of a text in the history of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextEpoch {
    pub(crate) era: EraId,
    pub(crate) epoch: GroupEpoch,
}

impl TextEpoch {
    const LENGTH: usize = 16 + 4 + 8;

    fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..16].copy_from_slice(self.era.as_bytes());
        bytes[16..20].copy_from_slice(&self.epoch.group.to_be_bytes());
        bytes[20..].copy_from_slice(&self.epoch.epoch.to_be_bytes());
        bytes
    }

    fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (era, rest) = bytes.split_first_chunk()?;
        let (group, epoch) = rest.split_first_chunk()?;
        Some(Self {
            era: EraId::from_bytes(*era),
            epoch: GroupEpoch {
                group: u32::from_be_bytes(*group),
                epoch: u64::from_be_bytes(epoch.try_into().ok()?),
            },
        })
    }
}

/// A text of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnsweredText<'a> {
    pub(crate) number: u32,
    pub(crate) said_in: TextEpoch,
    pub(crate) text: &'a str,
}

/// The texts that this device has said.
#[derive(Default)]
pub(crate) struct SaidTexts {
    run: Option<TextRun>,
    latest: u32,
    texts: VecDeque<SaidText>,
    budget: AnswerBudget,
}

redacted_debug!(SaidTexts);

struct SaidText {
    number: u32,
    text: Zeroizing<String>,
    said_in: TextEpoch,
    until: Moment,
    /// The member keys that were in the group, with the answers to each that had the text.
    audience: BTreeMap<[u8; 32], Answers>,
}

/// The answers to a member.
#[derive(Clone, Copy, Default)]
struct Answers {
    number: u8,
    last: Option<Moment>,
}

impl Answers {
    /// Returns whether another answer may have the text now.
    fn may_have(self, now: Moment) -> bool {
        let next = self.last.map(|last| last.plus(ANSWER_INTERVAL));
        next.is_none_or(|next| now >= next)
    }
}

impl SaidTexts {
    /// Takes a text that is said to these members, and returns its number as the latest.
    pub(crate) fn say(
        &mut self,
        text: &str,
        audience: BTreeSet<[u8; 32]>,
        said_in: TextEpoch,
        now: Moment,
        rng: &mut (dyn CryptoRng + Send),
    ) -> TextNumbers {
        let run = *self.run.get_or_insert_with(|| {
            let mut run = [0; 8];
            rng.fill_bytes(&mut run);
            TextRun(run)
        });
        self.latest = self.latest.saturating_add(1);
        self.texts.push_back(SaidText {
            number: self.latest,
            text: Zeroizing::new(text.to_owned()),
            said_in,
            until: now.plus(TEXT_RETENTION),
            audience: audience
                .into_iter()
                .map(|key| (key, Answers::default()))
                .collect(),
        });
        let is_too_much = |texts: &VecDeque<SaidText>| {
            let length: usize = texts.iter().map(|one| one.text.len()).sum();
            length > MAX_LENGTH || texts.len() > MAX_TEXTS as usize
        };
        while is_too_much(&self.texts) {
            self.texts.pop_front();
        }
        let first = self.texts.front().map_or(self.latest, |one| one.number);
        TextNumbers {
            run,
            latest: self.latest,
            first,
        }
    }

    /// Returns the numbers of the texts, while one of them can be said again.
    pub(crate) fn numbers(&self) -> Option<TextNumbers> {
        Some(TextNumbers {
            run: self.run?,
            latest: self.latest,
            first: self.texts.front()?.number,
        })
    }

    /// Returns the answer to a member that misses texts: the numbers that it answers, and the texts among them
    /// that were said to the member. There is none beyond the budget: a text counts as said again only if it is.
    pub(crate) fn answer(
        &mut self,
        run: TextRun,
        missing: NumberSet,
        (asker, member): (Asker, &[u8; 32]),
        now: Moment,
    ) -> Option<(NumberSet, Zeroizing<Vec<u8>>)> {
        self.expire(now);
        if self.run != Some(run) || self.texts.is_empty() {
            return None;
        }
        let available = self.budget.available(&asker, now);
        let most = available.map(|available| MAX_ANSWER.min(available.saturating_sub(OVERHEAD)));
        let mut answered = NumberSet::empty(missing.latest);
        let mut content = Zeroizing::new(Vec::new());
        for number in missing.numbers() {
            let text = self.texts.iter_mut().find(|one| one.number == number);
            let text = text.and_then(|one| {
                let answers = one.audience.get_mut(member);
                let answers = answers.filter(|answers| answers.number < MAX_ANSWERS);
                Some((&one.text, one.said_in, answers?))
            });
            if let Some((text, said_in, answers)) = text {
                let Some(most) = most.filter(|_| answers.may_have(now)) else {
                    continue;
                };
                if content.len() + TEXT_FRAME + text.len() > most {
                    break;
                }
                answers.number += 1;
                answers.last = Some(now);
                content.extend(number.to_be_bytes());
                content.extend(said_in.to_bytes());
                let length = u32::try_from(text.len()).unwrap_or_default();
                content.extend(length.to_be_bytes());
                content.extend(text.as_bytes());
            }
            answered.add(number);
        }
        let has_texts = !content.is_empty();
        if answered.mask == 0 || !(has_texts || self.budget.may_deny(&asker, now)) {
            return None;
        }
        let length = OVERHEAD + content.len();
        self.budget.spend(asker, has_texts, length, now);
        Some((answered, content))
    }

    /// Returns the number of the latest text.
    pub(crate) const fn latest(&self) -> u32 {
        self.latest
    }

    /// Returns the members to whom a text can be said again; `None` if it is not kept any more.
    pub(crate) fn audience(&self, number: u32) -> Option<BTreeSet<&[u8; 32]>> {
        let text = self.texts.iter().find(|one| one.number == number)?;
        let mut audience: BTreeSet<_> = text.audience.keys().collect();
        audience.retain(|key| {
            let answers = text.audience.get(*key);
            answers.is_some_and(|answers| answers.number < MAX_ANSWERS)
        });
        Some(audience)
    }

    /// Drops the texts whose time is over.
    pub(crate) fn expire(&mut self, now: Moment) {
        while self.texts.pop_front_if(|one| now >= one.until).is_some() {}
    }

    /// Returns the moment at which the time of a text is over.
    pub(crate) fn next_expiry(&self) -> Option<Moment> {
        self.texts.front().map(|one| one.until)
    }

    /// Drops all texts.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
    }
}

/// Parses the texts of an answer, with their numbers.
pub(crate) fn parse_answer(mut rest: &[u8]) -> Option<Vec<AnsweredText<'_>>> {
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (number, after) = rest.split_first_chunk()?;
        let (said_in, after) = after.split_first_chunk()?;
        let (length, after) = after.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (text, after) = after.split_at_checked(length)?;
        texts.push(AnsweredText {
            number: u32::from_be_bytes(*number),
            said_in: TextEpoch::parse(said_in)?,
            text: core::str::from_utf8(text).ok()?,
        });
        rest = after;
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::OpaqueUserId;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const NOW: Moment = Moment::new(Duration::from_secs(1));
    const SAID_IN: TextEpoch = TextEpoch {
        era: EraId::from_bytes([3; 16]),
        epoch: GroupEpoch { group: 1, epoch: 7 },
    };

    /// The moment so many seconds after the texts.
    fn after(seconds: u64) -> Moment {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn said(texts: &[&str]) -> (SaidTexts, TextNumbers) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut said = SaidTexts::default();
        for text in texts {
            said.say(text, BTreeSet::from([[1; 32]]), SAID_IN, NOW, &mut rng);
        }
        let numbers = said.numbers().unwrap();
        (said, numbers)
    }

    /// The member with a key, of a user of its own.
    fn asker(member: u8) -> (Asker, &'static [u8; 32]) {
        const KEYS: [[u8; 32]; 3] = [[0; 32], [1; 32], [2; 32]];
        let user = OpaqueUserId::parse(&format!("{member:02x}"));
        (user.ok(), &KEYS[usize::from(member)])
    }

    /// Asks for all texts and returns the number of those that are answered, and of those that are said again.
    fn ask(said: &mut SaidTexts, of: TextNumbers, member: u8, at: u64) -> (usize, usize) {
        let missing = NumberSet {
            latest: of.latest,
            mask: u64::MAX,
        };
        let (answered, content) = said
            .answer(of.run, missing, asker(member), after(at))
            .unwrap();
        let texts = parse_answer(&content).unwrap();
        assert!(texts.iter().all(|text| text.said_in == SAID_IN));
        (answered.numbers().count(), texts.len())
    }

    #[test]
    fn a_text_is_said_again_to_those_who_were_in_and_four_times_each() {
        let (mut said, of) = said(&["one", "two"]);
        assert_eq!((of.first, of.latest), (1, 2));
        // The number 0 is none of a text.
        assert_eq!(ask(&mut said, of, 2, 0), (3, 0));
        for at in 0..4 {
            assert_eq!(ask(&mut said, of, 1, at), (3, 2));
        }
        assert_eq!(ask(&mut said, of, 1, 4), (3, 0));
        let other = TextRun([9; 8]);
        let one = NumberSet { latest: 1, mask: 1 };
        assert!(said.answer(other, one, asker(1), after(9)).is_none());
    }

    #[test]
    fn requests_that_come_at_once_get_one_answer() {
        let (mut said, of) = said(&["one", "two"]);
        assert_eq!(ask(&mut said, of, 1, 0), (3, 2));
        // The texts stay missing, so that the member asks again.
        assert_eq!(ask(&mut said, of, 1, 0), (1, 0));
        assert_eq!(ask(&mut said, of, 1, 1), (3, 2));
    }

    #[test]
    fn texts_are_kept_up_to_their_number_length_and_time() {
        let (_, of) = said(&["a"; 70]);
        assert_eq!((of.first, of.latest), (7, 70));
        let long = "a".repeat(crate::MAX_TEXT);
        let (mut said, of) = said(&["a", &long, "b", "c"]);
        assert_eq!(of.first, 1);
        // An answer has one long text, and tells the others with the next one.
        assert_eq!(ask(&mut said, of, 1, 0), (5, 4));
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let of = said.say(&long, BTreeSet::from([[1; 32]]), SAID_IN, NOW, &mut rng);
        assert_eq!(of.first, 3);
        said.expire(NOW.plus(TEXT_RETENTION));
        assert_eq!(said.numbers(), None);
    }

    #[test]
    fn a_text_whose_time_is_over_is_not_said_again() {
        let (mut said, of) = said(&["one"]);
        let one = NumberSet { latest: 1, mask: 1 };
        assert_eq!(said.next_expiry(), Some(after(120)));
        assert!(said.answer(of.run, one, asker(1), after(119)).is_some());
        assert!(said.answer(of.run, one, asker(1), after(120)).is_none());
    }

    #[test]
    fn an_answer_beyond_the_budget_is_not_given_and_does_not_count() {
        let long = "a".repeat(crate::MAX_TEXT);
        let (mut said, of) = said(&[long.as_str()]);
        let one = NumberSet { latest: 1, mask: 1 };
        let (mut given, mut refused) = (0, 0);
        // One in two seconds is within the length; a member gets four.
        for second in 0..20 {
            match said.answer(of.run, one, asker(1), after(second)) {
                Some((_, content)) if !content.is_empty() => given += 1,
                Some(_) => assert_eq!(given, 4),
                None => refused += 1,
            }
        }
        assert_eq!((given, refused), (4, 3));
        said.clear();
        assert!(said.answer(of.run, one, asker(2), after(30)).is_none());
    }

    #[test]
    fn what_is_no_answer_is_left_out() {
        let frame = [&[0, 0, 0, 1][..], &SAID_IN.to_bytes()].concat();
        for rest in [&[0][..], &[0, 0, 0, 9, 1], &[0, 0, 0, 1, 0xff]] {
            assert_eq!(parse_answer(&[&frame, rest].concat()), None);
        }
        let text = [&frame[..], &[0, 0, 0, 1, b'a']].concat();
        let expected = AnsweredText {
            number: 1,
            said_in: SAID_IN,
            text: "a",
        };
        assert_eq!(parse_answer(&text), Some(vec![expected]));
    }
}
