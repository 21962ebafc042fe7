//! The commands for a call's media, and the queue in which they wait for the thread of the call.
//!
//! A queue holds few commands of each device, however long the thread takes: views and publications replace
//! each other, offers and orders have a bound, and a device that leaves takes its commands with it.

use std::collections::VecDeque;

use anteroom_protocol::{DemuxId, OpaqueUserId, media::ViewRequest};
use anteroom_sfu::{
    AnsweredOffer,
    input::{MuteOrder, MuteTarget},
    source::{PerSource, Source},
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A command for a call's media.
pub(crate) enum Command {
    Activate {
        device: DemuxId,
        user: OpaqueUserId,
    },
    Deactivate {
        device: DemuxId,
        done: Option<oneshot::Sender<()>>,
    },
    Offer {
        device: DemuxId,
        session: u64,
        offer: String,
    },
    Attach {
        device: DemuxId,
        session: u64,
        answered: Box<AnsweredOffer>,
    },
    View {
        device: DemuxId,
        view: ViewRequest,
    },
    Publish {
        device: DemuxId,
        sources: PerSource<bool>,
    },
    Mute {
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    },
}

/// The number of offers of a device that wait at once.
const OFFERS: usize = 4;

/// The number of orders of admins that wait at once.
const ORDERS: usize = 64;

impl Command {
    /// Returns the device that the command is of, and goes with.
    const fn device(&self) -> Option<DemuxId> {
        match self {
            Self::Activate { device, .. }
            | Self::Deactivate { device, .. }
            | Self::Offer { device, .. }
            | Self::Attach { device, .. }
            | Self::View { device, .. }
            | Self::Publish { device, .. } => Some(*device),
            Self::Mute { .. } => None,
        }
    }

    /// Takes the receipt out, which is dropped when the command has been carried out.
    pub(crate) const fn take_receipt(&mut self) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Deactivate { done, .. } => done.take(),
            _ => None,
        }
    }

    /// Returns whether a later command makes this one needless.
    fn is_replaced_by(&self, other: &Self) -> bool {
        if self.device() != other.device() {
            return false;
        }
        matches!(
            (self, other),
            (Self::View { .. }, Self::View { .. }) | (Self::Publish { .. }, Self::Publish { .. })
        )
    }
}

/// The commands that wait for the thread of a call.
#[derive(Default)]
pub(crate) struct CommandQueue(Mutex<QueueState>);

#[derive(Default)]
struct QueueState {
    commands: VecDeque<Command>,
    /// The call is to end.
    is_closed: bool,
    close: Vec<oneshot::Sender<()>>,
}

/// There are too many commands of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl CommandQueue {
    /// Adds a command.
    ///
    /// # Errors
    /// Too many of its kind wait.
    pub(crate) fn push(&self, command: Command) -> Result<(), TooMany> {
        let commands = &mut self.0.lock().commands;
        let limit = match &command {
            Command::Offer { .. } => OFFERS,
            Command::Mute { .. } => ORDERS,
            _ => usize::MAX,
        };
        let is_of_kind = |other: &&Command| {
            core::mem::discriminant(*other) == core::mem::discriminant(&command)
                && other.device() == command.device()
        };
        if commands.iter().filter(is_of_kind).count() >= limit {
            return Err(TooMany);
        }
        commands.retain(|other| !other.is_replaced_by(&command));
        if let Command::Deactivate { device, .. } = &command {
            let device = *device;
            commands.retain(|other| {
                other.device() != Some(device) || matches!(other, Command::Deactivate { .. })
            });
        }
        commands.push_back(command);
        Ok(())
    }

    /// Says that the call is to end. Nothing that waits matters any more.
    pub(crate) fn close(&self, done: Option<oneshot::Sender<()>>) {
        let waiting = &mut *self.0.lock();
        waiting.is_closed = true;
        waiting.commands.clear();
        waiting.close.extend(done);
    }

    /// Takes all commands into a buffer. `Some`: the call is to end, and those are to be told when it has.
    pub(crate) fn take(
        &self,
        commands: &mut VecDeque<Command>,
    ) -> Option<Vec<oneshot::Sender<()>>> {
        let waiting = &mut *self.0.lock();
        commands.append(&mut waiting.commands);
        waiting
            .is_closed
            .then(|| core::mem::take(&mut waiting.close))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> DemuxId {
        DemuxId::new(number * 16).unwrap()
    }

    fn view(device: u32) -> Command {
        Command::View {
            device: id(device),
            view: ViewRequest::default(),
        }
    }

    fn offer(device: u32) -> Command {
        Command::Offer {
            device: id(device),
            session: 1,
            offer: String::new(),
        }
    }

    fn leave(device: u32) -> Command {
        Command::Deactivate {
            device: id(device),
            done: Some(oneshot::channel().0),
        }
    }

    fn mute() -> Command {
        Command::Mute {
            by: id(1),
            target: MuteTarget::One(id(2)),
            source: Source::Audio,
            order: MuteOrder::Mute,
        }
    }

    fn waiting(queue: &CommandQueue) -> usize {
        let mut commands = VecDeque::new();
        queue.take(&mut commands);
        commands.len()
    }

    #[test]
    fn a_device_has_few_commands_at_once() {
        let queue = CommandQueue::default();
        let mut refused = 0;
        for _ in 0..100 {
            for command in [view(1), offer(1), view(2), offer(2), mute()] {
                refused += usize::from(queue.push(command).is_err());
            }
        }
        assert_eq!(refused, 2 * (100 - OFFERS) + 100 - ORDERS);
        assert_eq!(waiting(&queue), 2 + 2 * OFFERS + ORDERS);
    }

    #[test]
    fn a_device_that_leaves_takes_its_commands_with_it() {
        let queue = CommandQueue::default();
        for command in [view(1), offer(1), view(2), leave(1)] {
            queue.push(command).unwrap();
        }
        let mut commands = VecDeque::new();
        assert!(queue.take(&mut commands).is_none());
        let devices: Vec<Option<DemuxId>> = commands.iter().map(Command::device).collect();
        assert_eq!(devices, [Some(id(2)), Some(id(1))]);
        assert!(matches!(commands.back(), Some(Command::Deactivate { .. })));
    }

    #[test]
    fn a_call_that_ends_forgets_what_waits() {
        let queue = CommandQueue::default();
        queue.push(view(1)).unwrap();
        queue.close(Some(oneshot::channel().0));
        let mut commands = VecDeque::new();
        let done = queue.take(&mut commands);
        assert_eq!(done.map(|done| done.len()), Some(1));
        assert!(commands.is_empty());
    }
}
