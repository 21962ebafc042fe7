//! The commands of a person about the group.

use anteroom_e2ee::{CoAdmin, MemberLeaf};
use anteroom_e2ee_session::{BarScope, Command as SessionCommand, CommandError};
use anteroom_protocol::DemuxId;

use super::{Encryption, Surroundings};
use crate::call::{event::CallEvent, group::GroupCommand};

impl Encryption {
    /// Puts a device out of the group, if this one can: the room service sends it away in any case.
    pub(in super::super) fn bar(
        &mut self,
        device: DemuxId,
        scope: BarScope,
        surroundings: Surroundings<'_>,
    ) {
        let Surroundings { time, rng } = surroundings;
        let command = SessionCommand::Bar { device, scope };
        if self.is_on
            && let Err(error) = self.session.command(command, time, rng)
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
    }

    /// Returns whether a device stays in the group where the room service alone sends it away.
    fn keeps(&self, device: DemuxId) -> bool {
        let told = self.told.as_ref().filter(|_| self.has_admin);
        told.is_some_and(|told| told.member(device).is_some())
    }

    /// Carries out a command about the group.
    pub(in super::super) fn command(
        &mut self,
        command: GroupCommand,
        surroundings: Surroundings<'_>,
    ) {
        let Surroundings { time, rng } = surroundings;
        let done = match command {
            GroupCommand::ShowWords => self.session.show_words(time).map(|words| {
                self.tell(CallEvent::Words(Box::new(words)));
            }),
            GroupCommand::Lock(on) => self.session.command(SessionCommand::Lock(on), time, rng),
            GroupCommand::WordsMatch(epoch) => {
                let command = SessionCommand::WordsMatch(epoch);
                self.session.command(command, time, rng)
            }
            GroupCommand::AddCoAdmin(device) => self.co_admins_with(device).and_then(|all| {
                let command = SessionCommand::SetCoAdmins(all);
                self.session.command(command, time, rng)
            }),
            GroupCommand::RemoveCoAdmin(device) => {
                self.co_admins_without(device).and_then(|others| {
                    let command = SessionCommand::SetCoAdmins(others);
                    self.session.command(command, time, rng)
                })
            }
        };
        if let Err(error) = done {
            self.tell(CallEvent::GroupRefused(error.into()));
        }
        self.settle(Surroundings { time, rng });
    }

    /// Returns the co-admins of the era and a member.
    fn co_admins_with(&self, device: DemuxId) -> Result<Vec<CoAdmin>, CommandError> {
        let mut all = self.co_admins()?;
        let member = self.claims(device)?;
        if all.iter().all(|one| one.member_key != member.member_key) {
            all.push(CoAdmin {
                user: member.user,
                member_key: member.member_key,
            });
        }
        Ok(all)
    }

    /// Returns the co-admins of the era but a member.
    fn co_admins_without(&self, device: DemuxId) -> Result<Vec<CoAdmin>, CommandError> {
        let mut others = self.co_admins()?;
        let key = self.claims(device)?.member_key;
        let number = others.len();
        others.retain(|one| one.member_key != key);
        match others.len() < number {
            true => Ok(others),
            false => Err(CommandError::NoCoAdmin),
        }
    }

    fn co_admins(&self) -> Result<Vec<CoAdmin>, CommandError> {
        let context = self.session.context().ok_or(CommandError::NotInGroup)?;
        let authority = context.authority();
        Ok(authority.map_or_else(Vec::new, |authority| authority.co_admins.to_vec()))
    }

    /// Returns the claims of the member with a device.
    fn claims(&self, device: DemuxId) -> Result<MemberLeaf, CommandError> {
        let members = self.session.members();
        let mut members = members.into_iter().map(|member| member.claims);
        let member = members.find(|claims| claims.demux_id == device);
        member.ok_or(CommandError::UnknownMember)
    }
}
