//! The commands of a session on their way to its task.
//!
//! Commands that relay something may have to wait, and others never do: each kind has a queue of its own. They are
//! taken in the order in which they were given, but that others overtake relays that wait.

use std::{
    collections::VecDeque,
    fmt, future,
    sync::atomic::{AtomicU64, Ordering},
};

use anteroom_client_core::call::command::{Command, CommandOrigin};
use tokio::sync::mpsc;

use super::session_media::MediaOpening;
use crate::{CallEvent, RoomsError};

/// The maximum number of commands that are taken in while an event waits. The largest call has fewer devices, to
/// each of which a client may want to say its name.
const MAX_EARLY: usize = 4096;

/// A command of a session to its task.
pub(crate) enum SessionCommand {
    /// For the room service.
    Call(CommandOrigin, Command),
    /// An event of the session itself, after those of earlier commands.
    Event(CallEvent),
    /// Drops the connection and restores it.
    Reconnect,
    /// Starts the media.
    #[cfg_attr(
        not(feature = "media"),
        expect(dead_code, reason = "there is no opening")
    )]
    Media(MediaOpening),
}

/// A command with its position among all.
type QueuedCommand = (u64, SessionCommand);

/// The end of the session.
pub(crate) struct CommandSender {
    next: AtomicU64,
    relays: mpsc::Sender<QueuedCommand>,
    others: mpsc::Sender<QueuedCommand>,
}

/// The end of the task.
pub(crate) struct CommandQueue {
    relays: Lane,
    others: Lane,
}

/// The commands of one kind.
struct Lane {
    receiver: mpsc::Receiver<QueuedCommand>,
    /// Those that were taken from the receiver.
    early: VecDeque<QueuedCommand>,
}

/// Creates the queues, each with a capacity.
pub(crate) fn command_queue(capacity: usize) -> (CommandSender, CommandQueue) {
    let (relays, relay_receiver) = mpsc::channel(capacity);
    let (others, other_receiver) = mpsc::channel(capacity);
    let sender = CommandSender {
        next: AtomicU64::new(0),
        relays,
        others,
    };
    let queue = CommandQueue {
        relays: Lane::new(relay_receiver),
        others: Lane::new(other_receiver),
    };
    (sender, queue)
}

impl fmt::Debug for CommandSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandSender").finish_non_exhaustive()
    }
}

impl CommandSender {
    /// Gives a command, once there is a place for it.
    ///
    /// # Errors
    /// [`RoomsError::Over`].
    pub(crate) async fn send(&self, command: SessionCommand) -> Result<(), RoomsError> {
        let lane = match command.is_relay() {
            true => &self.relays,
            false => &self.others,
        };
        let place = lane.reserve().await.map_err(|_| RoomsError::Over)?;
        place.send((self.next.fetch_add(1, Ordering::Relaxed), command));
        Ok(())
    }
}

impl CommandQueue {
    /// Returns the next command: one that relays something only if `takes_relays`. Dropping the future loses none.
    pub(crate) async fn next(&mut self, takes_relays: bool) -> Option<SessionCommand> {
        loop {
            // A command that was given before a relay is there when the relay is.
            let relay = self.relays.first().filter(|_| takes_relays);
            let lane = match (relay, self.others.first()) {
                (Some(relay), Some(other)) if relay < other => &mut self.relays,
                (Some(_), None) => &mut self.relays,
                (_, Some(_)) => &mut self.others,
                (None, None) => {
                    let (relays, others) = (&mut self.relays, &mut self.others);
                    tokio::select! {
                        Some(relay) = relays.receiver.recv(), if takes_relays => {
                            relays.early.push_back(relay);
                        }
                        Some(other) = others.receiver.recv() => others.early.push_back(other),
                        else => return None,
                    }
                    continue;
                }
            };
            return lane.early.pop_front().map(|(_, command)| command);
        }
    }

    /// Takes commands in for which there would be no place else, without an end.
    pub(crate) async fn take_in(&mut self) {
        let (relays, others) = (&mut self.relays, &mut self.others);
        while relays.early.len() + others.early.len() < MAX_EARLY {
            tokio::select! {
                Some(relay) = relays.receiver.recv() => relays.early.push_back(relay),
                Some(other) = others.receiver.recv() => others.early.push_back(other),
                else => break,
            }
        }
        future::pending::<()>().await;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.relays.is_empty() && self.others.is_empty()
    }

    /// Takes no more commands: those that are there can still be read.
    pub(crate) fn close(&mut self) {
        self.relays.receiver.close();
        self.others.receiver.close();
    }
}

impl SessionCommand {
    const fn is_relay(&self) -> bool {
        matches!(self, Self::Call(_, command) if command.is_relay())
    }
}

impl Lane {
    const fn new(receiver: mpsc::Receiver<QueuedCommand>) -> Self {
        Self {
            receiver,
            early: VecDeque::new(),
        }
    }

    /// Returns the number of the first command that is there.
    fn first(&mut self) -> Option<u64> {
        if self.early.is_empty() {
            self.early.extend(self.receiver.try_recv().ok());
        }
        self.early.front().map(|(number, _)| *number)
    }

    fn is_empty(&self) -> bool {
        self.early.is_empty() && self.receiver.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use anteroom_client_core::{DemuxId, call::command::DeviceKey};

    use super::*;
    use crate::EraId;

    const ORIGIN: CommandOrigin = CommandOrigin {
        era: EraId::from_bytes([9; 16]),
        knows_loss: false,
        device_key: DeviceKey::Unread,
    };

    fn say(number: u32) -> SessionCommand {
        SessionCommand::Call(ORIGIN, Command::Say(number.to_string()))
    }

    fn remove(number: u32) -> SessionCommand {
        let device = DemuxId::new(number * 16).unwrap();
        SessionCommand::Call(ORIGIN, Command::Remove(device))
    }

    fn number(command: &SessionCommand) -> u32 {
        match command {
            SessionCommand::Call(_, Command::Say(text)) => text.parse().unwrap(),
            SessionCommand::Call(_, Command::Remove(device)) => device.number() / 16,
            _ => panic!("another command"),
        }
    }

    #[tokio::test]
    async fn commands_come_in_their_order_and_only_relays_wait() {
        let (give, mut queue) = command_queue(8);
        for command in [say(1), remove(2), say(3), remove(4), remove(5), say(6)] {
            give.send(command).await.unwrap();
        }
        let mut taken = Vec::new();
        for takes_relays in [true, false, false, true, true, true] {
            let command = queue.next(takes_relays).await.unwrap();
            taken.push(number(&command));
        }
        assert_eq!(taken, [1, 2, 4, 3, 5, 6]);
        assert!(queue.is_empty());
        give.send(say(7)).await.unwrap();
        queue.close();
        assert!(queue.next(false).await.is_none());
        assert_eq!(number(&queue.next(true).await.unwrap()), 7);
        assert!(queue.next(true).await.is_none());
        assert!(give.send(say(8)).await.is_err());
    }

    #[tokio::test]
    async fn others_find_a_place_however_many_relays_wait() {
        let (give, mut queue) = command_queue(2);
        for number in 1..=2 {
            give.send(say(number)).await.unwrap();
        }
        for number in 3..=9 {
            give.send(remove(number)).await.unwrap();
            assert_eq!(number_of(queue.next(false).await), Some(number));
        }
        assert_eq!(number_of(queue.next(true).await), Some(1));
    }

    fn number_of(command: Option<SessionCommand>) -> Option<u32> {
        command.map(|command| number(&command))
    }
}
