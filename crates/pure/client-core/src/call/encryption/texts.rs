//! The texts that a person says to the group.

use std::{mem, time::Duration};

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::{
    Command as SessionCommand, CommandError, Event as SessionEvent, SessionTime, TextReach,
};
use rand_core::CryptoRng;

use super::{
    Effect, Encryption, Surroundings, kept_text::KeptText, said_text::SaidText,
    say_outcome::SayOutcome,
};
use crate::{
    Participant,
    call::{event::CallEvent, group::GroupError},
};

/// The time for which a text waits until a member is there to hear it.
const TEXT_WAIT: Duration = Duration::from_secs(15);
/// The maximum number of texts that wait.
const MAX_TEXTS: usize = 64;

impl Encryption {
    /// Says a text to the members, or once one of them is there to hear it. `outsiders` says whether connected devices
    /// without end-to-end encryption hear it too: they do unless it is given up.
    pub(in super::super) fn say(
        &mut self,
        text: &str,
        outsiders: bool,
        surroundings: Surroundings<'_>,
    ) -> SayOutcome {
        let Surroundings { time, rng } = surroundings;
        let outcome = if self.awaits_audience() {
            self.keep_text(text, outsiders, time)
        } else {
            let command = SessionCommand::Say(text.to_owned());
            match self.session.command(command, time, rng) {
                Ok(()) => {
                    self.mark_said(text.to_owned(), time.moment);
                    SayOutcome::Taken
                }
                Err(CommandError::NotInGroup) => self.keep_text(text, outsiders, time),
                Err(error) => {
                    self.give_up(text, error.into());
                    SayOutcome::GivenUp
                }
            }
        };
        self.settle(Surroundings { time, rng });
        outcome
    }

    pub(in super::super) fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Returns whether one more text can wait until a member is there to hear it.
    pub(in super::super) fn keeps_texts(&self) -> bool {
        self.texts.len() < MAX_TEXTS
    }

    /// Returns whether members can still ask for a text that was said.
    pub(in super::super) fn reach(&self, said: &SaidText) -> TextReach {
        let number = said.number.filter(|_| self.is_on);
        number.map_or(TextReach::Dropped, |number| self.session.text_reach(number))
    }

    /// Gives up the texts that wait, since nobody hears them any more.
    pub(in super::super) fn give_up_waiting(&mut self) {
        self.give_up_texts(self.silence_reason());
    }

    /// Gives up the texts that wait.
    pub(super) fn give_up_texts(&mut self, error: GroupError) {
        for kept in mem::take(&mut self.texts) {
            self.give_up_kept(&kept, error);
        }
    }

    /// Says the texts that have waited, or gives them up.
    pub(super) fn settle_texts(&mut self, time: SessionTime, rng: &mut (dyn CryptoRng + Send)) {
        while let Some(kept) = self.texts.pop_front() {
            if self.session.may_send() && self.session.has_audience() {
                let command = SessionCommand::Say(kept.text.clone());
                match self.session.command(command, time, rng) {
                    Ok(()) => self.mark_said(kept.text, time.moment),
                    Err(error) => self.give_up_kept(&kept, error.into()),
                }
            } else if kept.until <= time.moment {
                self.give_up_kept(&kept, self.silence_reason());
            } else {
                self.texts.push_front(kept);
                break;
            }
        }
    }

    /// Returns whether a text has to wait in the group, in which nobody is there to hear it. A text of somebody who
    /// has stopped sending is refused at once.
    fn awaits_audience(&self) -> bool {
        self.session.may_send() && !self.session.has_audience()
    }

    /// Keeps a text while others may come to hear it.
    fn keep_text(&mut self, text: &str, outsiders: bool, time: SessionTime) -> SayOutcome {
        let others: Vec<_> = self.others().collect();
        let until = time.moment.plus(TEXT_WAIT);
        // Those in the lobby are not shown which of the others can hear. One whose connection is lost may come back,
        // and so may all after a connection of this device that broke.
        let has_key = others.iter().any(|one| one.member_key().is_some());
        // The room service can leave out the key of a member, and the member itself.
        let has_member = self.session.members().iter().any(|one| !one.is_own);
        let until = if has_key || has_member || !self.is_active {
            Some(until)
        } else if others.is_empty() || !outsiders {
            // Members may come back later than those without the encryption.
            let back = self.returned_at.map(|at| at.plus(TEXT_WAIT));
            back.filter(|until| time.moment < *until)
        } else {
            None
        };
        let error = match until {
            Some(until) if self.texts.len() < MAX_TEXTS => {
                self.texts.push_back(KeptText {
                    text: text.to_owned(),
                    until,
                    is_heard_outside: outsiders,
                });
                return SayOutcome::Taken;
            }
            Some(_) => self.silence_reason(),
            None if outsiders => return SayOutcome::OutsidersAlone,
            None if others.is_empty() => GroupError::Alone,
            None => GroupError::NobodyHears,
        };
        self.give_up(text, error);
        SayOutcome::GivenUp
    }

    /// Returns the other devices that the room service lists in the call.
    fn others(&self) -> impl Iterator<Item = &Participant> {
        let (own, active) = (self.lobby.own, self.lobby.roster.active.iter());
        active.filter(move |one| Some(one.demux) != own)
    }

    /// Returns the reason why nobody has heard a text that has waited.
    fn silence_reason(&self) -> GroupError {
        match self.session.have() {
            _ if self.is_active && self.others().next().is_none() => GroupError::Alone,
            Some(_) => GroupError::NoListener,
            None => GroupError::NotLetIn,
        }
    }

    /// Takes note of what another device says of the admin key, which may be untrue. In a group it is no reason for
    /// anything any more.
    pub(super) const fn see_admin_key(&mut self, event: &SessionEvent) {
        match event {
            SessionEvent::AdminKeyDiffers { .. } => self.has_other_admin_key = true,
            SessionEvent::Entered { .. } => self.has_other_admin_key = false,
            _ => {}
        }
    }

    /// Takes the messages of a text, and marks their end.
    fn mark_said(&mut self, text: String, now: Moment) {
        self.take_outputs(now);
        let number = Some(self.session.latest_text());
        let said = SaidText {
            text,
            number,
            is_said_outside: false,
        };
        self.effects.push_back(Effect::Said(said));
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
