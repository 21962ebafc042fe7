//! The texts that a person says to the group.

use std::{mem, time::Duration};

use anteroom_e2ee_session::{Command as SessionCommand, CommandError, SessionTime};
use rand_core::CryptoRng;

use super::{Effect, Encryption, Surroundings, kept_text::KeptText};
use crate::call::{event::CallEvent, group::GroupError, roster::Roster};

/// The time for which a text waits until the device is in the group.
const TEXT_WAIT: Duration = Duration::from_secs(15);
/// The maximum number of texts that wait.
const MAX_TEXTS: usize = 64;

impl Encryption {
    /// Says a text to the members, or once the device is one of them. `outsiders` says whether connected devices
    /// without end-to-end encryption hear it too: they do if this returns true.
    pub(in super::super) fn say(
        &mut self,
        text: &str,
        (roster, outsiders): (&Roster, bool),
        surroundings: Surroundings<'_>,
    ) -> bool {
        let command = SessionCommand::Say(text.to_owned());
        let Surroundings { time, rng } = surroundings;
        let is_taken = match self.session.command(command, time, rng) {
            Ok(()) => {
                self.mark_said(text.to_owned());
                true
            }
            Err(CommandError::NotInGroup) => self.keep_text(text, (roster, outsiders), time),
            Err(error) => {
                self.give_up(text, error.into());
                false
            }
        };
        self.settle(Surroundings { time, rng });
        is_taken
    }

    pub(in super::super) fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Gives up the texts that wait.
    pub(in super::super) fn give_up_texts(&mut self, error: GroupError) {
        for kept in mem::take(&mut self.texts) {
            self.give_up_kept(&kept, error);
        }
    }

    /// Says the texts that have waited, or gives them up.
    pub(super) fn settle_texts(&mut self, time: SessionTime, rng: &mut (dyn CryptoRng + Send)) {
        while let Some(kept) = self.texts.pop_front() {
            if self.session.may_send() {
                let command = SessionCommand::Say(kept.text.clone());
                match self.session.command(command, time, rng) {
                    Ok(()) => self.mark_said(kept.text),
                    Err(error) => self.give_up_kept(&kept, error.into()),
                }
            } else if kept.until <= time.moment {
                self.give_up_kept(&kept, GroupError::NotLetIn);
            } else {
                self.texts.push_front(kept);
                break;
            }
        }
    }

    /// Keeps a text while others may let this device in. Returns whether it is kept, or there is nobody to hear it
    /// but outsiders.
    fn keep_text(
        &mut self,
        text: &str,
        (roster, outsiders): (&Roster, bool),
        time: SessionTime,
    ) -> bool {
        let can_hear = roster.active.iter();
        let can_hear = can_hear.filter(|one| one.member_key().is_some());
        // This device is one of both. Those in the lobby are not shown which of the others can hear. One whose
        // connection is lost may come back.
        let error = if can_hear.count() > 1 || !self.is_active {
            if self.texts.len() < MAX_TEXTS {
                self.texts.push_back(KeptText {
                    text: text.to_owned(),
                    until: time.moment.plus(TEXT_WAIT),
                    is_heard_outside: outsiders,
                });
                return true;
            }
            GroupError::NotLetIn
        } else if roster.active.len() > 1 && !outsiders {
            GroupError::NobodyHears
        } else {
            return true;
        };
        self.give_up(text, error);
        false
    }

    /// Takes the messages of a text, and marks their end.
    fn mark_said(&mut self, text: String) {
        self.take_outputs();
        self.effects.push_back(Effect::Said(text));
    }

    fn give_up_kept(&mut self, kept: &KeptText, error: GroupError) {
        let error = match (kept.is_heard_outside, error) {
            (true, _) => GroupError::OutsideAlone,
            (false, GroupError::NotLetIn) if self.has_other_admin_key => {
                GroupError::AdminKeyDiffers
            }
            (false, error) => error,
        };
        self.give_up(&kept.text, error);
    }

    fn give_up(&mut self, text: &str, error: GroupError) {
        let text = text.to_owned();
        self.tell(CallEvent::NotSaid { text, error });
    }
}
