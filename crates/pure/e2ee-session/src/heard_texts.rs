//! The numbers of the texts that this device has heard, and the requests for those that it misses.

use core::time::Duration;
use std::collections::BTreeMap;

use anteroom_e2ee::{Moment, ReplyKey};
use anteroom_protocol::redacted_debug;
use rand_core::CryptoRng;

use crate::{
    said_texts::{TEXT_RETENTION, TextEpoch, parse_answer},
    text_numbers::{NumberSet, TextNumbers, TextRun},
};

/// The maximum number of senders whose texts are counted. Texts of others are shown as they come.
const MAX_SENDERS: usize = 512;

/// The time from a missing number to the first request.
const FIRST_REQUEST: Duration = Duration::from_millis(300);

/// The longest time between two requests.
const MAX_INTERVAL: Duration = Duration::from_secs(8);

/// The texts of the other members, by their member keys.
#[derive(Default)]
pub(crate) struct HeardTexts {
    senders: BTreeMap<[u8; 32], HeardSender>,
}

redacted_debug!(HeardTexts);

/// The texts of one member.
struct HeardSender {
    run: TextRun,
    missing: NumberSet,
    /// The moment since which texts are missing.
    since: Moment,
    next_request: Moment,
    interval: Duration,
    key: Option<ReplyKey>,
}

/// A request for missing texts.
pub(crate) struct TextRequest {
    pub(crate) run: TextRun,
    pub(crate) missing: NumberSet,
    pub(crate) key: [u8; 32],
}

impl HeardTexts {
    /// Takes the numbers of a member's texts. Returns whether a text with the latest of them is to be shown:
    /// `has_text` tells that this one has come.
    pub(crate) fn hear(
        &mut self,
        sender: [u8; 32],
        of: TextNumbers,
        has_text: bool,
        now: Moment,
    ) -> bool {
        let is_known = self.senders.contains_key(&sender);
        if !is_known && self.senders.len() >= MAX_SENDERS {
            return has_text;
        }
        let new = |run| HeardSender {
            run,
            missing: NumberSet::empty(of.first.saturating_sub(1)),
            since: now,
            next_request: now,
            interval: Duration::ZERO,
            key: None,
        };
        let one = self.senders.entry(sender).or_insert_with(|| new(of.run));
        if one.run != of.run {
            *one = new(of.run);
        }
        let had_all = one.missing.mask == 0;
        let is_latest = of.latest > one.missing.latest;
        one.missing.extend(of.latest);
        one.missing.remove_below(of.first);
        let is_new = is_latest || one.missing.has(of.latest);
        if has_text {
            let mut text = NumberSet::empty(of.latest);
            text.add(of.latest);
            one.missing.remove(text);
        }
        if had_all {
            one.since = now;
            one.next_request = now.plus(FIRST_REQUEST);
            one.interval = Duration::from_secs(1);
        }
        one.settle();
        has_text && is_new
    }

    /// Returns the requests that are due, with the members to which they go. `is_present` tells whether a member
    /// can be asked.
    pub(crate) fn requests(
        &mut self,
        is_present: impl Fn(&[u8; 32]) -> bool,
        now: Moment,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Vec<([u8; 32], TextRequest)> {
        let mut requests = Vec::new();
        for (sender, one) in &mut self.senders {
            if one.missing.mask == 0 {
                continue;
            }
            if now >= one.since.plus(TEXT_RETENTION) {
                one.missing.mask = 0;
                one.settle();
                continue;
            }
            if now < one.next_request || !is_present(sender) {
                continue;
            }
            if one.key.is_none() {
                one.key = ReplyKey::random(rng).ok();
            }
            let Some(key) = &one.key else { continue };
            let request = TextRequest {
                run: one.run,
                missing: one.missing,
                key: *key.public(),
            };
            requests.push((*sender, request));
            one.next_request = now.plus(one.interval);
            one.interval = one.interval.saturating_mul(2).min(MAX_INTERVAL);
        }
        requests
    }

    /// Returns the moment of the next request to a member that can be asked.
    pub(crate) fn next_request(&self, is_present: impl Fn(&[u8; 32]) -> bool) -> Option<Moment> {
        let missing = self.senders.iter().filter(|(_, one)| one.missing.mask != 0);
        let present = missing.filter(|(sender, _)| is_present(sender));
        present.map(|(_, one)| one.next_request).min()
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
        let one = self.senders.get_mut(sender).filter(|one| one.run == run);
        let Some(one) = one else { return Vec::new() };
        let Some(key) = &one.key else {
            return Vec::new();
        };
        let Ok(content) = key.open(&subject(run, answered), sealed) else {
            return Vec::new();
        };
        let texts = parse_answer(&content).unwrap_or_default();
        let texts = texts.into_iter().filter(|one_text| {
            let is_missing = one.missing.has(one_text.number);
            if is_missing {
                let mut text = NumberSet::empty(one_text.number);
                text.add(one_text.number);
                one.missing.remove(text);
            }
            is_missing
        });
        let texts = texts
            .map(|one| (one.said_in, one.text.to_owned()))
            .collect();
        one.missing.remove(answered);
        // An answer has the texts that fit: the others are asked for at once.
        one.next_request = one.next_request.min(now.plus(FIRST_REQUEST));
        one.settle();
        texts
    }
}

impl HeardSender {
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
