//! The effects of a participation, and the texts among them: each is written, or told as not said.

use std::{iter, mem};

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::{Input, SessionTime, TextReach};
use anteroom_wire::rooms::socket::ClientMessage;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Participation, answers::Answers, written_texts::NOT_CONNECTED};
use crate::{
    LinkChange, RoomsError,
    call::{
        encryption::{Effect, Encryption, SaidText, Surroundings},
        event::CallEvent,
        group::GroupError,
        media::MediaEffect,
        text,
    },
};

/// An effect of a message, of a command or of the passing of time, which the caller carries out.
#[derive(Debug)]
pub enum ParticipationEffect {
    /// A message for the room service.
    Send(Zeroizing<String>),
    /// An event for the user.
    Event(CallEvent),
    /// A change of the link over HTTP, with the passkey of an admin.
    Publish(LinkChange),
    /// An effect for the connection to the media server.
    Media(MediaEffect),
}

impl Participation {
    /// Returns the next effect, until there is none. The caller carries them out in their order after each
    /// message, command and passing of time.
    ///
    /// # Errors
    /// A message cannot be written as JSON.
    pub fn poll_effect(&mut self) -> Result<Option<ParticipationEffect>, RoomsError> {
        self.collect();
        while let Some(effect) = self.effects.pop_front().or_else(|| self.next_copy()) {
            return Ok(Some(match effect {
                Effect::Said(said) => {
                    let unsaid = self.written.write(said);
                    self.tell_unsaid(unsaid);
                    continue;
                }
                Effect::Send(message) => {
                    if matches!(message, ClientMessage::Ping) {
                        let unsaid = self.written.ping();
                        self.tell_unsaid(unsaid);
                        self.answers.ping();
                    }
                    self.relays.take(&message);
                    ParticipationEffect::Send(text::write(&message)?)
                }
                Effect::Event(event) => ParticipationEffect::Event(event),
                Effect::FrameKeys(frames) => ParticipationEffect::Media(MediaEffect::Keys(frames)),
                Effect::Publish(statement) => ParticipationEffect::Publish(LinkChange {
                    admin_statement: Some(statement),
                    ..LinkChange::default()
                }),
            }));
        }
        Ok(None)
    }

    /// Returns whether a ping is to be sent, whose answer shows that the room service has the texts before it, or after
    /// which it tells again what it drops.
    #[must_use]
    pub fn wants_ping(&self) -> bool {
        let encryption = self.encryption.as_ref();
        !self.answers.awaits_pong()
            && (self.answers.is_due() || self.written.wants_ping(|said| reach(encryption, said)))
    }

    /// Returns the events of before the connection was lost, which must not wait until it is back. Messages that wait
    /// stay.
    pub fn take_events(&mut self) -> Vec<CallEvent> {
        self.collect();
        let mut events = Vec::new();
        for effect in mem::take(&mut self.effects) {
            match effect {
                Effect::Event(event) => events.push(event),
                effect => self.effects.push_back(effect),
            }
        }
        events
    }

    /// Takes note that the connection is lost. What was to be relayed goes out when it is back.
    pub fn disconnect(&mut self, time: SessionTime, rng: &mut (dyn CryptoRng + Send)) {
        self.collect();
        self.effects.retain(|effect| match effect {
            Effect::Send(message) => matches!(message, ClientMessage::Relay { .. }),
            Effect::Said(_) | Effect::Event(_) | Effect::Publish(_) | Effect::FrameKeys(_) => true,
        });
        // The message of a text has left the queue, and its writing has failed.
        let mut effects = self.effects.iter();
        let is_first = |effect: &Effect| matches!(effect, Effect::Send(_) | Effect::Said(_));
        if let Some(index) = effects.position(is_first)
            && let Some(Effect::Said(_)) = self.effects.get(index)
            && let Some(Effect::Said(said)) = self.effects.remove(index)
        {
            self.lose(said);
        }
        self.doubt_copies(GroupError::Unconfirmed);
        let encryption = self.encryption.as_ref();
        let unsaid = self.written.disconnect(|said| reach(encryption, said));
        self.tell_unsaid(unsaid);
        if let Some(encryption) = &mut self.encryption {
            encryption.handle(Input::Disconnected, Surroundings { time, rng });
        }
        self.answers = Answers::default();
        self.drop_roster_request();
    }

    /// Takes note that the room service has dropped a message beyond its limits. It may have been each of those that
    /// were written since the last ping that it has answered, and drops others after it without a word.
    pub(super) fn take_limit(&mut self, now: Moment) {
        self.relays.refuse();
        self.answers.take_limit();
        self.doubt_copies(GroupError::Limited);
        self.doubtful.add(self.written.take_written(), now);
        self.settle_doubtful(now);
    }

    /// Tells the texts of those that the room service may have dropped for which nobody asks.
    pub(super) fn settle_doubtful(&mut self, now: Moment) {
        let encryption = self.encryption.as_ref();
        let unsaid = self.doubtful.settle(now, |said| reach(encryption, said));
        self.tell_unsaid(unsaid);
    }

    /// Gives up the texts that wait for a listener or for a connection, and those of which it is not certain that
    /// the room service has them, since the device leaves the call: [`CallEvent::NotSaid`] tells each.
    pub fn give_up_texts(&mut self) {
        self.give_up_waiting();
        self.give_up_unsent();
        let written = self.doubtful.take().into_iter().chain(self.written.take());
        let written: Vec<_> = written.chain(self.take_copies()).collect();
        let written = written.into_iter();
        for (text, error) in written.rev() {
            self.effects
                .push_front(Effect::Event(not_said(text, error)));
        }
    }

    /// Tells each removal that is not known to be done as not confirmed, since the device leaves the call.
    pub fn give_up_removals(&mut self, now: Moment) {
        if let Some(encryption) = &mut self.encryption {
            encryption.give_up_removals(now);
        }
        self.collect();
    }

    /// Drops what was sealed for another seat, and gives up the texts of another era.
    pub(super) fn drop_unsent(&mut self, same_era: bool, same_seat: bool) {
        if !same_seat {
            let copies = self.take_copies();
            self.tell_unsaid(copies);
            let is_kept = |effect: &Effect| !matches!(effect, Effect::Send(_));
            self.effects.retain(is_kept);
            if self.repeats_texts() {
                for effect in mem::take(&mut self.effects) {
                    match effect {
                        Effect::Said(said) => self.lose(said),
                        effect => self.effects.push_back(effect),
                    }
                }
            } else {
                self.give_up_unsent();
            }
        }
        if !same_era {
            self.give_up_waiting();
        }
    }

    /// Tells texts that others have not heard, or perhaps not.
    pub(super) fn tell_unsaid(&mut self, texts: Vec<(String, GroupError)>) {
        let event = |(text, error)| Effect::Event(not_said(text, error));
        self.effects.extend(texts.into_iter().map(event));
    }

    /// Takes the effects of the encryption behind those before.
    pub(super) fn collect(&mut self) {
        if let Some(encryption) = &mut self.encryption {
            self.effects
                .extend(iter::from_fn(|| encryption.poll_effect()));
        }
    }

    /// Takes a text whose message did not go out: the members ask for it when the connection is back, or it is told.
    fn lose(&mut self, said: SaidText) {
        if reach(self.encryption.as_ref(), &said) == TextReach::Dropped {
            let event = not_said(said.text, NOT_CONNECTED);
            self.effects.push_back(Effect::Event(event));
        } else {
            let unsaid = self.written.keep_unsent(said);
            self.tell_unsaid(unsaid);
        }
    }

    /// Returns whether members ask for texts that they miss.
    fn repeats_texts(&self) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.is_some_and(Encryption::is_on)
    }

    fn give_up_waiting(&mut self) {
        if let Some(encryption) = &mut self.encryption {
            encryption.give_up_waiting();
        }
        self.collect();
    }

    /// Gives up the texts whose messages wait for a connection.
    fn give_up_unsent(&mut self) {
        for effect in &mut self.effects {
            if let Effect::Said(said) = effect {
                *effect = Effect::Event(not_said(mem::take(&mut said.text), NOT_CONNECTED));
            }
        }
    }
}

/// Returns whether those to whom a text was said can still ask for it. Nobody does without the end-to-end encryption.
pub(super) fn reach(encryption: Option<&Encryption>, said: &SaidText) -> TextReach {
    let encryption = encryption.filter(|_| !said.is_said_outside);
    encryption.map_or(TextReach::Dropped, |encryption| encryption.reach(said))
}

const fn not_said(text: String, error: GroupError) -> CallEvent {
    CallEvent::NotSaid { text, error }
}
