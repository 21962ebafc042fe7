//! A device's stay in a call.

use std::fmt;

use anteroom_protocol::{AdminPasskey, RootKey};
use rand_core::CryptoRng;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use super::{
    CallEvent, Chat, DemuxId, MAX_MESSAGE, MessageTooLong,
    driver::{Command, Driver},
};
use crate::{Pass, RoomsClient, RoomsError};

/// What may wait for the room service, and for the one who listens.
const QUEUE: usize = 256;

/// With what a device joins.
#[derive(Clone)]
pub struct JoinOptions {
    /// The room.
    pub room: RootKey,
    /// Who comes, without a name.
    pub pass: Pass,
    /// Joins as an admin.
    pub passkey: Option<AdminPasskey>,
    /// The name that the device gives itself, sealed for the members of the room: admins read it
    /// while it waits in the lobby, and whoever is in the call once it is in.
    pub name: Option<String>,
}

impl fmt::Debug for JoinOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinOptions(..)")
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Everybody in the call.
    All,
    /// One device.
    One(DemuxId),
}

/// A device's place in a call, or in its lobby.
///
/// It lives in a task of its own that keeps the connection alive, restores a lost one for up to a
/// minute, and seals and opens messages. Dropping it leaves the call.
#[derive(Debug)]
pub struct CallSession {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<CallEvent>,
    stop: watch::Sender<bool>,
}

impl RoomsClient {
    /// Joins a call over the socket. The first event is [`CallEvent::Joined`].
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// No place was given: the room service cannot be reached, refuses, or says
    /// [`RoomsError::Refused`] with `full` and the like.
    pub async fn join(
        &self,
        options: JoinOptions,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<CallSession, RoomsError> {
        let (commands, command_queue) = mpsc::channel(QUEUE);
        let (event_queue, events) = mpsc::channel(QUEUE);
        let (stop, stopping) = watch::channel(false);
        let mut driver = Driver::new(self.clone(), options, rng, command_queue, event_queue);
        let socket = driver.join().await?;
        tokio::spawn(driver.run(socket, stopping));
        Ok(CallSession {
            commands,
            events,
            stop,
        })
    }
}

impl CallSession {
    /// The next event; `None` after [`CallEvent::Ended`]. Nothing is lost if the future is dropped.
    ///
    /// Who does not listen for long loses the connection: events wait, but not without end.
    pub async fn next(&mut self) -> Option<CallEvent> {
        self.events.recv().await
    }

    /// Says something to members of the call; the room service passes it on unread.
    ///
    /// # Errors
    /// The message is too long, or the call is over.
    pub async fn send(&self, to: Recipient, message: &[u8]) -> Result<(), RoomsError> {
        if message.len() > MAX_MESSAGE {
            return Err(MessageTooLong.into());
        }
        let message = Zeroizing::new(message.to_vec());
        self.command(Command::Send { to, message }).await
    }

    /// Says a text to everybody in the call ([`Chat::Text`]).
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn say(&self, text: impl Into<String>) -> Result<(), RoomsError> {
        let text = text.into();
        self.send_chat(&Chat::Text { text }).await
    }

    /// Tells everybody in the call a name for this device ([`Chat::Hello`]). Those who come later have
    /// not heard it: it is told again when the roster has changed.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn introduce(&self, name: impl Into<String>) -> Result<(), RoomsError> {
        let name = name.into();
        self.send_chat(&Chat::Hello { name }).await
    }

    /// Raises or lowers this device's hand.
    ///
    /// # Errors
    /// The call is over.
    pub async fn raise_hand(&self, raised: bool) -> Result<(), RoomsError> {
        self.command(Command::RaiseHand(raised)).await
    }

    /// Lets a waiting device, and its user's others, into the call.
    ///
    /// # Errors
    /// The call is over.
    pub async fn approve(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Approve(device)).await
    }

    /// Does not let a waiting device in.
    ///
    /// # Errors
    /// The call is over.
    pub async fn deny(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Deny(device)).await
    }

    /// Sends a device away.
    ///
    /// # Errors
    /// The call is over.
    pub async fn remove(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Remove(device)).await
    }

    /// Sends a device's user away for the rest of the era.
    ///
    /// # Errors
    /// The call is over.
    pub async fn block(&self, device: DemuxId) -> Result<(), RoomsError> {
        self.command(Command::Block(device)).await
    }

    /// Breaks the connection, as a network would: the next event is [`CallEvent::Lost`]. For those
    /// who learn from elsewhere that the network has changed.
    ///
    /// # Errors
    /// The call is over.
    pub async fn reconnect(&self) -> Result<(), RoomsError> {
        self.command(Command::Reconnect).await
    }

    /// Leaves, after what was said before has gone out.
    pub async fn leave(mut self) {
        self.stop.send_replace(true);
        while self.events.recv().await.is_some() {}
    }

    async fn send_chat(&self, chat: &Chat) -> Result<(), RoomsError> {
        let message = chat
            .to_bytes()
            .map_err(|_| RoomsError::Malformed("the message is no JSON"))?;
        self.send(Recipient::All, &message).await
    }

    async fn command(&self, command: Command) -> Result<(), RoomsError> {
        self.commands
            .send(command)
            .await
            .map_err(|_| RoomsError::Over)
    }
}
