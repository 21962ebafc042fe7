//! The numbers of the texts that this device has heard, and the requests for those that it misses.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use anteroom_e2ee::{Moment, ReplyKey};
use anteroom_protocol::redacted_debug;
use rand_core::CryptoRng;

use crate::{
    said_texts::{TEXT_RETENTION, TextEpoch, parse_answer},
    text_numbers::{NumberSet, TextNumbers, TextRun},
};

/// The maximum number of senders whose texts are counted. Texts of others are shown as they come.
const MAX_SENDERS: usize = 512;

/// The number of runs of one sender whose numbers are remembered. The service can hold messages of a run back
/// until the next one has begun.
const MAX_RUNS: usize = 4;

const SECOND: Duration = Duration::from_secs(1);

/// The time from a missing number to the first request.
const FIRST_REQUEST: Duration = Duration::from_millis(300);

/// The longest time between two requests.
const MAX_INTERVAL: Duration = Duration::from_secs(8);

/// The number of requests in a second. Numbers that are no true ones make nobody send more.
const REQUESTS: usize = 4;

/// The texts of the other members, by their member keys.
#[derive(Default)]
pub(crate) struct HeardTexts {
    senders: BTreeMap<[u8; 32], HeardSender>,
    /// The moments of the last requests, the first of them first.
    requests: VecDeque<Moment>,
}

redacted_debug!(HeardTexts);

/// The texts of one member.
struct HeardSender {
    /// The run that was heard last. Texts of the others are not asked for.
    present: HeardRun,
    /// The runs before it, the latest first.
    former: VecDeque<HeardRun>,
    last_heard: Moment,
    last_request: Option<Moment>,
    next_request: Moment,
    interval: Duration,
}

/// The texts of one run.
struct HeardRun {
    run: TextRun,
    missing: NumberSet,
    /// The moment since which the latest of the missing texts is missing.
    since: Moment,
    key: Option<ReplyKey>,
}

/// The place of a text that has not come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextOrder {
    /// It came before its number and all later texts of the member.
    Next,
    /// It was said earlier than something that has come before it.
    Late,
}

/// A request for missing texts.
pub(crate) struct TextRequest {
    pub(crate) run: TextRun,
    pub(crate) missing: NumberSet,
    pub(crate) key: [u8; 32],
}

impl HeardTexts {
    /// Takes the numbers of a member's texts. `has_text` tells that the text with the latest of them has come:
    /// returns its place, if it is to be shown.
    pub(crate) fn hear(
        &mut self,
        sender: [u8; 32],
        of: TextNumbers,
        has_text: bool,
        now: Moment,
    ) -> Option<TextOrder> {
        let is_known = self.senders.contains_key(&sender);
        if !is_known && self.senders.len() >= MAX_SENDERS {
            return has_text.then_some(TextOrder::Next);
        }
        let one = self.senders.entry(sender).or_insert_with(|| HeardSender {
            present: HeardRun::new(of, now),
            former: VecDeque::new(),
            last_heard: now,
            last_request: None,
            next_request: now,
            interval: Duration::ZERO,
        });
        one.last_heard = now;
        let is_former = one.enter(of, now);
        let run = &mut one.present;
        let before = run.missing;
        let order = run.hear(of, has_text);
        if run.missing.numbers().any(|number| number > before.latest) {
            run.since = now;
        }
        let begins = before.mask == 0 && run.missing.mask != 0;
        run.settle();
        if begins {
            one.plan_request(now);
        }
        let order = order.filter(|_| has_text)?;
        Some(if is_former { TextOrder::Late } else { order })
    }

    /// Forgets those who are no members, once none of the texts that were heard of can be said again.
    pub(crate) fn forget(&mut self, is_member: impl Fn(&[u8; 32]) -> bool, now: Moment) {
        self.senders
            .retain(|sender, one| is_member(sender) || now < one.last_heard.plus(TEXT_RETENTION));
    }

    /// Returns the requests that are due, with the members to which they go. `is_present` tells whether a member
    /// can be asked.
    pub(crate) fn requests(
        &mut self,
        is_present: impl Fn(&[u8; 32]) -> bool,
        now: Moment,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Vec<([u8; 32], TextRequest)> {
        while self
            .requests
            .pop_front_if(|at| now >= at.plus(SECOND))
            .is_some()
        {}
        let mut due = Vec::new();
        for (sender, one) in &mut self.senders {
            let run = &mut one.present;
            if now >= run.since.plus(TEXT_RETENTION) {
                run.missing.mask = 0;
                run.settle();
            }
            if run.missing.mask != 0 && now >= one.next_request && is_present(sender) {
                due.push((sender, one));
            }
        }
        due.sort_by_key(|(_, one)| one.next_request);
        due.truncate(REQUESTS.saturating_sub(self.requests.len()));
        let mut requests = Vec::new();
        for (sender, one) in due {
            let Some(request) = one.request(now, rng) else {
                continue;
            };
            self.requests.push_back(now);
            requests.push((*sender, request));
        }
        requests
    }

    /// Returns the moment of the next request to a member that can be asked.
    pub(crate) fn next_request(&self, is_present: impl Fn(&[u8; 32]) -> bool) -> Option<Moment> {
        let missing = self
            .senders
            .iter()
            .filter(|(_, one)| one.present.missing.mask != 0);
        let present = missing.filter(|(sender, _)| is_present(sender));
        let next = present.map(|(_, one)| one.next_request).min()?;
        let is_full = self.requests.len() >= REQUESTS;
        let first = self.requests.front().filter(|_| is_full);
        Some(first.map_or(next, |first| next.max(first.plus(SECOND))))
    }

    /// Takes an answer of a member. Returns the texts that were missing, in their order.
    pub(crate) fn take_answer(
        &mut self,
        sender: &[u8; 32],
        run: TextRun,
        answered: NumberSet,
        sealed: &[u8],
        now: Moment,
    ) -> Vec<(TextEpoch, String)> {
        let one = self.senders.get_mut(sender);
        let Some(one) = one.filter(|one| one.present.run == run) else {
            return Vec::new();
        };
        let heard = &mut one.present;
        let Some(key) = &heard.key else {
            return Vec::new();
        };
        let Ok(content) = key.open(&subject(run, answered), sealed) else {
            return Vec::new();
        };
        let texts = parse_answer(&content).unwrap_or_default();
        let texts: Vec<_> = texts
            .into_iter()
            .filter(|text| heard.missing.take(text.number))
            .map(|text| (text.said_in, text.text.to_owned()))
            .collect();
        heard.missing.remove(answered);
        // An answer has the texts that fit: the others are asked for at once.
        if !texts.is_empty() {
            one.next_request = one.next_request.min(now.plus(FIRST_REQUEST));
        }
        heard.settle();
        texts
    }
}

impl HeardSender {
    /// Makes a run the present one. One that was heard before goes on; returns whether it is such a one.
    fn enter(&mut self, of: TextNumbers, now: Moment) -> bool {
        if self.present.run == of.run {
            return false;
        }
        let known = self.former.iter().position(|one| one.run == of.run);
        let known = known.and_then(|known| self.former.remove(known));
        let is_former = known.is_some();
        let present = known.unwrap_or_else(|| HeardRun::new(of, now));
        let former = core::mem::replace(&mut self.present, present);
        self.former.push_front(former);
        self.former.truncate(MAX_RUNS - 1);
        is_former
    }

    /// Plans a request for texts that are missing from now on. It does not come earlier than after the running
    /// interval, unless there was none for as long as the longest one.
    fn plan_request(&mut self, now: Moment) {
        let first = now.plus(FIRST_REQUEST);
        let last = self.last_request;
        if last.is_none_or(|last| now >= last.plus(MAX_INTERVAL)) {
            self.next_request = first;
            self.interval = SECOND;
        } else {
            self.next_request = self.next_request.max(first);
        }
    }

    /// Makes a request that is due, and plans the next one.
    fn request(&mut self, now: Moment, rng: &mut (dyn CryptoRng + Send)) -> Option<TextRequest> {
        let run = &mut self.present;
        if run.key.is_none() {
            run.key = ReplyKey::random(rng).ok();
        }
        let key = run.key.as_ref()?;
        self.last_request = Some(now);
        self.next_request = now.plus(self.interval);
        self.interval = self.interval.saturating_mul(2).min(MAX_INTERVAL);
        Some(TextRequest {
            run: run.run,
            missing: run.missing,
            key: *key.public(),
        })
    }
}

impl HeardRun {
    const fn new(of: TextNumbers, now: Moment) -> Self {
        Self {
            run: of.run,
            missing: NumberSet::empty(of.first.saturating_sub(1)),
            since: now,
            key: None,
        }
    }

    /// Takes numbers of the run. Returns the place of the text with the latest of them, if it has not come before.
    fn hear(&mut self, of: TextNumbers, has_text: bool) -> Option<TextOrder> {
        let is_latest = of.latest > self.missing.latest;
        self.missing.extend(of.latest);
        self.missing.remove_below(of.first);
        let is_missing = self.missing.has(of.latest);
        if has_text {
            self.missing.take(of.latest);
        }
        if is_latest {
            return Some(TextOrder::Next);
        }
        is_missing.then_some(TextOrder::Late)
    }

    fn settle(&mut self) {
        if self.missing.mask == 0 {
            self.key = None;
        }
    }
}

/// Returns the public part of an answer, under which the texts are sealed.
pub(crate) fn subject(run: TextRun, answered: NumberSet) -> Vec<u8> {
    [&run.0[..], &answered.to_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    const fn of(run: u8, first: u32, latest: u32) -> TextNumbers {
        let run = TextRun([run; 8]);
        TextNumbers { run, latest, first }
    }

    /// Returns the members that are asked at a moment.
    fn asked(heard: &mut HeardTexts, millis: u64) -> Vec<u8> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let requests = heard.requests(|_| true, at(millis), &mut rng);
        requests.iter().map(|(sender, _)| sender[0]).collect()
    }

    #[test]
    fn a_text_of_a_run_that_comes_again_is_shown_once() {
        let mut heard = HeardTexts::default();
        let (next, late) = (Some(TextOrder::Next), Some(TextOrder::Late));
        assert_eq!(heard.hear([1; 32], of(1, 1, 1), true, at(0)), next);
        assert_eq!(heard.hear([1; 32], of(2, 1, 1), true, at(0)), next);
        for run in [1, 2, 1] {
            heard.hear([1; 32], of(run, 1, 1), false, at(100));
            assert_eq!(heard.hear([1; 32], of(run, 1, 1), true, at(100)), None);
        }
        assert!(asked(&mut heard, 5_000).is_empty());
        // A late one of the run before is shown, and a run beyond the last four begins anew.
        heard.hear([1; 32], of(2, 1, 1), false, at(100));
        assert_eq!(heard.hear([1; 32], of(2, 1, 3), true, at(100)), next);
        assert_eq!(heard.hear([1; 32], of(1, 1, 2), true, at(100)), late);
        heard.hear([1; 32], of(2, 1, 3), false, at(100));
        assert_eq!(heard.hear([1; 32], of(2, 1, 2), true, at(100)), late);
        for run in 3..7 {
            assert_eq!(heard.hear([1; 32], of(run, 1, 1), true, at(100)), next);
        }
        assert_eq!(heard.hear([1; 32], of(1, 1, 1), true, at(100)), next);
    }

    #[test]
    fn four_members_are_asked_in_a_second_and_those_who_wait_longest_first() {
        let mut heard = HeardTexts::default();
        for sender in 1..=6 {
            heard.hear([sender; 32], of(1, 1, 1), false, at(0));
        }
        assert_eq!(asked(&mut heard, 300), [1, 2, 3, 4]);
        assert_eq!(heard.next_request(|_| true), Some(at(1_300)));
        assert!(asked(&mut heard, 1_299).is_empty());
        assert_eq!(asked(&mut heard, 1_300), [5, 6, 1, 2]);
    }

    #[test]
    fn numbers_that_go_on_and_on_do_not_make_a_device_ask_more_often() {
        let mut heard = HeardTexts::default();
        let mut requests = 0;
        for number in 1..=75 {
            // The text comes after its number, and after a request.
            let now = u64::from(number) * 400;
            heard.hear([1; 32], of(1, 1, number), false, at(now));
            requests += asked(&mut heard, now + 300).len();
            heard.hear([1; 32], of(1, 1, number), true, at(now + 350));
        }
        assert!((5..12).contains(&requests), "{requests}");
        // After a rest the first request comes at once again.
        heard.hear([1; 32], of(1, 1, 76), false, at(60_000));
        assert_eq!(asked(&mut heard, 60_300), [1]);
    }

    #[test]
    fn a_number_that_stays_missing_takes_no_later_one_along() {
        let mut heard = HeardTexts::default();
        heard.hear([1; 32], of(1, 1, 1), false, at(0));
        heard.hear([1; 32], of(1, 2, 2), false, at(119_000));
        asked(&mut heard, 120_000);
        assert_eq!(heard.senders[&[1; 32]].present.missing.mask, 1);
        asked(&mut heard, 239_000);
        assert_eq!(heard.next_request(|_| true), None);
    }

    #[test]
    fn those_who_are_gone_leave_room_for_others() {
        let mut heard = HeardTexts::default();
        for sender in 0..512_u16 {
            let mut key = [7; 32];
            key[..2].copy_from_slice(&sender.to_be_bytes());
            heard.hear(key, of(1, 1, 1), true, at(0));
        }
        let is_new = |heard: &mut HeardTexts, at| {
            heard.forget(|sender| *sender == [1; 32], at);
            heard.hear([1; 32], of(1, 1, 1), true, at).is_some()
        };
        // A text is not counted while there is no room.
        assert!(is_new(&mut heard, at(1_000)));
        assert!(is_new(&mut heard, at(119_999)));
        assert!(is_new(&mut heard, at(120_000)));
        assert!(!is_new(&mut heard, at(120_001)));
        assert!(!is_new(&mut heard, at(999_000)), "a member");
    }
}
