//! The texts that the room service may have dropped, since too much was relayed at once.

use std::time::Duration;

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::TextReach;

use crate::call::{encryption::SaidText, group::GroupError};

/// The time in which a member who is there asks for the texts that it misses: members learn of them at the latest from
/// the next confirmation, after 10 s.
const REQUEST_WAIT: Duration = Duration::from_secs(15);

/// The texts for which members can still ask.
#[derive(Default)]
pub(super) struct DoubtfulTexts(Vec<DoubtfulText>);

struct DoubtfulText {
    said: SaidText,
    until: Moment,
}

impl DoubtfulTexts {
    /// Takes texts that were written.
    pub(super) fn add(&mut self, texts: impl IntoIterator<Item = SaidText>, now: Moment) {
        let until = now.plus(REQUEST_WAIT);
        let texts = texts.into_iter().map(|said| DoubtfulText { said, until });
        self.0.extend(texts);
    }

    /// Takes note that there is a connection again, over which members ask.
    pub(super) fn reconnect(&mut self, now: Moment) {
        for text in &mut self.0 {
            text.until = now.plus(REQUEST_WAIT);
        }
    }

    /// Returns the moment at which [`Self::settle`] has an effect.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.0.iter().map(|text| text.until).min()
    }

    /// Returns the texts that nobody can ask for any more, and forgets those for which members had the time to ask.
    pub(super) fn settle(
        &mut self,
        now: Moment,
        reach: impl Fn(&SaidText) -> TextReach,
    ) -> Vec<(String, GroupError)> {
        let mut unsaid = Vec::new();
        for text in std::mem::take(&mut self.0) {
            let is_late = text.until <= now;
            match reach(&text.said) {
                TextReach::Present if is_late => {}
                TextReach::Present | TextReach::Absent if !is_late => self.0.push(text),
                _ => unsaid.push((text.said.text, GroupError::Limited)),
            }
        }
        unsaid
    }

    /// Takes all texts.
    pub(super) fn take(&mut self) -> Vec<(String, GroupError)> {
        let texts = std::mem::take(&mut self.0).into_iter();
        texts
            .map(|text| (text.said.text, GroupError::Limited))
            .collect()
    }
}
