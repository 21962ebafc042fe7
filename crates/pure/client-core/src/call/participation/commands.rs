//! The commands of a device, as effects.

use anteroom_e2ee::MemberPublicKey;
use anteroom_e2ee_session::{BarScope, CoAdminVerdict, CommandError, SessionTime};
use anteroom_wire::rooms::socket::{ClientMessage, Recipients};
use rand_core::CryptoRng;

use super::{Participation, moderation::ServicePart};
use crate::{
    Chat, DemuxId, RoomsError, TransportFailure,
    call::{
        command::{AdmissionStatement, Command, CommandOrigin, DeviceKey, Recipient},
        encryption::{Effect, Encryption, SaidText, SayOutcome, Surroundings},
        event::{CallEvent, StatementOmission},
        group::{GroupCommand, GroupError},
    },
    wire,
};

impl Participation {
    /// Carries out a command that a person has given, unless the call has begun anew since then, or another device
    /// has the number that it is about.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub fn perform_of(
        &mut self,
        origin: CommandOrigin,
        command: Command,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let same_era = self.era() == Some(origin.era) || !command.is_of_era(origin.knows_loss);
        let is_same = |device| {
            let read = origin.device_key;
            read.allows(self.key(device)) && self.is_co_admin_as_read(&command, read)
        };
        if same_era && command.device().is_none_or(is_same) {
            return self.perform(command, time, rng);
        }
        self.collect();
        let error = GroupError::CallChanged;
        match command {
            Command::Say(text) => self.tell(CallEvent::NotSaid { text, error }),
            // The name is told to the devices of the new call.
            Command::Introduce { .. } => {}
            _ => self.tell(CallEvent::GroupRefused(error)),
        }
        Ok(())
    }

    /// Carries out a command: [`Self::poll_effect`] returns its messages.
    ///
    /// # Errors
    /// A message under the key of the link is too long, or the device has no seat.
    pub fn perform(
        &mut self,
        command: Command,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        self.collect();
        self.relays.pass(time.moment);
        if command.is_request() {
            self.answers.request();
        }
        let message = match command {
            Command::Send { to, message } => return self.send(to, &message, rng),
            Command::Say(text) => return self.say(text, time, rng),
            Command::Introduce { to, name } => return self.introduce(to, name, time, rng),
            Command::Group(command) => {
                if self.moderate_alone(command) {
                    return Ok(());
                }
                let error = match self.encryption {
                    Some(_) => GroupError::Unsupported,
                    None => GroupError::NoGroup,
                };
                let service_parts = self.service_parts(command).into_iter();
                let surroundings = Surroundings { time, rng };
                let encryption = self.active_encryption();
                let done = encryption.map(|one| one.command(command, surroundings));
                if done.is_none() {
                    self.tell(CallEvent::GroupRefused(error));
                }
                let done = done.unwrap_or(Err(CommandError::NotInGroup.into()));
                self.collect();
                let due = service_parts.filter(|part| part.is_due(done));
                let messages = due.map(ServicePart::into_message);
                self.effects.extend(messages.map(Effect::Send));
                return Ok(());
            }
            Command::RaiseHand(raised) => ClientMessage::RaiseHand { raised },
            Command::LowerHand(_) | Command::SetApproval(_) => {
                self.moderate(&command);
                return Ok(());
            }
            Command::Approve { device, statement } => {
                self.approve(device, statement, Surroundings { time, rng });
                return Ok(());
            }
            Command::Deny(device) => {
                if self.decide(device, CoAdminVerdict::Deny, Surroundings { time, rng }) {
                    return Ok(());
                }
                ClientMessage::Deny {
                    demux_id: device.number(),
                }
            }
            Command::Remove(device) => {
                if self.bar(device, BarScope::Device, Surroundings { time, rng }) {
                    return Ok(());
                }
                if self.decide(device, CoAdminVerdict::Remove, Surroundings { time, rng }) {
                    return Ok(());
                }
                ClientMessage::Remove {
                    demux_id: device.number(),
                }
            }
            Command::Block(device) => {
                if self.bar(device, BarScope::User, Surroundings { time, rng }) {
                    return Ok(());
                }
                if self.decide(device, CoAdminVerdict::Block, Surroundings { time, rng }) {
                    return Ok(());
                }
                ClientMessage::Block {
                    demux_id: device.number(),
                }
            }
            Command::Media(command) => {
                self.command_media(command);
                return Ok(());
            }
            // Its answer could stand for both.
            Command::Ping if self.answers.awaits_pong() => return Ok(()),
            Command::Ping => {
                self.answers.ask(time.moment);
                ClientMessage::Ping
            }
            Command::Leave => ClientMessage::Leave,
        };
        self.effects.push_back(Effect::Send(message));
        Ok(())
    }

    /// Admits a device. A statement is left out for a room service without the feature `statements`, which would
    /// end the connection, and with it the decision.
    fn approve(
        &mut self,
        device: DemuxId,
        statement: Option<AdmissionStatement>,
        surroundings: Surroundings<'_>,
    ) {
        let time = surroundings.time;
        if self.decide(device, CoAdminVerdict::Admit, surroundings) {
            return;
        }
        let encryption = self.encryption.as_mut();
        let signed = match statement {
            Some(AdmissionStatement::Given(given)) => Ok(Some(given)),
            Some(AdmissionStatement::Signed(former)) => {
                let signing = encryption.filter(|encryption| encryption.signs_as_admin());
                let signed = signing.map(|encryption| encryption.approval(device, time));
                signed.unwrap_or_else(|| former.map(Some))
            }
            None => {
                let signing = encryption.filter(|encryption| encryption.signs_as_co_admin());
                signing.map_or(Ok(None), |encryption| encryption.approval(device, time))
            }
        };
        let (statement, omission) = match signed {
            Ok(Some(_)) if !self.has_statements() => (None, Some(StatementOmission::Unsupported)),
            Ok(statement) => (statement, None),
            Err(omission) => (None, Some(omission)),
        };
        let demux_id = device.number();
        let message = ClientMessage::Approve {
            demux_id,
            statement,
        };
        self.effects.push_back(Effect::Send(message));
        if let Some(reason) = omission {
            self.tell(CallEvent::StatementLeftOut { device, reason });
        }
    }

    /// Sends the decision of a co-admin without the passkey to the device of an admin. Returns whether this person
    /// is one.
    fn decide(
        &mut self,
        device: DemuxId,
        verdict: CoAdminVerdict,
        surroundings: Surroundings<'_>,
    ) -> bool {
        let encryption = self.active_encryption();
        let encryption = encryption.filter(|encryption| encryption.decides_through_admins());
        let Some(encryption) = encryption else {
            return false;
        };
        encryption.decide(device, verdict, surroundings);
        self.collect();
        true
    }

    /// Returns whether a command that takes the right of a co-admin is about the one of which the person has read, who may
    /// have left.
    fn is_co_admin_as_read(&self, command: &Command, read: DeviceKey) -> bool {
        match (command, &self.encryption) {
            (Command::Group(GroupCommand::RemoveCoAdmin(device)), Some(encryption)) => {
                encryption.is_former_co_admin(*device, read)
            }
            _ => true,
        }
    }

    /// Returns the member key of a device as it is now.
    fn key(&self, device: DemuxId) -> Option<MemberPublicKey> {
        if let Some(encryption) = &self.encryption {
            return encryption.key(device);
        }
        let roster = &self.resume_state.as_ref()?.roster;
        let mut devices = roster.active.iter().chain(&roster.pending);
        devices.find(|one| one.demux == device)?.member_key()
    }

    pub(super) fn active_encryption(&mut self) -> Option<&mut Encryption> {
        let encryption = self.encryption.as_mut();
        encryption.filter(|encryption| encryption.is_on())
    }

    /// Whether nothing may be said under the key of the link: the members decide who hears the call, also where
    /// the room service says that it has no groups.
    pub(super) fn is_link_key_barred(&self) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.map_or(self.names_admin, Encryption::has_admin)
    }

    fn send(
        &mut self,
        to: Recipient,
        message: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        if self.is_link_key_barred() {
            self.tell(CallEvent::GroupRefused(GroupError::LinkKey));
            return Ok(());
        }
        self.seal(to, message, rng)
    }

    /// Says a text to the members. Clients without end-to-end encryption hear it too, unless the link names an
    /// admin key.
    fn say(
        &mut self,
        text: String,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let has_outsiders = !self.outsiders().is_empty();
        let encryption = self.encryption.as_mut();
        if let Some(encryption) = encryption.filter(|encryption| encryption.is_on()) {
            let surroundings = Surroundings {
                time,
                rng: &mut *rng,
            };
            let outcome = encryption.say(&text, has_outsiders, surroundings);
            self.collect();
            if outcome == SayOutcome::GivenUp {
                return Ok(());
            }
            if has_outsiders {
                self.seal_to_outsiders(&Chat::Text { text: text.clone() }, rng)?;
                self.end_copies(text);
            }
            return Ok(());
        }
        if self.is_link_key_barred() {
            let error = match self.encryption {
                Some(_) => GroupError::Unsupported,
                None => GroupError::NoGroup,
            };
            self.tell(CallEvent::NotSaid { text, error });
            return Ok(());
        }
        let state = self.resume_state.as_ref().ok_or(RoomsError::Over)?;
        let own = state.demux;
        let mut others = state.roster.active.iter().filter(|one| one.demux != own);
        let error = match others.clone().next() {
            None => Some(GroupError::Alone),
            Some(_) if others.all(|one| one.is_lost) => Some(GroupError::NoListener),
            Some(_) => None,
        };
        if let Some(error) = error {
            self.tell(CallEvent::NotSaid { text, error });
            return Ok(());
        }
        self.seal_chat(Recipient::All, &Chat::Text { text: text.clone() }, rng)?;
        self.effects.push_back(Effect::Said(outside(text)));
        Ok(())
    }

    /// Tells the name. The leaf of a member has it, so that members are told of another name alone.
    fn introduce(
        &mut self,
        to: Recipient,
        name: String,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let is_barred = self.is_link_key_barred();
        let Some(encryption) = self.active_encryption() else {
            if is_barred {
                return Ok(());
            }
            return self.seal_chat(to, &Chat::Hello { name }, rng);
        };
        if to == Recipient::All {
            let surroundings = Surroundings {
                time,
                rng: &mut *rng,
            };
            encryption.set_name(&name, surroundings);
            self.collect();
            return self.seal_to_outsiders(&Chat::Hello { name }, rng);
        }
        let outsiders = self.outsiders();
        match to {
            Recipient::One(device) if outsiders.contains(&device) => {
                self.seal_chat(to, &Chat::Hello { name }, rng)
            }
            _ => Ok(()),
        }
    }

    /// Puts a device out of the group. Returns whether it was refused since that would hit this device too: the room
    /// service is not asked to send it away then.
    fn bar(&mut self, device: DemuxId, scope: BarScope, surroundings: Surroundings<'_>) -> bool {
        let encryption = self.active_encryption();
        let done = encryption.map(|one| one.bar(device, scope, surroundings));
        self.collect();
        done == Some(Err(CommandError::OwnDevice))
    }

    fn seal_chat(
        &mut self,
        to: Recipient,
        chat: &Chat,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let message = chat.to_bytes();
        let message = message.map_err(|_| TransportFailure::Malformed("it is no JSON"))?;
        self.seal(to, &message, rng)
    }

    /// Seals a message under the key of the link.
    fn seal(
        &mut self,
        to: Recipient,
        message: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), RoomsError> {
        let relay = self.sealed(to, message, rng)?;
        self.effects.push_back(Effect::Send(relay));
        Ok(())
    }

    pub(super) fn sealed(
        &mut self,
        to: Recipient,
        message: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ClientMessage, RoomsError> {
        let resume_state = self.resume_state.as_mut().ok_or(RoomsError::Over)?;
        let body = resume_state.sealer.seal(message, rng)?;
        let to = match to {
            Recipient::All => Recipients::ALL,
            Recipient::One(device) => Recipients::One(device.number()),
        };
        let body = wire::encode(&body);
        Ok(ClientMessage::Relay { to, body })
    }

    pub(super) fn tell(&mut self, event: CallEvent) {
        self.effects.push_back(Effect::Event(event));
    }
}

/// Returns a text under the key of the link alone, for which nobody asks again.
const fn outside(text: String) -> SaidText {
    SaidText {
        text,
        number: None,
        is_said_outside: true,
    }
}
