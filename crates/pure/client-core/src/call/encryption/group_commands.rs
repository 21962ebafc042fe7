//! The commands of a person about the group.

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::{BarScope, Command as SessionCommand, CommandError};
use anteroom_protocol::DemuxId;

use super::{Encryption, Surroundings};
use crate::call::{
    event::CallEvent,
    group::{GroupCommand, GroupError},
};

impl Encryption {
    /// Puts a device out of the group, if this one can: the room service sends it away in any case. A co-admin signs
    /// nothing about an admin, whom no entry puts out. The group tells who is one: the room service could say that of
    /// everybody whom a co-admin puts out.
    ///
    /// # Errors
    /// It was not done; an event tells that where the device stays in the group.
    pub(in super::super) fn bar(
        &mut self,
        device: DemuxId,
        scope: BarScope,
        surroundings: Surroundings<'_>,
    ) -> Result<(), CommandError> {
        if self.is_co_admin_alone() && self.is_of_admin(device) {
            return Ok(());
        }
        let Surroundings { time, rng } = surroundings;
        let told = self.told.as_ref();
        let scope = told.map_or(scope, |told| told.bar_scope(device, scope));
        let command = SessionCommand::Bar { device, scope };
        let done = match self.is_on {
            true => self.session.command(command, time, rng),
            false => Ok(()),
        };
        if let Err(error) = done
            && (self.keeps(device)
                || matches!(
                    error,
                    CommandError::Statement(_)
                        | CommandError::NotConnected
                        | CommandError::OwnDevice
                ))
        {
            self.tell(CallEvent::GroupRefused(error.into()));
        }
        self.settle(Surroundings { time, rng });
        done
    }

    /// Returns whether a device stays in the group where the room service alone sends it away.
    fn keeps(&self, device: DemuxId) -> bool {
        let told = self.told.as_ref().filter(|_| self.has_admin);
        told.is_some_and(|told| told.member(device).is_some())
    }

    /// Returns whether a statement of this person is on its way to the members.
    pub(in super::super) fn has_pending_statements(&self) -> bool {
        self.is_on && self.session.has_pending_statements()
    }

    /// Tells each removal that is not known to be done, since the device leaves the call.
    pub(in super::super) fn give_up_removals(&mut self, now: Moment) {
        self.session.give_up_removals();
        self.take_outputs(now);
    }

    /// Carries out a command about the group.
    ///
    /// # Errors
    /// It was not done, which an event tells.
    pub(in super::super) fn command(
        &mut self,
        command: GroupCommand,
        surroundings: Surroundings<'_>,
    ) -> Result<(), GroupError> {
        let Surroundings { time, rng } = surroundings;
        let done = self.carry_out(command, Surroundings { time, rng });
        if let Err(error) = done {
            self.tell(CallEvent::GroupRefused(error));
        }
        self.settle(Surroundings { time, rng });
        done
    }

    fn carry_out(
        &mut self,
        command: GroupCommand,
        surroundings: Surroundings<'_>,
    ) -> Result<(), GroupError> {
        let Surroundings { time, rng } = surroundings;
        let command = match command {
            GroupCommand::ShowWords => {
                let words = self.session.show_words(time)?;
                self.tell(CallEvent::Words(Box::new(words)));
                return Ok(());
            }
            GroupCommand::WordsMatch(epoch) => return Ok(self.session.words_match(epoch)?),
            GroupCommand::Lock(on) => SessionCommand::Lock(on),
            GroupCommand::AddCoAdmin(device) => {
                let all = SessionCommand::SetCoAdmins(self.co_admins_with(device)?);
                self.session.command(all, time, rng)?;
                self.name_co_admin(device);
                return Ok(());
            }
            GroupCommand::RemoveCoAdmin(device) => {
                SessionCommand::SetCoAdmins(self.co_admins_without(device)?)
            }
        };
        Ok(self.session.command(command, time, rng)?)
    }
}
