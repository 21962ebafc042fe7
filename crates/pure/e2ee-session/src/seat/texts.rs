//! Texts: said to all members, and again to a member that misses some.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{Moment, ReplyKey};
use anteroom_protocol::{DemuxId, GroupEpoch, printable_lines};

use super::Seat;
use crate::{
    MAX_TEXT,
    content::Content,
    error::CommandError,
    event::Listing,
    heard_texts::subject,
    said_texts::TextEpoch,
    step::Step,
    text_numbers::{NumberSet, TextRun},
    text_reach::TextReach,
};

/// The time after a text in which its number is told again.
const NUMBER_DELAY: Duration = Duration::from_secs(2);

/// The number of eras whose first epochs are kept.
const MAX_ERAS: usize = 8;

impl Seat {
    /// Says a text to all members.
    pub(super) fn say(&mut self, text: &str, step: &mut Step<'_>) -> Result<(), CommandError> {
        let Some(membership) = &self.membership else {
            return Err(CommandError::NotInGroup);
        };
        let epoch = membership.group.epoch();
        let leaves = membership.view.leaves.values();
        let audience = leaves.map(|claims| *claims.member_key.as_bytes()).collect();
        self.check_connection()?;
        if !self.may_send() {
            return Err(CommandError::Stopped);
        }
        let text = printable_lines(text);
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(CommandError::Text);
        }
        let said_in = TextEpoch {
            era: self.era,
            epoch,
        };
        let now = step.moment();
        let of = self.said.say(&text, audience, said_in, now, step.rng);
        self.send_content(&Content::NumberedText(of, text), step);
        if let Some(membership) = &mut self.membership {
            let at = now.plus(NUMBER_DELAY);
            membership.confirm_at.get_or_insert(at);
        }
        Ok(())
    }

    /// Returns whether another member is there to hear a text.
    pub(crate) fn has_audience(&self) -> bool {
        let membership = self.membership.as_ref();
        membership.is_some_and(|one| one.listeners(&self.roster).next().is_some())
    }

    /// Returns the number of the latest text.
    pub(crate) const fn latest_text(&self) -> u32 {
        self.said.latest()
    }

    /// Returns whether members can still ask for a text.
    pub(crate) fn text_reach(&self, number: u32) -> TextReach {
        let Some(audience) = self.said.audience(number) else {
            return TextReach::Dropped;
        };
        let membership = self.membership.as_ref().filter(|_| self.may_send());
        let is_there = membership.is_some_and(|membership| {
            let mut listeners = membership.listeners(&self.roster);
            listeners.any(|claims| audience.contains(claims.member_key.as_bytes()))
        });
        match is_there {
            true => TextReach::Present,
            false => TextReach::Absent,
        }
    }

    /// Asks the members for texts that this device misses, also those that the roster does not list: it may be
    /// the roster that a lost message is missing from. Returns the moment of the next request.
    pub(super) fn ask_for_texts(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let membership = self.membership.as_ref()?;
        let leaves = membership.view.leaves.values();
        let members: BTreeSet<[u8; 32]> = leaves
            .clone()
            .map(|claims| *claims.member_key.as_bytes())
            .collect();
        let now = step.moment();
        self.heard.forget(|sender| members.contains(sender), now);
        let devices: BTreeMap<[u8; 32], DemuxId> = leaves
            .map(|claims| (*claims.member_key.as_bytes(), claims.demux_id))
            .collect();
        let is_present = |sender: &[u8; 32]| devices.contains_key(sender);
        let requests = self.heard.requests(is_present, now, step.rng);
        for (sender, request) in requests {
            let content = Content::TextRequest {
                run: request.run,
                missing: request.missing,
                key: request.key,
            };
            if let Some(device) = devices.get(&sender) {
                self.send_content_to(*device, &content, step);
            }
        }
        self.heard.next_request(is_present)
    }

    /// Says texts again to a member that asks for them: those that were said while it was in.
    pub(super) fn answer(
        &mut self,
        epoch: GroupEpoch,
        leaf: u32,
        (run, missing, key): (TextRun, NumberSet, [u8; 32]),
        step: &mut Step<'_>,
    ) {
        if !self.may_send() {
            return;
        }
        let membership = self.membership.as_ref();
        let claims = membership.and_then(|membership| membership.claims(epoch, leaf));
        let Some(claims) = claims.cloned() else {
            return;
        };
        let is_listed = self.roster.listing(&claims) == Listing::Listed;
        let asker = is_listed.then(|| claims.user.clone());
        let asker = (asker, claims.member_key.as_bytes());
        let Some((answered, texts)) = self.said.answer(run, missing, asker, step.moment()) else {
            return;
        };
        let subject = subject(run, answered);
        let Ok(sealed) = ReplyKey::seal(&key, &subject, &texts, step.rng) else {
            return;
        };
        let content = Content::TextAnswer {
            run,
            answered,
            sealed,
        };
        self.send_content_to(claims.demux_id, &content, step);
    }

    /// Takes note of the first epoch of this session in the era.
    pub(super) fn note_first_epoch(&mut self, epoch: GroupEpoch) {
        let era = self.era;
        if self.first_epochs.iter().all(|first| first.era != era) {
            self.first_epochs.push_front(TextEpoch { era, epoch });
            self.first_epochs.truncate(MAX_ERAS);
        }
    }

    /// Returns whether this session was in when a text was said. A member that came back with its key may be
    /// told of texts of an earlier session.
    pub(super) fn was_in(&self, said_in: TextEpoch) -> bool {
        let mut firsts = self.first_epochs.iter();
        firsts.any(|first| first.era == said_in.era && first.epoch <= said_in.epoch)
    }
}
