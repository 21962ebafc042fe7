//! The handle of a device's participation in a call.

mod media;

use std::{collections::VecDeque, fmt, sync::Arc};

use anteroom_client_core::call::{
    command::{AdmissionStatement, Command},
    group::GroupCommand,
    known_call::KnownCall,
};
use rand_core::CryptoRng;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use super::{
    command_queue::{CommandSender, command_queue},
    driver::Driver,
    session_command::SessionCommand,
};
use crate::{
    ApprovalStatement, CallEvent, CallStatements, Chat, DemuxId, GroupEpoch, JoinOptions,
    MAX_MESSAGE, MessageTooLong, OperatingSystem, Recipient, RoomsClient, RoomsError,
    StatementOmission, StatementStore, System, TransportFailure,
};

/// The capacity of the queues between a session and its task: commands one way, events the other.
const QUEUE: usize = 256;

/// The handle of a device's seat in a call or its lobby.
///
/// A task of its own keeps the connection open, restores a lost one for up to a minute, and seals and opens
/// messages. Dropping the handle leaves the call. Commands return [`RoomsError::Over`] when the call is over. Texts and
/// messages wait at the pace of the room service, for 15 s at most where none of them goes out; decisions overtake those,
/// but for decisions that let somebody in. A command counts in the call alone of which
/// the caller has read last: in another era [`GroupError::CallChanged`](crate::GroupError::CallChanged) refuses it, since
/// numbers of devices mean others there, and others hear. It refuses a decision too about a device that has another
/// member key by now than the one that the caller has read. Who has read that the connection is lost says to those who
/// are there when it is back.
#[derive(Debug)]
pub struct CallSession {
    commands: CommandSender,
    events: mpsc::Receiver<CallEvent>,
    /// Events that were taken in before the caller reads them.
    unread: VecDeque<CallEvent>,
    /// The call as the caller has read of it.
    known: KnownCall,
    stop: watch::Sender<bool>,
    statements: Option<StatementRecord>,
}

/// The statements of the call, with what keeps them.
struct StatementRecord {
    call: CallStatements,
    store: Arc<dyn StatementStore>,
    system: Arc<dyn System>,
}

impl fmt::Debug for StatementRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

impl RoomsClient {
    /// Joins a call over the socket. The first event is [`CallEvent::Joined`].
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The room service cannot be reached, or refuses the join: [`RoomsError::Refused`] with a code such as
    /// `full`.
    pub async fn join(
        &self,
        options: JoinOptions,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<CallSession, RoomsError> {
        let system = Arc::new(OperatingSystem);
        self.join_at(options, false, rng, system).await
    }

    /// Joins a call at the time of a system. `names_admin` says whether the link names an admin key.
    pub(crate) async fn join_at(
        &self,
        options: JoinOptions,
        names_admin: bool,
        rng: Box<dyn CryptoRng + Send>,
        system: Arc<dyn System>,
    ) -> Result<CallSession, RoomsError> {
        let (commands, command_queue) = command_queue(QUEUE);
        let (event_queue, events) = mpsc::channel(QUEUE);
        let (stop, stopping) = watch::channel(false);
        let mut driver = Driver::new(
            self.clone(),
            options,
            (rng, system),
            command_queue,
            event_queue,
        );
        if names_admin {
            driver.name_admin();
        }
        let socket = driver.join().await?;
        let era = driver.era().ok_or(RoomsError::Over)?;
        tokio::spawn(driver.run(socket, stopping));
        Ok(CallSession {
            commands,
            events,
            unread: VecDeque::new(),
            known: KnownCall::new(era),
            stop,
            statements: None,
        })
    }
}

impl CallSession {
    /// Keeps the policies and the approvals that the events bring in a store, and signs the approvals that this
    /// device gives, at the time of the system.
    #[must_use]
    pub fn with_statements(
        mut self,
        call: CallStatements,
        store: Arc<dyn StatementStore>,
        system: Arc<dyn System>,
    ) -> Self {
        self.statements = Some(StatementRecord {
            call,
            store,
            system,
        });
        self
    }

    /// Returns the statements of the call as far as its events were read, or taken in by [`Self::approve`]; `None`
    /// without [`Self::with_statements`].
    #[must_use]
    pub fn statements(&self) -> Option<&CallStatements> {
        self.statements.as_ref().map(|statements| &statements.call)
    }

    /// Returns the next event; `None` after [`CallEvent::Ended`]. Dropping the future loses no event.
    ///
    /// The queue of events is bounded: a caller that does not read it for long loses the connection.
    pub async fn next(&mut self) -> Option<CallEvent> {
        let event = match self.unread.pop_front() {
            Some(event) => event,
            None => {
                let event = self.events.recv().await?;
                self.observe(&event);
                event
            }
        };
        self.known.read(&event);
        Some(event)
    }

    fn observe(&mut self, event: &CallEvent) {
        if let Some(statements) = &mut self.statements
            && statements.call.observe(event, statements.system.now())
        {
            statements.call.keep(&*statements.store);
        }
    }

    /// Takes in the events that have come, which [`Self::next`] returns later. The first one is that of the seat.
    fn take_in_events(&mut self) {
        while self.unread.len() < QUEUE
            && let Ok(event) = self.events.try_recv()
        {
            self.observe(&event);
            self.unread.push_back(event);
        }
    }

    /// Sends a message to devices in the call, sealed under the key of the link: whoever has the link can read
    /// it with the room service's help. A device that takes part in the end-to-end encryption
    /// ([`JoinOptions::member`]) sends none where the link names an admin key: [`CallEvent::GroupRefused`].
    ///
    /// # Errors
    /// [`RoomsError::MessageTooLong`] for a message longer than [`MAX_MESSAGE`].
    pub async fn send(&self, to: Recipient, message: &[u8]) -> Result<(), RoomsError> {
        if message.len() > MAX_MESSAGE {
            return Err(MessageTooLong.into());
        }
        let message = Zeroizing::new(message.to_vec());
        self.command(Command::Send { to, message }).await
    }

    /// Says a text to every device in the call. A device that takes part in the end-to-end encryption says it
    /// to the members of the group, as soon as they have let it in and one of them is there to hear it, and to
    /// clients without the encryption only where the link names no admin key. [`CallEvent::NotSaid`] tells of a text
    /// that nobody was told, at the latest before [`CallEvent::Ended`].
    ///
    /// # Errors
    /// [`RoomsError::MessageTooLong`].
    pub async fn say(&self, text: impl Into<String>) -> Result<(), RoomsError> {
        let text = text.into();
        let chat = Chat::Text { text: text.clone() };
        check_length(&chat)?;
        self.command(Command::Say(text)).await
    }

    /// Tells a name of this device to every device in the call. Devices that join later and take no part in
    /// the end-to-end encryption do not receive it: tell it again when the roster has changed.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn introduce(&self, name: impl Into<String>) -> Result<(), RoomsError> {
        self.introduce_to(Recipient::All, name).await
    }

    /// Tells a name of this device to some devices.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn introduce_to(
        &self,
        to: Recipient,
        name: impl Into<String>,
    ) -> Result<(), RoomsError> {
        let name = name.into();
        check_length(&Chat::Hello { name: name.clone() })?;
        self.command(Command::Introduce { to, name }).await
    }

    /// Locks the call, so that its members let nobody new in, or unlocks it. For admins with the admin secret,
    /// and for co-admins. [`CallEvent::GroupRefused`] tells why it was not done. The room service lets nobody new in
    /// either, if it takes decisions of this device.
    pub async fn lock(&self, on: bool) -> Result<(), RoomsError> {
        self.group(GroupCommand::Lock(on)).await
    }

    /// Makes a member a co-admin for the rest of the call, also at a room service that knows co-admins. For admins with
    /// the admin secret.
    pub async fn add_co_admin(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.group(GroupCommand::AddCoAdmin(device)).await
    }

    /// Takes back that a member is a co-admin: what it has signed in this call counts no more, and whom it has
    /// let in gets an approval of this admin. For admins with the admin secret.
    pub async fn remove_co_admin(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.group(GroupCommand::RemoveCoAdmin(device)).await
    }

    /// Computes the verification words of the group: [`CallEvent::Words`] brings them.
    pub async fn show_words(&self) -> Result<(), RoomsError> {
        self.group(GroupCommand::ShowWords).await
    }

    /// Marks the members that [`CallEvent::Words`] has listed last as compared, with the words of this epoch.
    /// [`GroupEvent::WordsCompared`](crate::GroupEvent::WordsCompared) tells that it was done.
    pub async fn confirm_words(&self, epoch: GroupEpoch) -> Result<(), RoomsError> {
        self.group(GroupCommand::WordsMatch(epoch)).await
    }

    /// Raises or lowers this device's hand.
    pub async fn raise_hand(&self, raised: bool) -> Result<(), RoomsError> {
        self.command(Command::RaiseHand(raised)).await
    }

    /// Lowers the hand of another device. For admins and co-admins; [`CallEvent::ModerationUnsupported`] tells of a
    /// room service that does not know it.
    pub async fn lower_hand(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::LowerHand(device)).await
    }

    /// Lets those wait in the lobby who come from now on, or lets those in who wait, for the rest of the call. As
    /// [`Self::lower_hand`]. The policy of the room, by which members decide, stays as it is.
    pub async fn set_approval(&self, on: bool) -> Result<(), RoomsError> {
        self.command(Command::SetApproval(on)).await
    }

    /// Admits a waiting device and the other waiting devices of its user. An admin whose rights sign for the
    /// link ([`Self::with_statements`]) signs the approval of a device that has named a member key, else
    /// [`CallEvent::StatementLeftOut`](crate::CallEvent::StatementLeftOut) tells why not. In a call with groups it is
    /// signed when the decision is carried out, so that no removal that comes before makes it void. Nothing is signed in
    /// another era than that of the seat that was read last: there the number can be somebody else's.
    pub async fn approve(&mut self, device: DemuxId) -> Result<(), RoomsError> {
        self.take_in_events();
        let statement = self.statement_about(device);
        self.command(Command::Approve { device, statement }).await
    }

    /// Returns the statement about a device as it is now, if this client signs for the link.
    fn statement_about(&self, device: DemuxId) -> Option<AdmissionStatement> {
        let statements = self.statements.as_ref()?;
        let (call, now) = (&statements.call, statements.system.now());
        let signed = match call.approval(device, now) {
            Some(_) if Some(self.known.era()) != call.era() => Err(StatementOmission::Changed),
            Some(statement) => Ok(statement),
            None => Err(call.omission(device, now)?),
        };
        Some(AdmissionStatement::Signed(signed))
    }

    /// Admits a waiting device and the other waiting devices of its user. The room service delivers the
    /// statement to the device that is named here alone, unread. One that is in the call already receives the
    /// statement, and nothing else happens.
    /// For a room service without the feature `statements` the statement is left out
    /// ([`CallEvent::StatementLeftOut`](crate::CallEvent::StatementLeftOut)).
    pub async fn approve_with(
        &self,
        device: DemuxId,
        statement: ApprovalStatement,
    ) -> Result<(), RoomsError> {
        let statement = Some(AdmissionStatement::Given(statement));
        self.command(Command::Approve { device, statement }).await
    }

    /// Denies a waiting device.
    pub async fn deny(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Deny(device)).await
    }

    /// Removes a device from the call.
    pub async fn remove(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Remove(device)).await
    }

    /// Removes a device's user and blocks it for the rest of the era.
    pub async fn block(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Block(device)).await
    }

    /// Drops the connection and restores it, as after a network failure: the next event is
    /// [`CallEvent::Lost`]. For callers that learn from elsewhere that the network has changed.
    pub async fn reconnect(&self) -> Result<(), RoomsError> {
        self.queue(SessionCommand::Reconnect).await
    }

    /// Starts to leave the call after all earlier commands were sent: the last events follow, and
    /// [`CallEvent::Ended`]. It takes some seconds where texts wait to be said, the room service does not answer, or
    /// it has to take a policy that this device has signed. [`CallEvent::Unanswered`] and [`CallEvent::NotSaid`]
    /// tell what it has perhaps not read.
    pub fn start_leaving(&self) {
        self.stop.send_replace(true);
    }

    /// Leaves the call as [`Self::start_leaving`] does, and waits for its end without showing the last events.
    pub async fn leave(mut self) {
        self.start_leaving();
        while self.next().await.is_some() {}
    }

    async fn group(&self, command: GroupCommand) -> Result<(), RoomsError> {
        self.command(Command::Group(command)).await
    }

    async fn command(&self, command: Command) -> Result<(), RoomsError> {
        let origin = self.known.origin(&command);
        self.queue(SessionCommand::Call(origin, command)).await
    }

    async fn queue(&self, command: SessionCommand) -> Result<(), RoomsError> {
        self.commands.send(command).await
    }
}

fn check_length(chat: &Chat) -> Result<(), RoomsError> {
    let bytes = chat
        .to_bytes()
        .map_err(|_| TransportFailure::Malformed("the message is no JSON"))?;
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageTooLong.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
