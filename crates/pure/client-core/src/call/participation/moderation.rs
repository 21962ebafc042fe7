//! The decisions of admins about the whole call, at a room service that takes them.

use anteroom_e2ee_session::CommandError;
use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_wire::rooms::socket::{ClientMessage, JoinedMessage};

use super::Participation;
use crate::{
    Approval,
    call::{
        command::Command,
        encryption::{Effect, Encryption, listed},
        event::{CallEvent, CallModeration, SeatInfo},
        group::{GroupCommand, GroupError},
    },
};

/// The feature of room services that take such decisions.
const MODERATION: &str = "moderation";

impl Participation {
    /// Returns the state of the call by the answer to a join, of a room service that tells it, and whether the device has
    /// joined with the passkey.
    pub(super) fn read_moderation(body: &JoinedMessage<'_>) -> (Option<CallModeration>, bool) {
        let has_feature = body.features.iter().any(|feature| feature == MODERATION);
        let mut devices = body.participants.iter();
        let is_co_admin = devices.any(|one| one.demux_id == body.demux_id && one.coadmin);
        let moderation = body.approval.filter(|_| has_feature);
        let moderation = moderation.map(|asks_approval| CallModeration {
            is_locked: body.locked,
            asks_approval,
            is_admin: body.is_admin,
        });
        (moderation, body.is_admin && !is_co_admin)
    }

    /// Tells how a new seat's call is moderated, where nothing else tells it. `known` is what the device knew of the
    /// same era.
    pub(super) fn enter_moderation(&mut self, info: &SeatInfo, known: Option<CallModeration>) {
        let Some(moderation) = self.moderation() else {
            return;
        };
        self.give_rights(moderation);
        let usual = CallModeration {
            is_locked: false,
            asks_approval: info.link.approval == Approval::Required,
            is_admin: info.is_admin,
        };
        if known.unwrap_or(usual) != moderation {
            self.tell(CallEvent::Moderation(moderation));
        }
    }

    /// Takes the state of the call, and returns its event.
    pub(super) fn take_moderation(&mut self, moderation: CallModeration) -> CallEvent {
        if let Some(state) = &mut self.resume_state {
            state.moderation = Some(moderation);
        }
        self.give_rights(moderation);
        CallEvent::Moderation(moderation)
    }

    fn give_rights(&mut self, moderation: CallModeration) {
        if let Some(encryption) = &mut self.encryption {
            encryption.set_service_rights(moderation.is_admin);
        }
    }

    /// Sends a decision about the call, unless the room service does not know it.
    pub(super) fn moderate(&mut self, command: &Command) {
        let message = match command {
            Command::LowerHand(device) => ClientMessage::LowerHand {
                demux_id: device.number(),
            },
            Command::SetApproval(on) => ClientMessage::Approval { on: *on },
            _ => return,
        };
        match self.moderation() {
            Some(_) => self.effects.push_back(Effect::Send(message)),
            None => self.tell(CallEvent::ModerationUnsupported),
        }
    }

    /// Sends what the room service alone carries out of a command about the group. Returns whether there is no other
    /// part: where the link names no admin key, the members let in whom the room service lets in.
    pub(super) fn moderate_alone(&mut self, command: GroupCommand) -> bool {
        let is_alone = !self.is_link_key_barred();
        // The end of a lock never depends on the group, in which nobody else may be.
        if !is_alone && !matches!(command, GroupCommand::Lock(false)) {
            return false;
        }
        let parts = self.service_parts(command);
        let is_sent = !parts.is_empty();
        let messages = parts.into_iter().map(ServicePart::into_message);
        self.effects.extend(messages.map(Effect::Send));
        is_sent && is_alone
    }

    /// Returns the parts of a command about the group that go to a room service which takes the decisions of this
    /// device: the lock, and the users of a co-admin.
    pub(super) fn service_parts(&self, command: GroupCommand) -> Vec<ServicePart> {
        let takes_decisions = self.moderation().is_some_and(|known| known.is_admin);
        let (device, on) = match command {
            _ if !takes_decisions => return Vec::new(),
            GroupCommand::Lock(locked) => return vec![ServicePart::Lock(locked)],
            GroupCommand::AddCoAdmin(device) => (device, true),
            GroupCommand::RemoveCoAdmin(device) => (device, false),
            GroupCommand::ShowWords | GroupCommand::WordsMatch(_) => return Vec::new(),
        };
        if self.options.passkey.is_none() {
            return Vec::new();
        }
        let encryption = self.encryption.as_ref();
        let users = match encryption.filter(|one| Encryption::is_on(one)) {
            Some(encryption) if on => encryption.users_of(device).into_iter().take(1).collect(),
            Some(encryption) => encryption.users_without(device),
            None => Vec::from_iter(self.listed_user(device)),
        };
        let part = |user| ServicePart::CoAdmin { user, on };
        users.into_iter().map(part).collect()
    }

    /// Returns the user of a device in the call, by the roster.
    fn listed_user(&self, device: DemuxId) -> Option<OpaqueUserId> {
        let roster = &self.resume_state.as_ref()?.roster;
        listed(roster, device)?.user.clone()
    }

    fn moderation(&self) -> Option<CallModeration> {
        self.resume_state.as_ref()?.moderation
    }
}

/// The part of a command about the group that the room service carries out.
pub(super) enum ServicePart {
    Lock(bool),
    CoAdmin { user: OpaqueUserId, on: bool },
}

impl ServicePart {
    /// Returns whether it is to be sent after the group's part: not where that failed for now, so that one command has
    /// one outcome. Who can never lock the group, for lack of the admin secret, locks at the room service alone. The
    /// end of a lock was sent before. That of a right follows in any case: the group may know of no right that the room
    /// service still gives.
    pub(super) fn is_due(&self, done: Result<(), GroupError>) -> bool {
        match self {
            Self::Lock(true) => matches!(
                done,
                Ok(()) | Err(GroupError::Command(CommandError::NotAdmin))
            ),
            Self::Lock(false) => false,
            Self::CoAdmin { on, .. } => !on || done.is_ok(),
        }
    }

    pub(super) fn into_message(self) -> ClientMessage {
        match self {
            Self::Lock(locked) => ClientMessage::Lock { locked },
            Self::CoAdmin { user, on } => ClientMessage::Coadmin {
                opaque_user_id: user.as_str().to_owned(),
                on,
            },
        }
    }
}
