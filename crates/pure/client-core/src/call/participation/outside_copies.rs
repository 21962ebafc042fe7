//! The copies of what a person says for devices without end-to-end encryption: one for each, at the pace of the room
//! service, which drops what a user relays beyond its limits.

use rand_core::CryptoRng;

use super::{Participation, written_texts::NOT_CONNECTED};
use crate::{
    Chat, DemuxId, RoomsError, TransportFailure,
    call::{
        command::Recipient,
        encryption::{Effect, SaidText},
        group::GroupError,
    },
};

impl Participation {
    /// Seals a message for the clients without end-to-end encryption.
    pub(super) fn seal_to_outsiders(
        &mut self,
        chat: &Chat,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let message = chat.to_bytes();
        let message = message.map_err(|_| TransportFailure::Malformed("it is no JSON"))?;
        for device in self.outsiders() {
            let copy = self.sealed(Recipient::One(device), &message, rng)?;
            self.copies.push_back(Effect::Send(copy));
        }
        Ok(())
    }

    /// Marks the end of a text behind its last copy. One that was said to the members too is said only then.
    pub(super) fn end_copies(&mut self, text: String) {
        let is_same = |effect: &Effect| matches!(effect, Effect::Said(said) if said.text == text);
        let index = self.effects.iter().rposition(is_same);
        let said = index.and_then(|index| self.effects.remove(index));
        self.copies.push_back(Effect::Said(match said {
            Some(Effect::Said(said)) => SaidText {
                is_said_outside: true,
                ..said
            },
            _ => SaidText {
                text,
                number: None,
                is_said_outside: true,
            },
        }));
    }

    /// Returns the next copy if the room service takes it now.
    pub(super) fn next_copy(&mut self) -> Option<Effect> {
        let waits = matches!(self.copies.front()?, Effect::Send(_)) && !self.relays.is_open();
        if waits {
            return None;
        }
        self.progress += 1;
        self.copies.pop_front()
    }

    /// Returns whether copies wait until the room service takes them.
    #[must_use]
    pub fn has_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Takes note that one of the copies that went out last may be lost: the others go out all the same.
    pub(super) fn doubt_copies(&mut self, error: GroupError) {
        let is_end = |effect: &Effect| matches!(effect, Effect::Said(_));
        let index = self.copies.iter().position(is_end);
        if let Some(Effect::Said(said)) = index.and_then(|index| self.copies.remove(index)) {
            self.tell_unsaid(vec![(said.text, error)]);
        }
    }

    /// Gives up the copies, and returns their texts. Members may have heard them.
    pub(super) fn take_copies(&mut self) -> Vec<(String, GroupError)> {
        let copies = std::mem::take(&mut self.copies).into_iter();
        let texts = copies.filter_map(|copy| match copy {
            Effect::Said(said) => {
                let error = match said.number {
                    Some(_) => GroupError::Unconfirmed,
                    None => NOT_CONNECTED,
                };
                Some((said.text, error))
            }
            _ => None,
        });
        texts.collect()
    }

    /// Returns the devices without end-to-end encryption that are talked to: none where the link names an
    /// admin key, since the room service could make any device look like that.
    pub(super) fn outsiders(&self) -> Vec<DemuxId> {
        let (Some(encryption), Some(state)) = (&self.encryption, &self.resume_state) else {
            return Vec::new();
        };
        if self.is_link_key_barred() {
            return Vec::new();
        }
        let connected = state.roster.active.iter().filter(|one| !one.is_lost);
        let devices = connected.map(|one| one.demux);
        devices
            .filter(|device| {
                *device != state.demux && !encryption.takes_part(*device, &state.roster)
            })
            .collect()
    }
}
