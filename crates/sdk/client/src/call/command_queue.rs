//! The commands of a session on their way to its task.
//!
//! Commands that relay something may have to wait, and others never do, but for those that let somebody in: they keep
//! their place behind what is to be relayed, which those whom they let in are not to hear. Each kind has a queue of its
//! own, in the order in which the commands were given.

mod lane;

use std::{
    collections::VecDeque,
    fmt, future,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use self::lane::{Lane, QueuedCommand};
use super::session_command::{CommandKind, SessionCommand};
use crate::{CallEvent, GroupError, RoomsError};

/// The maximum number of commands that are taken in while an event waits. The largest call has fewer devices, to
/// each of which a client may want to say its name.
const MAX_EARLY: usize = 4096;
/// The maximum time for which a command waits that relays something, while nothing else goes out for which it waits.
const RELAY_WAIT: Duration = Duration::from_secs(15);

/// The end of the session.
pub(crate) struct CommandSender {
    next: AtomicU64,
    relays: mpsc::Sender<QueuedCommand>,
    admissions: mpsc::Sender<QueuedCommand>,
    others: mpsc::Sender<QueuedCommand>,
}

/// The end of the task.
pub(crate) struct CommandQueue {
    relays: Lane,
    admissions: Lane,
    others: Lane,
    /// The events about commands that are not done any more.
    refusals: VecDeque<CallEvent>,
    /// The moment at which the last relay was taken, or something else went out for which relays wait.
    passed_at: Instant,
    /// The progress of the participation at that moment.
    progress: u64,
    is_closed: bool,
}

/// Creates the queues, each with a capacity.
pub(crate) fn command_queue(capacity: usize) -> (CommandSender, CommandQueue) {
    let (relays, relay_receiver) = mpsc::channel(capacity);
    let (admissions, admission_receiver) = mpsc::channel(capacity);
    let (others, other_receiver) = mpsc::channel(capacity);
    let sender = CommandSender {
        next: AtomicU64::new(0),
        relays,
        admissions,
        others,
    };
    let queue = CommandQueue {
        relays: Lane::new(relay_receiver),
        admissions: Lane::new(admission_receiver),
        others: Lane::new(other_receiver),
        refusals: VecDeque::new(),
        passed_at: Instant::now(),
        progress: 0,
        is_closed: false,
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
        let lane = match command.kind() {
            CommandKind::Relay => &self.relays,
            CommandKind::Admission => &self.admissions,
            CommandKind::Other => &self.others,
        };
        let place = lane.reserve().await.map_err(|_| RoomsError::Over)?;
        place.send(QueuedCommand {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            given_at: Instant::now(),
            command,
        });
        Ok(())
    }
}

impl CommandQueue {
    /// Takes note that a connection begins, before which no relay could be taken, or that the task can go on that the
    /// user has kept from it.
    pub(crate) fn begin(&mut self) {
        self.passed_at = Instant::now();
    }

    /// Takes the [progress](anteroom_client_core::call::participation::Participation::progress) of the call: while
    /// something goes out for which relays wait, none of them is late.
    pub(crate) fn advance(&mut self, progress: u64) {
        if self.progress != progress {
            self.progress = progress;
            self.passed_at = Instant::now();
        }
    }

    /// Returns the next command: one that relays something only if `takes_relays`, and one that lets somebody in only if
    /// `takes_admissions`: relays that were given after it wait for it. A relay that has waited too long for its turn is
    /// told as not said instead. Dropping the future loses none.
    pub(crate) async fn next(
        &mut self,
        takes_relays: bool,
        takes_admissions: bool,
    ) -> Option<SessionCommand> {
        loop {
            if let Some(refusal) = self.refusals.pop_front() {
                return Some(SessionCommand::Event(refusal));
            }
            if let Some(kind) = self.due(takes_relays, takes_admissions) {
                return self.take(kind);
            }
            let admission = self.admissions.early.front();
            let admission = admission.filter(|_| !takes_admissions);
            let waiting = self.relays.early.front().filter(|relay| {
                let is_free = admission.is_none_or(|one| relay.number < one.number);
                is_free && !self.is_closed
            });
            let late_at = waiting.map(|relay| relay.given_at.max(self.passed_at) + RELAY_WAIT);
            let (relays, admissions) = (&mut self.relays, &mut self.admissions);
            let others = &mut self.others;
            tokio::select! {
                Some(relay) = relays.receiver.recv(), if relays.early.is_empty() => {
                    relays.early.push_back(relay);
                }
                Some(admission) = admissions.receiver.recv(), if admissions.early.is_empty() => {
                    admissions.early.push_back(admission);
                }
                Some(other) = others.receiver.recv() => others.early.push_back(other),
                () = sleep_until(late_at.unwrap_or(self.passed_at)), if late_at.is_some() => {
                    return relays.early.pop_front().map(|relay| relay.command.late());
                }
                else => return None,
            }
        }
    }

    /// Returns the kind of the next command.
    fn due(&mut self, takes_relays: bool, takes_admissions: bool) -> Option<CommandKind> {
        // A relay that was given before an admission is there when the admission is, and so are others when the relay is.
        let admission = self.admissions.first();
        let relay = self.relays.first();
        let other = self.others.first();
        let admission = admission.filter(|one| relay.is_none_or(|relay| *one < relay));
        let (relay, admission) = match admission {
            Some(_) if !takes_admissions => (None, None),
            admission => (relay.filter(|_| takes_relays), admission),
        };
        let kinds = [
            (relay, CommandKind::Relay),
            (admission, CommandKind::Admission),
            (other, CommandKind::Other),
        ];
        let due = kinds
            .into_iter()
            .filter_map(|(number, kind)| Some((number?, kind)));
        due.min_by_key(|(number, _)| *number).map(|(_, kind)| kind)
    }

    fn take(&mut self, kind: CommandKind) -> Option<SessionCommand> {
        match kind {
            CommandKind::Relay => {
                self.passed_at = Instant::now();
                Some(self.relays.early.pop_front()?.command)
            }
            CommandKind::Admission => {
                // The relays behind it could not be taken before.
                self.passed_at = Instant::now();
                Some(self.admissions.early.pop_front()?.command)
            }
            CommandKind::Other => {
                let other = self.others.early.pop_front()?;
                self.overrule(&other);
                Some(other.command)
            }
        }
    }

    /// Refuses the admissions that a command takes back which overtakes them.
    fn overrule(&mut self, later: &QueuedCommand) {
        let SessionCommand::Call(_, command) = &later.command else {
            return;
        };
        self.admissions.take_in(MAX_EARLY);
        let refusals = &mut self.refusals;
        self.admissions.early.retain(|one| {
            let is_overruled = one.number < later.number
                && matches!(&one.command, SessionCommand::Call(_, admission) if command.takes_back(admission));
            if is_overruled {
                refusals.push_back(CallEvent::GroupRefused(GroupError::Overruled));
            }
            !is_overruled
        });
    }

    /// Takes commands in for which there would be no place else, without an end.
    pub(crate) async fn take_in(&mut self) {
        let (relays, admissions) = (&mut self.relays, &mut self.admissions);
        let others = &mut self.others;
        while relays.early.len() + admissions.early.len() + others.early.len() < MAX_EARLY {
            tokio::select! {
                Some(relay) = relays.receiver.recv() => relays.early.push_back(relay),
                Some(admission) = admissions.receiver.recv() => {
                    admissions.early.push_back(admission);
                }
                Some(other) = others.receiver.recv() => others.early.push_back(other),
                else => break,
            }
        }
        future::pending::<()>().await;
    }

    pub(crate) fn is_empty(&self) -> bool {
        let lanes = [&self.relays, &self.admissions, &self.others];
        self.refusals.is_empty() && lanes.into_iter().all(Lane::is_empty)
    }

    /// Takes no more commands: those that are there can still be read.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        for lane in [&mut self.relays, &mut self.admissions, &mut self.others] {
            lane.receiver.close();
        }
    }
}

#[cfg(test)]
mod tests;
